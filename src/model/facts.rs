//! All facts of a repository, file by file, and the projects that compose files form together.

use std::collections::{HashMap, HashSet};
use std::ops::Index;
use std::sync::OnceLock;

use super::build_caller::BuildCaller;
use super::chart::{self, ChartValues, Switch};
use super::code::CodeFacts;
use super::compose::{Project, ProjectId, Service, ServiceId};
use super::container::ContainerId;
use super::dockerfile::{Dockerfile, DockerfileId};
use super::env::EnvVar;
use super::env_usage::EnvUsage;
use super::file_kind::FileKind;
use super::file_role::{FileRole, Origin, Role};
use super::id::IdVec;
use super::image::ImageUse;
use super::kubernetes::{Body, Kustomization, Object, ObjectId, ObjectVariant, Workload};
use super::path_class::is_example_env;
use super::proof::{ModelName, Proof};
use super::workflow::gitlab::{self, GitlabFile, GitlabPipeline};
use super::workflow::{Workflow, WorkflowId};
use crate::credential::Hit;
use crate::parallel;
use crate::source::{FileId, Location, Repository, SourceFile, Span, join, parent};
use crate::syntax::SyntaxError;
use crate::syntax::yaml::{Node, Tree};

/// Facts of one file.
#[derive(Debug)]
pub struct FileFacts<'s> {
    pub kind: FileKind,
    /// The tree of a YAML file, which compose and kustomize read when they join files. See
    /// [`FileFacts::schema_tree`].
    pub(in crate::model) tree: Option<Box<Tree<'s>>>,
    pub dockerfile: Option<Box<Dockerfile>>,
    pub objects: Vec<Object>,
    /// The objects that several kustomizations build differently, as each of them does, sorted by
    /// their anchors.
    pub variants: Vec<ObjectVariant>,
    pub kustomization: Option<Box<Kustomization>>,
    pub workflow: Option<Box<Workflow>>,
    /// Of a file of a GitLab pipeline.
    pub gitlab: Option<Box<GitlabFile>>,
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
    /// Whether a README says that its folder is a collection of samples.
    pub presents_samples: bool,
    /// Words that prove something, in a run that reports the checklist.
    pub proofs: Vec<Proof>,
    /// Names of language models, in such a run.
    pub models: Vec<ModelName>,
}

impl<'s> FileFacts<'s> {
    /// The tree, for rules that compare a file with the schema of its format. Others ask facts: a
    /// tree knows no patches, merges and variables.
    pub fn schema_tree(&self) -> Option<&Tree<'s>> {
        self.tree.as_deref()
    }

    /// The parts of a YAML file between its document marks, each with its `kind`.
    pub fn sections(&self) -> impl Iterator<Item = (Span, Option<&str>)> {
        self.tree
            .iter()
            .flat_map(|tree| tree.sections())
            .map(|(span, root)| (span, root.get("kind").and_then(Node::str)))
    }

    pub const fn new(kind: FileKind) -> Self {
        Self {
            kind,
            tree: None,
            dockerfile: None,
            objects: Vec::new(),
            variants: Vec::new(),
            kustomization: None,
            workflow: None,
            gitlab: None,
            switches: Vec::new(),
            values: None,
            env: Vec::new(),
            comments: Vec::new(),
            errors: Vec::new(),
            hits: Vec::new(),
            code: None,
            described: Vec::new(),
            presents_samples: false,
            proofs: Vec::new(),
            models: Vec::new(),
        }
    }

    /// The variants of an object of this file.
    pub fn variants_of(&self, object: &Object) -> &[ObjectVariant] {
        let anchor = |variant: &ObjectVariant| variant.object.anchor;
        let first = self
            .variants
            .partition_point(|variant| anchor(variant) < object.anchor);
        let count =
            self.variants[first..].partition_point(|variant| anchor(variant) == object.anchor);

        &self.variants[first..first + count]
    }

    /// The file's objects that have pods.
    pub fn workloads(&self) -> impl Iterator<Item = (&Object, &Workload)> {
        self.objects.iter().filter_map(|object| match &object.body {
            Body::Workload(workload) => Some((object, &**workload)),
            _ => None,
        })
    }

    /// The workloads of the file, each with one as kustomizations build it.
    pub fn workload_variants(&self) -> impl Iterator<Item = (&Workload, &Workload)> {
        self.variants.iter().filter_map(|variant| {
            let built = match &variant.object.body {
                Body::Workload(workload) => workload,
                _ => return None,
            };
            let (_, own) = self
                .workloads()
                .find(|(object, _)| object.id == variant.object.id)?;

            Some((own, &**built))
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
        let gitlab = self.gitlab.as_ref().map(|gitlab| &gitlab.written);
        let jobs = self
            .workflow
            .as_deref()
            .into_iter()
            .chain(gitlab)
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
    /// What builds images beside compose files and workflows: bake files, Skaffold, scripts.
    pub build_callers: Vec<BuildCaller>,
    /// The pipelines of GitLab, joined from their files.
    pub gitlab_pipelines: IdVec<GitlabPipeline>,
    /// How many containers the pods of all files have.
    pod_containers: usize,
}

impl Index<ProjectId> for Facts<'_> {
    type Output = Project;

    fn index(&self, id: ProjectId) -> &Project {
        &self.projects()[id.number()]
    }
}

impl Index<ServiceId> for Facts<'_> {
    type Output = Service;

    fn index(&self, id: ServiceId) -> &Service {
        let project = self.project_of(id);

        &project.services[id.number() - project.first_service]
    }
}

