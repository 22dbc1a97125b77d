//! The steps from the findings of the checks to those that are reported: secrets, suppressions, then
//! policy and grouping.

use std::collections::HashSet;

use rayon::prelude::*;

use super::options::Options;
use super::policy;
use crate::credential::fingerprint;
use crate::fence::{self, isolate};
use crate::finding::{Finding, Level};
use crate::model::facts::Facts;
use crate::parallel::BATCH;
use crate::rules::additions;
use crate::source::{FileId, Location, Span};
use crate::suppress::{self, Date};

/// Findings after suppressions, selection, levels and grouping, with the status of the run.
pub(super) struct PostProcessed {
    pub secrets: Vec<(FileId, Vec<Span>)>,
    pub findings: Vec<Finding>,
    pub suppressed: usize,
    /// Something could not be checked.
    pub failed: bool,
}

/// Turns the findings of the checks, part by part, into those that are reported.
pub(super) fn post_process(
    options: &Options,
    facts: &Facts,
    parts: Vec<Vec<Finding>>,
    aliases: &[(FileId, FileId)],
) -> PostProcessed {
    let mut findings = by_file(parts, facts.files.len());
    drop_echoes(&mut findings, aliases);

    let secrets = secrets(facts, findings.iter().flatten());
    drop_allowed(options, facts, &mut findings);
    // A suppressed failure is still a failure.
    let failed = findings.iter().flatten().any(is_failure);
    let suppressed = apply_suppressions(options, facts, &mut findings);

    let mut findings = policy::apply(options, facts, findings);
    let broken = isolate("the addition of fixes", FileId(0), || {
        findings
            .par_iter_mut()
            .with_max_len(BATCH)
            .for_each(|finding| additions::complete(facts, finding));
    });
    findings.extend(broken.err().map(|finding| *finding));
    let failed = failed || findings.iter().any(is_failure);

    PostProcessed {
        secrets,
        findings,
        suppressed,
        failed,
    }
}

/// Removes the findings about secrets that the configuration allows. What they hide stays hidden.
fn drop_allowed(options: &Options, facts: &Facts, by_file: &mut [Vec<Finding>]) {
    let allowed = &options.config.allowed_secrets;
    if allowed.is_empty() {
        return;
    }

    for findings in by_file {
        findings.retain(|finding| {
            !finding.secrets.iter().any(|location| {
                let secret = fingerprint(facts.text(*location).trim());
                allowed.contains(&secret)
            })
        });
    }
}

/// Hides the suppressed findings, and returns how many they are.
fn apply_suppressions(options: &Options, facts: &Facts, findings: &mut [Vec<Finding>]) -> usize {
    let today = options.today.unwrap_or_else(Date::today);
    let before = findings.iter().map(Vec::len).sum::<usize>();
    let suppressed = isolate("the suppressions", FileId(0), || {
        let comments = |file: FileId| facts.file(file).comments.as_slice();
        suppress::apply(findings, facts.repository.files(), comments, today).len()
    });

    suppressed.unwrap_or_else(|error| {
        let left = findings.iter().map(Vec::len).sum::<usize>();
        findings[0].push(*error);
        before.saturating_sub(left + 1)
    })
}

/// Whether a finding means that something could not be checked.
fn is_failure(finding: &Finding) -> bool {
    match finding.rule {
        fence::RULE => true,
        // A file that is not part of a deployment is a note.
        "unreadable-file" => finding.level == Level::Error,
        _ => false,
    }
}

/// The findings of each file.
fn by_file(parts: Vec<Vec<Finding>>, files: usize) -> Vec<Vec<Finding>> {
    let mut by_file: Vec<Vec<Finding>> = Vec::new();
    // Findings of a run without files have the first one.
    by_file.resize_with(files.max(1), Vec::new);

    for part in parts {
        let Some(file) = part.first().map(|first| first.location.file) else {
            continue;
        };

        let of_file = &mut by_file[file.0 as usize];
        if of_file.is_empty() && part.iter().all(|finding| finding.location.file == file) {
            *of_file = part;
            continue;
        }

        for finding in part {
            by_file[finding.location.file.0 as usize].push(finding);
        }
    }

    by_file
}

/// Removes the findings of links that are findings of their target as well.
fn drop_echoes(by_file: &mut [Vec<Finding>], aliases: &[(FileId, FileId)]) {
    for &(alias, target) in aliases {
        let mut of_alias = std::mem::take(&mut by_file[alias.0 as usize]);
        let of_target: HashSet<_> = by_file[target.0 as usize]
            .iter()
            .map(|finding| (finding.rule, finding.location.span))
            .collect();
        of_alias.retain(|finding| !of_target.contains(&(finding.rule, finding.location.span)));
        by_file[alias.0 as usize] = of_alias;
    }
}

/// The spans of secrets: those of all findings, reported or not, and all credentials in texts, with
/// a rule or without.
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
