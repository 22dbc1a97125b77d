//! `dangerous-trigger`: untrusted code checked out, and run, with the repository's secrets.

use crate::analysis::Ctx;
use crate::analysis::untrusted_checkout::{EVENTS, Site, script_input, untrusted_code_at};
use crate::finding::{Finding, Sink};
use crate::model::workflow::{Job, Step, Trigger, Workflow};
use crate::source::Location;

pub fn check(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    let Some(trigger) = workflow
        .triggers
        .iter()
        .find(|trigger| EVENTS.contains(&trigger.event.value.as_str()))
    else {
        return;
    };

    let guards = TrustGuards::of(workflow);

    for (job_index, job) in workflow.jobs.iter().enumerate() {
        for (step_index, step) in job.steps.iter().enumerate() {
            let site = Site {
                workflow,
                job: Some(job_index),
                step: Some(step_index),
            };
            let Some(checkout) = untrusted_code_at(site) else {
                continue;
            };

            if !guards.protect(job, job_index, step) {
                let run = run_of_checkout(&job.steps[step_index..], checkout);
                sink.report(unguarded_checkout(trigger, checkout, run));
            }
        }
    }
}

fn unguarded_checkout(trigger: &Trigger, checkout: Location, run: Option<Location>) -> Finding {
    let message = format!(
        "untrusted code is checked out under `{}`, with secrets and a write token",
        trigger.event.value
    );
    let finding = Finding::new(checkout, message)
        .label("attacker-controlled")
        .related(
            trigger.event.location,
            "can be triggered by outside users, runs with secrets",
        )
        .help(
            "build untrusted code under `pull_request`, which has no secrets, and pass only the \
             results to a privileged workflow",
        );

    match run {
        Some(run) => finding.related(run, "the untrusted code runs here"),
        None => finding.case("not-executed"),
    }
}

/// What people with write access decide in the jobs that each job waits for.
struct TrustGuards {
    /// Whether a condition guards one of them.
    conditions: Vec<bool>,
    /// The first step of them that checks permissions.
    steps: Vec<Option<Location>>,
}

impl TrustGuards {
    fn of(workflow: &Workflow) -> Self {
        Self {
            conditions: workflow.waiting_for(has_trust_gate),
            steps: workflow.least_awaited(first_permission_check),
        }
    }

    /// Whether a person with write access approves before the checkout in a step of a job.
    fn protect(&self, job: &Job, index: usize, step: &Step) -> bool {
        if !job.environment.is_absent() || has_trust_gate(job) || self.conditions[index] {
            return true;
        }

        let is_gated = step
            .condition
            .as_ref()
            .is_some_and(|condition| is_trust_gate(&condition.value));
        let checks = [self.steps[index], first_permission_check(job)];

        is_gated
            || checks
                .into_iter()
                .flatten()
                .any(|check| check < step.location)
    }
}

fn has_trust_gate(job: &Job) -> bool {
    job.condition
        .as_ref()
        .is_some_and(|condition| is_trust_gate(&condition.value))
}

/// The first step of a job that checks permissions.
fn first_permission_check(job: &Job) -> Option<Location> {
    job.steps
        .iter()
        .filter(|step| checks_permission(step))
        .map(|step| step.location)
        .min()
}

/// Actions that check permissions.
const PERMISSION_ACTIONS: &[&str] = &[
    "check-user-permission",
    "actions-permission-check",
    "get-user-teams-membership",
    "require-permission",
    "organization-team-check",
    "check-permission",
    "user-permission",
];

/// Parts of scripts that check permissions.
const PERMISSION_CALLS: &[&str] = &[
    "getCollaboratorPermissionLevel",
    "checkMembershipForUser",
    "getMembershipForUser",
    "/permission",
    "author_association",
];

/// Whether a step checks the permissions of the person who started the run.
fn checks_permission(step: &Step) -> bool {
    let script = match &step.run {
        Some(code) => code.text.as_str(),
        None => script_input(step),
    };

    contains_any(script, PERMISSION_CALLS)
        || step
            .action()
            .is_some_and(|action| contains_any(action.name(), PERMISSION_ACTIONS))
}

/// Conditions, without blanks, that hold only for branches of this repository.
const SAME_REPOSITORY: &[&str] = &[
    "head.repo.full_name==github.repository",
    "github.repository==github.event.pull_request.head.repo.full_name",
    "head.repo.fork==false",
    "head_repository.full_name==github.repository",
    "head.repo.id==github",
    "head.repo.owner.login==github.repository_owner",
    "!github.event.pull_request.head.repo.fork",
    "head_repository.fork==false",
];

/// Conditions, without blanks, that hold only for other events.
const OTHER_EVENT: &[&str] = &[
    "github.event_name=='pull_request'&&",
    "workflow_run.event=='push'",
    "workflow_run.event!='pull_request'",
    "github.event_name=='push'",
    "workflow_run.event=='release'",
    "workflow_run.event=='workflow_dispatch'",
    "workflow_run.event=='schedule'",
];

/// Whether a condition holds only for people with access, or only for branches of this repository.
fn is_trust_gate(condition: &str) -> bool {
    let condition: String = condition.split_whitespace().collect();

    names_people(&condition)
        || requires_label(&condition)
        || condition == "github.event_name=='pull_request'"
        || condition == "github.event_name!='pull_request_target'"
        || contains_any(&condition, SAME_REPOSITORY)
        || contains_any(&condition, OTHER_EVENT)
}

fn names_people(condition: &str) -> bool {
    condition.contains("author_association")
        || condition.contains("sender.login==")
        || condition.contains("comment.user.login==")
        || condition.contains("fromJSON") && condition.contains(".login")
}

/// Whether a condition requires a label, which only people with access can add.
fn requires_label(condition: &str) -> bool {
    let labels = "contains(github.event.pull_request.labels";
    let excludes = "!contains(github.event.pull_request.labels";

    condition.contains(labels) && !condition.contains(excludes)
        || condition.contains("event.label.name==")
}

fn contains_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// Programs that do not run code of the checked-out tree.
const HARMLESS: &[&str] = &[
    "echo", "git", "gh", "cat", "printf", "ls", "mkdir", "cd", "test", "[", "[[", "exit", "export",
    "set", "jq", "true", "false", "cp", "mv", "curl", "sleep", "hub", "unzip", "grep", "date",
    "read", "if", "local", "pwd", "rm", "tee", "sed", "awk", "head", "tail", "wc", "sort", "uniq",
    "tr", "cut", "basename", "dirname", "find", "diff", "env", "which", "touch", "chmod", "shift",
    "return",
];

/// The first place in these steps, after the checkout, that runs code of the checked-out tree.
fn run_of_checkout(steps: &[Step], checkout: Location) -> Option<Location> {
    steps
        .iter()
        .filter_map(run_of_tree)
        .find(|run| *run > checkout)
}

/// The place where a step runs code of the checked-out tree.
fn run_of_tree(step: &Step) -> Option<Location> {
    if let Some(uses) = &step.uses {
        return uses.value.starts_with("./").then_some(uses.location);
    }

    let code = step.run.as_ref()?;
    let invocations = code.script().invocations();
    let run = invocations.iter().find(|invocation| {
        !HARMLESS.contains(&invocation.program) && !invocation.program.starts_with("${{")
    })?;

    Some(code.location(run.span()))
}
