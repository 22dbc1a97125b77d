//! The JSON form of the arguments of an instruction: an array of strings, with the span of each
//! item.
//!
//! Text that is not valid JSON is not an error; the builder reads it as a shell command.

use serde::de::IgnoredAny;

use super::line::Segment;
use crate::source::Spanned;

/// The result of reading a text as a JSON array of strings.
pub(super) enum JsonArray {
    /// The items; their spans include the quotes.
    Strings(Vec<Spanned<String>>),
    /// A valid array with an item that is not a string, which the builder rejects.
    OtherItems,
    /// Not an array.
    No,
}

/// Reads a text as a JSON array of strings.
pub(super) fn string_array(part: Segment) -> JsonArray {
    let text = part.text();
    if !text.starts_with('[') {
        return JsonArray::No;
    }

    match strings(part) {
        Some(items) => JsonArray::Strings(items),
        None if serde_json::from_str::<Vec<IgnoredAny>>(text).is_ok() => JsonArray::OtherItems,
        None => JsonArray::No,
    }
}

fn strings(part: Segment) -> Option<Vec<Spanned<String>>> {
    let text = part.text();
    let mut items = Vec::new();
    let mut offset = skip_blank(text, 1);
    if text.get(offset..)? == "]" {
        return Some(items);
    }

    loop {
        let end = string_end(text, offset)?;
        let value = serde_json::from_str(&text[offset..end]).ok()?;
        items.push(Spanned::new(value, part.sub(offset..end).span()));
        offset = skip_blank(text, end);

        match text.as_bytes().get(offset)? {
            b',' => offset = skip_blank(text, offset + 1),
            b']' => return (offset + 1 == text.len()).then_some(items),
            _ => return None,
        }
    }
}

fn skip_blank(text: &str, offset: usize) -> usize {
    let rest = &text[offset..];
    text.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len()
}

/// The offset after the closing quote of the string that opens at `offset`.
fn string_end(text: &str, offset: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    if *bytes.get(offset)? != b'"' {
        return None;
    }

    let mut offset = offset + 1;

    loop {
        offset += memchr::memchr2(b'"', b'\\', bytes.get(offset..)?)?;
        if bytes[offset] == b'"' {
            return Some(offset + 1);
        }

        offset += 2;
    }
}
