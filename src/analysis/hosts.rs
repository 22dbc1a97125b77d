//! Names of hosts: which ones a compose service can reach, which ports it serves, and which
//! addresses are for browsers.

use std::collections::HashSet;

use super::Ctx;
use crate::model::compose::{Project, ReferenceKind, Service};
use crate::suggest;

/// Every name that resolves on the project's networks.
pub fn names(project: &Project) -> HashSet<&str> {
    let own = project.services.iter().map(Service::name);
    own.chain(
        project
            .services
            .iter()
            .flat_map(|service| service.aliases.iter().map(String::as_str)),
    )
    .collect()
}

/// The name on the project's networks that a misspelled one most likely means.
pub fn nearest_name<'p>(project: &'p Project, host: &str) -> Option<&'p str> {
    let own = project.services.iter().map(Service::name);
    let aliases = project
        .services
        .iter()
        .flat_map(|service| service.aliases.iter().map(String::as_str));

    suggest::nearest(host, own.chain(aliases))
}

/// Whether other projects' services may be reachable from this one.
pub fn is_connected(project: &Project, service: &Service) -> bool {
    let external = |name: &str| {
        project
            .definition(ReferenceKind::Network, name)
            .is_some_and(|network| network.external || network.shared)
    };

    let joins = service
        .references
        .iter()
        .any(|one| one.kind == ReferenceKind::Network && external(&one.name.value));
    joins
        || external("default")
        || !service.network_mode.is_absent()
        || service.container.open
        || project.overlay
}

/// Whether a single word may be the name of something that the service can reach.
pub fn may_reach(ctx: &Ctx, project: &Project, service: &Service, host: &str) -> bool {
    // Files that stand together are often run together, and a project may join another's network.
    let joins = |other: &Project| {
        other
            .networks
            .iter()
            .any(|network| network.external || network.shared)
            || other
                .services
                .iter()
                .any(|service| service.network_mode.known().is_some())
    };

    let near = |other: &Project| other.folder == project.folder || joins(other);
    is_connected(project, service)
        || ctx
            .graph
            .projects_resolving(host)
            .any(|other| std::ptr::eq(other, project))
        || service.hosts.iter().any(|name| name == host)
        || is_placeholder(host)
        || ctx.graph.projects_resolving(host).any(near)
}

/// Hosts in values that somebody is meant to fill in, and the name of the host itself.
pub fn is_placeholder(host: &str) -> bool {
    let lower = host.to_ascii_lowercase();
    [
        "your",
        "example",
        "changeme",
        "placeholder",
        "xxx",
        "hostname",
        "host",
        "host-gateway",
    ]
    .iter()
    .any(|word| lower == *word || lower.starts_with("your"))
}

/// Words in the name of a variable whose address is for people's browsers, or for listening, and
/// not for this service.
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
const OUTWARD_ENDS: &[&str] = &[
    "APP_URL",
    "AUTH_URL",
    "BASE_URL",
    "HOST_URL",
    "ROOT_URL",
    "SERVER_URL",
    "WEB_URL",
];

pub fn is_outward(name: &str) -> bool {
    let ends = |end: &&str| {
        name.strip_suffix(*end)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
    };
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

/// Whether a port is one that the service publishes, exposes, or is known to serve.
pub fn serves(service: &Service, port: u16) -> bool {
    let within = |range: Option<(u16, u16)>| {
        range.is_some_and(|(first, last)| (first..=last).contains(&port))
    };

    let published =
        |one: &crate::model::container::Port| within(one.target) || within(one.published.flatten());
    service.container.ports.iter().any(published)
        || service
            .exposes
            .iter()
            .any(|exposed| exposed.value.split('/').next() == Some(port.to_string().as_str()))
        || service
            .known_image()
            .is_some_and(|known| known.ports.contains(&port))
}

/// Whether files of this path are for a swarm, whose nodes share ports and read nothing but
/// `deploy`.
pub fn is_swarm(path: &str) -> bool {
    path.contains("swarm") || path.contains("stack")
}
