//! The causes of parser errors: position, message, and the text to leave out.

use granit_parser::ErrorKind;

use super::lines::{line_end, line_start, next_token};
use super::load::Stop;
use crate::source::{Span, clip, slice};
use crate::syntax::SyntaxError;

/// The cause of a stop.
#[derive(Debug)]
pub(super) struct ErrorCause {
    /// The offset of a byte of the wrong line.
    pub offset: usize,
    pub error: SyntaxError,
    /// The smallest range to leave out: a value without its key.
    pub remove: Option<Span>,
    /// White space to turn into spaces instead.
    pub tabs: Option<Vec<Span>>,
}

/// The cause of a stop.
pub(super) fn find_cause(text: &str, stop: &Stop) -> ErrorCause {
    let offset = stop.offset.min(text.len());
    if is_about_quotes(&stop.kind) {
        return quote_cause(text, stop, offset);
    }

    // In these two the tab is on the line after the one that the parser names.
    let is_below = matches!(
        stop.kind,
        ErrorKind::TabInPlainScalar | ErrorKind::TabAtBlockScalarStart
    );
    let line = if is_below {
        (line_end(text, offset) + 1).min(text.len())
    } else {
        offset
    };

    if let Some(cause) = tab_cause(text, line) {
        return cause;
    }

    if let Some(open) = stop.flow
        && let Some(cause) = bracket_cause(text, open, offset, &stop.kind)
    {
        return cause;
    }

    let start = line_start(text, offset);
    let (span, message) = message(text, stop, offset);

    // In brackets that opened on an earlier line a value may share its line with others.
    let is_inside = stop.flow.is_some_and(|open| open < start);
    let value = if is_inside {
        None
    } else {
        value_of_line(text, start)
    };

    let remove = value.filter(|value| value.start as usize <= offset);
    ErrorCause {
        offset,
        error: SyntaxError::new(span, message),
        remove,
        tabs: None,
    }
}

/// Whether an error is of a kind that a lost line causes in the lines below it.
pub(super) fn is_about_indent(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::MappingValueNotAllowed
            | ErrorKind::ExpectedBlockMappingKey
            | ErrorKind::ExpectedBlockSequenceEntry
            | ErrorKind::BlockSequenceEntryNotAllowed
            | ErrorKind::InvalidIndentation
            | ErrorKind::SimpleKeyExpected
            | ErrorKind::InvalidSimpleKey
            | ErrorKind::ExpectedDocumentStart
    )
}

/// The number of blanks before the first character of the line that begins at `start`.
pub(super) fn indent(text: &str, start: usize) -> usize {
    text.as_bytes()
        .get(start..)
        .unwrap_or(b"")
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count()
}

fn is_about_quotes(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnclosedQuotedScalar
            | ErrorKind::InvalidQuotedScalarIndent
            | ErrorKind::DocumentIndicatorInQuotedScalar
            | ErrorKind::InvalidTrailingSingleQuotedScalar
            | ErrorKind::InvalidTrailingDoubleQuotedScalar
    )
}

fn quote_cause(text: &str, stop: &Stop, offset: usize) -> ErrorCause {
    let token = next_token(text, stop.last_end).min(offset);
    let is_quote = matches!(text.as_bytes().get(token), Some(b'"' | b'\''));
    let open = if is_quote { token } else { offset };
    let remove = Some(Span::of(open, line_end(text, open)));
    let has_text_after = matches!(
        stop.kind,
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar
    );

    if has_text_after && is_quote && line_start(text, open) == line_start(text, offset) {
        let error = SyntaxError::new(
            word(text, offset),
            "found text after the closing quote, expected the end of the value",
        );
        let error = error.related(Span::of(open, open + 1), "the quote opens here");
        return ErrorCause {
            offset,
            error,
            remove,
            tabs: None,
        };
    }

    let width = slice(text, open..text.len())
        .chars()
        .next()
        .map_or(0, char::len_utf8);
    let error = SyntaxError::new(Span::of(open, open + width), "this quote is never closed");
    ErrorCause {
        offset: open,
        error,
        remove,
        tabs: None,
    }
}

