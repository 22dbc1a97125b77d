//! Reports: what a run found, as text for people and as documents for machines.
//!
//! Reporters read an [`Outcome`] through a [`Report`] and return text; none does IO, and none
//! decides an exit code. Every text that came from a linted file passes through [`SecretFilter`] on
//! its way out.

pub mod concise;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod facts;
pub mod fingerprint;
pub mod github;
pub mod human;
pub mod json;
pub mod sarif;
pub(crate) mod secrets;
mod shown;
pub mod style;
pub mod summary;
mod window;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, OnceLock};

use secrets::SecretFilter;
pub(crate) use shown::{harmless, printable, shown};
use shown::{one_line, path_line, quotes_on_one_line, steers, without_commands};

use crate::edit::Applicability;
use crate::engine::Outcome;
use crate::fence::isolate;
use crate::finding::{Finding, Level};
use crate::source::{FileId, Location, Position, SourceFile};

/// An outcome as one report shows it.
#[derive(Debug)]
pub struct Report<'o> {
    pub outcome: &'o Outcome,
    /// Those at or above the minimum level, in the outcome's order.
    pub findings: Vec<&'o Finding>,
    /// Of all findings.
    pub totals: Totals,
    pub min_level: Level,
    pub secrets: SecretFilter<'o>,
    /// From the git repository's root to the root of the run, empty or ending in `/`: for documents
    /// that others read against the repository.
    pub repository_prefix: String,
    /// From the current folder to the root of the run, empty or ending in `/`: for the terminal.
    pub shown_prefix: String,
    /// How many paths the run was narrowed to; 0 for the whole repository.
    pub focused: usize,
    /// A finding could not be shown.
    failed: AtomicBool,
    /// The paths of the files from the root of the run, fit to print, as far as they were asked for.
    paths: Vec<OnceLock<String>>,
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
            secrets: SecretFilter::new(outcome),
            repository_prefix: String::new(),
            shown_prefix: String::new(),
            focused: 0,
            failed: AtomicBool::new(false),
            paths: outcome.sources.iter().map(|_| OnceLock::new()).collect(),
        }
    }

    pub fn source(&self, file: FileId) -> &'o SourceFile {
        /// For findings about a run without files.
        static NOTHING: LazyLock<SourceFile> =
            LazyLock::new(|| SourceFile::new(FileId(u32::MAX), "", ""));
        self.outcome
            .sources
            .get(file.0 as usize)
            .unwrap_or(&NOTHING)
    }

    /// The file's path for the terminal.
    pub fn shown_path(&self, file: FileId) -> String {
        self.path_below(&self.shown_prefix, file)
    }

    /// A path from the root of the run, for the terminal.
    pub fn shown_path_of(&self, path: &str) -> String {
        self.path(&format!("{}{path}", self.shown_prefix))
    }

    /// The file's path from the repository's root.
    pub fn repository_path(&self, file: FileId) -> String {
        self.path_below(&self.repository_prefix, file)
    }

    /// The file's path from the root of the run.
    pub fn path_in_root(&self, file: FileId) -> String {
        let path = &self.source(file).path;

        // Findings and what is related to them name the same files again and again.
        match self.paths.get(file.0 as usize) {
            Some(cell) => cell.get_or_init(|| self.path(path)).clone(),
            None => self.path(path),
        }
    }

    /// The root of the run.
    pub fn root(&self) -> String {
        let root: &Path = &self.outcome.root;
        self.path(&root.to_string_lossy())
    }

    fn path_below(&self, prefix: &str, file: FileId) -> String {
        if prefix.is_empty() {
            return self.path_in_root(file);
        }

        self.path(&format!("{prefix}{}", self.source(file).path))
    }

    fn path(&self, path: &str) -> String {
        path_line(&self.secrets.scrub(path))
    }

    pub fn range(&self, location: Location) -> Range {
        let source = self.source(location.file);
        let start = source.lines().position(location.span.start, &source.text);
        let end = if location.span.is_empty() {
            start
        } else {
            source.lines().position(location.span.end, &source.text)
        };

        Range { start, end }
    }

    /// How many findings have a fix that is at least as safe as asked for.
    pub fn fixable(&self, least: Applicability) -> usize {
        let fixes = self
            .findings
            .iter()
            .filter_map(|finding| finding.fix.as_ref());

        fixes.filter(|fix| fix.applicability <= least).count()
    }

    /// A text of a finding, fit to print: without secrets, without characters that steer a
    /// terminal, and without a line that is a command for a runner.
    pub fn text(&self, text: &str) -> String {
        let text = printable(&self.secrets.scrub(text));
        harmless(&quotes_on_one_line(&text)).into_owned()
    }

    /// The same on one line and of bounded length: messages quote what files say, which may be of
    /// any shape.
    pub fn line(&self, text: &str) -> String {
        let line = one_line(printable(&self.secrets.scrub(text)));
        without_commands(&line).into_owned()
    }

    /// The text of a place in a linted file, like [`Report::line`].
    pub fn quote(&self, location: Location) -> String {
        let text = self.secrets.mask(self.source(location.file), location.span);
        let line = one_line(printable(&self.secrets.scrub(&text)));
        without_commands(&line).into_owned()
    }

    /// A text that a fix writes; `None` where it holds what must not be shown, for it cannot be
    /// written otherwise.
    pub fn edit_text<'t>(&self, text: &'t str) -> Option<&'t str> {
        let steering = text.chars().any(|char| steers(char) && char != '\r');
        let clean = matches!(self.secrets.scrub(text), std::borrow::Cow::Borrowed(_));
        (clean && !steering && without_commands(text) == text).then_some(text)
    }

    /// What a reporter makes of a finding. Where that panics, it is made of an internal error at
    /// the same file.
    pub fn isolated<T>(&self, finding: &Finding, render: impl Fn(&Finding) -> T) -> T {
        match isolate("a report", finding.location.file, || render(finding)) {
            Ok(rendered) => rendered,
            Err(mut broken) => {
                self.failed.store(true, Ordering::Relaxed);
                broken.message = format!(
                    "internal error: a finding of `{}` could not be shown",
                    finding.rule
                );

                render(&broken)
            }
        }
    }

    /// Whether a finding could not be shown: the run failed.
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }
}

