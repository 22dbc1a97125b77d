//! Plans of compose projects: which files of a folder make one up, decided before any is loaded.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::reader::dotenv_variables;
use super::value::{Value, ValueData, ValueField, Variables};
use crate::model::facts::Facts;
use crate::source::{FileId, file_name, join, parent};

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

/// Which files make up a project.
#[derive(Debug)]
pub enum ProjectPlan {
    /// Files that can be run as they are: one, or the base with those that are loaded over it.
    Whole(Vec<FileId>),
    /// A file laid over the base of its folder, whose own project reports on the base.
    Overlay { base: FileId, over: FileId },
    /// A file that is meant to be laid over one that is not here.
    Fragment(FileId),
}

/// Files that are read as parts of others.
#[derive(Debug, Default)]
pub struct PulledIn {
    /// Extended by services of other files.
    extended: HashSet<FileId>,
    /// Included, directly or not, by a file that no other includes.
    included: HashSet<FileId>,
}

impl PulledIn {
    fn contains(&self, file: FileId) -> bool {
        self.extended.contains(&file) || self.included.contains(&file)
    }
}

/// The files that others include or extend.
pub fn pulled_in(facts: &Facts, files: impl Iterator<Item = FileId>) -> PulledIn {
    let mut pulled_in = PulledIn::default();
    let mut includes: BTreeMap<FileId, Vec<FileId>> = BTreeMap::new();

    for file in files {
        // Few files name others, and the whole of a file is read for it.
        let text = &facts.source(file).text;
        if !text.contains("include") && !text.contains("extends") {
            continue;
        }

        if let Some(root) = facts.file(file).tree.as_ref().and_then(|tree| tree.root()) {
            let root = Value::read(root, &Variables::default());
            includes.insert(file, included_files(facts, file, &root));
            pulled_in
                .extended
                .extend(extended_files(facts, file, &root));
        }
    }

    let inner: HashSet<FileId> = includes.values().flatten().copied().collect();
    let mut open: Vec<FileId> = includes
        .keys()
        .copied()
        .filter(|file| !inner.contains(file))
        .collect();

    while let Some(file) = open.pop() {
        for included in includes.get(&file).into_iter().flatten() {
            if pulled_in.included.insert(*included) {
                open.push(*included);
            }
        }
    }

    pulled_in
}

/// Whether a compose file can be run without another one.
pub fn is_whole(facts: &Facts, file: FileId) -> bool {
    let tree = facts.file(file).tree.as_ref();
    let root = tree.and_then(|tree| tree.root());

    root.is_some_and(|root| is_self_contained(&Value::read(root, &Variables::default())))
}

/// The files that a compose file includes, extends or builds from, as far as they are written out.
pub fn used_files(facts: &Facts, file: FileId) -> Vec<FileId> {
    let Some(root) = facts.file(file).tree.as_ref().and_then(|tree| tree.root()) else {
        return Vec::new();
    };

    let root = Value::read(root, &Variables::default());
    let mut used = included_files(facts, file, &root);
    used.extend(extended_files(facts, file, &root));
    used.extend(built_files(facts, file, &root));

    used
}

/// The Dockerfiles that a file's services build.
fn built_files(facts: &Facts, file: FileId, root: &Value<'_>) -> Vec<FileId> {
    let services = root.get("services").map_or(&[][..], Value::fields);
    let builds = services
        .iter()
        .filter_map(|service| service.value.get("build"));

    builds
        .filter_map(|build| {
            let context = build.text().or_else(|| build.get("context")?.text());
            let name = build.get("dockerfile").and_then(Value::text);
            let context = join(parent(facts.path(file)), context.unwrap_or("."))?;
            let path = join(&context, name.unwrap_or("Dockerfile"))?;

            Some(facts.repository.find(&path)?.id)
        })
        .collect()
}

fn included_files(facts: &Facts, file: FileId, root: &Value<'_>) -> Vec<FileId> {
    let includes = root.get("include").map_or(&[][..], Value::one_or_many);

    includes
        .iter()
        .flat_map(|include| {
            include
                .get("path")
                .map_or(std::slice::from_ref(include), Value::one_or_many)
        })
        .filter_map(|path| other_file(facts, file, path.text()?))
        .collect()
}

