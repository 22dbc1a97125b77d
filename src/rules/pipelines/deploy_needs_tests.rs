//! `deploy-needs-tests`: jobs that deploy or publish wait for jobs that test.

use crate::analysis::Ctx;
use crate::analysis::pipelines::{is_live, is_trial, says_deploy, says_test};
use crate::finding::{Finding, Sink};
use crate::model::workflow::{Evidence, Job, Purpose, Workflow, job_purposes, step_purposes};
use crate::source::Location;

pub fn check(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    if !is_checked(ctx, workflow) {
        return;
    }

    let tests = tests_elsewhere(ctx, workflow);
    let waits =
        workflow.waiting_for(|job| job_purposes(job).iter().any(is_test) || job.uses.is_some());
    let is_tested = workflow.awaited_by(tests_or_calls_tests);

    for (index, job) in workflow.jobs.iter().enumerate() {
        if job.is_disabled() || !job.environment.is_absent() {
            continue;
        }

        let Some(shipping) = ships(job) else { continue };

        if is_trial(job)
            || waits[index]
            || is_gated(job, shipping.location)
            || (is_deliberate(workflow, job) && tests.is_some())
            || (shipping.purpose == Purpose::Push && is_tested[index])
        {
            continue;
        }

        sink.report(untested_shipping(workflow, job, &shipping, tests));
    }
}

/// Whether jobs of the workflow could wait for tests.
fn is_checked(ctx: &Ctx, workflow: &Workflow) -> bool {
    // What a pull request deploys is temporary.
    let is_temporary = workflow.only_on(&["pull_request", "merge_group"]);
    // Calls and finished runs are gated where they start.
    let is_gated_elsewhere = workflow.action
        || workflow.triggers.is_empty()
        || workflow.only_on(&["workflow_call", "workflow_run", "repository_dispatch"]);

    is_live(ctx, workflow) && !is_temporary && !is_gated_elsewhere
}

fn untested_shipping(
    workflow: &Workflow,
    job: &Job,
    shipping: &Evidence,
    tests: Option<Location>,
) -> Finding {
    let verb = match shipping.purpose {
        Purpose::Push => "pushes an image",
        Purpose::Publish => "publishes",
        _ => "deploys",
    };
    let finding = Finding::new(
        shipping.location,
        format!("job `{}` {verb} without waiting for tests", job.id.value),
    )
    .label(format!("{verb} even if tests fail"))
    .anchor(job.id.location);

    match tests {
        Some(location) if location.file == workflow.file => finding
            .related(location, "tests run here")
            .help("add the test job to `needs:`"),
        Some(location) => finding
            .related(location, "tests run here, in a separate workflow")
            .help(
                "run the tests in this workflow and add their job to `needs:`, or start this \
                 workflow with `workflow_run` after they pass",
            ),
        None => finding
            .help("add a job that runs tests, and list it under `needs:`")
            .case("untested"),
    }
}

/// The first command or action of a job that ships something permanently.
fn ships(job: &Job) -> Option<Evidence> {
    // What compose starts on the runner ends with the job, unless the job says that it deploys.
    job.steps
        .iter()
        .filter(|step| !step.is_disabled())
        .flat_map(step_purposes)
        .filter(|evidence| {
            matches!(
                evidence.purpose,
                Purpose::Push | Purpose::Publish | Purpose::Deploy
            )
        })
        .find(|evidence| !evidence.on_runner || says_deploy(job))
}

/// Whether an earlier step of the job tests.
fn is_gated(job: &Job, shipping: Location) -> bool {
    let start = shipping.span.start;
    let tests = job
        .steps
        .iter()
        .flat_map(step_purposes)
        .any(|evidence| evidence.location.span.start < start && is_test(&evidence));

    tests
        || job
            .steps
            .iter()
            .filter(|step| step.location.span.start < start)
            .filter_map(|step| step.name.as_ref())
            .any(|name| says_test(&name.value))
}

/// Whether a job tests, or calls a workflow that does.
fn tests_or_calls_tests(job: &Job) -> bool {
    let calls_tests = job.uses.is_some() && says_test(&job.id.value);

    !job.is_disabled() && (calls_tests || job_purposes(job).iter().any(is_test))
}

const fn is_test(evidence: &Evidence) -> bool {
    matches!(evidence.purpose, Purpose::Test | Purpose::Evaluate)
}

/// Parts of conditions that hold only for a release, a tag or a manual run.
const DELIBERATE: &[&str] = &[
    "refs/tags/",
    "github.event_name == 'release'",
    "ref_type == 'tag'",
    "workflow_dispatch",
];

/// Whether a person decides each time: a release, a tag, a manual run, or a schedule that repeats
/// what was shipped before.
fn is_deliberate(workflow: &Workflow, job: &Job) -> bool {
    if let Some(condition) = &job.condition
        && DELIBERATE.iter().any(|part| condition.value.contains(part))
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

/// A place where tests run: in this workflow, or else in another one.
fn tests_elsewhere(ctx: &Ctx, workflow: &Workflow) -> Option<Location> {
    let tests = ctx.facts.tests();

    tests
        .iter()
        .find(|location| location.file == workflow.file)
        .or_else(|| tests.first())
        .copied()
}
