//! Violations of the workflow syntax, and how values are described in messages.

use super::table::MappingShape;
use crate::credential::conceal;
use crate::finding::Finding;
use crate::source::Location;
use crate::suggest::nearest;
use crate::syntax::yaml::{Kind, Node};

/// What GitHub's syntax does not allow in a workflow.
pub(super) struct SchemaViolation {
    location: Location,
    message: String,
    help: Option<String>,
    pub(super) kind: ViolationKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ViolationKind {
    UnknownKey,
    Invalid,
    /// GitHub accepts and ignores it.
    Harmless,
}

impl SchemaViolation {
    pub(super) fn finding(self) -> Finding {
        let finding = Finding::new(self.location, self.message)
            .case_if(self.kind == ViolationKind::Harmless, "harmless");

        match self.help {
            Some(help) => finding.help(help),
            None => finding,
        }
    }
}

/// Violations that a walk collects.
#[derive(Default)]
pub(super) struct Problems(Vec<SchemaViolation>);

impl Problems {
    pub(super) fn into_violations(self) -> Vec<SchemaViolation> {
        self.0
    }

    pub(super) fn wrong(&mut self, location: Location, message: impl Into<String>) {
        self.push(location, message.into(), None, ViolationKind::Invalid);
    }

    pub(super) fn wrong_with(
        &mut self,
        location: Location,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let help = Some(help.into());
        self.push(location, message.into(), help, ViolationKind::Invalid);
    }

    pub(super) fn harmless(&mut self, location: Location, message: impl Into<String>) {
        self.push(location, message.into(), None, ViolationKind::Harmless);
    }

    pub(super) fn unknown_key(&mut self, location: Location, key: &str, mapping: &MappingShape) {
        let keys = mapping.keys.iter().map(|(key, _)| *key);
        let help = match nearest(key, keys.clone()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known keys: {}", keys.collect::<Vec<_>>().join(", ")),
        };

        let message = format!("{} has no key `{key}`", mapping.name);
        self.push(location, message, Some(help), ViolationKind::UnknownKey);
    }

    fn push(
        &mut self,
        location: Location,
        message: String,
        help: Option<String>,
        kind: ViolationKind,
    ) {
        self.0.push(SchemaViolation {
            location,
            message,
            help,
            kind,
        });
    }
}

/// Whether a value holds an expression, so that it is not known.
pub(super) fn is_expression(node: Node<'_>) -> bool {
    node.str().is_some_and(|text| text.contains("${{"))
}

/// The string of a node that holds no expression.
pub(super) fn literal(node: Node<'_>) -> Option<&str> {
    node.str().filter(|text| !text.contains("${{"))
}

/// The location of a mapping's first key, which is shown for the whole mapping.
pub(super) fn first_key(node: Node<'_>) -> Location {
    match node.entries().next() {
        Some(entry) => entry.key.location(),
        None => node.location(),
    }
}

/// A value as messages name it.
pub(super) fn describe(node: Node<'_>) -> String {
    match node.kind() {
        Kind::Null => "nothing".to_owned(),
        Kind::Mapping => "a mapping".to_owned(),
        Kind::Sequence => "a list".to_owned(),
        Kind::Scalar | Kind::Unknown => {
            let text = conceal(node.str().unwrap_or_default());
            let short: String = text.chars().take(40).collect();
            format!("`{short}`")
        }
    }
}
