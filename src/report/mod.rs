//! Reports: what a run found, as text for people and as documents for machines.
//!
//! Reporters read an [`Outcome`] through a [`Report`] and return text; none does IO, and none
//! decides an exit code. Every text that came from a linted file passes through [`Secrets`] on its
//! way out.

pub mod concise;
pub mod explain;
pub mod fingerprint;
pub mod github;
pub mod human;
pub mod json;
pub mod sarif;
pub mod secrets;
pub mod summary;
mod window;

use secrets::Secrets;

use crate::engine::Outcome;
use crate::finding::{Finding, Level};
use crate::source::{FileId, Location, Position, SourceFile};

/// An outcome as one report shows it.
#[derive(Debug)]
pub struct Report<'o> {
    pub outcome: &'o Outcome,
    /// Those at or above the level asked for, in the outcome's order.
    pub findings: Vec<&'o Finding>,
    /// Of all findings.
    pub totals: Totals,
    pub min_level: Level,
    pub secrets: Secrets<'o>,
    /// From the git repository's root to the root of the run, empty or ending in `/`: for documents
    /// that others read against the repository.
    pub repository_prefix: String,
    /// From where the user stands to the root of the run, empty or ending in `/`: for the terminal.
    pub shown_prefix: String,
    /// How many paths the run was narrowed to; 0 for the whole repository.
    pub focused: usize,
}

/// How many findings there are at each level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub errors: usize,
    pub warnings: usize,
    pub notes: usize,
}

impl Totals {
    pub fn of<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Self {
        let mut totals = Self::default();

        for finding in findings {
            match finding.level {
                Level::Error => totals.errors += 1,
                Level::Warning => totals.warnings += 1,
                Level::Note => totals.notes += 1,
            }
        }

        totals
    }

    /// Findings at or above `level`.
    pub const fn at_least(self, level: Level) -> usize {
        match level {
            Level::Error => self.errors,
            Level::Warning => self.errors + self.warnings,
            Level::Note => self.errors + self.warnings + self.notes,
        }
    }
}

/// Where a span begins and ends, for people and editors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub start: Position,
    /// Just after the last character.
    pub end: Position,
}

impl<'o> Report<'o> {
    pub fn new(outcome: &'o Outcome, min_level: Level) -> Self {
        Self {
            outcome,
            findings: outcome
                .findings
                .iter()
                .filter(|finding| finding.level >= min_level)
                .collect(),
            totals: Totals::of(&outcome.findings),
            min_level,
            secrets: Secrets::new(outcome),
            repository_prefix: String::new(),
            shown_prefix: String::new(),
            focused: 0,
        }
    }

    pub fn source(&self, file: FileId) -> &'o SourceFile {
        &self.outcome.sources[file.0 as usize]
    }

    /// The file's path for somebody at the terminal.
    pub fn shown_path(&self, file: FileId) -> String {
        printable(&format!("{}{}", self.shown_prefix, self.source(file).path))
    }

    /// The file's path from the repository's root.
    pub fn repository_path(&self, file: FileId) -> String {
        format!("{}{}", self.repository_prefix, self.source(file).path)
    }

    pub fn range(&self, location: Location) -> Range {
        let source = self.source(location.file);
        let position = |offset| source.lines().position(offset, &source.text);
        let start = position(location.span.start);
        Range {
            start,
            end: if location.span.is_empty() {
                start
            } else {
                position(location.span.end)
            },
        }
    }

    /// Findings that a fix is known for.
    pub fn fixable(&self) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.fix.is_some())
            .count()
    }

    /// A text of a finding, fit to print: without secrets and without characters that steer a
    /// terminal.
    pub fn text(&self, text: &str) -> String {
        printable(&self.secrets.scrub(text))
    }

    /// The same on one line and of bounded length: messages quote what files say, which may be of
    /// any shape.
    pub fn line(&self, text: &str) -> String {
        one_line(self.text(text))
    }
}

/// The text with every character that would steer a terminal, or turn the reading direction around,
/// made visible. Line ends and tabs stay.
pub fn printable(text: &str) -> String {
    // Nearly every text is plain.
    if text
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t'))
    {
        return text.to_owned();
    }

    text.chars()
        .map(|char| if steers(char) { '\u{fffd}' } else { char })
        .collect()
}

/// Longest message, in characters.
const LONGEST_LINE: usize = 600;

fn one_line(text: String) -> String {
    let mut line = if text.contains(['\n', '\t']) {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    } else {
        text
    };

    if let Some((end, _)) = line.char_indices().nth(LONGEST_LINE) {
        line.truncate(end);
        line.push('…');
    }

    line
}

fn steers(char: char) -> bool {
    (char.is_control() && char != '\n' && char != '\t')
        || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// `1 error`, `2 errors`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {many}")
    }
}

#[cfg(test)]
pub mod sample;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_quotes_stays_on_one_line() {
        for (text, line) in [("a `b\n\n  c` d", "a `b c` d"), ("a  b", "a  b"), ("", "")] {
            assert_eq!(one_line(text.to_owned()), line);
        }

        assert_eq!(
            one_line("é".repeat(90_000)),
            format!("{}…", "é".repeat(LONGEST_LINE))
        );
    }
}
