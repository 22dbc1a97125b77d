//! What the compose specification, the Kubernetes API and GitHub refuse, and syntax errors.

pub(crate) mod compose_config;
pub(crate) mod compose_conflicts;
pub(crate) mod compose_form;
pub(crate) mod compose_schema;
pub(crate) mod compose_words;
pub(crate) mod ignored_setting;
pub(crate) mod kube_values;
pub(crate) mod kustomization;
pub(crate) mod objects;
pub(crate) mod syntax_error;
pub(crate) mod workflow_schema;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check::new("broken-kustomization", CheckFn::File(kustomization::broken)),
    Check::new(
        "build-and-image",
        CheckFn::Service(compose_form::build_and_image),
    ),
    Check::new("deprecated-api", CheckFn::Object(objects::deprecated)),
    Check::new("duplicate-env", CheckFn::Container(objects::duplicate_env)),
    Check::new(
        "explicit-namespace",
        CheckFn::Repository(objects::namespace),
    ),
    Check::new("ignored-setting", CheckFn::Project(ignored_setting::check)),
    Check::new(
        "image-pull-policy",
        CheckFn::Container(objects::pull_policy),
    ),
    Check::new(
        "invalid-value",
        CheckFn::File(compose_config::health_check_form),
    ),
    Check::new("invalid-value", CheckFn::File(compose_conflicts::file)),
    Check::new(
        "invalid-value",
        CheckFn::File(compose_schema::invalid_value),
    ),
    Check::new("invalid-value", CheckFn::File(compose_words::check)),
    Check::new("invalid-value", CheckFn::Object(kube_values::object)),
    Check::new("invalid-value", CheckFn::Project(compose_config::cycles)),
    Check::new(
        "invalid-value",
        CheckFn::Project(compose_conflicts::definitions),
    ),
    Check::new("invalid-value", CheckFn::Service(compose_config::service)),
    Check::new(
        "invalid-value",
        CheckFn::Service(compose_conflicts::service),
    ),
    Check::new("invalid-value", CheckFn::Workload(kube_values::mounts)),
    Check::new(
        "invalid-workflow",
        CheckFn::Workflow(workflow_schema::invalid),
    ),
    Check::new("job-limits", CheckFn::Workload(objects::job_limits)),
    Check::new(
        "misplaced-field",
        CheckFn::Object(kube_values::misplaced_field),
    ),
    Check::new("naked-pod", CheckFn::Workload(objects::naked_pod)),
    Check::new(
        "obsolete-version",
        CheckFn::File(compose_form::obsolete_version),
    ),
    Check::new("quoted-port", CheckFn::File(compose_form::quoted_port)),
    Check::new("selector-mismatch", CheckFn::Workload(objects::selector)),
    Check::new("syntax-error", CheckFn::File(syntax_error::check)),
    Check::new("unknown-field", CheckFn::Object(kube_values::unknown_field)),
    Check::new("unknown-key", CheckFn::File(compose_schema::unknown_key)),
    Check::new(
        "unknown-workflow-key",
        CheckFn::Workflow(workflow_schema::unknown_key),
    ),
    Check::new(
        "unmatched-patch",
        CheckFn::File(kustomization::unmatched_patch),
    ),
];
