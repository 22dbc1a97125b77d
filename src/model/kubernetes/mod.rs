//! Kubernetes objects: of plain manifests, under kustomize, and of Helm templates read through a
//! mask.
//!
//! Lowering reads one object at a time and only states facts. What several files say of one object
//! is joined once afterwards, in [`join`]. Templates are not rendered.

mod container;
mod delivery;
mod environment;
pub mod join;
mod kustomize;
mod labels;
mod lower;
mod merge;
mod network;
mod object;
mod pod;
mod pod_defaults;
mod policy;
mod probe;
mod quantity;
mod reference;
mod security;
mod selector;
mod spec_reader;
#[cfg(test)]
mod tests;
mod validation;
mod volume;
mod workload;

pub use delivery::Delivery;
pub use kustomize::{Kustomization, UnmatchedPatch};
pub use labels::Labels;
pub use lower::objects;
pub use network::{Backend, Ingress, KubeService, NetworkPolicy, Peer, ServicePort};
pub use object::{Body, Claim, Data, DataEntry, Object, ServiceAccount};
pub use pod::Pod;
pub use policy::{
    Autoscaler, Binding, Defaults, DisruptionBudget, PolicyRule, RbacRole, Subject, Utilization,
};
pub use reference::{ObjectReference, ReferenceKind};
pub use selector::{Requirement, Selector};
pub use spec_reader::ManifestScope;
pub use validation::{Problem, Refusal};
pub use volume::Volume;
pub use workload::{CronFacts, JobFacts, Strategy, Workload};
