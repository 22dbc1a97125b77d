//! One container of a pod, with the pod's own settings applied to it.

use super::environment;
use super::manifest_reader::ManifestReader;
use super::pod_defaults::PodDefaults;
use super::probe::{command_word, handler_hosts, hook_action, probe};
use super::quantity;
use super::reference::ObjectReference;
use super::security::{seccomp, security};
use crate::model::container::{
    Container, ContainerId, ContainerRole, KubeContainer, Mount, MountSource, Port, Quantity,
    Resources,
};
use crate::model::image::{ImageRole, ImageUse, Reference};
use crate::model::spec_reader::SpecReader;
use crate::model::{Command, Many, Setting};
use crate::source::{Located, Location};
use crate::syntax::yaml::{Kind, Node};

/// Lowers a container of a pod. Adds the objects that it names to `references`.
pub(super) fn lower_container(
    spec: ManifestReader,
    role: ContainerRole,
    pod: &PodDefaults,
    references: &mut Vec<ObjectReference>,
) -> Container {
    let name = spec.str("name");
    let first_key = spec
        .node
        .entries()
        .next()
        .map_or(spec.node.location(), |entry| entry.key.location());
    let anchor = name.location().unwrap_or(first_key);
    let name = name
        .known()
        .cloned()
        .unwrap_or_else(|| Located::new(String::new(), anchor));
    let context = spec.get("securityContext");
    let is_open = spec.is_open() || pod.windows;

    Container {
        id: ContainerId::default(),
        role: effective_role(spec, role),
        anchor,
        open: is_open,
        image: image(spec),
        entrypoint: command(spec, "command"),
        command: command(spec, "args"),
        env: Many::from_iter(environment::variables(spec, references)).open_if(is_open),
        env_from: Many::from_iter(environment::variable_sources(spec, references)).open_if(is_open),
        ports: Many::from_iter(ports(spec)).open_if(is_open),
        mounts: Many::from_iter(mounts(spec, pod)).open_if(is_open),
        security: security(&context, pod, &name.value),
        resources: resources(spec, pod),
        health: Setting::Absent,
        liveness: probe(spec, "livenessProbe"),
        readiness: probe(spec, "readinessProbe"),
        startup: probe(spec, "startupProbe"),
        kube: Some(Box::new(kube_settings(spec, &context, pod, &name.value))),
        name,
    }
}

/// The role of a container: an init container that is restarted runs as long as the pod.
fn effective_role(spec: ManifestReader, role: ContainerRole) -> ContainerRole {
    let restart = spec.str("restartPolicy");

    match role {
        ContainerRole::Init if restart.value().is_some_and(|policy| policy == "Always") => {
            ContainerRole::Sidecar
        }
        role => role,
    }
}

fn kube_settings(
    spec: ManifestReader,
    context: &Setting<ManifestReader>,
    pod: &PodDefaults,
    name: &str,
) -> KubeContainer {
    let pre_stop = spec.path(&["lifecycle", "preStop"]);
    let post_start = spec.path(&["lifecycle", "postStart"]);

    KubeContainer {
        pull_policy: spec.str("imagePullPolicy"),
        removed: spec.removed_keys(spec.scope.file),
        hook_hosts: [&pre_stop, &post_start]
            .into_iter()
            .filter_map(Setting::value)
            .flat_map(|hook| handler_hosts(*hook))
            .collect(),
        pre_stop: pre_stop.map(hook_action),
        seccomp: seccomp(context, pod, name),
        host_process: pod
            .inherited(context, &["windowsOptions", "hostProcess"])
            .and_then(ManifestReader::boolean),
        tty: spec.flag("tty"),
        stdin: spec.flag("stdin"),
    }
}

fn image(container: ManifestReader) -> Option<ImageUse> {
    // Operators of data stores call it so.
    let key = if container.node.get("image").is_none() && container.scope.open {
        "imageName"
    } else {
        "image"
    };
    let image = match container.get(key) {
        Setting::Set(image) => image,
        // Something else writes it.
        Setting::Unknown(Some(location)) => {
            return Some(ImageUse {
                role: ImageRole::KubernetesContainer,
                location,
                written: String::new(),
                reference: None,
                sources: Vec::new(),
            });
        }
        Setting::Unknown(None) | Setting::Absent => return None,
    };
    let written = image.value.node.str()?;
    let is_known = image.value.text().known().is_some()
        && !written.trim().is_empty()
        && !written.starts_with("ko://");
    let reference = if is_known {
        Reference::parse_holed(written.trim())
    } else {
        None
    };

    Some(ImageUse {
        role: ImageRole::KubernetesContainer,
        location: image.location,
        written: written.to_owned(),
        reference,
        sources: Vec::new(),
    })
}

fn command(container: ManifestReader, key: &str) -> Option<Command> {
    let command = container.get(key);
    let command = command.known()?;
    let node = command.value.node;
    let words = match node.kind() {
        Kind::Sequence => node.items().filter_map(command_word).collect(),
        _ => command_word(node).into_iter().collect(),
    };

    Some(Command::exec(command.location, words))
}

