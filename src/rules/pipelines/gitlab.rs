//! `deploy-needs-tests`, `deploy-guard`, `deploy-environment`, `deploy-concurrency` and
//! `ignored-failure` in GitLab pipelines.

use super::deploys::{overlapping, without_environment};
use super::ignored_failure::{gate_of, ignored_gate, report_commands};
use super::shipping::{is_gate, is_gated_in_job, is_test, ships, verb};
use crate::analysis::Analysis;
use crate::analysis::job_work::job_work;
use crate::analysis::pipelines::is_trial;
use crate::finding::{Finding, Sink};
use crate::model::id::IdVec;
use crate::model::workflow::gitlab::{
    BranchFilter, GitlabJob, GitlabPipeline, PipelineId, Start, Tolerance, Waits,
};
use crate::model::workflow::{Evidence, Job, JobId, Purpose, command_purposes, job_purposes};
use crate::source::Location;

/// `deploy-needs-tests`
pub fn needs_tests(ctx: &Analysis, sink: &mut Sink) {
    for pipeline in ctx.facts.gitlab_pipelines.ids() {
        report_untested(ctx, pipeline, sink);
    }
}

fn report_untested(ctx: &Analysis, id: PipelineId, sink: &mut Sink) {
    let pipeline = &ctx.facts.gitlab_pipelines[id];
    let shipping: Vec<(&Job, Evidence)> = shipping_jobs(pipeline)
        .filter(|(job, _)| {
            !matches!(
                pipeline.jobs[job.index].start,
                Start::Manual | Start::OnFailure
            )
        })
        .collect();
    if shipping.is_empty() {
        return;
    }

    let tests = first_tests(ctx, id);
    let gates = Gates::of(ctx, id);

    for (job, evidence) in shipping {
        let Some(missing) = gates.missing(ctx, job, &evidence) else {
            continue;
        };

        // Images are pushed to be tested, too.
        let is_push = evidence.purpose == Purpose::Push;
        if is_push && (tests.is_none() || gates.is_tested_later(job.index)) {
            continue;
        }

        // What the repository does not hold may be the tests.
        if tests.is_none() && !is_all_known(ctx, pipeline) {
            continue;
        }

        sink.report(untested(job, &evidence, missing, tests));
    }
}

/// Why a failed test does not stop a job.
#[derive(Clone, Copy)]
enum Missing {
    /// `when: always`
    RunsAlways(Location),
    /// It does not wait for a job that fails if tests fail.
    NoGate,
}

fn untested(job: &Job, shipping: &Evidence, missing: Missing, tests: Option<Location>) -> Finding {
    let verb = verb(shipping.purpose);
    let id = &job.id.value;

    let (location, message) = match missing {
        Missing::RunsAlways(location) => (
            location,
            format!("job `{id}` {verb} even if the tests before it failed"),
        ),
        Missing::NoGate => (
            shipping.location,
            format!("job `{id}` {verb} without waiting for tests"),
        ),
    };
    let finding = Finding::new(location, message).anchor(job.id.location);

    match (missing, tests) {
        (Missing::RunsAlways(_), Some(tests)) => finding
            .label("`always` ignores failed jobs")
            .related(shipping.location, format!("{verb} here"))
            .related(tests, "tests run here")
            .help("use `when: on_success`"),
        (_, Some(tests)) => finding
            .label(format!("{verb} even if tests fail"))
            .related(tests, "tests run here")
            .help("move it to a stage after that of the tests, or list the test job in `needs`"),
        (_, None) => finding
            .label(format!("{verb} even if tests fail"))
            .help("add a job that runs tests, in a stage before this one")
            .case("untested"),
    }
}

/// The jobs that deploy, publish or push by themselves, for other than a test.
fn shipping_jobs(pipeline: &GitlabPipeline) -> impl Iterator<Item = (&Job, Evidence)> {
    pipeline
        .workflow
        .jobs
        .iter()
        .filter_map(|job| Some((job, ships(job)?)))
        .filter(|(job, _)| !is_for_test(job))
}

/// Whether what a job deploys is temporary: a trial, or a copy for a branch.
fn is_for_test(job: &Job) -> bool {
    let names_branch = job.environment.is_unknown()
        || job.environment.value().is_some_and(|name| {
            ["review", "preview", "test"]
                .iter()
                .any(|word| name.starts_with(word))
        });
    let uses_tests = job
        .steps
        .iter()
        .filter_map(|step| step.run.as_ref())
        .any(|code| code.text.contains("tests/") || code.text.contains("test/"));

    names_branch || uses_tests || is_trial(job)
}

/// Whether nothing that a pipeline runs is outside of the repository.
fn is_all_known(ctx: &Analysis, pipeline: &GitlabPipeline) -> bool {
    pipeline.is_whole
        && pipeline
            .each_job()
            .all(|(job, extra)| !extra.is_open && !job_work(ctx, &pipeline.workflow, job).is_open)
}

