//! `deploy-needs-tests`: jobs that deploy or publish run only if tests have passed.

use super::shipping::{ignores_status, is_gate, is_gated_in_job, is_test, ships, verb};
use crate::analysis::Analysis;
use crate::analysis::job_work::{called_workflow, job_work};
use crate::analysis::pipelines::{is_live, is_named, is_trial, says_test};
use crate::finding::{Finding, Sink};
use crate::model::env::EnvVar;
use crate::model::id::IdVec;
use crate::model::workflow::{Evidence, Job, JobId, Purpose, Workflow, job_purposes};
use crate::source::Location;

/// How far calls of workflows that deploy are followed.
const MAX_CALLS: u32 = 3;

pub fn check(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    let start = Start::of(ctx, workflow);
    if start == Start::Elsewhere {
        return;
    }

    let mut shipped = unguarded_shipping(ctx, workflow, MAX_CALLS);
    if shipped.is_empty() {
        return;
    }

    let tests = match start {
        Start::AfterFailure(tests) => Some(tests),
        _ => tests_elsewhere(ctx, workflow),
    };
    if start == Start::Untested && tests.is_some() {
        shipped.retain(|(job, _)| !is_deliberate(workflow, job));
    }

    // The missing gate is one cause, however many jobs lack it.
    let Some(((job, shipping), others)) = shipped.split_first() else {
        return;
    };

    let mut finding = match start {
        Start::AfterFailure(tests) => shipping_after_failure(job, shipping, tests),
        _ => untested_shipping(workflow, job, shipping, tests),
    };
    for (job, shipping) in others {
        let text = format!("job `{}` {}, too", job.id.value, verb(shipping.purpose));
        finding = finding.related(shipping.location, text);
    }

    sink.report(finding);
}

/// What has to be true of a workflow's start for its jobs to ship something untested.
#[derive(Clone, Copy, PartialEq)]
enum Start {
    /// It is gated where it starts, or what it ships is temporary.
    Elsewhere,
    /// By an event that says nothing about tests.
    Untested,
    /// After a workflow with tests, whatever their result. The place of the tests.
    AfterFailure(Location),
}

impl Start {
    fn of(ctx: &Analysis, workflow: &Workflow) -> Self {
        if workflow.action || workflow.triggers.is_empty() || !is_live(ctx, workflow) {
            return Self::Elsewhere;
        }

        // What a pull request deploys is temporary, unless it runs when it is closed.
        let is_on_close = workflow.triggers.iter().any(|trigger| {
            trigger.event.value == "pull_request"
                && !trigger.types.is_empty()
                && trigger.types.iter().all(|kind| kind.value == "closed")
        });
        if workflow.only_on(&["pull_request", "merge_group"]) && !is_on_close {
            return Self::Elsewhere;
        }

        if workflow.only_on(&["workflow_call", "repository_dispatch"]) {
            return Self::Elsewhere;
        }

        if workflow.only_on(&["workflow_call", "workflow_run", "repository_dispatch"])
            || workflow.trigger("workflow_run").is_some()
                && workflow.only_on(&["workflow_run", "workflow_dispatch"])
        {
            return match ignored_tests(ctx, workflow) {
                Some(tests) => Self::AfterFailure(tests),
                None => Self::Elsewhere,
            };
        }

        Self::Untested
    }
}

/// The tests in the workflows that this one follows, if it does not ask for their conclusion.
fn ignored_tests(ctx: &Analysis, workflow: &Workflow) -> Option<Location> {
    let trigger = workflow.trigger("workflow_run")?;
    let text = without_weak_tests(&ctx.facts.source(workflow.file).text);
    if text.contains("conclusion") {
        return None;
    }

    let mut followed = ctx.facts.workflows().filter(|other| {
        let mut names = trigger.workflows.iter();
        !other.action && names.any(|name| is_named(ctx, other, &name.value))
    });

    followed.find_map(|other| first_test(ctx, other))
}

