//! `pinned-action`: actions and reusable workflows pinned to a branch or a tag.

use crate::analysis::Analysis;
use crate::analysis::action_versions::ActionVersion;
use crate::analysis::repository_owner::is_owner;
use crate::data::workflow::DATA;
use crate::finding::{Finding, Sink};
use crate::model::workflow::{ActionRef, Workflow};
use crate::source::{Located, Location, Span};

pub fn check(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    let calls = workflow.jobs.iter().filter_map(|job| job.uses.as_ref());
    let steps = workflow.jobs.iter().flat_map(|job| &job.steps);
    let uses = calls.chain(steps.filter_map(|step| step.uses.as_ref()));

    for finding in uses.filter_map(|uses| unpinned(ctx, uses)) {
        sink.report(finding);
    }
}

fn unpinned(ctx: &Analysis, uses: &Located<String>) -> Option<Finding> {
    let action = ActionRef::parse(&uses.value);
    let ActionRef::Remote {
        name,
        version: Some(version),
    } = action
    else {
        return None;
    };

    if version.is_empty() || version.contains("${{") || action.is_hash() {
        return None;
    }

    if must_have_tag(name) {
        return wrong_tag(uses, name, version);
    }

    let is_tag = is_tag(version);
    let (kind, example) = if is_tag {
        ("tag", "v1.2.3")
    } else {
        ("branch", "main")
    };
    let owner = action.owner().unwrap_or_default().to_ascii_lowercase();
    let is_of_github = matches!(owner.as_str(), "actions" | "github");

    Some(
        Finding::new(
            version_location(uses, version),
            format!("`{name}@{version}` is not pinned to a commit, so its content can change"),
        )
        .label(format!("a {kind} can be moved"))
        .help(format!(
            "pin the full commit SHA and keep the {kind} as a comment, as in `uses: \
             owner/action@<40 hexadecimal digits> # {example}`"
        ))
        .aspect(kind)
        .case_if(is_of_github && is_tag, "github-tag")
        .case_if(is_owner(ctx, &owner), "own-organization"),
    )
}

/// Whether an action or workflow has to be named by the tag of a release: what it does refers to
/// the tag, and fails with a commit.
fn must_have_tag(name: &str) -> bool {
    let name = name.to_ascii_lowercase();

    DATA.tag_only.iter().any(|known| {
        name.strip_prefix(known.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// The finding for a version that is not the full tag of a release where one is required.
fn wrong_tag(uses: &Located<String>, name: &str, version: &str) -> Option<Finding> {
    let has_three_numbers = version.split('.').count() >= 3;
    if has_three_numbers && ActionVersion::parse(version).is_some() {
        return None;
    }

    Some(
        Finding::new(
            version_location(uses, version),
            format!("`{name}@{version}` is not the tag of one release, which it requires"),
        )
        .label("fails unless it is called by a full tag")
        .help("use the full tag of a release, such as `v1.2.3`; a commit SHA does not work here"),
    )
}

/// The place of the version at the end of a reference.
pub(super) fn version_location(uses: &Located<String>, version: &str) -> Location {
    let end = uses.location.span.end;
    let start = end.saturating_sub(version.len() as u32);

    Location::new(uses.location.file, Span::new(start, end))
}

/// Whether a version looks like a release's tag rather than a branch: `v4`, `1.2.3`, `name-v2`.
fn is_tag(version: &str) -> bool {
    // `release/v1` is the name of a branch.
    if version.starts_with("release/") {
        return false;
    }

    let last = version.rsplit('/').next().unwrap_or(version);
    last.split(['-', '@']).any(|part| {
        part.trim_start_matches(['v', 'V'])
            .starts_with(|letter: char| letter.is_ascii_digit())
    })
}
