//! What programs of a cluster do for it: controllers, agents of nodes, exporters and sidecars. They
//! need rights, and do without settings, that would be faults of a server.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::analysis::Owner;
use crate::embedded::table;
use crate::model::Command;
use crate::model::container::Container;
use crate::model::kubernetes::{Object, Workload};

/// What a program does for its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClusterProgram {
    /// Works for another container of its pod.
    Sidecar,
    /// Works on its node.
    Agent,
    /// Watches the API; one of its replicas works at a time.
    Controller,
    /// Answers the scrapes of a monitoring system.
    Exporter,
    /// Sleeps, to keep a pod alive.
    Idle,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramTable {
    program: Vec<ProgramEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramEntry {
    role: ClusterProgram,
    names: Vec<String>,
}

static PROGRAMS: LazyLock<Vec<ProgramEntry>> = LazyLock::new(|| {
    let table: ProgramTable = table!("cluster-programs");
    table.program
});

/// Namespaces of the cluster's own components.
const SYSTEM_NAMESPACES: [&str; 2] = ["kube-system", "kube-node-lease"];

/// Priority classes that are reserved for the cluster's own components.
const SYSTEM_PRIORITIES: [&str; 2] = ["system-node-critical", "system-cluster-critical"];

/// The part of a container in its cluster, by its image, or else by its name; `None` for an
/// ordinary program.
pub fn program(container: &Container) -> Option<ClusterProgram> {
    let image = container
        .image
        .as_ref()
        .and_then(|image| image.reference.as_ref())
        .map(|reference| reference.path.rsplit('/').next().unwrap_or("").to_owned());

    image
        .as_deref()
        .and_then(program_of_name)
        .or_else(|| program_of_name(&container.name.value))
}

fn program_of_name(name: &str) -> Option<ClusterProgram> {
    PROGRAMS
        .iter()
        .find(|entry| entry.names.iter().any(|pattern| fits(pattern, name)))
        .map(|entry| entry.role)
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(suffix) => name.ends_with(suffix),
        None => pattern == name,
    }
}

/// Whether a container works for another one of its pod, or for nothing: another container has the
/// pod's ports, or the program is known for it.
pub fn is_helper(workload: &Workload, container: &Container) -> bool {
    let is_first = workload
        .pod
        .main()
        .next()
        .is_some_and(|first| first.anchor == container.anchor);

    match program(container) {
        Some(ClusterProgram::Idle) => true,
        Some(ClusterProgram::Sidecar) if has_company(workload) => true,
        Some(ClusterProgram::Exporter) if !is_first => true,
        _ => !is_first && container.ports.is_empty() && workload.pod.has_main_ports,
    }
}

/// Whether a pod has several containers that run as long as it does.
fn has_company(workload: &Workload) -> bool {
    workload.pod.main().nth(1).is_some()
}

/// Whether a container belongs to a pod that works on the node that it runs on, so that access to
/// its host is its purpose: one on each node, and known for it or a part of the cluster.
pub fn is_node_agent(owner: Owner) -> bool {
    let Owner::Kubernetes(object, workload) = owner else {
        return false;
    };

    if object.kind.value != "DaemonSet" {
        return false;
    }

    let in_system_namespace = object
        .namespace
        .value()
        .is_some_and(|namespace| SYSTEM_NAMESPACES.contains(&namespace.as_str()));
    let has_system_priority = workload
        .pod
        .priority_class
        .value()
        .is_some_and(|class| SYSTEM_PRIORITIES.contains(&class.as_str()));

    in_system_namespace
        || has_system_priority
        || workload.pod.containers.iter().any(|container| {
            matches!(
                program(container),
                Some(ClusterProgram::Agent | ClusterProgram::Exporter)
            )
        })
}

/// Whether one replica of a workload does all the work: the replicas elect a leader, or each would
/// report the same.
pub fn works_alone(object: &Object, workload: &Workload) -> bool {
    let is_named_controller = object
        .name
        .as_ref()
        .is_some_and(|name| program_of_name(&name.value) == Some(ClusterProgram::Controller));

    is_named_controller
        || workload.pod.main().any(|container| {
            elects_leader(container)
                || matches!(
                    program(container),
                    Some(ClusterProgram::Controller | ClusterProgram::Exporter)
                )
        })
}

fn elects_leader(container: &Container) -> bool {
    [&container.entrypoint, &container.command]
        .into_iter()
        .flatten()
        .any(|command| match command {
            Command::Exec { words, .. } => {
                words.iter().any(|word| word.value.contains("leader-elect"))
            }
            Command::Shell { code, .. } => code.text.contains("leader-elect"),
        })
}
