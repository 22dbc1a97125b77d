//! One container of a pod, with the pod's own settings applied to it.

use std::fmt::Write as _;

use super::object::Labels;
use super::pod::{Reference, ReferenceKind, Volume, reference_kind};
use super::quantity;
use super::view::{SpecReader, is_placeholder};
use crate::model::container::{
    Container, ContainerRole, EnvFrom, EnvFromKind, HostNamespace, KubeContainer, Mount,
    MountSource, Port, Probe, ProbeAction, Quantity, Resources, Security,
};
use crate::model::env::{EnvOrigin, EnvValue, EnvVar};
use crate::model::image::{ImageRole, ImageUse, Reference as ImageReference};
use crate::model::{Command, Item, Setting};
use crate::source::Located;
use crate::syntax::yaml::{Kind, Node};

/// What a pod gives to each of its containers.
pub(super) struct PodDefaults<'t, 'p> {
    pub spec: SpecReader<'t>,
    pub security: Setting<SpecReader<'t>>,
    pub annotations: &'p Labels,
    pub volumes: &'p [Volume],
    pub volumes_open: bool,
    pub windows: bool,
    pub own_users: bool,
}

pub(super) fn read(
    view: SpecReader,
    role: ContainerRole,
    pod: &PodDefaults,
    references: &mut Vec<Reference>,
) -> Container {
    let role = match role {
        ContainerRole::Init
            if view
                .str("restartPolicy")
                .value()
                .is_some_and(|policy| policy == "Always") =>
        {
            ContainerRole::Sidecar
        }
        role => role,
    };

    let name = view.str("name");
    let first = view
        .node
        .entries()
        .next()
        .map_or(view.node.location(), |entry| entry.key.location());
    let anchor = name.location().unwrap_or(first);
    let name = name
        .known()
        .cloned()
        .unwrap_or_else(|| Located::new(String::new(), anchor));
    let (env, env_from) = environment(view, references);
    let security = view.get("securityContext");
    let kube = KubeContainer {
        pull_policy: view.str("imagePullPolicy"),
        pre_stop: view
            .path(&["lifecycle", "preStop"])
            .map(|hook| action(hook, "")),
        hook_hosts: ["preStop", "postStart"]
            .iter()
            .flat_map(|hook| hosts(view.path(&["lifecycle", *hook])))
            .collect(),
        seccomp: seccomp(&security, pod, &name.value),
        host_process: inherited(&security, pod, &["windowsOptions", "hostProcess"])
            .and_then(SpecReader::boolean),
        tty: view.flag("tty"),
        stdin: view.flag("stdin"),
    };

    let probe = |key: &str| {
        let location = view.key(key);

        match view.get(key) {
            Setting::Set(at) if at.value.node.kind() != Kind::Mapping => Setting::Unknown(location),
            Setting::Set(at) => Setting::set(read_probe(at.value), location.unwrap_or(at.location)),
            Setting::Absent => Setting::Absent,
            Setting::Unknown(location) => Setting::Unknown(location),
        }
    };

    Container {
        role,
        anchor,
        open: view.is_open() || pod.windows,
        image: image(view),
        entrypoint: command(view, "command"),
        command: command(view, "args"),
        env,
        env_from,
        ports: view.list("ports").into_iter().map(port).collect(),
        mounts: mounts(view, pod),
        security: read_security(&security, pod, &name.value),
        resources: resources(view, pod),
        health: Setting::Absent,
        liveness: probe("livenessProbe"),
        readiness: probe("readinessProbe"),
        startup: probe("startupProbe"),
        kube: Some(Box::new(kube)),
        name,
    }
}

fn image(view: SpecReader) -> Option<ImageUse> {
    let written = view.get("image");
    let at = written.known()?;
    let text = at.value.node.str()?;
    let known =
        at.value.text().known().is_some() && !text.trim().is_empty() && !text.starts_with("ko://");
    Some(ImageUse {
        role: ImageRole::KubernetesContainer,
        location: at.location,
        written: text.to_owned(),
        reference: known
            .then(|| ImageReference::parse_holed(text.trim()))
            .flatten(),
        sources: Vec::new(),
    })
}

