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

/// The entry for the place where an expression stands.
fn key(expression: &Expression) -> Option<&'static Key> {
    let keys: Vec<&str> = expression.keys.iter().map(String::as_str).collect();
    let path = match keys.as_slice() {
        ["jobs", _, "steps", _, rest @ ..] => [&["jobs", "steps"], rest].concat(),
        ["jobs", _, rest @ ..] => [&["jobs"], rest].concat(),
        ["runs", "steps", _, rest @ ..] => [&["runs", "steps"], rest].concat(),
        _ => keys,
    };
    let fits = |entry: &&Key| {
        let mut parts = path.iter();
        entry.path.split('.').all(|want| parts.next().is_some_and(|part| want == *part || want == "*"))
    };
    TABLE.key.iter().filter(fits).max_by_key(|entry| entry.path.split('.').count())
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
        let found: Vec<&str> = workflow.expressions.iter().filter_map(key).map(|key| key.path.as_str()).collect();
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
