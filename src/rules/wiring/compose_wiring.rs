//! `unknown-host`, `localhost-dependency`, `inconsistent-url`, `browser-internal-host` in compose:
//! whether addresses in variables lead to services of the project.

use std::collections::HashMap;

use crate::analysis::Analysis;
use crate::analysis::endpoints::{Endpoint, endpoints};
use crate::analysis::hosts::{
    is_connected, is_for_browsers, is_outward, may_be_for_browsers, may_reach, names, nearest_name,
    serves,
};
use crate::data::{self, Class};
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::env::EnvVar;
use crate::model::image::Reference;
use crate::source::Location;

pub fn unknown_host(ctx: &Analysis, project: &Project, service: &Service, sink: &mut Sink) {
    if is_connected(project, service) {
        return;
    }

    for var in &service.container.env {
        for endpoint in endpoints(var) {
            let host = endpoint.host.as_str();
            if !endpoint.is_single_word()
                || is_of_registry(&var.name.value)
                || may_reach(ctx, project, service, host)
            {
                continue;
            }

            let near = nearest_name(project, host);
            let help = near.map_or_else(
                || "name a service of the project, or use the host's full name".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            sink.report(
                Finding::new(
                    endpoint.location,
                    format!(
                        "`{}` of `{}` refers to unknown host `{host}`",
                        var.name.value,
                        service.name()
                    ),
                )
                .label("no service, alias, or link has this name")
                .help(help),
            );
        }
    }
}

/// Whether a variable names a registry, which the engine or a build reaches, and not the service.
fn is_of_registry(name: &str) -> bool {
    name.to_ascii_uppercase()
        .split('_')
        .any(|word| matches!(word, "REGISTRY" | "REGISTRIES" | "MIRROR"))
}

pub fn localhost_dependency(_: &Analysis, project: &Project, service: &Service, sink: &mut Sink) {
    if !service.network_mode.is_absent() {
        return;
    }

    for var in &service.container.env {
        let mut local = endpoints(var);
        local.retain(Endpoint::is_local);
        let name = var.name.value.to_ascii_uppercase();
        if local.is_empty() {
            if let Some(other) = host_of_other(project, service, var) {
                sink.report(local_host_finding(service, var, other));
            }
            continue;
        }

        for endpoint in local {
            let Some(port) = endpoint.effective_port() else {
                continue;
            };

            // A program may connect to itself.
            if serves(service, port) {
                continue;
            }

            let Some(other) = project
                .services
                .iter()
                .find(|other| other.name() != service.name() && serves(other, port))
            else {
                continue;
            };

            if may_be_for_browsers(&name, other) {
                continue;
            }

            sink.report(
                localhost_finding(
                    endpoint.location,
                    (service, var),
                    other,
                    &format!("serves port {port}"),
                )
                .related(
                    other.container.anchor,
                    format!("`{}` serves port {port}", other.name()),
                )
                .help(format!(
                    "use `{}` as the host, and the port inside the container",
                    other.name()
                )),
            );
        }
    }
}

/// The service that `REDIS_HOST: localhost` means: the only one that is named so, or whose image is.
fn host_of_other<'p>(project: &'p Project, service: &Service, var: &EnvVar) -> Option<&'p Service> {
    let value = var.value.resolved()?;
    if !matches!(value, "localhost" | "127.0.0.1") {
        return None;
    }

    let name = var.name.value.to_ascii_lowercase();
    let prefix = name
        .strip_suffix("_host")
        .filter(|prefix| prefix.len() > 1)?;
    let is_meant = |other: &&Service| {
        let known = other
            .container
            .image
            .as_ref()
            .and_then(|image| image.reference.as_ref())
            .map(Reference::repository);
        let is_database = matches!(prefix, "db" | "database")
            && known
                .as_deref()
                .and_then(data::store)
                .is_some_and(|store| store.class == Class::Database);
        let is_named = known
            .as_deref()
            .is_some_and(|name| name.rsplit('/').next() == Some(prefix));

        is_database || is_named || other.name().eq_ignore_ascii_case(prefix)
    };
    let mut meant = project
        .services
        .iter()
        .filter(|other| other.name() != service.name())
        .filter(is_meant);
    let first = meant.next()?;

    meant.next().is_none().then_some(first)
}

fn local_host_finding(service: &Service, var: &EnvVar, other: &Service) -> Finding {
    localhost_finding(
        var.value.location().unwrap_or(var.name.location),
        (service, var),
        other,
        "is another service",
    )
    .related(
        other.container.anchor,
        format!("`{}` is reached by its name", other.name()),
    )
    .help(format!("use `{}` as the host", other.name()))
}

