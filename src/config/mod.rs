//! Policy: which rules speak, at what level, about which paths. Read from `deploylint.toml`; errors
//! point into it.
//!
//! Flags win over the file. Nothing here looks at findings' texts or at sources.

mod file;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ignore::gitignore::Gitignore;
use serde::Deserialize;

use crate::catalog::{self, Format, Profile, Rule};
use crate::finding::{Finding, Level};
use crate::git;
use crate::input::{self, Root, Unread};
use crate::source::{FileId, SourceFile};
use crate::suggest;
use crate::syntax::decode::decode;

/// Where a folder's configuration may stand, the first one found wins.
pub const FILES: [&str; 3] = [
    "deploylint.toml",
    ".github/deploylint.toml",
    ".config/deploylint.toml",
];

/// Rules about the run itself: no policy can silence them.
const ALWAYS: [&str; 2] = ["internal-error", "unreadable-file"];

/// The run's policy, flags applied.
#[derive(Clone, Debug)]
pub struct Config {
    pub profile: Profile,
    /// If there are any, only these rules and checklist items speak, whatever the profile.
    pub select: Vec<String>,
    /// These rules and checklist items are silent.
    pub ignore: Vec<String>,
    /// By rule or checklist item.
    pub levels: Levels,
    /// What holds for some paths only; later ones win.
    pub paths: Vec<PathPolicy>,
    /// Paths that are not read at all.
    pub exclude: Globs,
    /// The mildest level that reports show.
    pub min_level: Level,
    pub fail_on: FailOn,
    /// The file that this was read from, for `--verbose`.
    pub file: Option<PathBuf>,
    /// Path from the configuration's folder to the root of the run, empty or ending in `/`: globs
    /// are relative to the former, findings to the latter.
    pub prefix: String,
}

/// A level that a rule or checklist item is set to.
pub type Levels = BTreeMap<String, Setting>;

/// What a level may be set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Setting {
    Off,
    Note,
    Warning,
    Error,
}

impl Setting {
    const fn level(self) -> Option<Level> {
        match self {
            Setting::Off => None,
            Setting::Note => Some(Level::Note),
            Setting::Warning => Some(Level::Warning),
            Setting::Error => Some(Level::Error),
        }
    }
}

/// The mildest finding that makes the run exit with 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    Never,
    AtLeast(Level),
}

/// `[[paths]]`: what holds for the files that its globs match.
#[derive(Clone, Debug)]
pub struct PathPolicy {
    pub globs: Globs,
    pub ignore: Vec<String>,
    pub levels: Levels,
}

/// Patterns as `.gitignore` writes them.
#[derive(Clone, Debug)]
pub struct Globs(Gitignore);

impl Globs {
    pub fn none() -> Self {
        Self(Gitignore::empty())
    }

    /// Whether the path, or a folder above it, is matched. `path` has no leading `/`.
    pub fn matches(&self, path: &str) -> bool {
        !self.0.is_empty() && self.0.matched_path_or_any_parents(path, false).is_ignore()
    }
}

/// A configuration file that cannot be used: what is wrong with it, as findings in its own text.
#[derive(Debug)]
pub struct Broken {
    pub source: SourceFile,
    pub problems: Vec<Finding>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            profile: Profile::Recommended,
            select: Vec::new(),
            ignore: Vec::new(),
            levels: Levels::new(),
            paths: Vec::new(),
            exclude: Globs::none(),
            min_level: Level::Warning,
            fail_on: FailOn::AtLeast(Level::Error),
            file: None,
            prefix: String::new(),
        }
    }
}

impl Config {
    /// Reads a configuration. `path` is how the file is named to the user.
    pub fn parse(path: &str, text: &str) -> Result<Self, Broken> {
        file::parse(text).map_err(|problems| Broken {
            source: SourceFile::new(FileId(0), path, text),
            problems: problems.into_iter().map(file::Problem::finding).collect(),
        })
    }

