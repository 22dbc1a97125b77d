//! Where a workflow checks out code that a contributor without write access has written.

use crate::model::workflow::{Access, Expression, Job, Step, Workflow};
use crate::source::Location;

/// How far a reference is followed through outputs and variables.
const DEPTH: u32 = 5;

/// Events that run with secrets although a stranger's pull request, comment or run started them.
pub const EVENTS: &[&str] = &[
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

/// An expression's site: its workflow, job and step.
#[derive(Clone, Copy, Debug)]
pub struct Site<'w> {
    pub workflow: &'w Workflow,
    pub job: Option<usize>,
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

    pub(super) fn job(self) -> Option<&'w Job> {
        self.workflow.jobs.get(self.job?)
    }

    pub(super) fn step(self) -> Option<&'w Step> {
        self.job()?.steps.get(self.step?)
    }
}

/// Where a step checks out what a stranger has written, if it does.
pub fn untrusted_checkout_of(workflow: &Workflow, step: &Step) -> Option<Location> {
    let (at, job) = workflow
        .jobs
        .iter()
        .enumerate()
        .find(|(_, job)| job.steps.iter().any(|found| std::ptr::eq(found, step)))?;
    let number = job
        .steps
        .iter()
        .position(|found| std::ptr::eq(found, step))?;
    let privileged = workflow
        .triggers
        .iter()
        .any(|trigger| EVENTS.contains(&trigger.event.value.as_str()));
    untrusted_code_at(Site {
        workflow,
        job: Some(at),
        step: Some(number),
    })
    .filter(|_| privileged)
}

pub fn untrusted_code_at(site: Site) -> Option<Location> {
    let job = &site.workflow.jobs[site.job?];
    let step = &job.steps[site.step?];
    if step.is_disabled() || job.is_disabled() {
        return None;
    }

    let of_step = || {
        site.workflow
            .expressions_of(site.job.unwrap_or_default())
            .filter(|found| found.step == site.step)
    };

    if let Some(action) = step.action() {
        let input = |found: &&Expression| {
            found.keys.len() > 2 && found.keys[found.keys.len() - 2] == "with"
        };

        if action.name() == "actions/checkout" {
            let named = of_step()
                .filter(input)
                .filter(|found| matches!(found.key(), "ref" | "repository"));
            return named
                .into_iter()
                .find(|found| names_head(site, found, DEPTH) || is_pull(site, found))
                .map(|found| found.location);
        }

        return None;
    }

    let code = step.run.as_ref()?;

    for invocation in code.script().invocations() {
        let words: Vec<&str> = invocation
            .args
            .iter()
            .map(crate::syntax::shell::Word::text)
            .collect();
        let location = code.location(invocation.span());
        let is_head = || {
            let within = of_step().filter(|found| location.span.contains(found.location.span));
            let named = within
                .into_iter()
                .any(|found| names_head(site, found, DEPTH));
            named
                || words.iter().any(|word| variable_is_head(site, step, word))
                || words
                    .iter()
                    .any(|word| word.starts_with("pull/") || word.contains("refs/pull/"))
        };

        match (invocation.program, words.as_slice()) {
            ("gh" | "hub", ["pr", "checkout", ..]) => return Some(location),
            (
                "git",
                [
                    "fetch" | "checkout" | "pull" | "switch" | "clone" | "worktree" | "merge",
                    ..,
                ],
            ) if is_head() => {
                return Some(location);
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
        reads
            && variable
                .value
                .location()
                .is_some_and(|location| inside(site, location, DEPTH))
    })
}

/// Whether the expression is the number in `refs/pull/…/merge`.
fn is_pull(site: Site, expression: &Expression) -> bool {
    let step = site.workflow.jobs[expression.job.unwrap_or_default()]
        .steps
        .get(expression.step.unwrap_or_default());
    let input = step.and_then(|step| step.input("ref"));
    matches!(input.map(|input| &input.value), Some(crate::model::env::EnvValue::Template { written, .. }) if written.value.contains("refs/pull/") || written.value.starts_with("pull/"))
}

fn names_head(site: Site, expression: &Expression, depth: u32) -> bool {
    depth > 0
        && (expression
            .flows()
            .iter()
            .any(|access| access_is_head(site, access, depth))
            || expression.text.contains("refs/pull/"))
}

fn access_is_head(site: Site, access: &Access, depth: u32) -> bool {
    let path = access.path();
    if HEADS.contains(&path.as_str()) {
        return true;
    }

    let workflow = site.workflow;
    match (
        access.part(0),
        access.part(1),
        access.part(2),
        access.part(3),
    ) {
        ("env", name, "", "") => {
            let job = site.job.map(|job| &workflow.jobs[job]);
            let step = job
                .zip(site.step)
                .and_then(|(job, step)| job.steps.get(step));
            let step_env = step.map_or(&[][..], |step| &step.env);
            let job_env = job.map_or(&[][..], |job| &job.env);
            let found = step_env
                .iter()
                .chain(job_env)
                .chain(&workflow.env)
                .find(|found| found.name.value.eq_ignore_ascii_case(name));
            found
                .and_then(|found| found.value.location())
                .is_some_and(|location| inside(site, location, depth - 1))
        }
        ("needs", id, "outputs", output) => {
            let Some(at) = workflow
                .jobs
                .iter()
                .position(|job| job.id.value.eq_ignore_ascii_case(id))
            else {
                return false;
            };

            let given = workflow.jobs[at]
                .outputs
                .iter()
                .find(|given| given.name.value.eq_ignore_ascii_case(output));
            let location = given.and_then(|given| given.value.location());
            location.is_some_and(|location| {
                inside(
                    Site {
                        workflow,
                        job: Some(at),
                        step: None,
                    },
                    location,
                    depth - 1,
                )
            })
        }
        ("steps", id, "outputs", output) => {
            let Some(job) = site.job.map(|job| &workflow.jobs[job]) else {
                return false;
            };

            let step = job.steps.iter().find(|step| {
                step.id
                    .as_ref()
                    .is_some_and(|found| found.value.eq_ignore_ascii_case(id))
            });

            step.is_some_and(|step| output_is_head(step, output))
        }
        _ => false,
    }
}

/// Whether a step looks a pull request's head up and hands it on.
fn output_is_head(step: &Step, output: &str) -> bool {
    let output = output.to_ascii_lowercase();
    let says_head = ["head", "sha", "ref", "branch", "commit", "result", "data"]
        .iter()
        .any(|word| output.contains(word))
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
            [
                "pulls.get",
                "pull_request.head",
                "head.sha",
                "head.ref",
                "workflow_run.head",
            ]
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
    step.run
        .as_ref()
        .is_some_and(|code| asks.iter().any(|ask| code.text.contains(ask)))
}

fn inside(site: Site, location: Location, depth: u32) -> bool {
    site.workflow
        .expressions_in(location)
        .any(|found| names_head(site, found, depth))
}
