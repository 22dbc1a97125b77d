//! Private key blocks. A header alone, as in code that parses keys, is not a key: enough base64
//! must follow it.

use crate::source::Span;

use super::hit::{Certainty, Hit, HitKind};
use super::shape;

/// The opening of a PEM block.
pub const PEM: &str = "-----BEGIN ";
/// The opening of a PuTTY key file.
pub const PUTTY: &str = "PuTTY-User-Key-File-";

/// The minimum number of base64 characters of a body; the shortest real key (Ed25519 in PKCS#8) has
/// 64.
const MIN_BODY: usize = 64;
/// The longest block that is read, in bytes.
const LONGEST: usize = 16 * 1024;

/// The private key whose opening is at `opening`.
pub fn block(text: &str, opening: usize) -> Option<Hit> {
    if text[opening..].starts_with(PUTTY) {
        return putty(text, opening);
    }

    let label_start = opening + PEM.len();
    let label_end = label_start
        + text.as_bytes()[label_start..]
            .iter()
            .take(64)
            .position(|&byte| byte == b'-')?;
    let label = text.get(label_start..label_end)?;
    let after = text.get(label_end..)?.strip_prefix("-----")?;
    if !label.ends_with("PRIVATE KEY") && label != "PGP PRIVATE KEY BLOCK" {
        return None;
    }

    let start = label_end + 5;
    let window = &after.as_bytes()[..after.len().min(LONGEST)];
    let end = memchr::memmem::find(window, b"-----END").unwrap_or_else(|| unclosed_body(window));
    let body = text.get(start..start + end)?;
    let digits = base64_digits(body);
    if digits.len() < MIN_BODY
        || shape::entropy(&digits) < 3.5
        || body.contains("...")
        || shape::repeats(&digits)
    {
        return None;
    }

    let first = start + body.len() - body.trim_start().len();
    let kind = if label == "PRIVATE KEY" && is_service_account(text, opening) {
        HitKind::ProviderToken {
            provider: "Google Cloud",
            name: "service account key",
        }
    } else {
        HitKind::PrivateKey {
            label: label.to_owned(),
        }
    };

    Some(Hit {
        kind,
        span: Span::of(first, start + body.trim_end().len()),
        at: Span::of(opening, start),
        certainty: Certainty::Certain,
        weak: label.starts_with("ENCRYPTED") || body.contains("ENCRYPTED"),
    })
}

fn putty(text: &str, opening: usize) -> Option<Hit> {
    let window = text
        .as_bytes()
        .get(opening..(opening + LONGEST).min(text.len()))?;
    let lines = opening + memchr::memmem::find(window, b"Private-Lines:")?;
    let stop = opening + window.len();
    let start = lines + memchr::memchr(b'\n', &text.as_bytes()[lines..stop])? + 1;
    let end = memchr::memmem::find(&text.as_bytes()[start..stop], b"Private-")
        .map_or(stop, |by| start + by);
    let body = text.get(start..end)?.trim_end();
    if base64_digits(body).len() < MIN_BODY {
        return None;
    }

    let header = memchr::memchr(b'\n', window).map_or(text.len(), |by| opening + by);
    Some(Hit {
        kind: HitKind::PrivateKey {
            label: "PuTTY private key".to_owned(),
        },
        span: Span::of(start, start + body.len()),
        at: Span::of(
            opening,
            opening + text.get(opening..header)?.trim_end().len(),
        ),
        certainty: Certainty::Certain,
        weak: false,
    })
}

/// The length of a body without a closing line: all base64, white space, and escapes and quotes of
/// string literals.
fn unclosed_body(window: &[u8]) -> usize {
    window
        .iter()
        .position(|&byte| {
            !is_base64(byte)
                && !byte.is_ascii_whitespace()
                && !matches!(byte, b'\\' | b'"' | b'\'' | b',')
        })
        .unwrap_or(window.len())
}

/// The base64 digits of a body, without headers (`Proc-Type: …`), line ends, and quotes and escapes
/// of string literals.
fn base64_digits(body: &str) -> String {
    let body = body.replace("\\r", "\n").replace("\\n", "\n");
    let mut digits = String::new();

    for line in body.lines() {
        let line = line.trim_matches([
            ' ', '\t', '"', '\'', '+', ',', '\\', '`', ';', '|', '#', '>', '*',
        ]);
        if !line.is_empty() && line.bytes().all(is_base64) {
            digits.push_str(line);
        }
    }

    digits
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// Whether the JSON object around `opening` is a service account.
fn is_service_account(text: &str, opening: usize) -> bool {
    let bytes = text.as_bytes();
    let start = opening.saturating_sub(600);
    let end = (opening + 4096).min(bytes.len());

    contains(&bytes[start..opening], b"private_key")
        && (contains(&bytes[start..opening], b"service_account")
            || contains(&bytes[opening..end], b"service_account"))
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find(bytes, word).is_some()
}
