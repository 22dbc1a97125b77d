//! `dangerous-trigger`: untrusted code checked out, and run, with the repository's secrets.

use crate::analysis::action_versions::version_of;
use crate::analysis::job_work::called_workflow;
use crate::analysis::pipelines::is_named;
use crate::analysis::untrusted_checkout::{
    EVENTS, Site, checked_out_inputs, passes_head, script_input, untrusted_code_at,
};
use crate::analysis::{Analysis, truncate};
use crate::finding::{Finding, Sink};
use crate::model::id::IdVec;
use crate::model::workflow::{Expression, Grant, Job, JobId, Step, Trigger, Workflow};
use crate::source::Location;

pub fn check(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    report_called_checkouts(ctx, workflow, sink);

    for found in unguarded_checkouts(ctx, workflow) {
        let finding = unguarded_checkout(found.trigger, found.checkout, found.run, found.privilege);
        sink.report(match found.refusal {
            ForkRefusal::Likely => finding
                .label("attacker-controlled, unless a recent release refuses forks")
                .case("refused"),
            _ => finding,
        });
    }
}

/// `cache-poisoning`: untrusted code that runs where the cache is all that it can reach.
pub fn cache(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    for found in unguarded_checkouts(ctx, workflow) {
        let (Privilege::ReadOnly, Some(run)) = (found.privilege, found.run) else {
            continue;
        };

        sink.report(
            Finding::new(
                found.checkout,
                "untrusted code can fill the default branch's cache, which other runs use",
            )
            .label("attacker-controlled")
            .related(run, "the untrusted code runs here")
            .help("build untrusted code under `pull_request`, whose runs have a cache of their own")
            .aspect("untrusted code")
            .case("untrusted-code")
            .part_of(found.checkout),
        );
    }
}

/// A checkout of untrusted code that no person with write access decides about.
struct UnguardedCheckout<'w> {
    trigger: &'w Trigger,
    checkout: Location,
    /// Where the code runs.
    run: Option<Location>,
    privilege: Privilege,
    refusal: ForkRefusal,
}

fn unguarded_checkouts<'w>(ctx: &Analysis, workflow: &'w Workflow) -> Vec<UnguardedCheckout<'w>> {
    let Some(trigger) = workflow.triggers.iter().find(|trigger| {
        EVENTS.contains(&trigger.event.value.as_str()) && is_open_to_outsiders(ctx, trigger)
    }) else {
        return Vec::new();
    };

    let guards = TrustGuards::of(workflow);
    let mut checkouts = Vec::new();

    for job in &workflow.jobs {
        for (step_index, step) in job.steps.iter().enumerate() {
            let site = Site {
                workflow,
                job: Some(job.index),
                step: Some(step_index),
            };
            let Some(checkout) = untrusted_code_at(site) else {
                continue;
            };

            let refusal = fork_refusal(ctx, workflow, step);
            if refusal == ForkRefusal::Certain || guards.protect(job, step) {
                continue;
            }

            checkouts.push(UnguardedCheckout {
                trigger,
                checkout,
                run: run_of_checkout(&job.steps[step_index..], checkout),
                privilege: Privilege::of(workflow, job),
                refusal,
            });
        }
    }

    checkouts
}

/// Reports checkouts of a called workflow whose callers run under a privileged event: of the head
/// that a caller passes, or of the head of the event, which is the caller's.
fn report_called_checkouts(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    if workflow.trigger("workflow_call").is_none() {
        return;
    }

    let checkouts = called_checkouts(workflow);
    if checkouts.is_empty() {
        return;
    }

    for caller in ctx.facts.workflows() {
        let trigger = caller.triggers.iter().find(|trigger| {
            EVENTS.contains(&trigger.event.value.as_str()) && is_open_to_outsiders(ctx, trigger)
        });
        let Some(trigger) = trigger else { continue };
        let guards = TrustGuards::of(caller);

        for job in &caller.jobs {
            let is_call = called_workflow(ctx, caller, job)
                .is_some_and(|called| called.file == workflow.file);
            if !is_call || guards.protect_job(job) {
                continue;
            }

            for checkout in &checkouts {
                if let Some(finding) = called_checkout(ctx, workflow, checkout, (caller, job)) {
                    sink.report(finding.related(
                        trigger.event.location,
                        "the caller can be triggered by outside users",
                    ));
                }
            }
        }
    }
}

