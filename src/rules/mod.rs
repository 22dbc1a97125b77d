//! The coded rules: plain functions over facts and the graph, registered in one slice.
//!
//! A check reads, judges and reports. It does no IO, keeps no state, and cannot fail.

pub mod base_image;
pub mod copy_form;
pub mod declarative;
pub mod dev_server;
pub mod dockerignore;
pub mod download;
pub mod frozen_install;
pub mod healthcheck;
pub mod healthcheck_tool;
pub mod invalid_instruction;
pub mod migration_on_start;
pub mod multi_stage_build;
pub mod non_root_user;
pub mod one_shot;
pub mod package_install;
pub mod package_pins;
pub mod package_waste;
pub mod pinned_image;
pub mod port_mismatch;
pub mod reach;
pub mod run_habits;
pub mod secret_file_copied;
pub mod secret_in_build_arg;
pub mod server_limits;
pub mod ssh_server;
pub mod start;
pub mod start_form;
pub mod structure;
pub mod syntax_error;
pub mod undefined_variable;
pub mod verification;

use crate::finding::Sink;
use crate::graph::Graph;
use crate::model::compose::{Project, Service};
use crate::model::container::Container;
use crate::model::dockerfile::Dockerfile;
use crate::model::facts::{Facts, FileFacts};
use crate::model::image::ImageUse;
use crate::model::kubernetes::{Object, Workload};
use crate::model::workflow::Workflow;
use crate::source::SourceFile;

/// What every check may look at.
#[derive(Clone, Copy, Debug)]
pub struct Ctx<'a> {
    pub facts: &'a Facts<'a>,
    pub graph: &'a Graph<'a>,
}

/// Whose container it is.
#[derive(Clone, Copy, Debug)]
pub enum Owner<'a> {
    Compose(&'a Project, &'a Service),
    Kubernetes(&'a Object, &'a Workload),
}

/// A check of one rule over one sort of fact. A rule may have several.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The rule's name: its page is `rules/<name>.md`.
    pub rule: &'static str,
    pub run: Run,
}

/// What a check is called with.
#[derive(Clone, Copy, Debug)]
pub enum Run {
    /// Once for each file that has a text.
    File(fn(&Ctx, &SourceFile, &FileFacts, &mut Sink)),
    Dockerfile(fn(&Ctx, &Dockerfile, &mut Sink)),
    /// Once for each image that is named anywhere.
    Image(fn(&Ctx, &ImageUse, &mut Sink)),
    /// Once for each container of a compose service or a pod.
    Container(fn(&Ctx, Owner, &Container, &mut Sink)),
    Project(fn(&Ctx, &Project, &mut Sink)),
    Service(fn(&Ctx, &Project, &Service, &mut Sink)),
    Object(fn(&Ctx, &Object, &mut Sink)),
    Workload(fn(&Ctx, &Object, &Workload, &mut Sink)),
    /// Workflows and actions.
    Workflow(fn(&Ctx, &Workflow, &mut Sink)),
    /// Once for the repository.
    Repository(fn(&Ctx, &mut Sink)),
}

