//! What values must look like: ids, shells, references to actions, permissions, the matrix, calls
//! of workflows.

use super::{DATA, Problems, found, is_expression};
use crate::analysis::Ctx;
use crate::model::workflow::{ActionRef, Workflow};
use crate::source::{Location, join};
use crate::suggest::nearest;
use crate::syntax::yaml::{Kind, Node};
use std::collections::HashSet;

pub fn workflow(ctx: &Ctx, workflow: &Workflow, root: Node<'_>, problems: &mut Problems) {
    shell(root.path(&["defaults", "run", "shell"]), problems);
    let jobs = root.get("jobs");

    if jobs.is_some_and(|jobs| jobs.kind() == Kind::Mapping && jobs.is_empty()) {
        problems.wrong(
            jobs.map(|jobs| jobs.location()).unwrap_or_default(),
            "`jobs` is empty",
        );
    }

    let mut seen = HashSet::new();

    for entry in jobs.into_iter().flat_map(|jobs| jobs.entries()) {
        id(entry.key, "a job", &mut seen, problems);
        job(ctx, workflow, entry.key, entry.value, problems);
    }
}

pub fn action(root: Node<'_>, problems: &mut Problems) {
    let Some(runs) = root.get("runs") else { return };

    let Some(using) = runs.get("using") else {
        return problems.wrong(runs.location(), "`runs` requires `using`");
    };

    let text = using.str().unwrap_or_default();

    match text {
        "composite" => steps(runs.get("steps"), true, problems),
        "docker" => {}
        _ if text
            .strip_prefix("node")
            .is_some_and(|version| version.parse::<u32>().is_ok()) => {}
        _ => problems.wrong_with(
            using.location(),
            format!("unknown action runtime `{text}`"),
            "use `composite`, `docker` or `node24`",
        ),
    }

    let needed = match text {
        "composite" => "steps",
        "docker" => "image",
        _ => "main",
    };

    if runs.get(needed).is_none() {
        problems.wrong(
            using.location(),
            format!("an action with `using: {text}` requires `{needed}`"),
        );
    }
}

fn job(ctx: &Ctx, workflow: &Workflow, key: Node<'_>, node: Node<'_>, problems: &mut Problems) {
    shell(node.path(&["defaults", "run", "shell"]), problems);

    if let (Some(uses), Some(_)) = (node.entry("uses"), node.entry("steps")) {
        problems.wrong(
            uses.key.location(),
            format!(
                "job `{}` has `steps` but calls a workflow",
                key.str().unwrap_or_default()
            ),
        );
    }

    for image in [
        node.path(&["container", "image"]),
        node.get("container")
            .filter(|container| container.str().is_some()),
    ] {
        empty_image(image, problems);
    }

    for service in node
        .get("services")
        .into_iter()
        .flat_map(|services| services.entries())
    {
        empty_image(service.value.get("image").or(Some(service.value)), problems);
    }

    steps(node.get("steps"), false, problems);
    matrix(node.path(&["strategy", "matrix"]), problems);
    if let Some(uses) = node.get("uses") {
        call(ctx, workflow, node, uses, problems);
    }
}

fn empty_image(node: Option<Node<'_>>, problems: &mut Problems) {
    let Some(node) = node else { return };
    if node.str().is_some_and(|text| text.trim().is_empty()) {
        problems.wrong(node.location(), "the image name is empty");
    }
}

