//! Events of the parser to nodes: one pass, from a byte offset to the end or to the first error.
//!
//! Corrects the positions of events: block collections have no extent, an absent value is before
//! its colon, and a block scalar begins at its content.

use std::borrow::Cow;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Span as Range, StructureStyle};

use super::direct;
use super::lines::{line_start, next_dash, next_token};
use super::loader::Loader;
use super::tree::{Raw, Shape, Style};
use crate::source::Span;
use crate::syntax::SyntaxError;

/// The number of documents of a file that the parser reads one by one. It reads all later documents
/// at once.
const PARSER_BEGINS: u32 = 8;

/// The documents that the parser reads in one call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ParseExtent {
    OneDocument,
    AllDocuments,
}

/// The position and the reason of an error of the parser.
#[derive(Debug)]
pub(super) struct Stop {
    pub offset: usize,
    pub kind: ErrorKind,
    /// The end of the last token of a node.
    pub last_end: usize,
    /// The start of the last scalar.
    pub last_scalar: usize,
    /// The start of the outermost open bracket.
    pub flow: Option<usize>,
    /// The end of the last complete document: a new attempt may begin here.
    pub resume: usize,
}

impl Loader<'_, '_> {
    /// Reads `buffer` from `base` on, adding to the tree. After an error the tree contains
    /// everything before it.
    ///
    /// A document in common notation is read directly; the parser reads the others, one by one.
    pub fn run(&mut self, buffer: &str, base: usize) -> Result<(), Stop> {
        // The parser copies the whole rest whenever it begins.
        let mut begins = if direct::is_common(buffer, base) {
            PARSER_BEGINS
        } else {
            1
        };

        let mut next = Some(base);

        while let Some(offset) = next {
            if begins > 1
                && let Some(after) = direct::read_document(self, buffer, offset)
            {
                next = after;
                continue;
            }

            begins -= 1;
            let extent = if begins > 0 {
                ParseExtent::OneDocument
            } else {
                ParseExtent::AllDocuments
            };

            next = self.parse(buffer, offset, extent)?;
        }

        Ok(())
    }

    /// Reads with the parser from `base` on: one document, returning the offset of the next one if
    /// there is one, or all documents.
    pub fn parse(
        &mut self,
        buffer: &str,
        base: usize,
        extent: ParseExtent,
    ) -> Result<Option<usize>, Stop> {
        let options = granit_parser::options! {
            emit_unresolved_aliases: true,
            emit_anchor_events: false,
        };

        self.begin_document();
        self.last_end = base;
        self.last_scalar = base;
        let mut resume = base;
        let mut begun = (base, 0);

        for next in Parser::new_from_str_with_options(buffer.get(base..).unwrap_or(""), options) {
            let (event, range) = match next {
                Ok(next) => next,
                Err(error) => {
                    let stop = Stop {
                        offset: base + error.marker().byte_offset().unwrap_or(0),
                        kind: error.kind().clone(),
                        last_end: self.last_end,
                        last_scalar: self.last_scalar,
                        flow: self.flow(),
                        resume,
                    };

                    self.give_up(begun, stop.offset);
                    return Err(stop);
                }
            };

            let bytes = range.byte_range().unwrap_or(0..0);
            let (start, end) = (base + bytes.start, base + bytes.end);

            match event {
                // Only now it is certain that the text between the two documents is valid.
                Event::DocumentStart(..) if extent == ParseExtent::OneDocument && resume > base => {
                    return Ok(Some(resume));
                }
                Event::DocumentStart(explicit, _) => {
                    begun = (start, self.tree.nodes.len() as u32);
                    if explicit {
                        self.last_end = end;
                    }
                }
                Event::DocumentEnd => {
                    self.end_document(begun.1, Span::of(begun.0, end.max(begun.0)));
                    resume = end;
                    begun = (end, self.tree.nodes.len() as u32);
                }
                event => self.add_node(buffer, base, event, &range),
            }
        }

        Ok(None)
    }

