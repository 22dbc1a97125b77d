//! From what the checks found to what is reported: secrets, suppressions, then policy and grouping.

use std::collections::HashSet;

use super::options::Options;
use super::policy;
use crate::fence::{self, isolate};
use crate::finding::{Finding, Level};
use crate::model::facts::Facts;
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

/// From what the checks found to what is reported.
pub(super) fn post_process(
    options: &Options,
    facts: &Facts,
    found: Vec<Vec<Finding>>,
    aliases: &[(FileId, FileId)],
) -> PostProcessed {
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

    let findings = policy::apply(options, facts, found);
    let failed = failed || findings.iter().any(says_that_something_failed);
    PostProcessed {
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
