//! The values of a compose project: its files merged, with what they extend and include.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::merge;
use super::value::{Value, ValueData, ValueField, Variables};
use crate::model::facts::Facts;
use crate::source::{FileId, Location, SourceFile, Span, join, parent};

/// How many services one after the other may extend each other, and includes include.
const MAX_CHAIN: usize = 16;

/// How many files one project may load: a net of includes must not grow without bound.
const MAX_FILES: usize = 200;

/// Reads the files of one project.
pub(super) struct ProjectReader<'f> {
    facts: &'f Facts<'f>,
    pub(super) folder: &'f str,
    pub(super) variables: Rc<Variables>,
    /// The variables of included files, and of those that they extend.
    pub(super) environments: Vec<(FileId, Rc<Variables>)>,
    /// Where the relative paths of files start that are not of the project's own folder.
    pub(super) folders: Vec<(FileId, String)>,
    /// Every file that was read beside those that were named.
    pub(super) files: Vec<FileId>,
    /// Services that extend one which is not here.
    pub(super) incomplete: HashSet<String>,
    /// Something is included that is not here.
    pub(super) partial: bool,
}

impl<'f> ProjectReader<'f> {
    pub(super) fn new(facts: &'f Facts<'f>, folder: &'f str) -> Self {
        Self {
            facts,
            folder,
            variables: Rc::new(dotenv_variables(facts, folder)),
            environments: Vec::new(),
            folders: Vec::new(),
            files: Vec::new(),
            incomplete: HashSet::new(),
            partial: false,
        }
    }

