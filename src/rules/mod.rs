//! The coded rules: plain functions over facts and the graph, registered in one slice.
//!
//! A check reads, judges and reports. It does no IO, keeps no state, and cannot fail.

mod cache_poisoning;
mod ci_pipeline;
mod dangerous_trigger;
mod dangling;
mod datastore;
pub mod declarative;
mod deploy_needs_tests;
mod deploys;
mod expressions;
mod gates;
pub mod healthcheck;
mod isolation;
mod kube;
mod kube_secrets;
mod limits;
mod needs;
pub mod non_root_user;
pub mod one_shot;
mod pinned_action;
pub mod pinned_image;
mod probes;
mod replicas;
mod requests;
mod restart_policy;
mod runner_label;
mod stages;
mod startup;
mod template_injection;
mod undefined_reference;
mod untrusted;
mod workflow_commands;
mod workflow_permissions;
mod workflow_schema;
mod workflow_secrets;
mod workflow_versions;

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
    Check { rule: "build-stage", run: Run::Repository(stages::build) },
    Check { rule: "cache-poisoning", run: Run::Workflow(cache_poisoning::check) },
    Check { rule: "ci-pipeline", run: Run::Repository(ci_pipeline::check) },
    Check { rule: "committed-secret", run: Run::Object(kube_secrets::committed) },
    Check { rule: "cpu-limit", run: Run::Container(limits::cpu_limit) },
    Check { rule: "cpu-request", run: Run::Container(requests::cpu) },
    Check { rule: "cyclic-needs", run: Run::Workflow(needs::cyclic) },
    Check { rule: "dangerous-capability", run: Run::Container(isolation::dangerous_capability) },
    Check { rule: "dangerous-trigger", run: Run::Workflow(dangerous_trigger::check) },
    Check { rule: "dangling-ingress", run: Run::Object(dangling::ingress) },
    Check { rule: "dangling-network-policy", run: Run::Object(dangling::network_policy) },
    Check { rule: "dangling-reference", run: Run::Workload(dangling::reference) },
    Check { rule: "dangling-service", run: Run::Object(dangling::service) },
    Check { rule: "dependency-without-healthcheck", run: Run::Service(startup::dependency_without_healthcheck) },
    Check { rule: "depends-on-health", run: Run::Service(startup::depends_on_health) },
    Check { rule: "deploy-concurrency", run: Run::Workflow(deploys::concurrency) },
    Check { rule: "deploy-environment", run: Run::Workflow(deploys::environment) },
    Check { rule: "deploy-guard", run: Run::Workflow(deploys::guard) },
    Check { rule: "deploy-needs-tests", run: Run::Workflow(deploy_needs_tests::check) },
    Check { rule: "deploy-stage", run: Run::Repository(stages::deploy) },
    Check { rule: "deprecated-command", run: Run::Workflow(workflow_commands::deprecated) },
    Check { rule: "digest-pinned-image", run: Run::Image(pinned_image::digest) },
    Check { rule: "distinct-probes", run: Run::Container(probes::distinct) },
    Check { rule: "docker-socket", run: Run::Container(isolation::docker_socket) },
    Check { rule: "ephemeral-datastore", run: Run::Container(datastore::ephemeral) },
    Check { rule: "eval-stage", run: Run::Repository(stages::eval) },
    Check { rule: "github-env-injection", run: Run::Workflow(workflow_commands::env_injection) },
    Check { rule: "healthcheck", run: Run::Dockerfile(healthcheck::dockerfile) },
    Check { rule: "healthcheck", run: Run::Service(healthcheck::service) },
    Check { rule: "host-namespace", run: Run::Container(isolation::host_namespace) },
    Check { rule: "ignored-failure", run: Run::Workflow(gates::ignored_failure) },
    Check { rule: "invalid-expression", run: Run::Workflow(expressions::invalid_expression) },
    Check { rule: "invalid-resources", run: Run::Container(requests::invalid) },
    Check { rule: "invalid-workflow", run: Run::Workflow(workflow_schema::invalid) },
    Check { rule: "job-timeout", run: Run::Workflow(gates::timeout) },
    Check { rule: "lint-stage", run: Run::Repository(stages::lint) },
    Check { rule: "liveness-probe", run: Run::Container(probes::liveness) },
    Check { rule: "long-lived-cloud-key", run: Run::Workflow(workflow_secrets::cloud_key) },
    Check { rule: "memory-limit", run: Run::Container(limits::memory_limit) },
    Check { rule: "memory-request", run: Run::Container(requests::memory) },
    Check { rule: "mutable-image-push", run: Run::Workflow(deploys::mutable_image) },
    Check { rule: "non-root-user", run: Run::Container(non_root_user::container) },
    Check { rule: "non-root-user", run: Run::Dockerfile(non_root_user::dockerfile) },
    Check { rule: "non-root-user", run: Run::Workload(non_root_user::workload) },
    Check { rule: "outdated-action-runtime", run: Run::Workflow(workflow_versions::outdated) },
    Check { rule: "overprovisioned-secrets", run: Run::Workflow(workflow_secrets::overprovisioned) },
    Check { rule: "persist-credentials", run: Run::Workflow(workflow_secrets::persist_credentials) },
    Check { rule: "pinned-action", run: Run::Workflow(pinned_action::check) },
    Check { rule: "pinned-image", run: Run::Image(pinned_image::check) },
    Check { rule: "pinned-tool", run: Run::Workflow(workflow_versions::tool) },
    Check { rule: "pre-stop", run: Run::Container(probes::pre_stop) },
    Check { rule: "probe-host", run: Run::Container(probes::host) },
    Check { rule: "probe-port", run: Run::Container(probes::port) },
    Check { rule: "published-datastore", run: Run::Service(datastore::published) },
    Check { rule: "readiness-probe", run: Run::Container(probes::readiness) },
    Check { rule: "restart-policy", run: Run::Service(restart_policy::compose) },
    Check { rule: "restart-policy", run: Run::Workload(restart_policy::kubernetes) },
    Check { rule: "rollout-strategy", run: Run::Workload(replicas::strategy) },
    Check { rule: "runner-label", run: Run::Workflow(runner_label::check) },
    Check { rule: "sbom-stage", run: Run::Repository(stages::sbom) },
    Check { rule: "scan-stage", run: Run::Repository(stages::scan) },
    Check { rule: "secret-in-configmap", run: Run::Object(kube_secrets::in_config_map) },
    Check { rule: "secret-printed", run: Run::Workflow(workflow_secrets::printed) },
    Check { rule: "secrets-inherit", run: Run::Workflow(workflow_secrets::inherit) },
    Check { rule: "self-hosted-runner", run: Run::Workflow(workflow_secrets::self_hosted) },
    Check { rule: "sensitive-host-mount", run: Run::Container(isolation::sensitive_host_mount) },
    Check { rule: "single-replica", run: Run::Workload(replicas::single) },
    Check { rule: "spoofable-actor", run: Run::Workflow(workflow_secrets::spoofable_actor) },
    Check { rule: "startup-probe", run: Run::Container(probes::startup) },
    Check { rule: "template-injection", run: Run::Workflow(template_injection::check) },
    Check { rule: "test-stage", run: Run::Repository(stages::test) },
    Check { rule: "topology-spread", run: Run::Repository(replicas::spread) },
    Check { rule: "undefined-context", run: Run::Workflow(expressions::undefined_context) },
    Check { rule: "undefined-needs", run: Run::Workflow(needs::undefined) },
    Check { rule: "undefined-reference", run: Run::Service(undefined_reference::check) },
    Check { rule: "unknown-workflow-key", run: Run::Workflow(workflow_schema::unknown_key) },
    Check { rule: "unreachable-trigger", run: Run::Workflow(gates::unreachable) },
    Check { rule: "unsecure-commands", run: Run::Workflow(workflow_commands::unsecure) },
    Check { rule: "workflow-permissions", run: Run::Workflow(workflow_permissions::check) },
];

/// Whether GitHub runs the file: an action, or a workflow that stands directly in `.github/workflows`. Copies elsewhere
/// are templates, or were put aside.
fn is_live(ctx: &Ctx, workflow: &Workflow) -> bool {
    workflow.action || ctx.facts.source(workflow.file).folder().ends_with(".github/workflows")
}
