//! `dangling-service`, `dangling-network-policy`: objects that select nothing. Pods that may be
//! defined outside of the repository are not missed.

use crate::analysis::Analysis;
use crate::analysis::workload::has_operator;
use crate::finding::{Finding, Sink};
use crate::graph::kubernetes::Cluster;
use crate::model::kubernetes::{Body, Object, Selector, Workload};
use crate::source::parent;

/// Namespaces whose pods belong to the cluster.
const SYSTEM: [&str; 4] = [
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "istio-system",
];

pub fn service(ctx: &Analysis, object: &Object, sink: &mut Sink) {
    let Body::Service(service) = &object.body else {
        return;
    };

    let may_be_external = service
        .kind
        .value()
        .is_some_and(|kind| kind == "ExternalName")
        || service.kind.is_unknown();
    let Some(selector) = service
        .selector
        .as_ref()
        .filter(|selector| !selector.is_empty())
    else {
        return;
    };

    if may_be_external || selects(ctx, object) || !is_ours(ctx, object, selector) {
        return;
    }

    let near = nearest(ctx, object, selector);
    // If no pod has any of the labels, the pods are more likely created by a chart or a script.
    if near.is_none() && ctx.facts.file(object.file).workloads().next().is_none() {
        return;
    }

    let mut finding = Finding::new(
        selector.location,
        format!("{} selects no pods", object.title()),
    )
    .label("no pod template has these labels")
    .help("match the selector to the labels of the intended pod template")
    .anchor(object.anchor);

    if let Some((near, workload)) = near {
        let location = workload.pod_labels.location.unwrap_or(near.location());
        let why = if near.shares_namespace(object) {
            "these labels differ"
        } else {
            "in another namespace"
        };

        finding = finding.related(
            location,
            format!("closest match: {}, but {why}", near.title()),
        );
    }

    sink.report(finding);
}

/// Whether the object selects something, or may.
fn selects(ctx: &Analysis, object: &Object) -> bool {
    ctx.graph
        .cluster
        .selected(object)
        .is_none_or(|selected| !selected.workloads.is_absent())
}

/// Whether the selected pods are expected in this repository: the folder has pods, all its files
/// were read, and no operator creates the pods.
fn is_ours(ctx: &Analysis, object: &Object, selector: &Selector) -> bool {
    if object.open
        || object
            .namespace
            .value()
            .is_some_and(|name| SYSTEM.contains(&name.as_str()))
    {
        return false;
    }

    let folder = parent(ctx.facts.path(object.file));
    let cluster = &ctx.graph.cluster;
    let pods = cluster.pods_around(object.helm, folder);
    if !pods.any {
        return false;
    }

    let has_foreign_key = selector
        .labels
        .entries
        .iter()
        .any(|(key, _)| is_foreign_key(cluster, &key.value));
    if has_foreign_key || pods.guessed || has_operator(ctx, folder) {
        return false;
    }

    all_read(ctx, folder)
}

/// Whether an operator sets a label: its key has a domain, and no pod here has the label.
fn is_foreign_key(cluster: &Cluster, key: &str) -> bool {
    match key.split_once('/') {
        None | Some(("app.kubernetes.io", _)) => false,
        Some(_) => !cluster.has_label_key(key),
    }
}

/// Whether every file of a folder was read: a template or a broken file may define what is missing.
pub fn all_read(ctx: &Analysis, folder: &str) -> bool {
    ctx.graph.cluster.is_all_read(folder)
}

/// How many objects of a folder are looked at for the one that a selector may mean.
const MAX_NEAR: usize = 512;

/// The workload of the same folder that has most of the labels, if it has any.
fn nearest<'a>(
    ctx: &Analysis<'a>,
    object: &Object,
    selector: &Selector,
) -> Option<(&'a Object, &'a Workload)> {
    let folder = parent(ctx.facts.path(object.file));
    let nearby = ctx.graph.cluster.in_folder(folder).iter().copied();
    let mut best = None;
    let mut best_score = 0;

    for other in nearby.take(MAX_NEAR) {
        let Some(workload) = other.workload() else {
            continue;
        };

        let score = similarity(selector, workload);
        if other.helm == object.helm && score > best_score {
            best_score = score;
            best = Some((other, workload));
        }
    }

    best
}

/// How similar the labels of a workload are to those of a selector: a key counts 2, and 3 with the
/// same value.
fn similarity(selector: &Selector, workload: &Workload) -> u32 {
    selector
        .labels
        .entries
        .iter()
        .map(
            |(key, value)| match workload.pod_labels.get(key.value.as_str()) {
                Some(label) if Some(&label.value) == value.value() => 3,
                Some(_) => 2,
                None => 0,
            },
        )
        .sum()
}

pub fn network_policy(ctx: &Analysis, object: &Object, sink: &mut Sink) {
    let Body::NetworkPolicy(policy) = &object.body else {
        return;
    };

    if let Some(selector) = policy
        .selector
        .as_ref()
        .filter(|selector| !selector.is_empty())
        && !selects(ctx, object)
        && let Some(origin) = origin_of_pods(ctx, object, selector)
    {
        let mut finding = Finding::new(
            selector.location,
            format!("{} selects no pods", object.title()),
        )
        .label("no pod template has these labels")
        .help("match the selector to the labels of the pods to protect")
        .anchor(object.anchor);

        if let Some((near, workload)) = nearest(ctx, object, selector) {
            finding = finding.related(
                workload.pod_labels.location.unwrap_or(near.location()),
                format!("closest match: {}", near.title()),
            );
        }

        sink.report(finding.case_if(origin == Origin::Elsewhere, "elsewhere"));
    }

    for peer in policy
        .peers
        .iter()
        .filter(|peer| !peer.elsewhere && !peer.selector.is_empty())
    {
        if ctx.graph.cluster.may_select(object, &peer.selector) {
            continue;
        }

        if let Some(origin) = origin_of_pods(ctx, object, &peer.selector) {
            sink.report(
                Finding::new(
                    peer.selector.location,
                    format!("a peer of {} selects no pods", object.title()),
                )
                .label("no pod template has these labels")
                .help("use the labels of the pods that should be reachable")
                .anchor(object.anchor)
                .case_if(origin == Origin::Elsewhere, "elsewhere"),
            );
        }
    }
}

/// Where the pods of a policy are defined.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Here,
    /// In another repository: this one has no pods at all.
    Elsewhere,
}

/// Where the pods are defined that a selector means; `None` if they may be made by an operator, or
/// by a file that could not be read.
fn origin_of_pods(ctx: &Analysis, object: &Object, selector: &Selector) -> Option<Origin> {
    if !object.open && !ctx.graph.cluster.has_pods() {
        Some(Origin::Elsewhere)
    } else if is_ours(ctx, object, selector) {
        Some(Origin::Here)
    } else {
        None
    }
}
