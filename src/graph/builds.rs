//! Which Dockerfile each image is built from, and who builds or runs it.

use std::collections::HashMap;

use crate::data;
use crate::model::Setting;
use crate::model::compose::{Project, Service};
use crate::model::container::Container;
use crate::model::facts::Facts;
use crate::model::file_role::Role;
use crate::model::image::Reference;
use crate::model::kubernetes::{Object, Workload};
use crate::model::workflow::{ImageBuild, Workflow, image_builds};
use crate::source::{FileId, Located, Location, file_name, parent};

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

/// What uses an image.
#[derive(Clone, Copy, Debug)]
pub enum User<'a> {
    Service(&'a Project, &'a Service),
    Container(&'a Object, &'a Workload, &'a Container),
    /// A pipeline that builds the image; where it runs is unknown.
    Pipeline(&'a Workflow),
}

/// The builds of a repository, by Dockerfile and by container.
#[derive(Debug, Default)]
pub(super) struct Builds<'a> {
    /// By Dockerfile: everything that builds or runs its image.
    uses: HashMap<FileId, Vec<Use<'a>>>,
    /// By container (the location of its name): the stage that its image is built from.
    built: HashMap<Location, Built>,
}

impl<'a> Builds<'a> {
    /// Joins Dockerfiles with the services, pipelines and pods that build or run them, in this
    /// order: pods run what the others name.
    pub fn new(facts: &'a Facts<'a>) -> Self {
        let mut builds = Self::default();
        let mut names = ImageNames::default();

        for project in facts.projects() {
            for service in &project.services {
                builds.join_service(facts, project, service, &mut names);
            }
        }

        for workflow in facts.workflows() {
            for build in image_builds(workflow) {
                builds.join_pipeline(facts, workflow, &build, &mut names);
            }
        }

        let folders = folder_names(facts);

        for (object, workload) in facts.files.iter().flat_map(|file| file.workloads()) {
            for container in &workload.pod.containers {
                builds.join_container(facts, (object, workload), container, &names, &folders);
            }
        }

        builds
    }

    /// Everything that builds or runs the image of a Dockerfile: compose services, then pipelines,
    /// then pods.
    pub fn uses(&self, dockerfile: FileId) -> &[Use<'a>] {
        self.uses.get(&dockerfile).map_or(&[], Vec::as_slice)
    }

    /// The stage that a container's image is built from, if it is built in this repository.
    pub fn built(&self, container: &Container) -> Option<Built> {
        self.built.get(&container.name.location).copied()
    }

    fn join_service(
        &mut self,
        facts: &Facts,
        project: &'a Project,
        service: &'a Service,
        names: &mut ImageNames,
    ) {
        let Some(build) = &service.build else {
            return;
        };

        let Some(built) = built(facts, build.dockerfile.as_ref(), &build.target) else {
            return;
        };

        // Projects come before those that are laid over them, which share their locations.
        self.built
            .entry(service.container.name.location)
            .or_insert(built);
        if !is_evidence(facts, build.location.file, built) {
            return;
        }

        self.add_use(built, User::Service(project, service), build.location);

        if let Some(image) = &service.container.image
            && let Some(reference) = &image.reference
        {
            names.add_full(reference, built);
            names.add_short(reference.short_name(), built);
        }

        names.add_short(service.name(), built);
    }

    fn join_pipeline(
        &mut self,
        facts: &Facts,
        workflow: &'a Workflow,
        build: &ImageBuild,
        names: &mut ImageNames,
    ) {
        let Some(built) = built(facts, build.dockerfile.as_ref(), &build.target) else {
            return;
        };

        self.add_use(built, User::Pipeline(workflow), build.location);

        for tag in &build.tags {
            let reference = Reference::parse(&tag.value);

            if !reference.path.contains("${{") {
                names.add_full(&reference, built);
            }

            if !reference.short_name().contains(['$', '{', '}']) {
                names.add_short(reference.short_name(), built);
            }
        }
    }

