//! Kubernetes objects: of plain manifests, under kustomize, and of Helm templates read through a
//! mask.
//!
//! Lowering reads one object at a time and only states facts. What several files say of one object
//! is joined once afterwards, in [`join`]. Templates are not rendered.

mod container;
mod delivery;
mod environment;
mod fields;
mod image_rule;
pub mod join;
mod kustomization_fault;
mod kustomize;
mod labels;
mod lower;
mod manifest_reader;
mod merge;
mod network;
mod object;
mod pod;
mod pod_defaults;
mod policy;
mod probe;
mod quantity;
mod reference;
mod refusal;
mod schema;
mod security;
mod selector;
#[cfg(test)]
mod tests;
mod validation;
mod volume;
mod workload;

pub use kustomization_fault::{BuildProblem, KustomizationFault};
pub use kustomize::{GeneratedObject, Kustomization, UnmatchedPatch};
pub use labels::Labels;
pub use lower::objects;
pub use manifest_reader::ManifestScope;
pub use network::{Ingress, KubeService, ServicePort};
pub use object::{Body, Data, DataEntry, Object, ObjectId, ObjectVariant};
pub use policy::{Autoscaler, DisruptionBudget, PolicyRule, Utilization};
pub use reference::{ObjectReference, ReferenceKind};
pub use refusal::{Problem, Refusal};
pub use selector::Selector;

pub use workload::Workload;
