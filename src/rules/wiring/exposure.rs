//! `service-exposure`, `ingress-tls`, `network-policy`, `egress-policy`, `namespace-quota`: what is
//! open to whom.

use std::collections::HashSet;
use std::net::IpAddr;

use crate::analysis::Analysis;
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::file_role::Role;
use crate::model::kubernetes::{Body, Ingress, KubeService, Labels, Object};

/// Kinds of other network plugins that isolate pods in all namespaces.
const CLUSTER_POLICIES: [&str; 5] = [
    "CiliumClusterwideNetworkPolicy",
    "GlobalNetworkPolicy",
    "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy",
    "ClusterNetworkPolicy",
];

/// Annotations by which load balancers get their certificate without a `tls` section.
const CERTIFICATES: [&str; 9] = [
    "certificate-arn",
    "ssl-cert",
    "pre-shared-cert",
    "managed-certificates",
    "router.tls",
    "appgw-ssl-certificate",
    "ssl-passthrough",
    "tls-acme",
    "alb.ingress.kubernetes.io/ssl-redirect",
];

pub fn service(ctx: &Analysis, object: &Object, sink: &mut Sink) {
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
        "NodePort" if !is_for_cloud_ingress(ctx, object) => (
            "open on every node, bypassing the Ingress",
            "use `ClusterIP` behind an Ingress or Gateway",
        ),
        "LoadBalancer" if is_public_balancer(object, service) && !is_entry(object) => (
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

/// Controllers of AWS, whose load balancers are internal unless an annotation says otherwise.
const AWS_CLASSES: [&str; 2] = ["service.k8s.aws/nlb", "eks.amazonaws.com/nlb"];

/// Values of the annotation by which a Service chooses the AWS load balancer controller.
const AWS_TYPES: [&str; 2] = ["external", "nlb-ip"];

/// Whether everything says that a load balancer has a public address: it has neither an internal nor
/// a private one, and the controller that makes it is the cloud's own.
fn is_public_balancer(object: &Object, service: &KubeService) -> bool {
    if service.source_ranges
        || object.annotations.entries.is_open()
        || is_internal(&object.annotations)
    {
        return false;
    }

    if let Some(address) = service.balancer_address.value() {
        return !is_private_address(address);
    }

    let annotation = |part: &str| {
        let entries = object.annotations.entries.iter();
        entries
            .filter(|(key, _)| key.value.ends_with(part))
            .find_map(|(_, value)| value.value())
    };
    let is_internet_facing =
        annotation("aws-load-balancer-scheme").is_some_and(|scheme| scheme == "internet-facing");
    let by_aws_controller =
        annotation("aws-load-balancer-type").is_some_and(|kind| AWS_TYPES.contains(&kind.as_str()));

    match &service.balancer_class {
        Setting::Absent => is_internet_facing || !by_aws_controller,
        Setting::Set(class) => is_internet_facing && AWS_CLASSES.contains(&class.value.as_str()),
        Setting::Unknown(_) => false,
    }
}

/// Values by which clouds mark a load balancer as internal.
const INTERNAL_VALUES: [&str; 6] = [
    "internal",
    "internal-only",
    "inner",
    "intranet",
    "private",
    "vpc",
];

/// Parts of annotations of load balancers that only a site or a tailnet reaches.
const SITE_KEYS: [&str; 5] = [
    "tailscale",
    "metallb",
    "disable-public-network",
    "scw-loadbalancer-private",
    "loadbalancer-private-network",
];

fn is_internal(annotations: &Labels) -> bool {
    annotations.entries.iter().any(|(key, value)| {
        let key = key.value.to_ascii_lowercase();
        let value = value
            .value()
            .map_or("", String::as_str)
            .to_ascii_lowercase();
        let is_off = value == "false";

        let is_for_inside =
            key.contains("internal") || SITE_KEYS.iter().any(|part| key.contains(part));

        (is_for_inside && !is_off)
            || INTERNAL_VALUES.contains(&value.as_str())
            || is_private_list(&value)
    })
}

/// Whether a text is a list of addresses that are all private.
fn is_private_list(text: &str) -> bool {
    !text.is_empty()
        && text
            .split(',')
            .all(|address| is_private_address(address.trim()))
}

/// Whether an address, or a range of them, is not routed in the internet.
fn is_private_address(text: &str) -> bool {
    let address = text.split(['/', '-']).next().unwrap_or("");

    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            let [first, second, ..] = address.octets();
            let is_shared = first == 100 && (64..128).contains(&second);

            address.is_private() || address.is_loopback() || address.is_link_local() || is_shared
        }
        Ok(IpAddr::V6(address)) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
        Err(_) => false,
    }
}

