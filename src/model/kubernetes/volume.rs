//! Volumes of a pod.

use std::collections::HashSet;

use super::manifest_reader::ManifestReader;
use super::reference::{ObjectReference, ReferenceKind};
use crate::model::Setting;
use crate::model::container::{Container, Mount, MountSource};
use crate::model::spec_reader::SpecReader;
use crate::source::{Located, Location};

/// One of a pod's `volumes`, or a claim template of a StatefulSet.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    pub name: String,
    pub location: Location,
    /// The key that says its type: `hostPath`, `emptyDir`, …
    pub kind: Option<Located<String>>,
    pub source: MountSource,
}

impl Volume {
    /// An item of `volumes`.
    pub(super) fn from_item(item: ManifestReader) -> Self {
        let name = item
            .str("name")
            .known()
            .cloned()
            .unwrap_or_else(|| Located::new(String::new(), item.node.location()));
        let typed = item
            .entries()
            .find_map(|(key, value)| Some((key, key.str().filter(|key| *key != "name")?, value)));
        let Some((key, kind, value)) = typed else {
            let source = if item.is_open() {
                MountSource::Unknown
            } else {
                MountSource::Scratch
            };

            return Self {
                name: name.value,
                location: name.location,
                kind: None,
                source,
            };
        };

        Self {
            name: name.value,
            location: name.location,
            kind: Some(Located::new(kind.to_owned(), key.content())),
            source: mount_source(kind, value),
        }
    }

    /// A StatefulSet's claim template; `None` where its name is unknown.
    pub(super) fn from_claim_template(claim: ManifestReader) -> Option<Self> {
        let name = claim
            .path(&["metadata", "name"])
            .and_then(ManifestReader::text)
            .known()?
            .clone();

        Some(Self {
            name: name.value,
            location: name.location,
            kind: None,
            source: MountSource::Anonymous,
        })
    }
}

fn mount_source(kind: &str, spec: ManifestReader) -> MountSource {
    let (field, named): (_, fn(Located<String>) -> MountSource) = match kind {
        "hostPath" => ("path", MountSource::Host),
        "persistentVolumeClaim" => ("claimName", MountSource::Volume),
        "configMap" => ("name", MountSource::ConfigMap),
        "secret" => ("secretName", MountSource::Secret),
        "emptyDir" | "downwardAPI" | "ephemeral" => return MountSource::Scratch,
        _ => return MountSource::Other,
    };

    match spec.str(field) {
        Setting::Set(name) => named(name),
        Setting::Absent | Setting::Unknown(_) => MountSource::Unknown,
    }
}

/// The objects that an item of `volumes` names.
pub(super) fn references(item: ManifestReader) -> Vec<ObjectReference> {
    let mut references = source_references(item, "secretName");

    if let Some(projected) = item.get("projected").value() {
        for source in projected.list("sources") {
            references.extend(source_references(source, "name"));
        }
    }

    if let Some(claim) = item.get("persistentVolumeClaim").value() {
        references.extend(ObjectReference::of_items(
            *claim,
            ReferenceKind::Claim,
            "claimName",
        ));
    }

    references
}

/// The ConfigMap and the Secret of a volume, or of a source of a projected one. They differ in the
/// key that holds the name of the Secret.
fn source_references(source: ManifestReader, secret_name: &str) -> Vec<ObjectReference> {
    let mut references = Vec::new();

    if let Some(map) = source.get("configMap").value() {
        references.extend(ObjectReference::of_items(
            *map,
            ReferenceKind::ConfigMap,
            "name",
        ));
    }

    if let Some(secret) = source.get("secret").value() {
        references.extend(ObjectReference::of_items(
            *secret,
            ReferenceKind::Secret,
            secret_name,
        ));
    }

    references
}

/// Gives the paths of the host that no container mounts to the first container: they are within the
/// pod's reach, and rules look at containers.
pub(super) fn attach_unmounted_host_paths(volumes: &[Volume], containers: &mut [Container]) {
    let mounts = containers.iter().flat_map(|container| &container.mounts);
    let mut mounted: HashSet<Location> = mounts
        .filter_map(|mount| host_path(&mount.source))
        .collect();

    for volume in volumes {
        let MountSource::Host(path) = &volume.source else {
            continue;
        };

        if !mounted.insert(path.location) {
            continue;
        }

        if let Some(first) = containers.first_mut() {
            first.mounts.push(Mount {
                location: path.location,
                source: volume.source.clone(),
                target: None,
                read_only: false,
            });
        }
    }
}

const fn host_path(source: &MountSource) -> Option<Location> {
    match source {
        MountSource::Host(path) => Some(path.location),
        _ => None,
    }
}
