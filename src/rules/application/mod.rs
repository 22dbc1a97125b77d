//! The repository as an application: API documents, logs, metrics, rate limits.

pub(crate) mod api_spec;
pub(crate) mod logs;
pub(crate) mod metrics;
pub(crate) mod rate_limit;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check {
        rule: "api-spec",
        run: CheckFn::Repository(api_spec::missing),
    },
    Check {
        rule: "invalid-api-spec",
        run: CheckFn::File(api_spec::invalid),
    },
    Check {
        rule: "log-aggregation",
        run: CheckFn::Repository(logs::aggregation),
    },
    Check {
        rule: "log-rotation",
        run: CheckFn::Repository(logs::rotation),
    },
    Check {
        rule: "metrics",
        run: CheckFn::Repository(metrics::check),
    },
    Check {
        rule: "rate-limit",
        run: CheckFn::Repository(rate_limit::check),
    },
];