fn steps(list: Option<Node<'_>>, composite: bool, problems: &mut Problems) {
    let mut seen = HashSet::new();
    // The steps of a `parallel` group are steps like any other.
    let mut all: Vec<Node<'_>> = Vec::new();

    for step in list.into_iter().flat_map(|list| list.items()) {
        all.push(step);
        all.extend(
            step.get("parallel")
                .into_iter()
                .flat_map(|group| group.items()),
        );
    }

    for step in all.into_iter().filter(|step| step.kind() == Kind::Mapping) {
        let anchor = step
            .entries()
            .next()
            .map_or_else(|| step.location(), |entry| entry.key.location());
        if let Some(given) = step.get("id") {
            id(given, "a step", &mut seen, problems);
        }

        shell(step.get("shell"), problems);

        match (step.entry("run"), step.entry("uses")) {
            (Some(_), Some(uses)) => problems.wrong(
                uses.key.location(),
                "a step cannot have both `run` and `uses`",
            ),
            (None, None)
                if !["wait", "wait-all", "cancel", "parallel"]
                    .iter()
                    .any(|key| step.get(key).is_some())
                    && !step.is_damaged() =>
            {
                problems.wrong(anchor, "this step has neither `run` nor `uses`");
            }
            (Some(run), None) => {
                for key in ["with", "entrypoint", "args"] {
                    if let Some(given) = step.entry(key) {
                        problems.wrong(
                            given.key.location(),
                            format!(
                                "`{key}` only applies to `uses`; pass values to a script \
                                through `env`"
                            ),
                        );
                    }
                }

                if run.value.is_null() || run.value.str().is_some_and(|text| text.trim().is_empty())
                {
                    problems.wrong(run.key.location(), "`run` is empty");
                }

                if composite && step.get("shell").is_none() {
                    problems.wrong(
                        run.key.location(),
                        "a `run` step of a composite action requires `shell`",
                    );
                }
            }
            (None, Some(uses)) => {
                for key in ["shell", "working-directory"] {
                    if let Some(given) = step.entry(key) {
                        problems.wrong(
                            given.key.location(),
                            format!("`{key}` only applies to `run`; an action ignores it"),
                        );
                    }
                }

                uses_of_step(uses.value, problems);
            }
            (None, None) => {}
        }
    }
}

fn uses_of_step(node: Node<'_>, problems: &mut Problems) {
    let Some(text) = node.str().filter(|_| !is_expression(node)) else {
        if node.str().is_some() {
            problems.wrong(
                node.content(),
                "`uses` cannot contain expressions: it is read before the job starts",
            );
        }

        return;
    };

    match ActionRef::parse(text) {
        ActionRef::Local(_) => {}
        ActionRef::Docker(image) => {
            if image.is_empty() || image.ends_with(':') {
                problems.wrong(node.content(), format!("`{text}` does not name an image"));
            }
        }
        ActionRef::Remote { name, version } => {
            let is_path = name.split('/').filter(|part| !part.is_empty()).count() >= 2
                && !name.starts_with('/');
            if !is_path {
                problems.wrong_with(
                    node.content(),
                    format!("`{text}` does not name an action"),
                    "write `owner/repository@version`, `./folder` or `docker://image`",
                );
            } else if version.is_none_or(str::is_empty) {
                problems.wrong_with(
                    node.content(),
                    format!("`{text}` has no version"),
                    "write `owner/repository@version`",
                );
            }
        }
    }
}

/// Ids of jobs and steps: letters, digits, `-`, `_`; no two alike.
fn id(node: Node<'_>, whose: &str, seen: &mut HashSet<String>, problems: &mut Problems) {
    let Some(text) = node.str() else { return };

    if is_expression(node) {
        return problems.wrong(
            node.content(),
            format!("the id of {whose} cannot contain expressions"),
        );
    }

    let mut bytes = text.bytes();
    let starts = bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
    if !starts || !bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        problems.wrong_with(
            node.content(),
            format!("`{text}` is not a valid id for {whose}"),
            "start an id with a letter or `_`, followed by letters, digits, `-` and `_`",
        );
    }

    let lower = text.to_ascii_lowercase();

    if seen.contains(&lower) {
        problems.wrong(
            node.content(),
            format!(
                "duplicate {} id `{text}`; ids are case-insensitive",
                whose.trim_start_matches("a ")
            ),
        );
    }

    seen.insert(lower);
}

fn shell(node: Option<Node<'_>>, problems: &mut Problems) {
    let Some(node) = node else { return };

    let Some(text) = node.str().filter(|_| !is_expression(node)) else {
        return;
    };

    let known = ["bash", "sh", "pwsh", "python", "cmd", "powershell"];
    if known.contains(&text) || text.contains("{0}") {
        return;
    }

    let help = match nearest(text, known) {
        Some(meant) => {
            format!("did you mean `{meant}`? A custom shell takes the script as `{{0}}`")
        }
        None => format!(
            "known shells: {}; a custom shell takes the script as `{{0}}`",
            known.join(", ")
        ),
    };

    problems.wrong_with(node.content(), format!("unknown shell `{text}`"), help);
}

