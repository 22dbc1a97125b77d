//! `dangling-service`, `dangling-ingress`, `dangling-network-policy`, `dangling-reference`, `service-port`: objects that
//! point at nothing. What may be kept outside the repository is not asked for.

use super::Ctx;
use crate::finding::{Finding, Level, Sink};
use crate::model::kind::FileKind;
use crate::model::kubernetes::{Body, Object, Reference, ReferenceKind, Selector, Workload};
use crate::source::parent;

/// Namespaces whose pods a cluster brings by itself.
const SYSTEM: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "istio-system"];

pub fn service(ctx: &Ctx, object: &Object, sink: &mut Sink) {
    let Body::Service(service) = &object.body else { return };
    let external = service.kind.value().is_some_and(|kind| kind == "ExternalName") || service.kind.is_unknown();
    let Some(selector) = service.selector.as_ref().filter(|selector| !selector.is_empty()) else { return };
    if external || selects(ctx, object) || !is_ours(ctx, object, selector) {
        return;
    }
    let mut finding = Finding::new(selector.place, format!("{} selects no pod", object.title()))
        .label("no pod template has these labels")
        .help("make the selector equal to the labels of the pod template it is meant for")
        .anchor(object.anchor);
    if let Some((near, workload)) = nearest(ctx, object, selector) {
        let place = workload.pod_labels.place.unwrap_or(near.place());
        let why = if near.shares_namespace(object) { "these labels differ" } else { "it is in another namespace" };
        finding = finding.related(place, format!("{} comes closest; {why}", near.title()));
    }
    sink.report(finding);
}

/// Whether the object selects something, or may.
fn selects(ctx: &Ctx, object: &Object) -> bool {
    ctx.graph.cluster.selected(object).is_none_or(|selected| selected.more || !selected.workloads.is_empty())
}

/// Whether what a selector means can be expected in this repository: pods stand near, all files near were understood, and
/// no operator of another party makes the pods.
fn is_ours(ctx: &Ctx, object: &Object, selector: &Selector) -> bool {
    if object.open || object.namespace.value().is_some_and(|name| SYSTEM.contains(&name.as_str())) {
        return false;
    }
    let folder = parent(ctx.facts.path(object.file));
    let near = |other: &&Object| {
        let own = parent(ctx.facts.path(other.file));
        other.helm == object.helm
            && (own == folder || parent(own) == parent(folder) || parent(own) == folder || own == parent(folder))
    };
    let mut pods = ctx.graph.cluster.objects().filter(|other| other.workload().is_some()).filter(near).peekable();
    if pods.peek().is_none() {
        return false;
    }
    // A key of somebody's own domain that no pod here carries is given by an operator.
    let foreign = |key: &str| {
        let domain = key.split_once('/').map_or("", |(domain, _)| domain);
        let common = matches!(domain, "" | "app.kubernetes.io");
        let carried = |other: &Object| other.workload().is_some_and(|workload| workload.pod_labels.has(key));
        !common && !ctx.graph.cluster.objects().any(carried)
    };
    let operated = selector.labels.entries.iter().any(|(key, _)| foreign(&key.value))
        || pods.any(|other| other.workload().is_some_and(|workload| workload.guessed))
        || has_custom_object(ctx, object);
    !operated && all_read(ctx, folder)
}

/// An object in the same file whose kind is not Kubernetes' own may make the pods.
fn has_custom_object(ctx: &Ctx, object: &Object) -> bool {
    let standard = |group: &str| {
        !group.contains('.')
            || group.ends_with(".k8s.io")
            || group.ends_with("istio.io")
            || group.ends_with("monitoring.coreos.com")
    };
    let name = object.name.as_ref().map_or("", |name| name.value.as_str());
    let related = |other: &Object| {
        other.name.as_ref().is_some_and(|own| name.contains(own.value.as_str()) || own.value.contains(name))
    };
    ctx.facts.file(object.file).objects.iter().any(|other| !standard(other.group()) && related(other))
}

/// Whether every file of a folder was understood: a template or a broken file may hold what is missed.
fn all_read(ctx: &Ctx, folder: &str) -> bool {
    ctx.facts.repository.below(folder).iter().all(|source| {
        let facts = ctx.facts.file(source.id);
        facts.kind != FileKind::Template && (facts.kind != FileKind::Kubernetes || facts.errors.is_empty())
    })
}

