//! The walk that compares the nodes of a workflow with the table of shapes.

use super::problems::{Problems, describe, first_key, is_expression};
use super::table::{self, MappingShape, ValueShape};
use super::values;
use crate::syntax::yaml::{Kind, Node};

/// Checks a mapping whose keys are GitHub's.
pub(super) fn check_mapping(node: Node<'_>, shape: &MappingShape, problems: &mut Problems) {
    if node.kind() != Kind::Mapping {
        if node.kind() != Kind::Unknown {
            problems.wrong(
                node.location(),
                format!("{} must be a mapping, not {}", shape.name, describe(node)),
            );
        }

        return;
    }

    for entry in node.entries() {
        let Some(key) = entry.key.str() else { continue };
        let key = shape.canonical_key(key);

        match shape.keys.iter().find(|(known, _)| *known == key) {
            Some((_, shape)) => check_value(entry.value, *shape, key, problems),
            None => problems.unknown_key(entry.key.location(), key, shape),
        }
    }

    if node.is_damaged() {
        return;
    }

    for required in shape.required {
        let is_set = node
            .entries()
            .filter_map(|entry| entry.key.str())
            .any(|key| shape.canonical_key(key) == *required);
        if !is_set {
            problems.wrong(
                first_key(node),
                format!("{} requires `{required}`", shape.name),
            );
        }
    }
}

/// Checks the value of a key.
pub(super) fn check_value(node: Node<'_>, shape: ValueShape, key: &str, problems: &mut Problems) {
    if is_expression(node) || node.kind() == Kind::Unknown {
        return;
    }

    match shape {
        ValueShape::Any => {}
        ValueShape::Maybe(_) if node.is_null() => {}
        ValueShape::Maybe(inner) => check_value(node, *inner, key, problems),
        ValueShape::Text => {
            if node.kind() != Kind::Scalar {
                wrong_kind(node, key, "a string", problems);
            }
        }
        ValueShape::Bool => {
            if node.as_bool().is_none() {
                wrong_kind(node, key, "`true` or `false`", problems);
            }
        }
        ValueShape::Number => {
            if node.as_float().is_none_or(|number| number <= 0.0) {
                wrong_kind(node, key, "a number above 0", problems);
            }
        }
        ValueShape::Map(inner) => check_map(node, *inner, key, problems),
        ValueShape::Mapping(mapping) => check_mapping(node, mapping, problems),
        ValueShape::List(inner) => {
            if node.kind() != Kind::Sequence {
                return wrong_kind(node, key, "a list", problems);
            }

            if node.is_empty() {
                problems.wrong(node.location(), format!("`{key}` is empty"));
            }

            check_items(node, *inner, key, problems);
        }
        ValueShape::Many(inner) => match node.kind() {
            Kind::Sequence => check_items(node, *inner, key, problems),
            _ => check_value(node, *inner, key, problems),
        },
        ValueShape::Or(_) | ValueShape::ManyOr(_) if node.kind() == Kind::Scalar => {}
        ValueShape::ManyOr(_) if node.kind() == Kind::Sequence => {
            check_items(node, ValueShape::Text, key, problems);
        }
        ValueShape::Or(inner) | ValueShape::ManyOr(inner) => {
            if node.is_null() && !matches!(inner, ValueShape::Maybe(_)) {
                problems.wrong(node.location(), format!("`{key}` is empty"));
            } else {
                check_value(node, *inner, key, problems);
            }
        }
        ValueShape::Step => {
            if node.is_null() {
                problems.wrong(node.location(), "this step is empty");
            } else {
                check_mapping(node, &table::STEP, problems);
            }
        }
        ValueShape::Job => check_job(node, key, problems),
        ValueShape::Permissions => values::permissions(node, problems),
    }
}

fn wrong_kind(node: Node<'_>, key: &str, expected: &str, problems: &mut Problems) {
    problems.wrong(
        node.location(),
        format!("`{key}` must be {expected}, not {}", describe(node)),
    );
}

fn check_items(node: Node<'_>, shape: ValueShape, key: &str, problems: &mut Problems) {
    for item in node.items() {
        check_value(item, shape, key, problems);
    }
}

/// Checks a mapping whose keys are the user's own.
fn check_map(node: Node<'_>, inner: ValueShape, key: &str, problems: &mut Problems) {
    if node.kind() != Kind::Mapping {
        return wrong_kind(node, key, "a mapping", problems);
    }

    for entry in node.entries() {
        // A variable or input without a value is an empty string.
        let is_empty_text = entry.value.is_null() && matches!(inner, ValueShape::Text);
        if !is_empty_text {
            let key = entry.key.str().unwrap_or(key);
            check_value(entry.value, inner, key, problems);
        }
    }
}

fn check_job(node: Node<'_>, id: &str, problems: &mut Problems) {
    if node.is_null() {
        problems.wrong(node.location(), format!("job `{id}` is empty"));
    } else if node.get("uses").is_some() && node.get("steps").is_none() {
        check_mapping(node, &table::CALL, problems);
    } else {
        check_mapping(node, &table::JOB, problems);
    }
}
