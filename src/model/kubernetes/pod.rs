//! Facts of workloads and their pods.

use super::container::{PodDefaults, read as container};
use super::object::Labels;
use super::selector::Selector;
use super::view::SpecReader;
use crate::model::Setting;
use crate::model::container::{Container, ContainerRole, EnvFromKind, Mount, MountSource};
use crate::source::{Located, Location};

/// A kind that has a pod template.
#[derive(Debug)]
pub struct Workload {
    /// Absent means 1 for kinds that have replicas.
    pub replicas: Setting<u32>,
    pub selector: Option<Selector>,
    /// Labels of the pod template.
    pub pod_labels: Labels,
    pub pod: Pod,
    pub strategy: Strategy,
    /// Of a Job or CronJob.
    pub job: Option<JobFacts>,
    /// Of a kind that is not known: it has a pod template by its shape.
    pub guessed: bool,
}

/// How a workload replaces its pods.
#[derive(Debug, Default)]
pub struct Strategy {
    pub kind: Setting<String>,
    /// A number or a percentage, as written.
    pub max_unavailable: Setting<String>,
}

/// What bounds a job.
#[derive(Debug, Default)]
pub struct JobFacts {
    /// The job spec's `ttlSecondsAfterFinished`.
    pub ttl: Setting<u32>,
    /// The CronJob's own settings; `None` for a Job.
    pub cron: Option<CronFacts>,
}

#[derive(Debug, Default)]
pub struct CronFacts {
    pub concurrency: Setting<String>,
    pub starting_deadline: Setting<u32>,
}

/// A pod's spec.
#[derive(Debug, Default)]
pub struct Pod {
    /// The `containers` key, or the first key of the spec.
    pub location: Location,
    /// All containers, init containers first.
    pub containers: Vec<Container>,
    pub volumes: Vec<Volume>,
    pub restart_policy: Setting<String>,
    pub service_account: Setting<String>,
    pub automount_token: Setting<bool>,
    pub windows: bool,
    /// `hostUsers: false`: root inside is nobody outside.
    pub own_users: bool,
    /// Names of `securityContext.sysctls`.
    pub sysctls: Vec<Located<String>>,
    pub termination_grace: Setting<u32>,
    /// `topologySpreadConstraints`, or an anti-affinity between pods: what keeps replicas apart.
    pub spread: Setting<()>,
    pub references: Vec<Reference>,
}

impl Pod {
    /// The containers that serve as long as the pod lives.
    pub fn lasting(&self) -> impl Iterator<Item = &Container> {
        self.containers
            .iter()
            .filter(|one| matches!(one.role, ContainerRole::Main | ContainerRole::Sidecar))
    }

    /// The pod's own containers.
    pub fn main(&self) -> impl Iterator<Item = &Container> {
        self.containers
            .iter()
            .filter(|one| one.role == ContainerRole::Main)
    }
}

/// One of a pod's `volumes`, or a StatefulSet's claim template.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    pub name: String,
    pub location: Location,
    /// The key that says its type: `hostPath`, `emptyDir`, …
    pub kind: Option<Located<String>>,
    pub source: MountSource,
}

/// Another object that a pod names.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    pub kind: ReferenceKind,
    pub name: Located<String>,
    /// An entry of the ConfigMap or Secret.
    pub key: Option<Located<String>>,
    /// It may be missing.
    pub optional: bool,
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

impl Pod {
    /// Lowers a pod's spec. `template` is the object that has `metadata` and `spec`; `claims` are a
    /// StatefulSet's claim templates.
    pub(super) fn read(spec: SpecReader, annotations: &Labels, claims: &[SpecReader]) -> Self {
        let mut volumes: Vec<Volume> = spec
            .list("volumes")
            .into_iter()
            .filter_map(volume)
            .collect();
        volumes.extend(claims.iter().filter_map(|claim| {
            let name = claim
                .path(&["metadata", "name"])
                .and_then(SpecReader::text)
                .known()?
                .clone();
            Some(Volume {
                name: name.value,
                location: name.location,
                kind: None,
                source: MountSource::Anonymous,
            })
        }));
        let security = spec.get("securityContext");
        let windows = spec
            .path(&["os", "name"])
            .and_then(SpecReader::text)
            .value()
            .is_some_and(|name| name == "windows");
        let host_users = spec.flag("hostUsers");
        let defaults = PodDefaults {
            spec,
            security: security.clone(),
            annotations,
            volumes: &volumes,
            volumes_open: spec
                .get("volumes")
                .value()
                .map_or_else(|| spec.is_open(), |view| view.is_open()),
            windows,
            own_users: host_users.is(false),
        };

        let mut references = Vec::new();
        let mut containers = Vec::new();
        let lists = [
            ("initContainers", ContainerRole::Init),
            ("containers", ContainerRole::Main),
            ("ephemeralContainers", ContainerRole::Ephemeral),
        ];

        for (key, role) in lists {
            for item in spec.list(key) {
                if item.node.entries().next().is_some() {
                    containers.push(container(item, role, &defaults, &mut references));
                }
            }
        }

        unmounted_host_paths(&volumes, &mut containers);
        references.extend(spec.list("volumes").into_iter().flat_map(volume_references));
        let account = spec
            .str("serviceAccountName")
            .or(spec.str("serviceAccount"));
        if let Some(name) = account.known() {
            references.push(Reference {
                kind: ReferenceKind::ServiceAccount,
                name: name.clone(),
                key: None,
                optional: false,
            });
        }

        for item in spec.list("imagePullSecrets") {
            if let Some(name) = item.str("name").known() {
                references.push(Reference {
                    kind: ReferenceKind::Secret,
                    name: name.clone(),
                    key: None,
                    optional: false,
                });
            }
        }

        let within = |key: &str| {
            security
                .value()
                .map_or(Setting::Absent, |view| view.get(key))
        };

        let sysctls = within("sysctls")
            .value()
            .map(|view| view.items().collect::<Vec<_>>())
            .unwrap_or_default();
        Self {
            location: spec
                .key("containers")
                .or_else(|| spec.node.entries().next().map(|e| e.key.location()))
                .unwrap_or_default(),
            containers,
            restart_policy: spec.str("restartPolicy"),
            service_account: account,
            automount_token: spec.flag("automountServiceAccountToken"),
            windows,
            own_users: host_users.is(false),
            sysctls: sysctls
                .iter()
                .filter_map(|item| item.str("name").known().cloned())
                .collect(),
            termination_grace: spec
                .get("terminationGracePeriodSeconds")
                .and_then(SpecReader::unsigned),
            spread: spread(spec),
            references,
            volumes,
        }
    }
}

