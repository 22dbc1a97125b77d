//! Two files that GitHub reads as one: permissions that a called workflow requests, and
//! concurrency groups that it shares with its caller.

use super::problems::Problems;
use crate::analysis::Analysis;
use crate::analysis::job_work::called_workflow;
use crate::model::Setting;
use crate::model::workflow::{Grant, Job, Permissions, Workflow};

/// How deep calls are followed; GitHub allows ten levels.
const MAX_DEPTH: u32 = 6;

/// Access to a scope, the least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Access {
    None,
    Read,
    Write,
}

impl Access {
    fn parse(text: &str) -> Self {
        match text {
            "write" => Self::Write,
            "read" => Self::Read,
            _ => Self::None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// A permission that a called job requests, and its caller does not grant.
struct Excess {
    scope: String,
    requested: Access,
    granted: Access,
}

/// Checks that a job grants what the jobs of the workflow that it calls request.
pub(super) fn check_permissions(
    ctx: &Analysis,
    workflow: &Workflow,
    job: &Job,
    problems: &mut Problems,
) {
    let Some(grant) = permissions_of(workflow, job) else {
        return;
    };

    let Some(excess) = excess(ctx, workflow, job, grant, MAX_DEPTH) else {
        return;
    };

    let location = match &job.uses {
        Some(uses) => uses.location,
        None => job.id.location,
    };
    let Excess {
        scope,
        requested,
        granted,
    } = excess;
    problems.wrong_with(
        location,
        format!(
            "the called workflow requests `{scope}: {}`, but this job grants {}",
            requested.name(),
            granted.name()
        ),
        format!(
            "add `{scope}: {}` to the `permissions` of this job",
            requested.name()
        ),
    );
}

/// The permissions of a job; `None` where the settings of the repository decide.
fn permissions_of<'w>(workflow: &'w Workflow, job: &'w Job) -> Option<&'w Permissions> {
    job.permissions.as_ref().or(workflow.permissions.as_ref())
}

/// The first permission that the jobs of a called workflow request beyond those of the caller.
fn excess(
    ctx: &Analysis,
    workflow: &Workflow,
    job: &Job,
    grant: &Permissions,
    depth: u32,
) -> Option<Excess> {
    if depth == 0 {
        return None;
    }

    let called = called_workflow(ctx, workflow, job)?;

    called.jobs.iter().find_map(|inner| {
        let requested = permissions_of(called, inner);
        requested
            .and_then(|requested| exceeded_scope(grant, requested))
            .or_else(|| excess(ctx, called, inner, requested.unwrap_or(grant), depth - 1))
    })
}

fn exceeded_scope(grant: &Permissions, requested: &Permissions) -> Option<Excess> {
    let scopes = match (&requested.grant, &grant.grant) {
        (Grant::Scopes(scopes), _) => scopes,
        (Grant::WriteAll, Grant::ReadAll) => {
            return Some(Excess {
                scope: "contents".to_owned(),
                requested: Access::Write,
                granted: Access::Read,
            });
        }
        _ => return None,
    };

    scopes.iter().find_map(|(scope, access)| {
        let requested = Access::parse(&access.value);
        let granted = access_to(grant, &scope.value)?;

        (requested > granted).then(|| Excess {
            scope: scope.value.clone(),
            requested,
            granted,
        })
    })
}

/// The access to a scope that permissions grant; `None` where it is unknown.
fn access_to(grant: &Permissions, scope: &str) -> Option<Access> {
    match &grant.grant {
        Grant::ReadAll => Some(Access::Read),
        Grant::WriteAll => Some(Access::Write),
        Grant::Unknown => None,
        Grant::Scopes(scopes) => {
            let known = scopes.iter().find(|(known, _)| known.value == scope);
            Some(known.map_or(Access::None, |(_, access)| Access::parse(&access.value)))
        }
    }
}

/// Checks that a called workflow has another concurrency group than its callers. In a called
/// workflow, `github.workflow` is the name of the caller.
pub(super) fn check_concurrency(ctx: &Analysis, workflow: &Workflow, problems: &mut Problems) {
    check_own_jobs(ctx, workflow, problems);

    if workflow.trigger("workflow_call").is_none() {
        return;
    }

    let groups = std::iter::once(&workflow.concurrency)
        .chain(workflow.jobs.iter().map(|job| &job.concurrency));

    for group in groups.take(MAX_GROUPS) {
        check_group(ctx, workflow, group, problems);
    }
}

/// Checks that no job waits for the concurrency group that its own workflow holds.
fn check_own_jobs(ctx: &Analysis, workflow: &Workflow, problems: &mut Problems) {
    let Some(group) = group_text(ctx, &workflow.concurrency) else {
        return;
    };

    for job in &workflow.jobs {
        if let Some(location) = job.concurrency.location()
            && group_text(ctx, &job.concurrency) == Some(group)
        {
            problems.wrong_with(
                location,
                format!(
                    "job `{}` has the concurrency group of its workflow, so it is canceled",
                    job.id.value
                ),
                "name the group of the job differently, or remove one of them",
            );
        }
    }
}

/// How many concurrency groups of a workflow are compared with those of its callers.
const MAX_GROUPS: usize = 20;

/// Checks one concurrency group of a called workflow.
fn check_group(
    ctx: &Analysis,
    workflow: &Workflow,
    concurrency: &Setting<String>,
    problems: &mut Problems,
) {
    let Some(group) = group_text(ctx, concurrency) else {
        return;
    };

    for caller in ctx.facts.workflows() {
        for job in caller.jobs.iter().filter(|job| job.uses.is_some()) {
            let is_called = called_workflow(ctx, caller, job)
                .is_some_and(|called| called.file == workflow.file);
            let shares_group = [&caller.concurrency, &job.concurrency]
                .iter()
                .any(|other| group_text(ctx, other) == Some(group));
            if !is_called || !shares_group {
                continue;
            }

            let Some(location) = concurrency.location() else {
                return;
            };
            let path = ctx.facts.path(caller.file);
            return problems.wrong_with(
                location,
                format!("`{path}` has the same concurrency group, so its call is canceled"),
                "name the group after this workflow, as in `group: tests-${{ github.ref }}`",
            );
        }
    }
}

/// The group as it is written, if it means the same in a caller and a called workflow.
fn group_text<'a>(ctx: &Analysis<'a>, group: &Setting<String>) -> Option<&'a str> {
    let text = ctx.facts.text(group.location()?).trim();
    let text = text.trim_matches(['"', '\'']);
    let differs = ["inputs.", "matrix.", "needs.", "strategy."]
        .iter()
        .any(|context| text.contains(context));

    (!text.is_empty() && !differs).then_some(text)
}