pub fn permissions(node: Node<'_>, problems: &mut Problems) {
    if let Some(text) = node.str() {
        if !matches!(text, "read-all" | "write-all") {
            problems.wrong_with(
                node.content(),
                format!("invalid `permissions` value `{text}`"),
                "use `read-all`, `write-all`, `{}` or a mapping of scopes",
            );
        }

        return;
    }

    if node.kind() == Kind::Sequence {
        return problems.wrong(
            node.location(),
            "`permissions` must be a mapping of scopes, not a list",
        );
    }

    for entry in node.entries() {
        let scope = entry.key.str().unwrap_or_default();
        let Some(words) = DATA.permissions.get(scope) else {
            let help = match nearest(scope, DATA.permissions.keys().map(String::as_str)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!(
                    "known scopes: {}",
                    DATA.permissions
                        .keys()
                        .cloned()
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            };

            problems.wrong_with(
                entry.key.content(),
                format!("unknown permission scope `{scope}`"),
                help,
            );
            continue;
        };

        let access = entry.value.str().unwrap_or_default();

        if !words.iter().any(|word| word == access) && !is_expression(entry.value) {
            problems.wrong(
                entry.value.location(),
                format!(
                    "`{scope}` accepts {}, not {}",
                    words.join(", "),
                    found(entry.value)
                ),
            );
        }
    }
}

fn matrix(node: Option<Node<'_>>, problems: &mut Problems) {
    let Some(node) = node else { return };

    if node.kind() != Kind::Mapping {
        if !is_expression(node) && node.kind() != Kind::Unknown {
            problems.wrong(
                node.location(),
                format!("`matrix` must be a mapping, not {}", found(node)),
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
        match row.kind() {
            Kind::Sequence if row.is_empty() => problems.wrong(
                row.location(),
                format!("matrix row `{name}` is empty, so the job never runs"),
            ),
            Kind::Sequence | Kind::Unknown => {}
            _ if is_expression(row) => {}
            _ => problems.wrong(
                row.location(),
                format!("matrix row `{name}` must be a list, not {}", found(row)),
            ),
        }
    }

    for key in ["include", "exclude"] {
        let Some(list) = node.get(key).filter(|list| !is_expression(*list)) else {
            continue;
        };

        if list.kind() != Kind::Sequence {
            problems.wrong(
                list.location(),
                format!("`{key}` must be a list of mappings, not {}", found(list)),
            );
        }

        for item in list
            .items()
            .filter(|item| item.kind() != Kind::Mapping && !is_expression(*item))
        {
            problems.wrong(
                item.location(),
                format!("an entry of `{key}` must be a mapping, not {}", found(item)),
            );
        }
    }

    let open = rows.iter().any(|(_, row)| row.kind() != Kind::Sequence)
        || node.get("include").is_some_and(is_expression);
    if let Some(list) = node.get("exclude").filter(|_| !open) {
        list.items().for_each(|item| exclude(item, &rows, problems));
    }
}

/// What is excluded must be there.
fn exclude(item: Node<'_>, rows: &[(&str, Node<'_>)], problems: &mut Problems) {
    for pair in item.entries() {
        let name = pair.key.str().unwrap_or_default();
        let Some((_, row)) = rows.iter().find(|(row, _)| *row == name) else {
            let help = format!(
                "known rows: {}",
                rows.iter()
                    .map(|(name, _)| *name)
                    .collect::<Vec<_>>()
                    .join(", ")
            );
            problems.wrong_with(
                pair.key.location(),
                format!("the matrix has no row `{name}` to exclude from"),
                help,
            );
            continue;
        };

        let known = row
            .items()
            .any(|value| is_expression(value) || matches(value, pair.value));
        if !known && !is_expression(pair.value) {
            problems.wrong(
                pair.value.location(),
                format!(
                    "{} is not a value of row `{name}`, so nothing is excluded",
                    found(pair.value)
                ),
            );
        }
    }
}

/// Whether a value of a row is one that the filter means: of a mapping, the named parts alone.
fn matches(value: Node<'_>, filter: Node<'_>) -> bool {
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
                .is_some_and(|inner| matches(inner, entry.value))
        }),
        (Kind::Sequence, Kind::Sequence) => {
            value.len() == filter.len()
                && value
                    .items()
                    .zip(filter.items())
                    .all(|(one, other)| matches(one, other))
        }
        (Kind::Null, Kind::Null) => true,
        (Kind::Unknown, _) | (_, Kind::Unknown) => true,
        _ => false,
    }
}

