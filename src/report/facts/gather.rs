//! From the facts of a run to what is shown of them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    BuildRecord, FileRecord, HealthKind, HealthRecord, HealthState, HealthTest, ImageRecord,
    ObjectRecord, PortRecord, ProjectRecord, PublishedPort, ServerPort, ServerRecord,
    Understanding, Unit, UnitKind, UnitSource, Unknown, UnknownKind, UserRecord, VolumeRecord,
};
use crate::analysis::startup::{self, Started};
use crate::analysis::{Analysis, Owner};
use crate::graph::{Use, User};
use crate::model::compose::{self, Project, Service};
use crate::model::container::{
    Container, ContainerRole, HealthCheck, Mount, MountSource, Port, Probe, ProbeAction,
};
use crate::model::dockerfile::{Base, Dockerfile, Stage};
use crate::model::env::{EnvValue, EnvVar};
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::model::image::{ImageUse, Reference};
use crate::model::kubernetes::{Kustomization, Object, Workload};
use crate::model::server::Mode;
use crate::model::workflow::{Workflow, image_builds};
use crate::model::{Command, Setting};
use crate::source::{FileId, Location, Span, is_inside};
use crate::syntax::interpolate::{self, Dialect};

/// What was understood of the files at the paths in `focus`, or of all where it is empty.
pub fn understanding(ctx: &Analysis, focus: &[String]) -> Understanding {
    let owners = project_owners(ctx);
    let mut understanding = Understanding::default();

    for (source, facts) in ctx.facts.repository.files().iter().zip(&ctx.facts.files) {
        *understanding.kinds.entry(facts.kind).or_default() += 1;

        let is_named = focus.contains(&source.path);
        let is_wanted = focus.is_empty() || focus.iter().any(|path| is_inside(&source.path, path));

        if is_named || (is_wanted && is_listed(facts.kind)) {
            understanding
                .files
                .push(file_record(ctx, source.id, facts, &owners));
        }
    }

    understanding
}

/// Whether files of a kind are listed without being named.
const fn is_listed(kind: FileKind) -> bool {
    !matches!(
        kind,
        FileKind::Text | FileKind::OtherYaml | FileKind::Template
    )
}

/// The projects of each file that they are about.
fn project_owners<'a>(ctx: &Analysis<'a>) -> BTreeMap<FileId, &'a Project> {
    let mut owners = BTreeMap::new();

    for project in ctx.facts.projects() {
        let file = project
            .files
            .get(project.base_files)
            .or(project.files.first());

        if let Some(file) = file {
            owners.entry(*file).or_insert(project);
        }
    }

    owners
}

fn file_record(
    ctx: &Analysis,
    file: FileId,
    facts: &FileFacts,
    owners: &BTreeMap<FileId, &Project>,
) -> FileRecord {
    let mut record = FileRecord {
        file,
        kind: facts.kind,
        role: ctx.facts.roles[file.0 as usize],
        project: None,
        part_of: None,
        units: Vec::new(),
        objects: Vec::new(),
        gathers: Vec::new(),
        jobs: Vec::new(),
        builds: Vec::new(),
        variables: facts.env.len(),
        syntax_errors: facts.errors.len(),
        unknowns: Vec::new(),
    };

    if let Some(project) = owners.get(&file) {
        add_project(ctx, &mut record, project);
    } else if facts.kind == FileKind::Compose {
        let projects = ctx.facts.projects().iter();
        let mut whole = projects.filter(|project| project.files.contains(&file));
        record.part_of = whole
            .next()
            .and_then(|project| project.files.first())
            .copied();
    }

    if let Some(dockerfile) = &facts.dockerfile {
        add_dockerfile(ctx, &mut record, dockerfile);
    }

    for object in &facts.objects {
        add_object(ctx, &mut record, object);
    }

    if let Some(workflow) = &facts.workflow {
        add_workflow(ctx, &mut record, workflow);
    }

    if let Some(gitlab) = &facts.gitlab {
        record.jobs = gitlab.job_ids().map(str::to_owned).collect();
    }

    if let Some(kustomization) = &facts.kustomization {
        add_kustomization(&mut record, kustomization);
    }

    if matches!(facts.kind, FileKind::HelmTemplate | FileKind::Template) {
        record.unknowns.push(Unknown {
            kind: UnknownKind::Template,
            subject: "template".to_owned(),
            location: start_of(file),
        });
    }

    drop_repeated(&mut record.unknowns);

    record
}

