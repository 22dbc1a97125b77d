//! Lowering of a project's merged values to facts.

use std::rc::Rc;
use std::sync::OnceLock;

use std::collections::{HashMap, HashSet};

use super::command::{command, shell, word};
use super::limits::resources;
use super::project::{Build, Condition, Definition, Dependency, Project, Service, ServiceId};
use super::references::references;
use super::short;
use super::value::{Scalar, Value, ValueData, ValueField, ValueReader, Variables, fallbacks};
use crate::model::container::{
    Container, ContainerId, ContainerRole, EnvFrom, EnvFromKind, HealthCheck, HostNamespace, Mount,
    MountSource, Security,
};
use crate::model::env::EnvOrigin;
use crate::model::image::{self, ImageRole, ImageSource, ImageSourceKind, ImageUse, NamedContext};
use crate::model::spec_reader::SpecReader;
use crate::model::{Command, Many, Setting};
use crate::source::{FileId, Located, Location, join};

/// Where relative paths start, and what variables are.
#[derive(Clone, Copy, Debug)]
pub struct ProjectOrigin<'o> {
    pub folder: &'o str,
    pub folders: &'o [(FileId, String)],
    pub variables: &'o Variables,
    /// Of files that have variables of their own.
    pub environments: &'o [(FileId, Rc<Variables>)],
    /// Services that extend one which is not here.
    pub incomplete: &'o HashSet<String>,
    /// Whether all that the project lacks may be defined elsewhere.
    pub open: bool,
}

impl ProjectOrigin<'_> {
    fn folder_of(&self, file: FileId) -> &str {
        self.folders
            .iter()
            .find(|(id, _)| *id == file)
            .map_or(self.folder, |(_, folder)| folder)
    }

    fn variables_of(&self, value: &Value<'_>) -> &Variables {
        let environment = self
            .environments
            .iter()
            .find(|(id, _)| *id == value.location.file);
        environment.map_or(self.variables, |(_, variables)| variables)
    }
}

/// The facts of a merged project. Files, folders and roles are for the caller to fill in.
pub fn project(merged: Option<&Value<'_>>, origin: &ProjectOrigin<'_>) -> Project {
    let Some(merged) = merged else {
        return Project::default();
    };

    let services = merged.get("services").map_or(&[][..], Value::fields);
    let mut services: Vec<Service> = services
        .iter()
        .map(|field| service(field, origin))
        .collect();
    let volumes = merged.get("volumes").map_or(&[][..], Value::fields);
    let bound: HashMap<&str, _> = volumes
        .iter()
        .filter_map(|volume| Some((&*volume.key, bound_folder(&volume.value)?)))
        .collect();
    for mount in services
        .iter_mut()
        .flat_map(|service| service.container.mounts.iter_mut())
    {
        if let MountSource::Volume(name) = &mount.source
            && let Some(folder) = bound.get(name.value.as_str())
        {
            mount.source = MountSource::Host(folder.clone());
        }
    }

    Project {
        services,
        volumes: definitions(merged, "volumes"),
        networks: definitions(merged, "networks"),
        secrets: definitions(merged, "secrets"),
        configs: definitions(merged, "configs"),
        ..Project::default()
    }
}

fn definitions(merged: &Value<'_>, section: &str) -> Vec<Definition> {
    let fields = merged.get(section).map_or(&[][..], Value::fields);

    fields.iter().map(definition).collect()
}

