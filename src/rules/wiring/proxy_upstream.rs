//! `proxy-upstream`: whether the upstreams of a proxy exist: nginx, Caddy, Traefik's labels.

use crate::analysis::Analysis;
use crate::analysis::upstream::{Address, Fault, fault, is_group_elsewhere, words_of};
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::rules::wiring::upstream::{self, is_for_development};
use crate::source::{Located, Location, SourceFile, Span};
use crate::suggest;

/// Directives of nginx that name where requests go.
const PASSES: &[&str] = &[
    "proxy_pass",
    "grpc_pass",
    "fastcgi_pass",
    "uwsgi_pass",
    "scgi_pass",
];

pub fn file(ctx: &Analysis, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if !matches!(facts.kind, FileKind::Text | FileKind::Template) {
        return;
    }

    let caddy = source.name().to_ascii_lowercase().contains("caddyfile");
    let addresses = if caddy {
        caddy_upstreams(source)
    } else if source.path.contains("conf")
        && PASSES.iter().any(|pass| source.text.contains(pass))
        && source.text.contains('{')
    {
        nginx_upstreams(source)
    } else {
        return;
    };

    let readers = ctx.graph.readers(&source.path);

    for address in addresses {
        let Some(fault) = fault(ctx, &readers, &address) else {
            continue;
        };

        let is_unknown = matches!(fault, Fault::UnknownHost { .. });
        if is_unknown && is_group_elsewhere(ctx, &address.host.value, source.id) {
            continue;
        }

        let finding = upstream::finding(&address, &fault, "the upstream");
        sink.report(finding.case_if(is_for_development(&readers), "development"));
    }
}

/// The words of each line of a configuration file with their offsets, without comments.
fn words_by_line(text: &str) -> impl Iterator<Item = Vec<(usize, &str)>> {
    let mut end = 0;

    text.split_inclusive('\n').map(move |line| {
        let start = end;
        end += line.len();
        words_of(line, start)
    })
}

fn nginx_upstreams(source: &SourceFile) -> Vec<Address> {
    let words: Vec<(usize, &str)> = words_by_line(&source.text).flatten().collect();
    let mut groups: Vec<&str> = Vec::new();
    let mut targets: Vec<(usize, &str)> = Vec::new();
    let mut inside = false;

    for (index, window) in words.windows(2).enumerate() {
        let (word, next) = (window[0].1, window[1]);

        match word {
            "upstream" if words.get(index + 2).is_some_and(|(_, sign)| *sign == "{") => {
                groups.push(next.1);
                inside = true;
            }
            "}" => inside = false,
            "server" if inside => targets.push(next),
            _ if PASSES.contains(&word) => targets.push(next),
            _ => {}
        }
    }

    let mut addresses: Vec<Address> = targets
        .into_iter()
        .filter_map(|(offset, text)| nginx_address(source, offset, text))
        .collect();
    addresses.retain(|address| !groups.contains(&address.host.value.as_str()));

    addresses
}

/// The address in a directive; `None` for variables and sockets.
fn nginx_address(source: &SourceFile, offset: usize, text: &str) -> Option<Address> {
    let text = text.trim_matches(['"', '\'']);
    if text.contains(['$', '{', '%', '<']) || text.starts_with("unix:") || text.contains("://unix:")
    {
        return None;
    }

    Address::parse(text, source.location(Span::of(offset, offset + text.len())))
}

fn caddy_upstreams(source: &SourceFile) -> Vec<Address> {
    let mut addresses = Vec::new();

    for words in words_by_line(&source.text) {
        let Some(directive) = words
            .iter()
            .position(|(_, word)| matches!(*word, "reverse_proxy" | "php_fastcgi"))
        else {
            continue;
        };

        for (start, word) in words[directive + 1..]
            .iter()
            .take_while(|(_, word)| !matches!(*word, "{" | "}"))
        {
            // Matchers, placeholders, sockets and bare ports are not hosts.
            if word.starts_with(['/', '@', '*', ':', '{', '$'])
                || word.contains(['$', '{', '*'])
                || word.starts_with("unix")
            {
                continue;
            }

            addresses.extend(Address::parse(
                word,
                source.location(Span::of(*start, start + word.len())),
            ));
        }
    }

    addresses
}

