//! Log and print calls that write a secret: `logger.info(f"key {api_key}")`.
//!
//! Only the calls near the name of a secret are looked at, so most files cost nothing. A value that
//! goes through a function, is cut, or is only tested is not the secret.

mod call;
mod interpolation;
mod name;
mod object;
mod value;

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::code_facts::{LoggedKind, LoggedValue};
use super::lex::{Language, Tokens};
use crate::credential::NameParts;
use crate::source::{Span, Spanned, clip};
use call::LogCall;
use name::Certainty;
use value::Candidate;

/// Parts of the names of functions that log, and of what they are called on.
const CALLS: &[&str] = &[
    "log.",
    "Log.",
    "LOG.",
    "log::",
    "Log::",
    "logger",
    "Logger",
    "LOGGER",
    "logging.",
    "logrus",
    "sugar",
    "console",
    "print",
    "Print",
    "echo",
    "puts",
    "stdout",
    "stderr",
    "STDOUT",
    "pp ",
    "dbg!",
    "info!",
    "debug!",
    "warn!",
    "error!",
    "trace!",
    "event!",
    "warn",
    "zap.",
    "var_dump",
    "error_log",
    "log(",
    "log?.",
    "slog",
    "write(",
    "  p ",
    "\tp ",
    "p ENV",
    "p params",
    "dd(",
];

static CALL: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(CALLS).ok());

/// The distance of a name from the start of the call, in bytes.
const BEFORE: usize = 400;
/// The longest call that is read, in bytes.
const LONGEST: usize = 1_500;
/// The number of calls of a file that are read.
const MOST: usize = 2_000;

/// The secrets that a source file logs, in order. `names` are those of secrets in the text.
pub fn find(text: &str, language: Language, names: &NameParts) -> Vec<LoggedValue> {
    if names.is_empty() {
        return Vec::new();
    }

    let objects = object::Objects::of(text, names);
    let lines = if objects.is_empty() {
        lines_near(text, names)
    } else {
        lines_with_calls(text, 0..text.len())
    };

    let mut logged: Vec<LoggedValue> = Vec::new();
    let mut docstrings = Docstrings::default();

    for line in lines.into_iter().take(MOST) {
        if language == Language::Python && docstrings.holds(text, line) {
            continue;
        }

        let start = clip(&text[line..], LONGEST);
        if is_shown_code(start) {
            continue;
        }

        for value in values_of_line(text, line, start, language, &objects) {
            let is_new = logged
                .last()
                .is_none_or(|last| last.name.span.end <= value.name.span.start);
            if is_new {
                logged.push(value);
            }
        }
    }

    logged
}

/// The starts of the lines with a log call shortly before the name of a secret, in order.
fn lines_near(text: &str, names: &NameParts) -> Vec<usize> {
    let mut starts: Vec<usize> = names.secrets.iter().map(|part| part.start).collect();
    starts.extend(&names.holders);
    starts.sort_unstable();

    let bytes = text.as_bytes();
    let mut searched = 0;
    let mut lines = Vec::new();

    for start in starts {
        let from = searched.max(start.saturating_sub(BEFORE));
        let to = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |end| start + end);

        if from < to {
            for line in lines_with_calls(text, from..to) {
                if lines.last() != Some(&line) {
                    lines.push(line);
                }
            }

            searched = to;
        }
    }

    lines
}

/// The starts of the lines of a part of a text that have a log call, in order.
fn lines_with_calls(text: &str, range: std::ops::Range<usize>) -> Vec<usize> {
    let Some(calls) = CALL.as_ref() else {
        return Vec::new();
    };

    let bytes = text.as_bytes();
    let mut lines: Vec<usize> = Vec::new();

    for found in calls.find_iter(&bytes[range.clone()]) {
        let offset = range.start + found.start();
        let from = lines.last().copied().unwrap_or(0);
        let line = memchr::memrchr(b'\n', &bytes[from..offset]).map_or(from, |end| from + end + 1);

        if lines.last() != Some(&line) {
            lines.push(line);
        }
    }

    lines
}

/// Whether a line is a part of a comment, or of code that documentation shows.
fn is_shown_code(line: &str) -> bool {
    let line = line.trim_start();

    ["*", "//", "#", ">>>", "...", "--"]
        .iter()
        .any(|sign| line.starts_with(sign))
}

/// The docstrings of a Python file up to an offset.
#[derive(Default)]
struct Docstrings {
    offset: usize,
    is_inside: bool,
}

impl Docstrings {
    /// Whether an offset is inside of a docstring. Offsets are asked for in order.
    fn holds(&mut self, text: &str, offset: usize) -> bool {
        let part = &text.as_bytes()[self.offset.min(offset)..offset];
        let quotes = memchr::memmem::find_iter(part, b"\"\"\"").count();
        self.is_inside ^= quotes % 2 == 1;
        self.offset = offset;

        self.is_inside
    }
}

/// The secrets that the calls which begin on a line log; `start` is the text from the line on.
fn values_of_line(
    text: &str,
    line: usize,
    start: &str,
    language: Language,
    objects: &object::Objects,
) -> Vec<LoggedValue> {
    let tokens = Tokens::of(start, language);
    let line_end = memchr::memchr(b'\n', start.as_bytes()).unwrap_or(start.len());
    let mut values = Vec::new();
    let mut index = 0;

    while let Some(token) = tokens.get(index) {
        // A chain of calls may go on below.
        let is_below = token.span.start as usize > line_end;
        if is_below && token.first && tokens.sign(index) != b'.' {
            break;
        }

        let Some(call) = LogCall::at(&tokens, index, language) else {
            index += 1;
            continue;
        };

        index = call.arguments.end.max(index + 1);
        let mut candidates = value::logged(&tokens, &call, language, objects);
        candidates.retain(|candidate| is_logged(text, line, candidate, &call, &tokens));
        values.extend(candidates.into_iter().map(|candidate| {
            let Span { start, end } = candidate.span;
            let span = Span::new(start + line as u32, end + line as u32);

            LoggedValue {
                name: Spanned::new(candidate.name, span),
                kind: candidate.kind,
            }
        }));
    }

    values
}

/// Whether what a call writes under the name of a secret is the secret, as far as the rest of the
/// file tells.
fn is_logged(
    text: &str,
    line: usize,
    candidate: &Candidate,
    call: &LogCall,
    tokens: &Tokens,
) -> bool {
    if candidate.kind != LoggedKind::Secret {
        return true;
    }

    let name = candidate.name.as_str();
    if candidate.certainty == Certainty::Ambiguous && !name::is_about_access(text) {
        return false;
    }

    let is_hidden = name::is_masked_before(&text[..line], name)
        || name::hides_itself(text, name)
        || name::is_constant(text, name);

    !(is_hidden || call.is_print && shows_on_purpose(call, tokens))
}

/// Whether a program shows its user a secret that it has made: nothing else may show it again.
fn shows_on_purpose(call: &LogCall, tokens: &Tokens) -> bool {
    const WORDS: &[&str] = &[
        "save ",
        "store ",
        "copy ",
        "keep ",
        "generated",
        "created",
        "new ",
        "your ",
        "shown again",
        "write down",
        "add this",
        "use this",
        "paste",
    ];

    call.arguments.clone().any(|index| {
        let text = tokens
            .get(index)
            .filter(|token| token.kind != super::lex::TokenKind::Sign)
            .map_or("", |token| token.span.text(tokens.source));
        let lower = text.to_ascii_lowercase();

        WORDS.iter().any(|word| lower.contains(word))
    })
}

#[cfg(test)]
mod tests;