/// Every coded check, sorted by rule. A rule that is not here is declarative: its page has a `[match]` table.
pub const CHECKS: &[Check] = &[
    Check { rule: "absolute-workdir", run: Run::Dockerfile(structure::absolute_workdir) },
    Check { rule: "apk-cache", run: Run::Dockerfile(package_waste::apk_cache) },
    Check { rule: "apt-lists", run: Run::Dockerfile(package_waste::apt_lists) },
    Check { rule: "apt-recommends", run: Run::Dockerfile(package_waste::apt_recommends) },
    Check { rule: "cd-not-workdir", run: Run::Dockerfile(run_habits::cd_not_workdir) },
    Check { rule: "copy-destination", run: Run::Dockerfile(copy_form::destination) },
    Check { rule: "copy-not-add", run: Run::Dockerfile(copy_form::copy_not_add) },
    Check { rule: "curl-pipe-shell", run: Run::Dockerfile(download::curl_pipe_shell) },
    Check { rule: "dependency-layer-order", run: Run::Dockerfile(package_install::layer_order) },
    Check { rule: "dev-server", run: Run::Container(dev_server::container) },
    Check { rule: "dev-server", run: Run::Dockerfile(dev_server::dockerfile) },
    Check { rule: "digest-pinned-image", run: Run::Image(pinned_image::digest) },
    Check { rule: "dist-upgrade", run: Run::Dockerfile(package_install::dist_upgrade) },
    Check { rule: "dnf-cache", run: Run::Dockerfile(package_waste::dnf_cache) },
    Check { rule: "dockerignore", run: Run::Dockerfile(dockerignore::check) },
    Check { rule: "duplicate-stage", run: Run::Dockerfile(structure::duplicate_stage) },
    Check { rule: "eol-image", run: Run::Image(base_image::eol) },
    Check { rule: "exec-form-command", run: Run::Dockerfile(start_form::exec_form) },
    Check { rule: "frozen-install", run: Run::Dockerfile(frozen_install::check) },
    Check { rule: "graceful-timeout", run: Run::Service(server_limits::grace_of_service) },
    Check { rule: "graceful-timeout", run: Run::Workload(server_limits::grace_of_workload) },
    Check { rule: "healthcheck", run: Run::Dockerfile(healthcheck::dockerfile) },
    Check { rule: "healthcheck", run: Run::Service(healthcheck::service) },
    Check { rule: "healthcheck-tool", run: Run::Dockerfile(healthcheck_tool::dockerfile) },
    Check { rule: "healthcheck-tool", run: Run::Service(healthcheck_tool::service) },
    Check { rule: "image-labels", run: Run::Dockerfile(base_image::labels) },
    Check { rule: "invalid-instruction", run: Run::Dockerfile(invalid_instruction::check) },
    Check { rule: "invalid-port", run: Run::Dockerfile(structure::invalid_port) },
    Check { rule: "json-command", run: Run::Dockerfile(start_form::json_command) },
    Check { rule: "legacy-env-format", run: Run::Dockerfile(structure::legacy_env) },
    Check { rule: "maintainer", run: Run::Dockerfile(structure::maintainer) },
    Check { rule: "migration-on-start", run: Run::Container(migration_on_start::container) },
    Check { rule: "migration-on-start", run: Run::Dockerfile(migration_on_start::dockerfile) },
    Check { rule: "missing-assume-yes", run: Run::Dockerfile(package_install::assume_yes) },
    Check { rule: "multi-stage-build", run: Run::Dockerfile(multi_stage_build::check) },
    Check { rule: "multiple-command", run: Run::Dockerfile(start_form::multiple_command) },
    Check { rule: "multiple-healthcheck", run: Run::Dockerfile(start_form::multiple_healthcheck) },
    Check { rule: "no-sudo", run: Run::Dockerfile(run_habits::no_sudo) },
    Check { rule: "non-root-user", run: Run::Container(non_root_user::container) },
    Check { rule: "non-root-user", run: Run::Dockerfile(non_root_user::dockerfile) },
    Check { rule: "non-root-user", run: Run::Workload(non_root_user::workload) },
    Check { rule: "npm-cache", run: Run::Dockerfile(package_waste::npm_cache) },
    Check { rule: "package-update-alone", run: Run::Dockerfile(package_install::update_alone) },
    Check { rule: "pinned-image", run: Run::Image(pinned_image::check) },
    Check { rule: "pinned-os-package", run: Run::Dockerfile(package_pins::system) },
    Check { rule: "pinned-package", run: Run::Dockerfile(package_pins::language) },
    Check { rule: "pip-cache", run: Run::Dockerfile(package_waste::pip_cache) },
    Check { rule: "pipefail", run: Run::Dockerfile(download::pipefail) },
    Check { rule: "platform-in-from", run: Run::Dockerfile(structure::platform) },
    Check { rule: "port-mismatch", run: Run::Container(port_mismatch::container) },
    Check { rule: "port-mismatch", run: Run::Dockerfile(port_mismatch::dockerfile) },
    Check { rule: "python-on-alpine", run: Run::Dockerfile(base_image::python_on_alpine) },
    Check { rule: "remote-add-checksum", run: Run::Dockerfile(copy_form::remote_add) },
    Check { rule: "secret-file-copied", run: Run::Dockerfile(secret_file_copied::check) },
    Check { rule: "secret-in-build-arg", run: Run::Dockerfile(secret_in_build_arg::dockerfile) },
    Check { rule: "secret-in-build-arg", run: Run::Service(secret_in_build_arg::service) },
    Check { rule: "server-limits", run: Run::Container(server_limits::container) },
    Check { rule: "server-limits", run: Run::Dockerfile(server_limits::dockerfile) },
    Check { rule: "slim-image", run: Run::Dockerfile(base_image::slim) },
    Check { rule: "ssh-server", run: Run::Container(ssh_server::container) },
    Check { rule: "ssh-server", run: Run::Dockerfile(ssh_server::dockerfile) },
    Check { rule: "syntax-error", run: Run::File(syntax_error::check) },
    Check { rule: "undefined-variable", run: Run::Dockerfile(undefined_variable::check) },
    Check { rule: "unknown-stage", run: Run::Dockerfile(structure::unknown_stage) },
    Check { rule: "verification-disabled", run: Run::Dockerfile(verification::check) },
    Check { rule: "world-writable", run: Run::Dockerfile(run_habits::world_writable) },
    Check { rule: "yarn-cache", run: Run::Dockerfile(package_waste::yarn_cache) },
    Check { rule: "zypper-cache", run: Run::Dockerfile(package_waste::zypper_cache) },
];
