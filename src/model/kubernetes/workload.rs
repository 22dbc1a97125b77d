//! Workloads: the kinds that have a pod template.

use std::sync::LazyLock;

use super::labels::Labels;
use super::manifest_reader::ManifestReader;
use super::pod::Pod;
use super::selector::Selector;
use crate::embedded::table;
use crate::model::Setting;
use crate::model::spec_reader::SpecReader;
use crate::syntax::yaml::{Kind, Node};

/// How deep an object of an unknown kind is searched for a pod template.
const SEARCH_DEPTH: u32 = 10;

/// How many pod templates of one object are read.
const MAX_TEMPLATES: usize = 64;

/// An object of a kind that has a pod template.
#[derive(Debug)]
pub struct Workload {
    /// Absent means 1 for kinds that have replicas.
    pub replicas: Setting<u32>,
    pub selector: Option<Selector>,
    /// Labels of the pod template.
    pub pod_labels: Labels,
    pub pod: Pod,
    pub strategy: Strategy,
    /// Of a Job or CronJob.
    pub job: Option<JobFacts>,
    /// The kind is unknown; the object has something that looks like a pod template.
    pub guessed: bool,
}

/// How a workload replaces its pods.
#[derive(Debug, Default)]
pub struct Strategy {
    pub kind: Setting<String>,
    /// A number or a percentage, as written.
    pub max_unavailable: Setting<String>,
}

/// Settings of a Job.
#[derive(Debug, Default)]
pub struct JobFacts {
    /// The job spec's `ttlSecondsAfterFinished`.
    pub ttl: Setting<u32>,
    /// The CronJob's own settings; `None` for a Job.
    pub cron: Option<CronFacts>,
}

#[derive(Debug, Default)]
pub struct CronFacts {
    pub concurrency: Setting<String>,
    pub starting_deadline: Setting<u32>,
}

impl Workload {
    /// The workload that an object of an API group and kind is; `None` where it has no pods.
    pub(super) fn from_object(root: ManifestReader, group: &str, kind: &str) -> Option<Self> {
        let mut others = Vec::new();
        let (template, guessed) = match template_path(group, kind) {
            Some(path) => (root.path(path), false),
            None if has_no_pods(group, kind) => return None,
            None => {
                find_templates(root, 0, &mut others);
                others.extend(image_fields(root, group, kind));
                if others.is_empty() {
                    return None;
                }

                let first = others.iter().position(|other| other.template.is_some());
                let template = first.and_then(|first| others.remove(first).template);
                let template = match template {
                    Some(template) => Setting::set(template, root.node.location()),
                    None => Setting::Absent,
                };
                (template, true)
            }
        };

        let spec = root.get("spec");
        let pod_spec = template.clone().and_then(|template| template.get("spec"));
        if pod_spec.value().is_none() && borrows_template(&spec) {
            return None;
        }

        let meta = template.and_then(|template| template.get("metadata"));
        let annotations = Labels::under_key(meta.clone(), "annotations");
        let claims = spec
            .value()
            .map(|spec| spec.list("volumeClaimTemplates"))
            .unwrap_or_default();
        let has_replicas = has_replicas(kind) && !guessed && group != "serving.knative.dev";

        let mut pod = pod_spec
            .value()
            .map(|spec| Pod::from_spec(*spec, &annotations, &claims))
            .unwrap_or_default();

        for other in others {
            pod.join(other.pod(&annotations, &claims));
        }

        Some(Self {
            replicas: replicas(&spec, has_replicas),
            selector: spec.value().and_then(|spec| selector(*spec, kind)),
            pod_labels: Labels::under_key(meta, "labels"),
            pod,
            strategy: strategy(&spec),
            job: job(root, kind),
            guessed,
        })
    }

    /// Whether this is only a part of a workload, to be merged with the rest: no container has an
    /// image, or there are no containers.
    pub(super) fn is_fragment(&self) -> bool {
        if self.guessed {
            return false;
        }

        let containers = &self.pod.containers;
        if containers.is_empty() {
            return self.selector.is_none();
        }

        containers
            .iter()
            .all(|container| container.image.is_none() && !container.open)
    }
}

