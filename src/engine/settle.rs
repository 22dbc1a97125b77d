//! From what was found to what is said: secrets, suppressions, policy and order.

use super::{BATCH, Options};
use crate::catalog::{self, Format};
use crate::fence::{self, isolate};
use crate::finding::{Finding, Label, Level};
use crate::model::facts::Facts;
use crate::model::file_kind::FileKind;
use crate::model::file_role::is_test_input;
use crate::source::{FileId, Location, SourceFile, Span, is_inside};
use crate::suppress::{self, Date};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

/// How many of the objects that a finding also speaks for are named with it.
const MAX_ALIKE: usize = 20;

/// What is left when the facts have served.
pub(super) struct Settled {
    pub secrets: Vec<(FileId, Vec<Span>)>,
    pub findings: Vec<Finding>,
    pub suppressed: usize,
    /// Something could not be checked.
    pub failed: bool,
}

/// Secrets, suppressions, policy and order.
pub(super) fn settle(
    options: &Options,
    facts: &Facts,
    found: Vec<Vec<Finding>>,
    aliases: &[(FileId, FileId)],
) -> Settled {
    let mut found = by_file(found, facts.files.len());
    drop_echoes(&mut found, aliases);
    let secrets = secrets(facts, found.iter().flatten());
    let comments = |file: FileId| facts.file(file).comments.as_slice();
    let today = options.today.unwrap_or_else(Date::today);
    // A comment may hide such a finding, and still not everything was checked.
    let failed = found.iter().flatten().any(says_that_something_failed);
    let before = found.iter().map(Vec::len).sum::<usize>();
    let suppression = isolate("the suppressions", FileId(0), || {
        suppress::apply(&mut found, facts.repository.files(), comments, today).len()
    });

    let suppressed = suppression.unwrap_or_else(|broken| {
        found[0].push(*broken);
        before.saturating_sub(found.iter().map(Vec::len).sum::<usize>())
    });

    let findings = policy(options, facts, found);
    let failed = failed || findings.iter().any(says_that_something_failed);
    Settled {
        secrets,
        findings,
        suppressed,
        failed,
    }
}

fn says_that_something_failed(finding: &Finding) -> bool {
    match finding.rule {
        fence::RULE => true,
        // What deploys nothing may be unread.
        "unreadable-file" => finding.level == Level::Error,
        _ => false,
    }
}

/// The findings of each file.
fn by_file(found: Vec<Vec<Finding>>, files: usize) -> Vec<Vec<Finding>> {
    let mut by_file: Vec<Vec<Finding>> = Vec::new();
    // What is said of a run without files stands at the first.
    by_file.resize_with(files.max(1), Vec::new);

    for part in found {
        let Some(file) = part.first().map(|first| first.location.file) else {
            continue;
        };

        let own = &mut by_file[file.0 as usize];
        if own.is_empty() && part.iter().all(|finding| finding.location.file == file) {
            *own = part;
        } else {
            part.into_iter()
                .for_each(|finding| by_file[finding.location.file.0 as usize].push(finding));
        }
    }

    by_file
}

/// What is found in a file is not repeated for each link to it.
fn drop_echoes(found: &mut [Vec<Finding>], aliases: &[(FileId, FileId)]) {
    for &(alias, target) in aliases {
        let own = std::mem::take(&mut found[alias.0 as usize]);
        let known: HashSet<_> = found[target.0 as usize]
            .iter()
            .map(|finding| (finding.rule, finding.location.span))
            .collect();
        let kept = own
            .into_iter()
            .filter(|finding| !known.contains(&(finding.rule, finding.location.span)))
            .collect();
        found[alias.0 as usize] = kept;
    }
}

/// Every span that some finding calls a secret, before any of them is left out, and every
/// credential in a text, whether or not a rule speaks of it.
fn secrets<'f>(
    facts: &Facts,
    findings: impl Iterator<Item = &'f Finding>,
) -> Vec<(FileId, Vec<Span>)> {
    let mut locations: Vec<Location> = findings
        .flat_map(|finding| finding.secrets.iter().copied())
        .collect();
    for (source, file) in facts.repository.files().iter().zip(&facts.files) {
        locations.extend(file.hits.iter().map(|hit| source.location(hit.span)));
    }

    locations.sort_unstable();
    locations.dedup();
    let mut files: Vec<(FileId, Vec<Span>)> = Vec::new();

    for location in locations {
        match files.last_mut() {
            Some((file, spans)) if *file == location.file => spans.push(location.span),
            _ => files.push((location.file, vec![location.span])),
        }
    }

    files
}

