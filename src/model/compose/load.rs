//! Which files make up a project, and what they come to together: base and override, overlays,
//! `include`, `extends`.

use super::lower::{self, Origin};
use super::value::{Data, Field, Value, Variables};
use super::{Project, Reference, ReferenceKind, merge};
use crate::model::facts::Facts;
use crate::model::file_kind::FileKind;
use crate::model::file_role::is_development;
use crate::source::{FileId, SourceFile, file_name, join, parent};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

/// How many services one after the other may extend each other, and includes include.
const MAX_CHAIN: usize = 16;
/// How many files one project may load: a net of includes must not grow without bound.
const MAX_FILES: usize = 200;

/// Names that `docker compose` looks for, in its order.
const BASES: &[&str] = &[
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];
const OVERRIDES: &[&str] = &[
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// All projects, one folder after the other.
#[cfg(test)]
pub fn projects(facts: &Facts) -> Vec<Project> {
    let folders = ProjectLoader::new(facts);
    (0..folders.len())
        .flat_map(|at| folders.projects(at))
        .collect()
}

/// The folders that hold compose files. Each gives its projects for itself, so that workers can
/// share them.
#[derive(Debug)]
pub struct ProjectLoader<'f> {
    facts: &'f Facts<'f>,
    folders: Vec<(&'f str, Vec<FileId>)>,
    referred: Referred,
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

        let referred = referred(facts, folders.values().flatten().copied());
        Self {
            facts,
            folders: folders.into_iter().collect(),
            referred,
        }
    }

    pub const fn len(&self) -> usize {
        self.folders.len()
    }

    /// The first compose file of a folder.
    pub fn first_file(&self, at: usize) -> FileId {
        self.folders
            .get(at)
            .and_then(|(_, files)| files.first())
            .copied()
            .unwrap_or_default()
    }

    pub const fn is_empty(&self) -> bool {
        self.folders.is_empty()
    }

    /// The projects of the folder of this index.
    pub fn projects(&self, at: usize) -> Vec<Project> {
        let mut projects = Vec::new();
        if let Some((folder, files)) = self.folders.get(at) {
            folder_projects(self.facts, folder, files, &self.referred, &mut projects);
        }
        projects
    }
}

/// Files that are read as parts of others.
#[derive(Debug, Default)]
struct Referred {
    /// Extended by services of other files.
    extended: HashSet<FileId>,
    /// Included, at last, by a file that nobody includes.
    included: HashSet<FileId>,
}

impl Referred {
    fn contains(&self, file: FileId) -> bool {
        self.extended.contains(&file) || self.included.contains(&file)
    }
}

fn referred(facts: &Facts, files: impl Iterator<Item = FileId>) -> Referred {
    let mut referred = Referred::default();
    let mut includes: BTreeMap<FileId, Vec<FileId>> = BTreeMap::new();

    for file in files {
        // Few files name others, and the whole of a file is read for it.
        let text = &facts.source(file).text;
        if !text.contains("include") && !text.contains("extends") {
            continue;
        }

        let Some(root) = facts.file(file).tree.as_ref().and_then(|tree| tree.root()) else {
            continue;
        };

        let root = Value::read(root, &Variables::default());
        let folder = parent(facts.path(file));
        let find = |path: &str| {
            let other = facts.repository.find(&join(folder, path)?)?.id;
            (other != file).then_some(other)
        };

        let mut included = Vec::new();

        for include in root.get("include").into_iter().flat_map(Value::one_or_many) {
            let paths = include
                .get("path")
                .map_or(std::slice::from_ref(include), Value::one_or_many);
            included.extend(paths.iter().filter_map(Value::text).filter_map(find));
        }

        includes.insert(file, included);
        let services = root.get("services").map_or(&[][..], Value::fields);
        let bases = services
            .iter()
            .filter_map(|service| service.value.get("extends")?.get("file")?.text());
        referred.extended.extend(bases.filter_map(find));
    }

    let inner: HashSet<FileId> = includes.values().flatten().copied().collect();
    let mut open: Vec<FileId> = includes
        .keys()
        .copied()
        .filter(|file| !inner.contains(file))
        .collect();
    while let Some(file) = open.pop() {
        let next = includes.get(&file).into_iter().flatten();
        open.extend(
            next.copied()
                .filter(|other| referred.included.insert(*other)),
        );
    }

    referred
}

