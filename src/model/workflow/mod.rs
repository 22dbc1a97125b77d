//! Facts of GitHub workflows and actions: what triggers them, what each job may do, and what each
//! step says.
//!
//! Lowering takes any shape: what is missing is missing, what is of the wrong type is left out
//! (`invalid-workflow` says so from the tree). Nothing here judges.

mod action;
mod credentials;
mod expression;
mod image_build;
mod lower;
mod purpose;
mod value;

pub use action::ActionRef;
pub use expression::{Access, Expression};
pub use image_build::{ImageBuild, image_builds};
pub use lower::workflow;
pub use purpose::{Evidence, Purpose, command_purposes, job_purposes, step_purposes};

use std::sync::OnceLock;

use super::env::EnvVar;
use super::image::ImageUse;
use super::{Code, Setting};
use crate::source::{FileId, Located, Location};

/// A workflow file or an action.
#[derive(Debug, Default)]
pub struct Workflow {
    pub file: FileId,
    /// The first key of the file.
    pub location: Location,
    pub name: Option<Located<String>>,
    /// Events under `on`.
    pub triggers: Vec<Trigger>,
    /// Inputs of `workflow_dispatch`, `workflow_call` and actions.
    pub inputs: Vec<Input>,
    pub permissions: Option<Permissions>,
    /// The group.
    pub concurrency: Setting<String>,
    /// `defaults.run.shell`.
    pub shell: Setting<String>,
    pub jobs: Vec<Job>,
    pub env: Vec<EnvVar>,
    /// Every `${{ … }}` and every bare `if`, in the order of the file.
    pub expressions: Vec<Expression>,
    /// An action (`action.yml`) is lowered as a workflow with one job and no triggers.
    pub action: bool,
    /// `runs.using` of an action.
    pub using: Option<Located<String>>,
    /// What `image_builds` has read.
    builds: OnceLock<Vec<ImageBuild>>,
}

/// An event under `on`.
#[derive(Debug, Clone)]
pub struct Trigger {
    pub event: Located<String>,
    pub types: Vec<Located<String>>,
    pub branches: Vec<Located<String>>,
    pub branches_ignore: Vec<Located<String>>,
    pub tags: Vec<Located<String>>,
    pub tags_ignore: Vec<Located<String>>,
    pub paths: Vec<Located<String>>,
    pub paths_ignore: Vec<Located<String>>,
    /// Of `workflow_run`.
    pub workflows: Vec<Located<String>>,
    /// Of `schedule`.
    pub crons: Vec<Located<String>>,
}

/// An input of a workflow or an action.
#[derive(Debug, Clone)]
pub struct Input {
    pub name: Located<String>,
    /// `workflow_dispatch`, `workflow_call`, or empty for an action.
    pub event: &'static str,
    /// `string` unless written otherwise.
    pub kind: String,
}

/// A `permissions` key.
#[derive(Debug, Clone)]
pub struct Permissions {
    pub key: Location,
    pub value: Location,
    pub grant: Grant,
}

#[derive(Debug, Clone)]
pub enum Grant {
    ReadAll,
    WriteAll,
    /// Scope and access, as written; none for `{}`.
    Scopes(Vec<(Located<String>, Located<String>)>),
    /// Neither a known word nor a mapping.
    Unknown,
}

/// How a job hands secrets to a reusable workflow.
#[derive(Debug, Clone, Default)]
pub enum Secrets {
    #[default]
    None,
    Inherit(Location),
    Passed(Vec<EnvVar>),
}

/// `strategy.matrix`.
#[derive(Debug, Clone, Default)]
pub struct Matrix {
    /// A part of it comes from an expression, so there may be more names and values.
    pub open: bool,
    pub axes: Vec<Axis>,
}

/// One name of a matrix, with the values of its row and of `include`.
#[derive(Debug, Clone)]
pub struct Axis {
    pub name: Located<String>,
    /// Scalars, those inside of nested values too.
    pub values: Vec<Located<String>>,
}

/// A job; of an action, all there is.
#[derive(Debug)]
pub struct Job {
    pub id: Located<String>,
    pub name: Option<Located<String>>,
    pub needs: Vec<Located<String>>,
    /// `uses:` of a reusable workflow.
    pub uses: Option<Located<String>>,
    /// `with:` of a reusable workflow.
    pub with: Vec<EnvVar>,
    pub secrets: Secrets,
    pub condition: Option<Located<String>>,
    /// Labels of `runs-on`.
    pub runs_on: Vec<Located<String>>,
    pub environment: Setting<String>,
    pub permissions: Option<Permissions>,
    pub concurrency: Setting<String>,
    pub timeout: Setting<String>,
    pub continue_on_error: Setting<bool>,
    /// `defaults.run.shell`.
    pub shell: Setting<String>,
    pub matrix: Option<Matrix>,
    pub outputs: Vec<EnvVar>,
    pub env: Vec<EnvVar>,
    /// `container.credentials` and those of services.
    pub credentials: Vec<EnvVar>,
    pub images: Vec<ImageUse>,
    pub steps: Vec<Step>,
    /// What the job is for, found once: see [`job_purposes`].
    purposes: OnceLock<Vec<Evidence>>,
}

