//! Names of hosts: which ones a compose service can reach, which ports it serves, and which
//! addresses are for browsers.

use std::collections::HashSet;

use super::Analysis;
use crate::data::Class;
use crate::model::compose::{Project, ReferenceKind, Service};
use crate::suggest;

/// Every name that resolves on the project's networks.
pub fn names(project: &Project) -> HashSet<&str> {
    all_names(project).collect()
}

fn all_names(project: &Project) -> impl Iterator<Item = &str> {
    let services = &project.services;
    let aliases = services.iter().flat_map(|service| &service.aliases);

    services
        .iter()
        .map(Service::name)
        .chain(aliases.map(String::as_str))
}

/// The name on the project's networks that a misspelled one most likely means.
pub fn nearest_name<'p>(project: &'p Project, host: &str) -> Option<&'p str> {
    suggest::nearest(host, all_names(project))
}

/// Whether other projects' services may be reachable from this one.
pub fn is_connected(project: &Project, service: &Service) -> bool {
    let joins_external = service.references.iter().any(|reference| {
        reference.kind == ReferenceKind::Network
            && is_external_network(project, &reference.name.value)
    });

    joins_external
        || is_external_network(project, "default")
        || !service.network_mode.is_absent()
        || service.container.open
        || project.overlay
}

fn is_external_network(project: &Project, name: &str) -> bool {
    project
        .definition(ReferenceKind::Network, name)
        .is_some_and(|network| network.external || network.shared)
}

/// Whether a single word may be the name of a host that the service can reach.
pub fn may_reach(ctx: &Analysis, project: &Project, service: &Service, host: &str) -> bool {
    is_connected(project, service)
        || service.hosts.iter().any(|name| name == host)
        || is_placeholder(host)
        || ctx.graph.projects_resolving(host).any(|other| {
            // Projects of one folder often run together, and a project may join the network of
            // another.
            std::ptr::eq(other, project)
                || other.folder == project.folder
                || joins_other_network(other)
        })
}

fn joins_other_network(project: &Project) -> bool {
    project
        .networks
        .iter()
        .any(|network| network.external || network.shared)
        || project
            .services
            .iter()
            .any(|service| service.network_mode.known().is_some())
}

/// Whether a host is a placeholder in an example, or the host of the containers.
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

/// Words in the name of a variable whose address is for browsers or for listening, and not for this
/// service.
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

/// Whether the address in a variable of this name (in capitals) is not for the service itself.
pub fn is_outward(name: &str) -> bool {
    name.split('_').any(|word| OUTWARD.contains(&word))
        || OUTWARD_ENDS.iter().any(|end| {
            name.strip_suffix(end)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
        })
}

/// Words in the name of a variable whose address programs call, and no browser.
const BACKENDS: &[&str] = &[
    "ANTHROPIC",
    "EMBEDDING",
    "EMBEDDINGS",
    "INFERENCE",
    "LITELLM",
    "LLM",
    "MCP",
    "OLLAMA",
    "OPENAI",
    "RERANK",
    "RERANKER",
    "VLLM",
];

/// Whether the variable of this name (in capitals) of a service may hold the address at which
/// browsers reach `server`. Addresses of model servers and stores are for programs, also if the
/// name of their variable ends in `BASE_URL`.
pub fn may_be_for_browsers(name: &str, server: &Service) -> bool {
    let is_backend = name.split('_').any(|word| BACKENDS.contains(&word))
        || server
            .known_image()
            .is_some_and(|known| known.class.is_store() || known.class == Class::LlmServer);
    let is_said = is_for_browsers(name) || name.split('_').any(|word| OUTWARD.contains(&word));

    is_said || is_outward(name) && !is_backend
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
    let is_mapped = service
        .container
        .ports
        .iter()
        .flat_map(|mapping| [mapping.target, mapping.published.flatten()])
        .flatten()
        .any(|(first, last)| (first..=last).contains(&port));

    is_mapped
        || service
            .exposes
            .iter()
            .any(|exposed| exposed.value.split('/').next() == Some(port.to_string().as_str()))
        || service
            .known_image()
            .is_some_and(|known| known.ports.contains(&port))
}

/// Whether files of this path are for a swarm, whose nodes share ports and read only `deploy`.
pub fn is_swarm(path: &str) -> bool {
    path.contains("swarm") || path.contains("stack")
}
