//! The deployment graph: which Dockerfile a service builds, which workloads run the image, what
//! becomes of each stage. Every edge keeps the location where it is written.

mod builds;
mod index;
pub mod kubernetes;
mod own_images;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::model::build_caller::{BuildCaller, CallerTool};
use crate::model::compose::{Build, Project, Service};
use crate::model::container::Container;
use crate::model::dockerfile::{Dockerfile, StageId};
use crate::model::facts::Facts;
use crate::model::image::Reference;
use crate::source::{FileId, SourceFile, parent};
use builds::Builds;
pub use builds::{Built, ContextSource, Use, User};
use index::ComposeIndex;
use own_images::OwnImages;

/// The joined repository.
#[derive(Debug)]
pub struct Graph<'a> {
    pub facts: &'a Facts<'a>,
    pub cluster: kubernetes::Cluster<'a>,
    builds: Builds<'a>,
    /// Made for the first rule that asks.
    index: OnceLock<ComposeIndex>,
    /// Made for the first rule that asks.
    own_images: OnceLock<OwnImages>,
}

/// A service that gets a configuration file.
#[derive(Clone, Debug)]
pub struct ConfigConsumer<'a> {
    pub project: &'a Project,
    pub service: &'a Service,
    /// The path of the file in the container, where it is known.
    pub path: Option<String>,
}

impl<'a> Graph<'a> {
    /// Joins the cluster and the compose projects to what they are built from.
    pub fn new(facts: &'a Facts<'a>, cluster: kubernetes::Cluster<'a>) -> Self {
        Self {
            cluster,
            builds: Builds::new(facts),
            ..Self::unjoined(facts)
        }
    }

    /// The repository with nothing joined.
    pub fn unjoined(facts: &'a Facts<'a>) -> Self {
        Self {
            facts,
            cluster: kubernetes::Cluster::default(),
            builds: Builds::default(),
            index: OnceLock::new(),
            own_images: OnceLock::new(),
        }
    }

    /// Everything that builds or runs the image of a Dockerfile: compose services, then pipelines,
    /// then pods.
    pub fn uses(&self, dockerfile: FileId) -> &[Use<'a>] {
        self.builds.uses(dockerfile)
    }

    /// What builds or runs one stage of a Dockerfile.
    pub fn uses_of_stage(
        &self,
        dockerfile: FileId,
        stage: StageId,
    ) -> impl Iterator<Item = &Use<'a>> {
        self.uses(dockerfile)
            .iter()
            .filter(move |image_use| image_use.stage == stage)
    }

    /// The stage that a container's image is built from, if it is built in this repository.
    pub fn built(&self, container: &Container) -> Option<Built> {
        self.builds.built(container)
    }

    /// The Dockerfile and stage that a container's image is built from.
    pub fn build_of(&self, container: &Container) -> Option<(&'a Dockerfile, StageId)> {
        let built = self.built(container)?;
        let dockerfile = self.facts.file(built.dockerfile).dockerfile.as_ref()?;

        Some((dockerfile, built.stage))
    }

    /// The files that a build of this Dockerfile can copy: those of the folder that compose names,
    /// else of its own.
    pub fn context(&self, dockerfile: &Dockerfile) -> &'a [SourceFile] {
        let folder = self
            .uses(dockerfile.file)
            .iter()
            .find_map(|image_use| context_folder(image_use.user))
            .unwrap_or_else(|| parent(self.facts.path(dockerfile.file)));

        self.facts.repository.below(folder)
    }

    /// The stages of a Dockerfile that are shipped: the targets of its uses outside development
    /// files, or else the last. None of one that nothing builds and that only names an image: scripts
    /// read its version, and bots update it.
    pub fn shipped(&self, dockerfile: &Dockerfile) -> BTreeSet<StageId> {
        let stages: BTreeSet<StageId> = self
            .uses(dockerfile.file)
            .iter()
            .filter(|image_use| !is_development(image_use.user) && !is_weak(image_use.user))
            .map(|image_use| image_use.stage)
            .collect();

        if !stages.is_empty() {
            return stages;
        }

        // At the root, it is the image of the repository.
        let is_inner = !self.facts.source(dockerfile.file).folder().is_empty();
        if is_inner && self.uses(dockerfile.file).is_empty() && dockerfile.only_names_images() {
            return stages;
        }

        dockerfile.last_stage().into_iter().collect()
    }

    /// Whether a build of the Dockerfile gives a name of an image another meaning.
    pub fn is_named_context(&self, dockerfile: FileId, name: &str) -> bool {
        self.builds.context(dockerfile, name).is_some()
    }

    /// What the base image of a Dockerfile is, where it is a named context or an image that is
    /// built here.
    pub fn base_source(&self, dockerfile: FileId, reference: &Reference) -> Option<ContextSource> {
        let name = reference.repository();
        if let Some(source) = self.builds.context(dockerfile, &name) {
            return Some(source.clone());
        }

        self.builds.named(reference).map(ContextSource::Built)
    }

    /// Whether an image is built here and pulled from nowhere: it has neither registry nor owner.
    pub fn is_local_image(&self, reference: &Reference) -> bool {
        reference.registry.is_none()
            && !reference.path.contains('/')
            && self.builds.named(reference).is_some()
    }

    /// Whether a tool writes the tag of an image into the manifests that it deploys.
    pub fn is_tagged_at_deploy(&self, reference: &Reference) -> bool {
        self.builds.is_tagged(reference)
    }

    /// Whether the repository itself publishes an image, as far as its name shows.
    pub fn is_own_image(&self, reference: &Reference) -> bool {
        self.builds.is_built_here(reference)
            || self
                .own_images
                .get_or_init(|| OwnImages::new(self.facts))
                .contains(reference)
    }

    /// The number of deployable units: compose services and workloads, those that share an image or
    /// a name counted once, and builds that nothing here runs.
    pub fn services(&self) -> usize {
        let projects = self.facts.projects().iter();
        let services: BTreeSet<(&str, &str)> = projects
            .flat_map(|project| {
                let services = project.services.iter();
                services.map(|service| (project.folder.as_str(), service.name()))
            })
            .collect();
        let service_names: BTreeSet<&str> = services.iter().map(|(_, name)| *name).collect();
        let mut workloads: BTreeSet<&str> = BTreeSet::new();

        for (object, workload) in self.facts.files.iter().flat_map(|file| file.workloads()) {
            let Some(name) = &object.name else {
                continue;
            };

            let containers = &workload.pod.containers;
            let is_service = service_names.contains(name.value.as_str())
                || containers
                    .iter()
                    .any(|container| self.is_run_by_service(container));
            if !is_service {
                workloads.insert(&name.value);
            }
        }

        let only_built = self
            .facts
            .dockerfiles()
            .filter(|dockerfile| self.is_only_built(dockerfile.file));

        services.len() + workloads.len() + only_built.count()
    }

    /// Whether a compose service runs the image of a container too.
    fn is_run_by_service(&self, container: &Container) -> bool {
        let Some(built) = self.built(container) else {
            return false;
        };

        self.uses(built.dockerfile)
            .iter()
            .any(|image_use| matches!(image_use.user, User::Service(..)))
    }

    /// Whether nothing here runs the image of a Dockerfile.
    fn is_only_built(&self, dockerfile: FileId) -> bool {
        self.uses(dockerfile)
            .iter()
            .all(|image_use| !image_use.user.runs())
    }
}

