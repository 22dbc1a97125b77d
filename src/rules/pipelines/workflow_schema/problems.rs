//! Violations of the workflow syntax, and how values are described in messages.

use super::table::MappingShape;
use crate::credential::conceal;
use crate::finding::Finding;
use crate::model::facts::SchemaViolation;
use crate::source::Location;
use crate::suggest::nearest;
use crate::syntax::yaml::{Kind, Node};

/// Violations that a walk collects.
#[derive(Default)]
pub(super) struct Problems(Vec<SchemaViolation>);

impl Problems {
    pub(super) fn into_violations(self) -> Vec<SchemaViolation> {
        self.0
    }

    pub(super) fn wrong(&mut self, location: Location, message: impl Into<String>) {
        self.push(Finding::new(location, message));
    }

    pub(super) fn wrong_with(
        &mut self,
        location: Location,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Finding::new(location, message).help(help));
    }

    /// Something that GitHub accepts and ignores.
    pub(super) fn harmless(&mut self, location: Location, message: impl Into<String>) {
        self.0.push(SchemaViolation {
            finding: Finding::new(location, message),
            is_key: false,
            is_harmless: true,
        });
    }

    pub(super) fn unknown_key(&mut self, location: Location, key: &str, mapping: &MappingShape) {
        let keys = mapping.keys.iter().map(|(key, _)| *key);
        let help = match nearest(key, keys.clone()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known keys: {}", keys.collect::<Vec<_>>().join(", ")),
        };
        let message = format!("{} has no key `{key}`", mapping.name);

        self.0.push(SchemaViolation {
            finding: Finding::new(location, message).help(help),
            is_key: true,
            is_harmless: false,
        });
    }

    fn push(&mut self, finding: Finding) {
        self.0.push(SchemaViolation {
            finding,
            is_key: false,
            is_harmless: false,
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