    fn join_container(
        &mut self,
        facts: &Facts,
        (object, workload): (&'a Object, &'a Workload),
        container: &'a Container,
        names: &ImageNames,
        folders: &ImageNames,
    ) {
        let Some(image) = &container.image else {
            return;
        };

        let Some(reference) = &image.reference else {
            return;
        };

        let Some(built) = names.find(reference, folders) else {
            return;
        };

        let is_practice = |file| facts.role(file) == Role::Practice;
        if is_practice(built.dockerfile) && !is_practice(object.file) {
            return;
        }

        self.built.insert(container.name.location, built);

        if is_evidence(facts, object.file, built) {
            self.add_use(
                built,
                User::Container(object, workload, container),
                image.location,
            );
        }
    }

    fn add_use(&mut self, built: Built, user: User<'a>, location: Location) {
        self.uses.entry(built.dockerfile).or_default().push(Use {
            stage: built.stage,
            user,
            location,
        });
    }
}

/// Whether a file says something about an image: what tries or shows something says nothing about
/// what is deployed.
fn is_evidence(facts: &Facts, user: FileId, built: Built) -> bool {
    facts.role(user) != Role::Practice || facts.role(built.dockerfile) == Role::Practice
}

/// What a build with a Dockerfile and a target comes to, where both are known.
fn built(
    facts: &Facts,
    dockerfile: Option<&Located<String>>,
    target: &Setting<String>,
) -> Option<Built> {
    let dockerfile = facts.repository.find(&dockerfile?.value)?.id;

    match target {
        Setting::Set(target) => stage(facts, dockerfile, Some(&target.value)),
        Setting::Absent => stage(facts, dockerfile, None),
        Setting::Unknown(_) => None,
    }
}

/// The stage of a Dockerfile that has the name, or the last one.
fn stage(facts: &Facts, file: FileId, name: Option<&str>) -> Option<Built> {
    let dockerfile = facts.file(file).dockerfile.as_deref()?;
    let stage = match name {
        Some(name) => dockerfile.stage_named(name)?,
        None => dockerfile.last_stage()?,
    };

    Some(Built {
        dockerfile: file,
        stage,
    })
}

/// Names of the images that are built here.
#[derive(Debug, Default)]
struct ImageNames {
    /// By registry and path.
    full: HashMap<String, Built>,
    /// By the last part of the path; `None` where two builds share it.
    short: HashMap<String, Option<Built>>,
}

impl ImageNames {
    fn add_full(&mut self, reference: &Reference, built: Built) {
        self.full.insert(reference.repository(), built);
    }

    fn add_short(&mut self, name: &str, built: Built) {
        let entry = self.short.entry(name.to_owned()).or_insert(Some(built));
        if *entry != Some(built) {
            *entry = None;
        }
    }

    fn short(&self, name: &str) -> Option<Built> {
        self.short.get(name).copied().flatten()
    }

    /// The build of an image: by its full name, by its short name, or by the name of a folder.
    fn find(&self, reference: &Reference, folders: &ImageNames) -> Option<Built> {
        let repository = reference.repository();
        if let Some(built) = self.full.get(&repository) {
            return Some(*built);
        }

        // A public image is not built here because a folder has its name.
        if data::image(&repository).is_some() {
            return None;
        }

        let name = reference.short_name();
        self.short(name).or_else(|| folders.short(name))
    }
}

/// Dockerfiles by the name of their folder, or by their own: `api/Dockerfile`, `Dockerfile.api`,
/// `api.Dockerfile`.
fn folder_names(facts: &Facts) -> ImageNames {
    let mut names = ImageNames::default();

    for dockerfile in facts.dockerfiles() {
        let Some(built) = stage(facts, dockerfile.file, None) else {
            continue;
        };

        let path = facts.path(dockerfile.file);
        let file = file_name(path);
        let name = file
            .strip_prefix("Dockerfile.")
            .or_else(|| file.strip_suffix(".Dockerfile"))
            .unwrap_or_else(|| file_name(parent(path)));

        if !name.is_empty() {
            names.add_short(name, built);
        }
    }

    names
}
