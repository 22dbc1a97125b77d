//! Entries and items: the children of a node as a reader means them, with merge keys applied.

use std::collections::HashSet;

use super::node::{Kind, Node};
use super::{MERGE_KEY, MERGES, REPEATED, Tree};
use crate::source::{Location, Span};

/// A key and its value. A merged entry stands where its mapping was written, not where it was
/// merged.
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
        let found =
            Pairs::of(mapping).find(|pair| !pair.merges && pair.entry.key.str() == Some(key));
        if let Some(pair) = found {
            return Some(pair.entry);
        }

        if !merges(mapping) {
            return None;
        }

        sources(mapping).find_map(|source| Entry::find(source, key))
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
pub struct Entries<'t>(Source<'t>);

#[derive(Clone, Debug)]
enum Source<'t> {
    /// The mapping has no merge key: its pairs, as they stand.
    Written(Pairs<'t>),
    Merged(std::vec::IntoIter<Entry<'t>>),
}

impl<'t> Entries<'t> {
    pub(super) fn of(node: Node<'t>) -> Self {
        if !merges(node) {
            return Self(Source::Written(Pairs::of(node)));
        }

        let mut merged: Vec<Entry<'t>> = Pairs::of(node)
            .filter(|pair| !pair.merges)
            .map(|pair| pair.entry)
            .collect();
        let mut seen: HashSet<&str> = merged.iter().filter_map(|entry| entry.key.str()).collect();

        for entry in sources(node).flat_map(Entries::of) {
            if entry.key.str().is_none_or(|key| seen.insert(key)) {
                merged.push(entry);
            }
        }

        Self(Source::Merged(merged.into_iter()))
    }
}

impl<'t> Iterator for Entries<'t> {
    type Item = Entry<'t>;

    fn next(&mut self) -> Option<Entry<'t>> {
        match &mut self.0 {
            Source::Written(pairs) => Some(pairs.next()?.entry),
            Source::Merged(entries) => entries.next(),
        }
    }
}

fn merges(node: Node<'_>) -> bool {
    node.kind() == Kind::Mapping && node.tree().raw(node.real()).has(MERGES)
}

/// Whether a mapping merges something that is not known.
pub(super) fn merges_unknown(node: Node<'_>) -> bool {
    let is_unknown = |value: Node<'_>| value.kind() == Kind::Unknown || merges_unknown(value);
    merges(node)
        && Pairs::of(node)
            .filter(|pair| pair.merges)
            .any(|pair| is_unknown(pair.entry.value) || pair.entry.value.items().any(is_unknown))
}

/// The mappings that a mapping merges, the strongest first.
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

/// The pairs of a mapping as written, without those whose key stands again further down.
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
    /// The children of a node of the kind, none of any other.
    fn of(node: Node<'t>, kind: Kind) -> Self {
        let at = node.real();
        let end = if node.kind() == kind {
            node.tree().raw(at).after
        } else {
            at + 1
        };

        Self {
            tree: node.tree(),
            next: at + 1,
            end,
        }
    }

    fn peek(&self) -> Option<&'t super::Raw> {
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
