//! Selectors over labels, judged with three values: yes, no, and cannot be known.

use super::object::Labels;
use super::view::SpecReader;
use crate::model::Setting;
use crate::source::Location;

/// A selector over labels; matches nothing when it is `None` where it is used.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    pub location: Location,
    pub labels: Labels,
    /// `matchExpressions`: key, operator, values.
    pub expressions: Vec<(String, String, Vec<String>)>,
}

/// Labels that controllers add to pods on their own.
const ADDED: [&str; 8] = [
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "controller-revision-hash",
    "pod-template-hash",
    "pod-template-generation",
    "rollouts-pod-template-hash",
    "batch.kubernetes.io/job-name",
    "job-name",
];

impl Selector {
    /// `matchLabels` and `matchExpressions` under a key.
    pub(super) fn read(parent: SpecReader, key: &str) -> Option<Self> {
        let location = parent.key(key)?;

        match parent.get(key) {
            Setting::Set(at) => {
                let mut labels = Labels::read(Setting::set(at.value, at.location), "matchLabels");
                labels.open |= at.value.is_open();
                let expressions = at
                    .value
                    .list("matchExpressions")
                    .into_iter()
                    .map(expression)
                    .collect();
                Some(Self {
                    location,
                    labels,
                    expressions,
                })
            }
            Setting::Unknown(_) => Some(Self {
                location,
                labels: Labels {
                    open: true,
                    ..Labels::default()
                },
                ..Self::default()
            }),
            Setting::Absent => None,
        }
    }

    /// A bare map of labels under a key.
    pub(super) fn read_map(parent: SpecReader, key: &str) -> Option<Self> {
        let location = parent.key(key)?;
        let labels = Labels::read(Setting::set(parent, location), key);
        (labels.open || labels.location.is_some()).then_some(Self {
            location,
            labels,
            expressions: Vec::new(),
        })
    }

    /// Selects everything.
    pub fn is_empty(&self) -> bool {
        self.labels.entries.is_empty() && self.expressions.is_empty() && !self.labels.open
    }

    /// Whether controllers add labels of this key to pods.
    pub fn is_added(key: &str) -> bool {
        ADDED.contains(&key)
    }

    /// Whether pods with these labels are selected; `None` if that cannot be known.
    pub fn matches(&self, labels: &Labels) -> Option<bool> {
        let mut known = !self.labels.open;

        for (key, wanted) in &self.labels.entries {
            if ADDED.contains(&key.value.as_str()) {
                continue;
            }

            match (wanted.value(), labels.setting(&key.value)) {
                (Some(wanted), Some(Setting::Set(own))) if own.value != *wanted => {
                    return Some(false);
                }
                (Some(_), Some(Setting::Set(_))) => {}
                (_, None) if !labels.open => return Some(false),
                _ => known = false,
            }
        }

        for (key, operator, values) in &self.expressions {
            let own = labels.setting(key);
            let holds = match (operator.as_str(), own) {
                ("Exists", Some(_)) => Some(true),
                ("DoesNotExist", Some(_)) => Some(false),
                ("In", Some(own)) => own.value().map(|own| values.contains(own)),
                ("NotIn", Some(own)) => own.value().map(|own| !values.contains(own)),
                ("Exists" | "In", None) if !labels.open => Some(ADDED.contains(&key.as_str())),
                ("DoesNotExist" | "NotIn", None) if !labels.open => Some(true),
                _ => None,
            };

            match holds {
                Some(false) => return Some(false),
                Some(true) => {}
                None => known = false,
            }
        }

        known.then_some(true)
    }
}

fn expression(item: SpecReader) -> (String, String, Vec<String>) {
    let text = |key| item.str(key).value().cloned().unwrap_or_default();
    (
        text("key"),
        text("operator"),
        item.texts("values")
            .into_iter()
            .map(|value| value.value)
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Located;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        let at = |text: &str| Located::new(text.to_owned(), Location::default());
        let entries = pairs
            .iter()
            .map(|(key, value)| (at(key), Setting::Set(at(value))))
            .collect();
        Labels {
            entries,
            open: false,
            location: Some(Location::default()),
        }
    }

    #[test]
    fn matches_with_three_values() {
        let web = labels(&[("app", "web"), ("tier", "front")]);
        let open = Labels {
            open: true,
            ..labels(&[("app", "web")])
        };

        let of = |pairs: &[(&str, &str)]| Selector {
            labels: labels(pairs),
            ..Selector::default()
        };

        assert_eq!(of(&[("app", "web")]).matches(&web), Some(true));
        assert_eq!(of(&[("app", "api")]).matches(&web), Some(false));
        assert_eq!(of(&[("role", "x")]).matches(&web), Some(false));
        assert_eq!(of(&[("role", "x")]).matches(&open), None);
        assert_eq!(
            of(&[("app", "api"), ("role", "x")]).matches(&open),
            Some(false)
        );
        assert_eq!(
            of(&[("app", "web"), ("pod-template-hash", "1")]).matches(&web),
            Some(true)
        );
        assert_eq!(of(&[]).matches(&web), Some(true));
        let expression = |operator: &str, values: &[&str]| Selector {
            expressions: vec![(
                "tier".into(),
                operator.into(),
                values.iter().map(|v| (*v).to_owned()).collect(),
            )],
            ..Selector::default()
        };

        assert_eq!(expression("In", &["front"]).matches(&web), Some(true));
        assert_eq!(expression("NotIn", &["front"]).matches(&web), Some(false));
        assert_eq!(expression("DoesNotExist", &[]).matches(&web), Some(false));
        assert_eq!(expression("Exists", &[]).matches(&open), None);
    }
}
