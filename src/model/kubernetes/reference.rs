//! Objects that a pod names.

use super::manifest_reader::ManifestReader;
use crate::model::container::EnvFromKind;
use crate::model::spec_reader::SpecReader;
use crate::source::Located;

/// Another object that a pod names.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectReference {
    pub kind: ReferenceKind,
    pub name: Located<String>,
    /// An entry of the ConfigMap or Secret.
    pub key: Option<Located<String>>,
    /// The pod starts without it.
    pub optional: bool,
}

impl ObjectReference {
    /// A reference to a whole object, which must exist.
    pub(super) const fn required(kind: ReferenceKind, name: Located<String>) -> Self {
        Self {
            kind,
            name,
            key: None,
            optional: false,
        }
    }

    /// The references of a mapping that names an object in `field` and may name entries of it in
    /// `items`: one for each entry, or else one for the object.
    pub(super) fn of_items(spec: ManifestReader, kind: ReferenceKind, field: &str) -> Vec<Self> {
        let Some(name) = spec.str(field).known().cloned() else {
            return Vec::new();
        };

        let whole = Self {
            kind,
            name,
            key: None,
            optional: spec.flag("optional").is(true),
        };
        let keys: Vec<Located<String>> = spec
            .list("items")
            .iter()
            .filter_map(|item| item.str("key").known().cloned())
            .collect();

        if keys.is_empty() {
            return vec![whole];
        }

        keys.into_iter()
            .map(|key| Self {
                key: Some(key),
                ..whole.clone()
            })
            .collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReferenceKind {
    ConfigMap,
    Secret,
    Claim,
    ServiceAccount,
}

impl ReferenceKind {
    /// The kind as an object writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            ReferenceKind::ConfigMap => "ConfigMap",
            ReferenceKind::Secret => "Secret",
            ReferenceKind::Claim => "PersistentVolumeClaim",
            ReferenceKind::ServiceAccount => "ServiceAccount",
        }
    }
}

impl From<EnvFromKind> for ReferenceKind {
    fn from(kind: EnvFromKind) -> Self {
        match kind {
            EnvFromKind::Secret => ReferenceKind::Secret,
            EnvFromKind::ConfigMap | EnvFromKind::File => ReferenceKind::ConfigMap,
        }
    }
}
