//! debug-mode: an image, a service or a pod that is about to serve users with its debugger on.

mod table;

use std::collections::HashSet;

use crate::analysis::effective_env::{self, Variable};
use crate::analysis::roles::is_changed_over;
use crate::analysis::start::{self, StartCommand};
use crate::analysis::{Analysis, Owner, shipped_stages, startup, truncate, workload};
use crate::finding::{Finding, Sink};
use crate::graph::User;
use crate::model::compose::Project;
use crate::model::container::Container;
use crate::model::dockerfile::{Dockerfile, StageId};
use crate::model::env::EnvValue;
use crate::model::server::followed_scripts;
use crate::rules::lifecycle::working_copy::is_exempt;
use crate::source::{Location, join};
use table::{debugger, switch};

/// What turns debugging on: its location, what it is, and what the finding says of it.
struct DebugSwitch {
    location: Location,
    what: String,
    says: &'static str,
}

impl DebugSwitch {
    fn of_variable(variable: &Variable, says: &'static str) -> Self {
        Self {
            location: variable.location,
            what: format!("`{}` is `{}`", variable.name, truncate(variable.value, 40)),
            says,
        }
    }

    /// The debugger that a start command starts, itself or in a script that it runs.
    fn of_start(ctx: &Analysis, start: &StartCommand, folders: &[String]) -> Option<Self> {
        let script = start.script();
        if let Some((span, what, says)) = debugger(script) {
            return Some(Self {
                location: start.place_of(span),
                what,
                says,
            });
        }

        let folders = ctx.script_folders(folders);

        script.invocations().iter().take(20).find_map(|invocation| {
            followed_scripts(invocation, folders)
                .iter()
                .find_map(|followed| {
                    let (_, what, says) = debugger(&followed.script)?;
                    Some(Self {
                        location: start.place_of(invocation.span()),
                        what,
                        says,
                    })
                })
        })
    }

    fn finding(&self, title: &str) -> Finding {
        let message = format!("{title} runs in debug mode: {}", self.what);
        Finding::new(self.location, message)
            .label(self.says)
            .help("turn it off here, and enable it only in a development override")
    }
}

/// The debug switches of all containers of an owner.
fn switches(ctx: &Analysis, owner: Owner) -> Vec<DebugSwitch> {
    let containers = match owner {
        Owner::Compose(_, service) => vec![&service.container],
        Owner::Kubernetes(_, workload) => workload.pod.lasting().collect(),
    };

    let mut switches = Vec::new();

    for container in containers {
        for variable in effective_env::given(ctx, owner, container) {
            if let Some(says) = switch(variable.name, variable.value, || is_foreign(ctx, container))
            {
                switches.push(DebugSwitch::of_variable(&variable, says));
            }
        }

        if let Some(start) = start::of_container(ctx, container) {
            let folders = startup::folders_of(ctx, owner, container);
            switches.extend(DebugSwitch::of_start(ctx, &start, folders));
        }
    }

    switches
}

/// Whether a container runs a program to which a `DEBUG` means its logs: of a known image, or
/// compiled here.
fn is_foreign(ctx: &Analysis, container: &Container) -> bool {
    let known = container
        .image
        .as_ref()
        .and_then(|image| image.reference.as_ref())
        .and_then(|reference| crate::data::image(&reference.repository()));
    let built = ctx.graph.build_of(container);

    known.is_some_and(|known| !known.class.is_base())
        || built.is_some_and(|(dockerfile, _)| is_compiled(ctx, dockerfile))
}

/// Compose services.
pub fn project(ctx: &Analysis, project: &Project, sink: &mut Sink) {
    if project.development {
        return;
    }

    let mut seen: HashSet<Location> = HashSet::new();

    for service in &project.services {
        if is_exempt(ctx, project, service) {
            continue;
        }

        for switch in switches(ctx, Owner::Compose(project, service)) {
            let location = switch.location;
            if seen.contains(&location)
                || is_changed_over(ctx, project, service, |laid, other| {
                    !has_switch(ctx, Owner::Compose(laid, other), location)
                })
            {
                continue;
            }

            seen.insert(location);
            let sample = ctx.facts.is_practice(location.file);
            let title = format!("`{}`", service.name());
            sink.report(switch.finding(&title).case_if(sample, "sample"));
        }
    }
}

fn has_switch(ctx: &Analysis, owner: Owner, location: Location) -> bool {
    switches(ctx, owner)
        .iter()
        .any(|switch| switch.location == location)
}

