//! What several Kubernetes rules ask of a workload. Judges nothing by itself.

use crate::analysis::Ctx;
use crate::model::container::Container;
use crate::model::kubernetes::{Object, Workload};

/// Whether the workload's pods are meant to go on for ever: no job, no hook, no pod that ends.
pub fn is_long_running(object: &Object, workload: &Workload) -> bool {
    let ends = workload
        .pod
        .restart_policy
        .value()
        .is_some_and(|policy| policy != "Always");
    let job =
        workload.job.is_some() || matches!(object.kind.value.as_str(), "PodTemplate" | "ScaledJob");
    !job && !ends && !workload.guessed && !object.is_hook()
}

/// A kind that keeps a number of replicas by itself.
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

/// How many pods there are at least, with a Service, an autoscaler or none; `None` if that cannot
/// be known.
pub fn replicas(ctx: &Ctx, object: &Object, workload: &Workload) -> Option<u32> {
    let joined = ctx.graph.cluster.joined(object)?;
    if joined.may_be_scaled {
        return None;
    }

    if let Some(scaler) = joined.autoscalers.first() {
        let crate::model::kubernetes::Body::Autoscaler(scaler) = &scaler.body else {
            return None;
        };

        return if scaler.min_replicas.is_unknown() {
            None
        } else {
            Some(scaler.min_replicas.value().copied().unwrap_or(1))
        };
    }

    if workload.replicas.is_unknown() {
        return None;
    }

    Some(workload.replicas.value().copied().unwrap_or(1))
}

/// `api` of `Deployment/shop` for messages.
pub fn container_title(object: &Object, container: &Container) -> String {
    if container.name.value.is_empty() {
        return format!("a container in {}", object.title());
    }
    format!("`{}` in {}", container.name.value, object.title())
}

/// Whether a text can be the name of an object. Placeholders of build scripts, such as `V_NAME`,
/// cannot.
pub fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
    })
}

/// Kinds of custom objects that no pods come from; every other may be an operator's.
const HARMLESS_KINDS: [&str; 12] = [
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

/// Whether an operator may make pods in a folder: a custom object stands there that is not known to
/// make none.
pub fn has_operator(ctx: &Ctx, folder: &str) -> bool {
    let custom = |object: &Object| {
        let group = object.group();
        let standard = !group.contains('.')
            || group.ends_with(".k8s.io")
            || group.ends_with("istio.io")
            || group.starts_with("traefik.");
        !standard
            && object.kind.value != "CustomResourceDefinition"
            && !HARMLESS_KINDS.contains(&object.kind.value.as_str())
    };

    ctx.graph.cluster.is_operated(ctx.facts, folder, custom)
}
