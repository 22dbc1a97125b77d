//! `deprecated-command`, `unsecure-commands`, `github-env-injection`: how steps talk to the runner.

use crate::analysis::untrusted_checkout::Site;
use crate::analysis::{Ctx, taint};
use crate::finding::{Finding, Sink};
use crate::model::env::EnvVar;
use crate::model::workflow::Workflow;
use crate::source::Span;

/// Workflow commands that the runner no longer takes, and the file that took their place.
const DEPRECATED: &[(&str, &str, &str)] = &[
    (
        "::set-output ",
        "GITHUB_OUTPUT",
        "echo \"name=value\" >> \"$GITHUB_OUTPUT\"",
    ),
    (
        "::save-state ",
        "GITHUB_STATE",
        "echo \"name=value\" >> \"$GITHUB_STATE\"",
    ),
    (
        "::set-env ",
        "GITHUB_ENV",
        "echo \"name=value\" >> \"$GITHUB_ENV\"",
    ),
    (
        "::add-path::",
        "GITHUB_PATH",
        "echo \"folder\" >> \"$GITHUB_PATH\"",
    ),
];

pub fn deprecated(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    for code in workflow
        .jobs
        .iter()
        .flat_map(|job| &job.steps)
        .filter_map(|step| step.run.as_ref())
    {
        for (command, file, instead) in DEPRECATED {
            for (at, _) in code.text.match_indices(command) {
                // A comment or a text that speaks of it does not call it.
                let line = code.text[..at].rfind('\n').map_or(0, |end| end + 1);
                if code.text[line..at].trim_start().starts_with('#') {
                    continue;
                }

                let name = command.trim_end().trim_end_matches("::");
                sink.report(
                    Finding::new(
                        code.location(Span::of(at, at + name.len())),
                        format!("workflow command `{name}` is deprecated or disabled"),
                    )
                    .help(format!(
                        "write to the file in `{file}` instead: `{instead}`"
                    )),
                );
            }
        }
    }
}

pub fn unsecure(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    let jobs = workflow.jobs.iter().flat_map(|job| {
        job.env
            .iter()
            .chain(job.steps.iter().flat_map(|step| &step.env))
    });

    for variable in workflow.env.iter().chain(jobs) {
        let is_on = variable
            .value
            .literal()
            .is_some_and(|at| !matches!(at.value.as_str(), "false" | "" | "0"));
        if variable.name.value == "ACTIONS_ALLOW_UNSECURE_COMMANDS" && is_on {
            sink.report(unsecure_finding(variable));
        }
    }
}

fn unsecure_finding(variable: &EnvVar) -> Finding {
    Finding::new(
        variable.name.location,
        "`ACTIONS_ALLOW_UNSECURE_COMMANDS` lets step output set variables and paths",
    )
    .help("remove it, and write to the files in `GITHUB_ENV` and `GITHUB_PATH`")
}

pub fn env_injection(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    for (at, job) in workflow.jobs.iter().enumerate() {
        for (number, step) in job.steps.iter().enumerate() {
            let script = step.run.as_ref().map_or("", |code| code.text.as_str());
            if step.is_disabled()
                || !script.contains("GITHUB_ENV") && !script.contains("GITHUB_PATH")
            {
                continue;
            }

            let site = Site {
                workflow,
                job: Some(at),
                step: Some(number),
            };

            for (location, taint) in taint::environment_writes(site) {
                let mut finding = Finding::new(
                    location,
                    "untrusted input can set variables of later steps, \
                        such as `LD_PRELOAD`",
                )
                .label(format!("contains {}", taint.origin))
                .help(
                    "pass single values through `GITHUB_OUTPUT`, cut to one line, and \
                             read them as variables",
                );
                if let Some(origin) = taint.location.filter(|origin| *origin != location) {
                    finding = finding.related(origin, "enters here");
                }

                sink.report(finding.case_if(!taint::is_privileged(workflow), "unprivileged"));
            }
        }
    }
}
