//! Versions that YAML reads as numbers, and that lose their last zero.

use super::problems::Problems;
use crate::syntax::yaml::{Kind, Node};

/// Names of matrix rows that hold versions, beside those that say so.
const VERSIONED: &[&str] = &[
    "python",
    "py",
    "go",
    "golang",
    "node",
    "java",
    "jdk",
    "ruby",
    "php",
    "perl",
    "rust",
    "dotnet",
    "postgres",
    "django",
    "elixir",
    "otp",
    "scala",
    "swift",
    "kubernetes",
    "k8s",
    "terraform",
];

/// Checks the matrix, the variables and the inputs of a job.
pub(super) fn check_job(job: Node<'_>, problems: &mut Problems) {
    if let Some(matrix) = job.path(&["strategy", "matrix"]) {
        check_names(matrix, problems);

        for item in matrix.get("include").into_iter().flat_map(Node::items) {
            check_names(item, problems);
        }
    }

    check_names_of(job.get("env"), problems);
    check_names_of(job.get("with"), problems);

    for step in job.get("steps").into_iter().flat_map(Node::items) {
        check_names_of(step.get("env"), problems);
        check_names_of(step.get("with"), problems);
    }
}

fn check_names_of(node: Option<Node<'_>>, problems: &mut Problems) {
    if let Some(node) = node {
        check_names(node, problems);
    }
}

/// Checks the values of names that hold versions.
fn check_names(node: Node<'_>, problems: &mut Problems) {
    for entry in node.entries() {
        let name = entry.key.str().unwrap_or_default().to_ascii_lowercase();
        let holds_version =
            name.contains("version") || VERSIONED.iter().any(|known| name == *known);
        if !holds_version {
            continue;
        }

        let value = entry.value;
        let scalar = (value.kind() == Kind::Scalar).then_some(value);
        for version in value.items().chain(scalar) {
            check_version(version, problems);
        }
    }
}

/// Reports `3.10`, which is the number 3.1. `2.0` is the number 2, and means the same version.
fn check_version(node: Node<'_>, problems: &mut Problems) {
    let (Some(text), Some(_)) = (node.str(), node.as_float()) else {
        return;
    };
    let Some((whole, fraction)) = text.split_once('.') else {
        return;
    };

    let is_plain = [whole, fraction]
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    if !is_plain || fraction.len() < 2 || !fraction.ends_with('0') {
        return;
    }

    let short = text.trim_end_matches('0');
    problems.wrong_with(
        node.location(),
        format!("`{text}` is read as the number {short}"),
        format!("quote the version: `\"{text}\"`"),
    );
}
