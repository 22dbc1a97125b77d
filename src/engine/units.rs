//! What findings belong to: the unit of their file, the object that they are about, and other files
//! that hold the same object.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::catalog::Format;
use crate::finding::Finding;
use crate::model::chart;
use crate::model::facts::{Facts, FileFacts};
use crate::model::file_kind::FileKind;
use crate::model::file_role::{Origin, Role};
use crate::model::kubernetes::Object;
use crate::source::{FileId, Location, Repository, SourceFile, file_name, parent};

/// What is deployed or run together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Unit<'f> {
    /// A file that is not part of anything larger.
    File(FileId),
    /// A chart by its folder.
    Chart(&'f str),
    /// Manifests by their folder, or by that of the kustomization above them.
    Manifests(&'f str),
    /// The compose files of a folder: variants of one project.
    Compose(&'f str),
    Dockerfiles,
    /// Workflows and actions.
    Pipelines,
}

/// An object by what it is, wherever it is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum ObjectKey<'f> {
    /// Kind, namespace as its own file says, and name.
    Manifest(&'f str, &'f str, Cow<'f, str>),
    /// One whose name is not known, by its place.
    Unnamed(FileId, u32),
    /// A service, by the folder of its project.
    Service(&'f str, &'f str),
}

/// Which of the files that hold an object a finding is shown at: the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Precedence {
    /// Kustomizations build on it.
    Base,
    Source,
    /// A compose file with a name of its own, which may vary the one without.
    Variant,
    /// It may be rendered from a chart.
    Manifest,
    /// Its header says so.
    Generated,
}

/// Units and objects of a repository's files.
pub(super) struct Units<'f> {
    facts: &'f Facts<'f>,
    /// By file, for each file that has some: where each object begins.
    objects: HashMap<FileId, Vec<(u32, ObjectKey<'f>)>>,
    /// The objects that several files hold.
    shared: HashSet<ObjectKey<'f>>,
    /// The unit of each file that has findings.
    units: HashMap<FileId, Unit<'f>>,
    /// Files with the text of an earlier one, which is the value.
    copies: HashMap<FileId, FileId>,
    /// Folders that kustomizations gather: bases and components.
    gathered: HashSet<&'f str>,
    /// What the repository is a collection of.
    collections: Collections,
}

impl<'f> Units<'f> {
    /// Units for findings in these files.
    pub(super) fn new(facts: &'f Facts<'f>, files: impl Iterator<Item = FileId> + Clone) -> Self {
        let mut objects: HashMap<FileId, Vec<(u32, ObjectKey<'f>)>> = HashMap::new();

        for project in facts.projects() {
            for service in &project.services {
                let anchor = service.container.anchor;
                let folder = parent(facts.path(anchor.file));
                let key = ObjectKey::Service(folder, service.name());
                objects
                    .entry(anchor.file)
                    .or_default()
                    .push((anchor.span.start, key));
            }
        }

        for (source, file) in facts.repository.files().iter().zip(&facts.files) {
            let keys = manifest_keys(facts, file);
            if !keys.is_empty() {
                objects.insert(source.id, keys);
            }
        }

        for keys in objects.values_mut() {
            keys.sort_by_key(|(start, _)| *start);
        }

        let mut first_file: HashMap<&ObjectKey<'f>, FileId> = HashMap::new();
        let mut shared = HashSet::new();
        for (file, keys) in &objects {
            for (_, key) in keys {
                let is_named = !matches!(key, ObjectKey::Unnamed(..));
                if is_named
                    && first_file
                        .insert(key, *file)
                        .is_some_and(|other| other != *file)
                {
                    shared.insert(key.clone());
                }
            }
        }

        let units: HashMap<FileId, Unit<'f>> = files
            .clone()
            .map(|file| (file, unit_of(facts, file)))
            .collect();

        Self {
            facts,
            shared,
            objects,
            collections: Collections::of(facts, &units),
            units,
            copies: copies(facts.repository, files),
            gathered: gathered_folders(facts),
        }
    }

    /// The first file with the text of a file.
    pub(super) fn first_copy(&self, file: FileId) -> FileId {
        self.copies.get(&file).copied().unwrap_or(file)
    }

    /// The object or service that a location is in.
    pub(super) fn object(&self, location: Location) -> Option<&ObjectKey<'f>> {
        let keys = self.objects.get(&location.file)?;
        let next = keys.partition_point(|(start, _)| *start <= location.span.start);
        let (_, key) = keys.get(next.checked_sub(1)?)?;

        Some(key)
    }

    /// Whether more than one file holds an object of this name.
    pub(super) fn is_in_several_files(&self, object: &ObjectKey) -> bool {
        self.shared.contains(object)
    }

    /// The unit of a file that has findings.
    pub(super) fn unit(&self, file: FileId) -> Unit<'f> {
        self.units.get(&file).copied().unwrap_or(Unit::File(file))
    }

    /// The unit of a file in which habits are the same. The projects, charts or folders of a collection
    /// are one: what all of them lack is missing once.
    pub(super) fn unit_of_habits(&self, file: FileId) -> Unit<'f> {
        match self.unit(file) {
            Unit::Compose(_) if self.collections.of_projects => Unit::Compose(""),
            Unit::Chart(_) if self.collections.of_charts => Unit::Chart(""),
            Unit::Manifests(_) if self.collections.of_manifests => Unit::Manifests(""),
            unit => unit,
        }
    }

    /// The files that a person edits come before those that are derived from them.
    pub(super) fn precedence(&self, file: FileId) -> Precedence {
        let Some(source) = self.facts.repository.files().get(file.0 as usize) else {
            return Precedence::Source;
        };

        if self.facts.origin(file) == Origin::Generated {
            return Precedence::Generated;
        }

        match self.facts.file(file).kind {
            FileKind::Kubernetes if self.gathered.contains(source.folder()) => Precedence::Base,
            FileKind::Kubernetes => Precedence::Manifest,
            FileKind::Compose if !COMPOSE_FILES.contains(&source.name()) => Precedence::Variant,
            _ => Precedence::Source,
        }
    }

    pub(super) fn format(&self, file: FileId) -> Option<Format> {
        let file = self.facts.files.get(file.0 as usize)?;

        Format::of(file.kind)
    }

    /// Whether a finding is about something that only shows or tries what is deployed elsewhere.
    pub(super) fn is_practice(&self, finding: &Finding) -> bool {
        role_of(self.facts, finding) == Role::Practice
    }

    pub(super) fn folder(&self, file: FileId) -> &'f str {
        let sources = self.facts.repository.files();
        sources.get(file.0 as usize).map_or("", SourceFile::folder)
    }

    pub(super) fn text(&self, location: Location) -> &'f str {
        match self.facts.repository.files().get(location.file.0 as usize) {
            Some(_) => self.facts.text(location),
            None => "",
        }
    }
}

