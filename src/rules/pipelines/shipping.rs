//! What jobs ship, and whether tests in the same job can stop it.

use crate::analysis::Analysis;
use crate::analysis::job_work::step_work;
use crate::analysis::pipelines::{says_deploy, says_test};
use crate::model::workflow::{Evidence, Job, Purpose, Step, Workflow, step_purposes};
use crate::source::Location;

/// The first command or action of a job that ships something permanently.
pub(super) fn ships(job: &Job) -> Option<Evidence> {
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

/// Whether an earlier step of the job tests, and its failure stops what the job ships.
pub(super) fn is_gated_in_job(
    ctx: &Analysis,
    workflow: &Workflow,
    job: &Job,
    shipping: Location,
) -> bool {
    let start = shipping.span.start;
    let shipping_step = job
        .steps
        .iter()
        .rfind(|step| step.location.span.start <= start);
    let runs_always = shipping_step
        .and_then(|step| step.condition.as_ref())
        .is_some_and(|condition| {
            ignores_status(&condition.value) && !condition.value.contains("outcome")
        });
    if runs_always {
        return false;
    }

    job.steps
        .iter()
        .filter(|step| step.location.span.start < start && !step.is_disabled())
        .filter(|step| !is_tolerated(step) || is_asked_later(workflow, job, step))
        .any(|step| {
            let is_named_test = step
                .name
                .as_ref()
                .is_some_and(|name| says_test(&name.value));
            let work = step_work(ctx, workflow, step);

            is_named_test
                || work.is_open
                || work
                    .evidence
                    .iter()
                    .any(|evidence| evidence.location.span.start < start && is_gate(evidence))
        })
}

/// Whether a condition holds although something before has failed.
pub(super) fn ignores_status(condition: &str) -> bool {
    let condition: String = condition
        .split_whitespace()
        .collect::<String>()
        .to_ascii_lowercase();
    let has_status = ["always()", "cancelled()", "failure()"]
        .iter()
        .any(|function| condition.contains(function));
    let requires_success = condition.contains("!failure()")
        || condition.contains("success()")
            && !condition.contains("||failure()")
            && !condition.contains("failure()||");

    has_status && !requires_success
}

/// Whether a later step asks whether a step that may fail has failed.
fn is_asked_later(workflow: &Workflow, job: &Job, step: &Step) -> bool {
    let Some(id) = &step.id else { return false };
    let outcome = format!("steps.{}.outcome", id.value.to_ascii_lowercase());

    workflow
        .expressions_of(job.index)
        .any(|expression| expression.text.to_ascii_lowercase().contains(&outcome))
}

/// Whether a step may fail.
fn is_tolerated(step: &Step) -> bool {
    step.continue_on_error
        .known()
        .is_some_and(|setting| setting.value)
}

/// Whether a failure of tests, here or elsewhere, is a failure of what this does.
pub(super) const fn is_gate(evidence: &Evidence) -> bool {
    is_test(evidence) || matches!(evidence.purpose, Purpose::AwaitChecks)
}

pub(super) const fn is_test(evidence: &Evidence) -> bool {
    matches!(evidence.purpose, Purpose::Test | Purpose::Evaluate)
}

/// What a job does to what it ships.
pub(super) const fn verb(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Push => "pushes an image",
        Purpose::Publish => "publishes",
        _ => "deploys",
    }
}
