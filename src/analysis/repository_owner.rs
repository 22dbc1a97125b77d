//! Who owns the repository, by what its own files say.

use std::collections::HashSet;

use super::Analysis;
use crate::model::facts::Facts;
use crate::model::workflow::image_builds;

/// Whether the repository belongs to this owner on GitHub, as far as its files say it.
pub fn is_owner(ctx: &Analysis, owner: &str) -> bool {
    ctx.owners
        .get_or_init(|| repository_owners(ctx.facts))
        .contains(&owner.to_ascii_lowercase())
}

/// The owners of the repository, in lower case, by what its own files say: its Go module, the
/// repository that its workflows compare with, the images that it pushes.
fn repository_owners(facts: &Facts) -> HashSet<String> {
    let mut owners = HashSet::new();

    for manifest in ["go.mod", "package.json", "Cargo.toml", "pyproject.toml"] {
        if let Some(file) = facts.repository.find(manifest) {
            let lines = file.text.lines().map(str::trim);
            owners.extend(
                lines
                    .filter(|line| names_home(line))
                    .filter_map(github_owner),
            );
        }
    }

    for workflow in facts.workflows() {
        let conditions = workflow
            .expressions
            .iter()
            .filter(|expression| expression.text.contains("github.repository"));
        owners.extend(conditions.filter_map(|condition| compared_owner(&condition.text)));

        let builds = image_builds(workflow);
        let tags = builds
            .iter()
            .filter(|build| build.pushes)
            .flat_map(|build| &build.tags);
        owners.extend(
            tags.filter_map(|tag| tag.value.strip_prefix("ghcr.io/"))
                .filter_map(first_part),
        );
    }

    owners
}

/// Whether a line of a manifest names the repository itself.
fn names_home(line: &str) -> bool {
    const KEYS: &[&str] = &["module ", "repository", "\"url\"", "homepage", "source"];

    let line = line.trim_start_matches('"').to_ascii_lowercase();
    KEYS.iter()
        .any(|key| line.starts_with(key.trim_matches('"')))
}

fn github_owner(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("github.com/")?;
    first_part(rest)
}

/// The part of a path before its first `/`, if it is a plain name.
fn first_part(path: &str) -> Option<String> {
    let (owner, _) = path.split_once('/')?;
    let is_plain = !owner.is_empty()
        && owner
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');

    is_plain.then(|| owner.to_ascii_lowercase())
}

/// The owner in `github.repository == 'owner/name'` or `github.repository_owner == 'owner'`.
fn compared_owner(condition: &str) -> Option<String> {
    let (_, rest) = condition.split_once("github.repository")?;
    let is_owner = rest.starts_with("_owner");
    let rest = rest.trim_start_matches("_owner").trim_start();
    if !rest.starts_with("==") {
        return None;
    }

    let literal = rest.split('\'').nth(1)?;
    if is_owner {
        return first_part(&format!("{literal}/"));
    }

    first_part(literal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_name_owners() {
        for (condition, owner) in [
            ("github.repository == 'Acme/shop'", Some("acme")),
            ("github.repository_owner == 'acme' && x", Some("acme")),
            ("github.repository != 'acme/shop'", None),
            ("github.repository == vars.HOME", None),
        ] {
            assert_eq!(compared_owner(condition).as_deref(), owner, "{condition}");
        }
    }
}
