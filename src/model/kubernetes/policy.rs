//! Objects that govern workloads: scaling, disruption, default resources, rights.

use super::manifest_reader::ManifestReader;
use super::quantity;
use super::selector::Selector;
use crate::model::Setting;
use crate::model::container::Quantity;
use crate::model::spec_reader::SpecReader;
use crate::source::{Located, Location};

/// An object that scales another one: an HPA or a KEDA ScaledObject.
#[derive(Debug)]
pub struct Autoscaler {
    pub target_kind: Setting<String>,
    pub target_name: Setting<String>,
    /// Absent means 1 for an HPA; a KEDA object may go down to 0 on purpose.
    pub min_replicas: Setting<u32>,
    /// A KEDA ScaledObject: it makes an HPA of its own.
    pub keda: bool,
    /// Resources whose utilization it scales on.
    pub utilization: Vec<Utilization>,
}

/// A resource whose utilization an autoscaler measures.
#[derive(Debug)]
pub struct Utilization {
    /// `cpu` or `memory`.
    pub resource: Located<String>,
    /// The container that is measured; `None` for all of the pod.
    pub container: Option<String>,
}

impl Autoscaler {
    pub(super) fn from_spec(spec: ManifestReader) -> Self {
        let target = spec.get("scaleTargetRef");
        let metrics = spec.list("metrics").into_iter();
        let mut utilization: Vec<Utilization> =
            metrics.filter_map(Utilization::of_metric).collect();
        if let Some(location) = spec.key_location("targetCPUUtilizationPercentage") {
            utilization.push(Utilization {
                resource: Located::new("cpu".to_owned(), location),
                container: None,
            });
        }

        Self {
            target_kind: target_field(&target, "kind"),
            target_name: target_field(&target, "name"),
            min_replicas: spec.count("minReplicas"),
            keda: false,
            utilization,
        }
    }

    pub(super) fn from_keda_spec(spec: ManifestReader) -> Self {
        let autoscaler = Self::from_spec(spec);
        let location = autoscaler.target_name.location().unwrap_or_default();
        let default_kind = Setting::set("Deployment".to_owned(), location);

        Self {
            target_kind: autoscaler.target_kind.or(default_kind),
            min_replicas: spec.count("minReplicaCount"),
            keda: true,
            utilization: spec
                .list("triggers")
                .into_iter()
                .filter_map(Utilization::of_trigger)
                .collect(),
            ..autoscaler
        }
    }
}

/// A field of the target. Without a target, what is scaled is unknown.
fn target_field(target: &Setting<ManifestReader>, key: &str) -> Setting<String> {
    target
        .value()
        .map_or(Setting::Unknown(None), |target| target.str(key))
}

impl Utilization {
    /// A metric of an HPA; `None` if it does not measure the utilization of a resource.
    fn of_metric(metric: ManifestReader) -> Option<Self> {
        let resource = metric.get("resource").or(metric.get("containerResource"));
        let resource = resource.value()?;
        let kind = resource
            .path(&["target", "type"])
            .and_then(ManifestReader::text);
        let is_utilization = !resource.path(&["target", "averageUtilization"]).is_absent()
            || !resource.get("targetAverageUtilization").is_absent()
            || kind.value().is_some_and(|kind| kind == "Utilization");

        if is_utilization {
            Some(Self {
                resource: resource.str("name").known().cloned()?,
                container: resource.str("container").value().cloned(),
            })
        } else {
            None
        }
    }

    /// A trigger of a KEDA ScaledObject. Its type is the resource, and its metric the utilization
    /// unless it says otherwise.
    fn of_trigger(trigger: ManifestReader) -> Option<Self> {
        let resource = trigger.str("type").known().cloned()?;
        if !matches!(resource.value.as_str(), "cpu" | "memory") {
            return None;
        }

        let metadata = trigger.get("metadata");
        let kind = trigger
            .str("metricType")
            .or(metadata.clone().and_then(|metadata| metadata.str("type")));
        let container = metadata.and_then(|metadata| metadata.str("containerName"));

        match kind {
            Setting::Absent => {}
            Setting::Set(kind) if kind.value == "Utilization" => {}
            _ => return None,
        }

        Some(Self {
            resource,
            container: container.value().cloned(),
        })
    }
}

/// `kind: PodDisruptionBudget`.
#[derive(Debug)]
pub struct DisruptionBudget {
    pub selector: Option<Selector>,
    /// A number or a percentage, as written.
    pub min_available: Setting<String>,
    pub max_unavailable: Setting<String>,
}

impl DisruptionBudget {
    pub(super) fn from_spec(spec: ManifestReader) -> Self {
        Self {
            selector: Selector::from_key(spec, "selector"),
            min_available: spec.str("minAvailable"),
            max_unavailable: spec.str("maxUnavailable"),
        }
    }
}

