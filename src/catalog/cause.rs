//! The `[cause]` table of a rule's page: which of its findings are one.

use std::collections::HashMap;

use serde::Deserialize;

use super::format::Format;

/// What shares a cause: findings of a rule about parts of it are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// An object of a manifest, or a compose service.
    Object,
    File,
    /// What is deployed together: a chart, a kustomization with what is below it, a folder of
    /// manifests or of compose files; the Dockerfiles or the workflows of the repository.
    Unit,
    Repository,
}

/// What findings of a rule must have in common to be joined, besides their scope and aspect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sameness {
    /// Nothing else.
    #[default]
    Rule,
    /// What is said: the message names the value that is wrong.
    Message,
    /// The text at the place.
    Text,
}

/// A help text, of all formats or of each.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum HelpText {
    Same(String),
    ByFormat(HashMap<Format, String>),
}

impl HelpText {
    /// All texts, in no order.
    pub fn all(&self) -> Vec<&String> {
        match self {
            HelpText::Same(text) => vec![text],
            HelpText::ByFormat(texts) => texts.values().collect(),
        }
    }

    /// The text for a file of a format, if there is one.
    pub fn get(&self, format: Option<Format>) -> Option<&str> {
        match self {
            HelpText::Same(text) => Some(text),
            HelpText::ByFormat(texts) => texts.get(&format?).map(String::as_str),
        }
    }
}

/// How findings of a rule are joined: the page's `[cause]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CauseTable {
    pub scope: Scope,
    #[serde(default)]
    pub same: Sameness,
    /// The help of joined findings, where that of the first names what is its own.
    pub joined_help: Option<HelpText>,
    /// Rules whose findings include those of this rule that say so.
    #[serde(default)]
    pub part_of: Vec<String>,
    /// The help of a finding that includes others; `{help}` is its own.
    pub whole_help: Option<String>,
}
