//! Pods: their containers, volumes, and the objects they name.

use std::collections::HashMap;

use super::container::lower_container;
use super::labels::Labels;
use super::manifest_reader::ManifestReader;
use super::pod_defaults::PodDefaults;
use super::reference::{ObjectReference, ReferenceKind};
use super::security::host_namespaces;
use super::selector::Selector;
use super::volume::{self, Volume, attach_unmounted_host_paths};
use crate::model::Setting;
use crate::model::container::{Container, ContainerRole, HostNamespace};
use crate::model::spec_reader::SpecReader;
use crate::source::{Located, Location};

/// A pod's spec.
#[derive(Debug, Default)]
pub struct Pod {
    /// The `containers` key, or the first key of the spec.
    pub location: Location,
    /// All containers, init containers first.
    pub containers: Vec<Container>,
    /// Whether one of [`Pod::main`] has ports.
    pub has_main_ports: bool,
    pub volumes: Vec<Volume>,
    pub restart_policy: Setting<String>,
    pub service_account: Setting<String>,
    /// `priorityClassName`.
    pub priority_class: Setting<String>,
    pub automount_token: Setting<bool>,
    pub windows: bool,
    /// Names of `securityContext.sysctls`.
    pub sysctls: Vec<Located<String>>,
    /// `terminationGracePeriodSeconds`.
    pub termination_grace: Setting<u32>,
    /// What `topologySpreadConstraints` and the anti-affinity between pods keep apart; a missing
    /// selector selects nothing.
    pub spread: Setting<Vec<Selector>>,
    pub references: Vec<ObjectReference>,
    /// Names in `volumeMounts` that no volume has.
    pub unknown_mounts: Vec<Located<String>>,
    /// Namespaces shared with the host. Each container repeats them.
    pub host_namespaces: Vec<Located<HostNamespace>>,
}

impl Pod {
    /// Adds the containers of another pod of the same object.
    pub(super) fn join(&mut self, other: Pod) {
        self.containers.extend(other.containers);
        self.has_main_ports |= other.has_main_ports;
        self.volumes.extend(other.volumes);
        self.references.extend(other.references);
        self.sysctls.extend(other.sysctls);
    }

    /// A pod of containers of which something else makes it; what they lack is unknown.
    pub(super) fn of_containers(items: &[ManifestReader], annotations: &Labels) -> Self {
        let Some(first) = items.first() else {
            return Self::default();
        };

        let defaults = PodDefaults {
            spec: first.opened(),
            security: Setting::Unknown(None),
            annotations,
            volumes: HashMap::new(),
            volumes_open: true,
            windows: false,
            own_users: false,
        };
        let mut references = Vec::new();
        let containers = items
            .iter()
            .map(|item| {
                let item = item.opened();
                lower_container(item, ContainerRole::Main, &defaults, &mut references)
            })
            .collect();

        Self {
            location: first.node.location(),
            containers,
            references,
            ..Self::default()
        }
    }

    /// The containers that run as long as the pod.
    pub fn lasting(&self) -> impl Iterator<Item = &Container> {
        self.containers.iter().filter(|container| {
            matches!(container.role, ContainerRole::Main | ContainerRole::Sidecar)
        })
    }

    /// The containers of the pod's `containers`.
    pub fn main(&self) -> impl Iterator<Item = &Container> {
        self.containers
            .iter()
            .filter(|container| is_main(container))
    }

    /// Lowers a pod's spec. `annotations` are those of its template, `claims` a StatefulSet's claim
    /// templates.
    pub(super) fn from_spec(
        spec: ManifestReader,
        annotations: &Labels,
        claims: &[ManifestReader],
    ) -> Self {
        let volumes = volumes(spec, claims);
        let context = spec.get("securityContext");
        let windows = is_windows(spec);
        let defaults = PodDefaults {
            spec,
            security: context.clone(),
            annotations,
            volumes: volumes
                .iter()
                .rev()
                .map(|volume| (volume.name.as_str(), volume))
                .collect(),
            volumes_open: may_have_more_volumes(spec),
            windows,
            own_users: spec.flag("hostUsers").is(false),
        };

        let unknown_mounts = if defaults.volumes_open {
            Vec::new()
        } else {
            unknown_mounts(spec, |name| defaults.volumes.contains_key(name))
        };

        let mut references = Vec::new();
        let mut containers = containers(spec, &defaults, &mut references);
        attach_unmounted_host_paths(&volumes, &mut containers);

        let service_account = spec
            .str("serviceAccountName")
            .or(spec.str("serviceAccount"));
        references.extend(
            spec.list("volumes")
                .into_iter()
                .flat_map(volume::references),
        );
        references.extend(
            service_account
                .known()
                .map(|name| ObjectReference::required(ReferenceKind::ServiceAccount, name.clone())),
        );
        references.extend(pull_secrets(spec));

        Self {
            location: location(spec),
            has_main_ports: containers
                .iter()
                .any(|container| is_main(container) && !container.ports.is_empty()),
            containers,
            restart_policy: spec.str("restartPolicy"),
            service_account,
            priority_class: spec.str("priorityClassName"),
            automount_token: spec.flag("automountServiceAccountToken"),
            windows,
            sysctls: sysctls(&context),
            termination_grace: spec
                .get("terminationGracePeriodSeconds")
                .and_then(ManifestReader::unsigned),
            spread: spread(spec),
            unknown_mounts,
            host_namespaces: host_namespaces(spec),
            references,
            volumes,
        }
    }
}

