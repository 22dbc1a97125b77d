//! `deploy-guard`, `deploy-environment`, `deploy-concurrency`, `mutable-image-push`,
//! `rollback-plan`: how what is built gets out.

use crate::analysis::Ctx;
use crate::analysis::pipelines::is_live;
use crate::analysis::pipelines::{is_trial, says_deploy};
use crate::finding::{Finding, Sink};
use crate::model::env::EnvValue;
use crate::model::keywords::Signal;
use crate::model::workflow::{
    Evidence, ImageBuild, Job, Purpose, Step, Workflow, image_builds, step_purposes,
};
use crate::source::{Located, Span};

/// The deploying command or action of each job that deploys for good, and the job's number.
fn deploys<'w>(ctx: &Ctx, workflow: &'w Workflow) -> Vec<(usize, &'w Job, Evidence)> {
    if workflow.action
        || !is_live(ctx, workflow)
        || workflow.only_on(&["pull_request", "merge_group"])
    {
        return Vec::new();
    }

    let jobs = workflow
        .jobs
        .iter()
        .enumerate()
        .filter(|(_, job)| !job.is_disabled());
    // Few jobs deploy: only their scripts are looked through.
    let found = jobs.filter_map(|(index, job)| Some((index, job, deploy_of(job)?)));

    found.filter(|(_, job, _)| !is_trial(job)).collect()
}

fn deploy_of(job: &Job) -> Option<Evidence> {
    let steps = job.steps.iter().filter(|step| !step.is_disabled());
    let mut found = steps
        .flat_map(step_purposes)
        .filter(|evidence| evidence.purpose == Purpose::Deploy);
    found.find(|evidence| !evidence.on_runner || says_deploy(job))
}

pub fn guard(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    let Some(push) = workflow.trigger("push") else {
        return;
    };

    let filtered = [
        &push.branches,
        &push.branches_ignore,
        &push.tags,
        &push.tags_ignore,
    ];
    if filtered.iter().any(|filter| !filter.is_empty()) {
        return;
    }

    let is_guarded = |condition: &Located<String>| {
        let text = &condition.value;
        text.contains("ref")
            || text.contains("event_name")
            || text.contains("needs.")
            || text.contains("branch")
    };

    let waits = workflow.waiting_for(|job| job.condition.as_ref().is_some_and(is_guarded));

    for (index, job, evidence) in deploys(ctx, workflow) {
        let steps = job.steps.iter().filter_map(|step| step.condition.as_ref());
        let mut conditions = job.condition.iter().chain(steps);
        if !job.environment.is_absent() || waits[index] || conditions.any(is_guarded) {
            continue;
        }

        sink.report(
            Finding::new(
                evidence.location,
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

pub fn environment(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    for (_, job, evidence) in deploys(ctx, workflow)
        .into_iter()
        .filter(|(_, job, _)| job.environment.is_absent())
    {
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

    for (_, job, evidence) in deploys(ctx, workflow)
        .into_iter()
        .filter(|(_, job, _)| job.concurrency.is_absent())
    {
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

/// Whether anybody wrote down how a bad deploy is taken back.
pub fn rollback(ctx: &Ctx, sink: &mut Sink) {
    if ctx.facts.env_usage.signals.contains(Signal::Rollback) {
        return;
    }
    // A demo or a preview is put up again.
    let passing = |path: &str| {
        ["demo", "preview", "docs"]
            .iter()
            .any(|word| path.contains(word))
    };

    let lasting = ctx
        .facts
        .workflows()
        .filter(|workflow| !passing(ctx.facts.path(workflow.file)));
    // A script's name alone may speak of what is packed for others to deploy.
    let plain = |job: &Job, evidence: &Evidence| {
        !ctx.facts.text(evidence.location).contains(".sh") || says_deploy(job)
    };

    let mut found = lasting
        .flat_map(|workflow| deploys(ctx, workflow))
        .filter(|(_, job, evidence)| plain(job, evidence));
    let Some((_, _, evidence)) = found.next() else {
        return;
    };

    sink.report(
        Finding::new(
            evidence.location,
            "no documented way to roll back this deploy",
        )
        .label("deploys here")
        .help(
            "document how to return to the previous release, including migrations, in a \
                runbook or as a manual workflow, and test it once",
        )
        .others(found.count() as u32),
    );
}

pub fn mutable_image(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    if !is_live(ctx, workflow) {
        return;
    }

    for build in image_builds(workflow)
        .into_iter()
        .filter(|build| build.pushes && is_mutable(build))
    {
        let Some((job, step)) = builder(workflow, &build) else {
            continue;
        };

        let by_digest = match step.input("outputs").map(|input| &input.value) {
            Some(EnvValue::Literal(at)) => at.value.contains("push-by-digest"),
            Some(EnvValue::Template { written, .. }) => written.value.contains("push-by-digest"),
            _ => false,
        };

        if by_digest || tags_elsewhere(job) {
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

/// The job and step that an image is built by.
fn builder<'w>(workflow: &'w Workflow, build: &ImageBuild) -> Option<(&'w Job, &'w Step)> {
    let mut steps = workflow
        .jobs
        .iter()
        .flat_map(|job| job.steps.iter().map(move |step| (job, step)));
    steps.find(|(_, step)| {
        let script = step
            .run
            .as_ref()
            .map(|code| code.location(Span::of(0, code.text.len())).span);
        step.uses
            .as_ref()
            .is_some_and(|uses| uses.location == build.location)
            || script.is_some_and(|script| script.contains(build.location.span))
    })
}

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

/// Whether the job gives the image further tags by commands.
fn tags_elsewhere(job: &Job) -> bool {
    let scripts = job.steps.iter().filter_map(|step| step.run.as_ref());
    scripts
        .flat_map(|code| code.script().invocations())
        .any(|invocation| {
            let words: Vec<&str> = invocation
                .args
                .iter()
                .map(crate::syntax::shell::Word::text)
                .collect();
            match words.as_slice() {
                ["tag" | "image", ..] | ["buildx", "imagetools", ..] => {
                    invocation.is(&["docker", "podman", "crane", "skopeo"])
                }
                ["push", rest @ ..] => rest
                    .iter()
                    .any(|word| word.contains('$') || *word == "--all-tags" || *word == "-a"),
                _ => false,
            }
        })
}
