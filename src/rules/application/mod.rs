//! The repository as an application: API documents, logs, metrics, rate limits.

pub(crate) mod api_spec;
pub(crate) mod logs;
pub(crate) mod metrics;
pub(crate) mod rate_limit;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check::new("api-spec", CheckFn::Repository(api_spec::missing)),
    Check::new("invalid-api-spec", CheckFn::File(api_spec::invalid)),
    Check::new("log-aggregation", CheckFn::Repository(logs::aggregation)),
    Check::new("log-rotation", CheckFn::Repository(logs::rotation)),
    Check::new("metrics", CheckFn::Repository(metrics::check)),
    Check::new("rate-limit", CheckFn::Repository(rate_limit::check)),
];
