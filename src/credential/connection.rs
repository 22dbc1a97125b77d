//! Connection strings: URLs with a password in them, and the `name=value;…` strings of databases.

use std::ops::Range;

use crate::source::Span;

use super::classify::{default_credential, default_pair};
use super::scan::{Certainty, Hit, HitKind};
use super::shape;
use super::words::words;

/// What stands in every URL with an authority.
pub const URL: &str = "://";
/// What stands before the password in the connection strings of .NET and JDBC.
pub const PARTS: &[&str] = &[
    ";Password=",
    ";password=",
    ";Pwd=",
    ";PWD=",
    "&password=",
    "?password=",
];

/// Longest authority looked at.
const LONGEST: usize = 512;

/// The passwords of the URL whose `://` stands at `at`: one for each host of a cluster, which
/// commas part.
pub fn urls(text: &str, at: usize) -> impl Iterator<Item = Hit> {
    let first = at + URL.len();
    let mut next = Some(first);
    let authorities = std::iter::from_fn(move || {
        let start = next?;
        let end = authority_end(text, start);
        let more = text.as_bytes().get(end) == Some(&b',') && end - first < LONGEST;
        next = more.then_some(end + 1);

        Some(start..end)
    });

    authorities.filter_map(move |authority| url(text, at, authority))
}

/// Where the part of a URL that names one host ends.
fn authority_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let stop = |byte: &u8| {
        matches!(
            byte,
            b'/' | b'?' | b'#' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b',' | b';' | b'|'
        ) || *byte <= b' '
    };
    // Commas part the hosts of a cluster and end an item of a list; a password holds neither them
    // nor the rest of `stop`.
    let window = &bytes[start..bytes.len().min(start + LONGEST)];

    start + window.iter().position(stop).unwrap_or(window.len())
}

/// The password in one authority of a URL.
fn url(text: &str, at: usize, authority: Range<usize>) -> Option<Hit> {
    let bytes = text.as_bytes();
    let Range { start, end } = authority;
    let sign = start + memchr::memrchr(b'@', &bytes[start..end])?;
    let colon = start + memchr::memchr(b':', &bytes[start..sign])?;
    let (user, password, host) = (
        text.get(start..colon)?,
        text.get(colon + 1..sign)?,
        text.get(sign + 1..end)?,
    );
    let scheme = scheme(&bytes[at.saturating_sub(32)..at])?;
    let (host, _) = host.split_once(':').unwrap_or((host, ""));
    let web = scheme.starts_with("http") || scheme.starts_with("ws");
    // Brackets around the user are those of a sentence or a grammar: `http://(user:password@)host`.
    let sketched = user.contains(['(', '[', '<']) || host.starts_with(')');
    // Only databases and brokers have clusters; what follows a web page's address is another part
    // of a sentence.
    let other_host = start > at + URL.len();
    if (web && other_host)
        || sketched
        || !is_literal(password)
        || host.is_empty()
        || (web && (password.len() < 4 || user.is_empty()))
    {
        return None;
    }

    let local = is_local(host);
    if is_documentation(user, password, host) || (web && is_shown(user, password)) {
        return None;
    }

    let span = Span::of(colon + 1, sign);
    let kind = HitKind::ConnectionString {
        scheme,
        user: user.to_owned(),
        host: host.to_owned(),
        local,
    };

    let weak = default_credential(password).is_some() || default_pair(user, password);
    Some(Hit {
        kind,
        span,
        at: span,
        certainty: Certainty::Likely,
        weak,
    })
}

