//! `port-mismatch`: the port that is published, exposed or probed is not the one that the server
//! listens on.

use crate::analysis::startup::{self, Started};
use crate::analysis::{Ctx, Owner, shipped_stages};
use crate::finding::{Finding, Sink};
use crate::model::container::{Container, HealthCheck, ProbeAction};
use crate::model::dockerfile::Dockerfile;
use crate::model::{Command, Setting};
use crate::source::{Located, Location};

/// The port of the image's own server against EXPOSE and HEALTHCHECK.
pub fn dockerfile(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    if shipped_stages::is_development(ctx, dockerfile) {
        return;
    }

    for stage in ctx.graph.shipped(dockerfile) {
        let Some((port, one)) = only_port(&startup::stage(ctx, dockerfile, stage)) else {
            continue;
        };

        let exposed: Vec<(u16, Location)> = dockerfile
            .chain(stage)
            .flat_map(|stage| &stage.exposes)
            .filter_map(|expose| {
                Some((
                    expose.value.split('/').next()?.parse().ok()?,
                    expose.location,
                ))
            })
            .collect();
        let ranges = dockerfile
            .chain(stage)
            .flat_map(|stage| &stage.exposes)
            .any(|expose| expose.value.contains('-'));
        if let Some((other, location)) = exposed
            .first()
            .filter(|_| !ranges && exposed.iter().all(|(other, _)| *other != port))
        {
            sink.report(
                Finding::new(
                    *location,
                    format!("EXPOSE declares {other}, but the server listens on {port}"),
                )
                .label("tools that run the image rely on this")
                .related(one, format!("listens on {port}"))
                .help(format!(
                    "write `EXPOSE {port}`, or make the server listen on {other}"
                )),
            );
        }

        if let Setting::Set(Located {
            value: HealthCheck {
                test: Some(test), ..
            },
            ..
        }) = dockerfile.health(stage)
        {
            check(test, port, one, sink);
        }
    }
}

/// The ports of services and pods against the server that they run.
pub fn container(ctx: &Ctx, owner: Owner, container: &Container, sink: &mut Sink) {
    if matches!(owner, Owner::Compose(project, _) if project.development) || container.open {
        return;
    }

    let own = container.command.is_some() || container.entrypoint.is_some();
    let started = if own {
        startup::container(ctx, owner, container)
    } else {
        ctx.graph
            .build_of(container)
            .map_or_else(Vec::new, |(dockerfile, stage)| {
                startup::stage(ctx, dockerfile, stage)
            })
    };

    let Some((port, one)) = only_port(&started) else {
        return;
    };
    // A variable named for the port may move it.
    if container.env.iter().any(|var| {
        var.name.value.ends_with("PORT") && var.value.resolved() != Some(port.to_string().as_str())
    }) {
        return;
    }

    let name = &container.name.value;
    let tcp: Vec<_> = container
        .ports
        .iter()
        .filter(|item| !item.unknown && item.protocol.eq_ignore_ascii_case("tcp"))
        .collect();
    let meets = tcp.iter().any(|item| {
        item.target
            .is_some_and(|(first, last)| (first..=last).contains(&port))
    });

    if let (false, [item]) = (meets, tcp.as_slice())
        && let Some((target, _)) = item.target
    {
        sink.report(
            Finding::new(
                item.location,
                format!("`{name}` is reached on {target}, but its server listens on {port}"),
            )
            .label("nothing listens there")
            .related(one, format!("listens on {port}"))
            .help(format!(
                "use {port} here, or make the server listen on {target}"
            )),
        );
    }

    if let Setting::Set(Located {
        value: HealthCheck {
            test: Some(test),
            disabled: false,
        },
        ..
    }) = &container.health
    {
        check(test, port, one, sink);
    }

    for probe in [
        &container.liveness,
        &container.readiness,
        &container.startup,
    ] {
        let Setting::Set(probe) = probe else { continue };

        let (ProbeAction::Http { port: asked, .. } | ProbeAction::Tcp { port: asked }) =
            &probe.value.action
        else {
            continue;
        };

        let Setting::Set(asked) = asked else { continue };

        let Some(number) = asked
            .value
            .parse::<u16>()
            .ok()
            .filter(|number| *number != port)
        else {
            continue;
        };
        // A port of its own for probes is declared.
        if container
            .ports
            .iter()
            .any(|item| item.target == Some((number, number)))
        {
            continue;
        }

        sink.report(
            Finding::new(
                asked.location,
                format!("the probe uses port {number}, but `{name}` listens on {port}"),
            )
            .label("nothing listens there")
            .related(one, format!("listens on {port}"))
            .help(format!("use port {port}")),
        );
    }
}

/// The one port that is listened on, where there is one server and its port is written.
fn only_port(started: &[Started]) -> Option<(u16, Location)> {
    let [one] = started else { return None };

    let server = &one.found.server;
    let given = server
        .port
        .as_ref()
        .and_then(|given| given.value.parse().ok());
    // Without an option the default holds, unless a variable or a file moves it.
    let port = given.or(server
        .default_port
        .filter(|_| !server.says_port && server.name == "uvicorn"))?;
    Some((port, one.location))
}

/// A health check that asks this very container on another port.
fn check(test: &Command, port: u16, server: Location, sink: &mut Sink) {
    let script = test.script();

    for invocation in script.invocations() {
        for word in invocation.args {
            let Some((asked, range)) = local_port(word.text()) else {
                continue;
            };

            if asked == port {
                continue;
            }

            let span = word.source(range);
            sink.report(
                Finding::new(
                    test.place_of(span),
                    format!("the health check uses port {asked}, but the server listens on {port}"),
                )
                .label("nothing listens there")
                .related(server, format!("listens on {port}"))
                .help(format!("use port {port}")),
            );
            return;
        }
    }
}

/// The port of a URL of this machine, and where it stands in the text.
fn local_port(text: &str) -> Option<(u16, std::ops::Range<usize>)> {
    ["localhost:", "127.0.0.1:", "0.0.0.0:", "[::1]:"]
        .iter()
        .find_map(|host| {
            let at = text.find(host)? + host.len();
            let digits = text[at..].bytes().take_while(u8::is_ascii_digit).count();
            Some((text[at..at + digits].parse().ok()?, at..at + digits))
        })
}
