//! One container of a pod, with the pod's own settings applied to it.

use std::fmt::Write as _;

use super::object::Labels;
use super::pod::{Reference, ReferenceKind, Volume, reference_kind};
use super::quantity;
use super::view::{View, is_placeholder};
use crate::model::container::{
    Container, ContainerRole, EnvFrom, EnvFromKind, HostNamespace, KubeContainer, Mount, MountSource, Port, Probe,
    ProbeAction, Quantity, Resources, Security,
};
use crate::model::env::{EnvOrigin, EnvValue, EnvVar};
use crate::model::image::{ImageRole, ImageUse, Reference as ImageReference};
use crate::model::{Command, Item, Setting};
use crate::source::At;
use crate::syntax::yaml::{Kind, Node};

/// What a pod gives to each of its containers.
pub(super) struct PodDefaults<'t, 'p> {
    pub spec: View<'t>,
    pub security: Setting<View<'t>>,
    pub annotations: &'p Labels,
    pub volumes: &'p [Volume],
    pub volumes_open: bool,
    pub windows: bool,
    pub own_users: bool,
}

pub(super) fn read(view: View, role: ContainerRole, pod: &PodDefaults, references: &mut Vec<Reference>) -> Container {
    let role = match role {
        ContainerRole::Init if view.str("restartPolicy").value().is_some_and(|policy| policy == "Always") => {
            ContainerRole::Sidecar
        }
        role => role,
    };
    let name = view.str("name");
    let first = view.node.entries().next().map_or(view.node.place(), |entry| entry.key.place());
    let anchor = name.place().unwrap_or(first);
    let name = name.known().cloned().unwrap_or_else(|| At::new(String::new(), anchor));
    let (env, env_from) = environment(view, references);
    let security = view.get("securityContext");
    let kube = KubeContainer {
        pull_policy: view.str("imagePullPolicy"),
        pre_stop: view.path(&["lifecycle", "preStop"]).map(|hook| action(hook, "")),
        hook_hosts: ["preStop", "postStart"].iter().flat_map(|hook| hosts(view.path(&["lifecycle", *hook]))).collect(),
        seccomp: seccomp(&security, pod, &name.value),
        host_process: inherited(&security, pod, &["windowsOptions", "hostProcess"]).and_then(View::boolean),
        tty: view.flag("tty"),
        stdin: view.flag("stdin"),
    };
    let probe = |key: &str| {
        let place = view.key(key);
        match view.get(key) {
            Setting::Set(at) if at.value.node.kind() != Kind::Mapping => Setting::Unknown(place),
            Setting::Set(at) => Setting::set(read_probe(at.value), place.unwrap_or(at.place)),
            Setting::Absent => Setting::Absent,
            Setting::Unknown(place) => Setting::Unknown(place),
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

fn image(view: View) -> Option<ImageUse> {
    let written = view.get("image");
    let at = written.known()?;
    let text = at.value.node.str()?;
    let known = at.value.text().known().is_some() && !text.trim().is_empty() && !text.starts_with("ko://");
    Some(ImageUse {
        role: ImageRole::KubernetesContainer,
        place: at.place,
        written: text.to_owned(),
        reference: known.then(|| ImageReference::parse_holed(text.trim())).flatten(),
        sources: Vec::new(),
    })
}

fn command(view: View, key: &str) -> Option<Command> {
    let list = view.get(key);
    let at = list.known()?;
    let words = match at.value.node.kind() {
        Kind::Sequence => at.value.items().filter_map(|item| word(item.node)).collect(),
        _ => word(at.value.node).into_iter().collect(),
    };
    Some(Command::exec(at.place, words))
}

fn word(node: Node) -> Option<Item> {
    Some(Item::new(node.str()?.to_owned(), node.content(), || node.offsets()))
}

fn environment(view: View, references: &mut Vec<Reference>) -> (Vec<EnvVar>, Vec<EnvFrom>) {
    let mut env: Vec<EnvVar> = Vec::new();
    for item in view.list("env") {
        let Some(name) = item.str("name").known().cloned() else { continue };
        let value = match (item.get("value"), item.get("valueFrom")) {
            (_, Setting::Set(from)) => {
                env_reference(from.value, references);
                EnvValue::Reference(from.place)
            }
            (Setting::Set(at), _) => literal(at.value, &env),
            (_, Setting::Unknown(place)) | (Setting::Unknown(place), _) => {
                EnvValue::Reference(place.unwrap_or(name.place))
            }
            (Setting::Absent, Setting::Absent) => EnvValue::Literal(At::new(String::new(), name.place)),
        };
        env.push(EnvVar { name, value, origin: EnvOrigin::KubernetesEnv });
    }
    let mut from = Vec::new();
    for item in view.list("envFrom") {
        for (key, kind) in [("configMapRef", EnvFromKind::ConfigMap), ("secretRef", EnvFromKind::Secret)] {
            let Some(target) = item.get(key).value().copied() else { continue };
            let Some(name) = target.str("name").known().cloned() else { continue };
            let optional = target.flag("optional").is(true);
            references.push(Reference { kind: reference_kind(kind), name: name.clone(), key: None, optional });
            from.push(EnvFrom { kind, name, optional });
        }
    }
    (env, from)
}

fn env_reference(from: View, references: &mut Vec<Reference>) {
    for (key, kind) in [("configMapKeyRef", ReferenceKind::ConfigMap), ("secretKeyRef", ReferenceKind::Secret)] {
        let Some(target) = from.get(key).value().copied() else { continue };
        let Some(name) = target.str("name").known().cloned() else { continue };
        let optional = target.flag("optional").is(true);
        references.push(Reference { kind, name, key: target.str("key").known().cloned(), optional });
    }
}

/// A value as written; `$(NAME)` stands for a variable that comes before it.
fn literal(view: View, before: &[EnvVar]) -> EnvValue {
    let Some(text) = view.node.str() else { return EnvValue::Reference(view.node.place()) };
    let written = At::new(text.to_owned(), view.node.content());
    if view.text().is_unknown() && !text.contains("$(") {
        return EnvValue::Template { written, resolved: None, fallbacks: Vec::new() };
    }
    if !text.contains("$(") {
        return EnvValue::Literal(written);
    }
    EnvValue::Template { resolved: expand(text, before), written, fallbacks: Vec::new() }
}

fn expand(text: &str, before: &[EnvVar]) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("$(") {
        let end = at + rest[at..].find(')')?;
        let name = &rest[at + 2..end];
        out.push_str(&rest[..at]);
        out.push_str(before.iter().rev().find(|own| own.name.value == name)?.value.resolved()?);
        rest = &rest[end + 1..];
        // A chain of doubling variables must not grow without bound.
        if out.len() > 64 * 1024 {
            return None;
        }
    }
    out.push_str(rest);
    (!is_placeholder(&out)).then_some(out)
}

fn port(item: View) -> Port {
    let number = |key: &str| item.str(key);
    let single =
        |setting: &Setting<String>| setting.value().and_then(|text| text.parse().ok()).map(|port: u16| (port, port));
    let target = number("containerPort");
    let host = number("hostPort");
    let published = match &host {
        Setting::Absent => None,
        Setting::Set(at) if at.value == "0" => None,
        other => Some(single(other)),
    };
    Port {
        place: if published.is_some() { host.place() } else { target.place() }.unwrap_or(item.node.place()),
        name: item.str("name").known().cloned(),
        target: single(&target),
        published,
        host_ip: item.str("hostIP").value().cloned(),
        protocol: item
            .str("protocol")
            .value()
            .map_or_else(|| "tcp".to_owned(), |protocol| protocol.to_ascii_lowercase()),
        unknown: target.is_unknown() || host.is_unknown(),
        written: target.value().cloned().unwrap_or_default(),
    }
}

fn mounts(view: View, pod: &PodDefaults) -> Vec<Mount> {
    let read = |item: View| {
        let volume = item.str("name");
        let found = volume.value().and_then(|name| pod.volumes.iter().find(|volume| volume.name == *name));
        let source = match found {
            Some(volume) => volume.source.clone(),
            None => MountSource::Unknown,
        };
        Mount {
            place: item.node.place(),
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
        let place = list.place().unwrap_or(view.node.place());
        mounts.push(Mount { place, source: MountSource::Unknown, target: None, read_only: false });
    }
    mounts
}

/// The container's own value, or the pod's.
fn inherited<'t>(own: &Setting<View<'t>>, pod: &PodDefaults<'t, '_>, path: &[&str]) -> Setting<View<'t>> {
    let within = |context: &Setting<View<'t>>| context.clone().and_then(|view| view.path(path));
    within(own).or(within(&pod.security))
}

fn seccomp(own: &Setting<View>, pod: &PodDefaults, name: &str) -> Setting<String> {
    let field = inherited(own, pod, &["seccompProfile", "type"]).and_then(View::text);
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
        Some(value) if value.value == "unconfined" => Setting::set("Unconfined".to_owned(), value.place),
        Some(value) => Setting::set("RuntimeDefault".to_owned(), value.place),
        None => Setting::Absent,
    }
}

