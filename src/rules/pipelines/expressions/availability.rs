//! Contexts and functions that an expression may use, by the key it is under. The table is
//! `rules/data/contexts.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::embedded::table;
use crate::model::workflow::Expression;

#[derive(Deserialize)]
struct AvailabilityTable {
    key: Vec<Availability>,
}

/// What an expression under a key may use.
#[derive(Deserialize)]
pub(super) struct Availability {
    pub(super) path: String,
    pub(super) contexts: Vec<String>,
    #[serde(default)]
    pub(super) functions: Vec<String>,
}

static TABLE: LazyLock<AvailabilityTable> = LazyLock::new(|| table!("contexts"));

/// The entries with the parts of their paths.
static PATHS: LazyLock<Vec<(Vec<&str>, &Availability)>> = LazyLock::new(|| {
    TABLE
        .key
        .iter()
        .map(|key| (key.path.split('.').collect(), key))
        .collect()
});

/// The entry for the keys that an expression is under.
pub(super) fn available(expression: &Expression) -> Option<&'static Availability> {
    let path = table_path(expression);

    PATHS
        .iter()
        .filter(|(parts, _)| begins_with(&path, parts))
        .max_by_key(|(parts, _)| parts.len())
        .map(|(_, entry)| *entry)
}

/// The keys around an expression without the names of jobs and the indexes of steps, which the
/// paths of the table leave out.
fn table_path(expression: &Expression) -> Vec<&str> {
    let keys: Vec<&str> = expression.keys.iter().map(String::as_str).collect();

    match keys.as_slice() {
        [jobs @ "jobs", _, steps @ "steps", _, rest @ ..] => [&[*jobs, *steps], rest].concat(),
        [jobs @ "jobs", _, rest @ ..] => [&[*jobs], rest].concat(),
        [runs @ "runs", steps @ "steps", _, rest @ ..] => [&[*runs, *steps], rest].concat(),
        _ => keys,
    }
}

fn begins_with(path: &[&str], parts: &[&str]) -> bool {
    path.len() >= parts.len()
        && path
            .iter()
            .zip(parts)
            .all(|(key, part)| key == part || *part == "*")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, SourceFile};
    use crate::syntax::yaml::Tree;

    #[test]
    fn every_site_has_its_own_entry() {
        let text = r"
on: push
env: {A: '${{ a }}'}
jobs:
  j:
    if: a
    container: {image: '${{ a }}', env: {X: '${{ a }}'}}
    services: {db: {credentials: {password: '${{ a }}'}}}
    steps:
      - if: a
        run: ${{ a }}
";
        let source = SourceFile::new(FileId(0), ".github/workflows/x.yml", text);
        let parsed = Tree::parse(source.id, &source.text);
        let workflow = crate::model::workflow::workflow(&parsed.tree, &source);
        let found: Vec<&str> = workflow
            .expressions
            .iter()
            .filter_map(available)
            .map(|entry| entry.path.as_str())
            .collect();
        assert_eq!(
            found,
            [
                "env",
                "jobs.if",
                "jobs.container",
                "jobs.container.env",
                "jobs.services.*.credentials",
                "jobs.steps.if",
                "jobs.steps"
            ]
        );
    }
}