/// What every container of a shipped image starts with.
pub fn dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let mut seen: HashSet<Location> = HashSet::new();
    let sample = ctx.facts.is_practice(dockerfile.file);

    for stage in shipped_stages::serving(ctx, dockerfile) {
        let of_variables = switches_of_image(ctx, dockerfile, stage);
        let of_commands = start::of_stage(dockerfile, stage).and_then(|start| {
            DebugSwitch::of_start(ctx, &start, startup::folders(ctx, dockerfile))
        });

        for switch in of_variables.into_iter().chain(of_commands) {
            if seen.insert(switch.location) {
                sink.report(
                    switch
                        .finding("the shipped image")
                        .case_if(sample, "sample"),
                );
            }
        }
    }
}

/// The variables of an image that turn debugging on in a container that runs it.
fn switches_of_image(ctx: &Analysis, dockerfile: &Dockerfile, stage: StageId) -> Vec<DebugSwitch> {
    let mut switches = Vec::new();

    for var in effective_env::image(dockerfile, stage) {
        let Some(variable) = effective_env::variable(var) else {
            continue;
        };

        let Some(says) = switch(variable.name, variable.value, || {
            is_compiled(ctx, dockerfile)
        }) else {
            continue;
        };

        let may_be_set_at_build = matches!(var.value, EnvValue::Template { .. })
            && is_set_at_build(ctx, dockerfile, variable.location);
        if !may_be_set_at_build && !is_overridden(ctx, dockerfile, variable.name) {
            switches.push(DebugSwitch::of_variable(&variable, says));
        }
    }

    switches
}

/// Whether what is built is a program of Go or Rust alone, to which a `DEBUG` of its own mostly
/// means its logs.
fn is_compiled(ctx: &Analysis, dockerfile: &Dockerfile) -> bool {
    let folders = startup::folders(ctx, dockerfile);
    let has_any = |names: &[&str]| has_file(ctx, folders, names);

    has_any(&["go.mod", "go.sum", "Cargo.toml"])
        && !has_any(&[
            "Gemfile",
            "composer.json",
            "manage.py",
            "package.json",
            "pyproject.toml",
            "requirements.txt",
        ])
}

/// Whether one of the folders has a file of one of these names.
fn has_file(ctx: &Analysis, folders: &[String], names: &[&str]) -> bool {
    let mut paths = folders
        .iter()
        .flat_map(|folder| names.iter().filter_map(|name| join(folder, name)));
    paths.any(|path| ctx.facts.repository.find(&path).is_some())
}

/// Whether a build may set the value by an argument: one that is seen here, or that of a pipeline.
fn is_set_at_build(ctx: &Analysis, dockerfile: &Dockerfile, location: Location) -> bool {
    let written = ctx.facts.text(location);
    ctx.graph
        .uses(dockerfile.file)
        .iter()
        .any(|image_use| match image_use.user {
            User::Service(_, service) => {
                let args = service.build.iter().flat_map(|build| &build.args);
                args.into_iter()
                    .any(|arg| written.contains(arg.name.value.as_str()))
            }
            User::Pipeline(_) | User::Caller(_) => true,
            User::Container(..) => false,
        })
}

/// Whether every container that runs the image sets the variable itself.
fn is_overridden(ctx: &Analysis, dockerfile: &Dockerfile, name: &str) -> bool {
    let containers = ctx
        .graph
        .uses(dockerfile.file)
        .iter()
        .filter_map(|image_use| match image_use.user {
            User::Service(project, service) => (!project.development).then_some(&service.container),
            User::Container(_, _, container) => Some(container),
            User::Pipeline(_) | User::Caller(_) => None,
        });
    let mut containers = containers.peekable();
    containers.peek().is_some()
        && containers.all(|container| container.env.iter().any(|var| var.name.value == name))
}

/// Pods. A ConfigMap that several of them read is reported once.
pub fn cluster(ctx: &Analysis, sink: &mut Sink) {
    let mut seen: HashSet<Location> = HashSet::new();

    for object in ctx.graph.cluster.objects() {
        let Some(workload) = object.workload() else {
            continue;
        };

        if ctx.facts.is_development(object.file) || !workload::is_long_running(object, workload) {
            continue;
        }

        for switch in switches(ctx, Owner::Kubernetes(object, workload)) {
            let file = switch.location.file;
            if !ctx.facts.is_development(file) && seen.insert(switch.location) {
                sink.report(
                    switch
                        .finding(&object.title())
                        .anchor(object.anchor)
                        .case_if(ctx.facts.is_practice(file), "sample"),
                );
            }
        }
    }
}
