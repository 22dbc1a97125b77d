//! Stages, gates, deploys, trust and expressions of workflows.

pub(crate) mod cache_poisoning;
pub(crate) mod ci_pipeline;
pub(crate) mod dangerous_trigger;
pub(crate) mod deploy_needs_tests;
pub(crate) mod deploys;
pub(crate) mod expressions;
pub(crate) mod gates;
pub(crate) mod gitlab;
pub(crate) mod ignored_failure;
pub(crate) mod needs;
pub(crate) mod pinned_action;
pub(crate) mod runner_label;
mod shipping;
pub(crate) mod stages;
pub(crate) mod template_injection;
pub(crate) mod workflow_commands;
pub(crate) mod workflow_permissions;
pub(crate) mod workflow_secrets;
pub(crate) mod workflow_trust;
pub(crate) mod workflow_versions;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check::new("build-stage", CheckFn::Repository(stages::build)),
    Check::new("cache-poisoning", CheckFn::Workflow(cache_poisoning::check)),
    Check::new(
        "cache-poisoning",
        CheckFn::Workflow(dangerous_trigger::cache),
    ),
    Check::new("ci-pipeline", CheckFn::Repository(ci_pipeline::check)),
    Check::new("cyclic-needs", CheckFn::Workflow(needs::cyclic)),
    Check::new(
        "dangerous-trigger",
        CheckFn::Workflow(dangerous_trigger::check),
    ),
    Check::new(
        "deploy-concurrency",
        CheckFn::Workflow(deploys::concurrency),
    ),
    Check::new(
        "deploy-concurrency",
        CheckFn::Repository(gitlab::concurrency),
    ),
    Check::new(
        "deploy-environment",
        CheckFn::Workflow(deploys::environment),
    ),
    Check::new(
        "deploy-environment",
        CheckFn::Repository(gitlab::environment),
    ),
    Check::new("deploy-guard", CheckFn::Workflow(deploys::guard)),
    Check::new("deploy-guard", CheckFn::Repository(gitlab::guard)),
    Check::new(
        "deploy-needs-tests",
        CheckFn::Workflow(deploy_needs_tests::check),
    ),
    Check::new(
        "deploy-needs-tests",
        CheckFn::Repository(gitlab::needs_tests),
    ),
    Check::new("deploy-stage", CheckFn::Repository(stages::deploy)),
    Check::new(
        "deprecated-command",
        CheckFn::Workflow(workflow_commands::deprecated),
    ),
    Check::new("eval-stage", CheckFn::Repository(stages::eval)),
    Check::new(
        "github-env-injection",
        CheckFn::Workflow(workflow_commands::env_injection),
    ),
    Check::new("ignored-failure", CheckFn::Workflow(ignored_failure::check)),
    Check::new(
        "ignored-failure",
        CheckFn::Repository(gitlab::ignored_failure),
    ),
    Check::new(
        "invalid-expression",
        CheckFn::Workflow(expressions::invalid_expression),
    ),
    Check::new("job-timeout", CheckFn::Workflow(gates::timeout)),
    Check::new("lint-stage", CheckFn::Repository(stages::lint)),
    Check::new(
        "long-lived-cloud-key",
        CheckFn::Workflow(workflow_secrets::cloud_key),
    ),
    Check::new(
        "mutable-image-push",
        CheckFn::Repository(deploys::gitlab_mutable_image),
    ),
    Check::new(
        "mutable-image-push",
        CheckFn::Workflow(deploys::mutable_image),
    ),
    Check::new(
        "outdated-action-runtime",
        CheckFn::Workflow(workflow_versions::outdated),
    ),
    Check::new(
        "overprovisioned-secrets",
        CheckFn::Workflow(workflow_secrets::overprovisioned),
    ),
    Check::new(
        "persist-credentials",
        CheckFn::Workflow(workflow_trust::persist_credentials),
    ),
    Check::new("pinned-action", CheckFn::Workflow(pinned_action::check)),
    Check::new("pinned-tool", CheckFn::Workflow(workflow_versions::tool)),
    Check::new("rollback-plan", CheckFn::Repository(deploys::rollback)),
    Check::new("runner-label", CheckFn::Workflow(runner_label::check)),
    Check::new("sbom-stage", CheckFn::Repository(stages::sbom)),
    Check::new("scan-stage", CheckFn::Repository(stages::scan)),
    Check::new(
        "secret-printed",
        CheckFn::Workflow(workflow_secrets::printed),
    ),
    Check::new("secret-scan-hook", CheckFn::Repository(stages::secret_scan)),
    Check::new(
        "secrets-inherit",
        CheckFn::Workflow(workflow_secrets::inherit),
    ),
    Check::new(
        "self-hosted-runner",
        CheckFn::Workflow(workflow_trust::self_hosted),
    ),
    Check::new(
        "spoofable-actor",
        CheckFn::Workflow(workflow_trust::spoofable_actor),
    ),
    Check::new(
        "template-injection",
        CheckFn::Workflow(template_injection::check),
    ),
    Check::new("test-stage", CheckFn::Repository(stages::test)),
    Check::new(
        "undefined-context",
        CheckFn::Workflow(expressions::undefined_context),
    ),
    Check::new("undefined-needs", CheckFn::Workflow(needs::undefined)),
    Check::new("unreachable-trigger", CheckFn::Workflow(gates::unreachable)),
    Check::new(
        "unsecure-commands",
        CheckFn::Workflow(workflow_commands::unsecure),
    ),
    Check::new(
        "workflow-permissions",
        CheckFn::Workflow(workflow_permissions::check),
    ),
];