    /// The level at which a finding of `rule` counts in the file `path`; `None` if it is not wanted
    /// there. `found` is the level that the check gave it.
    pub fn level(
        &self,
        rule: &Rule,
        format: Option<Format>,
        path: &str,
        found: Level,
    ) -> Option<Level> {
        if ALWAYS.contains(&rule.name) {
            return Some(found);
        }

        let selected = names(&self.select, rule);
        if (!self.select.is_empty() && !selected) || names(&self.ignore, rule) {
            return None;
        }

        let mut set = set_level(&self.levels, rule);

        if !self.paths.is_empty() {
            let path = format!("{}{path}", self.prefix);
            for policy in self
                .paths
                .iter()
                .filter(|policy| policy.globs.matches(&path))
            {
                if names(&policy.ignore, rule) {
                    return None;
                }

                set = set_level(&policy.levels, rule).or(set);
            }
        }

        match set {
            Some(setting) => setting.level(),
            None => (selected || rule.applies_to(self.profile, format)).then_some(found),
        }
    }

    /// Whether a path is not to be read. `path` is relative to the root of the run.
    pub fn excluded(&self, path: &str) -> bool {
        self.exclude.matches(&format!("{}{path}", self.prefix))
    }
}

fn names(list: &[String], rule: &Rule) -> bool {
    list.iter()
        .any(|name| name == rule.name || *name == rule.item)
}

/// A rule's own entry wins over its checklist item's.
fn set_level(levels: &Levels, rule: &Rule) -> Option<Setting> {
    levels
        .get(rule.name)
        .or_else(|| levels.get(&rule.item))
        .copied()
}

/// A configuration file, and the folder that its links must not lead out of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub path: PathBuf,
    inside: PathBuf,
}

/// The configuration file that holds for a root, and those that were passed over, each with the
/// reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    pub found: Option<Found>,
    pub passed_over: Vec<(PathBuf, &'static str)>,
    /// One that was meant and must not be read: linting without it would be linting by another
    /// policy.
    pub refused: Option<PathBuf>,
}

/// The configuration file that holds for `root`: in it or in a folder above it, up to the
/// repository's root. Without a repository, those above count only if nobody else can have put them
/// there.
pub fn discover(root: &Path) -> Discovery {
    let top = git::top(root);
    let mut discovery = Discovery::default();

    for folder in root.ancestors() {
        for path in FILES.map(|name| folder.join(name)) {
            if fs::symlink_metadata(&path).is_err() {
                continue;
            }

            let inside = top.unwrap_or(folder);
            let trust = (top.is_none() && folder != root).then_some(root);

            match judge(&path, inside, trust) {
                Verdict::Taken => {
                    discovery.found = Some(Found {
                        path,
                        inside: inside.to_owned(),
                    });

                    return discovery;
                }
                Verdict::LeadsOut => {
                    discovery.refused = Some(path);
                    return discovery;
                }
                Verdict::PassedOver(reason) => discovery.passed_over.push((path, reason)),
            }
        }

        if top == Some(folder) {
            break;
        }
    }

    discovery
}

/// Whether a file is taken for a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Taken,
    /// A link to a file that is not in the repository.
    LeadsOut,
    PassedOver(&'static str),
}

/// `trust` is what the user named, where the owner of the file matters.
fn judge(path: &Path, inside: &Path, trust: Option<&Path>) -> Verdict {
    if let Some(named) = trust {
        let mut above = path
            .ancestors()
            .take_while(|above| above.starts_with(inside));
        if !above.all(|above| input::is_trusted(above, named)) {
            return Verdict::PassedOver("other users can write to it or to its folder");
        }
    }

    match path.canonicalize() {
        Err(_) => Verdict::PassedOver("it is a link that leads nowhere"),
        Ok(real) if !real.is_file() => Verdict::PassedOver("it is not a regular file"),
        Ok(real) if !real.starts_with(inside) => Verdict::LeadsOut,
        Ok(_) => Verdict::Taken,
    }
}

/// Reads a configuration for a run over `root`. The outer error is one of reading.
pub fn load(found: &Found, root: &Path) -> Result<Result<Config, Broken>, String> {
    let inside = Root::open(&found.inside).map_err(|error| input::plain(&error))?;
    let inner = found
        .path
        .strip_prefix(&found.inside)
        .unwrap_or(&found.path);
    let bytes = inside.read(&inside.resolve(inner).unwrap_or_default(), input::MAX_BYTES);

    parse_bytes(bytes, &found.path, root)
}

/// Reads the configuration that the user names.
pub fn load_named(path: &Path, root: &Path) -> Result<Result<Config, Broken>, String> {
    parse_bytes(input::read_named(path, input::MAX_BYTES), path, root)
}

