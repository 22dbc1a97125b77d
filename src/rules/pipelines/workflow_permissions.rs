//! `workflow-permissions`: the token of a workflow has few permissions, and they are written down.

use crate::analysis::Analysis;
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Sink};
use crate::model::workflow::{Grant, Job, Permissions, Workflow};

pub fn check(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    if workflow.action {
        return;
    }

    let jobs = workflow.jobs.iter();
    let all = workflow
        .permissions
        .iter()
        .chain(jobs.filter_map(|job| job.permissions.as_ref()));

    for permissions in all.filter(|permissions| matches!(permissions.grant, Grant::WriteAll)) {
        sink.report(
            Finding::new(
                permissions.value,
                "`write-all` gives every step write access to the whole repository",
            )
            .help("list the few scopes that are needed, such as `contents: read`"),
        );
    }

    match &workflow.permissions {
        Some(permissions) => report_shared_writes(workflow, permissions, sink),
        None => report_missing(ctx, workflow, sink),
    }
}

/// Reports write scopes that all jobs without `permissions` of their own share.
fn report_shared_writes(workflow: &Workflow, permissions: &Permissions, sink: &mut Sink) {
    let Grant::Scopes(scopes) = &permissions.grant else {
        return;
    };

    let heirs: Vec<&Job> = workflow
        .jobs
        .iter()
        .filter(|job| job.permissions.is_none())
        .collect();
    if heirs.len() < 2 {
        return;
    }

    let mut writes = scopes.iter().filter(|(scope, access)| {
        access.value == "write" && !heirs.iter().all(|job| uses_scope(job, &scope.value))
    });
    let Some((scope, access)) = writes.next() else {
        return;
    };

    let mut finding = Finding::new(
        access.location,
        format!(
            "all {} jobs without their own `permissions` can write to `{}`",
            heirs.len(),
            scope.value
        ),
    )
    .label("applies to every job")
    .help("keep `contents: read` here and grant `write` to the one job that needs it");
    for (scope, access) in writes {
        finding = finding.related(access.location, format!("`{}` too", scope.value));
    }

    sink.report(finding);
}

/// Parts of the names of actions, and of scripts, that show what a scope is for.
const SCOPE_USES: &[(&str, &[&str])] = &[
    (
        "packages",
        &[
            "ghcr.io",
            "npm.pkg.github.com",
            "package-versions",
            "docker push",
        ],
    ),
    (
        "contents",
        &[
            "git push",
            "gh release",
            "gh pr merge",
            "create-pull-request",
            "git-auto-commit",
            "gh-release",
            "release-action",
            "release-please",
            "semantic-release",
            "gh-pages",
            "goreleaser",
        ],
    ),
    (
        "pull-requests",
        &[
            "create-pull-request",
            "gh pr ",
            "labeler",
            "comment",
            "pulls.",
            "release-please",
        ],
    ),
    (
        "issues",
        &["gh issue", "issues.", "stale", "comment", "lock-threads"],
    ),
    (
        "id-token",
        &[
            "configure-aws-credentials",
            "google-github-actions/auth",
            "azure/login",
            "cosign",
            "attest",
            "pypi-publish",
        ],
    ),
    ("security-events", &["codeql", "upload-sarif"]),
    ("pages", &["deploy-pages", "configure-pages"]),
    ("attestations", &["attest"]),
    ("deployments", &["deployment"]),
];

/// Whether a job shows that it uses a scope. What a called workflow uses is unknown, and counts.
fn uses_scope(job: &Job, scope: &str) -> bool {
    let Some((_, words)) = SCOPE_USES.iter().find(|(known, _)| *known == scope) else {
        return false;
    };
    let shows_use = |text: &str| words.iter().any(|word| text.contains(word));

    job.uses.is_some()
        || job.steps.iter().any(|step| {
            let inputs = step.with.iter();

            step.uses
                .as_ref()
                .is_some_and(|uses| shows_use(&uses.value))
                || step.run.as_ref().is_some_and(|code| shows_use(&code.text))
                || inputs
                    .filter_map(|input| input.value.literal())
                    .any(|text| shows_use(&text.value))
        })
}

/// Reports a workflow that leaves the permissions of its token to the repository's default.
fn report_missing(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    // A workflow that is only called gets its token from the caller.
    if workflow.only_on(&["workflow_call"]) || workflow.triggers.is_empty() {
        return;
    }

    let mut jobs = workflow.jobs.iter();
    let first = jobs.find(|job| job.permissions.is_none() && !job.is_disabled());
    let Some(first) = first else { return };

    let finding = Finding::new(
        first.id.location,
        "no `permissions` set: the token may have write access \
            to everything",
    )
    .label("runs with the default token permissions")
    .help(
        "add `permissions: {contents: read}` at the top level, and widen it in the job \
                that needs more",
    )
    .fix(fix(ctx, workflow))
    .anchor(workflow.location);
    sink.report(finding.aspect("absent"));
}

/// The fix that inserts the least permissions before `jobs`.
fn fix(ctx: &Analysis, workflow: &Workflow) -> Option<Fix> {
    let jobs = workflow.jobs_key?;
    let source = ctx.facts.source(jobs.file);
    let offset = jobs.span.start;
    let is_top_level = source.lines().position(offset, &source.text).column == 1;
    if !is_top_level || workflow.jobs.iter().any(|job| job.permissions.is_some()) {
        return None;
    }

    let edit = Edit::insert(jobs.file, offset, "permissions:\n  contents: read\n\n");
    Fix::new(
        Applicability::Unsafe,
        "set read-only permissions",
        vec![edit],
    )
}
