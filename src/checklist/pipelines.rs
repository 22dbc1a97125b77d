//! What the jobs of all pipelines do, followed once for all items that ask.

use crate::analysis::Analysis;
use crate::analysis::job_work::job_work;
use crate::analysis::pipelines::{is_live, is_pipeline};
use crate::checklist::answer::Answer;
use crate::checklist::places::start_of;
use crate::model::file_kind::FileKind;
use crate::model::workflow::gitlab::{GitlabJob, GitlabPipeline};
use crate::model::workflow::{Evidence, Job, Purpose, Workflow, job_purposes};
use crate::source::{FileId, Location};

/// What the jobs of all pipelines do.
#[derive(Debug, Default)]
pub struct Pipelines<'a> {
    pub work: Vec<Work<'a>>,
    /// A pipeline whose jobs are not read: of another system.
    pub foreign: Option<FileId>,
    /// A part of some job could not be followed.
    pub is_open: bool,
}

/// One thing that a job does.
#[derive(Debug)]
pub struct Work<'a> {
    pub workflow: &'a Workflow,
    pub job: &'a Job,
    pub purpose: Purpose,
    pub place: Location,
    /// Only a name says so.
    pub named: bool,
    /// It is the title of a job or step, about something that titles often mean otherwise.
    is_mere_title: bool,
    /// Of a pipeline of GitLab, what only GitLab has, with the pipeline.
    pub gitlab: Option<(&'a GitlabPipeline, &'a GitlabJob)>,
}

impl<'a> Work<'a> {
    /// What a job of a workflow does by an evidence.
    fn new(ctx: &Analysis, workflow: &'a Workflow, job: &'a Job, evidence: &Evidence) -> Self {
        Self {
            workflow,
            job,
            purpose: evidence.purpose,
            place: evidence.location,
            named: evidence.named,
            is_mere_title: evidence.named
                && is_mere_title(ctx, evidence.purpose, evidence.location),
            gitlab: None,
        }
    }
}

impl<'a> Pipelines<'a> {
    pub fn of(ctx: &Analysis<'a>) -> Self {
        let mut pipelines = Self {
            work: Vec::new(),
            foreign: foreign(ctx),
            is_open: false,
        };

        for workflow in live(ctx) {
            for job in &workflow.jobs {
                if job.is_disabled() {
                    continue;
                }

                let work = job_work(ctx, workflow, job);
                pipelines.is_open |= work.is_open;
                pipelines.work.extend(
                    work.evidence
                        .iter()
                        .map(|evidence| Work::new(ctx, workflow, job, evidence)),
                );
            }
        }

        for pipeline in &ctx.facts.gitlab_pipelines {
            pipelines.add_gitlab(ctx, pipeline);
        }

        pipelines
    }

    fn add_gitlab(&mut self, ctx: &Analysis, pipeline: &'a GitlabPipeline) {
        self.is_open |= !pipeline.is_whole || pipeline.jobs.iter().any(|job| job.is_open);

        for (job, gitlab) in pipeline.each_job() {
            let work = job_purposes(job).into_iter().map(|evidence| Work {
                gitlab: Some((pipeline, gitlab)),
                ..Work::new(ctx, &pipeline.workflow, job, &evidence)
            });
            self.work.extend(work);
        }
    }

    /// The first job that does one of these, rather one that says so by what it runs.
    pub fn first(&self, purposes: &[Purpose]) -> Option<&Work<'a>> {
        let mut fitting: Vec<&Work> = self
            .work
            .iter()
            .filter(|work| purposes.contains(&work.purpose) && !work.is_mere_title)
            .collect();
        fitting.sort_by_key(|work| work.named);

        fitting.first().copied()
    }

    /// Whether a job does one of these.
    pub fn stage(&self, purposes: &[Purpose], does: &str, missing: &str) -> Answer {
        match self.first(purposes) {
            Some(work) => Answer::proven(work.place, format!("job `{}` {does}", work.job.id.value)),
            None => self.absent(missing),
        }
    }

    /// What nothing does, as far as was seen.
    pub fn absent(&self, missing: &str) -> Answer {
        if let Some(file) = self.foreign {
            return Answer::unknown_at(start_of(file), "the jobs of this pipeline are not read");
        }

        if self.is_open {
            return Answer::unknown("what a job calls that is not in this repository");
        }

        match self.work.first() {
            Some(work) => Answer::lacking(work.workflow.location, missing),
            None => Answer::missing(missing),
        }
    }
}

/// Whether only the name of a job or a step says that it scans or evaluates: what it evaluates may
/// be anything.
fn is_mere_title(ctx: &Analysis, purpose: Purpose, location: Location) -> bool {
    if !matches!(
        purpose,
        Purpose::Evaluate | Purpose::ImageScan | Purpose::Sbom
    ) {
        return false;
    }

    let source = ctx.facts.source(location.file);
    let line = source.lines().line(location.span.start);
    let text = source.lines().span(line, &source.text).text(&source.text);
    let text = text.trim().trim_start_matches("- ");

    text.starts_with("name:") || text.ends_with(':')
}

/// The workflows that GitHub runs.
pub fn live<'c, 'a>(ctx: &'c Analysis<'a>) -> impl Iterator<Item = &'a Workflow> + 'c {
    ctx.facts
        .workflows()
        .filter(|workflow| !workflow.action && is_live(ctx, workflow))
}

/// A pipeline of another system.
pub fn foreign(ctx: &Analysis) -> Option<FileId> {
    // Files of GitLab that are joined to a pipeline are read.
    let gitlab = if ctx.facts.gitlab_pipelines.is_empty() {
        ctx.facts.of_kind(FileKind::GitlabCi).next()
    } else {
        None
    };

    gitlab.or_else(|| {
        ctx.facts
            .repository
            .files()
            .iter()
            .find(|file| is_pipeline(&file.path))
            .map(|file| file.id)
    })
}
