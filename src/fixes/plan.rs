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

impl Choice {
    /// Whether a finding has a fix that is asked for.
    pub(super) fn takes(&self, finding: &Finding) -> bool {
        let is_asked_for = |fix: &Fix| fix.applicability <= self.applicability;

        finding.level >= self.min_level && finding.fix.as_ref().is_some_and(is_asked_for)
    }
}

/// What a fix is known by in every round: its rule, file and message.
pub(super) type FixName = (&'static str, String, String);

/// Fixes whose edits are disjoint.
#[derive(Debug, Default)]
pub(super) struct Plan<'o> {
    fixes: Vec<(FixName, &'o Fix)>,
    edits: BTreeMap<FileId, Vec<&'o Edit>>,
}

impl<'o> Plan<'o> {
    /// Takes fixes of an outcome in its order, as many as allowed. One that touches what another one
    /// changes waits for the next round.
    pub fn of(
        outcome: &'o Outcome,
        choice: Choice,
        focus: &[String],
        taken_back: &BTreeSet<FixName>,
        at_once: usize,
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
            let is_chosen = choice.takes(finding) && fix.edits.iter().all(may_edit);
            let name = name(outcome, finding);

            if is_chosen && plan.len() < at_once && !taken_back.contains(&name) {
                plan.add(name, fix);
            }
        }

        plan
    }

    /// Adds a fix, unless one of its edits is in the way of an earlier one.
    fn add(&mut self, name: FixName, fix: &'o Fix) {
        if fix.edits.iter().any(|edit| self.is_taken(edit)) {
            return;
        }

        for edit in &fix.edits {
            self.edits.entry(edit.file).or_default().push(edit);
        }

        self.fixes.push((name, fix));
    }

    /// Whether an edit overlaps or touches one that is planned. Two insertions at one place, of whole
    /// lines or of whole words, are no trouble unless they begin alike: with the same key.
    fn is_taken(&self, edit: &Edit) -> bool {
        let mut planned = self.edits.get(&edit.file).into_iter().flatten();

        planned.any(|other| {
            let (one, two) = (other.span, edit.span);
            let are_insertions = one.is_empty() && one == two;
            let differ = other.text.lines().next() != edit.text.lines().next();

            !(are_insertions && differ) && one.start <= two.end && two.start <= one.end
        })
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

    /// The names of all fixes.
    pub fn names(&self) -> impl Iterator<Item = &FixName> {
        self.fixes.iter().map(|(name, _)| name)
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
