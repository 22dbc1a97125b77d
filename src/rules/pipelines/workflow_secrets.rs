//! `secrets-inherit`, `overprovisioned-secrets`, `secret-printed`, `long-lived-cloud-key`: secrets
//! that reach more than they have to.

use crate::analysis::Analysis;
use crate::finding::{Finding, Sink};
use crate::model::Code;
use crate::model::workflow::{Access, ActionRef, Expression, Secrets, Workflow};
use crate::syntax::shell::{Command, Script};

pub fn inherit(_: &Analysis, workflow: &Workflow, sink: &mut Sink) {
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

pub fn overprovisioned(_: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    for expression in &workflow.expressions {
        for access in expression.accesses() {
            let Some(selection) = broad_selection(expression, access) else {
                continue;
            };

            sink.report(
                Finding::new(
                    access.location,
                    format!("{selection}, so the runner receives every secret of the repository"),
                )
                .help("list the needed secrets one by one"),
            );
        }
    }
}

/// How an access selects more than one named secret.
fn broad_selection(expression: &Expression, access: &Access) -> Option<&'static str> {
    if access.part(0) != "secrets" {
        return None;
    }

    if access.parts.len() == 1 && expression.text.to_ascii_lowercase().contains("tojson") {
        return Some("`secrets` is used as a whole");
    }

    (access.part(1) == "*").then_some("a secret is selected at run time")
}

/// Commands that print their arguments.
const PRINTERS: &[&str] = &["echo", "printf", "Write-Host", "Write-Output"];

pub fn printed(_: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    for expression in &workflow.expressions {
        let Some(code) = script_around(workflow, expression) else {
            continue;
        };

        let Some(secret) = expression
            .flows()
            .iter()
            .find(|access| access.part(0) == "secrets" && access.parts.len() == 2)
        else {
            continue;
        };

        if is_printed(code, expression) {
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

/// The script that an expression is a part of.
fn script_around<'w>(workflow: &'w Workflow, expression: &Expression) -> Option<&'w Code> {
    if expression.key() != "run" {
        return None;
    }

    let step = &workflow.jobs[expression.job?].steps[expression.step?];
    step.run.as_ref()
}

/// Whether a command of the script prints the expression to the log.
fn is_printed(code: &Code, expression: &Expression) -> bool {
    let script = code.script();

    script.commands.iter().any(|command| {
        PRINTERS.contains(&command.name())
            && code
                .location(command.span)
                .span
                .contains(expression.location.span)
            && !is_captured(script, command)
            && !adds_mask(command)
    })
}

/// Whether the output of a command goes elsewhere than to the log.
fn is_captured(script: &Script, command: &Command) -> bool {
    !command.redirects.is_empty() || script.pipeline(command).len > 1 || command.block != 0
}

fn adds_mask(command: &Command) -> bool {
    command
        .words
        .iter()
        .any(|word| word.text().starts_with("::add-mask::"))
}

pub fn cloud_key(_: &Analysis, workflow: &Workflow, sink: &mut Sink) {
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

        let Some(key) = step.input(input) else {
            continue;
        };

        sink.report(
            Finding::new(
                key.name.location,
                "a long-lived cloud key is stored as a secret; if leaked, it stays valid",
            )
            .help("use OIDC: `id-token: write`, and a role or identity instead of a key"),
        );
    }
}
