//! The services of a repository: what builds an image, runs it with compose, runs it in a cluster
//! and ships it, joined by the graph.
//!
//! A service is what runs under one name. Two services may share an image, as an API and its worker
//! do. A compose service and a workload are one service if they have one name, or if each is the
//! only one of its sort that runs an image.

use std::collections::BTreeMap;

use super::pipelines::Pipelines;
use crate::analysis::workload::is_long_running;
use crate::analysis::{Analysis, shipped_stages};
use crate::data::{self, Class};
use crate::graph::User;
use crate::model::chart;
use crate::model::compose::{self, Project};
use crate::model::container::Container;
use crate::model::dockerfile::{Base, Dockerfile, StageId};
use crate::model::file_role::Role;
use crate::model::image::Reference;
use crate::model::kubernetes::{Body, Object, Workload};
use crate::model::workflow::image_builds;
use crate::source::{FileId, Located, Location, parent};

/// A service that is deployed.
#[derive(Debug, Default)]
pub struct Service<'a> {
    pub name: String,
    /// The stages that its images are built from.
    pub builds: Vec<(&'a Dockerfile, StageId)>,
    pub composed: Vec<(&'a Project, &'a compose::Service)>,
    pub workloads: Vec<(&'a Object, &'a Workload)>,
    /// Where pipelines build its image.
    pub pipelines: Vec<Location>,
    pub kind: ServiceKind,
}

/// What a service is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServiceKind {
    /// Its image is built here, or is not a known one.
    #[default]
    Application,
    /// An image of another project, which holds data.
    Store(Class),
    /// Another image of another project.
    Foreign(Class),
    /// An image of another project that is not known.
    Unfamiliar,
}

impl ServiceKind {
    pub const fn word(self) -> &'static str {
        match self {
            ServiceKind::Application => "application",
            ServiceKind::Store(_) => "store",
            ServiceKind::Foreign(_) | ServiceKind::Unfamiliar => "image",
        }
    }
}

impl Service<'_> {
    /// Whether it is an application of the repository: its image is built here.
    pub fn is_built(&self) -> bool {
        !self.builds.is_empty()
    }

    pub const fn is_store(&self) -> bool {
        matches!(self.kind, ServiceKind::Store(_))
    }

    /// All containers that run for it.
    pub fn containers(&self) -> impl Iterator<Item = &Container> {
        let composed = self.composed.iter().map(|(_, service)| &service.container);
        let pods = self
            .workloads
            .iter()
            .flat_map(|(_, workload)| &workload.pod.containers);

        composed.chain(pods)
    }

    /// Whether all that runs it ends by itself.
    pub fn ends(&self) -> bool {
        let composed = self
            .composed
            .iter()
            .all(|(project, service)| project.is_one_shot(service));
        let workloads = self
            .workloads
            .iter()
            .all(|(object, workload)| !is_long_running(object, workload));
        let runs = !self.composed.is_empty() || !self.workloads.is_empty();

        runs && composed && workloads
    }

    /// Where it is defined first.
    pub fn location(&self) -> Option<Location> {
        let composed = self
            .composed
            .first()
            .map(|(_, service)| service.container.anchor);
        let workload = self.workloads.first().map(|(object, _)| object.location());
        let build = self
            .builds
            .first()
            .map(|(dockerfile, stage)| dockerfile.stages[*stage].location);

        composed.or(workload).or(build)
    }
}

/// The services of a repository, and what of it is not counted as deployed.
#[derive(Debug, Default)]
pub struct Services<'a> {
    pub all: Vec<Service<'a>>,
    /// There are deployment files, and all are for development, tests or examples.
    pub only_practice: bool,
    pub pipelines: Pipelines<'a>,
}

/// How many services are reported one by one.
const MAX_SERVICES: usize = 200;

/// Joins what the repository deploys. Files for development count only where they are all there is
/// of compose; tests and examples never do.
pub fn services<'a>(ctx: &Analysis<'a>) -> Services<'a> {
    let mut services: BTreeMap<String, Service<'a>> = BTreeMap::new();
    add_composed(ctx, &mut services);
    add_workloads(ctx, &mut services);
    add_builds(ctx, &mut services);

    let has_files = ctx.facts.dockerfiles().next().is_some()
        || !ctx.facts.projects().is_empty()
        || ctx.facts.objects().next().is_some();
    let only_practice = services.is_empty() && has_files;
    let mut all: Vec<Service> = services.into_values().take(MAX_SERVICES).collect();

    for service in &mut all {
        service.kind = kind(ctx, service);
    }

    // Applications first, then what they need.
    all.sort_by_key(|service| match service.kind {
        ServiceKind::Application => 0,
        ServiceKind::Foreign(_) | ServiceKind::Unfamiliar => 1,
        ServiceKind::Store(_) => 2,
    });

    Services {
        all,
        only_practice,
        pipelines: Pipelines::of(ctx),
    }
}

