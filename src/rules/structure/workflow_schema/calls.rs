//! Calls of reusable workflows: the reference, and the inputs and secrets that are passed.

use super::problems::{Problems, describe, is_expression, literal};
use crate::analysis::Analysis;
use crate::model::workflow::{ActionRef, Workflow};
use crate::source::{Location, join};
use crate::suggest::nearest;
use crate::syntax::yaml::{Entry, Node};

/// The forms of a reference.
const FORMS: &str = "write `owner/repository/.github/workflows/file.yml@version` or \
                     `./.github/workflows/file.yml`";

/// Checks a job that calls a workflow.
pub(super) fn check(
    ctx: &Analysis,
    workflow: &Workflow,
    job: Node<'_>,
    uses: Node<'_>,
    problems: &mut Problems,
) {
    let Some(text) = literal(uses) else { return };
    let location = uses.content();

    match ActionRef::parse(text) {
        ActionRef::Remote { name, version } => {
            let has_path = name.split('/').count() > 2 && is_yaml(name);
            if !has_path {
                let message = format!("`{text}` does not name a workflow");
                problems.wrong_with(location, message, FORMS);
            } else if version.is_none_or(str::is_empty) {
                problems.wrong_with(location, format!("`{text}` has no version"), FORMS);
            }
        }
        ActionRef::Local(path) if !path.starts_with("./") => {}
        ActionRef::Local(path) if path.contains('@') || !is_yaml(path) => {
            let message = format!("`{text}` does not name a workflow in this repository");
            problems.wrong_with(location, message, FORMS);
        }
        ActionRef::Local(path) => check_local(ctx, workflow, job, location, path, problems),
        ActionRef::Docker(_) => {
            let message = format!("`{text}` does not name a workflow");
            problems.wrong_with(location, message, FORMS);
        }
    }
}

fn is_yaml(path: &str) -> bool {
    path.ends_with(".yml") || path.ends_with(".yaml")
}

/// Checks a call of a workflow of this repository.
fn check_local(
    ctx: &Analysis,
    workflow: &Workflow,
    job: Node<'_>,
    location: Location,
    path: &str,
    problems: &mut Problems,
) {
    // Relative to the root that holds `.github`, which a folder of examples may be.
    let caller = ctx.facts.path(workflow.file);
    let root = caller
        .split_once(".github/")
        .map_or("", |(root, _)| root.trim_end_matches('/'));
    let Some(target) = join(root, path) else {
        return;
    };

    let Some(file) = ctx.facts.repository.find(&target) else {
        return problems.wrong(
            location,
            format!("`{target}` does not exist in this repository"),
        );
    };

    let tree = ctx.facts.file(file.id).schema_tree();
    let Some(on) = tree
        .and_then(|tree| tree.root())
        .and_then(|root| root.get("on").or_else(|| root.get("true")))
    else {
        return;
    };

    if !is_callable(on) {
        return problems.wrong_with(
            location,
            format!("`{target}` cannot be called"),
            "add `workflow_call` to its `on`",
        );
    }

    let call = WorkflowCall {
        job,
        on,
        location,
        target: &target,
    };
    call.check_values("inputs", "with", problems);
    // `secrets: inherit` passes all.
    if job
        .get("secrets")
        .is_none_or(|secrets| secrets.str().is_none())
    {
        call.check_values("secrets", "secrets", problems);
    }
}

fn is_callable(on: Node<'_>) -> bool {
    on.str() == Some("workflow_call")
        || on.items().any(|item| item.str() == Some("workflow_call"))
        || on.get("workflow_call").is_some()
}

/// A call of a workflow of this repository.
struct WorkflowCall<'t> {
    /// The calling job.
    job: Node<'t>,
    /// The triggers of the called workflow.
    on: Node<'t>,
    /// The reference.
    location: Location,
    /// The path of the called workflow.
    target: &'t str,
}

impl<'t> WorkflowCall<'t> {
    /// Compares what the called workflow declares under `declared_key` with what the job passes
    /// under `passed_key`.
    fn check_values(&self, declared_key: &str, passed_key: &str, problems: &mut Problems) {
        let declared: Vec<(&str, Node<'_>)> = self
            .on
            .path(&["workflow_call", declared_key])
            .into_iter()
            .flat_map(Node::entries)
            .filter_map(|entry| Some((entry.key.str()?, entry.value)))
            .collect();
        let passed: Vec<Entry<'_>> = self
            .job
            .get(passed_key)
            .into_iter()
            .flat_map(Node::entries)
            .collect();

        for entry in &passed {
            self.check_passed(declared_key, entry, &declared, problems);
        }

        for (name, input) in declared {
            let is_required = input.get("required").and_then(Node::as_bool) == Some(true)
                && input.get("default").is_none();
            let is_passed = passed
                .iter()
                .filter_map(|entry| entry.key.str())
                .any(|key| key.eq_ignore_ascii_case(name));

            if is_required && !is_passed {
                problems.wrong(
                    self.location,
                    format!(
                        "`{}` requires the {} `{name}`",
                        self.target,
                        singular(declared_key)
                    ),
                );
            }
        }
    }

    /// Checks the name and the type of a value that the job passes.
    fn check_passed(
        &self,
        declared_key: &str,
        entry: &Entry<'_>,
        declared: &[(&str, Node<'_>)],
        problems: &mut Problems,
    ) {
        let target = self.target;
        let name = entry.key.str().unwrap_or_default();
        let Some((_, input)) = declared
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
        else {
            let help = match nearest(name, declared.iter().map(|(name, _)| *name)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => {
                    format!("declare it in `{target}` under `on.workflow_call.{declared_key}`")
                }
            };

            return problems.wrong_with(
                entry.key.location(),
                format!("`{target}` has no {} `{name}`", singular(declared_key)),
                help,
            );
        };

        let kind = input.get("type").and_then(Node::str).unwrap_or("string");
        if declared_key == "inputs" && !fits_type(entry.value, kind) {
            problems.wrong(
                entry.value.location(),
                format!("`{name}` must be a {kind}, not {}", describe(entry.value)),
            );
        }
    }
}

fn fits_type(value: Node<'_>, kind: &str) -> bool {
    is_expression(value)
        || match kind {
            "boolean" => value.as_bool().is_some(),
            "number" => value.as_float().is_some(),
            _ => true,
        }
}

fn singular(key: &str) -> &str {
    key.trim_end_matches('s')
}
