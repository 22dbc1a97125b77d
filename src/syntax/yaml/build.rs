//! Trees made of parts: what overlays, overrides and patches come to, each node with the place it
//! has in its own file.

use std::borrow::Cow;

use super::node::{Kind, Node};
use super::tree::{NONE, Raw, Shape, Style, TAGGED, Tree};
use crate::source::{FileId, Location, Span};

/// The number of nodes that a builder copies. Further nodes are unknown.
const COPIES: usize = 1 << 20;

/// Makes a [`Tree`] whose nodes may come from several files.
#[derive(Debug, Default)]
pub struct Builder<'s> {
    parts: Vec<BuiltPart<'s>>,
    sources: Vec<(FileId, &'s str)>,
}

/// A node of a [`Builder`]. It can be used once in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Built(u32);

#[derive(Debug)]
struct BuiltPart<'s> {
    raw: Raw,
    text: Option<Cow<'s, str>>,
    tag: Option<Cow<'s, str>>,
    children: Vec<Built>,
}

impl<'s> Builder<'s> {
    pub fn new() -> Self {
        Self::default()
    }

    /// A copy of a subtree. Aliases stay aliases, merge keys are applied, repeated keys are
    /// removed.
    pub fn copy(&mut self, node: Node<'s>) -> Built {
        if self.parts.len() >= COPIES {
            return self.add(node.location(), Shape::Unknown, Style::Plain);
        }

        let children = match node.kind() {
            Kind::Mapping => node
                .entries()
                .flat_map(|entry| [self.copy(entry.key), self.copy(entry.value)])
                .collect(),
            Kind::Sequence => node.items().map(|item| self.copy(item)).collect(),
            _ => Vec::new(),
        };

        self.sources_of(node);
        let shape = match node.kind() {
            Kind::Null => Shape::Null,
            Kind::Scalar => Shape::Scalar,
            Kind::Mapping => Shape::Mapping,
            Kind::Sequence => Shape::Sequence,
            Kind::Unknown => Shape::Unknown,
        };

        let built = self.add(node.definition(), shape, node.style());
        let part = &mut self.parts[built.0 as usize];
        part.tag = node.tag().map(Cow::Borrowed);
        part.children = children;
        part.text = node.decoded().map(Cow::Borrowed);
        if node.kind() == Kind::Unknown || !node.is_alias() {
            return built;
        }

        let alias = self.add(node.location(), Shape::Alias, Style::Plain);
        self.parts[alias.0 as usize].children = vec![built];

        alias
    }

    /// A plain scalar that no file contains, at the location that explains it.
    pub fn scalar(&mut self, location: Location, text: impl Into<Cow<'s, str>>) -> Built {
        let built = self.add(location, Shape::Scalar, Style::Plain);
        self.parts[built.0 as usize].text = Some(text.into());
        built
    }

    pub fn null(&mut self, location: Location) -> Built {
        self.add(location, Shape::Null, Style::Plain)
    }

    /// An unknown value.
    pub fn unknown(&mut self, location: Location) -> Built {
        self.add(location, Shape::Unknown, Style::Plain)
    }

    /// A mapping of keys and values. Callers must pass each key once.
    pub fn mapping(&mut self, location: Location, entries: Vec<(Built, Built)>) -> Built {
        let built = self.add(location, Shape::Mapping, Style::Block);
        self.parts[built.0 as usize].children = entries
            .into_iter()
            .flat_map(|(key, value)| [key, value])
            .collect();
        built
    }

    pub fn sequence(&mut self, location: Location, items: Vec<Built>) -> Built {
        let built = self.add(location, Shape::Sequence, Style::Block);
        self.parts[built.0 as usize].children = items;
        built
    }

    /// The tree whose documents have these roots.
    pub fn finish(mut self, roots: Vec<Built>) -> Tree<'s> {
        let mut tree = Tree {
            sources: std::mem::take(&mut self.sources),
            ..Tree::default()
        };

        for root in roots {
            let start = tree.nodes.len() as u32;
            self.lay(&mut tree, root);
            let span = tree.nodes[start as usize].span();
            tree.documents.push((start, span));
        }

        tree
    }

    /// Appends a subtree. The stack is explicit because the depth of subtrees is not limited.
    fn lay(&mut self, tree: &mut Tree<'s>, root: Built) {
        enum Step {
            Enter(Built),
            Leave(u32),
        }

        let mut steps = vec![Step::Enter(root)];

        while let Some(step) = steps.pop() {
            let built = match step {
                Step::Leave(index) => {
                    tree.nodes[index as usize].after = tree.nodes.len() as u32;
                    continue;
                }
                Step::Enter(built) => built,
            };

            let index = tree.nodes.len() as u32;
            let part = &mut self.parts[built.0 as usize];
            let mut raw = part.raw;
            raw.link = match raw.shape {
                Shape::Mapping | Shape::Sequence => part.children.len() as u32,
                Shape::Alias => index + 1,
                _ => NONE,
            };

            if let Some(text) = part.text.take() {
                raw.link = tree.texts.len() as u32;
                tree.texts.push(text);
            }

            if let Some(tag) = part.tag.take() {
                raw.flags |= TAGGED;
                tree.tags.push((index, tag));
            }

            tree.nodes.push(raw);
            steps.push(Step::Leave(index));
            steps.extend(
                std::mem::take(&mut part.children)
                    .into_iter()
                    .rev()
                    .map(Step::Enter),
            );
        }
    }

    fn add(&mut self, location: Location, shape: Shape, style: Style) -> Built {
        let known = self
            .sources
            .iter()
            .position(|source| source.0 == location.file);
        let source = known.unwrap_or_else(|| {
            self.sources.push((location.file, ""));
            self.sources.len() - 1
        });

        let mut raw = Raw::leaf(0, 0, shape, style);
        Span {
            start: raw.start,
            end: raw.end,
        } = location.span;
        raw.source = u16::try_from(source).unwrap_or(u16::MAX);
        self.parts.push(BuiltPart {
            raw,
            text: None,
            tag: None,
            children: Vec::new(),
        });

        Built(self.parts.len() as u32 - 1)
    }

    /// Adds the text of the file of a node, which [`Node::offsets`] needs.
    fn sources_of(&mut self, node: Node<'s>) {
        let (file, text) = node.file();
        match self.sources.iter_mut().find(|source| source.0 == file) {
            Some(known) if known.1.is_empty() => known.1 = text,
            Some(_) => {}
            None => self.sources.push((file, text)),
        }
    }
}
