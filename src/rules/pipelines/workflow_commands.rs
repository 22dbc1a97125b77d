//! `deprecated-command`, `unsecure-commands`, `github-env-injection`: commands of steps to the
//! runner.

use crate::analysis::Analysis;
use crate::analysis::taint::{self, Taint};
use crate::analysis::untrusted_checkout::Site;
use crate::finding::{Finding, Sink};
use crate::model::env::EnvVar;
use crate::model::workflow::{Step, Workflow};
use crate::source::{Location, Span};

/// Workflow commands that the runner no longer accepts, the variable that names the file to use
/// instead, and an example.
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

pub fn deprecated(_: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    let steps = workflow.jobs.iter().flat_map(|job| &job.steps);

    for code in steps.filter_map(|step| step.run.as_ref()) {
        for (command, file, instead) in DEPRECATED {
            for (offset, _) in code.text.match_indices(command) {
                if is_in_comment(&code.text[..offset]) {
                    continue;
                }

                let name = command.trim_end().trim_end_matches("::");
                let is_enabled = matches!(name, "::set-output" | "::save-state");
                let state = if is_enabled { "deprecated" } else { "disabled" };
                sink.report(
                    Finding::new(
                        code.location(Span::of(offset, offset + name.len())),
                        format!("workflow command `{name}` is {state}"),
                    )
                    .help(format!(
                        "write to the file in `{file}` instead: `{instead}`"
                    ))
                    .aspect(name)
                    .case_if(is_enabled, "enabled"),
                );
            }
        }
    }
}

/// Whether the line at the end of this text is a comment.
fn is_in_comment(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or(before);
    line.trim_start().starts_with('#')
}

pub fn unsecure(_: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    let jobs = workflow.jobs.iter().flat_map(|job| {
        job.env
            .iter()
            .chain(job.steps.iter().flat_map(|step| &step.env))
    });

    for variable in workflow.env.iter().chain(jobs) {
        let is_on = variable
            .value
            .literal()
            .is_some_and(|text| !matches!(text.value.as_str(), "false" | "" | "0"));
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

pub fn env_injection(_: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    let is_privileged = taint::is_privileged(workflow);

    for job in &workflow.jobs {
        for (step_index, step) in job.steps.iter().enumerate() {
            if step.is_disabled() || !writes_environment(step) {
                continue;
            }

            let site = Site {
                workflow,
                job: Some(job.index),
                step: Some(step_index),
            };

            for (location, taint) in taint::environment_writes(site) {
                let finding = tainted_write(location, &taint);
                sink.report(finding.case_if(!is_privileged, "unprivileged"));
            }
        }
    }
}

fn writes_environment(step: &Step) -> bool {
    step.run
        .as_ref()
        .is_some_and(|code| code.text.contains("GITHUB_ENV") || code.text.contains("GITHUB_PATH"))
}

fn tainted_write(location: Location, taint: &Taint) -> Finding {
    let finding = Finding::new(
        location,
        "untrusted input can set variables of later steps, such as `LD_PRELOAD`",
    )
    .label(format!("contains {}", taint.origin))
    .help(
        "pass single values through `GITHUB_OUTPUT`, cut to one line, and read them as variables",
    );

    match taint.location {
        Some(origin) if origin != location => finding.related(origin, "enters here"),
        _ => finding,
    }
}