/// `1 error`, `2 errors`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
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
    use crate::fence;
    use crate::source::Span;

    #[test]
    fn a_finding_that_cannot_be_shown_costs_itself_alone() {
        let outcome = sample::repository();
        let view = Report::new(&outcome, Level::Note);
        let cut = |finding: &Finding| finding.message[..finding.message.len().min(1)].to_owned();
        let broken = |finding: &Finding| match finding.rule {
            fence::RULE => cut(finding),
            _ => finding.message[finding.message.len() + 1..].to_owned(),
        };

        let finding = &outcome.findings[1];

        assert_eq!(view.isolated(finding, cut), finding.message[..1]);
        assert!(!view.failed());
        assert_eq!(view.isolated(finding, broken), "i");
        assert!(view.failed());
    }

    #[test]
    fn paths_are_safe_to_print() {
        let name = [
            "gsk",
            "_Zq7Lx2Vb9Rt4Yw8Kc3Nd",
            "6Hf1Js5Pg0AmTu2Wx4Ey6Bn8Dc0FrKz5",
        ]
        .concat();
        let path = format!("::error::\u{1b}[1m/{name}/##[a]\n::b");
        let outcome = sample::outcome(&[(&path, "x\n")], Vec::new());
        let view = Report::new(&outcome, Level::Note);
        let stars = "*".repeat(name.len());
        assert_eq!(
            view.shown_path(FileId(0)),
            format!("::error::\u{fffd}[1m/{stars}/# #[a]\u{fffd}::b")
        );
        assert_eq!(view.repository_path(FileId(0)), view.shown_path(FileId(0)));
    }

    #[test]
    fn a_place_that_is_in_no_file_is_the_beginning_of_nothing() {
        let outcome = sample::outcome(&[], Vec::new());
        let view = Report::new(&outcome, Level::Note);
        assert_eq!(view.shown_path(FileId(7)), "");
        assert_eq!(
            view.range(Location::new(FileId(7), Span::new(3, 5)))
                .start
                .line,
            1
        );
    }
}
