//! `dangerous-trigger`: a stranger's code checked out, and run, with the repository's secrets.

use crate::analysis::Ctx;
use crate::analysis::untrusted_checkout::{EVENTS, Site, untrusted_code_at};
use crate::finding::{Finding, Sink};
use crate::model::workflow::{Job, Step, Workflow};
use crate::source::Location;

pub fn check(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    let Some(trigger) = workflow
        .triggers
        .iter()
        .find(|trigger| EVENTS.contains(&trigger.event.value.as_str()))
    else {
        return;
    };

    let guards = Guards::of(workflow);

    for (at, job) in workflow.jobs.iter().enumerate() {
        for (number, step) in job.steps.iter().enumerate() {
            let Some(location) = untrusted_code_at(Site {
                workflow,
                job: Some(at),
                step: Some(number),
            }) else {
                continue;
            };

            if guards.protect(job, at, step) {
                continue;
            }

            let event = &trigger.event.value;
            let runner = job.steps[number..]
                .iter()
                .find_map(|later| executes_checkout(later).filter(|run| *run > location));
            let mut finding = Finding::new(
                location,
                format!(
                    "untrusted code is checked out under `{event}`, with secrets and a write \
                    token"
                ),
            )
            .label("attacker-controlled")
            .related(
                trigger.event.location,
                "can be triggered by outside users, runs with secrets",
            )
            .help(
                "build untrusted code under `pull_request`, which has no secrets, and pass \
                only the results to a privileged workflow",
            );

            if let Some(runner) = runner {
                finding = finding.related(runner, "the untrusted code runs here");
            } else {
                finding = finding.case("not-executed");
            }

            sink.report(finding);
        }
    }
}

/// What a person with write access decides in the jobs that each job waits for.
struct Guards {
    /// Whether a condition guards one of them.
    conditions: Vec<bool>,
    /// The first step of them that asks for permission.
    steps: Vec<Option<Location>>,
}

impl Guards {
    fn of(workflow: &Workflow) -> Self {
        let asking = |job: &Job| {
            job.steps
                .iter()
                .filter(|step| asks_for_permission(step))
                .map(|step| step.location)
                .min()
        };

        Self {
            conditions: workflow.waiting_for(has_guard),
            steps: workflow.least_awaited(asking),
        }
    }

    /// Whether a person with write access approves before the checkout in a step of a job.
    fn protect(&self, job: &Job, index: usize, step: &Step) -> bool {
        let own = || {
            job.steps
                .iter()
                .take_while(|own| own.location < step.location)
                .any(asks_for_permission)
        };

        !job.environment.is_absent()
            || has_guard(job)
            || step
                .condition
                .as_ref()
                .is_some_and(|condition| is_trust_gate(&condition.value))
            || self.conditions[index]
            || self.steps[index].is_some_and(|location| location < step.location)
            || own()
    }
}

fn has_guard(job: &Job) -> bool {
    job.condition
        .as_ref()
        .is_some_and(|condition| is_trust_gate(&condition.value))
}

/// Whether a step finds out what the person who started the run may do.
fn asks_for_permission(step: &Step) -> bool {
    let asks = [
        "check-user-permission",
        "actions-permission-check",
        "get-user-teams-membership",
        "require-permission",
        "organization-team-check",
        "check-permission",
        "user-permission",
    ];
    let scripted = [
        "getCollaboratorPermissionLevel",
        "checkMembershipForUser",
        "getMembershipForUser",
        "/permission",
        "author_association",
    ];
    let text = step
        .run
        .as_ref()
        .map(|code| code.text.as_str())
        .or_else(|| match step.input("script").map(|input| &input.value) {
            Some(crate::model::env::EnvValue::Literal(at)) => Some(&at.value),
            Some(crate::model::env::EnvValue::Template { written, .. }) => Some(&written.value),
            _ => None,
        });
    step.action()
        .is_some_and(|action| asks.iter().any(|ask| action.name().contains(ask)))
        || text.is_some_and(|text| scripted.iter().any(|word| text.contains(word)))
}

/// Whether a condition lets only people with access, or only branches of this repository, through.
fn is_trust_gate(condition: &str) -> bool {
    let text: String = condition.split_whitespace().collect();
    let same_repository = [
        "head.repo.full_name==github.repository",
        "github.repository==github.event.pull_request.head.repo.full_name",
        "head.repo.fork==false",
        "head_repository.full_name==github.repository",
        "head.repo.id==github",
        "head.repo.owner.login==github.repository_owner",
        "!github.event.pull_request.head.repo.fork",
        "head_repository.fork==false",
    ];
    let other_event = [
        "github.event_name=='pull_request'&&",
        "workflow_run.event=='push'",
        "workflow_run.event!='pull_request'",
        "github.event_name=='push'",
        "workflow_run.event=='release'",
        "workflow_run.event=='workflow_dispatch'",
        "workflow_run.event=='schedule'",
    ];
    let people = text.contains("author_association")
        || text.contains("sender.login==")
        || text.contains("comment.user.login==")
        || text.contains("fromJSON") && text.contains(".login");
    let labelled = text.contains("contains(github.event.pull_request.labels")
        && !text.contains("!contains(github.event.pull_request.labels")
        || text.contains("event.label.name==");
    let other_only = text == "github.event_name=='pull_request'"
        || text == "github.event_name!='pull_request_target'";
    people
        || labelled
        || other_only
        || same_repository
            .iter()
            .chain(&other_event)
            .any(|word| text.contains(word))
}

/// Where a step runs code of the checked-out tree.
fn executes_checkout(step: &Step) -> Option<Location> {
    if let Some(uses) = &step.uses {
        return uses.value.starts_with("./").then_some(uses.location);
    }

    let code = step.run.as_ref()?;
    let harmless = [
        "echo", "git", "gh", "cat", "printf", "ls", "mkdir", "cd", "test", "[", "[[", "exit",
        "export", "set", "jq", "true", "false", "cp", "mv", "curl", "sleep", "hub", "unzip",
        "grep", "date", "read", "if", "local", "pwd", "rm", "tee", "sed", "awk", "head", "tail",
        "wc", "sort", "uniq", "tr", "cut", "basename", "dirname", "find", "diff", "env", "which",
        "touch", "chmod", "shift", "return",
    ];
    let invocations = code.script().invocations();
    let runs = invocations.iter().find(|invocation| {
        !harmless.contains(&invocation.program) && !invocation.program.starts_with("${{")
    })?;

    Some(code.location(runs.span()))
}