fn add_kustomization(record: &mut FileRecord, kustomization: &Kustomization) {
    record.gathers = kustomization
        .resources
        .iter()
        .map(|path| path.value.clone())
        .collect();

    if kustomization.resources.is_open() {
        record.unknowns.push(Unknown {
            kind: UnknownKind::Remote,
            subject: "kustomization".to_owned(),
            location: start_of(record.file),
        });
    }
}

fn start_of(file: FileId) -> Location {
    Location::new(file, Span::default())
}

/// Keeps the first place of each unknown.
fn drop_repeated(unknowns: &mut Vec<Unknown>) {
    unknowns.sort_by_key(|unknown| unknown.location);
    let mut seen = BTreeSet::new();
    unknowns.retain(|unknown| seen.insert((unknown.kind, unknown.subject.clone())));
}

fn add_project(ctx: &Analysis, record: &mut FileRecord, project: &Project) {
    record.project = Some(ProjectRecord {
        files: project.files.clone(),
        development: project.development,
        overlay: project.overlay,
    });

    for service in &project.services {
        let unit = service_unit(ctx, project, service);
        add_container_unknowns(ctx, record, &unit.name, &service.container);
        add_setting(ctx, record, &unit.name, "restart", &service.restart);
        add_setting(ctx, record, &unit.name, "replicas", &service.replicas);
        add_setting(ctx, record, &unit.name, "platform", &service.platform);
        record.units.push(unit);
    }
}

fn service_unit(ctx: &Analysis, project: &Project, service: &Service) -> Unit {
    let container = &service.container;
    let owner = Owner::Compose(project, service);
    let mut unit = container_unit(ctx, owner, UnitKind::Service, container);
    unit.open = container.open || service.extends || project.overlay;
    unit.depends_on = service
        .depends_on
        .iter()
        .map(|dependency| dependency.service.value.clone())
        .collect();

    if let Some(build) = &service.build {
        unit.build = Some(compose_build(ctx, container, build));
    }

    unit.health.push(compose_health(ctx, container));

    unit
}

fn compose_build(ctx: &Analysis, container: &Container, build: &compose::Build) -> BuildRecord {
    let stage = ctx
        .graph
        .build_of(container)
        .and_then(|(dockerfile, stage)| dockerfile.stages.get(stage))
        .map(stage_name);

    BuildRecord {
        location: build.location,
        dockerfile: build.dockerfile.as_ref().map(|path| path.value.clone()),
        stage,
    }
}

fn compose_health(ctx: &Analysis, container: &Container) -> HealthRecord {
    let built = ctx.graph.build_of(container);

    match (&container.health, built) {
        (Setting::Absent, Some((dockerfile, stage))) => HealthRecord {
            from_image: true,
            ..health_record(dockerfile.health(stage))
        },
        (health, _) => health_record(health),
    }
}

fn health_record(health: &Setting<HealthCheck>) -> HealthRecord {
    let (state, check) = match health {
        Setting::Absent => (HealthState::Unset, None),
        Setting::Unknown(_) => (HealthState::Unknown, None),
        Setting::Set(health) if health.value.disabled => (HealthState::Disabled, None),
        Setting::Set(health) => (
            HealthState::Set,
            health
                .value
                .test
                .as_ref()
                .map(|test| HealthTest::Command(vec![test.location()])),
        ),
    };

    HealthRecord {
        kind: HealthKind::Check,
        state,
        from_image: false,
        check,
    }
}

