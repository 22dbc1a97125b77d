//! Hosts and ports inside the values of variables: URLs of databases, brokers and HTTP, several
//! hosts in one, `host:port`.

use std::borrow::Cow;

use crate::model::env::{EnvValue, EnvVar};
use crate::source::{Location, Span};

/// Schemes whose authority is a host to connect to. Others name buckets, files, listeners.
const SCHEMES: &[&str] = &[
    "amqp",
    "amqps",
    "bolt",
    "clickhouse",
    "couchdb",
    "elasticsearch",
    "grpc",
    "grpcs",
    "http",
    "https",
    "kafka",
    "ldap",
    "ldaps",
    "mariadb",
    "memcached",
    "mongodb",
    "mqtt",
    "mqtts",
    "mssql",
    "mysql",
    "nats",
    "neo4j",
    "postgres",
    "postgresql",
    "pulsar",
    "redis",
    "rediss",
    "smtp",
    "smtps",
    "sqlserver",
    "tcp",
    "valkey",
    "ws",
    "wss",
];

/// A host that a variable tells a program to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub scheme: String,
    pub host: String,
    pub port: Option<u16>,
    /// What follows the authority.
    pub path: String,
    /// The host's name, or the whole value where its parts have no places.
    pub location: Location,
}

impl Endpoint {
    pub fn is_local(&self) -> bool {
        matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "::1")
    }

    /// A name without a dot, which only the project's own network could know.
    pub fn is_single_word(&self) -> bool {
        !self.host.contains(['.', ':'])
            && !self.is_local()
            && self.host.starts_with(|c: char| c.is_ascii_alphabetic())
    }

    /// The port, or the one that its scheme stands for.
    pub fn effective_port(&self) -> Option<u16> {
        self.port.or(match self.scheme.as_str() {
            "http" | "ws" => Some(80),
            "https" | "wss" => Some(443),
            "postgres" | "postgresql" => Some(5432),
            "mysql" | "mariadb" => Some(3306),
            "redis" | "rediss" | "valkey" => Some(6379),
            "mongodb" => Some(27017),
            "amqp" => Some(5672),
            "nats" => Some(4222),
            "bolt" | "neo4j" => Some(7687),
            _ => None,
        })
    }
}

/// The endpoints in a variable's value. A part that a variable without a value stands in for is
/// left out.
pub fn endpoints(var: &EnvVar) -> Vec<Endpoint> {
    let (text, location) = match &var.value {
        EnvValue::Literal(at) => (Cow::Borrowed(at.value.as_str()), at.location),
        EnvValue::Template {
            written,
            resolved: Some(text),
            fallbacks,
        } => {
            // Where the default is the whole value, its hosts have places of their own.
            let whole = fallbacks
                .iter()
                .find(|fallback| fallback.literal.value == *text);
            (
                Cow::Borrowed(text.as_str()),
                whole.map_or(written.location, |fallback| fallback.literal.location),
            )
        }

        EnvValue::Template {
            written,
            resolved: None,
            ..
        } => (Cow::Owned(masked(&written.value)), written.location),
        EnvValue::Reference(_) | EnvValue::Inherited => return Vec::new(),
    };
    // A port or a scheme has one; most values have none.
    if !text.contains(':') {
        return Vec::new();
    }

    let verbatim = location.span.len() as usize == text.len();
    let mut found = parse(&text);
    if found.is_empty() && names_hosts(&var.name.value) {
        found = pairs(&text);
    }

    let placed = found.into_iter().map(|(endpoint, span)| {
        let inner = Location::new(location.file, span.shift(location.span.start));
        Endpoint {
            location: if verbatim { inner } else { location },
            ..endpoint
        }
    });

    placed.collect()
}

/// Each variable as bytes that no host holds, so that offsets stay.
fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0_u32;
    let mut chars = text.chars().peekable();

    while let Some(c) = chars.next() {
        if c == '$' && chars.peek() == Some(&'{') {
            depth += 1;
        }

        out.extend(if depth > 0 || c == '$' {
            std::iter::repeat_n('%', c.len_utf8())
        } else {
            std::iter::repeat_n(c, 1)
        });

        if c == '}' {
            depth = depth.saturating_sub(1);
        }
    }

    out
}