/// Tabs in the indent of the line and of the lines directly after it.
fn tab_cause(text: &str, offset: usize) -> Option<ErrorCause> {
    let start = line_start(text, offset);
    let blanks = indent(text, start);
    let first = slice(text, start..start + blanks).find('\t')?;
    let mut tabs = Vec::new();
    let mut line = start;

    while line < text.len() {
        let blanks = indent(text, line);
        if !slice(text, line..line + blanks).contains('\t') {
            break;
        }

        tabs.push(Span::of(line, line + blanks));
        let end = line_end(text, line);
        line = end
            + if slice(text, end..end + 2) == "\r\n" {
                2
            } else {
                1
            };
    }

    let tab = Span::of(start + first, start + first + 1);
    let error = SyntaxError::new(tab, "found a tab in the indentation, expected spaces");
    Some(ErrorCause {
        offset: start,
        error,
        remove: None,
        tabs: Some(tabs),
    })
}

/// A bracket that is open at the error although its content has ended.
fn bracket_cause(text: &str, open: usize, offset: usize, kind: &ErrorKind) -> Option<ErrorCause> {
    let opened = line_start(text, open);
    let line = line_start(text, offset);
    let closes = matches!(
        slice(text, line..text.len()).trim_start().chars().next(),
        Some(']' | '}')
    );
    let is_outside = line > opened && !closes && indent(text, line) <= indent(text, opened);
    let ends = slice(text, offset..text.len()).trim().is_empty()
        || matches!(
            kind,
            ErrorKind::UnclosedFlowCollection { .. }
                | ErrorKind::UnexpectedEofFlowMapping
                | ErrorKind::UnexpectedEofFlowSequence
                | ErrorKind::UnexpectedEofImplicitFlowMapping
        );
    if !is_outside && !ends {
        return None;
    }

    let bracket = text.get(open..open + 1)?;
    let error = SyntaxError::new(
        Span::of(open, open + 1),
        format!("this `{bracket}` is never closed"),
    );
    let end = if is_outside {
        clip(text, line).trim_end().len()
    } else {
        line_end(text, open)
    };

    Some(ErrorCause {
        offset: open,
        error,
        remove: Some(Span::of(open, end.max(open + 1))),
        tabs: None,
    })
}

/// The value after the first `: ` of a line.
fn value_of_line(text: &str, start: usize) -> Option<Span> {
    let end = line_end(text, start);
    let line = slice(text, start..end);
    let key = line.trim_start_matches([' ', '-']);
    let mut offset = line.len() - key.len();
    if let Some(quote @ ('"' | '\'')) = key.chars().next() {
        offset += 1 + key[1..].find(quote)? + 1;
    }

    let colon = offset + line[offset..].find(": ")?;
    let value = colon + 2;

    if line[value..].trim().is_empty() {
        return None;
    }

    Some(Span::of(start + value, end))
}

/// The word at an offset: letters up to the next blank, or one character.
fn word(text: &str, offset: usize) -> Span {
    let rest = text.get(offset..).unwrap_or("");
    let length = rest
        .find(|other: char| other.is_whitespace())
        .unwrap_or(rest.len());
    let length = if length == 0 {
        rest.chars().next().map_or(0, char::len_utf8)
    } else {
        length
    };

    Span::of(offset, offset + length)
}

/// The trimmed text of the line from its first character on.
fn rest_of_line(text: &str, from: usize) -> Span {
    let line = slice(text, from..line_end(text, from));
    let start = from + (line.len() - line.trim_start().len());
    Span::of(start, from + line.trim_end().len().max(start - from))
}

/// The first escape that YAML does not have, in a text whose quote opens at an offset.
fn unknown_escape(text: &str, open: usize) -> Option<Span> {
    let mut offset = open;

    while let Some(length) = text.get(offset..)?.find('\\') {
        let start = offset + length;
        let next = slice(text, start + 1..text.len()).chars().next()?;
        if !"0abt\tnvfre \"/\\N_LPxuU\r\n".contains(next) {
            return Some(Span::of(start, start + 1 + next.len_utf8()));
        }

        offset = start + 1 + next.len_utf8();
    }

    None
}