/// One step.
#[derive(Debug)]
pub struct Step {
    /// Index in `steps` and, inside of a `parallel` group, in the group.
    position: (usize, Option<usize>),
    /// Its first key.
    pub location: Location,
    pub id: Option<Located<String>>,
    pub name: Option<Located<String>>,
    pub uses: Option<Located<String>>,
    pub run: Option<Code>,
    /// Its own, else its job's or workflow's default.
    pub shell: Setting<String>,
    pub working_directory: Setting<String>,
    pub condition: Option<Located<String>>,
    pub env: Vec<EnvVar>,
    pub with: Vec<EnvVar>,
    /// Literals that commands of `run` are given by name: `-e X=y`, `login -p`, `export X=y`.
    pub arguments: Vec<EnvVar>,
    pub continue_on_error: Setting<bool>,
    pub timeout: Setting<String>,
    /// What the step is for, found once: see [`step_purposes`].
    pub(super) purposes: OnceLock<Vec<Evidence>>,
}

impl Workflow {
    /// The trigger of this event.
    pub fn trigger(&self, event: &str) -> Option<&Trigger> {
        self.triggers
            .iter()
            .find(|trigger| trigger.event.value == event)
    }

    /// Whether it starts on no other event than these.
    pub fn only_on(&self, events: &[&str]) -> bool {
        !self.triggers.is_empty()
            && self
                .triggers
                .iter()
                .all(|trigger| events.contains(&trigger.event.value.as_str()))
    }

    pub fn job(&self, id: &str) -> Option<&Job> {
        self.jobs
            .iter()
            .find(|job| job.id.value.eq_ignore_ascii_case(id))
    }

    /// The jobs that this one waits for, directly and through others. A circle ends where it
    /// closes.
    pub fn upstream<'w>(&'w self, job: &'w Job) -> Vec<&'w Job> {
        let mut found: Vec<&Job> = Vec::new();
        let mut queue: Vec<&Job> = vec![job];

        while let Some(job) = queue.pop() {
            for needed in job.needs.iter().filter_map(|id| self.job(&id.value)) {
                if !found.iter().any(|seen| std::ptr::eq(*seen, needed)) {
                    found.push(needed);
                    queue.push(needed);
                }
            }
        }

        found
    }

    /// Every variable of the file: `env` at all levels, inputs of steps and calls, container
    /// credentials, literals that commands are given by name.
    pub fn variables(&self) -> impl Iterator<Item = &EnvVar> {
        let jobs = self.jobs.iter().flat_map(|job| {
            let secrets: &[EnvVar] = if let Secrets::Passed(passed) = &job.secrets {
                passed
            } else {
                &[]
            };

            let steps = job
                .steps
                .iter()
                .flat_map(|step| step.env.iter().chain(&step.with).chain(&step.arguments));
            job.env
                .iter()
                .chain(&job.with)
                .chain(secrets)
                .chain(&job.credentials)
                .chain(steps)
        });

        self.env.iter().chain(jobs)
    }

    /// The expressions of one job, its steps included.
    pub fn expressions_of(&self, job: usize) -> impl Iterator<Item = &Expression> {
        self.expressions
            .iter()
            .filter(move |expression| expression.job == Some(job))
    }
}

impl Job {
    /// Whether `if: false` keeps it from ever running.
    pub fn is_disabled(&self) -> bool {
        never(self.condition.as_ref())
    }
}

impl Step {
    /// Whether `if: false` keeps it from ever running.
    pub fn is_disabled(&self) -> bool {
        never(self.condition.as_ref())
    }

    /// The input of this name; GitHub does not tell upper from lower case.
    pub fn input(&self, name: &str) -> Option<&EnvVar> {
        self.with
            .iter()
            .find(|input| input.name.value.eq_ignore_ascii_case(name))
    }

    /// The literal value of an input.
    pub fn input_text(&self, name: &str) -> Option<&str> {
        self.input(name)?
            .value
            .literal()
            .map(|at| at.value.as_str())
    }

    /// The action it uses.
    pub fn action(&self) -> Option<ActionRef<'_>> {
        self.uses.as_ref().map(|uses| ActionRef::parse(&uses.value))
    }

    /// Whether the step runs this action, any version of it.
    pub fn runs_action(&self, name: &str) -> bool {
        self.action()
            .is_some_and(|action| action.name().eq_ignore_ascii_case(name))
    }
}

fn never(condition: Option<&Located<String>>) -> bool {
    condition.is_some_and(|condition| {
        let text = condition.value.trim();
        let text = text
            .strip_prefix("${{")
            .and_then(|rest| rest.strip_suffix("}}"))
            .unwrap_or(text);
        text.trim() == "false"
    })
}
