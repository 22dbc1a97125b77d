//! What of a text must not be shown: every credential in it, as written, in decoded form, behind
//! base64, and by its name.
//!
//! The last gate before an output. It hides and never reports, so it may be wrong in one direction
//! only.

use std::borrow::Cow;

use super::assign::assignments;
use super::decoded::Decoded;
use super::named::named_values;
use super::redact::mask;
use super::scan::{base64, scan_inside_words};
use crate::source::{Span, clip, slice};

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// Settings and sentences: a name and a sign give a value.
    Data,
    /// A program, whose names are given values that are computed; only quoted ones count.
    Code,
}

/// Shortest run that is decoded, in bytes: fewer hold no credential.
const SHORTEST_RUN: usize = 20;
/// Longest run that is decoded.
const LONGEST_RUN: usize = 64 * 1024;
/// Shortest base64 of a known secret that is looked for: fewer digits stand anywhere by chance.
const SHORTEST_FORM: usize = 8;
/// How often base64 may be inside of base64.
const DEPTH: u32 = 2;

/// The spans of a text that must not be shown, sorted and disjoint.
pub fn secret_spans(text: &str, writing: Writing) -> Vec<Span> {
    disjoint(find(text, writing, DEPTH))
}

/// The text with what must not be shown replaced by stars.
pub fn conceal(text: &str) -> Cow<'_, str> {
    let spans = secret_spans(text, Writing::Data);
    if spans.is_empty() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(mask(text, &spans))
    }
}

/// Sorted spans without overlap that cover the same bytes.
pub fn disjoint(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|span| !span.is_empty());
    spans.sort_unstable();
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());

    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => *last = last.cover(span),
            _ => merged.push(span),
        }
    }

    merged
}

/// A secret as its readers decode it, where that differs from how it is written.
pub fn unescaped(secret: &str) -> Option<String> {
    Decoded::of(secret).map(|decoded| decoded.text)
}

/// What base64 makes of a text wherever it begins in the bytes that are encoded: three forms,
/// without the digits that depend on what stands beside it. The last bytes of the text, which would
/// share a digit with the next, are left out.
pub fn as_base64(text: &str) -> Vec<String> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let forms = (0..3usize).map(|shift| {
        let bytes: Vec<u8> = std::iter::repeat_n(0, shift).chain(text.bytes()).collect();
        let whole = bytes.chunks_exact(3).flat_map(|chunk| {
            let bits = chunk
                .iter()
                .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
            [18, 12, 6, 0].map(|by| char::from(DIGITS[(bits >> by & 63) as usize]))
        });

        let digits: String = whole.collect();
        // Digits that hold bits of the bytes before the text.
        let foreign = [0, 2, 3][shift];

        digits.get(foreign..).unwrap_or("").to_owned()
    });

    forms.filter(|form| form.len() >= SHORTEST_FORM).collect()
}

fn find(text: &str, writing: Writing, depth: u32) -> Vec<Span> {
    let mut spans: Vec<Span> = scan_inside_words(text)
        .into_iter()
        .map(|hit| hit.span)
        .collect();
    if let Some(decoded) = Decoded::of(text) {
        spans.extend(
            scan_inside_words(&decoded.text)
                .into_iter()
                .map(|hit| decoded.source(hit.span)),
        );
    }

    match writing {
        Writing::Data => spans.extend(named_values(text)),
        Writing::Code => spans.extend(assignments(text).into_iter().map(|assigned| assigned.span)),
    }

    if depth > 0 {
        spans.extend(runs(text).filter(|run| hides_one(run.text(text), depth - 1)));
    }

    spans
}

/// The runs of a text that may be base64.
fn runs(text: &str) -> impl Iterator<Item = Span> {
    let bytes = text.as_bytes();
    let inside =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            at += bytes.get(at..)?.iter().position(inside)?;
            let length = bytes[at..].iter().take_while(|byte| inside(byte)).count();
            let padding = bytes[at + length..]
                .iter()
                .take(2)
                .take_while(|byte| **byte == b'=')
                .count();
            let run = Span::of(at, at + length + padding);
            at += length + padding;
            if (SHORTEST_RUN..=LONGEST_RUN).contains(&length) {
                return Some(run);
            }
        }
    })
}

/// Whether a run is base64 that hides a credential; it may begin up to three characters into the
/// run.
fn hides_one(run: &str, depth: u32) -> bool {
    (0..4)
        .filter(|skipped| begins_readable(slice(run, *skipped..run.len())))
        .any(|skipped| {
            let decoded = base64(slice(run, skipped..run.len()))
                .and_then(|bytes| String::from_utf8(bytes).ok());
            decoded.is_some_and(|decoded| !find(&decoded, Writing::Data, depth).is_empty())
        })
}

/// Whether the first bytes behind base64 can be text. Most long words are no base64, and this tells
/// at once.
fn begins_readable(run: &str) -> bool {
    let first = base64(clip(run, 12)).unwrap_or_default();
    first
        .iter()
        .all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> String {
        [
            "gsk",
            "_Zq7Lx2Vb9Rt4Yw8Kc3Nd",
            "6Hf1Js5Pg0AmTu2Wx4Ey6Bn8Dc0FrKz5",
        ]
        .concat()
    }

    /// The text in base64. A blank more or less is no matter to what is encoded here.
    fn encoded(text: &str) -> String {
        let padded = format!("{text}{}", " ".repeat((3 - text.len() % 3) % 3));
        as_base64(&padded).swap_remove(0)
    }

    #[test]
    fn a_token_is_hidden_in_every_form() {
        let token = token();
        let (head, tail) = token.split_at(20);
        for text in [
            token.clone(),
            format!("keys: {token},{token}"),
            format!("\"x/{head}\\x{:02x}{}\"", tail.as_bytes()[0], &tail[1..]),
            format!("RUN a {head}\\\n  {tail} b"),
            format!("echo '{head}''{tail}'"),
            format!("${{A:-{head}}}${{B:-{tail}}}"),
            format!("x: {}", encoded(&token)),
            format!(
                "x: {}",
                encoded(&format!(
                    "{{\"auth\": \"{}\"}}",
                    encoded(&format!("me:{token}"))
                ))
            ),
            format!("folder/{token}/file"),
            format!("`${{{{ {token}('x') }}}}`"),
        ] {
            let concealed = conceal(&text);
            assert_eq!(concealed.chars().count(), text.chars().count());
            for piece in [&token, head, tail, &encoded(&token)] {
                assert!(!concealed.contains(piece), "{text}\n{concealed}");
            }
        }
    }

    #[test]
    fn what_holds_no_secret_is_not_copied() {
        for text in [
            "",
            "image: nginx:1.27",
            "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ] {
            assert!(matches!(conceal(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn spans_are_sorted_and_disjoint() {
        let spans =
            [(5, 9), (0, 2), (2, 4), (7, 12), (3, 3)].map(|(start, end)| Span::new(start, end));
        assert_eq!(
            disjoint(spans.to_vec()),
            [Span::new(0, 4), Span::new(5, 12)]
        );
    }
}