fn context_folder(user: User<'_>) -> Option<&str> {
    match user {
        User::Service(_, service) => {
            let context = service.build.as_ref()?.context.as_ref()?;
            Some(&context.value)
        }
        User::Caller(caller) => caller.context.as_deref(),
        User::Container(..) | User::Pipeline(_) => None,
    }
}

fn is_development(user: User) -> bool {
    match user {
        User::Service(project, _) => project.development,
        User::Caller(caller) => !caller.ships,
        User::Container(..) | User::Pipeline(_) => false,
    }
}

/// Whether a use is of a script, which may build a stage for any purpose.
const fn is_weak(user: User) -> bool {
    matches!(
        user,
        User::Caller(BuildCaller {
            tool: CallerTool::Script | CallerTool::Tilt,
            ..
        })
    )
}

/// What rules ask of all compose files, each answered by an index.
impl<'a> Graph<'a> {
    fn index(&self) -> &ComposeIndex {
        self.index
            .get_or_init(|| ComposeIndex::new(self.facts, &self.builds))
    }

    /// The projects that are laid over others and whose first file this is.
    pub fn projects_over(&self, file: FileId) -> impl Iterator<Item = &'a Project> {
        let projects = self.index().projects_over(file).iter();

        projects.map(|&project| &self.facts[project])
    }

    /// The projects on whose networks a name resolves: a service's own, or an alias.
    pub fn projects_resolving(&self, host: &str) -> impl Iterator<Item = &'a Project> {
        let projects = self.index().projects_resolving(host).iter();

        projects.map(|&project| &self.facts[project])
    }

    /// The services that build the Dockerfile at a path, and how.
    pub fn builders(&self, dockerfile: &str) -> impl Iterator<Item = (&'a Service, &'a Build)> {
        let services = self.index().builders(dockerfile).iter();
        services.filter_map(|&id| {
            let service = &self.facts[id];
            Some((service, service.build.as_ref()?))
        })
    }

    /// The first USER of each stage that is built on a base image, where it has one.
    pub fn first_users(&self, base: &str) -> &[String] {
        self.index().first_users(base)
    }

    /// The services that mount a file, or whose image copies it by name.
    pub fn readers(&self, path: &str) -> Vec<ConfigConsumer<'a>> {
        let consumers = self.index().consumers(self.facts, &self.builds, path);
        consumers
            .into_iter()
            .map(|(id, path)| ConfigConsumer {
                project: self.facts.project_of(id),
                service: &self.facts[id],
                path,
            })
            .collect()
    }
}
