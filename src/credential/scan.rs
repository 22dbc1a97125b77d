//! Finds credentials in any text by their own shape: tokens of documented formats, private keys,
//! URLs with a password.
//!
//! One search runs over the text; where a literal of a format stands, the boundaries, the format's
//! pattern, its entropy and its checksum are asked in this order, each only if the one before held.
//! Names of variables play no part here; see [`judge`](super::judge) for them.

use std::ops::Range;

use crate::source::Span;

use super::table::{Anchor, AnchorName, Checksum, Format, Keyword, table};
use super::{connection, key, shape};

/// A credential in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub kind: HitKind,
    /// The secret part alone: the token, the body of the key, the password of the URL.
    pub span: Span,
    /// A small place to point at: `span`, or the opening line of a key.
    pub at: Span,
    pub certainty: Certainty,
    /// A leak costs little: a test key, a default password, half of a pair.
    pub weak: bool,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HitKind {
    /// A token of a documented format, such as `OpenAI` and `API key`.
    ProviderToken {
        provider: &'static str,
        name: &'static str,
    },
    /// The body of a private key; `label` is what its first line says, such as `RSA PRIVATE KEY`.
    PrivateKey { label: String },
    /// A URL or connection string with a literal password. `local` is true for this machine and for
    /// hosts reserved for documentation.
    ConnectionString {
        scheme: String,
        user: String,
        host: String,
        local: bool,
    },
}

/// How sure the shape alone makes us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// The format fits, something else does not: a checksum fails.
    Possible,
    #[default]
    Likely,
    /// A checksum or a mark that only the provider's tokens carry.
    Certain,
}

/// How far from a token its context is looked for, in bytes.
const NEAR: usize = 400;

/// What may stand on either side of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edges {
    /// Nothing that a token may hold: part of a longer word is no token.
    Apart,
    /// Anything.
    Any,
}

/// Every credential in `text`, in order, without overlaps.
pub fn scan(text: &str) -> Vec<Hit> {
    scan_between(text, Edges::Apart)
}

/// Every part of `text` that has the form of a credential, inside of longer words too: for hiding
/// it.
pub fn scan_inside_words(text: &str) -> Vec<Hit> {
    scan_between(text, Edges::Any)
}

fn scan_between(text: &str, edges: Edges) -> Vec<Hit> {
    let table = table();
    let mut found: Vec<(usize, Hit)> = Vec::new();
    table.each(text, |literal, keyword| {
        let at = literal.start;

        match keyword {
            Keyword::Token(index) => {
                let format = &table.formats[index];
                found.extend(token(format, text, literal, edges).map(|hit| (index, hit)));
            }
            // A token inside a URL or a key file says more than the URL does.
            Keyword::Key => found.extend(key::block(text, at).map(|hit| (usize::MAX - 1, hit))),
            Keyword::Url => found.extend(connection::urls(text, at).map(|hit| (usize::MAX, hit))),
            Keyword::Parts => {
                found.extend(connection::parts(text, literal.end).map(|hit| (usize::MAX, hit)))
            }
        }
    });

    settle(found)
}

/// Of hits that overlap, keeps the one of the earliest format.
fn settle(mut found: Vec<(usize, Hit)>) -> Vec<Hit> {
    if found.len() < 2 {
        return found.into_iter().map(|(_, hit)| hit).collect();
    }

    found.sort_by_key(|(rank, hit)| (hit.span.start, *rank, u32::MAX - hit.span.end));
    let mut kept: Vec<(usize, Hit)> = Vec::new();

    for (rank, hit) in found {
        match kept.last_mut() {
            Some((last, before)) if hit.span.start < before.span.end => {
                if rank < *last {
                    (*last, *before) = (rank, hit);
                }
            }
            _ => kept.push((rank, hit)),
        }
    }

    kept.into_iter().map(|(_, hit)| hit).collect()
}

