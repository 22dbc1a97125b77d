//! The content of values: ids, shells, references to actions, permissions.

use std::collections::HashSet;

use super::calls;
use super::local_actions;
use super::matrix;
use super::problems::{Problems, describe, first_key, is_expression, literal};
use super::versions;
use crate::analysis::Analysis;
use crate::data::workflow::DATA;
use crate::model::workflow::{ActionRef, Workflow};
use crate::suggest::nearest;
use crate::syntax::yaml::{Entry, Kind, Node};

/// Checks the values of a workflow.
pub(super) fn workflow(
    ctx: &Analysis,
    workflow: &Workflow,
    root: Node<'_>,
    problems: &mut Problems,
) {
    check_shell(root.path(&["defaults", "run", "shell"]), problems);
    let Some(jobs) = root.get("jobs") else { return };

    if jobs.kind() == Kind::Mapping && jobs.is_empty() {
        problems.wrong(jobs.location(), "`jobs` is empty");
    }

    let mut seen = HashSet::new();

    for entry in jobs.entries() {
        check_id(entry.key, "a job", &mut seen, problems);
        check_job(ctx, workflow, entry.key, entry.value, problems);
    }
}

/// Checks the values of an action.
pub(super) fn action(root: Node<'_>, problems: &mut Problems) {
    for key in ["name", "description"] {
        if root.get(key).is_none() && !root.is_damaged() {
            problems.harmless(
                first_key(root),
                format!("an action without `{key}` cannot be published"),
            );
        }
    }

    let Some(runs) = root.get("runs") else { return };

    let Some(using) = runs.get("using") else {
        return problems.wrong(runs.location(), "`runs` requires `using`");
    };

    let text = using.str().unwrap_or_default();

    match text {
        "composite" => check_steps(runs.get("steps"), StepOwner::Action, problems),
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

fn check_job(
    ctx: &Analysis,
    workflow: &Workflow,
    key: Node<'_>,
    node: Node<'_>,
    problems: &mut Problems,
) {
    check_shell(node.path(&["defaults", "run", "shell"]), problems);

    if let (Some(uses), Some(_)) = (node.entry("uses"), node.entry("steps")) {
        problems.wrong(
            uses.key.location(),
            format!(
                "job `{}` has `steps` but calls a workflow",
                key.str().unwrap_or_default()
            ),
        );
    }

    empty_image(node.path(&["container", "image"]), problems);
    empty_image(node.get("container"), problems);
    if let Some(services) = node.get("services") {
        for service in services.entries() {
            empty_image(service.value.get("image").or(Some(service.value)), problems);
        }
    }

    check_steps(node.get("steps"), StepOwner::Job, problems);
    local_actions::check(ctx, workflow, node, problems);
    versions::check_job(node, problems);
    matrix::check(node.path(&["strategy", "matrix"]), problems);
    if let Some(uses) = node.get("uses") {
        calls::check(ctx, workflow, node, uses, problems);
    }
}

fn empty_image(node: Option<Node<'_>>, problems: &mut Problems) {
    let Some(node) = node else { return };
    if node.str().is_some_and(|text| text.trim().is_empty()) {
        problems.wrong(node.location(), "the image name is empty");
    }
}

/// Where steps are: those of an action have no default shell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StepOwner {
    Job,
    Action,
}

fn check_steps(list: Option<Node<'_>>, owner: StepOwner, problems: &mut Problems) {
    let mut seen = HashSet::new();

    let mut background: Vec<&str> = Vec::new();

    for step in list.into_iter().flat_map(Node::items) {
        check_step(step, owner, &mut seen, problems);
        check_waiting(step, &background, problems);

        if step.get("background").and_then(Node::as_bool) == Some(true) {
            background.extend(step.get("id").and_then(Node::str));
        }

        // The steps of a `parallel` group are steps like any other.
        for inner in step.get("parallel").into_iter().flat_map(Node::items) {
            check_step(inner, owner, &mut seen, problems);
            check_grouped(inner, problems);
        }
    }
}

/// Checks that a step waits for steps that run in the background before it.
fn check_waiting(step: Node<'_>, background: &[&str], problems: &mut Problems) {
    for key in ["wait", "cancel"] {
        let Some(value) = step.get(key) else { continue };
        let scalar = (value.kind() == Kind::Scalar).then_some(value);

        for id in value.items().chain(scalar) {
            let Some(text) = literal(id) else { continue };
            if background
                .iter()
                .any(|known| known.eq_ignore_ascii_case(text))
            {
                continue;
            }

            let help = match nearest(text, background.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "name the `id` of an earlier step with `background: true`".to_owned(),
            };
            problems.wrong_with(
                id.content(),
                format!("no earlier step `{text}` runs in the background"),
                help,
            );
        }
    }
}

/// Checks a step of a `parallel` group, which takes only steps that run something.
fn check_grouped(step: Node<'_>, problems: &mut Problems) {
    for key in OTHER_STEPS {
        if let Some(entry) = step.entry(key) {
            problems.wrong_with(
                entry.key.location(),
                format!("a `parallel` group cannot contain `{key}`"),
                "list only steps with `run` or `uses` under `parallel`",
            );
        }
    }
}

/// Keys of steps that do something without `run` and `uses`.
const OTHER_STEPS: &[&str] = &["wait", "wait-all", "cancel", "parallel"];

fn check_step(
    step: Node<'_>,
    owner: StepOwner,
    seen: &mut HashSet<String>,
    problems: &mut Problems,
) {
    if step.kind() != Kind::Mapping {
        return;
    }

    if let Some(id) = step.get("id") {
        check_id(id, "a step", seen, problems);
    }

    check_shell(step.get("shell"), problems);

    match (step.entry("run"), step.entry("uses")) {
        (Some(_), Some(uses)) => problems.wrong(
            uses.key.location(),
            "a step cannot have both `run` and `uses`",
        ),
        (Some(run), None) => check_run_step(step, run, owner, problems),
        (None, Some(uses)) => {
            for key in ["shell", "working-directory"] {
                if let Some(entry) = step.entry(key) {
                    problems.wrong(
                        entry.key.location(),
                        format!("`{key}` only applies to `run`; an action ignores it"),
                    );
                }
            }

            check_uses(uses.value, problems);
        }
        (None, None) => {
            let is_other = OTHER_STEPS.iter().any(|key| step.get(key).is_some());
            if !is_other && !step.is_damaged() {
                problems.wrong(first_key(step), "this step has neither `run` nor `uses`");
            }
        }
    }
}

fn check_run_step(step: Node<'_>, run: Entry<'_>, owner: StepOwner, problems: &mut Problems) {
    for key in ["with", "entrypoint", "args"] {
        if let Some(entry) = step.entry(key) {
            problems.wrong(
                entry.key.location(),
                format!("`{key}` only applies to `uses`; pass values to a script through `env`"),
            );
        }
    }

    if run.value.is_null() || run.value.str().is_some_and(|text| text.trim().is_empty()) {
        problems.wrong(run.key.location(), "`run` is empty");
    }

    if owner == StepOwner::Action && step.get("shell").is_none() {
        problems.wrong(
            run.key.location(),
            "a `run` step of a composite action requires `shell`",
        );
    }
}

/// Checks the action that a step uses.
fn check_uses(node: Node<'_>, problems: &mut Problems) {
    let Some(text) = node.str() else { return };

    if is_expression(node) {
        return problems.wrong(
            node.content(),
            "`uses` cannot contain expressions: it is read before the job starts",
        );
    }

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

/// Checks the id of a job or a step: letters, digits, `-`, `_`; unique.
fn check_id(node: Node<'_>, whose: &str, seen: &mut HashSet<String>, problems: &mut Problems) {
    let Some(text) = node.str() else { return };

    if is_expression(node) {
        return problems.wrong(
            node.content(),
            format!("the id of {whose} cannot contain expressions"),
        );
    }

    let starts_well = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !starts_well || !is_plain {
        problems.wrong_with(
            node.content(),
            format!("`{text}` is not a valid id for {whose}"),
            "start an id with a letter or `_`, followed by letters, digits, `-` and `_`",
        );
    }

    if !seen.insert(text.to_ascii_lowercase()) {
        problems.wrong(
            node.content(),
            format!(
                "duplicate {} id `{text}`; ids are case-insensitive",
                whose.trim_start_matches("a ")
            ),
        );
    }
}

fn check_shell(node: Option<Node<'_>>, problems: &mut Problems) {
    let Some(node) = node else { return };
    let Some(text) = literal(node) else { return };

    let known = ["bash", "sh", "pwsh", "python", "cmd", "powershell"];
    // The runner looks the name up on Windows, where its case does not matter.
    if known.iter().any(|shell| shell.eq_ignore_ascii_case(text)) || text.contains("{0}") {
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

/// Checks the value of `permissions`.
pub(super) fn permissions(node: Node<'_>, problems: &mut Problems) {
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
                None => {
                    let scopes: Vec<&str> = DATA.permissions.keys().map(String::as_str).collect();
                    format!("known scopes: {}", scopes.join(", "))
                }
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
                    describe(entry.value)
                ),
            );
        }
    }
}
