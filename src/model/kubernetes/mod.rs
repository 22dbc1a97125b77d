//! Facts of Kubernetes objects, plain, under kustomize, or in Helm templates seen through masking.
//!
//! Lowering reads one object at a time and never judges; what joins objects of several files
//! ([`join`]) runs once afterwards. Nothing here renders a template.

mod container;
mod join;
mod kustomize;
mod lower;
mod merge;
mod network;
mod object;
mod pod;
mod policy;
mod quantity;
mod selector;
#[cfg(test)]
mod tests;
mod view;

pub use join::join;
pub use kustomize::Kustomization;
pub use lower::objects;
pub use network::{Backend, Ingress, KubeService, NetworkPolicy, Peer, ServicePort};
pub use object::{Body, Claim, Data, DataEntry, Labels, Object, ServiceAccount};
pub use pod::{JobFacts, Pod, Reference, ReferenceKind, Strategy, Volume, Workload};
pub use policy::{Autoscaler, Binding, Defaults, DisruptionBudget, PolicyRule, Role, Subject};
pub use selector::Selector;
pub use view::{Scope, SpecReader};