/// What compose services and containers of pods have in common.
fn container_unit(ctx: &Analysis, owner: Owner, kind: UnitKind, container: &Container) -> Unit {
    Unit {
        kind,
        name: container.name.value.clone(),
        location: container.name.location,
        object: None,
        shipped: false,
        source: container
            .image
            .as_ref()
            .map_or(UnitSource::Unwritten, image),
        build: None,
        commands: commands(ctx, container),
        servers: servers(ctx, owner, container),
        ports: container.ports.iter().map(port).collect(),
        health: Vec::new(),
        volumes: container.mounts.iter().map(volume).collect(),
        depends_on: Vec::new(),
        used_by: Vec::new(),
        open: container.open,
    }
}

fn image(image: &ImageUse) -> UnitSource {
    let reference = image.reference.as_ref();

    UnitSource::Image(ImageRecord {
        location: image.location,
        reference: reference.map(reference_text),
        changed: reference.is_some_and(|reference| *reference != Reference::parse(&image.written)),
    })
}

fn reference_text(reference: &Reference) -> String {
    let mut text = reference.repository();

    if let Some(tag) = &reference.tag {
        text.push(':');
        text.push_str(tag);
    }

    if let Some(digest) = &reference.digest {
        text.push('@');
        text.push_str(digest);
    }

    text
}

/// ENTRYPOINT and CMD as the container has them. An ENTRYPOINT of its own drops the CMD of its
/// image.
fn commands(ctx: &Analysis, container: &Container) -> Vec<Location> {
    let (image_entrypoint, image_cmd) = match ctx.graph.build_of(container) {
        Some((dockerfile, stage)) => dockerfile.start(stage),
        None => (None, None),
    };

    let parts = match (&container.entrypoint, &container.command) {
        (Some(entrypoint), command) => [Some(entrypoint), command.as_ref()],
        (None, Some(command)) => [image_entrypoint, Some(command)],
        (None, None) => [image_entrypoint, image_cmd],
    };

    parts.into_iter().flatten().map(Command::location).collect()
}

fn servers(ctx: &Analysis, owner: Owner, container: &Container) -> Vec<ServerRecord> {
    let mut started: Vec<&Started> = startup::container(ctx, owner, container).iter().collect();

    if container.entrypoint.is_none()
        && let Some((dockerfile, stage)) = ctx.graph.build_of(container)
    {
        let (entrypoint, _) = dockerfile.start(stage);
        let mut of_image: Vec<&Started> = startup::stage(ctx, dockerfile, stage).iter().collect();

        if container.command.is_some() {
            of_image.retain(|server| {
                entrypoint.is_some_and(|entrypoint| is_within(server.location, entrypoint))
            });
        }

        started.extend(of_image);
    }

    started.into_iter().map(server).collect()
}

fn is_within(location: Location, command: &Command) -> bool {
    let whole = command.location();
    whole.file == location.file && whole.span.contains(location.span)
}

fn server(started: &Started) -> ServerRecord {
    let server = &started.found.server;
    let port = match (&server.port, server.default_port) {
        (Some(port), _) => ServerPort::Written(port.value.clone()),
        (None, Some(port)) if !server.says_port => ServerPort::Default(port),
        (None, _) => ServerPort::Unknown,
    };

    ServerRecord {
        name: server.name,
        development: server.mode == Mode::Development,
        host: server.host.clone(),
        port,
        workers: server.workers.as_ref().map(|workers| workers.value.clone()),
        location: started
            .found
            .via
            .as_ref()
            .map_or(started.location, |via| via.location),
    }
}

fn port(port: &Port) -> PortRecord {
    let published = match port.published {
        None => PublishedPort::No,
        Some(None) => PublishedPort::Random,
        Some(Some((first, last))) => PublishedPort::At(first, last),
    };

    PortRecord {
        written: port.written.clone(),
        target: port.target,
        published,
        host_ip: port.host_ip.clone(),
        protocol: port.protocol.clone(),
        known: !port.unknown,
        location: port.location,
    }
}

