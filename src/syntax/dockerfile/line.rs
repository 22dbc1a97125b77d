//! Logical lines: what the builder reads as one instruction once continuations are joined and
//! comments are left out.
//!
//! This module knows lines, the escape character and directives. It must never look at keywords or
//! quotes.

use std::borrow::Cow;
use std::ops::Range;

use super::{Escape, Word};
use crate::source::{OffsetMap, Span};

/// One line of the file, without its line end.
#[derive(Clone, Copy)]
pub(super) struct Physical<'a> {
    pub start: usize,
    pub text: &'a str,
    /// Where the next line begins.
    pub next: usize,
}

impl Physical<'_> {
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// The line from its `#` on when it is a comment.
    pub fn comment(&self) -> Option<Span> {
        let body = self.text.trim_start();
        body.starts_with('#')
            .then(|| Span::of(self.end() - body.len(), self.end()))
    }
}

/// The physical line that begins at `start`; `None` at the end of the file. Only `\n` ends a line
/// here, as in the builder; `\r` before it belongs to the line end.
pub(super) fn physical(source: &str, start: usize) -> Option<Physical<'_>> {
    let rest = source.get(start..).filter(|rest| !rest.is_empty())?;
    let (text, next) = match memchr::memchr(b'\n', rest.as_bytes()) {
        Some(at) => (&rest[..at], start + at + 1),
        None => (rest, source.len()),
    };

    Some(Physical {
        start,
        text: text.trim_end_matches('\r'),
        next,
    })
}

/// The text before a trailing continuation, or `None` when the line ends here. An escape character
/// that is itself escaped does not continue a line; neither does the third of three, which the
/// builder does not tell apart.
pub(super) fn continued(text: &str, escape: Escape) -> Option<&str> {
    let escape = escape.char();
    let body = text.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!body.ends_with(escape)).then_some(body)
}

/// A logical line.
pub(super) struct Line<'a> {
    pub source: &'a str,
    /// The physical lines joined without anything between them, without surrounding white space.
    pub text: Cow<'a, str>,
    /// Source offset of the first byte of `text`.
    start: usize,
    /// Present when the line is joined from several.
    joints: Option<OffsetMap>,
    /// What was left out between the joined pieces: escape characters, line ends, comments, empty
    /// lines.
    pub gaps: Vec<Range<usize>>,
    /// Empty lines inside continuations; the builder warns of them.
    pub blank: Vec<Span>,
}

impl<'a> Line<'a> {
    /// Reads the logical line that begins with `first`. Gives it and the offset at which the next
    /// one begins.
    pub fn read(
        source: &'a str,
        first: Physical<'a>,
        escape: Escape,
        comments: &mut Vec<Span>,
    ) -> (Self, usize) {
        let head = first.text.trim_start();
        let start = first.end() - head.len();
        let Some(mut body) = continued(head, escape) else {
            let line = Self {
                source,
                text: Cow::Borrowed(head.trim_end()),
                start,
                joints: None,
                gaps: Vec::new(),
                blank: Vec::new(),
            };

            return (line, first.next);
        };

        let mut text = String::new();
        let mut joints = OffsetMap::default();
        let mut gaps = Vec::new();
        let mut blank = Vec::new();
        let mut piece = start;
        let mut next = first.next;

        loop {
            joints.push(text.len() as u32, piece as u32);
            text.push_str(body);
            let gap = piece + body.len();
            let Some(more) = next_piece(source, &mut next, comments, &mut blank) else {
                break;
            };

            gaps.push(gap..more.start);
            piece = more.start;

            match continued(more.text, escape) {
                Some(before) => body = before,
                None => {
                    joints.push(text.len() as u32, piece as u32);
                    text.push_str(more.text);
                    break;
                }
            }
        }

        text.truncate(text.trim_end().len());
        let line = Self {
            source,
            text: Cow::Owned(text),
            start,
            joints: Some(joints),
            gaps,
            blank,
        };

        (line, next)
    }

    pub fn part(&self, range: Range<usize>) -> Part<'_> {
        Part {
            line: self,
            start: range.start,
            end: range.end,
        }
    }

    pub fn whole(&self) -> Part<'_> {
        let start = self.text.len() - self.text.trim_start().len();
        self.part(start..self.text.len())
    }

    /// The source span of a range of the joined text.
    pub fn span(&self, range: Range<usize>) -> Span {
        let local = Span::of(range.start, range.end);
        match &self.joints {
            Some(joints) => joints.span(local),
            None => local.shift(self.start as u32),
        }
    }
}

/// The next line of a continuation that is neither a comment nor empty.
fn next_piece<'a>(
    source: &'a str,
    next: &mut usize,
    comments: &mut Vec<Span>,
    blank: &mut Vec<Span>,
) -> Option<Physical<'a>> {
    loop {
        let line = physical(source, *next)?;
        *next = line.next;
        if let Some(comment) = line.comment() {
            comments.push(comment);
        } else if line.text.trim_start().is_empty() {
            blank.push(Span::of(line.start, line.end()));
        } else {
            return Some(line);
        }
    }
}

/// A range of a logical line.
#[derive(Clone, Copy)]
pub(super) struct Part<'l> {
    pub line: &'l Line<'l>,
    pub start: usize,
    pub end: usize,
}

impl<'l> Part<'l> {
    pub fn text(&self) -> &'l str {
        self.line.text.get(self.start..self.end).unwrap_or("")
    }

    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    pub fn span(&self) -> Span {
        self.line.span(self.start..self.end)
    }

    /// A range of this part, in offsets from its beginning.
    pub fn sub(&self, range: Range<usize>) -> Part<'l> {
        Part {
            line: self.line,
            start: self.start + range.start,
            end: self.start + range.end,
        }
    }

    pub fn trimmed(&self) -> Part<'l> {
        let text = self.text();
        let start = text.len() - text.trim_start().len();
        self.sub(start..start.max(text.trim_end().len()))
    }

    /// Splits before byte `at`.
    pub fn split_at(&self, at: usize) -> (Part<'l>, Part<'l>) {
        (self.sub(0..at), self.sub(at..self.end - self.start))
    }

    pub fn word(&self, escape: Escape) -> Word {
        let span = self.span();
        let text = self.text();
        let joints = self
            .line
            .joints
            .as_ref()
            .filter(|_| span.len() as usize != text.len())
            .map(|joints| {
                // The runs of the line that reach into this word, counted from the word's own
                // beginning.
                let mut own = OffsetMap::verbatim(span.start);

                for at in 1..text.len() {
                    if text.is_char_boundary(at) {
                        own.push(at as u32, joints.offset((self.start + at) as u32));
                    }
                }

                Box::new(own)
            });
        Word::new(text.to_owned(), span, joints, escape)
    }
}
