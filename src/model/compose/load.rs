//! Compose projects: each folder's plan, read, merged and lowered.

use std::collections::{BTreeMap, HashMap};

use super::lower::{self, ProjectOrigin};
use super::plan::{self, ProjectPlan, PulledIn};
use super::project::{Project, Reference, ReferenceKind};
use super::reader::ProjectReader;
use super::value::Value;
use crate::model::facts::Facts;
use crate::model::file_kind::FileKind;
use crate::source::{FileId, parent};

/// All projects, one folder after the other.
#[cfg(test)]
pub fn projects(facts: &Facts) -> Vec<Project> {
    let loader = ProjectLoader::new(facts);

    (0..loader.len())
        .flat_map(|folder| loader.projects(folder))
        .collect()
}

/// The folders that hold compose files. Each gives its projects for itself, so that workers can
/// share them.
#[derive(Debug)]
pub struct ProjectLoader<'f> {
    facts: &'f Facts<'f>,
    folders: Vec<(&'f str, Vec<FileId>)>,
    pulled_in: PulledIn,
}

impl<'f> ProjectLoader<'f> {
    pub fn new(facts: &'f Facts<'f>) -> Self {
        let mut folders: BTreeMap<&str, Vec<FileId>> = BTreeMap::new();

        for file in facts.of_kind(FileKind::Compose) {
            folders
                .entry(parent(facts.path(file)))
                .or_default()
                .push(file);
        }

        let pulled_in = plan::pulled_in(facts, folders.values().flatten().copied());
        Self {
            facts,
            folders: folders.into_iter().collect(),
            pulled_in,
        }
    }

    /// The number of folders.
    pub const fn len(&self) -> usize {
        self.folders.len()
    }

    /// The first compose file of a folder.
    pub fn first_file(&self, folder: usize) -> FileId {
        self.folders
            .get(folder)
            .and_then(|(_, files)| files.first())
            .copied()
            .unwrap_or_default()
    }

    /// The projects of the folder of this index.
    pub fn projects(&self, folder: usize) -> Vec<Project> {
        let Some((folder, files)) = self.folders.get(folder) else {
            return Vec::new();
        };

        let reader = ProjectReader::new(self.facts, folder);
        let values: HashMap<FileId, Value> = files
            .iter()
            .map(|file| (*file, reader.file(*file)))
            .collect();

        let plans = plan::folder_plans(self.facts, folder, files, &values, &self.pulled_in);
        let mut projects: Vec<Project> = plans
            .iter()
            .map(|plan| load_plan(self.facts, folder, plan, &values))
            .collect();

        apply_overlay_evidence(&mut projects);

        projects
    }
}

/// The project of a plan, with the values of all files of its folder.
fn load_plan(
    facts: &Facts,
    folder: &str,
    plan: &ProjectPlan,
    values: &HashMap<FileId, Value>,
) -> Project {
    let (files, base_files) = match plan {
        ProjectPlan::Whole(files) => (files.clone(), 0),
        ProjectPlan::Overlay { base, over } => (vec![*base, *over], 1),
        ProjectPlan::Fragment(file) => return load(facts, folder, &[*file], 0, Extent::Part),
    };

    let project = load(facts, folder, &files, base_files, Extent::Whole);
    if needs_siblings(&project, values) {
        load(facts, folder, &files, base_files, Extent::Part)
    } else {
        project
    }
}

/// Whether a project refers to what only another file of its folder defines: then it is meant to
/// be laid over that file.
fn needs_siblings(project: &Project, files: &HashMap<FileId, Value>) -> bool {
    project
        .services
        .iter()
        .flat_map(|service| &service.references)
        .any(|reference| {
            // What `extends` brings is defined where it comes from, and lost.
            !project.defines(reference)
                && files.iter().any(|(id, file)| {
                    *id != reference.name.location.file && defines(file, reference)
                })
        })
}

fn defines(file: &Value<'_>, reference: &Reference) -> bool {
    let section = match reference.kind {
        ReferenceKind::Volume => "volumes",
        ReferenceKind::Network => "networks",
        ReferenceKind::Secret => "secrets",
        ReferenceKind::Config => "configs",
        ReferenceKind::Service => "services",
    };

    file.get(section)
        .is_some_and(|definitions| definitions.get(&reference.name.value).is_some())
}

/// What a file laid over the base says is evidence for the base: `docker-compose.prod.yml` may set
/// the limits.
fn apply_overlay_evidence(projects: &mut [Project]) {
    let Some((base, others)) = projects.split_first_mut() else {
        return;
    };

    for overlay in others.iter().filter(|other| other.base_files > 0) {
        for service in &mut base.services {
            if let Some(laid) = overlay.service(&service.container.name.value) {
                lower::take_evidence(service, laid, !overlay.development);
            }
        }
    }
}

/// How much of a project its files are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// What they lack may be defined elsewhere.
    Part,
}

/// The project of files that are laid over each other, of which the first `base_files` are another
/// project's.
pub(super) fn load(
    facts: &Facts,
    folder: &str,
    files: &[FileId],
    base_files: usize,
    extent: Extent,
) -> Project {
    let is_part = extent == Extent::Part || files.iter().any(|file| is_damaged(facts, *file));
    let mut reader = ProjectReader::of_files(facts, folder, files);
    let merged = reader.merged(files);
    let origin = ProjectOrigin {
        folder: reader.folder,
        folders: &reader.folders,
        variables: &reader.variables,
        environments: &reader.environments,
        incomplete: &reader.incomplete,
        open: is_part,
    };

    let mut project = lower::project(merged.as_ref(), &origin);

    let pulled_in = reader.files.iter().filter(|file| !files.contains(file));
    project.files = files.iter().chain(pulled_in).copied().collect();
    project.development = files
        .iter()
        .skip(base_files)
        .any(|file| facts.is_development(*file));
    project.role = files
        .iter()
        .skip(base_files)
        .map(|file| facts.role(*file))
        .max()
        .unwrap_or_default();
    project.folder = reader.folder.to_owned();
    project.overlay = is_part || reader.partial;
    project.base_files = base_files;
    project.folders = reader.folders;

    project
}

/// Whether a part of the file was lost to a syntax error.
fn is_damaged(facts: &Facts, file: FileId) -> bool {
    facts
        .file(file)
        .tree
        .as_ref()
        .is_some_and(|tree| !tree.damage().is_empty())
}