fn volume(mount: &Mount) -> VolumeRecord {
    let (kind, source) = match &mount.source {
        MountSource::Host(path) => ("host", Some(path)),
        MountSource::Volume(name) => ("volume", Some(name)),
        MountSource::Anonymous => ("anonymous", None),
        MountSource::Scratch => ("scratch", None),
        MountSource::ConfigMap(name) => ("config-map", Some(name)),
        MountSource::Secret(name) => ("secret", Some(name)),
        MountSource::Other => ("other", None),
        MountSource::Unknown => ("unknown", None),
    };

    VolumeRecord {
        kind,
        source: source.map(|source| source.value.clone()),
        target: mount.target.as_ref().map(|target| target.value.clone()),
        read_only: mount.read_only,
        location: mount.location,
    }
}

fn add_dockerfile(ctx: &Analysis, record: &mut FileRecord, dockerfile: &Dockerfile) {
    let shipped = ctx.graph.shipped(dockerfile);

    for stage in &dockerfile.stages {
        record.units.push(Unit {
            shipped: shipped.contains(&stage.index),
            ..stage_unit(ctx, dockerfile, stage)
        });

        if let Base::Image(image) = &stage.base {
            add_image(record, &stage_name(stage), image, DOCKERFILE);
        }

        add_variables(record, &stage.env, DOCKERFILE);
        add_setting(ctx, record, &stage_name(stage), "USER", &stage.user);
    }
}

fn stage_unit(ctx: &Analysis, dockerfile: &Dockerfile, stage: &Stage) -> Unit {
    let (entrypoint, cmd) = dockerfile.start(stage.index);
    let source = match &stage.base {
        Base::Stage(earlier) => UnitSource::Stage(
            dockerfile
                .stages
                .get(*earlier)
                .map(stage_name)
                .unwrap_or_default(),
        ),
        Base::Image(use_) => image(use_),
        Base::Scratch(_) => UnitSource::Scratch,
    };

    let uses = ctx.graph.uses(dockerfile.file).iter();

    Unit {
        kind: UnitKind::Stage,
        name: stage_name(stage),
        location: stage.location,
        object: None,
        shipped: false,
        source,
        build: None,
        commands: [entrypoint, cmd]
            .into_iter()
            .flatten()
            .map(Command::location)
            .collect(),
        servers: startup::stage(ctx, dockerfile, stage.index)
            .iter()
            .map(server)
            .collect(),
        ports: stage.exposes.iter().map(exposed).collect(),
        health: vec![health_record(dockerfile.health(stage.index))],
        volumes: Vec::new(),
        depends_on: Vec::new(),
        used_by: uses
            .filter(|user| user.stage == stage.index)
            .map(|user| user_record(ctx, user))
            .collect(),
        open: false,
    }
}

/// The name of a stage, or its number.
fn stage_name(stage: &Stage) -> String {
    match &stage.name {
        Some(name) => name.value.clone(),
        None => stage.index.number().to_string(),
    }
}

fn exposed(port: &crate::source::Located<String>) -> PortRecord {
    let (number, protocol) = port.value.split_once('/').unwrap_or((&port.value, "tcp"));
    let (first, last) = number.split_once('-').unwrap_or((number, number));
    let target = match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) => Some((first, last)),
        _ => None,
    };

    PortRecord {
        written: port.value.clone(),
        target,
        published: PublishedPort::No,
        host_ip: None,
        protocol: protocol.to_ascii_lowercase(),
        known: target.is_some(),
        location: port.location,
    }
}

fn user_record(ctx: &Analysis, user: &Use) -> UserRecord {
    let (kind, name) = match user.user {
        User::Service(_, service) => ("service", service.name().to_owned()),
        User::Container(object, ..) => ("workload", object.title()),
        User::Pipeline(workflow) => ("workflow", ctx.facts.path(workflow.file).to_owned()),
        User::Caller(caller) => ("build", ctx.facts.path(caller.location.file).to_owned()),
    };

    UserRecord {
        kind,
        name,
        location: user.location,
    }
}

