//! The deployment graph: which Dockerfile a service builds, which workloads run the image, what
//! becomes of each stage. Every edge keeps the place where it is written.

mod index;
pub mod kubernetes;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::OnceLock;

use crate::model::compose::{Project, Service};
use crate::model::container::Container;
use crate::model::dockerfile::Dockerfile;
use crate::model::facts::Facts;
use crate::model::image::Reference;
use crate::model::kubernetes::{Object, Workload};
use crate::model::workflow::{ImageBuild, Workflow, image_builds};
use crate::source::{FileId, Location, SourceFile, file_name, parent};
use index::Index;
pub use index::Reader;

/// The joined repository.
#[derive(Debug)]
pub struct Graph<'a> {
    pub facts: &'a Facts<'a>,
    pub cluster: kubernetes::Cluster<'a>,
    /// By Dockerfile: everything that builds or runs its image.
    uses: HashMap<FileId, Vec<Use<'a>>>,
    /// By container (its name's place): the stage that its image is built from.
    built: HashMap<Location, Built>,
    index: OnceLock<Index>,
    /// See [`Graph::has_serious_project`].
    serious_folders: OnceLock<HashSet<String>>,
}

/// The stage of a Dockerfile that an image is built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Built {
    pub dockerfile: FileId,
    pub stage: usize,
}

/// One thing that builds or runs the image of a Dockerfile.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// The stage that is shipped to it.
    pub stage: usize,
    pub user: User<'a>,
    /// Where the image or the build is named.
    pub location: Location,
}

/// Who uses an image.
#[derive(Clone, Copy, Debug)]
pub enum User<'a> {
    Service(&'a Project, &'a Service),
    Container(&'a Object, &'a Workload, &'a Container),
    /// A pipeline builds it; where it runs is not said.
    Pipeline(&'a Workflow),
}

impl<'a> Graph<'a> {
    /// Joins the cluster and the compose projects to what they are built from.
    pub fn new(facts: &'a Facts<'a>, cluster: kubernetes::Cluster<'a>) -> Self {
        let mut graph = Self {
            cluster,
            ..Self::unjoined(facts)
        };

        let mut names = ConfigNames::default();
        graph.join_compose(&mut names);
        graph.join_pipelines(&mut names);
        graph.join_pods(&names);

        graph
    }

    /// The repository with nothing joined.
    pub fn unjoined(facts: &'a Facts<'a>) -> Self {
        let cluster = kubernetes::Cluster::default();
        Self {
            facts,
            cluster,
            uses: HashMap::new(),
            built: HashMap::new(),
            index: OnceLock::new(),
            serious_folders: OnceLock::new(),
        }
    }

    /// Everything that builds or runs the image of a Dockerfile, compose first, then pods, then
    /// pipelines.
    pub fn uses(&self, dockerfile: FileId) -> &[Use<'a>] {
        self.uses.get(&dockerfile).map_or(&[], Vec::as_slice)
    }

    /// The stage that a container's image is built from, if it is built in this repository.
    pub fn built(&self, container: &Container) -> Option<Built> {
        self.built.get(&container.name.location).copied()
    }

    /// The Dockerfile and stage that a container's image is built from.
    pub fn build_of(&self, container: &Container) -> Option<(&'a Dockerfile, usize)> {
        let built = self.built(container)?;
        Some((
            self.facts.file(built.dockerfile).dockerfile.as_ref()?,
            built.stage,
        ))
    }

    /// The files that a build of this Dockerfile can copy: those of the folder that compose names,
    /// else of its own.
    pub fn context(&self, dockerfile: &Dockerfile) -> &'a [SourceFile] {
        let named = self
            .uses(dockerfile.file)
            .iter()
            .find_map(|one| match one.user {
                User::Service(_, service) => service
                    .build
                    .as_ref()?
                    .context
                    .as_ref()
                    .map(|context| context.value.as_str()),
                User::Container(..) | User::Pipeline(_) => None,
            });
        self.facts
            .repository
            .below(named.unwrap_or_else(|| parent(self.facts.path(dockerfile.file))))
    }

    /// The stages of a Dockerfile that are shipped: the targets of its uses outside development
    /// files, or else the last.
    pub fn shipped(&self, dockerfile: &Dockerfile) -> BTreeSet<usize> {
        let serious =
            |one: &&Use| !matches!(one.user, User::Service(project, _) if project.development);
        let stages: BTreeSet<usize> = self
            .uses(dockerfile.file)
            .iter()
            .filter(serious)
            .map(|one| one.stage)
            .collect();
        if stages.is_empty() {
            dockerfile.last_stage().into_iter().collect()
        } else {
            stages
        }
    }

    /// Deployable units: compose services and workloads, those that share an image or a name
    /// counted once, and builds that nothing here runs.
    pub fn services(&self) -> usize {
        let mut units: BTreeSet<(&str, &str)> = BTreeSet::new();

        for project in self.facts.projects() {
            units.extend(
                project
                    .services
                    .iter()
                    .map(|service| (project.folder.as_str(), service.name())),
            );
        }

        let composed: BTreeSet<&str> = units.iter().map(|unit| unit.1).collect();
        let mut workloads: BTreeSet<&str> = BTreeSet::new();

        for (object, workload) in self.facts.files.iter().flat_map(|file| file.workloads()) {
            let built = workload
                .pod
                .containers
                .iter()
                .filter_map(|container| self.built(container));
            let runs_elsewhere = built
                .flat_map(|built| self.uses(built.dockerfile))
                .any(|one| matches!(one.user, User::Service(..)));
            let name = object.name.as_ref().map(|name| name.value.as_str());
            workloads.extend(name.filter(|name| !runs_elsewhere && !composed.contains(name)));
        }

        let only_built = |dockerfile: &&Dockerfile| {
            self.uses(dockerfile.file)
                .iter()
                .all(|one| matches!(one.user, User::Pipeline(_)))
        };

        units.len() + workloads.len() + self.facts.dockerfiles().filter(only_built).count()
    }

    fn add(&mut self, dockerfile: FileId, one: Use<'a>) {
        self.uses.entry(dockerfile).or_default().push(one);
    }

    fn stage(&self, dockerfile: FileId, target: Option<&str>) -> Option<usize> {
        let facts = self.facts.file(dockerfile).dockerfile.as_ref()?;
        match target {
            Some(target) => facts.stage_named(target),
            None => facts.last_stage(),
        }
    }

    fn join_compose(&mut self, names: &mut ConfigNames) {
        let facts = self.facts;

        for project in facts.projects() {
            for service in &project.services {
                let Some(build) = &service.build else {
                    continue;
                };

                let path = build.dockerfile.as_ref().map(|path| path.value.as_str());
                let Some(file) = path
                    .and_then(|path| facts.repository.find(path))
                    .map(|file| file.id)
                else {
                    continue;
                };

                let target = if build.target.is_unknown() {
                    continue;
                } else {
                    build.target.value().map(String::as_str)
                };

                let Some(stage) = self.stage(file, target) else {
                    continue;
                };

                let built = Built {
                    dockerfile: file,
                    stage,
                };
                // A base stands before the files laid over it, which share its places.
                self.built
                    .entry(service.container.name.location)
                    .or_insert(built);
                self.add(
                    file,
                    Use {
                        stage,
                        user: User::Service(project, service),
                        location: build.location,
                    },
                );
                if let Some(reference) = service
                    .container
                    .image
                    .as_ref()
                    .and_then(|image| image.reference.as_ref())
                {
                    names.full.insert(reference.repository(), built);
                    names.add_short(reference.short_name(), built);
                }

                names.add_short(service.name(), built);
            }
        }
    }

    fn join_pipelines(&mut self, names: &mut ConfigNames) {
        let facts = self.facts;

        for workflow in facts.workflows() {
            for build in image_builds(workflow) {
                let Some(file) = built_file(facts, &build) else {
                    continue;
                };

                if build.target.is_unknown() {
                    continue;
                }

                let Some(stage) = self.stage(file, build.target.value().map(String::as_str)) else {
                    continue;
                };

                self.add(
                    file,
                    Use {
                        stage,
                        user: User::Pipeline(workflow),
                        location: build.location,
                    },
                );

                for tag in &build.tags {
                    let reference = Reference::parse(&tag.value);
                    let built = Built {
                        dockerfile: file,
                        stage,
                    };

                    if !reference.path.contains("${{") {
                        names.full.insert(reference.repository(), built);
                    }

                    if !reference.short_name().contains(['$', '{', '}']) {
                        names.add_short(reference.short_name(), built);
                    }
                }
            }
        }
    }

    fn join_pods(&mut self, names: &ConfigNames) {
        let facts = self.facts;
        let folders = folder_names(facts, self);

        for (object, workload) in facts.files.iter().flat_map(|file| file.workloads()) {
            for container in &workload.pod.containers {
                let Some(image) = &container.image else {
                    continue;
                };

                let Some(reference) = &image.reference else {
                    continue;
                };

                let short = reference.short_name();
                let found = names.full.get(&reference.repository()).copied();
                // A public image that goes by a folder's name is still the public image.
                let own = crate::data::image(&reference.repository()).is_none();
                let found = found.or_else(|| {
                    if own {
                        names.short(short).or_else(|| folders.short(short))
                    } else {
                        None
                    }
                });

                let Some(built) = found else { continue };

                self.built.insert(container.name.location, built);
                let user = User::Container(object, workload, container);
                self.add(
                    built.dockerfile,
                    Use {
                        stage: built.stage,
                        user,
                        location: image.location,
                    },
                );
            }
        }
    }
}

