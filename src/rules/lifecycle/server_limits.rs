//! `server-limits` and `graceful-timeout`: how long a server lets a request take, and how long it
//! is given to end.

use crate::analysis::startup::{self, Started};
use crate::analysis::{Ctx, Owner, shipped_stages};
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::container::Container;
use crate::model::dockerfile::Dockerfile;
use crate::model::kubernetes::{Object, Workload};
use crate::model::server::{self, Mode, Server};
use crate::source::{Located, Location};

/// `server-limits` for what an image starts.
pub fn dockerfile(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    if shipped_stages::is_development(ctx, dockerfile) {
        return;
    }

    let mut seen: Vec<Location> = Vec::new();

    for stage in ctx.graph.shipped(dockerfile) {
        let names: Vec<&str> = dockerfile
            .chain(stage)
            .flat_map(|stage| &stage.env)
            .map(|var| var.name.value.as_str())
            .collect();
        for one in startup::stage(ctx, dockerfile, stage) {
            if !seen.contains(&one.location) {
                seen.push(one.location);
                sink_limits(ctx, &one, &names, &startup::folders(ctx, dockerfile), sink);
            }
        }
    }
}

/// `server-limits` for what a service or a pod starts instead.
pub fn container(ctx: &Ctx, owner: Owner, container: &Container, sink: &mut Sink) {
    if matches!(owner, Owner::Compose(project, _) if project.development) {
        return;
    }

    let names: Vec<&str> = container
        .env
        .iter()
        .map(|var| var.name.value.as_str())
        .collect();
    for one in startup::container(ctx, owner, container) {
        sink_limits(
            ctx,
            &one,
            &names,
            &startup::folders_of(ctx, owner, container),
            sink,
        );
    }
}

fn sink_limits(ctx: &Ctx, one: &Started, variables: &[&str], folders: &[String], sink: &mut Sink) {
    let server = &one.found.server;
    if server.mode == Mode::Development || server.limits.elsewhere {
        return;
    }

    let prefixes = server::variables(server);

    if variables.iter().any(|name| {
        prefixes
            .iter()
            .any(|prefix| name.starts_with(prefix.as_str()))
    }) {
        return;
    }

    let read = server::configuration_files(server);
    let mut files = folders
        .iter()
        .flat_map(|folder| ctx.facts.repository.below(folder));
    if !read.is_empty() && files.any(|file| read.iter().any(|name| file.name() == name)) {
        return;
    }

    let can = &server.limits.can;
    let mut missing: Vec<(&str, &str)> = Vec::new();
    if let Some(option) = can
        .request_timeout
        .filter(|_| !server.limits.request_timeout)
    {
        missing.push(("request timeout", option));
    }

    if let Some(option) = can
        .graceful_timeout
        .filter(|_| server.limits.graceful_timeout.is_none())
    {
        missing.push(("graceful timeout", option));
    }

    if let Some(option) = can.concurrency.filter(|_| !server.limits.concurrency) {
        missing.push(("concurrency limit", option));
    }

    if missing.is_empty() {
        return;
    }

    let what: Vec<&str> = missing.iter().map(|(what, _)| *what).collect();
    let options: Vec<String> = missing
        .iter()
        .map(|(_, option)| format!("`{option}`"))
        .collect();
    let mut finding = Finding::new(
        one.location,
        format!("`{}` runs with no {}", server.name, joined(&what)),
    )
    .label("the defaults are not tuned for this service")
    .help(format!("set {}", options.join(", ")));
    if let Some(via) = &one.found.via {
        finding = finding.related(via.location, "started here");
    }

    sink.report(finding);
}

fn joined(items: &[&str]) -> String {
    match items {
        [one] => (*one).to_owned(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
        [] => String::new(),
    }
}

/// `graceful-timeout`: compose's `stop_grace_period` against the server's own.
pub fn grace_of_service(ctx: &Ctx, project: &Project, service: &Service, sink: &mut Sink) {
    if project.development {
        return;
    }

    let Some(period) = startup::stop_grace_period(service) else {
        return;
    };

    let started = effective(ctx, Owner::Compose(project, service), &service.container);
    grace(
        &started,
        &period,
        "stop_grace_period",
        &format!("`{}`", service.name()),
        sink,
    );
}

/// `graceful-timeout`: `terminationGracePeriodSeconds` against the server's own.
pub fn grace_of_workload(ctx: &Ctx, object: &Object, workload: &Workload, sink: &mut Sink) {
    let Some(period) = workload.pod.termination_grace.known() else {
        return;
    };

    for container in &workload.pod.containers {
        let started = effective(ctx, Owner::Kubernetes(object, workload), container);
        grace(
            &started,
            period,
            "terminationGracePeriodSeconds",
            &format!("`{}`", container.name.value),
            sink,
        );
    }
}

/// What runs in the end: the container's own command, or that of the image that is built here.
fn effective(ctx: &Ctx, owner: Owner, container: &Container) -> Vec<Started> {
    if container.command.is_some() || container.entrypoint.is_some() {
        return startup::container(ctx, owner, container);
    }

    ctx.graph
        .build_of(container)
        .map_or_else(Vec::new, |(dockerfile, stage)| {
            startup::stage(ctx, dockerfile, stage)
        })
}

fn grace(started: &[Started], period: &Located<u32>, key: &str, who: &str, sink: &mut Sink) {
    let (seconds, location) = (period.value, period.location);

    for one in started {
        let server: &Server = &one.found.server;
        let given = server
            .limits
            .graceful_timeout
            .as_ref()
            .and_then(|given| given.value.parse::<u32>().ok());
        let Some(own) = given.or(server.limits.graceful_default) else {
            continue;
        };
        // A server whose default just fills the period was not asked for anything.
        if seconds >= own {
            continue;
        }

        sink.report(
            Finding::new(
                location,
                format!(
                    "{who} is killed after {seconds} s, but `{}` waits {own} s for its requests",
                    server.name
                ),
            )
            .label("shorter than the server's own timeout")
            .related(
                one.location,
                if given.is_some() {
                    "the server's own timeout"
                } else {
                    "the server waits this long by default"
                },
            )
            .help(format!(
                "set `{key}` a little above {own} s, or lower {}",
                server
                    .limits
                    .can
                    .graceful_timeout
                    .map_or("the server's timeout".to_owned(), |option| format!(
                        "`{option}`"
                    ))
            )),
        );
        return;
    }
}
