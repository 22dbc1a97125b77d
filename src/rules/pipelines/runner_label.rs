//! `runner-label`: labels of retired runners, and labels that are probably misspelled.

use crate::analysis::Analysis;
use crate::data::workflow::DATA;
use crate::finding::{Finding, Sink};
use crate::model::workflow::{Job, Workflow};
use crate::source::Located;
use crate::suggest::nearest;

/// The beginnings of the labels of hosted runners, one for each operating system.
const FAMILIES: &[&str] = &["ubuntu-", "windows-", "macos-"];

pub fn check(_: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    if workflow.action {
        return;
    }

    for job in &workflow.jobs {
        let is_self_hosted = job.runs_on.iter().any(|label| label.value == "self-hosted");
        if !is_self_hosted {
            for finding in labels(job).into_iter().filter_map(wrong_label) {
                sink.report(finding);
            }
        }

        if let Some(finding) = conflict(job) {
            sink.report(finding);
        }
    }
}

/// The labels of a job; for `${{ matrix.os }}`, the values of the axis.
fn labels(job: &Job) -> Vec<&Located<String>> {
    let mut labels = Vec::new();

    for label in &job.runs_on {
        match (matrix_axis(&label.value), &job.matrix) {
            (Some(name), Some(matrix)) => {
                let axis = matrix.axes.iter().find(|axis| axis.name.value == name);
                labels.extend(axis.into_iter().flat_map(|axis| &axis.values));
            }
            _ => labels.push(label),
        }
    }

    labels
}

/// The `os` of `${{ matrix.os }}`.
fn matrix_axis(label: &str) -> Option<&str> {
    let expression = label.strip_prefix("${{")?.strip_suffix("}}")?;
    expression.trim().strip_prefix("matrix.")
}

/// The finding for a label that is retired or unknown.
fn wrong_label(label: &Located<String>) -> Option<Finding> {
    let text = label.value.to_ascii_lowercase();
    let runners = &DATA.runners;
    if text.contains("${{")
        || text.trim().is_empty()
        || runners.hosted.contains(&text)
        || runners.self_hosted.contains(&text)
    {
        return None;
    }

    if runners.retired.contains(&text) {
        return Some(retired(label, &text));
    }

    if !has_hosted_form(&text) {
        // Self-hosted and larger runners may have any name; a misspelled one is near a known one.
        let meant = nearest(&text, ["ubuntu-latest", "windows-latest", "macos-latest"])
            .filter(|meant| is_near(meant, &text))?;
        return Some(unknown(label).help(format!("did you mean `{meant}`?")));
    }

    let help = match nearest(&text, runners.hosted.iter().map(String::as_str)) {
        Some(meant) => format!(
            "did you mean `{meant}`? (labels as of November 2026; a self-hosted runner may have \
             any label)"
        ),
        None => "use a GitHub-hosted label (as of November 2026), unless this is a self-hosted \
                 runner"
            .to_owned(),
    };

    Some(unknown(label).help(help))
}

/// Whether a label looks like one of a standard hosted runner: `ubuntu-99.04`, not
/// `ubuntu-22.04-8core`.
fn has_hosted_form(label: &str) -> bool {
    const SIZES: &[&str] = &["core", "gb", "x64", "arm", "gpu", "large", "runner", "xl"];

    FAMILIES.iter().any(|family| label.starts_with(family))
        && !SIZES.iter().any(|word| label.contains(word))
}

fn retired(label: &Located<String>, text: &str) -> Finding {
    let family = text.split('-').next().unwrap_or_default();

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
    ))
}

fn unknown(label: &Located<String>) -> Finding {
    Finding::new(
        label.location,
        format!("`{}` is not a label of a GitHub-hosted runner", label.value),
    )
}

/// Whether a word may be another one with a typing error.
fn is_near(meant: &str, text: &str) -> bool {
    meant.len().abs_diff(text.len()) <= 1 && meant.bytes().next() == text.bytes().next()
}

/// The finding for labels of two systems, which no runner has.
fn conflict(job: &Job) -> Option<Finding> {
    let mut systems = job
        .runs_on
        .iter()
        .filter_map(|label| Some((family(label)?, label)));
    let (first_family, first) = systems.next()?;
    let (_, other) =
        systems.find(|(family, other)| *family != first_family || other.value != first.value)?;

    Some(
        Finding::new(
            other.location,
            format!("no runner has both `{}` and `{}`", first.value, other.value),
        )
        .related(first.location, "also required")
        .help("use a matrix for several systems; one runner must have all the labels in the list"),
    )
}

/// The index of the label's operating system in [`FAMILIES`].
fn family(label: &Located<String>) -> Option<usize> {
    let text = label.value.to_ascii_lowercase();
    FAMILIES.iter().position(|family| text.starts_with(family))
}
