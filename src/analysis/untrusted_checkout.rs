//! Checkouts of code from contributors without write access.

use crate::model::Code;
use crate::model::env::EnvValue;
use crate::model::workflow::{Access, Expression, Job, JobId, Step, Workflow};
use crate::source::Location;
use crate::syntax::shell::{Invocation, Word};

/// How far a reference is followed through outputs and variables.
const DEPTH: u32 = 5;

/// Events that run with secrets although an outside user's pull request, comment or run started
/// them.
pub const EVENTS: &[&str] = &[
    "pull_request_target",
    "workflow_run",
    "issue_comment",
    "pull_request_comment",
    "issues",
    "discussion",
    "discussion_comment",
];

/// Contexts that name an outside user's commit, branch or repository.
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

/// An expression's site: its workflow, job and step.
#[derive(Clone, Copy, Debug)]
pub struct Site<'w> {
    pub workflow: &'w Workflow,
    pub job: Option<JobId>,
    pub step: Option<usize>,
}

impl<'w> Site<'w> {
    pub const fn of(workflow: &'w Workflow, expression: &Expression) -> Self {
        Self {
            workflow,
            job: expression.job,
            step: expression.step,
        }
    }

    /// The site of a whole job.
    pub(super) const fn of_job(workflow: &'w Workflow, job: JobId) -> Self {
        Self {
            workflow,
            job: Some(job),
            step: None,
        }
    }

    /// The site of another step of the same job.
    pub(super) const fn at_step(self, step: usize) -> Self {
        Self {
            step: Some(step),
            ..self
        }
    }

    pub(super) fn job(self) -> Option<&'w Job> {
        self.workflow.jobs.get(self.job?)
    }

    pub(super) fn step(self) -> Option<&'w Step> {
        self.job()?.steps.get(self.step?)
    }
}

/// The place where a step of a privileged workflow checks out untrusted code.
pub fn untrusted_checkout_of(workflow: &Workflow, step: &Step) -> Option<Location> {
    let is_privileged = workflow
        .triggers
        .iter()
        .any(|trigger| EVENTS.contains(&trigger.event.value.as_str()));
    if !is_privileged {
        return None;
    }

    let (job, step) = position(workflow, step)?;
    untrusted_code_at(Site {
        workflow,
        job: Some(job),
        step: Some(step),
    })
}

/// A step's job, and the index of the step in it.
fn position(workflow: &Workflow, step: &Step) -> Option<(JobId, usize)> {
    workflow.jobs.iter().find_map(|job| {
        let step = job
            .steps
            .iter()
            .position(|other| std::ptr::eq(other, step))?;
        Some((job.index, step))
    })
}

/// The place where the step of a site checks out untrusted code, whatever triggers the workflow.
pub fn untrusted_code_at(site: Site) -> Option<Location> {
    let job = &site.workflow.jobs[site.job?];
    let step = &job.steps[site.step?];
    if step.is_disabled() || job.is_disabled() {
        return None;
    }

    if let Some(action) = step.action() {
        return if action.name() == "actions/checkout" {
            action_checkout(site, step)
        } else {
            None
        };
    }

    let code = step.run.as_ref()?;
    let invocations = code.script().invocations();
    let checkout = invocations
        .iter()
        .find(|invocation| checks_out_head(site, step, code, invocation))?;

    Some(code.location(checkout.span()))
}

/// The input of `actions/checkout` that names untrusted code.
fn action_checkout(site: Site, step: &Step) -> Option<Location> {
    step_expressions(site)
        .find(|expression| {
            is_checkout_input(expression)
                && (names_head(site, expression, DEPTH) || checks_out_pull(step))
        })
        .map(|expression| expression.location)
}

/// The inputs of the workflow that a step checks out: `ref: ${{ inputs.ref }}`.
pub fn checked_out_inputs(site: Site) -> Vec<(String, Location)> {
    let is_checkout = site
        .step()
        .is_some_and(|step| step.runs_action("actions/checkout") && !step.is_disabled());
    if !is_checkout {
        return Vec::new();
    }

    step_expressions(site)
        .filter(|expression| is_checkout_input(expression))
        .flat_map(|expression| {
            let accesses = expression.flows().iter();
            accesses
                .filter(|access| access.part(0) == "inputs" && access.parts.len() == 2)
                .map(|access| (access.part(1).to_owned(), expression.location))
        })
        .collect()
}

/// Whether a value that a job passes to a called workflow names an outside user's commit.
pub fn passes_head(workflow: &Workflow, job: JobId, value: Location) -> bool {
    place_names_head(Site::of_job(workflow, job), value, DEPTH)
}

fn step_expressions<'w>(site: Site<'w>) -> impl Iterator<Item = &'w Expression> {
    site.workflow
        .expressions_of(site.job.unwrap_or_default())
        .filter(move |expression| expression.step == site.step)
}

/// Whether an expression is in the input `ref` or `repository`.
fn is_checkout_input(expression: &Expression) -> bool {
    let keys = &expression.keys;

    keys.len() > 2
        && keys[keys.len() - 2] == "with"
        && matches!(expression.key(), "ref" | "repository")
}

/// Whether the input `ref` is `refs/pull/…/merge`.
fn checks_out_pull(step: &Step) -> bool {
    match step.input("ref").map(|input| &input.value) {
        Some(EnvValue::Template { written, .. }) => {
            written.value.contains("refs/pull/") || written.value.starts_with("pull/")
        }
        _ => false,
    }
}