/// What jobs ship although no test, no environment and no trial stops them.
fn unguarded_shipping<'w>(
    ctx: &Analysis<'w>,
    workflow: &'w Workflow,
    calls: u32,
) -> Vec<(&'w Job, Evidence)> {
    let mut shipped: Vec<(&Job, Evidence)> = workflow
        .jobs
        .iter()
        .filter(|job| !job.is_disabled() && job.environment.is_absent())
        .filter_map(|job| {
            let shipping = match &job.uses {
                Some(_) => called_shipping(ctx, workflow, job, calls)?,
                None => ships(job)?,
            };
            Some((job, shipping))
        })
        .filter(|(job, _)| !is_trial(job) && !is_for_pull_requests(job))
        .collect();
    if shipped.is_empty() {
        return shipped;
    }

    let is_gated = jobs_gated_by_needs(ctx, workflow);
    let is_tested_later = workflow.awaited_by(tests_or_calls_tests);

    shipped.retain(|(job, shipping)| {
        let is_tested = shipping.purpose == Purpose::Push && is_tested_later[job.index];

        !is_gated[job.index]
            && !is_tested
            && !is_gated_in_job(ctx, workflow, job, shipping.location)
    });

    shipped
}

/// What the workflow that a job calls ships, at the place of the call.
fn called_shipping(ctx: &Analysis, workflow: &Workflow, job: &Job, calls: u32) -> Option<Evidence> {
    if calls == 0 {
        return None;
    }

    let called = called_workflow(ctx, workflow, job)?;
    if job.with.iter().any(switches_shipping_off) {
        return None;
    }

    let (_, shipping) = unguarded_shipping(ctx, called, calls - 1)
        .into_iter()
        .next()?;

    Some(Evidence {
        location: job.uses.as_ref()?.location,
        ..shipping
    })
}

/// Whether a job runs for pull requests only: what it ships is temporary.
fn is_for_pull_requests(job: &Job) -> bool {
    job.condition.as_ref().is_some_and(|condition| {
        let condition: String = condition.value.split_whitespace().collect();
        let names_event = condition.contains("github.event_name=='pull_request'")
            || condition.contains("github.event_name!='push'");

        names_event && !condition.contains("||")
    })
}

/// Whether a caller switches off what the called workflow would ship: `push: false`.
fn switches_shipping_off(input: &EnvVar) -> bool {
    let name = input.name.value.to_ascii_lowercase();
    let is_switch = ["push", "publish", "deploy", "release"]
        .iter()
        .any(|word| name.contains(word));

    is_switch
        && input
            .value
            .literal()
            .is_some_and(|text| text.value.eq_ignore_ascii_case("false"))
}

/// Of each job: whether a job that it waits for stops it when tests fail.
fn jobs_gated_by_needs(ctx: &Analysis, workflow: &Workflow) -> IdVec<Job, bool> {
    let count = workflow.jobs.len();
    let mut stopped: IdVec<Job, Vec<JobId>> = IdVec::with(count, Vec::new);
    for job in &workflow.jobs {
        for needed in workflow.needed_jobs(job.index) {
            if stops_on_failure(workflow, job, &workflow.jobs[needed]) {
                stopped[needed].push(job.index);
            }
        }
    }

    let mut is_gated: IdVec<Job, bool> = IdVec::with(count, || false);
    let mut open: Vec<JobId> = workflow
        .jobs
        .iter()
        .filter(|job| !stopped[job.index].is_empty() && may_fail_on_tests(ctx, workflow, job))
        .map(|job| job.index)
        .collect();

    while let Some(index) = open.pop() {
        for &dependent in &stopped[index] {
            if !std::mem::replace(&mut is_gated[dependent], true) {
                open.push(dependent);
            }
        }
    }

    is_gated
}

/// Whether a job does not run if one that it needs has failed. A condition with `always()` or
/// `!cancelled()` lets it run, unless it asks for the result.
fn stops_on_failure(workflow: &Workflow, job: &Job, needed: &Job) -> bool {
    let Some(condition) = &job.condition else {
        return true;
    };

    if !ignores_status(&condition.value) {
        return true;
    }

    let id = needed.id.value.to_ascii_lowercase();
    let results = [
        format!("needs.{id}."),
        format!("needs['{id}']"),
        "needs.*.".to_owned(),
        "tojson(needs)".to_owned(),
    ];

    workflow.expressions_of(job.index).any(|expression| {
        let text = without_weak_tests(&expression.text);
        results.iter().any(|result| text.contains(result.as_str()))
    })
}

