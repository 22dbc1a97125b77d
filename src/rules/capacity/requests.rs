//! `cpu-request`, `memory-request`, `invalid-resources`: resources that pods request.

use crate::analysis::cluster_program::{ClusterProgram, program};
use crate::analysis::workload::container_title;
use crate::analysis::{Analysis, Owner};
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::container::{Container, ContainerRole, Quantity};
use crate::source::Located;

pub fn cpu(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    missing(
        owner,
        container,
        "CPU",
        &container.resources.cpu_request,
        &container.resources.cpu_limit,
        sink,
    );
}

pub fn memory(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    missing(
        owner,
        container,
        "memory",
        &container.resources.memory_request,
        &container.resources.memory_limit,
        sink,
    );
}

fn missing(
    owner: Owner,
    container: &Container,
    what: &str,
    request: &Setting<Quantity>,
    limit: &Setting<Quantity>,
    sink: &mut Sink,
) {
    let Owner::Kubernetes(object, workload) = owner else {
        return;
    };

    if !request.is_absent() || container.role == ContainerRole::Ephemeral || object.is_hook() {
        return;
    }

    let title = container_title(object, container);
    let key = if what == "CPU" { "cpu" } else { "memory" };
    let location = container.absence(&format!("resources.requests.{key}"));
    let finding = Finding::new(location, format!("{title} has no {what} request"))
        .help(format!(
            "set `resources.requests.{key}` to the container's normal usage"
        ))
        .anchor(object.anchor)
        .case_if(program(container) == Some(ClusterProgram::Idle), "idle");
    let finding = if container.resources.is_bare() {
        finding.part_of(container.anchor)
    } else {
        finding
    };
    match limit {
        Setting::Unknown(_) => {}
        Setting::Set(limit) => {
            let finding = finding.label("the limit is used as the request").related(
                limit.location,
                format!("reserves this much {what} at all times"),
            );
            sink.report(finding.case("limit"));
        }
        // An init container's share is free again before the pod serves, and an operator may
        // complete a guessed pod.
        Setting::Absent if container.role == ContainerRole::Init => {
            sink.report(finding.case("init"));
        }
        Setting::Absent if workload.guessed => sink.report(finding.case("guessed")),
        Setting::Absent => sink.report(finding.label("scheduled as if it needed none")),
    }
}

/// Requests above limits, memory in thousandths of a byte, and values that are not quantities.
pub fn invalid(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Owner::Kubernetes(object, _) = owner else {
        return;
    };

    let resources = &container.resources;
    let title = container_title(object, container);
    for (what, request, limit) in [
        ("CPU", &resources.cpu_request, &resources.cpu_limit),
        ("memory", &resources.memory_request, &resources.memory_limit),
    ] {
        for quantity in [request, limit].into_iter().filter_map(Setting::known) {
            if let Some(problem) = fault(what, quantity) {
                sink.report(
                    Finding::new(quantity.location, format!("{title}: {problem}"))
                        .anchor(object.anchor)
                        .help(format!(
                            "write it as {}",
                            if what == "CPU" {
                                "`500m` or `2`"
                            } else {
                                "`256Mi` or `1Gi`"
                            }
                        )),
                );
            }
        }

        let (Some(request), Some(limit)) = (request.known(), limit.known()) else {
            continue;
        };

        if request
            .value
            .amount
            .zip(limit.value.amount)
            .is_some_and(|(request, limit)| request > limit)
        {
            sink.report(
                Finding::new(
                    request.location,
                    format!("{title} requests more {what} than its limit allows"),
                )
                .label("the API server rejects this")
                .related(
                    limit.location,
                    format!("the limit is `{}`", limit.value.written),
                )
                .help("raise the limit or lower the request")
                .anchor(object.anchor),
            );
        }
    }
}

/// A fault of a quantity in words, if it has one.
fn fault(what: &str, quantity: &Located<Quantity>) -> Option<String> {
    let Quantity { written, amount } = &quantity.value;

    match amount {
        None => Some(format!("`{written}` is not a {what} quantity")),
        Some(amount) if what == "memory" && *amount > 0.0 && *amount < 1024.0 => {
            Some(format!("memory `{written}` is only {amount} bytes"))
        }
        Some(_) => None,
    }
}
