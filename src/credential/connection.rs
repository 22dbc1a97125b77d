//! Connection strings: URLs with a password in them, and the `name=value;…` strings of databases.

use std::ops::Range;

use crate::source::{Span, slice};

use super::defaults::{default_credential, default_pair};
use super::hit::{Certainty, Hit, HitKind};
use super::shape;
use super::words::words;

/// The separator in every URL with an authority.
pub const URL: &str = "://";
/// The names before a password in connection strings of .NET, JDBC, ODBC and libpq.
pub const PARTS: &[&str] = &[
    ";Password=",
    ";password=",
    ";PASSWORD=",
    ";Pwd=",
    ";pwd=",
    ";PWD=",
    "; Password=",
    "; password=",
    "; Pwd=",
    "; PWD=",
    "\"Password=",
    "\"password=",
    "\"Pwd=",
    "&password=",
    "?password=",
    LIBPQ,
];
/// The same in a list that is separated by blanks.
const LIBPQ: &str = " password=";
/// What follows the password in addresses of Go's driver for MySQL and of Oracle's clients.
pub const DSN: &[(&str, &str)] = &[("@tcp(", "mysql"), ("@unix(", "mysql"), ("@//", "oracle")];

/// The longest authority that is read, in bytes.
const LONGEST: usize = 512;

/// The passwords of the URL whose `://` is at `separator`: one for each host of a cluster, whose
/// hosts are separated by commas.
pub fn urls(text: &str, separator: usize) -> impl Iterator<Item = Hit> {
    let first = separator + URL.len();
    let mut next = Some(first);
    let authorities = std::iter::from_fn(move || {
        let start = next?;
        let end = authority_end(text, start);
        let more = text.as_bytes().get(end) == Some(&b',') && end - first < LONGEST;
        next = more.then_some(end + 1);

        Some(start..end)
    });

    authorities.filter_map(move |authority| url_password(text, separator, authority))
}

/// The end of the part of a URL that names one host.
fn authority_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let window = &bytes[start..bytes.len().min(start + LONGEST)];
    let length = window.iter().position(ends_authority);

    start + length.unwrap_or(window.len())
}

/// Whether a byte ends an authority. A password in a URL contains none of these. Commas separate
/// the hosts of a cluster and end an item of a list.
const fn ends_authority(byte: &u8) -> bool {
    matches!(
        byte,
        b'/' | b'?' | b'#' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b',' | b';' | b'|'
    ) || *byte <= b' '
}

/// The password in one authority of the URL whose `://` is at `separator`.
fn url_password(text: &str, separator: usize, authority: Range<usize>) -> Option<Hit> {
    let bytes = text.as_bytes();
    let Range { start, end } = authority;
    let sign = start + memchr::memrchr(b'@', &bytes[start..end])?;
    let colon = start + memchr::memchr(b':', &bytes[start..sign])?;
    let (user, password, host) = (
        text.get(start..colon)?,
        text.get(colon + 1..sign)?,
        text.get(sign + 1..end)?,
    );
    let scheme = scheme(&bytes[separator.saturating_sub(32)..separator])?;
    let (host, _) = host.split_once(':').unwrap_or((host, ""));
    let web = scheme.starts_with("http") || scheme.starts_with("ws");
    // Brackets around the user are part of a sentence or a grammar: `http://(user:password@)host`.
    let is_sketch = user.contains(['(', '[', '<']) || host.starts_with(')');
    // Only databases and brokers have clusters; after the address of a web page a comma continues a
    // sentence.
    let is_other_host = start > separator + URL.len();
    if (web && is_other_host)
        || is_sketch
        || !is_literal(password)
        || host.is_empty()
        || (web && (password.len() < 4 || user.is_empty()))
    {
        return None;
    }

    if is_documentation(user, password, host) || (web && is_shown(user, password)) {
        return None;
    }

    Some(hit(
        Span::of(colon + 1, sign),
        scheme,
        user.to_owned(),
        host.to_owned(),
        password,
    ))
}

