//! `--fix` and `--diff`: what the fixes of a run made of the files is written, or shown.

use std::fs;
use std::io;
use std::path::Path;

use super::args::CheckArguments;
use super::exit::{CLEAN, FAILED, FINDINGS};
use super::output;
use super::scope::RunScope;
use crate::edit::Applicability;
use crate::engine::{Options, Outcome, Workers};
use crate::finding::Level;
use crate::fixes::{self, Change, Choice, FixedRun};
use crate::input;
use crate::report::style::RenderOptions;
use crate::report::{Report, diff};
use crate::source::{FileId, SourceFile};

/// The mark at the start of a UTF-8 file, which is no part of its text.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The fixes of one run or several.
#[derive(Default)]
pub struct Fixes {
    /// The unified diff of `--diff`.
    pub diff: String,
    fixed: usize,
    files: usize,
    /// What could not be written, a line for each.
    failed: Vec<String>,
}

impl CheckArguments {
    /// Which fixes are applied to findings from a level on; `None` if none are.
    pub fn choice(&self, min_level: Level) -> Option<Choice> {
        let applicability = if self.unsafe_fixes {
            Applicability::Unsafe
        } else {
            Applicability::Safe
        };

        (self.fix || self.diff).then_some(Choice {
            applicability,
            min_level,
        })
    }
}

impl Fixes {
    /// Lints with fixes, shows or writes what they change, and returns what is left.
    pub fn run(
        &mut self,
        options: Options,
        workers: &Workers,
        choice: Choice,
        scope: &RunScope,
        diff_look: Option<RenderOptions>,
    ) -> Outcome {
        let fixed_run = fixes::lint_and_fix(options, workers, choice);
        self.fixed += fixed_run.fixed;
        self.files += fixed_run.changes.len();

        match diff_look {
            Some(look) => self.diff += &shown(&fixed_run, choice, scope, look),
            None => self.write(&scope.root, &fixed_run),
        }

        fixed_run.after.unwrap_or(fixed_run.before)
    }

    fn write(&mut self, root: &Path, fixed_run: &FixedRun) {
        for change in &fixed_run.changes {
            if let Err(reason) = write_one(root, fixed_run, change) {
                self.failed
                    .push(format!("cannot fix `{}`: {reason}\n", change.path));
            }
        }

        self.files -= self.failed.len().min(self.files);
    }

    /// What was done, or would be, and what could not be done.
    pub fn summary(&self, done: bool) -> String {
        self.failed.concat() + &diff::summary(self.fixed, self.files, done)
    }

    /// The exit code, where nothing but the fixes counts.
    pub fn exit_code(&self) -> u8 {
        if self.fixed > 0 { FINDINGS } else { CLEAN }
    }

    /// The exit code of a run, unless something could not be written.
    pub fn or_failed(&self, code: u8) -> u8 {
        if self.failed.is_empty() { code } else { FAILED }
    }
}

fn shown(fixed_run: &FixedRun, choice: Choice, scope: &RunScope, look: RenderOptions) -> String {
    let report = |outcome| {
        let mut report = Report::new(outcome, choice.min_level);
        report.shown_prefix.clone_from(&scope.shown_prefix);
        report
    };

    diff::render(
        fixed_run,
        &report(&fixed_run.before),
        &report(fixed_run.last()),
        look,
    )
}

/// Replaces a file, if its content still is what was linted.
fn write_one(root: &Path, fixed_run: &FixedRun, change: &Change) -> Result<(), String> {
    let plain = |error: io::Error| input::plain(&error);
    let root = root.canonicalize().map_err(plain)?;
    // A link within the repository is the file that it leads to.
    let path = root.join(&change.path).canonicalize().map_err(plain)?;
    if !path.starts_with(&root) {
        return Err("it is a link that leads out of the repository".to_owned());
    }

    let content = String::from_utf8(fs::read(&path).map_err(plain)?)
        .map_err(|_| "it is not UTF-8".to_owned())?;
    let (mark, linted) = match content.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => (BYTE_ORDER_MARK, rest),
        None => ("", content.as_str()),
    };

    if linted != text(&fixed_run.before.sources, change.before) {
        return Err("its content has changed meanwhile".to_owned());
    }

    let fixed = text(&fixed_run.last().sources, change.after);
    output::write(&path, &format!("{mark}{fixed}"), &[root])
}

fn text(sources: &[SourceFile], file: FileId) -> &str {
    sources
        .get(file.0 as usize)
        .map_or("", |source| source.text.as_str())
}
