//! `port-conflict`, `bind-all-interfaces`, `privileged-port`, `duplicate-container-name`,
//! `fixed-name-replicas`: ports and names that services of a project use on their host.

use std::collections::HashMap;

use crate::analysis::Analysis;
use crate::analysis::hosts::is_swarm;
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::container::Port;
use crate::source::Location;

/// Profiles that are never named: of services that others extend, which pass their profiles on.
const NEVER_NAMED: [&str; 6] = [
    "abstract",
    "disabled",
    "donotstart",
    "never",
    "none",
    "template",
];

/// Whether both may run at once: neither needs a profile, or they share one.
fn run_together(a: &Service, b: &Service) -> bool {
    match (a.profiles.is_empty(), b.profiles.is_empty()) {
        (true, true) => true,
        (false, false) => a
            .profiles
            .iter()
            .filter(|profile| !NEVER_NAMED.contains(&profile.value.as_str()))
            .any(|profile| b.profiles.iter().any(|other| other.value == profile.value)),
        _ => false,
    }
}

/// The ports on the host, if they are known.
fn on_host(port: &Port) -> Option<(u16, u16)> {
    if port.unknown {
        return None;
    }

    port.published.flatten()
}

/// The version of IP that a port is bound with, if it is one of them.
fn ip_version(port: &Port) -> Option<u8> {
    match port
        .host_ip
        .as_deref()
        .map(|ip| ip.trim_matches(['[', ']']))
    {
        Some("0.0.0.0") => Some(4),
        Some("::") => Some(6),
        Some(ip) if !port.is_public() => Some(if ip.contains(':') { 6 } else { 4 }),
        _ => None,
    }
}

/// Whether two ports are bound to one address. Of different services, an address for all of IPv6
/// counts as all addresses; one service that lists both versions means each of them.
fn same_address(a: &Port, b: &Port, same_service: bool) -> bool {
    let same = match (ip_version(a), ip_version(b)) {
        (Some(a), Some(b)) if same_service => a == b,
        (Some(4), Some(6)) => b.is_public(),
        (Some(6), Some(4)) => a.is_public(),
        _ => true,
    };

    same && (a.is_public() || b.is_public() || a.host_ip == b.host_ip)
}

/// How many ports one project may have for all of them to be compared.
const MAX_PORTS: usize = 4096;

/// A port of the host that a service publishes.
struct Published<'a> {
    service: &'a Service,
    port: &'a Port,
    range: (u16, u16),
    /// A range of the host for one port of the container: the engine takes what is free.
    choice: bool,
}

impl Published<'_> {
    fn clashes(&self, other: &Published<'_>) -> bool {
        let same_service = std::ptr::eq(self.service, other.service);
        self.range.0 <= other.range.1
            && other.range.0 <= self.range.1
            && self.port.protocol == other.port.protocol
            && !(self.choice && (other.choice || same_service))
            && !(other.choice && same_service)
            && same_address(self.port, other.port, same_service)
            && (same_service || run_together(self.service, other.service))
    }
}

pub fn port_conflict(_: &Analysis, project: &Project, sink: &mut Sink) {
    let mut published: Vec<Published> = Vec::new();

    for service in &project.services {
        for port in &service.container.ports {
            let Some(range) = on_host(port) else { continue };

            let choice =
                range.0 != range.1 && port.target.is_none_or(|(first, last)| first == last);
            let current = Published {
                service,
                port,
                range,
                choice,
            };

            if let Some(earlier) = published.iter().find(|earlier| earlier.clashes(&current)) {
                let (message, label) = conflict_words(earlier, &current);
                sink.report(
                    Finding::new(port.location, message)
                        .label(label)
                        .related(earlier.port.location, "published here")
                        .help("publish it on another host port")
                        .case_if(project.development, "development")
                        .case_if(choice || earlier.choice, "range"),
                );
            }

            if published.len() < MAX_PORTS {
                published.push(current);
            }
        }
    }
}

