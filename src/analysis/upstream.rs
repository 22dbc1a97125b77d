//! Addresses in configuration files, such as a proxy's upstreams: whether the services that read the
//! file can reach them.

use std::collections::HashMap;

use crate::analysis::Analysis;
use crate::analysis::hosts::{may_reach, nearest_name, serves};
use crate::graph::ConfigConsumer;
use crate::model::compose::Service;
use crate::source::{FileId, Located, Location, Repository, Span};

/// Whether another file defines a group of upstreams of this name: nginx includes files by pattern,
/// and its image fills templates in.
pub fn is_group_elsewhere(ctx: &Analysis, name: &str, file: FileId) -> bool {
    let groups = ctx
        .upstream_groups
        .get_or_init(|| upstream_groups(ctx.facts.repository));

    groups
        .get(name)
        .is_some_and(|files| files.iter().any(|other| *other != file))
}

/// The groups of upstreams of all files, by name, with the files that define them.
fn upstream_groups(repository: Repository) -> HashMap<String, Vec<FileId>> {
    let mut groups: HashMap<String, Vec<FileId>> = HashMap::new();
    let files = repository.files().iter();

    for file in files.filter(|file| file.text.contains("upstream")) {
        let lines = file.text.lines();

        for line in lines.filter(|line| line.contains("upstream")) {
            let words = words_of(line, 0);
            let pairs = words.windows(2).filter(|pair| pair[0].1 == "upstream");

            for pair in pairs {
                let files = groups.entry(pair[1].1.to_owned()).or_default();
                if files.last() != Some(&file.id) {
                    files.push(file.id);
                }
            }
        }
    }

    groups
}

/// The words of a line that starts at an offset; `;` and braces are words by themselves.
pub fn words_of(line: &str, start: usize) -> Vec<(usize, &str)> {
    let comment = line
        .find('#')
        .filter(|hash| *hash == 0 || line[..*hash].ends_with([' ', '\t', ';', '{', '}']));
    let code = &line[..comment.unwrap_or(line.len())];
    let mut words = Vec::new();
    let mut word_start: Option<usize> = None;

    for (offset, c) in code.char_indices().chain([(code.len(), ' ')]) {
        let is_sign = matches!(c, ';' | '{' | '}') && !(c == '{' && code[..offset].ends_with('$'));
        if !c.is_whitespace() && !is_sign {
            word_start.get_or_insert(offset);
            continue;
        }

        if let Some(begin) = word_start.take() {
            words.push((start + begin, &code[begin..offset]));
        }

        if is_sign {
            words.push((start + offset, &code[offset..=offset]));
        }
    }

    words
}

/// An address in a configuration file, with the locations of its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub host: Located<String>,
    pub port: Option<Located<u16>>,
}

impl Address {
    /// The address in `[scheme://]host[:port][/path]`; the location covers exactly this text.
    pub fn parse(text: &str, location: Location) -> Option<Self> {
        let start = text.find("://").map_or(0, |separator| separator + 3);
        let rest = &text[start..];
        let authority = &rest[..rest.find(['/', '?', '#', ' ']).unwrap_or(rest.len())];
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };

        if host.is_empty() || !host.bytes().all(is_host_byte) {
            return None;
        }

        let port = port.and_then(|port| {
            let from = start + host.len() + 1;
            let number = port.parse().ok()?;
            Some(Located::new(number, part(location, from, port.len())))
        });

        Some(Self {
            host: Located::new(host.to_owned(), part(location, start, host.len())),
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

const fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

/// The location of a part of the text at a location.
fn part(whole: Location, offset: usize, length: usize) -> Location {
    let start = whole.span.start + offset as u32;
    Location::new(whole.file, Span::new(start, start + length as u32))
}

/// A fault of an address in a configuration file, for the services that read the file.
#[derive(Clone, Copy, Debug)]
pub enum Fault<'a> {
    /// The address is localhost, but another service of the project serves its port.
    Localhost {
        reader: &'a Service,
        server: &'a Service,
        port: u16,
    },
    /// No service or alias has the name; `similar` is the one that was likely meant.
    UnknownHost {
        reader: &'a Service,
        similar: Option<&'a str>,
    },
    /// The port is the one on the host; inside the project, the service listens on `target`.
    PublishedPort {
        service: &'a Service,
        port: Located<u16>,
        target: u16,
    },
}

/// The fault of an address that each of these services is configured to use; `None` if it is right
/// for one of them, or may be.
pub fn fault<'a>(
    ctx: &Analysis<'a>,
    readers: &[ConfigConsumer<'a>],
    address: &Address,
) -> Option<Fault<'a>> {
    let first = readers.first()?;
    if address.is_local() {
        return localhost(readers, first, address.port.as_ref()?.value);
    }

    if !address.is_single_word() {
        return None;
    }

    let host = address.host.value.as_str();
    if is_unknown_host(ctx, readers, host) {
        return Some(Fault::UnknownHost {
            reader: first.service,
            similar: nearest_name(first.project, host),
        });
    }

    let port = address.port.as_ref()?;
    let service = first.project.service(host)?;

    Some(Fault::PublishedPort {
        service,
        port: *port,
        target: target_of_published(service, port.value)?,
    })
}

/// The fault of localhost, if no reader may serve the port itself and another service does.
fn localhost<'a>(
    readers: &[ConfigConsumer<'a>],
    first: &ConfigConsumer<'a>,
    port: u16,
) -> Option<Fault<'a>> {
    if readers
        .iter()
        .any(|reader| !reader.service.network_mode.is_absent() || serves(reader.service, port))
    {
        return None;
    }

    let server = first
        .project
        .services
        .iter()
        .find(|other| other.name() != first.service.name() && serves(other, port))?;

    Some(Fault::Localhost {
        reader: first.service,
        server,
        port,
    })
}

fn is_unknown_host(ctx: &Analysis, readers: &[ConfigConsumer], host: &str) -> bool {
    // A file that is part of the image is read wherever the image runs.
    let is_in_image = readers.iter().any(|reader| reader.path.is_none());
    if is_in_image && ctx.graph.projects_resolving(host).next().is_some() {
        return false;
    }

    readers
        .iter()
        .all(|reader| !may_reach(ctx, reader.project, reader.service, host))
}

/// The port inside the container that is published as this one, unless the service may listen on
/// this one as well.
fn target_of_published(service: &Service, port: u16) -> Option<u16> {
    let is_exposed = service
        .exposes
        .iter()
        .any(|exposed| exposed.value.starts_with(&port.to_string()));
    let ports = &service.container.ports;
    let is_target = ports.iter().any(|mapping| {
        mapping.unknown
            || mapping
                .target
                .is_some_and(|(first, last)| (first..=last).contains(&port))
    });
    let is_known = service
        .known_image()
        .is_some_and(|known| known.ports.contains(&port));
    if is_target || is_exposed || is_known {
        return None;
    }

    let mapping = ports
        .iter()
        .find(|mapping| single_port(mapping.published.flatten()) == Some(port))?;

    single_port(mapping.target)
}

fn single_port(range: Option<(u16, u16)>) -> Option<u16> {
    match range {
        Some((first, last)) if first == last => Some(first),
        _ => None,
    }
}