/// A checkout in a called workflow that may be of untrusted code.
struct CalledCheckout {
    job: JobId,
    step: usize,
    location: Location,
    /// The input that names what is checked out; `None` for the head of the event.
    input: Option<String>,
}

fn called_checkouts(workflow: &Workflow) -> Vec<CalledCheckout> {
    let is_privileged = workflow
        .triggers
        .iter()
        .any(|trigger| EVENTS.contains(&trigger.event.value.as_str()));
    let guards = TrustGuards::of(workflow);
    let mut checkouts = Vec::new();

    for job in &workflow.jobs {
        for (step_index, step) in job.steps.iter().enumerate() {
            if guards.protect(job, step) {
                continue;
            }

            let site = Site {
                workflow,
                job: Some(job.index),
                step: Some(step_index),
            };
            // Under its own privileged trigger, the workflow is reported for itself.
            let own_head = if is_privileged {
                None
            } else {
                untrusted_code_at(site).map(|location| (None, location))
            };
            let inputs = checked_out_inputs(site).into_iter();
            let found = inputs
                .map(|(input, location)| (Some(input), location))
                .chain(own_head);

            checkouts.extend(found.map(|(input, location)| CalledCheckout {
                job: job.index,
                step: step_index,
                location,
                input,
            }));
        }
    }

    checkouts
}

/// The finding for a checkout of a called workflow, if the job of the caller makes it dangerous.
fn called_checkout(
    ctx: &Analysis,
    workflow: &Workflow,
    checkout: &CalledCheckout,
    (caller, job): (&Workflow, &Job),
) -> Option<Finding> {
    let passed = match &checkout.input {
        Some(name) => {
            let input = job
                .with
                .iter()
                .find(|input| input.name.value.eq_ignore_ascii_case(name))?;
            let location = input.value.location()?;
            passes_head(caller, job.index, location).then_some(location)?
        }
        None => job.uses.as_ref()?.location,
    };

    let steps = &workflow.jobs[checkout.job].steps;
    let refusal = fork_refusal(ctx, caller, &steps[checkout.step]);
    if refusal == ForkRefusal::Certain {
        return None;
    }

    let path = ctx.facts.path(caller.file);
    let event = EVENTS
        .iter()
        .find(|event| caller.trigger(event).is_some())
        .unwrap_or(&"pull_request_target");
    let run = run_of_checkout(&steps[checkout.step..], checkout.location);
    let finding = Finding::new(
        checkout.location,
        format!(
            "`{}` calls this checkout of untrusted code under `{event}`",
            truncate(path, 40)
        ),
    )
    .label("attacker-controlled")
    .related(passed, "the caller passes the untrusted code")
    .help(
        "build untrusted code under `pull_request`, which has no secrets, and pass only the \
         results to a privileged workflow",
    )
    .case_if(refusal == ForkRefusal::Likely, "refused");

    Some(match run {
        Some(run) => finding.related(run, "the untrusted code runs here"),
        None => finding.case("not-executed"),
    })
}

/// Whether outside users can start the workflow by this event. Runs that follow other workflows of
/// the repository are as open as those.
fn is_open_to_outsiders(ctx: &Analysis, trigger: &Trigger) -> bool {
    if trigger.event.value != "workflow_run" || trigger.workflows.is_empty() {
        return true;
    }

    trigger.workflows.iter().any(|name| {
        let followed: Vec<&Workflow> = ctx
            .facts
            .workflows()
            .filter(|workflow| !workflow.action && is_named(ctx, workflow, &name.value))
            .collect();

        followed.is_empty() || followed.iter().any(|workflow| !is_internal(workflow))
    })
}

/// Whether only people with write access start a workflow.
fn is_internal(workflow: &Workflow) -> bool {
    workflow.only_on(&[
        "push",
        "create",
        "delete",
        "release",
        "schedule",
        "workflow_dispatch",
        "repository_dispatch",
        "deployment",
        "deployment_status",
        "merge_group",
        "milestone",
        "registry_package",
    ])
}

/// Whether `actions/checkout` refuses the code of forks by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ForkRefusal {
    No,
    /// By the newest version of a major one whose tag moves.
    Likely,
    Certain,
}

/// The minor versions of older major ones that refuse the code of forks, as every version since 7
/// does (pull requests 2454, 2500, 2501 and 2502 of `actions/checkout`, July 2026).
const REFUSING: &[(u32, u32)] = &[(4, 4), (5, 1), (6, 1)];

