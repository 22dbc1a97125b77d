//! The fixes that pages describe: what is missing is added to the mapping that lacks it.

use super::block_edits::{add_below, add_entry};
use crate::catalog::addition::Addition;
use crate::catalog::{self, Format};
use crate::edit::{Edit, Fix};
use crate::finding::Finding;
use crate::model::facts::Facts;
use crate::model::file_kind::FileKind;
use crate::source::{Location, SourceFile};

/// Gives a finding the fix of its rule's page, for those of its places that an entry can be added
/// at.
pub fn complete(facts: &Facts, finding: &mut Finding) {
    let Some(rule) = catalog::rule(finding.rule) else {
        return;
    };
    let (Some(addition), Some(applicability)) = (&rule.addition, rule.fix) else {
        return;
    };

    if finding.fix.is_some() || finding.aspect != addition.aspect {
        return;
    }

    let edits: Vec<Edit> = finding
        .places()
        .filter_map(|place| edit(facts, place, addition))
        .collect();

    finding.fix = Fix::new(applicability, addition.title.as_str(), edits);
}

/// The edit that adds the entries at the place of an absence.
fn edit(facts: &Facts, place: Location, addition: &Addition) -> Option<Edit> {
    let source = facts.source(place.file);
    let kind = facts.file(place.file).kind;
    // What a template writes is not what is read.
    if kind == FileKind::HelmTemplate {
        return None;
    }

    let format = Format::of(kind)?;
    let entries = addition.entries.get(&format)?;
    let (key, rest) = nested(source, place, entries);
    if let Some(key) = key {
        return add_entry(source, key, &rest);
    }

    ["name", "uses"]
        .into_iter()
        .find_map(|key| add_below(source, place, key, entries))
        .or_else(|| add_entry(source, place, entries))
}

/// The key of a nested mapping at a place, if the entries are for it, and what is to be added in
/// it.
fn nested(source: &SourceFile, place: Location, entries: &str) -> (Option<Location>, String) {
    let key = place.span.text(&source.text);
    let mut rest = entries.to_owned();

    while let Some((first, inner)) = rest.split_once('\n') {
        let inner = dedented(inner);
        if first.trim_end().strip_suffix(':') == Some(key) {
            return (Some(place), inner);
        }

        rest = inner;
    }

    (None, entries.to_owned())
}

/// Lines without the indentation of the first.
fn dedented(lines: &str) -> String {
    let indent = lines.len() - lines.trim_start_matches(' ').len();
    let lines = lines.lines().map(|line| line.get(indent..).unwrap_or(""));
    lines.collect::<Vec<_>>().join("\n")
}
