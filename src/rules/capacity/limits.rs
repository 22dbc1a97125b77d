//! memory-limit, cpu-limit: what a container may take of its host.

use crate::analysis::{Ctx, Owner};
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::compose::{Feature, Project, Service};
use crate::model::container::{Container, ContainerRole, Quantity};

pub fn memory_limit(_: &Ctx, owner: Owner, container: &Container, sink: &mut Sink) {
    let help = match owner {
        Owner::Compose(..) => {
            "set `mem_limit` or `deploy.resources.limits.memory` a little above the peak usage"
        }
        Owner::Kubernetes(..) => "set `resources.limits.memory`",
    };

    absent(
        owner,
        container,
        |container| &container.resources.memory_limit,
        Feature::MemoryLimit,
        help,
        sink,
    );
}

pub fn cpu_limit(_: &Ctx, owner: Owner, container: &Container, sink: &mut Sink) {
    let help = match owner {
        Owner::Compose(..) => {
            "set `cpus` or `deploy.resources.limits.cpus` to the share of the host it may use"
        }
        Owner::Kubernetes(..) => "set `resources.limits.cpu`",
    };

    absent(
        owner,
        container,
        |container| &container.resources.cpu_limit,
        Feature::CpuLimit,
        help,
        sink,
    );
}

fn absent(
    owner: Owner,
    container: &Container,
    limit: fn(&Container) -> &Setting<Quantity>,
    feature: Feature,
    help: &str,
    sink: &mut Sink,
) {
    let what = if feature == Feature::CpuLimit {
        "CPU"
    } else {
        "memory"
    };

    let runs_on = matches!(
        container.role,
        ContainerRole::Service | ContainerRole::Main | ContainerRole::Sidecar
    );
    if !limit(container).is_absent() || !runs_on || is_exempt(owner) {
        return;
    }

    if let Owner::Compose(project, service) = owner {
        match said_once(project, service, feature, |service| {
            limit(&service.container).is_absent()
        }) {
            Once::Each => {}
            Once::Elsewhere => return,
            Once::Here(count) => {
                let message = format!("none of the {count} services has a {what} limit");
                return sink.report(
                    Finding::new(container.anchor, message)
                        .help(help)
                        .anchor(container.anchor)
                        .others(count - 1),
                );
            }
        }
    }
    // `mem_limit: 0` is where the user has to look, if that is how it is unlimited.
    let zero = container.resources.zero.first().copied();
    let location = zero.unwrap_or(container.anchor);
    let finding = Finding::new(
        location,
        format!("{} has no {what} limit", container.title()),
    );
    let finding = if zero.is_some() {
        finding.label("0 means no limit")
    } else {
        finding
    };

    sink.report(finding.help(help).anchor(container.anchor));
}

/// How to speak of what services lack.
pub enum Once {
    /// Some have it: each of the others is a finding.
    Each,
    /// None has it, which is said at another service.
    Elsewhere,
    /// None of so many has it, which is said here.
    Here(u32),
}

/// What no service of a project has is said once, at the first of them.
pub fn said_once(
    project: &Project,
    service: &Service,
    feature: Feature,
    lacks: impl Fn(&Service) -> bool,
) -> Once {
    let all = project.services.len();
    if all < 3 || project.base_files > 0 || !project.all_lack(feature, lacks) {
        return Once::Each;
    }

    let first = project
        .services
        .first()
        .is_some_and(|first| first.name() == service.name());
    if first {
        Once::Here(all as u32)
    } else {
        Once::Elsewhere
    }
}

/// Where limits would only be in the way: development, what no container runs, and hooks, which
/// come and go.
fn is_exempt(owner: Owner) -> bool {
    match owner {
        Owner::Compose(project, service) => {
            project.development || project.only_builds() || service.provided
        }
        Owner::Kubernetes(object, _) => object.is_hook(),
    }
}
