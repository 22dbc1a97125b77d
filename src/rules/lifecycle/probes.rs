//! `liveness-probe`, `readiness-probe`, `startup-probe`, `distinct-probes`, `probe-port`,
//! `probe-host`, `pre-stop`: whether a cluster can see that a container works.

use crate::analysis::cluster_program::is_helper;
use crate::analysis::workload::{container_title, is_long_running};
use crate::analysis::{Analysis, Owner};
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::container::{Container, ContainerRole, HostNamespace, Probe, ProbeAction};
use crate::model::kubernetes::{Body, Object, Workload};
use crate::source::Located;

/// The pod of a container that should have probes.
fn probed<'a>(owner: Owner<'a>, container: &Container) -> Option<(&'a Object, &'a Workload)> {
    let Owner::Kubernetes(object, workload) = owner else {
        return None;
    };
    (container.role == ContainerRole::Main && is_long_running(object, workload))
        .then_some((object, workload))
}

pub fn liveness(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Some((object, workload)) = probed(owner, container) else {
        return;
    };

    if !container.liveness.is_absent() || is_helper(workload, container) {
        return;
    }

    // A worker neither listens nor is sent requests, so that a hang delays no client.
    let served = ctx.graph.cluster.joined(object).is_none_or(|joined| {
        joined
            .services
            .iter()
            .any(|service| reaches_pod(service, workload))
    });
    let listens = workload.pod.main().any(|main| !main.ports.is_empty());
    let serves = served || container.ports.is_open() || listens;

    sink.report(
        Finding::new(
            container.absence("livenessProbe"),
            format!(
                "{} has no liveness probe",
                container_title(object, container)
            ),
        )
        .label("a hung process is never restarted")
        .help("add a `livenessProbe` that fails only when a restart would help")
        .anchor(object.anchor)
        .case_if(!serves, "worker"),
    );
}

pub fn readiness(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Some((object, workload)) = probed(owner, container) else {
        return;
    };

    if !container.readiness.is_absent() || is_helper(workload, container) {
        return;
    }

    let services = ctx
        .graph
        .cluster
        .joined(object)
        .map_or(&[][..], |joined| &joined.services);
    let finding = Finding::new(
        container.absence("readinessProbe"),
        format!(
            "{} has no readiness probe",
            container_title(object, container)
        ),
    )
    .label("receives traffic before it can answer")
    .help("add a `readinessProbe` that succeeds once the container can serve requests")
    .anchor(object.anchor);

    let service = services
        .iter()
        .find(|service| reaches(service, workload, container));
    if let Some(service) = service {
        sink.report(finding.related(service.location(), "this Service sends it traffic"));
    } else if services.is_empty() && !has_services(ctx) {
        sink.report(
            finding
                .label("nothing indicates when it can take traffic")
                .case("uncertain"),
        );
    }
}

/// Whether a Service sends traffic to any container of the pods that it selects.
fn reaches_pod(service: &Object, workload: &Workload) -> bool {
    workload
        .pod
        .main()
        .any(|container| reaches(service, workload, container))
}

/// Whether a port of a Service leads to a container.
fn reaches(service: &Object, workload: &Workload, container: &Container) -> bool {
    let Body::Service(facts) = &service.body else {
        return false;
    };

    facts.ports.is_empty()
        || facts.ports.iter().any(|port| {
            let target = if port.target.is_absent() {
                &port.port
            } else {
                &port.target
            };

            leads_to(target, workload, container)
        })
}

/// Whether a target port is one of a container. A number that no container declares is one of a
/// container that declares none.
fn leads_to(target: &Setting<String>, workload: &Workload, container: &Container) -> bool {
    let Some(target) = target.value() else {
        return true;
    };

    match target.parse::<u16>() {
        // Port 0 fills a field that must not be empty; nothing listens there.
        Ok(0) => false,
        Ok(number) => {
            let is_declared = workload.pod.main().any(|other| declares(other, number));
            let is_container = declares(container, number);

            is_container || (!is_declared && container.ports.is_empty())
        }
        Err(_) => {
            has_port_name(container, target)
                || has_unknown_name(container)
                || container.ports.is_open()
        }
    }
}

/// Whether the repository has Services; without one, they are kept elsewhere.
fn has_services(ctx: &Analysis) -> bool {
    ctx.graph
        .cluster
        .of_kind("Service")
        .any(|object| matches!(object.body, Body::Service(_)))
}

/// A liveness probe that kills a slow starter, without a startup probe that gives it time.
pub fn startup(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Some((object, _)) = probed(owner, container) else {
        return;
    };

    let Some(liveness) = container.liveness.known() else {
        return;
    };

    if container.startup.is_absent() {
        sink.report(
            Finding::new(
                liveness.location,
                format!(
                    "{} has a liveness probe but no startup probe",
                    container_title(object, container)
                ),
            )
            .label("runs as soon as the container starts")
            .help("add a `startupProbe` that allows enough time for a slow start")
            .anchor(object.anchor),
        );
    }
}

pub fn distinct(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let (Owner::Kubernetes(object, _), Some(live), Some(ready)) = (
        owner,
        container.liveness.known(),
        container.readiness.known(),
    ) else {
        return;
    };

    if live.value.fingerprint != ready.value.fingerprint
        || live.value.action == ProbeAction::Unknown
    {
        return;
    }

    sink.report(
        Finding::new(
            live.location,
            format!(
                "{} uses the same probe for liveness and readiness",
                container_title(object, container)
            ),
        )
        .label("kills a busy container instead of pausing its traffic")
        .related(ready.location, "identical readiness probe")
        .help("use a cheaper endpoint or a higher `failureThreshold` for the liveness probe")
        .anchor(object.anchor)
        .case_if(
            matches!(live.value.action, ProbeAction::Tcp { .. }),
            "connection",
        ),
    );
}