/// Labels for Traefik: the port must be one of the service, and the service of a router must be
/// defined.
pub fn labels(ctx: &Analysis, project: &Project, service: &Service, sink: &mut Sink) {
    for label in &service.labels {
        let name = label.name.value.as_str();
        let Some(rest) = name
            .strip_prefix("traefik.http.")
            .or_else(|| name.strip_prefix("traefik.tcp."))
        else {
            continue;
        };

        let (Some(value), Some(location)) = (label.value.resolved(), label.value.location()) else {
            continue;
        };

        let finding = if rest.ends_with(".loadbalancer.server.port") {
            wrong_port(ctx, service, value, location)
        } else if rest.starts_with("routers.") && rest.ends_with(".service") {
            undefined_service(project, value, location)
        } else {
            None
        };

        if let Some(finding) = finding {
            sink.report(finding.case_if(project.development, "development"));
        }
    }
}

/// How many ports of a range are compared.
const MAX_RANGE: usize = 64;

/// The finding for a port that is not one of those of the service and its image, if they have any.
fn wrong_port(
    ctx: &Analysis,
    service: &Service,
    value: &str,
    location: Location,
) -> Option<Finding> {
    let port: u16 = value.parse().ok()?;
    let container = &service.container;
    let built = ctx.graph.build_of(container);
    let mut known: Vec<Located<u16>> = Vec::new();

    for mapping in &container.ports {
        let (first, last) = mapping.target?;
        known.extend(
            (first..=last)
                .take(MAX_RANGE)
                .map(|port| Located::new(port, mapping.location)),
        );
    }

    let exposed = built
        .into_iter()
        .flat_map(|(dockerfile, stage)| dockerfile.chain(stage))
        .flat_map(|stage| &stage.exposes);
    for expose in exposed.chain(&service.exposes) {
        let port = expose.value.split('/').next()?.parse().ok()?;
        known.push(Located::new(port, expose.location));
    }

    let image = service.known_image().map_or(&[][..], |known| &known.ports);
    if known.is_empty() || known.iter().any(|known| known.value == port) || image.contains(&port) {
        return None;
    }

    // An unknown image may listen on ports that it does not declare.
    if built.is_none() && image.is_empty() {
        return None;
    }

    let first = &known[0];
    Some(
        Finding::new(
            location,
            format!(
                "Traefik sends requests to `{}` on port {port}, which it does not serve",
                service.name()
            ),
        )
        .related(first.location, format!("it serves port {}", first.value))
        .help(format!("use {}, or expose {port}", first.value)),
    )
}

/// The finding for a Traefik service that no label defines.
fn undefined_service(project: &Project, value: &str, location: Location) -> Option<Finding> {
    // `name@provider` is defined by another provider, and the base of an overlay may define it.
    if value.contains('@') || project.overlay {
        return None;
    }

    let names: Vec<&str> = project
        .services
        .iter()
        .flat_map(|service| &service.labels)
        .filter_map(|label| traefik_service(&label.name.value))
        .collect();
    // Traefik defines a service for each container, named after service and project.
    let is_implied = project
        .services
        .iter()
        .any(|service| value.starts_with(service.name()));
    if names.contains(&value) || names.iter().any(|name| name.contains('$')) || is_implied {
        return None;
    }

    let help = match suggest::nearest(value, names.iter().copied()) {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => format!("define `traefik.http.services.{value}.loadbalancer.server.port`"),
    };
    Some(
        Finding::new(
            location,
            format!("no label defines the Traefik service `{value}`"),
        )
        .label("used by this router")
        .help(help),
    )
}

/// The Traefik service that a label defines.
fn traefik_service(label: &str) -> Option<&str> {
    let rest = label
        .strip_prefix("traefik.http.services.")
        .or_else(|| label.strip_prefix("traefik.tcp.services."))?;

    rest.split('.').next()
}
