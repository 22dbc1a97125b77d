//! Selectors over labels. Whether one matches may be yes, no, or unknown.

use super::labels::Labels;
use super::manifest_reader::ManifestReader;
use crate::model::Setting;
use crate::model::spec_reader::SpecReader;
use crate::source::Location;

/// A selector over labels.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    pub location: Location,
    pub labels: Labels,
    /// `matchExpressions`
    pub expressions: Vec<Requirement>,
}

/// An item of `matchExpressions`.
#[derive(Clone, Debug, Default)]
pub struct Requirement {
    pub key: String,
    pub operator: String,
    pub values: Vec<String>,
}

/// Labels that controllers add to pods.
const ADDED: [&str; 10] = [
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "controller-revision-hash",
    "pod-template-hash",
    "pod-template-generation",
    "rollouts-pod-template-hash",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
    "controller-uid",
    "job-name",
];

/// Labels that programs and operators give to their own pods at run time, by the beginning of the
/// key: Vault's service registration, Spilo and other Patroni images, CloudNativePG, KubeDB, Redis
/// and OpenSearch operators.
const SET_AT_RUN_TIME: [&str; 9] = [
    "vault-active",
    "vault-initialized",
    "vault-perf-standby",
    "vault-sealed",
    "vault-version",
    "spilo-role",
    "cnpg.io/instanceRole",
    "kubedb.com/role",
    "redisfailovers-role",
];

/// Values of `role` that a database elects at run time.
const ELECTED_ROLES: [&str; 7] = [
    "leader",
    "master",
    "primary",
    "replica",
    "slave",
    "standby",
    "standby_leader",
];

impl Selector {
    /// `matchLabels` and `matchExpressions` under a key.
    pub(super) fn from_key(parent: ManifestReader, key: &str) -> Option<Self> {
        let location = parent.key_location(key)?;
        let selector = parent.get(key);

        let (mut labels, expressions) = match &selector {
            Setting::Set(spec) => (
                Labels::under_key(selector.clone(), "matchLabels"),
                spec.value.list("matchExpressions"),
            ),
            Setting::Unknown(_) => (Labels::default(), Vec::new()),
            Setting::Absent => return None,
        };
        if selector.value().is_none_or(|spec| spec.is_open()) {
            labels.entries.open();
        }

        Some(Self {
            location,
            labels,
            expressions: expressions
                .into_iter()
                .map(Requirement::from_item)
                .collect(),
        })
    }

    /// A bare map of labels under a key.
    pub(super) fn from_map(parent: ManifestReader, key: &str) -> Option<Self> {
        let location = parent.key_location(key)?;
        let labels = Labels::under_key(Setting::set(parent, location), key);
        if !labels.entries.is_open() && labels.location.is_none() {
            return None;
        }

        Some(Self {
            location,
            labels,
            expressions: Vec::new(),
        })
    }

    /// Whether everything is selected.
    pub fn is_empty(&self) -> bool {
        self.labels.entries.is_absent() && self.expressions.is_empty()
    }

    /// Whether controllers add labels of this key to pods.
    pub fn is_added(key: &str) -> bool {
        ADDED.contains(&key)
    }

    /// Whether pods with these labels are selected; `None` if that is unknown.
    pub fn matches(&self, labels: &Labels) -> Option<bool> {
        let mut is_known = !self.labels.entries.is_open();

        for (key, wanted) in &self.labels.entries {
            if Self::is_added(&key.value) {
                continue;
            }

            // An elected pod carries the label; whether it is one of these pods is not known.
            if labels.setting(&key.value).is_none() && is_set_at_run_time(&key.value, wanted) {
                is_known = false;
                continue;
            }

            match label_matches(wanted, &key.value, labels) {
                Some(false) => return Some(false),
                Some(true) => {}
                None => is_known = false,
            }
        }

        for requirement in &self.expressions {
            match requirement.matches(labels) {
                Some(false) => return Some(false),
                Some(true) => {}
                None => is_known = false,
            }
        }

        if is_known { Some(true) } else { None }
    }
}

fn is_set_at_run_time(key: &str, wanted: &Setting<String>) -> bool {
    SET_AT_RUN_TIME.contains(&key)
        || (key.ends_with("role")
            && wanted
                .value()
                .is_some_and(|value| ELECTED_ROLES.contains(&value.as_str())))
}

/// Whether the label of a key has the wanted value; `None` if that is unknown.
fn label_matches(wanted: &Setting<String>, key: &str, labels: &Labels) -> Option<bool> {
    match labels.setting(key) {
        Some(label) => Some(label.value()? == wanted.value()?),
        None if labels.entries.is_open() => None,
        None => Some(false),
    }
}

impl Requirement {
    fn from_item(item: ManifestReader) -> Self {
        let values = item.texts("values").into_iter();

        Self {
            key: item.str("key").value().cloned().unwrap_or_default(),
            operator: item.str("operator").value().cloned().unwrap_or_default(),
            values: values.map(|value| value.value).collect(),
        }
    }

    /// Whether labels meet the requirement; `None` if that is unknown.
    fn matches(&self, labels: &Labels) -> Option<bool> {
        let label = labels.setting(&self.key);
        let is_listed = label
            .and_then(Setting::value)
            .map(|value| self.values.contains(value));

        match (self.operator.as_str(), label) {
            ("Exists", Some(_)) => Some(true),
            ("DoesNotExist", Some(_)) => Some(false),
            ("In", Some(_)) => is_listed,
            ("NotIn", Some(_)) => is_listed.map(|is_listed| !is_listed),
            ("Exists" | "In", None) if !labels.entries.is_open() => {
                Some(Selector::is_added(&self.key))
            }
            ("DoesNotExist" | "NotIn", None) if !labels.entries.is_open() => Some(true),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Located;

    fn located(text: &str) -> Located<String> {
        Located::new(text.to_owned(), Location::default())
    }

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        let entries = pairs
            .iter()
            .map(|(key, value)| (located(key), Setting::Set(located(value))))
            .collect();
        Labels {
            entries,
            location: Some(Location::default()),
        }
    }

    fn selector(pairs: &[(&str, &str)]) -> Selector {
        Selector {
            labels: labels(pairs),
            ..Selector::default()
        }
    }

    fn expression(operator: &str, values: &[&str]) -> Selector {
        let requirement = Requirement {
            key: "tier".into(),
            operator: operator.into(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };

        Selector {
            expressions: vec![requirement],
            ..Selector::default()
        }
    }

    #[test]
    fn matches_with_three_values() {
        let web = labels(&[("app", "web"), ("tier", "front")]);
        let mut open = labels(&[("app", "web")]);
        open.entries.open();

        assert_eq!(selector(&[("app", "web")]).matches(&web), Some(true));
        assert_eq!(selector(&[("app", "api")]).matches(&web), Some(false));
        assert_eq!(selector(&[("role", "x")]).matches(&web), Some(false));
        assert_eq!(selector(&[("role", "x")]).matches(&open), None);
        assert_eq!(
            selector(&[("app", "api"), ("role", "x")]).matches(&open),
            Some(false)
        );
        assert_eq!(
            selector(&[("app", "web"), ("pod-template-hash", "1")]).matches(&web),
            Some(true)
        );
        assert_eq!(selector(&[]).matches(&web), Some(true));
        assert_eq!(expression("In", &["front"]).matches(&web), Some(true));
        assert_eq!(expression("NotIn", &["front"]).matches(&web), Some(false));
        assert_eq!(expression("DoesNotExist", &[]).matches(&web), Some(false));
        assert_eq!(expression("Exists", &[]).matches(&open), None);
    }
}
