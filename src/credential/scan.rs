//! Credentials in any text by their shape: tokens of documented formats, private keys, URLs with a
//! password.
//!
//! One search finds the keywords of all formats. At each keyword the boundaries, the pattern of the
//! format, the entropy and the checksum are checked in this order, until one fails. Names of
//! variables do not matter here; see [`judge`](super::judge) for them.

use std::ops::Range;

use crate::source::Span;

use super::base64::{base64, jwt_claims};
use super::defaults::default_credential;
use super::hit::{Certainty, Hit, HitKind};
use super::table::{Anchor, AnchorName, Checksum, Keyword, TokenFormat, table};
use super::words::words;
use super::{connection, key, public, shape};

/// The distance from a token, in bytes, within which its context is searched.
const NEAR: usize = 400;

/// The characters that may be on either side of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edges {
    /// No characters of tokens: part of a longer word is not a token.
    Apart,
    /// Anything.
    Any,
}

/// Every credential in `text`, in order, without overlaps.
pub fn scan(text: &str) -> Vec<Hit> {
    scan_between(text, Edges::Apart)
}

/// Every part of `text` that has the form of a credential, inside of longer words too. For hiding
/// credentials.
pub fn scan_inside_words(text: &str) -> Vec<Hit> {
    scan_between(text, Edges::Any)
}

fn scan_between(text: &str, edges: Edges) -> Vec<Hit> {
    let table = table();
    // Each hit with its rank: the index of its format.
    let mut hits: Vec<(usize, Hit)> = Vec::new();

    table.each(text, |literal, keyword| {
        let start = literal.start;

        match keyword {
            Keyword::Token(index) => {
                let format = &table.formats[index];
                hits.extend(token(format, text, literal, edges).map(|hit| (index, hit)));
            }
            // A token inside a URL or a key file is more specific than the URL.
            Keyword::Key => hits.extend(key::block(text, start).map(|hit| (usize::MAX - 1, hit))),
            Keyword::Url => hits.extend(connection::urls(text, start).map(|hit| (usize::MAX, hit))),
            Keyword::Parts => {
                hits.extend(connection::parts(text, literal.end).map(|hit| (usize::MAX, hit)))
            }
            Keyword::Dsn => hits.extend(connection::dsn(text, start).map(|hit| (usize::MAX, hit))),
        }
    });

    resolve_overlaps(hits)
}

/// Of hits that overlap, keeps the one of the lowest rank.
fn resolve_overlaps(mut hits: Vec<(usize, Hit)>) -> Vec<Hit> {
    if hits.len() < 2 {
        return hits.into_iter().map(|(_, hit)| hit).collect();
    }

    hits.sort_by_key(|(rank, hit)| (hit.span.start, *rank, u32::MAX - hit.span.end));
    let mut kept: Vec<(usize, Hit)> = Vec::new();

    for (rank, hit) in hits {
        match kept.last_mut() {
            Some((last_rank, last)) if hit.span.start < last.span.end => {
                if rank < *last_rank {
                    (*last_rank, *last) = (rank, hit);
                }
            }
            _ => kept.push((rank, hit)),
        }
    }

    kept.into_iter().map(|(_, hit)| hit).collect()
}