/// The password that starts at `start` in a connection string of `name=value` parts, if the string
/// names a database server.
pub fn parts(text: &str, start: usize) -> Option<Hit> {
    let is_libpq = text[..start].ends_with(LIBPQ) && !text[..start].ends_with("; password=");
    let bytes = text.as_bytes();
    let window = &bytes[start..bytes.len().min(start + LONGEST)];
    let is_quoted = is_libpq && window.first() == Some(&b'\'');
    let start = start + usize::from(is_quoted);
    let window = &window[usize::from(is_quoted)..];
    let end = start + window.iter().position(ends_part).unwrap_or(window.len());
    let password = text.get(start..end)?;

    let before = &bytes[start.saturating_sub(LONGEST)..start];
    let line = memchr::memrchr(b'\n', before).map_or(before, |end| &before[end + 1..]);
    let before = String::from_utf8_lossy(line).into_owned();
    let after = rest_of_string(text, end);

    if is_libpq && !is_libpq_string(&before, after) {
        return None;
    }

    let (lower, lower_after) = (before.to_ascii_lowercase(), after.to_ascii_lowercase());
    let (scheme, host) = server(&lower).or_else(|| server(&lower_after))?;
    let user = user_of_parts(&lower, &before)
        .or_else(|| user_of_parts(&lower_after, after))
        .unwrap_or("")
        .to_owned();

    if !is_literal(password) || is_documentation(&user, password, &host) {
        return None;
    }

    Some(hit(Span::of(start, end), scheme, user, host, password))
}

/// The rest of the string literal, or of the line, from an offset on.
fn rest_of_string(text: &str, start: usize) -> &str {
    let window = slice(text, start..text.len().min(start + LONGEST));
    let end = window.find(['"', '\n', '`', '<']).unwrap_or(window.len());

    &window[..end]
}

/// Whether the parts around a password are a list of libpq: names and values without other signs,
/// one of which is the server or the database. `password=` is also an argument of functions.
fn is_libpq_string(before: &str, after: &str) -> bool {
    let start = before.rfind(['"', '`']).map_or(0, |quote| quote + 1);
    let parts = || {
        before[start..]
            .split_whitespace()
            .chain(after.split_whitespace())
    };

    parts().all(|part| part.contains('=') && !part.contains([',', '(', ';']) || part == "\'")
        && parts().any(|part| {
            ["host=", "hostaddr=", "dbname="]
                .iter()
                .any(|name| part.starts_with(name))
        })
}

fn user_of_parts<'t>(lower: &str, text: &'t str) -> Option<&'t str> {
    let names = ["user id=", "uid=", "username=", "user="];
    let start = value_start(lower, &names)?;

    text.get(start..)?.split([';', '&', ' ']).next()
}

fn hit(span: Span, scheme: String, user: String, host: String, password: &str) -> Hit {
    let local = is_local(&host);
    let weak = default_credential(password).is_some() || default_pair(&user, password);
    let kind = HitKind::ConnectionString {
        scheme,
        user,
        host,
        local,
    };

    Hit {
        kind,
        span,
        at: span,
        certainty: Certainty::Likely,
        weak,
    }
}

/// The password before `@tcp(` of Go's driver for MySQL (`app:password@tcp(host:3306)/db`), and
/// before `@//` of Oracle's clients (`app/password@//host:1521/service`).
pub fn dsn(text: &str, sign: usize) -> Option<Hit> {
    let (opening, scheme) = DSN
        .iter()
        .find(|(opening, _)| text[sign..].starts_with(opening))?;
    let separator = if *scheme == "mysql" { ':' } else { '/' };
    let before = slice(text, sign.saturating_sub(LONGEST)..sign);
    let start = before
        .rfind(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '=' | '>' | '('))
        .map_or(0, |end| end + 1);
    let login = &before[start..];
    let login = login.rsplit("thin:").next().unwrap_or(login);
    let (user, password) = login.split_once(separator)?;

    let after = slice(text, sign + opening.len()..text.len().min(sign + LONGEST));
    let host = after
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')))
        .next()
        .unwrap_or("");
    let is_user = !user.is_empty()
        && user
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$'));
    if !is_user || password.contains('/') || !is_literal(password) {
        return None;
    }

    if is_documentation(user, password, host) {
        return None;
    }

    Some(hit(
        Span::of(sign - password.len(), sign),
        (*scheme).to_owned(),
        user.to_owned(),
        host.to_owned(),
        password,
    ))
}

