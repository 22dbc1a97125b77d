//! `secrets-inherit`, `overprovisioned-secrets`, `secret-printed`, `long-lived-cloud-key`, `persist-credentials`,
//! `self-hosted-runner`, `spoofable-actor`: who gets what they do not need.

use super::{Ctx, is_live};
use crate::finding::{Finding, Sink};
use crate::model::env::EnvValue;
use crate::model::workflow::{ActionRef, Secrets, Step, Workflow};

pub fn inherit(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    for job in &workflow.jobs {
        let (Secrets::Inherit(place), Some(uses)) = (&job.secrets, &job.uses) else { continue };
        // A workflow of the same repository is as trusted as this one.
        if matches!(ActionRef::parse(&uses.value), ActionRef::Local(_)) {
            continue;
        }
        sink.report(
            Finding::new(*place, format!("every secret of this repository goes to `{}`", uses.value))
                .related(uses.place, "called here")
                .help("name the secrets that it needs, one by one, under `secrets:`"),
        );
    }
}

pub fn overprovisioned(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    for expression in &workflow.expressions {
        for access in expression.accesses() {
            let whole = access.parts.len() == 1
                && access.part(0) == "secrets"
                && expression.text.to_ascii_lowercase().contains("tojson");
            let computed = access.part(0) == "secrets" && access.part(1) == "*" && !whole;
            if !whole && !computed {
                continue;
            }
            let what = if whole {
                "all secrets are handed over at once"
            } else {
                "a secret is chosen at run time, so all of them are handed over"
            };
            sink.report(
                Finding::new(access.place, format!("{what}: the runner gets every secret of the repository"))
                    .help("name the secrets that are needed, one by one"),
            );
        }
    }
}

/// Commands that print their arguments.
const PRINTERS: &[&str] = &["echo", "printf", "Write-Host", "Write-Output"];

pub fn printed(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    for expression in &workflow.expressions {
        let Some(step) = expression.job.zip(expression.step).map(|(job, step)| &workflow.jobs[job].steps[step]) else {
            continue;
        };
        let Some(code) = step.run.as_ref().filter(|_| expression.key() == "run") else { continue };
        let Some(secret) =
            expression.flows().into_iter().find(|access| access.part(0) == "secrets" && access.parts.len() == 2)
        else {
            continue;
        };
        let script = code.script();
        let printing = script.commands.iter().find(|command| {
            let prints =
                PRINTERS.contains(&command.name()) && code.place(command.span).span.contains(expression.place.span);
            let kept = !command.redirects.is_empty()
                || script.pipeline(command).len > 1
                || command.block != 0
                || command.words.iter().any(|word| word.text().starts_with("::add-mask::"));
            prints && !kept
        });
        if printing.is_some() {
            sink.report(
                Finding::new(
                    expression.place,
                    format!(
                        "`{}` is printed to the log; GitHub's mask misses it as soon as it is cut or encoded",
                        secret.path()
                    ),
                )
                .help("do not print secrets; to test that one is set, use `[ -n \"$TOKEN\" ]`"),
            );
        }
    }
}

pub fn cloud_key(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    for step in workflow.jobs.iter().flat_map(|job| &job.steps) {
        let Some(action) = step.action() else { continue };
        let input = match action.name().to_ascii_lowercase().as_str() {
            "aws-actions/configure-aws-credentials" => "aws-secret-access-key",
            "google-github-actions/auth" => "credentials_json",
            "azure/login" => "creds",
            "google-github-actions/setup-gcloud" => "service_account_key",
            _ => continue,
        };
        let Some(given) = step.input(input) else { continue };
        sink.report(
            Finding::new(
                given.name.place,
                "a cloud key that never expires is stored as a secret; whoever gets at it once keeps it",
            )
            .help("let the cloud trust GitHub's own token: `id-token: write`, and a role or identity instead of a key"),
        );
    }
}

pub fn persist_credentials(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    for job in &workflow.jobs {
        let Some(upload) = job.steps.iter().find(|step| uploads_tree(step)) else {
            continue;
        };
        for step in job
            .steps
            .iter()
            .take_while(|step| step.place < upload.place)
            .filter(|step| step.runs_action("actions/checkout"))
        {
            let off = step
                .input("persist-credentials")
                .is_some_and(|input| input.value.literal().is_none_or(|at| at.value == "false"));
            let Some(uses) = step.uses.as_ref().filter(|_| !off) else { continue };
            sink.report(
                Finding::new(
                    uses.place,
                    "the token stays in `.git/config`, and the whole folder is uploaded as an artifact",
                )
                .related(upload.uses.as_ref().map_or(upload.place, |uses| uses.place), "uploaded here")
                .help("add `persist-credentials: false`, or upload a folder of its own"),
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
        && paths
            .lines()
            .map(str::trim)
            .any(|path| matches!(path, "." | "./" | "*" | "**" | "./**" | "**/*" | ".git" | "${{ github.workspace }}"))
}

pub fn self_hosted(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    let Some(trigger) = workflow.triggers.iter().find(|trigger| {
        matches!(trigger.event.value.as_str(), "pull_request" | "pull_request_target" | "issue_comment")
    }) else {
        return;
    };
    if !is_live(ctx, workflow) {
        return;
    }
    for job in &workflow.jobs {
        let matrix = job.matrix.iter().flat_map(|matrix| &matrix.axes).flat_map(|axis| &axis.values);
        let dynamic = job.runs_on.iter().any(|label| label.value.contains("matrix."));
        let labels = job.runs_on.iter().chain(matrix.filter(|_| dynamic));
        let Some(label) = labels.into_iter().find(|label| label.value == "self-hosted") else { continue };
        sink.report(
            Finding::new(
                label.place,
                format!(
                    "a stranger's pull request runs on a machine of yours: `{}` starts this job",
                    trigger.event.value
                ),
            )
            .related(trigger.event.place, "started by strangers")
            .help("run pull requests on hosted runners, or on runners that live for one job"),
        );
    }
}

/// Contexts that name who started the run last, not whose change it is.
const ACTORS: &[&str] = &["github.actor", "github.triggering_actor", "github.event.sender.login"];

pub fn spoofable_actor(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    let privileged = ["pull_request_target", "workflow_run", "issue_comment"];
    if !workflow
        .triggers
        .iter()
        .any(|trigger| privileged.contains(&trigger.event.value.as_str()) || trigger.event.value == "pull_request")
    {
        return;
    }
    for expression in workflow.expressions.iter().filter(|expression| expression.key() == "if") {
        let text: String = expression.text.split_whitespace().collect();
        let Some(access) = expression.accesses().into_iter().find(|access| ACTORS.contains(&access.path().as_str()))
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
                    access.place,
                    format!(
                        "`{}` is whoever acted last: a stranger's pull request passes when the bot is made to touch it",
                        access.path()
                    ),
                )
                .help("test whose pull request it is: `github.event.pull_request.user.login`"),
            );
        }
    }
}
