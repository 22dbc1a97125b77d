//! Scalars, lists and named values of a workflow, read from nodes.

use std::borrow::Cow;

use super::expression::{self, Expression};
use crate::model::env::{EnvOrigin, EnvValue, EnvVar, Fallback};
use crate::model::{Code, Setting};
use crate::source::{Located, OffsetMap};
use crate::syntax::yaml::{Kind, Node};

/// The text of a scalar; nothing for other nodes.
pub(super) fn text(node: Node<'_>) -> Option<Located<String>> {
    Some(Located::new(node.str()?.to_owned(), node.content()))
}

/// The text of a key's value.
pub(super) fn field(node: Node<'_>, key: &str) -> Option<Located<String>> {
    text(node.get(key)?)
}

/// A scalar as a setting: an expression's value is unknown.
pub(super) fn setting(node: Option<Node<'_>>) -> Setting<String> {
    let Some(node) = node else {
        return Setting::Absent;
    };

    match text(node) {
        Some(text) if text.value.contains("${{") => Setting::Unknown(Some(text.location)),
        Some(text) => Setting::Set(text),
        None if node.kind() == Kind::Null => Setting::Absent,
        None => Setting::Unknown(Some(node.location())),
    }
}

/// A boolean as a setting.
pub(super) fn flag(node: Option<Node<'_>>) -> Setting<bool> {
    let Some(node) = node else {
        return Setting::Absent;
    };

    let written = match node.str().map(|text| text.replace(' ', "")).as_deref() {
        Some("${{true}}") => Some(true),
        Some("${{false}}") => Some(false),
        _ => node.as_bool(),
    };

    match written {
        Some(value) => Setting::set(value, node.location()),
        None if node.kind() == Kind::Null => Setting::Absent,
        None => Setting::Unknown(Some(node.location())),
    }
}

/// A scalar, or a list of scalars.
pub(super) fn texts(node: Option<Node<'_>>) -> Vec<Located<String>> {
    let Some(node) = node else { return Vec::new() };
    text(node)
        .into_iter()
        .chain(node.items().filter_map(text))
        .collect()
}

/// Every scalar below a node.
pub(super) fn scalars(node: Node<'_>, found: &mut Vec<Located<String>>) {
    found.extend(text(node));
    node.items().for_each(|item| scalars(item, found));
    node.entries().for_each(|entry| scalars(entry.value, found));
}

/// A script with the way back to its file.
pub(super) fn code(node: Node<'_>) -> Option<Code> {
    Some(Code::new(
        node.definition().file,
        node.str()?,
        node.offsets(),
    ))
}

/// The entries of a mapping of names and values.
pub(super) fn variables(node: Option<Node<'_>>, origin: EnvOrigin) -> Vec<EnvVar> {
    let Some(node) = node else { return Vec::new() };

    node.entries()
        .filter_map(|entry| {
            Some(EnvVar {
                name: text(entry.key)?,
                value: value(entry.value),
                origin,
            })
        })
        .collect()
}

/// What a name is set to.
pub(super) fn value(node: Node<'_>) -> EnvValue {
    let Some(written) = text(node) else {
        return match node.kind() {
            Kind::Null => EnvValue::Literal(Located::new(String::new(), node.location())),
            _ => EnvValue::Reference(node.location()),
        };
    };

    value_of(written, &node.offsets())
}

/// The value of a string with expressions in it.
pub(super) fn value_of(written: Located<String>, offsets: &OffsetMap) -> EnvValue {
    let spans = expression::find(&written.value);
    if spans.is_empty() {
        return EnvValue::Literal(written);
    }

    let found: Vec<Expression> = spans
        .iter()
        .map(|&span| Expression::new(written.location.file, &written.value, span, offsets, &[]))
        .collect();
    let fallbacks: Vec<Fallback> = found
        .iter()
        .flat_map(Expression::fallbacks)
        .map(|(variable, literal, location)| Fallback {
            variable,
            literal: Located::new(literal, location),
        })
        .collect();
    if fallbacks.is_empty() && found.iter().all(|expression| expression.whole) {
        return EnvValue::Reference(written.location);
    }

    EnvValue::Template {
        written,
        resolved: None,
        fallbacks,
    }
}

/// The expressions of a scalar.
pub(super) fn expressions(node: Node<'_>, keys: &[Cow<'_, str>], found: &mut Vec<Expression>) {
    let Some(text) = node.str() else { return };

    let is_if = keys
        .last()
        .is_some_and(|key| matches!(&**key, "if" | "pre-if" | "post-if"));
    if !is_if && !text.contains("${{") {
        return;
    }

    let keys: Vec<&str> = keys.iter().map(AsRef::as_ref).collect();
    let keys = keys.as_slice();
    let file = node.definition().file;

    if text.contains("${{") {
        let offsets = node.offsets();
        let spans = expression::find(text);
        found.extend(
            spans
                .into_iter()
                .map(|span| Expression::new(file, text, span, &offsets, keys)),
        );
    } else if is_condition(keys) && !text.trim().is_empty() {
        found.push(Expression::bare(file, text, &node.offsets(), keys));
    }
}

fn is_condition(keys: &[&str]) -> bool {
    matches!(
        keys,
        ["jobs", _, "if"]
            | ["jobs", _, "steps", _, "if"]
            | ["jobs", _, "steps", _, "parallel", _, "if"]
            | ["jobs", _, "snapshot", "if"]
            | ["runs", "steps", _, "if"]
            | ["runs", "pre-if" | "post-if"]
    )
}