fn folder_projects(
    facts: &Facts,
    folder: &str,
    files: &[FileId],
    referred: &Referred,
    projects: &mut Vec<Project>,
) {
    let named = |names: &[&str]| {
        let with = |name: &&str| {
            files
                .iter()
                .copied()
                .find(|file| file_name(facts.path(*file)) == *name)
        };

        names.iter().find_map(with)
    };

    let chosen = chosen(facts, folder);
    let (base, with_base) = match chosen.split_first() {
        Some((base, rest)) => (Some(*base), rest.to_vec()),
        None => (named(BASES), Vec::new()),
    };

    let base = base.filter(|base| !referred.included.contains(base));
    // What the files of the folder define, by section and name: a file that refers to what only
    // another one defines is meant to be laid over it.
    let loader = ProjectReader::new(facts, folder);
    let read: HashMap<FileId, Value> = files
        .iter()
        .map(|file| (*file, loader.file(*file)))
        .collect();
    let stands = |file: FileId| read.get(&file).is_some_and(is_self_contained);
    let mut done: HashSet<FileId> = HashSet::new();
    let first = projects.len();

    if let Some(base) = base {
        let mut parts = vec![base];
        parts.extend(&with_base);
        // A base that lacks what its override gives is no project by itself.
        let over = named(OVERRIDES).filter(|over| !parts.contains(over));
        let whole = with_base.is_empty() && stands(base);
        parts.extend(over.filter(|_| !whole && with_base.is_empty()));
        done.extend(&parts);
        projects.push(load(facts, folder, &parts, 0));
    }

    for &file in files {
        if done.contains(&file) {
            continue;
        }

        match base {
            _ if stands(file) => {
                if !referred.contains(file) {
                    projects.push(load(facts, folder, &[file], 0));
                }
            }
            _ if referred.contains(file) => {}
            Some(base) => projects.push(load(facts, folder, &[base, file], 1)),
            None => {
                let mut project = load(facts, folder, &[file], 0);
                lower::open(&mut project);
                project.overlay = true;
                projects.push(project);
            }
        }
    }

    for project in &mut projects[first..] {
        let sibling = |kind, name: &str| {
            read.values().any(|file| {
                file.get(section(kind))
                    .is_some_and(|all| all.get(name).is_some())
            })
        };

        let foreign = |one: &Reference| !project.defines(one) && sibling(one.kind, &one.name.value);
        if project
            .services
            .iter()
            .flat_map(|service| &service.references)
            .any(foreign)
        {
            lower::open(project);
            project.overlay = true;
        }
    }

    evidence(&mut projects[first..]);
}

/// The top-level key under which a kind is defined.
const fn section(kind: ReferenceKind) -> &'static str {
    match kind {
        ReferenceKind::Volume => "volumes",
        ReferenceKind::Network => "networks",
        ReferenceKind::Secret => "secrets",
        ReferenceKind::Config => "configs",
        ReferenceKind::Service => "services",
    }
}

/// The files that `COMPOSE_FILE` in the folder's `.env` names.
fn chosen(facts: &Facts, folder: &str) -> Vec<FileId> {
    let variables = variables(facts, folder);
    let Some(list) = variables.get("COMPOSE_FILE") else {
        return Vec::new();
    };

    let separator = variables
        .get("COMPOSE_PATH_SEPARATOR")
        .filter(|one| !one.is_empty())
        .unwrap_or(":");
    let find = |path: &str| {
        let file = facts.repository.find(&join(folder, path.trim())?)?.id;
        facts.file(file).tree.is_some().then_some(file)
    };

    let found: Option<Vec<FileId>> = list
        .split(separator)
        .filter(|path| !path.trim().is_empty())
        .map(find)
        .collect();
    found.unwrap_or_default()
}

fn variables(facts: &Facts, folder: &str) -> Variables {
    Variables::default().over(env_file(facts, folder, ".env"))
}

fn env_file<'f>(facts: &'f Facts<'f>, folder: &str, path: &str) -> Option<&'f SourceFile> {
    facts.repository.find(&join(folder, path)?)
}