fn read_security(own: &Setting<View>, pod: &PodDefaults, name: &str) -> Security {
    let only = |key: &str| own.clone().and_then(|view| view.get(key));
    let listed = |key: &str| only("capabilities").and_then(|view| view.get(key));
    let dropped = listed("drop");
    let drops_more = dropped.is_unknown()
        || dropped.value().is_some_and(|list| list.is_open() || list.items().any(|item| item.text().is_unknown()));
    let capabilities = |list: Setting<View>| {
        let items = list.value().map(|list| list.items().collect::<Vec<_>>()).unwrap_or_default();
        let upper = |name: String| name.to_ascii_uppercase().trim_start_matches("CAP_").to_owned();
        items.into_iter().filter_map(|item| item.text().known().cloned()).map(|at| at.map(upper)).collect()
    };
    let mut profiles = Vec::new();
    let kind = seccomp(own, pod, name);
    profiles.extend(kind.known().map(|at| At::new(format!("seccomp={}", at.value), at.place)));
    let armor = inherited(own, pod, &["appArmorProfile", "type"]).and_then(View::text);
    profiles.extend(armor.known().map(|at| At::new(format!("apparmor={}", at.value), at.place)));
    let key = format!("container.apparmor.security.beta.kubernetes.io/{name}");
    if let (None, Some(value)) = (armor.known(), pod.annotations.get(&key)) {
        let said = match value.value.as_str() {
            "unconfined" => "Unconfined",
            "runtime/default" => "RuntimeDefault",
            other => other,
        };
        profiles.push(At::new(format!("apparmor={said}"), value.place));
    }
    for field in ["type", "user", "role"] {
        let option = inherited(own, pod, &["seLinuxOptions", field]).and_then(View::text);
        profiles.extend(option.known().map(|at| At::new(format!("selinux-{field}={}", at.value), at.place)));
    }
    let namespaces =
        [("hostNetwork", HostNamespace::Network), ("hostPID", HostNamespace::Pid), ("hostIPC", HostNamespace::Ipc)];
    let shared = namespaces.into_iter().filter_map(|(key, namespace)| {
        let flag = pod.spec.flag(key);
        flag.known().filter(|at| at.value).map(|at| At::new(namespace, at.place))
    });
    let mut security = Security {
        user: inherited(own, pod, &["runAsUser"]).and_then(View::text),
        run_as_non_root: inherited(own, pod, &["runAsNonRoot"]).and_then(View::boolean),
        privileged: only("privileged").and_then(View::boolean),
        allow_privilege_escalation: only("allowPrivilegeEscalation").and_then(View::boolean),
        read_only_root: only("readOnlyRootFilesystem").and_then(View::boolean),
        added_capabilities: capabilities(listed("add")),
        dropped_capabilities: capabilities(dropped),
        drops_more,
        host_namespaces: shared.collect(),
        profiles,
        proc_mount: only("procMount").and_then(View::text),
        devices: Vec::new(),
    };
    if pod.own_users {
        // Root in a user namespace of its own is an ordinary user outside.
        security.user = Setting::Unknown(security.user.place());
        security.run_as_non_root = Setting::Unknown(security.run_as_non_root.place());
        security.proc_mount = Setting::Unknown(security.proc_mount.place());
    }
    if pod.windows {
        security.allow_privilege_escalation = security.allow_privilege_escalation.open();
        security.read_only_root = security.read_only_root.open();
        security.user = security.user.open();
        security.run_as_non_root = security.run_as_non_root.open();
    }
    security
}

