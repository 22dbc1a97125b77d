//! How a Dockerfile is written: copies, downloads, packages, structure, variables, start forms.

pub(crate) mod copy_form;
pub(crate) mod copy_ignored_file;
pub(crate) mod dockerignore;
pub(crate) mod download;
pub(crate) mod frozen_install;
pub(crate) mod instructions;
pub(crate) mod invalid_instruction;
pub(crate) mod package_install;
pub(crate) mod package_pins;
pub(crate) mod package_waste;
pub(crate) mod run_habits;
pub(crate) mod ssh_server;
pub(crate) mod start_form;
mod step_edits;
pub(crate) mod undefined_variable;
pub(crate) mod verification;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check::new(
        "absolute-workdir",
        CheckFn::Dockerfile(instructions::absolute_workdir),
    ),
    Check::new("apk-cache", CheckFn::Dockerfile(package_waste::apk_cache)),
    Check::new("apt-lists", CheckFn::Dockerfile(package_waste::apt_lists)),
    Check::new(
        "apt-recommends",
        CheckFn::Dockerfile(package_waste::apt_recommends),
    ),
    Check::new(
        "cd-not-workdir",
        CheckFn::Dockerfile(run_habits::cd_not_workdir),
    ),
    Check::new(
        "copy-destination",
        CheckFn::Dockerfile(copy_form::destination),
    ),
    Check::new(
        "copy-ignored-file",
        CheckFn::Dockerfile(copy_ignored_file::check),
    ),
    Check::new("copy-not-add", CheckFn::Dockerfile(copy_form::copy_not_add)),
    Check::new(
        "curl-pipe-shell",
        CheckFn::Dockerfile(download::curl_pipe_shell),
    ),
    Check::new(
        "dependency-layer-order",
        CheckFn::Dockerfile(package_install::layer_order),
    ),
    Check::new(
        "dist-upgrade",
        CheckFn::Dockerfile(package_install::dist_upgrade),
    ),
    Check::new("dnf-cache", CheckFn::Dockerfile(package_waste::dnf_cache)),
    Check::new("dockerignore", CheckFn::Dockerfile(dockerignore::check)),
    Check::new(
        "duplicate-stage",
        CheckFn::Dockerfile(instructions::duplicate_stage),
    ),
    Check::new(
        "exec-form-command",
        CheckFn::Dockerfile(start_form::exec_form),
    ),
    Check::new("frozen-install", CheckFn::Dockerfile(frozen_install::check)),
    Check::new(
        "invalid-instruction",
        CheckFn::Dockerfile(invalid_instruction::check),
    ),
    Check::new(
        "invalid-port",
        CheckFn::Dockerfile(instructions::invalid_port),
    ),
    Check::new(
        "json-command",
        CheckFn::Dockerfile(start_form::json_command),
    ),
    Check::new(
        "legacy-env-format",
        CheckFn::Dockerfile(instructions::legacy_env),
    ),
    Check::new("maintainer", CheckFn::Dockerfile(instructions::maintainer)),
    Check::new(
        "missing-assume-yes",
        CheckFn::Dockerfile(package_install::assume_yes),
    ),
    Check::new(
        "multiple-command",
        CheckFn::Dockerfile(start_form::multiple_command),
    ),
    Check::new(
        "multiple-healthcheck",
        CheckFn::Dockerfile(start_form::multiple_healthcheck),
    ),
    Check::new("no-sudo", CheckFn::Dockerfile(run_habits::no_sudo)),
    Check::new("npm-cache", CheckFn::Dockerfile(package_waste::npm_cache)),
    Check::new(
        "package-update-alone",
        CheckFn::Dockerfile(package_install::update_alone),
    ),
    Check::new(
        "pinned-os-package",
        CheckFn::Dockerfile(package_pins::system),
    ),
    Check::new(
        "pinned-package",
        CheckFn::Dockerfile(package_pins::language),
    ),
    Check::new("pip-cache", CheckFn::Dockerfile(package_waste::pip_cache)),
    Check::new("pipefail", CheckFn::Dockerfile(download::pipefail)),
    Check::new(
        "platform-in-from",
        CheckFn::Dockerfile(instructions::platform),
    ),
    Check::new(
        "remote-add-checksum",
        CheckFn::Dockerfile(copy_form::remote_add),
    ),
    Check::new("ssh-server", CheckFn::Container(ssh_server::container)),
    Check::new("ssh-server", CheckFn::Dockerfile(ssh_server::dockerfile)),
    Check::new(
        "syntax-error",
        CheckFn::Dockerfile(invalid_instruction::unreadable),
    ),
    Check::new(
        "undefined-variable",
        CheckFn::Dockerfile(undefined_variable::check),
    ),
    Check::new(
        "unknown-stage",
        CheckFn::Dockerfile(instructions::unknown_stage),
    ),
    Check::new(
        "verification-disabled",
        CheckFn::Dockerfile(verification::check),
    ),
    Check::new(
        "world-writable",
        CheckFn::Dockerfile(run_habits::world_writable),
    ),
    Check::new("yarn-cache", CheckFn::Dockerfile(package_waste::yarn_cache)),
    Check::new(
        "zypper-cache",
        CheckFn::Dockerfile(package_waste::zypper_cache),
    ),
];