/// Whether every service says what it runs, so that the file can be run by itself.
fn is_self_contained(file: &Value<'_>) -> bool {
    let runs = |service: &Field<'_>| {
        let source = ["image", "build", "provider", "extends"]
            .iter()
            .any(|key| service.value.get(key).is_some());
        source || !matches!(service.value.data, Data::Map(_) | Data::Null)
    };

    let services = file.get("services").map_or(&[][..], Value::fields);

    services.iter().all(runs) && (!services.is_empty() || file.get("include").is_some())
}

/// What a file laid over the base says is evidence for the base: `docker-compose.prod.yml` may set
/// the limits.
fn evidence(projects: &mut [Project]) {
    let Some((base, others)) = projects.split_first_mut() else {
        return;
    };

    for other in others.iter().filter(|other| other.base_files > 0) {
        for service in &mut base.services {
            let same = other.service(&service.container.name.value);
            if let Some(same) = same {
                lower::take_evidence(service, same, !other.development);
            }
        }
    }
}

pub(super) fn load(facts: &Facts, folder: &str, files: &[FileId], base_files: usize) -> Project {
    let mut loader = ProjectReader::of(facts, folder, files);
    let merged = loader.merged(files);
    let own = files.get(base_files..).unwrap_or_default();
    let mut ids = files.to_vec();
    ids.extend(
        loader
            .files
            .iter()
            .copied()
            .filter(|file| !files.contains(file)),
    );
    let development = own.iter().any(|file| is_development(facts.path(*file)));
    let origin = Origin {
        folder: loader.folder,
        folders: &loader.folders,
        variables: &loader.variables,
        environments: &loader.environments,
    };

    let damaged = files.iter().any(|file| {
        facts
            .file(*file)
            .tree
            .as_ref()
            .is_some_and(|tree| !tree.damage().is_empty())
    });

    let mut project = lower::project(merged.as_ref(), &origin);

    if damaged {
        lower::open(&mut project);
        project.overlay = true;
    }

    for service in &mut project.services {
        let runs = service.container.image.is_some() || service.build.is_some() || service.provided;
        if !runs || loader.incomplete.contains(service.name()) {
            lower::open_service(service);
        }
    }

    project.overlay |= loader.partial;
    let folders = loader.folders;
    Project {
        files: ids,
        folder: loader.folder.to_owned(),
        folders,
        development,
        base_files,
        ..project
    }
}

pub(super) struct ProjectReader<'f> {
    facts: &'f Facts<'f>,
    folder: &'f str,
    variables: Rc<Variables>,
    /// The variables of included files, and of those that they extend.
    environments: Vec<(FileId, Rc<Variables>)>,
    /// Where the relative paths of files start that are not of the project's own folder.
    folders: Vec<(FileId, String)>,
    /// Every file that was read beside those that were named.
    files: Vec<FileId>,
    /// Services that extend one which is not here.
    incomplete: HashSet<String>,
    /// Something is included that is not here.
    partial: bool,
}

impl<'f> ProjectReader<'f> {
    fn new(facts: &'f Facts<'f>, folder: &'f str) -> Self {
        Self {
            facts,
            folder,
            variables: Rc::new(variables(facts, folder)),
            environments: Vec::new(),
            folders: Vec::new(),
            files: Vec::new(),
            incomplete: HashSet::new(),
            partial: false,
        }
    }

    /// Of the files that are called from a folder. They may be those of another one, that its
    /// `.env` chooses: that is the project's folder then, with a `.env` of its own beneath.
    pub(super) fn of(facts: &'f Facts<'f>, folder: &'f str, files: &[FileId]) -> Self {
        let home = files
            .first()
            .map_or(folder, |file| parent(facts.path(*file)));
        let mut loader = Self::new(facts, home);

        if home != folder {
            loader.variables =
                Rc::new(variables(facts, folder).over(env_file(facts, home, ".env")));
        }

        loader
    }

    /// What the files come to, one over the other.
    pub(super) fn merged(&mut self, files: &[FileId]) -> Option<Value<'f>> {
        let mut merged: Option<Value> = None;

        for &file in files {
            let over = self.file(file);
            let over = self.extended(over, file, 0);
            merged = Some(match merged {
                Some(base) => merge::files(base, over),
                None => over,
            });
        }