/// Whether a variable of this name holds hosts to connect to, though not as a URL.
fn names_hosts(name: &str) -> bool {
    const ENDS: &[&str] = &[
        "_BROKERS",
        "_SERVERS",
        "_BOOTSTRAP_SERVERS",
        "_ADDR",
        "_ADDRESS",
        "_ENDPOINT",
        "_HOSTS",
        "_HOST",
        "_URL",
    ];
    let upper = name.to_ascii_uppercase();
    let listens = || {
        [
            "LISTEN",
            "BIND",
            "ADVERTISED",
            "ALLOWED",
            "PUBLIC",
            "EXTERNAL",
        ]
        .iter()
        .any(|word| upper.contains(word))
    };

    ENDS.iter().any(|end| upper.ends_with(end)) && !listens()
}

/// `host:port` pairs, separated by commas.
fn pairs(text: &str) -> Vec<(Endpoint, Span)> {
    let mut found = Vec::new();
    let mut start = 0;

    for part in text.split(',') {
        let host = part
            .rsplit_once(':')
            .and_then(|(host, port)| Some((host, port.parse().ok()?)));
        match host {
            Some((host, port)) if is_host(host) => found.push((
                endpoint("", host, Some(port), ""),
                Span::of(start, start + host.len()),
            )),
            _ => return Vec::new(),
        }

        start += part.len() + 1;
    }

    found
}

/// The hosts of a URL.
fn parse(text: &str) -> Vec<(Endpoint, Span)> {
    let Some((before, rest)) = text.split_once("://") else {
        return Vec::new();
    };

    let written = before.rsplit(':').next().unwrap_or(before);
    let scheme = written
        .split('+')
        .next()
        .unwrap_or(written)
        .to_ascii_lowercase();
    if !SCHEMES.contains(&scheme.as_str()) {
        return Vec::new();
    }

    let len = rest.find(['/', '?', '#', ' ']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(len);
    let hosts = authority.rfind('@').map_or(0, |at| at + 1);
    let mut start = before.len() + 3 + hosts;
    let mut found = Vec::new();

    for part in authority[hosts..].split(',') {
        let (host, port) = match part.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()),
            None => (part, None),
        };

        if is_host(host) {
            found.push((
                endpoint(&scheme, host, port, path),
                Span::of(start, start + host.len()),
            ));
        }

        start += part.len() + 1;
    }

    found
}

fn is_host(host: &str) -> bool {
    !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

fn endpoint(scheme: &str, host: &str, port: Option<u16>, path: &str) -> Endpoint {
    Endpoint {
        scheme: scheme.to_owned(),
        host: host.to_owned(),
        port,
        path: path.to_owned(),
        location: Location::default(),
    }
}

/// Parts of paths that any program serves, and no API.
const PLAIN: &[&str] = &[
    "health", "ready", "live", "ping", "status", "metrics", "version", "favicon", "static",
    "robots", "docs", "redoc", "openapi", "swagger", "_next", "sitemap", "manifest",
];

/// Whether a path is more than any program serves.
pub fn is_api(path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
    parts.peek().is_some() && !parts.any(|part| PLAIN.iter().any(|plain| part.contains(plain)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lists_and_pairs_give_their_hosts() {
        let hosts = |text: &str| -> Vec<(String, Option<u16>)> {
            let found = if text.contains("://") {
                parse(&masked(text))
            } else {
                pairs(text)
            };

            found
                .into_iter()
                .map(|(one, _)| (one.host, one.port))
                .collect()
        };

        let one = |host: &str, port: Option<u16>| (host.to_owned(), port);
        assert_eq!(
            hosts("postgresql+asyncpg://u:p@db.example.com:5432/app"),
            [one("db.example.com", Some(5432))]
        );
        assert_eq!(hosts("postgres://u:${PW}@db/app"), [one("db", None)]);
        assert_eq!(hosts("postgres://u:${PW}@${HOST}:5432/app"), []);
        assert_eq!(hosts("jdbc:mysql://db:3306/x"), [one("db", Some(3306))]);
        assert_eq!(
            hosts("mongodb://a:27017,b:27018/?replicaSet=r"),
            [one("a", Some(27017)), one("b", Some(27018))]
        );
        assert_eq!(hosts("s3://bucket/key"), []);
        assert_eq!(
            hosts("kafka1:9092,kafka2:9093"),
            [one("kafka1", Some(9092)), one("kafka2", Some(9093))]
        );
        let span = parse("http://api:8000/v1")[0].1;
        assert_eq!(span.text("http://api:8000/v1"), "api");
    }
}
