//! `deploy-guard`, `deploy-environment`, `deploy-concurrency`, `mutable-image-push`,
//! `rollback-plan`: jobs that deploy or push.

use crate::analysis::Ctx;
use crate::analysis::pipelines::{is_live, is_trial, says_deploy};
use crate::finding::{Finding, Sink};
use crate::model::env::EnvValue;
use crate::model::keywords::Signal;
use crate::model::workflow::{
    Evidence, ImageBuild, Job, Purpose, Step, Workflow, image_builds, step_purposes,
};
use crate::source::{Located, Span};
use crate::syntax::shell::{Invocation, Word};

/// A job that deploys permanently.
struct Deploy<'w> {
    /// The index of the job.
    index: usize,
    job: &'w Job,
    /// The deploying command or action.
    evidence: Evidence,
}

fn deploys<'w>(ctx: &Ctx, workflow: &'w Workflow) -> Vec<Deploy<'w>> {
    if workflow.action
        || !is_live(ctx, workflow)
        || workflow.only_on(&["pull_request", "merge_group"])
    {
        return Vec::new();
    }

    workflow
        .jobs
        .iter()
        .enumerate()
        .filter(|(_, job)| !job.is_disabled())
        .filter_map(|(index, job)| {
            let evidence = deploy_evidence(job)?;
            Some(Deploy {
                index,
                job,
                evidence,
            })
        })
        // Few jobs deploy: only their scripts are searched.
        .filter(|deploy| !is_trial(deploy.job))
        .collect()
}

fn deploy_evidence(job: &Job) -> Option<Evidence> {
    job.steps
        .iter()
        .filter(|step| !step.is_disabled())
        .flat_map(step_purposes)
        .filter(|evidence| evidence.purpose == Purpose::Deploy)
        .find(|evidence| !evidence.on_runner || says_deploy(job))
}

pub fn guard(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    let Some(push) = workflow.trigger("push") else {
        return;
    };

    let filters = [
        &push.branches,
        &push.branches_ignore,
        &push.tags,
        &push.tags_ignore,
    ];
    if filters.iter().any(|filter| !filter.is_empty()) {
        return;
    }

    let waits = workflow.waiting_for(|job| job.condition.as_ref().is_some_and(is_guard));

    for deploy in deploys(ctx, workflow) {
        let job = deploy.job;
        let steps = job.steps.iter().filter_map(|step| step.condition.as_ref());
        let mut conditions = job.condition.iter().chain(steps);
        if !job.environment.is_absent() || waits[deploy.index] || conditions.any(is_guard) {
            continue;
        }

        sink.report(
            Finding::new(
                deploy.evidence.location,
                format!("job `{}` deploys on a push to any branch", job.id.value),
            )
            .related(push.event.location, "triggered by every push")
            .help(
                "list the branches under `on.push.branches`, or add `if: github.ref == \
                    'refs/heads/main'`",
            )
            .anchor(job.id.location),
        );
    }
}

/// Whether a condition may exclude branches.
fn is_guard(condition: &Located<String>) -> bool {
    ["ref", "event_name", "needs.", "branch"]
        .iter()
        .any(|word| condition.value.contains(word))
}

pub fn environment(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    for Deploy { job, evidence, .. } in deploys(ctx, workflow) {
        if !job.environment.is_absent() {
            continue;
        }

        sink.report(
            Finding::new(
                job.id.location,
                format!("job `{}` deploys without an `environment`", job.id.value),
            )
            .related(evidence.location, "deploys here")
            .help(
                "add `environment: production`, which can hold secrets, require reviewers, \
                    and show what is deployed",
            ),
        );
    }
}

pub fn concurrency(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    if !workflow.concurrency.is_absent() {
        return;
    }

    for Deploy { job, evidence, .. } in deploys(ctx, workflow) {
        if !job.concurrency.is_absent() {
            continue;
        }

        sink.report(
            Finding::new(
                job.id.location,
                format!(
                    "job `{}` can run two deploys at once, and the older one may finish last",
                    job.id.value
                ),
            )
            .related(evidence.location, "deploys here")
            .help("add `concurrency: { group: deploy, cancel-in-progress: false }` to the job"),
        );
    }
}

