//! GitLab pipelines, joined from their files.

use super::super::definition::Workflow;
use super::super::evidence::Evidence;
use super::super::jobs::{Job, JobId};
use crate::model::Many;
use crate::model::id::{Id, IdVec};
use crate::source::{FileId, Located, Location};

/// The number of a pipeline of GitLab in the repository.
pub type PipelineId = Id<GitlabPipeline>;

/// A pipeline of GitLab with everything that its files include.
#[derive(Debug)]
pub struct GitlabPipeline {
    /// Its jobs. What they need is in [`GitlabJob::waits`].
    pub workflow: Workflow,
    pub jobs: IdVec<Job, GitlabJob>,
    /// Its files, in the order in which they are included.
    pub files: Vec<FileId>,
    /// What the included templates of GitLab do.
    pub template_work: Vec<Evidence>,
    /// Whether no part of it is outside of the repository.
    pub is_whole: bool,
    /// Whether `workflow: rules` decides when there is a pipeline at all.
    pub is_filtered: bool,
    /// The pipeline and the job that start it; of a child pipeline.
    pub parent: Option<(PipelineId, JobId)>,
}

/// What a job of GitLab has beside what every job has.
#[derive(Debug)]
pub struct GitlabJob {
    pub start: Start,
    pub tolerance: Tolerance,
    pub waits: Waits,
    pub branches: BranchFilter,
    /// The number of the first step that runs after the script and whose failure is ignored.
    pub first_after: usize,
    /// Whether it starts pipelines that are not in the repository, or takes a part of its script
    /// from a place that is not known.
    pub is_open: bool,
    /// Whether it fails if the child pipeline that it starts fails.
    pub depends_on_child: bool,
    /// The child pipeline that it starts.
    pub child: Option<PipelineId>,
}

/// When a job starts, if it is in the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// When the jobs that it waits for have succeeded.
    OnSuccess,
    /// Whatever has become of them: the place of `when: always`.
    Always(Location),
    OnFailure,
    /// When a person starts it.
    Manual,
    Unknown,
}

/// Whether the pipeline continues if a job fails.
#[derive(Clone, Debug, PartialEq)]
pub enum Tolerance {
    Stops,
    /// It continues: the place that says so.
    Continues(Location),
    /// It continues after these statuses.
    ExitCodes(Vec<Located<String>>),
    /// A manual job without `allow_failure` holds nothing up.
    Optional,
    Unknown,
}

/// The jobs that a job waits for.
#[derive(Clone, Debug, PartialEq)]
pub enum Waits {
    /// All jobs of earlier stages.
    Stages(Vec<JobId>),
    /// Those under `needs`.
    Needs(Many<JobId>),
    Unknown,
}

impl Waits {
    /// The known jobs.
    pub fn jobs(&self) -> &[JobId] {
        match self {
            Self::Stages(jobs) => jobs,
            Self::Needs(jobs) => jobs,
            Self::Unknown => &[],
        }
    }
}

/// The branches whose pushes a job runs for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BranchFilter {
    /// All of them.
    Any,
    /// Some, or it cannot be known.
    Some,
}

impl GitlabPipeline {
    /// The jobs, each with what only GitLab has.
    pub fn each_job(&self) -> impl Iterator<Item = (&Job, &GitlabJob)> {
        self.workflow.jobs.iter().zip(&self.jobs)
    }
}

impl GitlabJob {
    /// Whether its failure stops the jobs that wait for it, as far as is known.
    pub const fn may_stop(&self) -> bool {
        !matches!(
            self.tolerance,
            Tolerance::Continues(_) | Tolerance::Optional
        )
    }
}
