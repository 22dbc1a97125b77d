//! Ignore rules: the patterns of one file, and the files that hold for a folder, nearest first.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The largest ignore file that is applied.
pub(super) const MAX_BYTES: u64 = 1024 * 1024;

/// How many patterns of a file may hold wildcards beyond a leading `*.`, and how long they may be
/// together. A matcher's memory grows with the product of both. What is beyond is not applied: too
/// much is then read, never too little.
const MAX_WILD: usize = 512;
const MAX_WILD_BYTES: usize = 16 * 1024;

/// What rules say of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Ignored,
    /// A pattern with `!`.
    Kept,
    /// No pattern matches.
    Silent,
}

/// The rules that hold for a folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules(Option<Arc<Layer>>);

/// The rules of one file, and those of the folders above it.
#[derive(Debug)]
struct Layer {
    /// The folder that the patterns are relative to.
    base: PathBuf,
    patterns: Gitignore,
    above: Rules,
}

impl Rules {
    /// These rules, with those of the file `text` in the folder `base` before them.
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

    /// What the nearest file that mentions the path says of it.
    pub(super) fn verdict(&self, path: &Path, is_folder: bool) -> Verdict {
        let mut rules = self;

        while let Some(layer) = &rules.0 {
            let inner = path.strip_prefix(&layer.base).unwrap_or(path);

            match layer.patterns.matched(inner, is_folder) {
                Match::Ignore(_) => return Verdict::Ignored,
                Match::Whitelist(_) => return Verdict::Kept,
                Match::None => rules = &layer.above,
            }
        }

        Verdict::Silent
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
        // A line that is not a pattern matches nothing, as git has it.
        let _ = builder.add_line(None, line);
    }

    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// Whether a pattern needs more than a comparison of names and endings.
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
            (&rules, "x.log", false, Verdict::Ignored),
            (&rules, "a/keep.log", false, Verdict::Ignored),
            (&inner, "a/keep.log", false, Verdict::Kept),
            (&inner, "a/other.log", false, Verdict::Ignored),
            (&rules, "build", true, Verdict::Ignored),
            (&rules, "build", false, Verdict::Silent),
            (&rules, "a/only", false, Verdict::Silent),
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
            ("aXbXc", Verdict::Ignored),
            ("xXyXz", Verdict::Silent),
            ("plain", Verdict::Ignored),
            ("a.tmp", Verdict::Ignored),
        ] {
            assert_eq!(rules.verdict(Path::new(path), false), expected, "{path}");
        }
    }
}
