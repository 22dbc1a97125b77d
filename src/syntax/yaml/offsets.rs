//! The source offset of each byte of a decoded scalar.
//!
//! The decoded text is compared with the source, style by style. Where the two do not agree,
//! because of unusual escapes or indents, the map stays in bounds and is wrong by a few bytes.

use super::tree::Style;
use crate::source::{OffsetMap, Span, slice};

/// The map of a scalar at `span` of `source` with the decoded `text`.
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
    let (mut offset, mut local) = (start, 0);

    while offset < end && local < to.len() {
        let step = match from[offset] {
            b'\\' if style == Style::DoubleQuoted => escape(&from[offset..end]),
            b'\'' if style == Style::SingleQuoted => (2, 1),
            b' ' | b'\t' | b'\n' | b'\r' => fold(&from[offset..end]),
            _ => (1, 1),
        };

        map.push(local as u32, offset as u32);
        (offset, local) = (offset + step.0, local + step.1);
        map.push(local as u32, offset as u32);
    }

    map
}

/// The length of a run of blanks in the source and in the text. A run without a line end is
/// literal.
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
        .filter(|&(offset, &byte)| byte == b'\r' && source.get(offset + 1) != Some(&b'\n'));
    source.iter().filter(|&&byte| byte == b'\n').count() + lone.count()
}

/// The length of an escape in the source and in the text.
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

    // The first half of a surrogate pair includes the second half.
    if digits == 4 && code.is_some_and(|code| (0xD800..0xDC00).contains(&code)) {
        return (12.min(source.len()), 4);
    }

    let length = code.and_then(char::from_u32).map_or(1, char::len_utf8);

    ((2 + digits).min(source.len()), length)
}

/// Block scalars: the lines after the header, without their indent.
fn block(source: &str, header: usize, text: &str) -> OffsetMap {
    let mut map = OffsetMap::default();
    let mut lines = Lines {
        source,
        offset: header,
    };
    lines.next();
    let body = lines.offset;
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
            // Lines above the first content are one line end each.
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

/// The lines of a text without their line ends, and their starts.
struct Lines<'a> {
    source: &'a str,
    offset: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<(usize, &'a str)> {
        let rest = self.source.get(self.offset..)?;
        if rest.is_empty() {
            return None;
        }

        let length = memchr::memchr2(b'\n', b'\r', rest.as_bytes()).unwrap_or(rest.len());
        let start = self.offset;
        self.offset += length
            + if rest[length..].starts_with("\r\n") {
                2
            } else {
                usize::from(length < rest.len())
            };
        Some((start, &rest[..length]))
    }
}
