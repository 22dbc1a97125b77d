//! `single-replica`, `rollout-strategy`, `topology-spread`: how many pods there are, and whether
//! they can go one at a time.

use crate::analysis::Analysis;
use crate::analysis::cluster_program::works_alone;
use crate::analysis::workload::{is_long_running, is_scalable, replicas};
use crate::data;
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::container::MountSource;
use crate::model::kubernetes::{Body, Object, Workload};

/// A Deployment that a Service sends traffic to, with one pod.
pub fn single(ctx: &Analysis, object: &Object, workload: &Workload, sink: &mut Sink) {
    if !matches!(
        object.kind.value.as_str(),
        "Deployment" | "Rollout" | "DeploymentConfig"
    ) || !is_long_running(object, workload)
    {
        return;
    }

    let Some(joined) = ctx.graph.cluster.joined(object) else {
        return;
    };

    let Some(service) = joined
        .services
        .iter()
        .find(|service| carries_requests(service))
    else {
        return;
    };

    let scaled = !joined.autoscalers.is_absent();
    let location = match &workload.replicas {
        Setting::Set(count) if count.value == 1 => Some(count.location),
        Setting::Absent => None,
        _ => return,
    };
    // A workload with state, or with a strategy for one pod, cannot simply run twice.
    let alone = workload
        .strategy
        .kind
        .value()
        .is_some_and(|kind| kind == "Recreate");
    if scaled || alone || is_store(workload) || has_claim(workload) {
        return;
    }

    sink.report(
        Finding::new(
            location.unwrap_or(object.location()),
            format!("{} runs one replica", object.title()),
        )
        .label(if location.is_some() {
            "every restart is an outage"
        } else {
            "`replicas` is not set; the default is 1"
        })
        .related(
            service.location(),
            "this Service has no other pod to send requests to",
        )
        .help("run at least two replicas, or add an autoscaler with `minReplicas: 2`")
        .anchor(object.anchor)
        .case_if(works_alone(object, workload), "leader"),
    );
}

/// Whether a Service is for clients, and not only for the scraping of metrics.
fn carries_requests(service: &Object) -> bool {
    let Body::Service(facts) = &service.body else {
        return false;
    };

    facts.ports.is_empty()
        || !facts.ports.iter().all(|port| {
            port.name.as_ref().is_some_and(|name| {
                name.value.contains("metrics") || name.value.contains("monitoring")
            })
        })
}

/// A data store cannot simply be run twice.
fn is_store(workload: &Workload) -> bool {
    let references = workload
        .pod
        .main()
        .filter_map(|container| container.image.as_ref()?.reference.as_ref());
    references
        .filter_map(|reference| data::store(&reference.repository()))
        .any(|known| known.class.is_store())
}

/// A volume that outlives the pod, or may be one.
fn has_claim(workload: &Workload) -> bool {
    workload
        .pod
        .containers
        .iter()
        .flat_map(|container| &container.mounts)
        .any(|mount| {
            matches!(
                mount.source,
                MountSource::Volume(_) | MountSource::Other | MountSource::Unknown
            )
        })
}

/// A device of which a node has few: a second pod may find none free.
fn needs_device(workload: &Workload) -> bool {
    workload
        .pod
        .main()
        .any(|container| container.resources.devices)
}

/// A strategy that stops all pods at once.
pub fn strategy(ctx: &Analysis, object: &Object, workload: &Workload, sink: &mut Sink) {
    if object.kind.value != "Deployment" || !is_long_running(object, workload) {
        return;
    }
    // Without a Service, an outage is not noticed by clients.
    if ctx.graph.cluster.joined(object).is_none_or(|joined| {
        !joined
            .services
            .iter()
            .any(|service| carries_requests(service))
    }) {
        return;
    }

    let strategy = &workload.strategy;
    if let Some(kind) = strategy
        .kind
        .known()
        .filter(|kind| kind.value == "Recreate")
    {
        if !is_store(workload) && !has_claim(workload) && !needs_device(workload) {
            sink.report(
                Finding::new(
                    kind.location,
                    format!(
                        "{} is stopped before its new version starts",
                        object.title()
                    ),
                )
                .label("every rollout is an outage")
                .help(
                    "use `RollingUpdate`; the workload has no state that two versions \
                        could not share",
                )
                .anchor(object.anchor),
            );
        }

        return;
    }

    let Some(limit) = strategy.max_unavailable.known() else {
        return;
    };

    let all = match limit.value.strip_suffix('%') {
        Some(percent) => percent.parse::<u32>().is_ok_and(|percent| percent >= 100),
        None => match (limit.value.parse::<u32>(), replicas(ctx, object, workload)) {
            (Ok(limit), Some(count)) => limit >= count && limit > 0,
            _ => false,
        },
    };

    if all {
        sink.report(
            Finding::new(
                limit.location,
                format!(
                    "a rollout of {} may stop all its pods at once",
                    object.title()
                ),
            )
            .label("covers every replica")
            .help(
                "set `maxUnavailable` below the number of replicas; 0 with `maxSurge: 1` \
                    keeps full capacity",
            )
            .anchor(object.anchor),
        );
    }
}

/// Whether something keeps the pods of a workload apart, or may: it selects their own labels.
fn is_spread(workload: &Workload) -> bool {
    match &workload.pod.spread {
        Setting::Absent => false,
        Setting::Unknown(_) => true,
        Setting::Set(selectors) => selectors
            .value
            .iter()
            .any(|selector| selector.matches(&workload.pod_labels) != Some(false)),
    }
}

/// Replicas that may all run on one node: once for the repository.
pub fn spread(ctx: &Analysis, sink: &mut Sink) {
    for object in ctx.graph.cluster.objects() {
        let Some(workload) = object.workload() else {
            continue;
        };

        if replicas(ctx, object, workload).is_none_or(|count| count < 2)
            || !is_scalable(object)
            || !is_long_running(object, workload)
            || is_spread(workload)
        {
            continue;
        }

        sink.report(
            Finding::new(
                object.location(),
                format!("the replicas of {} may all run on one node", object.title()),
            )
            .label("no topology spread constraints or pod anti-affinity")
            .help("add `topologySpreadConstraints` with `topologyKey: kubernetes.io/hostname`")
            .anchor(object.anchor),
        );
    }
}
