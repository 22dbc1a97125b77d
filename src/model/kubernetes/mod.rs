//! Facts of Kubernetes objects, plain, under kustomize, or in Helm templates seen through masking.

use super::Setting;
use super::container::{Container, Mount};
use crate::source::{At, FileId, Place};

/// One object of a manifest.
#[derive(Debug)]
pub struct Object {
    pub file: FileId,
    pub api_version: At<String>,
    pub kind: At<String>,
    /// `None` for `generateName` or a templated name.
    pub name: Option<At<String>>,
    /// Absent means the namespace of the caller, a kustomization or `helm -n`.
    pub namespace: Setting<String>,
    pub labels: Labels,
    pub annotations: Labels,
    /// The object's first key: where a suppression for the whole object may stand.
    pub anchor: Place,
    /// It is a patch, or a template: what it lacks may stand elsewhere.
    pub open: bool,
    /// Seen through a masked Helm template.
    pub helm: bool,
    pub body: Body,
}

impl Object {
    /// `Deployment/api` for messages; the kind alone where the name is unknown.
    pub fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("{}/{}", self.kind.value, name.value),
            None => self.kind.value.clone(),
        }
    }
}

/// A map of labels or annotations with its places. `open`: there may be more.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    pub entries: Vec<(At<String>, Setting<String>)>,
    pub open: bool,
    pub place: Option<Place>,
}

#[derive(Debug)]
pub enum Body {
    Workload(Box<Workload>),
    Service(Box<KubeService>),
    ConfigMap(Data),
    Secret(Data),
    /// An HPA, a KEDA ScaledObject: what scales a workload.
    Autoscaler(Autoscaler),
    Other,
}

/// A kind that has a pod template.
#[derive(Debug)]
pub struct Workload {
    /// Absent means 1 for kinds that have replicas.
    pub replicas: Setting<u32>,
    pub selector: Option<Selector>,
    /// Labels of the pod template.
    pub pod_labels: Labels,
    pub pod: Pod,
}

/// A pod's spec.
#[derive(Debug, Default)]
pub struct Pod {
    /// The `containers` key, or the first key of the spec.
    pub place: Place,
    /// All containers, init containers first.
    pub containers: Vec<Container>,
    pub volumes: Vec<Mount>,
    pub restart_policy: Setting<String>,
    pub service_account: Setting<String>,
    pub automount_token: Setting<bool>,
    pub windows: bool,
}

/// A selector over labels; matches nothing when it is `None` where it is used.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    pub place: Place,
    pub labels: Labels,
    /// `matchExpressions`: key, operator, values.
    pub expressions: Vec<(String, String, Vec<String>)>,
}

/// `kind: Service`.
#[derive(Debug)]
pub struct KubeService {
    pub kind: Setting<String>,
    /// `None`: no selector written (external name, manual endpoints).
    pub selector: Option<Selector>,
    pub ports: Vec<ServicePort>,
    pub headless: bool,
}

#[derive(Clone, Debug)]
pub struct ServicePort {
    pub place: Place,
    pub name: Option<At<String>>,
    pub port: Setting<String>,
    /// Number or name; absent means the same as `port`.
    pub target: Setting<String>,
}

/// The entries of a ConfigMap or Secret.
#[derive(Debug, Default)]
pub struct Data {
    pub entries: Vec<DataEntry>,
}

#[derive(Clone, Debug)]
pub struct DataEntry {
    pub key: At<String>,
    /// As written; of a Secret's `data`, base64.
    pub value: At<String>,
    /// Where `value` is base64 of text, that text.
    pub decoded: Option<String>,
}

/// What scales another object.
#[derive(Debug)]
pub struct Autoscaler {
    pub target_kind: Setting<String>,
    pub target_name: Setting<String>,
    pub min_replicas: Setting<u32>,
}