/// Whether a checkout refuses the code of forks for the events of its workflow.
fn fork_refusal(ctx: &Analysis, workflow: &Workflow, step: &Step) -> ForkRefusal {
    let is_opted_out = step.input("allow-unsafe-pr-checkout").is_some_and(|input| {
        input
            .value
            .literal()
            .is_none_or(|text| text.value.eq_ignore_ascii_case("true"))
    });
    let has_other_event = workflow.triggers.iter().any(|trigger| {
        EVENTS.contains(&trigger.event.value.as_str())
            && !matches!(
                trigger.event.value.as_str(),
                "pull_request_target" | "workflow_run"
            )
    });
    if !step.runs_action("actions/checkout") || is_opted_out || has_other_event {
        return ForkRefusal::No;
    }

    let Some(version) = version_of(ctx, step) else {
        return ForkRefusal::No;
    };

    let is_pinned = step.action().is_some_and(|action| action.is_hash());
    let since = REFUSING
        .iter()
        .find(|(major, _)| *major == version.major)
        .map(|(_, minor)| *minor);

    match (since, version.minor) {
        _ if version.major >= 7 => ForkRefusal::Certain,
        (Some(since), Some(minor)) if minor >= since => ForkRefusal::Certain,
        (Some(_), None) if !is_pinned => ForkRefusal::Likely,
        _ => ForkRefusal::No,
    }
}

/// What untrusted code can reach in a job.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Privilege {
    /// A token that can write, or secrets.
    Full,
    /// A token that can only read, and no secret.
    ReadOnly,
}

impl Privilege {
    fn of(workflow: &Workflow, job: &Job) -> Self {
        let permissions = job.permissions.as_ref().or(workflow.permissions.as_ref());
        let is_limited = permissions.is_some_and(|permissions| match &permissions.grant {
            Grant::ReadAll => true,
            Grant::WriteAll | Grant::Unknown => false,
            Grant::Scopes(scopes) => scopes
                .iter()
                .all(|(_, access)| matches!(access.value.as_str(), "read" | "none")),
        });

        if is_limited && !reads_secret(workflow, job) {
            Privilege::ReadOnly
        } else {
            Privilege::Full
        }
    }
}

/// Whether a job, or the environment of all jobs, reads a secret other than the token.
fn reads_secret(workflow: &Workflow, job: &Job) -> bool {
    let of_all = workflow
        .expressions
        .iter()
        .filter(|expression| expression.job.is_none());

    workflow
        .expressions_of(job.index)
        .chain(of_all)
        .flat_map(Expression::accesses)
        .any(|access| access.part(0) == "secrets" && access.part(1) != "github_token")
}

fn unguarded_checkout(
    trigger: &Trigger,
    checkout: Location,
    run: Option<Location>,
    privilege: Privilege,
) -> Finding {
    let event = &trigger.event.value;
    let (message, reach) = match privilege {
        Privilege::Full => (
            format!(
                "untrusted code is checked out under `{event}`, with secrets and a write token"
            ),
            "can be triggered by outside users, runs with secrets",
        ),
        Privilege::ReadOnly => (
            format!("untrusted code is checked out under `{event}`, and can fill the cache"),
            "can be triggered by outside users, shares the cache of the default branch",
        ),
    };
    let finding = Finding::new(checkout, message)
        .label("attacker-controlled")
        .related(trigger.event.location, reach)
        .case_if(privilege == Privilege::ReadOnly, "read-only")
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
    conditions: IdVec<Job, bool>,
    /// The first step of them that checks permissions.
    steps: IdVec<Job, Option<Location>>,
}

impl TrustGuards {
    fn of(workflow: &Workflow) -> Self {
        Self {
            conditions: workflow.waiting_for(has_trust_gate),
            steps: workflow.least_awaited(first_permission_check),
        }
    }

    /// Whether a person with write access approves before a job.
    fn protect_job(&self, job: &Job) -> bool {
        !job.environment.is_absent()
            || has_trust_gate(job)
            || self.conditions[job.index]
            || self.steps[job.index].is_some()
    }

    /// Whether a person with write access approves before the checkout in a step of a job.
    fn protect(&self, job: &Job, step: &Step) -> bool {
        if self.protect_job(job) {
            return true;
        }

        let is_gated = step
            .condition
            .as_ref()
            .is_some_and(|condition| is_trust_gate(&condition.value));
        let checks = [self.steps[job.index], first_permission_check(job)];

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
        || condition.contains(".user.login==")
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
