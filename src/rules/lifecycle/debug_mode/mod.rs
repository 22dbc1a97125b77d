//! debug-mode: an image, a service or a pod that is about to serve users with its debugger on.

mod table;

use std::collections::HashSet;

use crate::analysis::effective_env::{self, Variable};
use crate::analysis::non_production::{is_changed_over, is_for_developers};
use crate::analysis::{Ctx, Owner, shipped_stages, startup, truncate, workload};
use crate::finding::{Finding, Sink};
use crate::graph::User;
use crate::model::compose::Project;
use crate::model::dockerfile::Dockerfile;
use crate::model::env::EnvValue;
use crate::model::file_role::{is_development, is_sample};
use crate::rules::lifecycle::working_copy;
use crate::source::{Location, join};
use table::{debugger, switch};

/// Every switch of a container: its place, and what the finding says of it.
fn found(ctx: &Ctx, owner: Owner) -> Vec<(Location, String, &'static str)> {
    let container = match owner {
        Owner::Compose(_, service) => vec![&service.container],
        Owner::Kubernetes(_, workload) => workload.pod.lasting().collect(),
    };

    let mut found = Vec::new();

    for container in container {
        let foreign = || {
            let known = container
                .image
                .as_ref()
                .and_then(|image| image.reference.as_ref());
            let known = known.and_then(|reference| crate::data::image(&reference.repository()));
            let built = ctx.graph.build_of(container);
            known.is_some_and(|known| !known.class.is_base())
                || built.is_some_and(|(dockerfile, _)| is_compiled(ctx, dockerfile))
        };

        let on = |var: Variable| {
            let says = switch(var.name, var.value, foreign)?;
            Some((
                var.location,
                format!("`{}` is `{}`", var.name, truncate(var.value, 40)),
                says,
            ))
        };

        found.extend(
            effective_env::given(ctx, owner, container)
                .into_iter()
                .filter_map(on),
        );
        let commands = [&container.entrypoint, &container.command];
        found.extend(commands.into_iter().flatten().filter_map(debugger));
    }

    found
}

/// Compose services.
pub fn project(ctx: &Ctx, project: &Project, sink: &mut Sink) {
    if is_for_developers(ctx, project) {
        return;
    }

    let mut seen: HashSet<Location> = HashSet::new();

    for service in &project.services {
        if working_copy::is_exempt(ctx, project, service) {
            continue;
        }

        for (location, what, says) in found(ctx, Owner::Compose(project, service)) {
            if seen.contains(&location)
                || is_changed_over(ctx, project, service, |laid, other| {
                    !found(ctx, Owner::Compose(laid, other))
                        .iter()
                        .any(|(same, ..)| *same == location)
                })
            {
                continue;
            }

            seen.insert(location);
            let sample = is_sample(ctx.facts.path(location.file));
            sink.report(
                finding(location, &format!("`{}`", service.name()), &what, says)
                    .case_if(sample, "sample"),
            );
        }
    }
}

/// What every container of a shipped image starts with.
pub fn dockerfile(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    let mut seen: HashSet<Location> = HashSet::new();

    for stage in shipped_stages::serving(ctx, dockerfile) {
        let mut all = Vec::new();

        for var in effective_env::image(dockerfile, stage) {
            let Some(known) = effective_env::variable(var) else {
                continue;
            };

            let Some(says) = switch(known.name, known.value, || is_compiled(ctx, dockerfile))
            else {
                continue;
            };

            let left_open = matches!(var.value, EnvValue::Template { .. })
                && is_told(ctx, dockerfile, known.location);
            if !left_open && !is_overridden(ctx, dockerfile, known.name) {
                all.push((
                    known.location,
                    format!("`{}` is `{}`", known.name, truncate(known.value, 40)),
                    says,
                ));
            }
        }

        let (entrypoint, cmd) = dockerfile.start(stage);
        all.extend([entrypoint, cmd].into_iter().flatten().filter_map(debugger));

        for (location, what, says) in all {
            if !seen.contains(&location) {
                seen.insert(location);
                let sample = is_sample(ctx.facts.path(dockerfile.file));
                sink.report(
                    finding(location, "the shipped image", &what, says).case_if(sample, "sample"),
                );
            }
        }
    }
}

/// Whether what is built is a program of Go or Rust alone, to which a `DEBUG` of its own mostly
/// means its logs.
fn is_compiled(ctx: &Ctx, dockerfile: &Dockerfile) -> bool {
    let folders = startup::folders(ctx, dockerfile);
    let any = |names: &[&str]| {
        let mut paths = folders
            .iter()
            .flat_map(|folder| names.iter().filter_map(|name| join(folder, name)));
        paths.any(|path| ctx.facts.repository.find(&path).is_some())
    };

    any(&["go.mod", "go.sum", "Cargo.toml"])
        && !any(&[
            "Gemfile",
            "composer.json",
            "manage.py",
            "package.json",
            "pyproject.toml",
            "requirements.txt",
        ])
}

/// Whether whoever builds the image may say otherwise by a build argument: one that we see, or a
/// pipeline.
fn is_told(ctx: &Ctx, dockerfile: &Dockerfile, location: Location) -> bool {
    let written = ctx.facts.text(location);
    ctx.graph
        .uses(dockerfile.file)
        .iter()
        .any(|one| match one.user {
            User::Service(_, service) => {
                let args = service.build.iter().flat_map(|build| &build.args);
                args.into_iter()
                    .any(|arg| written.contains(arg.name.value.as_str()))
            }
            User::Pipeline(_) => true,
            User::Container(..) => false,
        })
}

/// Whether every container that runs the image sets the variable itself.
fn is_overridden(ctx: &Ctx, dockerfile: &Dockerfile, name: &str) -> bool {
    let containers = ctx
        .graph
        .uses(dockerfile.file)
        .iter()
        .filter_map(|one| match one.user {
            User::Service(project, service) => (!project.development).then_some(&service.container),
            User::Container(_, _, container) => Some(container),
            User::Pipeline(_) => None,
        });
    let mut containers = containers.peekable();
    containers.peek().is_some()
        && containers.all(|container| container.env.iter().any(|var| var.name.value == name))
}

/// Pods. What a ConfigMap gives to several is said once.
pub fn cluster(ctx: &Ctx, sink: &mut Sink) {
    let mut seen: HashSet<Location> = HashSet::new();

    for object in ctx.graph.cluster.objects() {
        let Some(workload) = object.workload() else {
            continue;
        };

        if is_development(ctx.facts.path(object.file))
            || !workload::is_long_running(object, workload)
        {
            continue;
        }

        for (location, what, says) in found(ctx, Owner::Kubernetes(object, workload)) {
            if !seen.contains(&location) && !is_development(ctx.facts.path(location.file)) {
                seen.insert(location);
                let sample = is_sample(ctx.facts.path(location.file));
                sink.report(
                    finding(location, &object.title(), &what, says)
                        .anchor(object.anchor)
                        .case_if(sample, "sample"),
                );
            }
        }
    }
}

fn finding(location: Location, who: &str, what: &str, says: &str) -> Finding {
    Finding::new(location, format!("{who} runs in debug mode: {what}"))
        .label(says)
        .help("turn it off here, and enable it only in a development override")
}
