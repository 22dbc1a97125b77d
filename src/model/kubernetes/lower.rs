//! From trees to objects: documents, lists, kinds, and where each kind keeps its pod template.

use super::network::{Ingress, KubeService, NetworkPolicy};
use super::object::{Body, Claim, Data, DataEntry, Labels, Object, ServiceAccount, key_text};
use super::pod::{CronFacts, JobFacts, Pod, Strategy, Workload};
use super::policy::{Autoscaler, Binding, Defaults, DisruptionBudget, Role};
use super::selector::Selector;
use super::view::{Scope, SpecReader};
use crate::credential;
use crate::model::Setting;
use crate::source::Located;
use crate::syntax::yaml::{Kind, Node, Tree};

/// How deep an object of an unknown kind is searched for a pod template.
const SEARCH_DEPTH: u32 = 10;

/// Every object of a file, items of lists included, in the order of the text.
pub fn objects<'t>(tree: &'t Tree<'t>, scope: Scope<'t>) -> Vec<Object> {
    roots(tree)
        .into_iter()
        .filter_map(|root| object(root, scope))
        .collect()
}

/// The object at a node.
pub(super) fn object<'t>(root: Node<'t>, scope: Scope<'t>) -> Option<Object> {
    let root = SpecReader::new(root, scope);
    let (version, kind) = header(root)?;
    Some(read(root, version, kind))
}

/// The nodes of a file's objects, one for each of [`objects`].
pub(super) fn roots<'t>(tree: &'t Tree<'t>) -> Vec<Node<'t>> {
    let mut found = Vec::new();

    for root in tree.documents() {
        match root.kind() {
            Kind::Sequence => root.items().for_each(|item| add(item, &mut found)),
            _ => add(root, &mut found),
        }
    }

    found
}

/// Adds an object, or the objects of a list. A list inside a list is refused by the API, and not
/// followed here.
fn add<'t>(root: Node<'t>, found: &mut Vec<Node<'t>>) {
    let scope = Scope::plain(root.location().file, "");
    let is_object = |node: &Node<'t>| header(SpecReader::new(*node, scope)).is_some();
    match root
        .get("items")
        .filter(|items| items.kind() == Kind::Sequence)
    {
        Some(items) if is_list(root) => found.extend(
            items
                .items()
                .filter(|item| is_object(item) && !is_list(*item)),
        ),
        _ if is_object(&root) => found.push(root),
        _ => {}
    }
}

fn is_list(root: Node) -> bool {
    root.get("kind")
        .and_then(Node::str)
        .is_some_and(|kind| kind.ends_with("List"))
}

fn header(root: SpecReader) -> Option<(Located<String>, Located<String>)> {
    let text = |key: &str| {
        let value = root.get(key);
        let at = value.known()?;
        Some(Located::new(at.value.node.str()?.to_owned(), at.location))
    };

    let version = text("apiVersion")?;
    let kind = text("kind")?;

    (version.value != "v1" || kind.value != "Config").then_some((version, kind))
}

fn read(root: SpecReader, api_version: Located<String>, kind: Located<String>) -> Object {
    let mut body = body(root, &api_version.value, &kind.value);
    let fragment = !root.scope.open && is_fragment(&body);

    if fragment {
        // Only its pod tells that this is a patch; it is lowered again, with absence unknown.
        let again = SpecReader::new(root.node, root.scope.opened());
        body = self::body(again, &api_version.value, &kind.value);
    }

    let meta = root.get("metadata");
    let field = |key: &str| meta.clone().and_then(|view| view.str(key));
    Object {
        file: root.scope.file,
        anchor: root
            .node
            .entries()
            .next()
            .map_or(kind.location, |entry| entry.key.location()),
        name: field("name")
            .known()
            .filter(|name| !name.value.is_empty())
            .cloned(),
        namespace: field("namespace"),
        labels: Labels::read(meta.clone(), "labels"),
        annotations: Labels::read(meta.clone(), "annotations"),
        open: fragment || root.is_open(),
        helm: root.scope.mask.is_some(),
        body,
        api_version,
        kind,
    }
}

/// Whether a workload is only a part of one: a patch whose containers have no image, or that has no
/// containers.
fn is_fragment(body: &Body) -> bool {
    let Body::Workload(workload) = body else {
        return false;
    };

    if workload.guessed {
        return false;
    }

    let containers = &workload.pod.containers;
    if containers.is_empty() {
        return workload.selector.is_none();
    }

    containers
        .iter()
        .all(|container| container.image.is_none() && !container.open)
}

