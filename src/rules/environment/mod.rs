//! Env files, their examples, and variables that are undocumented or stale.

pub(crate) mod env_code;
pub(crate) mod env_example;
pub(crate) mod env_files;
pub(crate) mod stale_variable;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check {
        rule: "env-example",
        run: CheckFn::Repository(env_example::missing),
    },
    Check {
        rule: "env-file-committed",
        run: CheckFn::File(env_files::committed),
    },
    Check {
        rule: "env-file-ignored",
        run: CheckFn::Repository(env_files::ignored),
    },
    Check {
        rule: "live-example-value",
        run: CheckFn::File(env_files::live),
    },
    Check {
        rule: "required-variable",
        run: CheckFn::File(env_example::unguarded),
    },
    Check {
        rule: "stale-variable",
        run: CheckFn::File(stale_variable::check),
    },
    Check {
        rule: "undocumented-variable",
        run: CheckFn::Project(env_example::undocumented),
    },
    Check {
        rule: "undocumented-variable",
        run: CheckFn::Repository(env_code::undocumented),
    },
];
