//! `service-port`: a Service that sends traffic to a port which its pods do not have.

use crate::analysis::Analysis;
use crate::data;
use crate::finding::{Finding, Sink};
use crate::model::container::{Container, ContainerRole, Mount, MountSource};
use crate::model::kubernetes::{Body, KubeService, Object, ServicePort, Workload};
use crate::source::Located;

type Pods<'a> = (&'a Object, &'a Workload);

pub fn check(ctx: &Analysis, object: &Object, sink: &mut Sink) {
    let Body::Service(service) = &object.body else {
        return;
    };

    let Some(selected) = ctx.graph.cluster.selected(object) else {
        return;
    };

    // A headless Service has no ports of its own: clients connect to the pods.
    if selected.workloads.is_open()
        || selected.workloads.is_empty()
        || service.headless
        || object.open
    {
        return;
    }

    let pods = &selected.workloads;
    if pods.iter().any(|pods| may_have_more_ports(*pods)) {
        return;
    }

    for port in &service.ports {
        let Some(target) = target(port) else {
            continue;
        };

        let fault = match target.value.parse::<u16>() {
            Ok(0) => None,
            Ok(number) => number_fault(ctx, service, pods, number),
            Err(_) if has_name(pods, &target.value) => None,
            Err(_) => Some(Fault::UnknownName),
        };

        if let Some(fault) = fault {
            sink.report(finding(object, target, fault, pods));
        }
    }
}

/// Why nothing answers at a port.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    UnknownName,
    /// The images are known to serve other ports.
    UnknownNumber,
    /// The pods declare other ports, which says nothing for sure.
    Undeclared,
}

fn finding(object: &Object, target: &Located<String>, fault: Fault, pods: &[Pods]) -> Finding {
    let title = object.title();
    let port = &target.value;
    let (message, label) = match fault {
        Fault::UnknownName => (
            format!("{title} sends traffic to port `{port}`, which its pods do not have"),
            "no container port has this name",
        ),
        Fault::UnknownNumber => (
            format!("{title} sends traffic to port {port}, where nothing listens"),
            "the image serves other ports",
        ),
        Fault::Undeclared => (
            format!("{title} sends traffic to port {port}, which its pods do not declare"),
            "the pods declare other ports",
        ),
    };

    let mut finding = Finding::new(target.location, message)
        .label(label)
        .help("use the name or the number of a port that the containers listen on")
        .anchor(object.anchor)
        .case_if(fault == Fault::Undeclared, "undeclared");

    for (pod, workload) in pods.iter().take(2) {
        if let Some(port) = containers(workload)
            .flat_map(|container| &container.ports)
            .next()
        {
            finding = finding.related(port.location, format!("a port of {}", pod.title()));
        }
    }

    finding
}

fn target(port: &ServicePort) -> Option<&Located<String>> {
    if port.target.is_absent() {
        port.port.known()
    } else {
        port.target.known()
    }
}

/// The containers that may listen: those that run as long as the pod.
fn containers(workload: &Workload) -> impl Iterator<Item = &Container> {
    workload
        .pod
        .containers
        .iter()
        .filter(|container| matches!(container.role, ContainerRole::Main | ContainerRole::Sidecar))
}

fn may_have_more_ports((object, workload): Pods) -> bool {
    workload.guessed
        || object.open
        || containers(workload).any(|container| {
            container.ports.is_open()
                || container
                    .ports
                    .iter()
                    .any(|port| port.unknown || (object.helm && port.name.is_none()))
        })
}

fn has_name(pods: &[Pods], name: &str) -> bool {
    pods.iter()
        .flat_map(|(_, workload)| containers(workload))
        .flat_map(|container| &container.ports)
        .any(|port| port.name.as_ref().is_some_and(|known| known.value == name))
}

fn declares(container: &Container, number: u16) -> bool {
    container.ports.iter().any(|port| {
        port.target
            .is_some_and(|(first, last)| (first..=last).contains(&number))
    })
}

/// The fault of a number that no container declares.
fn number_fault(
    ctx: &Analysis,
    service: &KubeService,
    pods: &[Pods],
    number: u16,
) -> Option<Fault> {
    let all = || pods.iter().flat_map(|(_, workload)| containers(workload));
    if all().any(|container| declares(container, number)) {
        return None;
    }

    let images: Vec<Vec<u16>> = all()
        .filter_map(|container| image_ports(ctx, container))
        .collect();
    if images.iter().any(|ports| ports.contains(&number)) {
        return None;
    }

    // What is known of every image is evidence; of some, the others may listen.
    if !images.is_empty() && images.len() == all().count() {
        return Some(Fault::UnknownNumber);
    }

    // Additional ports, for metrics and the like, are often not declared.
    let reaches_declared =
        service
            .ports
            .iter()
            .filter_map(target)
            .any(|target| match target.value.parse() {
                Ok(number) => all().any(|container| declares(container, number)),
                Err(_) => has_name(pods, &target.value),
            });
    let has_ports = all().any(|container| !container.ports.is_empty());

    (has_ports && !reaches_declared).then_some(Fault::Undeclared)
}

/// The ports that an image is known to serve: those that its Dockerfile exposes, or that a well-known
/// image has. A container that is told otherwise may serve any.
fn image_ports(ctx: &Analysis, container: &Container) -> Option<Vec<u16>> {
    let is_told = container.command.is_some()
        || container.entrypoint.is_some()
        || container
            .env
            .iter()
            .any(|variable| variable.name.value.contains("PORT"));
    if is_told {
        return None;
    }

    let ports = match ctx.graph.build_of(container) {
        Some((dockerfile, stage)) => dockerfile
            .chain(stage)
            .flat_map(|stage| &stage.exposes)
            .map(|expose| expose.value.split('/').next()?.parse().ok())
            .collect::<Option<Vec<u16>>>()?,
        None => {
            // A configuration may set other ports.
            if container.mounts.iter().any(is_configuration) {
                return None;
            }

            let image = container.image.as_ref()?.reference.as_ref()?;
            data::image(&image.repository())?.ports.clone()
        }
    };

    (!ports.is_empty()).then_some(ports)
}

fn is_configuration(mount: &Mount) -> bool {
    !matches!(
        mount.source,
        MountSource::Anonymous | MountSource::Scratch | MountSource::Volume(_)
    )
}
