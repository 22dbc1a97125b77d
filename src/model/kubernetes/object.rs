//! Kubernetes objects: what all of them have, and what each kind adds.

use super::delivery::Delivery;
use super::labels::{Labels, key_text};
use super::manifest_reader::ManifestReader;
use super::network::{Ingress, KubeService, NetworkPolicy};
use super::policy::{Autoscaler, Binding, Defaults, DisruptionBudget, RbacRole};
use super::refusal::Refusal;
use super::workload::Workload;
use crate::credential;
use crate::model::id::Id;
use crate::model::spec_reader::SpecReader;
use crate::model::{Many, Setting};
use crate::source::{FileId, Located, Location, OffsetMap, Span};

/// The number of an object among those of all files.
pub type ObjectId = Id<Object>;

/// One object of a manifest.
#[derive(Debug)]
pub struct Object {
    pub id: ObjectId,
    pub file: FileId,
    pub api_version: Located<String>,
    pub kind: Located<String>,
    /// `None` for `generateName` or a templated name.
    pub name: Option<Located<String>>,
    /// The place of a name that a template fills in.
    pub templated_name: Option<Location>,
    /// Absent means the namespace that a kustomization, `helm -n` or the caller sets.
    pub namespace: Setting<String>,
    /// The namespace that the object's own file sets, where a kustomization sets another one.
    pub written_namespace: Option<String>,
    pub labels: Labels,
    pub annotations: Labels,
    /// The object's first key, where a suppression for the whole object may be written.
    pub anchor: Location,
    /// It is a patch or a template: what it lacks may be set elsewhere.
    pub open: bool,
    /// From a Helm template.
    pub helm: bool,
    /// Values that the API server refuses.
    pub refusals: Vec<Refusal>,
    pub body: Body,
}

/// An object as some kustomizations build it, where others build it differently.
#[derive(Debug)]
pub struct ObjectVariant {
    /// The kustomizations that build it so.
    pub builders: Vec<FileId>,
    /// Its names and anchor are those of the object in its file.
    pub object: Object,
}

/// API groups of Kubernetes' own operators, which are not a part of it.
const JOB_GROUPS: [&str; 2] = ["jobset.x-k8s.io", "leaderworkerset.x-k8s.io"];

impl Object {
    /// `Deployment/api`, or `this Deployment` where the name is unknown.
    pub fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("{}/{}", self.kind.value, name.value),
            None => format!("this {}", self.kind.value),
        }
    }

    /// The location of the object as a whole: its name, or its kind where it has none.
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

    /// Whether it is a custom object from which an operator may make others; those that only measure,
    /// route or define are not.
    pub fn is_operated(&self) -> bool {
        let group = self.group();
        let is_standard = !group.contains('.')
            || group.ends_with(".k8s.io")
            || group.ends_with("istio.io")
            || group.starts_with("traefik.");

        (!is_standard || JOB_GROUPS.contains(&group))
            && self.kind.value != "CustomResourceDefinition"
    }

    pub fn is_named(&self, name: &str) -> bool {
        self.name
            .as_ref()
            .is_some_and(|own_name| own_name.value == name)
    }

    /// The value of an annotation.
    pub fn annotation(&self, key: &str) -> Option<&Located<String>> {
        self.annotations.get(key)
    }

    /// Whether Helm or Argo CD runs the object around a deploy, or as a test.
    pub fn is_hook(&self) -> bool {
        ["helm.sh/hook", "argocd.argoproj.io/hook"]
            .iter()
            .any(|key| self.annotations.has(key))
    }

    /// Whether two objects may be in one namespace: both set the same, or one sets none. An absent
    /// namespace may be any, for manifests are applied with `-n`. A kustomization may be about to
    /// move the second of two objects whose files set the same.
    pub fn shares_namespace(&self, other: &Object) -> bool {
        if let (Some(written), Some(other_written)) =
            (self.file_namespace(), other.file_namespace())
            && written == other_written
        {
            return true;
        }

        match (self.namespace.value(), other.namespace.value()) {
            (Some(namespace), Some(other)) => namespace == other,
            _ => true,
        }
    }

    /// The namespace that the object's own file sets.
    fn file_namespace(&self) -> Option<&str> {
        match &self.written_namespace {
            Some(namespace) => Some(namespace),
            None => self.namespace.value().map(String::as_str),
        }
    }

    pub fn workload(&self) -> Option<&Workload> {
        match &self.body {
            Body::Workload(workload) => Some(workload),
            _ => None,
        }
    }
}