/// Where a kind keeps the object that has a pod's `metadata` and `spec`; an empty path is the
/// object itself.
pub(super) fn template_path(group: &str, kind: &str) -> Option<&'static [&'static str]> {
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
        // The API refuses these: their version never had the kind. The pod is read all the same.
        (_, "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job")
            if is_known_group(group) =>
        {
            &["spec", "template"]
        }
        (_, "CronJob") if is_known_group(group) => &["spec", "jobTemplate", "spec", "template"],
        (_, "Pod") if is_known_group(group) => &[],
        ("", "DeploymentConfig") => &["spec", "template"],
        _ => return None,
    })
}

fn is_known_group(group: &str) -> bool {
    matches!(group, "" | "apps" | "batch" | "extensions" | "core")
}

/// Kinds that hold what looks like a pod without running one: definitions, policies, and the values
/// of other deliveries.
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

fn has_replicas(kind: &str) -> bool {
    !matches!(
        kind,
        "Pod" | "PodTemplate" | "DaemonSet" | "Job" | "CronJob" | "ScaledJob"
    )
}

/// Something in an object of an unknown kind that looks like a pod, or a part of one.
#[derive(Default)]
struct GuessedPod<'t> {
    /// Has `spec.containers`.
    template: Option<ManifestReader<'t>>,
    /// Has `containers`.
    spec: Option<ManifestReader<'t>>,
    /// Containers by themselves, as in the steps of a pipeline.
    containers: Vec<ManifestReader<'t>>,
}

impl GuessedPod<'_> {
    fn pod(&self, annotations: &Labels, claims: &[ManifestReader]) -> Pod {
        let spec = match self.template {
            Some(template) => template.get("spec").value().copied(),
            None => self.spec,
        };

        match spec {
            Some(spec) => Pod::from_spec(spec, annotations, claims),
            None => Pod::of_containers(&self.containers, annotations),
        }
    }
}

/// Keys of single containers, and of lists of them, outside of a pod's spec: workflows and pipelines.
const CONTAINER_KEYS: [&str; 5] = ["container", "script", "steps", "sidecars", "stepTemplate"];

/// The pods of an object of an unknown kind: mappings under `template`, or a key that ends so, whose
/// `spec` has containers with images; other mappings with such containers; and containers by
/// themselves. Operators make several sorts of pods of one object.
fn find_templates<'t>(parent: ManifestReader<'t>, depth: u32, found: &mut Vec<GuessedPod<'t>>) {
    if depth > SEARCH_DEPTH || found.len() >= MAX_TEMPLATES {
        return;
    }

    if depth > 0 && has_containers(parent.node) {
        found.push(GuessedPod {
            spec: Some(parent),
            ..GuessedPod::default()
        });
        return;
    }

    for (key, value) in parent.entries() {
        let key = key.str().unwrap_or_default();
        let is_template = key == "template" || key.ends_with("Template");

        if is_template && value.node.get("spec").is_some_and(has_containers) {
            found.push(GuessedPod {
                template: Some(value),
                ..GuessedPod::default()
            });
        } else if CONTAINER_KEYS.contains(&key) {
            let containers: Vec<_> = std::iter::once(value)
                .chain(value.items())
                .filter(|container| is_container(container.node))
                .collect();

            if containers.is_empty() {
                find_below(value, depth, found);
            } else {
                found.push(GuessedPod {
                    containers,
                    ..GuessedPod::default()
                });
            }
        } else {
            find_below(value, depth, found);
        }
    }
}

/// Images that objects of operators name outside of a list of containers.
#[derive(serde::Deserialize)]
struct ImageFields {
    kind: Vec<ImageField>,
}

#[derive(serde::Deserialize)]
struct ImageField {
    group: String,
    kinds: Vec<String>,
    /// The mappings that have the image.
    paths: Vec<Vec<String>>,
}

static IMAGE_FIELDS: LazyLock<ImageFields> = LazyLock::new(|| table!("image-fields"));

