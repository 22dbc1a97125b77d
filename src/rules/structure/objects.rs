//! `deprecated-api`, `selector-mismatch`, `duplicate-env`, `naked-pod`, `image-pull-policy`,
//! `job-limits`, `explicit-namespace`: faults of single objects.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::analysis::workload::{container_title, is_long_running};
use crate::analysis::{Analysis, Owner};
use crate::embedded::table;
use crate::finding::{Finding, Sink};
use crate::model::container::Container;
use crate::model::kubernetes::{Object, Workload};
use crate::source::Location;

/// A version of an API group that is no longer served.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Removed {
    api: String,
    /// Empty for all kinds of the version.
    #[serde(default)]
    kinds: Vec<String>,
    /// The version of Kubernetes that removed it.
    since: String,
    /// The replacement, if there is one.
    instead: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RemovedApis {
    removed: Vec<Removed>,
}

static REMOVED: LazyLock<Vec<Removed>> = LazyLock::new(|| {
    let table: RemovedApis = table!("removed-apis");
    table.removed
});

pub fn deprecated(ctx: &Analysis, object: &Object, sink: &mut Sink) {
    // A template with a condition on the served versions has other versions too.
    if object.helm
        && ctx
            .facts
            .source(object.file)
            .text
            .to_ascii_lowercase()
            .contains(".capabilities")
    {
        return;
    }

    let (api, kind) = (&object.api_version.value, &object.kind.value);
    let Some(entry) = REMOVED
        .iter()
        .find(|entry| entry.api == *api && (entry.kinds.is_empty() || entry.kinds.contains(kind)))
    else {
        return;
    };

    if object.helm && is_excluded(ctx, object, &entry.since) {
        return;
    }

    let help = match &entry.instead {
        Some(instead) => format!("use `{instead}`; some fields may differ"),
        None => "remove the object; it has no replacement".to_owned(),
    };

    sink.report(
        Finding::new(
            object.api_version.location,
            format!("`{api}` no longer serves {kind}"),
        )
        .label(format!("removed in Kubernetes {}", entry.since))
        .help(help)
        .anchor(object.anchor)
        .case_if(ctx.facts.is_left_out(object), "optional"),
    );
}

/// Whether the chart of an object is not for clusters of a version: its `kubeVersion` has an upper
/// bound below.
fn is_excluded(ctx: &Analysis, object: &Object, since: &str) -> bool {
    let chart = ctx.facts.of_chart(object.file, "Chart.yaml");
    let Some(range) = chart.and_then(|chart| chart.text("kubeVersion")) else {
        return false;
    };

    let Some(since) = minor_version(since) else {
        return false;
    };

    // Alternatives of a range each have their own bound.
    range.value.split("||").all(|alternative| {
        alternative.split('<').skip(1).any(|bound| {
            let inclusive = bound.starts_with('=');
            minor_version(bound.trim_start_matches(['=', ' ', 'v']))
                .is_some_and(|bound| bound < since || (bound == since && !inclusive))
        })
    })
}

/// Major and minor part of a version.
fn minor_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split(|letter: char| !letter.is_ascii_digit());

    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

pub fn selector(_: &Analysis, object: &Object, workload: &Workload, sink: &mut Sink) {
    let Some(selector) = workload.selector.as_ref() else {
        return;
    };

    if workload.guessed || selector.matches(&workload.pod_labels) != Some(false) {
        return;
    }

    let mut finding = Finding::new(
        selector.location,
        format!(
            "the selector of {} does not match its own pods",
            object.title()
        ),
    )
    .label("the API server rejects this")
    .help("add the labels of the selector to the pod template")
    .anchor(object.anchor);
    if let Some(location) = workload.pod_labels.location {
        finding = finding.related(location, "labels of the pod template");
    }

    sink.report(finding);
}

