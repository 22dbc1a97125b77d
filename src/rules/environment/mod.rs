//! Env files, their examples, and variables that are undocumented or stale.

pub(crate) mod env_code;
pub(crate) mod env_example;
pub(crate) mod env_files;
pub(crate) mod stale_variable;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check::new("env-example", CheckFn::Repository(env_example::missing)),
    Check::new("env-file-committed", CheckFn::File(env_files::committed)),
    Check::new("env-file-ignored", CheckFn::Repository(env_files::ignored)),
    Check::new("live-example-value", CheckFn::File(env_files::live)),
    Check::new("required-variable", CheckFn::File(env_example::unguarded)),
    Check::new("stale-variable", CheckFn::File(stale_variable::check)),
    Check::new(
        "undocumented-variable",
        CheckFn::Project(env_example::undocumented),
    ),
    Check::new(
        "undocumented-variable",
        CheckFn::Repository(env_code::undocumented),
    ),
];
