//! `dangling-ingress`, `dangling-reference`: names of objects that nothing defines. What may be
//! kept outside the repository is not asked for, or is a note.

use crate::analysis::Ctx;
use crate::analysis::workload::is_name;
use crate::finding::{Finding, Sink};
use crate::model::kubernetes::{Body, Kustomization, Object, Reference, ReferenceKind, Workload};
use crate::rules::wiring::dangling::all_read;
use crate::source::{SourceFile, join, parent};

pub fn ingress(ctx: &Ctx, object: &Object, sink: &mut Sink) {
    let Body::Ingress(ingress) = &object.body else {
        return;
    };

    let cluster = &ctx.graph.cluster;
    let is_service =
        |other: &Object| matches!(other.body, Body::Service(_)) && other.helm == object.helm;
    let folder = parent(ctx.facts.path(object.file));
    // A name that a template makes may be any name; a repository without Services near keeps them
    // elsewhere.
    if object.open || (object.helm && cluster.has_nameless_service(true)) || !all_read(ctx, folder)
    {
        return;
    }

    let beside = cluster.has_service_around(object.helm, folder)
        || ctx.facts.file(object.file).objects.len() > 1;
    for backend in &ingress.backends {
        let name = &backend.service;
        let named: Vec<&Object> = cluster
            .of_name("Service", &name.value)
            .into_iter()
            .filter(|other| is_service(other))
            .collect();
        let in_reach = |one: &&Object| match backend.namespace.value() {
            Some(namespace) => one.namespace.value().is_none_or(|own| own == namespace),
            None => one.shares_namespace(object),
        };

        let found: Vec<&Object> = named.iter().copied().filter(in_reach).collect();
        let Some(service) = found.first() else {
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
            // Values without a chart are for a chart of somebody else, which brings Services of its
            // own.
            let foreign = has_foreign_chart(ctx, folder) || has_foreign_chart(ctx, parent(folder));
            sink.report(finding.case_if(!beside || foreign, "elsewhere"));
            continue;
        };

        let Some(port) = backend.port.known() else {
            continue;
        };

        if found.iter().all(|service| lacks_port(service, &port.value))
            && found.iter().any(|one| near(ctx, one, object))
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

/// Whether values for a Helm chart that is not here stand in a folder.
fn has_foreign_chart(ctx: &Ctx, folder: &str) -> bool {
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

    let has = facts.ports.iter().any(|own| {
        own.name.as_ref().is_some_and(|name| name.value == port)
            || own.port.value().is_none_or(|own| own == port)
    });

    !has && !facts.ports.is_empty() && !service.open
}

/// Names in pods that nothing here defines.
pub fn reference(ctx: &Ctx, object: &Object, workload: &Workload, sink: &mut Sink) {
    if object.helm || object.is_hook() {
        return;
    }

    let mut told: Vec<(ReferenceKind, &str)> = Vec::new();
    let mut missing: Vec<(bool, Finding)> = Vec::new();
    for reference in workload
        .pod
        .references
        .iter()
        .filter(|reference| !reference.optional)
    {
        let name = reference.name.value.as_str();
        if told.contains(&(reference.kind, name)) || is_given(reference) || !is_name(name) {
            continue;
        }

        let found = ctx
            .graph
            .cluster
            .find(reference.kind.as_str(), name, object);
        if is_made(ctx, reference) {
            continue;
        }

        if let Some(target) = found.first() {
            missing_key(object, reference, target, &found, sink);
            continue;
        }

        told.push((reference.kind, name));
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
        // Claims and accounts are made with the workload; Secrets and settings are often made by
        // hand.
        let folder = parent(ctx.facts.path(object.file));
        let sure = ctx
            .graph
            .cluster
            .has_kind_in(folder, reference.kind.as_str());
        let sure = sure && !object.open && reference.kind != ReferenceKind::Secret;
        missing.push((sure, finding.case_if(!sure, "elsewhere")));
    }
    // One Deployment may mount dozens of settings from elsewhere; the one that matters most speaks
    // for all.
    let others = missing.len().saturating_sub(1) as u32;
    let first_sure = missing.iter().position(|(sure, _)| *sure).unwrap_or(0);

    if let Some((_, finding)) = missing.into_iter().nth(first_sure) {
        sink.report(finding.others(others));
    }
}

fn near(ctx: &Ctx, other: &Object, object: &Object) -> bool {
    parent(ctx.facts.path(other.file)) == parent(ctx.facts.path(object.file))
}

/// What every namespace has.
fn is_given(reference: &Reference) -> bool {
    matches!(
        (reference.kind, reference.name.value.as_str()),
        (ReferenceKind::ServiceAccount, "default" | "")
            | (ReferenceKind::ConfigMap, "kube-root-ca.crt" | "")
    )
}

/// Kinds from which operators make Secrets.
const MAKERS_OF_SECRETS: &[&str] = &[
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

/// Whether a generator, an operator or a claim template makes the object.
fn is_made(ctx: &Ctx, reference: &Reference) -> bool {
    let name = reference.name.value.as_str();
    let kind = reference.kind.as_str();
    let generated = |own: &Kustomization| {
        let made = own
            .generated
            .iter()
            .any(|(made, own)| *made == kind && own.value == name);
        made || (own.partial && kind != "ServiceAccount")
    };

    if ctx
        .graph
        .cluster
        .kustomizations
        .iter()
        .any(|own| generated(own))
    {
        return true;
    }

    let makers: &[&str] = match reference.kind {
        ReferenceKind::Secret => MAKERS_OF_SECRETS,
        ReferenceKind::ConfigMap => &["Bundle"],
        _ => &[],
    };
    // What an operator makes is often named after the object with something added.
    let named = |object: &Object| {
        object
            .name
            .as_ref()
            .is_none_or(|own| name.contains(own.value.as_str()))
    };

    makers
        .iter()
        .any(|kind| ctx.graph.cluster.of_kind(kind).any(named))
}

/// A key that the ConfigMap or Secret, which is here, does not have.
fn missing_key(
    object: &Object,
    reference: &Reference,
    target: &Object,
    found: &[&Object],
    sink: &mut Sink,
) {
    let Some(key) = &reference.key else { return };

    let has = |target: &&Object| match &target.body {
        Body::ConfigMap(data) | Body::Secret(data) => {
            data.open
                || target.open
                || data.encrypted
                || data
                    .entries
                    .iter()
                    .any(|entry| entry.key.value == key.value)
        }
        _ => true,
    };

    if found.iter().any(has) {
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
