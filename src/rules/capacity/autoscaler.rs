//! `autoscaler-conflict`, `autoscaler-target`, `autoscaler-requests`, `autoscaler-min`: whether an
//! autoscaler can scale its workload.

use crate::analysis::Analysis;
use crate::analysis::workload::is_name;
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::container::Container;
use crate::model::kubernetes::{Body, Object, Utilization, Workload};

/// A number of replicas beside an autoscaler: each apply resets what the autoscaler set.
pub fn conflict(ctx: &Analysis, object: &Object, workload: &Workload, sink: &mut Sink) {
    let (Some(count), Some(joined)) = (workload.replicas.known(), ctx.graph.cluster.joined(object))
    else {
        return;
    };

    let Some(scaler) = joined.autoscalers.first() else {
        return;
    };

    sink.report(
        Finding::new(
            count.location,
            format!(
                "{} sets `replicas`, but {} scales it",
                object.title(),
                scaler.title()
            ),
        )
        .label("each apply resets the replica count")
        .related(scaler.location(), "this autoscaler sets the replica count")
        .help("remove `replicas` and let the autoscaler set it")
        .anchor(object.anchor),
    );
}

pub fn target(ctx: &Analysis, object: &Object, sink: &mut Sink) {
    let Body::Autoscaler(scaler) = &object.body else {
        return;
    };

    let (Some(name), Some(kind)) = (scaler.target_name.known(), scaler.target_kind.known()) else {
        return;
    };

    let cluster = &ctx.graph.cluster;
    if object.open
        || !is_standard(&kind.value)
        || !is_name(&name.value)
        || !cluster.find(&kind.value, &name.value, object).is_empty()
    {
        return;
    }

    // A template may create a workload of any name.
    if object.helm
        && cluster
            .objects()
            .any(|other| other.helm && other.workload().is_some() && other.name.is_none())
    {
        return;
    }

    let mut finding = Finding::new(
        name.location,
        format!(
            "{} scales {}/{}, which is not in this repository",
            object.title(),
            kind.value,
            name.value
        ),
    )
    .label("no such object")
    .help("name the workload to scale, or remove the autoscaler")
    .anchor(object.anchor);
    let elsewhere = WORKLOADS
        .iter()
        .filter_map(|kind| cluster.first_of_name(kind, &name.value))
        .filter(|other| other.workload().is_some())
        .min_by_key(|other| other.location());
    if let Some(other) = elsewhere {
        finding = finding.related(other.location(), format!("this is a {}", other.kind.value));
    }

    sink.report(finding);
}

/// The kinds of Kubernetes itself that run pods.
const WORKLOADS: [&str; 8] = [
    "Deployment",
    "StatefulSet",
    "ReplicaSet",
    "ReplicationController",
    "DaemonSet",
    "Job",
    "CronJob",
    "Pod",
];

/// Whether the kind is one of Kubernetes itself; others are created by operators.
fn is_standard(kind: &str) -> bool {
    matches!(
        kind,
        "Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController"
    )
}

/// Scaling on a share of a request that is not set.
pub fn requests(ctx: &Analysis, object: &Object, sink: &mut Sink) {
    let Body::Autoscaler(scaler) = &object.body else {
        return;
    };

    let Some(selected) = ctx.graph.cluster.selected(object) else {
        return;
    };

    for Utilization {
        resource,
        container: measured,
    } in &scaler.utilization
    {
        for (target, workload) in &selected.workloads {
            let Some(container) = workload
                .pod
                .lasting()
                .filter(|container| {
                    measured
                        .as_ref()
                        .is_none_or(|measured| container.name.value == *measured)
                })
                .find(|container| lacks_request(container, &resource.value))
            else {
                continue;
            };

            let what = &resource.value;
            let message = format!(
                "{} scales on {what} use, but {} has no {what} request",
                object.title(),
                container.title()
            );
            sink.report(
                Finding::new(resource.location, message)
                    .label("utilization cannot be computed, so it never scales")
                    .related(
                        container.anchor,
                        format!(
                            "no `resources.requests.{}` in {}",
                            resource.value,
                            target.title()
                        ),
                    )
                    .help("set the request, or scale on another metric")
                    .anchor(object.anchor),
            );
        }
    }
}

/// Whether a container has no request for a resource; a limit counts as one.
fn lacks_request(container: &Container, resource: &str) -> bool {
    let resources = &container.resources;
    let (request, limit) = if resource == "cpu" {
        (&resources.cpu_request, &resources.cpu_limit)
    } else {
        (&resources.memory_request, &resources.memory_limit)
    };

    request.is_absent() && limit.is_absent()
}

pub fn minimum(_: &Analysis, object: &Object, sink: &mut Sink) {
    let Body::Autoscaler(scaler) = &object.body else {
        return;
    };

    if scaler.keda || object.open {
        return;
    }

    let location = match &scaler.min_replicas {
        Setting::Set(count) if count.value < 2 => count.location,
        Setting::Absent => object.location(),
        _ => return,
    };

    sink.report(
        Finding::new(
            location,
            format!("{} can scale down to one replica", object.title()),
        )
        .label(if scaler.min_replicas.is_absent() {
            "no `minReplicas`, so the minimum is 1"
        } else {
            "with one replica, one failure leaves no running pod"
        })
        .help("set `minReplicas` to at least 2")
        .anchor(object.anchor),
    );
}
