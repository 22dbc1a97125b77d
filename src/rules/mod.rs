//! The coded rules: plain functions over facts and the graph, registered in one slice.
//!
//! A check reads, judges and reports. It does no IO, keeps no state, and cannot fail.

mod accounts;
mod api_spec;
mod autoscaler;
mod backup;
pub mod base_image;
mod cache_poisoning;
mod ci_pipeline;
mod commands;
mod compose_build;
mod compose_config;
mod compose_conflicts;
mod compose_files;
mod compose_form;
mod compose_ports;
mod compose_resources;
mod compose_schema;
mod compose_wiring;
pub mod copy_form;
mod dangerous_trigger;
mod dangling;
mod dangling_names;
mod datastore;
mod debug_mode;
pub mod declarative;
mod default_credentials;
mod deploy_needs_tests;
mod deploys;
pub mod dev_server;
mod disruption;
pub mod dockerignore;
pub mod download;
mod effective_env;
mod endpoint;
mod env_code;
mod env_example;
mod env_files;
mod env_names;
mod exposure;
mod expressions;
mod found_in_text;
pub mod frozen_install;
mod gates;
mod generic_credential;
mod health_endpoint;
pub mod healthcheck;
pub mod healthcheck_tool;
mod image_drift;
pub mod invalid_instruction;
mod isolation;
mod kube;
mod kube_secrets;
mod kube_wiring;
mod limits;
mod literal;
mod locks;
mod logs;
mod metrics;
pub mod migration_on_start;
mod mounted;
pub mod multi_stage_build;
mod needs;
pub mod non_root_user;
mod numeric_user;
mod objects;
pub mod one_shot;
pub mod package_install;
pub mod package_pins;
pub mod package_waste;
mod pinned_action;
pub mod pinned_image;
mod pod_security;
pub mod port_mismatch;
mod probes;
mod prometheus;
mod proxy_upstream;
mod rate_limit;
pub mod reach;
mod replicas;
mod requests;
mod restart_policy;
pub mod run_habits;
mod runner_label;
pub mod secret_file_copied;
pub mod secret_in_build_arg;
mod secret_in_command;
mod secret_in_env;
pub mod server_limits;
mod shared_state;
pub mod ssh_server;
mod stages;
mod stale_variable;
pub mod start;
pub mod start_form;
mod startup;
pub mod structure;
pub mod syntax_error;
mod template_injection;
mod undefined_reference;
pub mod undefined_variable;
mod untrusted;
pub mod verification;
mod workflow_commands;
mod workflow_permissions;
mod workflow_schema;
mod workflow_secrets;
mod workflow_trust;
mod workflow_versions;
mod working_copy;