/// Marks what a service lacks as unknown where `laid`, the same service in a file laid over its container,
/// has it. Of files that are not for production only what holds everywhere counts.
pub fn take_evidence(service: &mut Service, laid: &Service, is_for_production: bool) {
    let container = &mut service.container;
    let over = &laid.container;
    take(&mut service.restart, &laid.restart);
    take(&mut container.health, &over.health);
    if !is_for_production {
        return;
    }

    take(&mut service.bounded_logs, &laid.bounded_logs);
    take(&mut container.security.user, &over.security.user);
    take(
        &mut container.security.allow_privilege_escalation,
        &over.security.allow_privilege_escalation,
    );
    take(
        &mut container.security.read_only_root,
        &over.security.read_only_root,
    );
    take(
        &mut container.resources.memory_limit,
        &over.resources.memory_limit,
    );
    take(
        &mut container.resources.cpu_limit,
        &over.resources.cpu_limit,
    );
    take(
        &mut container.resources.pids_limit,
        &over.resources.pids_limit,
    );

    if container.security.dropped_capabilities.is_empty() {
        container
            .security
            .dropped_capabilities
            .clone_from(&over.security.dropped_capabilities);
    }
}

fn take<T>(setting: &mut Setting<T>, over: &Setting<T>) {
    if setting.is_absent() && !over.is_absent() {
        *setting = Setting::Unknown(over.location());
    }
}

/// The folder of the host that a volume is another name of: `driver_opts` with `o: bind`, or the
/// option of a driver that keeps volumes in a folder of the user's choice.
fn bound_folder(volume: &Value<'_>) -> Option<Located<String>> {
    let options = volume.get("driver_opts")?;
    let is_bound = options
        .text_of("o")
        .unwrap_or("")
        .split(',')
        .any(|flag| matches!(flag.trim(), "bind" | "rbind"));
    let key = if is_bound { "device" } else { "mountpoint" };
    let folder = options.get(key)?.at()?;

    folder.value.starts_with(['/', '~', '.']).then_some(folder)
}

fn definition(field: &ValueField<'_>) -> Definition {
    let external = field.value.get("external");
    let external = external.is_some_and(|value| !matches!(value.text(), Some("false")));
    let shared = field.value.get("name").is_some();
    let keys = field
        .value
        .fields()
        .iter()
        .filter(|field| !field.key.starts_with("x-"))
        .map(ValueField::name)
        .collect();
    Definition {
        name: field.name(),
        external,
        shared,
        source: field.value.get("file").and_then(Value::at),
        keys,
    }
}

fn service(field: &ValueField<'_>, origin: &ProjectOrigin<'_>) -> Service {
    let value = &field.value;
    let spec = service_reader(field, origin);
    let mut service = Service {
        id: ServiceId::default(),
        build: value.get("build").map(|build| self::build(build, origin)),
        depends_on: value
            .get("depends_on")
            .map_or(&[][..], Value::fields)
            .iter()
            .map(dependency)
            .collect(),
        restart: restart(spec),
        profiles: spec.texts("profiles"),
        replicas: replicas(spec),
        scale: spec.get("scale").and_then(count),
        platform: spec.str("platform"),
        labels: value
            .get("labels")
            .map_or_else(Vec::new, |labels| labels.variables(EnvOrigin::ComposeLabel)),
        references: Vec::new(),
        container_name: spec.str("container_name"),
        pull_policy: spec.str("pull_policy"),
        bounded_logs: value
            .field("logging")
            .map_or_else(|| spec.absent(), bounded_logs),
        aliases: aliases(value),
        hosts: hosts(value),
        exposes: spec.texts("expose"),
        stop_grace_period: spec.str("stop_grace_period"),
        tty: spec.flag("tty"),
        stdin_open: spec.flag("stdin_open"),
        api_socket: spec.flag("use_api_socket"),
        extends: value.get("extends").is_some(),
        provided: value.get("provider").is_some(),
        container: container(field, spec, origin),
        network_mode: spec.str("network_mode"),
        one_shot: OnceLock::new(),
    };

    service.references = references(value, &service);

    service
}

/// Reads a service, of which parts may be elsewhere: in the file over which its own is laid, in a
/// service that it extends, or in the image that nothing here names. One that is not a mapping was
/// lost to a mistake that other rules report.
fn service_reader<'v, 't>(
    field: &'v ValueField<'t>,
    origin: &ProjectOrigin<'_>,
) -> ValueReader<'v, 't> {
    let value = &field.value;
    let runs = value.get("image").and_then(Value::scalar).is_some()
        || value.get("build").is_some()
        || value.get("provider").is_some();
    let is_whole = runs && !origin.open && !origin.incomplete.contains(&*field.key);

    if is_whole && matches!(value.data, ValueData::Map(_)) {
        ValueReader::whole(value)
    } else {
        ValueReader::part(value)
    }
}