/// Whether a byte ends a part of a connection string.
const fn ends_part(byte: &u8) -> bool {
    matches!(byte, b';' | b'&' | b'"' | b'\'' | b'<' | b'`') || *byte <= b' '
}

/// The scheme and the host of the database server in a connection string in lower case.
fn server(lower: &str) -> Option<(String, String)> {
    let (scheme, host) = match lower.rfind("jdbc:") {
        Some(jdbc) => {
            let (scheme, rest) = lower[jdbc..].split_once("://")?;
            (scheme, rest.split(['/', ':', ';', '?']).next())
        }
        None => {
            let start = value_start(lower, &["server=", "data source=", "host="])?;
            ("ado", lower[start..].split([';', ',', ':', ' ']).next())
        }
    };

    Some((scheme.to_owned(), host.unwrap_or("").to_owned()))
}

/// The start of the last value of the first of these names that occurs.
fn value_start(lower: &str, names: &[&str]) -> Option<usize> {
    names
        .iter()
        .find_map(|name| Some(lower.rfind(name)? + name.len()))
}

/// The scheme at the end of `before`, in lower case, if URLs of this scheme contain passwords.
fn scheme(before: &[u8]) -> Option<String> {
    let length = before
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        .count();
    let scheme = String::from_utf8_lossy(&before[before.len() - length..]).to_ascii_lowercase();
    // In `${DATABASE_URL:-postgres://…}` and `key=-redis://…` a sign precedes it.
    let scheme = scheme.trim_start_matches(['-', '+', '.']).to_owned();
    let base = scheme.split('+').next().unwrap_or("");
    // After an escape in a string literal (`\nredis://`) the scheme begins with the letter of the
    // escape.
    [base, base.get(1..).unwrap_or("")]
        .iter()
        .find(|base| words().schemes.contains(**base))?;
    Some(scheme)
}

/// Whether a password is literal: not a variable, template, format verb or row of stars.
fn is_literal(password: &str) -> bool {
    const MARKS: &[char] = &['$', '{', '}', '<', '>', '(', ')', '[', ']', '*', '…'];

    // A `%` is literal only in an escape of a URL.
    let has_url_escapes_only = password
        .split('%')
        .skip(1)
        .all(|part| part.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2);

    !password.is_empty()
        && !password.contains(MARKS)
        && has_url_escapes_only
        && !shape::is_placeholder(password)
        && !shape::is_reference(password)
}

/// Whether a URL is an example from documentation, by its password and its user or host.
fn is_documentation(user: &str, password: &str, host: &str) -> bool {
    let lists = words();
    let host_shown = lists.example_hosts.contains(&host.to_ascii_lowercase()) || is_example(host);
    let password_shown = lists
        .example_passwords
        .contains(&password.to_ascii_lowercase());
    (password_shown && host_shown) || (is_local(host) && is_shown(user, password))
}

/// Whether both user and password are typical of documentation.
fn is_shown(user: &str, password: &str) -> bool {
    let lists = words();
    let user_shown = user.is_empty() || lists.example_users.contains(&user.to_ascii_lowercase());
    user_shown
        && lists
            .example_passwords
            .contains(&password.to_ascii_lowercase())
}

/// Whether a host is reserved for documentation and tests.
fn is_example(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let in_example_domain = words()
        .example_domains
        .iter()
        .filter_map(|domain| host.strip_suffix(domain.as_str()))
        .any(|rest| rest.is_empty() || rest.ends_with('.'));

    in_example_domain || host.starts_with("example.")
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
