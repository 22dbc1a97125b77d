//! `port-mismatch`: the port that is published, exposed or probed is not the one that the server
//! listens on.

use crate::analysis::startup::{self, Started};
use crate::analysis::{Analysis, Owner, shipped_stages};
use crate::finding::{Finding, Sink};
use crate::model::container::{Container, HealthCheck, Probe, ProbeAction};
use crate::model::dockerfile::Dockerfile;
use crate::model::{Command, Setting};
use crate::source::{Located, Location};

/// The port of the image's own server against EXPOSE and HEALTHCHECK.
pub fn dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    if shipped_stages::is_development(ctx, dockerfile) {
        return;
    }

    for stage in ctx.graph.shipped(dockerfile) {
        let Some((port, server)) = only_port(startup::stage(ctx, dockerfile, stage)) else {
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
        let has_range = dockerfile
            .chain(stage)
            .flat_map(|stage| &stage.exposes)
            .any(|expose| expose.value.contains('-'));
        if let Some((other, location)) = exposed.first()
            && !has_range
            && exposed.iter().all(|(other, _)| *other != port)
        {
            sink.report(
                Finding::new(
                    *location,
                    format!("EXPOSE declares {other}, but the server listens on {port}"),
                )
                .label("tools that run the image rely on this")
                .related(server, format!("listens on {port}"))
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
            check_health_check(test, port, server, sink);
        }
    }
}

/// The ports of services and pods against the server that they run.
pub fn container(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    if owner.is_development() || container.open {
        return;
    }

    let Some((port, server)) = only_port(startup::effective(ctx, owner, container)) else {
        return;
    };

    // A variable that is named after the port may change it.
    if container.env.iter().any(|var| {
        var.name.value.ends_with("PORT") && var.value.resolved() != Some(port.to_string().as_str())
    }) {
        return;
    }

    check_mapping(container, port, server, sink);

    let check = container.health.value();
    if let Some(test) = check.and_then(HealthCheck::active_test) {
        check_health_check(test, port, server, sink);
    }

    for probe in [
        &container.liveness,
        &container.readiness,
        &container.startup,
    ] {
        if let Setting::Set(probe) = probe {
            check_probe(container, &probe.value, port, server, sink);
        }
    }
}

/// Reports the only port of a container, if its server listens on another one.
fn check_mapping(container: &Container, port: u16, server: Location, sink: &mut Sink) {
    let mut tcp = container
        .ports
        .iter()
        .filter(|mapping| !mapping.unknown && mapping.protocol.eq_ignore_ascii_case("tcp"));
    let (Some(mapping), None) = (tcp.next(), tcp.next()) else {
        return;
    };

    let Some((target, last)) = mapping.target else {
        return;
    };

    if (target..=last).contains(&port) {
        return;
    }

    let name = &container.name.value;
    sink.report(
        Finding::new(
            mapping.location,
            format!("`{name}` is reached on {target}, but its server listens on {port}"),
        )
        .label("nothing listens there")
        .related(server, format!("listens on {port}"))
        .help(format!(
            "use {port} here, or make the server listen on {target}"
        )),
    );
}

/// Reports a probe of another port than that of the server.
fn check_probe(container: &Container, probe: &Probe, port: u16, server: Location, sink: &mut Sink) {
    let (ProbeAction::Http {
        port: Setting::Set(probe_port),
        ..
    }
    | ProbeAction::Tcp {
        port: Setting::Set(probe_port),
    }) = &probe.action
    else {
        return;
    };

    let Ok(number) = probe_port.value.parse::<u16>() else {
        return;
    };

    // A separate port for probes is declared.
    if number == port
        || container
            .ports
            .iter()
            .any(|mapping| mapping.target == Some((number, number)))
    {
        return;
    }

    let name = &container.name.value;
    sink.report(
        Finding::new(
            probe_port.location,
            format!("the probe uses port {number}, but `{name}` listens on {port}"),
        )
        .label("nothing listens there")
        .related(server, format!("listens on {port}"))
        .help(format!("use port {port}")),
    );
}

/// The port that the only server listens on, if it is known, and the location of the server.
fn only_port(started: &[Started]) -> Option<(u16, Location)> {
    let [started] = started else { return None };

    let server = &started.found.server;
    let written = server
        .port
        .as_ref()
        .and_then(|port| port.value.parse().ok());
    let port = match written {
        Some(port) => port,
        // Of the known servers, only uvicorn has no variable or file that changes its default.
        None if !server.says_port && server.name == "uvicorn" => server.default_port?,
        None => return None,
    };

    Some((port, started.location))
}

/// Reports a health check that calls another port of the container.
fn check_health_check(test: &Command, port: u16, server: Location, sink: &mut Sink) {
    let script = test.script();

    for invocation in script.invocations() {
        for word in invocation.args {
            let Some((called, range)) = local_port(word.text()) else {
                continue;
            };

            if called == port {
                continue;
            }

            let span = word.source(range);
            sink.report(
                Finding::new(
                    test.place_of(span),
                    format!(
                        "the health check uses port {called}, but the server listens on {port}"
                    ),
                )
                .label("nothing listens there")
                .related(server, format!("listens on {port}"))
                .help(format!("use port {port}")),
            );
            return;
        }
    }
}

/// The port in a URL of the local machine, and its range in the text.
fn local_port(text: &str) -> Option<(u16, std::ops::Range<usize>)> {
    ["localhost:", "127.0.0.1:", "0.0.0.0:", "[::1]:"]
        .iter()
        .find_map(|host| {
            let start = text.find(host)? + host.len();
            let digits = text[start..].bytes().take_while(u8::is_ascii_digit).count();
            let range = start..start + digits;
            Some((text[range.clone()].parse().ok()?, range))
        })
}