fn container(
    field: &ValueField<'_>,
    spec: ValueReader<'_, '_>,
    origin: &ProjectOrigin<'_>,
) -> Container {
    let value = &field.value;

    Container {
        id: ContainerId::default(),
        name: field.name(),
        role: ContainerRole::Service,
        anchor: field.key_place,
        open: spec.is_open(),
        image: value
            .get("image")
            .and_then(|value| image(value, origin.variables_of(value))),
        entrypoint: value
            .get("entrypoint")
            .and_then(|value| command(value, origin.variables_of(value))),
        command: value
            .get("command")
            .and_then(|value| command(value, origin.variables_of(value))),
        env: value
            .get("environment")
            .map_or_else(Vec::new, |env| env.variables(EnvOrigin::ComposeEnvironment))
            .into_iter()
            .collect::<Many<_>>()
            .open_if(spec.is_open()),
        env_from: entries(value, "env_file")
            .iter()
            .filter_map(env_file)
            .collect::<Many<_>>()
            .open_if(spec.is_open()),
        ports: entries(value, "ports")
            .iter()
            .map(|item| short::port(item, origin.variables_of(item)))
            .collect::<Many<_>>()
            .open_if(spec.is_open()),
        mounts: Many::from_iter(mounts(value, origin)).open_if(spec.is_open()),
        security: security(spec),
        resources: resources(spec),
        health: spec
            .get("healthcheck")
            .and_then(|check| health(check, origin.variables_of(check.value))),
        liveness: Setting::Absent,
        readiness: Setting::Absent,
        startup: Setting::Absent,
        kube: None,
    }
}

/// The items of a key's list, or its value itself where one may be written without a list.
fn entries<'v, 't>(value: &'v Value<'t>, key: &str) -> &'v [Value<'t>] {
    value.get(key).map_or(&[][..], Value::one_or_many)
}

fn mounts(value: &Value<'_>, origin: &ProjectOrigin<'_>) -> Vec<Mount> {
    let mut mounts: Vec<Mount> = entries(value, "volumes")
        .iter()
        .map(|item| short::mount(item, origin.variables_of(item)))
        .collect();
    mounts.extend(entries(value, "tmpfs").iter().map(scratch_mount));

    if let Some(from) = value.get("volumes_from") {
        mounts.push(Mount {
            location: from.location,
            source: MountSource::Unknown,
            target: None,
            read_only: false,
        });
    }

    mounts
}

/// An item of `tmpfs`: a path, and perhaps options behind a colon.
fn scratch_mount(item: &Value<'_>) -> Mount {
    let target = item
        .at()
        .map(|path| path.map(|path| path.split(':').next().unwrap_or("").to_owned()));

    Mount {
        location: item.location,
        source: MountSource::Scratch,
        target,
        read_only: false,
    }
}

fn image(value: &Value<'_>, variables: &Variables) -> Option<ImageUse> {
    let scalar = value.scalar()?;
    let reference = match &scalar.text {
        // `${IMAGE:-""}` is two quotes where the variable is not set: no image at all.
        Some(text) => {
            let is_name = !text.trim_matches(['"', '\'']).is_empty();
            is_name.then(|| image::Reference::parse(text))
        }
        None => image::Reference::parse_holed(&holed(scalar, variables)),
    };

    Some(ImageUse {
        role: ImageRole::ComposeService,
        location: value.location,
        written: scalar.written().to_owned(),
        reference,
        sources: image_sources(scalar, variables),
    })
}

