//! `workflow-permissions`: what a workflow's token may do is stated, and is little.

use crate::analysis::Ctx;
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Sink};
use crate::model::workflow::{Grant, Job, Permissions, Workflow};
use crate::source::Location;

pub fn check(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    if workflow.action {
        return;
    }

    let all = workflow.permissions.iter().chain(
        workflow
            .jobs
            .iter()
            .filter_map(|job| job.permissions.as_ref()),
    );

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
        Some(permissions) => wide(workflow, permissions, sink),
        None => missing(ctx, workflow, sink),
    }
}

/// Write scopes that jobs share which may not need them.
fn wide(workflow: &Workflow, permissions: &Permissions, sink: &mut Sink) {
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

fn missing(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    // A workflow that is only called gets its token from the caller.
    if workflow.only_on(&["workflow_call"]) || workflow.triggers.is_empty() {
        return;
    }

    let silent: Vec<&Job> = workflow
        .jobs
        .iter()
        .filter(|job| job.permissions.is_none() && !job.is_disabled())
        .collect();
    let Some(first) = silent.first() else { return };

    let mut finding = Finding::new(
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
    finding.others = silent.len() as u32 - 1;
    sink.report(finding);
}

/// Puts the least permissions before `jobs`.
fn fix(ctx: &Ctx, workflow: &Workflow) -> Option<Fix> {
    let jobs = ctx
        .facts
        .file(workflow.file)
        .tree
        .as_ref()?
        .root()?
        .entry("jobs")?
        .key
        .location();
    let source = ctx.facts.source(jobs.file);
    let at = jobs.span.start;
    if source.lines().position(at, &source.text).column != 1
        || !workflow.jobs.iter().all(|job| job.permissions.is_none())
    {
        return None;
    }

    let edit = Edit::insert(
        Location::new(jobs.file, jobs.span).file,
        at,
        "permissions:\n  contents: read\n\n",
    );
    Fix::new(
        Applicability::Unsafe,
        "set read-only permissions",
        vec![edit],
    )
}
