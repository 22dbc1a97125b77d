//! Workloads: the kinds that have a pod template.

use super::labels::Labels;
use super::pod::Pod;
use super::selector::Selector;
use super::spec_reader::SpecReader;
use crate::model::Setting;
use crate::syntax::yaml::Kind;

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
    pub(super) fn from_object(root: SpecReader, group: &str, kind: &str) -> Option<Self> {
        let mut others = Vec::new();
        let (template, guessed) = match template_path(group, kind) {
            Some(path) => (root.path(path), false),
            None if has_no_pods(group, kind) => return None,
            None => {
                find_templates(root, 0, &mut others);
                if others.is_empty() {
                    return None;
                }

                let template = others.remove(0);
                (Setting::set(template, root.node.location()), true)
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
            if let Some(spec) = other.get("spec").value() {
                pod.join(Pod::from_spec(*spec, &annotations, &claims));
            }
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

/// The pod templates of an object of an unknown kind: mappings under `template`, or a key that ends
/// so, whose `spec` has containers with images. Operators make several sorts of pods of one object.
fn find_templates<'t>(parent: SpecReader<'t>, depth: u32, found: &mut Vec<SpecReader<'t>>) {
    if depth > SEARCH_DEPTH || found.len() >= MAX_TEMPLATES {
        return;
    }

    for (key, value) in parent.entries() {
        let is_template = key
            .str()
            .is_some_and(|key| key == "template" || key.ends_with("Template"));

        if is_template && has_containers(value) {
            found.push(value);
        } else if value.node.kind() == Kind::Mapping {
            find_templates(value, depth + 1, found);
        } else {
            value
                .items()
                .filter(|item| item.node.kind() == Kind::Mapping)
                .for_each(|item| find_templates(item, depth + 1, found));
        }
    }
}

fn has_containers(template: SpecReader) -> bool {
    let Some(containers) = template.node.path(&["spec", "containers"]) else {
        return false;
    };

    containers
        .items()
        .any(|container| container.get("name").is_some() && container.get("image").is_some())
}

/// Whether a Rollout takes its pod template from a Deployment.
fn borrows_template(spec: &Setting<SpecReader>) -> bool {
    spec.value()
        .is_some_and(|spec| spec.key_location("workloadRef").is_some())
}

/// The number of replicas. Absent, it is 1 for kinds that have replicas, and unknown for others,
/// such as a DaemonSet.
fn replicas(spec: &Setting<SpecReader>, has_replicas: bool) -> Setting<u32> {
    let replicas = spec.clone().and_then(|spec| spec.count("replicas"));

    if has_replicas {
        replicas
    } else {
        replicas.open()
    }
}

fn selector(spec: SpecReader, kind: &str) -> Option<Selector> {
    match kind {
        "ReplicationController" | "DeploymentConfig" => Selector::from_map(spec, "selector"),
        _ => Selector::from_key(spec, "selector"),
    }
}

fn strategy(spec: &Setting<SpecReader>) -> Strategy {
    let key = match spec.value() {
        Some(spec) if spec.key_location("updateStrategy").is_some() => "updateStrategy",
        _ => "strategy",
    };
    let strategy = spec.clone().and_then(|spec| spec.get(key));

    Strategy {
        kind: strategy.clone().and_then(|strategy| strategy.str("type")),
        max_unavailable: strategy
            .and_then(|strategy| strategy.path(&["rollingUpdate", "maxUnavailable"]))
            .and_then(SpecReader::text),
    }
}

fn job(root: SpecReader, kind: &str) -> Option<JobFacts> {
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

fn cron(root: SpecReader) -> CronFacts {
    let spec = root.get("spec");

    CronFacts {
        concurrency: spec.clone().and_then(|spec| spec.str("concurrencyPolicy")),
        starting_deadline: spec.and_then(|spec| spec.count("startingDeadlineSeconds")),
    }
}
