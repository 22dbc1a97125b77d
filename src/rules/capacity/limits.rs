//! `memory-limit`, `cpu-limit`: how much of its host a container may use.

use crate::analysis::cluster_program::{ClusterProgram, program};
use crate::analysis::{Analysis, Owner};
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::container::{Container, ContainerRole, Quantity};

pub fn memory_limit(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let help = match owner {
        Owner::Compose(..) => {
            "set `mem_limit` or `deploy.resources.limits.memory` a little above the peak usage"
        }
        Owner::Kubernetes(..) => "set `resources.limits.memory`",
    };

    absent(
        owner,
        container,
        &container.resources.memory_limit,
        "memory",
        help,
        sink,
    );
}

pub fn cpu_limit(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let help = match owner {
        Owner::Compose(..) => {
            "set `cpus` or `deploy.resources.limits.cpus` to the share of the host it may use"
        }
        Owner::Kubernetes(..) => "set `resources.limits.cpu`",
    };

    absent(
        owner,
        container,
        &container.resources.cpu_limit,
        "CPU",
        help,
        sink,
    );
}

fn absent(
    owner: Owner,
    container: &Container,
    limit: &Setting<Quantity>,
    what: &str,
    help: &str,
    sink: &mut Sink,
) {
    let runs_on = matches!(
        container.role,
        ContainerRole::Service | ContainerRole::Main | ContainerRole::Sidecar
    );
    if !limit.is_absent() || !runs_on || is_exempt(owner) {
        return;
    }

    // `mem_limit: 0` is the line to change, if there is one.
    let zero = container.resources.zero.first().copied();
    let location = zero.unwrap_or_else(|| {
        let key = if what == "CPU" { "cpu" } else { "memory" };
        container.absence(&format!("resources.limits.{key}"))
    });
    let finding = Finding::new(
        location,
        format!("{} has no {what} limit", container.title()),
    );
    let finding = if zero.is_some() {
        finding.label("0 means no limit")
    } else {
        finding
    };

    // The rule about CPU limits is a note everywhere.
    let is_idle = what == "memory" && program(container) == Some(ClusterProgram::Idle);

    sink.report(
        finding
            .help(help)
            .anchor(container.anchor)
            .case_if(is_idle, "idle"),
    );
}

/// Whether a container needs no limits: in development, without a container at run time, and in
/// hooks, which are short.
fn is_exempt(owner: Owner) -> bool {
    match owner {
        Owner::Compose(project, service) => {
            project.development
                || project.only_builds()
                || service.provided
                || service.never_starts()
        }
        Owner::Kubernetes(object, _) => object.is_hook(),
    }
}