/// The workload of the same folder that has most of the labels, if it has any.
fn nearest<'a>(ctx: &Ctx<'a>, object: &Object, selector: &Selector) -> Option<(&'a Object, &'a Workload)> {
    let folder = parent(ctx.facts.path(object.file));
    let shared = |workload: &Workload| {
        let points = |key: &str, value: Option<&String>| match workload.pod_labels.get(key) {
            Some(own) if Some(&own.value) == value => 3,
            Some(_) => 2,
            None => 0,
        };
        selector.labels.entries.iter().map(|(key, value)| points(&key.value, value.value())).sum::<u32>()
    };
    let mut best = None;
    let mut most = 0;
    for other in ctx.graph.cluster.objects() {
        let Some(workload) = other.workload() else { continue };
        if other.helm != object.helm || parent(ctx.facts.path(other.file)) != folder {
            continue;
        }
        let points = shared(workload);
        if points > most {
            most = points;
            best = Some((other, workload));
        }
    }
    best
}

pub fn ingress(ctx: &Ctx, object: &Object, sink: &mut Sink) {
    let Body::Ingress(ingress) = &object.body else { return };
    let cluster = &ctx.graph.cluster;
    let is_service = |other: &&Object| matches!(other.body, Body::Service(_)) && other.helm == object.helm;
    let folder = parent(ctx.facts.path(object.file));
    let near = |other: &&Object| {
        let own = parent(ctx.facts.path(other.file));
        own == folder || parent(own) == parent(folder) || own == parent(folder) || parent(own) == folder
    };
    let services: Vec<&Object> = cluster.objects().filter(is_service).collect();
    // A name that a template makes may be any name; a repository without Services near keeps them elsewhere.
    if object.open || (object.helm && services.iter().any(|one| one.name.is_none())) || !all_read(ctx, folder) {
        return;
    }
    let beside = services.iter().any(|other| near(&other)) || ctx.facts.file(object.file).objects.len() > 1;
    for backend in &ingress.backends {
        let name = &backend.service;
        let named: Vec<&&Object> = services.iter().filter(|one| one.is_named(&name.value)).collect();
        let in_reach = |one: &&&Object| match backend.namespace.value() {
            Some(namespace) => one.namespace.value().is_none_or(|own| own == namespace),
            None => one.shares_namespace(object),
        };
        let found = named.iter().copied().find(in_reach);
        let Some(service) = found else {
            let mut finding = Finding::new(
                name.place,
                format!("{} leads to Service/{}, which is not in this repository", object.title(), name.value),
            )
            .label("no such Service")
            .help("name a Service that exists in the same namespace")
            .anchor(object.anchor);
            if let Some(other) = named.first() {
                finding = finding.related(other.place(), "this one is in another namespace");
            }
            let level = if beside { sink.level() } else { Level::Note };
            sink.report_at(level, finding);
            continue;
        };
        let Body::Service(facts) = &service.body else { continue };
        let Some(port) = backend.port.known() else { continue };
        let has = facts.ports.iter().any(|own| {
            own.name.as_ref().is_some_and(|name| name.value == port.value)
                || own.port.is_unknown()
                || own.port.value() == Some(&port.value)
        });
        if !has && !facts.ports.is_empty() && !service.open {
            sink.report(
                Finding::new(
                    port.place,
                    format!("{} leads to port `{}`, which {} lacks", object.title(), port.value, service.title()),
                )
                .label("no such port")
                .related(facts.ports[0].place, "the Service's ports")
                .help("name one of the Service's ports")
                .anchor(object.anchor),
            );
        }
    }
}

pub fn network_policy(ctx: &Ctx, object: &Object, sink: &mut Sink) {
    let Body::NetworkPolicy(policy) = &object.body else { return };
    if let Some(selector) = policy.selector.as_ref().filter(|selector| !selector.is_empty())
        && !selects(ctx, object)
        && let Some(level) = policy_level(ctx, object, selector, sink.level())
    {
        let mut finding = Finding::new(selector.place, format!("{} selects no pod", object.title()))
            .label("no pod template has these labels")
            .help("make the selector equal to the labels of the pods it should guard")
            .anchor(object.anchor);
        if let Some((near, workload)) = nearest(ctx, object, selector) {
            finding = finding
                .related(workload.pod_labels.place.unwrap_or(near.place()), format!("{} comes closest", near.title()));
        }
        sink.report_at(level, finding);
    }
    for peer in policy.peers.iter().filter(|peer| !peer.elsewhere && !peer.selector.is_empty()) {
        let reached = |other: &Object| {
            other.shares_namespace(object)
                && other.workload().is_some_and(|workload| peer.selector.matches(&workload.pod_labels) != Some(false))
        };
        if ctx.graph.cluster.objects().any(reached) {
            continue;
        }
        if let Some(level) = policy_level(ctx, object, &peer.selector, sink.level()) {
            sink.report_at(
                level,
                Finding::new(peer.selector.place, format!("a peer of {} selects no pod", object.title()))
                    .label("no pod template has these labels")
                    .help("name the labels of the pods that should be reached")
                    .anchor(object.anchor),
            );
        }
    }
}

