//! One finding for one cause. Findings of a rule become one, told at the first of their places with
//! the others beside it, if they are about parts of one scope, as the rule's page says, or about
//! copies of one object. A finding that follows from another one becomes a part of it.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::units::{ObjectKey, Unit, Units};
use crate::catalog::{self, CauseTable, Profile, Sameness, Scope};
use crate::edit::{Applicability, Fix};
use crate::finding::{ALSO, Finding, Label, Level};
use crate::source::{FileId, Location};

/// Where a finding is: the index of its file, and its index among the findings of the file.
type Index = (usize, usize);

/// Joins findings file by file, in order. In the strict profile, no finding is part of that of
/// another rule: it reports each rule by itself, as audits count them.
pub(super) fn join_causes(by_file: &mut [Vec<Finding>], units: &Units, profile: Profile) {
    if profile != Profile::Strict {
        include_parts(by_file);
    }

    join_groups(by_file, units);
}

/// Moves findings that follow from others into them.
fn include_parts(by_file: &mut [Vec<Finding>]) {
    let mut wholes: HashMap<(&str, Location), Index> = HashMap::new();
    let mut parts: Vec<(Index, Index)> = Vec::new();
    for (index, finding) in indexed(by_file) {
        let related = finding.related.iter().map(|label| label.location);
        let places = [finding.location].into_iter().chain(finding.anchor);
        for place in places.chain(related) {
            wholes.entry((finding.rule, place)).or_insert(index);
        }
    }

    for (index, finding) in indexed(by_file) {
        let Some(place) = finding.part_of else {
            continue;
        };

        let rules = cause_table(finding.rule).map_or(&[][..], |table| &table.part_of);
        let whole = rules
            .iter()
            .find_map(|rule| wholes.get(&(rule.as_str(), place)));
        if let Some(&whole) = whole {
            parts.push((index, whole));
        }
    }

    for (part, whole) in &parts {
        let location = by_file[part.0][part.1].location;
        let text = by_file[part.0][part.1].message.clone();
        let whole_finding = &mut by_file[whole.0][whole.1];
        let is_known = whole_finding.location == location
            || whole_finding
                .related
                .iter()
                .any(|label| label.location == location);
        if !is_known {
            whole_finding.related.push(Label { location, text });
        }

        if !whole_finding.has_parts {
            whole_finding.has_parts = true;
            use_whole_help(whole_finding);
        }
    }

    let removed = parts.into_iter().map(|(part, _)| part).collect();
    remove(by_file, &removed);
}

fn use_whole_help(finding: &mut Finding) {
    let help = cause_table(finding.rule).and_then(|table| table.whole_help.as_ref());
    if let Some(help) = help {
        let single_help = finding.help.take().unwrap_or_default();
        finding.help = Some(help.replace("{help}", &single_help));
    }
}

/// What makes two findings of a rule one.
#[derive(PartialEq, Eq, Hash)]
struct Key<'k> {
    rule: &'static str,
    aspect: &'k str,
    bond: Bond<'k>,
}