/// A call of a reusable workflow: its name, and what it is given.
fn call(ctx: &Ctx, workflow: &Workflow, job: Node<'_>, uses: Node<'_>, problems: &mut Problems) {
    let Some(text) = uses.str() else { return };

    if is_expression(uses) {
        return;
    }

    let form = "write `owner/repository/.github/workflows/file.yml@version` or \
        `./.github/workflows/file.yml`";
    let is_file = |path: &str| path.ends_with(".yml") || path.ends_with(".yaml");

    match ActionRef::parse(text) {
        ActionRef::Remote { name, version } => {
            let has_path = name.split('/').count() > 2 && is_file(name);

            if !has_path {
                problems.wrong_with(
                    uses.content(),
                    format!("`{text}` does not name a workflow"),
                    form,
                );
            } else if version.is_none_or(str::is_empty) {
                problems.wrong_with(uses.content(), format!("`{text}` has no version"), form);
            }
        }
        ActionRef::Local(path) if !path.starts_with("./") => {}
        ActionRef::Local(path) => {
            if path.contains('@') || !is_file(path) {
                return problems.wrong_with(
                    uses.content(),
                    format!("`{text}` does not name a workflow in this repository"),
                    form,
                );
            }
            // Relative to the root that holds `.github`, which a folder of examples may be.
            let path_here = ctx.facts.path(workflow.file);
            let root = path_here
                .split_once(".github/")
                .map_or("", |(root, _)| root.trim_end_matches('/'));
            let Some(target) = join(root, path) else {
                return;
            };

            match ctx.facts.repository.find(&target) {
                None => problems.wrong(
                    uses.content(),
                    format!("`{target}` does not exist in this repository"),
                ),
                Some(file) => {
                    let called = ctx.facts.file(file.id);
                    let Some(on) = called
                        .tree
                        .as_ref()
                        .and_then(|tree| tree.root())
                        .and_then(|root| root.get("on").or_else(|| root.get("true")))
                    else {
                        return;
                    };

                    given(job, on, uses.content(), &target, problems);
                }
            }
        }
        ActionRef::Docker(_) => problems.wrong_with(
            uses.content(),
            format!("`{text}` does not name a workflow"),
            form,
        ),
    }
}

fn given(job: Node<'_>, on: Node<'_>, uses: Location, target: &str, problems: &mut Problems) {
    let called = on.str() == Some("workflow_call")
        || on.items().any(|item| item.str() == Some("workflow_call"))
        || on.get("workflow_call").is_some();
    if !called {
        return problems.wrong_with(
            uses,
            format!("`{target}` cannot be called"),
            "add `workflow_call` to its `on`",
        );
    }

    let secrets_given = job.get("secrets");

    for (key, what) in [("inputs", "with"), ("secrets", "secrets")] {
        let declared = on.path(&["workflow_call", key]);
        let names: Vec<(&str, Node<'_>)> = declared
            .into_iter()
            .flat_map(|list| list.entries())
            .filter_map(|entry| Some((entry.key.str()?, entry.value)))
            .collect();
        let handed = job.get(what);
        if key == "secrets" && secrets_given.is_some_and(|secrets| secrets.str().is_some()) {
            continue;
        }

        for entry in handed.into_iter().flat_map(|handed| handed.entries()) {
            let name = entry.key.str().unwrap_or_default();
            let Some((_, input)) = names
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
            else {
                let help = match nearest(name, names.iter().map(|(name, _)| *name)) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("declare it in `{target}` under `on.workflow_call.{key}`"),
                };

                problems.wrong_with(
                    entry.key.location(),
                    format!("`{target}` has no {} `{name}`", key.trim_end_matches('s')),
                    help,
                );
                continue;
            };

            let kind = input.get("type").and_then(Node::str).unwrap_or("string");
            let wrong = !is_expression(entry.value)
                && match kind {
                    "boolean" => entry.value.as_bool().is_none(),
                    "number" => entry.value.as_float().is_none(),
                    _ => false,
                };
            if key == "inputs" && wrong {
                problems.wrong(
                    entry.value.location(),
                    format!("`{name}` must be a {kind}, not {}", found(entry.value)),
                );
            }
        }

        for (name, input) in names {
            let needed = input.get("required").and_then(Node::as_bool) == Some(true)
                && input.get("default").is_none();
            let present = handed.is_some_and(|handed| {
                handed.entries().any(|entry| {
                    entry
                        .key
                        .str()
                        .is_some_and(|key| key.eq_ignore_ascii_case(name))
                })
            });

            if needed && !present {
                problems.wrong(
                    uses,
                    format!(
                        "`{target}` requires the {} `{name}`",
                        key.trim_end_matches('s')
                    ),
                );
            }
        }
    }
}