pub fn duplicate_env(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Owner::Kubernetes(object, _) = owner else {
        return;
    };

    // The branches of an `if` in a template exclude each other.
    if object.helm {
        return;
    }

    let mut firsts: HashMap<&str, Location> = HashMap::new();

    for variable in &container.env {
        let name = variable.name.value.as_str();
        let Some(&first) = firsts.get(name) else {
            firsts.insert(name, variable.name.location);
            continue;
        };

        sink.report(
            Finding::new(
                variable.name.location,
                format!(
                    "{} sets `{}` twice",
                    container_title(object, container),
                    variable.name.value
                ),
            )
            .label("this one wins")
            .related(first, "first set here")
            .help("keep one of them")
            .anchor(object.anchor),
        );
    }
}

pub fn naked_pod(_: &Analysis, object: &Object, workload: &Workload, sink: &mut Sink) {
    if object.kind.value != "Pod"
        || !object.group().is_empty()
        || !is_long_running(object, workload)
        || object.open
    {
        return;
    }

    sink.report(
        Finding::new(
            object.kind.location,
            format!("{} is not managed by a controller", object.title()),
        )
        .label("not rescheduled if its node fails")
        .help("use a Deployment, StatefulSet or Job")
        .anchor(object.anchor),
    );
}

/// An image that is cached under a tag that moves, or never pulled.
pub fn pull_policy(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Owner::Kubernetes(object, _) = owner else {
        return;
    };

    let (Some(kube), Some(image)) = (&container.kube, &container.image) else {
        return;
    };

    let Some(policy) = kube
        .pull_policy
        .known()
        .filter(|policy| policy.value != "Always")
    else {
        return;
    };

    let tag_moves = image.reference.as_ref().is_some_and(|reference| {
        reference.digest.is_none()
            && reference
                .tag
                .as_ref()
                .is_none_or(|tag| !tag.bytes().any(|byte| byte.is_ascii_digit()))
    });

    let label = match policy.value.as_str() {
        "Never" => "starts only on nodes that already have the image",
        _ if tag_moves => "nodes keep the image they first pulled for this tag",
        _ => return,
    };

    sink.report(
        Finding::new(
            policy.location,
            format!(
                "{} does not pull its image",
                container_title(object, container)
            ),
        )
        .label(label)
        .related(image.location, "this image")
        .help("pin the image to a version or digest, and use the default pull policy")
        .anchor(object.anchor),
    );
}

pub fn job_limits(_: &Analysis, object: &Object, workload: &Workload, sink: &mut Sink) {
    let Some(job) = &workload.job else {
        return;
    };

    if object.is_hook() {
        return;
    }

    let (fault, label, help) = match &job.cron {
        None if job.ttl.is_absent() => (
            "is never cleaned up",
            "no `ttlSecondsAfterFinished`",
            "set `ttlSecondsAfterFinished` so that finished pods are deleted",
        ),
        Some(cron) if cron.starting_deadline.is_absent() => (
            "does not handle late or missed runs",
            if cron.concurrency.is_absent() {
                "no `startingDeadlineSeconds` or `concurrencyPolicy`"
            } else {
                "no `startingDeadlineSeconds`"
            },
            "set `startingDeadlineSeconds`, and `concurrencyPolicy: Forbid` if runs must not \
             overlap",
        ),
        _ => return,
    };

    sink.report(
        Finding::new(object.location(), format!("{} {fault}", object.title()))
            .label(label)
            .help(help)
            .anchor(object.anchor),
    );
}

/// Objects in shared namespaces: once for each namespace.
pub fn namespace(ctx: &Analysis, sink: &mut Sink) {
    for object in ctx.graph.cluster.objects() {
        let Some(namespace) = object.namespace.known() else {
            continue;
        };

        let why = match (namespace.value.as_str(), object.workload()) {
            ("default", _) => "shared by all objects that do not set a namespace",
            ("kube-system" | "kube-public" | "kube-node-lease", Some(_)) => {
                "used by the cluster's own components"
            }
            _ => continue,
        };

        // A namespace that a kustomization sets is not in the file of the object.
        if namespace.location.file != object.file {
            continue;
        }

        let message = format!("{} is in namespace `{}`", object.title(), namespace.value);
        let finding = Finding::new(namespace.location, message)
            .label(why)
            .help("use a dedicated namespace for the application")
            .anchor(object.anchor);
        sink.report(finding.aspect(namespace.value.clone()));
    }
}
