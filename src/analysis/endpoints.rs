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

/// A host that a program connects to, from a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub scheme: String,
    pub host: String,
    pub port: Option<u16>,
    /// The part after the authority.
    pub path: String,
    /// The host's name, or the whole value if its parts have no locations.
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

    /// The port, or the default of the scheme.
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

/// The endpoints in the value of a variable, without those that contain an unknown variable.
pub fn endpoints(var: &EnvVar) -> Vec<Endpoint> {
    let (text, location) = match &var.value {
        EnvValue::Literal(literal) => (Cow::Borrowed(literal.value.as_str()), literal.location),
        EnvValue::Template {
            written,
            resolved: Some(text),
            fallbacks,
        } => {
            // A default that is the whole value has a location.
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

    // A port or a scheme has a colon; most values do not.
    if !text.contains(':') {
        return Vec::new();
    }

    let mut parts = url_hosts(&text);
    if parts.is_empty() && names_hosts(&var.name.value) {
        parts = pairs(&text);
    }

    let is_verbatim = location.span.len() as usize == text.len();

    parts
        .into_iter()
        .map(|(endpoint, span)| Endpoint {
            location: if is_verbatim {
                Location::new(location.file, span.shift(location.span.start))
            } else {
                location
            },
            ..endpoint
        })
        .collect()
}

/// The string with variables replaced by bytes that no host contains, so that offsets stay.
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
    const NOT_TO_CONNECT: &[&str] = &[
        "LISTEN",
        "BIND",
        "ADVERTISED",
        "ALLOWED",
        "PUBLIC",
        "EXTERNAL",
        "IMAGE",
        "REGISTRY",
    ];
    let upper = name.to_ascii_uppercase();

    ENDS.iter().any(|end| upper.ends_with(end))
        && !NOT_TO_CONNECT.iter().any(|word| upper.contains(word))
}

/// `host:port` pairs, separated by commas.
fn pairs(text: &str) -> Vec<(Endpoint, Span)> {
    let mut endpoints = Vec::new();
    let mut start = 0;

    for part in text.split(',') {
        let host = part
            .rsplit_once(':')
            .and_then(|(host, port)| Some((host, port.parse().ok()?)));
        match host {
            Some((host, port)) if is_host(host) => endpoints.push((
                endpoint("", host, Some(port), ""),
                Span::of(start, start + host.len()),
            )),
            _ => return Vec::new(),
        }

        start += part.len() + 1;
    }

    endpoints
}

/// The hosts of a URL, or of a list of URLs.
fn url_hosts(text: &str) -> Vec<(Endpoint, Span)> {
    let mut hosts = Vec::new();
    let mut start = 0;

    for (index, _) in text.match_indices(',') {
        let next = &text[index + 1..];
        let scheme = next.split("://").next().unwrap_or(next);
        let begins_url = scheme.len() < next.len()
            && scheme
                .trim_start()
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+');
        if begins_url {
            hosts.extend(hosts_of_one(&text[start..index], start));
            start = index + 1;
        }
    }

    hosts.extend(hosts_of_one(&text[start..], start));

    hosts
}

/// The hosts of one URL that begins at an offset.
fn hosts_of_one(text: &str, offset: usize) -> Vec<(Endpoint, Span)> {
    let Some((before, rest)) = text.split_once("://") else {
        return Vec::new();
    };

    let written = before.trim_start().rsplit(':').next().unwrap_or(before);
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
    let hosts = authority.rfind('@').map_or(0, |sign| sign + 1);
    let mut start = before.len() + 3 + hosts;
    let mut endpoints = Vec::new();

    for part in authority[hosts..].split(',') {
        let (host, port) = match part.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()),
            None => (part, None),
        };

        if is_host(host) {
            endpoints.push((
                endpoint(&scheme, host, port, path),
                Span::of(offset + start, offset + start + host.len()),
            ));
        }

        start += part.len() + 1;
    }

    endpoints
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

/// Parts of paths that any program serves, and that are not an API.
const COMMON: &[&str] = &[
    "health", "ready", "live", "ping", "status", "metrics", "version", "favicon", "static",
    "robots", "docs", "redoc", "openapi", "swagger", "_next", "sitemap", "manifest",
];

/// Whether a path is more than any program serves.
pub fn is_api(path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();

    parts.peek().is_some() && !parts.any(|part| COMMON.iter().any(|common| part.contains(common)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &str) -> Vec<(String, Option<u16>)> {
        let endpoints = if text.contains("://") {
            url_hosts(&masked(text))
        } else {
            pairs(text)
        };

        endpoints
            .into_iter()
            .map(|(endpoint, _)| (endpoint.host, endpoint.port))
            .collect()
    }

    fn host(name: &str, port: Option<u16>) -> (String, Option<u16>) {
        (name.to_owned(), port)
    }

    #[test]
    fn urls_lists_and_pairs_give_their_hosts() {
        assert_eq!(
            hosts("postgresql+asyncpg://u:p@db.example.com:5432/app"),
            [host("db.example.com", Some(5432))]
        );
        assert_eq!(hosts("postgres://u:${PW}@db/app"), [host("db", None)]);
        assert_eq!(hosts("postgres://u:${PW}@${HOST}:5432/app"), []);
        assert_eq!(hosts("jdbc:mysql://db:3306/x"), [host("db", Some(3306))]);
        assert_eq!(
            hosts("mongodb://a:27017,b:27018/?replicaSet=r"),
            [host("a", Some(27017)), host("b", Some(27018))]
        );
        assert_eq!(
            hosts("https://${DOMAIN}:443,http://proxy:8080"),
            [host("proxy", Some(8080))]
        );
        assert_eq!(
            hosts("http://a:1/x, http://b:2"),
            [host("a", Some(1)), host("b", Some(2))]
        );
        assert_eq!(url_hosts("http://a:1,http://b:2")[1].1, Span::of(18, 19));
        assert_eq!(hosts("s3://bucket/key"), []);
        assert_eq!(
            hosts("kafka1:9092,kafka2:9093"),
            [host("kafka1", Some(9092)), host("kafka2", Some(9093))]
        );
        let span = url_hosts("http://api:8000/v1")[0].1;
        assert_eq!(span.text("http://api:8000/v1"), "api");
    }
}