/// Where the variables of an image get their values: from an env file, or by default.
fn image_sources(scalar: &Scalar<'_>, variables: &Variables) -> Vec<ImageSource> {
    let mut sources: Vec<ImageSource> = Vec::new();

    for used in &scalar.uses {
        let Some((value, location)) = variables.written(&used.name) else {
            continue;
        };

        if !value.is_empty() && sources.iter().all(|source| source.location != location) {
            sources.push(ImageSource {
                location,
                kind: ImageSourceKind::EnvFile {
                    name: used.name.clone(),
                    value: value.to_owned(),
                },
            });
        }
    }

    for fallback in fallbacks(scalar) {
        if variables.get(&fallback.variable).is_none_or(str::is_empty) {
            sources.push(ImageSource {
                location: fallback.literal.location,
                kind: ImageSourceKind::Default {
                    name: fallback.variable,
                    value: fallback.literal.value,
                },
            });
        }
    }

    sources
}

/// The text with each outermost variable filled in, or a hole where it cannot be known.
fn holed(scalar: &Scalar<'_>, variables: &Variables) -> String {
    let written = scalar.written();
    let mut out = String::new();
    let mut position = 0;

    for used in &scalar.uses {
        if (used.span.start as usize) < position {
            continue;
        }

        out.push_str(
            written
                .get(position..used.span.start as usize)
                .unwrap_or(""),
        );

        match scalar.part(used.span, variables).text {
            Some(text) => out.push_str(&text),
            None => out.push(image::HOLE),
        }

        position = used.span.end as usize;
    }

    out.push_str(written.get(position..).unwrap_or(""));

    out
}

fn health(spec: ValueReader<'_, '_>, variables: &Variables) -> Setting<HealthCheck> {
    let value = spec.value;
    if !matches!(value.data, ValueData::Map(_)) {
        return Setting::Unknown(Some(value.location));
    }

    if let Some(field) = value.field("disable") {
        match spec.flag("disable") {
            Setting::Set(disable) if disable.value => {
                return health_check(true, None, field.key_place);
            }
            Setting::Unknown(location) => return Setting::Unknown(location),
            _ => {}
        }
    }

    match value.field("test") {
        Some(field) => health_test(field, variables),
        None => health_check(false, None, value.location),
    }
}

fn health_check(disabled: bool, test: Option<Command>, location: Location) -> Setting<HealthCheck> {
    let check = HealthCheck {
        disabled,
        test,
        stray: Vec::new(),
    };

    Setting::set(check, location)
}

/// `test` of a health check: a string for a shell, or a list whose first word says how it is run.
fn health_test(field: &ValueField<'_>, variables: &Variables) -> Setting<HealthCheck> {
    let location = field.key_place;
    let items = match &field.value.data {
        ValueData::Scalar(scalar) if scalar.text.as_deref() == Some("NONE") => {
            return health_check(true, None, location);
        }
        ValueData::Scalar(scalar) => {
            return health_check(false, Some(shell(&field.value, scalar)), location);
        }
        ValueData::List(items) => items,
        _ => return Setting::Unknown(Some(location)),
    };

    match items.first().and_then(Value::text) {
        Some("NONE") => health_check(true, None, location),
        Some("CMD-SHELL") => {
            let test = items
                .get(1)
                .and_then(|item| Some(shell(item, item.scalar()?)));
            let check = HealthCheck {
                disabled: false,
                test,
                stray: items.iter().skip(2).map(|item| item.location).collect(),
            };

            Setting::set(check, location)
        }
        Some("CMD") => {
            let words = items
                .iter()
                .skip(1)
                .filter_map(|item| word(item, variables))
                .collect();
            let test = Command::exec(field.value.location, words);
            health_check(false, Some(test), location)
        }
        _ => Setting::Unknown(Some(location)),
    }
}

fn env_file(value: &Value<'_>) -> Option<EnvFrom> {
    let optional = value.get("required").and_then(Value::text) == Some("false");
    let name = value.get("path").unwrap_or(value).at()?;
    Some(EnvFrom {
        kind: EnvFromKind::File,
        name,
        optional,
    })
}

