//! `persist-credentials`, `self-hosted-runner`, `spoofable-actor`: tokens, runners and checks that
//! outside users can abuse.

use crate::analysis::Analysis;
use crate::analysis::pipelines::is_live;
use crate::finding::{Finding, Sink};
use crate::model::env::EnvValue;
use crate::model::workflow::{Job, Step, Workflow};
use crate::source::{Located, Location};

pub fn persist_credentials(_: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    for job in &workflow.jobs {
        let Some(upload) = job.steps.iter().find(|step| uploads_tree(step)) else {
            continue;
        };

        let upload_location = match &upload.uses {
            Some(uses) => uses.location,
            None => upload.location,
        };

        for location in job
            .steps
            .iter()
            .take_while(|step| step.location < upload.location)
            .filter_map(persisting_checkout)
        {
            sink.report(
                Finding::new(
                    location,
                    "the token stays in `.git/config`, which is uploaded as an artifact",
                )
                .related(upload_location, "uploaded here")
                .help("add `persist-credentials: false`, or upload a separate directory"),
            );
        }
    }
}

/// The place of a checkout that leaves its token in the folder.
fn persisting_checkout(step: &Step) -> Option<Location> {
    if !step.runs_action("actions/checkout") {
        return None;
    }

    if let Some(input) = step.input("persist-credentials")
        && input
            .value
            .literal()
            .is_none_or(|text| text.value == "false")
    {
        return None;
    }

    step.uses.as_ref().map(|uses| uses.location)
}

/// Whether a step uploads the checked-out folder itself.
fn uploads_tree(step: &Step) -> bool {
    if !step.runs_action("actions/upload-artifact") {
        return false;
    }

    let paths = match step.input("path").map(|input| &input.value) {
        Some(EnvValue::Literal(paths)) => &paths.value,
        Some(EnvValue::Template { written, .. }) => &written.value,
        _ => return false,
    };

    paths.lines().map(str::trim).any(|path| {
        matches!(
            path,
            "." | "./" | "*" | "**" | "./**" | "**/*" | ".git" | "${{ github.workspace }}"
        )
    })
}

pub fn self_hosted(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
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

    for label in workflow.jobs.iter().filter_map(self_hosted_label) {
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

/// The label `self-hosted` of a job, in `runs-on` or in the matrix that fills it.
fn self_hosted_label(job: &Job) -> Option<&Located<String>> {
    let label = job
        .runs_on
        .iter()
        .find(|label| label.value == "self-hosted");
    if label.is_some() {
        return label;
    }

    if !job
        .runs_on
        .iter()
        .any(|label| label.value.contains("matrix."))
    {
        return None;
    }

    let axes = job.matrix.iter().flat_map(|matrix| &matrix.axes);
    axes.flat_map(|axis| &axis.values)
        .find(|value| value.value == "self-hosted")
}

/// Contexts that name the person who started the run last, not the author of the change.
const ACTORS: &[&str] = &[
    "github.actor",
    "github.triggering_actor",
    "github.event.sender.login",
];

/// Events in whose runs other people than the author can become the actor.
const ACTOR_EVENTS: &[&str] = &[
    "pull_request",
    "pull_request_target",
    "workflow_run",
    "issue_comment",
];

pub fn spoofable_actor(_: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    if !workflow
        .triggers
        .iter()
        .any(|trigger| ACTOR_EVENTS.contains(&trigger.event.value.as_str()))
    {
        return;
    }

    for expression in workflow
        .expressions
        .iter()
        .filter(|expression| expression.key() == "if")
    {
        let Some(access) = expression
            .accesses()
            .iter()
            .find(|access| ACTORS.contains(&access.path().as_str()))
        else {
            continue;
        };

        if trusts_bot(&expression.text) {
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

/// Whether a condition holds if a bot was the last actor, no matter who wrote the change.
fn trusts_bot(condition: &str) -> bool {
    let condition: String = condition.split_whitespace().collect();

    condition.contains("[bot]'")
        && !condition.contains("pull_request.user.login")
        && ACTORS
            .iter()
            .any(|actor| condition.contains(&format!("{actor}=='")))
}