fn command(view: SpecReader, key: &str) -> Option<Command> {
    let list = view.get(key);
    let at = list.known()?;
    let words = match at.value.node.kind() {
        Kind::Sequence => at
            .value
            .items()
            .filter_map(|item| word(item.node))
            .collect(),
        _ => word(at.value.node).into_iter().collect(),
    };

    Some(Command::exec(at.location, words))
}

fn word(node: Node) -> Option<Item> {
    Some(Item::new(node.str()?.to_owned(), node.content(), || {
        node.offsets()
    }))
}

fn environment(view: SpecReader, references: &mut Vec<Reference>) -> (Vec<EnvVar>, Vec<EnvFrom>) {
    let mut env: Vec<EnvVar> = Vec::new();

    for item in view.list("env") {
        let Some(name) = item.str("name").known().cloned() else {
            continue;
        };

        let value = match (item.get("value"), item.get("valueFrom")) {
            (_, Setting::Set(from)) => {
                env_reference(from.value, references);
                EnvValue::Reference(from.location)
            }
            (Setting::Set(at), _) => literal(at.value, &env),
            (_, Setting::Unknown(location)) | (Setting::Unknown(location), _) => {
                EnvValue::Reference(location.unwrap_or(name.location))
            }
            (Setting::Absent, Setting::Absent) => {
                EnvValue::Literal(Located::new(String::new(), name.location))
            }
        };

        env.push(EnvVar {
            name,
            value,
            origin: EnvOrigin::KubernetesEnv,
        });
    }

    let mut from = Vec::new();

    for item in view.list("envFrom") {
        for (key, kind) in [
            ("configMapRef", EnvFromKind::ConfigMap),
            ("secretRef", EnvFromKind::Secret),
        ] {
            let Some(target) = item.get(key).value().copied() else {
                continue;
            };

            let Some(name) = target.str("name").known().cloned() else {
                continue;
            };

            let optional = target.flag("optional").is(true);
            references.push(Reference {
                kind: reference_kind(kind),
                name: name.clone(),
                key: None,
                optional,
            });

            from.push(EnvFrom {
                kind,
                name,
                optional,
            });
        }
    }

    (env, from)
}

fn env_reference(from: SpecReader, references: &mut Vec<Reference>) {
    for (key, kind) in [
        ("configMapKeyRef", ReferenceKind::ConfigMap),
        ("secretKeyRef", ReferenceKind::Secret),
    ] {
        let Some(target) = from.get(key).value().copied() else {
            continue;
        };

        let Some(name) = target.str("name").known().cloned() else {
            continue;
        };

        let optional = target.flag("optional").is(true);
        references.push(Reference {
            kind,
            name,
            key: target.str("key").known().cloned(),
            optional,
        });
    }
}

/// A value as written; `$(NAME)` stands for a variable that comes before it.
fn literal(view: SpecReader, before: &[EnvVar]) -> EnvValue {
    let Some(text) = view.node.str() else {
        return EnvValue::Reference(view.node.location());
    };

    let written = Located::new(text.to_owned(), view.node.content());

    if view.text().is_unknown() && !text.contains("$(") {
        return EnvValue::Template {
            written,
            resolved: None,
            fallbacks: Vec::new(),
        };
    }

    if !text.contains("$(") {
        return EnvValue::Literal(written);
    }

    EnvValue::Template {
        resolved: expand(text, before),
        written,
        fallbacks: Vec::new(),
    }
}

fn expand(text: &str, before: &[EnvVar]) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;

    while let Some(at) = rest.find("$(") {
        let end = at + rest[at..].find(')')?;
        let name = &rest[at + 2..end];
        out.push_str(&rest[..at]);
        out.push_str(
            before
                .iter()
                .rev()
                .find(|own| own.name.value == name)?
                .value
                .resolved()?,
        );
        rest = &rest[end + 1..];
        // A chain of doubling variables must not grow without bound.
        if out.len() > 64 * 1024 {
            return None;
        }
    }

    out.push_str(rest);

    (!is_placeholder(&out)).then_some(out)
}