fn resources(view: View, pod: &PodDefaults) -> Resources {
    let own = view.get("resources");
    let shared = pod.spec.get("resources");
    let mut zero = Vec::new();
    let mut read = |table: &str, resource: &str| -> Setting<Quantity> {
        let mut within = |whole: &Setting<View>| {
            let value = whole.clone().and_then(|view| view.path(&[table, resource])).and_then(View::text);
            let value = value.map(|text| quantity::parse(&text));
            match value.value() {
                Some(quantity) if quantity.amount == Some(0.0) && table == "limits" => {
                    zero.extend(value.place());
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
        table.value().is_some_and(|view| view.entries().any(|(key, _)| extended(key)))
    });
    Resources {
        cpu_request: read("requests", "cpu"),
        cpu_limit: read("limits", "cpu"),
        memory_request: read("requests", "memory"),
        memory_limit: read("limits", "memory"),
        pids_limit: Setting::Unknown(None),
        zero,
        place: view.key("resources"),
        devices,
        twice: Vec::new(),
    }
}

fn read_probe(view: View) -> Probe {
    let mut fingerprint = String::new();
    print(view, 0, &mut fingerprint);
    let host = hosts(Setting::set(view, view.node.place())).into_iter().next();
    Probe { action: action(view, "grpc"), fingerprint, host }
}

/// `host` fields of a probe's or hook's handlers.
fn hosts(handler: Setting<View>) -> Vec<At<String>> {
    let Some(handler) = handler.value().copied() else { return Vec::new() };
    let host = |key: &str| handler.path(&[key, "host"]).and_then(View::text).known().cloned();
    ["httpGet", "tcpSocket"].into_iter().filter_map(host).filter(|host| !host.value.is_empty()).collect()
}

fn action(view: View, grpc: &str) -> ProbeAction {
    if let Some(http) = view.get("httpGet").value() {
        return ProbeAction::Http { path: http.str("path").known().cloned(), port: http.str("port") };
    }
    if let Some(tcp) = view.get("tcpSocket").value() {
        return ProbeAction::Tcp { port: tcp.str("port") };
    }
    if let Some(call) = view.get(grpc).value() {
        return ProbeAction::Grpc { port: call.str("port") };
    }
    if let Some(exec) = view.get("exec").value() {
        let words = exec.list("command").into_iter().filter_map(|item| word(item.node));
        return ProbeAction::Exec { words: words.map(|word| At::new(word.value, word.place)).collect() };
    }
    ProbeAction::Unknown
}

/// A node as text with its keys in order, to compare two nodes by what they say. What cannot be known is like nothing
/// else: its place stands for it.
fn print(view: View, depth: u32, out: &mut String) {
    // Probes are a few levels deep; what is deeper cannot be one.
    if depth > 8 {
        return;
    }
    let node = view.node;
    if view.is_open() || view.text().is_unknown() {
        let place = node.place();
        let _ = write!(out, "?{}:{}", place.file.0, place.span.start);
    }
    match node.kind() {
        Kind::Mapping => {
            let mut entries: Vec<_> = view.entries().filter_map(|(key, value)| Some((key.str()?, value))).collect();
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