/// The first tests of a pipeline, or of the others.
fn first_tests(ctx: &Analysis, id: PipelineId) -> Option<Location> {
    let pipelines = &ctx.facts.gitlab_pipelines;
    let others = pipelines.ids().filter(|other| *other != id);

    std::iter::once(id)
        .chain(others)
        .flat_map(|id| {
            let pipeline = &pipelines[id];
            let jobs = pipeline.workflow.jobs.iter();
            jobs.flat_map(|job| &job_work(ctx, &pipeline.workflow, job).evidence)
                .filter(|evidence| is_test(evidence))
        })
        .min_by_key(|evidence| evidence.named)
        .map(|evidence| evidence.location)
}

/// What stops the jobs of a pipeline.
struct Gates<'a> {
    pipeline: &'a GitlabPipeline,
    /// Of each job: whether it fails if tests fail, or may do so.
    fails: IdVec<Job, bool>,
    /// Of each job: whether failed tests keep it from running.
    is_gated: IdVec<Job, bool>,
    /// Whether failed tests keep the whole pipeline from starting: it is a child.
    is_gated_by_parent: bool,
}

impl<'a> Gates<'a> {
    fn of(ctx: &'a Analysis, id: PipelineId) -> Self {
        let pipeline = &ctx.facts.gitlab_pipelines[id];
        let fails: IdVec<Job, bool> = pipeline
            .each_job()
            .map(|(job, extra)| extra.may_stop() && may_fail_on_tests(ctx, pipeline, job, extra))
            .collect();
        let is_gated_by_parent = pipeline.parent.is_some_and(|(parent, job)| {
            let gates = Self::of(ctx, parent);
            gates.is_gated_by_parent || gates.is_gated[job]
        });

        let mut gates = Self {
            is_gated: IdVec::with(fails.len(), || false),
            pipeline,
            fails,
            is_gated_by_parent,
        };
        gates.spread();

        gates
    }

    /// Finds the jobs that failed tests keep from running.
    fn spread(&mut self) {
        let mut dependents: IdVec<Job, Vec<JobId>> = IdVec::with(self.fails.len(), Vec::new);
        for (job, extra) in self.pipeline.each_job() {
            if matches!(extra.start, Start::Always(_)) {
                continue;
            }

            for &waited in extra.waits.jobs() {
                if self.pipeline.jobs[waited].may_stop() {
                    dependents[waited].push(job.index);
                }
            }
        }

        let mut open: Vec<JobId> = self.fails.ids().filter(|&job| self.fails[job]).collect();

        while let Some(job) = open.pop() {
            for &dependent in &dependents[job] {
                if !std::mem::replace(&mut self.is_gated[dependent], true) {
                    open.push(dependent);
                }
            }
        }
    }

    /// Why failed tests do not stop what a job ships, if they do not.
    fn missing(&self, ctx: &Analysis, job: &Job, shipping: &Evidence) -> Option<Missing> {
        let extra = &self.pipeline.jobs[job.index];
        if self.is_gated_by_parent
            || self.is_gated[job.index]
            || is_gated_in_job(ctx, &self.pipeline.workflow, job, shipping.location)
        {
            return None;
        }

        if let Start::Always(location) = extra.start {
            return Some(Missing::RunsAlways(location));
        }

        // Jobs that cannot be seen may be among those that it waits for.
        let is_known = match &extra.waits {
            Waits::Stages(_) => self.pipeline.is_whole,
            Waits::Needs(jobs) => !jobs.is_open(),
            Waits::Unknown => false,
        };

        (is_known && extra.start == Start::OnSuccess).then_some(Missing::NoGate)
    }

    /// Whether a job that waits for this one runs tests.
    fn is_tested_later(&self, job: JobId) -> bool {
        self.pipeline
            .each_job()
            .filter(|(later, _)| self.fails[later.index])
            .any(|(_, extra)| extra.waits.jobs().contains(&job))
    }
}

/// Whether a job fails if tests fail, or may do so.
fn may_fail_on_tests(
    ctx: &Analysis,
    pipeline: &GitlabPipeline,
    job: &Job,
    extra: &GitlabJob,
) -> bool {
    if extra.is_open {
        return true;
    }

    if let Some(child) = extra.child {
        let child = &ctx.facts.gitlab_pipelines[child];
        let mut stopping = child.each_job().filter(|(_, extra)| extra.may_stop());

        return extra.depends_on_child
            && (!child.is_whole
                || stopping.any(|(job, extra)| may_fail_on_tests(ctx, child, job, extra)));
    }

    let work = job_work(ctx, &pipeline.workflow, job);
    work.is_open || work.evidence.iter().any(is_gate)
}

