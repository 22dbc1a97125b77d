//! `invalid-expression` and `undefined-context`: what stands between `${{` and `}}`.

mod context;
mod syntax;

use std::sync::LazyLock;

use serde::Deserialize;

use crate::embedded::table;
use crate::model::workflow::Expression;

pub use context::check as undefined_context;
pub use syntax::check as invalid_expression;

#[derive(Deserialize)]
struct Table {
    key: Vec<Key>,
}

/// What an expression under a key may use.
#[derive(Deserialize)]
struct Key {
    path: String,
    contexts: Vec<String>,
    #[serde(default)]
    functions: Vec<String>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| table!("contexts"));

/// The entries with the parts of their paths.
static PATHS: LazyLock<Vec<(Vec<&str>, &Key)>> = LazyLock::new(|| {
    TABLE
        .key
        .iter()
        .map(|key| (key.path.split('.').collect(), key))
        .collect()
});

/// The entry for the place where an expression stands.
fn key(expression: &Expression) -> Option<&'static Key> {
    let key = |at: usize| expression.keys.get(at).map_or("", String::as_str);
    // The names of jobs and the numbers of steps are in no path of the table.
    let named: &[usize] = match (key(0), key(1), key(2)) {
        ("jobs", _, "steps") if expression.keys.len() > 3 => &[1, 3],
        ("jobs", ..) => &[1],
        ("runs", "steps", _) => &[2],
        _ => &[],
    };

    let path = expression
        .keys
        .iter()
        .zip(0..)
        .filter(|(_, at)| !named.contains(at))
        .map(|(key, _)| key.as_str());
    let fits = |(parts, _): &&(Vec<&str>, &Key)| {
        let mut path = path.clone();
        parts.iter().all(|want| {
            path.next()
                .is_some_and(|part| *want == part || *want == "*")
        })
    };

    PATHS
        .iter()
        .filter(fits)
        .max_by_key(|(parts, _)| parts.len())
        .map(|(_, key)| *key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, SourceFile};
    use crate::syntax::yaml::Tree;

    #[test]
    fn every_site_has_its_own_entry() {
        let text = concat!(
            "on: push\nenv: {A: '${{ a }}'}\njobs:\n  j:\n    if: a\n    container: {image: '${{ a }}', env: {X: '${{ a }}'}}\n",
            "    services: {db: {credentials: {password: '${{ a }}'}}}\n    steps:\n      - if: a\n        run: ${{ a }}\n",
        );
        let source = SourceFile::new(FileId(0), ".github/workflows/x.yml", text);
        let parsed = Tree::parse(source.id, &source.text);
        let workflow = crate::model::workflow::workflow(&parsed.tree, &source);
        let found: Vec<&str> = workflow
            .expressions
            .iter()
            .filter_map(key)
            .map(|key| key.path.as_str())
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