fn restart(spec: ValueReader<'_, '_>) -> Setting<String> {
    let policy = spec
        .value
        .get("deploy")
        .and_then(|deploy| deploy.field("restart_policy"));
    if let Some(policy) = policy {
        return match policy.value.get("condition") {
            Some(condition) => ValueReader::whole(condition).text(),
            None => Setting::set("any".to_owned(), policy.key_place),
        };
    }

    spec.str("restart").map(|policy| match policy.as_str() {
        "false" => "no".to_owned(),
        _ => policy,
    })
}

/// Every driver but the default one rotates by itself, keeps nothing, or sends away.
fn bounded_logs(logging: &ValueField<'_>) -> Setting<bool> {
    let value = &logging.value;
    let driver = value.get("driver");
    if value.is_unknown() || driver.is_some_and(Value::is_unknown) {
        return Setting::Unknown(Some(value.location));
    }

    let default = driver
        .and_then(Value::text)
        .is_none_or(|driver| driver == "json-file");
    let sized = value
        .get("options")
        .is_some_and(|options| options.is_unknown() || options.get("max-size").is_some());
    Setting::set(!default || sized, logging.key_place)
}

fn replicas(spec: ValueReader<'_, '_>) -> Setting<u32> {
    match spec.path(&["deploy", "replicas"]) {
        Setting::Set(replicas) => count(replicas.value),
        Setting::Absent | Setting::Unknown(_) => spec.get("scale").and_then(count),
    }
}

/// A number of containers. A variable whose default is 0 is a switch, so the number is not known.
fn count(spec: ValueReader<'_, '_>) -> Setting<u32> {
    let value = spec.value;
    let is_variable = value.scalar().is_some_and(|scalar| !scalar.uses.is_empty());

    value.setting(|text| text.parse().ok().filter(|count| *count > 0 || !is_variable))
}

/// Keys that join a namespace of the host.
const HOST_NAMESPACES: &[(&str, HostNamespace)] = &[
    ("network_mode", HostNamespace::Network),
    ("pid", HostNamespace::Pid),
    ("ipc", HostNamespace::Ipc),
    ("userns_mode", HostNamespace::User),
    ("uts", HostNamespace::Uts),
    ("cgroup", HostNamespace::Cgroup),
];

fn security(spec: ValueReader<'_, '_>) -> Security {
    let profiles = spec.texts("security_opt");
    let host_namespaces = HOST_NAMESPACES.iter().filter_map(|(key, namespace)| {
        let mode = spec.value.get(key)?;
        (mode.text() == Some("host")).then(|| Located::new(*namespace, mode.location))
    });

    Security {
        user: spec.str("user"),
        run_as_non_root: Setting::Absent,
        privileged: spec.flag("privileged"),
        allow_privilege_escalation: privilege_escalation(spec, &profiles),
        read_only_root: spec.flag("read_only"),
        added_capabilities: capabilities(spec, "cap_add"),
        misnamed_capabilities: Vec::new(),
        dropped_capabilities: capabilities(spec, "cap_drop"),
        host_namespaces: host_namespaces.collect(),
        profiles,
        proc_mount: Setting::Absent,
        own_users: false,
        devices: spec.texts("devices"),
    }
}

/// Whether `no-new-privileges` is among the security options.
fn privilege_escalation(spec: ValueReader<'_, '_>, options: &[Located<String>]) -> Setting<bool> {
    for option in options {
        if let Some(rest) = option.value.strip_prefix("no-new-privileges") {
            let is_on = matches!(rest.trim_start_matches([':', '=']), "" | "true");
            return Setting::set(!is_on, option.location);
        }
    }

    if entries(spec.value, "security_opt")
        .iter()
        .any(Value::is_unknown)
    {
        Setting::Unknown(None)
    } else {
        spec.absent()
    }
}