/// The probes of a container with their names.
fn probes(container: &Container) -> [(&'static str, &Setting<Probe>); 3] {
    [
        ("liveness", &container.liveness),
        ("readiness", &container.readiness),
        ("startup", &container.startup),
    ]
}

fn probe_port(action: &ProbeAction) -> Option<&Located<String>> {
    match action {
        ProbeAction::Http { port, .. } | ProbeAction::Tcp { port } | ProbeAction::Grpc { port } => {
            port.known()
        }
        ProbeAction::Exec { .. } | ProbeAction::Unknown => None,
    }
}

pub fn port(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Owner::Kubernetes(object, _) = owner else {
        return;
    };

    if container.ports.is_open() {
        return;
    }

    // Which number a name stands for does not matter to a probe by name.
    let has_unknown_number = container.ports.iter().any(|port| port.unknown);

    for (kind, probe) in probes(container) {
        let Some(port) = probe.value().and_then(|probe| probe_port(&probe.action)) else {
            continue;
        };

        let title = container_title(object, container);
        match port.value.parse::<u16>() {
            Ok(number) => {
                if !has_unknown_number
                    && !container.ports.is_empty()
                    && !declares(container, number)
                {
                    let message =
                        format!("the {kind} probe of {title} uses undeclared port {number}");
                    sink.report(
                        Finding::new(port.location, message)
                            .help(format!(
                                "add `containerPort: {number}`, or probe a declared port"
                            ))
                            .anchor(object.anchor)
                            .case("undeclared-number"),
                    );
                }
            }
            Err(_) if is_grpc(probe) => {
                let message = format!(
                    "the {kind} probe of {title} uses the port name `{}` for gRPC",
                    port.value
                );
                sink.report(
                    Finding::new(port.location, message)
                        .label("the API server only accepts a number")
                        .help("use the number of the port")
                        .anchor(object.anchor),
                );
            }
            Err(_) if has_port_name(container, &port.value) || has_unknown_name(container) => {}
            Err(_) => {
                let message = format!(
                    "the {kind} probe of {title} uses undefined port name `{}`",
                    port.value
                );
                sink.report(undefined_name(container, port, message).anchor(object.anchor));
            }
        }
    }
}

fn is_grpc(probe: &Setting<Probe>) -> bool {
    probe
        .value()
        .is_some_and(|probe| matches!(probe.action, ProbeAction::Grpc { .. }))
}

fn declares(container: &Container, number: u16) -> bool {
    container.ports.iter().any(|port| {
        port.target
            .is_some_and(|(from, to)| from <= number && number <= to)
    })
}

/// Whether a template may give a port any name.
fn has_unknown_name(container: &Container) -> bool {
    container
        .ports
        .iter()
        .any(|port| port.unknown && port.name.is_none())
}

fn has_port_name(container: &Container, name: &str) -> bool {
    container
        .ports
        .iter()
        .filter_map(|port| port.name.as_ref())
        .any(|known| known.value == name)
}

fn undefined_name(container: &Container, port: &Located<String>, message: String) -> Finding {
    let mut finding = Finding::new(port.location, message)
        .label("does not resolve, so the probe always fails")
        .help(format!(
            "name one of the container's ports `{}`, or use a port number",
            port.value
        ));
    for name in container.ports.iter().filter_map(|port| port.name.as_ref()) {
        finding = finding.related(name.location, "a port of this container");
    }

    finding
}

/// A probe or hook that leaves the pod.
pub fn host(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Owner::Kubernetes(object, _) = owner else {
        return;
    };
    // With the node's network, the node's own address is the pod's.
    let on_node = container
        .security
        .host_namespaces
        .iter()
        .any(|shared| shared.value == HostNamespace::Network);
    let hooks = container.kube.iter().flat_map(|kube| &kube.hook_hosts);
    let hosts = probes(container)
        .into_iter()
        .filter_map(|(_, probe)| probe.value()?.host.as_ref());
    for host in hosts.chain(hooks) {
        if on_node && matches!(host.value.as_str(), "127.0.0.1" | "localhost" | "::1") {
            continue;
        }

        sink.report(
            Finding::new(
                host.location,
                format!(
                    "a probe of {} targets another host, `{}`",
                    container_title(object, container),
                    host.value
                ),
            )
            .label("the kubelet sends this request from the node's network")
            .help("remove `host`; the default is the pod's own address")
            .anchor(object.anchor),
        );
    }
}

/// Behind a Service, requests still arrive while the process already stops.
pub fn pre_stop(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Some((object, _)) = probed(owner, container) else {
        return;
    };

    let served = ctx
        .graph
        .cluster
        .joined(object)
        .and_then(|joined| joined.services.first());
    let (Some(service), Some(kube)) = (served, &container.kube) else {
        return;
    };

    if kube.pre_stop.is_absent() && !container.ports.is_empty() {
        sink.report(
            Finding::new(
                container.anchor,
                format!(
                    "{} stops without draining its traffic",
                    container_title(object, container)
                ),
            )
            .related(
                service.location(),
                "this Service keeps sending requests for a moment",
            )
            .help("add a `preStop` hook that sleeps for a few seconds")
            .anchor(object.anchor),
        );
    }
}