/// Selection, levels and order: file by file, as a reader goes through the repository.
fn policy(options: &Options, facts: &Facts, found: Vec<Vec<Finding>>) -> Vec<Finding> {
    let judge = |(at, findings): (usize, Vec<Finding>)| {
        let file = FileId(at as u32);
        isolate("the policy", file, || judge(options, facts, at, findings))
            .unwrap_or_else(|broken| vec![*broken])
    };

    let by_file: Vec<Vec<Finding>> = found
        .into_par_iter()
        .enumerate()
        .with_max_len(BATCH)
        .map(judge)
        .collect();
    let mut kept = Vec::with_capacity(by_file.iter().map(Vec::len).sum());
    by_file
        .into_iter()
        .for_each(|mut findings| kept.append(&mut findings));
    kept
}

/// What is kept of the findings of one file, at which level, in order.
fn judge(options: &Options, facts: &Facts, at: usize, mut findings: Vec<Finding>) -> Vec<Finding> {
    let sources = facts.repository.files();
    let path = sources.get(at).map_or("", |source| source.path.as_str());
    let format = facts.files.get(at).and_then(|file| format(file.kind));
    let test_data = !findings.is_empty() && is_test_input(path);
    findings.retain_mut(|finding| {
        if !options.focus.is_empty() && !in_focus(finding, sources, &options.focus) {
            return false;
        }

        let Some(rule) = catalog::rule(finding.rule) else {
            return false;
        };

        let found = if test_data && rule.name != "unreadable-file" {
            Level::Note
        } else {
            finding.level
        };

        let level = options.config.level(rule, format, path, found);
        finding.level = level.unwrap_or(found);

        level.is_some()
    });

    findings.sort_by(|a, b| order(a).cmp(&order(b)));
    findings
        .dedup_by(|a, b| a.rule == b.rule && a.location == b.location && a.message == b.message);
    say_once(&mut findings);

    findings
}

/// Findings of one rule in one file that give the same advice at the same level, of a rule that
/// says such things once: three or more become the first of them, with the number and the places of
/// the others.
fn say_once(findings: &mut Vec<Finding>) {
    let mut groups: HashMap<_, Vec<usize>> = HashMap::new();

    for (at, finding) in findings.iter().enumerate() {
        if catalog::rule(finding.rule).is_some_and(|rule| rule.once) {
            groups
                .entry((finding.rule, finding.level, finding.help.as_deref()))
                .or_default()
                .push(at);
        }
    }

    let groups: Vec<Vec<usize>> = groups
        .into_values()
        .filter(|group| group.len() >= 3)
        .collect();
    let mut spoken_for = vec![false; findings.len()];

    for group in groups {
        let (first, rest) = (group[0], &group[1..]);
        rest.iter().for_each(|&at| spoken_for[at] = true);
        let locations = rest.iter().take(MAX_ALIKE).map(|&at| findings[at].location);
        let locations: Vec<Label> = locations
            .map(|location| Label {
                location,
                text: "and here".to_owned(),
            })
            .collect();
        let finding = &mut findings[first];
        finding.others += rest.len() as u32;
        finding.message = format!("{} (and {} more in this file)", finding.message, rest.len());
        finding.related.extend(locations);
    }

    let mut spoken_for = spoken_for.into_iter();
    findings.retain(|_| spoken_for.next() != Some(true));
}

/// Errors first, then as they stand.
fn order(finding: &Finding) -> impl Ord {
    (
        Reverse(finding.level),
        finding.location.span,
        finding.rule,
        &finding.message,
    )
}

const fn format(kind: FileKind) -> Option<Format> {
    match kind {
        FileKind::Dockerfile => Some(Format::Dockerfile),
        FileKind::Compose => Some(Format::Compose),
        FileKind::Kubernetes
        | FileKind::Kustomization
        | FileKind::HelmTemplate
        | FileKind::HelmValues => Some(Format::Kubernetes),
        FileKind::Workflow | FileKind::Action | FileKind::GitlabCi => Some(Format::Workflow),
        _ => None,
    }
}

/// Whether the finding, or a place that it gives as a reason, is in one of the paths: what a change
/// causes elsewhere is shown to whoever makes the change.
fn in_focus(finding: &Finding, sources: &[SourceFile], focus: &[String]) -> bool {
    let locations = [finding.location]
        .into_iter()
        .chain(finding.related.iter().map(|label| label.location));
    let mut paths = locations
        .filter_map(|location| sources.get(location.file.0 as usize))
        .map(|source| &source.path);
    paths.any(|path| focus.iter().any(|focus| is_inside(path, focus)))
}