    /// Adds the node of an event to the tree.
    fn add_node(&mut self, buffer: &str, base: usize, event: Event<'_>, range: &Range) {
        let bytes = range.byte_range().unwrap_or(0..0);
        let (start, end) = (base + bytes.start, base + bytes.end);

        match event {
            Event::Scalar(text, style, anchor, _) => {
                self.scalar(buffer, base, range, text, style, anchor);
            }
            Event::SequenceStart(style, anchor, _) => {
                let start = match style {
                    StructureStyle::Block => self.dash(buffer, start),
                    StructureStyle::Flow => start,
                };

                let node = raw(Shape::Sequence, style, start, end);
                self.begin(node, anchor, tag(base, range));
            }
            Event::MappingStart(style, anchor, _) => {
                let node = raw(Shape::Mapping, style, start, end);
                self.begin(node, anchor, tag(base, range));
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(end),
            Event::Alias(anchor) => self.alias(start, end, anchor),
            Event::UnresolvedAlias(name) => {
                let message =
                    format!("alias `*{name}` has no anchor `&{name}` before it in this document");
                self.errors
                    .push(SyntaxError::new(Span::of(start, end), message));
                self.leaf(Raw::leaf(start, end, Shape::Unknown, Style::Plain));
                self.last_end = end;
            }
            _ => {}
        }
    }

    /// The start of the outermost open bracket.
    fn flow(&self) -> Option<usize> {
        let mut raws = self
            .open
            .iter()
            .map(|open| &self.tree.nodes[open.node as usize]);
        Some(raws.find(|raw| raw.style == Style::Flow)?.start as usize)
    }

    /// Closes what is open after an error.
    fn give_up(&mut self, (start, root): (usize, u32), offset: usize) {
        while !self.open.is_empty() {
            self.end(self.last_end);
        }

        if self.tree.nodes.len() as u32 > root {
            self.tree
                .documents
                .push((root, Span::of(start, offset.max(start))));
        }
    }

    fn scalar(
        &mut self,
        buffer: &str,
        base: usize,
        range: &Range,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
    ) {
        let bytes = range.byte_range().unwrap_or(0..0);
        let (start, end) = (base + bytes.start, base + bytes.end);
        let raw = match style {
            ScalarStyle::Plain if start == end => {
                self.absent(buffer, self.behind_dash(buffer, start))
            }
            ScalarStyle::Plain => Raw::leaf(start, end, Shape::Scalar, Style::Plain),
            ScalarStyle::SingleQuoted => Raw::leaf(start, end, Shape::Scalar, Style::SingleQuoted),
            ScalarStyle::DoubleQuoted => Raw::leaf(start, end, Shape::Scalar, Style::DoubleQuoted),
            ScalarStyle::Literal => self.block(buffer, start, end, Style::Literal),
            ScalarStyle::Folded => self.block(buffer, start, end, Style::Folded),
        };

        self.last_scalar = raw.start as usize;
        self.last_end = end.max(raw.end as usize);
        let verbatim = !matches!(raw.style, Style::Literal | Style::Folded)
            && (raw.shape != Shape::Scalar || raw.inner().text(self.source) == text);
        self.value(
            raw,
            (!verbatim).then(|| text.into_owned()),
            anchor,
            tag(base, range),
        );
    }

    /// The offset of an absent item, directly after its dash. The events have it at the end of its
    /// line.
    fn behind_dash(&self, buffer: &str, offset: usize) -> usize {
        let is_item = self.open.last().is_some_and(|open| {
            let raw = &self.tree.nodes[open.node as usize];
            (raw.shape, raw.style) == (Shape::Sequence, Style::Block)
        });

        let from = line_start(buffer, offset).max(self.last_end);
        let line = buffer.get(from..offset).unwrap_or("");
        let dash = line.split('#').next().and_then(|line| line.rfind('-'));

        match dash {
            Some(dash) if is_item => from + dash + 1,
            _ => offset,
        }
    }

    /// A block scalar, from its header to the end of its last line that is not blank.
    fn block(&self, buffer: &str, start: usize, end: usize, style: Style) -> Raw {
        let header = next_token(buffer, self.last_end).min(start);
        let body = buffer.get(header..end).unwrap_or("").trim_end();
        Raw::leaf(header, header + body.len(), Shape::Scalar, style)
    }

    /// The offset of the first dash of a block sequence: the events of a sequence that is not
    /// indented begin after it.
    fn dash(&self, buffer: &str, offset: usize) -> usize {
        let is_value = self
            .open
            .last()
            .is_some_and(|open| self.tree.nodes[open.node as usize].shape == Shape::Mapping);
        if !is_value && buffer.as_bytes().get(offset) == Some(&b'-') {
            return offset;
        }

        let dash = next_dash(buffer, self.last_end);
        if dash <= offset && buffer.as_bytes().get(dash) == Some(&b'-') {
            dash
        } else {
            offset
        }
    }
}

fn raw(shape: Shape, style: StructureStyle, start: usize, end: usize) -> Raw {
    match style {
        // It ends where its last child ends; the event may be after a first child that is absent.
        StructureStyle::Block => Raw::leaf(start, start, shape, Style::Block),
        StructureStyle::Flow => Raw::leaf(start, end, shape, Style::Flow),
    }
}

/// The span of the tag of a node.
fn tag(base: usize, range: &Range) -> Option<Span> {
    let bytes = range.tag_span()?.byte_range()?;
    Some(Span::of(base + bytes.start, base + bytes.end))
}
