//! Whether the addresses in a configuration file lead anywhere, for the services that are given it.

use crate::analysis::Ctx;
use crate::analysis::hosts::{may_reach, nearest_name, serves};
use crate::finding::Finding;
use crate::graph::ConfigConsumer;
use crate::model::compose::Service;
use crate::source::{Located, Location};

/// An address in a configuration file, with the places of its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub host: Located<String>,
    pub port: Option<Located<u16>>,
}

impl Address {
    /// Reads `[scheme://]host[:port][/path]` at a place that holds exactly this text.
    pub fn read(text: &str, location: Location) -> Option<Self> {
        let start = text.find("://").map_or(0, |at| at + 3);
        let rest = &text[start..];
        let authority = &rest[..rest.find(['/', '?', '#', ' ']).unwrap_or(rest.len())];
        let at = |from: usize, to: usize| {
            let begin = location.span.start;
            Location::new(
                location.file,
                crate::source::Span::new(begin + from as u32, begin + to as u32),
            )
        };

        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };

        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if host.is_empty() || !host.bytes().all(plain) {
            return None;
        }

        let port = port.and_then(|port| {
            let from = start + host.len() + 1;
            Some(Located::new(
                port.parse().ok()?,
                at(from, from + port.len()),
            ))
        });

        Some(Self {
            host: Located::new(host.to_owned(), at(start, start + host.len())),
            port,
        })
    }

    pub fn is_local(&self) -> bool {
        matches!(self.host.value.as_str(), "localhost" | "127.0.0.1")
    }

    /// A name without a dot: only the project's own network could know it.
    pub fn is_single_word(&self) -> bool {
        !self.host.value.contains('.')
            && !self.is_local()
            && self
                .host
                .value
                .starts_with(|c: char| c.is_ascii_alphabetic())
    }
}

/// What is wrong with an address that every one of these services is told to reach. `what` names
/// it: "the scrape target".
pub fn fault(
    ctx: &Ctx,
    readers: &[ConfigConsumer],
    address: &Address,
    what: &str,
) -> Option<Finding> {
    let host = address.host.value.as_str();
    let first = readers.first()?;

    if address.is_local() {
        let port = address.port.as_ref()?.value;
        if readers
            .iter()
            .any(|reader| !reader.service.network_mode.is_absent() || serves(reader.service, port))
        {
            return None;
        }

        let own = first.service.name();
        let other = first
            .project
            .services
            .iter()
            .find(|other| other.name() != own && serves(other, port))?;
        return Some(
            Finding::new(
                address.host.location,
                format!(
                    "{what} is localhost, but `{}` serves port {port}",
                    other.name()
                ),
            )
            .label(format!("inside `{own}`, localhost is `{own}` itself"))
            .related(
                other.container.anchor,
                format!("`{}` serves port {port}", other.name()),
            )
            .help(format!(
                "use `{}` as the host, with its container port",
                other.name()
            )),
        );
    }

    if !address.is_single_word() {
        return None;
    }
    // What an image brings along is true wherever the image runs.
    let copied = readers.iter().any(|reader| reader.path.is_none());
    let elsewhere = copied && ctx.graph.projects_resolving(host).next().is_some();
    if !elsewhere
        && readers
            .iter()
            .all(|reader| !may_reach(ctx, reader.project, reader.service, host))
    {
        let near = nearest_name(first.project, host);
        let help = near.map_or_else(
            || "use a service name of the project or a fully qualified host name".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        return Some(
            Finding::new(
                address.host.location,
                format!(
                    "{what} `{host}` is not a service in the project of `{}`",
                    first.service.name()
                ),
            )
            .label("no service or alias has this name")
            .related(
                first.service.container.anchor,
                "this service reads the file",
            )
            .help(help),
        );
    }

    let port = address.port.as_ref()?;
    let (service, inner) = readers
        .iter()
        .map(|reader| {
            reader
                .project
                .service(host)
                .and_then(|service| Some((service, swapped(service, port.value)?)))
        })
        .next()??;
    Some(
        Finding::new(
            port.location,
            format!(
                "{what} `{host}:{}` uses the published host port of `{host}`",
                port.value
            ),
        )
        .label(format!("inside the project, it listens on {inner}"))
        .related(
            service
                .container
                .ports
                .first()
                .map_or(service.container.anchor, |port| port.location),
            "published here",
        )
        .help(format!("write `{host}:{inner}`")),
    )
}

/// The port inside the container, where this one is only its number on the host.
fn swapped(service: &Service, port: u16) -> Option<u16> {
    let exposed = service
        .exposes
        .iter()
        .any(|one| one.value.starts_with(&port.to_string()));
    let ports = &service.container.ports;
    let inside = ports.iter().any(|one| {
        one.unknown
            || one
                .target
                .is_some_and(|(first, last)| (first..=last).contains(&port))
    });

    if inside
        || exposed
        || service
            .known_image()
            .is_some_and(|known| known.ports.contains(&port))
    {
        return None;
    }

    let single = |range: Option<(u16, u16)>| {
        range
            .filter(|(first, last)| first == last)
            .map(|(first, _)| first)
    };

    let outside = ports
        .iter()
        .find(|one| single(one.published.flatten()) == Some(port))?;
    single(outside.target)
}
