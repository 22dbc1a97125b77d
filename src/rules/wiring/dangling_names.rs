//! `dangling-ingress`, `dangling-reference`: names of objects that nothing defines. An object that
//! may be defined outside of the repository is not missed, or is a note.

use crate::analysis::Analysis;
use crate::analysis::workload::is_name;
use crate::finding::{Finding, Sink};
use crate::model::kubernetes::{
    Body, Kustomization, Object, ObjectReference, ReferenceKind, Workload,
};
use crate::rules::wiring::dangling::all_read;
use crate::source::{SourceFile, join, parent};

pub fn ingress(ctx: &Analysis, object: &Object, sink: &mut Sink) {
    let Body::Ingress(ingress) = &object.body else {
        return;
    };

    let cluster = &ctx.graph.cluster;
    let folder = parent(ctx.facts.path(object.file));
    // A template may create a Service of any name.
    if object.open || (object.helm && cluster.has_nameless_service(true)) || !all_read(ctx, folder)
    {
        return;
    }

    let beside = cluster.has_service_around(object.helm, folder)
        || ctx.facts.file(object.file).objects.len() > 1;
    for backend in &ingress.backends {
        // The ALB controller takes such a backend from an annotation.
        if backend
            .port
            .value()
            .is_some_and(|port| port == "use-annotation")
        {
            continue;
        }

        let name = &backend.service;
        let named: Vec<&Object> = cluster
            .of_name("Service", &name.value)
            .into_iter()
            .filter(|other| matches!(other.body, Body::Service(_)) && other.helm == object.helm)
            .collect();
        let reachable: Vec<&Object> = named
            .iter()
            .copied()
            .filter(|service| match backend.namespace.value() {
                Some(namespace) => service
                    .namespace
                    .value()
                    .is_none_or(|other| other == namespace),
                None => service.shares_namespace(object),
            })
            .collect();
        if reachable.is_empty() && cluster.may_be_made(&name.value) {
            continue;
        }

        let Some(service) = reachable.first() else {
            let mut finding = Finding::new(
                name.location,
                format!(
                    "{} routes to Service/{}, which is not in this repository",
                    object.title(),
                    name.value
                ),
            )
            .label("no such Service")
            .help("name a Service that exists in the same namespace")
            .anchor(object.anchor);
            if let Some(other) = named.first() {
                finding = finding.related(other.location(), "this Service is in another namespace");
            }
            // Values without a chart are for a chart of another repository, which has Services.
            let foreign = has_foreign_chart(ctx, folder) || has_foreign_chart(ctx, parent(folder));
            sink.report(finding.case_if(!beside || foreign, "elsewhere"));
            continue;
        };

        let Some(port) = backend.port.known() else {
            continue;
        };

        if reachable
            .iter()
            .all(|service| lacks_port(service, &port.value))
            && reachable
                .iter()
                .any(|service| are_together(ctx, service, object))
        {
            sink.report(
                Finding::new(
                    port.location,
                    format!(
                        "{} routes to port `{}`, which {} does not have",
                        object.title(),
                        port.value,
                        service.title()
                    ),
                )
                .label("no such port")
                .related(service.location(), "this Service")
                .help("use one of the Service's ports")
                .anchor(object.anchor),
            );
        }
    }
}

/// Whether a folder has values for a Helm chart that is not in it.
fn has_foreign_chart(ctx: &Analysis, folder: &str) -> bool {
    let mut names = ctx.facts.repository.inside(folder).map(SourceFile::name);
    let chart = ctx
        .facts
        .repository
        .find(&join(folder, "Chart.yaml").unwrap_or_default())
        .is_some();
    !chart
        && names.any(|name| {
            name.contains("values") && (name.ends_with(".yaml") || name.ends_with(".yml"))
        })
}

/// Whether a Service has ports, and not this one.
fn lacks_port(service: &Object, port: &str) -> bool {
    let Body::Service(facts) = &service.body else {
        return false;
    };

    if facts.ports.is_empty() || service.open {
        return false;
    }

    !facts.ports.iter().any(|listed| {
        listed.name.as_ref().is_some_and(|name| name.value == port)
            || listed.port.value().is_none_or(|number| number == port)
    })
}

