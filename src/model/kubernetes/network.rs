//! Facts of what carries traffic to pods and what keeps it from them.

use super::selector::Selector;
use super::view::SpecReader;
use crate::model::Setting;
use crate::source::{Located, Location};

/// `kind: Service`.
#[derive(Debug)]
pub struct KubeService {
    pub kind: Setting<String>,
    /// `None`: no selector written (external name, manual endpoints).
    pub selector: Option<Selector>,
    pub ports: Vec<ServicePort>,
    pub external_ips: Vec<Located<String>>,
    /// `loadBalancerSourceRanges` narrows who may reach it.
    pub source_ranges: bool,
}

#[derive(Clone, Debug)]
pub struct ServicePort {
    pub location: Location,
    pub name: Option<Located<String>>,
    pub port: Setting<String>,
    /// Number or name; absent means the same as `port`.
    pub target: Setting<String>,
}

impl KubeService {
    pub(super) fn read(spec: SpecReader) -> Self {
        let port = |item: SpecReader| ServicePort {
            location: item.node.location(),
            name: item.str("name").known().cloned(),
            port: item.str("port"),
            target: item.str("targetPort"),
        };

        Self {
            kind: spec.str("type"),
            selector: Selector::read_map(spec, "selector"),
            ports: spec.list("ports").into_iter().map(port).collect(),
            external_ips: spec.texts("externalIPs"),
            source_ranges: !spec.get("loadBalancerSourceRanges").is_absent(),
        }
    }
}

/// `kind: NetworkPolicy`.
#[derive(Debug)]
pub struct NetworkPolicy {
    /// An absent selector selects all pods of the namespace, as an empty one does.
    pub selector: Option<Selector>,
    pub egress: bool,
    /// Selectors over pods of the same namespace, in `from` and `to`.
    pub peers: Vec<Peer>,
}

/// A peer of a network policy that is named by its labels.
#[derive(Debug)]
pub struct Peer {
    pub selector: Selector,
    /// A namespace selector stands beside it: the pods are elsewhere.
    pub elsewhere: bool,
}

impl NetworkPolicy {
    pub(super) fn read(spec: SpecReader) -> Self {
        let types = spec.texts("policyTypes");
        let named = |kind: &str| types.iter().any(|own| own.value == kind);
        let written = !spec.get("egress").is_absent();
        let peer = |view: SpecReader| {
            let selector = Selector::read(view, "podSelector")?;
            Some(Peer {
                selector,
                elsewhere: view.key("namespaceSelector").is_some(),
            })
        };

        let sides = [("ingress", "from"), ("egress", "to")];
        let lists = sides.into_iter().flat_map(|(side, key)| {
            spec.list(side)
                .into_iter()
                .flat_map(move |rule| rule.list(key))
        });

        Self {
            selector: Selector::read(spec, "podSelector"),
            egress: named("Egress") || (types.is_empty() && written),
            peers: lists.filter_map(peer).collect(),
        }
    }
}

/// An entry from outside: an Ingress or a route.
#[derive(Debug)]
pub struct Ingress {
    pub backends: Vec<Backend>,
    pub tls: Setting<()>,
    pub hosts: Vec<Located<String>>,
}

/// The service that an entry leads to.
#[derive(Debug)]
pub struct Backend {
    pub service: Located<String>,
    /// Number or name.
    pub port: Setting<String>,
    /// Of a route: the namespace it names.
    pub namespace: Setting<String>,
}

impl Ingress {
    /// `networking.k8s.io/v1` and its older versions.
    pub(super) fn read(spec: SpecReader) -> Self {
        let rules = spec.list("rules");
        let mut backends: Vec<Backend> = Vec::new();
        backends.extend(
            spec.get("defaultBackend")
                .or(spec.get("backend"))
                .value()
                .and_then(|view| backend(*view)),
        );
        let paths = rules.iter().flat_map(|rule| {
            rule.get("http")
                .value()
                .map(|http| http.list("paths"))
                .unwrap_or_default()
        });

        backends.extend(
            paths.filter_map(|path| path.get("backend").value().and_then(|view| backend(*view))),
        );
        let hosts = rules
            .iter()
            .filter_map(|rule| rule.str("host").known().cloned())
            .collect();
        let tls = match spec.get("tls") {
            Setting::Set(at) if at.value.node.is_empty() && !at.value.is_open() => Setting::Absent,
            other => other.map(|_| ()),
        };

        Self {
            backends,
            tls,
            hosts,
        }
    }

    /// `HTTPRoute`, `GRPCRoute`, `TCPRoute`, `TLSRoute`: TLS is the gateway's affair.
    pub(super) fn read_route(spec: SpecReader) -> Self {
        let refs = spec
            .list("rules")
            .into_iter()
            .flat_map(|rule| rule.list("backendRefs"));
        let service = |item: &SpecReader| {
            item.str("kind")
                .value()
                .is_none_or(|kind| kind == "Service")
        };

        let read = |item: SpecReader| {
            let service = item.str("name").known().cloned()?;
            Some(Backend {
                service,
                port: item.str("port"),
                namespace: item.str("namespace"),
            })
        };

        Self {
            backends: refs.filter(service).filter_map(read).collect(),
            tls: Setting::Unknown(None),
            hosts: spec.texts("hostnames"),
        }
    }
}

fn backend(view: SpecReader) -> Option<Backend> {
    if let Some(service) = view.get("service").value() {
        let port = service
            .get("port")
            .and_then(|port| port.str("name").or(port.str("number")));
        return Some(Backend {
            service: service.str("name").known().cloned()?,
            port,
            namespace: Setting::Absent,
        });
    }

    let service = view.str("serviceName").known().cloned()?;
    Some(Backend {
        service,
        port: view.str("servicePort"),
        namespace: Setting::Absent,
    })
}