/// Whether an Ingress of a cloud leads to a Service: its load balancer reaches the nodes, so the
/// Service needs a port on each.
fn is_for_cloud_ingress(ctx: &Analysis, service: &Object) -> bool {
    let Some(name) = &service.name else {
        return true;
    };

    ctx.graph.cluster.of_kind("Ingress").any(|object| {
        let Body::Ingress(ingress) = &object.body else {
            return false;
        };

        object.shares_namespace(service)
            && ingress
                .backends
                .iter()
                .any(|backend| backend.service.value == name.value)
            && is_cloud_class(object, ingress)
    })
}

/// The Ingress classes of AWS and Google Cloud.
const CLOUD_CLASSES: [&str; 4] = ["alb", "gce", "gce-internal", "gce-multi-cluster"];

fn is_cloud_class(object: &Object, ingress: &Ingress) -> bool {
    let annotation = object.annotation("kubernetes.io/ingress.class");
    let class = ingress
        .class
        .value()
        .or(annotation.map(|class| &class.value));

    class.is_some_and(|class| CLOUD_CLASSES.contains(&class.as_str()))
        || object
            .annotations
            .entries
            .iter()
            .any(|(key, _)| key.value.starts_with("alb.ingress.kubernetes.io/"))
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

pub fn tls(_: &Analysis, object: &Object, sink: &mut Sink) {
    let Body::Ingress(ingress) = &object.body else {
        return;
    };

    let has_certificate = object.annotations.entries.is_open()
        || object
            .annotations
            .entries
            .iter()
            .any(|(key, _)| CERTIFICATES.iter().any(|part| key.value.contains(part)));
    let is_discovered = object
        .annotation("alb.ingress.kubernetes.io/listen-ports")
        .is_some_and(|ports| ports.value.contains("HTTPS"));
    let is_local =
        !ingress.hosts.is_empty() && ingress.hosts.iter().all(|host| is_local_host(&host.value));
    if !ingress.tls.is_absent() || has_certificate || is_discovered || is_local {
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
pub fn policy(ctx: &Analysis, sink: &mut Sink) {
    unguarded(
        ctx,
        sink,
        "no NetworkPolicy selects",
        "every pod in the cluster can connect to it",
        |_| true,
    );
}

/// Pods without a limit on their connections: once for each namespace.
pub fn egress(ctx: &Analysis, sink: &mut Sink) {
    unguarded(
        ctx,
        sink,
        "no NetworkPolicy limits egress from",
        "it can connect anywhere",
        |policy| matches!(&policy.body, Body::NetworkPolicy(policy) if policy.egress),
    );
}

fn unguarded(
    ctx: &Analysis,
    sink: &mut Sink,
    what: &str,
    label: &str,
    counts: impl Fn(&Object) -> bool,
) {
    let cluster = &ctx.graph.cluster;
    // What only shows something says nothing about what is deployed.
    let deployed = cluster
        .objects()
        .filter(|object| ctx.facts.role(object.file) != Role::Practice);
    let others = OtherPolicies::new(deployed);

    for object in cluster.objects() {
        if others.may_select(object) {
            continue;
        }

        let (Some(workload), Some(joined)) = (object.workload(), cluster.joined(object)) else {
            continue;
        };

        if workload.guessed
            || joined.policies.is_open()
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

/// Policies of other network plugins, by where they apply. Whom they select there is not followed.
#[derive(Default)]
struct OtherPolicies<'a> {
    everywhere: bool,
    /// `None` for a policy without a namespace.
    namespaces: HashSet<Option<&'a str>>,
}

impl<'a> OtherPolicies<'a> {
    fn new(objects: impl Iterator<Item = &'a Object>) -> Self {
        let mut policies = Self::default();

        for object in objects {
            let is_of_calico =
                object.kind.value == "NetworkPolicy" && object.group().contains("projectcalico");
            let kind = object.kind.value.as_str();

            if is_of_calico || kind == "CiliumNetworkPolicy" {
                let namespace = object.namespace.value().map(String::as_str);
                policies.namespaces.insert(namespace);
            } else if CLUSTER_POLICIES.contains(&kind) {
                policies.everywhere = true;
            }
        }

        policies
    }

    fn may_select(&self, object: &Object) -> bool {
        let namespace = object.namespace.value().map(String::as_str);

        self.everywhere
            || self.namespaces.contains(&namespace)
            || self.namespaces.contains(&None)
            || (namespace.is_none() && !self.namespaces.is_empty())
    }
}

pub fn quota(ctx: &Analysis, object: &Object, sink: &mut Sink) {
    if object.kind.value != "Namespace" || !object.group().is_empty() {
        return;
    }

    let Some(name) = &object.name else { return };

    let cluster = &ctx.graph.cluster;
    let has_quota = cluster
        .of_kind("ResourceQuota")
        .chain(cluster.of_kind("LimitRange"))
        .filter(|quota| cluster.is_evidence(quota, object))
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
