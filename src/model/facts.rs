//! All facts of a repository, file by file, and the projects that compose files form together.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use super::build_caller::{self, BuildCaller};
use super::chart::{self, ChartValues, Switch};
use super::code::CodeFacts;
use super::compose::Project;
use super::dockerfile::Dockerfile;
use super::env::EnvVar;
use super::env_usage::EnvUsage;
use super::file_kind::FileKind;
use super::file_role::{FileRole, Role};
use super::ignored::Ignored;
use super::image::ImageUse;
use super::kubernetes::{Body, Kustomization, Object, Workload};
use super::path_class::is_example_env;
use super::proof::{ModelName, Proof};
use super::workflow::Workflow;
use crate::credential::{Hit, SecretFile, secret_file};
use crate::source::{FileId, Location, Repository, SourceFile, Span, join, parent};
use crate::syntax::SyntaxError;
use crate::syntax::yaml::Tree;

/// Facts of one file.
#[derive(Debug)]
pub struct FileFacts<'s> {
    pub kind: FileKind,
    /// The tree of a YAML file that compose, kustomize or later checks may want to read again.
    pub tree: Option<Box<Tree<'s>>>,
    pub dockerfile: Option<Box<Dockerfile>>,
    pub objects: Vec<Object>,
    pub kustomization: Option<Box<Kustomization>>,
    pub workflow: Option<Box<Workflow>>,
    /// Of a Helm template: its conditional parts.
    pub switches: Vec<Switch>,
    /// Of a values file of a Helm chart, and of its `Chart.yaml`.
    pub values: Option<Box<ChartValues>>,
    /// Variables of an env file.
    pub env: Vec<EnvVar>,
    /// Comments, `#` included, in formats where they can hold suppressions.
    pub comments: Vec<Span>,
    pub errors: Vec<SyntaxError>,
    /// Tokens, keys and URLs with passwords env_files in the text.
    pub hits: Vec<Hit>,
    /// Of application source: what it reads from the environment and which routes it serves.
    pub code: Option<Box<CodeFacts>>,
    /// Environment variables that prose describes.
    pub described: Vec<String>,
    /// Words that prove something, in a run that reports the checklist.
    pub proofs: Vec<Proof>,
    /// Names of language models, in such a run.
    pub models: Vec<ModelName>,
}

impl FileFacts<'_> {
    pub const fn new(kind: FileKind) -> Self {
        Self {
            kind,
            tree: None,
            dockerfile: None,
            objects: Vec::new(),
            kustomization: None,
            workflow: None,
            switches: Vec::new(),
            values: None,
            env: Vec::new(),
            comments: Vec::new(),
            errors: Vec::new(),
            hits: Vec::new(),
            code: None,
            described: Vec::new(),
            proofs: Vec::new(),
            models: Vec::new(),
        }
    }

    /// The file's objects that have pods.
    pub fn workloads(&self) -> impl Iterator<Item = (&Object, &Workload)> {
        self.objects.iter().filter_map(|object| match &object.body {
            Body::Workload(workload) => Some((object, &**workload)),
            _ => None,
        })
    }

    /// Images that the file names. Those of compose services are in the projects, where they are
    /// merged.
    pub fn images(&self) -> impl Iterator<Item = &ImageUse> {
        let built = self
            .dockerfile
            .as_deref()
            .into_iter()
            .flat_map(Dockerfile::images);
        let pods = self
            .workloads()
            .flat_map(|(_, workload)| &workload.pod.containers);
        let jobs = self
            .workflow
            .iter()
            .flat_map(|workflow| &workflow.jobs)
            .flat_map(|job| &job.images);
        built
            .chain(pods.filter_map(|container| container.image.as_ref()))
            .chain(jobs)
    }
}

fn holds_container(switch: &Switch, object: &Object) -> bool {
    object.workload().is_some_and(|workload| {
        let mut containers = workload.pod.containers.iter();
        containers.any(|container| switch.holds(container.anchor))
    })
}

