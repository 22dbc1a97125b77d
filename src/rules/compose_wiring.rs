//! unknown-host, localhost-dependency, inconsistent-url, browser-internal-host: whether the addresses that services are
//! given lead to each other.

use std::cell::LazyCell;
use std::collections::{HashMap, HashSet};

use super::Ctx;
use super::endpoint::{Endpoint, endpoints};
use crate::data::Class;
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, ReferenceKind, Service};
use crate::model::env::EnvVar;
use crate::suggest;

/// Every name that resolves on the project's networks.
pub fn names(project: &Project) -> HashSet<&str> {
    let own = project.services.iter().map(Service::name);
    own.chain(project.services.iter().flat_map(|service| service.aliases.iter().map(String::as_str))).collect()
}

/// The name on the project's networks that a misspelt one most likely means.
pub fn nearest_name<'p>(project: &'p Project, host: &str) -> Option<&'p str> {
    let own = project.services.iter().map(Service::name);
    let aliases = project.services.iter().flat_map(|service| service.aliases.iter().map(String::as_str));
    suggest::nearest(host, own.chain(aliases))
}

/// Whether other projects' services may be reachable from this one.
fn is_connected(project: &Project, service: &Service) -> bool {
    let external = |name: &str| {
        project.definition(ReferenceKind::Network, name).is_some_and(|network| network.external || network.shared)
    };
    let joins = service.references.iter().any(|one| one.kind == ReferenceKind::Network && external(&one.name.value));
    joins || external("default") || !service.network_mode.is_absent() || service.container.open || project.overlay
}

/// Whether a single word may be the name of something that the service can reach.
pub fn may_reach(ctx: &Ctx, project: &Project, service: &Service, host: &str) -> bool {
    // Files that stand together are often run together, and a project may join another's network.
    let joins = |other: &Project| {
        other.networks.iter().any(|network| network.external || network.shared)
            || other.services.iter().any(|service| service.network_mode.known().is_some())
    };
    let near = |other: &Project| other.folder == project.folder || joins(other);
    is_connected(project, service)
        || ctx.graph.knowing(host).any(|other| std::ptr::eq(other, project))
        || service.hosts.iter().any(|name| name == host)
        || is_placeholder(host)
        || ctx.graph.knowing(host).any(near)
}