fn add_object(ctx: &Analysis, record: &mut FileRecord, object: &Object) {
    match object.workload() {
        Some(workload) => add_workload(ctx, record, object, workload),
        None => record.objects.push(object_record(ctx, object)),
    }

    // All of a chart's template is known to be open.
    if object.open && !object.helm {
        record.unknowns.push(Unknown {
            kind: UnknownKind::Open,
            subject: object.title(),
            location: object.location(),
        });
    }
}

fn object_record(ctx: &Analysis, object: &Object) -> ObjectRecord {
    let mut selects = Vec::new();

    if let Some(selected) = ctx.graph.cluster.selected(object) {
        selects.extend(selected.workloads.iter().map(|pods| pods.0.title()));
    }

    ObjectRecord {
        kind: object.kind.value.clone(),
        name: object.name.as_ref().map(|name| name.value.clone()),
        location: object.location(),
        selects,
    }
}

fn add_workload(ctx: &Analysis, record: &mut FileRecord, object: &Object, workload: &Workload) {
    let owner = Owner::Kubernetes(object, workload);
    let services = ctx
        .graph
        .cluster
        .joined(object)
        .map_or(&[][..], |joined| &joined.services);

    for container in &workload.pod.containers {
        let kind = match container.role {
            ContainerRole::Service | ContainerRole::Main => UnitKind::Container,
            ContainerRole::Init => UnitKind::InitContainer,
            ContainerRole::Sidecar => UnitKind::Sidecar,
            ContainerRole::Ephemeral => UnitKind::EphemeralContainer,
        };

        let mut unit = container_unit(ctx, owner, kind, container);
        unit.object = Some(object.title());
        unit.build = built(ctx, container);
        unit.health = probes(container);

        for service in services {
            unit.used_by.push(UserRecord {
                kind: "kubernetes-service",
                name: service.title(),
                location: service.location(),
            });
        }

        add_container_unknowns(ctx, record, &unit.name, container);
        record.units.push(unit);
    }
}

/// The stage of this repository that a container's image is built from.
fn built(ctx: &Analysis, container: &Container) -> Option<BuildRecord> {
    let (dockerfile, stage) = ctx.graph.build_of(container)?;
    let stage = dockerfile.stages.get(stage)?;

    Some(BuildRecord {
        location: stage.location,
        dockerfile: Some(ctx.facts.path(dockerfile.file).to_owned()),
        stage: Some(stage_name(stage)),
    })
}

fn probes(container: &Container) -> Vec<HealthRecord> {
    let probes = [
        (HealthKind::Liveness, &container.liveness),
        (HealthKind::Readiness, &container.readiness),
        (HealthKind::Startup, &container.startup),
    ];

    probes.map(|(kind, setting)| probe(kind, setting)).into()
}

fn probe(kind: HealthKind, setting: &Setting<Probe>) -> HealthRecord {
    let (state, check) = match setting {
        Setting::Absent => (HealthState::Unset, None),
        Setting::Unknown(_) => (HealthState::Unknown, None),
        Setting::Set(probe) => (HealthState::Set, probe_test(&probe.value.action)),
    };

    HealthRecord {
        kind,
        state,
        from_image: false,
        check,
    }
}

fn probe_test(action: &ProbeAction) -> Option<HealthTest> {
    match action {
        ProbeAction::Http { path, port } => {
            let path = path.as_ref().map_or("/", |path| &path.value);
            let port = port.value().map_or("?", String::as_str);
            Some(HealthTest::Request(format!("GET {path} on port {port}")))
        }
        ProbeAction::Tcp { port } => {
            let port = port.value().map_or("?", String::as_str);
            Some(HealthTest::Request(format!("TCP port {port}")))
        }
        ProbeAction::Grpc { port } => {
            let port = port.value().map_or("?", String::as_str);
            Some(HealthTest::Request(format!("gRPC port {port}")))
        }
        ProbeAction::Exec { words } => Some(HealthTest::Command(
            words.iter().map(|word| word.location).collect(),
        )),
        ProbeAction::Unknown => None,
    }
}

