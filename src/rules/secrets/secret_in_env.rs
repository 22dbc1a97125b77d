//! `secret-in-env`: literal credentials in variables, labels and inputs.
//!
//! Values that anybody can guess are the business of `default-credentials` in compose and
//! Kubernetes. An image and a workflow have no such rule of their own: there they are reported
//! here, milder.

use crate::analysis::secret_exposure::{self, Exposed, Strength};
use crate::analysis::{Ctx, Owner};
use crate::finding::{Finding, Level, Sink};
use crate::model::compose::{Project, Service};
use crate::model::container::Container;
use crate::model::dockerfile::Dockerfile;
use crate::model::env::{EnvOrigin, EnvValue, EnvVar};
use crate::model::file_role::{is_practice, is_sample};
use crate::model::workflow::{Job, Workflow};

/// `ENV` and `LABEL`.
pub fn dockerfile(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    for stage in &dockerfile.stages {
        let vars = stage
            .env
            .iter()
            .filter(|var| var.origin != EnvOrigin::DockerArg);
        vars.for_each(|var| judge(ctx, var, &stage.env, Some(Level::Warning), sink));
    }
}

/// `environment` and `env` of containers.
pub fn container(ctx: &Ctx, _: Owner, container: &Container, sink: &mut Sink) {
    container
        .env
        .iter()
        .for_each(|var| judge(ctx, var, &container.env, None, sink));
}

/// Labels of compose services.
pub fn labels(ctx: &Ctx, _: &Project, service: &Service, sink: &mut Sink) {
    service
        .labels
        .iter()
        .for_each(|var| judge(ctx, var, &service.labels, None, sink));
}

/// `env` and `with` at all levels, and the credentials of containers.
pub fn workflow(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    let all = |vars: &[EnvVar], guessable: Level, sink: &mut Sink| {
        vars.iter()
            .for_each(|var| judge(ctx, var, vars, Some(guessable), sink));
    };

    all(&workflow.env, Level::Note, sink);

    for job in &workflow.jobs {
        // A password to a registry is real, however it looks; one of a service that lives as long
        // as the job is not.
        let (registry, service): (Vec<EnvVar>, Vec<EnvVar>) = job
            .credentials
            .iter()
            .cloned()
            .partition(|var| var.origin == EnvOrigin::WorkflowWith);
        all(&registry, Level::Error, sink);
        all(&service, Level::Note, sink);
        all(&job.env, Level::Note, sink);
        all(&job.with, Level::Note, sink);
        all(passed(job), Level::Note, sink);

        for step in &job.steps {
            all(&step.env, Level::Note, sink);
            all(&step.with, Level::Note, sink);
        }
    }
}

fn passed(job: &Job) -> &[EnvVar] {
    match &job.secrets {
        crate::model::workflow::Secrets::Passed(vars) => vars,
        _ => &[],
    }
}

/// Reports one variable. `guessable` is the level of a value that anybody can guess; `None` where
/// another rule has it.
fn judge(ctx: &Ctx, var: &EnvVar, siblings: &[EnvVar], guessable: Option<Level>, sink: &mut Sink) {
    let Some((value, whole)) = secret_exposure::written(&var.value) else {
        return;
    };

    let name = var.name.value.as_str();
    let user = secret_exposure::user_of(name, siblings);
    let Some(found) = secret_exposure::exposed(ctx, if whole { name } else { "" }, value, user)
    else {
        return;
    };

    if in_fallback(&var.value, &found) {
        return;
    }

    let path = ctx.facts.path(found.location.file);
    let level = match found.strength {
        Strength::Live if is_sample(path) => sink.level().lowered(),
        Strength::Live => sink.level(),
        Strength::Chosen if is_practice(path) => sink.level().lowered(),
        Strength::Chosen => sink.level(),
        Strength::Guessable(_) if guessable.is_none() => return,
        Strength::Guessable(_) if is_practice(path) => return,
        Strength::Guessable(_) => guessable.unwrap_or(Level::Note),
        Strength::Local => Level::Note,
    };

    let finding = Finding::new(found.location, says(name, var.origin, &found.what))
        .label(label(&found))
        .help(help(var))
        .secret(found.location);
    sink.report_at(level, finding);
}

/// Whether what was found is the default of a variable, which is looked at as such.
fn in_fallback(value: &EnvValue, found: &Exposed) -> bool {
    let EnvValue::Template { fallbacks, .. } = value else {
        return false;
    };

    fallbacks.iter().any(|fallback| {
        let own = fallback.literal.location;
        own.file == found.location.file
            && (own.span.contains(found.location.span) || found.location.span.contains(own.span))
    })
}

fn says(name: &str, origin: EnvOrigin, what: &str) -> String {
    match origin {
        EnvOrigin::DockerEnv => format!("`{name}` bakes {what} into the image"),
        EnvOrigin::DockerLabel | EnvOrigin::ComposeLabel => {
            format!("label `{name}` exposes {what}")
        }
        _ => format!("`{name}` is set to {what} in plain text"),
    }
}

fn label(found: &Exposed) -> String {
    match found.strength {
        Strength::Guessable(why) => why.to_owned(),
        Strength::Local => "for a server on this machine".to_owned(),
        Strength::Live => "rotate it; it stays in the Git history".to_owned(),
        Strength::Chosen => "readable by anyone who can read this file".to_owned(),
    }
}

/// Where the format would have it instead.
fn help(var: &EnvVar) -> String {
    let name = &var.name.value;

    match var.origin {
        EnvOrigin::DockerEnv | EnvOrigin::DockerArg => {
            "pass it when the container starts; for a build step, use `RUN --mount=type=secret`"
                .to_owned()
        }
        EnvOrigin::DockerLabel | EnvOrigin::ComposeLabel => {
            "remove it; labels are part of the image and container metadata".to_owned()
        }
        EnvOrigin::ComposeEnvironment | EnvOrigin::ComposeBuildArg => {
            format!(
                "use compose `secrets:`, or write `${{{name}:?}}` and set it in an env file \
                 outside of Git"
            )
        }
        EnvOrigin::KubernetesEnv => {
            "read it from a Secret with `valueFrom.secretKeyRef`".to_owned()
        }
        EnvOrigin::WorkflowEnv | EnvOrigin::WorkflowWith => {
            let stored = name.to_ascii_uppercase().replace('-', "_");
            format!("store it as a repository secret and write `${{{{ secrets.{stored} }}}}`")
        }
        EnvOrigin::EnvFile => "keep the file out of Git".to_owned(),
    }
}