use crate::credential;
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
    Check { rule: "api-spec", run: Run::Repository(api_spec::missing) },
    Check { rule: "apk-cache", run: Run::Dockerfile(package_waste::apk_cache) },
    Check { rule: "apt-lists", run: Run::Dockerfile(package_waste::apt_lists) },
    Check { rule: "apt-recommends", run: Run::Dockerfile(package_waste::apt_recommends) },
    Check { rule: "autoscaler-conflict", run: Run::Workload(autoscaler::conflict) },
    Check { rule: "autoscaler-min", run: Run::Object(autoscaler::minimum) },
    Check { rule: "autoscaler-requests", run: Run::Object(autoscaler::requests) },
    Check { rule: "autoscaler-target", run: Run::Object(autoscaler::target) },
    Check { rule: "backup", run: Run::Repository(backup::check) },
    Check { rule: "bind-all-interfaces", run: Run::Service(compose_ports::bind_all_interfaces) },
    Check { rule: "blocking-disruption-budget", run: Run::Object(disruption::blocking) },
    Check { rule: "browser-internal-host", run: Run::Container(kube_wiring::browser_internal_host) },
    Check { rule: "browser-internal-host", run: Run::Dockerfile(kube_wiring::browser_image) },
    Check { rule: "browser-internal-host", run: Run::Service(compose_wiring::browser_internal_host) },
    Check { rule: "build-and-image", run: Run::Service(compose_form::build_and_image) },
    Check { rule: "build-stage", run: Run::Repository(stages::build) },
    Check { rule: "cache-poisoning", run: Run::Workflow(cache_poisoning::check) },
    Check { rule: "cd-not-workdir", run: Run::Dockerfile(run_habits::cd_not_workdir) },
    Check { rule: "ci-pipeline", run: Run::Repository(ci_pipeline::check) },
    Check { rule: "cluster-admin", run: Run::Object(accounts::cluster_admin) },
    Check { rule: "committed-secret", run: Run::Object(kube_secrets::committed) },
    Check { rule: "connection-string", run: Run::File(found_in_text::connection) },
    Check { rule: "copy-destination", run: Run::Dockerfile(copy_form::destination) },
    Check { rule: "copy-not-add", run: Run::Dockerfile(copy_form::copy_not_add) },
    Check { rule: "cpu-limit", run: Run::Container(limits::cpu_limit) },
    Check { rule: "cpu-request", run: Run::Container(requests::cpu) },
    Check { rule: "curl-pipe-shell", run: Run::Dockerfile(download::curl_pipe_shell) },
    Check { rule: "cyclic-needs", run: Run::Workflow(needs::cyclic) },
    Check { rule: "dangerous-capability", run: Run::Container(isolation::dangerous_capability) },
    Check { rule: "dangerous-trigger", run: Run::Workflow(dangerous_trigger::check) },
    Check { rule: "dangling-ingress", run: Run::Object(dangling_names::ingress) },
    Check { rule: "dangling-network-policy", run: Run::Object(dangling::network_policy) },
    Check { rule: "dangling-reference", run: Run::Workload(dangling_names::reference) },
    Check { rule: "dangling-service", run: Run::Object(dangling::service) },
    Check { rule: "debug-mode", run: Run::Dockerfile(debug_mode::dockerfile) },
    Check { rule: "debug-mode", run: Run::Project(debug_mode::project) },
    Check { rule: "debug-mode", run: Run::Repository(debug_mode::cluster) },
    Check { rule: "default-credentials", run: Run::Container(default_credentials::container) },
    Check { rule: "default-credentials", run: Run::Dockerfile(default_credentials::dockerfile) },
    Check { rule: "default-credentials", run: Run::File(default_credentials::compose) },
    Check { rule: "default-service-account", run: Run::Repository(accounts::default_account) },
    Check { rule: "dependency-layer-order", run: Run::Dockerfile(package_install::layer_order) },
    Check { rule: "dependency-without-healthcheck", run: Run::Service(startup::dependency_without_healthcheck) },
    Check { rule: "depends-on-health", run: Run::Service(startup::depends_on_health) },
    Check { rule: "deploy-concurrency", run: Run::Workflow(deploys::concurrency) },
    Check { rule: "deploy-environment", run: Run::Workflow(deploys::environment) },
    Check { rule: "deploy-guard", run: Run::Workflow(deploys::guard) },
    Check { rule: "deploy-needs-tests", run: Run::Workflow(deploy_needs_tests::check) },
    Check { rule: "deploy-stage", run: Run::Repository(stages::deploy) },
    Check { rule: "deprecated-api", run: Run::Object(objects::deprecated) },
    Check { rule: "deprecated-command", run: Run::Workflow(workflow_commands::deprecated) },
    Check { rule: "dev-server", run: Run::Container(dev_server::container) },
    Check { rule: "dev-server", run: Run::Dockerfile(dev_server::dockerfile) },
    Check { rule: "digest-pinned-image", run: Run::Image(pinned_image::digest) },
    Check { rule: "disruption-budget", run: Run::Repository(disruption::missing) },
    Check { rule: "dist-upgrade", run: Run::Dockerfile(package_install::dist_upgrade) },
    Check { rule: "distinct-probes", run: Run::Container(probes::distinct) },
    Check { rule: "dnf-cache", run: Run::Dockerfile(package_waste::dnf_cache) },
    Check { rule: "docker-socket", run: Run::Container(isolation::docker_socket) },
    Check { rule: "dockerignore", run: Run::Dockerfile(dockerignore::check) },
    Check { rule: "duplicate-container-name", run: Run::Project(compose_ports::duplicate_container_name) },
    Check { rule: "duplicate-env", run: Run::Container(objects::duplicate_env) },
    Check { rule: "duplicate-stage", run: Run::Dockerfile(structure::duplicate_stage) },
    Check { rule: "egress-policy", run: Run::Repository(exposure::egress) },
    Check { rule: "env-example", run: Run::Repository(env_example::missing) },
    Check { rule: "env-file-committed", run: Run::File(env_files::committed) },
    Check { rule: "env-file-ignored", run: Run::Repository(env_files::ignored) },
    Check { rule: "eol-image", run: Run::Image(base_image::eol) },
    Check { rule: "ephemeral-datastore", run: Run::Container(datastore::ephemeral) },
    Check { rule: "eval-stage", run: Run::Repository(stages::eval) },
    Check { rule: "exec-form-command", run: Run::Dockerfile(start_form::exec_form) },
    Check { rule: "explicit-namespace", run: Run::Repository(objects::namespace) },
    Check { rule: "fixed-name-replicas", run: Run::Service(compose_ports::fixed_name_replicas) },
    Check { rule: "frozen-install", run: Run::Dockerfile(frozen_install::check) },
    Check { rule: "generic-credential", run: Run::File(generic_credential::check) },
    Check { rule: "github-env-injection", run: Run::Workflow(workflow_commands::env_injection) },
    Check { rule: "graceful-timeout", run: Run::Service(server_limits::grace_of_service) },
    Check { rule: "graceful-timeout", run: Run::Workload(server_limits::grace_of_workload) },
    Check { rule: "health-endpoint", run: Run::Container(health_endpoint::container) },
    Check { rule: "health-endpoint", run: Run::Dockerfile(health_endpoint::dockerfile) },
    Check { rule: "healthcheck", run: Run::Dockerfile(healthcheck::dockerfile) },
    Check { rule: "healthcheck", run: Run::Service(healthcheck::service) },
    Check { rule: "healthcheck-tool", run: Run::Dockerfile(healthcheck_tool::dockerfile) },
    Check { rule: "healthcheck-tool", run: Run::Service(healthcheck_tool::service) },
    Check { rule: "host-device", run: Run::Container(isolation::host_device) },
    Check { rule: "host-namespace", run: Run::Container(isolation::host_namespace) },
    Check { rule: "host-port", run: Run::Container(pod_security::host_port) },
    Check { rule: "ignored-failure", run: Run::Workflow(gates::ignored_failure) },
    Check { rule: "image-drift", run: Run::Repository(image_drift::check) },
    Check { rule: "image-labels", run: Run::Dockerfile(base_image::labels) },
    Check { rule: "image-pull-policy", run: Run::Container(objects::pull_policy) },
    Check { rule: "inconsistent-url", run: Run::Project(compose_wiring::inconsistent_url) },
    Check { rule: "ingress-tls", run: Run::Object(exposure::tls) },
    Check { rule: "interactive-tty", run: Run::Container(working_copy::interactive_container) },
    Check { rule: "interactive-tty", run: Run::Project(working_copy::interactive_tty) },
    Check { rule: "invalid-api-spec", run: Run::File(api_spec::invalid) },
    Check { rule: "invalid-expression", run: Run::Workflow(expressions::invalid_expression) },
    Check { rule: "invalid-instruction", run: Run::Dockerfile(invalid_instruction::check) },
    Check { rule: "invalid-port", run: Run::Dockerfile(structure::invalid_port) },
    Check { rule: "invalid-resources", run: Run::Container(requests::invalid) },
    Check { rule: "invalid-resources", run: Run::Project(compose_resources::check) },
    Check { rule: "invalid-value", run: Run::File(compose_config::check_words) },
    Check { rule: "invalid-value", run: Run::File(compose_conflicts::file) },
    Check { rule: "invalid-value", run: Run::File(compose_schema::invalid_value) },
    Check { rule: "invalid-value", run: Run::Project(compose_config::cycles) },
    Check { rule: "invalid-value", run: Run::Project(compose_conflicts::definitions) },
    Check { rule: "invalid-value", run: Run::Service(compose_config::service) },
    Check { rule: "invalid-value", run: Run::Service(compose_conflicts::service) },
    Check { rule: "invalid-workflow", run: Run::Workflow(workflow_schema::invalid) },
    Check { rule: "job-limits", run: Run::Workload(objects::job_limits) },
    Check { rule: "job-timeout", run: Run::Workflow(gates::timeout) },
    Check { rule: "json-command", run: Run::Dockerfile(start_form::json_command) },
    Check { rule: "legacy-env-format", run: Run::Dockerfile(structure::legacy_env) },
    Check { rule: "lint-stage", run: Run::Repository(stages::lint) },
    Check { rule: "live-example-value", run: Run::File(env_files::live) },
    Check { rule: "liveness-probe", run: Run::Container(probes::liveness) },
    Check { rule: "localhost-dependency", run: Run::Container(kube_wiring::localhost_dependency) },
    Check { rule: "localhost-dependency", run: Run::Service(compose_wiring::localhost_dependency) },
    Check { rule: "log-aggregation", run: Run::Repository(logs::aggregation) },
    Check { rule: "log-rotation", run: Run::Repository(logs::rotation) },
    Check { rule: "long-lived-cloud-key", run: Run::Workflow(workflow_secrets::cloud_key) },
    Check { rule: "maintainer", run: Run::Dockerfile(structure::maintainer) },
    Check { rule: "memory-limit", run: Run::Container(limits::memory_limit) },
    Check { rule: "memory-request", run: Run::Container(requests::memory) },
    Check { rule: "metrics", run: Run::Repository(metrics::check) },
    Check { rule: "migration-on-start", run: Run::Container(migration_on_start::container) },
    Check { rule: "migration-on-start", run: Run::Dockerfile(migration_on_start::dockerfile) },
    Check { rule: "missing-assume-yes", run: Run::Dockerfile(package_install::assume_yes) },
    Check { rule: "missing-build-file", run: Run::Project(compose_build::missing_file) },
    Check { rule: "missing-mounted-file", run: Run::Project(compose_files::missing_mounted_file) },
    Check { rule: "multi-stage-build", run: Run::Dockerfile(multi_stage_build::check) },
    Check { rule: "multiple-command", run: Run::Dockerfile(start_form::multiple_command) },
    Check { rule: "multiple-healthcheck", run: Run::Dockerfile(start_form::multiple_healthcheck) },
    Check { rule: "mutable-image-push", run: Run::Workflow(deploys::mutable_image) },
    Check { rule: "naked-pod", run: Run::Workload(objects::naked_pod) },
    Check { rule: "namespace-quota", run: Run::Object(exposure::quota) },
    Check { rule: "network-policy", run: Run::Repository(exposure::policy) },
    Check { rule: "no-sudo", run: Run::Dockerfile(run_habits::no_sudo) },
    Check { rule: "non-root-user", run: Run::Container(non_root_user::container) },
    Check { rule: "non-root-user", run: Run::Dockerfile(non_root_user::dockerfile) },
    Check { rule: "non-root-user", run: Run::Workload(non_root_user::workload) },
    Check { rule: "npm-cache", run: Run::Dockerfile(package_waste::npm_cache) },
    Check { rule: "numeric-user", run: Run::Container(numeric_user::check) },
    Check { rule: "obsolete-version", run: Run::File(compose_form::obsolete_version) },
    Check { rule: "outdated-action-runtime", run: Run::Workflow(workflow_versions::outdated) },
    Check { rule: "overprovisioned-secrets", run: Run::Workflow(workflow_secrets::overprovisioned) },
    Check { rule: "package-update-alone", run: Run::Dockerfile(package_install::update_alone) },
    Check { rule: "persist-credentials", run: Run::Workflow(workflow_trust::persist_credentials) },
    Check { rule: "pinned-action", run: Run::Workflow(pinned_action::check) },
    Check { rule: "pinned-image", run: Run::Image(pinned_image::check) },
    Check { rule: "pinned-os-package", run: Run::Dockerfile(package_pins::system) },
    Check { rule: "pinned-package", run: Run::Dockerfile(package_pins::language) },
    Check { rule: "pinned-tool", run: Run::Workflow(workflow_versions::tool) },
    Check { rule: "pip-cache", run: Run::Dockerfile(package_waste::pip_cache) },
    Check { rule: "pipefail", run: Run::Dockerfile(download::pipefail) },
    Check { rule: "platform-in-from", run: Run::Dockerfile(structure::platform) },
    Check { rule: "pod-exec", run: Run::Object(accounts::exec) },
    Check { rule: "port-conflict", run: Run::Project(compose_ports::port_conflict) },
    Check { rule: "port-mismatch", run: Run::Container(port_mismatch::container) },
    Check { rule: "port-mismatch", run: Run::Dockerfile(port_mismatch::dockerfile) },
    Check { rule: "pre-stop", run: Run::Container(probes::pre_stop) },
    Check { rule: "private-key", run: Run::File(found_in_text::key) },
    Check { rule: "privileged-port", run: Run::Service(compose_ports::privileged_port) },
    Check { rule: "probe-host", run: Run::Container(probes::host) },
    Check { rule: "probe-port", run: Run::Container(probes::port) },
    Check { rule: "prometheus-rule-file", run: Run::File(prometheus::rule_file) },
    Check { rule: "prometheus-target", run: Run::File(prometheus::target) },
    Check { rule: "provider-token", run: Run::File(found_in_text::token) },
    Check { rule: "proxy-upstream", run: Run::File(proxy_upstream::file) },
    Check { rule: "proxy-upstream", run: Run::Service(proxy_upstream::labels) },
    Check { rule: "published-datastore", run: Run::Service(datastore::published) },
    Check { rule: "python-on-alpine", run: Run::Dockerfile(base_image::python_on_alpine) },
    Check { rule: "quoted-port", run: Run::File(compose_form::quoted_port) },
    Check { rule: "rate-limit", run: Run::Repository(rate_limit::check) },
    Check { rule: "rbac-escalation", run: Run::Object(accounts::escalation) },
    Check { rule: "rbac-wildcard", run: Run::Object(accounts::wildcard) },
    Check { rule: "readiness-probe", run: Run::Container(probes::readiness) },
    Check { rule: "remote-add-checksum", run: Run::Dockerfile(copy_form::remote_add) },
    Check { rule: "required-variable", run: Run::File(env_example::unguarded) },
    Check { rule: "restart-policy", run: Run::Service(restart_policy::compose) },
    Check { rule: "restart-policy", run: Run::Workload(restart_policy::kubernetes) },
    Check { rule: "restricted-volume", run: Run::Workload(pod_security::volume) },
    Check { rule: "rollback-plan", run: Run::Repository(deploys::rollback) },
    Check { rule: "rollout-strategy", run: Run::Workload(replicas::strategy) },
    Check { rule: "runner-label", run: Run::Workflow(runner_label::check) },
    Check { rule: "sbom-stage", run: Run::Repository(stages::sbom) },
    Check { rule: "scan-stage", run: Run::Repository(stages::scan) },
    Check { rule: "seccomp-profile", run: Run::Repository(pod_security::seccomp) },
    Check { rule: "secret-file-copied", run: Run::Dockerfile(secret_file_copied::check) },
    Check { rule: "secret-in-build-arg", run: Run::Dockerfile(secret_in_build_arg::dockerfile) },
    Check { rule: "secret-in-build-arg", run: Run::Service(secret_in_build_arg::service) },
    Check { rule: "secret-in-command", run: Run::Container(secret_in_command::container) },
    Check { rule: "secret-in-command", run: Run::Dockerfile(secret_in_command::dockerfile) },
    Check { rule: "secret-in-command", run: Run::File(secret_in_command::script) },
    Check { rule: "secret-in-command", run: Run::Workflow(secret_in_command::workflow) },
    Check { rule: "secret-in-configmap", run: Run::Object(kube_secrets::in_config_map) },
    Check { rule: "secret-in-env", run: Run::Container(default_credentials::secret_container) },
    Check { rule: "secret-in-env", run: Run::Container(secret_in_env::container) },
    Check { rule: "secret-in-env", run: Run::Dockerfile(default_credentials::secret_dockerfile) },
    Check { rule: "secret-in-env", run: Run::Dockerfile(secret_in_env::dockerfile) },
    Check { rule: "secret-in-env", run: Run::File(default_credentials::secret_compose) },
    Check { rule: "secret-in-env", run: Run::File(secret_in_command::script_variables) },
    Check { rule: "secret-in-env", run: Run::Service(secret_in_env::labels) },
    Check { rule: "secret-in-env", run: Run::Workflow(secret_in_command::variables) },
    Check { rule: "secret-in-env", run: Run::Workflow(secret_in_env::workflow) },
    Check { rule: "secret-printed", run: Run::Workflow(workflow_secrets::printed) },
    Check { rule: "secret-scan-hook", run: Run::Repository(stages::secret_scan) },
    Check { rule: "secrets-access", run: Run::Object(accounts::secrets) },
    Check { rule: "secrets-inherit", run: Run::Workflow(workflow_secrets::inherit) },
    Check { rule: "security-profile-disabled", run: Run::Container(pod_security::profiles) },
    Check { rule: "selector-mismatch", run: Run::Workload(objects::selector) },
    Check { rule: "self-hosted-runner", run: Run::Workflow(workflow_trust::self_hosted) },
    Check { rule: "sensitive-host-mount", run: Run::Container(isolation::sensitive_host_mount) },
    Check { rule: "server-limits", run: Run::Container(server_limits::container) },
    Check { rule: "server-limits", run: Run::Dockerfile(server_limits::dockerfile) },
    Check { rule: "service-account-token", run: Run::Repository(accounts::token) },
    Check { rule: "service-exposure", run: Run::Object(exposure::service) },
    Check { rule: "shared-volume-replicas", run: Run::Service(shared_state::shared_data) },
    Check { rule: "shared-volume-replicas", run: Run::Workload(shared_state::shared_claim) },
    Check { rule: "single-replica", run: Run::Workload(replicas::single) },
    Check { rule: "slim-image", run: Run::Dockerfile(base_image::slim) },
    Check { rule: "source-bind-mount", run: Run::Project(working_copy::source_bind_mount) },
    Check { rule: "spoofable-actor", run: Run::Workflow(workflow_trust::spoofable_actor) },
    Check { rule: "sqlite-replicas", run: Run::Service(shared_state::sqlite_service) },
    Check { rule: "sqlite-replicas", run: Run::Workload(shared_state::sqlite_workload) },
    Check { rule: "ssh-server", run: Run::Container(ssh_server::container) },
    Check { rule: "ssh-server", run: Run::Dockerfile(ssh_server::dockerfile) },
    Check { rule: "stale-variable", run: Run::File(stale_variable::check) },
    Check { rule: "startup-probe", run: Run::Container(probes::startup) },
    Check { rule: "syntax-error", run: Run::Dockerfile(invalid_instruction::unreadable) },
    Check { rule: "syntax-error", run: Run::File(syntax_error::check) },
    Check { rule: "template-injection", run: Run::Workflow(template_injection::check) },
    Check { rule: "test-stage", run: Run::Repository(stages::test) },
    Check { rule: "topology-spread", run: Run::Repository(replicas::spread) },
    Check { rule: "undeclared-build-arg", run: Run::Service(compose_build::undeclared_arg) },
    Check { rule: "undefined-context", run: Run::Workflow(expressions::undefined_context) },
    Check { rule: "undefined-needs", run: Run::Workflow(needs::undefined) },
    Check { rule: "undefined-reference", run: Run::Service(undefined_reference::check) },
    Check { rule: "undefined-variable", run: Run::Dockerfile(undefined_variable::check) },
    Check { rule: "undocumented-variable", run: Run::Project(env_example::undocumented) },
    Check { rule: "undocumented-variable", run: Run::Repository(env_code::undocumented) },
    Check { rule: "unknown-host", run: Run::Container(kube_wiring::unknown_host) },
    Check { rule: "unknown-host", run: Run::Service(compose_wiring::unknown_host) },
    Check { rule: "unknown-key", run: Run::File(compose_schema::unknown_key) },
    Check { rule: "unknown-stage", run: Run::Dockerfile(structure::unknown_stage) },
    Check { rule: "unknown-workflow-key", run: Run::Workflow(workflow_schema::unknown_key) },
    Check { rule: "unmasked-proc", run: Run::Container(pod_security::proc_mount) },
    Check { rule: "unreachable-trigger", run: Run::Workflow(gates::unreachable) },
    Check { rule: "unsafe-sysctl", run: Run::Workload(pod_security::sysctl) },
    Check { rule: "unsecure-commands", run: Run::Workflow(workflow_commands::unsecure) },
    Check { rule: "verification-disabled", run: Run::Dockerfile(verification::check) },
    Check { rule: "workflow-permissions", run: Run::Workflow(workflow_permissions::check) },
    Check { rule: "world-writable", run: Run::Dockerfile(run_habits::world_writable) },
    Check { rule: "yarn-cache", run: Run::Dockerfile(package_waste::yarn_cache) },
    Check { rule: "zypper-cache", run: Run::Dockerfile(package_waste::zypper_cache) },
];

/// Whether GitHub runs the file: an action, or a workflow that stands directly in `.github/workflows`. Copies elsewhere
/// are templates, or were put aside.
fn is_live(ctx: &Ctx, workflow: &Workflow) -> bool {
    workflow.action || ctx.facts.source(workflow.file).folder().ends_with(".github/workflows")
}

/// A text of at most so many characters, for a message. What is secret in it goes first: of half a token, nobody could
/// tell that it is one.
fn clipped(text: &str, most: usize) -> String {
    let text = credential::conceal(text);
    if text.chars().count() <= most { text.into_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}

/// Whether a workflow is known to be a template or put aside: it stands elsewhere under `.github`, or beside workflows
/// that run.
pub fn is_shelved(ctx: &Ctx, workflow: &Workflow) -> bool {
    let inside = |path: &str| path.starts_with(".github/") || path.contains("/.github/");
    let mut others = ctx.facts.workflows().filter(|other| !other.action);
    !is_live(ctx, workflow) && (inside(ctx.facts.path(workflow.file)) || others.any(|other| is_live(ctx, other)))
}
