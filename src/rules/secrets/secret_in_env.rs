//! `secret-in-env`: literal credentials in variables, labels and inputs.
//!
//! Guessable values belong to `default-credentials` in compose and Kubernetes. That rule does not
//! cover images and workflows: there they are reported here.

use crate::analysis::secret_exposure::{self, Exposed, Strength};
use crate::analysis::{Analysis, Owner};
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::container::Container;
use crate::model::dockerfile::Dockerfile;
use crate::model::env::{EnvOrigin, EnvValue, EnvVar};
use crate::model::facts::FileFacts;
use crate::model::workflow::{Job, Secrets, Workflow};
use crate::source::SourceFile;

/// What becomes of a value that is known or easy to guess.
#[derive(Clone, Copy)]
enum Guessable {
    /// `default-credentials` reports it.
    Elsewhere,
    /// It is as bad as any other.
    AsAnyOther,
    /// It is reported with this case.
    Case(&'static str),
}

/// The case of a guessable value that is used inside a job alone.
const IN_JOB: Guessable = Guessable::Case("guessable-in-job");

/// `ENV` and `LABEL`.
pub fn dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    for stage in &dockerfile.stages {
        let vars = stage
            .env
            .iter()
            .filter(|var| var.origin != EnvOrigin::DockerArg);
        for var in vars {
            report(ctx, var, &stage.env, Guessable::Case("guessable"), sink);
        }
    }
}

/// `environment` and `env` of containers.
pub fn container(ctx: &Analysis, _: Owner, container: &Container, sink: &mut Sink) {
    report_all(ctx, &container.env, Guessable::Elsewhere, sink);
}

/// Labels of compose services.
pub fn labels(ctx: &Analysis, _: &Project, service: &Service, sink: &mut Sink) {
    report_all(ctx, &service.labels, Guessable::Elsewhere, sink);
}

/// `env` and `with` at all levels, and the credentials of containers.
pub fn workflow(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    report_all(ctx, &workflow.env, IN_JOB, sink);

    for job in &workflow.jobs {
        // A password to a registry is real, even if it is easy to guess; one of a service that ends
        // with the job is not.
        let (registry, service): (Vec<EnvVar>, Vec<EnvVar>) = job
            .credentials
            .iter()
            .cloned()
            .partition(|var| var.origin == EnvOrigin::WorkflowWith);
        report_all(ctx, &registry, Guessable::AsAnyOther, sink);
        report_all(ctx, &service, IN_JOB, sink);
        report_all(ctx, &job.env, IN_JOB, sink);
        report_all(ctx, &job.with, IN_JOB, sink);
        report_all(ctx, passed_secrets(job), IN_JOB, sink);

        for step in &job.steps {
            report_all(ctx, &step.env, IN_JOB, sink);
            report_all(ctx, &step.with, IN_JOB, sink);
        }
    }
}

/// `variables` of GitLab pipelines.
pub fn gitlab(ctx: &Analysis, _: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if let Some(gitlab) = &facts.gitlab {
        workflow(ctx, &gitlab.written, sink);
    }
}

fn passed_secrets(job: &Job) -> &[EnvVar] {
    match &job.secrets {
        Secrets::Passed(vars) => vars,
        Secrets::None | Secrets::Inherit(_) => &[],
    }
}

fn report_all(ctx: &Analysis, vars: &[EnvVar], guessable: Guessable, sink: &mut Sink) {
    for var in vars {
        report(ctx, var, vars, guessable, sink);
    }
}

/// Reports a variable whose value is a credential.
fn report(
    ctx: &Analysis,
    var: &EnvVar,
    siblings: &[EnvVar],
    guessable: Guessable,
    sink: &mut Sink,
) {
    let Some((value, is_whole)) = secret_exposure::written(&var.value) else {
        return;
    };

    let name = var.name.value.as_str();
    let user = secret_exposure::user_of(name, &value.value, siblings);
    let judged_name = if is_whole { name } else { "" };
    let Some(exposed) = secret_exposure::exposed(ctx, judged_name, value, user) else {
        return;
    };

    if is_in_fallback(&var.value, &exposed) {
        return;
    }

    let file = exposed.location.file;
    let case = match exposed.strength {
        Strength::Live => ctx.facts.is_practice(file).then_some("sample"),
        Strength::Chosen => {
            (!ctx.facts.is_production(file) || is_for_test(var)).then_some("practice")
        }
        Strength::Local => Some("local"),
        Strength::Guessable(_) if !ctx.facts.is_production(file) => return,
        Strength::Guessable(_) => match guessable {
            Guessable::Elsewhere => return,
            Guessable::AsAnyOther => None,
            Guessable::Case(case) => Some(case),
        },
    };

    let mut finding = Finding::new(exposed.location, message(name, var.origin, &exposed.what))
        .label(label(&exposed))
        .help(help(var))
        .secret(exposed.location);
    if let Some(case) = case {
        finding = finding.case(case);
    }

    sink.report(finding);
}

/// Whether a variable of a workflow is for what its tests start: `APP_TEST_PASSWORD`.
fn is_for_test(var: &EnvVar) -> bool {
    const WORDS: [&str; 4] = ["TEST", "TESTS", "TESTING", "E2E"];

    let name = var.name.value.to_ascii_uppercase();
    var.origin == EnvOrigin::WorkflowEnv && name.split('_').any(|word| WORDS.contains(&word))
}

/// Whether the credential is the default of a variable, which is reported as such.
fn is_in_fallback(value: &EnvValue, exposed: &Exposed) -> bool {
    let EnvValue::Template { fallbacks, .. } = value else {
        return false;
    };

    fallbacks.iter().any(|fallback| {
        let literal = fallback.literal.location;
        literal.file == exposed.location.file
            && (literal.span.contains(exposed.location.span)
                || exposed.location.span.contains(literal.span))
    })
}

fn message(name: &str, origin: EnvOrigin, what: &str) -> String {
    match origin {
        EnvOrigin::DockerEnv => format!("`{name}` bakes {what} into the image"),
        EnvOrigin::DockerLabel | EnvOrigin::ComposeLabel => {
            format!("label `{name}` exposes {what}")
        }
        _ => format!("`{name}` is set to {what} in plain text"),
    }
}

fn label(exposed: &Exposed) -> &'static str {
    match exposed.strength {
        Strength::Guessable(reason) => reason,
        Strength::Local => "for a server on this machine",
        Strength::Live => "rotate it; it stays in the Git history",
        Strength::Chosen => "readable by anyone who can read this file",
    }
}

/// Where the format would have the credential instead.
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
        EnvOrigin::GitlabVariable => {
            format!("remove it, and add `{name}` to the CI/CD variables of the project, masked")
        }
        EnvOrigin::EnvFile => "keep the file out of Git".to_owned(),
    }
}
