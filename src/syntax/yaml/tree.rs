//! The arena of nodes, and its documents, comments and damage.

use std::borrow::Cow;

use super::last_map::LastMap;
use crate::source::{FileId, Span};

/// All documents of one file, or of several files that a [`Builder`] joined.
///
/// Nodes are in the order of the text, each followed by its children; so a subtree is a range, and
/// a node needs only the index at which its subtree ends.
#[derive(Clone, Debug, Default)]
pub struct Tree<'s> {
    pub(super) nodes: Vec<Raw>,
    /// Decoded texts that differ from their source.
    pub(super) texts: Vec<Cow<'s, str>>,
    /// Tags of the nodes that have one, in the order of the nodes.
    pub(super) tags: Vec<(u32, Cow<'s, str>)>,
    pub(super) sources: Vec<(FileId, &'s str)>,
    pub(super) documents: Vec<(u32, Span)>,
    pub(super) comments: Vec<Span>,
    pub(super) damage: Vec<Span>,
    pub(super) last_map: LastMap,
}

impl<'s> Tree<'s> {
    /// Every comment from its `#` to the end of its line, in order.
    pub fn comments(&self) -> &[Span] {
        &self.comments
    }

    /// The ranges of the source that were left out because they could not be read, sorted and
    /// disjoint.
    pub fn damage(&self) -> &[Span] {
        &self.damage
    }

    pub(super) fn raw(&self, node: u32) -> &Raw {
        // Only the loader and the builder create indices, and the arena never shrinks after that.
        &self.nodes[node as usize]
    }

    pub(super) fn source(&self, raw: &Raw) -> (FileId, &'s str) {
        self.sources
            .get(usize::from(raw.source))
            .copied()
            .unwrap_or_default()
    }

    /// The decoded text of a scalar.
    pub(super) fn text(&self, node: u32) -> &str {
        let raw = self.raw(node);
        if raw.link != NONE {
            return self.texts.get(raw.link as usize).map_or("", |text| text);
        }

        raw.inner().text(self.source(raw).1)
    }

    pub(super) fn tag(&self, node: u32) -> Option<&str> {
        if !self.raw(node).has(TAGGED) {
            return None;
        }

        let index = self.tags.binary_search_by_key(&node, |tag| tag.0).ok()?;
        Some(&self.tags[index].1)
    }
}

/// The kind of a node in the arena. Readers of a tree never see `Alias`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Null,
    Scalar,
    Mapping,
    Sequence,
    Alias,
    Unknown,
}

/// One node of the arena: 24 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Raw {
    /// As written: with quotes, brackets, or the header of a block scalar.
    pub start: u32,
    pub end: u32,
    /// Index of the node after this subtree.
    pub after: u32,
    /// The decoded text of a scalar, the target of an alias, the number of children of a
    /// collection; [`NONE`] for a scalar that is equal to its source and for an alias without a
    /// target.
    pub link: u32,
    pub source: u16,
    pub shape: Shape,
    pub style: Style,
    pub flags: u8,
}

pub(super) const NONE: u32 = u32::MAX;

/// The node has a tag.
pub(super) const TAGGED: u8 = 1;
/// A mapping with a `<<` key.
pub(super) const MERGES: u8 = 2;
/// A key that is repeated further down in its mapping.
pub(super) const REPEATED: u8 = 4;
/// A key `<<` that merges.
pub(super) const MERGE_KEY: u8 = 8;

impl Raw {
    /// A node without children.
    pub fn leaf(start: usize, end: usize, shape: Shape, style: Style) -> Self {
        let span = Span::of(start, end);
        Raw {
            start: span.start,
            end: span.end,
            after: 0,
            link: NONE,
            source: 0,
            shape,
            style,
            flags: 0,
        }
    }

    pub const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub const fn span(&self) -> Span {
        Span::new(self.start, self.end)
    }

    /// Whether this is a scalar that is equal to its source, and of another length.
    pub const fn is_other_text(&self, length: usize) -> bool {
        matches!(self.shape, Shape::Scalar)
            && self.link == NONE
            && self.inner().len() as usize != length
    }

    /// The span between the quotes of a quoted scalar; the whole span of everything else.
    pub const fn inner(&self) -> Span {
        match self.style {
            Style::SingleQuoted | Style::DoubleQuoted if self.end >= self.start + 2 => {
                Span::new(self.start + 1, self.end - 1)
            }
            _ => self.span(),
        }
    }
}

/// The notation of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// A block scalar with `|`.
    Literal,
    /// A block scalar with `>`.
    Folded,
    /// A collection by indentation.
    Block,
    /// A collection in brackets.
    Flow,
}