/// Whether a command checks out untrusted code.
fn checks_out_head(site: Site, step: &Step, code: &Code, invocation: &Invocation<'_>) -> bool {
    let words: Vec<&str> = invocation.args.iter().map(Word::text).collect();

    match (invocation.program, words.as_slice()) {
        ("gh" | "hub", ["pr", "checkout", ..]) => true,
        (
            "git",
            [
                "fetch" | "checkout" | "pull" | "switch" | "clone" | "worktree" | "merge",
                ..,
            ],
        ) => {
            let location = code.location(invocation.span());
            let has_expression = step_expressions(site).any(|expression| {
                location.span.contains(expression.location.span)
                    && names_head(site, expression, DEPTH)
            });

            has_expression
                || words.iter().any(|word| {
                    variable_is_head(site, step, word)
                        || word.starts_with("pull/")
                        || word.contains("refs/pull/")
                })
        }
        _ => false,
    }
}

/// Whether a word reads a variable of the step that names an outside user's commit.
fn variable_is_head(site: Site, step: &Step, word: &str) -> bool {
    step.env.iter().any(|variable| {
        let name = variable.name.value.as_str();
        let is_read = word.contains(&format!("${name}")) || word.contains(&format!("${{{name}}}"));

        is_read
            && variable
                .value
                .location()
                .is_some_and(|location| place_names_head(site, location, DEPTH))
    })
}

fn names_head(site: Site, expression: &Expression, depth: u32) -> bool {
    depth > 0
        && (expression
            .flows()
            .iter()
            .any(|access| access_is_head(site, access, depth))
            || expression.text.contains("refs/pull/"))
}

/// Whether an expression inside a place names an outside user's commit.
fn place_names_head(site: Site, location: Location, depth: u32) -> bool {
    site.workflow
        .expressions_in(location)
        .any(|expression| names_head(site, expression, depth))
}

fn access_is_head(site: Site, access: &Access, depth: u32) -> bool {
    let path = access.path();
    if HEADS.contains(&path.as_str()) {
        return true;
    }

    match (
        access.part(0),
        access.part(1),
        access.part(2),
        access.part(3),
    ) {
        ("env", name, "", "") => env_is_head(site, name, depth),
        ("needs", id, "outputs", output) => needed_output_is_head(site, id, output, depth),
        ("steps", id, "outputs", output) => {
            let Some(job) = site.job() else { return false };

            job.step_index(id)
                .is_some_and(|step| output_is_head(&job.steps[step], output))
        }
        _ => false,
    }
}

/// Whether the variable that applies at a site names an outside user's commit.
fn env_is_head(site: Site, name: &str, depth: u32) -> bool {
    let step_env = site.step().map_or(&[][..], |step| &step.env);
    let job_env = site.job().map_or(&[][..], |job| &job.env);
    let variable = step_env
        .iter()
        .chain(job_env)
        .chain(&site.workflow.env)
        .find(|variable| variable.name.value.eq_ignore_ascii_case(name));

    variable
        .and_then(|variable| variable.value.location())
        .is_some_and(|location| place_names_head(site, location, depth - 1))
}

/// Whether the output of another job names an outside user's commit.
fn needed_output_is_head(site: Site, id: &str, output: &str, depth: u32) -> bool {
    let workflow = site.workflow;
    let Some(index) = workflow.job_index(id) else {
        return false;
    };

    let output = workflow.jobs[index]
        .outputs
        .iter()
        .find(|candidate| candidate.name.value.eq_ignore_ascii_case(output));

    output
        .and_then(|output| output.value.location())
        .is_some_and(|location| {
            place_names_head(Site::of_job(workflow, index), location, depth - 1)
        })
}

/// Actions whose outputs name the head of a pull request.
const HEAD_ACTIONS: &[&str] = &[
    "pull-request-comment-branch",
    "get-current-pr",
    "resolve-pr-refs",
    "get-workflow-origin",
    "octokit/request-action",
    "find-current-pr",
    "pr-info",
];

/// Parts of JavaScript that look up the head of a pull request.
const HEAD_CALLS: &[&str] = &[
    "pulls.get",
    "pull_request.head",
    "head.sha",
    "head.ref",
    "workflow_run.head",
];

/// Parts of shell scripts that look up the head of a pull request.
const HEAD_QUERIES: &[&str] = &[
    "headRefOid",
    "headRefName",
    ".head.sha",
    ".head.ref",
    "pull_request.head",
    "workflow_run.head",
    "github.head_ref",
    "refs/pull/",
];

/// Whether a step looks up the head of a pull request and passes it on in an output.
fn output_is_head(step: &Step, output: &str) -> bool {
    let output = output.to_ascii_lowercase();
    let announces_head = ["head", "sha", "ref", "branch", "commit", "result", "data"]
        .iter()
        .any(|word| output.contains(word));
    if !announces_head || output.contains("base") {
        return false;
    }

    let Some(action) = step.action() else {
        return step
            .run
            .as_ref()
            .is_some_and(|code| HEAD_QUERIES.iter().any(|query| code.text.contains(query)));
    };

    let script = script_input(step);
    HEAD_CALLS.iter().any(|call| script.contains(call))
        || HEAD_ACTIONS
            .iter()
            .any(|known| action.name().contains(known))
}

/// The text of a step's input `script`; empty where there is none.
pub fn script_input(step: &Step) -> &str {
    match step.input("script").map(|script| &script.value) {
        Some(EnvValue::Literal(script)) => &script.value,
        Some(EnvValue::Template { written, .. }) => &written.value,
        _ => "",
    }
}
