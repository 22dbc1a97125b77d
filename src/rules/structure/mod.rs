//! What the compose specification and the Kubernetes API refuse, and syntax errors.

pub(crate) mod compose_config;
pub(crate) mod compose_conflicts;
pub(crate) mod compose_form;
pub(crate) mod compose_schema;
pub(crate) mod objects;
pub(crate) mod syntax_error;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check {
        rule: "build-and-image",
        run: CheckFn::Service(compose_form::build_and_image),
    },
    Check {
        rule: "deprecated-api",
        run: CheckFn::Object(objects::deprecated),
    },
    Check {
        rule: "duplicate-env",
        run: CheckFn::Container(objects::duplicate_env),
    },
    Check {
        rule: "explicit-namespace",
        run: CheckFn::Repository(objects::namespace),
    },
    Check {
        rule: "image-pull-policy",
        run: CheckFn::Container(objects::pull_policy),
    },
    Check {
        rule: "invalid-value",
        run: CheckFn::File(compose_config::check_words),
    },
    Check {
        rule: "invalid-value",
        run: CheckFn::File(compose_conflicts::file),
    },
    Check {
        rule: "invalid-value",
        run: CheckFn::File(compose_schema::invalid_value),
    },
    Check {
        rule: "invalid-value",
        run: CheckFn::Project(compose_config::cycles),
    },
    Check {
        rule: "invalid-value",
        run: CheckFn::Project(compose_conflicts::definitions),
    },
    Check {
        rule: "invalid-value",
        run: CheckFn::Service(compose_config::service),
    },
    Check {
        rule: "invalid-value",
        run: CheckFn::Service(compose_conflicts::service),
    },
    Check {
        rule: "job-limits",
        run: CheckFn::Workload(objects::job_limits),
    },
    Check {
        rule: "naked-pod",
        run: CheckFn::Workload(objects::naked_pod),
    },
    Check {
        rule: "obsolete-version",
        run: CheckFn::File(compose_form::obsolete_version),
    },
    Check {
        rule: "quoted-port",
        run: CheckFn::File(compose_form::quoted_port),
    },
    Check {
        rule: "selector-mismatch",
        run: CheckFn::Workload(objects::selector),
    },
    Check {
        rule: "syntax-error",
        run: CheckFn::File(syntax_error::check),
    },
    Check {
        rule: "unknown-key",
        run: CheckFn::File(compose_schema::unknown_key),
    },
];
