//! YAML 1.2 with the 1.1 habits of deployment files: every document of a file in one arena of
//! spanned nodes.
//!
//! The events come from `granit-parser`, which only `load` and `report` name; a document in
//! everyday notation is read without it, by `direct`, and reads the same. Nothing here knows what a
//! key means, and nothing here fails: a line that cannot be read costs itself, is reported once,
//! and is remembered as damage so that nobody mistakes what was lost for what was never written.
//!
//! Two decisions that readers of a [`Tree`] rely on:
//!
//! * Of a key written twice the *last* value counts, as it does for `kubectl` and Helm. Compose and
//!   GitHub refuse such a file, which is why each repetition is reported.
//! * Aliases and merge keys are followed silently. What they would expand to is bounded when the
//!   tree is made, so a reader may recurse over nodes without counting.

mod build;
mod comments;
mod direct;
mod load;
mod lookup;
mod node;
mod offsets;
mod recover;
mod report;
mod template;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_recover;

pub use build::{Builder, Built};
pub use lookup::{Entries, Entry, Items};
pub use node::{Kind, Node, Style, each_scalar};
pub use template::{Action, Mask, Role, mask_templates};

use std::borrow::Cow;

use super::Parsed;
use crate::source::{FileId, Span};

/// All documents of one file, or of several files that a [`Builder`] joined.
///
/// Nodes stand in the order of the text, each followed by its children; so a subtree is a range and
/// a node needs only the index at which its subtree ends.
#[derive(Clone, Debug, Default)]
pub struct Tree<'s> {
    nodes: Vec<Raw>,
    /// Decoded texts that differ from what stands in the source.
    texts: Vec<Cow<'s, str>>,
    /// Tags of the nodes that have one, in the order of the nodes.
    tags: Vec<(u32, Cow<'s, str>)>,
    sources: Vec<(FileId, &'s str)>,
    documents: Vec<(u32, Span)>,
    comments: Vec<Span>,
    damage: Vec<Span>,
    last_map: offsets::LastMap,
}

impl<'s> Tree<'s> {
    /// Reads every document of a file. What cannot be read is left out, reported, and listed as
    /// damage.
    pub fn parse(file: FileId, text: &'s str) -> Parsed<Tree<'s>> {
        recover::parse(file, text, 0, None, &|| true)
    }

    /// As [`Tree::parse`], but asks at the first error whether the rest is worth reading: a text
    /// that is no YAML at all is full of them.
    pub fn parse_if(file: FileId, text: &'s str, worth: &dyn Fn() -> bool) -> Parsed<Tree<'s>> {
        recover::parse(file, text, 0, None, worth)
    }

    /// Reads the YAML that stands inside a part of a file, such as a block scalar. Places are those
    /// of the file.
    pub fn parse_within(file: FileId, text: &'s str, part: Span) -> Parsed<Tree<'s>> {
        let end = (part.end as usize).min(text.len());
        recover::parse(
            file,
            text.get(..end).unwrap_or(""),
            (part.start as usize).min(end),
            None,
            &|| true,
        )
    }

    /// Reads a template whose actions are masked. Repeated keys are no errors here, because
    /// branches of an `if` often repeat them, and a value that was masked away is unknown, not
    /// null.
    pub fn parse_template(file: FileId, mask: &'s Mask) -> Parsed<Tree<'s>> {
        recover::parse(file, &mask.text, 0, Some(mask), &|| true)
    }

    /// The roots of all documents that hold anything.
    pub fn documents(&self) -> impl Iterator<Item = Node<'_>> {
        self.sections()
            .map(|(_, root)| root)
            .filter(|root| !(root.is_null() && root.location().span.is_empty()))
    }

    /// Every document, empty ones too: its span from its `---`, or its first byte, to its end, and
    /// its root.
    pub fn sections(&self) -> impl Iterator<Item = (Span, Node<'_>)> {
        self.documents
            .iter()
            .map(|&(root, span)| (span, Node::new(self, root)))
    }

    /// The root of the first document that holds anything.
    pub fn root(&self) -> Option<Node<'_>> {
        self.documents().next()
    }

    /// Every comment from its `#` to the end of its line, in order.
    pub fn comments(&self) -> &[Span] {
        &self.comments
    }

    /// The ranges of the source that were left out because they could not be read, sorted and
    /// disjoint.
    pub fn damage(&self) -> &[Span] {
        &self.damage
    }

    fn raw(&self, at: u32) -> &Raw {
        // Indices are only made by this module and the arena never shrinks once a tree is handed
        // out.
        &self.nodes[at as usize]
    }

    fn source(&self, raw: &Raw) -> (FileId, &'s str) {
        self.sources
            .get(usize::from(raw.source))
            .copied()
            .unwrap_or_default()
    }

    /// The decoded text of a scalar.
    fn text(&self, at: u32) -> &str {
        let raw = self.raw(at);
        if raw.link != NONE {
            return self.texts.get(raw.link as usize).map_or("", |text| text);
        }
        raw.inner().text(self.source(raw).1)
    }

    fn tag(&self, at: u32) -> Option<&str> {
        if !self.raw(at).has(TAGGED) {
            return None;
        }
        let found = self.tags.binary_search_by_key(&at, |tag| tag.0).ok()?;
        Some(&self.tags[found].1)
    }
}

/// What a node is in the arena. `Alias` never leaves this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Null,
    Scalar,
    Mapping,
    Sequence,
    Alias,
    Unknown,
}

/// One node of the arena: 24 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Raw {
    /// As written: with quotes, brackets, or the header of a block scalar.
    start: u32,
    end: u32,
    /// Index of the node after this subtree.
    after: u32,
    /// A scalar's decoded text, an alias' target, a collection's number of children; [`NONE`] where
    /// a scalar is written as it reads and where an alias leads nowhere.
    link: u32,
    source: u16,
    shape: Shape,
    style: Style,
    flags: u8,
}

const NONE: u32 = u32::MAX;

/// The node has a tag.
const TAGGED: u8 = 1;
/// A mapping with a `<<` key.
const MERGES: u8 = 2;
/// A key that stands again further down in its mapping.
const REPEATED: u8 = 4;
/// A key `<<` that merges.
const MERGE_KEY: u8 = 8;

impl Raw {
    const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    const fn span(&self) -> Span {
        Span::new(self.start, self.end)
    }

    /// The span between the quotes of a quoted scalar; the whole span of everything else.
    const fn inner(&self) -> Span {
        match self.style {
            Style::SingleQuoted | Style::DoubleQuoted if self.end >= self.start + 2 => {
                Span::new(self.start + 1, self.end - 1)
            }
            _ => self.span(),
        }
    }
}
