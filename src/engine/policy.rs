//! Selection, levels and order. The one place where a finding's level is decided: by the page's level,
//! its `[levels]` for the cases that the check named, the role of the file, and the configuration.

use std::cmp::Reverse;

use rayon::prelude::*;

use super::grouping;
use super::options::Options;
use super::workers::BATCH;
use crate::catalog::{self, Format};
use crate::fence::isolate;
use crate::finding::{Finding, Level};
use crate::model::facts::Facts;
use crate::model::file_kind::FileKind;
use crate::model::file_role::is_test_input;
use crate::source::{FileId, SourceFile, is_inside};

/// Selection, levels and order: file by file, as a reader goes through the repository.
pub(super) fn apply(options: &Options, facts: &Facts, found: Vec<Vec<Finding>>) -> Vec<Finding> {
    let judge = |(at, findings): (usize, Vec<Finding>)| {
        let file = FileId(at as u32);
        isolate("the policy", file, || judge(options, facts, at, findings))
            .unwrap_or_else(|broken| vec![*broken])
    };

    let mut by_file: Vec<Vec<Finding>> = found
        .into_par_iter()
        .enumerate()
        .with_max_len(BATCH)
        .map(judge)
        .collect();
    grouping::join_causes(&mut by_file);

    by_file.into_iter().flatten().collect()
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

        let found = finding.level.min(rule.level_of(&finding.cases));
        let found = match (test_data, rule.name) {
            (true, name) if name != "unreadable-file" => Level::Note,
            (_, "unreadable-file" | "internal-error") => finding.level,
            _ => found,
        };

        let level = options.config.level(rule, format, path, found);
        finding.level = level.unwrap_or(found);

        level.is_some()
    });

    findings.sort_by(|a, b| order(a).cmp(&order(b)));
    findings
        .dedup_by(|a, b| a.rule == b.rule && a.location == b.location && a.message == b.message);

    findings
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
