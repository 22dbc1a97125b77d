//! Heredocs: which words of an instruction open one, and where their bodies end.

use std::ops::Range;

use super::Escape;
use super::line::{Line, physical};
use super::word::after_dollar;
use crate::source::Span;

/// How far a terminator is looked for once an earlier one was not found. The builder has given up
/// by then; this bound, and the next instruction, keep a file of nothing but openers linear.
const RECOVERY_WINDOW: usize = 4096;

/// A body of lines attached to an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The terminator, quotes removed.
    pub name: String,
    /// The word that opens it: `<<EOF`, `3<<-"EOF"`.
    pub word: Span,
    /// The file descriptor written before `<<`.
    pub descriptor: Option<u32>,
    /// Part of the word is quoted, so variables in the body stay as they are.
    pub quoted: bool,
    /// `<<-`: leading tabs are removed from the body and the terminator.
    pub strip_tabs: bool,
    /// The lines of the body with their line ends.
    pub body: Span,
    /// The terminator's text; empty, at the end of the body, when there is none.
    pub terminator: Span,
}

/// A heredoc word found in a line.
pub(super) struct Opener {
    pub name: String,
    pub range: Range<usize>,
    pub descriptor: Option<u32>,
    pub quoted: bool,
    pub strip_tabs: bool,
}

/// The heredocs that a line opens, in order. A line that does not lex as shell opens none.
pub(super) fn openers(line: &Line) -> Vec<Opener> {
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

/// Reads one word as a heredoc opener: digits, `<<`, perhaps `-`, and a single word without `<`.
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

    let (name, quoted) = unquoted(rest);
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

/// Splits a line as the builder's shell lexer does. Heredocs are always lexed with `\`, whatever
/// the escape directive says. `None` when a quote or substitution is not closed.
fn words(text: &str) -> Option<Vec<Range<usize>>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut at = 0;

    while let Some(next) = text[at..].chars().next() {
        let begin = at;
        at += next.len_utf8();

        match next {
            '\'' => at += text[at..].find('\'')? + 1,
            '"' => at = after_double_quote(text, at)?,
            '$' => at = after_dollar(text, begin, Escape::Backslash).ok()?,
            '\\' => at += text[at..].chars().next().map_or(0, char::len_utf8),
            '<' if text[at..].starts_with('<') => {
                // White space between `<<` and the terminator belongs to the word.
                let rest = &text[at + 1..];
                at = text.len() - rest.trim_start().len();
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

fn after_double_quote(text: &str, mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr3(b'"', b'\\', b'$', text.get(at..)?.as_bytes())?;

        match text.as_bytes()[at] {
            b'"' => return Some(at + 1),
            b'$' => at = after_dollar(text, at, Escape::Backslash).ok()?,
            _ => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
        }
    }
}

/// The terminator that a word names, and whether any of it is quoted. Variables stay as written.
fn unquoted(word: &str) -> (String, bool) {
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

/// Where a body ends and what comes next.
pub(super) struct Body {
    pub body: Span,
    pub terminator: Option<Span>,
    pub next: usize,
}

/// How far a terminator may be away.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    EndOfFile,
    Window,
}

/// Reads the body that begins at `start`. Without a terminator it ends before the next line for
/// which `resumes` holds, so that one missing word does not cost the rest of the file.
pub(super) fn body(
    source: &str,
    start: usize,
    opener: &Opener,
    reach: Reach,
    resumes: fn(&str) -> bool,
) -> Body {
    let limit = match reach {
        Reach::EndOfFile => source.len(),
        Reach::Window => source.len().min(start.saturating_add(RECOVERY_WINDOW)),
    };

    let mut resume = None;
    let mut at = start;

    while let Some(line) = physical(source, at).filter(|line| line.start < limit) {
        let text = if opener.strip_tabs {
            line.text.trim_start_matches('\t')
        } else {
            line.text
        };

        if text == opener.name {
            let terminator = Span::of(line.end() - text.len(), line.end());
            return Body {
                body: Span::of(start, line.start),
                terminator: Some(terminator),
                next: line.next,
            };
        }

        if resume.is_none() && resumes(line.text) {
            resume = Some(line.start);
            if reach == Reach::Window {
                break;
            }
        }

        at = line.next;
    }

    let end = resume.unwrap_or(at).max(start);
    Body {
        body: Span::of(start, end),
        terminator: None,
        next: end,
    }
}
