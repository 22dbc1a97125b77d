//! The arena of a tree while it is read: nodes, anchors, and what aliases expand to.

use std::borrow::Cow;
use std::collections::HashMap;

use super::template::Mask;
use super::tree::{MERGE_KEY, MERGES, REPEATED, Raw, Shape, Style, TAGGED, Tree};
use crate::source::Span;
use crate::syntax::SyntaxError;

/// The maximum total number of nodes in the expansion of all aliases of a file.
const ALIAS_NODES: u64 = 1 << 18;

/// The maximum depth of a tree with its aliases followed. The parser allows 255 block and 255 flow
/// levels.
const DEPTH: u32 = 600;

/// The sizes of a tree at a moment, to return to it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    nodes: usize,
    texts: usize,
    tags: usize,
    documents: usize,
    errors: usize,
    pub(super) spent: u64,
}

pub(super) struct Loader<'a, 's> {
    pub(super) tree: &'a mut Tree<'s>,
    /// The text of the file. Buffers have blanks in place of errors.
    pub(super) source: &'s str,
    /// Errors that the grammar allows: repeated keys and aliases without a target.
    pub errors: Vec<SyntaxError>,
    /// The mask, if the file is a template.
    pub(super) mask: Option<&'a Mask>,
    pub(super) open: Vec<Open>,
    pub(super) anchors: HashMap<usize, Anchor>,
    /// The number of nodes in the expansion of aliases so far.
    pub(super) spent: u64,
    pub(super) last_end: usize,
    pub(super) last_scalar: usize,
    /// The state after the last complete document.
    pub mark: Mark,
}

/// A collection that is not complete.
pub(super) struct Open {
    pub(super) node: u32,
    pub(super) children: u32,
    /// The number of nodes below it, with aliases followed.
    pub(super) size: u64,
    /// The number of levels below it, with aliases followed.
    pub(super) height: u32,
    /// The end of the last child.
    pub(super) end: u32,
    pub(super) anchor: usize,
}

#[derive(Clone, Copy)]
pub(super) struct Anchor {
    pub(super) node: u32,
    pub(super) size: u64,
    pub(super) height: u32,
}

impl<'a, 's> Loader<'a, 's> {
    pub fn new(tree: &'a mut Tree<'s>, source: &'s str, mask: Option<&'a Mask>) -> Self {
        Self {
            tree,
            source,
            errors: Vec::new(),
            mask,
            open: Vec::new(),
            anchors: HashMap::new(),
            spent: 0,
            last_end: 0,
            last_scalar: 0,
            mark: Mark::default(),
        }
    }

    /// Begins a document; returns the index of its root.
    pub fn begin_document(&mut self) -> u32 {
        self.open.clear();
        self.anchors.clear();
        self.tree.nodes.len() as u32
    }

    /// Ends the document with this root. It is not rolled back any more.
    pub fn end_document(&mut self, root: u32, span: Span) {
        self.tree.documents.push((root, span));
        self.mark = self.now();
    }

    /// A node that was added.
    pub fn node(&self, index: u32) -> Raw {
        self.tree.nodes[index as usize]
    }

    /// Removes everything since the last complete document.
    pub fn roll_back(&mut self) {
        let mark = self.mark;
        self.tree.nodes.truncate(mark.nodes);
        self.tree.texts.truncate(mark.texts);
        self.tree.tags.truncate(mark.tags);
        self.tree.documents.truncate(mark.documents);
        self.errors.truncate(mark.errors);
        self.spent = mark.spent;
    }

    /// Keeps everything read so far. It is not rolled back any more.
    pub fn commit(&mut self) {
        self.mark = self.now();
    }

    /// Adds a range of the file that was left out.
    pub fn damage(&mut self, lost: Span) {
        self.tree.damage.push(lost);
    }

