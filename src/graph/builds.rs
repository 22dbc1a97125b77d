//! Which Dockerfile each image is built from, and who builds or runs it.

use std::collections::{HashMap, HashSet};

use crate::data;
use crate::model::Setting;
use crate::model::build_caller::BuildCaller;
use crate::model::compose::{Project, Service};
use crate::model::container::Container;
use crate::model::dockerfile::StageId;
use crate::model::facts::Facts;
use crate::model::file_role::Role;
use crate::model::id::IdVec;
use crate::model::image::{NamedContext, Reference};
use crate::model::kubernetes::{Object, Workload};
use crate::model::workflow::{ImageBuild, Workflow, image_builds};
use crate::source::{FileId, Located, Location, file_name, parent};

/// The stage of a Dockerfile that an image is built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Built {
    pub dockerfile: FileId,
    pub stage: StageId,
}

/// One thing that builds or runs the image of a Dockerfile.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// The stage that is shipped to it.
    pub stage: StageId,
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
    /// A bake file, a script or another tool that builds the image.
    Caller(&'a BuildCaller),
}

impl User<'_> {
    /// Whether it runs the image, and does not only build it.
    pub const fn runs(self) -> bool {
        matches!(self, User::Service(..) | User::Container(..))
    }
}

/// What a named build context stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContextSource {
    /// The image of another service or target.
    Built(Built),
    Image(Reference),
    /// A folder, or what cannot be known.
    Other,
}

/// The builds of a repository, by Dockerfile and by container.
#[derive(Debug, Default)]
pub(super) struct Builds<'a> {
    /// By Dockerfile: everything that builds or runs its image.
    uses: HashMap<FileId, Vec<Use<'a>>>,
    /// The stage that the image of each container is built from.
    built: IdVec<Container, Option<Built>>,
    /// By Dockerfile: the names that FROM and `--from` may use in place of an image.
    contexts: HashMap<FileId, Vec<(String, ContextSource)>>,
    /// The names that builds give their images.
    names: ImageNames,
    /// The repositories whose tags are written into manifests when they are deployed.
    tagged: HashSet<String>,
}

impl<'a> Builds<'a> {
    /// Joins Dockerfiles with the services, pipelines and pods that build or run them, in this
    /// order: pods run what the others name.
    pub fn new(facts: &'a Facts<'a>) -> Self {
        let mut builds = Self {
            built: IdVec::with(facts.container_count(), || None),
            ..Self::default()
        };
        let mut names = ImageNames::default();

        for project in facts.projects() {
            for service in &project.services {
                builds.join_service(facts, project, service, &mut names);
            }
        }

        builds.lend_to_bases(facts);

        for workflow in facts.workflows() {
            for build in image_builds(workflow) {
                builds.join_pipeline(facts, workflow, &build, &mut names);
            }
        }

        for caller in &facts.build_callers {
            builds.join_caller(facts, caller, &mut names);
        }

        let folders = folder_names(facts);

        for (object, workload) in facts.files.iter().flat_map(|file| file.workloads()) {
            for container in &workload.pod.containers {
                builds.join_container(facts, (object, workload), container, &names, &folders);
            }
        }

        for (own, variant) in facts.files.iter().flat_map(|file| file.workload_variants()) {
            builds.lend_to_variant(own, variant);
        }

        builds.names = names;

        builds
    }

    /// Gives the containers of a variant the builds of those of the same names.
    fn lend_to_variant(&mut self, own: &Workload, variant: &Workload) {
        for container in &variant.pod.containers {
            let mut containers = own.pod.containers.iter();
            let same = containers.find(|own| own.name == container.name);

            self.built[container.id] = same.and_then(|same| self.built[same.id]);
        }
    }

    /// Everything that builds or runs the image of a Dockerfile: compose services, then pipelines,
    /// then pods.
    pub fn uses(&self, dockerfile: FileId) -> &[Use<'a>] {
        self.uses.get(&dockerfile).map_or(&[], Vec::as_slice)
    }

    /// The stage that a container's image is built from, if it is built in this repository.
    pub fn built(&self, container: &Container) -> Option<Built> {
        *self.built.get(container.id)?
    }

