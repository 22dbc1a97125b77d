//! A workflow as a whole: its triggers, its jobs and what they need.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::expression::Expression;
use super::jobs::{ImageBuild, Job, JobId, Permissions, Secrets, first_ids};
use crate::model::Setting;
use crate::model::env::EnvVar;
use crate::model::id::{Id, IdVec};
use crate::source::{FileId, Located, Location};

/// The number of a workflow or an action in the repository.
pub type WorkflowId = Id<Workflow>;

/// A workflow file or an action.
#[derive(Debug, Default)]
pub struct Workflow {
    pub id: WorkflowId,
    pub file: FileId,
    /// The first key of the file.
    pub location: Location,
    pub name: Option<Located<String>>,
    /// Events under `on`.
    pub triggers: Vec<Trigger>,
    /// Inputs of `workflow_dispatch`, `workflow_call` and actions.
    pub inputs: Vec<Input>,
    /// Names under `on.workflow_call.outputs`.
    pub outputs: Vec<Located<String>>,
    /// Names under `on.workflow_call.secrets`, if that key is there.
    pub secrets: Option<Vec<Located<String>>>,
    pub permissions: Option<Permissions>,
    /// The group.
    pub concurrency: Setting<String>,
    /// `defaults.run.shell`.
    pub shell: Setting<String>,
    /// The key `jobs`.
    pub jobs_key: Option<Location>,
    pub jobs: IdVec<Job>,
    pub env: Vec<EnvVar>,
    /// Every `${{ … }}` and every bare `if`, in the order of the file.
    pub expressions: Vec<Expression>,
    /// An action (`action.yml`) is lowered as a workflow with one job and no triggers.
    pub action: bool,
    /// `runs.using` of an action.
    pub using: Option<Located<String>>,
    /// What `image_builds` has read.
    pub(super) builds: OnceLock<Vec<ImageBuild>>,
    /// Each job by its written id in lower case.
    pub(super) by_id: OnceLock<HashMap<String, JobId>>,
    /// The numbers of the expressions of each job, and of all in the order of their places.
    pub(super) expressions_by_job: OnceLock<IdVec<Job, Vec<usize>>>,
    pub(super) expressions_by_place: OnceLock<Vec<usize>>,
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
    /// Of `workflow_run`.
    pub workflows: Vec<Located<String>>,
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
        Some(&self.jobs[self.job_index(id)?])
    }

    /// The job of this written id; GitHub ignores case.
    pub fn job_index(&self, id: &str) -> Option<JobId> {
        self.by_id
            .get_or_init(|| first_ids(self.jobs.iter().map(|job| (job.index, Some(&job.id)))))
            .get(&id.to_ascii_lowercase())
            .copied()
    }

    /// The jobs that a job names under `needs`.
    pub fn needed_jobs(&self, job: JobId) -> impl Iterator<Item = JobId> {
        self.jobs[job]
            .needs
            .iter()
            .filter_map(|id| self.job_index(&id.value))
    }

    /// The jobs that this one waits for, directly and through others. A circle ends where it
    /// closes.
    pub fn upstream<'w>(&'w self, job: &'w Job) -> Vec<&'w Job> {
        let mut seen: IdVec<Job, bool> = IdVec::with(self.jobs.len(), || false);
        let mut found = Vec::new();
        let mut queue: Vec<&Job> = vec![job];

        while let Some(job) = queue.pop() {
            for needed in job.needs.iter().filter_map(|id| self.job_index(&id.value)) {
                if !std::mem::replace(&mut seen[needed], true) {
                    found.push(&self.jobs[needed]);
                    queue.push(&self.jobs[needed]);
                }
            }
        }

        found
    }

    /// Of each job: whether it waits for a job of this sort, directly and through others. Answers
    /// for all jobs at once what [`Workflow::upstream`] would have to be asked of each.
    pub fn waiting_for(&self, is_sort: impl Fn(&Job) -> bool) -> IdVec<Job, bool> {
        self.least_awaited(|job| is_sort(job).then_some(()))
            .iter()
            .map(Option::is_some)
            .collect()
    }

    /// Of each job: the least key of the jobs that it waits for, directly and through others.
    pub fn least_awaited<K: Copy + Ord>(
        &self,
        key: impl Fn(&Job) -> Option<K>,
    ) -> IdVec<Job, Option<K>> {
        let dependents = self.dependents();
        self.spread(key, |job| dependents[job].iter().copied())
    }

    /// Of each job: whether a job of this sort waits for it, directly and through others.
    pub fn awaited_by(&self, is_sort: impl Fn(&Job) -> bool) -> IdVec<Job, bool> {
        let found = self.spread(
            |job| is_sort(job).then_some(()),
            |job| self.needed_jobs(job),
        );
        found.iter().map(Option::is_some).collect()
    }

    /// Of each job: the jobs that name it under `needs`.
    fn dependents(&self) -> IdVec<Job, Vec<JobId>> {
        let mut dependents: IdVec<Job, Vec<JobId>> = IdVec::with(self.jobs.len(), Vec::new);

        for job in self.jobs.ids() {
            for needed in self.needed_jobs(job) {
                dependents[needed].push(job);
            }
        }

        dependents
    }

    /// The least key of the jobs from which `next` leads to each job, in one step or more.
    fn spread<K: Copy + Ord, I: Iterator<Item = JobId>>(
        &self,
        key: impl Fn(&Job) -> Option<K>,
        next: impl Fn(JobId) -> I,
    ) -> IdVec<Job, Option<K>> {
        let mut sources: Vec<(K, JobId)> = self
            .jobs
            .iter()
            .filter_map(|job| Some((key(job)?, job.index)))
            .collect();
        sources.sort_unstable();

        // The least key comes first, so that no job is reached twice.
        let mut reached: IdVec<Job, Option<K>> = IdVec::with(self.jobs.len(), || None);

        for (key, source) in sources {
            let mut open = vec![source];

            while let Some(job) = open.pop() {
                for other in next(job) {
                    if reached[other].is_none() {
                        reached[other] = Some(key);
                        open.push(other);
                    }
                }
            }
        }

        reached
    }

    /// The jobs that may wait for themselves: those that are left when jobs that need none of the
    /// others are taken out, one after the other.
    pub fn circling(&self) -> Vec<JobId> {
        let dependents = self.dependents();
        let mut needs: IdVec<Job, usize> = self
            .jobs
            .ids()
            .map(|job| self.needed_jobs(job).count())
            .collect();
        let mut free: Vec<JobId> = needs.ids().filter(|&job| needs[job] == 0).collect();

        while let Some(job) = free.pop() {
            for &dependent in &dependents[job] {
                needs[dependent] -= 1;
                if needs[dependent] == 0 {
                    free.push(dependent);
                }
            }
        }

        needs.ids().filter(|&job| needs[job] > 0).collect()
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
    pub fn expressions_of(&self, job: JobId) -> impl Iterator<Item = &Expression> {
        let by_job = self.expressions_by_job.get_or_init(|| {
            let mut by_job: IdVec<Job, Vec<usize>> = IdVec::with(self.jobs.len(), Vec::new);

            for (index, expression) in self.expressions.iter().enumerate() {
                if let Some(job) = expression.job {
                    by_job[job].push(index);
                }
            }

            by_job
        });

        by_job
            .get(job)
            .into_iter()
            .flatten()
            .map(|&index| &self.expressions[index])
    }

    /// The expressions inside a place, in their order.
    pub fn expressions_in(&self, location: Location) -> impl Iterator<Item = &Expression> {
        let sorted = self.expressions_by_place.get_or_init(|| {
            let mut sorted: Vec<usize> = (0..self.expressions.len()).collect();
            sorted.sort_by_key(|index| self.expression_start(*index));
            sorted
        });

        let (start, end) = (location.span.start, location.span.end);
        let first =
            sorted.partition_point(|index| self.expression_start(*index) < (location.file, start));
        let mut inside: Vec<usize> = sorted[first..]
            .iter()
            .copied()
            .take_while(|index| self.expression_start(*index) <= (location.file, end))
            .filter(|&index| {
                location
                    .span
                    .contains(self.expressions[index].location.span)
            })
            .collect();
        inside.sort_unstable();

        inside.into_iter().map(|index| &self.expressions[index])
    }

    fn expression_start(&self, index: usize) -> (FileId, u32) {
        let location = self.expressions[index].location;
        (location.file, location.span.start)
    }
}
