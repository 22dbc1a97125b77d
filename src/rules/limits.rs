//! memory-limit, cpu-limit: what a container may take of its host.

use super::{Ctx, Owner};
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::container::{Container, ContainerRole, Quantity};

pub fn memory_limit(_: &Ctx, owner: Owner, container: &Container, sink: &mut Sink) {
    let limit = &container.resources.memory_limit;
    let help = match owner {
        Owner::Compose(..) => "set `mem_limit: 512m`, or `deploy.resources.limits.memory`",
        Owner::Kubernetes(..) => "set `resources.limits.memory`",
    };
    absent(owner, container, limit, "memory", help, sink);
}

pub fn cpu_limit(_: &Ctx, owner: Owner, container: &Container, sink: &mut Sink) {
    let limit = &container.resources.cpu_limit;
    let help = match owner {
        Owner::Compose(..) => "set `cpus: 1.0`, or `deploy.resources.limits.cpus`",
        Owner::Kubernetes(..) => "set `resources.limits.cpu`",
    };
    absent(owner, container, limit, "CPU", help, sink);
}

fn absent(owner: Owner, container: &Container, limit: &Setting<Quantity>, what: &str, help: &str, sink: &mut Sink) {
    let runs_on = matches!(container.role, ContainerRole::Service | ContainerRole::Main | ContainerRole::Sidecar);
    if !limit.is_absent() || !runs_on || is_exempt(owner) {
        return;
    }
    // `mem_limit: 0` is where the user has to look, if that is how it is unlimited.
    let zero = container.resources.zero.first().copied();
    let place = zero.unwrap_or(container.anchor);
    let finding = Finding::new(place, format!("`{}` has no {what} limit", container.name.value));
    let finding = if zero.is_some() { finding.label("0 stands for no limit") } else { finding };
    sink.report(finding.help(help).anchor(container.anchor));
}

/// Where limits would only be in the way: development, and what no container runs.
const fn is_exempt(owner: Owner) -> bool {
    match owner {
        Owner::Compose(project, service) => project.development || service.provided,
        Owner::Kubernetes(..) => false,
    }
}
