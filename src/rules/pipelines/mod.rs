//! Stages, gates, deploys, trust, expressions and the schema of workflows.

pub(crate) mod cache_poisoning;
pub(crate) mod ci_pipeline;
pub(crate) mod dangerous_trigger;
pub(crate) mod deploy_needs_tests;
pub(crate) mod deploys;
pub(crate) mod expressions;
pub(crate) mod gates;
pub(crate) mod needs;
pub(crate) mod pinned_action;
pub(crate) mod runner_label;
pub(crate) mod stages;
pub(crate) mod template_injection;
pub(crate) mod workflow_commands;
pub(crate) mod workflow_permissions;
pub(crate) mod workflow_schema;
pub(crate) mod workflow_secrets;
pub(crate) mod workflow_trust;
pub(crate) mod workflow_versions;

use crate::rules::check::{Check, Run};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check { rule: "build-stage", run: Run::Repository(stages::build) },
    Check { rule: "cache-poisoning", run: Run::Workflow(cache_poisoning::check) },
    Check { rule: "ci-pipeline", run: Run::Repository(ci_pipeline::check) },
    Check { rule: "cyclic-needs", run: Run::Workflow(needs::cyclic) },
    Check { rule: "dangerous-trigger", run: Run::Workflow(dangerous_trigger::check) },
    Check { rule: "deploy-concurrency", run: Run::Workflow(deploys::concurrency) },
    Check { rule: "deploy-environment", run: Run::Workflow(deploys::environment) },
    Check { rule: "deploy-guard", run: Run::Workflow(deploys::guard) },
    Check { rule: "deploy-needs-tests", run: Run::Workflow(deploy_needs_tests::check) },
    Check { rule: "deploy-stage", run: Run::Repository(stages::deploy) },
    Check { rule: "deprecated-command", run: Run::Workflow(workflow_commands::deprecated) },
    Check { rule: "eval-stage", run: Run::Repository(stages::eval) },
    Check { rule: "github-env-injection", run: Run::Workflow(workflow_commands::env_injection) },
    Check { rule: "ignored-failure", run: Run::Workflow(gates::ignored_failure) },
    Check { rule: "invalid-expression", run: Run::Workflow(expressions::invalid_expression) },
    Check { rule: "invalid-workflow", run: Run::Workflow(workflow_schema::invalid) },
    Check { rule: "job-timeout", run: Run::Workflow(gates::timeout) },
    Check { rule: "lint-stage", run: Run::Repository(stages::lint) },
    Check { rule: "long-lived-cloud-key", run: Run::Workflow(workflow_secrets::cloud_key) },
    Check { rule: "mutable-image-push", run: Run::Workflow(deploys::mutable_image) },
    Check { rule: "outdated-action-runtime", run: Run::Workflow(workflow_versions::outdated) },
    Check { rule: "overprovisioned-secrets", run: Run::Workflow(workflow_secrets::overprovisioned) },
    Check { rule: "persist-credentials", run: Run::Workflow(workflow_trust::persist_credentials) },
    Check { rule: "pinned-action", run: Run::Workflow(pinned_action::check) },
    Check { rule: "pinned-tool", run: Run::Workflow(workflow_versions::tool) },
    Check { rule: "rollback-plan", run: Run::Repository(deploys::rollback) },
    Check { rule: "runner-label", run: Run::Workflow(runner_label::check) },
    Check { rule: "sbom-stage", run: Run::Repository(stages::sbom) },
    Check { rule: "scan-stage", run: Run::Repository(stages::scan) },
    Check { rule: "secret-printed", run: Run::Workflow(workflow_secrets::printed) },
    Check { rule: "secret-scan-hook", run: Run::Repository(stages::secret_scan) },
    Check { rule: "secrets-inherit", run: Run::Workflow(workflow_secrets::inherit) },
    Check { rule: "self-hosted-runner", run: Run::Workflow(workflow_trust::self_hosted) },
    Check { rule: "spoofable-actor", run: Run::Workflow(workflow_trust::spoofable_actor) },
    Check { rule: "template-injection", run: Run::Workflow(template_injection::check) },
    Check { rule: "test-stage", run: Run::Repository(stages::test) },
    Check { rule: "undefined-context", run: Run::Workflow(expressions::undefined_context) },
    Check { rule: "undefined-needs", run: Run::Workflow(needs::undefined) },
    Check { rule: "unknown-workflow-key", run: Run::Workflow(workflow_schema::unknown_key) },
    Check { rule: "unreachable-trigger", run: Run::Workflow(gates::unreachable) },
    Check { rule: "unsecure-commands", run: Run::Workflow(workflow_commands::unsecure) },
    Check { rule: "workflow-permissions", run: Run::Workflow(workflow_permissions::check) },
];
