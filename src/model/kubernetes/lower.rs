//! Objects of a file's trees: documents, lists, and the body that each kind has.

use super::delivery::Delivery;
use super::labels::Labels;
use super::manifest_reader::{ManifestReader, ManifestScope};
use super::network::{Ingress, KubeService, NetworkPolicy};
use super::object::{Body, Claim, Data, Object, ObjectId, ServiceAccount};
use super::policy::{Autoscaler, Binding, Defaults, DisruptionBudget, RbacRole};
use super::validation::refusals;
use super::workload::{Workload, is_manifest};
use crate::model::spec_reader::SpecReader;
use crate::source::Located;
use crate::syntax::yaml::{Kind, Node, Tree};

/// Every object of a file, items of lists included, in the order of the text.
pub fn objects<'t>(tree: &'t Tree<'t>, scope: ManifestScope<'t>) -> Vec<Object> {
    roots(tree)
        .into_iter()
        .filter_map(|root| object(root, scope))
        .collect()
}

/// The object at a node.
pub(super) fn object<'t>(root: Node<'t>, scope: ManifestScope<'t>) -> Option<Object> {
    let root = ManifestReader::new(root, scope);
    let (version, kind) = header(root)?;

    Some(lower_object(root, version, kind))
}

/// The nodes of a file's objects, one for each of [`objects`].
pub(super) fn roots<'t>(tree: &'t Tree<'t>) -> Vec<Node<'t>> {
    let mut roots = Vec::new();

    for document in tree.documents() {
        match document.kind() {
            Kind::Sequence => document
                .items()
                .for_each(|item| add_roots(item, &mut roots)),
            _ => add_roots(document, &mut roots),
        }
    }

    roots
}

/// Adds an object, or the objects of a list. The API refuses a list inside a list, so it is not
/// followed.
fn add_roots<'t>(node: Node<'t>, roots: &mut Vec<Node<'t>>) {
    let items = node.get("items");

    match items {
        Some(items) if items.kind() == Kind::Sequence && is_list(node) => roots.extend(
            items
                .items()
                .filter(|item| is_object(*item) && !is_list(*item)),
        ),
        _ if is_object(node) => {
            roots.push(node);

            if holds_manifests(node) {
                add_manifests(node, 0, roots);
            }
        }
        _ => {}
    }
}

/// How deep an object is searched for manifests in it.
const MANIFEST_DEPTH: u32 = 8;

/// How many manifests of one object are read.
const MAX_MANIFESTS: usize = 500;

/// Whether the objects in an object of this kind are deployed with it. Definitions and policies only
/// describe objects.
fn holds_manifests(node: Node) -> bool {
    let group = node
        .get("apiVersion")
        .and_then(Node::str)
        .and_then(|version| Some(version.split_once('/')?.0))
        .unwrap_or_default();

    HOLDERS
        .iter()
        .any(|holder| group == *holder || group.ends_with(&format!(".{holder}")))
}

/// API groups whose objects hold others: templates of OpenShift, graphs of kro, compositions of
/// Crossplane, work of Open Cluster Management, resource sets of Flux and of Cluster API.
const HOLDERS: [&str; 8] = [
    "template.openshift.io",
    "kro.run",
    "crossplane.io",
    "work.open-cluster-management.io",
    "work.karmada.io",
    "fluxcd.controlplane.io",
    "hive.openshift.io",
    "m.crossplane.io",
];

/// Adds the manifests in an object.
fn add_manifests<'t>(parent: Node<'t>, depth: u32, roots: &mut Vec<Node<'t>>) {
    if depth > MANIFEST_DEPTH || roots.len() >= MAX_MANIFESTS {
        return;
    }

    let values = parent.entries().map(|entry| entry.value);

    for value in values.chain(parent.items()) {
        if is_manifest(value) && is_object(value) {
            roots.push(value);
        }

        add_manifests(value, depth + 1, roots);
    }
}

fn is_object(node: Node) -> bool {
    let scope = ManifestScope::plain(node.location().file);

    header(ManifestReader::new(node, scope)).is_some()
}

fn is_list(node: Node) -> bool {
    node.get("kind")
        .and_then(Node::str)
        .is_some_and(|kind| kind.ends_with("List"))
}

/// The version and the kind of an object; `None` for a kubeconfig, which has both.
fn header(root: ManifestReader) -> Option<(Located<String>, Located<String>)> {
    let version = header_field(root, "apiVersion")?;
    let kind = header_field(root, "kind")?;

    if version.value == "v1" && kind.value == "Config" {
        None
    } else {
        Some((version, kind))
    }
}

fn header_field(root: ManifestReader, key: &str) -> Option<Located<String>> {
    let field = root.get(key);
    let field = field.known()?;

    Some(Located::new(
        field.value.node.str()?.to_owned(),
        field.location,
    ))
}

