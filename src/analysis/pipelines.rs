//! Pipelines of other systems, workflows that run, and jobs that deploy.

use super::Analysis;
use crate::model::workflow::{Job, Workflow};
pub use crate::model::workflow::{is_trial, says_test};

/// Files and folders that hold the pipelines of other systems.
const PIPELINES: &[&str] = &[
    ".circleci/config.yml",
    ".circleci/config.yaml",
    "jenkinsfile",
    "azure-pipelines.yml",
    "azure-pipelines.yaml",
    "bitbucket-pipelines.yml",
    ".buildkite/",
    ".drone.yml",
    ".drone.yaml",
    ".drone.star",
    ".drone.jsonnet",
    ".tekton/",
    ".woodpecker.yml",
    ".woodpecker.yaml",
    ".woodpecker/",
    ".travis.yml",
    "appveyor.yml",
    ".appveyor.yml",
    "cloudbuild.yaml",
    "cloudbuild.yml",
    "cloudbuild.json",
    "buildspec.yml",
    "buildspec.yaml",
    ".semaphore/",
    ".teamcity/",
    "wercker.yml",
    "codefresh.yml",
    ".codefresh/",
    ".forgejo/workflows/",
    ".gitea/workflows/",
    ".builds/",
    ".build.yml",
    ".cirrus.yml",
    "concourse.yml",
    "screwdriver.yaml",
    "dagger.json",
    ".zuul.yaml",
    "zuul.d/",
    ".zuul.d/",
    "codemagic.yaml",
    "bitrise.yml",
    "earthfile",
    ".onedev-buildspec.yml",
    ".harness/",
    ".azuredevops/",
    ".azure-pipelines/",
    ".vsts-ci.yml",
    "heroku.yml",
    ".prow.yaml",
    ".ci-operator.yaml",
    ".gocd.yaml",
    "spinnaker.yml",
];

/// Whether a path is a pipeline of a system other than GitHub's and GitLab's.
pub fn is_pipeline(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    PIPELINES.iter().any(|known| match known.strip_suffix('/') {
        Some(_) => lower.starts_with(known),
        None => {
            lower == *known
                || lower
                    .strip_suffix(known)
                    .is_some_and(|before| before.ends_with('/'))
                || *known == "jenkinsfile"
                    && crate::source::file_name(&lower).starts_with("jenkinsfile")
        }
    })
}

/// The id of a job, and its name.
fn job_names(job: &Job) -> impl Iterator<Item = &str> {
    let names = [Some(&job.id), job.name.as_ref()];
    names.into_iter().flatten().map(|name| name.value.as_str())
}

/// Whether a name in the job announces a deploy, or the job runs on a machine that stays.
pub fn says_deploy(job: &Job) -> bool {
    if job.runs_on.iter().any(|label| label.value == "self-hosted") {
        return true;
    }

    let steps = job.steps.iter().filter_map(|step| step.name.as_ref());
    job_names(job)
        .chain(steps.map(|name| name.value.as_str()))
        .any(|name| name.to_ascii_lowercase().contains("deploy"))
}

/// Whether a workflow has this name; without a name, it is called by its path.
pub fn is_named(ctx: &Analysis, workflow: &Workflow, name: &str) -> bool {
    match &workflow.name {
        Some(known) => known.value.eq_ignore_ascii_case(name),
        None => ctx.facts.path(workflow.file).ends_with(name),
    }
}

/// Whether GitHub runs the file: an action, or a workflow directly in `.github/workflows`. Copies
/// elsewhere are templates, or disabled.
pub fn is_live(ctx: &Analysis, workflow: &Workflow) -> bool {
    workflow.action
        || ctx
            .facts
            .source(workflow.file)
            .folder()
            .ends_with(".github/workflows")
}

/// Whether a workflow is known to be a template or disabled: it is elsewhere under `.github`, or
/// beside workflows that run.
pub fn is_shelved(ctx: &Analysis, workflow: &Workflow) -> bool {
    if is_live(ctx, workflow) {
        return false;
    }

    let path = ctx.facts.path(workflow.file);
    path.starts_with(".github/") || path.contains("/.github/") || has_live_workflow(ctx)
}

/// Whether GitHub runs a workflow of the repository.
fn has_live_workflow(ctx: &Analysis) -> bool {
    *ctx.has_live_workflow.get_or_init(|| {
        let mut workflows = ctx.facts.workflows();
        workflows.any(|other| !other.action && is_live(ctx, other))
    })
}
