//! Questions about workloads that several Kubernetes rules ask.

use crate::analysis::Analysis;
use crate::model::Setting;
use crate::model::container::Container;
use crate::model::kubernetes::{Body, Object, Workload};

/// Whether the pods of a workload run without an end: not a job, a hook, or a pod that ends.
pub fn is_long_running(object: &Object, workload: &Workload) -> bool {
    let ends = workload
        .pod
        .restart_policy
        .value()
        .is_some_and(|policy| policy != "Always");
    let is_job =
        workload.job.is_some() || matches!(object.kind.value.as_str(), "PodTemplate" | "ScaledJob");

    !is_job && !ends && !workload.guessed && !object.is_hook()
}

/// Whether the kind has a number of replicas.
pub fn is_scalable(object: &Object) -> bool {
    matches!(
        object.kind.value.as_str(),
        "Deployment"
            | "StatefulSet"
            | "Rollout"
            | "DeploymentConfig"
            | "ReplicaSet"
            | "ReplicationController"
    )
}

/// The minimum number of pods, with an autoscaler or without; `None` if that is unknown.
pub fn replicas(ctx: &Analysis, object: &Object, workload: &Workload) -> Option<u32> {
    let joined = ctx.graph.cluster.joined(object)?;
    if joined.autoscalers.is_open() {
        return None;
    }

    if let Some(scaler) = joined.autoscalers.first() {
        let Body::Autoscaler(scaler) = &scaler.body else {
            return None;
        };

        return known_or_one(&scaler.min_replicas);
    }

    known_or_one(&workload.replicas)
}

/// A number of replicas, whose default is one; `None` if it is unknown.
fn known_or_one(count: &Setting<u32>) -> Option<u32> {
    match count {
        Setting::Set(count) => Some(count.value),
        Setting::Absent => Some(1),
        Setting::Unknown(_) => None,
    }
}

/// `api` of `Deployment/shop` for messages.
pub fn container_title(object: &Object, container: &Container) -> String {
    if container.name.value.is_empty() {
        return format!("a container in {}", object.title());
    }
    format!("`{}` in {}", container.name.value, object.title())
}

/// Whether a string can be the name of an object, unlike placeholders of build scripts such as
/// `V_NAME`.
pub fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
    })
}

/// Kinds of custom objects from which no operator creates pods.
const KINDS_WITHOUT_PODS: [&str; 12] = [
    "Certificate",
    "ClusterIssuer",
    "ExternalSecret",
    "Issuer",
    "PodMonitor",
    "Probe",
    "PrometheusRule",
    "ScaledObject",
    "SealedSecret",
    "SecretStore",
    "ServiceMonitor",
    "VerticalPodAutoscaler",
];

/// Whether an operator may create pods in a folder: it has a custom object of another kind than
/// those that are known not to.
pub fn has_operator(ctx: &Analysis, folder: &str) -> bool {
    ctx.graph
        .cluster
        .is_operated(ctx.facts, folder, may_create_pods)
}

fn may_create_pods(object: &Object) -> bool {
    object.is_operated() && !KINDS_WITHOUT_PODS.contains(&object.kind.value.as_str())
}
