//! Fixes: which of a run's are applied together, and the texts that result.
//!
//! They are applied in memory and the result is linted again, until nothing is left to fix. Fixes
//! after which something new would be found are taken back. Writes nothing.

mod plan;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Config;
use crate::engine::{self, Options, Outcome, Workers};
use crate::finding::Finding;
use crate::source::FileId;
pub use plan::Choice;
use plan::{FixName, Plan, path};

/// How often the result is linted again. A fix may make place for another one, and a few rounds tell
/// which of many does harm; more are fixes that undo each other.
const MOST_ROUNDS: usize = 30;

/// A run, and what its fixes made of the repository.
#[derive(Debug)]
pub struct FixedRun {
    /// What was found before.
    pub before: Outcome,
    /// What is found after the fixes; `None` if none was applied.
    pub after: Option<Outcome>,
    pub changes: Vec<Change>,
    /// How many findings were fixed.
    pub fixed: usize,
}

/// A file whose text changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// From the root of the run.
    pub path: String,
    pub before: FileId,
    pub after: FileId,
}

impl FixedRun {
    /// What is found in the end.
    pub const fn last(&self) -> &Outcome {
        match &self.after {
            Some(after) => after,
            None => &self.before,
        }
    }
}

/// Lints a repository, and applies fixes in memory until none is left.
pub(crate) fn lint_and_fix(mut options: Options, workers: &Workers, choice: Choice) -> FixedRun {
    let focus = options.focus.clone();
    // Without it, the fixes of a few rules could break a file unseen.
    if !options.config.select.is_empty() {
        options.config.select.push("syntax-error".to_owned());
    }

    let texts = std::mem::take(&mut options.texts);

    fix_with(texts, choice, &focus, |texts| {
        options.texts.clone_from(texts);
        engine::lint_with(&options, workers)
    })
}

/// The same for strings in memory: `(path, text)` pairs.
pub fn fix_texts(config: &Config, files: &[(&str, &str)], choice: Choice) -> FixedRun {
    let texts = files
        .iter()
        .map(|&(path, text)| (path.to_owned(), text.to_owned()))
        .collect();

    fix_with(texts, choice, &[], |texts| {
        let files: Vec<(&str, &str)> = texts
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        engine::lint_texts(config.clone(), &files)
    })
}

/// Applies fixes to texts, which `lint` takes for what is on disk, until none is left.
fn fix_with(
    mut texts: BTreeMap<String, String>,
    choice: Choice,
    focus: &[String],
    mut lint: impl FnMut(&BTreeMap<String, String>) -> Outcome,
) -> FixedRun {
    let before = lint(&texts);
    let mut after: Option<Outcome> = None;
    let mut taken_back: BTreeSet<FixName> = BTreeSet::new();
    let mut changed: BTreeSet<String> = BTreeSet::new();
    let mut fixed = 0;
    let mut at_once = usize::MAX;

    for _ in 0..MOST_ROUNDS {
        let outcome = after.as_ref().unwrap_or(&before);
        let plan = Plan::of(outcome, choice, focus, &taken_back, at_once);
        if plan.is_empty() {
            break;
        }

        let fixed_texts = plan.texts(outcome);
        let paths: Vec<String> = fixed_texts.keys().cloned().collect();
        let mut tried = texts.clone();
        tried.extend(fixed_texts);
        let next = lint(&tried);

        match judge(&plan, outcome, &next, choice) {
            Verdict::Good => {
                fixed += plan.len();
                changed.extend(paths);
                texts = tried;
                after = Some(next);
                at_once = usize::MAX;
            }
            Verdict::Useless(names) => taken_back.extend(names),
            // Which of them it is, a part of them shows.
            Verdict::Worse if plan.len() > 1 => at_once = plan.len() / 2,
            Verdict::Worse => taken_back.extend(plan.names().cloned()),
        }
    }

    let changes = changes(&before, after.as_ref(), changed);

    FixedRun {
        before,
        after,
        changes,
        fixed,
    }
}

/// What the fixes of a plan did.
enum Verdict {
    Good,
    /// Fixes whose rule finds as much in the file as before.
    Useless(Vec<FixName>),
    /// A rule finds more in a file than before, and what it finds has no fix that is asked for.
    Worse,
}

fn judge(plan: &Plan, before: &Outcome, after: &Outcome, choice: Choice) -> Verdict {
    let known = places(before, |_| true);
    let left = places(after, |_| true);
    let lasting = places(after, |finding| !choice.takes(finding));
    let is_worse = lasting
        .iter()
        .any(|(place, number)| known.get(place).is_none_or(|known| known < number));
    if is_worse {
        return Verdict::Worse;
    }

    let useless: Vec<FixName> = plan
        .names()
        .filter(|name| {
            let place = (name.0, name.1.as_str());
            left.get(&place) >= known.get(&place)
        })
        .cloned()
        .collect();

    if useless.is_empty() {
        Verdict::Good
    } else {
        Verdict::Useless(useless)
    }
}

/// How often each rule finds something in each file.
fn places(
    outcome: &Outcome,
    counts: impl Fn(&Finding) -> bool,
) -> BTreeMap<(&'static str, &str), usize> {
    let mut places = BTreeMap::new();

    for finding in outcome.findings.iter().filter(|finding| counts(finding)) {
        for location in finding.places() {
            let path = path(outcome, location.file);
            *places.entry((finding.rule, path)).or_default() += 1;
        }
    }

    places
}

/// The files of `paths`, with their places in both runs.
fn changes(before: &Outcome, after: Option<&Outcome>, paths: BTreeSet<String>) -> Vec<Change> {
    let find = |outcome: &Outcome, path: &str| {
        let found = outcome
            .sources
            .binary_search_by(|source| source.path.as_str().cmp(path));
        found.ok().map(|at| outcome.sources[at].id)
    };
    let change = |path: String| {
        Some(Change {
            before: find(before, &path)?,
            after: find(after?, &path)?,
            path,
        })
    };

    paths.into_iter().filter_map(change).collect()
}