fn extended_files(facts: &Facts, file: FileId, root: &Value<'_>) -> Vec<FileId> {
    let services = root.get("services").map_or(&[][..], Value::fields);

    services
        .iter()
        .filter_map(|service| service.value.get("extends")?.get("file")?.text())
        .filter_map(|path| other_file(facts, file, path))
        .collect()
}

/// The other file of the repository that a path in a file leads to.
fn other_file(facts: &Facts, file: FileId, path: &str) -> Option<FileId> {
    let path = join(parent(facts.path(file)), path)?;
    let other = facts.repository.find(&path)?.id;

    (other != file).then_some(other)
}

/// The projects that the files of a folder make up, the base first. `values` holds what each file
/// says.
pub fn folder_plans(
    facts: &Facts,
    folder: &str,
    files: &[FileId],
    values: &HashMap<FileId, Value>,
    pulled_in: &PulledIn,
) -> Vec<ProjectPlan> {
    let setting = compose_file_setting(facts, folder);
    let base = setting
        .first()
        .copied()
        .or_else(|| first_named(facts, files, BASES))
        .filter(|base| !pulled_in.included.contains(base));
    let mut plans = Vec::new();
    let mut planned: Vec<FileId> = Vec::new();

    if let Some(base) = base {
        planned.push(base);
        planned.extend(setting.iter().skip(1));

        // A base that lacks what its override gives is no project by itself.
        let is_whole = setting.len() > 1 || values.get(&base).is_some_and(is_self_contained);
        if !is_whole
            && let Some(over) = first_named(facts, files, OVERRIDES)
            && over != base
        {
            planned.push(over);
        }

        plans.push(ProjectPlan::Whole(planned.clone()));
    }

    for &file in files {
        if planned.contains(&file) {
            continue;
        }

        let is_self_contained = values.get(&file).is_some_and(is_self_contained);

        match base {
            _ if pulled_in.contains(file) => {}
            _ if is_self_contained => plans.push(ProjectPlan::Whole(vec![file])),
            Some(base) => plans.push(ProjectPlan::Overlay { base, over: file }),
            None => plans.push(ProjectPlan::Fragment(file)),
        }
    }

    plans
}

/// The file with the first of these names that one of the files has.
fn first_named(facts: &Facts, files: &[FileId], names: &[&str]) -> Option<FileId> {
    names.iter().find_map(|name| {
        files
            .iter()
            .copied()
            .find(|file| file_name(facts.path(*file)) == *name)
    })
}

/// The files that `COMPOSE_FILE` in the folder's `.env` names; none unless all are there.
fn compose_file_setting(facts: &Facts, folder: &str) -> Vec<FileId> {
    let variables = dotenv_variables(facts, folder);
    let Some(list) = variables.get("COMPOSE_FILE") else {
        return Vec::new();
    };

    let separator = match variables.get("COMPOSE_PATH_SEPARATOR") {
        None | Some("") => ":",
        Some(separator) => separator,
    };

    let files: Option<Vec<FileId>> = list
        .split(separator)
        .map(str::trim)
        .filter(|path| !path.is_empty())
        .map(|path| {
            let file = facts.repository.find(&join(folder, path)?)?.id;
            facts.file(file).tree.is_some().then_some(file)
        })
        .collect();

    files.unwrap_or_default()
}

/// Whether every service says what it runs, so that the file can be run by itself.
fn is_self_contained(file: &Value<'_>) -> bool {
    let services = file.get("services").map_or(&[][..], Value::fields);

    services.iter().all(says_what_runs) && (!services.is_empty() || file.get("include").is_some())
}

fn says_what_runs(service: &ValueField<'_>) -> bool {
    let has_source = ["image", "build", "provider", "extends"]
        .iter()
        .any(|key| service.value.get(key).is_some());

    has_source || !matches!(service.value.data, ValueData::Map(_) | ValueData::Null)
}
