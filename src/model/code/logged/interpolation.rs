//! Expressions in strings: `f"{x}"`, `"#{x}"`, `"${x}"`, `"{x}"`.

use super::super::lex::Language;
use crate::source::Span;

/// The expressions in a string with something computed, as spans in the string. What a format cuts
/// is left out.
pub fn expressions(text: &str, language: Language) -> Vec<Span> {
    match language {
        Language::Python => braced(text, "{", language),
        Language::Ruby => braced(text, "#{", language),
        Language::Java | Language::Php => dollars(text),
        _ => Vec::new(),
    }
}

/// The names that a format string of Rust captures: `{password}`, `{password:?}`.
pub fn captures(text: &str) -> Vec<Span> {
    let mut names = braced(text, "{", Language::Rust);
    names.retain(|span| {
        let name = span.text(text);
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });

    names
}

/// Whether a format string cuts what it shows: `%.4s`, `{:.4}`.
pub fn cuts(text: &str) -> bool {
    ["%.", ":.", "%-."].iter().any(|opening| {
        text.match_indices(opening).any(|(offset, _)| {
            let rest = &text.as_bytes()[offset + opening.len()..];
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let is_width = digits > 0 && digits < 3;

            is_width && matches!(rest.get(digits), Some(b's' | b'}' | b'q' | b'v'))
        })
    })
}

fn braced(text: &str, opening: &str, language: Language) -> Vec<Span> {
    let bytes = text.as_bytes();
    let mut spans = Vec::new();
    let mut offset = 0;

    while let Some(found) = text.get(offset..).and_then(|rest| rest.find(opening)) {
        let start = offset + found + opening.len();
        // Two braces are one in the text.
        if language != Language::Ruby && bytes.get(start) == Some(&b'{') {
            offset = start + 1;
            continue;
        }

        let end = closing(bytes, start);
        let expression = &text[start..end];
        let (expression, format) = match language {
            Language::Ruby => (expression, ""),
            _ => split_format(expression),
        };

        if !format.contains('.') {
            spans.push(Span::of(start, start + expression.len()));
        }

        offset = end.max(start);
    }

    spans
}

/// The brace that closes an expression, or the end.
fn closing(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0u32;

    for (offset, byte) in bytes.iter().enumerate().skip(start) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' if depth == 0 => return offset,
            b'}' | b')' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }

    bytes.len()
}

/// An expression without its conversion, and its format: `x` and `.4` of `x!r:.4`.
fn split_format(expression: &str) -> (&str, &str) {
    let mut depth = 0u32;

    for (offset, byte) in expression.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b':' if depth == 0 => return (&expression[..offset], &expression[offset + 1..]),
            b'!' if depth == 0 && expression.as_bytes().get(offset + 1) != Some(&b'=') => {
                let format = expression[offset..]
                    .split_once(':')
                    .map_or("", |(_, format)| format);
                return (&expression[..offset], format);
            }
            b'=' if depth == 0 && offset + 1 == expression.len() => {
                return (&expression[..offset], "");
            }
            _ => {}
        }
    }

    (expression, "")
}

/// `$name`, `${expression}`, `{$name}`
fn dollars(text: &str) -> Vec<Span> {
    let bytes = text.as_bytes();
    let mut spans = Vec::new();

    for (offset, _) in text.match_indices('$') {
        if bytes.get(offset + 1) == Some(&b'{') {
            spans.push(Span::of(offset + 2, closing(bytes, offset + 2)));
            continue;
        }

        let length = bytes[offset + 1..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count();
        if length > 0 {
            spans.push(Span::of(offset + 1, offset + 1 + length));
        }
    }

    spans
}