fn port(item: SpecReader) -> Port {
    let number = |key: &str| item.str(key);
    let single = |setting: &Setting<String>| {
        setting
            .value()
            .and_then(|text| text.parse().ok())
            .map(|port: u16| (port, port))
    };

    let target = number("containerPort");
    let host = number("hostPort");
    let published = match &host {
        Setting::Absent => None,
        Setting::Set(at) if at.value == "0" => None,
        other => Some(single(other)),
    };

    Port {
        location: if published.is_some() {
            host.location()
        } else {
            target.location()
        }
        .unwrap_or(item.node.location()),
        name: item.str("name").known().cloned(),
        target: single(&target),
        published,
        host_ip: item.str("hostIP").value().cloned(),
        protocol: item.str("protocol").value().map_or_else(
            || "tcp".to_owned(),
            |protocol| protocol.to_ascii_lowercase(),
        ),
        unknown: target.is_unknown() || host.is_unknown(),
        written: target.value().cloned().unwrap_or_default(),
    }
}

fn mounts(view: SpecReader, pod: &PodDefaults) -> Vec<Mount> {
    let read = |item: SpecReader| {
        let volume = item.str("name");
        let found = volume
            .value()
            .and_then(|name| pod.volumes.iter().find(|volume| volume.name == *name));
        let source = match found {
            Some(volume) => volume.source.clone(),
            None => MountSource::Unknown,
        };

        Mount {
            location: item.node.location(),
            source,
            target: item.str("mountPath").known().cloned(),
            read_only: item.flag("readOnly").is(true),
        }
    };

    let mut mounts: Vec<Mount> = view.list("volumeMounts").into_iter().map(read).collect();
    let list = view.get("volumeMounts");
    // A list that a template fills may mount anything.
    if list.is_unknown()
        || list.value().is_some_and(|list| list.is_open())
        || (list.is_absent() && pod.volumes_open && view.is_open())
    {
        let location = list.location().unwrap_or(view.node.location());
        mounts.push(Mount {
            location,
            source: MountSource::Unknown,
            target: None,
            read_only: false,
        });
    }

    mounts
}

/// The container's own value, or the pod's.
fn inherited<'t>(
    own: &Setting<SpecReader<'t>>,
    pod: &PodDefaults<'t, '_>,
    path: &[&str],
) -> Setting<SpecReader<'t>> {
    let within =
        |context: &Setting<SpecReader<'t>>| context.clone().and_then(|view| view.path(path));
    within(own).or(within(&pod.security))
}

fn seccomp(own: &Setting<SpecReader>, pod: &PodDefaults, name: &str) -> Setting<String> {
    let field = inherited(own, pod, &["seccompProfile", "type"]).and_then(SpecReader::text);
    if !field.is_absent() {
        return field;
    }
    // The annotations that came before the field; clusters before 1.27 still read them.
    let keys = [
        format!("container.seccomp.security.alpha.kubernetes.io/{name}"),
        "seccomp.security.alpha.kubernetes.io/pod".to_owned(),
        "seccomp.security.alpha.kubernetes.io/defaultProfileName".to_owned(),
    ];
    let annotated = keys.iter().find_map(|key| pod.annotations.get(key));

    match annotated {
        Some(value) if value.value == "unconfined" => {
            Setting::set("Unconfined".to_owned(), value.location)
        }
        Some(value) => Setting::set("RuntimeDefault".to_owned(), value.location),
        None => Setting::Absent,
    }
}

