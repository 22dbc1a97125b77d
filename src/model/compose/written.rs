//! The strings of a compose file as they are written. Merging fills variables in; what is asked of
//! the variables themselves is answered here.

use super::value::literal_defaults;
use crate::model::env::Fallback;
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::source::{Location, Span};
use crate::syntax::interpolate::{self, Dialect, VariableUse};
use crate::syntax::yaml::{Kind, Node, each_scalar};

/// A string before its variables are filled in.
#[derive(Clone, Copy, Debug)]
pub struct WrittenText<'t> {
    node: Node<'t>,
    pub text: &'t str,
}

/// A service as one file writes it.
#[derive(Clone, Copy, Debug)]
pub struct WrittenService<'t> {
    pub name: &'t str,
    node: Node<'t>,
}

/// An entry of `environment`: `NAME: value` or `NAME=value`.
#[derive(Clone, Copy, Debug)]
pub struct WrittenVariable<'t> {
    pub name: &'t str,
    pub text: WrittenText<'t>,
    /// Where the value starts in the text.
    pub value_start: usize,
}

/// The strings with variables in all documents of a compose file; none in another file.
pub fn written_texts<'f>(facts: &'f FileFacts<'_>) -> Vec<WrittenText<'f>> {
    let mut texts = Vec::new();

    for document in documents(facts) {
        texts.extend(texts_below(document).filter(WrittenText::has_variable));
    }

    texts
}

/// The services that a compose file writes.
pub fn written_services<'f>(
    facts: &'f FileFacts<'_>,
) -> impl Iterator<Item = WrittenService<'f>> + use<'f> {
    section(facts, "services").map(|(name, node)| WrittenService { name, node })
}

/// The `content` of each config, with the config's name.
pub fn written_configs<'f>(
    facts: &'f FileFacts<'_>,
) -> impl Iterator<Item = (&'f str, WrittenText<'f>)> + use<'f> {
    section(facts, "configs").filter_map(|(name, node)| {
        let node = node.get("content")?;
        let text = node.str()?;

        Some((name, WrittenText { node, text }))
    })
}

/// The entries under a top-level key of a compose file.
fn section<'f>(
    facts: &'f FileFacts<'_>,
    key: &'static str,
) -> impl Iterator<Item = (&'f str, Node<'f>)> + use<'f> {
    documents(facts)
        .filter_map(move |document| document.get(key))
        .flat_map(Node::entries)
        .filter_map(|entry| Some((entry.key.str()?, entry.value)))
}

fn documents<'f>(facts: &'f FileFacts<'_>) -> impl Iterator<Item = Node<'f>> + use<'f> {
    let tree = match facts.kind {
        FileKind::Compose => facts.tree.as_deref(),
        _ => None,
    };

    tree.into_iter().flat_map(|tree| tree.documents())
}

fn texts_below<'t>(node: Node<'t>) -> impl Iterator<Item = WrittenText<'t>> {
    let mut texts = Vec::new();
    each_scalar(node, &mut |node, text| {
        texts.push(WrittenText { node, text })
    });

    texts.into_iter()
}

impl<'t> WrittenText<'t> {
    fn has_variable(&self) -> bool {
        self.text.contains('$')
    }

    pub fn variables(self) -> Vec<VariableUse> {
        interpolate::variables(self.text, Dialect::Compose)
    }

    /// The literal defaults of its variables.
    pub fn fallbacks(self) -> Vec<Fallback> {
        literal_defaults(&self.variables(), self.text, |span| self.place_of(span))
    }

    /// The place of a span of the text.
    pub fn place_of(self, span: Span) -> Location {
        self.node.content_span(span)
    }
}

impl<'t> WrittenService<'t> {
    /// Its strings that have variables.
    pub fn texts(self) -> impl Iterator<Item = WrittenText<'t>> {
        texts_below(self.node).filter(WrittenText::has_variable)
    }

    /// The commands that run in its container, each with all of its strings.
    pub fn commands(self) -> Vec<Vec<WrittenText<'t>>> {
        let hooks = ["post_start", "pre_stop"]
            .into_iter()
            .filter_map(|key| self.node.get(key))
            .flat_map(Node::items)
            .filter_map(|hook| hook.get("command"));

        ["command", "entrypoint"]
            .into_iter()
            .filter_map(|key| self.node.get(key))
            .chain(self.node.path(&["healthcheck", "test"]))
            .chain(hooks)
            .map(|command| texts_below(command).collect())
            .collect()
    }

    /// The entries of `environment` that have a value.
    pub fn environment(self) -> Vec<WrittenVariable<'t>> {
        let Some(environment) = self.node.get("environment") else {
            return Vec::new();
        };

        if environment.kind() == Kind::Mapping {
            return environment
                .entries()
                .filter_map(|entry| {
                    let node = entry.value;

                    Some(WrittenVariable {
                        name: entry.key.str()?,
                        text: WrittenText {
                            node,
                            text: node.str()?,
                        },
                        value_start: 0,
                    })
                })
                .collect();
        }

        environment
            .items()
            .filter_map(|node| {
                let text = node.str()?;
                let (name, _) = text.split_once('=')?;

                Some(WrittenVariable {
                    name,
                    text: WrittenText { node, text },
                    value_start: name.len() + 1,
                })
            })
            .collect()
    }
}
