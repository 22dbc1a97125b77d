//! Assignments in any text whose name announces a secret and whose value looks made by a generator:
//! `api_key = "k9Fw…"`.
//!
//! Names of secrets stand in every program; nearly all of what they are set to is no secret. What
//! is not quoted, short, written in words, or built like a UUID, a path or a key of a translation
//! is left alone.

use std::sync::LazyLock;

use super::classify::{Verdict, judge};
use super::shape;
use crate::search::Words;
use crate::source::Span;

/// Parts of names, in lower case, of which one must be in a name.
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
];
/// Longest name, and longest value, in bytes.
const LONGEST: usize = 200;

/// A name and where its secret stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned<'t> {
    pub name: &'t str,
    pub span: Span,
}

/// The secrets assigned in a text, in order.
pub fn assignments(text: &str) -> Vec<Assigned<'_>> {
    static WORDS: LazyLock<Words<usize>> =
        LazyLock::new(|| Words::new(PARTS.iter().map(|part| (*part, part.len()))));
    let mut parts = Vec::new();
    WORDS.each(text, |start, length| parts.push(start..start + length));
    parts.sort_unstable_by_key(|part| part.start);
    let mut found: Vec<Assigned<'_>> = Vec::new();
    let mut past = 0;
    // Whether `counted` stands between the quotes of a docstring, as far as the text has been
    // looked at.
    let (mut docstring, mut counted) = (false, 0);

    for part in parts {
        if part.start < past {
            continue;
        }

        let (name, after) = name_around(text, part.start, part.end);
        past = after;
        let Some(span) = value_after(text, after).filter(|span| is_secret(name, span.text(text)))
        else {
            continue;
        };

        past = span.end as usize;
        docstring ^= text.as_bytes()[counted..part.start]
            .windows(3)
            .filter(|three| three == b"\"\"\"")
            .count()
            % 2
            == 1;
        counted = part.start;
        if !docstring && !is_comment(text.as_bytes(), part.start) {
            found.push(Assigned { name, span });
        }
    }

    found
}

/// The identifier around a part of it, and where it ends.
fn name_around(text: &str, start: usize, end: usize) -> (&str, usize) {
    let bytes = text.as_bytes();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let before = bytes[start.saturating_sub(LONGEST)..start]
        .iter()
        .rev()
        .take_while(|byte| is_name(byte))
        .count();
    let after = bytes[end..bytes.len().min(end + LONGEST)]
        .iter()
        .take_while(|byte| is_name(byte))
        .count();
    (&text[start - before..end + after], end + after)
}

/// The quoted value that is assigned to what ends at `at`.
fn value_after(text: &str, at: usize) -> Option<Span> {
    let bytes = &text.as_bytes()[..text.len().min(at + 2 * LONGEST)];
    let skip = |at: usize, set: &[u8]| {
        at + bytes[at..]
            .iter()
            .take_while(|byte| set.contains(byte))
            .count()
    };

    let mut at = skip(at, b"\"'])");
    at = skip(at, b" \t");
    let sign = [":=", "=>", "=", ":"]
        .iter()
        .find(|sign| bytes[at..].starts_with(sign.as_bytes()))?;
    at = skip(at + sign.len(), b" \t");
    let quote = *bytes
        .get(at)
        .filter(|byte| matches!(byte, b'"' | b'\'' | b'`'))?;
    let start = at + 1;
    let len = bytes[start..]
        .iter()
        .position(|byte| *byte == quote || *byte == b'\n')?;
    (bytes[start + len] == quote && len <= LONGEST).then(|| Span::of(start, start + len))
}

/// Whether the line of `at` begins as a comment or an interactive session does: what it shows is no
/// setting.
pub fn is_comment(bytes: &[u8], at: usize) -> bool {
    let before = &bytes[at.saturating_sub(LONGEST)..at];
    let line = memchr::memrchr(b'\n', before)
        .map_or(before, |end| &before[end + 1..])
        .trim_ascii_start();
    [&b"#"[..], b"//", b"*", b"--", b";", b">>>", b"..."]
        .iter()
        .any(|sign| line.starts_with(sign))
}

fn is_secret(name: &str, value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let plain = value.bytes().all(|byte| {
        byte.is_ascii_graphic()
            && !matches!(byte, b'(' | b')' | b'{' | b'}' | b'<' | b'>' | b' ' | b'\\')
    });

    let random = value.len() >= 16 && shape::entropy(value) >= 3.5 && digits >= 2 && letters >= 4;
    plain
        && random
        && !is_uuid(value)
        && !is_dotted(value)
        && !shape::made_up(value)
        && matches!(judge(name, value), Verdict::Secret { .. })
}

fn is_uuid(value: &str) -> bool {
    value.len() == 36 && value.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

/// Words joined by dots, dashes, slashes or colons: `auth.password.reset2`, `urn:token:v2-1`.
fn is_dotted(value: &str) -> bool {
    let parts: Vec<&str> = value.split(['.', '-', '_', '/', ':']).collect();
    parts.len() > 1
        && parts.iter().all(|part| {
            part.len() < 12 && (part.bytes().all(|byte| byte.is_ascii_digit()) || word(part))
        })
}

/// Letters of one case, save the first, with a number behind at most.
fn word(part: &str) -> bool {
    let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
    letters
        .bytes()
        .skip(1)
        .all(|byte| byte.is_ascii_lowercase())
        && letters
            .bytes()
            .take(1)
            .all(|byte| byte.is_ascii_alphabetic())
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
            let found = assignments(&text);
            assert_eq!(
                found
                    .iter()
                    .map(|one| one.span.text(&text))
                    .collect::<Vec<_>>(),
                [&value],
                "{line}"
            );
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
            assert_eq!(assignments(&line.replace('?', &value)), [], "{line}");
        }
    }
}