/// Facts of a repository before its parts are joined.
#[derive(Debug)]
pub struct Facts<'s> {
    pub repository: Repository<'s>,
    /// By id, one for each source.
    pub files: Vec<FileFacts<'s>>,
    /// By id: what each file is for.
    pub roles: Vec<FileRole>,
    /// What compose files form together, joined from the rest; see [`Facts::projects`].
    pub joined: OnceLock<Vec<Project>>,
    /// The env files that git tracks; `None` where the repository is no git checkout.
    pub tracked: Option<HashSet<String>>,
    /// The variables of example env files that other files name.
    pub env_usage: EnvUsage,
    pub env_files: EnvFiles<'s>,
    /// The folders in which a Dockerfile is built, by its path; see
    /// [`contexts`](super::build_context::contexts). Asked for after the projects are joined.
    pub(super) build_folders: OnceLock<HashMap<String, Vec<String>>>,
    build_callers: OnceLock<Vec<BuildCaller>>,
    ignored: OnceLock<Ignored>,
    submodules: OnceLock<HashSet<String>>,
    cloned: OnceLock<HashSet<String>>,
    /// See [`is_owner`](super::repository_owner::is_owner).
    pub(super) owners: OnceLock<HashSet<String>>,
    secret_files: OnceLock<Vec<(FileId, SecretFile)>>,
    /// By extension: the folders that hold such a file.
    extensions: OnceLock<HashMap<String, HashSet<String>>>,
    /// The files of each name.
    names: OnceLock<HashMap<String, Vec<FileId>>>,
    /// The folders that hold more than files about containers.
    project_folders: OnceLock<HashSet<String>>,
}

/// The variables of a repository's env files, gathered once for all projects.
#[derive(Debug, Default)]
pub struct EnvFiles<'s> {
    /// `.env.example` and its like, by path.
    pub examples: Vec<&'s SourceFile>,
    /// Variables that the examples name, in comments too.
    pub documented: HashSet<&'s str>,
    /// Variables that prose describes.
    pub described: HashSet<String>,
    /// Variables that the other committed files set.
    pub set: HashSet<&'s str>,
}

impl<'s> Facts<'s> {
    /// Facts without their projects, which are joined from them.
    pub fn new(
        repository: Repository<'s>,
        files: Vec<FileFacts<'s>>,
        tracked: Option<HashSet<String>>,
    ) -> Self {
        let sources = repository.files().iter();
        let roles = sources.map(|source| FileRole::of(&source.path)).collect();
        let mut facts = Self {
            repository,
            roles,
            files,
            joined: OnceLock::new(),
            tracked,
            env_usage: EnvUsage::default(),
            env_files: EnvFiles::default(),
            build_folders: OnceLock::new(),
            build_callers: OnceLock::new(),
            ignored: OnceLock::new(),
            secret_files: OnceLock::new(),
            submodules: OnceLock::new(),
            cloned: OnceLock::new(),
            owners: OnceLock::new(),
            extensions: OnceLock::new(),
            names: OnceLock::new(),
            project_folders: OnceLock::new(),
        };

        facts.env_files = facts.read_env_files();

        facts
    }

    /// The projects of the compose files; none before they are joined.
    pub fn projects(&self) -> &[Project] {
        self.joined.get().map_or(&[], Vec::as_slice)
    }

    fn read_env_files(&self) -> EnvFiles<'s> {
        let mut env_files = EnvFiles::default();

        for (source, facts) in self.repository.files().iter().zip(&self.files) {
            let names = facts.env.iter().map(|var| self.text(var.name.location));
            env_files.described.extend(facts.described.iter().cloned());

            if is_example_env(&source.path) {
                env_files.examples.push(source);
                env_files.documented.extend(names);
                env_files
                    .documented
                    .extend(source.text.lines().filter_map(|line| {
                        let (name, _) = line.trim_start_matches(['#', ' ']).split_once('=')?;
                        Some(name.trim().trim_start_matches("export "))
                    }));
            } else if !facts.env.is_empty() && self.is_committed(&source.path) {
                env_files.set.extend(names);
            }
        }