fn body(root: SpecReader, version: &str, kind: &str) -> Body {
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let spec = root.get("spec").value().copied();
    let with_spec = |make: fn(SpecReader) -> Body| spec.map_or(Body::Other, make);

    match (group, kind) {
        ("", "Service") => with_spec(|spec| Body::Service(Box::new(KubeService::read(spec)))),
        ("", "ConfigMap") => Body::ConfigMap(data(root, &["data"], "")),
        ("", "Secret") => Body::Secret(data(root, &["data", "stringData"], "data")),
        ("", "ServiceAccount") => Body::ServiceAccount(ServiceAccount {
            automount_token: root.flag("automountServiceAccountToken"),
        }),
        ("", "PersistentVolumeClaim") => with_spec(|spec| Body::Claim(Claim::read(spec))),
        ("", "LimitRange") => with_spec(|spec| Body::LimitRange(Box::new(Defaults::read(spec)))),
        ("autoscaling", "HorizontalPodAutoscaler") => {
            with_spec(|spec| Body::Autoscaler(Box::new(Autoscaler::read(spec))))
        }
        ("keda.sh", "ScaledObject") => {
            with_spec(|spec| Body::Autoscaler(Box::new(Autoscaler::read_keda(spec))))
        }
        ("policy", "PodDisruptionBudget") => {
            with_spec(|spec| Body::DisruptionBudget(Box::new(DisruptionBudget::read(spec))))
        }
        ("networking.k8s.io" | "extensions", "NetworkPolicy") => {
            with_spec(|spec| Body::NetworkPolicy(Box::new(NetworkPolicy::read(spec))))
        }
        ("networking.k8s.io" | "extensions", "Ingress") => {
            with_spec(|spec| Body::Ingress(Box::new(Ingress::read(spec))))
        }

        (
            "gateway.networking.k8s.io",
            "HTTPRoute" | "GRPCRoute" | "TCPRoute" | "TLSRoute" | "UDPRoute",
        ) => with_spec(|spec| Body::Ingress(Box::new(Ingress::read_route(spec)))),
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => Body::Role(Role::read(root)),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            Body::Binding(Binding::read(root))
        }
        _ => workload(root, group, kind)
            .map_or(Body::Other, |workload| Body::Workload(Box::new(workload))),
    }
}