fn read_security(own: &Setting<SpecReader>, pod: &PodDefaults, name: &str) -> Security {
    let only = |key: &str| own.clone().and_then(|view| view.get(key));
    let listed = |key: &str| only("capabilities").and_then(|view| view.get(key));
    let dropped = listed("drop");
    let drops_more = dropped.is_unknown()
        || dropped.value().is_some_and(|list| {
            list.is_open() || list.items().any(|item| item.text().is_unknown())
        });
    let capabilities = |list: Setting<SpecReader>| {
        let items = list
            .value()
            .map(|list| list.items().collect::<Vec<_>>())
            .unwrap_or_default();
        let upper = |name: String| {
            name.to_ascii_uppercase()
                .trim_start_matches("CAP_")
                .to_owned()
        };

        items
            .into_iter()
            .filter_map(|item| item.text().known().cloned())
            .map(|at| at.map(upper))
            .collect()
    };

    let mut profiles = Vec::new();
    let kind = seccomp(own, pod, name);
    profiles.extend(
        kind.known()
            .map(|at| Located::new(format!("seccomp={}", at.value), at.location)),
    );
    let armor = inherited(own, pod, &["appArmorProfile", "type"]).and_then(SpecReader::text);
    profiles.extend(
        armor
            .known()
            .map(|at| Located::new(format!("apparmor={}", at.value), at.location)),
    );
    let key = format!("container.apparmor.security.beta.kubernetes.io/{name}");

    if let (None, Some(value)) = (armor.known(), pod.annotations.get(&key)) {
        let said = match value.value.as_str() {
            "unconfined" => "Unconfined",
            "runtime/default" => "RuntimeDefault",
            other => other,
        };

        profiles.push(Located::new(format!("apparmor={said}"), value.location));
    }

    for field in ["type", "user", "role"] {
        let option = inherited(own, pod, &["seLinuxOptions", field]).and_then(SpecReader::text);
        profiles.extend(
            option
                .known()
                .map(|at| Located::new(format!("selinux-{field}={}", at.value), at.location)),
        );
    }

    let namespaces = [
        ("hostNetwork", HostNamespace::Network),
        ("hostPID", HostNamespace::Pid),
        ("hostIPC", HostNamespace::Ipc),
    ];
    let shared = namespaces.into_iter().filter_map(|(key, namespace)| {
        let flag = pod.spec.flag(key);
        flag.known()
            .filter(|at| at.value)
            .map(|at| Located::new(namespace, at.location))
    });

    let mut security = Security {
        user: inherited(own, pod, &["runAsUser"]).and_then(SpecReader::text),
        run_as_non_root: inherited(own, pod, &["runAsNonRoot"]).and_then(SpecReader::boolean),
        privileged: only("privileged").and_then(SpecReader::boolean),
        allow_privilege_escalation: only("allowPrivilegeEscalation").and_then(SpecReader::boolean),
        read_only_root: only("readOnlyRootFilesystem").and_then(SpecReader::boolean),
        added_capabilities: capabilities(listed("add")),
        dropped_capabilities: capabilities(dropped),
        drops_more,
        host_namespaces: shared.collect(),
        profiles,
        proc_mount: only("procMount").and_then(SpecReader::text),
        devices: Vec::new(),
    };

    if pod.own_users {
        // Root in a user namespace of its own is an ordinary user outside.
        security.user = Setting::Unknown(security.user.location());
        security.run_as_non_root = Setting::Unknown(security.run_as_non_root.location());
        security.proc_mount = Setting::Unknown(security.proc_mount.location());
    }

    if pod.windows {
        security.allow_privilege_escalation = security.allow_privilege_escalation.open();
        security.read_only_root = security.read_only_root.open();
        security.user = security.user.open();
        security.run_as_non_root = security.run_as_non_root.open();
    }

    security
}

