//! `secrets-inherit`, `overprovisioned-secrets`, `secret-printed`, `long-lived-cloud-key`: secrets
//! that go further than they must.

use crate::analysis::Ctx;
use crate::finding::{Finding, Sink};
use crate::model::workflow::{ActionRef, Secrets, Workflow};

pub fn inherit(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    for job in &workflow.jobs {
        let (Secrets::Inherit(location), Some(uses)) = (&job.secrets, &job.uses) else {
            continue;
        };
        // A workflow of the same repository is as trusted as this one.
        if matches!(ActionRef::parse(&uses.value), ActionRef::Local(_)) {
            continue;
        }

        sink.report(
            Finding::new(
                *location,
                format!(
                    "every secret of this repository is passed to `{}`",
                    uses.value
                ),
            )
            .related(uses.location, "called here")
            .help("list the secrets it needs one by one under `secrets:`"),
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
                "`secrets` is used as a whole"
            } else {
                "a secret is selected at run time"
            };

            sink.report(
                Finding::new(
                    access.location,
                    format!("{what}, so the runner receives every secret of the repository"),
                )
                .help("list the needed secrets one by one"),
            );
        }
    }
}

/// Commands that print their arguments.
const PRINTERS: &[&str] = &["echo", "printf", "Write-Host", "Write-Output"];

pub fn printed(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    for expression in &workflow.expressions {
        let Some(step) = expression
            .job
            .zip(expression.step)
            .map(|(job, step)| &workflow.jobs[job].steps[step])
        else {
            continue;
        };

        let Some(code) = step.run.as_ref().filter(|_| expression.key() == "run") else {
            continue;
        };

        let Some(secret) = expression
            .flows()
            .iter()
            .find(|access| access.part(0) == "secrets" && access.parts.len() == 2)
        else {
            continue;
        };

        let script = code.script();
        let printing = script.commands.iter().find(|command| {
            let prints = PRINTERS.contains(&command.name())
                && code
                    .location(command.span)
                    .span
                    .contains(expression.location.span);
            let kept = !command.redirects.is_empty()
                || script.pipeline(command).len > 1
                || command.block != 0
                || command
                    .words
                    .iter()
                    .any(|word| word.text().starts_with("::add-mask::"));
            prints && !kept
        });

        if printing.is_some() {
            sink.report(
                Finding::new(
                    expression.location,
                    format!(
                        "`{}` is printed to the log; GitHub does not mask cut or encoded values",
                        secret.path()
                    ),
                )
                .help("do not print secrets; to check that one is set, use `[ -n \"$TOKEN\" ]`"),
            );
        }
    }
}

pub fn cloud_key(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    for step in workflow.jobs.iter().flat_map(|job| &job.steps) {
        let Some(action) = step.action() else {
            continue;
        };

        let input = match action.name().to_ascii_lowercase().as_str() {
            "aws-actions/configure-aws-credentials" => "aws-secret-access-key",
            "google-github-actions/auth" => "credentials_json",
            "azure/login" => "creds",
            "google-github-actions/setup-gcloud" => "service_account_key",
            _ => continue,
        };

        let Some(given) = step.input(input) else {
            continue;
        };

        sink.report(
            Finding::new(
                given.name.location,
                "a long-lived cloud key is stored as a secret; if leaked, it stays valid",
            )
            .help("use OIDC: `id-token: write`, and a role or identity instead of a key"),
        );
    }
}