/// Where a kind keeps the object that has a pod's `metadata` and `spec`; an empty path is the
/// object itself.
fn template_path(group: &str, kind: &str) -> Option<&'static [&'static str]> {
    Some(match (group, kind) {
        ("", "Pod") => &[],
        ("", "PodTemplate") => &["template"],
        ("apps" | "extensions", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet")
        | ("", "ReplicationController")
        | ("batch", "Job")
        | ("apps.openshift.io", "DeploymentConfig")
        | ("argoproj.io", "Rollout")
        | ("serving.knative.dev", "Service" | "Configuration")
        | ("apps.kruise.io", "CloneSet" | "StatefulSet" | "DaemonSet") => &["spec", "template"],
        ("batch", "CronJob") => &["spec", "jobTemplate", "spec", "template"],
        ("keda.sh", "ScaledJob") => &["spec", "jobTargetRef", "template"],
        // Written with a version that never had the kind, or with none of ours: the API refuses it,
        // the pod is read still.
        (_, "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job")
            if known_group(group) =>
        {
            &["spec", "template"]
        }
        (_, "CronJob") if known_group(group) => &["spec", "jobTemplate", "spec", "template"],
        (_, "Pod") if known_group(group) => &[],
        ("", "DeploymentConfig") => &["spec", "template"],
        _ => return None,
    })
}

fn known_group(group: &str) -> bool {
    matches!(group, "" | "apps" | "batch" | "extensions" | "core")
}

/// Kinds that speak of pods without being one: definitions, and deliveries whose values only look
/// like pods.
fn has_no_pods(group: &str, kind: &str) -> bool {
    matches!(
        kind,
        "CustomResourceDefinition"
            | "Application"
            | "ApplicationSet"
            | "HelmRelease"
            | "HelmChart"
            | "HelmChartConfig"
    ) || matches!(
        group,
        "apiextensions.k8s.io"
            | "kyverno.io"
            | "templates.gatekeeper.sh"
            | "constraints.gatekeeper.sh"
    )
}

fn workload(root: SpecReader, group: &str, kind: &str) -> Option<Workload> {
    let (template, guessed) = match template_path(group, kind) {
        Some(path) => (root.path(path), false),
        None if has_no_pods(group, kind) => return None,
        None => (Setting::set(search(root, 0)?, root.node.location()), true),
    };

    let spec = root.get("spec");
    let within = |key: &str| spec.clone().and_then(|view| view.get(key));
    let pod_spec = template.clone().and_then(|view| view.get("spec"));
    let meta = template.and_then(|view| view.get("metadata"));
    // A Rollout may borrow its template from a Deployment.
    if !pod_spec.value().is_some_and(|_| true)
        && spec
            .value()
            .is_some_and(|view| view.key("workloadRef").is_some())
    {
        return None;
    }

    let annotations = Labels::read(meta.clone(), "annotations");
    let claims = spec
        .value()
        .map(|view| view.list("volumeClaimTemplates"))
        .unwrap_or_default();
    let bare = matches!(kind, "ReplicationController" | "DeploymentConfig");
    let selector = spec.value().and_then(|view| {
        if bare {
            Selector::read_map(*view, "selector")
        } else {
            Selector::read(*view, "selector")
        }
    });

    let strategy = if spec
        .value()
        .is_some_and(|view| view.key("updateStrategy").is_some())
    {
        within("updateStrategy")
    } else {
        within("strategy")
    };

    let rolling = |key: &str| {
        strategy
            .clone()
            .and_then(|view| view.path(&["rollingUpdate", key]))
            .and_then(SpecReader::text)
    };

    let scales = !matches!(
        kind,
        "Pod" | "PodTemplate" | "DaemonSet" | "Job" | "CronJob" | "ScaledJob"
    );
    Some(Workload {
        replicas: match within("replicas").and_then(SpecReader::integer) {
            Setting::Set(at) => Setting::Set(at.map(|count| u32::try_from(count).unwrap_or(0))),
            // How many a DaemonSet or a custom kind runs is not for `replicas` to say.
            Setting::Absent if !scales || guessed || group == "serving.knative.dev" => {
                Setting::Unknown(None)
            }
            Setting::Absent => Setting::Absent,
            Setting::Unknown(location) => Setting::Unknown(location),
        },
        selector,
        pod_labels: Labels::read(meta, "labels"),
        pod: pod_spec
            .value()
            .map(|view| Pod::read(*view, &annotations, &claims))
            .unwrap_or_default(),
        strategy: Strategy {
            kind: strategy.clone().and_then(|view| view.str("type")),
            max_unavailable: rolling("maxUnavailable"),
        },
        job: job(root, kind),
        guessed,
    })
}

fn job(root: SpecReader, kind: &str) -> Option<JobFacts> {
    let (path, cron): (&[&str], _) = match kind {
        "Job" => (&["spec"], None),
        "CronJob" => {
            let spec = root.get("spec");
            let facts = CronFacts {
                concurrency: spec.clone().and_then(|view| view.str("concurrencyPolicy")),
                starting_deadline: spec.and_then(|view| view.count("startingDeadlineSeconds")),
            };

            (&["spec", "jobTemplate", "spec"], Some(facts))
        }
        _ => return None,
    };

    let spec = root.path(path);

    Some(JobFacts {
        ttl: spec.and_then(|spec| spec.count("ttlSecondsAfterFinished")),
        cron,
    })
}

/// The pod template of an object whose kind is not known: a `template` whose `spec` has containers
/// with images.
fn search(view: SpecReader, depth: u32) -> Option<SpecReader> {
    if depth > SEARCH_DEPTH {
        return None;
    }

    for (key, value) in view.entries() {
        if key.str() == Some("template") && has_containers(value) {
            return Some(value);
        }

        if value.node.kind() == Kind::Mapping
            && let Some(found) = search(value, depth + 1)
        {
            return Some(found);
        }
    }

    None
}

fn has_containers(template: SpecReader) -> bool {
    let containers = template.node.path(&["spec", "containers"]);
    containers.is_some_and(|list| {
        list.items()
            .any(|item| item.get("name").is_some() && item.get("image").is_some())
    })
}

/// The entries of a ConfigMap or Secret; those under `encoded` are base64.
fn data(root: SpecReader, tables: &[&str], encoded: &str) -> Data {
    let mut found = Data {
        kind: root.str("type"),
        encrypted: root.key("sops").is_some(),
        open: root.is_open(),
        entries: Vec::new(),
    };

    for table in tables {
        let Some(view) = root.get(table).value().copied() else {
            continue;
        };

        found.open |= view.is_open();

        for (key, value) in view.entries() {
            let (Some(key), Some(at)) = (key_text(key), value.raw_text()) else {
                continue;
            };

            let decoded = if *table == encoded {
                decode_base64(&at.value)
            } else {
                None
            };

            found.entries.push(DataEntry {
                key,
                value: at,
                decoded,
                offsets: value.node.offsets(),
            });
        }
    }

    found
}

/// Base64 of UTF-8 text; `None` for anything else.
fn decode_base64(text: &str) -> Option<String> {
    let bare: String = text
        .chars()
        .filter(|one| !one.is_ascii_whitespace())
        .take_while(|one| *one != '=')
        .collect();
    String::from_utf8(credential::base64(&bare)?).ok()
}