/// Gives the parts of all files their ids, and counts the containers.
fn number_parts(files: &mut [FileFacts]) -> usize {
    let (mut dockerfiles, mut workflows, mut objects, mut containers) = (0, 0, 0, 0);

    for file in files.iter_mut() {
        if let Some(dockerfile) = &mut file.dockerfile {
            dockerfile.id = DockerfileId::new(dockerfiles);
            dockerfiles += 1;
        }

        if let Some(workflow) = &mut file.workflow {
            workflow.id = WorkflowId::new(workflows);
            workflows += 1;
        }

        for object in &mut file.objects {
            object.id = ObjectId::new(objects);
            objects += 1;
            number_containers(object, &mut containers);
        }
    }

    // A variant is the object that it varies, and what runs in it is its own.
    for file in files {
        let own: HashMap<Location, ObjectId> = file
            .objects
            .iter()
            .map(|object| (object.anchor, object.id))
            .collect();

        for variant in &mut file.variants {
            let object = &mut variant.object;
            object.id = own
                .get(&object.anchor)
                .copied()
                .unwrap_or(ObjectId::new(objects));
            number_containers(object, &mut containers);
        }
    }

    containers
}

fn number_containers(object: &mut Object, containers: &mut usize) {
    let Body::Workload(workload) = &mut object.body else {
        return;
    };

    for container in &mut workload.pod.containers {
        container.id = ContainerId::new(*containers);
        *containers += 1;
    }
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
        mut files: Vec<FileFacts<'s>>,
        tracked: Option<HashSet<String>>,
    ) -> Self {
        let pod_containers = number_parts(&mut files);
        let roles = parallel::map(repository.files(), |source| FileRole::of(&source.path));
        let mut facts = Self {
            repository,
            roles,
            files,
            joined: OnceLock::new(),
            tracked,
            env_usage: EnvUsage::default(),
            env_files: EnvFiles::default(),
            build_callers: Vec::new(),
            gitlab_pipelines: IdVec::default(),
            pod_containers,
        };

        facts.env_files = facts.read_env_files();
        facts.gitlab_pipelines = facts.join_gitlab();

        facts
    }

    /// Joins the pipelines of GitLab. Their ids follow those of the workflows.
    fn join_gitlab(&self) -> IdVec<GitlabPipeline> {
        let file_of = |id| self.file(id).gitlab.as_deref();
        let mut pipelines = gitlab::join(self.repository, &file_of);
        let ids = self.workflows().count()..;

        for (pipeline, id) in pipelines.iter_mut().zip(ids) {
            pipeline.workflow.id = WorkflowId::new(id);
        }

        pipelines
    }

    /// The projects of the compose files; none before they are joined.
    pub fn projects(&self) -> &[Project] {
        self.joined.get().map_or(&[], Vec::as_slice)
    }

    /// Adds the projects, which are joined from the rest. The first time counts.
    pub fn add_projects(&self, mut projects: Vec<Project>) {
        let mut services = 0;

        for (number, project) in projects.iter_mut().enumerate() {
            project.id = ProjectId::new(number);
            project.first_service = services;

            for service in &mut project.services {
                service.id = ServiceId::new(services);
                service.container.id = ContainerId::new(self.pod_containers + services);
                services += 1;
            }
        }

        self.joined.get_or_init(|| projects);
    }

    /// The project of a service.
    pub fn project_of(&self, service: ServiceId) -> &Project {
        let projects = self.projects();
        // Of projects that begin at one number, only the last has services.
        let after = projects.partition_point(|project| project.first_service <= service.number());

        &projects[after - 1]
    }

    /// How many containers there are; their ids are below.
    pub fn container_count(&self) -> usize {
        let services = self.projects().iter().map(|project| project.services.len());

        self.pod_containers + services.sum::<usize>()
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

    /// Who wrote a file.
    pub fn origin(&self, file: FileId) -> Origin {
        self.roles[file.0 as usize].origin
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

    /// The ids of all files of a kind.
    pub fn of_kind(&self, kind: FileKind) -> impl Iterator<Item = FileId> {
        let ids = self.files.iter().zip(self.repository.files());
        ids.filter(move |(facts, _)| facts.kind == kind)
            .map(|(_, source)| source.id)
    }
}
