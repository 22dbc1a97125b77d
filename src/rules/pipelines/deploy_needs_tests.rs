//! `deploy-needs-tests`: what deploys or publishes comes after what tests.

use crate::analysis::Ctx;
use crate::analysis::pipelines::{is_live, is_trial, says_deploy, says_test};
use crate::finding::{Finding, Sink};
use crate::model::workflow::{Evidence, Job, Purpose, Workflow, job_purposes, step_purposes};
use crate::source::Location;

pub fn check(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    // A pull request deploys nothing that lasts.
    if workflow.only_on(&["pull_request", "merge_group"]) || !is_live(ctx, workflow) {
        return;
    }
    // Calls and finished runs were gated by whoever started them.
    if workflow.action
        || workflow.triggers.is_empty()
        || workflow.only_on(&["workflow_call", "workflow_run", "repository_dispatch"])
    {
        return;
    }

    let elsewhere = tests_elsewhere(ctx, workflow);
    let waits =
        workflow.waiting_for(|job| job_purposes(job).iter().any(is_test) || job.uses.is_some());
    let tested = workflow.awaited_by(is_testing);

    for (index, job) in workflow.jobs.iter().enumerate() {
        if job.is_disabled() || !job.environment.is_absent() {
            continue;
        }

        let Some(shipping) = ships(job) else { continue };

        if is_trial(job)
            || waits[index]
            || is_gated(job, shipping.location)
            || (is_deliberate(workflow, job) && elsewhere.is_some())
            || (shipping.purpose == Purpose::Push && tested[index])
        {
            continue;
        }

        let verb = match shipping.purpose {
            Purpose::Push => "pushes an image",
            Purpose::Publish => "publishes",
            _ => "deploys",
        };

        let mut finding = Finding::new(
            shipping.location,
            format!("job `{}` {verb} without waiting for tests", job.id.value),
        )
        .label(format!("{verb} even if tests fail"))
        .anchor(job.id.location);
        finding = match elsewhere {
            Some(location) if location.file == workflow.file => finding
                .related(location, "tests run here")
                .help("add the test job to `needs:`"),
            Some(location) => finding
                .related(location, "tests run here, in a separate workflow")
                .help(
                    "run the tests in this workflow and add their job to `needs:`, or start \
                    this workflow with `workflow_run` after they pass",
                ),
            None => finding.help("add a job that runs tests, and list it under `needs:`"),
        };
        // Where nothing is tested at all, that is the greater fault, and another rule's.
        sink.report(finding.case_if(elsewhere.is_none(), "untested"));
    }
}

/// The first command or action of a job that ships something for good.
fn ships(job: &Job) -> Option<Evidence> {
    let steps = job.steps.iter().filter(|step| !step.is_disabled());
    let mut shipping = steps.flat_map(step_purposes).filter(|evidence| {
        matches!(
            evidence.purpose,
            Purpose::Push | Purpose::Publish | Purpose::Deploy
        )
    });
    // What is composed on the runner itself ends with the job, unless the job says that it deploys.
    shipping.find(|evidence| !evidence.on_runner || says_deploy(job))
}

/// Whether tests come first in an earlier step of its own. In a job that it waits for they may too;
/// a reusable workflow that it needs, and a local action that it runs, may test, nobody can tell
/// from here.
fn is_gated(job: &Job, shipping: Location) -> bool {
    let own = job.steps.iter().flat_map(step_purposes);
    let before = own.filter(|evidence| evidence.location.span.start < shipping.span.start);
    let named = job
        .steps
        .iter()
        .filter(|step| step.location.span.start < shipping.span.start);
    let named = named
        .filter_map(|step| step.name.as_ref())
        .any(|name| says_test(&name.value));
    before.into_iter().any(|evidence| is_test(&evidence)) || named
}

/// Whether the job tests what the jobs before it have pushed.
fn is_testing(job: &Job) -> bool {
    let called = job.uses.is_some() && says_test(&job.id.value);
    !job.is_disabled() && (called || job_purposes(job).iter().any(is_test))
}

const fn is_test(evidence: &Evidence) -> bool {
    matches!(evidence.purpose, Purpose::Test | Purpose::Evaluate)
}

/// Whether a person decides each time: a release, a tag, a button, or a schedule that repeats what
/// was shipped before.
fn is_deliberate(workflow: &Workflow, job: &Job) -> bool {
    let on_tags = |text: &str| {
        text.contains("refs/tags/")
            || text.contains("github.event_name == 'release'")
            || text.contains("ref_type == 'tag'")
            || text.contains("workflow_dispatch")
    };

    if job
        .condition
        .as_ref()
        .is_some_and(|condition| on_tags(&condition.value))
    {
        return true;
    }

    workflow
        .triggers
        .iter()
        .all(|trigger| match trigger.event.value.as_str() {
            "push" => !trigger.tags.is_empty() && trigger.branches.is_empty(),
            event => !matches!(event, "pull_request" | "pull_request_target"),
        })
}

/// Where tests run, in this workflow or in another one.
fn tests_elsewhere(ctx: &Ctx, workflow: &Workflow) -> Option<Location> {
    let tests = ctx.facts.tests();
    let here = tests.iter().find(|location| location.file == workflow.file);
    here.or_else(|| tests.iter().find(|location| location.file != workflow.file))
        .copied()
}
