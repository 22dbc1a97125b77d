//! Assignments in any text with the name of a secret and a random value: `api_key = "k9Fw…"`.
//!
//! Names of secrets occur in every program, and nearly all of their values are not secrets. Values
//! that are not quoted, short, made of words, or in the form of a UUID, a path or a translation key
//! are ignored.

use std::ops::Range;
use std::sync::LazyLock;

use super::base64::base64;
use super::classify::{Place, Verdict, classify};
use super::generated::is_generated;
use super::public;
pub use super::written::Values;
use super::written::{LONGEST, header_value, value_of};
use crate::search::Words;
use crate::source::Span;

/// Parts of names in lower case. A name must contain one of them.
const PARTS: &[&str] = &[
    "passw",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "accesskey",
    "access_key",
    "encryption_key",
    "encryptionkey",
    "signing_key",
    "signingkey",
    "auth_key",
    "authkey",
    "master_key",
    "masterkey",
    "private_key",
    "privatekey",
    "presharedkey",
    "requirepass",
    "masterauth",
    "identitytoken",
    "registrytoken",
    "_auth",
    "_pass",
    "credentials",
];

/// The header of a request with a credential.
const HEADER: &str = "authorization";

/// Names of what holds secrets under names of its own: the whole environment of a program, and the
/// header of a request.
const HOLDERS: &[&str] = &[
    "environ",
    "process.env",
    "env::vars",
    "getenv",
    HEADER,
    "api key",
    "access key",
];

/// A name and the span of its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned<'t> {
    pub name: &'t str,
    pub span: Span,
}

/// Where a text has names of secrets, by parts of these names, and of what holds secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameParts {
    /// In order.
    pub secrets: Vec<Range<usize>>,
    /// Offsets, in no order.
    pub holders: Vec<usize>,
}

impl NameParts {
    /// One search of the text. What is asked of the names afterwards depends on their number.
    pub fn of(text: &str) -> Self {
        /// The length of a part of a name of a secret; `None` for what holds secrets.
        static WORDS: LazyLock<Words<Option<usize>>> = LazyLock::new(|| {
            let secrets = PARTS.iter().map(|part| (*part, Some(part.len())));
            Words::new(secrets.chain(HOLDERS.iter().map(|name| (*name, None))))
        });

        let mut parts = Self::default();

        WORDS.each(text, |start, length| match length {
            Some(length) => parts.secrets.push(start..start + length),
            None => parts.holders.push(start),
        });

        parts.secrets.sort_unstable_by_key(|part| part.start);

        parts
    }

    pub const fn is_empty(&self) -> bool {
        self.secrets.is_empty() && self.holders.is_empty()
    }
}

/// The secrets assigned in a text, in order.
pub fn assignments(text: &str, values: Values) -> Vec<Assigned<'_>> {
    assignments_at(text, values, &NameParts::of(text))
}

/// As [`assignments`], where the names are known.
pub fn assignments_at<'t>(text: &'t str, values: Values, names: &NameParts) -> Vec<Assigned<'t>> {
    let parts = &names.secrets;
    let mut assigned: Vec<Assigned<'_>> = Vec::new();
    let mut past = 0;
    // Whether `counted`, the offset up to which quotes are counted, is inside of a docstring.
    let (mut in_docstring, mut counted) = (false, 0);

    for part in parts {
        if part.start < past {
            continue;
        }

        let (name, range) = name_around(text, part.start, part.end);
        past = range.end;
        let Some(span) = value_of(text, range, values) else {
            continue;
        };

        if !is_secret(name, span.text(text), values) {
            continue;
        }

        past = span.end as usize;
        in_docstring ^= text.as_bytes()[counted..part.start]
            .windows(3)
            .filter(|three| three == b"\"\"\"")
            .count()
            % 2
            == 1;
        counted = part.start;
        if !in_docstring && !is_comment(text.as_bytes(), part.start) {
            assigned.push(Assigned { name, span });
        }
    }

    add_headers(text, names, &mut assigned);

    assigned
}

/// Adds the credentials of `Authorization` headers.
fn add_headers<'t>(text: &'t str, names: &NameParts, assigned: &mut Vec<Assigned<'t>>) {
    let before = assigned.len();

    for &start in &names.holders {
        let Some(span) = header_value(text, start) else {
            continue;
        };

        let name = text.get(start..start + HEADER.len()).unwrap_or("");
        let is_known = assigned[..before]
            .iter()
            .any(|other| other.span.start < span.end && span.start < other.span.end);
        let value = span.text(text);
        if name.eq_ignore_ascii_case(HEADER)
            && !is_known
            && !public::is_public(value)
            && (is_generated(value) || is_login(value))
            && !is_comment(text.as_bytes(), start)
        {
            assigned.push(Assigned { name, span });
        }
    }

    if assigned.len() > before {
        assigned.sort_by_key(|assigned| assigned.span);
    }
}

