//! Private key blocks. A header that code merely mentions is no key: enough base64 must follow it.

use crate::source::Span;

use super::scan::{Certainty, Hit, HitKind};
use super::shape;

/// What opens a PEM block.
pub const PEM: &str = "-----BEGIN ";
/// What opens a PuTTY key file.
pub const PUTTY: &str = "PuTTY-User-Key-File-";

/// Fewest base64 characters of a body; the shortest real key (Ed25519 in PKCS#8) has 64.
const BODY: usize = 64;
/// Longest block looked at.
const LONGEST: usize = 16 * 1024;

/// The private key whose opening stands at `at`.
pub fn block(text: &str, at: usize) -> Option<Hit> {
    if text[at..].starts_with(PUTTY) {
        return putty(text, at);
    }

    let label_start = at + PEM.len();
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
    let end = memchr::memmem::find(window, b"-----END").unwrap_or_else(|| run(window));
    let body = text.get(start..start + end)?;
    let solid = solid(body);
    if solid.len() < BODY
        || shape::entropy(&solid) < 3.5
        || body.contains("...")
        || shape::repeats(&solid)
    {
        return None;
    }

    let first = start + body.len() - body.trim_start().len();
    let google = label == "PRIVATE KEY" && is_service_account(text, at);
    let kind = if google {
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
        at: Span::of(at, start),
        certainty: Certainty::Certain,
        weak: label.starts_with("ENCRYPTED") || body.contains("ENCRYPTED"),
    })
}

fn putty(text: &str, at: usize) -> Option<Hit> {
    let window = text.as_bytes().get(at..(at + LONGEST).min(text.len()))?;
    let lines = at + memchr::memmem::find(window, b"Private-Lines:")?;
    let stop = at + window.len();
    let start = lines + memchr::memchr(b'\n', &text.as_bytes()[lines..stop])? + 1;
    let end = memchr::memmem::find(&text.as_bytes()[start..stop], b"Private-")
        .map_or(stop, |by| start + by);
    let body = text.get(start..end)?.trim_end();
    if solid(body).len() < BODY {
        return None;
    }

    let header = memchr::memchr(b'\n', window).map_or(text.len(), |by| at + by);
    Some(Hit {
        kind: HitKind::PrivateKey {
            label: "PuTTY private key".to_owned(),
        },
        span: Span::of(start, start + body.len()),
        at: Span::of(at, at + text.get(at..header)?.trim_end().len()),
        certainty: Certainty::Certain,
        weak: false,
    })
}

/// How far a body goes that nothing closes: as long as only base64, white space and the escapes and
/// quotes of string literals follow.
fn run(window: &[u8]) -> usize {
    let inside = |byte: &u8| {
        is_base64(*byte)
            || byte.is_ascii_whitespace()
            || matches!(byte, b'\\' | b'"' | b'\'' | b',')
    };

    window
        .iter()
        .position(|byte| !inside(byte))
        .unwrap_or(window.len())
}

/// The base64 of a body, without headers (`Proc-Type: …`), line ends and the quotes and escapes of
/// string literals.
fn solid(body: &str) -> String {
    let body = body.replace("\\r", "\n").replace("\\n", "\n");
    let mut solid = String::new();

    for line in body.lines() {
        let line = line.trim_matches([
            ' ', '\t', '"', '\'', '+', ',', '\\', '`', ';', '|', '#', '>', '*',
        ]);
        if !line.is_empty() && line.bytes().all(is_base64) {
            solid.push_str(line);
        }
    }

    solid
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// Whether the JSON object around `at` says it is a service account.
fn is_service_account(text: &str, at: usize) -> bool {
    let from = at.saturating_sub(600);
    let before = &text.as_bytes()[from..at];
    let after = &text.as_bytes()[at..(at + 4096).min(text.len())];
    let says = |bytes| memchr::memmem::find(bytes, b"service_account").is_some();
    memchr::memmem::find(before, b"private_key").is_some() && (says(before) || says(after))
}