pub fn unknown_host(ctx: &Ctx, project: &Project, service: &Service, sink: &mut Sink) {
    if is_connected(project, service) {
        return;
    }
    for var in &service.container.env {
        for endpoint in endpoints(var) {
            let host = endpoint.host.as_str();
            if !endpoint.is_single_word() || may_reach(ctx, project, service, host) {
                continue;
            }
            let near = nearest_name(project, host);
            let help = near.map_or_else(
                || "name a service of the project, or give the host's full name".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            sink.report(
                Finding::new(
                    endpoint.place,
                    format!(
                        "`{}` of `{}` names the host `{host}`, which is no service",
                        var.name.value,
                        service.name()
                    ),
                )
                .label("no service, alias or link goes by this name")
                .help(help),
            );
        }
    }
}

/// Hosts in values that somebody is meant to fill in, and the name of the host itself.
pub fn is_placeholder(host: &str) -> bool {
    let lower = host.to_ascii_lowercase();
    ["your", "example", "changeme", "placeholder", "xxx", "hostname", "host", "host-gateway"]
        .iter()
        .any(|word| lower == *word || lower.starts_with("your"))
}

/// Words in the name of a variable whose address is for people's browsers, or for listening, and not for this service.
const OUTWARD: &[&str] = &[
    "ADVERTISED",
    "ALLOWED",
    "BIND",
    "BROWSER",
    "CALLBACK",
    "CLIENT",
    "CORS",
    "DOMAIN",
    "EXTERNAL",
    "FRONTEND",
    "HEALTH",
    "HEALTHCHECK",
    "ISSUER",
    "LISTEN",
    "LISTENERS",
    "NEXTAUTH",
    "ORIGIN",
    "ORIGINS",
    "PUBLIC",
    "REDIRECT",
    "SELF",
    "SITE",
    "WEBHOOK",
    "WEBSITE",
];

/// The same, as the last words of a name.
const OUTWARD_ENDS: &[&str] = &["APP_URL", "AUTH_URL", "BASE_URL", "HOST_URL", "ROOT_URL", "SERVER_URL", "WEB_URL"];

pub fn is_outward(name: &str) -> bool {
    let ends = |end: &&str| name.strip_suffix(*end).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'));
    name.split('_').any(|word| OUTWARD.contains(&word)) || OUTWARD_ENDS.iter().any(ends)
}

const BROWSER: &[&str] = &[
    "NEXT_PUBLIC_",
    "VITE_",
    "REACT_APP_",
    "NUXT_PUBLIC_",
    "VUE_APP_",
    "GATSBY_",
    "EXPO_PUBLIC_",
    "NG_APP_",
    "PUBLIC_",
];

pub fn is_for_browsers(name: &str) -> bool {
    BROWSER.iter().any(|prefix| name.starts_with(prefix))
}

pub fn localhost_dependency(_: &Ctx, project: &Project, service: &Service, sink: &mut Sink) {
    if !service.network_mode.is_absent() {
        return;
    }
    for var in &service.container.env {
        let outward = LazyCell::new(|| {
            let name = var.name.value.to_ascii_uppercase();
            is_for_browsers(&name) || is_outward(&name)
        });
        for endpoint in endpoints(var).into_iter().filter(Endpoint::is_local).filter(|_| !*outward) {
            let Some(port) = endpoint.effective_port() else { continue };
            // A program may well speak to itself.
            if serves(service, port) {
                continue;
            }
            let Some(other) =
                project.services.iter().find(|other| other.name() != service.name() && serves(other, port))
            else {
                continue;
            };
            sink.report(
                Finding::new(
                    endpoint.place,
                    format!(
                        "`{}` of `{}` says localhost, but port {port} is `{}`'s",
                        var.name.value,
                        service.name(),
                        other.name()
                    ),
                )
                .label("inside a container this is the container itself")
                .related(other.container.anchor, format!("`{}` serves port {port}", other.name()))
                .help(format!("write `{}` for the host, and the port inside the container", other.name())),
            );
        }
    }
}

/// Whether a port is one that the service publishes, exposes, or is known to serve.
pub fn serves(service: &Service, port: u16) -> bool {
    let within = |range: Option<(u16, u16)>| range.is_some_and(|(first, last)| (first..=last).contains(&port));
    let published = |one: &crate::model::container::Port| within(one.target) || within(one.published.flatten());
    service.container.ports.iter().any(published)
        || service.exposes.iter().any(|exposed| exposed.value.split('/').next() == Some(port.to_string().as_str()))
        || service.known_image().is_some_and(|known| known.ports.contains(&port))
}

pub fn inconsistent_url(_: &Ctx, project: &Project, sink: &mut Sink) {
    let mut seen: HashMap<&str, Vec<(&Service, Endpoint)>> = HashMap::new();
    // A migration goes past the pooler that the others go through.
    for service in project.services.iter().filter(|service| !project.is_one_shot(service)) {
        for var in &service.container.env {
            let Ok([endpoint]) = <[Endpoint; 1]>::try_from(endpoints(var)) else { continue };
            let pools = project.service(&endpoint.host).and_then(Service::known_image);
            let pools = pools.is_some_and(|known| known.class == Class::Proxy);
            let outward = is_for_browsers(&var.name.value) || is_outward(&var.name.value.to_ascii_uppercase());
            if endpoint.scheme.is_empty() || outward || pools {
                continue;
            }
            let others = seen.entry(&var.name.value).or_default();
            let Some((other, first)) = others.iter().find(|(_, first)| differs(first, &endpoint)) else {
                if others.len() < 16 {
                    others.push((service, endpoint));
                }
                continue;
            };
            // Of two addresses the one that leads to the container itself is wrong.
            let (wrong, right) = if first.is_local() {
                ((*other, first.clone()), (service, endpoint))
            } else {
                ((service, endpoint), (*other, first.clone()))
            };
            let shown =
                |one: &Endpoint| one.effective_port().map_or(one.host.clone(), |port| format!("{}:{port}", one.host));
            sink.report(
                Finding::new(
                    wrong.1.place,
                    format!(
                        "`{}` is {} for `{}` and {} for `{}`",
                        var.name.value,
                        shown(&wrong.1),
                        wrong.0.name(),
                        shown(&right.1),
                        right.0.name()
                    ),
                )
                .related(right.1.place, "the other value")
                .help("give both the same, best from one anchor or one env file"),
            );
        }
    }
}

/// Whether two addresses are meant to be one: the same host on another port, the same database on another host, or a
/// name of the project's network here and localhost there.
fn differs(a: &Endpoint, b: &Endpoint) -> bool {
    if a.is_local() || b.is_local() {
        return a.is_single_word() || b.is_single_word();
    }
    let same_host = a.host == b.host && a.scheme == b.scheme;
    let database = !matches!(a.scheme.as_str(), "http" | "https" | "ws" | "wss" | "redis" | "rediss" | "grpc" | "tcp");
    let same_database = database && a.scheme == b.scheme && a.path.len() > 1 && a.path == b.path;
    (same_host && a.effective_port() != b.effective_port()) || (same_database && a.host != b.host)
}

pub fn browser_internal_host(_: &Ctx, project: &Project, service: &Service, sink: &mut Sink) {
    // A test runner's browser runs inside the project.
    let args = service.build.iter().flat_map(|build| &build.args);
    let browser = |var: &&EnvVar| is_for_browsers(&var.name.value);
    let mut vars = service.container.env.iter().chain(args).filter(browser).peekable();
    let drives = || ["playwright", "cypress", "selenium", "e2e"].iter().any(|word| service.name().contains(word));
    if vars.peek().is_none() || drives() || project.is_one_shot(service) {
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
                    endpoint.place,
                    format!("`{}` gives browsers the address `{}`", var.name.value, endpoint.host),
                )
                .label("a name that only containers of this project know")
                .help("use the address under which people reach it, or a path on the same origin"),
            );
        }
    }
}