fn is_main(container: &Container) -> bool {
    container.role == ContainerRole::Main
}

/// Mounts of volumes that a pod does not have. `volumes` are all of them.
fn unknown_mounts(spec: ManifestReader, is_volume: impl Fn(&str) -> bool) -> Vec<Located<String>> {
    let mut unknown = Vec::new();

    for list in ["initContainers", "containers"] {
        for container in spec.list(list) {
            for mount in container.list("volumeMounts") {
                if let Setting::Set(name) = mount.str("name")
                    && !is_volume(&name.value)
                {
                    unknown.push(name);
                }
            }
        }
    }

    unknown
}

/// Keys of node selectors that name the operating system.
const OS_LABELS: [&str; 2] = ["kubernetes.io/os", "beta.kubernetes.io/os"];

/// Whether a pod is for Windows: by its `os`, by the nodes that it selects, or by options that only
/// Windows has.
fn is_windows(spec: ManifestReader) -> bool {
    let name = spec.path(&["os", "name"]).and_then(ManifestReader::text);
    let selected = OS_LABELS.map(|label| {
        spec.path(&["nodeSelector", label])
            .and_then(ManifestReader::text)
    });
    let names_windows =
        |setting: &Setting<String>| setting.value().is_some_and(|os| os == "windows");

    names_windows(&name)
        || selected.iter().any(names_windows)
        || spec
            .path(&["securityContext", "windowsOptions"])
            .value()
            .is_some()
}

/// The volumes of a pod, and those that a StatefulSet claims for it.
fn volumes(spec: ManifestReader, claims: &[ManifestReader]) -> Vec<Volume> {
    let items = spec.list("volumes").into_iter();
    let claims = claims.iter().copied();

    items
        .map(Volume::from_item)
        .chain(claims.filter_map(Volume::from_claim_template))
        .collect()
}

fn may_have_more_volumes(spec: ManifestReader) -> bool {
    match spec.get("volumes") {
        Setting::Set(volumes) => volumes.value.is_open(),
        Setting::Absent => spec.is_open(),
        Setting::Unknown(_) => true,
    }
}

fn location(spec: ManifestReader) -> Location {
    spec.key_location("containers")
        .or_else(|| Some(spec.node.entries().next()?.key.location()))
        .unwrap_or_default()
}

fn containers(
    spec: ManifestReader,
    defaults: &PodDefaults,
    references: &mut Vec<ObjectReference>,
) -> Vec<Container> {
    let mut containers = Vec::new();

    for (key, role) in [
        ("initContainers", ContainerRole::Init),
        ("containers", ContainerRole::Main),
        ("ephemeralContainers", ContainerRole::Ephemeral),
    ] {
        for item in spec.list(key) {
            if item.node.entries().next().is_some() {
                containers.push(lower_container(item, role, defaults, references));
            }
        }
    }

    containers
}

fn pull_secrets(spec: ManifestReader) -> Vec<ObjectReference> {
    let secrets = spec.list("imagePullSecrets").into_iter();
    secrets
        .filter_map(|item| item.str("name").known().cloned())
        .map(|name| ObjectReference::required(ReferenceKind::Secret, name))
        .collect()
}

/// The names of the kernel parameters that a pod's security context sets.
fn sysctls(context: &Setting<ManifestReader>) -> Vec<Located<String>> {
    let items = context
        .value()
        .map(|context| context.list("sysctls"))
        .unwrap_or_default();
    items
        .iter()
        .filter_map(|item| item.str("name").known().cloned())
        .collect()
}

fn spread(spec: ManifestReader) -> Setting<Vec<Selector>> {
    let constraints = spec.get("topologySpreadConstraints");
    let anti_affinity = spec.path(&["affinity", "podAntiAffinity"]);
    let location = match (&constraints, &anti_affinity) {
        (Setting::Unknown(location), _) | (_, Setting::Unknown(location)) => {
            return Setting::Unknown(*location);
        }
        (Setting::Set(spread), _) | (_, Setting::Set(spread)) => spread.location,
        (Setting::Absent, Setting::Absent) => return Setting::Absent,
    };

    let mut selectors = Vec::new();
    let mut is_open = false;
    let mut add = |item: ManifestReader| {
        is_open |= item.is_open();
        selectors.extend(Selector::from_key(item, "labelSelector"));
    };

    if let Some(list) = constraints.value() {
        list.items().for_each(&mut add);
    }

    if let Some(terms) = anti_affinity.value() {
        terms
            .list("requiredDuringSchedulingIgnoredDuringExecution")
            .into_iter()
            .for_each(&mut add);

        for term in terms.list("preferredDuringSchedulingIgnoredDuringExecution") {
            if let Some(term) = term.get("podAffinityTerm").value() {
                add(*term);
            }
        }

        is_open |= terms.is_open();
    }

    if is_open {
        Setting::Unknown(Some(location))
    } else {
        Setting::set(selectors, location)
    }
}
