//! The parts of a text that must not be shown: every credential in it, as written, in decoded form,
//! in base64, and by its name.
//!
//! The last check before an output. It hides and never reports, so it may hide too much, but not
//! too little.

use std::borrow::Cow;

use super::assign::{Values, assignments};
use super::base64::{base64, digit_value};
use super::decoded::Decoded;
use super::named::named_values;
use super::redact::{disjoint, mask};
use super::scan::scan_inside_words;
use crate::search::byte_set;
use crate::source::{Span, clip, slice};

/// The kind of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// Settings and sentences: what follows a name and a sign is a value.
    Data,
    /// Source code, in which values are computed; only quoted values count.
    Code,
}

/// The shortest run that is decoded, in bytes: shorter ones hold no credential.
const SHORTEST_RUN: usize = 20;
/// The longest run that is decoded, in bytes.
const LONGEST_RUN: usize = 64 * 1024;
/// The number of layers of base64 that are decoded.
const DEPTH: u32 = 2;

/// The spans of a text that must not be shown, sorted and disjoint.
pub fn secret_spans(text: &str, writing: Writing) -> Vec<Span> {
    disjoint(find_secrets(text, writing, DEPTH))
}

/// The text with its secrets replaced by stars.
pub fn conceal(text: &str) -> Cow<'_, str> {
    let spans = secret_spans(text, Writing::Data);
    if spans.is_empty() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(mask(text, &spans))
    }
}

/// A secret as its readers decode it, where that differs from the written form.
pub fn unescaped(secret: &str) -> Option<String> {
    Decoded::of(secret).map(|decoded| decoded.text)
}

fn find_secrets(text: &str, writing: Writing, depth: u32) -> Vec<Span> {
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
        Writing::Code => spans.extend(
            assignments(text, Values::Quoted)
                .into_iter()
                .map(|assigned| assigned.span),
        ),
    }

    if depth > 0 {
        spans.extend(runs(text).filter(|run| hides_secret(run.text(text), depth - 1)));
    }

    spans
}

/// The runs of a text that may be base64.
fn runs(text: &str) -> impl Iterator<Item = Span> {
    let bytes = text.as_bytes();
    let mut offset = 0;

    std::iter::from_fn(move || {
        loop {
            offset += bytes
                .get(offset..)?
                .iter()
                .position(|byte| is_base64_digit(*byte))?;
            let rest = &bytes[offset..];
            let length = rest
                .iter()
                .take_while(|byte| is_base64_digit(**byte))
                .count();
            let padding = rest[length..]
                .iter()
                .take(2)
                .take_while(|byte| **byte == b'=')
                .count();

            let run = Span::of(offset, offset + length + padding);
            offset += length + padding;

            if (SHORTEST_RUN..=LONGEST_RUN).contains(&length) {
                return Some(run);
            }
        }
    })
}

const fn is_base64_digit(byte: u8) -> bool {
    const DIGITS: [bool; 256] =
        byte_set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_");
    DIGITS[byte as usize]
}

/// Whether a run is base64 of a text with a credential; the base64 may begin up to three characters
/// into the run.
fn hides_secret(run: &str, depth: u32) -> bool {
    (0..4)
        .filter(|skipped| begins_readable(slice(run, *skipped..run.len())))
        .any(|skipped| {
            let decoded = base64(slice(run, skipped..run.len()))
                .and_then(|bytes| String::from_utf8(bytes).ok());
            decoded.is_some_and(|decoded| !find_secrets(&decoded, Writing::Data, depth).is_empty())
        })
}

/// Whether the first decoded bytes can be text. Most long words are not base64, and fail this
/// check.
fn begins_readable(run: &str) -> bool {
    let mut groups = clip(run, 12).as_bytes().chunks_exact(4);

    groups.all(|group| {
        let bits = group.iter().fold(0, |bits, digit| {
            bits << 6 | u32::from(digit_value(*digit).unwrap_or_default())
        });
        let [_, bytes @ ..] = bits.to_be_bytes();

        bytes
            .iter()
            .all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'))
    })
}

#[cfg(test)]
mod tests {
    use super::super::base64::as_base64;
    use super::*;

    fn token() -> String {
        [
            "gsk",
            "_Zq7Lx2Vb9Rt4Yw8Kc3Nd",
            "6Hf1Js5Pg0AmTu2Wx4Ey6Bn8Dc0FrKz5",
        ]
        .concat()
    }

    /// The text in base64, padded with blanks.
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
    fn text_without_secrets_is_not_copied() {
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
