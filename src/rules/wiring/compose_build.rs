//! `missing-build-file`, `undeclared-build-arg`: what the `build` of a service requires of the
//! Dockerfile.

use crate::analysis::Analysis;
use crate::analysis::env_examples::has_example;
use crate::finding::{Finding, Sink};
use crate::model::compose::{Build, Project, Service};
use crate::model::dockerfile::Dockerfile;
use crate::source::{Located, parent};
use crate::suggest;
use crate::syntax::dockerfile::Body;

pub fn missing_file(ctx: &Analysis, project: &Project, sink: &mut Sink) {
    for service in &project.services {
        let Some(build) = &service.build else {
            continue;
        };

        let Some((path, help)) = missing_path(ctx, build) else {
            unknown_target(ctx, build, sink);
            continue;
        };

        let message = format!(
            "`{}` builds from `{}`, which does not exist",
            service.name(),
            path.value
        );
        sink.report(
            Finding::new(path.location, message)
                .help(help)
                .aspect(path.value.clone()),
        );
    }
}

/// The folder or Dockerfile that a build needs and that does not exist, with advice.
fn missing_path<'b>(
    ctx: &Analysis,
    build: &'b Build,
) -> Option<(&'b Located<String>, &'static str)> {
    let context = build.context.as_ref()?;

    if !ctx.facts.repository.has_folder(&context.value) {
        // Submodules, and repositories that a pipeline clones before it builds, are fetched.
        if is_submodule(ctx, &context.value) || is_cloned(ctx, &context.value) {
            return None;
        }

        let help = "correct `context`, which is relative to the directory of the compose file";
        return Some((context, help));
    }

    let path = build.dockerfile.as_ref()?;
    // A file with an example is created where the project runs.
    if ctx.facts.repository.find(&path.value).is_some() || has_example(ctx, &path.value) {
        return None;
    }

    let help = "correct `dockerfile`, which is relative to the build context";

    Some((path, help))
}

fn unknown_target(ctx: &Analysis, build: &Build, sink: &mut Sink) {
    let Some(path) = &build.dockerfile else {
        return;
    };

    let Some(file) = ctx.facts.repository.find(&path.value) else {
        return;
    };

    let (Some(target), Some(dockerfile)) =
        (build.target.known(), &ctx.facts.file(file.id).dockerfile)
    else {
        return;
    };

    if dockerfile.tree.template.is_none() && dockerfile.stage_named(&target.value).is_none() {
        let names = dockerfile
            .stages
            .iter()
            .filter_map(|stage| stage.name.as_ref());
        let near = suggest::nearest(&target.value, names.map(|name| name.value.as_str()));
        let help = near.map_or_else(
            || "use the name of a stage in the Dockerfile".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        sink.report(
            Finding::new(
                target.location,
                format!("`{}` has no stage `{}`", path.value, target.value),
            )
            .help(help),
        );
    }
}

fn is_submodule(ctx: &Analysis, folder: &str) -> bool {
    // The path may lie below a module's.
    std::iter::successors(Some(folder), |path| {
        Some(parent(path)).filter(|up| !up.is_empty())
    })
    .any(|path| ctx.is_submodule(path))
}

/// Whether a workflow clones a repository of the folder's name, or of the name of a folder above
/// it.
fn is_cloned(ctx: &Analysis, folder: &str) -> bool {
    folder
        .split('/')
        .any(|part| part.len() > 2 && ctx.is_cloned(part))
}

/// Arguments that the builder knows without a declaration.
const PREDEFINED: &[&str] = &[
    "ALL_PROXY",
    "FTP_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "SOURCE_DATE_EPOCH",
    "BUILDPLATFORM",
    "TARGETPLATFORM",
];

pub fn undeclared_arg(ctx: &Analysis, project: &Project, service: &Service, sink: &mut Sink) {
    let Some(build) = &service.build else { return };

    let Some(dockerfile) = dockerfile(ctx, build) else {
        return;
    };

    let declared = declared(dockerfile);

    for arg in &build.args {
        let name = arg.name.value.as_str();
        let upper = name.to_ascii_uppercase();
        if declared.contains(&name)
            || PREDEFINED.contains(&upper.as_str())
            || name.starts_with("BUILDKIT_")
        {
            continue;
        }

        if is_shared(ctx, project, service, &arg.name) {
            continue;
        }

        let help = match suggest::nearest(name, declared.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add `ARG {name}` to the stage that uses it, or remove it here"),
        };

        let path = ctx.facts.path(dockerfile.file);
        sink.report(
            Finding::new(
                arg.name.location,
                format!(
                    "`{}` passes build argument `{name}`, which is not declared in `{path}`",
                    service.name()
                ),
            )
            .label("has no effect")
            .help(help),
        );
    }
}

fn declared(dockerfile: &Dockerfile) -> Vec<&str> {
    let bodies = dockerfile
        .tree
        .instructions
        .iter()
        .map(|instruction| match &instruction.body {
            Body::Onbuild(inner) => &inner.body,
            body => body,
        });
    let arguments = bodies.filter_map(|body| match body {
        Body::Arg(arguments) => Some(
            arguments
                .iter()
                .map(|argument| argument.name.value.as_str()),
        ),
        _ => None,
    });

    arguments.flatten().collect()
}

/// Whether the line of an argument belongs to other services as well (`extends`, an anchor): one of
/// them may need it, or it is reported for an earlier one.
fn is_shared(ctx: &Analysis, project: &Project, service: &Service, name: &Located<String>) -> bool {
    let mut sharing = ctx
        .facts
        .projects()
        .iter()
        .flat_map(|project| &project.services)
        .filter_map(|other| other.build.as_ref())
        .filter(|build| passes_argument(build, name));
    let mut earlier = project
        .services
        .iter()
        .take_while(|other| other.name() != service.name())
        .filter_map(|other| other.build.as_ref());

    sharing.any(|build| may_declare(ctx, build, &name.value))
        || earlier.any(|build| passes_argument(build, name))
}

/// Whether a build has the argument on this very line.
fn passes_argument(build: &Build, name: &Located<String>) -> bool {
    build
        .args
        .iter()
        .any(|arg| arg.name.location == name.location)
}

fn may_declare(ctx: &Analysis, build: &Build, name: &str) -> bool {
    dockerfile(ctx, build).is_none_or(|dockerfile| declared(dockerfile).contains(&name))
}

fn dockerfile<'a>(ctx: &Analysis<'a>, build: &Build) -> Option<&'a Dockerfile> {
    let file = ctx
        .facts
        .repository
        .find(&build.dockerfile.as_ref()?.value)?
        .id;
    let dockerfile = ctx.facts.file(file).dockerfile.as_ref()?;

    // A template may declare any argument.
    if dockerfile.tree.template.is_some() || dockerfile.stages.is_empty() {
        return None;
    }

    Some(dockerfile)
}