    fn now(&self) -> Mark {
        Mark {
            nodes: self.tree.nodes.len(),
            texts: self.tree.texts.len(),
            tags: self.tree.tags.len(),
            documents: self.tree.documents.len(),
            errors: self.errors.len(),
            spent: self.spent,
        }
    }

    /// Adds a scalar, with its decoded `text` if that differs from the source.
    pub fn value(&mut self, mut raw: Raw, text: Option<String>, anchor: usize, tag: Option<Span>) {
        if let Some(text) = text {
            raw.link = self.tree.texts.len() as u32;
            self.tree
                .texts
                .push(Cow::Owned(without_added_line_end(text, &raw, self.source)));
        }

        if raw.shape == Shape::Scalar
            && raw.style == Style::Plain
            && matches!(raw.end - raw.start, 1 | 4)
            && matches!(raw.span().text(self.source), "~" | "null" | "Null" | "NULL")
            && !tag.is_some_and(|tag| matches!(tag.text(self.source), "!!str" | "!"))
        {
            raw.shape = Shape::Null;
        }

        let index = self.leaf(raw);
        self.tag(index, tag);

        if anchor != 0 {
            self.anchors.insert(
                anchor,
                Anchor {
                    node: index,
                    size: 1,
                    height: 1,
                },
            );
        }
    }

    /// An absent value, directly after its colon or dash; unknown where an error removed it.
    pub fn absent(&self, buffer: &str, offset: usize) -> Raw {
        let is_value = self.open.last().is_some_and(|open| {
            self.tree.nodes[open.node as usize].shape == Shape::Mapping && open.children % 2 == 1
        });

        let offset = if is_value && buffer.as_bytes().get(offset) == Some(&b':') {
            offset + 1
        } else {
            offset
        };

        let is_lost = self.mask.is_some_and(|mask| mask.hides_value(offset))
            || self.tree.damage.iter().any(|lost| {
                lost.start as usize >= offset
                    && buffer
                        .get(offset..lost.start as usize)
                        .is_some_and(|gap| gap.bytes().all(|byte| byte == b' '))
            });
        Raw::leaf(
            offset,
            offset,
            if is_lost { Shape::Unknown } else { Shape::Null },
            Style::Plain,
        )
    }

    /// Opens a collection.
    pub fn begin(&mut self, raw: Raw, anchor: usize, tag: Option<Span>) {
        let index = self.push(raw);
        if raw.style == Style::Flow {
            self.last_end = raw.end as usize;
        }

        self.tag(index, tag);
        self.open.push(Open {
            node: index,
            children: 0,
            size: 1,
            height: 1,
            end: raw.end,
            anchor,
        });
    }

    /// Closes the innermost collection; `end` is that of its bracket, if it has one.
    pub fn end(&mut self, end: usize) {
        let Some(open) = self.open.pop() else { return };

        let after = self.tree.nodes.len() as u32;
        let raw = &mut self.tree.nodes[open.node as usize];
        raw.after = after;
        raw.link = open.children;
        raw.end = open.end;

        if raw.style == Style::Flow {
            raw.end = Span::of(0, end).end;
            self.last_end = end;
        }

        let (end, shape) = (raw.end, raw.shape);

        if open.anchor != 0 {
            self.anchors.insert(
                open.anchor,
                Anchor {
                    node: open.node,
                    size: open.size,
                    height: open.height,
                },
            );
        }

        self.account(open.size, open.height, end);
        if shape == Shape::Mapping {
            self.mark_keys(open.node);
        }
    }

    /// Adds an alias to a complete node, or without a target.
    pub fn alias(&mut self, start: usize, end: usize, anchor: usize) {
        self.last_end = end;
        // An anchor is known only once its node is complete, so an alias inside its own anchor has
        // no target.
        let target = self.anchors.get(&anchor).copied().filter(|target| {
            self.spent.saturating_add(target.size) <= ALIAS_NODES
                && self.open.len() as u32 + target.height <= DEPTH
        });

        let mut raw = Raw::leaf(start, end, Shape::Alias, Style::Plain);
        let Some(target) = target else {
            self.leaf(raw);
            return;
        };

        raw.link = target.node;
        self.spent += target.size;
        self.push(raw);
        self.account(target.size, target.height, raw.end);
    }

