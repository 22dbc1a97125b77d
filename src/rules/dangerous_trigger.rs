//! `dangerous-trigger`: a stranger's code checked out, and run, with the repository's secrets.

use super::Ctx;
use super::untrusted::{self, Site};
use crate::finding::{Finding, Level, Sink};
use crate::model::workflow::{Access, Expression, Job, Step, Workflow};
use crate::source::Place;

/// How far a reference is followed through outputs and variables.
const DEPTH: u32 = 5;

/// Events that run with secrets although a stranger's pull request, comment or run started them.
const EVENTS: &[&str] = &[
    "pull_request_target",
    "workflow_run",
    "issue_comment",
    "pull_request_comment",
    "issues",
    "discussion",
    "discussion_comment",
];

/// Contexts that name a stranger's commit, branch or repository.
const HEADS: &[&str] = &[
    "github.event.pull_request.head.sha",
    "github.event.pull_request.head.ref",
    "github.event.pull_request.head.label",
    "github.event.pull_request.head.repo.full_name",
    "github.event.pull_request.head.repo.clone_url",
    "github.event.pull_request.head.repo.ssh_url",
    "github.event.pull_request.merge_commit_sha",
    "github.event.workflow_run.head_sha",
    "github.event.workflow_run.head_branch",
    "github.event.workflow_run.head_commit.id",
    "github.event.workflow_run.head_repository.full_name",
    "github.event.workflow_run.head_repository.clone_url",
    "github.head_ref",
];

pub fn check(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    let Some(trigger) = workflow.triggers.iter().find(|trigger| EVENTS.contains(&trigger.event.value.as_str())) else {
        return;
    };
    let guards = Guards::of(workflow);
    for (at, job) in workflow.jobs.iter().enumerate() {
        for (number, step) in job.steps.iter().enumerate() {
            let Some(place) = stranger(Site { workflow, job: Some(at), step: Some(number) }) else { continue };
            if guards.protect(job, at, step) {
                continue;
            }
            let event = &trigger.event.value;
            let runner = job.steps[number..].iter().find_map(|later| runs_code(later).filter(|run| *run > place));
            let mut finding = Finding::new(
                place,
                format!("under `{event}` a stranger's code is checked out beside the repository's secrets and a token that writes"),
            )
            .label("chosen by the stranger")
            .related(trigger.event.place, "started by strangers, run with secrets")
            .help("build strangers' code under `pull_request`, which has no secrets, and hand only the results to a privileged workflow");
            if let Some(runner) = runner {
                finding = finding.related(runner, "and its code runs here");
                sink.report(finding);
            } else {
                sink.report_at(Level::Warning, finding);
            }
        }
    }
}

/// Where a step checks out what a stranger has written, if it does.
pub fn checks_out_stranger(workflow: &Workflow, step: &Step) -> Option<Place> {
    let (at, job) =
        workflow.jobs.iter().enumerate().find(|(_, job)| job.steps.iter().any(|found| std::ptr::eq(found, step)))?;
    let number = job.steps.iter().position(|found| std::ptr::eq(found, step))?;
    let privileged = workflow.triggers.iter().any(|trigger| EVENTS.contains(&trigger.event.value.as_str()));
    stranger(Site { workflow, job: Some(at), step: Some(number) }).filter(|_| privileged)
}

fn stranger(site: Site) -> Option<Place> {
    let job = &site.workflow.jobs[site.job?];
    let step = &job.steps[site.step?];
    if step.is_disabled() || job.is_disabled() {
        return None;
    }
    let of_step = || site.workflow.expressions_of(site.job.unwrap_or_default()).filter(|found| found.step == site.step);
    if let Some(action) = step.action() {
        let input = |found: &&Expression| found.keys.len() > 2 && found.keys[found.keys.len() - 2] == "with";
        if action.name() == "actions/checkout" {
            let named = of_step().filter(input).filter(|found| matches!(found.key(), "ref" | "repository"));
            return named
                .into_iter()
                .find(|found| names_head(site, found, DEPTH) || is_pull(site, found))
                .map(|found| found.place);
        }
        return None;
    }
    let code = step.run.as_ref()?;
    for invocation in code.script().invocations() {
        let words: Vec<&str> = invocation.args.iter().map(crate::syntax::shell::Word::text).collect();
        let place = code.place(invocation.span());
        let is_head = || {
            let within = of_step().filter(|found| place.span.contains(found.place.span));
            let named = within.into_iter().any(|found| names_head(site, found, DEPTH));
            named
                || words.iter().any(|word| variable_is_head(site, step, word))
                || words.iter().any(|word| word.starts_with("pull/") || word.contains("refs/pull/"))
        };
        match (invocation.program, words.as_slice()) {
            ("gh" | "hub", ["pr", "checkout", ..]) => return Some(place),
            ("git", ["fetch" | "checkout" | "pull" | "switch" | "clone" | "worktree" | "merge", ..]) if is_head() => {
                return Some(place);
            }
            _ => {}
        }
    }
    None
}

