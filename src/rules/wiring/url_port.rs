//! `port-mismatch` of URLs: a variable leads to a service of the project at a port that the service
//! does not serve inside of the network, such as the one that it publishes on the host.

use crate::analysis::endpoints::endpoints;
use crate::analysis::startup;
use crate::analysis::{Analysis, Owner};
use crate::data;
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::env::EnvVar;
use crate::source::Location;

pub fn check(ctx: &Analysis, project: &Project, service: &Service, sink: &mut Sink) {
    for var in &service.container.env {
        for target in targets(service, var) {
            let Some(other) = service_of_host(project, &target.host) else {
                continue;
            };

            let is_own = other.name() == service.name();
            if is_own || !other.network_mode.is_absent() || other.container.open {
                continue;
            }

            if let Some(fault) = fault(ctx, project, other, target.port) {
                sink.report(finding(other, var, &target, &fault));
            }
        }
    }
}

/// A host and a port that a variable leads to.
struct UrlTarget {
    host: String,
    port: u16,
    location: Location,
}

/// The targets of a URL, and of `DB_PORT` beside `DB_HOST`.
fn targets(service: &Service, var: &EnvVar) -> Vec<UrlTarget> {
    let mut targets: Vec<UrlTarget> = endpoints(var)
        .into_iter()
        .filter_map(|endpoint| {
            Some(UrlTarget {
                host: endpoint.host,
                port: endpoint.port?,
                location: endpoint.location,
            })
        })
        .collect();

    let name = &var.name.value;
    if let Some(prefix) = name.strip_suffix("_PORT")
        && let Some(port) = var.value.resolved().and_then(|port| port.parse().ok())
        && let Some(location) = var.value.location()
    {
        let host_name = format!("{prefix}_HOST");
        let host = service
            .container
            .env
            .iter()
            .find(|other| other.name.value == host_name)
            .and_then(|other| other.value.resolved());
        targets.extend(host.map(|host| UrlTarget {
            host: host.to_owned(),
            port,
            location,
        }));
    }

    targets
}

fn service_of_host<'p>(project: &'p Project, host: &str) -> Option<&'p Service> {
    project.service(host).or_else(|| {
        let mut named = project
            .services
            .iter()
            .filter(|service| service.aliases.iter().any(|alias| alias == host));
        let first = named.next()?;

        named.next().is_none().then_some(first)
    })
}

/// Why nothing answers at a port of a service.
enum PortFault {
    /// It is published on the host, and the container has another one.
    Published { inside: u16, mapping: Location },
    /// The server of the service listens on another one.
    Server { inside: u16, server: Location },
    /// The well-known image serves another one.
    Image { inside: u16 },
}

fn fault(ctx: &Analysis, project: &Project, service: &Service, port: u16) -> Option<PortFault> {
    let container = &service.container;
    let covers = |range: Option<(u16, u16)>| {
        range.is_some_and(|(first, last)| (first..=last).contains(&port))
    };
    let is_target = container
        .ports
        .iter()
        .any(|mapping| mapping.unknown || covers(mapping.target));
    let is_exposed = service
        .exposes
        .iter()
        .any(|expose| expose.value.contains('-') || expose.value.starts_with(&port.to_string()));
    if is_target || is_exposed || may_be_moved(service, port) {
        return None;
    }

    let owner = Owner::Compose(project, service);
    let started = startup::effective(ctx, owner, container);
    let serving: Vec<_> = started
        .iter()
        .filter(|started| !started.found.server.is_worker)
        .collect();
    let server_port = |index: usize| -> Option<u16> {
        let server = &serving.get(index)?.found.server;
        match &server.port {
            Some(port) => port.value.parse().ok(),
            None if !server.says_port => server.default_port,
            None => None,
        }
    };
    let is_served = (0..serving.len()).any(|index| server_port(index) == Some(port));
    let known = container
        .image
        .as_ref()
        .and_then(|image| image.reference.as_ref())
        .and_then(|reference| data::image(&reference.repository()));
    let is_of_image =
        service.build.is_none() && known.is_some_and(|known| known.ports.contains(&port));
    let is_of_build = exposed_by_build(ctx, service, port);
    if is_served || is_of_image || is_of_build {
        return None;
    }

    let published = container.ports.iter().find_map(|mapping| {
        let (first, last) = mapping.published??;
        let (inside, inside_last) = mapping.target?;
        let is_published = (first..=last).contains(&port) && inside == inside_last;
        is_published.then_some(PortFault::Published {
            inside,
            mapping: mapping.location,
        })
    });
    if published.is_some() {
        return published;
    }

    if let [only] = serving.as_slice()
        && let Some(inside) = server_port(0)
        && only.found.server.port.is_some()
    {
        return Some(PortFault::Server {
            inside,
            server: only.location,
        });
    }

    let known = known.filter(|known| known.class.is_store())?;
    let [inside] = known.ports.as_slice() else {
        return None;
    };
    let is_plain = container.command.is_none() && container.entrypoint.is_none();

    is_plain.then_some(PortFault::Image { inside: *inside })
}

/// Whether the service's own variables or command name the port.
fn may_be_moved(service: &Service, port: u16) -> bool {
    let container = &service.container;
    let text = port.to_string();
    let in_variable = container.env.iter().any(|var| {
        var.value
            .resolved()
            .is_none_or(|value| value.contains(&text))
    });
    let in_command = [&container.entrypoint, &container.command]
        .into_iter()
        .flatten()
        .any(|command| {
            command.script().commands.iter().any(|command| {
                command
                    .words
                    .iter()
                    .any(|word| word.text().contains(&text) || word.text().contains('$'))
            })
        });

    in_variable || in_command || !container.env_from.is_empty()
}

/// Whether the image that is built here declares the port, or may do so.
fn exposed_by_build(ctx: &Analysis, service: &Service, port: u16) -> bool {
    let Some((dockerfile, stage)) = ctx.graph.build_of(&service.container) else {
        return service.build.is_some();
    };

    let text = port.to_string();
    dockerfile
        .chain(stage)
        .flat_map(|stage| &stage.exposes)
        .any(|expose| expose.value.contains(['-', '$']) || expose.value.starts_with(&text))
}

fn finding(service: &Service, var: &EnvVar, target: &UrlTarget, fault: &PortFault) -> Finding {
    let (name, host, port) = (&var.name.value, &target.host, target.port);
    let inside = match fault {
        PortFault::Published { inside, .. }
        | PortFault::Server { inside, .. }
        | PortFault::Image { inside } => *inside,
    };
    let finding = Finding::new(
        target.location,
        format!("`{name}` uses port {port} of `{host}`, which listens on {inside}"),
    )
    .help(format!("use port {inside}"))
    .anchor(var.name.location);

    match fault {
        PortFault::Published { mapping, .. } => finding
            .label("a port of the host; services use that of the container")
            .related(*mapping, format!("{port} is the port of the host")),
        PortFault::Server { server, .. } => finding
            .label("nothing listens there")
            .related(*server, format!("`{}` listens on {inside}", service.name())),
        PortFault::Image { .. } => finding.label("nothing listens there"),
    }
}
