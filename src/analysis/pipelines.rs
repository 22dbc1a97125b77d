//! Which files are pipelines, which workflows run, and which of their jobs deploy.

use super::Ctx;
use crate::model::workflow::{Job, Step, Workflow};

/// Files and folders by which other systems know their pipelines.
const PIPELINES: &[&str] = &[
    ".gitlab-ci.yml",
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

/// Whether a job deploys only to try: to a cluster that it makes for itself, or on its own runner
/// to test against.
pub fn is_trial(job: &Job) -> bool {
    let names = [Some(&job.id), job.name.as_ref()];
    let scripts = job.steps.iter().filter_map(|step| step.run.as_ref());
    let local = |text: &str| {
        let text = text.to_ascii_lowercase();
        [
            "kind ",
            "minikube",
            "k3d ",
            "k3s",
            "microk8s",
            "kind.sh",
            "kind_",
            "localstack",
        ]
        .iter()
        .any(|word| text.contains(word))
    };

    let cluster = |step: &Step| {
        let name = step.action().map_or("", |action| action.name());
        ["kind", "minikube", "k3d", "k3s", "microk8s"]
            .iter()
            .any(|word| name.contains(word))
    };

    names
        .into_iter()
        .flatten()
        .any(|name| says_test(&name.value))
        || job.steps.iter().any(cluster)
        || scripts.into_iter().any(|code| local(&code.text))
}

/// Whether the job says of itself that it deploys, or runs on a machine that stays.
pub fn says_deploy(job: &Job) -> bool {
    let own = job.runs_on.iter().any(|label| label.value == "self-hosted");
    let names = [Some(&job.id), job.name.as_ref()]
        .into_iter()
        .flatten()
        .chain(job.steps.iter().filter_map(|step| step.name.as_ref()));
    own || names
        .into_iter()
        .any(|name| name.value.to_ascii_lowercase().contains("deploy"))
}

pub fn says_test(name: &str) -> bool {
    name.split(|letter: char| !letter.is_ascii_alphanumeric())
        .any(|word| {
            [
                "test",
                "tests",
                "testing",
                "verify",
                "check",
                "smoke",
                "e2e",
                "integration",
                "validate",
                "validation",
                "conformance",
                "lint",
            ]
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known))
        })
}

/// Whether GitHub runs the file: an action, or a workflow that stands directly in
/// `.github/workflows`. Copies elsewhere are templates, or were put aside.
pub fn is_live(ctx: &Ctx, workflow: &Workflow) -> bool {
    workflow.action
        || ctx
            .facts
            .source(workflow.file)
            .folder()
            .ends_with(".github/workflows")
}

/// Whether a workflow is known to be a template or put aside: it stands elsewhere under `.github`,
/// or beside workflows that run.
pub fn is_shelved(ctx: &Ctx, workflow: &Workflow) -> bool {
    let inside = |path: &str| path.starts_with(".github/") || path.contains("/.github/");
    let mut others = ctx.facts.workflows().filter(|other| !other.action);
    !is_live(ctx, workflow)
        && (inside(ctx.facts.path(workflow.file)) || others.any(|other| is_live(ctx, other)))
}