fn parse_bytes(
    bytes: Result<Vec<u8>, Unread>,
    path: &Path,
    root: &Path,
) -> Result<Result<Config, Broken>, String> {
    let text =
        decode(bytes.map_err(|unread| unread.reason())?).map_err(|error| error.to_string())?;
    let folder = path.parent().map(|folder| {
        if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        }
    });

    let folder = folder
        .and_then(|folder| folder.canonicalize().ok())
        .unwrap_or_default();
    let base = if FILES[1..].iter().any(|name| path.ends_with(name)) {
        folder.parent().map(Path::to_owned).unwrap_or_default()
    } else {
        folder
    };

    let shown = input::shown(path.strip_prefix(root).unwrap_or(path));
    Ok(Config::parse(&shown, &text).map(|mut config| {
        config.file = Some(path.to_owned());
        config.prefix = root
            .strip_prefix(&base)
            .map_or_else(|_| String::new(), folder_prefix);
        config
    }))
}

fn folder_prefix(path: &Path) -> String {
    let text = input::shown(path);
    if text.is_empty() {
        text
    } else {
        format!("{text}/")
    }
}

/// Whether a rule or a checklist item has this name.
pub fn known(name: &str) -> bool {
    catalog::rules()
        .iter()
        .any(|rule| rule.name == name || rule.item == name)
}

/// The rule or checklist item that was probably meant.
pub fn meant(name: &str) -> Option<&'static str> {
    let rules = catalog::rules();
    suggest::nearest(
        name,
        rules
            .iter()
            .flat_map(|rule| [rule.name, rule.item.as_str()]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(config: &str, rule: &str, path: &str) -> Option<Level> {
        let config = Config::parse("deploylint.toml", config).unwrap();
        let rule = catalog::rule(rule).unwrap();
        config.level(rule, None, path, rule.level)
    }

    #[test]
    fn rules_speak_as_configured() {
        for (config, rule, path, expected) in [
            ("", "unused-suppression", "a", Some(Level::Warning)),
            ("", "unexplained-suppression", "a", None),
            (
                "profile = 'strict'",
                "unexplained-suppression",
                "a",
                Some(Level::Note),
            ),
            (
                "select = ['unexplained-suppression']",
                "unexplained-suppression",
                "a",
                Some(Level::Note),
            ),
            (
                "select = ['unexplained-suppression']",
                "unused-suppression",
                "a",
                None,
            ),
            ("ignore = ['tool']", "unused-suppression", "a", None),
            (
                "levels.unused-suppression = 'error'",
                "unused-suppression",
                "a",
                Some(Level::Error),
            ),
            (
                "levels.unused-suppression = 'off'",
                "unused-suppression",
                "a",
                None,
            ),
            (
                "levels = { tool = 'note', unused-suppression = 'error' }",
                "unused-suppression",
                "a",
                Some(Level::Error),
            ),
            (
                "[[paths]]\nglobs = 'dev/'\nignore = ['unused-suppression']",
                "unused-suppression",
                "dev/a/b",
                None,
            ),
            (
                "[[paths]]\nglobs = 'dev/'\nignore = ['tool']",
                "unused-suppression",
                "a",
                Some(Level::Warning),
            ),
            (
                "levels.tool = 'note'\n[[paths]]\nglobs = ['*.yaml']\nlevels.tool = 'error'",
                "unused-suppression",
                "k8s/a.yaml",
                Some(Level::Error),
            ),
            (
                "select = ['unknown-rule']",
                "internal-error",
                "a",
                Some(Level::Error),
            ),
        ] {
            assert_eq!(
                level(config, rule, path),
                expected,
                "{config} for {rule} in {path}"
            );
        }
    }

    #[test]
    fn excludes_below_the_folder_of_the_file() {
        let mut config = Config::parse(
            "deploylint.toml",
            "exclude = ['services/*/testdata', '!services/a/testdata']",
        )
        .unwrap();
        assert!(config.excluded("services/b/testdata/Dockerfile"));
        assert!(!config.excluded("services/a/testdata/Dockerfile"));
        config.prefix = "services/b/".to_owned();
        assert!(config.excluded("testdata/Dockerfile"));
    }
}
