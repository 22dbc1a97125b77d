//! `workflow-permissions`: the token of a workflow has few permissions, and they are written down.

use crate::analysis::Ctx;
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Sink};
use crate::model::workflow::{Grant, Permissions, Workflow};

pub fn check(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
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

    let heirs = workflow
        .jobs
        .iter()
        .filter(|job| job.permissions.is_none())
        .count();
    if heirs < 2 {
        return;
    }

    let mut writes = scopes.iter().filter(|(_, access)| access.value == "write");
    let Some((scope, access)) = writes.next() else {
        return;
    };

    let mut finding = Finding::new(
        access.location,
        format!(
            "all {heirs} jobs without their own `permissions` can write to `{}`",
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

/// Reports a workflow that leaves the permissions of its token to the repository's default.
fn report_missing(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
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
        "add `permissions: contents: read` at the top level, and widen it in the job \
                that needs more",
    )
    .fix(fix(ctx, workflow))
    .anchor(workflow.location);
    sink.report(finding.aspect("absent"));
}

/// The fix that inserts the least permissions before `jobs`. The tree is read for the place of the
/// key, which no fact holds.
fn fix(ctx: &Ctx, workflow: &Workflow) -> Option<Fix> {
    let root = ctx.facts.file(workflow.file).tree.as_ref()?.root()?;
    let jobs = root.entry("jobs")?.key.location();
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