        env_files
    }

    pub fn source(&self, file: FileId) -> &'s SourceFile {
        self.repository.file(file)
    }

    pub fn file(&self, file: FileId) -> &FileFacts<'s> {
        &self.files[file.0 as usize]
    }

    /// What a file is for.
    pub fn role(&self, file: FileId) -> Role {
        self.roles[file.0 as usize].role
    }

    /// Whether nothing says that a file is for anything but production.
    pub fn is_production(&self, file: FileId) -> bool {
        self.role(file) == Role::Production
    }

    /// Whether a file tries or shows something: tests, examples and documentation.
    pub fn is_practice(&self, file: FileId) -> bool {
        self.role(file) == Role::Practice
    }

    /// Whether what a file runs is for a developer's machine or for tests.
    pub fn is_development(&self, file: FileId) -> bool {
        self.roles[file.0 as usize].is_development()
    }

    /// Whether an env file is in git. Without a checkout, whatever is there counts as committed.
    pub fn is_committed(&self, path: &str) -> bool {
        self.tracked
            .as_ref()
            .is_none_or(|tracked| tracked.contains(path))
    }

    /// Whether git would leave a path out, by the `.gitignore` files of the repository.
    pub fn is_ignored(&self, path: &str) -> bool {
        self.ignored
            .get_or_init(|| Ignored::new(self.repository))
            .holds(self.repository, path)
    }

    /// The repository path of a file.
    pub fn path(&self, file: FileId) -> &'s str {
        &self.source(file).path
    }

    /// The text of a place.
    pub fn text(&self, location: Location) -> &'s str {
        location.span.text(&self.source(location.file).text)
    }

    pub fn dockerfiles(&self) -> impl Iterator<Item = &Dockerfile> {
        self.files
            .iter()
            .filter_map(|file| file.dockerfile.as_deref())
    }

    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.files.iter().flat_map(|file| &file.objects)
    }

    /// The objects with pods that tests, examples and documentation do not only show.
    pub fn deployed_workloads(&self) -> impl Iterator<Item = (&Object, &Workload)> {
        let all = self.files.iter().flat_map(FileFacts::workloads);

        all.filter(|(object, _)| self.role(object.file) != Role::Practice)
    }

    /// Workflows and actions.
    pub fn workflows(&self) -> impl Iterator<Item = &Workflow> {
        self.files
            .iter()
            .filter_map(|file| file.workflow.as_deref())
    }

    /// What builds images beside compose files and workflows: bake files, Skaffold, scripts.
    pub fn build_callers(&self) -> &[BuildCaller] {
        self.build_callers
            .get_or_init(|| build_caller::find(self.repository))
    }

    /// Whether `.gitmodules` names a folder.
    pub fn is_submodule(&self, folder: &str) -> bool {
        let submodules = self.submodules.get_or_init(|| {
            let lines = self
                .repository
                .find(".gitmodules")
                .into_iter()
                .flat_map(|file| file.text.lines());
            lines
                .filter_map(|line| Some(line.trim().strip_prefix("path = ")?.to_owned()))
                .collect()
        });

        submodules.contains(folder)
    }

    /// Whether a workflow clones a repository of this name.
    pub fn is_cloned(&self, name: &str) -> bool {
        let cloned = self.cloned.get_or_init(|| {
            let lines = self
                .repository
                .below(".github/workflows")
                .iter()
                .flat_map(|file| file.text.lines());
            let words = lines
                .filter(|line| line.contains("git clone"))
                .flat_map(|line| line.split([' ', '/', '"', '\'', ';']));
            words
                .flat_map(|word| [Some(word), word.strip_suffix(".git")])
                .flatten()
                .map(str::to_owned)
                .collect()
        });

        cloned.contains(name)
    }

    /// The files in a folder and below it that hold secrets by their names, in the order of their
    /// paths.
    pub fn secret_files(&self, folder: &str) -> &[(FileId, SecretFile)] {
        let all = self.secret_files.get_or_init(|| {
            let files = self.repository.files().iter();
            files
                .filter_map(|file| Some((file.id, secret_file(&file.path)?)))
                .collect()
        });

        let below = self.repository.below(folder);
        let (Some(first), Some(last)) = (below.first(), below.last()) else {
            return &[];
        };

        let start = all.partition_point(|(file, _)| *file < first.id);
        let end = all.partition_point(|(file, _)| *file <= last.id);
        &all[start..end]
    }

    /// Whether a folder itself holds a file of an extension.
    pub fn has_extension(&self, folder: &str, extension: &str) -> bool {
        let extensions = self.extensions.get_or_init(|| {
            let mut extensions: HashMap<String, HashSet<String>> = HashMap::new();

            for file in self.repository.files() {
                let Some((_, extension)) = file.name().rsplit_once('.') else {
                    continue;
                };

                match extensions.get_mut(extension) {
                    Some(folders) if folders.contains(file.folder()) => {}
                    Some(folders) => drop(folders.insert(file.folder().to_owned())),
                    None => drop(extensions.insert(
                        extension.to_owned(),
                        HashSet::from([file.folder().to_owned()]),
                    )),
                }
            }

            extensions
        });

        extensions
            .get(extension)
            .is_some_and(|folders| folders.contains(folder))
    }

    /// The folder of the chart that a file belongs to.
    pub fn chart_folder(&self, file: FileId) -> Option<&'s str> {
        let mut folder = parent(self.path(file));

        loop {
            if self.in_folder(folder, "Chart.yaml").is_some() {
                return Some(folder);
            }

            if folder.is_empty() {
                return None;
            }

            folder = parent(folder);
        }
    }

    /// What `Chart.yaml` or `values.yaml` says, of the chart that a template belongs to.
    pub fn of_chart(&self, template: FileId, name: &str) -> Option<&ChartValues> {
        let folder = self.chart_folder(template)?;

        self.file(self.in_folder(folder, name)?).values.as_deref()
    }

    fn in_folder(&self, folder: &str, name: &str) -> Option<FileId> {
        Some(self.repository.find(&join(folder, name)?)?.id)
    }

    /// Whether a chart's default values leave out what is at a location of a template: a part of an
    /// object, not an object as a whole. Of a part whose condition cannot be evaluated, this is
    /// assumed, unless a container is in it.
    pub fn is_switched_off(&self, location: Location) -> bool {
        let facts = self.file(location.file);
        let mut holding = facts
            .switches
            .iter()
            .filter(|switch| switch.holds(location))
            .peekable();
        if holding.peek().is_none() {
            return false;
        }

        let object = facts
            .objects
            .iter()
            .rev()
            .find(|object| object.anchor.span.start <= location.span.start);
        let Some(object) = object else {
            return false;
        };

        let values = self.of_chart(location.file, "values.yaml");
        holding.any(|switch| {
            !switch.holds(object.anchor)
                && match chart::is_on(switch, values) {
                    Some(is_on) => !is_on,
                    None => !holds_container(switch, object),
                }
        })
    }

    /// Whether a chart's default values leave out an object of a template.
    pub fn is_left_out(&self, object: &Object) -> bool {
        let switches = &self.file(object.file).switches;
        let values = self.of_chart(object.file, "values.yaml");

        switches.iter().any(|switch| {
            switch.holds(object.anchor) && chart::is_on(switch, values) == Some(false)
        })
    }

    /// Whether a file of this name is in a folder or below it.
    pub fn holds_name(&self, folder: &str, name: &str) -> bool {
        let names = self.names.get_or_init(|| {
            let mut names: HashMap<String, Vec<FileId>> = HashMap::new();
            for file in self.repository.files() {
                names
                    .entry(file.name().to_owned())
                    .or_default()
                    .push(file.id);
            }

            names
        });

        let below = self.repository.below(folder);
        let (Some(first), Some(last)) = (below.first(), below.last()) else {
            return false;
        };

        let files = names.get(name).map_or(&[][..], Vec::as_slice);
        let start = files.partition_point(|file| *file < first.id);

        files.get(start).is_some_and(|file| *file <= last.id)
    }

    /// Whether a folder, or one below it, holds a file that is not about containers: neither a
    /// Dockerfile, a compose file, a shell script nor a page of Markdown.
    pub fn is_project_folder(&self, folder: &str) -> bool {
        let folders = self.project_folders.get_or_init(|| {
            let mut folders = HashSet::new();

            for file in self.repository.files() {
                if is_about_containers(file.name()) {
                    continue;
                }

                let mut folder = file.folder();
                while !folders.contains(folder) {
                    folders.insert(folder.to_owned());
                    folder = parent(folder);
                }
            }

            folders
        });

        folders.contains(folder)
    }

    /// The ids of all files of a kind.
    pub fn of_kind(&self, kind: FileKind) -> impl Iterator<Item = FileId> {
        let ids = self.files.iter().zip(self.repository.files());
        ids.filter(move |(facts, _)| facts.kind == kind)
            .map(|(_, source)| source.id)
    }
}

fn is_about_containers(name: &str) -> bool {
    let name = name.to_ascii_lowercase();

    name.contains("docker")
        || name.contains("compose")
        || name.ends_with(".sh")
        || name.ends_with(".md")
}