/// Capabilities in upper case, without the prefix that some write.
fn capabilities(spec: ValueReader<'_, '_>, key: &str) -> Many<Located<String>> {
    spec.texts(key)
        .into_iter()
        .map(|capability| {
            capability.map(|name| {
                let upper = name.to_ascii_uppercase();
                upper.strip_prefix("CAP_").unwrap_or(&upper).to_owned()
            })
        })
        .collect::<Many<_>>()
        .open_if(spec.is_open())
}

fn build(value: &Value<'_>, origin: &ProjectOrigin<'_>) -> Build {
    let context = build_context(value, origin);
    let inline = value.get("dockerfile_inline").is_some();
    let dockerfile = match &context {
        Some(context) if !inline => dockerfile(value, context),
        _ => None,
    };

    Build {
        location: value.location,
        context,
        dockerfile,
        inline,
        target: ValueReader::whole(value).str("target"),
        args: value
            .get("args")
            .map_or_else(Vec::new, |args| args.variables(EnvOrigin::ComposeBuildArg)),
        platforms: value
            .get("platforms")
            .map_or(&[][..], Value::items)
            .iter()
            .map(Value::at)
            .collect::<Option<_>>()
            .unwrap_or_default(),
        additional_contexts: value
            .get("additional_contexts")
            .map_or(&[][..], Value::fields)
            .iter()
            .map(|field| NamedContext {
                name: field.key.to_string(),
                value: field.value.text().unwrap_or_default().to_owned(),
            })
            .collect(),
    }
}

/// The folder that is built, by default that of the file; `None` for one that is not in the
/// repository or not known.
fn build_context(value: &Value<'_>, origin: &ProjectOrigin<'_>) -> Option<Located<String>> {
    let Some(context) = value.get("context") else {
        let folder = origin.folder_of(value.location.file).to_owned();
        return Some(Located::new(folder, value.location));
    };

    let path = context.at()?;
    let is_remote = path.value.contains("://")
        || path.value.starts_with("git@")
        || path.value.starts_with("service:");
    if is_remote {
        return None;
    }

    let folder = join(origin.folder_of(path.location.file), &path.value)?;
    Some(Located::new(folder, path.location))
}

fn dockerfile(value: &Value<'_>, context: &Located<String>) -> Option<Located<String>> {
    let name = match value.get("dockerfile") {
        Some(file) => file.at()?,
        None => Located::new("Dockerfile".to_owned(), context.location),
    };

    Some(Located::new(
        join(&context.value, &name.value)?,
        name.location,
    ))
}

fn dependency(field: &ValueField<'_>) -> Dependency {
    let condition = field.value.get("condition");
    let word = match condition {
        None => Condition::Started,
        Some(value) => match value.text() {
            Some("service_started") => Condition::Started,
            Some("service_healthy") => Condition::Healthy,
            Some("service_completed_successfully") => Condition::Completed,
            _ => Condition::Unknown,
        },
    };

    Dependency {
        service: field.name(),
        condition: word,
        condition_place: condition.map(|value| value.location),
        required: field.value.get("required").and_then(Value::text) != Some("false"),
    }
}

fn aliases(value: &Value<'_>) -> Vec<String> {
    let networks = value.get("networks").map_or(&[][..], Value::fields);
    let lists = networks
        .iter()
        .filter_map(|network| network.value.get("aliases"))
        .flat_map(Value::items);
    let names = ["hostname", "container_name"]
        .iter()
        .filter_map(|key| value.get(key));
    lists
        .chain(names)
        .filter_map(Value::text)
        .map(str::to_owned)
        .collect()
}

fn hosts(value: &Value<'_>) -> Vec<String> {
    let links = ["links", "external_links"]
        .iter()
        .filter_map(|key| value.get(key))
        .flat_map(Value::items);
    let links = links
        .filter_map(Value::text)
        .map(|link| link.rsplit(':').next().unwrap_or(link).to_owned());
    let extra = value
        .get("extra_hosts")
        .map_or(&[][..], Value::fields)
        .iter()
        .map(|field| field.key.to_string());
    links.chain(extra).collect()
}
