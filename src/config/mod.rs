//! The configuration: which rules report, at which level, and about which paths. Read from
//! `deploylint.toml`; errors point into it.
//!
//! Flags win over the file. Nothing here reads findings or sources.

mod attest;
mod discover;
mod file;
mod policy;

use std::path::{Path, PathBuf};

use crate::finding::Finding;
use crate::input::{self, Root, Unread};
use crate::source::{FileId, SourceFile};
use crate::syntax::decode::decode;

pub(crate) use attest::Attestation;
pub(crate) use discover::{ConfigFile, FILES, discover};
pub use policy::{
    Config, FailOn, Globs, LevelSetting, Levels, PathPolicy, is_known_rule, similar_rule,
};

/// A configuration file that cannot be used: what is wrong with it, as findings in its own text.
#[derive(Debug)]
pub struct Broken {
    pub source: SourceFile,
    pub problems: Vec<Finding>,
}

impl Config {
    /// Reads a configuration. `path` is how the file is named to the user.
    pub fn parse(path: &str, text: &str) -> Result<Self, Broken> {
        file::parse(text).map_err(|problems| Broken {
            source: SourceFile::new(FileId(0), path, text),
            problems: problems.into_iter().map(file::Problem::finding).collect(),
        })
    }
}

/// Reads a configuration for a run over `root`. The outer error is one of reading.
pub(crate) fn load(file: &ConfigFile, root: &Path) -> Result<Result<Config, Broken>, String> {
    let inside = Root::open(&file.inside).map_err(|error| input::plain(&error))?;
    let inner = file.path.strip_prefix(&file.inside).unwrap_or(&file.path);
    let bytes = inside.read(&inside.resolve(inner).unwrap_or_default(), input::MAX_BYTES);

    parse_bytes(bytes, &file.path, root)
}

/// Reads the configuration that the user names.
pub(crate) fn load_named(path: &Path, root: &Path) -> Result<Result<Config, Broken>, String> {
    parse_bytes(input::read_named(path, input::MAX_BYTES), path, root)
}

fn parse_bytes(
    bytes: Result<Vec<u8>, Unread>,
    path: &Path,
    root: &Path,
) -> Result<Result<Config, Broken>, String> {
    let text =
        decode(bytes.map_err(|unread| unread.reason())?).map_err(|error| error.to_string())?;
    let shown = input::shown(path.strip_prefix(root).unwrap_or(path));

    Ok(Config::parse(&shown, &text).map(|config| Config {
        file: Some(path.to_owned()),
        prefix: root
            .strip_prefix(base_folder(path))
            .map_or_else(|_| String::new(), folder_prefix),
        ..config
    }))
}

/// The folder that globs of a configuration are relative to.
fn base_folder(path: &Path) -> PathBuf {
    let parent = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return PathBuf::new(),
    };
    let folder = parent.canonicalize().unwrap_or_default();

    // `.github` and `.config` are in the folder that they configure.
    if FILES[1..].iter().any(|name| path.ends_with(name)) {
        folder.parent().map(Path::to_owned).unwrap_or_default()
    } else {
        folder
    }
}

fn folder_prefix(path: &Path) -> String {
    let text = input::shown(path);
    if text.is_empty() {
        text
    } else {
        format!("{text}/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;
    use crate::finding::Level;

    fn level(config: &str, rule: &str, path: &str) -> Option<Level> {
        let config = Config::parse("deploylint.toml", config).unwrap();
        let rule = catalog::rule(rule).unwrap();
        config.level(rule, None, path, rule.level)
    }

    #[test]
    fn rules_report_as_configured() {
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