    /// A service whose image only a file laid over it builds runs that image, too.
    fn lend_to_bases(&mut self, facts: &Facts) {
        let projects = facts.projects();
        let bases: HashMap<FileId, &Project> = projects
            .iter()
            .filter(|project| project.base_files == 0)
            .filter_map(|project| Some((*project.files.first()?, project)))
            .collect();

        for over in projects.iter().filter(|project| project.base_files > 0) {
            let Some(base) = over.files.first().and_then(|first| bases.get(first)) else {
                continue;
            };

            for service in &over.services {
                if let Some(built) = self.built(&service.container)
                    && let Some(lent) = base.service(service.name())
                {
                    self.built[lent.container.id].get_or_insert(built);
                }
            }
        }
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

        self.built[service.container.id] = Some(built);
        let is_evidence = is_evidence(facts, build.location.file, built);
        if is_evidence {
            self.add_use(built, User::Service(project, service), build.location);
        }

        self.add_contexts(built.dockerfile, &build.additional_contexts, |value| {
            let name = value.strip_prefix("service:")?;
            let service = project
                .services
                .iter()
                .find(|service| service.name() == name)?;
            let build = service.build.as_ref()?;
            self::built(facts, build.dockerfile.as_ref(), &build.target)
        });

        if !is_evidence {
            return;
        }

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
        self.add_contexts(built.dockerfile, &build.named_contexts, |_| None);

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

    fn join_caller(
        &mut self,
        facts: &'a Facts<'a>,
        caller: &'a BuildCaller,
        names: &mut ImageNames,
    ) {
        if caller.tool.tags_manifests() {
            let references = caller.images.iter().map(|image| Reference::parse(image));
            self.tagged
                .extend(references.map(|reference| reference.repository()));
        }

        let Some(built) = caller_build(facts, caller) else {
            return;
        };

        self.add_use(built, User::Caller(caller), caller.location);
        self.add_contexts(built.dockerfile, &caller.named_contexts, |value| {
            let name = value.strip_prefix("target:")?;
            let target = facts
                .build_callers
                .iter()
                .find(|other| other.location.file == caller.location.file && other.name == name)?;
            caller_build(facts, target)
        });

        if !caller.ships {
            return;
        }

        for image in &caller.images {
            let reference = Reference::parse(image);

            if !image.contains('$') {
                names.add_full(&reference, built);
            }

            if !reference.short_name().contains(['$', '{', '}']) {
                names.add_short(reference.short_name(), built);
            }
        }
    }

    /// The names of contexts of a build, and what each stands for.
    fn add_contexts(
        &mut self,
        dockerfile: FileId,
        contexts: &[NamedContext],
        find: impl Fn(&str) -> Option<Built>,
    ) {
        let sources = contexts.iter().map(|context| {
            let source = match context.value.strip_prefix("docker-image://") {
                Some(image) if !image.contains('$') => {
                    ContextSource::Image(Reference::parse(image))
                }
                Some(_) => ContextSource::Other,
                None => find(&context.value).map_or(ContextSource::Other, ContextSource::Built),
            };

            (context.name.clone(), source)
        });
        self.contexts.entry(dockerfile).or_default().extend(sources);
    }

    /// What the name of an image means in a Dockerfile, where a build gives it another meaning.
    pub fn context(&self, dockerfile: FileId, name: &str) -> Option<&ContextSource> {
        let contexts = self.contexts.get(&dockerfile)?;
        let plain = name.strip_prefix("docker.io/").unwrap_or(name);
        let (_, source) = contexts.iter().find(|(context, _)| {
            context.as_str() == plain || context.strip_prefix("docker.io/library/") == Some(plain)
        })?;

        Some(source)
    }

    /// The build that gives its image exactly this name.
    pub fn named(&self, reference: &Reference) -> Option<Built> {
        self.names.full.get(&reference.repository()).copied()
    }

    /// Whether a build of the repository gives its image this name.
    pub fn is_built_here(&self, reference: &Reference) -> bool {
        self.names.find(reference, &ImageNames::default()).is_some()
    }

    /// Whether a tool writes the tag of an image into the manifests that it deploys.
    pub fn is_tagged(&self, reference: &Reference) -> bool {
        self.tagged.contains(&reference.repository())
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

        self.built[container.id] = Some(built);

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

fn caller_build(facts: &Facts, caller: &BuildCaller) -> Option<Built> {
    let dockerfile = Located::new(caller.dockerfile.clone()?, caller.location);

    built(facts, Some(&dockerfile), &caller.target)
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
