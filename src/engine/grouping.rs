//! One finding for one cause: findings of a rule that share their [`Cause`] become the first of them,
//! which counts the others.

use std::collections::{HashMap, HashSet};

use crate::finding::{Cause, Finding, Label, Level, Subject};
use crate::source::{FileId, Location};

/// How many findings of a cause are joined at least.
const MIN_JOINED: usize = 3;

/// How many of the joined findings are shown as related places.
const MAX_RELATED: usize = 20;

/// What findings that are joined have in common: rule, level, aspect, and the unit that shares them.
type Key = (&'static str, Level, String, Unit);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Unit {
    File(FileId),
    /// A unit of parts, by its first file.
    Parts(FileId, u32),
    /// A folder, by its first file.
    Folder(FileId),
    Repository,
}

/// Where a finding is: the index of its file, and its index among the findings of the file.
type Index = (usize, usize);

/// Joins the findings of each cause. `by_file` holds the findings of each file, in order.
pub(super) fn join_causes(by_file: &mut [Vec<Finding>]) {
    let mut groups: HashMap<Key, Vec<Index>> = HashMap::new();
    for (file, findings) in by_file.iter().enumerate() {
        for (index, finding) in findings.iter().enumerate() {
            if let Some(key) = key(finding) {
                groups.entry(key).or_default().push((file, index));
            }
        }
    }

    for (key, members) in split_partial_units(&mut groups) {
        groups.entry(key).or_default().extend(members);
    }

    let mut joined = HashSet::new();
    for ((_, _, _, unit), mut members) in groups {
        members.sort_unstable();
        if is_joined(unit, members.len()) {
            join(by_file, unit, &members);
            joined.extend(members.into_iter().skip(1));
        }
    }

    if joined.is_empty() {
        return;
    }
    for (file, findings) in by_file.iter_mut().enumerate() {
        let mut index = 0;
        findings.retain(|_| {
            index += 1;
            !joined.contains(&(file, index - 1))
        });
    }
}

fn key(finding: &Finding) -> Option<Key> {
    let Cause { subject, aspect } = finding.cause.clone()?;
    let unit = match subject {
        Subject::File => Unit::File(finding.location.file),
        Subject::Unit { file, parts } => Unit::Parts(file, parts),
        Subject::Folder(first) => Unit::Folder(first),
        Subject::Repository => Unit::Repository,
    };

    Some((finding.rule, finding.level, aspect.into_owned(), unit))
}

/// Removes the units of which only some parts have the cause, and returns their findings by file.
fn split_partial_units(groups: &mut HashMap<Key, Vec<Index>>) -> Vec<(Key, Vec<Index>)> {
    let partial = groups.extract_if(|(_, _, _, unit), members| {
        matches!(unit, Unit::Parts(..)) && !is_joined(*unit, members.len())
    });

    let mut by_file: HashMap<Key, Vec<Index>> = HashMap::new();
    for ((rule, level, aspect, _), members) in partial {
        for (file, index) in members {
            let unit = Unit::File(FileId(file as u32));
            by_file
                .entry((rule, level, aspect.clone(), unit))
                .or_default()
                .push((file, index));
        }
    }

    by_file.into_iter().collect()
}

fn is_joined(unit: Unit, count: usize) -> bool {
    match unit {
        Unit::File(_) => count >= MIN_JOINED,
        Unit::Parts(_, parts) => count >= MIN_JOINED && count == parts as usize,
        Unit::Folder(_) | Unit::Repository => count > 1,
    }
}

/// Joins some findings to the first of them.
fn join(by_file: &mut [Vec<Finding>], unit: Unit, members: &[Index]) {
    let rest = &members[1..];
    let locations = rest
        .iter()
        .map(|&(file, index)| by_file[file][index].location);
    let related: Vec<Label> = match unit {
        Unit::File(_) | Unit::Folder(_) => locations.take(MAX_RELATED).map(and_here).collect(),
        Unit::Parts(..) | Unit::Repository => Vec::new(),
    };

    let (file, index) = members[0];
    let first = &mut by_file[file][index];
    first.others += rest.len() as u32;
    first.related.extend(related);
    match (unit, first.joined_message.take()) {
        (Unit::File(_), _) => {
            first.message = format!("{} (and {} more in this file)", first.message, rest.len());
        }
        (Unit::Folder(_), _) => {
            first.message = format!("{} (and {} more in this folder)", first.message, rest.len());
        }
        (Unit::Parts(..) | Unit::Repository, Some(message)) => first.message = message,
        (Unit::Parts(..) | Unit::Repository, None) => {}
    }
}

fn and_here(location: Location) -> Label {
    Label {
        location,
        text: "and here".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn finding(file: u32, start: u32, subject: Subject, aspect: &'static str) -> Finding {
        let location = Location::new(FileId(file), Span::new(start, start + 1));
        let mut finding = Finding::new(location, format!("{aspect} at {start}"))
            .cause(subject, aspect)
            .joined_message("said for all");
        finding.rule = "memory-limit";

        finding
    }

    /// Messages and counts after grouping, file by file.
    fn grouped(mut by_file: Vec<Vec<Finding>>) -> Vec<(String, u32)> {
        join_causes(&mut by_file);
        by_file
            .into_iter()
            .flatten()
            .map(|finding| (finding.message, finding.others))
            .collect()
    }

    #[test]
    fn three_of_a_file_are_joined_by_aspect() {
        let file = |starts: &[u32], aspect| {
            starts
                .iter()
                .map(|&start| finding(0, start, Subject::File, aspect))
                .collect::<Vec<_>>()
        };
        let findings = [file(&[1, 2, 3], "limit"), file(&[4, 5], "request")].concat();

        assert_eq!(
            grouped(vec![findings]),
            [
                ("limit at 1 (and 2 more in this file)".to_owned(), 2),
                ("request at 4".to_owned(), 0),
                ("request at 5".to_owned(), 0),
            ]
        );
    }

    #[test]
    fn parts_are_joined_if_all_have_the_cause() {
        let unit = |parts| Subject::Unit {
            file: FileId(0),
            parts,
        };
        let three = |parts| {
            (1..4)
                .map(|start| finding(0, start, unit(parts), "check"))
                .collect::<Vec<_>>()
        };

        assert_eq!(grouped(vec![three(3)]), [("said for all".to_owned(), 2)]);
        assert_eq!(
            grouped(vec![three(4)]),
            [("check at 1 (and 2 more in this file)".to_owned(), 2)]
        );
    }

    #[test]
    fn the_repository_is_joined_over_files() {
        let findings = (0..2)
            .map(|file| vec![finding(file, 1, Subject::Repository, "policy")])
            .collect();

        assert_eq!(grouped(findings), [("said for all".to_owned(), 1)]);
    }
}
