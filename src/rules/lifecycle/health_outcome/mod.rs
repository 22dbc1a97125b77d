//! `healthcheck-cannot-pass` and `healthcheck-cannot-fail`: health checks and exec probes whose
//! outcome is decided before they run.

mod constant;
mod health_test;
mod impossible;

use self::constant::Constant;
use self::health_test::{HealthTest, ImageShell, TABLE, TestFormat, is_one_of};
use self::impossible::Impossible;
use crate::analysis::{Analysis, Owner, startup};
use crate::finding::{Finding, Sink};
use crate::model::Command;
use crate::model::compose::{Project, Service};
use crate::model::container::Container;
use crate::model::dockerfile::Dockerfile;
use crate::source::Location;
use crate::syntax::shell::Invocation;

/// HEALTHCHECK of shipped stages.
fn tests_of_stages<'a>(ctx: &Analysis<'a>, dockerfile: &'a Dockerfile) -> Vec<HealthTest<'a>> {
    let mut seen: Vec<Location> = Vec::new();
    let mut tests = Vec::new();

    for stage in ctx.graph.shipped(dockerfile) {
        let Some(check) = dockerfile.health(stage).value() else {
            continue;
        };
        let Some(test) = check.active_test() else {
            continue;
        };

        if dockerfile.is_windows(stage) || seen.contains(&test.location()) {
            continue;
        }

        seen.push(test.location());
        tests.push(HealthTest {
            test,
            stray: &check.stray,
            format: TestFormat::Dockerfile,
            shell: ImageShell::of_stage(ctx, dockerfile, stage),
            title: "the shipped image".to_owned(),
        });
    }

    tests
}

/// `healthcheck` of a service.
fn test_of_service<'a>(ctx: &Analysis<'a>, service: &'a Service) -> Option<HealthTest<'a>> {
    let container = &service.container;
    let check = container.health.value()?;
    let test = check.active_test()?;

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
        stray: &check.stray,
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
    .filter_map(|probe| probe.value()?.command())
    .collect()
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
pub fn cannot_pass_dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    for test in tests_of_stages(ctx, dockerfile) {
        report_impossible(ctx, &test, sink);
    }
}

/// `healthcheck-cannot-pass`
pub fn cannot_pass_service(ctx: &Analysis, project: &Project, service: &Service, sink: &mut Sink) {
    match test_of_service(ctx, service) {
        Some(test) => report_impossible(ctx, &test, sink),
        None => report_inherited(ctx, project, service, sink),
    }
}

/// `healthcheck-cannot-pass`
pub fn cannot_pass_probes(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    if !matches!(owner, Owner::Kubernetes(_, workload) if !workload.pod.windows) {
        return;
    }

    for command in probe_commands(container) {
        report_impossible(ctx, &probe_test(container, &command), sink);
    }
}

fn report_impossible(ctx: &Analysis, test: &HealthTest, sink: &mut Sink) {
    let Some(impossible) = Impossible::find(ctx, test) else {
        return;
    };

    sink.report(impossible.finding(test));
}

/// `healthcheck-cannot-fail`
pub fn cannot_fail_dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    for test in tests_of_stages(ctx, dockerfile) {
        report_constant(&test, sink);
    }
}

/// `healthcheck-cannot-fail`
pub fn cannot_fail_service(ctx: &Analysis, _: &Project, service: &Service, sink: &mut Sink) {
    if let Some(test) = test_of_service(ctx, service) {
        report_constant(&test, sink);
    }
}

/// `healthcheck-cannot-fail`
pub fn cannot_fail_probes(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
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
fn report_inherited(ctx: &Analysis, project: &Project, service: &Service, sink: &mut Sink) {
    let container = &service.container;
    if !container.health.is_absent() || !container.ports.is_empty() {
        return;
    }

    let Some((dockerfile, stage)) = ctx.graph.build_of(container) else {
        return;
    };

    let Some(check) = dockerfile.health(stage).known() else {
        return;
    };
    let Some(test) = check.value.active_test() else {
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
        .related(check.location, "the image's check asks the server")
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
