//! One finding for one cause. Findings of a rule become one, told at the first of their places with
//! the others beside it, if they are about parts of one scope, as the rule's page says, or about
//! copies of one object. A finding that follows from another one becomes a part of it.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use rayon::prelude::*;

use super::units::{ObjectKey, Unit, Units};
use crate::catalog::{self, CauseTable, Concern, Profile, Rule, Sameness, Scope};
use crate::edit::{Applicability, Fix};
use crate::finding::{ALSO, Finding, Label, Level};
use crate::source::{FileId, Location};

/// Where a finding is: the index of its file, and its index among the findings of the file.
type Index = (usize, usize);

/// Joins findings file by file, in order. In the strict profile, no finding is part of that of
/// another rule: it reports each rule by itself, as audits count them.
pub(super) fn join_causes(by_file: &mut [Vec<Finding>], units: &Units, profile: Profile) {
    let groups = groups(by_file, units);
    let mut removed = HashSet::new();
    if profile != Profile::Strict {
        removed = include_parts(by_file, &groups);
    }

    for group in groups.iter().filter(|group| group.len() > 1) {
        let group: Vec<Index> = group
            .iter()
            .filter(|index| !removed.contains(*index))
            .copied()
            .collect();

        if group.len() > 1 {
            join(by_file, &group, units);
            removed.extend(group.into_iter().skip(1));
        }
    }

    remove(by_file, &removed);
    by_file.iter_mut().flatten().for_each(count_places);
}

/// Adds findings that follow from others to them, and returns what was added. A part of what is
/// missing whole at its own place is told with it only if that is so for all of its group: a finding
/// that stays lists all its places.
fn include_parts(by_file: &mut [Vec<Finding>], groups: &[Vec<Index>]) -> HashSet<Index> {
    // The rules whose findings may include another one that is here.
    let including: HashSet<&str> = indexed(by_file)
        .filter(|(_, finding)| finding.part_of.is_some())
        .filter_map(|(_, finding)| cause_table(finding.rule))
        .flat_map(|table| table.part_of.iter().map(String::as_str))
        .collect();
    let mut wholes: HashMap<(&str, Location), Index> = HashMap::new();
    let including = indexed(by_file).filter(|(_, finding)| including.contains(finding.rule));
    for (index, finding) in including {
        let related = finding.related.iter().map(|label| label.location);
        let places = [finding.location].into_iter().chain(finding.anchor);
        for place in places.chain(related) {
            wholes.entry((finding.rule, place)).or_insert(index);
        }
    }

    let mut parts: Vec<(Index, Index)> = Vec::new();
    for group in groups {
        let of_group: Vec<(Index, Index)> = group
            .iter()
            .filter_map(|index| Some((*index, whole_of(&by_file[index.0][index.1], &wholes)?)))
            .collect();
        let is_whole_group = of_group.len() == group.len();
        parts.extend(of_group.into_iter().filter(|(part, _)| {
            let finding = &by_file[part.0][part.1];
            is_whole_group || finding.part_of != Some(finding.location)
        }));
    }

    for (part, whole) in &parts {
        add_part(by_file, *part, *whole);
    }

    parts.into_iter().map(|(part, _)| part).collect()
}

/// The finding that includes this one.
fn whole_of(finding: &Finding, wholes: &HashMap<(&str, Location), Index>) -> Option<Index> {
    let place = finding.part_of?;
    let rules = &cause_table(finding.rule)?.part_of;

    rules
        .iter()
        .find_map(|rule| wholes.get(&(rule.as_str(), place)))
        .copied()
}

fn add_part(by_file: &mut [Vec<Finding>], part: Index, whole: Index) {
    let finding = &by_file[part.0][part.1];
    let location = finding.location;
    let text = finding.message.clone();

    let whole = &mut by_file[whole.0][whole.1];
    let mut places = whole.related.iter().map(|label| label.location);
    if whole.location != location && !places.any(|place| place == location) {
        whole.related.push(Label { location, text });
    }

    if !whole.has_parts {
        whole.has_parts = true;
        use_whole_help(whole);
    }
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
    aspect: &'k str,
    /// What only shows something is never joined with what is deployed.
    is_practice: bool,
    /// What matters less is told by itself: it is for a developer's machine, or not certain.
    level: Option<Level>,
    bond: Bond<'k>,
}