fn lower_object(
    root: ManifestReader,
    api_version: Located<String>,
    kind: Located<String>,
) -> Object {
    let mut body = body(root, &api_version.value, &kind.value);
    let is_fragment =
        !root.scope.open && matches!(&body, Body::Workload(workload) if workload.is_fragment());

    if is_fragment {
        // That this is a patch shows in its pod alone, so it is lowered again with absence unknown.
        body = self::body(root.opened(), &api_version.value, &kind.value);
    }

    let scoped = if is_fragment { root.opened() } else { root };
    let refusals = refusals(scoped, &api_version.value, &kind.value);
    let meta = root.get("metadata");
    let name = meta.clone().and_then(|meta| meta.str("name"));
    let first_key = root.node.entries().next();

    Object {
        id: ObjectId::default(),
        file: root.scope.file,
        anchor: first_key.map_or(kind.location, |entry| entry.key.location()),
        name: name.known().filter(|name| !name.value.is_empty()).cloned(),
        templated_name: if name.is_unknown() {
            name.location()
        } else {
            None
        },
        namespace: meta.clone().and_then(|meta| meta.str("namespace")),
        written_namespace: None,
        labels: Labels::under_key(meta.clone(), "labels"),
        annotations: Labels::under_key(meta, "annotations"),
        open: is_fragment || root.is_open(),
        helm: root.scope.mask.is_some(),
        refusals,
        body,
        api_version,
        kind,
    }
}

fn body(root: ManifestReader, version: &str, kind: &str) -> Body {
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let spec = root.get("spec").value().copied();

    match (group, kind) {
        ("", "ConfigMap") => Body::ConfigMap(Data::from_tables(root, &["data"], None)),
        ("", "Secret") => Body::Secret(Data::from_tables(
            root,
            &["data", "stringData"],
            Some("data"),
        )),
        ("", "ServiceAccount") => Body::ServiceAccount(ServiceAccount {
            automount_token: root.flag("automountServiceAccountToken"),
        }),
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => {
            Body::Role(RbacRole::from_object(root))
        }
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            Body::Binding(Binding::from_object(root))
        }
        _ => match body_of_spec(group, kind) {
            Some(body_of_spec) => spec.map_or(Body::Other, body_of_spec),
            None => Workload::from_object(root, group, kind)
                .map_or(Body::Other, |workload| Body::Workload(Box::new(workload))),
        },
    }
}

/// How the `spec` of a kind is lowered, where the rest of the object does not matter.
fn body_of_spec(group: &str, kind: &str) -> Option<fn(ManifestReader) -> Body> {
    Some(match (group, kind) {
        ("", "Service") => |spec| Body::Service(Box::new(KubeService::from_spec(spec))),
        ("", "PersistentVolumeClaim") => |spec| Body::Claim(Claim::from_spec(spec)),
        ("", "LimitRange") => |spec| Body::LimitRange(Box::new(Defaults::from_spec(spec))),
        ("autoscaling", "HorizontalPodAutoscaler") => {
            |spec| Body::Autoscaler(Box::new(Autoscaler::from_spec(spec)))
        }
        ("keda.sh", "ScaledObject") => {
            |spec| Body::Autoscaler(Box::new(Autoscaler::from_keda_spec(spec)))
        }
        ("policy", "PodDisruptionBudget") => {
            |spec| Body::DisruptionBudget(Box::new(DisruptionBudget::from_spec(spec)))
        }
        ("networking.k8s.io" | "extensions", "NetworkPolicy") => {
            |spec| Body::NetworkPolicy(Box::new(NetworkPolicy::from_spec(spec)))
        }
        ("networking.k8s.io" | "extensions", "Ingress") => {
            |spec| Body::Ingress(Box::new(Ingress::from_spec(spec)))
        }
        (
            "gateway.networking.k8s.io",
            "HTTPRoute" | "GRPCRoute" | "TCPRoute" | "TLSRoute" | "UDPRoute",
        ) => |spec| Body::Ingress(Box::new(Ingress::from_route(spec))),
        ("argoproj.io", "Application") => |spec| delivery(Delivery::from_application(spec)),
        ("argoproj.io", "ApplicationSet") => |spec| {
            let application = spec.path(&["template", "spec"]);
            let application = application.value().copied();

            delivery(application.and_then(Delivery::from_application))
        },
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => {
            |spec| delivery(Delivery::from_flux(spec))
        }
        _ => return None,
    })
}

fn delivery(delivery: Option<Delivery>) -> Body {
    delivery.map_or(Body::Other, |delivery| Body::Delivery(Box::new(delivery)))
}
