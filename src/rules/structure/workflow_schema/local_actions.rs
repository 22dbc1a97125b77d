//! Actions of the repository that steps use: they exist, and the repository is checked out before.

use super::problems::{Problems, literal};
use crate::analysis::Analysis;
use crate::model::workflow::{ActionRef, Workflow};
use crate::source::join;
use crate::suggest::nearest;
use crate::syntax::yaml::Node;

/// What earlier steps may have put into the workspace.
#[derive(Default)]
struct Workspace {
    /// The repository itself, or something that cannot be known.
    is_filled: bool,
    /// Files that are not in this repository.
    has_others: bool,
}

impl Workspace {
    fn add(&mut self, step: Node<'_>) {
        let uses = step.get("uses").and_then(Node::str).unwrap_or_default();
        if uses.to_ascii_lowercase().contains("checkout") {
            self.is_filled = true;
            self.has_others |= ["path", "repository", "ref"]
                .iter()
                .any(|key| step.path(&["with", key]).is_some());
        } else if !uses.is_empty() {
            // Other actions may download or write files.
            self.has_others |= !uses.starts_with("actions/setup-");
            self.is_filled |= !uses.starts_with("actions/setup-");
        }

        let script = step.get("run").and_then(Node::str).unwrap_or_default();
        let writes = [
            "git ", "gh ", "curl", "wget", "tar ", "unzip", "cp ", "mkdir", "mv ", ">",
        ]
        .iter()
        .any(|word| script.contains(word));
        self.is_filled |= writes;
        self.has_others |= writes;
    }
}

/// Checks the local actions of a job.
pub(super) fn check(ctx: &Analysis, workflow: &Workflow, job: Node<'_>, problems: &mut Problems) {
    let caller = ctx.facts.path(workflow.file);
    let root = caller
        .split_once(".github/")
        .map_or("", |(root, _)| root.trim_end_matches('/'));
    let is_kept = is_self_hosted(job);
    // Called from another repository, `./` is that repository.
    let is_shared = workflow.only_on(&["workflow_call"]);
    // Without any other file, this is a part of a repository.
    let is_alone = ctx.facts.repository.files().iter().all(|file| {
        file.path.starts_with(".github/workflows/") || file.path.contains("/.github/workflows/")
    });
    let mut workspace = Workspace::default();

    for step in job.get("steps").into_iter().flat_map(Node::items) {
        if let Some(uses) = step.get("uses")
            && let Some(text) = literal(uses)
            && let ActionRef::Local(path) = ActionRef::parse(text)
        {
            // `$/` is the repository of the workflow, without a checkout.
            let own_path = path.strip_prefix("$/");

            if is_alone {
                continue;
            }

            if own_path.is_none() && !workspace.is_filled && !is_kept {
                problems.wrong_with(
                    uses.content(),
                    format!("`{text}` is used before the repository is checked out"),
                    "add `- uses: actions/checkout@…` as an earlier step",
                );
            } else if own_path.is_some() || !workspace.has_others && !is_shared {
                let path = own_path.unwrap_or(path);
                check_exists(ctx, root, uses, path, problems);
                check_inputs(ctx, root, step, path, problems);
            }
        }

        workspace.add(step);
        for inner in step.get("parallel").into_iter().flat_map(Node::items) {
            workspace.add(inner);
        }
    }
}

/// Whether a job runs on a machine whose workspace may have files from earlier runs.
fn is_self_hosted(job: Node<'_>) -> bool {
    let Some(labels) = job.get("runs-on") else {
        return true;
    };

    let scalar = labels.str();
    let items = labels.items().filter_map(Node::str);
    let is_hosted = scalar.into_iter().chain(items).any(|label| {
        ["ubuntu-", "windows-", "macos-"]
            .iter()
            .any(|family| label.starts_with(family))
    });

    !is_hosted
}

/// Checks that a step passes the inputs that an action requires.
fn check_inputs(ctx: &Analysis, root: &str, step: Node<'_>, path: &str, problems: &mut Problems) {
    let Some(uses) = step.get("uses") else { return };
    let tree = ["action.yml", "action.yaml"].iter().find_map(|name| {
        let path = join(&join(root, path)?, name)?;
        let file = ctx.facts.repository.find(&path)?;
        ctx.facts.file(file.id).schema_tree()
    });
    let inputs = tree
        .and_then(|tree| tree.root()?.get("inputs"))
        .into_iter()
        .flat_map(Node::entries);

    for input in inputs {
        let is_required = input.value.get("required").and_then(Node::as_bool) == Some(true)
            && input.value.get("default").is_none();
        if !is_required {
            continue;
        }

        let Some(name) = input.key.str() else {
            continue;
        };

        let mut passed = step.get("with").into_iter().flat_map(Node::entries);
        let is_passed = passed.any(|entry| {
            entry
                .key
                .str()
                .is_some_and(|key| key.eq_ignore_ascii_case(name))
        });
        if !is_passed {
            problems.wrong(
                uses.content(),
                format!("`{path}` requires the input `{name}`"),
            );
        }
    }
}

/// Checks that the folder of an action is in the repository, and has an action.
fn check_exists(ctx: &Analysis, root: &str, uses: Node<'_>, path: &str, problems: &mut Problems) {
    const FILES: &[&str] = &["action.yml", "action.yaml", "Dockerfile"];

    let Some(folder) = join(root, path) else {
        return;
    };
    let repository = ctx.facts.repository;
    let has_action = FILES
        .iter()
        .any(|file| join(&folder, file).is_some_and(|path| repository.find(&path).is_some()));
    let is_elsewhere = ctx.is_submodule(&folder) || ctx.is_ignored(&folder);
    if has_action || is_elsewhere {
        return;
    }

    let folders = ctx
        .facts
        .workflows()
        .filter(|workflow| workflow.action)
        .map(|workflow| ctx.facts.source(workflow.file).folder());
    let help = match nearest(&folder, folders) {
        Some(meant) => format!("did you mean `./{meant}`?"),
        None => "add the action, or correct the path; it is relative to the repository".to_owned(),
    };

    problems.wrong_with(
        uses.content(),
        format!("`{folder}` has no `action.yml` in this repository"),
        help,
    );
}
