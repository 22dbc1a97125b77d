//! log-rotation, log-aggregation: logs of compose services that grow, or that nothing collects.

use crate::analysis::Analysis;
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::file_role::Role;
use crate::model::keywords::Signal;

pub fn rotation(ctx: &Analysis, sink: &mut Sink) {
    // A project that bounds its logs shows that the others are for development.
    if ctx.facts.env_usage.signals.contains(Signal::LogRotation)
        || production(ctx).any(|project| project.services.iter().all(may_be_bounded))
    {
        return;
    }

    for project in production(ctx).filter(|project| project.services.iter().any(stays)) {
        let growing: Vec<&Service> = lasting(project)
            .filter(|service| !may_be_bounded(service))
            .collect();
        let [first, rest @ ..] = growing.as_slice() else {
            continue;
        };

        let name = first.name();
        let location = first
            .bounded_logs
            .location()
            .unwrap_or(first.container.anchor);
        return sink.report(
            Finding::new(
                location,
                format!("the log of `{name}` grows until the disk is full"),
            )
            .label("the `json-file` driver does not rotate logs by default")
            .help(
                "add `logging: {driver: json-file, options: {max-size: 10m, max-file: \"3\"}}` \
                     to each service, or set it for the host in `daemon.json`",
            )
            .anchor(first.container.anchor)
            .also_at(rest.iter().map(|service| service.container.anchor)),
        );
    }
}

fn may_be_bounded(service: &Service) -> bool {
    service.bounded_logs.is(true) || service.bounded_logs.is_unknown()
}

/// Whether a service is meant to run for long.
fn stays(service: &Service) -> bool {
    let restarts = service
        .restart
        .value()
        .is_some_and(|policy| !matches!(policy.as_str(), "no" | "none"));
    restarts || service.restart.is_unknown() || !service.bounded_logs.is_absent()
}

pub fn aggregation(ctx: &Analysis, sink: &mut Sink) {
    // Agents of a cluster ship the logs of its pods, and are defined elsewhere.
    let in_cluster = ctx
        .facts
        .files
        .iter()
        .any(|file| file.workloads().next().is_some());
    if in_cluster || ctx.facts.env_usage.signals.contains(Signal::LogShipping) {
        return;
    }

    for project in production(ctx) {
        let applications: Vec<&Service> = lasting(project)
            .filter(|service| is_application(service))
            .collect();
        let built = applications
            .iter()
            .filter(|service| service.build.is_some())
            .count();
        let [first, rest @ ..] = applications.as_slice() else {
            continue;
        };

        if rest.is_empty() || built < 2 {
            continue;
        }

        return sink.report(
            Finding::new(
                first.container.anchor,
                format!("nothing collects the log of `{}`", first.name()),
            )
            .label("logs stay on the host and are lost with it")
            .help(
                "ship them to a searchable log store with an agent such as Alloy, Fluent \
                    Bit or Vector, or a `logging` driver",
            )
            .anchor(first.container.anchor)
            .also_at(rest.iter().map(|service| service.container.anchor)),
        );
    }
}

/// Projects that are deployed as they are, with an application in them: stores alone are for
/// developers.
fn production<'a>(ctx: &Analysis<'a>) -> impl Iterator<Item = &'a Project> {
    let facts = ctx.facts;
    facts.projects().iter().filter(move |project| {
        let tried = project
            .files
            .iter()
            .any(|file| is_for_trying(facts.path(*file)));
        project.role == Role::Production
            && !project.overlay
            && !project.only_builds()
            && !tried
            && lasting(project).any(is_application)
    })
}

fn is_application(service: &Service) -> bool {
    service.build.is_some() || service.known_image().is_none()
}

/// Whether a path is one of examples, documentation or tests.
fn is_for_trying(path: &str) -> bool {
    const WORDS: &[&str] = &[
        "example", "examples", "sample", "samples", "demo", "demos", "docs", "tests", "test",
    ];
    path.split(['/', '.', '-', '_'])
        .any(|part| WORDS.contains(&part.to_ascii_lowercase().as_str()))
}

/// Services that are started by default and keep running.
fn lasting(project: &Project) -> impl Iterator<Item = &Service> {
    project.services.iter().filter(|service| {
        !service.provided
            && service.profiles.is_empty()
            && !service.container.open
            && !project.is_one_shot(service)
    })
}