/// Names in pods that nothing in the repository defines.
pub fn reference(ctx: &Analysis, object: &Object, workload: &Workload, sink: &mut Sink) {
    if object.helm || object.is_hook() {
        return;
    }

    let mut seen: Vec<(ReferenceKind, &str)> = Vec::new();
    let mut missing: Vec<(bool, Finding)> = Vec::new();
    for reference in workload
        .pod
        .references
        .iter()
        .filter(|reference| !reference.optional)
    {
        let name = reference.name.value.as_str();
        if seen.contains(&(reference.kind, name)) || is_predefined(reference) || !is_name(name) {
            continue;
        }

        let targets = ctx
            .graph
            .cluster
            .find(reference.kind.as_str(), name, object);
        if is_created(ctx, reference) {
            continue;
        }

        if let Some(target) = targets.first() {
            missing_key(object, reference, target, &targets, sink);
            continue;
        }

        seen.push((reference.kind, name));
        if reference.kind != ReferenceKind::ServiceAccount && ctx.graph.cluster.may_be_made(name) {
            continue;
        }

        let mut finding = Finding::new(
            reference.name.location,
            format!(
                "{} refers to {}/{name}, which is not in this repository",
                object.title(),
                reference.kind.as_str()
            ),
        )
        .label("not defined here")
        .help(match reference.kind {
            ReferenceKind::Secret => {
                "add an ExternalSecret or SealedSecret with this name, or document where it \
                 comes from"
            }
            _ => "add the object, or correct the name",
        })
        .anchor(object.anchor);
        let other = ctx
            .graph
            .cluster
            .of_name(reference.kind.as_str(), name)
            .into_iter()
            .next();
        if let Some(other) = other {
            finding = finding.related(other.location(), "this object is in another namespace");
        }

        // Claims and accounts are defined with the workload; Secrets and settings are often created
        // by hand.
        let folder = parent(ctx.facts.path(object.file));
        let sure = ctx
            .graph
            .cluster
            .has_kind_in(folder, reference.kind.as_str());
        let sure = sure && !object.open && reference.kind != ReferenceKind::Secret;
        missing.push((sure, finding.case_if(!sure, "elsewhere")));
    }

    // One Deployment may mount dozens of settings from elsewhere: they are one finding, about the
    // first that is expected here.
    let first_sure = missing.iter().position(|(sure, _)| *sure).unwrap_or(0);
    let mut rest: Vec<Finding> = missing.into_iter().map(|(_, finding)| finding).collect();
    if rest.is_empty() {
        return;
    }

    let first = rest.remove(first_sure);
    sink.report(first.also_at(rest.iter().map(|finding| finding.location)));
}

/// Whether two objects are deployed together: from one folder, or by one kustomization.
fn are_together(ctx: &Analysis, other: &Object, object: &Object) -> bool {
    let is_same_folder = parent(ctx.facts.path(other.file)) == parent(ctx.facts.path(object.file));

    is_same_folder
        || ctx
            .graph
            .cluster
            .kustomizations
            .iter()
            .any(|kustomization| {
                [other.file, object.file]
                    .iter()
                    .all(|file| kustomization.files.binary_search(file).is_ok())
            })
}

/// Whether every namespace has the object.
fn is_predefined(reference: &ObjectReference) -> bool {
    matches!(
        (reference.kind, reference.name.value.as_str()),
        (ReferenceKind::ServiceAccount, "default" | "")
            | (ReferenceKind::ConfigMap, "kube-root-ca.crt" | "")
    )
}

/// Kinds from which operators create Secrets.
const SECRET_SOURCES: &[&str] = &[
    "ExternalSecret",
    "SealedSecret",
    "Certificate",
    "SecretProviderClass",
    "VaultStaticSecret",
    "ClusterExternalSecret",
    "BitwardenSecret",
    "InfisicalSecret",
    "OnePasswordItem",
    "KafkaUser",
    "Issuer",
    "ClusterIssuer",
];

/// Whether a generator or an operator creates the object.
fn is_created(ctx: &Analysis, reference: &ObjectReference) -> bool {
    let name = reference.name.value.as_str();
    let kind = reference.kind.as_str();
    if ctx
        .graph
        .cluster
        .kustomizations
        .iter()
        .any(|kustomization| may_generate(kustomization, kind, name))
    {
        return true;
    }

    let sources: &[&str] = match reference.kind {
        ReferenceKind::Secret => SECRET_SOURCES,
        ReferenceKind::ConfigMap => &["Bundle"],
        _ => &[],
    };

    // The name of a created object often has a prefix or suffix.
    sources
        .iter()
        .flat_map(|kind| ctx.graph.cluster.of_kind(kind))
        .any(|source| {
            source
                .name
                .as_ref()
                .is_none_or(|part| name.contains(part.value.as_str()))
        })
}

fn may_generate(kustomization: &Kustomization, kind: &str, name: &str) -> bool {
    let generates = kustomization
        .generated
        .iter()
        .any(|made| made.kind == kind && made.name.value == name);

    generates || (kustomization.resources.is_open() && kind != "ServiceAccount")
}

/// Reports a key that the ConfigMap or Secret does not have; `targets` are all objects of the name.
fn missing_key(
    object: &Object,
    reference: &ObjectReference,
    target: &Object,
    targets: &[&Object],
    sink: &mut Sink,
) {
    let Some(key) = &reference.key else { return };

    if targets
        .iter()
        .any(|target| may_have_key(target, &key.value))
    {
        return;
    }

    sink.report(
        Finding::new(
            key.location,
            format!(
                "{} reads key `{}`, which {} does not have",
                object.title(),
                key.value,
                target.title()
            ),
        )
        .label("no such key")
        .related(target.location(), "its keys are defined here")
        .help("correct the key, or add it")
        .anchor(object.anchor),
    );
}

fn may_have_key(object: &Object, key: &str) -> bool {
    match &object.body {
        Body::ConfigMap(data) | Body::Secret(data) => {
            data.entries.is_open()
                || object.open
                || data.encrypted
                || data.entries.iter().any(|entry| entry.key.value == key)
        }
        _ => true,
    }
}