/// A repository that deploys and does not document how to roll back.
pub fn rollback(ctx: &Ctx, sink: &mut Sink) {
    if ctx.facts.env_usage.signals.contains(Signal::Rollback) {
        return;
    }

    let mut deploys = ctx
        .facts
        .workflows()
        .filter(|workflow| !is_demo(ctx.facts.path(workflow.file)))
        .flat_map(|workflow| deploys(ctx, workflow))
        .filter(|deploy| is_certain(ctx, deploy));
    let Some(first) = deploys.next() else {
        return;
    };

    sink.report(
        Finding::new(
            first.evidence.location,
            "no documented way to roll back this deploy",
        )
        .label("deploys here")
        .help(
            "document how to return to the previous release, including migrations, in a \
                runbook or as a manual workflow, and test it once",
        )
        .also_at(deploys.map(|deploy| deploy.evidence.location)),
    );
}

/// Whether a workflow deploys what is simply deployed again: a demo or a preview.
fn is_demo(path: &str) -> bool {
    ["demo", "preview", "docs"]
        .iter()
        .any(|word| path.contains(word))
}

/// Whether a deploy is more than the name of a script, which may package a release for others to
/// deploy.
fn is_certain(ctx: &Ctx, deploy: &Deploy) -> bool {
    !ctx.facts.text(deploy.evidence.location).contains(".sh") || says_deploy(deploy.job)
}

pub fn mutable_image(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    if !is_live(ctx, workflow) {
        return;
    }

    for build in image_builds(workflow)
        .iter()
        .filter(|build| build.pushes && is_mutable(build))
    {
        let Some((job, step)) = builder(workflow, build) else {
            continue;
        };

        if pushes_by_digest(step) || tags_elsewhere(job) {
            continue;
        }

        let tag = &build.tags[0];
        sink.report(
            Finding::new(
                tag.location,
                format!(
                    "only `{}` is pushed, so builds cannot be distinguished",
                    tag.value
                ),
            )
            .related(build.location, "built and pushed here")
            .help("push a unique tag for each build too, such as the commit: `${{ github.sha }}`"),
        );
    }
}

fn pushes_by_digest(step: &Step) -> bool {
    let outputs = match step.input("outputs").map(|input| &input.value) {
        Some(EnvValue::Literal(outputs)) => &outputs.value,
        Some(EnvValue::Template { written, .. }) => &written.value,
        _ => return false,
    };

    outputs.contains("push-by-digest")
}

/// The job and step that build an image.
fn builder<'w>(workflow: &'w Workflow, build: &ImageBuild) -> Option<(&'w Job, &'w Step)> {
    workflow
        .jobs
        .iter()
        .flat_map(|job| job.steps.iter().map(move |step| (job, step)))
        .find(|(_, step)| is_built_by(build, step))
}

fn is_built_by(build: &ImageBuild, step: &Step) -> bool {
    if let Some(uses) = &step.uses
        && uses.location == build.location
    {
        return true;
    }

    step.run.as_ref().is_some_and(|code| {
        let script = code.location(Span::of(0, code.text.len()));
        script.span.contains(build.location.span)
    })
}

/// Whether all tags of an image are those that every build moves.
fn is_mutable(build: &ImageBuild) -> bool {
    !build.tags.is_empty()
        && build.tags.iter().all(|tag| {
            let name = tag.value.rsplit('/').next().unwrap_or(&tag.value);

            match name.rsplit_once(':') {
                Some((_, version)) => matches!(
                    version,
                    "latest" | "dev" | "main" | "master" | "edge" | "nightly"
                ),
                None => !name.contains('$') && !name.contains('{') && !name.contains('@'),
            }
        })
}

/// Whether commands of the job add tags to the image.
fn tags_elsewhere(job: &Job) -> bool {
    job.steps
        .iter()
        .filter_map(|step| step.run.as_ref())
        .flat_map(|code| code.script().invocations())
        .any(|invocation| adds_tag(&invocation))
}

fn adds_tag(invocation: &Invocation<'_>) -> bool {
    let words: Vec<&str> = invocation.args.iter().map(Word::text).collect();

    match words.as_slice() {
        ["tag" | "image", ..] | ["buildx", "imagetools", ..] => {
            invocation.is(&["docker", "podman", "crane", "skopeo"])
        }
        ["push", rest @ ..] => rest
            .iter()
            .any(|word| word.contains('$') || *word == "--all-tags" || *word == "-a"),
        _ => false,
    }
}
