//! Ignore rules: the patterns of one file, and the files that apply to a folder, nearest first.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The largest ignore file that is applied.
pub(super) const MAX_BYTES: u64 = 1024 * 1024;

/// The number of patterns of a file that may have wildcards beyond a leading `*.`. The memory of a
/// matcher grows with the product of the number and the total length. Further patterns are not
/// applied: too many files are read then, never too few.
const MAX_WILD: usize = 512;

/// The total length of such patterns in bytes.
const MAX_WILD_BYTES: usize = 16 * 1024;

/// Whether a path is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IgnoreVerdict {
    Ignored,
    /// A pattern with `!` matches.
    Kept,
    /// No pattern matches.
    Silent,
}

/// The rules that apply to a folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules(Option<Arc<Layer>>);

/// The rules of one file, and the rules of the folders above it.
#[derive(Debug)]
struct Layer {
    /// The folder that the patterns are relative to.
    base: PathBuf,
    patterns: Gitignore,
    above: Rules,
}

impl Rules {
    /// These rules, preceded by the rules of an ignore file with this `text` in the folder `base`.
    pub(super) fn with(&self, base: &Path, text: &[u8]) -> Self {
        let patterns = patterns(text);
        if patterns.is_empty() {
            return self.clone();
        }

        Self(Some(Arc::new(Layer {
            base: base.to_owned(),
            patterns,
            above: self.clone(),
        })))
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The verdict of the nearest file that has a pattern for the path.
    pub(super) fn verdict(&self, path: &Path, is_folder: bool) -> IgnoreVerdict {
        let mut rules = self;

        while let Some(layer) = &rules.0 {
            let inner = path.strip_prefix(&layer.base).unwrap_or(path);

            match layer.patterns.matched(inner, is_folder) {
                Match::Ignore(_) => return IgnoreVerdict::Ignored,
                Match::Whitelist(_) => return IgnoreVerdict::Kept,
                Match::None => rules = &layer.above,
            }
        }

        IgnoreVerdict::Silent
    }
}

fn patterns(text: &[u8]) -> Gitignore {
    let text = String::from_utf8_lossy(text);
    let mut builder = GitignoreBuilder::new("");
    let (mut wild, mut wild_bytes) = (0, 0);

    for line in text.strip_prefix('\u{feff}').unwrap_or(&text).lines() {
        if is_wild(line) {
            wild += 1;
            wild_bytes += line.len();
            if wild > MAX_WILD || wild_bytes > MAX_WILD_BYTES {
                continue;
            }
        }

        // A line that is not a pattern matches nothing, as in git.
        let _ = builder.add_line(None, line);
    }

    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// Whether a pattern needs more than a comparison of names and file extensions.
fn is_wild(line: &str) -> bool {
    let pattern = line.trim_start_matches(['!', '/']);
    let pattern = pattern.strip_prefix("*.").unwrap_or(pattern);
    !line.starts_with('#') && pattern.contains(['*', '?', '[', '{'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rule_decides() {
        let rules = Rules::default().with(Path::new(""), b"\xEF\xBB\xBF*.log\nbuild/\n/only\n");
        let inner = rules.with(Path::new("a"), b"!keep.log\n");
        for (rules, path, is_folder, expected) in [
            (&rules, "x.log", false, IgnoreVerdict::Ignored),
            (&rules, "a/keep.log", false, IgnoreVerdict::Ignored),
            (&inner, "a/keep.log", false, IgnoreVerdict::Kept),
            (&inner, "a/other.log", false, IgnoreVerdict::Ignored),
            (&rules, "build", true, IgnoreVerdict::Ignored),
            (&rules, "build", false, IgnoreVerdict::Silent),
            (&rules, "a/only", false, IgnoreVerdict::Silent),
        ] {
            assert_eq!(
                rules.verdict(Path::new(path), is_folder),
                expected,
                "{path}"
            );
        }

        assert!(rules.with(Path::new("a"), b"# nothing\n\n").0.unwrap().base == Path::new(""));
    }

    #[test]
    fn patterns_beyond_the_limit_are_not_applied() {
        let mut text = "a*b*c\n".repeat(MAX_WILD);
        text.push_str("x*y*z\nplain\n*.tmp\n");
        let rules = Rules::default().with(Path::new(""), text.as_bytes());
        for (path, expected) in [
            ("aXbXc", IgnoreVerdict::Ignored),
            ("xXyXz", IgnoreVerdict::Silent),
            ("plain", IgnoreVerdict::Ignored),
            ("a.tmp", IgnoreVerdict::Ignored),
        ] {
            assert_eq!(rules.verdict(Path::new(path), false), expected, "{path}");
        }
    }
}