    pub(super) fn leaf(&mut self, raw: Raw) -> u32 {
        let index = self.push(raw);
        self.account(1, 1, raw.end);
        index
    }

    fn push(&mut self, mut raw: Raw) -> u32 {
        let index = self.tree.nodes.len() as u32;
        raw.after = index + 1;
        self.tree.nodes.push(raw);
        index
    }

    /// Adds a complete child to the open collection.
    fn account(&mut self, size: u64, height: u32, end: u32) {
        if let Some(open) = self.open.last_mut() {
            open.children += 1;
            open.size = open.size.saturating_add(size);
            open.height = open.height.max(height + 1);
            open.end = open.end.max(end);
        }
    }

    /// Adds the tag of a node.
    fn tag(&mut self, index: u32, tag: Option<Span>) {
        let Some(tag) = tag else { return };

        self.tree.nodes[index as usize].flags |= TAGGED;
        self.tree
            .tags
            .push((index, Cow::Borrowed(tag.text(self.source))));
    }

    /// Marks repeated keys and merge keys of a complete mapping.
    fn mark_keys(&mut self, mapping: u32) {
        let end = self.tree.nodes[mapping as usize].after;
        let mut keys = Vec::new();
        let mut index = mapping + 1;

        while index < end {
            let raw = self.tree.nodes[index as usize];

            if raw.shape == Shape::Scalar {
                if raw.style == Style::Plain && self.tree.text(index) == "<<" {
                    self.tree.nodes[index as usize].flags |= MERGE_KEY;
                    self.tree.nodes[mapping as usize].flags |= MERGES;
                } else {
                    keys.push(index);
                }
            }

            // In a mapping with an error the last key may have no value.
            let value = raw.after;
            index = if value < end {
                self.tree.nodes[value as usize].after
            } else {
                end
            };
        }

        for (first, second) in repeats(self.tree, &keys) {
            self.tree.nodes[first as usize].flags |= REPEATED;

            if self.mask.is_some() {
                // Branches of an `if` often repeat keys.
                continue;
            }

            let message = format!(
                "duplicate key `{}`; the last value wins",
                self.tree.text(second)
            );
            let error = SyntaxError::new(self.tree.raw(second).span(), message);
            self.errors
                .push(error.related(self.tree.raw(first).span(), "first defined here"));
        }
    }
}

/// Pairs of consecutive keys with the same text, in the order of the second key.
fn repeats(tree: &Tree<'_>, keys: &[u32]) -> Vec<(u32, u32)> {
    if keys.len() < 2 {
        return Vec::new();
    }

    let texts = keys.iter().map(|&key| tree.text(key));

    // Most mappings are small, and comparing few texts is faster than hashing them.
    if keys.len() <= 16 {
        let texts: Vec<&str> = texts.collect();
        return (1..keys.len())
            .filter_map(|index| {
                let before = &texts[..index];
                let first = before.iter().rposition(|text| *text == texts[index])?;
                Some((keys[first], keys[index]))
            })
            .collect();
    }

    let mut seen = HashMap::with_capacity(keys.len());
    keys.iter()
        .zip(texts)
        .filter_map(|(&key, text)| Some((seen.insert(text, key)?, key)))
        .collect()
}

/// The text of a block scalar without the line end that the parser adds if the last line of the
/// file has none: the tools that deploy a file do not add it.
fn without_added_line_end(mut text: String, raw: &Raw, source: &str) -> String {
    let at_end = raw.end as usize == source.len() && !source.ends_with(['\n', '\r']);
    if at_end && matches!(raw.style, Style::Literal | Style::Folded) && text.ends_with('\n') {
        text.pop();
    }

    text
}
