//! What every Kubernetes object has, and what its kind adds.

use super::network::{Ingress, KubeService, NetworkPolicy};
use super::pod::Workload;
use super::policy::{Autoscaler, Binding, Defaults, DisruptionBudget, Role};
use super::view::SpecReader;
use crate::model::Setting;
use crate::source::{FileId, Located, Location, OffsetMap, Span};

/// One object of a manifest.
#[derive(Debug)]
pub struct Object {
    pub file: FileId,
    pub api_version: Located<String>,
    pub kind: Located<String>,
    /// `None` for `generateName` or a templated name.
    pub name: Option<Located<String>>,
    /// Absent means the namespace of the caller, a kustomization or `helm -n`.
    pub namespace: Setting<String>,
    pub labels: Labels,
    pub annotations: Labels,
    /// The object's first key: where a suppression for the whole object may stand.
    pub anchor: Location,
    /// It is a patch, or a template: what it lacks may stand elsewhere.
    pub open: bool,
    /// Seen through a masked Helm template.
    pub helm: bool,
    pub body: Body,
}

impl Object {
    /// `Deployment/api` for messages; `this Deployment` where the name is unknown.
    pub fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("{}/{}", self.kind.value, name.value),
            None => format!("this {}", self.kind.value),
        }
    }

    /// Where a finding about the whole object points: its name, or its kind where it has none.
    pub fn location(&self) -> Location {
        self.name
            .as_ref()
            .map_or(self.kind.location, |name| name.location)
    }

    /// The API group, empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version
            .value
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    pub fn is_named(&self, name: &str) -> bool {
        self.name.as_ref().is_some_and(|own| own.value == name)
    }

    /// The value of an annotation.
    pub fn annotation(&self, key: &str) -> Option<&Located<String>> {
        self.annotations.get(key)
    }

    /// Run by Helm or Argo CD around a deploy, or as a test: it comes and goes.
    pub fn is_hook(&self) -> bool {
        ["helm.sh/hook", "argocd.argoproj.io/hook"]
            .iter()
            .any(|key| self.annotations.has(key))
    }

    /// Whether two objects may be in one namespace: both say the same, or one does not say. Nobody
    /// says `default` by accident, so an absent namespace may be any.
    pub fn shares_namespace(&self, other: &Object) -> bool {
        match (self.namespace.value(), other.namespace.value()) {
            (Some(own), Some(other)) => own == other,
            _ => true,
        }
    }

    pub fn workload(&self) -> Option<&Workload> {
        match &self.body {
            Body::Workload(workload) => Some(workload),
            _ => None,
        }
    }
}

/// A map of labels or annotations with its places. `open`: there may be more.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    pub entries: Vec<(Located<String>, Setting<String>)>,
    pub open: bool,
    pub location: Option<Location>,
}

impl Labels {
    /// From the mapping that a key holds.
    pub(super) fn read(parent: Setting<SpecReader>, key: &str) -> Self {
        match parent.and_then(|view| view.get(key)) {
            Setting::Set(at) => Self {
                entries: at
                    .value
                    .entries()
                    .filter_map(|(key, value)| Some((key_text(key)?, value.text())))
                    .collect(),
                open: at.value.is_open(),
                location: Some(at.location),
            },
            Setting::Absent => Self::default(),
            Setting::Unknown(location) => Self {
                open: true,
                location,
                ..Self::default()
            },
        }
    }

    /// The known value of a key.
    pub fn get(&self, key: &str) -> Option<&Located<String>> {
        self.setting(key)?.known()
    }

    pub fn has(&self, key: &str) -> bool {
        self.setting(key).is_some()
    }

    /// The value of a key that is written.
    pub fn setting(&self, key: &str) -> Option<&Setting<String>> {
        self.entries
            .iter()
            .find(|(own, _)| own.value == key)
            .map(|(_, value)| value)
    }
}

/// The text of a key with its place.
pub(super) fn key_text(key: crate::syntax::yaml::Node) -> Option<Located<String>> {
    Some(Located::new(key.str()?.to_owned(), key.content()))
}

#[derive(Debug)]
pub enum Body {
    Workload(Box<Workload>),
    Service(Box<KubeService>),
    ConfigMap(Data),
    Secret(Data),
    /// An HPA, a KEDA ScaledObject: what scales a workload.
    Autoscaler(Box<Autoscaler>),
    DisruptionBudget(Box<DisruptionBudget>),
    NetworkPolicy(Box<NetworkPolicy>),
    /// An Ingress, a route of the Gateway API, a Gateway.
    Ingress(Box<Ingress>),
    ServiceAccount(ServiceAccount),
    /// A Role or ClusterRole.
    Role(Role),
    /// A RoleBinding or ClusterRoleBinding.
    Binding(Binding),
    /// What a LimitRange gives to containers that say nothing.
    LimitRange(Box<Defaults>),
    Claim(Claim),
    Other,
}

/// The entries of a ConfigMap or Secret.
#[derive(Debug, Default)]
pub struct Data {
    pub entries: Vec<DataEntry>,
    /// A Secret's `type`.
    pub kind: Setting<String>,
    /// There may be more entries.
    pub open: bool,
    /// Encrypted as a whole, by SOPS.
    pub encrypted: bool,
}

#[derive(Clone, Debug)]
pub struct DataEntry {
    pub key: Located<String>,
    /// As written; of a Secret's `data`, base64.
    pub value: Located<String>,
    /// Where `value` is base64 of text, that text.
    pub decoded: Option<String>,
    /// Where the bytes of `value` stand.
    pub offsets: OffsetMap,
}

impl DataEntry {
    /// The value that the pod gets.
    pub fn text(&self) -> &str {
        self.decoded.as_deref().unwrap_or(&self.value.value)
    }

    /// The place of a span of [`DataEntry::text`]; the whole value where it is encoded.
    pub fn place_of(&self, span: Span) -> Location {
        match self.decoded {
            Some(_) => self.value.location,
            None => Location::new(self.value.location.file, self.offsets.span(span)),
        }
    }
}

/// A PersistentVolumeClaim.
#[derive(Debug, Default)]
pub struct Claim {
    /// `accessModes`; unknown where a template has a say in one of them.
    pub access_modes: Setting<Vec<Located<String>>>,
}

impl Claim {
    pub(super) fn read(spec: SpecReader) -> Self {
        let modes = spec.get("accessModes").and_then(|list| {
            let modes: Option<Vec<_>> = list
                .items()
                .map(|item| item.text().known().cloned())
                .collect();
            match modes.filter(|_| !list.is_open()) {
                Some(modes) => Setting::set(modes, list.node.location()),
                None => Setting::Unknown(Some(list.node.location())),
            }
        });

        Self {
            access_modes: modes,
        }
    }
}

#[derive(Debug, Default)]
pub struct ServiceAccount {
    pub automount_token: Setting<bool>,
}
