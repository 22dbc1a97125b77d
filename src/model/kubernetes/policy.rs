//! Facts of what governs workloads: scaling, disruption, defaults, rights.

use super::quantity;
use super::selector::Selector;
use super::view::SpecReader;
use crate::model::Setting;
use crate::model::container::Quantity;
use crate::source::{Located, Location};

/// What scales another object.
#[derive(Debug)]
pub struct Autoscaler {
    pub target_kind: Setting<String>,
    pub target_name: Setting<String>,
    /// Absent means 1 for an HPA; a KEDA object may go down to 0 on purpose.
    pub min_replicas: Setting<u32>,
    /// A KEDA ScaledObject: it makes an HPA of its own.
    pub keda: bool,
    /// Resources whose *utilisation* it scales on: `cpu`, `memory`.
    pub utilization: Vec<Located<String>>,
}

impl Autoscaler {
    pub(super) fn read(spec: SpecReader) -> Self {
        let target = spec.get("scaleTargetRef");
        let field = |key: &str| {
            target
                .value()
                .map_or(Setting::Unknown(None), |view| view.str(key))
        };

        let mut utilization = Vec::new();

        for metric in spec.list("metrics") {
            let resource = metric.get("resource").or(metric.get("containerResource"));
            let Some(resource) = resource.value() else {
                continue;
            };

            let kind = resource
                .path(&["target", "type"])
                .and_then(SpecReader::text);
            let by_use = !resource.path(&["target", "averageUtilization"]).is_absent()
                || !resource.get("targetAverageUtilization").is_absent()
                || kind.value().is_some_and(|kind| kind == "Utilization");
            utilization.extend(resource.str("name").known().filter(|_| by_use).cloned());
        }

        if let Some(location) = spec.key("targetCPUUtilizationPercentage") {
            utilization.push(Located::new("cpu".to_owned(), location));
        }

        Self {
            target_kind: field("kind"),
            target_name: field("name"),
            min_replicas: spec.count("minReplicas"),
            keda: false,
            utilization,
        }
    }

    pub(super) fn read_keda(spec: SpecReader) -> Self {
        let base = Self::read(spec);
        let deployment = |location| Setting::set("Deployment".to_owned(), location);
        let location = base.target_name.location().unwrap_or_default();
        Self {
            target_kind: if base.target_kind.is_absent() {
                deployment(location)
            } else {
                base.target_kind
            },
            min_replicas: spec.count("minReplicaCount"),
            keda: true,
            ..base
        }
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
    pub(super) fn read(spec: SpecReader) -> Self {
        Self {
            selector: Selector::read(spec, "selector"),
            min_available: spec.str("minAvailable"),
            max_unavailable: spec.str("maxUnavailable"),
        }
    }
}

/// What a LimitRange gives to containers that say nothing.
#[derive(Debug, Default)]
pub struct Defaults {
    pub cpu_request: Setting<Quantity>,
    pub cpu_limit: Setting<Quantity>,
    pub memory_request: Setting<Quantity>,
    pub memory_limit: Setting<Quantity>,
}

impl Defaults {
    pub(super) fn read(spec: SpecReader) -> Self {
        let mut found = Self::default();

        for limit in spec.list("limits") {
            if limit
                .str("type")
                .value()
                .is_some_and(|kind| kind != "Container")
            {
                continue;
            }

            let read = |table: &str, resource: &str| {
                limit
                    .path(&[table, resource])
                    .and_then(SpecReader::text)
                    .map(|text| quantity::parse(&text))
            };
            // A request that is not given falls back to the default limit, and that to the maximum.
            let limits = |resource: &str| read("default", resource).or(read("max", resource));
            let requests = |resource: &str| {
                read("defaultRequest", resource)
                    .or(limits(resource))
                    .or(read("min", resource))
            };

            found.cpu_limit = found.cpu_limit.or(limits("cpu"));
            found.memory_limit = found.memory_limit.or(limits("memory"));
            found.cpu_request = found.cpu_request.or(requests("cpu"));
            found.memory_request = found.memory_request.or(requests("memory"));
        }

        found
    }
}

/// A Role or ClusterRole.
#[derive(Debug, Default)]
pub struct Role {
    pub rules: Vec<PolicyRule>,
}

/// One rule of a role.
#[derive(Debug)]
pub struct PolicyRule {
    pub location: Location,
    pub groups: Vec<Located<String>>,
    pub resources: Vec<Located<String>>,
    pub verbs: Vec<Located<String>>,
    /// The rule is narrowed to objects by name, known or not.
    pub named: bool,
}

impl Role {
    pub(super) fn read(root: SpecReader) -> Self {
        let rule = |item: SpecReader| PolicyRule {
            location: item.node.location(),
            groups: item.texts("apiGroups"),
            resources: item.texts("resources"),
            verbs: item.texts("verbs"),
            named: is_named(item),
        };

        Self {
            rules: root.list("rules").into_iter().map(rule).collect(),
        }
    }
}

/// An empty list narrows nothing; one that a template fills may.
fn is_named(rule: SpecReader) -> bool {
    match rule.get("resourceNames") {
        Setting::Set(names) => names.value.is_open() || names.value.items().next().is_some(),
        Setting::Absent => false,
        Setting::Unknown(_) => true,
    }
}

impl PolicyRule {
    /// The first of these resources, or `*`, that the rule speaks of.
    pub fn resource(&self, names: &[&str]) -> Option<&Located<String>> {
        self.resources
            .iter()
            .find(|own| own.value == "*" || names.contains(&own.value.as_str()))
    }

    pub fn verb(&self, names: &[&str]) -> Option<&Located<String>> {
        self.verbs
            .iter()
            .find(|own| own.value == "*" || names.contains(&own.value.as_str()))
    }

    /// Whether the rule reaches this API group.
    pub fn has_group(&self, group: &str) -> bool {
        self.groups.is_empty()
            || self
                .groups
                .iter()
                .any(|own| own.value == "*" || own.value == group)
    }
}

/// A RoleBinding or ClusterRoleBinding.
#[derive(Debug)]
pub struct Binding {
    pub role: Setting<String>,
    pub subjects: Vec<Subject>,
}

#[derive(Debug)]
pub struct Subject {
    pub kind: Setting<String>,
    pub name: Setting<String>,
    pub namespace: Setting<String>,
}

impl Binding {
    pub(super) fn read(root: SpecReader) -> Self {
        let role = root.get("roleRef");
        let field = |key: &str| role.value().map_or(Setting::Absent, |view| view.str(key));
        let subject = |item: SpecReader| Subject {
            kind: item.str("kind"),
            name: item.str("name"),
            namespace: item.str("namespace"),
        };

        Self {
            role: field("name"),
            subjects: root.list("subjects").into_iter().map(subject).collect(),
        }
    }
}