/// Resources that a LimitRange gives to containers without their own.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    pub cpu_request: Setting<Quantity>,
    pub cpu_limit: Setting<Quantity>,
    pub memory_request: Setting<Quantity>,
    pub memory_limit: Setting<Quantity>,
}

impl Defaults {
    pub(super) fn from_spec(spec: ManifestReader) -> Self {
        let mut defaults = Self::default();

        for limit in spec.list("limits") {
            let kind = limit.str("type");
            if kind.value().is_some_and(|kind| kind != "Container") {
                continue;
            }

            defaults.cpu_limit = defaults.cpu_limit.or(default_limit(limit, "cpu"));
            defaults.memory_limit = defaults.memory_limit.or(default_limit(limit, "memory"));
            defaults.cpu_request = defaults.cpu_request.or(default_request(limit, "cpu"));
            defaults.memory_request = defaults.memory_request.or(default_request(limit, "memory"));
        }

        defaults
    }
}

/// The default limit, which falls back to the maximum.
fn default_limit(limit: ManifestReader, resource: &str) -> Setting<Quantity> {
    quantity_at(limit, ["default", resource]).or(quantity_at(limit, ["max", resource]))
}

/// The default request, which falls back to the default limit.
fn default_request(limit: ManifestReader, resource: &str) -> Setting<Quantity> {
    quantity_at(limit, ["defaultRequest", resource])
        .or(default_limit(limit, resource))
        .or(quantity_at(limit, ["min", resource]))
}

fn quantity_at(limit: ManifestReader, path: [&str; 2]) -> Setting<Quantity> {
    limit
        .path(&path)
        .and_then(ManifestReader::text)
        .map(|text| quantity::parse(&text))
}

/// A Role or ClusterRole.
#[derive(Debug, Default)]
pub struct RbacRole {
    pub rules: Vec<PolicyRule>,
}

/// One rule of a role.
#[derive(Debug)]
pub struct PolicyRule {
    pub location: Location,
    pub groups: Vec<Located<String>>,
    pub resources: Vec<Located<String>>,
    pub verbs: Vec<Located<String>>,
    /// The rule is restricted to objects by name, known or not.
    pub named: bool,
}

impl RbacRole {
    pub(super) fn from_object(root: ManifestReader) -> Self {
        Self {
            rules: root
                .list("rules")
                .into_iter()
                .map(PolicyRule::from_item)
                .collect(),
        }
    }
}

/// Whether a rule is restricted by name. An empty list restricts nothing; one that a template fills
/// may.
fn is_named(rule: ManifestReader) -> bool {
    match rule.get("resourceNames") {
        Setting::Set(names) => names.value.is_open() || names.value.items().next().is_some(),
        Setting::Absent => false,
        Setting::Unknown(_) => true,
    }
}

impl PolicyRule {
    fn from_item(item: ManifestReader) -> Self {
        Self {
            location: item.node.location(),
            groups: item.texts("apiGroups"),
            resources: item.texts("resources"),
            verbs: item.texts("verbs"),
            named: is_named(item),
        }
    }

    /// The first of these resources, or `*`, that the rule names.
    pub fn resource(&self, names: &[&str]) -> Option<&Located<String>> {
        self.resources
            .iter()
            .find(|name| name.value == "*" || names.contains(&name.value.as_str()))
    }

    /// The first of these verbs, or `*`, that the rule names.
    pub fn verb(&self, names: &[&str]) -> Option<&Located<String>> {
        self.verbs
            .iter()
            .find(|name| name.value == "*" || names.contains(&name.value.as_str()))
    }

    /// Whether the rule covers this API group.
    pub fn has_group(&self, group: &str) -> bool {
        self.groups.is_empty()
            || self
                .groups
                .iter()
                .any(|name| name.value == "*" || name.value == group)
    }
}

/// A RoleBinding or ClusterRoleBinding.
#[derive(Debug)]
pub struct Binding {
    pub role: Setting<String>,
    pub subjects: Vec<Subject>,
}

/// A user, a group or a service account of a binding.
#[derive(Debug)]
pub struct Subject {
    pub kind: Setting<String>,
    pub name: Setting<String>,
    pub namespace: Setting<String>,
}

impl Binding {
    pub(super) fn from_object(root: ManifestReader) -> Self {
        let role = root.get("roleRef");

        Self {
            role: role
                .value()
                .map_or(Setting::Absent, |role| role.str("name")),
            subjects: root
                .list("subjects")
                .into_iter()
                .map(Subject::from_item)
                .collect(),
        }
    }
}

impl Subject {
    fn from_item(item: ManifestReader) -> Self {
        Self {
            kind: item.str("kind"),
            name: item.str("name"),
            namespace: item.str("namespace"),
        }
    }
}
