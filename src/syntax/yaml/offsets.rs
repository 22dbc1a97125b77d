//! Where each byte of a decoded scalar stands in its source.
//!
//! The decoded text is laid beside the source, style by style. Where the two do not agree, which
//! only unusual escapes and indents bring about, the map stays in bounds and is off by a few bytes.

use std::sync::{Mutex, PoisonError};

use super::node::Style;
use crate::source::{OffsetMap, Span, slice};

/// Scalars of fewer bytes are mapped each time.
const LONG: usize = 256;

/// The map of the long scalar that was asked for last. Each word, variable and key of a long script
/// asks for the map of the whole script.
#[derive(Debug, Default)]
pub(super) struct LastMap(Mutex<Option<(u32, OffsetMap)>>);

impl LastMap {
    /// The map of the scalar of this number: the last one again, or what `make` gives.
    pub(super) fn of(
        &self,
        scalar: u32,
        text: &str,
        make: impl FnOnce() -> OffsetMap,
    ) -> OffsetMap {
        if text.len() < LONG {
            return make();
        }

        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);

        match &*last {
            Some((number, map)) if *number == scalar => map.clone(),
            _ => last.insert((scalar, make())).1.clone(),
        }
    }
}

/// A copy of a tree asks anew.
impl Clone for LastMap {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// The map of a scalar that stands at `span` of `source` and reads `text`.
pub(super) fn map(source: &str, span: Span, style: Style, text: &str) -> OffsetMap {
    match style {
        Style::Literal | Style::Folded => block(source, span.start as usize, text),
        _ => flow(source, span, style, text),
    }
}

/// Plain and quoted scalars: folded lines and escapes.
fn flow(source: &str, span: Span, style: Style, text: &str) -> OffsetMap {
    let quoted = matches!(style, Style::SingleQuoted | Style::DoubleQuoted);
    let start = span.start as usize + usize::from(quoted);
    let end = (span.end as usize)
        .saturating_sub(usize::from(quoted))
        .min(source.len());
    let (from, to) = (source.as_bytes(), text.as_bytes());
    let mut map = OffsetMap::verbatim(start as u32);
    let (mut at, mut local) = (start, 0);

    while at < end && local < to.len() {
        let step = match from[at] {
            b'\\' if style == Style::DoubleQuoted => escape(&from[at..end]),
            b'\'' if style == Style::SingleQuoted => (2, 1),
            b' ' | b'\t' | b'\n' | b'\r' => fold(&from[at..end]),
            _ => (1, 1),
        };

        map.push(local as u32, at as u32);
        (at, local) = (at + step.0, local + step.1);
        map.push(local as u32, at as u32);
    }

    map
}

/// The length of a run of blanks in the source and in the text. A run without a line end stands for
/// itself.
fn fold(source: &[u8]) -> (usize, usize) {
    let length = source
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
        .count();
    match line_ends(&source[..length]) {
        0 => (length, length),
        1 => (length, 1),
        lines => (length, lines - 1),
    }
}

fn line_ends(source: &[u8]) -> usize {
    let lone = source
        .iter()
        .enumerate()
        .filter(|&(at, &byte)| byte == b'\r' && source.get(at + 1) != Some(&b'\n'));
    source.iter().filter(|&&byte| byte == b'\n').count() + lone.count()
}

/// The length of an escape in the source and of what it stands for.
fn escape(source: &[u8]) -> (usize, usize) {
    let digits = match source.get(1) {
        Some(b'x') => 2,
        Some(b'u') => 4,
        Some(b'U') => 8,
        Some(b'N' | b'_') => return (2, 2),
        Some(b'L' | b'P') => return (2, 3),
        Some(b'\n' | b'\r') => {
            let blanks = source[1..]
                .iter()
                .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
                .count();
            return (1 + blanks, line_ends(&source[1..=blanks]) - 1);
        }
        Some(_) => return (2, 1),
        None => return (1, 0),
    };

    let code = source
        .get(2..2 + digits)
        .and_then(|hex| u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
    // The first half of a surrogate pair takes its second half along.
    if digits == 4 && code.is_some_and(|code| (0xD800..0xDC00).contains(&code)) {
        return (12.min(source.len()), 4);
    }

    let length = code.and_then(char::from_u32).map_or(1, char::len_utf8);

    ((2 + digits).min(source.len()), length)
}

/// Block scalars: the lines after the header, without their indent.
fn block(source: &str, header: usize, text: &str) -> OffsetMap {
    let mut map = OffsetMap::default();
    let mut lines = Lines { source, at: header };
    lines.next();
    let body = lines.at;
    let Some(first) = text
        .split('\n')
        .find(|line| !line.trim_start_matches(' ').is_empty())
    else {
        return OffsetMap::verbatim(body as u32);
    };

    let mut indent = None;
    let mut local = 0;

    for (start, line) in lines {
        if local >= text.len() {
            break;
        }

        let blanks = line.len() - line.trim_start_matches(' ').len();
        let is_blank = blanks == line.len();

        if indent.is_none() && is_blank {
            // Lines above the first content stand for one line end each.
            map.push(local as u32, start as u32);
            local += usize::from(text.as_bytes().get(local) == Some(&b'\n'));
            continue;
        }

        let indent = *indent.get_or_insert(
            blanks.saturating_sub(first.len() - first.trim_start_matches(' ').len()),
        );
        let content = line.get(indent..).unwrap_or("");
        let rest = slice(text, local..text.len());

        if content.is_empty() {
            map.push(local as u32, (start + line.len()) as u32);
            local += usize::from(rest.starts_with('\n'));
            continue;
        }
        // A folded line may have lost line ends before this one, or hold more of them than its
        // source.
        let gap = if rest.starts_with(content) {
            0
        } else {
            rest.find(|other: char| other != '\n')
                .filter(|&gap| rest[gap..].starts_with(content))
                .unwrap_or(0)
        };

        local += gap;
        map.push(local as u32, (start + indent) as u32);
        local += content.len();
        if local >= text.len() {
            break;
        }

        map.push(local as u32, (start + line.len()) as u32);
        local += 1;
        while !text.is_char_boundary(local) {
            local += 1;
        }
    }

    map
}

/// Lines and where they begin, without their line ends.
struct Lines<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<(usize, &'a str)> {
        let rest = self.source.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let start = self.at;
        self.at += length
            + if rest[length..].starts_with("\r\n") {
                2
            } else {
                usize::from(length < rest.len())
            };
        Some((start, &rest[..length]))
    }
}
