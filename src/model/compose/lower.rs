//! From a project's merged values to facts.

use std::rc::Rc;
use std::sync::OnceLock;

use std::collections::HashMap;

use super::command::{command, shell, word};
use super::limits::resources;
use super::project::{
    Build, Condition, Definition, Dependency, Project, Reference, ReferenceKind, Service,
};
use super::short;
use super::value::{Data, Field, Scalar, Value, Variables};
use crate::finding::Label;
use crate::model::container::{
    Container, ContainerRole, EnvFrom, EnvFromKind, HealthCheck, HostNamespace, Mount, MountSource,
    Security,
};
use crate::model::env::EnvOrigin;
use crate::model::image::{self, ImageRole, ImageUse};
use crate::model::{Command, Setting};
use crate::source::{FileId, Located, join};

/// Where relative paths start, and what variables are.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'o> {
    pub folder: &'o str,
    pub folders: &'o [(FileId, String)],
    pub variables: &'o Variables,
    /// Of files that have variables of their own.
    pub environments: &'o [(FileId, Rc<Variables>)],
}

impl Origin<'_> {
    fn folder_of(&self, file: FileId) -> &str {
        self.folders
            .iter()
            .find(|(id, _)| *id == file)
            .map_or(self.folder, |(_, folder)| folder)
    }

    fn variables_of(&self, value: &Value<'_>) -> &Variables {
        let own = self
            .environments
            .iter()
            .find(|(id, _)| *id == value.location.file);
        own.map_or(self.variables, |(_, variables)| variables)
    }
}

