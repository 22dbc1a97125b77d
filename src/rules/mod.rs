//! The coded rules: plain functions over facts and the graph, registered in one slice.
//!
//! A check reads, judges and reports. It does no IO, keeps no state, and cannot fail.

mod ci_pipeline;
mod commands;
mod dangerous_trigger;
mod dangling;
pub mod declarative;
mod default_credentials;
mod env_example;
mod env_files;
mod found_in_text;
mod generic_credential;
mod literal;
mod secret_in_command;
mod secret_in_env;
pub mod healthcheck;
mod kube;
mod kube_secrets;
pub mod non_root_user;
pub mod one_shot;
pub mod pinned_image;
mod deploy_needs_tests;
mod pinned_action;
mod template_injection;
mod untrusted;
mod workflow_permissions;
mod probes;
mod replicas;
mod requests;

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
    Check { rule: "autoscaler-conflict", run: Run::Workload(replicas::conflict) },
    Check { rule: "autoscaler-min", run: Run::Object(replicas::minimum) },
    Check { rule: "autoscaler-requests", run: Run::Object(replicas::requests) },
    Check { rule: "autoscaler-target", run: Run::Object(replicas::target) },
    Check { rule: "committed-secret", run: Run::Object(kube_secrets::committed) },
    Check { rule: "connection-string", run: Run::File(found_in_text::connection) },
    Check { rule: "cpu-request", run: Run::Container(requests::cpu) },
    Check { rule: "dangling-ingress", run: Run::Object(dangling::ingress) },
    Check { rule: "dangling-network-policy", run: Run::Object(dangling::network_policy) },
    Check { rule: "dangling-reference", run: Run::Workload(dangling::reference) },
    Check { rule: "dangling-service", run: Run::Object(dangling::service) },
    Check { rule: "default-credentials", run: Run::Container(default_credentials::container) },
    Check { rule: "default-credentials", run: Run::Dockerfile(default_credentials::dockerfile) },
    Check { rule: "default-credentials", run: Run::File(default_credentials::compose) },
    Check { rule: "digest-pinned-image", run: Run::Image(pinned_image::digest) },
    Check { rule: "distinct-probes", run: Run::Container(probes::distinct) },
    Check { rule: "env-example", run: Run::Repository(env_example::missing) },
    Check { rule: "env-file-committed", run: Run::File(env_files::committed) },
    Check { rule: "env-file-ignored", run: Run::Repository(env_files::ignored) },
    Check { rule: "generic-credential", run: Run::File(generic_credential::check) },
    Check { rule: "healthcheck", run: Run::Service(healthcheck::service) },
    Check { rule: "healthcheck", run: Run::Dockerfile(healthcheck::dockerfile) },
    Check { rule: "invalid-resources", run: Run::Container(requests::invalid) },
    Check { rule: "live-example-value", run: Run::File(env_files::live) },
    Check { rule: "liveness-probe", run: Run::Container(probes::liveness) },
    Check { rule: "memory-request", run: Run::Container(requests::memory) },
    Check { rule: "non-root-user", run: Run::Workload(non_root_user::workload) },
    Check { rule: "non-root-user", run: Run::Dockerfile(non_root_user::dockerfile) },
    Check { rule: "non-root-user", run: Run::Container(non_root_user::container) },
    Check { rule: "pinned-image", run: Run::Image(pinned_image::check) },
    Check { rule: "ci-pipeline", run: Run::Repository(ci_pipeline::check) },
    Check { rule: "dangerous-trigger", run: Run::Workflow(dangerous_trigger::check) },
    Check { rule: "deploy-needs-tests", run: Run::Workflow(deploy_needs_tests::check) },
    Check { rule: "pinned-action", run: Run::Workflow(pinned_action::check) },
    Check { rule: "template-injection", run: Run::Workflow(template_injection::check) },
    Check { rule: "workflow-permissions", run: Run::Workflow(workflow_permissions::check) },
    Check { rule: "pre-stop", run: Run::Container(probes::pre_stop) },
    Check { rule: "private-key", run: Run::File(found_in_text::key) },
    Check { rule: "probe-host", run: Run::Container(probes::host) },
    Check { rule: "probe-port", run: Run::Container(probes::port) },
    Check { rule: "provider-token", run: Run::File(found_in_text::token) },
    Check { rule: "readiness-probe", run: Run::Container(probes::readiness) },
    Check { rule: "required-variable", run: Run::File(env_example::unguarded) },
    Check { rule: "rollout-strategy", run: Run::Workload(replicas::strategy) },
    Check { rule: "secret-in-command", run: Run::Container(secret_in_command::container) },
    Check { rule: "secret-in-command", run: Run::Dockerfile(secret_in_command::dockerfile) },
    Check { rule: "secret-in-command", run: Run::File(secret_in_command::script) },
    Check { rule: "secret-in-command", run: Run::Workflow(secret_in_command::workflow) },
    Check { rule: "secret-in-configmap", run: Run::Object(kube_secrets::in_config_map) },
    Check { rule: "secret-in-env", run: Run::Container(secret_in_env::container) },
    Check { rule: "secret-in-env", run: Run::Dockerfile(secret_in_env::dockerfile) },
    Check { rule: "secret-in-env", run: Run::Service(secret_in_env::labels) },
    Check { rule: "secret-in-env", run: Run::File(secret_in_command::script_variables) },
    Check { rule: "secret-in-env", run: Run::Workflow(secret_in_env::workflow) },
    Check { rule: "secret-in-env", run: Run::Workflow(secret_in_command::variables) },
    Check { rule: "single-replica", run: Run::Workload(replicas::single) },
    Check { rule: "startup-probe", run: Run::Container(probes::startup) },
    Check { rule: "topology-spread", run: Run::Repository(replicas::spread) },
    Check { rule: "undocumented-variable", run: Run::Project(env_example::undocumented) },
];