fn spread(spec: SpecReader) -> Setting<()> {
    let constraints = spec.get("topologySpreadConstraints");
    let anti = spec.path(&["affinity", "podAntiAffinity"]);

    match (constraints, anti) {
        (Setting::Set(at), _) | (_, Setting::Set(at)) => Setting::set((), at.location),
        (Setting::Absent, Setting::Absent) => Setting::Absent,
        (one, other) => Setting::Unknown(one.location().or(other.location())),
    }
}

fn volume(item: SpecReader) -> Option<Volume> {
    let name = item
        .str("name")
        .known()
        .cloned()
        .unwrap_or_else(|| Located::new(String::new(), item.node.location()));
    let kind = item
        .entries()
        .find(|(key, _)| key.str().is_some_and(|key| key != "name"));
    let Some((key, value)) = kind else {
        let source = if item.is_open() {
            MountSource::Unknown
        } else {
            MountSource::Scratch
        };

        return Some(Volume {
            name: name.value,
            location: name.location,
            kind: None,
            source,
        });
    };

    let kind = key.str().unwrap_or_default();
    let named = |field: &str, make: fn(Located<String>) -> MountSource| {
        value
            .str(field)
            .known()
            .cloned()
            .map_or(MountSource::Unknown, make)
    };

    let source = match kind {
        "hostPath" => named("path", MountSource::Host),
        "emptyDir" | "downwardAPI" => MountSource::Scratch,
        "persistentVolumeClaim" => named("claimName", MountSource::Volume),
        "configMap" => named("name", MountSource::ConfigMap),
        "secret" => named("secretName", MountSource::Secret),
        "ephemeral" => MountSource::Scratch,
        _ => MountSource::Other,
    };

    let kind = Located::new(kind.to_owned(), key.content());
    Some(Volume {
        name: name.value,
        location: name.location,
        kind: Some(kind),
        source,
    })
}

fn volume_references(item: SpecReader) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut add = |view: SpecReader, kind: ReferenceKind, field: &str| {
        let Some(name) = view.str(field).known().cloned() else {
            return;
        };

        let optional = view.flag("optional").is(true);
        let keys: Vec<Located<String>> = view
            .list("items")
            .iter()
            .filter_map(|item| item.str("key").known().cloned())
            .collect();
        if keys.is_empty() {
            found.push(Reference {
                kind,
                name,
                key: None,
                optional,
            });

            return;
        }

        found.extend(keys.into_iter().map(|key| Reference {
            kind,
            name: name.clone(),
            key: Some(key),
            optional,
        }));
    };

    let mut each = |view: SpecReader, secret: &str| {
        if let Some(map) = view.get("configMap").value() {
            add(*map, ReferenceKind::ConfigMap, "name");
        }

        if let Some(from) = view.get("secret").value() {
            add(*from, ReferenceKind::Secret, secret);
        }
    };

    each(item, "secretName");

    if let Some(projected) = item.get("projected").value() {
        projected
            .list("sources")
            .into_iter()
            .for_each(|source| each(source, "name"));
    }

    if let Some(claim) = item.get("persistentVolumeClaim").value() {
        add(*claim, ReferenceKind::Claim, "claimName");
    }

    found
}

/// A path of the host is within the pod's reach although no container mounts it yet: it is told of
/// the first container.
fn unmounted_host_paths(volumes: &[Volume], containers: &mut [Container]) {
    for volume in volumes {
        let MountSource::Host(path) = &volume.source else {
            continue;
        };

        let same = |mount: &Mount| matches!(&mount.source, MountSource::Host(own) if own.location == path.location);
        if containers.iter().any(|one| one.mounts.iter().any(same)) {
            continue;
        }

        if let Some(first) = containers.first_mut() {
            let source = volume.source.clone();
            first.mounts.push(Mount {
                location: path.location,
                source,
                target: None,
                read_only: false,
            });
        }
    }
}

/// Kinds of references that variables come from.
pub(super) const fn reference_kind(kind: EnvFromKind) -> ReferenceKind {
    match kind {
        EnvFromKind::Secret => ReferenceKind::Secret,
        EnvFromKind::ConfigMap | EnvFromKind::File => ReferenceKind::ConfigMap,
    }
}