/// Whether a word reads a variable of the step that names a stranger's commit.
fn variable_is_head(site: Site, step: &Step, word: &str) -> bool {
    step.env.iter().any(|variable| {
        let name = variable.name.value.as_str();
        let reads = word.contains(&format!("${name}")) || word.contains(&format!("${{{name}}}"));
        reads && variable.value.place().is_some_and(|place| inside(site, place, DEPTH))
    })
}

/// Whether the expression is the number in `refs/pull/…/merge`.
fn is_pull(site: Site, expression: &Expression) -> bool {
    let step = site.workflow.jobs[expression.job.unwrap_or_default()].steps.get(expression.step.unwrap_or_default());
    let input = step.and_then(|step| step.input("ref"));
    matches!(input.map(|input| &input.value), Some(crate::model::env::EnvValue::Template { written, .. }) if written.value.contains("refs/pull/") || written.value.starts_with("pull/"))
}

fn names_head(site: Site, expression: &Expression, depth: u32) -> bool {
    depth > 0
        && (expression.flows().iter().any(|access| access_is_head(site, access, depth))
            || expression.text.contains("refs/pull/"))
}

fn access_is_head(site: Site, access: &Access, depth: u32) -> bool {
    let path = access.path();
    if HEADS.contains(&path.as_str()) {
        return true;
    }
    let workflow = site.workflow;
    match (access.part(0), access.part(1), access.part(2), access.part(3)) {
        ("env", name, "", "") => {
            let job = site.job.map(|job| &workflow.jobs[job]);
            let step = job.zip(site.step).and_then(|(job, step)| job.steps.get(step));
            let step_env = step.map_or(&[][..], |step| &step.env);
            let job_env = job.map_or(&[][..], |job| &job.env);
            let found = step_env
                .iter()
                .chain(job_env)
                .chain(&workflow.env)
                .find(|found| found.name.value.eq_ignore_ascii_case(name));
            found.and_then(|found| found.value.place()).is_some_and(|place| inside(site, place, depth - 1))
        }
        ("needs", id, "outputs", output) => {
            let Some(at) = workflow.jobs.iter().position(|job| job.id.value.eq_ignore_ascii_case(id)) else {
                return false;
            };
            let given = workflow.jobs[at].outputs.iter().find(|given| given.name.value.eq_ignore_ascii_case(output));
            let place = given.and_then(|given| given.value.place());
            place.is_some_and(|place| inside(Site { workflow, job: Some(at), step: None }, place, depth - 1))
        }
        ("steps", id, "outputs", output) => {
            let Some(job) = site.job.map(|job| &workflow.jobs[job]) else { return false };
            let step = job
                .steps
                .iter()
                .find(|step| step.id.as_ref().is_some_and(|found| found.value.eq_ignore_ascii_case(id)));
            step.is_some_and(|step| output_is_head(step, output))
        }
        _ => false,
    }
}

/// Whether a step looks a pull request's head up and hands it on.
fn output_is_head(step: &Step, output: &str) -> bool {
    let output = output.to_ascii_lowercase();
    let says_head =
        ["head", "sha", "ref", "branch", "commit", "result", "data"].iter().any(|word| output.contains(word))
            && !output.contains("base");
    if !says_head {
        return false;
    }
    if let Some(action) = step.action() {
        let known = [
            "pull-request-comment-branch",
            "get-current-pr",
            "resolve-pr-refs",
            "get-workflow-origin",
            "octokit/request-action",
            "find-current-pr",
            "pr-info",
        ];
        let script = step.input("script").and_then(|input| match &input.value {
            crate::model::env::EnvValue::Literal(at) => Some(&at.value),
            crate::model::env::EnvValue::Template { written, .. } => Some(&written.value),
            _ => None,
        });
        let looks_up = script.is_some_and(|text| {
            ["pulls.get", "pull_request.head", "head.sha", "head.ref", "workflow_run.head"]
                .iter()
                .any(|word| text.contains(word))
        });
        return looks_up || known.iter().any(|known| action.name().contains(known));
    }
    let asks = [
        "headRefOid",
        "headRefName",
        ".head.sha",
        ".head.ref",
        "pull_request.head",
        "workflow_run.head",
        "github.head_ref",
    ];
    step.run.as_ref().is_some_and(|code| asks.iter().any(|ask| code.text.contains(ask)))
}