/// The unit of a file.
fn unit_of<'f>(facts: &'f Facts<'f>, file: FileId) -> Unit<'f> {
    let Some(source) = facts.repository.files().get(file.0 as usize) else {
        return Unit::File(file);
    };

    let repository = facts.repository;
    let folder = source.folder();

    match facts.file(file).kind {
        FileKind::Dockerfile => Unit::Dockerfiles,
        kind if kind.is_pipeline() => Unit::Pipelines,
        FileKind::Compose => Unit::Compose(folder),
        FileKind::HelmTemplate | FileKind::HelmValues | FileKind::HelmChart => {
            Unit::Chart(highest_with(repository, folder, &["Chart.yaml"]).unwrap_or(folder))
        }
        FileKind::Kubernetes | FileKind::Kustomization => {
            let highest = highest_with(repository, folder, KUSTOMIZATIONS);
            Unit::Manifests(highest.map_or(folder, without_layers))
        }
        _ => Unit::File(file),
    }
}

/// The role of what a finding is about: that of its file, or what the check says of a part of it.
pub(super) fn role_of(facts: &Facts, finding: &Finding) -> Role {
    if finding.location.file.0 as usize >= facts.files.len() {
        return Role::Production;
    }

    let of_file = facts.role(finding.location.file);
    let named = |role: Role| finding.cases.contains(&role.as_str());

    match of_file {
        Role::Production if named(Role::Practice) => Role::Practice,
        Role::Production if named(Role::Development) => Role::Development,
        _ => of_file,
    }
}

