//! Selection, levels and order. The one place where the level of a finding is decided: by the level
//! on the page, its `[levels]` for the cases that the check named, the role of the file, and the
//! configuration.

use std::cmp::Reverse;

use rayon::prelude::*;

use super::grouping;
use super::options::Options;
use super::units::{Units, role_of};
use crate::catalog::{self, Concern, Format, Rule};
use crate::fence::{isolate, isolate_or_default};
use crate::finding::{Finding, Level};
use crate::model::facts::Facts;
use crate::model::file_role::{Role, is_archived, is_test_input};
use crate::parallel::BATCH;
use crate::source::{FileId, SourceFile, is_inside};

/// The findings that are reported, with their levels: file by file, joined by their causes.
pub(super) fn apply(options: &Options, facts: &Facts, by_file: Vec<Vec<Finding>>) -> Vec<Finding> {
    let mut by_file: Vec<Vec<Finding>> = by_file
        .into_par_iter()
        .enumerate()
        .with_max_len(BATCH)
        .map(|(index, findings)| {
            let file = FileId(index as u32);
            isolate("the policy", file, || {
                apply_to_file(options, facts, index, findings)
            })
            .unwrap_or_else(|error| vec![*error])
        })
        .collect();
    let mut broken = Vec::new();
    isolate_or_default("the grouping", FileId(0), &mut broken, || {
        let with_findings = (0..by_file.len()).filter(|&file| !by_file[file].is_empty());
        let units = Units::new(facts, with_findings.map(|file| FileId(file as u32)));
        grouping::join_causes(&mut by_file, &units, options.config.profile);
    });

    by_file.into_iter().flatten().chain(broken).collect()
}

/// The findings of one file that are reported, with their levels, in order.
fn apply_to_file(
    options: &Options,
    facts: &Facts,
    index: usize,
    mut findings: Vec<Finding>,
) -> Vec<Finding> {
    let sources = facts.repository.files();
    let path = sources.get(index).map_or("", |source| source.path.as_str());
    let format = facts
        .files
        .get(index)
        .and_then(|file| Format::of(file.kind));
    let may_be_idle = !findings.is_empty() && facts.role(FileId(index as u32)) != Role::Production;
    let is_test_input = may_be_idle && is_test_input(path);
    let is_archived = may_be_idle && is_archived(path);
    findings.retain_mut(|finding| {
        if !options.focus.is_empty() && !in_focus(finding, sources, &options.focus) {
            return false;
        }

        let Some(rule) = catalog::rule(finding.rule) else {
            return false;
        };

        let role = role_of(facts, finding);
        let level = match default_level(rule, finding, role, is_test_input) {
            // What is archived does no harm; a secret in it does.
            _ if is_archived && rule.item != "no-secrets" => Level::Note,
            level => level,
        };
        let configured = options.config.level(rule, format, path, level);
        finding.level = configured.unwrap_or(level);

        configured.is_some()
    });

    findings.sort_by(|a, b| order(a).cmp(&order(b)));
    findings
        .dedup_by(|a, b| a.rule == b.rule && a.location == b.location && a.message == b.message);

    findings
}

/// The case of a finding in a workflow that does not run, which `engine::check` names for all rules.
pub(super) const SHELVED: &str = "shelved";

/// The case of a finding in a part of a template that the chart's values leave out by default, which
/// `engine::check` names for all rules.
pub(super) const SWITCHED_OFF: &str = "switched-off";

/// A case that needs no level on the page: a check knows the role of what it looks at better than
/// the path of the file does.
fn is_general(case: &str) -> bool {
    matches!(case, SHELVED | SWITCHED_OFF)
        || case == Role::Development.as_str()
        || case == Role::Practice.as_str()
}

/// The level of a finding before the configuration is asked.
fn default_level(rule: &Rule, finding: &Finding, role: Role, is_test_input: bool) -> Level {
    debug_assert!(
        finding
            .cases
            .iter()
            .all(|case| is_general(case) || rule.levels.contains_key(*case)),
        "rules/{}.md has no level for one of {:?}",
        rule.name,
        finding.cases
    );

    // A workflow that does not run does no harm, nor what a chart leaves out; a secret in it does.
    let is_inactive = finding
        .cases
        .iter()
        .any(|case| matches!(*case, SHELVED | SWITCHED_OFF));
    let is_harmless = is_inactive && rule.item != "no-secrets";

    match rule.name {
        // These are about the run, not about the file.
        "unreadable-file" => finding.level,
        _ if is_test_input => Level::Note,
        "internal-error" => finding.level,
        _ if is_harmless => Level::Note,
        _ => finding.level.min(level_in_role(rule, &finding.cases, role)),
    }
}

/// The level of a finding by the role of what it is about: the page's own for that role, or else by
/// what the rule is about. Only what does not work, and credentials, matter in every file.
fn level_in_role(rule: &Rule, cases: &[&str], role: Role) -> Level {
    let in_role = cases.iter().filter_map(|case| {
        let case = format!("{case}-in-{}", role.as_str());
        rule.levels.get(&case).copied()
    });
    let level = in_role.fold(rule.level_of(cases), Level::min);

    if let Some(of_role) = rule.levels.get(role.as_str()) {
        return level.min(*of_role);
    }

    let matters = match role {
        Role::Production => true,
        Role::Development => !matches!(
            rule.concern,
            Concern::Hardening | Concern::Availability | Concern::Exposure | Concern::Pinning
        ),
        Role::Practice => matches!(rule.concern, Concern::Works | Concern::Secret),
    };

    if matters { level } else { Level::Note }
}

/// Order of findings in a file: errors first, then by position.
fn order(finding: &Finding) -> impl Ord {
    (
        Reverse(finding.level),
        finding.location.span,
        finding.rule,
        &finding.message,
    )
}

/// Whether the finding, or a related location, is in one of the paths: what a change causes in other
/// files is shown with the change.
fn in_focus(finding: &Finding, sources: &[SourceFile], focus: &[String]) -> bool {
    let locations = [finding.location]
        .into_iter()
        .chain(finding.related.iter().map(|label| label.location));
    let mut paths = locations
        .filter_map(|location| sources.get(location.file.0 as usize))
        .map(|source| &source.path);
    paths.any(|path| focus.iter().any(|focus| is_inside(path, focus)))
}
