//! `server-limits` and `graceful-timeout`: how long a server lets a request take, and how long it
//! is given to end.

use crate::analysis::startup::{self, Started};
use crate::analysis::{Analysis, Owner, shipped_stages};
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::container::Container;
use crate::model::dockerfile::Dockerfile;
use crate::model::kubernetes::{Object, Workload};
use crate::model::server::{self, Mode, Server};
use crate::source::{Located, Location};

/// `server-limits` for what an image starts.
pub fn dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
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
        for started in startup::stage(ctx, dockerfile, stage) {
            if !seen.contains(&started.location) {
                seen.push(started.location);
                check_limits(
                    ctx,
                    started,
                    &names,
                    startup::folders(ctx, dockerfile),
                    sink,
                );
            }
        }
    }
}

/// `server-limits` for what a service or a pod starts instead.
pub fn container(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    if matches!(owner, Owner::Compose(project, _) if project.development) {
        return;
    }

    let names: Vec<&str> = container
        .env
        .iter()
        .map(|var| var.name.value.as_str())
        .collect();
    for started in startup::container(ctx, owner, container) {
        check_limits(
            ctx,
            started,
            &names,
            startup::folders_of(ctx, owner, container),
            sink,
        );
    }
}

fn check_limits(
    ctx: &Analysis,
    started: &Started,
    variables: &[&str],
    folders: &[String],
    sink: &mut Sink,
) {
    let server = &started.found.server;
    if server.mode == Mode::Development
        || server.limits.elsewhere
        || is_set_by_variable(server, variables)
        || has_config_file(ctx, server, folders)
    {
        return;
    }

    let missing = missing_limits(server);
    if missing.is_empty() {
        return;
    }

    let names: Vec<&str> = missing.iter().map(|(name, _)| *name).collect();
    let options: Vec<String> = missing
        .iter()
        .map(|(_, option)| format!("`{option}`"))
        .collect();
    let finding = Finding::new(
        started.location,
        format!("`{}` runs with no {}", server.name, joined(&names)),
    )
    .label("the defaults are not tuned for this service")
    .help(format!("set {}", options.join(", ")));

    sink.report(match &started.found.via {
        Some(via) => finding.related(via.location, "started here"),
        None => finding,
    });
}

/// Whether a variable that configures the server is set.
fn is_set_by_variable(server: &Server, variables: &[&str]) -> bool {
    let prefixes = server::variables(server);
    variables.iter().any(|name| {
        prefixes
            .iter()
            .any(|prefix| name.starts_with(prefix.as_str()))
    })
}

/// Whether one of the folders has a configuration file of the server.
fn has_config_file(ctx: &Analysis, server: &Server, folders: &[String]) -> bool {
    let names = server::configuration_files(server);
    if names.is_empty() {
        return false;
    }

    folders
        .iter()
        .flat_map(|folder| ctx.facts.repository.below(folder))
        .any(|file| names.iter().any(|name| file.name() == name))
}

/// The limits that the server has and does not set: their names and options.
fn missing_limits(server: &Server) -> Vec<(&'static str, &'static str)> {
    let limits = &server.limits;
    let all = [
        (
            "request timeout",
            limits.can.request_timeout,
            limits.request_timeout,
        ),
        (
            "graceful timeout",
            limits.can.graceful_timeout,
            limits.graceful_timeout.is_some(),
        ),
        (
            "concurrency limit",
            limits.can.concurrency,
            limits.concurrency,
        ),
    ];

    all.into_iter()
        .filter(|(_, _, is_set)| !is_set)
        .filter_map(|(name, option, _)| Some((name, option?)))
        .collect()
}

fn joined(items: &[&str]) -> String {
    match items {
        [only] => (*only).to_owned(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
        [] => String::new(),
    }
}

/// `graceful-timeout`: compose's `stop_grace_period` against the server's own.
pub fn grace_of_service(ctx: &Analysis, project: &Project, service: &Service, sink: &mut Sink) {
    if project.development {
        return;
    }

    let Some(period) = startup::stop_grace_period(service) else {
        return;
    };

    let started = startup::effective(ctx, Owner::Compose(project, service), &service.container);
    grace(
        started,
        &period,
        "stop_grace_period",
        &format!("`{}`", service.name()),
        sink,
    );
}

/// `graceful-timeout`: `terminationGracePeriodSeconds` against the server's own.
pub fn grace_of_workload(ctx: &Analysis, object: &Object, workload: &Workload, sink: &mut Sink) {
    let Some(period) = workload.pod.termination_grace.known() else {
        return;
    };

    for container in &workload.pod.containers {
        let started = startup::effective(ctx, Owner::Kubernetes(object, workload), container);
        grace(
            started,
            period,
            "terminationGracePeriodSeconds",
            &format!("`{}`", container.name.value),
            sink,
        );
    }
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
