//! Entries and items: the children of a node, with merge keys applied.

use std::collections::HashSet;

use super::node::{Kind, Node};
use super::tree::{MERGE_KEY, MERGES, REPEATED, Raw, Tree};
use crate::source::{Location, Span};

impl<'t> Node<'t> {
    /// The value of a key, merge keys applied.
    pub fn get(self, key: &str) -> Option<Node<'t>> {
        Some(self.entry(key)?.value)
    }

    /// The entry of a key, merge keys applied.
    pub fn entry(self, key: &str) -> Option<Entry<'t>> {
        Entry::find(self, key)
    }

    /// The value behind a path of keys.
    pub fn path(self, keys: &[&str]) -> Option<Node<'t>> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The effective entries of a mapping: merge keys applied, each key once. Nothing for other
    /// nodes.
    pub fn entries(self) -> Entries<'t> {
        Entries::of(self)
    }

    /// The items of a sequence. Nothing for other nodes.
    pub fn items(self) -> Items<'t> {
        Items::of(self)
    }

    /// The number of entries or items; 0 for other nodes.
    pub fn len(self) -> usize {
        match self.kind() {
            Kind::Mapping => self.entries().count(),
            Kind::Sequence => self.raw().link as usize,
            _ => 0,
        }
    }

    /// Whether this has no entry and no item.
    pub fn is_empty(self) -> bool {
        match self.kind() {
            Kind::Mapping => self.entries().next().is_none(),
            _ => self.len() == 0,
        }
    }

    /// Whether a part of this node may be lost, so that it may have more keys than are known:
    /// because of a syntax error inside or directly beside it, or a merge key without a target.
    pub fn is_damaged(self) -> bool {
        let span = self.raw().span();
        let text = self.file().1;
        let is_beside_damage = self.tree().damage.iter().any(|lost| {
            is_blank(text, span.end, lost.start) && is_blank(text, lost.end, span.start)
        });

        is_beside_damage || merges_unknown(self)
    }
}

/// A key and its value. The location of a merged entry is in the mapping that defines it, not in
/// the one that merges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'t> {
    pub key: Node<'t>,
    pub value: Node<'t>,
}

impl<'t> Entry<'t> {
    /// The whole entry, from the start of its key to the end of its value.
    pub fn location(&self) -> Location {
        let key = self.key.location();
        let value = self.value.location();
        if key.file == value.file && key.span.start <= value.span.end {
            return Location::new(key.file, Span::new(key.span.start, value.span.end));
        }
        key
    }

    pub(super) fn find(mapping: Node<'t>, key: &str) -> Option<Self> {
        if let Some(entry) = Entry::written(mapping, key) {
            return Some(entry);
        }

        if !merges(mapping) {
            return None;
        }

        sources(mapping).find_map(|source| Entry::find(source, key))
    }

    /// The entry of a key that the mapping has itself. Rules ask for keys more often than for
    /// anything else, so no node is made of the others.
    fn written(mapping: Node<'t>, key: &str) -> Option<Self> {
        let mut children = Children::of(mapping, Kind::Mapping);

        while let Some(raw) = children.peek() {
            let index = children.next;
            children.next = raw.after;
            // The last key of a damaged mapping may have no value.
            let after = children.peek()?.after;
            let value = children.next;
            children.next = after;

            if raw.has(REPEATED | MERGE_KEY) || raw.is_other_text(key.len()) {
                continue;
            }

            let key_node = Node::new(children.tree, index);
            if key_node.str() == Some(key) {
                return Some(Self {
                    key: key_node,
                    value: Node::new(children.tree, value),
                });
            }
        }

        None
    }
}

/// The items of a sequence.
#[derive(Clone, Debug)]
pub struct Items<'t> {
    children: Children<'t>,
}

impl<'t> Items<'t> {
    pub(super) fn of(node: Node<'t>) -> Self {
        Self {
            children: Children::of(node, Kind::Sequence),
        }
    }
}

impl<'t> Iterator for Items<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        self.children.next()
    }
}

/// The effective entries of a mapping.
#[derive(Clone, Debug)]
pub struct Entries<'t>(EntrySource<'t>);