fn resources(view: SpecReader, pod: &PodDefaults) -> Resources {
    let own = view.get("resources");
    let shared = pod.spec.get("resources");
    let mut zero = Vec::new();
    let mut read = |table: &str, resource: &str| -> Setting<Quantity> {
        let mut within = |whole: &Setting<SpecReader>| {
            let value = whole
                .clone()
                .and_then(|view| view.path(&[table, resource]))
                .and_then(SpecReader::text);
            let value = value.map(|text| quantity::parse(&text));

            match value.value() {
                Some(quantity) if quantity.amount == Some(0.0) && table == "limits" => {
                    zero.extend(value.location());
                    Setting::Absent
                }
                _ => value,
            }
        };

        within(&own).or(within(&shared))
    };
    // The names of extended resources have the domain of who makes them.
    let extended = |key: Node| key.str().is_some_and(|name| name.contains('/'));
    let devices = ["limits", "requests"].iter().any(|table| {
        let table = own.clone().and_then(|view| view.get(table));
        table
            .value()
            .is_some_and(|view| view.entries().any(|(key, _)| extended(key)))
    });

    Resources {
        cpu_request: read("requests", "cpu"),
        cpu_limit: read("limits", "cpu"),
        memory_request: read("requests", "memory"),
        memory_limit: read("limits", "memory"),
        pids_limit: Setting::Unknown(None),
        zero,
        location: view.key("resources"),
        devices,
        twice: Vec::new(),
    }
}

fn read_probe(view: SpecReader) -> Probe {
    let mut fingerprint = String::new();
    print(view, 0, &mut fingerprint);
    let host = hosts(Setting::set(view, view.node.location()))
        .into_iter()
        .next();
    Probe {
        action: action(view, "grpc"),
        fingerprint,
        host,
    }
}

/// `host` fields of a probe's or hook's handlers.
fn hosts(handler: Setting<SpecReader>) -> Vec<Located<String>> {
    let Some(handler) = handler.value().copied() else {
        return Vec::new();
    };

    let host = |key: &str| {
        handler
            .path(&[key, "host"])
            .and_then(SpecReader::text)
            .known()
            .cloned()
    };

    ["httpGet", "tcpSocket"]
        .into_iter()
        .filter_map(host)
        .filter(|host| !host.value.is_empty())
        .collect()
}

fn action(view: SpecReader, grpc: &str) -> ProbeAction {
    if let Some(http) = view.get("httpGet").value() {
        return ProbeAction::Http {
            path: http.str("path").known().cloned(),
            port: http.str("port"),
        };
    }

    if let Some(tcp) = view.get("tcpSocket").value() {
        return ProbeAction::Tcp {
            port: tcp.str("port"),
        };
    }

    if let Some(call) = view.get(grpc).value() {
        return ProbeAction::Grpc {
            port: call.str("port"),
        };
    }

    if let Some(exec) = view.get("exec").value() {
        let words = exec
            .list("command")
            .into_iter()
            .filter_map(|item| word(item.node));
        return ProbeAction::Exec {
            words: words
                .map(|word| Located::new(word.value, word.location))
                .collect(),
        };
    }

    ProbeAction::Unknown
}

/// A node as text with its keys in order, to compare two nodes by what they say. What cannot be
/// known is like nothing else: its place stands for it.
fn print(view: SpecReader, depth: u32, out: &mut String) {
    // Probes are a few levels deep; what is deeper cannot be one.
    if depth > 8 {
        return;
    }

    let node = view.node;

    if view.is_open() || view.text().is_unknown() {
        let location = node.location();
        let _ = write!(out, "?{}:{}", location.file.0, location.span.start);
    }

    match node.kind() {
        Kind::Mapping => {
            let mut entries: Vec<_> = view
                .entries()
                .filter_map(|(key, value)| Some((key.str()?, value)))
                .collect();
            entries.sort_by_key(|(key, _)| *key);
            out.push('{');

            for (key, value) in entries {
                out.push_str(key);
                out.push(':');
                print(value, depth + 1, out);
                out.push(',');
            }

            out.push('}');
        }
        Kind::Sequence => {
            out.push('[');

            for item in view.items() {
                print(item, depth + 1, out);
                out.push(',');
            }

            out.push(']');
        }
        _ => out.push_str(node.str().unwrap_or("~")),
    }
}