fn add_composed<'a>(ctx: &Analysis<'a>, services: &mut BTreeMap<String, Service<'a>>) {
    let is_counted = |project: &Project| project.role != Role::Practice;
    // What is laid over another project comes last.
    let mut projects: Vec<&'a Project> = ctx.facts.projects().iter().collect();
    projects.sort_by_key(|project| project.overlay);
    let projects = projects.into_iter();
    let has_production = projects
        .clone()
        .any(|project| is_counted(project) && !project.development);

    for project in projects.filter(|project| is_counted(project)) {
        if project.development && has_production {
            continue;
        }

        for service in &project.services {
            if service.provided || service.never_starts() {
                continue;
            }

            if project.overlay && services.contains_key(service.name()) {
                continue;
            }

            let joined = services.entry(service.name().to_owned()).or_default();
            joined.name = service.name().to_owned();
            joined.composed.push((project, service));
            add_build(ctx, joined, &service.container);
        }
    }
}

fn add_workloads<'a>(ctx: &Analysis<'a>, services: &mut BTreeMap<String, Service<'a>>) {
    // Compose services by the stage that they run, where they are alone in it.
    let mut by_build: BTreeMap<(FileId, StageId), Option<String>> = BTreeMap::new();
    for service in services.values() {
        for (dockerfile, stage) in &service.builds {
            by_build
                .entry((dockerfile.file, *stage))
                .and_modify(|name| *name = None)
                .or_insert_with(|| Some(service.name.clone()));
        }
    }

    let mut deployed: Vec<(&Object, &Workload)> = ctx
        .facts
        .deployed_workloads()
        .filter(|(object, workload)| {
            !workload.guessed && !object.is_hook() && !ctx.facts.is_left_out(object)
        })
        .collect();
    // Templates are joined to what has a name.
    deployed.sort_by_key(|(object, _)| object.helm);
    let mut users: BTreeMap<(FileId, StageId), Vec<&str>> = BTreeMap::new();
    for (object, workload) in &deployed {
        for container in workload.pod.main() {
            if let Some((dockerfile, stage)) = ctx.graph.build_of(container)
                && let Some(name) = &object.name
            {
                let names = users.entry((dockerfile.file, stage)).or_default();
                if !names.contains(&name.value.as_str()) {
                    names.push(&name.value);
                }
            }
        }
    }

    for (object, workload) in deployed {
        if workload.pod.containers.is_empty() {
            continue;
        }

        let own_name = match &object.name {
            Some(name) => name.value.clone(),
            None => nameless(ctx, object, workload, services),
        };
        let shared = workload.pod.main().find_map(|container| {
            let (dockerfile, stage) = ctx.graph.build_of(container)?;
            let key = (dockerfile.file, stage);
            let is_alone = users.get(&key).is_none_or(|names| names.len() < 2);

            if is_alone {
                by_build.get(&key)?.clone()
            } else {
                None
            }
        });
        let shared = shared.or_else(|| built_beside_chart(ctx, object, services));
        let name = match shared {
            Some(name) if !services.contains_key(&own_name) => name,
            _ => own_name,
        };

        let joined = services.entry(name.clone()).or_default();
        joined.name = name;
        joined.workloads.push((object, workload));
        for container in workload.pod.main() {
            add_build(ctx, joined, container);
        }
    }
}

/// The service of a template whose name is not known: one that the file is named after, or a name
/// from chart and file. A second workload of the file is named after its container.
fn nameless(
    ctx: &Analysis,
    object: &Object,
    workload: &Workload,
    services: &BTreeMap<String, Service>,
) -> String {
    let path = ctx.facts.path(object.file);
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.split('.').next().unwrap_or(file);
    let name = if services.contains_key(stem) {
        stem.to_owned()
    } else {
        chart_name(ctx, object)
    };
    let is_taken = services.get(&name).is_some_and(|service| {
        let mut workloads = service.workloads.iter();
        workloads.any(|(other, _)| other.file == object.file)
    });
    let container = workload.pod.main().next();

    match container {
        Some(container) if is_taken && !container.name.value.is_empty() => {
            format!("{name}-{}", container.name.value)
        }
        _ => name,
    }
}

/// The service whose image is built in the folder that holds a chart, if it is the only one: the
/// chart's main workload runs it.
fn built_beside_chart(
    ctx: &Analysis,
    object: &Object,
    services: &BTreeMap<String, Service>,
) -> Option<String> {
    let path = ctx.facts.path(object.file);
    let is_main = ["deployment.yaml", "statefulset.yaml", "rollout.yaml"]
        .iter()
        .any(|name| path.ends_with(&format!("templates/{name}")));
    if !object.helm || !is_main {
        return None;
    }

    let folder = parent(ctx.facts.chart_folder(object.file)?);
    let mut beside = services.values().filter(|service| {
        let mut builds = service.builds.iter();
        builds.any(|(dockerfile, _)| parent(ctx.facts.path(dockerfile.file)) == folder)
    });
    let only = beside.next()?;

    (!folder.is_empty() && beside.next().is_none()).then(|| only.name.clone())
}

