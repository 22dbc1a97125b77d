//! `port-mismatch`: the port that is published, exposed or probed is not the one that the server
//! listens on.

use crate::analysis::startup::{self, Started};
use crate::analysis::{Analysis, Owner, shipped_stages};
use crate::data::{self, Class};
use crate::finding::{Finding, Sink};
use crate::model::container::{Container, HealthCheck, MountSource, Probe, ProbeAction};
use crate::model::dockerfile::Dockerfile;
use crate::model::{Command, Setting};
use crate::rules::wiring::called_ports::{CalledPort, called_ports};
use crate::rules::wiring::url_port::may_be_moved;
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
            let declared: Vec<u16> = exposed.iter().map(|(port, _)| *port).collect();
            check_health_check(test, (port, server), &declared, sink);
        }
    }
}

/// The ports of services and pods against the server that they run.
pub fn container(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    if owner.is_development() || container.open {
        return;
    }

    let Some((port, server)) = only_port(startup::effective(ctx, owner, container)) else {
        check_store(container, sink);
        return;
    };

    // A variable that is named after the port may change it.
    if container.env.iter().any(|var| {
        var.name.value.ends_with("PORT") && var.value.resolved() != Some(port.to_string().as_str())
    }) {
        return;
    }

    check_mapping(container, port, server, sink);

    let declared: Vec<u16> = container
        .ports
        .iter()
        .filter_map(|mapping| Some(mapping.target?.0))
        .collect();
    let check = container.health.value();
    if let Some(test) = check.and_then(HealthCheck::active_test) {
        check_health_check(test, (port, server), &declared, sink);
    } else if matches!(owner, Owner::Compose(..)) {
        check_inherited(ctx, container, port, server, sink);
    }

    for probe in [
        &container.liveness,
        &container.readiness,
        &container.startup,
    ] {
        if let Setting::Set(probe) = probe {
            check_probe(container, &probe.value, port, server, sink);

            if let Some(test) = probe.value.command() {
                check_health_check(&test, (port, server), &declared, sink);
            }
        }
    }
}

/// Reports a check of the image that calls the image's own port, where the service moves the server.
fn check_inherited(
    ctx: &Analysis,
    container: &Container,
    port: u16,
    server: Location,
    sink: &mut Sink,
) {
    let Some((dockerfile, stage)) = ctx.graph.build_of(container) else {
        return;
    };
    let Setting::Set(check) = dockerfile.health(stage) else {
        return;
    };

    let of_image = only_port(startup::stage(ctx, dockerfile, stage)).map(|(port, _)| port);
    let called = check.value.active_test().map(called_ports);
    let Some(called) = called.as_deref().and_then(<[CalledPort]>::first) else {
        return;
    };

    if container.health.is_absent() && called.port != port && of_image == Some(called.port) {
        sink.report(
            Finding::new(
                server,
                format!(
                    "`{}` inherits a health check of port {}, but its server listens on {port}",
                    container.name.value, called.port
                ),
            )
            .label(format!("listens on {port}"))
            .related(called.location, "the image's check calls this port")
            .help(format!("add a `healthcheck` that calls port {port}"))
            .anchor(container.anchor),
        );
    }
}

/// Reports the check of a data store that calls a port which its image does not serve.
fn check_store(container: &Container, sink: &mut Sink) {
    let image = container.image.as_ref();
    let Some(reference) = image.and_then(|image| image.reference.as_ref()) else {
        return;
    };
    let Some(known) = data::image(&reference.repository()).filter(|known| known.class.is_store())
    else {
        return;
    };

    let [inside, ..] = known.ports.as_slice() else {
        return;
    };
    let is_plain = container.command.is_none() && container.entrypoint.is_none();
    if !is_plain || has_configuration(container) {
        return;
    }

    let probes = [
        &container.liveness,
        &container.readiness,
        &container.startup,
    ];
    let commands: Vec<Command> = probes
        .into_iter()
        .filter_map(|probe| probe.value()?.command())
        .collect();
    let test = container.health.value().and_then(HealthCheck::active_test);

    for called in test.into_iter().chain(&commands).flat_map(called_ports) {
        // Databases and brokers have further ports, for metrics and consoles.
        let is_main = called.is_of_client
            || matches!(
                known.class,
                Class::Search | Class::VectorStore | Class::ObjectStore
            );
        if !is_main || known.ports.contains(&called.port) || may_be_moved(container, called.port) {
            continue;
        }

        sink.report(
            Finding::new(
                called.location,
                format!(
                    "the health check uses port {}, but `{}` listens on {inside}",
                    called.port, container.name.value
                ),
            )
            .label("nothing listens there")
            .help(format!("use port {inside}"))
            .anchor(container.anchor),
        );
    }
}

/// Whether a file is mounted that may set the port.
fn has_configuration(container: &Container) -> bool {
    container.mounts.iter().any(|mount| {
        let is_file = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or(path);
            path.starts_with("/etc/") || path.contains("conf") || name.contains('.')
        };

        !matches!(
            mount.source,
            MountSource::Volume(_) | MountSource::Anonymous | MountSource::Scratch
        ) && mount
            .target
            .as_ref()
            .is_none_or(|target| is_file(&target.value))
    })
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

/// Reports a health check that calls another port of the container than the server's. A separate port
/// for checks is declared beside the server's.
fn check_health_check(
    test: &Command,
    (port, server): (u16, Location),
    declared: &[u16],
    sink: &mut Sink,
) {
    let is_separate = |other: u16| declared.contains(&other) && declared.contains(&port);
    let mut called = called_ports(test).into_iter();

    if let Some(called) = called.find(|called| called.port != port && !is_separate(called.port)) {
        sink.report(
            Finding::new(
                called.location,
                format!(
                    "the health check uses port {}, but the server listens on {port}",
                    called.port
                ),
            )
            .label("nothing listens there")
            .related(server, format!("listens on {port}"))
            .help(format!("use port {port}")),
        );
    }
}