/// The files among these that have the text of an earlier one.
fn copies(repository: Repository, files: impl Iterator<Item = FileId>) -> HashMap<FileId, FileId> {
    let sources = files.filter_map(|file| repository.files().get(file.0 as usize));
    let mut by_length: HashMap<usize, Vec<&SourceFile>> = HashMap::new();
    for source in sources {
        by_length.entry(source.text.len()).or_default().push(source);
    }

    let mut copies = HashMap::new();
    for sources in by_length.values().filter(|sources| sources.len() > 1) {
        let mut originals: HashMap<&str, FileId> = HashMap::new();

        for source in sources {
            match originals.entry(source.text.as_str()) {
                Entry::Occupied(original) => drop(copies.insert(source.id, *original.get())),
                Entry::Vacant(vacant) => drop(vacant.insert(source.id)),
            }
        }
    }

    copies
}

/// The names of a compose file that Compose looks for.
const COMPOSE_FILES: &[&str] = &[
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
];

/// The file names of a kustomization.
const KUSTOMIZATIONS: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Folders of the parts of which kustomizations are put together.
const LAYERS: &[&str] = &["base", "bases", "overlays", "components"];

/// The folder that holds a kustomization's base, overlays and components, of which each may have no
/// kustomization above it.
fn without_layers(folder: &str) -> &str {
    let above = parent(folder);

    if LAYERS.contains(&file_name(folder)) && !above.is_empty() {
        return above;
    }

    if LAYERS.contains(&file_name(above)) && !parent(above).is_empty() {
        return parent(above);
    }

    folder
}

/// The highest folder above a folder, or itself, in which one of the files is.
fn highest_with<'f>(
    repository: Repository<'f>,
    folder: &'f str,
    names: &[&str],
) -> Option<&'f str> {
    let mut highest = None;
    let mut current = folder;

    while !current.is_empty() {
        let is_here = names
            .iter()
            .any(|name| repository.find(&format!("{current}/{name}")).is_some());
        if is_here {
            highest = Some(current);
        }

        current = parent(current);
    }

    highest
}

/// How many units of one kind a repository may have that is not a collection of them.
const FEW_UNITS: usize = 5;

/// Whether a repository is a collection of compose projects, of charts or of folders of manifests,
/// each by itself.
#[derive(Clone, Copy, Debug)]
struct Collections {
    of_projects: bool,
    of_charts: bool,
    of_manifests: bool,
}

impl Collections {
    fn of(facts: &Facts, units: &HashMap<FileId, Unit>) -> Self {
        let projects = facts.projects().iter();
        let folders: HashSet<&str> = projects.map(|project| project.folder.as_str()).collect();
        let units: HashSet<&Unit> = units.values().collect();
        let count = |is_kind: fn(&Unit) -> bool| units.iter().filter(|unit| is_kind(unit)).count();

        Self {
            of_projects: folders.len() > FEW_UNITS,
            of_charts: count(|unit| matches!(unit, Unit::Chart(_))) > FEW_UNITS,
            of_manifests: count(|unit| matches!(unit, Unit::Manifests(_))) > FEW_UNITS,
        }
    }
}

/// The paths that kustomizations gather. Files among them do no harm: no folder has their names.
fn gathered_folders<'f>(facts: &'f Facts<'f>) -> HashSet<&'f str> {
    let kustomizations = facts
        .files
        .iter()
        .filter_map(|file| file.kustomization.as_ref());

    kustomizations
        .flat_map(|kustomization| &kustomization.resources)
        .map(|resource| resource.value.as_str())
        .collect()
}

/// The name of an object; that of a template with the chart's values filled in.
fn object_name<'f>(facts: &'f Facts<'f>, object: &'f Object) -> Option<Cow<'f, str>> {
    if let Some(name) = &object.name {
        return Some(Cow::Borrowed(&name.value));
    }

    let place = object.templated_name?;
    let values = facts.of_chart(object.file, "values.yaml")?;
    let filled = chart::fill_in(facts.text(place), values)?;

    Some(Cow::Owned(filled.value))
}

/// Where the objects of a file begin.
fn manifest_keys<'f>(facts: &'f Facts<'f>, file: &'f FileFacts<'f>) -> Vec<(u32, ObjectKey<'f>)> {
    file.objects
        .iter()
        .map(|object| {
            let start = object.anchor.span.start;
            // A kustomization may set the namespace of its own copy.
            let namespace = object.namespace.known();
            let namespace = namespace
                .filter(|namespace| namespace.location.file == object.file)
                .map_or("", |namespace| namespace.value.as_str());
            let key = match object_name(facts, object) {
                Some(name) => ObjectKey::Manifest(&object.kind.value, namespace, name),
                None => ObjectKey::Unnamed(object.file, start),
            };

            (start, key)
        })
        .collect()
}