/// The finding for a variable of a service that means `other` by localhost; `state` says what the
/// other one is or does.
fn localhost_finding(
    location: Location,
    (service, var): (&Service, &EnvVar),
    other: &Service,
    state: &str,
) -> Finding {
    Finding::new(
        location,
        format!(
            "`{}` of `{}` uses localhost, but `{}` {state}",
            var.name.value,
            service.name(),
            other.name()
        ),
    )
    .label("inside a container, localhost is the container itself")
}

pub fn inconsistent_url(_: &Analysis, project: &Project, sink: &mut Sink) {
    let mut seen: HashMap<&str, Vec<(&Service, Endpoint)>> = HashMap::new();

    // A migration connects to the database without the connection pooler.
    for service in project
        .services
        .iter()
        .filter(|service| !project.is_one_shot(service))
    {
        for var in &service.container.env {
            let Ok([endpoint]) = <[Endpoint; 1]>::try_from(endpoints(var)) else {
                continue;
            };

            let is_pooler = project
                .service(&endpoint.host)
                .and_then(Service::known_image)
                .is_some_and(|known| known.class == Class::Proxy);
            let is_for_clients = is_for_browsers(&var.name.value)
                || is_outward(&var.name.value.to_ascii_uppercase());
            // A service may name itself by localhost.
            let is_own = endpoint.is_local()
                && endpoint
                    .effective_port()
                    .is_some_and(|port| serves(service, port));
            if endpoint.scheme.is_empty() || is_for_clients || is_pooler || is_own {
                continue;
            }

            let others = seen.entry(&var.name.value).or_default();
            let Some((other, first)) = others.iter().find(|(_, first)| differs(first, &endpoint))
            else {
                if others.len() < MAX_VALUES {
                    others.push((service, endpoint));
                }

                continue;
            };

            let values = ((service, &endpoint), (*other, first));
            // Of two addresses, the one that leads to the container itself is wrong.
            let (wrong, right) = if first.is_local() {
                (values.1, values.0)
            } else {
                values
            };

            sink.report(
                Finding::new(
                    wrong.1.location,
                    format!(
                        "`{}` is `{}` in `{}` but `{}` in `{}`",
                        var.name.value,
                        host_and_port(wrong.1),
                        wrong.0.name(),
                        host_and_port(right.1),
                        right.0.name()
                    ),
                )
                .related(right.1.location, "the other value")
                .help("use the same value in both, ideally from one anchor or env file"),
            );
        }
    }
}

/// How many values of one variable are compared.
const MAX_VALUES: usize = 16;

fn host_and_port(endpoint: &Endpoint) -> String {
    match endpoint.effective_port() {
        Some(port) => format!("{}:{port}", endpoint.host),
        None => endpoint.host.clone(),
    }
}

/// Whether two addresses are meant to be one: the same host on another port, the same database on
/// another host, or a name of the project's network here and localhost there.
fn differs(a: &Endpoint, b: &Endpoint) -> bool {
    if a.is_local() || b.is_local() {
        return a.is_single_word() || b.is_single_word();
    }

    let same_host = a.host == b.host && a.scheme == b.scheme;
    let database = !matches!(
        a.scheme.as_str(),
        "http" | "https" | "ws" | "wss" | "redis" | "rediss" | "grpc" | "tcp"
    );
    let same_database = database && a.scheme == b.scheme && a.path.len() > 1 && a.path == b.path;

    (same_host && a.effective_port() != b.effective_port()) || (same_database && a.host != b.host)
}

pub fn browser_internal_host(_: &Analysis, project: &Project, service: &Service, sink: &mut Sink) {
    let args = service.build.iter().flat_map(|build| &build.args);
    let mut vars = service
        .container
        .env
        .iter()
        .chain(args)
        .filter(|var| is_for_browsers(&var.name.value))
        .peekable();
    if vars.peek().is_none() || is_test_runner(service) || project.is_one_shot(service) {
        return;
    }

    let known = names(project);

    for var in vars {
        for endpoint in endpoints(var) {
            if !endpoint.is_single_word() || !known.contains(endpoint.host.as_str()) {
                continue;
            }

            sink.report(
                Finding::new(
                    endpoint.location,
                    format!(
                        "`{}` exposes the internal host `{}` to browsers",
                        var.name.value, endpoint.host
                    ),
                )
                .label("only containers of this project can resolve this name")
                .help("use the public address, or a path on the same origin"),
            );
        }
    }
}

/// Whether a service tests in a browser, which runs inside the project.
fn is_test_runner(service: &Service) -> bool {
    ["playwright", "cypress", "selenium", "e2e"]
        .iter()
        .any(|word| service.name().contains(word))
}