/// The text in lower case and without blanks, and without comparisons of results that hold after
/// failed tests: `needs.test.result != 'cancelled'`.
fn without_weak_tests(text: &str) -> String {
    const WEAK: &[&str] = &[
        "!='cancelled'",
        "!='skipped'",
        "=='failure'",
        "=='cancelled'",
        "=='skipped'",
    ];

    let mut text: String = text
        .split_whitespace()
        .collect::<String>()
        .to_ascii_lowercase();

    let is_of_name =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');

    for weak in WEAK {
        let mut kept = String::with_capacity(text.len());
        let mut rest = text.as_str();

        while let Some((before, after)) = rest.split_once(weak) {
            kept.push_str(before.trim_end_matches(is_of_name));
            rest = after;
        }

        kept.push_str(rest);
        text = kept;
    }

    text
}

/// Whether a job fails if tests fail, or may do so: it runs them, waits for them, or runs what
/// cannot be followed.
fn may_fail_on_tests(ctx: &Analysis, workflow: &Workflow, job: &Job) -> bool {
    let never_fails = job
        .continue_on_error
        .known()
        .is_some_and(|setting| setting.value);
    if never_fails || job.is_disabled() {
        return false;
    }

    let work = job_work(ctx, workflow, job);
    work.is_open || work.evidence.iter().any(is_gate)
}

fn shipping_after_failure(job: &Job, shipping: &Evidence, tests: Location) -> Finding {
    Finding::new(
        shipping.location,
        format!(
            "job `{}` {} even if the tests before it failed",
            job.id.value,
            verb(shipping.purpose)
        ),
    )
    .label("`workflow_run` starts after failed runs, too")
    .related(tests, "tests run here")
    .help("add `if: github.event.workflow_run.conclusion == 'success'` to the job")
    .anchor(job.id.location)
    .aspect("ignored conclusion")
}

fn untested_shipping(
    workflow: &Workflow,
    job: &Job,
    shipping: &Evidence,
    tests: Option<Location>,
) -> Finding {
    let verb = verb(shipping.purpose);
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
            .aspect("separate tests")
            .help(
                "run the tests in this workflow and add their job to `needs:`, or start this \
                 workflow with `workflow_run` after they pass",
            ),
        None => finding
            .help("add a job that runs tests, and list it under `needs:`")
            .aspect("no tests")
            .case("untested"),
    }
}

/// Whether a job tests, or calls a workflow that does.
fn tests_or_calls_tests(job: &Job) -> bool {
    let calls_tests = job.uses.is_some() && says_test(&job.id.value);

    !job.is_disabled() && (calls_tests || job_purposes(job).iter().any(is_test))
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

/// How many workflows are searched for tests. Without a limit, each one that pushes would search all.
const MAX_SEARCHED: usize = 300;

/// How many other workflows are followed to what they run, in search of tests.
const MAX_FOLLOWED: usize = 40;

/// A place where tests run: in this workflow, or else in another one.
fn tests_elsewhere(ctx: &Analysis, workflow: &Workflow) -> Option<Location> {
    if let Some(test) = first_test(ctx, workflow) {
        return Some(test);
    }

    let others = || {
        let workflows = ctx.facts.workflows().take(MAX_SEARCHED);
        workflows.filter(|other| !other.action && is_live(ctx, other))
    };
    let direct = others().find_map(|other| other.first_test());

    direct.map(|evidence| evidence.location).or_else(|| {
        others()
            .take(MAX_FOLLOWED)
            .find_map(|other| first_test(ctx, other))
    })
}

/// The first place of a workflow that runs tests; names alone are not enough.
fn first_test(ctx: &Analysis, workflow: &Workflow) -> Option<Location> {
    let direct = workflow.first_test().map(|evidence| evidence.location);

    direct.or_else(|| {
        let jobs = workflow.jobs.iter().filter(|job| !job.is_disabled());
        jobs.flat_map(|job| &job_work(ctx, workflow, job).evidence)
            .find(|evidence| !evidence.named && is_test(evidence))
            .map(|evidence| evidence.location)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_tests_of_results_are_left_out() {
        for (text, left) in [
            ("needs.a.result != 'cancelled'", ""),
            ("always() && needs.a.result == 'failure'", "always()&&"),
            ("é!='skipped'", "é"),
            ("needs.a.result == 'success'", "needs.a.result=='success'"),
            ("x!='skipped'||y!='skipped'", "||"),
        ] {
            assert_eq!(without_weak_tests(text), left, "{text}");
        }
    }
}