/// The mappings of an operator's object that name an image, each a container by itself.
fn image_fields<'t>(root: ManifestReader<'t>, group: &str, kind: &str) -> Option<GuessedPod<'t>> {
    let has_kind =
        |field: &&ImageField| field.group == group && field.kinds.iter().any(|other| other == kind);
    let paths = IMAGE_FIELDS
        .kind
        .iter()
        .filter(has_kind)
        .flat_map(|field| &field.paths);
    let containers: Vec<ManifestReader> = paths
        .filter_map(|path| {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let holder = *root.path(&path).value()?;
            let has_image = ["image", "imageName"]
                .iter()
                .any(|key| holder.node.get(key).and_then(Node::str).is_some());

            has_image.then_some(holder)
        })
        .collect();

    if containers.is_empty() {
        return None;
    }

    Some(GuessedPod {
        containers,
        ..GuessedPod::default()
    })
}

/// Searches a mapping, or the mappings of a list, for pods. A manifest in it is an object by itself.
fn find_below<'t>(value: ManifestReader<'t>, depth: u32, found: &mut Vec<GuessedPod<'t>>) {
    let items = std::iter::once(value).chain(value.items());

    for item in items {
        if item.node.kind() == Kind::Mapping && !is_manifest(item.node) {
            find_templates(item, depth + 1, found);
        }
    }
}

/// Whether a mapping is a whole object: what only refers to one has no more than its name.
pub(super) fn is_manifest(node: Node) -> bool {
    let is_text = |key: &str| node.get(key).and_then(Node::str).is_some();
    let is_mapping = |key: &str| {
        node.get(key)
            .is_some_and(|value| value.kind() == Kind::Mapping)
    };

    is_text("apiVersion") && is_text("kind") && is_mapping("metadata")
}

/// Whether a mapping is the spec of a pod, with an image.
fn has_containers(spec: Node) -> bool {
    spec.get("containers").is_some_and(|containers| {
        containers
            .items()
            .any(|container| container.get("image").is_some() && container.get("name").is_some())
    })
}

/// Whether a mapping is a container by itself.
fn is_container(node: Node) -> bool {
    const OTHER_KEYS: [&str; 5] = ["command", "args", "script", "source", "resources"];
    let has_image = node.get("image").and_then(Node::str).is_some();

    has_image
        && (node.get("name").is_some() || OTHER_KEYS.iter().any(|key| node.get(key).is_some()))
}

/// Whether a Rollout takes its pod template from a Deployment.
fn borrows_template(spec: &Setting<ManifestReader>) -> bool {
    spec.value()
        .is_some_and(|spec| spec.key_location("workloadRef").is_some())
}

/// The number of replicas. Absent, it is 1 for kinds that have replicas, and unknown for others,
/// such as a DaemonSet.
fn replicas(spec: &Setting<ManifestReader>, has_replicas: bool) -> Setting<u32> {
    let replicas = spec.clone().and_then(|spec| spec.count("replicas"));

    if has_replicas {
        replicas
    } else {
        replicas.open()
    }
}

fn selector(spec: ManifestReader, kind: &str) -> Option<Selector> {
    match kind {
        "ReplicationController" | "DeploymentConfig" => Selector::from_map(spec, "selector"),
        _ => Selector::from_key(spec, "selector"),
    }
}

fn strategy(spec: &Setting<ManifestReader>) -> Strategy {
    let key = match spec.value() {
        Some(spec) if spec.key_location("updateStrategy").is_some() => "updateStrategy",
        _ => "strategy",
    };
    let strategy = spec.clone().and_then(|spec| spec.get(key));

    Strategy {
        kind: strategy.clone().and_then(|strategy| strategy.str("type")),
        max_unavailable: strategy
            .and_then(|strategy| strategy.path(&["rollingUpdate", "maxUnavailable"]))
            .and_then(ManifestReader::text),
    }
}

fn job(root: ManifestReader, kind: &str) -> Option<JobFacts> {
    let (path, cron): (&[&str], _) = match kind {
        "Job" => (&["spec"], None),
        "CronJob" => (&["spec", "jobTemplate", "spec"], Some(cron(root))),
        _ => return None,
    };
    let spec = root.path(path);

    Some(JobFacts {
        ttl: spec.and_then(|spec| spec.count("ttlSecondsAfterFinished")),
        cron,
    })
}

fn cron(root: ManifestReader) -> CronFacts {
    let spec = root.get("spec");

    CronFacts {
        concurrency: spec.clone().and_then(|spec| spec.str("concurrencyPolicy")),
        starting_deadline: spec.and_then(|spec| spec.count("startingDeadlineSeconds")),
    }
}