/// The token of `format` whose keyword is there.
fn token(format: &'static Format, text: &str, keyword: Range<usize>, edges: Edges) -> Option<Hit> {
    let bytes = text.as_bytes();
    let Range { start, end } = keyword;
    let begins = |at| edges == Edges::Any || begins(bytes, at);
    let from = match format.anchor {
        Anchor::AtKeyword => start,
        Anchor::Before(by) => start.saturating_sub(by),
        Anchor::SameLine(AnchorName::Line) => end,
    };

    if format.anchor == Anchor::AtKeyword && !begins(start) {
        return None;
    }

    let mut to = (start + format.max).min(bytes.len());
    if let Some(line_end) = memchr::memchr(b'\n', &bytes[start..to]) {
        to = start + line_end;
    }

    let captures = format.regex()?.captures(&bytes[from..to])?;
    let whole = captures.get(0)?;
    let secret = captures.get(1).unwrap_or(whole);
    let span = from + secret.start()..from + secret.end();
    if format.anchor != Anchor::AtKeyword && captures.get(1).is_none() && !begins(span.start) {
        return None;
    }

    if edges == Edges::Apart && !ends(bytes, span.end) {
        return None;
    }

    let value = text.get(span.clone())?;
    let body = value.strip_prefix(text.get(start..end)?).unwrap_or(value);
    if shape::entropy(body) < format.entropy
        || shape::classes(value) < format.classes
        || shape::made_up(value)
    {
        return None;
    }

    if !in_context(format, text, start) || !claims_hold(format, value) {
        return None;
    }

    let certainty = match format
        .checksum
        .map(|Checksum::Github| github_checksum(value))
    {
        Some(true) => Certainty::Certain,
        Some(false) => Certainty::Possible,
        None => format.confidence,
    };

    let span = Span::of(span.start, span.end);
    let kind = HitKind::ProviderToken {
        provider: &format.provider,
        name: &format.name,
    };

    Some(Hit {
        kind,
        span,
        at: span,
        certainty,
        weak: format.weak,
    })
}

/// Whether a token may begin at `at`: no token character stands before it, save the letter of an
/// escape such as `\n` and the digits of a URL escape such as `%3D`.
fn begins(bytes: &[u8], at: usize) -> bool {
    let Some(&before) = at.checked_sub(1).and_then(|at| bytes.get(at)) else {
        return true;
    };

    if !before.is_ascii_alphanumeric() && !matches!(before, b'_' | b'-' | b'+') {
        return true;
    }

    let back = |by: usize| at.checked_sub(by).map(|at| bytes[at]);
    (matches!(before, b'n' | b't' | b'r') && back(2) == Some(b'\\'))
        || (before.is_ascii_hexdigit()
            && back(3) == Some(b'%')
            && back(2).is_some_and(|byte| byte.is_ascii_hexdigit()))
}

/// Whether a token may end before `at`: what follows does not go on with it.
fn ends(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at) {
        None => true,
        Some(b'-') => !bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric),
        Some(byte) => !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'+'),
    }
}

/// Whether one of the format's context words stands in the line of `at` or in the one before. Long
/// lines are read only near `at`.
fn in_context(format: &Format, text: &str, at: usize) -> bool {
    if format.context.is_empty() {
        return true;
    }

    let bytes = text.as_bytes();
    let before = at.saturating_sub(NEAR);
    let line = before + memchr::memrchr(b'\n', &bytes[before..at]).unwrap_or(0);
    let from = before + memchr::memrchr(b'\n', &bytes[before..line]).unwrap_or(0);
    let after = &bytes[at..bytes.len().min(at + NEAR)];
    let to = at + memchr::memchr(b'\n', after).unwrap_or(after.len());
    let near = String::from_utf8_lossy(&bytes[from..to]).to_ascii_lowercase();
    format
        .context
        .iter()
        .any(|word| near.contains(word.as_str()))
}

/// Whether the claims of a JWT hold what the format asks for, and were not issued for a
/// demonstration.
fn claims_hold(format: &Format, value: &str) -> bool {
    let Some(needle) = &format.holds else {
        return true;
    };
    jwt_claims(value)
        .is_some_and(|claims| claims.contains(needle.as_str()) && !claims.contains("demo"))
}

/// The claims of a JWT, as the JSON text they are.
pub(super) fn jwt_claims(value: &str) -> Option<String> {
    if !value.starts_with("eyJ") {
        return None;
    }
    let claims = value.split('.').nth(1).and_then(base64)?;
    Some(String::from_utf8_lossy(&claims).into_owned())
}

/// The bytes of base64 in either alphabet, padded or not.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0);

    for byte in text.trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };

        bits = bits << 6 | u32::from(value);
        count += 6;

        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }

    Some(bytes)
}

/// Whether the last six characters of a classic GitHub token are the base62 CRC-32 of the thirty
/// before them.
fn github_checksum(token: &str) -> bool {
    let Some((_, body)) = token.split_once('_') else {
        return false;
    };

    let Some((random, sum)) = body.split_at_checked(30) else {
        return false;
    };

    let mut value = crc32(random.as_bytes());
    let mut expected = [b'0'; 6];

    for digit in expected.iter_mut().rev() {
        *digit = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
            [(value % 62) as usize];
        value /= 62;
    }

    sum.as_bytes() == expected
}

/// CRC-32 as zip and PNG use it, bit by bit: it runs over thirty bytes a token.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| {
            if sum & 1 == 1 {
                sum >> 1 ^ 0xEDB8_8320
            } else {
                sum >> 1
            }
        })
    })
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
