//! What the exit codes mean.

/// Nothing at or above `--fail-on`.
pub const CLEAN: u8 = 0;
/// Findings at or above `--fail-on`.
pub const FINDINGS: u8 = 1;
/// The run itself failed.
pub const FAILED: u8 = 2;
