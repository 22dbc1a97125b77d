//! `deploy-guard`, `deploy-environment`, `deploy-concurrency`, `mutable-image-push`,
//! `rollback-plan`: jobs that deploy or push.

use crate::analysis::pipelines::{is_live, is_trial, says_deploy};
use crate::analysis::{Analysis, truncate};
use crate::finding::{Finding, Sink};
use crate::model::env::EnvValue;
use crate::model::keywords::Signal;
use crate::model::workflow::{
    Evidence, ImageBuild, Job, Purpose, Step, Trigger, Workflow, image_builds, step_purposes,
};
use crate::source::{Located, Span};
use crate::syntax::shell::{Invocation, Word};

/// A job that deploys permanently.
struct Deploy<'w> {
    /// The index of the job.
    job: &'w Job,
    /// The deploying command or action.
    evidence: Evidence,
}

fn deploys<'w>(ctx: &Analysis, workflow: &'w Workflow) -> Vec<Deploy<'w>> {
    if workflow.action
        || !is_live(ctx, workflow)
        || workflow.only_on(&["pull_request", "merge_group"])
    {
        return Vec::new();
    }

    workflow
        .jobs
        .iter()
        .filter(|job| !job.is_disabled())
        .filter_map(|job| {
            let evidence = deploy_evidence(job)?;
            Some(Deploy { job, evidence })
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

pub fn guard(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    report_pull_request_push(ctx, workflow, sink);

    let Some(push) = workflow.trigger("push") else {
        return;
    };

    if narrows_branches(push) {
        return;
    }

    let waits = workflow.waiting_for(|job| job.condition.as_ref().is_some_and(is_guard));

    for deploy in deploys(ctx, workflow) {
        let job = deploy.job;
        let steps = job.steps.iter().filter_map(|step| step.condition.as_ref());
        let mut conditions = job.condition.iter().chain(steps);
        if !job.environment.is_absent()
            || waits[job.index]
            || conditions.any(is_guard)
            || checks_ref(job)
        {
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

/// Whether the filters of a trigger leave only some branches. An exception such as
/// `branches-ignore: ['dependabot/**']` leaves most.
fn narrows_branches(push: &Trigger) -> bool {
    let is_any = |pattern: &Located<String>| matches!(pattern.value.as_str(), "*" | "**" | "**/**");
    let is_inverted = |pattern: &Located<String>| pattern.value.starts_with('!');

    if push.branches.is_empty() {
        // Filters of tags alone leave no branch.
        return push.branches_ignore.is_empty()
            && (!push.tags.is_empty() || !push.tags_ignore.is_empty());
    }

    !push
        .branches
        .iter()
        .filter(|pattern| !is_inverted(pattern))
        .any(is_any)
}

/// Whether a script of the job asks for the branch.
fn checks_ref(job: &Job) -> bool {
    job.steps
        .iter()
        .filter_map(|step| step.run.as_ref())
        .any(|code| code.text.contains("GITHUB_REF") || code.text.contains("github.ref"))
}

/// Events that say by themselves what is deployed.
const CHOSEN_EVENTS: &[&str] = &[
    "github.event_name=='workflow_dispatch'",
    "github.event_name=='release'",
    "github.event_name=='schedule'",
    "github.event_name=='repository_dispatch'",
    "github.event_name=='workflow_call'",
    "github.event_name=='pull_request'",
    "github.event_name!='push'",
];

/// Conditions, without blanks, that hold for every branch.
const EVERY_BRANCH: &[&str] = &[
    "startswith(github.ref,'refs/heads/')",
    "startswith(github.ref,'refs/heads')",
    "github.ref_type=='branch'",
    "!startswith(github.ref,'refs/tags/')",
    "!startswith(github.ref,'refs/tags')",
    "github.ref_type!='tag'",
    "!startswith(github.ref_name,'v')",
];

/// Whether a condition may exclude branches.
fn is_guard(condition: &Located<String>) -> bool {
    let mut text: String = condition
        .value
        .split_whitespace()
        .collect::<String>()
        .to_ascii_lowercase();
    for every in EVERY_BRANCH {
        text = text.replace(every, "");
    }

    // A word in the message keeps out single commits of any branch.
    const MESSAGE: &str = "!contains(github.event.head_commit.message,";
    while let Some(start) = text.find(MESSAGE) {
        let end = text[start..]
            .find(')')
            .map_or(text.len(), |end| start + end + 1);
        text.replace_range(start..end, "");
    }

    let names_ref = ["github.ref", "ref_name", "head_ref", "base_ref", "branch"]
        .iter()
        .any(|word| text.replace("github.ref!=", "").contains(word));
    let is_unknown = [
        "inputs.",
        "vars.",
        "env.",
        "steps.",
        ".outputs",
        "github.event.head_commit",
    ]
    .iter()
    .any(|word| text.contains(word));

    names_ref || is_unknown || CHOSEN_EVENTS.iter().any(|event| text.contains(event))
}

/// Reports images that a pull request pushes under a fixed tag, which others pull.
fn report_pull_request_push(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    let Some(trigger) = workflow.trigger("pull_request") else {
        return;
    };

    let is_on_close =
        !trigger.types.is_empty() && trigger.types.iter().all(|kind| kind.value == "closed");
    if is_on_close || !is_live(ctx, workflow) {
        return;
    }

    for build in image_builds(workflow).iter().filter(|build| build.pushes) {
        let Some((job, step)) = builder(workflow, build) else {
            continue;
        };
        let Some(tag) = build.tags.iter().find(|tag| is_fixed(&tag.value)) else {
            continue;
        };

        // An expression may leave pull requests out.
        if step.uses.is_some() && step.input_text("push") != Some("true") {
            continue;
        }

        if depends_on_event(workflow, job, step) {
            continue;
        }

        sink.report(
            Finding::new(
                build.location,
                format!("every pull request pushes `{}`", truncate(&tag.value, 50)),
            )
            .label("replaces the image that others pull")
            .related(trigger.event.location, "triggered by pull requests")
            .help(
                "push only from the main branch: \
                 `push: ${{ github.event_name != 'pull_request' }}`",
            )
            .anchor(job.id.location),
        );
    }
}

/// Whether a reference names the same image in every run.
fn is_fixed(reference: &str) -> bool {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    let is_local = reference.starts_with("localhost") || reference.starts_with("ttl.sh/");
    let is_trial = ["pr-", "test", "ci", "tmp", "preview", "cache"]
        .iter()
        .any(|word| name.contains(word));

    !name.contains(['$', '{', '@']) && !is_local && !is_trial
}

/// Whether the job, a job that it waits for, or the step checks what started the run.
fn depends_on_event(workflow: &Workflow, job: &Job, step: &Step) -> bool {
    let checks = |condition: &Located<String>| {
        is_guard(condition)
            || condition.value.contains("event_name")
            || condition.value.contains("pull_request")
    };
    let jobs = std::iter::once(job).chain(workflow.upstream(job));
    let mut conditions = jobs
        .filter_map(|job| job.condition.as_ref())
        .chain(&step.condition);

    !job.environment.is_absent() || conditions.any(checks) || checks_ref(job)
}

/// A job that deploys, and names no environment.
pub(super) fn without_environment(job: &Job, evidence: &Evidence) -> Finding {
    let message = format!("job `{}` deploys without an `environment`", job.id.value);

    Finding::new(job.id.location, message).related(evidence.location, "deploys here")
}

/// A job that deploys, and whose runs may overlap.
pub(super) fn overlapping(job: &Job, evidence: &Evidence) -> Finding {
    let message = format!(
        "job `{}` can run two deploys at once, and the older one may finish last",
        job.id.value
    );

    Finding::new(job.id.location, message).related(evidence.location, "deploys here")
}

pub fn environment(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    for Deploy { job, evidence, .. } in deploys(ctx, workflow) {
        if !job.environment.is_absent() {
            continue;
        }

        sink.report(without_environment(job, &evidence).help(
            "add `environment: production`, which can hold secrets, require reviewers, \
                    and show what is deployed",
        ));
    }
}

pub fn concurrency(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    if !workflow.concurrency.is_absent() {
        return;
    }

    for Deploy { job, evidence, .. } in deploys(ctx, workflow) {
        if !job.concurrency.is_absent() {
            continue;
        }

        sink.report(
            overlapping(job, &evidence)
                .help("add `concurrency: { group: deploy, cancel-in-progress: false }` to the job"),
        );
    }
}

/// A repository that deploys and does not document how to roll back.
pub fn rollback(ctx: &Analysis, sink: &mut Sink) {
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
fn is_certain(ctx: &Analysis, deploy: &Deploy) -> bool {
    !ctx.facts.text(deploy.evidence.location).contains(".sh") || says_deploy(deploy.job)
}

pub fn mutable_image(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    if is_live(ctx, workflow) {
        report_mutable(ctx, workflow, "${{ github.sha }}", sink);
    }
}

/// `mutable-image-push` in GitLab pipelines.
pub fn gitlab_mutable_image(ctx: &Analysis, sink: &mut Sink) {
    for pipeline in &ctx.facts.gitlab_pipelines {
        report_mutable(ctx, &pipeline.workflow, "$CI_COMMIT_SHORT_SHA", sink);
    }
}

/// Reports images that are pushed under moving tags only. `commit` is how the pipeline names its
/// commit.
fn report_mutable(ctx: &Analysis, workflow: &Workflow, commit: &str, sink: &mut Sink) {
    for build in image_builds(workflow).iter().filter(|build| build.pushes) {
        let Some((job, step)) = builder(workflow, build) else {
            continue;
        };

        if let Some(finding) = mutable_metadata(ctx, job, step, build) {
            sink.report(finding);
            continue;
        }

        if !is_mutable(build) {
            continue;
        }

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
            .help(format!(
                "push a unique tag for each build too, such as the commit: `{commit}`"
            )),
        );
    }
}

/// The finding for an image whose tags are all moving ones of the metadata action.
fn mutable_metadata(ctx: &Analysis, job: &Job, step: &Step, build: &ImageBuild) -> Option<Finding> {
    let metadata = metadata_of(ctx, job, step)?;
    let tags = metadata.input("tags")?;
    let location = tags.value.literal()?.location;
    let mut lines = metadata
        .input_text("tags")?
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .peekable();
    lines.peek()?;
    if !lines.all(is_moving_tag) || pushes_by_digest(step) || tags_elsewhere(job) {
        return None;
    }

    Some(
        Finding::new(
            location,
            "only moving tags are pushed, so builds cannot be distinguished",
        )
        .related(build.location, "built and pushed here")
        .help("add a unique tag for each build: `type=sha`"),
    )
}

/// The step of the metadata action whose output is all that a step pushes.
fn metadata_of<'w>(ctx: &Analysis, job: &'w Job, step: &Step) -> Option<&'w Step> {
    let EnvValue::Reference(location) = step.input("tags")?.value else {
        return None;
    };
    let text = ctx.facts.text(location).to_ascii_lowercase();

    job.steps.iter().find(|metadata| {
        metadata.runs_action("docker/metadata-action")
            && metadata.id.as_ref().is_some_and(|id| {
                text.contains(&format!("steps.{}.outputs", id.value.to_ascii_lowercase()))
            })
    })
}

/// Whether a line of the metadata action's `tags` gives the same tag to many builds.
fn is_moving_tag(line: &str) -> bool {
    if !line.contains('=') {
        return is_moving_version(line);
    }

    let fields: Vec<(&str, &str)> = line
        .split(',')
        .filter_map(|field| field.split_once('='))
        .collect();
    let field = |name: &str| {
        let (_, value) = fields.iter().find(|(known, _)| known.trim() == name)?;
        Some(value.trim())
    };

    match field("type") {
        Some("raw") => field("value").is_some_and(is_moving_version),
        Some("edge") => true,
        Some("ref") => field("event") == Some("branch"),
        Some("schedule") => field("pattern").is_none_or(|pattern| !pattern.contains("{{")),
        _ => false,
    }
}

/// Whether every build moves a tag.
fn is_moving_version(version: &str) -> bool {
    matches!(
        version,
        "latest" | "dev" | "main" | "master" | "edge" | "nightly" | "stable"
    )
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
                Some((_, version)) => is_moving_version(version) && version != "stable",
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