/// The token of `format` at one of its keywords.
fn token(
    format: &'static TokenFormat,
    text: &str,
    keyword: Range<usize>,
    edges: Edges,
) -> Option<Hit> {
    let bytes = text.as_bytes();
    let Range { start, end } = keyword;
    let from = match format.anchor {
        Anchor::AtKeyword => start,
        Anchor::Before(by) => start.saturating_sub(by),
        Anchor::SameLine(AnchorName::Line) => end,
    };

    if format.anchor == Anchor::AtKeyword && edges == Edges::Apart && !begins(bytes, start) {
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
    if edges == Edges::Apart {
        let needs_start = format.anchor != Anchor::AtKeyword && captures.get(1).is_none();
        if (needs_start && !begins(bytes, span.start)) || !ends(bytes, span.end) {
            return None;
        }
    }

    let value = text.get(span.clone())?;
    let body = value.strip_prefix(text.get(start..end)?).unwrap_or(value);
    if shape::entropy(body) < format.entropy
        || shape::classes(value) < format.classes
        || shape::made_up(value)
    {
        return None;
    }

    if !in_context(format, text, start) || !claims_match(format, value) {
        return None;
    }

    if format.pair && !is_login(value) {
        return None;
    }

    let is_google = format.provider == "Google" && value.starts_with("AIza");
    if public::is_public(value) || is_google && public::is_of_firebase(text, span.clone()) {
        return None;
    }

    let certainty = match format.checksum {
        Some(Checksum::Github) if github_checksum(value) => Certainty::Certain,
        Some(Checksum::Github) => Certainty::Possible,
        Some(Checksum::Npm) if npm_checksum(value) => Certainty::Certain,
        Some(Checksum::Npm) | None => format.confidence,
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

/// Whether a token may begin at `start`: no token character is before it, except the letter of an
/// escape such as `\n` and the digits of a URL escape such as `%3D`.
fn begins(bytes: &[u8], start: usize) -> bool {
    let Some(&before) = start.checked_sub(1).and_then(|last| bytes.get(last)) else {
        return true;
    };

    if !before.is_ascii_alphanumeric() && !matches!(before, b'_' | b'-' | b'+') {
        return true;
    }

    match &bytes[..start] {
        [.., b'\\', b'n' | b't' | b'r'] => true,
        [.., b'%', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        _ => false,
    }
}

/// Whether a token may end before `end`: no token character follows.
fn ends(bytes: &[u8], end: usize) -> bool {
    match bytes.get(end) {
        None => true,
        Some(b'-') => !bytes.get(end + 1).is_some_and(u8::is_ascii_alphanumeric),
        Some(byte) => !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'+'),
    }
}

/// Whether one of the context words of the format is in the line of `offset` or in the line before.
/// Long lines are read only near `offset`.
fn in_context(format: &TokenFormat, text: &str, offset: usize) -> bool {
    if format.context.is_empty() {
        return true;
    }

    let bytes = text.as_bytes();
    let before = offset.saturating_sub(NEAR);
    let line = before + memchr::memrchr(b'\n', &bytes[before..offset]).unwrap_or(0);
    let from = before + memchr::memrchr(b'\n', &bytes[before..line]).unwrap_or(0);
    let after = &bytes[offset..bytes.len().min(offset + NEAR)];
    let to = offset + memchr::memchr(b'\n', after).unwrap_or(after.len());
    let near = String::from_utf8_lossy(&bytes[from..to]).to_ascii_lowercase();
    format
        .context
        .iter()
        .any(|word| near.contains(word.as_str()))
}

/// Whether the claims of a JWT contain what the format requires, and are not those of a
/// demonstration.
fn claims_match(format: &TokenFormat, value: &str) -> bool {
    let Some(needle) = &format.holds else {
        return true;
    };

    jwt_claims(value)
        .is_some_and(|claims| claims.contains(needle.as_str()) && !claims.contains("demo"))
}

/// Whether a value is base64 of a user and a password.
fn is_login(value: &str) -> bool {
    let decoded = base64(value).and_then(|bytes| String::from_utf8(bytes).ok());

    decoded.is_some_and(|login| {
        login.split_once(':').is_some_and(|(user, password)| {
            !user.is_empty()
                && !shape::is_placeholder(password)
                && !words().example_passwords.contains(password)
                && default_credential(password).is_none()
                && login.bytes().all(|byte| byte.is_ascii_graphic())
        })
    })
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

    sum.as_bytes() == base62(crc32(random.as_bytes()))
}

/// Whether the last six characters of an npm token are the CRC-32 of the random part before them, or
/// of all before them.
fn npm_checksum(token: &str) -> bool {
    let Some((before, sum)) = token
        .len()
        .checked_sub(6)
        .and_then(|start| token.split_at_checked(start))
    else {
        return false;
    };

    let random = before.strip_prefix("npm_").unwrap_or(before);
    [before, random]
        .iter()
        .any(|text| sum.as_bytes() == base62(crc32(text.as_bytes())))
}

/// A number in six digits of base 62.
fn base62(mut value: u32) -> [u8; 6] {
    let mut expected = [b'0'; 6];

    for digit in expected.iter_mut().rev() {
        *digit = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
            [(value % 62) as usize];
        value /= 62;
    }

    expected
}

/// CRC-32 of zip and PNG, bit by bit: it runs only over the thirty bytes of a token.
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