/// Whether a value is base64 of a user and a password that is not a well-known one.
fn is_login(value: &str) -> bool {
    let login = base64(value).and_then(|bytes| String::from_utf8(bytes).ok());

    login.is_some_and(|login| {
        login.split_once(':').is_some_and(|(user, password)| {
            !user.is_empty()
                && user.bytes().all(|byte| byte.is_ascii_graphic())
                && matches!(
                    classify("PASSWORD", password, Place::Variable),
                    Verdict::Secret { .. }
                )
        })
    })
}

/// The identifier around a part of it, and its place.
fn name_around(text: &str, start: usize, end: usize) -> (&str, Range<usize>) {
    let bytes = text.as_bytes();
    let before = bytes[start.saturating_sub(LONGEST)..start]
        .iter()
        .rev()
        .take_while(|byte| is_name_byte(byte))
        .count();
    let after = bytes[end..bytes.len().min(end + LONGEST)]
        .iter()
        .take_while(|byte| is_name_byte(byte))
        .count();

    let range = start - before..end + after;

    (&text[range.clone()], range)
}

const fn is_name_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Whether the line of `offset` begins like a comment or an interactive session, which contain no
/// settings.
pub fn is_comment(bytes: &[u8], offset: usize) -> bool {
    let before = &bytes[offset.saturating_sub(LONGEST)..offset];
    let line = memchr::memrchr(b'\n', before)
        .map_or(before, |end| &before[end + 1..])
        .trim_ascii_start();
    [&b"#"[..], b"//", b"*", b"--", b";", b">>>", b"..."]
        .iter()
        .any(|sign| line.starts_with(sign))
        // `//registry.acme.io/:_authToken` in `.npmrc`.
        && !(line.starts_with(b"//") && memchr::memmem::find(line, b"/:").is_some())
}

/// Whether a value with the name of a secret is one.
fn is_secret(name: &str, value: &str, values: Values) -> bool {
    // The login of `.npmrc`.
    if name == "_auth" {
        return is_login(value);
    }

    let place = match values {
        Values::Quoted => Place::Code,
        Values::Plain | Values::Spaced | Values::Notebook => Place::Setting,
    };

    matches!(classify(name, value, place), Verdict::Secret { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_values_of_secret_names() {
        let value = ["k9Fw2pXv81", "LmQz73RtYb"].concat();
        for line in [
            "api_key = \"?\"",
            "\"clientSecret\": \"?\",",
            "Password: '?'",
            "$token => '?';",
            "const API_KEY=`?`",
            "x['auth_token'] := \"?\"",
        ] {
            let text = line.replace('?', &value);
            let values: Vec<&str> = assignments(&text, Values::Quoted)
                .iter()
                .map(|assigned| assigned.span.text(&text))
                .collect();
            assert_eq!(values, [&value], "{line}");
        }
    }

    #[test]
    fn everything_else() {
        let value = ["k9Fw2pXv81", "LmQz73RtYb"].concat();
        for line in [
            "token_url = \"?\"",
            "x = \"?\"",
            "api_key = ?",
            "api_key = get(\"?\")",
            "secret_name: \"?\"",
            "password = \"${?}\"",
            "api_key = \"?",
            "token = \"auth.password.reset-form-12\"",
            "secret = \"2f1c9a40-77de-4b11-9a3e-0d5c6b7a8e9f\"",
            "api_key = \"your-?\"",
            "# api_key = \"?\"",
            "\"\"\"\n  {\"api_key\": \"?\"}\n\"\"\"",
            "public_key_token = \"abc\"",
        ] {
            let text = line.replace('?', &value);
            assert_eq!(assignments(&text, Values::Quoted), [], "{line}");
        }
    }

    #[test]
    fn values_without_quotes_in_configuration() {
        let value = ["k9Fw2pXv81", "LmQz73RtYb"].concat();
        for (line, expected) in [
            ("api_key: ?", true),
            ("  - clientSecret: ? # note", true),
            ("spring.datasource.password=?", true),
            ("password = ?", true),
            ("password: two ?", false),
            ("set token = ?", false),
            ("token_url: ?", false),
            ("password: ${?}", false),
        ] {
            let text = line.replace('?', &value);
            assert_eq!(
                !assignments(&text, Values::Plain).is_empty(),
                expected,
                "{line}"
            );
        }
    }
}
