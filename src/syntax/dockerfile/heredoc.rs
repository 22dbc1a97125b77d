//! Heredocs: the words of an instruction that open one, and the ends of their bodies.

use std::ops::Range;

use super::escape::Escape;
use super::line::{LogicalLine, physical_line};
use super::word::after_dollar;
use crate::source::Span;

/// The number of bytes in which a terminator is searched once an earlier one was not found. The
/// builder has stopped by then; this limit, and the next instruction, keep a file of openers
/// linear.
const RECOVERY_WINDOW: usize = 4096;

/// A word that opens a heredoc.
pub(super) struct Opener {
    pub name: String,
    pub range: Range<usize>,
    pub descriptor: Option<u32>,
    pub quoted: bool,
    pub strip_tabs: bool,
}

/// The heredocs that a line opens, in order; none for a line that does not lex as shell.
pub(super) fn openers(line: &LogicalLine) -> Vec<Opener> {
    let text = &*line.text;
    if !text.contains("<<") {
        return Vec::new();
    }

    let words = words(text).unwrap_or_default();
    words
        .into_iter()
        .filter_map(|range| opener(&text[range.clone()], range))
        .collect()
}

/// The opener in a word: digits, `<<`, perhaps `-`, and a single word without `<`.
pub(super) fn opener(word: &str, range: Range<usize>) -> Option<Opener> {
    let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = word[digits..].strip_prefix("<<")?;
    let (rest, strip_tabs) = match rest.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (rest, false),
    };

    let rest = rest.trim_start();
    if rest.contains('<') || words(rest)?.len() != 1 {
        return None;
    }

    let (name, quoted) = terminator_name(rest);
    if name.is_empty() {
        return None;
    }

    let descriptor = (digits > 0).then(|| word[..digits].parse().unwrap_or(u32::MAX));
    Some(Opener {
        name,
        range,
        descriptor,
        quoted,
        strip_tabs,
    })
}

/// The words of a line, split like by the shell lexer of the builder. The escape character is
/// always `\`, independent of the escape directive. `None` when a quote or substitution is not
/// closed.
fn words(text: &str) -> Option<Vec<Range<usize>>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut offset = 0;

    while let Some(next) = text[offset..].chars().next() {
        let begin = offset;
        offset += next.len_utf8();

        match next {
            '\'' => offset += text[offset..].find('\'')? + 1,
            '"' => offset = after_double_quote(text, offset)?,
            '$' => offset = after_dollar(text, begin, Escape::Backslash).ok()?,
            '\\' => offset += text[offset..].chars().next().map_or(0, char::len_utf8),
            '<' if text[offset..].starts_with('<') => {
                // White space between `<<` and the terminator belongs to the word.
                let rest = &text[offset + 1..];
                offset = text.len() - rest.trim_start().len();
            }
            _ if next.is_whitespace() => {
                words.extend(start.take().map(|start| start..begin));
                continue;
            }
            _ => {}
        }

        start.get_or_insert(begin);
    }

    words.extend(start.map(|start| start..text.len()));

    Some(words)
}

fn after_double_quote(text: &str, mut offset: usize) -> Option<usize> {
    loop {
        offset += memchr::memchr3(b'"', b'\\', b'$', text.get(offset..)?.as_bytes())?;

        match text.as_bytes()[offset] {
            b'"' => return Some(offset + 1),
            b'$' => offset = after_dollar(text, offset, Escape::Backslash).ok()?,
            _ => offset += 1 + text[offset + 1..].chars().next().map_or(0, char::len_utf8),
        }
    }
}

/// The terminator in a word, and whether a part of it is quoted. Variables are not expanded.
fn terminator_name(word: &str) -> (String, bool) {
    let mut name = String::new();
    let mut quoted = false;
    let mut quote = None;
    let mut chars = word.chars();

    while let Some(next) = chars.next() {
        match (next, quote) {
            ('\'' | '"', None) => (quote, quoted) = (Some(next), true),
            (_, Some(open)) if next == open => quote = None,
            ('\\', None | Some('"')) => {
                quoted = true;
                name.extend(chars.next());
            }
            _ => name.push(next),
        }
    }

    (name, quoted)
}

/// The range of a body and of its terminator.
pub(super) struct BodyRange {
    pub body: Span,
    pub terminator: Option<Span>,
    /// The offset of the next line.
    pub next: usize,
}

/// The part of the file in which a terminator is searched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SearchLimit {
    EndOfFile,
    Window,
}

/// The body that begins at `start`. Without a terminator it ends before the next line for which
/// `resumes` is true, so that one missing word does not lose the rest of the file.
pub(super) fn find_body(
    source: &str,
    start: usize,
    opener: &Opener,
    search_limit: SearchLimit,
    resumes: fn(&str) -> bool,
) -> BodyRange {
    let limit = match search_limit {
        SearchLimit::EndOfFile => source.len(),
        SearchLimit::Window => source.len().min(start.saturating_add(RECOVERY_WINDOW)),
    };

    let mut resume = None;
    let mut offset = start;

    while let Some(line) = physical_line(source, offset)
        && line.start < limit
    {
        let text = if opener.strip_tabs {
            line.text.trim_start_matches('\t')
        } else {
            line.text
        };

        if text == opener.name {
            let terminator = Span::of(line.end() - text.len(), line.end());
            return BodyRange {
                body: Span::of(start, line.start),
                terminator: Some(terminator),
                next: line.next,
            };
        }

        if resume.is_none() && resumes(line.text) {
            resume = Some(line.start);
            if search_limit == SearchLimit::Window {
                break;
            }
        }

        offset = line.next;
    }

    let end = resume.unwrap_or(offset).max(start);
    BodyRange {
        body: Span::of(start, end),
        terminator: None,
        next: end,
    }
}
