//! The policy of a run: which rules report, at which level, and about which paths.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ignore::gitignore::Gitignore;
use serde::Deserialize;

use super::attest::Attestation;
use crate::catalog::{self, Format, Profile, Rule};
use crate::finding::Level;
use crate::model::file_role::Role;
use crate::suggest;

/// Rules about the run itself, which no policy can disable.
const ALWAYS_ON: [&str; 2] = ["internal-error", "unreadable-file"];

/// The policy of a run, after the flags.
#[derive(Clone, Debug)]
pub struct Config {
    pub profile: Profile,
    /// If there are any, only these rules and checklist items report, whatever the profile.
    pub select: Vec<String>,
    /// Disabled rules and checklist items.
    pub ignore: Vec<String>,
    /// By rule or checklist item.
    pub levels: Levels,
    /// Policies for some paths only; later ones win.
    pub paths: Vec<PathPolicy>,
    /// The roles of some paths; later ones win.
    pub roles: Vec<(Globs, Role)>,
    /// Paths that are not read at all.
    pub exclude: Globs,
    /// Fingerprints of secrets that are not reported.
    pub allowed_secrets: Vec<String>,
    /// The minimum level that reports show.
    pub min_level: Level,
    pub fail_on: FailOn,
    /// What people vouch for, by the name of the item or part.
    pub attestations: BTreeMap<String, Attestation>,
    /// The file that this was read from, for `--verbose`.
    pub file: Option<PathBuf>,
    /// Path from the configuration's folder to the root of the run, empty or ending in `/`: globs
    /// are relative to the former, findings to the latter.
    pub prefix: String,
}

/// A level that a rule or checklist item is set to.
pub type Levels = BTreeMap<String, LevelSetting>;

/// The level that a rule is set to, or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LevelSetting {
    Off,
    Note,
    Warning,
    Error,
}

impl LevelSetting {
    const fn level(self) -> Option<Level> {
        match self {
            LevelSetting::Off => None,
            LevelSetting::Note => Some(Level::Note),
            LevelSetting::Warning => Some(Level::Warning),
            LevelSetting::Error => Some(Level::Error),
        }
    }
}

/// The minimum level of the findings that make the run exit with 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    Never,
    AtLeast(Level),
}

/// `[[paths]]`: a policy for the files that its globs match.
#[derive(Clone, Debug)]
pub struct PathPolicy {
    pub globs: Globs,
    pub ignore: Vec<String>,
    pub levels: Levels,
}

/// Patterns as `.gitignore` writes them.
#[derive(Clone, Debug)]
pub struct Globs(pub(super) Gitignore);

impl Globs {
    pub fn none() -> Self {
        Self(Gitignore::empty())
    }

    /// Whether the path, or a folder above it, is matched. `path` has no leading `/`.
    pub fn matches(&self, path: &str) -> bool {
        !self.0.is_empty() && self.0.matched_path_or_any_parents(path, false).is_ignore()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            profile: Profile::Recommended,
            select: Vec::new(),
            ignore: Vec::new(),
            levels: Levels::new(),
            paths: Vec::new(),
            roles: Vec::new(),
            exclude: Globs::none(),
            allowed_secrets: Vec::new(),
            min_level: Level::Warning,
            fail_on: FailOn::AtLeast(Level::Error),
            attestations: BTreeMap::new(),
            file: None,
            prefix: String::new(),
        }
    }
}

impl Config {
    /// The level of a finding of `rule` in the file `path`; `None` if it is not reported there.
    /// `default` is its level without a configuration.
    pub fn level(
        &self,
        rule: &Rule,
        format: Option<Format>,
        path: &str,
        default: Level,
    ) -> Option<Level> {
        if ALWAYS_ON.contains(&rule.name) {
            return Some(default);
        }

        let selected = contains(&self.select, rule);
        if (!self.select.is_empty() && !selected) || contains(&self.ignore, rule) {
            return None;
        }

        let mut setting = level_setting(&self.levels, rule);

        if !self.paths.is_empty() {
            let path = format!("{}{path}", self.prefix);
            for policy in self
                .paths
                .iter()
                .filter(|policy| policy.globs.matches(&path))
            {
                if contains(&policy.ignore, rule) {
                    return None;
                }

                setting = level_setting(&policy.levels, rule).or(setting);
            }
        }

        match setting {
            Some(setting) => setting.level(),
            None if selected || rule.applies_to(self.profile, format) => Some(default),
            None => None,
        }
    }

    /// What the configuration says that a file is for. `path` is relative to the root of the run.
    pub fn role(&self, path: &str) -> Option<Role> {
        if self.roles.is_empty() {
            return None;
        }

        let path = format!("{}{path}", self.prefix);
        let mut roles = self.roles.iter().rev();

        roles
            .find(|(globs, _)| globs.matches(&path))
            .map(|(_, role)| *role)
    }

    /// Whether a path is not read. `path` is relative to the root of the run.
    pub fn excluded(&self, path: &str) -> bool {
        self.exclude.matches(&format!("{}{path}", self.prefix))
    }
}

fn contains(list: &[String], rule: &Rule) -> bool {
    list.iter()
        .any(|name| name == rule.name || *name == rule.item)
}

/// The level that a rule is set to; its own entry wins over its checklist item's.
fn level_setting(levels: &Levels, rule: &Rule) -> Option<LevelSetting> {
    levels
        .get(rule.name)
        .or_else(|| levels.get(&rule.item))
        .copied()
}

/// Whether a rule or a checklist item has this name.
pub fn is_known_rule(name: &str) -> bool {
    catalog::rules()
        .iter()
        .any(|rule| rule.name == name || rule.item == name)
}

/// The rule or checklist item with the most similar name.
pub fn similar_rule(name: &str) -> Option<&'static str> {
    let rules = catalog::rules();
    suggest::nearest(
        name,
        rules
            .iter()
            .flat_map(|rule| [rule.name, rule.item.as_str()]),
    )
}