/// The image of a container, with the default values of its chart, and by its name alone where only
/// the tag is unknown.
fn image_of(ctx: &Analysis, object: Option<&Object>, container: &Container) -> Option<Reference> {
    let image = container.image.as_ref()?;
    if let Some(reference) = &image.reference {
        return Some(reference.clone());
    }

    if let Some(filled) = object.and_then(|object| charted_image(ctx, object, container)) {
        return Some(filled.value);
    }

    let name = image.written.split("${").next()?;
    let name = name.strip_suffix([':', '@'])?;
    (!name.is_empty()).then(|| Reference::parse(name))
}

/// The image of a template's container as the default values of the chart set it.
pub fn charted_image(
    ctx: &Analysis,
    object: &Object,
    container: &Container,
) -> Option<Located<Reference>> {
    let image = container.image.as_ref()?;
    let values = ctx.facts.of_chart(object.file, "values.yaml")?;
    let filled = chart::fill_in(ctx.facts.text(image.location), values)?;

    Some(Located::new(
        Reference::parse(filled.value.trim()),
        filled.location,
    ))
}

/// The name of a workload whose own name is a template: the chart and the file.
fn chart_name(ctx: &Analysis, object: &Object) -> String {
    let path = ctx.facts.path(object.file);
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.split('.').next().unwrap_or(file);
    let chart = ctx
        .facts
        .chart_folder(object.file)
        .map(|folder| chart_title(ctx, folder))
        .unwrap_or_default();

    match (chart, stem) {
        ("", stem) => stem.to_owned(),
        (chart, "deployment" | "statefulset" | "daemonset") => chart.to_owned(),
        (chart, stem) => format!("{chart}-{stem}"),
    }
}

/// The name that a chart gives itself, or that of its folder.
fn chart_title<'a>(ctx: &Analysis<'a>, folder: &'a str) -> &'a str {
    let file =
        crate::source::join(folder, "Chart.yaml").and_then(|path| ctx.facts.repository.find(&path));
    let name = file.and_then(|file| {
        let line = file
            .text
            .lines()
            .find_map(|line| line.strip_prefix("name:"))?;
        Some(line.trim().trim_matches(['"', '\'']))
    });

    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| folder.rsplit('/').next().unwrap_or(folder))
}

/// Images that nothing here runs.
fn add_builds<'a>(ctx: &Analysis<'a>, services: &mut BTreeMap<String, Service<'a>>) {
    for dockerfile in ctx.facts.dockerfiles() {
        let path = ctx.facts.path(dockerfile.file);
        let is_run = ctx
            .graph
            .uses(dockerfile.file)
            .iter()
            .any(|image_use| image_use.user.runs());
        if is_run
            || !ctx.facts.is_production(dockerfile.file)
            || path.contains(".devcontainer/")
            || shipped_stages::is_action(ctx, dockerfile)
            || shipped_stages::is_placeholder(ctx, dockerfile)
            || shipped_stages::is_development(ctx, dockerfile)
        {
            continue;
        }

        for stage in ctx.graph.shipped(dockerfile) {
            let names = build_names(ctx, dockerfile, path);
            // A chart whose image is a value runs the image that bears its name.
            let charted = names.iter().find(|name| {
                services.get(name.as_str()).is_some_and(|other| {
                    let mut workloads = other.workloads.iter();
                    other.builds.is_empty() && workloads.any(|(object, _)| object.helm)
                })
            });
            let free = names
                .iter()
                .find(|name| !services.contains_key(name.as_str()));
            let name = charted
                .cloned()
                .or_else(|| published_name(ctx, &names, path, services))
                .or_else(|| free.cloned())
                .unwrap_or_else(|| path.to_owned());
            let joined = services.entry(name.clone()).or_default();
            joined.name = name;
            push_build(ctx, joined, dockerfile, stage);
        }
    }
}

/// The compose service that runs the published image of a Dockerfile: by the image's name, or if it
/// is the only service of an own image and the Dockerfile is the one of the repository.
fn published_name(
    ctx: &Analysis,
    names: &[String],
    path: &str,
    services: &BTreeMap<String, Service>,
) -> Option<String> {
    let mut own = services.values().filter_map(|service| {
        let (_, composed) = service.composed.first()?;
        let reference = composed.container.image.as_ref()?.reference.as_ref()?;
        let is_own = service.builds.is_empty() && ctx.graph.is_own_image(reference);

        is_own.then(|| (service.name.clone(), reference.short_name().to_owned()))
    });
    let first = own.next()?;
    let all: Vec<(String, String)> = std::iter::once(first).chain(own).collect();
    let named = all.iter().find(|(_, image)| names.contains(image));

    match (named, all.as_slice()) {
        (Some((service, _)), _) => Some(service.clone()),
        (None, [(service, _)]) if parent(path).is_empty() => Some(service.clone()),
        _ => None,
    }
}

