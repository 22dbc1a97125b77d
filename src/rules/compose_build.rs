//! missing-build-file, undeclared-build-arg: what a service's `build` expects of the Dockerfile.

use super::Ctx;
use crate::finding::{Finding, Sink};
use crate::model::compose::{Build, Project, Service};
use crate::model::dockerfile::Dockerfile;
use crate::source::parent;
use crate::suggest;
use crate::syntax::dockerfile::Body;

pub fn missing_file(ctx: &Ctx, _: &Project, service: &Service, sink: &mut Sink) {
    let Some(build) = &service.build else { return };
    let repository = ctx.facts.repository;
    let Some(context) = &build.context else { return };
    if !repository.has_folder(&context.value) {
        // Submodules are fetched, not kept.
        if !is_submodule(ctx, &context.value) {
            sink.report(
                Finding::new(
                    context.place,
                    format!("`{}` builds from `{}`, which does not exist", service.name(), context.value),
                )
                .help("correct `context`: it is relative to the folder of the compose file"),
            );
        }
        return;
    }
    let Some(path) = &build.dockerfile else { return };
    let Some(file) = repository.find(&path.value) else {
        sink.report(
            Finding::new(
                path.place,
                format!("`{}` builds from `{}`, which does not exist", service.name(), path.value),
            )
            .help("correct `dockerfile`: it is relative to the build's context"),
        );
        return;
    };
    let (Some(target), Some(dockerfile)) = (build.target.known(), &ctx.facts.file(file.id).dockerfile) else { return };
    if dockerfile.tree.template.is_none() && dockerfile.stage_named(&target.value).is_none() {
        let names = dockerfile.stages.iter().filter_map(|stage| stage.name.as_ref());
        let near = suggest::nearest(&target.value, names.map(|name| name.value.as_str()));
        let help =
            near.map_or_else(|| "name a stage of the Dockerfile".to_owned(), |near| format!("did you mean `{near}`?"));
        sink.report(Finding::new(target.place, format!("`{}` has no stage `{}`", path.value, target.value)).help(help));
    }
}

fn is_submodule(ctx: &Ctx, folder: &str) -> bool {
    let modules = ctx.facts.repository.find(".gitmodules");
    // The path may lie below a module's.
    let named =
        |path: &str| modules.is_some_and(|file| file.text.lines().any(|line| line.trim() == format!("path = {path}")));
    std::iter::successors(Some(folder), |path| Some(parent(path)).filter(|up| !up.is_empty())).any(named)
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

pub fn undeclared_arg(ctx: &Ctx, _: &Project, service: &Service, sink: &mut Sink) {
    let Some(build) = &service.build else { return };
    let Some(dockerfile) = dockerfile(ctx, build) else { return };
    let bodies = dockerfile.tree.instructions.iter().map(|instruction| match &instruction.body {
        Body::Onbuild(inner) => &inner.body,
        body => body,
    });
    let declared: Vec<&str> = bodies
        .filter_map(|body| match body {
            Body::Arg(arguments) => Some(arguments.iter().map(|argument| argument.name.value.as_str())),
            _ => None,
        })
        .flatten()
        .collect();
    for arg in &build.args {
        let name = arg.name.value.as_str();
        let upper = name.to_ascii_uppercase();
        if declared.contains(&name) || PREDEFINED.contains(&upper.as_str()) || name.starts_with("BUILDKIT_") {
            continue;
        }
        let help = match suggest::nearest(name, declared.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add `ARG {name}` to the stage that uses it, or remove it here"),
        };
        let path = ctx.facts.path(dockerfile.file);
        sink.report(
            Finding::new(
                arg.name.place,
                format!("`{}` passes the build argument `{name}`, which `{path}` never declares", service.name()),
            )
            .label("it has no effect")
            .help(help),
        );
    }
}

fn dockerfile<'a>(ctx: &Ctx<'a>, build: &Build) -> Option<&'a Dockerfile> {
    let file = ctx.facts.repository.find(&build.dockerfile.as_ref()?.value)?.id;
    let dockerfile = ctx.facts.file(file).dockerfile.as_ref()?;
    // A base of one's own may bring ONBUILD instructions that read arguments; a template may hold any.
    (dockerfile.tree.template.is_none() && !dockerfile.stages.is_empty()).then_some(dockerfile)
}
