//! `healthcheck-cannot-pass` and `healthcheck-cannot-fail`: health checks and exec probes whose
//! outcome is decided before they run.

mod constant;
mod impossible;

use std::sync::LazyLock;

use serde::Deserialize;

use self::constant::Constant;
use self::impossible::Impossible;
use super::healthcheck_tool;
use crate::analysis::base_image::{self, EffectiveRoot};
use crate::analysis::{Ctx, Owner, startup};
use crate::data;
use crate::embedded::table;
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::container::{Container, HealthCheck, ProbeAction};
use crate::model::dockerfile::Dockerfile;
use crate::model::image::Reference;
use crate::model::{Command, Item, Setting};
use crate::source::{Located, Location, OffsetMap};
use crate::syntax::shell::Invocation;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HealthTable {
    strict: Vec<String>,
    idle: Vec<String>,
    constant: Vec<String>,
    filters: Vec<String>,
    builtins: Vec<String>,
    dash: Vec<String>,
    workers: Vec<WorkerProgram>,
}

/// A program that serves nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkerProgram {
    programs: Vec<String>,
    #[serde(default)]
    words: Vec<String>,
}

static TABLE: LazyLock<HealthTable> = LazyLock::new(|| table!("health"));

/// Whether a list of the table names a program.
fn is_one_of(list: &[String], program: &str) -> bool {
    list.iter().any(|name| name == program)
}

/// A check that something runs, with what is around it.
struct HealthTest<'a> {
    test: &'a Command,
    /// The items after the string of `CMD-SHELL`.
    stray: &'a [Location],
    format: TestFormat,
    shell: ImageShell,
    /// What has the check, for messages.
    title: String,
}

/// The kind of file that defines a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TestFormat {
    Dockerfile,
    Compose,
    Kubernetes,
}

/// The `/bin/sh` of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ImageShell {
    None,
    Dash,
    Unknown,
}

impl ImageShell {
    fn of(reference: &Reference) -> Self {
        let name = reference.repository();
        let tag = reference.tag.as_deref();
        if reference.path.contains('?') {
            return ImageShell::Unknown;
        }

        let is_bare = data::image(&name).is_some_and(|known| known.is_bare(tag));
        let is_distroless =
            name.starts_with("gcr.io/distroless/") && !tag.is_some_and(|tag| tag.contains("debug"));

        if is_bare || is_distroless {
            ImageShell::None
        } else if is_one_of(&TABLE.dash, &name) && !tag.is_some_and(names_other_system) {
            ImageShell::Dash
        } else {
            ImageShell::Unknown
        }
    }

    fn of_stage(ctx: &Ctx, dockerfile: &Dockerfile, stage: usize) -> Self {
        if dockerfile.shell_at(stage, usize::MAX).is_some() {
            return ImageShell::Unknown;
        }

        let shell = match base_image::effective(ctx, dockerfile, stage).root {
            EffectiveRoot::Image(reference) => ImageShell::of(&reference),
            EffectiveRoot::Scratch => ImageShell::None,
            EffectiveRoot::Unknown => ImageShell::Unknown,
        };
        let may_differ = match shell {
            ImageShell::None => healthcheck_tool::may_add(dockerfile, stage, "sh"),
            ImageShell::Dash => may_change_shell(dockerfile, stage),
            ImageShell::Unknown => true,
        };

        if may_differ {
            ImageShell::Unknown
        } else {
            shell
        }
    }
}

/// Whether a tag is one of a variant upon another distribution.
fn names_other_system(tag: &str) -> bool {
    [
        "alpine",
        "ubi",
        "oracle",
        "rhel",
        "fedora",
        "windows",
        "nanoserver",
        "azurelinux",
    ]
    .iter()
    .any(|word| tag.contains(word))
}