fn inside(site: Site, place: Place, depth: u32) -> bool {
    site.workflow.expressions_in(place).any(|found| names_head(site, found, depth))
}

/// What somebody with access decides in the jobs that each job waits for.
struct Guards {
    /// Whether a condition guards one of them.
    conditions: Vec<bool>,
    /// The first step of them that asks for permission.
    steps: Vec<Option<Place>>,
}

impl Guards {
    fn of(workflow: &Workflow) -> Self {
        let asking = |job: &Job| job.steps.iter().filter(|step| asks_for_permission(step)).map(|step| step.place).min();
        Self { conditions: workflow.waiting_for(has_guard), steps: workflow.least_awaited(asking) }
    }

    /// Whether somebody with access stands between the stranger and the checkout in a step of a job.
    fn protect(&self, job: &Job, index: usize, step: &Step) -> bool {
        let own = || job.steps.iter().take_while(|own| own.place < step.place).any(asks_for_permission);
        !job.environment.is_absent()
            || has_guard(job)
            || step.condition.as_ref().is_some_and(|condition| guards(&condition.value))
            || self.conditions[index]
            || self.steps[index].is_some_and(|place| place < step.place)
            || own()
    }
}

fn has_guard(job: &Job) -> bool {
    job.condition.as_ref().is_some_and(|condition| guards(&condition.value))
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
    let text = step.run.as_ref().map(|code| code.text.as_str()).or_else(|| {
        match step.input("script").map(|input| &input.value) {
            Some(crate::model::env::EnvValue::Literal(at)) => Some(&at.value),
            Some(crate::model::env::EnvValue::Template { written, .. }) => Some(&written.value),
            _ => None,
        }
    });
    step.action().is_some_and(|action| asks.iter().any(|ask| action.name().contains(ask)))
        || text.is_some_and(|text| scripted.iter().any(|word| text.contains(word)))
}

/// Whether a condition lets only people with access, or only branches of this repository, through.
fn guards(condition: &str) -> bool {
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
    let other_only = text == "github.event_name=='pull_request'" || text == "github.event_name!='pull_request_target'";
    people || labelled || other_only || same_repository.iter().chain(&other_event).any(|word| text.contains(word))
}

/// Where a step runs code of the checked-out tree.
fn runs_code(step: &Step) -> Option<Place> {
    if let Some(uses) = &step.uses {
        return uses.value.starts_with("./").then_some(uses.place);
    }
    let code = step.run.as_ref()?;
    let harmless = [
        "echo", "git", "gh", "cat", "printf", "ls", "mkdir", "cd", "test", "[", "[[", "exit", "export", "set", "jq",
        "true", "false", "cp", "mv", "curl", "sleep", "hub", "unzip", "grep", "date", "read", "if", "local", "pwd",
        "rm", "tee", "sed", "awk", "head", "tail", "wc", "sort", "uniq", "tr", "cut", "basename", "dirname", "find",
        "diff", "env", "which", "touch", "chmod", "shift", "return",
    ];
    let invocations = code.script().invocations();
    let runs = invocations
        .iter()
        .find(|invocation| !harmless.contains(&invocation.program) && !invocation.program.starts_with("${{"))?;
    Some(code.place(runs.span()))
}

/// Whether strangers' files may be used by later steps of the job: after a checkout of theirs, or their artifact.
pub fn is_tainted_before(workflow: &Workflow, job: &Job, step: usize) -> Option<Place> {
    job.steps.iter().take(step).find_map(|step| {
        checks_out_stranger(workflow, step).or_else(|| {
            untrusted::downloads_artifact(step).then(|| step.uses.as_ref().map_or(step.place, |uses| uses.place))
        })
    })
}
