//! The coded rules: plain functions over facts and the graph, registered in one slice.
//!
//! A check reads, judges and reports. It does no IO, keeps no state, and cannot fail.

mod accounts;
mod backup;
mod ci_pipeline;
mod compose_build;
mod compose_config;
mod compose_files;
mod compose_form;
mod compose_ports;
mod compose_schema;
mod compose_wiring;
mod dangerous_trigger;
mod dangling;
mod datastore;
pub mod declarative;
mod deploy_needs_tests;
mod disruption;
mod endpoint;
mod exposure;
mod expressions;
mod health_endpoint;
pub mod healthcheck;
mod image_drift;
mod isolation;
mod kube;
mod kube_secrets;
mod kube_wiring;
mod limits;
mod mounted;
mod needs;
pub mod non_root_user;
mod objects;
pub mod one_shot;
mod pinned_action;
pub mod pinned_image;
mod pod_security;
mod probes;
mod prometheus;
mod proxy_upstream;
mod replicas;
mod requests;
mod restart_policy;
mod runner_label;
mod startup;
mod template_injection;
mod undefined_reference;
mod untrusted;
mod workflow_permissions;
mod workflow_schema;

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
    Check { rule: "backup", run: Run::Repository(backup::check) },
    Check { rule: "bind-all-interfaces", run: Run::Service(compose_ports::bind_all_interfaces) },
    Check { rule: "blocking-disruption-budget", run: Run::Object(disruption::blocking) },
    Check { rule: "browser-internal-host", run: Run::Service(compose_wiring::browser_internal_host) },
    Check { rule: "browser-internal-host", run: Run::Container(kube_wiring::browser_internal_host) },
    Check { rule: "browser-internal-host", run: Run::Dockerfile(kube_wiring::browser_image) },
    Check { rule: "build-and-image", run: Run::Service(compose_form::build_and_image) },
    Check { rule: "ci-pipeline", run: Run::Repository(ci_pipeline::check) },
    Check { rule: "cluster-admin", run: Run::Object(accounts::cluster_admin) },
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
    Check { rule: "default-service-account", run: Run::Repository(accounts::default_account) },
    Check { rule: "dependency-without-healthcheck", run: Run::Service(startup::dependency_without_healthcheck) },
    Check { rule: "depends-on-health", run: Run::Service(startup::depends_on_health) },
    Check { rule: "deploy-needs-tests", run: Run::Workflow(deploy_needs_tests::check) },
    Check { rule: "deprecated-api", run: Run::Object(objects::deprecated) },
    Check { rule: "digest-pinned-image", run: Run::Image(pinned_image::digest) },
    Check { rule: "disruption-budget", run: Run::Repository(disruption::missing) },
    Check { rule: "distinct-probes", run: Run::Container(probes::distinct) },
    Check { rule: "docker-socket", run: Run::Container(isolation::docker_socket) },
    Check { rule: "duplicate-container-name", run: Run::Project(compose_ports::duplicate_container_name) },
    Check { rule: "duplicate-env", run: Run::Container(objects::duplicate_env) },
    Check { rule: "egress-policy", run: Run::Repository(exposure::egress) },
    Check { rule: "ephemeral-datastore", run: Run::Container(datastore::ephemeral) },
    Check { rule: "explicit-namespace", run: Run::Object(objects::namespace) },
    Check { rule: "fixed-name-replicas", run: Run::Service(compose_ports::fixed_name_replicas) },
    Check { rule: "health-endpoint", run: Run::Container(health_endpoint::container) },
    Check { rule: "health-endpoint", run: Run::Dockerfile(health_endpoint::dockerfile) },
    Check { rule: "healthcheck", run: Run::Dockerfile(healthcheck::dockerfile) },
    Check { rule: "healthcheck", run: Run::Service(healthcheck::service) },
    Check { rule: "host-device", run: Run::Container(isolation::host_device) },
    Check { rule: "host-namespace", run: Run::Container(isolation::host_namespace) },
    Check { rule: "host-port", run: Run::Container(pod_security::host_port) },
    Check { rule: "image-drift", run: Run::Repository(image_drift::check) },
    Check { rule: "image-pull-policy", run: Run::Container(objects::pull_policy) },
    Check { rule: "inconsistent-url", run: Run::Project(compose_wiring::inconsistent_url) },
    Check { rule: "ingress-tls", run: Run::Object(exposure::tls) },
    Check { rule: "ingress-tls", run: Run::Object(exposure::tls) },
    Check { rule: "invalid-expression", run: Run::Workflow(expressions::invalid_expression) },
    Check { rule: "invalid-resources", run: Run::Container(requests::invalid) },
    Check { rule: "invalid-resources", run: Run::Container(requests::invalid) },
    Check { rule: "invalid-value", run: Run::File(compose_schema::invalid_value) },
    Check { rule: "invalid-value", run: Run::File(compose_config::check_words) },
    Check { rule: "invalid-value", run: Run::Project(compose_config::cycles) },
    Check { rule: "invalid-value", run: Run::Service(compose_config::service) },
    Check { rule: "invalid-workflow", run: Run::Workflow(workflow_schema::invalid) },
    Check { rule: "job-limits", run: Run::Workload(objects::job_limits) },
    Check { rule: "liveness-probe", run: Run::Container(probes::liveness) },
    Check { rule: "localhost-dependency", run: Run::Service(compose_wiring::localhost_dependency) },
    Check { rule: "localhost-dependency", run: Run::Container(kube_wiring::localhost_dependency) },
    Check { rule: "memory-limit", run: Run::Container(limits::memory_limit) },
    Check { rule: "memory-request", run: Run::Container(requests::memory) },
    Check { rule: "missing-build-file", run: Run::Service(compose_build::missing_file) },
    Check { rule: "missing-mounted-file", run: Run::Project(compose_files::missing_mounted_file) },
    Check { rule: "naked-pod", run: Run::Workload(objects::naked_pod) },
    Check { rule: "namespace-quota", run: Run::Object(exposure::quota) },
    Check { rule: "network-policy", run: Run::Repository(exposure::policy) },
    Check { rule: "non-root-user", run: Run::Container(non_root_user::container) },
    Check { rule: "non-root-user", run: Run::Dockerfile(non_root_user::dockerfile) },
    Check { rule: "non-root-user", run: Run::Workload(non_root_user::workload) },
    Check { rule: "obsolete-version", run: Run::File(compose_form::obsolete_version) },
    Check { rule: "pinned-action", run: Run::Workflow(pinned_action::check) },
    Check { rule: "pinned-image", run: Run::Image(pinned_image::check) },
    Check { rule: "pod-exec", run: Run::Object(accounts::exec) },
    Check { rule: "port-conflict", run: Run::Project(compose_ports::port_conflict) },
    Check { rule: "pre-stop", run: Run::Container(probes::pre_stop) },
    Check { rule: "privileged-port", run: Run::Service(compose_ports::privileged_port) },
    Check { rule: "probe-host", run: Run::Container(probes::host) },
    Check { rule: "probe-port", run: Run::Container(probes::port) },
    Check { rule: "prometheus-rule-file", run: Run::File(prometheus::rule_file) },
    Check { rule: "prometheus-target", run: Run::File(prometheus::target) },
    Check { rule: "proxy-upstream", run: Run::File(proxy_upstream::file) },
    Check { rule: "proxy-upstream", run: Run::Service(proxy_upstream::labels) },
    Check { rule: "published-datastore", run: Run::Service(datastore::published) },
    Check { rule: "quoted-port", run: Run::File(compose_form::quoted_port) },
    Check { rule: "rbac-escalation", run: Run::Object(accounts::escalation) },
    Check { rule: "rbac-wildcard", run: Run::Object(accounts::wildcard) },
    Check { rule: "readiness-probe", run: Run::Container(probes::readiness) },
    Check { rule: "required-variable", run: Run::File(compose_files::required_variable) },
    Check { rule: "restart-policy", run: Run::Service(restart_policy::compose) },
    Check { rule: "restart-policy", run: Run::Workload(restart_policy::kubernetes) },
    Check { rule: "restricted-volume", run: Run::Workload(pod_security::volume) },
    Check { rule: "rollout-strategy", run: Run::Workload(replicas::strategy) },
    Check { rule: "runner-label", run: Run::Workflow(runner_label::check) },
    Check { rule: "seccomp-profile", run: Run::Repository(pod_security::seccomp) },
    Check { rule: "secret-in-configmap", run: Run::Object(kube_secrets::in_config_map) },
    Check { rule: "secrets-access", run: Run::Object(accounts::secrets) },
    Check { rule: "security-profile-disabled", run: Run::Container(pod_security::profiles) },
    Check { rule: "selector-mismatch", run: Run::Workload(objects::selector) },
    Check { rule: "sensitive-host-mount", run: Run::Container(isolation::sensitive_host_mount) },
    Check { rule: "service-account-token", run: Run::Repository(accounts::token) },
    Check { rule: "service-exposure", run: Run::Object(exposure::service) },
    Check { rule: "single-replica", run: Run::Workload(replicas::single) },
    Check { rule: "startup-probe", run: Run::Container(probes::startup) },
    Check { rule: "template-injection", run: Run::Workflow(template_injection::check) },
    Check { rule: "topology-spread", run: Run::Repository(replicas::spread) },
    Check { rule: "undeclared-build-arg", run: Run::Service(compose_build::undeclared_arg) },
    Check { rule: "undefined-context", run: Run::Workflow(expressions::undefined_context) },
    Check { rule: "undefined-needs", run: Run::Workflow(needs::undefined) },
    Check { rule: "undefined-reference", run: Run::Service(undefined_reference::check) },
    Check { rule: "undefined-reference", run: Run::Service(undefined_reference::check) },
    Check { rule: "unknown-host", run: Run::Service(compose_wiring::unknown_host) },
    Check { rule: "unknown-host", run: Run::Container(kube_wiring::unknown_host) },
    Check { rule: "unknown-key", run: Run::File(compose_schema::unknown_key) },
    Check { rule: "unknown-workflow-key", run: Run::Workflow(workflow_schema::unknown_key) },
    Check { rule: "unmasked-proc", run: Run::Container(pod_security::proc_mount) },
    Check { rule: "unsafe-sysctl", run: Run::Workload(pod_security::sysctl) },
    Check { rule: "workflow-permissions", run: Run::Workflow(workflow_permissions::check) },
];

/// Whether GitHub runs the file: an action, or a workflow that stands directly in `.github/workflows`. Copies elsewhere
/// are templates, or were put aside.
fn is_live(ctx: &Ctx, workflow: &Workflow) -> bool {
    workflow.action || ctx.facts.source(workflow.file).folder().ends_with(".github/workflows")
}
