//! From what was found to what is said: secrets, suppressions, policy and order.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use super::{BATCH, Options, is_inside};
use crate::catalog::{self, Format};
use crate::finding::{Finding, Label, Level};
use crate::model::facts::Facts;
use crate::model::file;
use crate::model::kind::FileKind;
use crate::source::{FileId, Place, SourceFile, Span};
use crate::suppress::{self, Date};

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
    let secrets = secrets(found.iter().flatten());
    let comments = |file: FileId| facts.file(file).comments.as_slice();
    let today = options.today.unwrap_or_else(Date::today);
    let suppressed = suppress::apply(&mut found, facts.repository.files(), comments, today).len();
    let mut all = found.iter().flatten();
    let failed = all.any(|finding| match finding.rule {
        "internal-error" => true,
        // What deploys nothing may be unread.
        "unreadable-file" => finding.level == Level::Error,
        _ => false,
    });
    Settled { secrets, findings: policy(options, facts, found), suppressed, failed }
}

/// The findings of each file.
fn by_file(found: Vec<Vec<Finding>>, files: usize) -> Vec<Vec<Finding>> {
    let mut by_file: Vec<Vec<Finding>> = Vec::new();
    // What is said of a run without files stands at the first.
    by_file.resize_with(files.max(1), Vec::new);
    for part in found {
        let Some(file) = part.first().map(|first| first.place.file) else { continue };
        let own = &mut by_file[file.0 as usize];
        if own.is_empty() && part.iter().all(|finding| finding.place.file == file) {
            *own = part;
        } else {
            part.into_iter().for_each(|finding| by_file[finding.place.file.0 as usize].push(finding));
        }
    }
    by_file
}

/// What is found in a file is not repeated for each link to it.
fn drop_echoes(found: &mut [Vec<Finding>], aliases: &[(FileId, FileId)]) {
    for &(alias, target) in aliases {
        let own = std::mem::take(&mut found[alias.0 as usize]);
        let known: HashSet<_> =
            found[target.0 as usize].iter().map(|finding| (finding.rule, finding.place.span)).collect();
        let kept = own.into_iter().filter(|finding| !known.contains(&(finding.rule, finding.place.span))).collect();
        found[alias.0 as usize] = kept;
    }
}

/// Every span that some finding calls a secret, before any of them is left out.
fn secrets<'f>(findings: impl Iterator<Item = &'f Finding>) -> Vec<(FileId, Vec<Span>)> {
    let mut places: Vec<Place> = findings.flat_map(|finding| finding.secrets.iter().copied()).collect();
    places.sort_unstable();
    places.dedup();
    let mut files: Vec<(FileId, Vec<Span>)> = Vec::new();
    for place in places {
        match files.last_mut() {
            Some((file, spans)) if *file == place.file => spans.push(place.span),
            _ => files.push((place.file, vec![place.span])),
        }
    }
    files
}

/// Selection, levels and order: file by file, as a reader goes through the repository.
fn policy(options: &Options, facts: &Facts, found: Vec<Vec<Finding>>) -> Vec<Finding> {
    let sources = facts.repository.files();
    let judge = |(at, mut findings): (usize, Vec<Finding>)| {
        let path = sources.get(at).map_or("", |source| source.path.as_str());
        let format = facts.files.get(at).and_then(|file| format(file.kind));
        let test_data = !findings.is_empty() && file::is_test_data(path);
        findings.retain_mut(|finding| {
            if !options.focus.is_empty() && !in_focus(finding, sources, &options.focus) {
                return false;
            }
            let Some(rule) = catalog::rule(finding.rule) else { return false };
            // Whether the run failed goes by the level of what could not be read.
            let found = if test_data && rule.name != "unreadable-file" { Level::Note } else { finding.level };
            let level = options.config.level(rule, format, path, found);
            finding.level = level.unwrap_or(found);
            level.is_some()
        });
        findings.sort_by(|a, b| order(a).cmp(&order(b)));
        findings.dedup_by(|a, b| a.rule == b.rule && a.place == b.place && a.message == b.message);
        say_once(&mut findings);
        findings
    };
    let by_file: Vec<Vec<Finding>> = found.into_par_iter().enumerate().with_max_len(BATCH).map(judge).collect();
    let mut kept = Vec::with_capacity(by_file.iter().map(Vec::len).sum());
    by_file.into_iter().for_each(|mut findings| kept.append(&mut findings));
    kept
}

/// Findings of one rule in one file that give the same advice at the same level, of a rule that says such things once:
/// three or more become the first of them, with the number and the places of the others.
fn say_once(findings: &mut Vec<Finding>) {
    let mut groups: HashMap<_, Vec<usize>> = HashMap::new();
    for (at, finding) in findings.iter().enumerate() {
        if catalog::rule(finding.rule).is_some_and(|rule| rule.once) {
            groups.entry((finding.rule, finding.level, finding.help.as_deref())).or_default().push(at);
        }
    }
    let groups: Vec<Vec<usize>> = groups.into_values().filter(|group| group.len() >= 3).collect();
    let mut spoken_for = vec![false; findings.len()];
    for group in groups {
        let (first, rest) = (group[0], &group[1..]);
        rest.iter().for_each(|&at| spoken_for[at] = true);
        let places = rest.iter().take(MAX_ALIKE).map(|&at| findings[at].place);
        let places: Vec<Label> = places.map(|place| Label { place, text: "and here".to_owned() }).collect();
        let finding = &mut findings[first];
        finding.others += rest.len() as u32;
        finding.message = format!("{}, and {} more here are alike", finding.message, rest.len());
        finding.related.extend(places);
    }
    let mut spoken_for = spoken_for.into_iter();
    findings.retain(|_| spoken_for.next() != Some(true));
}

/// Errors first, then as they stand.
fn order(finding: &Finding) -> impl Ord {
    (Reverse(finding.level), finding.place.span, finding.rule, &finding.message)
}

const fn format(kind: FileKind) -> Option<Format> {
    match kind {
        FileKind::Dockerfile => Some(Format::Dockerfile),
        FileKind::Compose => Some(Format::Compose),
        FileKind::Kubernetes | FileKind::Kustomization | FileKind::HelmTemplate | FileKind::HelmValues => {
            Some(Format::Kubernetes)
        }
        FileKind::Workflow | FileKind::Action | FileKind::GitlabCi => Some(Format::Workflow),
        _ => None,
    }
}

/// Whether the finding, or a place that it gives as a reason, is in one of the paths: what a change causes elsewhere is
/// shown to whoever makes the change.
fn in_focus(finding: &Finding, sources: &[SourceFile], focus: &[String]) -> bool {
    let places = [finding.place].into_iter().chain(finding.related.iter().map(|label| label.place));
    let mut paths = places.filter_map(|place| sources.get(place.file.0 as usize)).map(|source| &source.path);
    paths.any(|path| focus.iter().any(|focus| is_inside(path, focus)))
}
