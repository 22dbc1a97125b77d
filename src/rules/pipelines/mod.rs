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

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check {
        rule: "build-stage",
        run: CheckFn::Repository(stages::build),
    },
    Check {
        rule: "cache-poisoning",
        run: CheckFn::Workflow(cache_poisoning::check),
    },
    Check {
        rule: "ci-pipeline",
        run: CheckFn::Repository(ci_pipeline::check),
    },
    Check {
        rule: "cyclic-needs",
        run: CheckFn::Workflow(needs::cyclic),
    },
    Check {
        rule: "dangerous-trigger",
        run: CheckFn::Workflow(dangerous_trigger::check),
    },
    Check {
        rule: "deploy-concurrency",
        run: CheckFn::Workflow(deploys::concurrency),
    },
    Check {
        rule: "deploy-environment",
        run: CheckFn::Workflow(deploys::environment),
    },
    Check {
        rule: "deploy-guard",
        run: CheckFn::Workflow(deploys::guard),
    },
    Check {
        rule: "deploy-needs-tests",
        run: CheckFn::Workflow(deploy_needs_tests::check),
    },
    Check {
        rule: "deploy-stage",
        run: CheckFn::Repository(stages::deploy),
    },
    Check {
        rule: "deprecated-command",
        run: CheckFn::Workflow(workflow_commands::deprecated),
    },
    Check {
        rule: "eval-stage",
        run: CheckFn::Repository(stages::eval),
    },
    Check {
        rule: "github-env-injection",
        run: CheckFn::Workflow(workflow_commands::env_injection),
    },
    Check {
        rule: "ignored-failure",
        run: CheckFn::Workflow(gates::ignored_failure),
    },
    Check {
        rule: "invalid-expression",
        run: CheckFn::Workflow(expressions::invalid_expression),
    },
    Check {
        rule: "invalid-workflow",
        run: CheckFn::Workflow(workflow_schema::invalid),
    },
    Check {
        rule: "job-timeout",
        run: CheckFn::Workflow(gates::timeout),
    },
    Check {
        rule: "lint-stage",
        run: CheckFn::Repository(stages::lint),
    },
    Check {
        rule: "long-lived-cloud-key",
        run: CheckFn::Workflow(workflow_secrets::cloud_key),
    },
    Check {
        rule: "mutable-image-push",
        run: CheckFn::Workflow(deploys::mutable_image),
    },
    Check {
        rule: "outdated-action-runtime",
        run: CheckFn::Workflow(workflow_versions::outdated),
    },
    Check {
        rule: "overprovisioned-secrets",
        run: CheckFn::Workflow(workflow_secrets::overprovisioned),
    },
    Check {
        rule: "persist-credentials",
        run: CheckFn::Workflow(workflow_trust::persist_credentials),
    },
    Check {
        rule: "pinned-action",
        run: CheckFn::Workflow(pinned_action::check),
    },
    Check {
        rule: "pinned-tool",
        run: CheckFn::Workflow(workflow_versions::tool),
    },
    Check {
        rule: "rollback-plan",
        run: CheckFn::Repository(deploys::rollback),
    },
    Check {
        rule: "runner-label",
        run: CheckFn::Workflow(runner_label::check),
    },
    Check {
        rule: "sbom-stage",
        run: CheckFn::Repository(stages::sbom),
    },
    Check {
        rule: "scan-stage",
        run: CheckFn::Repository(stages::scan),
    },
    Check {
        rule: "secret-printed",
        run: CheckFn::Workflow(workflow_secrets::printed),
    },
    Check {
        rule: "secret-scan-hook",
        run: CheckFn::Repository(stages::secret_scan),
    },
    Check {
        rule: "secrets-inherit",
        run: CheckFn::Workflow(workflow_secrets::inherit),
    },
    Check {
        rule: "self-hosted-runner",
        run: CheckFn::Workflow(workflow_trust::self_hosted),
    },
    Check {
        rule: "spoofable-actor",
        run: CheckFn::Workflow(workflow_trust::spoofable_actor),
    },
    Check {
        rule: "template-injection",
        run: CheckFn::Workflow(template_injection::check),
    },
    Check {
        rule: "test-stage",
        run: CheckFn::Repository(stages::test),
    },
    Check {
        rule: "undefined-context",
        run: CheckFn::Workflow(expressions::undefined_context),
    },
    Check {
        rule: "undefined-needs",
        run: CheckFn::Workflow(needs::undefined),
    },
    Check {
        rule: "unknown-workflow-key",
        run: CheckFn::Workflow(workflow_schema::unknown_key),
    },
    Check {
        rule: "unreachable-trigger",
        run: CheckFn::Workflow(gates::unreachable),
    },
    Check {
        rule: "unsecure-commands",
        run: CheckFn::Workflow(workflow_commands::unsecure),
    },
    Check {
        rule: "workflow-permissions",
        run: CheckFn::Workflow(workflow_permissions::check),
    },
];
