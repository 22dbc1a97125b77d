//! Env files, their examples, and variables that are undocumented or stale.

pub(crate) mod env_code;
pub(crate) mod env_example;
pub(crate) mod env_files;
pub(crate) mod stale_variable;

use crate::rules::check::{Check, Run};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check { rule: "env-example", run: Run::Repository(env_example::missing) },
    Check { rule: "env-file-committed", run: Run::File(env_files::committed) },
    Check { rule: "env-file-ignored", run: Run::Repository(env_files::ignored) },
    Check { rule: "live-example-value", run: Run::File(env_files::live) },
    Check { rule: "required-variable", run: Run::File(env_example::unguarded) },
    Check { rule: "stale-variable", run: Run::File(stale_variable::check) },
    Check { rule: "undocumented-variable", run: Run::Project(env_example::undocumented) },
    Check { rule: "undocumented-variable", run: Run::Repository(env_code::undocumented) },
];