/// The password that starts at `start`, in a string of `name=value` parts that names a database
/// server.
pub fn parts(text: &str, start: usize) -> Option<Hit> {
    let bytes = text.as_bytes();
    let stop =
        |byte: &u8| matches!(byte, b';' | b'&' | b'"' | b'\'' | b'<' | b'`') || *byte <= b' ';
    let window = &bytes[start..bytes.len().min(start + LONGEST)];
    let end = start + window.iter().position(stop).unwrap_or(window.len());
    let password = text.get(start..end)?;
    let before = &bytes[start.saturating_sub(LONGEST)..start];
    let line = memchr::memrchr(b'\n', before).map_or(before, |end| &before[end + 1..]);
    let before = String::from_utf8_lossy(line).into_owned();
    let lower = before.to_ascii_lowercase();
    let (scheme, host) = match lower.rfind("jdbc:") {
        Some(jdbc) => {
            let (scheme, rest) = lower[jdbc..].split_once("://")?;
            (
                scheme.to_owned(),
                rest.split(['/', ':', ';', '?'])
                    .next()
                    .unwrap_or("")
                    .to_owned(),
            )
        }
        None => {
            let server = ["server=", "data source=", "host="]
                .iter()
                .find_map(|name| lower.rfind(name).map(|at| at + name.len()))?;
            (
                "ado".to_owned(),
                lower[server..]
                    .split([';', ',', ':'])
                    .next()
                    .unwrap_or("")
                    .to_owned(),
            )
        }
    };

    let user = ["user id=", "uid=", "username=", "user="]
        .iter()
        .find_map(|name| {
            lower
                .rfind(name)
                .map(|at| before.get(at + name.len()..).unwrap_or(""))
        })
        .map_or("", |rest| rest.split([';', '&']).next().unwrap_or(""))
        .to_owned();
    if !is_literal(password) || is_documentation(&user, password, &host) {
        return None;
    }

    let local = is_local(&host);
    let span = Span::of(start, end);
    let weak = default_credential(password).is_some() || default_pair(&user, password);
    let kind = HitKind::ConnectionString {
        scheme,
        user,
        host,
        local,
    };

    Some(Hit {
        kind,
        span,
        at: span,
        certainty: Certainty::Likely,
        weak,
    })
}

/// The scheme at the end of `before`, in lower case, when its URLs carry passwords.
fn scheme(before: &[u8]) -> Option<String> {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let length = before.iter().rev().take_while(|byte| part(byte)).count();
    let scheme = String::from_utf8_lossy(&before[before.len() - length..]).to_ascii_lowercase();
    // `${DATABASE_URL:-postgres://…}` and `key=-redis://…` put a sign before it.
    let scheme = scheme.trim_start_matches(['-', '+', '.']).to_owned();
    let base = scheme.split('+').next().unwrap_or("");
    // After an escape in a string literal (`\nredis://`) the letter of the escape is part of what
    // was read.
    [base, base.get(1..).unwrap_or("")]
        .iter()
        .find(|base| words().schemes.contains(**base))?;
    Some(scheme)
}

/// Whether a password stands there itself: no variable, template, format verb or row of stars.
fn is_literal(password: &str) -> bool {
    let open = |c: char| {
        matches!(
            c,
            '$' | '{' | '}' | '<' | '>' | '(' | ')' | '[' | ']' | '*' | '%' | '…'
        )
    };

    let percent = |text: &str| {
        text.split('%')
            .skip(1)
            .all(|part| part.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
    };

    !password.is_empty()
        && !password.contains(|c| open(c) && c != '%')
        && percent(password)
        && !shape::is_placeholder(password)
        && !shape::is_reference(password)
}

/// Whether a URL is one that documentation shows: its password, and its user or its host, say so.
fn is_documentation(user: &str, password: &str, host: &str) -> bool {
    let lists = words();
    let host_shown = lists.example_hosts.contains(&host.to_ascii_lowercase()) || is_example(host);
    let password_shown = lists
        .example_passwords
        .contains(&password.to_ascii_lowercase());
    (password_shown && host_shown) || (is_local(host) && is_shown(user, password))
}

/// Whether both user and password are words that documentation writes there.
fn is_shown(user: &str, password: &str) -> bool {
    let lists = words();
    let user_shown = user.is_empty() || lists.example_users.contains(&user.to_ascii_lowercase());
    user_shown
        && lists
            .example_passwords
            .contains(&password.to_ascii_lowercase())
}

/// Hosts reserved for documentation and tests.
fn is_example(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let under = |domain: &str| {
        host.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    words().example_domains.iter().any(|domain| under(domain)) || host.starts_with("example.")
}

fn is_local(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    matches!(
        host.as_str(),
        "localhost" | "0.0.0.0" | "[" | "host.docker.internal" | "::1"
    ) || host.starts_with("127.")
        || host.ends_with(".localhost")
        || host.ends_with(".local") && !host.ends_with(".cluster.local")
        || is_example(&host)
}