    /// A reader of files that are called from a folder. They may be those of another folder, which
    /// the `.env` of the first one names: then the project's folder is the other one, and the
    /// values of its own `.env` come after those of the first.
    pub(super) fn of_files(facts: &'f Facts<'f>, folder: &'f str, files: &[FileId]) -> Self {
        let home = files
            .first()
            .map_or(folder, |file| parent(facts.path(*file)));
        let mut reader = Self::new(facts, home);

        if home != folder {
            reader.variables =
                Rc::new(dotenv_variables(facts, folder).over(env_file(facts, home, ".env")));
        }

        reader
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

    /// The values of a file of the project's own, its services in canonical form.
    pub(super) fn file(&self, file: FileId) -> Value<'f> {
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
            None => Value::null(Location::new(file, Span::default())),
        }
    }

    fn folder_of(&self, file: FileId) -> &str {
        self.folders
            .iter()
            .find(|(id, _)| *id == file)
            .map_or(self.folder, |(_, folder)| folder)
    }

    fn variables_of(&self, file: FileId) -> Rc<Variables> {
        let environment = self.environments.iter().find(|(id, _)| *id == file);
        Rc::clone(environment.map_or(&self.variables, |(_, variables)| variables))
    }

    fn find(&self, from: FileId, path: &str) -> Option<FileId> {
        let file = self
            .facts
            .repository
            .find(&join(self.folder_of(from), path)?)?
            .id;
        self.facts.file(file).tree.is_some().then_some(file)
    }

    /// Notes a file of another folder. Returns whether it may be read: there may be too many.
    fn enter(&mut self, file: FileId, folder: &str, variables: &Rc<Variables>) -> bool {
        if self.files.contains(&file) {
            return true;
        }

        if self.files.len() >= MAX_FILES {
            return false;
        }

        self.files.push(file);

        if folder != self.folder {
            self.folders.push((file, folder.to_owned()));
        }

        if !Rc::ptr_eq(variables, &self.variables) {
            self.environments.push((file, Rc::clone(variables)));
        }

        true
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
            .map(|(index, service)| (&*service.key, index))
            .collect();
        let mut others: HashMap<FileId, Value<'f>> = HashMap::new();
        let resolved: Vec<ValueField<'f>> = services
            .iter()
            .map(|service| ValueField {
                value: self.extend(service, &services, &index, id, depth, &mut others),
                ..service.clone()
            })
            .collect();

        if let ValueData::Map(top) = &mut file.data {
            for field in top.iter_mut().filter(|field| field.key == "services") {
                field.value.data = ValueData::Map(resolved.clone());
            }
        }

        file
    }

    /// The service with what it extends beneath it.
    fn extend(
        &mut self,
        service: &ValueField<'f>,
        siblings: &[ValueField<'f>],
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
                let base = index.get(name).map(|&index| siblings[index].clone());
                base.filter(|base| base.key != service.key)
                    .map(|base| self.extend(&base, siblings, index, id, depth + 1, others))
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

        // The base's `extends` is resolved.
        if let ValueData::Map(fields) = &mut base.data {
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
        if !self.enter(file, &folder, &variables) {
            return None;
        }

        let other = self.read(file, &variables);
        let other = self.extended(other, file, depth + 1);
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
            if let Some(merged) = self.include(include, depth) {
                let merged = self.included(merged, depth + 1);
                join_projects(&mut file, merged);
            }
        }

        file
    }

    /// The files of one entry of `include`, one over the other.
    fn include(&mut self, include: &Value<'f>, depth: usize) -> Option<Value<'f>> {
        let paths = include
            .get("path")
            .map_or(std::slice::from_ref(include), Value::one_or_many);
        let mut merged: Option<Value<'f>> = None;
        // The first file says where the project is; others lie over it.
        let mut project: Option<(String, Rc<Variables>)> = None;

        for path in paths {
            let file = path
                .text()
                .and_then(|text| self.find(path.location.file, text));
            let Some(file) = file else {
                self.partial = true;
                continue;
            };

            if self.files.contains(&file) {
                continue;
            }

            let (folder, variables) =
                project.get_or_insert_with(|| self.included_project(include, file));
            if !self.enter(file, folder, variables) {
                break;
            }

            let over = self.read(file, variables);
            let over = self.extended(over, file, depth + 1);
            merged = Some(match merged {
                Some(base) => merge::files(base, over),
                None => over,
            });
        }

        merged
    }

    /// The folder and the variables of an included project, whose first file is this.
    fn included_project(&self, include: &Value<'f>, first: FileId) -> (String, Rc<Variables>) {
        let folder = self
            .project_directory(include)
            .unwrap_or_else(|| parent(self.facts.path(first)).to_owned());
        let variables = self.included_variables(include, &folder);

        (folder, Rc::new(variables))
    }

    /// `project_directory` of the long form.
    fn project_directory(&self, include: &Value<'f>) -> Option<String> {
        include.get("path")?;
        let directory = include.get("project_directory")?.text()?;

        join(self.folder_of(include.location.file), directory)
    }

    /// The including project's variables, and beneath them those of the included one: its
    /// `env_file`, or its `.env`.
    fn included_variables(&self, include: &Value<'f>, folder: &str) -> Variables {
        let variables = self.variables_of(include.location.file);

        match include.get("env_file") {
            Some(files) => {
                let from = self.folder_of(include.location.file);
                let paths = files.one_or_many().iter().filter_map(Value::text);
                variables.over(paths.filter_map(|path| env_file(self.facts, from, path)))
            }
            None => variables.over(env_file(self.facts, folder, ".env")),
        }
    }
}

/// The variables of a folder's `.env`.
pub(super) fn dotenv_variables(facts: &Facts, folder: &str) -> Variables {
    Variables::default().over(env_file(facts, folder, ".env"))
}

fn env_file<'f>(facts: &'f Facts<'f>, folder: &str, path: &str) -> Option<&'f SourceFile> {
    facts.repository.find(&join(folder, path)?)
}

/// Adds the services and definitions of an included project; of a name that both define, the
/// including file's counts.
fn join_projects<'t>(file: &mut Value<'t>, included: Value<'t>) {
    let (ValueData::Map(sections), ValueData::Map(added)) = (&mut file.data, included.data) else {
        return;
    };

    for section in added {
        let is_shared = matches!(
            &*section.key,
            "services" | "volumes" | "networks" | "secrets" | "configs" | "models"
        );
        if !is_shared {
            continue;
        }

        match sections.iter_mut().find(|field| field.key == section.key) {
            None => sections.push(section),
            Some(field) => add_definitions(&mut field.value, section.value),
        }
    }
}

/// Adds to a section the definitions whose names it does not have.
fn add_definitions<'t>(section: &mut Value<'t>, added: Value<'t>) {
    let ValueData::Map(added) = added.data else {
        return;
    };

    if matches!(section.data, ValueData::Null) {
        section.data = ValueData::Map(Vec::new());
    }

    let ValueData::Map(fields) = &mut section.data else {
        return;
    };

    let known: HashSet<Cow<'t, str>> = fields.iter().map(|field| field.key.clone()).collect();
    fields.extend(
        added
            .into_iter()
            .filter(|field| !known.contains(&field.key)),
    );
}