#[derive(PartialEq, Eq, Hash)]
enum Bond<'k> {
    /// Parts of a scope that have something in common.
    Scope(ScopeKey<'k>, &'k str),
    /// The same text in an object, wherever it is written, and what is said of it: the first of
    /// such findings in one file is that of another file, the second the second.
    Object(&'k ObjectKey<'k>, &'k str, &'k str, u32),
    /// The same place of files with the same text, and what is said of it.
    Bytes(FileId, u32, &'k str),
    /// A folder of practice.
    Folder(&'k str),
    /// One place, of which several projects or overlays speak, and why it is wrong.
    Place(Location, &'k str),
}

#[derive(PartialEq, Eq, Hash)]
enum ScopeKey<'k> {
    Object(&'k ObjectKey<'k>),
    File(FileId),
    Unit(Unit<'k>),
    Repository,
}

/// The findings that have one cause, those at the source first; most are alone. In the order of the
/// first finding of each.
fn groups(by_file: &[Vec<Finding>], units: &Units) -> Vec<Vec<Index>> {
    let mut by_rule: HashMap<&str, Vec<Index>> = HashMap::new();
    for (index, finding) in indexed(by_file) {
        by_rule.entry(finding.rule).or_default().push(index);
    }

    let mut groups: Vec<(Index, Vec<Index>)> = by_rule
        .into_par_iter()
        .flat_map_iter(|(rule, indexes)| groups_of_rule(rule, &indexes, by_file, units))
        .collect();
    groups.sort_unstable_by_key(|(first, _)| *first);

    groups.into_iter().map(|(_, group)| group).collect()
}

/// The groups of the findings of a rule, each with the index of its first finding.
fn groups_of_rule(
    rule: &str,
    indexes: &[Index],
    by_file: &[Vec<Finding>],
    units: &Units,
) -> Vec<(Index, Vec<Index>)> {
    let rule = catalog::rule(rule);
    let mut groups = Groups::new(indexes.len());
    // Most findings have two or three bonds.
    let mut first_of: HashMap<Key, usize> = HashMap::with_capacity(3 * indexes.len());
    let mut counts: HashMap<(FileId, &ObjectKey, &str), u32> = HashMap::new();

    for (number, index) in indexes.iter().enumerate() {
        let finding = &by_file[index.0][index.1];
        let is_practice = units.is_practice(finding);
        // Of practice, a folder is told once.
        let folder = if is_practice && finding.level == Level::Note {
            Some(Bond::Folder(units.folder(finding.location.file)))
        } else {
            None
        };

        let copy = copy_bond(finding, rule, units, &mut counts);
        let bonds = bonds(finding, rule, units);
        for bond in bonds.into_iter().chain(copy).chain(folder) {
            let aspect = match bond {
                Bond::Folder(_) => "",
                _ => finding.aspect.as_ref(),
            };
            let key = Key {
                aspect,
                is_practice,
                level: match bond {
                    Bond::Place(..) => None,
                    _ => Some(finding.level),
                },
                bond,
            };
            let first = *first_of.entry(key).or_insert(number);
            groups.unite(first, number);
        }
    }

    let mut members: Vec<(usize, Index)> = Vec::with_capacity(indexes.len());
    for (number, index) in indexes.iter().enumerate() {
        members.push((groups.root(number), *index));
    }

    // The root of a group is its first finding.
    members.sort_unstable();

    members
        .chunk_by(|a, b| a.0 == b.0)
        .map(|members| {
            let mut group: Vec<Index> = members.iter().map(|(_, index)| *index).collect();
            let first = group[0];
            if group.len() > 1 {
                group.sort_by_cached_key(|index| {
                    let level = by_file[index.0][index.1].level;
                    let precedence = units.precedence(FileId(index.0 as u32));
                    (Reverse(level), precedence, *index)
                });
            }

            (first, group)
        })
        .collect()
}

/// The bonds of a finding to others of its rule.
fn bonds<'k>(finding: &'k Finding, rule: Option<&Rule>, units: &'k Units) -> Vec<Bond<'k>> {
    let location = finding.location;
    let text = units.text(location);
    let mut bonds = Vec::new();

    if let Some((rule, table)) = rule.and_then(|rule| Some((rule, rule.cause.as_ref()?))) {
        let same = match table.same {
            Sameness::Rule => "",
            Sameness::Message => finding.message.as_str(),
            Sameness::Text => text,
        };
        let scope = match table.scope {
            Scope::Object => units.object(location).map(ScopeKey::Object),
            Scope::File => Some(ScopeKey::File(location.file)),
            Scope::Unit => Some(ScopeKey::Unit(unit(location.file, rule.concern, units))),
            Scope::Repository => Some(ScopeKey::Repository),
        };
        bonds.extend(scope.map(|scope| Bond::Scope(scope, same)));
        // What projects and overlays say of one place is one finding, whatever they are called.
        bonds.push(Bond::Place(location, ""));
    } else if !finding.label.is_empty() {
        bonds.push(Bond::Place(location, &finding.label));
    }

    if text.is_empty() {
        return bonds;
    }

    let original = units.first_copy(location.file);
    bonds.push(Bond::Bytes(original, location.span.start, &finding.message));

    bonds
}

/// The unit whose findings of a rule are one: wider for habits than for what does not work.
fn unit<'k>(file: FileId, concern: Concern, units: &'k Units) -> Unit<'k> {
    match concern {
        Concern::Works => units.unit(file),
        _ => units.unit_of_habits(file),
    }
}

/// The bond of a finding to those of the same object in other files.
fn copy_bond<'k>(
    finding: &'k Finding,
    rule: Option<&Rule>,
    units: &'k Units,
    counts: &mut HashMap<(FileId, &'k ObjectKey<'k>, &'k str), u32>,
) -> Option<Bond<'k>> {
    let location = finding.location;
    let object = units.object(location)?;
    let text = units.text(location);
    if text.is_empty() || !units.is_in_several_files(object) {
        return None;
    }

    let count = counts.entry((location.file, object, text)).or_default();
    *count += 1;

    // Other rules say which object they are about.
    let message = match rule.and_then(|rule| rule.cause.as_ref()) {
        Some(_) => "",
        None => finding.message.as_str(),
    };

    Some(Bond::Object(object, text, message, *count))
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
        first.related.append(&mut details);
        return;
    }

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

/// Says how many places a finding has beside its own, for formats that show one place.
fn count_places(finding: &mut Finding) {
    let more = finding.places().count() - 1;
    if more == 0 {
        return;
    }

    let files: HashSet<FileId> = finding.places().map(|place| place.file).collect();
    finding.message = match files.len() {
        1 => format!("{} (and {more} more in this file)", finding.message),
        count => format!("{} (and {more} more in {count} files)", finding.message),
    };
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
