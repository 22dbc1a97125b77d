//! `runner-label`: labels of runners that GitHub has switched off, and labels that are likely
//! misspelt.

use crate::analysis::Ctx;
use crate::finding::{Finding, Sink};
use crate::model::workflow::{Job, Workflow};
use crate::rules::pipelines::workflow_schema::DATA;
use crate::source::Located;
use crate::suggest::nearest;

pub fn check(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    if workflow.action {
        return;
    }

    for job in &workflow.jobs {
        let own = job.runs_on.iter().any(|label| label.value == "self-hosted");
        for label in labels(job) {
            judge(label, own, sink);
        }

        conflict(job, sink);
    }
}

/// The labels of a job; of `${{ matrix.os }}`, the row's values.
fn labels(job: &Job) -> Vec<&Located<String>> {
    let mut found = Vec::new();

    for label in &job.runs_on {
        let row = label
            .value
            .strip_prefix("${{")
            .and_then(|rest| rest.strip_suffix("}}"))
            .and_then(|inner| inner.trim().strip_prefix("matrix."));
        match (row, &job.matrix) {
            (Some(row), Some(matrix)) => {
                let axis = matrix.axes.iter().find(|axis| axis.name.value == row);
                found.extend(axis.into_iter().flat_map(|axis| &axis.values));
            }
            _ => found.push(label),
        }
    }

    found
}

fn judge(label: &Located<String>, own: bool, sink: &mut Sink) {
    let text = label.value.to_ascii_lowercase();
    let runners = &DATA.runners;
    if text.contains("${{")
        || text.trim().is_empty()
        || own
        || runners.hosted.contains(&text)
        || runners.own.contains(&text)
    {
        return;
    }

    if runners.retired.contains(&text) {
        let family = text.split('-').next().unwrap_or_default();
        sink.report(
            Finding::new(
                label.location,
                format!(
                    "GitHub has retired `{}`, so the job waits until it times out",
                    label.value
                ),
            )
            .label("this runner no longer exists")
            .help(format!(
                "use `{family}-latest`, or the version it refers to"
            )),
        );
        return;
    }
    // Larger runners and runners of one's own have names that nobody else knows; a misspelt one is
    // near a known one.
    let families = ["ubuntu-", "windows-", "macos-"];
    let sized = ["core", "gb", "x64", "arm", "gpu", "large", "runner", "xl"]
        .iter()
        .any(|word| text.contains(word));
    if !families.iter().any(|family| text.starts_with(family)) || sized {
        let known = nearest(&text, ["ubuntu-latest", "windows-latest", "macos-latest"]);
        if let Some(meant) = known.filter(|meant| near(meant, &text)) {
            sink.report(unknown(label).help(format!("did you mean `{meant}`?")));
        }

        return;
    }

    let finding = match nearest(&text, runners.hosted.iter().map(String::as_str)) {
        Some(meant) => unknown(label).help(format!(
            "did you mean `{meant}`? (labels as of November 2026; a self-hosted runner may have \
             any label)"
        )),
        None => unknown(label).help(
            "use a GitHub-hosted label (as of November 2026), unless this is \
                a self-hosted runner",
        ),
    };

    sink.report(finding);
}

fn unknown(label: &Located<String>) -> Finding {
    Finding::new(
        label.location,
        format!("`{}` is not a label of a GitHub-hosted runner", label.value),
    )
}

/// Whether one word is the other with a slip of the finger.
fn near(meant: &str, text: &str) -> bool {
    meant.len().abs_diff(text.len()) <= 1 && meant.bytes().next() == text.bytes().next()
}

/// Labels of two systems never meet in one runner.
fn conflict(job: &Job, sink: &mut Sink) {
    if job.runs_on.len() < 2 {
        return;
    }

    let system = |label: &&Located<String>| {
        let text = label.value.to_ascii_lowercase();
        ["ubuntu-", "windows-", "macos-"]
            .iter()
            .position(|family| text.starts_with(family))
    };

    let mut seen = job
        .runs_on
        .iter()
        .filter_map(|label| Some((system(&label)?, label)));
    let Some((first, one)) = seen.next() else {
        return;
    };

    if let Some((_, other)) =
        seen.find(|(system, other)| *system != first || other.value != one.value)
    {
        sink.report(
            Finding::new(
                other.location,
                format!("no runner has both `{}` and `{}`", one.value, other.value),
            )
            .related(one.location, "also required")
            .help(
                "use a matrix for several systems; one runner must have all the labels in the list",
            ),
        );
    }
}
