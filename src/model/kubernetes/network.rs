//! Services, Ingresses, routes and network policies.

use super::manifest_reader::ManifestReader;
use super::selector::Selector;
use crate::model::Setting;
use crate::model::spec_reader::SpecReader;
use crate::source::{Located, Location};

/// `kind: Service`.
#[derive(Debug)]
pub struct KubeService {
    pub kind: Setting<String>,
    /// `None`: no selector written (external name, manual endpoints).
    pub selector: Option<Selector>,
    pub ports: Vec<ServicePort>,
    /// `clusterIP: None`: clients connect to the pods.
    pub headless: bool,
    pub external_ips: Vec<Located<String>>,
    /// `loadBalancerSourceRanges` restricts the clients.
    pub source_ranges: bool,
    /// `loadBalancerClass`: which controller makes the load balancer.
    pub balancer_class: Setting<String>,
    /// `loadBalancerIP`.
    pub balancer_address: Setting<String>,
}

/// A port of a Service.
#[derive(Clone, Debug)]
pub struct ServicePort {
    pub location: Location,
    pub name: Option<Located<String>>,
    pub port: Setting<String>,
    /// Number or name; absent means the same as `port`.
    pub target: Setting<String>,
}

impl KubeService {
    pub(super) fn from_spec(spec: ManifestReader) -> Self {
        Self {
            kind: spec.str("type"),
            selector: Selector::from_map(spec, "selector"),
            ports: spec
                .list("ports")
                .into_iter()
                .map(ServicePort::from_item)
                .collect(),
            headless: spec
                .str("clusterIP")
                .value()
                .is_some_and(|address| address == "None"),
            external_ips: spec.texts("externalIPs"),
            source_ranges: !spec.get("loadBalancerSourceRanges").is_absent(),
            balancer_class: spec.str("loadBalancerClass"),
            balancer_address: spec.str("loadBalancerIP"),
        }
    }
}

impl ServicePort {
    fn from_item(item: ManifestReader) -> Self {
        Self {
            location: item.node.location(),
            name: item.str("name").known().cloned(),
            port: item.str("port"),
            target: item.str("targetPort"),
        }
    }
}

/// `kind: NetworkPolicy`.
#[derive(Debug)]
pub struct NetworkPolicy {
    /// An absent selector selects all pods of the namespace, as an empty one does.
    pub selector: Option<Selector>,
    /// It restricts outgoing traffic.
    pub egress: bool,
    /// Selectors over pods of the same namespace, in `from` and `to`.
    pub peers: Vec<Peer>,
}

/// A peer of a network policy that is selected by its labels.
#[derive(Debug)]
pub struct Peer {
    pub selector: Selector,
    /// It has a namespace selector too, so the pods are in other namespaces.
    pub elsewhere: bool,
}

impl NetworkPolicy {
    pub(super) fn from_spec(spec: ManifestReader) -> Self {
        let types = spec.texts("policyTypes");
        let has_egress_rules = !spec.get("egress").is_absent();
        let sides = [("ingress", "from"), ("egress", "to")];
        let peers = sides.into_iter().flat_map(|(side, key)| {
            spec.list(side)
                .into_iter()
                .flat_map(move |rule| rule.list(key))
        });

        Self {
            selector: Selector::from_key(spec, "podSelector"),
            egress: if types.is_empty() {
                has_egress_rules
            } else {
                types
                    .iter()
                    .any(|policy_type| policy_type.value == "Egress")
            },
            peers: peers.filter_map(Peer::from_item).collect(),
        }
    }
}

impl Peer {
    fn from_item(item: ManifestReader) -> Option<Self> {
        Some(Self {
            selector: Selector::from_key(item, "podSelector")?,
            elsewhere: item.key_location("namespaceSelector").is_some(),
        })
    }
}

/// A way in from outside: an Ingress or a route.
#[derive(Debug)]
pub struct Ingress {
    pub backends: Vec<Backend>,
    pub tls: Setting<()>,
    pub hosts: Vec<Located<String>>,
    /// `ingressClassName`.
    pub class: Setting<String>,
}

/// A Service that an Ingress or a route leads to.
#[derive(Debug)]
pub struct Backend {
    pub service: Located<String>,
    /// Number or name.
    pub port: Setting<String>,
    /// Of a route: the namespace that it names.
    pub namespace: Setting<String>,
}

impl Ingress {
    /// `networking.k8s.io/v1` and its older versions.
    pub(super) fn from_spec(spec: ManifestReader) -> Self {
        let rules = spec.list("rules");
        let default = spec.get("defaultBackend").or(spec.get("backend"));
        let paths = rules
            .iter()
            .filter_map(|rule| Some(rule.get("http").value()?.list("paths")))
            .flatten()
            .map(|path| path.get("backend"));
        let hosts = rules
            .iter()
            .filter_map(|rule| rule.str("host").known().cloned());

        Self {
            backends: std::iter::once(default)
                .chain(paths)
                .filter_map(|backend| Backend::from_spec(*backend.value()?))
                .collect(),
            tls: match spec.get("tls") {
                Setting::Set(list) if list.value.node.is_empty() && !list.value.is_open() => {
                    Setting::Absent
                }
                list => list.map(|_| ()),
            },
            hosts: hosts.collect(),
            class: spec.str("ingressClassName"),
        }
    }

    /// `HTTPRoute`, `GRPCRoute`, `TCPRoute`, `TLSRoute`. Their gateway sets TLS.
    pub(super) fn from_route(spec: ManifestReader) -> Self {
        let references = spec
            .list("rules")
            .into_iter()
            .flat_map(|rule| rule.list("backendRefs"));

        Self {
            backends: references.filter_map(Backend::from_reference).collect(),
            tls: Setting::Unknown(None),
            hosts: spec.texts("hostnames"),
            class: Setting::Absent,
        }
    }
}

impl Backend {
    /// A `backend` of an Ingress, of `networking.k8s.io/v1` or older.
    fn from_spec(spec: ManifestReader) -> Option<Self> {
        let Setting::Set(service) = spec.get("service") else {
            return Some(Self {
                service: spec.str("serviceName").known().cloned()?,
                port: spec.str("servicePort"),
                namespace: Setting::Absent,
            });
        };

        let service = service.value;

        Some(Self {
            service: service.str("name").known().cloned()?,
            port: service
                .get("port")
                .and_then(|port| port.str("name").or(port.str("number"))),
            namespace: Setting::Absent,
        })
    }

    /// An item of `backendRefs`; `None` where it is not a Service.
    fn from_reference(item: ManifestReader) -> Option<Self> {
        let kind = item.str("kind");
        if kind.value().is_some_and(|kind| kind != "Service") {
            return None;
        }

        Some(Self {
            service: item.str("name").known().cloned()?,
            port: item.str("port"),
            namespace: item.str("namespace"),
        })
    }
}