/// The jobs that deploy permanently and by themselves.
fn deploys(pipeline: &GitlabPipeline) -> impl Iterator<Item = (&Job, &GitlabJob, Evidence)> {
    shipping_jobs(pipeline)
        .map(|(job, evidence)| (job, &pipeline.jobs[job.index], evidence))
        .filter(|(_, _, evidence)| evidence.purpose == Purpose::Deploy)
}

/// `deploy-guard`
pub fn guard(ctx: &Analysis, sink: &mut Sink) {
    for pipeline in &ctx.facts.gitlab_pipelines {
        if pipeline.is_filtered || pipeline.parent.is_some() {
            continue;
        }

        for (job, extra, evidence) in deploys(pipeline) {
            let starts_itself = matches!(extra.start, Start::OnSuccess | Start::Always(_));
            if !starts_itself
                || extra.branches != BranchFilter::Any
                || !job.environment.is_absent()
                || checks_branch(job)
            {
                continue;
            }

            sink.report(
                Finding::new(
                    evidence.location,
                    format!("job `{}` deploys on a push to any branch", job.id.value),
                )
                .help("add `rules: [{ if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH }]` to the job")
                .anchor(job.id.location),
            );
        }
    }
}

/// Whether a script of the job asks for the branch.
fn checks_branch(job: &Job) -> bool {
    const VARIABLES: &[&str] = &[
        "CI_COMMIT_BRANCH",
        "CI_COMMIT_REF",
        "CI_COMMIT_TAG",
        "CI_DEFAULT",
    ];

    job.steps
        .iter()
        .filter_map(|step| step.run.as_ref())
        .any(|code| VARIABLES.iter().any(|name| code.text.contains(name)))
}

/// `deploy-environment`
pub fn environment(ctx: &Analysis, sink: &mut Sink) {
    for pipeline in &ctx.facts.gitlab_pipelines {
        for (job, extra, evidence) in deploys(pipeline) {
            if !job.environment.is_absent() || extra.is_open {
                continue;
            }

            sink.report(without_environment(job, &evidence).help(
                "add `environment: production`, which shows what is deployed, and can be \
                     protected",
            ));
        }
    }
}

/// `deploy-concurrency`. Of jobs with an environment, GitLab keeps older ones from finishing last.
pub fn concurrency(ctx: &Analysis, sink: &mut Sink) {
    for pipeline in &ctx.facts.gitlab_pipelines {
        for (job, extra, evidence) in deploys(pipeline) {
            if !job.environment.is_absent() || !job.concurrency.is_absent() || extra.is_open {
                continue;
            }

            sink.report(
                overlapping(job, &evidence).help("add `resource_group: production` to the job"),
            );
        }
    }
}

/// `ignored-failure`
pub fn ignored_failure(ctx: &Analysis, sink: &mut Sink) {
    for pipeline in &ctx.facts.gitlab_pipelines {
        for (job, extra) in pipeline.each_job() {
            let (steps, after) = job.steps.split_at(extra.first_after);
            let gate = steps.iter().find_map(gate_of);

            match (&extra.tolerance, gate) {
                (Tolerance::Continues(location), Some(evidence))
                    if !is_required_elsewhere(pipeline, job, evidence.purpose) =>
                {
                    sink.report(ignored_gate(*location, &evidence));
                }
                // Most programs end with 1 if they have found something.
                (Tolerance::ExitCodes(codes), Some(evidence)) => {
                    if let Some(code) = codes.iter().find(|code| code.value == "1") {
                        sink.report(ignored_gate(code.location, &evidence));
                    }
                }
                _ => {}
            }

            for step in steps {
                report_commands(job, step, sink);
            }

            for evidence in after.iter().filter_map(gate_of) {
                sink.report(
                    Finding::new(
                        evidence.location,
                        "GitLab ignores failures in `after_script`",
                    )
                    .help("move it to `script`"),
                );
            }
        }
    }
}

/// Whether another job with the same purpose, and a command of the same program, must succeed:
/// this one tries what is not supported yet.
fn is_required_elsewhere(pipeline: &GitlabPipeline, job: &Job, purpose: Purpose) -> bool {
    let programs = gate_programs(job, purpose);

    pipeline
        .each_job()
        .filter(|(other, extra)| other.index != job.index && extra.tolerance == Tolerance::Stops)
        .filter(|(other, _)| {
            job_purposes(other)
                .iter()
                .any(|evidence| evidence.purpose == purpose && !evidence.named)
        })
        .any(|(other, _)| {
            gate_programs(other, purpose)
                .iter()
                .any(|program| programs.contains(program))
        })
}

/// The programs of a job that have a purpose.
fn gate_programs(job: &Job, purpose: Purpose) -> Vec<String> {
    job.steps
        .iter()
        .filter_map(|step| step.run.as_ref())
        .flat_map(|code| code.script().invocations())
        .filter(|invocation| {
            command_purposes(invocation)
                .iter()
                .any(|(found, named)| *found == purpose && !named)
        })
        .map(|invocation| invocation.program.to_owned())
        .collect()
}