        merged.map(|merged| merge::settled(self.included(merged, 0)))
    }

    /// A file of the project's own, its services in canonical form.
    fn file(&self, file: FileId) -> Value<'f> {
        self.read(file, &self.variables)
    }

    fn read(&self, file: FileId, variables: &Variables) -> Value<'f> {
        let root = self
            .facts
            .file(file)
            .tree
            .as_ref()
            .and_then(|tree| tree.root());
        match root {
            Some(root) => merge::canonical(Value::read(root, variables), variables),
            None => Value::null(crate::source::Location::new(
                file,
                crate::source::Span::default(),
            )),
        }
    }

    fn folder_of(&self, file: FileId) -> &str {
        self.folders
            .iter()
            .find(|(id, _)| *id == file)
            .map_or(self.folder, |(_, folder)| folder)
    }

    fn variables_of(&self, file: FileId) -> Rc<Variables> {
        let own = self.environments.iter().find(|(id, _)| *id == file);
        Rc::clone(own.map_or(&self.variables, |(_, variables)| variables))
    }

    fn find(&self, from: FileId, path: &str) -> Option<FileId> {
        let file = self
            .facts
            .repository
            .find(&join(self.folder_of(from), path)?)?
            .id;
        self.facts.file(file).tree.is_some().then_some(file)
    }

    /// Notes a file of another folder; `None` when there are too many.
    fn enter(&mut self, file: FileId, folder: &str, variables: &Rc<Variables>) -> Option<()> {
        if !self.files.contains(&file) {
            if self.files.len() >= MAX_FILES {
                return None;
            }

            self.files.push(file);
            if folder != self.folder {
                self.folders.push((file, folder.to_owned()));
            }

            if !Rc::ptr_eq(variables, &self.variables) {
                self.environments.push((file, Rc::clone(variables)));
            }
        }

        Some(())
    }

    /// The file with `extends` resolved in each of its services.
    fn extended(&mut self, mut file: Value<'f>, id: FileId, depth: usize) -> Value<'f> {
        let services = file.get("services").map_or(&[][..], Value::fields);
        if services
            .iter()
            .all(|service| service.value.get("extends").is_none())
        {
            return file;
        }

        let services = services.to_vec();
        let index: HashMap<&str, usize> = services
            .iter()
            .enumerate()
            .map(|(at, one)| (&*one.key, at))
            .collect();
        let mut others: HashMap<FileId, Value<'f>> = HashMap::new();
        let resolved = services.iter().map(|service| {
            let value = self.extend(service, &services, &index, id, depth, &mut others);
            Field {
                value,
                ..service.clone()
            }
        });

        let resolved: Vec<Field<'f>> = resolved.collect();

        if let Data::Map(top) = &mut file.data {
            for field in top.iter_mut().filter(|field| field.key == "services") {
                field.value.data = Data::Map(resolved.clone());
            }
        }

        file
    }

    fn extend(
        &mut self,
        service: &Field<'f>,
        siblings: &[Field<'f>],
        index: &HashMap<&str, usize>,
        id: FileId,
        depth: usize,
        others: &mut HashMap<FileId, Value<'f>>,
    ) -> Value<'f> {
        let Some(extends) = service.value.get("extends") else {
            return service.value.clone();
        };

        let name = extends.get("service").and_then(Value::text);
        let base = match (name, extends.get("file")) {
            _ if depth >= MAX_CHAIN => None,
            (Some(name), None) => {
                let base = index
                    .get(name)
                    .map(|&at| siblings[at].clone())
                    .filter(|base| base.key != service.key);
                base.map(|base| self.extend(&base, siblings, index, id, depth + 1, others))
            }
            (Some(name), Some(path)) => {
                let file = path.text().and_then(|path| self.find(id, path));
                file.and_then(|file| self.extended_file(file, id, depth, others))
                    .and_then(|other| other.get("services")?.get(name).cloned())
            }
            (None, _) => None,
        };

        let Some(mut base) = base else {
            self.incomplete.insert(service.key.to_string());
            return service.value.clone();
        };
        // What the base lacks, this one may lack too.
        if name.is_some_and(|name| self.incomplete.contains(name)) {
            self.incomplete.insert(service.key.to_string());
        }
        // What a service depends on is looked for in its own project; the base's `extends` is
        // settled.
        if let Data::Map(fields) = &mut base.data {
            fields.retain(|field| field.key != "extends");
        }

        merge::services(base, service.value.clone())
    }

    fn extended_file(
        &mut self,
        file: FileId,
        from: FileId,
        depth: usize,
        others: &mut HashMap<FileId, Value<'f>>,
    ) -> Option<Value<'f>> {
        if let Some(known) = others.get(&file) {
            return Some(known.clone());
        }

        let folder = parent(self.facts.path(file)).to_owned();
        let variables = self.variables_of(from);
        self.enter(file, &folder, &variables)?;
        let read = self.read(file, &variables);
        let other = self.extended(read, file, depth + 1);
        others.insert(file, other.clone());

        Some(other)
    }

    /// The project with what it includes: each file loaded by itself, with its own folder and
    /// variables.
    fn included(&mut self, mut file: Value<'f>, depth: usize) -> Value<'f> {
        let Some(includes) = file.get("include").cloned() else {
            return file;
        };

        if depth >= MAX_CHAIN {
            return file;
        }

        for include in includes.one_or_many() {
            let long = include.get("path").is_some();
            let paths = include
                .get("path")
                .map_or(std::slice::from_ref(include), Value::one_or_many);
            let mut merged: Option<Value<'f>> = None;
            // The first file says where the project is; others lie over it.
            let mut project: Option<(String, Rc<Variables>)> = None;

            for path in paths {
                let Some(other) = path
                    .text()
                    .and_then(|text| self.find(path.location.file, text))
                else {
                    self.partial = true;
                    continue;
                };

                if self.files.contains(&other) {
                    continue;
                }

                let (folder, variables) = project.get_or_insert_with(|| {
                    let directory = include
                        .get("project_directory")
                        .filter(|_| long)
                        .and_then(Value::text);
                    let directory = directory
                        .and_then(|path| join(self.folder_of(include.location.file), path));
                    let folder =
                        directory.unwrap_or_else(|| parent(self.facts.path(other)).to_owned());
                    let variables = self.included_variables(include, &folder);

                    (folder, Rc::new(variables))
                });

                if self.enter(other, folder, variables).is_none() {
                    break;
                }

                let read = self.read(other, variables);
                let read = self.extended(read, other, depth + 1);
                merged = Some(match merged {
                    Some(base) => merge::files(base, read),
                    None => read,
                });
            }

            if let Some(merged) = merged {
                let merged = self.included(merged, depth + 1);
                join_projects(&mut file, merged);
            }
        }

        file
    }

    /// The including project's variables, and beneath them those of the included one: its
    /// `env_file`, or its `.env`.
    fn included_variables(&self, include: &Value<'f>, folder: &str) -> Variables {
        let own = self.variables_of(include.location.file);

        match include.get("env_file") {
            Some(files) => {
                let from = self.folder_of(include.location.file);
                let paths = files.one_or_many().iter().filter_map(Value::text);
                own.over(paths.filter_map(|path| env_file(self.facts, from, path)))
            }
            None => own.over(env_file(self.facts, folder, ".env")),
        }
    }
}

/// Adds the services and definitions of an included project; of a name that both define, the
/// including file's counts.
fn join_projects<'t>(file: &mut Value<'t>, included: Value<'t>) {
    let (Data::Map(own), Data::Map(others)) = (&mut file.data, included.data) else {
        return;
    };

    for other in others {
        if !matches!(
            &*other.key,
            "services" | "volumes" | "networks" | "secrets" | "configs" | "models"
        ) {
            continue;
        }

        match own.iter_mut().find(|field| field.key == other.key) {
            None => own.push(other),
            Some(field) => {
                let Data::Map(more) = other.value.data else {
                    continue;
                };

                if matches!(field.value.data, Data::Null) {
                    field.value.data = Data::Map(Vec::new());
                }

                let Data::Map(fields) = &mut field.value.data else {
                    continue;
                };

                let known: HashSet<Cow<'t, str>> =
                    fields.iter().map(|field| field.key.clone()).collect();
                fields.extend(more.into_iter().filter(|field| !known.contains(&field.key)));
            }
        }
    }
}
