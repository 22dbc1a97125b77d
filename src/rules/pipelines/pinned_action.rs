//! `pinned-action`: actions and reusable workflows followed at a branch or a tag.

use crate::analysis::Ctx;
use crate::finding::{Finding, Sink, Subject};
use crate::model::workflow::{ActionRef, Workflow};
use crate::source::{Located, Location, Span};

pub fn check(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    let calls = workflow.jobs.iter().filter_map(|job| job.uses.as_ref());
    let steps = workflow
        .jobs
        .iter()
        .flat_map(|job| &job.steps)
        .filter_map(|step| step.uses.as_ref());
    let mut seen: Vec<(&Located<String>, u32)> = Vec::new();

    for uses in calls.chain(steps) {
        match seen.iter_mut().find(|(first, _)| first.value == uses.value) {
            Some((_, others)) => *others += 1,
            None => seen.push((uses, 0)),
        }
    }

    for (uses, others) in seen {
        report(uses, others, sink);
    }
}

/// Said once a file for each action and version.
fn report(uses: &Located<String>, others: u32, sink: &mut Sink) {
    let action = ActionRef::parse(&uses.value);
    let ActionRef::Remote {
        name,
        version: Some(version),
    } = action
    else {
        return;
    };

    if version.is_empty() || version.contains("${{") || action.is_hash() {
        return;
    }

    let tag = is_tag(version);
    let of_github = matches!(
        action.owner().map(str::to_ascii_lowercase).as_deref(),
        Some("actions" | "github")
    );
    let (what, example) = if tag {
        ("tag", "v1.2.3")
    } else {
        ("branch", "main")
    };

    let end = uses.location.span.end;
    let location = Location::new(
        uses.location.file,
        Span::new(end.saturating_sub(version.len() as u32), end),
    );
    let mut finding = Finding::new(
        location,
        format!("`{name}@{version}` is not pinned to a commit, so its content can change"),
    )
    .label(format!("a {what} can be moved"))
    .help(format!(
        "pin the full commit SHA and keep the {what} as a comment, as in `uses: \
        owner/action@<40 hexadecimal digits> # {example}`"
    ));
    finding = finding.cause(Subject::File, what);
    finding.others = others;
    sink.report(finding.case_if(of_github && tag, "github-tag"));
}

/// Whether a version looks like a release's tag rather than a branch: `v4`, `1.2.3`, `name-v2`.
fn is_tag(version: &str) -> bool {
    let last = version.rsplit('/').next().unwrap_or(version);
    let number = last.rsplit(['-', '@']).find(|part| {
        part.trim_start_matches(['v', 'V'])
            .starts_with(|c: char| c.is_ascii_digit())
    });
    // `release/v1` is the name of a branch.
    !version.starts_with("release/") && number.is_some()
}
