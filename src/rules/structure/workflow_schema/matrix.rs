//! The matrix of a job: its rows, and what is included and excluded.

use super::problems::{Problems, describe, is_expression};
use crate::syntax::yaml::{Kind, Node};

/// Checks `strategy.matrix`.
pub(super) fn check(node: Option<Node<'_>>, problems: &mut Problems) {
    let Some(node) = node else { return };

    if node.kind() != Kind::Mapping {
        if !is_expression(node) && node.kind() != Kind::Unknown {
            problems.wrong(
                node.location(),
                format!("`matrix` must be a mapping, not {}", describe(node)),
            );
        }

        return;
    }

    let rows: Vec<(&str, Node<'_>)> = node
        .entries()
        .filter_map(|entry| Some((entry.key.str()?, entry.value)))
        .filter(|(name, _)| !matches!(*name, "include" | "exclude"))
        .collect();
    for &(name, row) in &rows {
        check_row(name, row, problems);
    }

    for key in ["include", "exclude"] {
        if let Some(list) = node.get(key)
            && !is_expression(list)
        {
            check_entries(key, list, problems);
        }
    }

    // A row or an entry from an expression may have any value.
    let is_open = rows.iter().any(|(_, row)| row.kind() != Kind::Sequence)
        || node.get("include").is_some_and(is_expression);
    if is_open {
        return;
    }

    for item in node.get("exclude").into_iter().flat_map(Node::items) {
        check_exclusion(item, &rows, problems);
    }
}

fn check_row(name: &str, row: Node<'_>, problems: &mut Problems) {
    match row.kind() {
        Kind::Sequence if row.is_empty() => problems.wrong(
            row.location(),
            format!("matrix row `{name}` is empty, so the job never runs"),
        ),
        Kind::Sequence | Kind::Unknown => {}
        _ if is_expression(row) => {}
        _ => problems.wrong(
            row.location(),
            format!("matrix row `{name}` must be a list, not {}", describe(row)),
        ),
    }
}

/// Checks the entries of `include` or `exclude`.
fn check_entries(key: &str, list: Node<'_>, problems: &mut Problems) {
    if list.kind() != Kind::Sequence {
        problems.wrong(
            list.location(),
            format!("`{key}` must be a list of mappings, not {}", describe(list)),
        );
    }

    for item in list.items() {
        if item.kind() != Kind::Mapping && !is_expression(item) {
            problems.wrong(
                item.location(),
                format!(
                    "an entry of `{key}` must be a mapping, not {}",
                    describe(item)
                ),
            );
        }
    }
}

/// Checks that an entry of `exclude` names rows and values of the matrix.
fn check_exclusion(item: Node<'_>, rows: &[(&str, Node<'_>)], problems: &mut Problems) {
    for pair in item.entries() {
        let name = pair.key.str().unwrap_or_default();
        let Some((_, row)) = rows.iter().find(|(row, _)| *row == name) else {
            let names: Vec<&str> = rows.iter().map(|(name, _)| *name).collect();
            let help = format!("known rows: {}", names.join(", "));
            problems.wrong_with(
                pair.key.location(),
                format!("the matrix has no row `{name}` to exclude from"),
                help,
            );
            continue;
        };

        let is_known = row
            .items()
            .any(|value| is_expression(value) || matches_filter(value, pair.value));
        if !is_known && !is_expression(pair.value) {
            problems.wrong(
                pair.value.location(),
                format!(
                    "{} is not a value of row `{name}`, so nothing is excluded",
                    describe(pair.value)
                ),
            );
        }
    }
}

/// Whether a value of a row matches a filter. Of a mapping, only the named parts count.
fn matches_filter(value: Node<'_>, filter: Node<'_>) -> bool {
    if is_expression(value) || is_expression(filter) {
        return true;
    }

    match (value.kind(), filter.kind()) {
        (Kind::Scalar, Kind::Scalar) => {
            value.str() == filter.str()
                || value
                    .as_float()
                    .zip(filter.as_float())
                    .is_some_and(|(a, b)| a == b)
        }
        (Kind::Mapping, Kind::Mapping) => filter.entries().all(|entry| {
            entry
                .key
                .str()
                .and_then(|key| value.get(key))
                .is_some_and(|inner| matches_filter(inner, entry.value))
        }),
        (Kind::Sequence, Kind::Sequence) => {
            value.len() == filter.len()
                && value
                    .items()
                    .zip(filter.items())
                    .all(|(value, filter)| matches_filter(value, filter))
        }
        (Kind::Null, Kind::Null) => true,
        (Kind::Unknown, _) | (_, Kind::Unknown) => true,
        _ => false,
    }
}