/// The span and the message of an error.
fn message(text: &str, stop: &Stop, offset: usize) -> (Span, String) {
    let token = word(text, offset);

    match &stop.kind {
        ErrorKind::MappingValueNotAllowed => colon_message(text, stop, offset),
        ErrorKind::ExpectedBlockMappingKey => {
            let rest = rest_of_line(text, offset);
            (
                if rest.is_empty() { token } else { rest },
                "expected a key of the mapping above; check the indentation".to_owned(),
            )
        }
        ErrorKind::UnexpectedCharacter { character } => {
            let first = slice(text, offset..text.len()).chars().next();
            let end = offset + first.map_or(0, char::len_utf8);
            (
                Span::of(offset, end),
                format!("`{character}` cannot begin a value without quotes"),
            )
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            // The error has the position of the opening bracket; the closing one is soon after the
            // last node.
            let from = stop.last_end.max(offset).min(text.len());
            let closing = slice(text, from..text.len())
                .find(*close)
                .map_or(offset, |length| from + length);
            (
                Span::of(closing, closing + 1),
                format!("found `{close}` where `{open}` is still open"),
            )
        }
        ErrorKind::UnclosedFlowCollection { open } => (
            Span::of(offset, offset + 1),
            format!("this `{open}` is never closed"),
        ),
        ErrorKind::UnknownQuotedScalarEscape => {
            let escape = unknown_escape(text, offset).unwrap_or(token);
            (
                escape,
                format!(
                    "`{}` is not an escape in double quotes; write `\\\\` for a backslash",
                    escape.text(text)
                ),
            )
        }
        kind => {
            let message = fixed_message(kind).map_or_else(|| kind.to_string(), str::to_owned);
            (fixed_span(kind, text, offset), message)
        }
    }
}

/// The span and the message of a colon that is not allowed.
fn colon_message(text: &str, stop: &Stop, offset: usize) -> (Span, String) {
    let line = line_start(text, offset);
    let key = Span::of(line + indent(text, line), offset);

    if line_start(text, stop.last_scalar) < line && !key.is_empty() {
        let name = key.text(text).trim();
        let message = format!("unexpected indentation: found key `{name}:` inside another value");
        return (key, message);
    }

    (
        Span::of(offset, offset + 1),
        "found a second `: ` in this value, expected quotes around it".to_owned(),
    )
}

/// The span of an error whose message depends on its kind only.
fn fixed_span(kind: &ErrorKind, text: &str, offset: usize) -> Span {
    match kind {
        ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidIndentation
        | ErrorKind::SimpleKeyExpected
        | ErrorKind::InvalidSimpleKey
        | ErrorKind::ExpectedDocumentStart
        | ErrorKind::InvalidBlockScalarIndent => rest_of_line(text, offset),
        ErrorKind::TabInBlockIndentation
        | ErrorKind::TabNotAllowed
        | ErrorKind::TabInIndentation => Span::of(offset, offset + 1),
        _ => word(text, offset),
    }
}

/// The message of an error that depends on its kind only; `None` for kinds that are worded by the
/// parser.
const fn fixed_message(kind: &ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::ExpectedBlockSequenceEntry => {
            "expected a `- ` item of the list above; check the indentation"
        }
        ErrorKind::BlockSequenceEntryNotAllowed => {
            "a list item is not allowed here; check the indentation"
        }
        ErrorKind::InvalidIndentation => {
            "the indentation of this line does not match any line above"
        }
        ErrorKind::SimpleKeyExpected
        | ErrorKind::InvalidSimpleKey
        | ErrorKind::ExpectedDocumentStart => {
            "found text that is neither `key: value` nor a list item"
        }
        ErrorKind::MisplacedFlowCollectionEnd => "found a closing bracket that nothing opens",
        ErrorKind::ExpectedFlowMappingSeparator => "expected `,` or `}` before this",
        ErrorKind::ExpectedFlowSequenceSeparator => "expected `,` or `]` before this",
        ErrorKind::InvalidColonPlacement => "found a `:` that does not follow a key",
        ErrorKind::RecursionLimitExceeded => "nested too deeply: more than 255 levels",
        ErrorKind::TabInBlockIndentation
        | ErrorKind::TabNotAllowed
        | ErrorKind::TabInIndentation => "found a tab where only spaces are allowed",
        ErrorKind::UnexpectedEof
        | ErrorKind::UnexpectedEofBlockMapping
        | ErrorKind::UnexpectedEofBlockSequence => "this value is incomplete",
        ErrorKind::MissingDirectiveName
        | ErrorKind::InvalidDirectiveName
        | ErrorKind::MissingDocumentEndBeforeDirective => "`%` cannot begin a line without quotes",
        ErrorKind::InvalidBlockScalarIndent => {
            "this line is indented less than the block it belongs to"
        }
        ErrorKind::InvalidBlockScalarHeader => {
            "found text after `|` or `>`, expected the end of the line"
        }
        _ => return None,
    })
}