/// How much a policy matters that selects nothing: a note in a repository without any pods, nothing where its pods may be
/// made elsewhere.
fn policy_level(ctx: &Ctx, object: &Object, selector: &Selector, level: Level) -> Option<Level> {
    if !object.open && !ctx.graph.cluster.objects().any(|other| other.workload().is_some()) {
        return Some(Level::Note);
    }
    is_ours(ctx, object, selector).then_some(level)
}

/// Names in pods that nothing here defines.
pub fn reference(ctx: &Ctx, object: &Object, workload: &Workload, sink: &mut Sink) {
    if object.open || object.helm || object.is_hook() {
        return;
    }
    let mut told: Vec<(ReferenceKind, &str)> = Vec::new();
    for reference in workload.pod.references.iter().filter(|reference| !reference.optional) {
        let name = reference.name.value.as_str();
        if told.contains(&(reference.kind, name)) || is_given(reference) {
            continue;
        }
        let found = ctx.graph.cluster.find(reference.kind.word(), name, object);
        if let Some(target) = found.first() {
            missing_key(object, reference, target, &found, sink);
            continue;
        }
        if is_made(ctx, reference) {
            continue;
        }
        told.push((reference.kind, name));
        let mut finding = Finding::new(
            reference.name.place,
            format!("{} names {}/{name}, which is not in this repository", object.title(), reference.kind.word()),
        )
        .label("not defined here")
        .help(match reference.kind {
            ReferenceKind::Secret => "add an ExternalSecret or SealedSecret of this name, or say where it comes from",
            _ => "add the object, or correct the name",
        })
        .anchor(object.anchor);
        let other =
            ctx.graph.cluster.objects().find(|other| other.kind.value == reference.kind.word() && other.is_named(name));
        if let Some(other) = other {
            finding = finding.related(other.place(), "this one is in another namespace");
        }
        // Claims and accounts are made with the workload; Secrets and settings are often made by hand.
        let sure = ctx
            .graph
            .cluster
            .objects()
            .any(|other| other.kind.value == reference.kind.word() && near(ctx, other, object));
        let level = if sure && reference.kind != ReferenceKind::Secret { sink.level() } else { Level::Note };
        sink.report_at(level, finding);
    }
}

fn near(ctx: &Ctx, other: &Object, object: &Object) -> bool {
    parent(ctx.facts.path(other.file)) == parent(ctx.facts.path(object.file))
}

/// What every namespace has.
fn is_given(reference: &Reference) -> bool {
    matches!(
        (reference.kind, reference.name.value.as_str()),
        (ReferenceKind::ServiceAccount, "default" | "") | (ReferenceKind::ConfigMap, "kube-root-ca.crt" | "")
    )
}

/// Whether a generator, an operator or a claim template makes the object.
fn is_made(ctx: &Ctx, reference: &Reference) -> bool {
    let name = reference.name.value.as_str();
    let kind = reference.kind.word();
    let generated = |facts: &crate::model::facts::FileFacts| {
        facts.kustomization.as_ref().is_some_and(|own| {
            own.generated.iter().any(|(made, own)| *made == kind && own.value == name)
                || (own.partial && kind != "ServiceAccount")
        })
    };
    if ctx.facts.files.iter().any(generated) {
        return true;
    }
    let makes = |object: &Object| match object.kind.value.as_str() {
        "ExternalSecret"
        | "SealedSecret"
        | "Certificate"
        | "SecretProviderClass"
        | "VaultStaticSecret"
        | "ClusterExternalSecret"
        | "BitwardenSecret"
        | "InfisicalSecret"
        | "OnePasswordItem"
        | "KafkaUser"
        | "Issuer"
        | "ClusterIssuer" => reference.kind == ReferenceKind::Secret,
        "Bundle" => reference.kind == ReferenceKind::ConfigMap,
        _ => false,
    };
    ctx.graph.cluster.objects().any(|object| {
        makes(object)
            && (object.is_named(name)
                || object.name.is_none()
                || name.contains(object.name.as_ref().map_or("", |own| own.value.as_str())))
    })
}

/// A key that the ConfigMap or Secret, which is here, does not have.
fn missing_key(object: &Object, reference: &Reference, target: &Object, found: &[&Object], sink: &mut Sink) {
    let Some(key) = &reference.key else { return };
    let has = |target: &&Object| match &target.body {
        Body::ConfigMap(data) | Body::Secret(data) => {
            data.open || target.open || data.encrypted || data.entries.iter().any(|entry| entry.key.value == key.value)
        }
        _ => true,
    };
    if found.iter().any(has) {
        return;
    }
    sink.report(
        Finding::new(
            key.place,
            format!("{} reads key `{}` of {}, which lacks it", object.title(), key.value, target.title()),
        )
        .label("no such key")
        .related(target.place(), "its keys are here")
        .help("correct the key, or add it")
        .anchor(object.anchor),
    );
}