/// What an image that nothing runs may be called: by its file, by the names that pipelines push it
/// under, by its folder.
fn build_names(ctx: &Analysis, dockerfile: &Dockerfile, path: &str) -> Vec<String> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let special = file
        .strip_prefix("Dockerfile.")
        .or_else(|| file.strip_suffix(".Dockerfile"))
        .or_else(|| file.strip_suffix(".dockerfile"));
    if let Some(special) = special {
        return vec![special.to_owned()];
    }

    let mut names: Vec<String> = ctx
        .graph
        .uses(dockerfile.file)
        .iter()
        .filter_map(|image_use| match image_use.user {
            User::Pipeline(workflow) => Some((workflow, image_use.location)),
            _ => None,
        })
        .flat_map(|(workflow, location)| {
            image_builds(workflow)
                .into_iter()
                .filter(move |build| build.location == location)
                .flat_map(|build| build.tags)
        })
        .map(|tag| Reference::parse(&tag.value).short_name().to_owned())
        .filter(|name| !name.contains(['$', '{', '}', ' ']) && !name.is_empty())
        .collect();
    // The shortest is the plain one: `chat`, not `chat-with-database`.
    names.sort_by_key(String::len);
    names.dedup();

    let folder = parent(path).rsplit('/').find(|part| {
        !matches!(
            *part,
            "" | "docker" | "build" | "deploy" | "deployment" | ".docker" | "images"
        )
    });
    names.extend(folder.map(str::to_owned));
    names.push("image".to_owned());

    names
}

fn add_build<'a>(ctx: &Analysis<'a>, service: &mut Service<'a>, container: &'a Container) {
    if let Some((dockerfile, stage)) = ctx.graph.build_of(container) {
        push_build(ctx, service, dockerfile, stage);
    }
}

fn push_build<'a>(
    ctx: &Analysis<'a>,
    service: &mut Service<'a>,
    dockerfile: &'a Dockerfile,
    stage: StageId,
) {
    let is_known = service
        .builds
        .iter()
        .any(|(known, known_stage)| known.file == dockerfile.file && *known_stage == stage);
    if is_known {
        return;
    }

    service.builds.push((dockerfile, stage));
    let pipelines = ctx.graph.uses(dockerfile.file).iter();
    service.pipelines.extend(
        pipelines
            .filter(|image_use| matches!(image_use.user, User::Pipeline(_)))
            .map(|image_use| image_use.location),
    );
}

fn kind(ctx: &Analysis, service: &Service) -> ServiceKind {
    if service.is_built() {
        let store = service.builds.iter().find_map(|(dockerfile, stage)| {
            let Some(Base::Image(image)) = dockerfile.root(*stage) else {
                return None;
            };

            data::store(&image.reference.as_ref()?.repository())
        });

        return match store {
            Some(store) => ServiceKind::Store(store.class),
            None => ServiceKind::Application,
        };
    }

    let composed = service
        .composed
        .iter()
        .filter_map(|(_, composed)| image_of(ctx, None, &composed.container));
    let pods = service.workloads.iter().flat_map(|(object, workload)| {
        let main = workload.pod.main();
        main.filter_map(move |container| image_of(ctx, Some(object), container))
    });
    let references: Vec<Reference> = composed.chain(pods).collect();
    let known = references.iter().find_map(|reference| {
        let repository = reference.repository();
        data::store(&repository).or_else(|| data::image(&repository))
    });
    let is_own = !references.is_empty()
        && references.iter().all(|reference| {
            ctx.graph.is_own_image(reference)
                || reference.registry.is_none() && !reference.path.contains('/')
        });

    match known {
        Some(known) if known.class.is_store() => ServiceKind::Store(known.class),
        Some(known) if !known.class.is_base() => ServiceKind::Foreign(known.class),
        Some(_) => ServiceKind::Application,
        None if is_own => ServiceKind::Application,
        None => ServiceKind::Unfamiliar,
    }
}

/// Whether a Service or a port says that a workload serves requests.
pub fn serves(ctx: &Analysis, object: &Object, workload: &Workload) -> bool {
    let is_selected = ctx.graph.cluster.joined(object).is_some_and(|joined| {
        joined
            .services
            .iter()
            .any(|other| matches!(other.body, Body::Service(_)))
    });

    is_selected
        || workload
            .pod
            .main()
            .any(|container| !container.ports.is_empty())
}