#[derive(Clone, Debug)]
enum EntrySource<'t> {
    /// The pairs of a mapping without a merge key.
    Written(Pairs<'t>),
    Merged(std::vec::IntoIter<Entry<'t>>),
}

impl<'t> Entries<'t> {
    pub(super) fn of(node: Node<'t>) -> Self {
        if !merges(node) {
            return Self(EntrySource::Written(Pairs::of(node)));
        }

        let mut merger = Merger::default();
        merger.add(node);

        Self(EntrySource::Merged(merger.entries.into_iter()))
    }
}

/// The effective entries of a mapping that merges others, which may merge others in turn.
#[derive(Default)]
struct Merger<'t> {
    entries: Vec<Entry<'t>>,
    keys: HashSet<&'t str>,
    /// The mappings that were added: a second time, they have nothing new.
    mappings: HashSet<u32>,
}

impl<'t> Merger<'t> {
    fn add(&mut self, mapping: Node<'t>) {
        if !self.mappings.insert(mapping.target()) {
            return;
        }

        for pair in Pairs::of(mapping).filter(|pair| !pair.merges) {
            let key = pair.entry.key.str();
            if key.is_none_or(|key| self.keys.insert(key)) {
                self.entries.push(pair.entry);
            }
        }

        if merges(mapping) {
            for source in sources(mapping) {
                self.add(source);
            }
        }
    }
}

impl<'t> Iterator for Entries<'t> {
    type Item = Entry<'t>;

    fn next(&mut self) -> Option<Entry<'t>> {
        match &mut self.0 {
            EntrySource::Written(pairs) => Some(pairs.next()?.entry),
            EntrySource::Merged(entries) => entries.next(),
        }
    }
}

fn merges(node: Node<'_>) -> bool {
    node.kind() == Kind::Mapping && node.tree().raw(node.target()).has(MERGES)
}

/// Whether a mapping merges an unknown value.
fn merges_unknown(node: Node<'_>) -> bool {
    merges(node)
        && Pairs::of(node).filter(|pair| pair.merges).any(|pair| {
            let value = pair.entry.value;
            is_unknown_source(value) || value.items().any(is_unknown_source)
        })
}

fn is_unknown_source(value: Node<'_>) -> bool {
    value.kind() == Kind::Unknown || merges_unknown(value)
}

/// Whether a range of a text has only white space, or is empty.
fn is_blank(text: &str, from: u32, to: u32) -> bool {
    Span::new(from, to).text(text).trim().is_empty()
}

/// The mappings that a mapping merges, in the order of precedence.
fn sources<'t>(mapping: Node<'t>) -> impl Iterator<Item = Node<'t>> {
    Pairs::of(mapping)
        .filter(|pair| pair.merges)
        .flat_map(|pair| {
            let value = pair.entry.value;
            let alone = (value.kind() == Kind::Mapping).then_some(value);
            alone
                .into_iter()
                .chain(value.items().filter(|item| item.kind() == Kind::Mapping))
        })
}

/// The pairs of a mapping as written, without those whose key is repeated further down.
#[derive(Clone, Debug)]
struct Pairs<'t> {
    children: Children<'t>,
}

#[derive(Clone, Copy, Debug)]
struct Pair<'t> {
    entry: Entry<'t>,
    /// The key is a `<<` that merges.
    merges: bool,
}

impl<'t> Pairs<'t> {
    fn of(node: Node<'t>) -> Self {
        Self {
            children: Children::of(node, Kind::Mapping),
        }
    }
}

impl<'t> Iterator for Pairs<'t> {
    type Item = Pair<'t>;

    fn next(&mut self) -> Option<Pair<'t>> {
        loop {
            let raw = self.children.peek()?;
            let (repeated, merges) = (raw.has(REPEATED), raw.has(MERGE_KEY));
            let key = self.children.next()?;
            let value = self.children.next()?;

            if !repeated {
                return Some(Pair {
                    entry: Entry { key, value },
                    merges,
                });
            }
        }
    }
}

#[derive(Clone, Debug)]
struct Children<'t> {
    tree: &'t Tree<'t>,
    next: u32,
    end: u32,
}

impl<'t> Children<'t> {
    /// The children of a node of this kind; none of other nodes.
    fn of(node: Node<'t>, kind: Kind) -> Self {
        let index = node.target();
        let end = if node.kind() == kind {
            node.tree().raw(index).after
        } else {
            index + 1
        };

        Self {
            tree: node.tree(),
            next: index + 1,
            end,
        }
    }

    fn peek(&self) -> Option<&'t Raw> {
        (self.next < self.end).then(|| self.tree.raw(self.next))
    }
}

impl<'t> Iterator for Children<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        let raw = self.peek()?;
        let node = Node::new(self.tree, self.next);
        self.next = raw.after;
        Some(node)
    }
}