/// The facts of a merged project. Files, folders and roles are for the caller to fill in.
pub fn project(merged: Option<&Value<'_>>, origin: &Origin<'_>) -> Project {
    let Some(merged) = merged else {
        return Project::default();
    };

    let definitions = |key: &str| {
        merged
            .get(key)
            .map_or(&[][..], Value::fields)
            .iter()
            .map(definition)
            .collect()
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
        .flat_map(|service| &mut service.container.mounts)
    {
        if let MountSource::Volume(name) = &mount.source
            && let Some(folder) = bound.get(name.value.as_str())
        {
            mount.source = MountSource::Host(folder.clone());
        }
    }

    Project {
        services,
        volumes: definitions("volumes"),
        networks: definitions("networks"),
        secrets: definitions("secrets"),
        configs: definitions("configs"),
        ..Project::default()
    }
}

/// What a project lacks may stand elsewhere.
pub fn open(project: &mut Project) {
    project.services.iter_mut().for_each(open_service);
}

fn set_open<T>(setting: &mut Setting<T>) {
    if setting.is_absent() {
        *setting = Setting::Unknown(None);
    }
}

/// What a service lacks may stand elsewhere.
pub fn open_service(service: &mut Service) {
    let container = &mut service.container;
    container.open = true;
    set_open(&mut container.health);
    set_open(&mut service.restart);
    set_open(&mut service.replicas);
    set_open(&mut service.container_name);
    set_open(&mut service.network_mode);
    set_open(&mut service.bounded_logs);
    set_open(&mut service.stop_grace_period);
    let security = &mut container.security;
    set_open(&mut security.user);
    set_open(&mut security.privileged);
    set_open(&mut security.allow_privilege_escalation);
    set_open(&mut security.read_only_root);
    let resources = &mut container.resources;
    for setting in [
        &mut resources.cpu_limit,
        &mut resources.memory_limit,
        &mut resources.pids_limit,
    ] {
        set_open(setting);
    }
}

/// What `service` lacks is unknown where `laid`, the same service under a file that lies over its
/// own, has it. `serious` files are those for production; of others only what runs by default
/// everywhere counts.
pub fn take_evidence(service: &mut Service, laid: &Service, serious: bool) {
    let own = &mut service.container;
    let over = &laid.container;
    take(&mut service.restart, &laid.restart);
    take(&mut own.health, &over.health);
    if !serious {
        return;
    }

    take(&mut service.bounded_logs, &laid.bounded_logs);
    take(&mut own.security.user, &over.security.user);
    take(
        &mut own.security.allow_privilege_escalation,
        &over.security.allow_privilege_escalation,
    );
    take(
        &mut own.security.read_only_root,
        &over.security.read_only_root,
    );
    take(
        &mut own.resources.memory_limit,
        &over.resources.memory_limit,
    );
    take(&mut own.resources.cpu_limit, &over.resources.cpu_limit);
    take(&mut own.resources.pids_limit, &over.resources.pids_limit);

    if own.security.dropped_capabilities.is_empty() {
        own.security
            .dropped_capabilities
            .clone_from(&over.security.dropped_capabilities);
    }
}

fn take<T>(own: &mut Setting<T>, over: &Setting<T>) {
    if own.is_absent() && !over.is_absent() {
        *own = Setting::Unknown(over.location());
    }
}

/// The folder of the host that a volume is another name of: `driver_opts` with `o: bind`, or the
/// option of a driver that keeps volumes where it is told.
fn bound_folder(volume: &Value<'_>) -> Option<Located<String>> {
    let options = volume.get("driver_opts")?;
    let text = |key: &str| options.get(key).and_then(Value::at);
    let flags = text("o").map(|flags| flags.value).unwrap_or_default();
    let bound = flags
        .split(',')
        .any(|flag| matches!(flag.trim(), "bind" | "rbind"));
    let folder = if bound {
        text("device")
    } else {
        text("mountpoint")
    };

    folder.filter(|folder| folder.value.starts_with(['/', '~', '.']))
}

fn definition(field: &Field<'_>) -> Definition {
    let external = field.value.get("external");
    let external = external.is_some_and(|value| !matches!(value.text(), Some("false")));
    let shared = field.value.get("name").is_some();
    let keys = field
        .value
        .fields()
        .iter()
        .filter(|field| !field.key.starts_with("x-"))
        .map(Field::name)
        .collect();
    Definition {
        name: field.name(),
        external,
        shared,
        source: field.value.get("file").and_then(Value::at),
        keys,
    }
}

fn service(field: &Field<'_>, origin: &Origin<'_>) -> Service {
    let value = &field.value;
    let get = |key: &str| value.get(key);
    let text = |key: &str| {
        get(key).map_or(Setting::Absent, |value| {
            value.setting(|text| Some(text.to_owned()))
        })
    };

    let network_mode = text("network_mode");
    let mut service = Service {
        build: get("build").map(|build| self::build(build, origin)),
        depends_on: get("depends_on")
            .map_or(&[][..], Value::fields)
            .iter()
            .map(dependency)
            .collect(),
        restart: restart(value),
        profiles: texts(get("profiles")),
        replicas: replicas(value),
        scale: get("scale").map_or(Setting::Absent, count),
        platform: text("platform"),
        labels: get("labels")
            .map_or_else(Vec::new, |labels| labels.variables(EnvOrigin::ComposeLabel)),
        references: Vec::new(),
        container_name: text("container_name"),
        pull_policy: text("pull_policy"),
        bounded_logs: value.field("logging").map_or(Setting::Absent, bounded_logs),
        aliases: aliases(value),
        hosts: hosts(value),
        exposes: texts(get("expose")),
        stop_grace_period: text("stop_grace_period"),
        tty: get("tty").map_or(Setting::Absent, boolean),
        stdin_open: get("stdin_open").map_or(Setting::Absent, boolean),
        extends: get("extends").is_some(),
        provided: get("provider").is_some(),
        container: container(field, origin),
        network_mode,
        one_shot: OnceLock::new(),
    };

    service.references = references(value, &service);
    // A service that is no mapping was lost to a mistake that others report.
    if !matches!(value.data, Data::Map(_)) {
        open_service(&mut service);
    }

    service
}

fn container(field: &Field<'_>, origin: &Origin<'_>) -> Container {
    let value = &field.value;
    let get = |key: &str| value.get(key);
    let list = |key: &str| get(key).map_or(&[][..], Value::one_or_many);
    let mut mounts: Vec<_> = list("volumes")
        .iter()
        .map(|item| short::mount(item, origin.variables_of(item)))
        .collect();
    mounts.extend(list("tmpfs").iter().map(|item| {
        let target = item
            .at()
            .map(|at| at.map(|path| path.split(':').next().unwrap_or("").to_owned()));
        Mount {
            location: item.location,
            source: MountSource::Scratch,
            target,
            read_only: false,
        }
    }));

    if let Some(from) = get("volumes_from") {
        mounts.push(Mount {
            location: from.location,
            source: MountSource::Unknown,
            target: None,
            read_only: false,
        });
    }

    Container {
        name: field.name(),
        role: ContainerRole::Service,
        anchor: field.key_place,
        open: false,
        image: get("image").and_then(|value| image(value, origin.variables_of(value))),
        entrypoint: get("entrypoint").and_then(|value| command(value, origin.variables_of(value))),
        command: get("command").and_then(|value| command(value, origin.variables_of(value))),
        env: get("environment")
            .map_or_else(Vec::new, |env| env.variables(EnvOrigin::ComposeEnvironment)),
        env_from: list("env_file").iter().filter_map(env_file).collect(),
        ports: list("ports")
            .iter()
            .map(|item| short::port(item, origin.variables_of(item)))
            .collect(),
        mounts,
        security: security(value),
        resources: resources(value),
        health: get("healthcheck").map_or(Setting::Absent, |value| {
            health(value, origin.variables_of(value))
        }),
        liveness: Setting::Absent,
        readiness: Setting::Absent,
        startup: Setting::Absent,
        kube: None,
    }
}

/// The known texts of a list.
fn texts(value: Option<&Value<'_>>) -> Vec<Located<String>> {
    value
        .map_or(&[][..], Value::one_or_many)
        .iter()
        .filter_map(Value::at)
        .collect()
}

fn boolean(value: &Value<'_>) -> Setting<bool> {
    value.setting(|text| match text {
        "true" | "True" | "TRUE" | "yes" | "on" => Some(true),
        "false" | "False" | "FALSE" | "no" | "off" => Some(false),
        _ => None,
    })
}

fn image(value: &Value<'_>, variables: &Variables) -> Option<ImageUse> {
    let scalar = value.scalar()?;
    let reference = match &scalar.text {
        Some(text) => (!text.is_empty()).then(|| image::Reference::parse(text)),
        None => image::Reference::parse_holed(&holed(scalar, variables)),
    };

    let mut sources: Vec<Label> = Vec::new();

    for used in &scalar.uses {
        let Some((value, location)) = variables.written(&used.name) else {
            continue;
        };

        if !value.is_empty() && sources.iter().all(|label| label.location != location) {
            sources.push(Label {
                location,
                text: format!("`{}` is `{value}`", used.name),
            });
        }
    }

    let fallbacks = super::value::fallbacks(scalar).into_iter();
    let fallbacks =
        fallbacks.filter(|fallback| variables.get(&fallback.variable).is_none_or(str::is_empty));
    sources.extend(fallbacks.map(|fallback| Label {
        location: fallback.literal.location,
        text: format!(
            "`{}` is `{}` by default",
            fallback.variable, fallback.literal.value
        ),
    }));
    Some(ImageUse {
        role: ImageRole::ComposeService,
        location: value.location,
        written: scalar.written().to_owned(),
        reference,
        sources,
    })
}

/// The text with each outermost variable filled in, or a hole where it cannot be known.
fn holed(scalar: &Scalar<'_>, variables: &Variables) -> String {
    let written = scalar.written();
    let mut out = String::new();
    let mut at = 0;

    for used in &scalar.uses {
        if (used.span.start as usize) < at {
            continue;
        }

        out.push_str(written.get(at..used.span.start as usize).unwrap_or(""));

        match scalar.part(used.span, variables).text {
            Some(text) => out.push_str(&text),
            None => out.push(image::HOLE),
        }

        at = used.span.end as usize;
    }

    out.push_str(written.get(at..).unwrap_or(""));

    out
}

fn health(value: &Value<'_>, variables: &Variables) -> Setting<HealthCheck> {
    if !matches!(value.data, Data::Map(_)) {
        return if matches!(value.data, Data::Null) {
            Setting::Absent
        } else {
            Setting::Unknown(Some(value.location))
        };
    }

    let disable = value.field("disable");

    if let Some(field) = disable {
        match boolean(&field.value) {
            Setting::Set(at) if at.value => {
                return Setting::set(
                    HealthCheck {
                        disabled: true,
                        test: None,
                    },
                    field.key_place,
                );
            }
            Setting::Unknown(location) => return Setting::Unknown(location),
            _ => {}
        }
    }

    let Some(field) = value.field("test") else {
        return Setting::set(
            HealthCheck {
                disabled: false,
                test: None,
            },
            value.location,
        );
    };

    let test = &field.value;
    let location = field.key_place;
    let (disabled, command) = match &test.data {
        Data::Scalar(scalar) if scalar.text.as_deref() == Some("NONE") => (true, None),
        Data::Scalar(scalar) => (false, Some(shell(test, scalar))),
        Data::List(items) => match items.first().and_then(Value::text) {
            Some("NONE") => (true, None),
            Some("CMD-SHELL") => (
                false,
                items
                    .get(1)
                    .and_then(|item| Some(shell(item, item.scalar()?))),
            ),
            Some("CMD") => {
                let words = items
                    .iter()
                    .skip(1)
                    .filter_map(|item| word(item, variables))
                    .collect();
                (false, Some(Command::exec(test.location, words)))
            }
            _ => return Setting::Unknown(Some(location)),
        },
        _ => return Setting::Unknown(Some(location)),
    };

    Setting::set(
        HealthCheck {
            disabled,
            test: command,
        },
        location,
    )
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

fn restart(value: &Value<'_>) -> Setting<String> {
    let policy = value
        .get("deploy")
        .and_then(|deploy| deploy.field("restart_policy"));
    if let Some(policy) = policy {
        return match policy.value.get("condition") {
            Some(condition) => condition.setting(|text| Some(text.to_owned())),
            None => Setting::set("any".to_owned(), policy.key_place),
        };
    }

    value.get("restart").map_or(Setting::Absent, |restart| {
        restart.setting(|text| Some(if text == "false" { "no" } else { text }.to_owned()))
    })
}

/// Every driver but the default one rotates by itself, keeps nothing, or sends away.
fn bounded_logs(logging: &Field<'_>) -> Setting<bool> {
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

fn replicas(value: &Value<'_>) -> Setting<u32> {
    let deploy = value
        .get("deploy")
        .and_then(|deploy| deploy.get("replicas"));
    deploy
        .or_else(|| value.get("scale"))
        .map_or(Setting::Absent, count)
}

fn count(value: &Value<'_>) -> Setting<u32> {
    value.setting(|text| text.parse().ok())
}

fn security(value: &Value<'_>) -> Security {
    let get = |key: &str| value.get(key);
    let capabilities = |key: &str| {
        let mut list = texts(get(key));

        for capability in &mut list {
            let upper = capability.value.to_ascii_uppercase();
            capability.value = upper.strip_prefix("CAP_").unwrap_or(&upper).to_owned();
        }

        list
    };

    let profiles = texts(get("security_opt"));
    let no_new = profiles.iter().find_map(|option| {
        let rest = option.value.strip_prefix("no-new-privileges")?;
        let on = matches!(rest.trim_start_matches([':', '=']), "" | "true");
        Some(Setting::set(!on, option.location))
    });

    let unresolved = get("security_opt")
        .map_or(&[][..], Value::one_or_many)
        .iter()
        .any(Value::is_unknown);
    let namespaces = [
        ("network_mode", HostNamespace::Network),
        ("pid", HostNamespace::Pid),
        ("ipc", HostNamespace::Ipc),
        ("userns_mode", HostNamespace::User),
        ("uts", HostNamespace::Uts),
        ("cgroup", HostNamespace::Cgroup),
    ];
    let host = namespaces.into_iter().filter_map(|(key, namespace)| {
        let mode = get(key).filter(|value| value.text() == Some("host"))?;
        Some(Located::new(namespace, mode.location))
    });

    Security {
        user: get("user").map_or(Setting::Absent, |user| {
            user.setting(|text| Some(text.to_owned()))
        }),
        run_as_non_root: Setting::Absent,
        privileged: get("privileged").map_or(Setting::Absent, boolean),
        allow_privilege_escalation: no_new.unwrap_or(if unresolved {
            Setting::Unknown(None)
        } else {
            Setting::Absent
        }),
        read_only_root: get("read_only").map_or(Setting::Absent, boolean),
        added_capabilities: capabilities("cap_add"),
        dropped_capabilities: capabilities("cap_drop"),
        drops_more: false,
        host_namespaces: host.collect(),
        profiles,
        proc_mount: Setting::Absent,
        devices: texts(get("devices")),
    }
}

fn build(value: &Value<'_>, origin: &Origin<'_>) -> Build {
    let context = value.get("context");
    let folder = match context {
        None => Some(Located::new(
            origin.folder_of(value.location.file).to_owned(),
            value.location,
        )),
        Some(context) => context.at().and_then(|at| {
            let remote = at.value.contains("://")
                || at.value.starts_with("git@")
                || at.value.starts_with("service:");
            let path = join(origin.folder_of(at.location.file), &at.value).filter(|_| !remote)?;
            Some(Located::new(path, at.location))
        }),
    };

    let file = value.get("dockerfile");
    let inline = value.get("dockerfile_inline").is_some();
    let dockerfile = folder.as_ref().filter(|_| !inline).and_then(|folder| {
        let name = match file {
            Some(file) => file.at()?,
            None => Located::new("Dockerfile".to_owned(), folder.location),
        };

        Some(Located::new(
            join(&folder.value, &name.value)?,
            name.location,
        ))
    });

    Build {
        location: value.location,
        context: folder,
        dockerfile,
        inline,
        target: value.get("target").map_or(Setting::Absent, |target| {
            target.setting(|text| Some(text.to_owned()))
        }),
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
            .map(Field::name)
            .collect(),
    }
}

fn dependency(field: &Field<'_>) -> Dependency {
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

fn references(value: &Value<'_>, service: &Service) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut add = |kind: ReferenceKind, name: Located<String>| found.push(Reference { kind, name });

    for mount in &service.container.mounts {
        if let MountSource::Volume(name) = &mount.source {
            add(ReferenceKind::Volume, name.clone());
        }
    }

    for network in value.get("networks").map_or(&[][..], Value::fields) {
        add(ReferenceKind::Network, network.name());
    }

    let build = value.get("build");
    let lists = [
        (ReferenceKind::Secret, value.get("secrets")),
        (
            ReferenceKind::Secret,
            build.and_then(|build| build.get("secrets")),
        ),
        (ReferenceKind::Config, value.get("configs")),
    ];

    for (kind, list) in lists {
        for item in list.map_or(&[][..], Value::items) {
            if let Some(name) = item.get("source").unwrap_or(item).at() {
                add(kind, name);
            }
        }
    }

    for dependency in service
        .depends_on
        .iter()
        .filter(|dependency| dependency.required)
    {
        add(ReferenceKind::Service, dependency.service.clone());
    }

    for item in value.get("links").map_or(&[][..], Value::items) {
        if let Some(at) = item.at() {
            add(
                ReferenceKind::Service,
                at.map(|link| link.split(':').next().unwrap_or("").to_owned()),
            );
        }
    }

    for item in value.get("volumes_from").map_or(&[][..], Value::items) {
        if let Some(at) = item.at().filter(|at| !at.value.starts_with("container:")) {
            add(
                ReferenceKind::Service,
                at.map(|from| from.split(':').next().unwrap_or("").to_owned()),
            );
        }
    }

    for context in build
        .and_then(|build| build.get("additional_contexts"))
        .map_or(&[][..], Value::fields)
    {
        if let Some(at) = context.value.at()
            && let Some(name) = at.value.strip_prefix("service:")
        {
            add(
                ReferenceKind::Service,
                Located::new(name.to_owned(), at.location),
            );
        }
    }

    for key in ["network_mode", "ipc", "pid"] {
        if let Some(at) = value.get(key).and_then(Value::at)
            && let Some(name) = at.value.strip_prefix("service:")
        {
            add(
                ReferenceKind::Service,
                Located::new(name.to_owned(), at.location),
            );
        }
    }

    if let Some(extends) = value
        .get("extends")
        .filter(|extends| extends.get("file").is_none())
        && let Some(at) = extends.get("service").and_then(Value::at)
    {
        add(ReferenceKind::Service, at);
    }

    found
}
