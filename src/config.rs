//! Policy: which rules speak, at what level, about which paths. Read from `deploylint.toml`; errors point into it.

use crate::catalog::{Format, Profile, Rule};
use crate::finding::Level;

/// The run's policy, flags applied.
#[derive(Clone, Debug)]
pub struct Config {
    pub profile: Profile,
}

impl Default for Config {
    fn default() -> Self {
        Self { profile: Profile::Recommended }
    }
}

impl Config {
    /// The level at which a finding of `rule` counts in the file `path`; `None` if it is not wanted there. `found` is the
    /// level that the check gave it.
    pub fn level(&self, rule: &Rule, format: Option<Format>, path: &str, found: Level) -> Option<Level> {
        let _ = path;
        rule.speaks(self.profile, format).then_some(found)
    }
}
