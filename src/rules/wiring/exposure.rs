//! `service-exposure`, `ingress-tls`, `network-policy`, `egress-policy`, `namespace-quota`: what is
//! open to whom.

use crate::analysis::Ctx;
use crate::finding::{Finding, Sink};
use crate::model::kubernetes::{Body, Object};

/// Kinds of other network plugins that isolate pods.
const OTHER_POLICIES: [&str; 6] = [
    "CiliumNetworkPolicy",
    "CiliumClusterwideNetworkPolicy",
    "GlobalNetworkPolicy",
    "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy",
    "ClusterNetworkPolicy",
];

/// Annotations by which load balancers get their certificate without a `tls` section.
const CERTIFICATES: [&str; 8] = [
    "certificate-arn",
    "ssl-cert",
    "pre-shared-cert",
    "managed-certificates",
    "router.tls",
    "appgw-ssl-certificate",
    "ssl-passthrough",
    "tls-acme",
];

pub fn service(_: &Ctx, object: &Object, sink: &mut Sink) {
    let Body::Service(service) = &object.body else {
        return;
    };

    for address in service.external_ips.iter().take(1) {
        sink.report(
            Finding::new(
                address.location,
                format!(
                    "{} receives traffic for an arbitrary IP address",
                    object.title()
                ),
            )
            .label("`externalIPs` can claim addresses of other services")
            .help("use an Ingress, a Gateway, or a load balancer")
            .anchor(object.anchor),
        );
    }

    let Some(kind) = service.kind.known() else {
        return;
    };

    let (label, help) = match kind.value.as_str() {
        "NodePort" => (
            "open on every node, bypassing the Ingress",
            "use `ClusterIP` behind an Ingress or Gateway",
        ),
        "LoadBalancer" if !service.source_ranges && !is_internal(object) && !is_entry(object) => (
            "has its own address, open to all clients",
            "put it behind an Ingress, make it internal, or set `loadBalancerSourceRanges`",
        ),
        _ => return,
    };

    let message = format!("{} is reachable from outside the cluster", object.title());
    sink.report(
        Finding::new(kind.location, message)
            .label(label)
            .help(help)
            .anchor(object.anchor),
    );
}

fn is_internal(object: &Object) -> bool {
    let annotations = &object.annotations;
    annotations.open
        || annotations.entries.iter().any(|(key, value)| {
            let value = value
                .value()
                .map_or("", String::as_str)
                .to_ascii_lowercase();
            let key = key.value.to_ascii_lowercase();
            (key.contains("internal") && value != "false")
                || value == "internal"
                || key.contains("tailscale")
                || key.contains("metallb")
        })
}

/// Whether a Service is a gateway, which clients are meant to reach.
fn is_entry(object: &Object) -> bool {
    let name = object.name.as_ref().map_or("", |name| name.value.as_str());
    [
        "ingress", "gateway", "traefik", "proxy", "envoy", "nginx", "kong", "istio", "haproxy",
    ]
    .iter()
    .any(|part| name.contains(part))
}

pub fn tls(_: &Ctx, object: &Object, sink: &mut Sink) {
    let Body::Ingress(ingress) = &object.body else {
        return;
    };

    let has_certificate = object.annotations.open
        || object
            .annotations
            .entries
            .iter()
            .any(|(key, _)| CERTIFICATES.iter().any(|part| key.value.contains(part)));
    let is_local =
        !ingress.hosts.is_empty() && ingress.hosts.iter().all(|host| is_local_host(&host.value));
    if !ingress.tls.is_absent() || has_certificate || is_local {
        return;
    }

    let location = ingress
        .hosts
        .first()
        .map_or(object.location(), |host| host.location);
    sink.report(
        Finding::new(
            location,
            format!("{} serves traffic without TLS", object.title()),
        )
        .label("passwords and cookies are sent in plain text")
        .help("add a `tls` section with a certificate for each host")
        .anchor(object.anchor),
    );
}

fn is_local_host(host: &str) -> bool {
    const ENDINGS: &[&str] = &[
        ".local",
        ".localhost",
        ".internal",
        ".test",
        ".lan",
        ".home.arpa",
    ];
    host == "localhost" || ENDINGS.iter().any(|ending| host.ends_with(ending))
}

/// Pods that no policy selects: once for each namespace.
pub fn policy(ctx: &Ctx, sink: &mut Sink) {
    unguarded(
        ctx,
        sink,
        "no NetworkPolicy selects",
        "every pod in the cluster can connect to it",
        |_| true,
    );
}

/// Pods without a limit on their connections: once for each namespace.
pub fn egress(ctx: &Ctx, sink: &mut Sink) {
    unguarded(
        ctx,
        sink,
        "no NetworkPolicy limits egress from",
        "it can connect anywhere",
        |policy| matches!(&policy.body, Body::NetworkPolicy(policy) if policy.egress),
    );
}

fn unguarded(
    ctx: &Ctx,
    sink: &mut Sink,
    what: &str,
    label: &str,
    counts: impl Fn(&Object) -> bool,
) {
    let cluster = &ctx.graph.cluster;
    if cluster
        .objects()
        .any(|object| OTHER_POLICIES.contains(&object.kind.value.as_str()))
    {
        return;
    }

    for object in cluster.objects() {
        let (Some(workload), Some(joined)) = (object.workload(), cluster.joined(object)) else {
            continue;
        };

        if workload.guessed
            || joined.may_be_isolated
            || joined.policies.iter().any(|policy| counts(policy))
            || object.is_hook()
        {
            continue;
        }

        let finding = Finding::new(
            object.location(),
            format!("{what} the pods of {}", object.title()),
        )
        .label(label)
        .help(
            "add a default-deny NetworkPolicy to the namespace, and one per workload that \
                allows the traffic it needs",
        )
        .anchor(object.anchor);
        let namespace = object.namespace.value().cloned().unwrap_or_default();
        sink.report(finding.aspect(namespace));
    }
}

pub fn quota(ctx: &Ctx, object: &Object, sink: &mut Sink) {
    if object.kind.value != "Namespace" || !object.group().is_empty() {
        return;
    }

    let Some(name) = &object.name else { return };

    let cluster = &ctx.graph.cluster;
    let has_quota = cluster
        .of_kind("ResourceQuota")
        .chain(cluster.of_kind("LimitRange"))
        .any(|quota| {
            quota
                .namespace
                .value()
                .is_none_or(|namespace| *namespace == name.value)
        });
    if has_quota {
        return;
    }

    sink.report(
        Finding::new(
            name.location,
            format!("namespace `{}` has no quota", name.value),
        )
        .label("one workload can use up the whole cluster")
        .help("add a ResourceQuota and a LimitRange")
        .anchor(object.anchor),
    );
}