/// What the kind of an object adds.
#[derive(Debug)]
pub enum Body {
    Workload(Box<Workload>),
    Service(Box<KubeService>),
    ConfigMap(Data),
    Secret(Data),
    /// An HPA or a KEDA ScaledObject.
    Autoscaler(Box<Autoscaler>),
    DisruptionBudget(Box<DisruptionBudget>),
    NetworkPolicy(Box<NetworkPolicy>),
    /// An Ingress or a route of the Gateway API.
    Ingress(Box<Ingress>),
    ServiceAccount(ServiceAccount),
    /// A Role or ClusterRole.
    Role(RbacRole),
    /// A RoleBinding or ClusterRoleBinding.
    Binding(Binding),
    /// A LimitRange: resources of containers that set none.
    LimitRange(Box<Defaults>),
    Claim(Claim),
    /// An Application of Argo CD or a Kustomization of Flux.
    Delivery(Box<Delivery>),
    Other,
}

/// The entries of a ConfigMap or Secret.
#[derive(Debug, Default)]
pub struct Data {
    pub entries: Many<DataEntry>,
    /// A Secret's `type`.
    pub kind: Setting<String>,
    /// Encrypted as a whole, by SOPS.
    pub encrypted: bool,
}

#[derive(Clone, Debug)]
pub struct DataEntry {
    pub key: Located<String>,
    /// As written; of a Secret's `data`, base64.
    pub value: Located<String>,
    /// The decoded value, where `value` is base64 of text.
    pub decoded: Option<String>,
    /// The positions of the bytes of `value` in the file.
    pub offsets: OffsetMap,
}

impl Data {
    /// The entries of the given tables of an object; those of the table `encoded` are base64.
    pub(super) fn from_tables(
        root: ManifestReader,
        tables: &[&str],
        encoded: Option<&str>,
    ) -> Self {
        let mut data = Self {
            kind: root.str("type"),
            encrypted: root.key_location("sops").is_some(),
            entries: Many::default().open_if(root.is_open()),
        };

        for table in tables {
            let Some(spec) = root.get(table).value().copied() else {
                continue;
            };

            if spec.is_open() {
                data.entries.open();
            }

            for (key, value) in spec.entries() {
                let (Some(key), Some(text)) = (key_text(key), value.raw_text()) else {
                    continue;
                };

                let decoded = if encoded == Some(*table) {
                    decode_base64(&text.value)
                } else {
                    None
                };

                data.entries.push(DataEntry {
                    key,
                    value: text,
                    decoded,
                    offsets: value.node.offsets(),
                });
            }
        }

        data
    }
}

/// Base64 of UTF-8 text; `None` for anything else.
fn decode_base64(text: &str) -> Option<String> {
    let digits: String = text
        .chars()
        .filter(|letter| !letter.is_ascii_whitespace())
        .take_while(|letter| *letter != '=')
        .collect();

    String::from_utf8(credential::base64(&digits)?).ok()
}

impl DataEntry {
    /// The value that the pod gets.
    pub fn text(&self) -> &str {
        self.decoded.as_deref().unwrap_or(&self.value.value)
    }

    /// The location of a span of [`DataEntry::text`]; the whole value where it is encoded.
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
    /// `accessModes`; unknown where one of them is.
    pub access_modes: Setting<Vec<Located<String>>>,
}

impl Claim {
    pub(super) fn from_spec(spec: ManifestReader) -> Self {
        Self {
            access_modes: spec.get("accessModes").and_then(access_modes),
        }
    }
}

fn access_modes(list: ManifestReader) -> Setting<Vec<Located<String>>> {
    let location = list.node.location();
    let modes: Option<Vec<_>> = list
        .items()
        .map(|item| item.text().known().cloned())
        .collect();

    match modes {
        Some(modes) if !list.is_open() => Setting::set(modes, location),
        _ => Setting::Unknown(Some(location)),
    }
}

#[derive(Debug, Default)]
pub struct ServiceAccount {
    pub automount_token: Setting<bool>,
}
