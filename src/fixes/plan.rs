//! The fixes of one round: each whole or not at all, and none in the way of another one.

use std::collections::{BTreeMap, BTreeSet};

use crate::edit::{Applicability, Edit, Fix, apply};
use crate::engine::Outcome;
use crate::finding::{Finding, Level};
use crate::source::FileId;

/// Which fixes are applied.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// The least safe ones.
    pub applicability: Applicability,
    /// Those of findings from this level on.
    pub min_level: Level,
}

/// What a fix is known by in every round: its rule, file and message.
pub(super) type FixName = (&'static str, String, String);

/// Fixes whose edits are disjoint.
#[derive(Debug, Default)]
pub(super) struct Plan<'o> {
    fixes: Vec<(FixName, &'o Fix)>,
    edits: BTreeMap<FileId, Vec<&'o Edit>>,
    files: BTreeMap<FileId, &'o str>,
}

impl<'o> Plan<'o> {
    /// Takes the fixes of an outcome in its order. One that touches what another one changes waits
    /// for the next round.
    pub fn of(
        outcome: &'o Outcome,
        choice: Choice,
        focus: &[String],
        taken_back: &BTreeSet<FixName>,
    ) -> Self {
        let broken: BTreeSet<FileId> = outcome
            .findings
            .iter()
            .filter(|finding| is_broken(finding))
            .map(|finding| finding.location.file)
            .collect();
        let mut plan = Self::default();

        for finding in &outcome.findings {
            let Some(fix) = &finding.fix else {
                continue;
            };

            let may_edit = |edit: &Edit| {
                !broken.contains(&edit.file) && is_within(path(outcome, edit.file), focus)
            };
            let is_chosen = fix.applicability <= choice.applicability
                && finding.level >= choice.min_level
                && fix.edits.iter().all(may_edit);
            let name = name(outcome, finding);

            if is_chosen && !taken_back.contains(&name) {
                plan.add(name, fix, outcome);
            }
        }

        plan
    }

    /// Adds a fix, unless one of its edits is in the way of an earlier one.
    fn add(&mut self, name: FixName, fix: &'o Fix, outcome: &'o Outcome) {
        if fix.edits.iter().any(|edit| self.is_taken(edit)) {
            return;
        }

        for edit in &fix.edits {
            self.edits.entry(edit.file).or_default().push(edit);
            self.files.insert(edit.file, path(outcome, edit.file));
        }

        self.fixes.push((name, fix));
    }

    /// Whether an edit overlaps or touches one that is planned: two insertions at one place have no
    /// order.
    fn is_taken(&self, edit: &Edit) -> bool {
        let mut planned = self.edits.get(&edit.file).into_iter().flatten();

        planned.any(|other| other.span.start <= edit.span.end && edit.span.start <= other.span.end)
    }

    pub fn is_empty(&self) -> bool {
        self.fixes.is_empty()
    }

    pub fn len(&self) -> usize {
        self.fixes.len()
    }

    /// The texts of all files that the fixes change.
    pub fn texts(&self, outcome: &Outcome) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();

        for (file, edits) in &self.edits {
            let Some(source) = outcome.sources.get(file.0 as usize) else {
                continue;
            };

            let (text, _) = apply(&source.text, edits.iter().copied());
            texts.insert(source.path.clone(), text);
        }

        texts
    }

    /// The fixes that change one of the files; all of them, if none does.
    pub fn names_in(&self, paths: &BTreeSet<String>) -> Vec<FixName> {
        let changes_one = |fix: &Fix| {
            let files = fix
                .edits
                .iter()
                .filter_map(|edit| self.files.get(&edit.file));
            files.into_iter().any(|path| paths.contains(*path))
        };
        let names: Vec<FixName> = self
            .fixes
            .iter()
            .filter(|(_, fix)| changes_one(fix))
            .map(|(name, _)| name.clone())
            .collect();

        if names.is_empty() {
            return self.fixes.iter().map(|(name, _)| name.clone()).collect();
        }

        names
    }
}

fn name(outcome: &Outcome, finding: &Finding) -> FixName {
    let path = path(outcome, finding.location.file).to_owned();
    (finding.rule, path, finding.message.clone())
}

/// Whether a path is one of those that the user names, or below one; true if none is named.
fn is_within(path: &str, focus: &[String]) -> bool {
    let is_below = |folder: &String| {
        path.strip_prefix(folder.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };

    focus.is_empty() || focus.iter().any(is_below)
}

/// The path of a file, from the root of the run.
pub(super) fn path(outcome: &Outcome, file: FileId) -> &str {
    outcome
        .sources
        .get(file.0 as usize)
        .map_or("", |source| source.path.as_str())
}

/// Whether nothing in the file could be parsed as a whole: its places are guesses.
fn is_broken(finding: &Finding) -> bool {
    ["syntax-error", "unreadable-file", "internal-error"].contains(&finding.rule)
}