/// The ports of a container, with an unknown one where there may be more.
fn ports(container: ManifestReader) -> Vec<Port> {
    let list = container.get("ports");
    let mut ports: Vec<Port> = match list.value() {
        Some(list) => list.items().map(port).collect(),
        None => Vec::new(),
    };

    let location = match &list {
        Setting::Set(list) if list.value.is_open() => list.location,
        Setting::Unknown(Some(location)) => *location,
        _ => return ports,
    };
    ports.push(Port {
        location,
        name: None,
        target: None,
        published: None,
        host_ip: None,
        protocol: "tcp".to_owned(),
        unknown: true,
        written: String::new(),
    });

    ports
}

fn port(item: ManifestReader) -> Port {
    let target = item.str("containerPort");
    let host = item.str("hostPort");
    let published = match &host {
        Setting::Absent => None,
        Setting::Set(port) if port.value == "0" => None,
        port => Some(port_number(port)),
    };
    let written = if published.is_some() { &host } else { &target };

    Port {
        location: written.location().unwrap_or(item.node.location()),
        name: item.str("name").known().cloned(),
        target: port_number(&target),
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

/// A port as a range of one.
fn port_number(port: &Setting<String>) -> Option<(u16, u16)> {
    let port = port.value()?.parse().ok()?;

    Some((port, port))
}

fn mounts(container: ManifestReader, pod: &PodDefaults) -> Vec<Mount> {
    let mut mounts: Vec<Mount> = container
        .list("volumeMounts")
        .into_iter()
        .map(|item| mount(item, pod))
        .collect();

    let list = container.get("volumeMounts");
    let may_mount_more = match &list {
        Setting::Set(list) => list.value.is_open(),
        Setting::Absent => pod.volumes_open && container.is_open(),
        Setting::Unknown(_) => true,
    };

    if may_mount_more {
        mounts.push(Mount {
            location: list.location().unwrap_or(container.node.location()),
            source: MountSource::Unknown,
            target: None,
            read_only: false,
        });
    }

    mounts
}

fn mount(item: ManifestReader, pod: &PodDefaults) -> Mount {
    let name = item.str("name");
    let volume = name.value().and_then(|name| pod.volumes.get(name.as_str()));

    Mount {
        location: item.node.location(),
        source: volume.map_or(MountSource::Unknown, |volume| volume.source.clone()),
        target: item.str("mountPath").known().cloned(),
        read_only: item.flag("readOnly").is(true),
    }
}

fn resources(container: ManifestReader, pod: &PodDefaults) -> Resources {
    let mut reader = ResourceReader {
        container: container.get("resources"),
        pod: pod.spec.get("resources"),
        zero: Vec::new(),
    };

    Resources {
        cpu_request: reader.request("cpu"),
        cpu_limit: reader.limit("cpu"),
        memory_request: reader.request("memory"),
        memory_limit: reader.limit("memory"),
        pids_limit: Setting::Unknown(None),
        devices: reader.has_devices(),
        zero: reader.zero,
        twice: Vec::new(),
    }
}

/// The `resources` of a container, and those of its pod, which apply where it has none.
struct ResourceReader<'t> {
    container: Setting<ManifestReader<'t>>,
    pod: Setting<ManifestReader<'t>>,
    /// Limits of 0, which are no limits.
    zero: Vec<Location>,
}

impl ResourceReader<'_> {
    fn request(&self, resource: &str) -> Setting<Quantity> {
        let path = ["requests", resource];

        amount(&self.container, path).or(amount(&self.pod, path))
    }

    fn limit(&mut self, resource: &str) -> Setting<Quantity> {
        let path = ["limits", resource];
        let container = amount(&self.container, path);
        let pod = amount(&self.pod, path);

        self.without_zero(container).or(self.without_zero(pod))
    }

    fn without_zero(&mut self, limit: Setting<Quantity>) -> Setting<Quantity> {
        if limit.value().is_some_and(|limit| limit.amount == Some(0.0)) {
            self.zero.extend(limit.location());
            Setting::Absent
        } else {
            limit
        }
    }

    /// Whether the container asks for devices of the node, such as `nvidia.com/gpu`.
    fn has_devices(&self) -> bool {
        ["limits", "requests"].iter().any(|table| {
            let table = self.container.clone().and_then(|spec| spec.get(table));
            table
                .value()
                .is_some_and(|table| table.entries().any(|(key, _)| is_extended_resource(key)))
        })
    }
}

fn amount(resources: &Setting<ManifestReader>, path: [&str; 2]) -> Setting<Quantity> {
    resources
        .clone()
        .and_then(|resources| resources.path(&path))
        .and_then(ManifestReader::text)
        .map(|text| quantity::parse(&text))
}

/// The names of extended resources begin with a domain.
fn is_extended_resource(key: Node) -> bool {
    key.str().is_some_and(|name| name.contains('/'))
}