fn add_workflow(ctx: &Analysis, record: &mut FileRecord, workflow: &Workflow) {
    if !workflow.action {
        record.jobs = workflow
            .jobs
            .iter()
            .map(|job| job.id.value.clone())
            .collect();
    }

    record.builds = image_builds(workflow)
        .iter()
        .map(|build| BuildRecord {
            location: build.location,
            dockerfile: build.dockerfile.as_ref().map(|path| path.value.clone()),
            stage: pipeline_stage(ctx, workflow, build.location),
        })
        .collect();
}

/// The stage that a build of a workflow ships, where the graph joins them.
fn pipeline_stage(ctx: &Analysis, workflow: &Workflow, location: Location) -> Option<String> {
    for dockerfile in ctx.facts.dockerfiles() {
        for user in ctx.graph.uses(dockerfile.file) {
            let is_same = matches!(user.user, User::Pipeline(other) if other.file == workflow.file)
                && user.location == location;

            if is_same {
                return dockerfile.stages.get(user.stage).map(stage_name);
            }
        }
    }

    None
}

const DOCKERFILE: Dialect = Dialect::Dockerfile { escape: '\\' };

fn add_container_unknowns(
    ctx: &Analysis,
    record: &mut FileRecord,
    name: &str,
    container: &Container,
) {
    if let Some(image) = &container.image {
        add_image(record, name, image, Dialect::Compose);
    }

    add_variables(record, &container.env, Dialect::Compose);

    for port in container.ports.iter().filter(|port| port.unknown) {
        add_value(
            record,
            format!("a port of `{name}`"),
            ctx.facts.text(port.location),
            port.location,
            Dialect::Compose,
        );
    }

    add_setting(ctx, record, name, "health check", &container.health);
    add_setting(ctx, record, name, "user", &container.security.user);
    add_setting(
        ctx,
        record,
        name,
        "privileged",
        &container.security.privileged,
    );
    let resources = &container.resources;
    add_setting(ctx, record, name, "CPU limit", &resources.cpu_limit);
    add_setting(ctx, record, name, "memory limit", &resources.memory_limit);
}

fn add_image(record: &mut FileRecord, name: &str, image: &ImageUse, dialect: Dialect) {
    if image.reference.is_none() {
        add_value(
            record,
            format!("the image of `{name}`"),
            &image.written,
            image.location,
            dialect,
        );
    }
}

/// Variables whose values depend on others that have none.
fn add_variables(record: &mut FileRecord, variables: &[EnvVar], dialect: Dialect) {
    for variable in variables {
        let EnvValue::Template {
            written,
            resolved: None,
            ..
        } = &variable.value
        else {
            continue;
        };

        add_value(
            record,
            format!("the value of `{}`", variable.name.value),
            &written.value,
            written.location,
            dialect,
        );
    }
}

/// A setting that is written with a value that is not known.
fn add_setting<T>(
    ctx: &Analysis,
    record: &mut FileRecord,
    name: &str,
    key: &str,
    setting: &Setting<T>,
) {
    if let Setting::Unknown(Some(location)) = setting {
        add_value(
            record,
            format!("the {key} of `{name}`"),
            ctx.facts.text(*location),
            *location,
            Dialect::Compose,
        );
    }
}

/// The variables without a default in a value that is not known, or else the value itself.
fn add_value(
    record: &mut FileRecord,
    subject: String,
    text: &str,
    location: Location,
    dialect: Dialect,
) {
    let uses = interpolate::variables(text, dialect);
    let missing: Vec<String> = uses
        .into_iter()
        .filter(|used| used.default().is_none())
        .map(|used| used.name)
        .collect();

    if missing.is_empty() {
        record.unknowns.push(Unknown {
            kind: UnknownKind::Value,
            subject,
            location,
        });
    }

    for name in missing {
        record.unknowns.push(Unknown {
            kind: UnknownKind::Variable,
            subject: name,
            location,
        });
    }
}