/// Names that images of this repository go by.
#[derive(Debug, Default)]
struct ConfigNames {
    full: HashMap<String, Built>,
    /// By the last part of the path; `None` where two builds share it.
    short: HashMap<String, Option<Built>>,
}

impl ConfigNames {
    fn add_short(&mut self, name: &str, built: Built) {
        let entry = self.short.entry(name.to_owned()).or_insert(Some(built));
        if *entry != Some(built) {
            *entry = None;
        }
    }

    fn short(&self, name: &str) -> Option<Built> {
        self.short.get(name).copied().flatten()
    }
}

/// Dockerfiles by the name of their folder, or by their own: `api/Dockerfile`, `Dockerfile.api`,
/// `api.Dockerfile`.
fn folder_names(facts: &Facts, graph: &Graph) -> ConfigNames {
    let mut names = ConfigNames::default();

    for dockerfile in facts.dockerfiles() {
        let path = facts.path(dockerfile.file);
        let Some(stage) = graph.stage(dockerfile.file, None) else {
            continue;
        };

        let file = file_name(path);
        let own = file
            .strip_prefix("Dockerfile.")
            .or_else(|| file.strip_suffix(".Dockerfile"));
        let name = own.unwrap_or_else(|| file_name(parent(path)));

        if !name.is_empty() {
            names.add_short(
                name,
                Built {
                    dockerfile: dockerfile.file,
                    stage,
                },
            );
        }
    }

    names
}

/// The Dockerfile that a pipeline's build reads.
fn built_file(facts: &Facts, build: &ImageBuild) -> Option<FileId> {
    facts
        .repository
        .find(&build.dockerfile.as_ref()?.value)
        .map(|file| file.id)
}