#[derive(PartialEq, Eq, Hash)]
enum Bond<'k> {
    /// Parts of a scope that have something in common, and matter as much.
    Scope(ScopeKey<'k>, Level, &'k str),
    /// The same text in an object, wherever it is written, and what is said of it.
    Object(ObjectKey<'k>, &'k str, &'k str),
    /// The same place of files with the same text, and what is said of it.
    Bytes(FileId, u32, &'k str),
    /// One place, of which several projects or overlays speak.
    Place(Location),
}

#[derive(PartialEq, Eq, Hash)]
enum ScopeKey<'k> {
    Object(ObjectKey<'k>),
    File(FileId),
    Unit(Unit<'k>),
    Repository,
}

fn join_groups(by_file: &mut [Vec<Finding>], units: &Units) {
    let indexes: Vec<Index> = indexed(by_file).map(|(index, _)| index).collect();
    if indexes.len() < 2 {
        return;
    }

    let mut groups = Groups::new(indexes.len());
    let mut first_of: HashMap<Key, usize> = HashMap::new();

    for (number, (_, finding)) in indexed(by_file).enumerate() {
        for bond in bonds(finding, units) {
            let key = Key {
                rule: finding.rule,
                aspect: &finding.aspect,
                bond,
            };
            let first = *first_of.entry(key).or_insert(number);
            groups.unite(first, number);
        }
    }

    drop(first_of);
    let mut members: HashMap<usize, Vec<Index>> = HashMap::new();
    for (number, index) in indexes.iter().enumerate() {
        members.entry(groups.root(number)).or_default().push(*index);
    }

    let mut removed = HashSet::new();
    for mut group in members.into_values().filter(|group| group.len() > 1) {
        group.sort_unstable_by_key(|index| {
            let level = by_file[index.0][index.1].level;
            let distance = units.distance(FileId(index.0 as u32));

            (Reverse(level), distance, *index)
        });
        join(by_file, &group, units);
        removed.extend(group.into_iter().skip(1));
    }

    remove(by_file, &removed);
}

/// The bonds of a finding to others of its rule.
fn bonds<'k>(finding: &'k Finding, units: &'k Units) -> Vec<Bond<'k>> {
    let location = finding.location;
    let text = units.text(location);
    let object = units.object(location);
    let mut bonds = Vec::new();

    let table = cause_table(finding.rule);
    if let Some(table) = table {
        let same = match table.same {
            Sameness::Rule => "",
            Sameness::Message => finding.message.as_str(),
            Sameness::Text => text,
        };
        let scope = match table.scope {
            Scope::Object => object.cloned().map(ScopeKey::Object),
            Scope::File => Some(ScopeKey::File(location.file)),
            Scope::Unit => Some(ScopeKey::Unit(units.unit(location.file))),
            Scope::Repository => Some(ScopeKey::Repository),
        };
        bonds.extend(scope.map(|scope| Bond::Scope(scope, finding.level, same)));
        // What projects and overlays say of one place is one finding, whatever they are called.
        bonds.push(Bond::Place(location));
    }

    if text.is_empty() {
        return bonds;
    }

    let message = finding.message.as_str();
    if let Some(object) = object {
        let said = if table.is_some() { "" } else { message };
        bonds.push(Bond::Object(object.clone(), text, said));
    }

    let original = units.first_copy(location.file);
    bonds.push(Bond::Bytes(original, location.span.start, message));

    bonds
}

/// Joins findings to the first of them.
fn join(by_file: &mut [Vec<Finding>], group: &[Index], units: &Units) {
    let (&(file, first_index), rest) = match group.split_first() {
        Some(split) => split,
        None => return,
    };

    let first = &by_file[file][first_index];
    let mut known: HashSet<Location> = [first.location]
        .into_iter()
        .chain(first.related.iter().map(|label| label.location))
        .collect();
    let mut places: Vec<Location> = Vec::new();
    let mut details: Vec<Label> = Vec::new();
    let mut fixes = Vec::new();
    let mut whole_help = None;
    for &(file, index) in rest {
        let member = &by_file[file][index];
        if known.insert(member.location) {
            places.push(member.location);
        }

        for label in &member.related {
            if !known.insert(label.location) {
                continue;
            }

            if label.text == ALSO {
                places.push(label.location);
            } else {
                details.push(label.clone());
            }
        }

        fixes.extend(member.fix.clone());
        if member.has_parts && whole_help.is_none() {
            whole_help.clone_from(&member.help);
        }
    }

    let first = &mut by_file[file][first_index];
    first.fix = joined_fix(first.fix.take(), fixes);
    if places.is_empty() {
        return;
    }

    let files: HashSet<FileId> = [first.location]
        .iter()
        .chain(&places)
        .map(|location| location.file)
        .collect();
    let more = places.len();
    first.message = match files.len() {
        1 => format!("{} (and {more} more in this file)", first.message),
        count => format!("{} (and {more} more in {count} files)", first.message),
    };

    let format = units.format(first.location.file);
    let joined_help = cause_table(first.rule)
        .and_then(|table| table.joined_help.as_ref()?.get(format))
        .map(str::to_owned);
    if joined_help.is_some() {
        first.help = joined_help;
    } else if !first.has_parts
        && let Some(help) = whole_help
    {
        first.help = Some(help);
    }

    first
        .related
        .extend(places.into_iter().map(|location| Label {
            location,
            text: ALSO.to_owned(),
        }));
    first.related.append(&mut details);
}

/// The fixes of joined findings as one, which is as safe as the least safe of them.
fn joined_fix(first: Option<Fix>, others: Vec<Fix>) -> Option<Fix> {
    let mut fixes = first.into_iter().chain(others);
    let mut joined = fixes.next()?;

    for fix in fixes {
        joined.applicability = joined.applicability.max(fix.applicability);
        for edit in fix.edits {
            if !joined.edits.contains(&edit) {
                joined.edits.push(edit);
            }
        }
    }

    let title = joined.title.clone();
    let applicability: Applicability = joined.applicability;

    Fix::new(applicability, title, joined.edits)
}

fn cause_table(rule: &str) -> Option<&'static CauseTable> {
    catalog::rule(rule)?.cause.as_ref()
}

fn indexed(by_file: &[Vec<Finding>]) -> impl Iterator<Item = (Index, &Finding)> {
    by_file.iter().enumerate().flat_map(|(file, findings)| {
        let findings = findings.iter().enumerate();
        findings.map(move |(index, finding)| ((file, index), finding))
    })
}

fn remove(by_file: &mut [Vec<Finding>], removed: &HashSet<Index>) {
    if removed.is_empty() {
        return;
    }

    for (file, findings) in by_file.iter_mut().enumerate() {
        let mut index = 0;
        findings.retain(|_| {
            index += 1;
            !removed.contains(&(file, index - 1))
        });
    }
}

/// Disjoint groups of numbered findings.
struct Groups {
    parents: Vec<usize>,
}

impl Groups {
    fn new(count: usize) -> Self {
        Self {
            parents: (0..count).collect(),
        }
    }

    fn root(&mut self, number: usize) -> usize {
        let mut root = number;
        while self.parents[root] != root {
            self.parents[root] = self.parents[self.parents[root]];
            root = self.parents[root];
        }

        root
    }

    /// The lower root stays one, so that a group's root is its first finding.
    fn unite(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b)] = a.min(b);
    }
}
