//! `disruption-budget`, `blocking-disruption-budget`: whether nodes can be drained, and pods
//! survive it.

use crate::analysis::Analysis;
use crate::analysis::cluster_program::works_alone;
use crate::analysis::workload::{has_operator, is_long_running, is_scalable, replicas};
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::kubernetes::{Body, DisruptionBudget, Object, Selector, Workload};
use crate::source::{Located, Location, parent};

/// Workloads with several replicas and no budget, once for the repository; and budgets that select
/// nothing.
pub fn missing(ctx: &Analysis, sink: &mut Sink) {
    let cluster = &ctx.graph.cluster;
    for object in cluster.objects() {
        let (Some(workload), Some(joined)) = (object.workload(), cluster.joined(object)) else {
            continue;
        };

        if replicas(ctx, object, workload).is_none_or(|count| count < 2)
            || object.open
            || !is_scalable(object)
            || !is_long_running(object, workload)
            || !joined.budgets.is_absent()
        {
            continue;
        }

        sink.report(
            Finding::new(
                object.location(),
                format!("no PodDisruptionBudget covers {}", object.title()),
            )
            .label("draining a node can evict all its pods at once")
            .help("add a PodDisruptionBudget with `maxUnavailable: 1`")
            .anchor(object.anchor)
            .aspect("no budget")
            .case_if(works_alone(object, workload), "leader"),
        );
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

        let may_select = cluster
            .selected(object)
            .is_none_or(|selected| !selected.workloads.is_absent());
        if !may_select
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

fn has_pods_near(ctx: &Analysis, object: &Object) -> bool {
    let folder = parent(ctx.facts.path(object.file));
    ctx.graph.cluster.objects().any(|other| {
        other.workload().is_some_and(|workload| !workload.guessed)
            && other.helm == object.helm
            && parent(ctx.facts.path(other.file)) == folder
    })
}

/// Pods that two budgets cover: the API refuses to evict them.
pub fn covered_twice(ctx: &Analysis, object: &Object, _: &Workload, sink: &mut Sink) {
    let Some(joined) = ctx.graph.cluster.joined(object) else {
        return;
    };

    let beside: Vec<&Object> = joined
        .budgets
        .iter()
        .copied()
        .filter(|budget| {
            !budget.open
                && parent(ctx.facts.path(budget.file)) == parent(ctx.facts.path(object.file))
        })
        .collect();
    let [first, second, ..] = beside.as_slice() else {
        return;
    };

    // Variants of one budget have one name, and a chart has one of them.
    let is_variant = object.helm
        || first.name.as_ref().map(|name| &name.value)
            == second.name.as_ref().map(|name| &name.value);
    if is_variant {
        return;
    }

    sink.report(
        Finding::new(
            second.location(),
            format!("two PodDisruptionBudgets cover {}", object.title()),
        )
        .label("the API server refuses to evict such pods")
        .related(first.location(), "the other budget")
        .related(object.location(), "both select its pods")
        .help("keep one of the two budgets")
        .anchor(second.anchor),
    );
}

pub fn blocking(ctx: &Analysis, object: &Object, sink: &mut Sink) {
    let Body::DisruptionBudget(budget) = &object.body else {
        return;
    };

    if let Some((location, label)) = block(ctx, object, budget) {
        sink.report(
            Finding::new(
                location,
                format!("{} blocks every pod eviction", object.title()),
            )
            .label(label)
            .help("use `maxUnavailable: 1` and at least two replicas")
            .anchor(object.anchor),
        );
    }
}

/// Where a budget allows no eviction at all, and why.
fn block(ctx: &Analysis, object: &Object, budget: &DisruptionBudget) -> Option<(Location, String)> {
    if let Some(limit) = budget.max_unavailable.known()
        && matches!(limit.value.as_str(), "0" | "0%")
    {
        return Some((limit.location, "no pod may be unavailable".to_owned()));
    }

    let (location, written) = minimum(budget)?;
    let location = location.unwrap_or(object.location());
    if written == "100%" {
        return Some((location, "all pods must be available".to_owned()));
    }

    let total = count_pods(ctx, object)?;
    let needed: u32 = match written.strip_suffix('%') {
        // Shares are rounded up.
        Some(percent) => {
            let percent: u32 = percent.parse().ok()?;
            (u64::from(total) * u64::from(percent)).div_ceil(100) as u32
        }
        None => written.parse().ok()?,
    };
    if total == 0 || needed < total {
        return None;
    }

    Some((
        location,
        format!("{needed} of {total} pods must be available"),
    ))
}

/// How many pods a budget selects; `None` if that is not known.
fn count_pods(ctx: &Analysis, budget: &Object) -> Option<u32> {
    let selected = ctx.graph.cluster.selected(budget)?;
    if selected.workloads.is_open() {
        return None;
    }

    let counts: Vec<u32> = selected
        .workloads
        .iter()
        .filter(|(target, workload)| is_scalable(target) && is_long_running(target, workload))
        .map(|(target, workload)| replicas(ctx, target, workload))
        .collect::<Option<_>>()?;
    if counts.is_empty() {
        return None;
    }

    Some(counts.iter().sum())
}

/// How many pods must be available, and where that is written; one for an empty budget.
fn minimum(budget: &DisruptionBudget) -> Option<(Option<Location>, String)> {
    match (&budget.min_available, &budget.max_unavailable) {
        (Setting::Set(Located { value, location }), _) => Some((Some(*location), value.clone())),
        (Setting::Absent, Setting::Absent) => budget
            .selector
            .as_ref()
            .map(|Selector { .. }| (None, "1".to_owned())),
        _ => None,
    }
}