/// Whether a layer of the stage may change which shell `/bin/sh` is.
fn may_change_shell(dockerfile: &Dockerfile, stage: usize) -> bool {
    let layers = dockerfile.layers(stage);

    dockerfile
        .steps()
        .filter(|step| layers.contains(&step.stage.index))
        .any(|step| {
            step.script().invocations().iter().any(|invocation| {
                let links = invocation.is(&["ln", "dpkg-reconfigure", "update-alternatives"]);
                links
                    && invocation
                        .args
                        .iter()
                        .any(|word| word.text().ends_with("/sh") || word.text() == "dash")
            })
        })
}

/// HEALTHCHECK of shipped stages.
fn tests_of_stages<'a>(ctx: &Ctx<'a>, dockerfile: &'a Dockerfile) -> Vec<HealthTest<'a>> {
    let mut seen: Vec<Location> = Vec::new();
    let mut tests = Vec::new();

    for stage in ctx.graph.shipped(dockerfile) {
        let Setting::Set(Located {
            value:
                HealthCheck {
                    test: Some(test),
                    disabled: false,
                    stray,
                },
            ..
        }) = dockerfile.health(stage)
        else {
            continue;
        };

        if dockerfile.is_windows(stage) || seen.contains(&test.location()) {
            continue;
        }

        seen.push(test.location());
        tests.push(HealthTest {
            test,
            stray,
            format: TestFormat::Dockerfile,
            shell: ImageShell::of_stage(ctx, dockerfile, stage),
            title: "the shipped image".to_owned(),
        });
    }

    tests
}

/// `healthcheck` of a service.
fn test_of_service<'a>(ctx: &Ctx<'a>, service: &'a Service) -> Option<HealthTest<'a>> {
    let container = &service.container;
    let Setting::Set(Located {
        value:
            HealthCheck {
                test: Some(test),
                disabled: false,
                stray,
            },
        ..
    }) = &container.health
    else {
        return None;
    };

    let shell = if let Some((dockerfile, stage)) = ctx.graph.build_of(container) {
        if dockerfile.is_windows(stage) {
            return None;
        }

        ImageShell::of_stage(ctx, dockerfile, stage)
    } else if service.build.is_some() {
        ImageShell::Unknown
    } else {
        container
            .image
            .as_ref()
            .and_then(|image| image.reference.as_ref())
            .map_or(ImageShell::Unknown, ImageShell::of)
    };

    Some(HealthTest {
        test,
        stray,
        format: TestFormat::Compose,
        shell,
        title: format!("`{}`", service.name()),
    })
}

/// The commands of a container's exec probes.
fn probe_commands(container: &Container) -> Vec<Command> {
    [
        &container.liveness,
        &container.readiness,
        &container.startup,
    ]
    .into_iter()
    .filter_map(|probe| match &probe.value()?.action {
        ProbeAction::Exec { words } => command_of(words),
        _ => None,
    })
    .collect()
}

fn command_of(words: &[Located<String>]) -> Option<Command> {
    let first = words.first()?.location;
    let last = words.last()?.location;
    let location = Location::new(first.file, first.span.cover(last.span));
    let items = words
        .iter()
        .map(|word| Item::new(word.value.clone(), word.location, OffsetMap::default));

    Some(Command::exec(location, items.collect()))
}

fn probe_test<'a>(container: &Container, command: &'a Command) -> HealthTest<'a> {
    HealthTest {
        test: command,
        stray: &[],
        format: TestFormat::Kubernetes,
        shell: ImageShell::Unknown,
        title: container.title(),
    }
}

/// `healthcheck-cannot-pass`
pub fn cannot_pass_dockerfile(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    for test in tests_of_stages(ctx, dockerfile) {
        report_impossible(ctx, &test, sink);
    }
}

/// `healthcheck-cannot-pass`
pub fn cannot_pass_service(ctx: &Ctx, project: &Project, service: &Service, sink: &mut Sink) {
    match test_of_service(ctx, service) {
        Some(test) => report_impossible(ctx, &test, sink),
        None => report_inherited(ctx, project, service, sink),
    }
}

