//! `proxy-upstream`: whether what a proxy passes requests on to exists: nginx, Caddy, Traefik's
//! labels.

use crate::analysis::Ctx;
use crate::analysis::upstream::{Address, fault};
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::facts::FileFacts;
use crate::model::kind::FileKind;
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

pub fn file(ctx: &Ctx, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if !matches!(facts.kind, FileKind::Text | FileKind::Template) {
        return;
    }

    let caddy = source.name().to_ascii_lowercase().contains("caddyfile");
    let addresses = if caddy {
        caddy_upstreams(source)
    } else if PASSES.iter().any(|pass| source.text.contains(pass))
        && source.text.contains('{')
        && source.path.contains("conf")
    {
        nginx_upstreams(source)
    } else {
        return;
    };

    let readers = ctx.graph.readers(&source.path);

    for address in addresses {
        if let Some(fault) = fault(ctx, &readers, &address) {
            let finding = upstream::finding(&address, &fault, "the upstream");
            sink.report(finding.case_if(is_for_development(&readers), "development"));
        }
    }
}

/// Words of a configuration file with where they begin; comments are passed over.
fn lines(text: &str) -> impl Iterator<Item = Vec<(usize, &str)>> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        let comment = line
            .find('#')
            .filter(|hash| *hash == 0 || line[..*hash].ends_with([' ', '\t', ';', '{', '}']));
        let code = &line[..comment.unwrap_or(line.len())];
        let mut words = Vec::new();
        let mut from: Option<usize> = None;

        for (offset, c) in code.char_indices().chain([(code.len(), ' ')]) {
            let sign = matches!(c, ';' | '{' | '}') && !(c == '{' && code[..offset].ends_with('$'));

            if c.is_whitespace() || sign {
                if let Some(begin) = from.take() {
                    words.push((start + begin, &code[begin..offset]));
                }

                if sign {
                    words.push((start + offset, &code[offset..=offset]));
                }
            } else {
                from.get_or_insert(offset);
            }
        }

        words
    })
}

fn nginx_upstreams(source: &SourceFile) -> Vec<Address> {
    let words: Vec<(usize, &str)> = lines(&source.text).flatten().collect();
    let mut groups: Vec<&str> = Vec::new();
    let mut found: Vec<(usize, &str)> = Vec::new();
    let mut inside = false;

    for (at, window) in words.windows(2).enumerate() {
        let (word, next) = (window[0].1, window[1]);

        match word {
            "upstream" if words.get(at + 2).is_some_and(|(_, sign)| *sign == "{") => {
                groups.push(next.1);
                inside = true;
            }
            "}" => inside = false,
            "server" if inside => found.push(next),
            _ if PASSES.contains(&word) => found.push(next),
            _ => {}
        }
    }

    let address = |(at, text): (usize, &str)| {
        let text = text.trim_matches(['"', '\'']);
        if text.contains(['$', '{', '%', '<'])
            || text.starts_with("unix:")
            || text.contains("://unix:")
        {
            return None;
        }

        Address::parse(text, source.location(Span::of(at, at + text.len())))
    };

    let mut addresses: Vec<Address> = found.into_iter().filter_map(address).collect();
    addresses.retain(|address| !groups.contains(&address.host.value.as_str()));

    addresses
}

fn caddy_upstreams(source: &SourceFile) -> Vec<Address> {
    let mut found = Vec::new();

    for words in lines(&source.text) {
        let Some(at) = words
            .iter()
            .position(|(_, word)| matches!(*word, "reverse_proxy" | "php_fastcgi"))
        else {
            continue;
        };

        for (start, word) in words[at + 1..]
            .iter()
            .take_while(|(_, word)| !matches!(*word, "{" | "}"))
        {
            // Matchers, placeholders, sockets and bare ports are no hosts.
            if word.starts_with(['/', '@', '*', ':', '{', '$'])
                || word.contains(['$', '{', '*'])
                || word.starts_with("unix")
            {
                continue;
            }

            found.extend(Address::parse(
                word,
                source.location(Span::of(*start, start + word.len())),
            ));
        }
    }

    found
}

/// Traefik's labels of a service: the port must be its own, and a service that a router names must
/// be defined.
pub fn labels(ctx: &Ctx, project: &Project, service: &Service, sink: &mut Sink) {
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
            undefined(project, value, location)
        } else {
            None
        };

        if let Some(finding) = finding {
            sink.report(finding.case_if(project.development, "development"));
        }
    }
}

/// A port that neither the service nor its image knows, where they say which ones they have.
fn wrong_port(ctx: &Ctx, service: &Service, value: &str, location: Location) -> Option<Finding> {
    let port: u16 = value.parse().ok()?;
    let container = &service.container;
    let built = ctx.graph.build_of(container);
    let mut known: Vec<Located<u16>> = Vec::new();

    for one in &container.ports {
        let (first, last) = one.target?;
        known.extend(
            (first..=last)
                .take(64)
                .map(|port| Located::new(port, one.location)),
        );
    }

    let exposed = built
        .into_iter()
        .flat_map(|(dockerfile, stage)| dockerfile.chain(stage))
        .flat_map(|stage| &stage.exposes);
    for one in exposed.chain(&service.exposes) {
        known.push(Located::new(
            one.value.split('/').next()?.parse().ok()?,
            one.location,
        ));
    }

    let image = service.known_image().map_or(&[][..], |known| &known.ports);
    if known.is_empty() || known.iter().any(|one| one.value == port) || image.contains(&port) {
        return None;
    }
    // An image from elsewhere may listen on ports that nobody writes down.
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

fn undefined(project: &Project, value: &str, location: Location) -> Option<Finding> {
    // `name@provider` comes from elsewhere, and an overlay's base may define it.
    if value.contains('@') || project.overlay {
        return None;
    }

    let names = project
        .services
        .iter()
        .flat_map(|service| &service.labels)
        .filter_map(|label| {
            let rest = label
                .name
                .value
                .strip_prefix("traefik.http.services.")
                .or_else(|| label.name.value.strip_prefix("traefik.tcp.services."))?;
            rest.split('.').next()
        });
    let names: Vec<&str> = names.collect();
    // Traefik makes a service of each container, named after service and project.
    let implied = project
        .services
        .iter()
        .any(|service| value.starts_with(service.name()));
    if names.contains(&value) || names.iter().any(|name| name.contains('$')) || implied {
        return None;
    }

    let help = suggest::nearest(value, names.iter().copied()).map_or_else(
        || format!("define `traefik.http.services.{value}.loadbalancer.server.port`"),
        |near| format!("did you mean `{near}`?"),
    );
    Some(
        Finding::new(
            location,
            format!("no label defines the Traefik service `{value}`"),
        )
        .label("used by this router")
        .help(help),
    )
}
