//! The JSON form of an instruction's arguments: an array of strings, with the span of each item.
//!
//! What is not valid JSON is no error; the builder then takes the text as shell.

use serde::de::IgnoredAny;

use super::line::Part;
use crate::source::Spanned;

/// What a text is, asked whether it is a JSON array of strings.
pub(super) enum Json {
    /// The items; their spans hold the quotes.
    Strings(Vec<Spanned<String>>),
    /// A valid array with an item that is not a string: the builder refuses it.
    OtherItems,
    No,
}

pub(super) fn read(part: Part) -> Json {
    let text = part.text();
    if !text.starts_with('[') {
        return Json::No;
    }

    match strings(part) {
        Some(items) => Json::Strings(items),
        None if serde_json::from_str::<Vec<IgnoredAny>>(text).is_ok() => Json::OtherItems,
        None => Json::No,
    }
}

fn strings(part: Part) -> Option<Vec<Spanned<String>>> {
    let text = part.text();
    let mut items = Vec::new();
    let mut at = skip_blank(text, 1);
    if text.get(at..)? == "]" {
        return Some(items);
    }

    loop {
        let end = string_end(text, at)?;
        let value = serde_json::from_str(&text[at..end]).ok()?;
        items.push(Spanned::new(value, part.sub(at..end).span()));
        at = skip_blank(text, end);

        match text.as_bytes().get(at)? {
            b',' => at = skip_blank(text, at + 1),
            b']' => return (at + 1 == text.len()).then_some(items),
            _ => return None,
        }
    }
}

fn skip_blank(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    text.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len()
}

/// The offset after the closing quote of the string that opens at `at`.
fn string_end(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    if *bytes.get(at)? != b'"' {
        return None;
    }

    let mut at = at + 1;

    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }

        at += 2;
    }
}