/// `healthcheck-cannot-pass`
pub fn cannot_pass_probes(ctx: &Ctx, owner: Owner, container: &Container, sink: &mut Sink) {
    if !matches!(owner, Owner::Kubernetes(_, workload) if !workload.pod.windows) {
        return;
    }

    for command in probe_commands(container) {
        report_impossible(ctx, &probe_test(container, &command), sink);
    }
}

fn report_impossible(ctx: &Ctx, test: &HealthTest, sink: &mut Sink) {
    let Some(impossible) = Impossible::find(ctx, test) else {
        return;
    };

    sink.report(impossible.finding(test));
}

/// `healthcheck-cannot-fail`
pub fn cannot_fail_dockerfile(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    for test in tests_of_stages(ctx, dockerfile) {
        report_constant(&test, sink);
    }
}

/// `healthcheck-cannot-fail`
pub fn cannot_fail_service(ctx: &Ctx, _: &Project, service: &Service, sink: &mut Sink) {
    if let Some(test) = test_of_service(ctx, service) {
        report_constant(&test, sink);
    }
}

/// `healthcheck-cannot-fail`
pub fn cannot_fail_probes(_: &Ctx, owner: Owner, container: &Container, sink: &mut Sink) {
    if !matches!(owner, Owner::Kubernetes(_, workload) if !workload.pod.windows) {
        return;
    }

    for command in probe_commands(container) {
        report_constant(&probe_test(container, &command), sink);
    }
}

fn report_constant(test: &HealthTest, sink: &mut Sink) {
    let Some(constant) = Constant::find(test.test) else {
        return;
    };

    sink.report(constant.finding(test));
}

/// A service that takes jobs from a queue, and inherits the check of a server from its image.
fn report_inherited(ctx: &Ctx, project: &Project, service: &Service, sink: &mut Sink) {
    let container = &service.container;
    if !container.health.is_absent() || !container.ports.is_empty() {
        return;
    }

    let Some((dockerfile, stage)) = ctx.graph.build_of(container) else {
        return;
    };

    let Setting::Set(Located {
        value:
            HealthCheck {
                test: Some(test),
                disabled: false,
                ..
            },
        location,
    }) = dockerfile.health(stage)
    else {
        return;
    };

    let Some(command) = container.command.as_ref().or(container.entrypoint.as_ref()) else {
        return;
    };

    let script = command.script();
    let invocations = script.invocations();
    let Some(worker) = invocations.iter().find(|invocation| is_worker(invocation)) else {
        return;
    };

    let owner = Owner::Compose(project, service);
    let serves = startup::container(ctx, owner, container)
        .iter()
        .any(|started| started.found.server.default_port.is_some());
    if serves || !asks_own_port(test) {
        return;
    }

    sink.report(
        Finding::new(
            command.place_of(worker.span()),
            format!(
                "`{}` inherits a health check that asks a port it does not serve",
                service.name()
            ),
        )
        .label("takes jobs and listens on no port")
        .related(*location, "the image's check asks the server")
        .help(
            "add a `healthcheck` for this service that asks the worker, or `healthcheck: \
             {disable: true}`",
        )
        .anchor(container.anchor),
    );
}

fn is_worker(invocation: &Invocation) -> bool {
    let names: Vec<&str> = std::iter::once(invocation.program)
        .chain(invocation.args.iter().map(|word| word.text()).take(2))
        .collect();

    TABLE.workers.iter().any(|worker| {
        names.iter().any(|name| is_one_of(&worker.programs, name))
            && (worker.words.is_empty()
                || invocation
                    .args
                    .iter()
                    .any(|word| is_one_of(&worker.words, word.text())))
    })
}

/// Whether a check asks a port of its own container.
fn asks_own_port(test: &Command) -> bool {
    let names_self = |text: &str| {
        [
            "localhost:",
            "127.0.0.1:",
            "0.0.0.0:",
            "[::1]:",
            "localhost/",
            "127.0.0.1/",
        ]
        .iter()
        .any(|host| text.contains(host))
    };

    match test {
        Command::Shell { code, .. } => names_self(&code.text),
        Command::Exec { words, .. } => words.iter().any(|word| names_self(&word.value)),
    }
}