/// Message and label for two ports that clash.
fn conflict_words(earlier: &Published, current: &Published) -> (String, &'static str) {
    let (name, other) = (current.service.name(), earlier.service.name());
    let number = current.range.0.max(earlier.range.0);

    if current.choice {
        let message = format!("`{name}` can be assigned port {number}, which `{other}` publishes");
        return (message, "the first to start gets the port");
    }

    if earlier.choice {
        let message =
            format!("`{name}` publishes port {number}, which can be assigned to `{other}`");
        return (message, "the first to start gets the port");
    }

    let message = if std::ptr::eq(earlier.service, current.service) {
        format!("`{name}` publishes port {number} twice")
    } else {
        format!("`{name}` publishes port {number}, which is already published by `{other}`")
    };

    (message, "only one of them can start")
}

pub fn bind_all_interfaces(_: &Analysis, _: &Project, service: &Service, sink: &mut Sink) {
    // `published-datastore` reports stores.
    if service.store().is_some() {
        return;
    }

    for port in service
        .container
        .ports
        .iter()
        .filter(|port| port.is_public() && !port.unknown)
    {
        sink.report(
            Finding::new(
                port.location,
                format!(
                    "`{}` publishes a port on every address of the host",
                    service.name()
                ),
            )
            .help(
                "prefix the port with an address, such as `127.0.0.1:` if a proxy on this \
                    host serves it",
            ),
        );
    }
}

pub fn privileged_port(_: &Analysis, _: &Project, service: &Service, sink: &mut Sink) {
    for port in &service.container.ports {
        let (number, side) = match (privileged(on_host(port)), privileged(port.target)) {
            (Some(number), _) => (number, "on the host"),
            (None, Some(number)) => (number, "in the container"),
            (None, None) => continue,
        };

        sink.report(
            Finding::new(
                port.location,
                format!("`{}` uses privileged port {number} {side}", service.name()),
            )
            .help("use a port above 1023, so that neither root nor `NET_BIND_SERVICE` is needed"),
        );
    }
}

/// The first port of a range, if it is a privileged one.
fn privileged(range: Option<(u16, u16)>) -> Option<u16> {
    range.map(|(first, _)| first).filter(|first| *first < 1024)
}

pub fn duplicate_container_name(_: &Analysis, project: &Project, sink: &mut Sink) {
    let mut named: HashMap<&str, (&Service, Location)> = HashMap::new();

    for service in &project.services {
        let Some(name) = service.container_name.known() else {
            continue;
        };

        match named.get(name.value.as_str()) {
            Some((other, location)) if run_together(other, service) => sink.report(
                Finding::new(
                    name.location,
                    format!(
                        "`{}` and `{}` have the same container name",
                        other.name(),
                        service.name()
                    ),
                )
                .label("the second container cannot be created")
                .related(*location, "first used here")
                .help("give each a unique name, or remove `container_name`"),
            ),
            Some(_) => {}
            None => {
                named.insert(&name.value, (service, name.location));
            }
        }
    }
}

pub fn fixed_name_replicas(ctx: &Analysis, project: &Project, service: &Service, sink: &mut Sink) {
    let Some(replicas) = service
        .replicas
        .known()
        .filter(|replicas| replicas.value > 1)
    else {
        return;
    };

    if let Some(name) = service.container_name.known() {
        sink.report(
            Finding::new(
                name.location,
                format!(
                    "`{}` has {} replicas but a fixed container name",
                    service.name(),
                    replicas.value
                ),
            )
            .label("two containers cannot share a name")
            .related(replicas.location, "replicas set here")
            .help("remove `container_name`"),
        );
    }

    // A swarm's routing mesh shares a port between replicas.
    if project
        .files
        .iter()
        .any(|file| is_swarm(ctx.facts.path(*file)))
    {
        return;
    }

    for port in &service.container.ports {
        let Some((first, last)) = on_host(port) else {
            continue;
        };

        if u32::from(last - first) + 1 < replicas.value {
            sink.report(
                Finding::new(
                    port.location,
                    format!(
                        "`{}` has {} replicas but not enough host ports",
                        service.name(),
                        replicas.value
                    ),
                )
                .label("only the first container can bind it")
                .related(replicas.location, "replicas set here")
                .help("remove the host port, use a range, or put a proxy in front"),
            );
        }
    }
}
