//! Logical lines: the text of one instruction, with continuations joined and comments left out.
//!
//! This module handles lines, the escape character and directives, not keywords or quotes.

use std::borrow::Cow;
use std::ops::Range;

use super::escape::Escape;
use super::word::Word;
use crate::source::{OffsetMap, Span};

/// One line of the file, without its line end.
#[derive(Clone, Copy)]
pub(super) struct PhysicalLine<'a> {
    pub start: usize,
    pub text: &'a str,
    /// The offset of the next line.
    pub next: usize,
}

impl PhysicalLine<'_> {
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

/// The physical line that begins at `start`; `None` at the end of the file. As in the builder, only
/// `\n` ends a line; `\r` before it is part of the line end.
pub(super) fn physical_line(source: &str, start: usize) -> Option<PhysicalLine<'_>> {
    let rest = source.get(start..)?;
    if rest.is_empty() {
        return None;
    }

    let (text, next) = match memchr::memchr(b'\n', rest.as_bytes()) {
        Some(length) => (&rest[..length], start + length + 1),
        None => (rest, source.len()),
    };

    Some(PhysicalLine {
        start,
        text: text.trim_end_matches('\r'),
        next,
    })
}

/// The text before a trailing continuation, or `None` when the line ends here. An escaped escape
/// character does not continue a line; neither does the third of three, as in the builder.
pub(super) fn continued(text: &str, escape: Escape) -> Option<&str> {
    let escape = escape.char();
    let body = text.trim_end_matches([' ', '\t']).strip_suffix(escape)?;

    if body.ends_with(escape) {
        return None;
    }

    Some(body)
}

/// The physical lines of one instruction, joined.
pub(super) struct LogicalLine<'a> {
    pub source: &'a str,
    /// The physical lines joined without a separator and without surrounding white space.
    pub text: Cow<'a, str>,
    /// Source offset of the first byte of `text`.
    start: usize,
    /// Present when the line is joined from several.
    joints: Option<OffsetMap>,
    /// The source ranges between the joined pieces: escape characters, line ends, comments, empty
    /// lines.
    pub gaps: Vec<Range<usize>>,
    /// Empty lines inside continuations; the builder warns of them.
    pub blank: Vec<Span>,
}

impl<'a> LogicalLine<'a> {
    /// The logical line that begins with `first`, and the offset of the next one.
    pub fn join(
        source: &'a str,
        first: PhysicalLine<'a>,
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

    pub fn part(&self, range: Range<usize>) -> Segment<'_> {
        Segment {
            line: self,
            start: range.start,
            end: range.end,
        }
    }

    pub fn whole(&self) -> Segment<'_> {
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
) -> Option<PhysicalLine<'a>> {
    loop {
        let line = physical_line(source, *next)?;
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
pub(super) struct Segment<'l> {
    pub line: &'l LogicalLine<'l>,
    pub start: usize,
    pub end: usize,
}

impl<'l> Segment<'l> {
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
    pub fn sub(&self, range: Range<usize>) -> Segment<'l> {
        Segment {
            line: self.line,
            start: self.start + range.start,
            end: self.start + range.end,
        }
    }

    pub fn trimmed(&self) -> Segment<'l> {
        let text = self.text();
        let start = text.len() - text.trim_start().len();
        self.sub(start..start.max(text.trim_end().len()))
    }

    /// Splits before the byte at `offset`.
    pub fn split_at(&self, offset: usize) -> (Segment<'l>, Segment<'l>) {
        (self.sub(0..offset), self.sub(offset..self.end - self.start))
    }

    pub fn word(&self, escape: Escape) -> Word {
        let span = self.span();
        let text = self.text();
        let joints = match &self.line.joints {
            Some(joints) if span.len() as usize != text.len() => {
                Some(Box::new(self.word_joints(joints)))
            }
            _ => None,
        };

        Word::new(text.to_owned(), span, joints, escape)
    }

    /// The runs of the line that reach into this segment, with offsets from its beginning.
    fn word_joints(&self, line_joints: &OffsetMap) -> OffsetMap {
        let text = self.text();
        let mut joints = OffsetMap::verbatim(self.span().start);

        for offset in 1..text.len() {
            if text.is_char_boundary(offset) {
                joints.push(
                    offset as u32,
                    line_joints.offset((self.start + offset) as u32),
                );
            }
        }

        joints
    }
}
