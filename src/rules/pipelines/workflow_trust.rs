//! `persist-credentials`, `self-hosted-runner`, `spoofable-actor`: what a workflow leaves to people
//! it cannot know.

use crate::analysis::Ctx;
use crate::analysis::pipelines::is_live;
use crate::finding::{Finding, Sink};
use crate::model::env::EnvValue;
use crate::model::workflow::{Step, Workflow};

pub fn persist_credentials(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    for job in &workflow.jobs {
        let Some(upload) = job.steps.iter().find(|step| uploads_tree(step)) else {
            continue;
        };

        for step in job
            .steps
            .iter()
            .take_while(|step| step.location < upload.location)
            .filter(|step| step.runs_action("actions/checkout"))
        {
            let off = step
                .input("persist-credentials")
                .is_some_and(|input| input.value.literal().is_none_or(|at| at.value == "false"));
            let Some(uses) = step.uses.as_ref().filter(|_| !off) else {
                continue;
            };

            sink.report(
                Finding::new(
                    uses.location,
                    "the token stays in `.git/config`, which is uploaded as an artifact",
                )
                .related(
                    upload
                        .uses
                        .as_ref()
                        .map_or(upload.location, |uses| uses.location),
                    "uploaded here",
                )
                .help("add `persist-credentials: false`, or upload a separate directory"),
            );
        }
    }
}

/// Whether a step uploads the checked-out folder itself.
fn uploads_tree(step: &Step) -> bool {
    let paths = match step.input("path").map(|input| &input.value) {
        Some(EnvValue::Literal(at)) => at.value.clone(),
        Some(EnvValue::Template { written, .. }) => written.value.clone(),
        _ => return false,
    };

    step.runs_action("actions/upload-artifact")
        && paths.lines().map(str::trim).any(|path| {
            matches!(
                path,
                "." | "./" | "*" | "**" | "./**" | "**/*" | ".git" | "${{ github.workspace }}"
            )
        })
}

pub fn self_hosted(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    let Some(trigger) = workflow.triggers.iter().find(|trigger| {
        matches!(
            trigger.event.value.as_str(),
            "pull_request" | "pull_request_target" | "issue_comment"
        )
    }) else {
        return;
    };

    if !is_live(ctx, workflow) {
        return;
    }

    for job in &workflow.jobs {
        let matrix = job
            .matrix
            .iter()
            .flat_map(|matrix| &matrix.axes)
            .flat_map(|axis| &axis.values);
        let dynamic = job
            .runs_on
            .iter()
            .any(|label| label.value.contains("matrix."));
        let labels = job.runs_on.iter().chain(matrix.filter(|_| dynamic));
        let Some(label) = labels
            .into_iter()
            .find(|label| label.value == "self-hosted")
        else {
            continue;
        };

        sink.report(
            Finding::new(
                label.location,
                format!(
                    "`{}` lets untrusted code run on a self-hosted runner",
                    trigger.event.value
                ),
            )
            .related(trigger.event.location, "anyone can trigger this event")
            .help("run pull requests on GitHub-hosted runners or on ephemeral runners"),
        );
    }
}

/// Contexts that name who started the run last, not whose change it is.
const ACTORS: &[&str] = &[
    "github.actor",
    "github.triggering_actor",
    "github.event.sender.login",
];

pub fn spoofable_actor(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    let privileged = ["pull_request_target", "workflow_run", "issue_comment"];
    if !workflow.triggers.iter().any(|trigger| {
        privileged.contains(&trigger.event.value.as_str()) || trigger.event.value == "pull_request"
    }) {
        return;
    }

    for expression in workflow
        .expressions
        .iter()
        .filter(|expression| expression.key() == "if")
    {
        let text: String = expression.text.split_whitespace().collect();
        let Some(access) = expression
            .accesses()
            .iter()
            .find(|access| ACTORS.contains(&access.path().as_str()))
        else {
            continue;
        };

        let equals = ACTORS.iter().any(|actor| {
            text.contains(&format!("{actor}=='"))
                && text.contains("[bot]'")
                && !text.contains("pull_request.user.login")
        });

        if equals {
            sink.report(
                Finding::new(
                    access.location,
                    format!(
                        "`{}` is the last actor, so this bot check can be bypassed",
                        access.path()
                    ),
                )
                .help(
                    "check the author of the pull request: `github.event.pull_request.user.login`",
                ),
            );
        }
    }
}
