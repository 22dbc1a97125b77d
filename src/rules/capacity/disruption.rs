//! `disruption-budget`, `blocking-disruption-budget`: whether nodes can be drained, and pods
//! survive it.

use crate::analysis::Ctx;
use crate::analysis::workload::{has_operator, is_long_running, is_scalable, replicas};
use crate::finding::{Finding, Sink, Subject};
use crate::model::Setting;
use crate::model::kubernetes::{Body, DisruptionBudget, Object, Selector};
use crate::source::{Located, parent};

/// Workloads with several replicas and no budget, said once; and budgets that guard nothing.
pub fn missing(ctx: &Ctx, sink: &mut Sink) {
    let cluster = &ctx.graph.cluster;
    let lacks = |object: &&Object| {
        let (Some(workload), Some(joined)) = (object.workload(), cluster.joined(object)) else {
            return false;
        };

        let many = replicas(ctx, object, workload).is_some_and(|count| count >= 2);
        many && !object.open
            && is_scalable(object)
            && is_long_running(object, workload)
            && joined.budgets.is_empty()
            && !joined.may_be_guarded
    };

    let finding = |object: &Object| {
        Finding::new(
            object.location(),
            format!("no PodDisruptionBudget covers {}", object.title()),
        )
        .label("draining a node can evict all its pods at once")
        .help("add a PodDisruptionBudget with `maxUnavailable: 1`")
        .anchor(object.anchor)
    };

    for object in cluster.objects().filter(lacks) {
        sink.report(finding(object).cause(Subject::Repository, "no budget"));
    }

    for object in cluster.objects() {
        let Body::DisruptionBudget(budget) = &object.body else {
            continue;
        };

        let Some(selector) = budget
            .selector
            .as_ref()
            .filter(|selector| !selector.is_empty())
        else {
            continue;
        };

        let guards = cluster
            .selected(object)
            .is_none_or(|selected| selected.more || !selected.workloads.is_empty());
        if !guards
            && !object.open
            && has_pods_near(ctx, object)
            && !has_operator(ctx, parent(ctx.facts.path(object.file)))
        {
            sink.report(
                Finding::new(
                    selector.location,
                    format!("{} selects no pods", object.title()),
                )
                .label("no pod template has these labels")
                .help("match the selector to the labels of the pods to protect")
                .anchor(object.anchor),
            );
        }
    }
}

fn has_pods_near(ctx: &Ctx, object: &Object) -> bool {
    let folder = parent(ctx.facts.path(object.file));
    ctx.graph.cluster.objects().any(|other| {
        other.workload().is_some_and(|workload| !workload.guessed)
            && other.helm == object.helm
            && parent(ctx.facts.path(other.file)) == folder
    })
}

pub fn blocking(ctx: &Ctx, object: &Object, sink: &mut Sink) {
    let Body::DisruptionBudget(budget) = &object.body else {
        return;
    };

    let anchor = object.anchor;
    let report = |location, label: String, sink: &mut Sink| {
        sink.report(
            Finding::new(
                location,
                format!("{} blocks every pod eviction", object.title()),
            )
            .label(label)
            .help("use `maxUnavailable: 1` and at least two replicas")
            .anchor(anchor),
        );
    };

    if let Some(limit) = budget
        .max_unavailable
        .known()
        .filter(|limit| matches!(limit.value.as_str(), "0" | "0%"))
    {
        return report(limit.location, "no pod may be unavailable".to_owned(), sink);
    }

    let Some((limit, written)) = minimum(budget) else {
        return;
    };

    if written == "100%" {
        return report(
            limit.unwrap_or(object.location()),
            "all pods must be available".to_owned(),
            sink,
        );
    }

    let Some(selected) = ctx
        .graph
        .cluster
        .selected(object)
        .filter(|selected| !selected.more)
    else {
        return;
    };

    let scalable = selected
        .workloads
        .iter()
        .filter(|(target, workload)| is_scalable(target) && is_long_running(target, workload));
    let counts: Option<Vec<u32>> = scalable
        .map(|(target, workload)| replicas(ctx, target, workload))
        .collect();
    let Some(total) = counts
        .filter(|counts| !counts.is_empty())
        .map(|counts| counts.iter().sum::<u32>())
    else {
        return;
    };

    let needed = match written.strip_suffix('%').map(str::parse::<u32>) {
        // Shares are rounded up.
        Some(Ok(share)) => (u64::from(total) * u64::from(share)).div_ceil(100) as u32,
        Some(Err(_)) => return,
        None => match written.parse() {
            Ok(count) => count,
            Err(_) => return,
        },
    };

    if total > 0 && needed >= total {
        let label = format!("{needed} of {total} pods must be available");
        report(limit.unwrap_or(object.location()), label, sink);
    }
}

/// How many pods must stay, and where that is written; one where a budget says nothing.
fn minimum(budget: &DisruptionBudget) -> Option<(Option<crate::source::Location>, String)> {
    match (&budget.min_available, &budget.max_unavailable) {
        (Setting::Set(Located { value, location }), _) => Some((Some(*location), value.clone())),
        (Setting::Absent, Setting::Absent) => budget
            .selector
            .as_ref()
            .map(|Selector { .. }| (None, "1".to_owned())),
        _ => None,
    }
}
