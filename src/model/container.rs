//! Containers, as compose and Kubernetes both describe them.

use super::env::EnvVar;
use super::id::Id;
use super::image::ImageUse;
use super::{Command, Many, Setting};
use crate::source::{Located, Location};

/// The part that a container plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContainerRole {
    /// A compose service.
    Service,
    /// One of a pod's `containers`.
    Main,
    /// An init container that ends before the others start.
    Init,
    /// An init container with `restartPolicy: Always`.
    Sidecar,
    Ephemeral,
}

/// The number of a container among those of all pods and services.
pub type ContainerId = Id<Container>;

/// A compose service's container, or one container of a pod with the pod's own settings applied to
/// it.
#[derive(Debug)]
pub struct Container {
    pub id: ContainerId,
    pub name: Located<String>,
    pub role: ContainerRole,
    /// The first token of the object: the service's key, the container's `name` value. Findings of
    /// absence point here.
    pub anchor: Location,
    /// Parts of it may be set elsewhere: it is of a patch, an overlay or a template, or extends a
    /// file that is not here. Settings of such a container are unknown where they would be absent,
    /// and its lists are open.
    pub open: bool,
    pub image: Option<ImageUse>,
    /// Compose `entrypoint`, Kubernetes `command`.
    pub entrypoint: Option<Command>,
    /// Compose `command`, Kubernetes `args`.
    pub command: Option<Command>,
    pub env: Many<EnvVar>,
    /// `env_file`, `envFrom`: further variables come from there.
    pub env_from: Many<EnvFrom>,
    pub ports: Many<Port>,
    pub mounts: Many<Mount>,
    pub security: Security,
    pub resources: Resources,
    /// Compose's `healthcheck`.
    pub health: Setting<HealthCheck>,
    pub liveness: Setting<Probe>,
    pub readiness: Setting<Probe>,
    pub startup: Setting<Probe>,
    /// What only a pod's containers have; `None` in compose.
    pub kube: Option<Box<KubeContainer>>,
}

impl Container {
    /// The quoted name for messages, or `a container` where a template leaves the name open.
    pub fn title(&self) -> String {
        if self.name.value.is_empty() {
            "a container".to_owned()
        } else {
            format!("`{}`", self.name.value)
        }
    }
}

impl Container {
    /// Where a key is missing: at the container, or at the patch that removes it.
    pub fn absence(&self, key: &str) -> Location {
        let removed = self.kube.iter().flat_map(|kube| &kube.removed);
        let mut removed = removed.filter(|(path, _)| {
            key.strip_prefix(path.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });

        removed.next().map_or(self.anchor, |(_, place)| *place)
    }
}

/// Settings of a pod's container that compose does not know.
#[derive(Debug, Default)]
pub struct KubeContainer {
    pub pull_policy: Setting<String>,
    /// Keys that a patch removed, with the place in the patch.
    pub removed: Vec<(String, Location)>,
    /// The handler of `lifecycle.preStop`.
    pub pre_stop: Setting<ProbeAction>,
    /// `host` fields of lifecycle hooks.
    pub hook_hosts: Vec<Located<String>>,
    /// The type of the seccomp profile in effect.
    pub seccomp: Setting<String>,
    /// Windows' `hostProcess`, in effect.
    pub host_process: Setting<bool>,
    pub tty: Setting<bool>,
    pub stdin: Setting<bool>,
}

/// A source of further variables.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvFrom {
    pub kind: EnvFromKind,
    /// A file's path as written, or an object's name.
    pub name: Located<String>,
    /// The container starts without it: `required: false`, `optional: true`.
    pub optional: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EnvFromKind {
    File,
    ConfigMap,
    Secret,
}

/// The user of a container, and its rights.
#[derive(Debug, Default)]
pub struct Security {
    /// Compose `user`, Kubernetes effective `runAsUser`: a name or a number, group included as
    /// written.
    pub user: Setting<String>,
    /// Kubernetes, effective.
    pub run_as_non_root: Setting<bool>,
    pub privileged: Setting<bool>,
    /// Kubernetes `allowPrivilegeEscalation`; compose `no-new-privileges` sets it to false.
    pub allow_privilege_escalation: Setting<bool>,
    pub read_only_root: Setting<bool>,
    /// Upper case, without `CAP_`.
    pub added_capabilities: Many<Located<String>>,
    pub dropped_capabilities: Many<Located<String>>,
    /// Namespaces shared with the host. In Kubernetes these are the pod's, repeated on each
    /// container.
    pub host_namespaces: Vec<Located<HostNamespace>>,
    /// Seccomp, AppArmor, SELinux options as written: compose `security_opt` items, Kubernetes
    /// profile types as `seccomp=Unconfined`, `apparmor=Unconfined`.
    pub profiles: Vec<Located<String>>,
    /// Kubernetes `procMount`.
    pub proc_mount: Setting<String>,
    /// Host devices given to the container.
    pub devices: Vec<Located<String>>,
}

impl Security {
    /// Whether nothing of the container's own security context is set. The user may be the pod's.
    pub fn is_bare(&self) -> bool {
        self.privileged.is_absent()
            && self.allow_privilege_escalation.is_absent()
            && self.read_only_root.is_absent()
            && self.added_capabilities.is_empty()
            && self.dropped_capabilities.is_absent()
            && self.proc_mount.is_absent()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HostNamespace {
    Network,
    Pid,
    Ipc,
    User,
    Uts,
    Cgroup,
}

impl HostNamespace {
    pub const fn as_str(self) -> &'static str {
        match self {
            HostNamespace::Network => "network",
            HostNamespace::Pid => "process",
            HostNamespace::Ipc => "IPC",
            HostNamespace::User => "user",
            HostNamespace::Uts => "UTS",
            HostNamespace::Cgroup => "cgroup",
        }
    }
}

/// Requests and limits: CPU in cores, memory in bytes. A limit of 0 means none, so it
/// is lowered as absent, with its location in `zero`.
#[derive(Debug, Default)]
pub struct Resources {
    pub cpu_request: Setting<Quantity>,
    pub cpu_limit: Setting<Quantity>,
    pub memory_request: Setting<Quantity>,
    pub memory_limit: Setting<Quantity>,
    pub pids_limit: Setting<Quantity>,
    /// Limits written as 0 or -1, which means unlimited.
    pub zero: Vec<Location>,
    /// It asks for devices of the node, such as `nvidia.com/gpu`.
    pub devices: bool,
    /// Resources that a compose service sets by two keys.
    pub twice: Vec<Twice>,
}

impl Resources {
    /// Whether neither a request nor a limit of CPU and memory is set.
    pub const fn is_bare(&self) -> bool {
        self.cpu_request.is_absent()
            && self.cpu_limit.is_absent()
            && self.memory_request.is_absent()
            && self.memory_limit.is_absent()
    }
}

/// A resource that a compose service sets by a key of its own, beside a table of `deploy.resources`
/// that may set it too.
#[derive(Clone, Debug, PartialEq)]
pub struct Twice {
    /// `mem_limit`.
    pub key: &'static str,
    pub own: Located<Quantity>,
    /// `deploy.resources.limits.memory`.
    pub path: &'static str,
    pub deploy: Setting<Quantity>,
    /// The key of the table.
    pub table: Location,
}

/// An amount as written and, where it is valid, in base units (cores, bytes, processes).
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    pub written: String,
    pub amount: Option<f64>,
}

/// A port of a container.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    pub location: Location,
    pub name: Option<Located<String>>,
    /// Inside the container; a range is lowered to its ends.
    pub target: Option<(u16, u16)>,
    /// On the host: `Some(None)` is a random port, `None` is not published.
    pub published: Option<Option<(u16, u16)>>,
    /// The host address it is bound to; `None` is all of them.
    pub host_ip: Option<String>,
    /// `tcp` unless written otherwise.
    pub protocol: String,
    /// A part of it is an unresolved variable.
    pub unknown: bool,
    /// As written, for messages.
    pub written: String,
}

impl Port {
    /// Whether it is published on every address of the host.
    pub fn is_public(&self) -> bool {
        self.published.is_some() && self.host_ip.as_deref().is_none_or(is_any_address)
    }
}

fn is_any_address(ip: &str) -> bool {
    matches!(ip.trim_matches(['[', ']']), "" | "0.0.0.0" | "::" | "*")
}

/// Something mounted into a container.
#[derive(Clone, Debug, PartialEq)]
pub struct Mount {
    pub location: Location,
    pub source: MountSource,
    /// Path in the container; `None` where it is unknown.
    pub target: Option<Located<String>>,
    pub read_only: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum MountSource {
    /// A path of the host, as written: compose bind mounts and Kubernetes `hostPath`.
    Host(Located<String>),
    /// A named volume or claim.
    Volume(Located<String>),
    /// A volume without a name, or the claim of a StatefulSet.
    Anonymous,
    /// Memory or scratch space that is lost with the container or pod: tmpfs, `emptyDir`.
    Scratch,
    ConfigMap(Located<String>),
    Secret(Located<String>),
    /// Other storage outside of the pod: CSI, NFS, cloud disks.
    Other,
    Unknown,
}

/// Compose's `healthcheck`, or a Dockerfile's `HEALTHCHECK`.
#[derive(Debug)]
pub struct HealthCheck {
    /// `NONE`, or `disable: true`.
    pub disabled: bool,
    pub test: Option<Command>,
    /// The items after the string of `CMD-SHELL`, which nothing runs.
    pub stray: Vec<Location>,
}

impl HealthCheck {
    /// The command that tests the health, unless the check is disabled.
    pub fn active_test(&self) -> Option<&Command> {
        if self.disabled {
            None
        } else {
            self.test.as_ref()
        }
    }
}

/// A Kubernetes probe.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    pub action: ProbeAction,
    /// Handler and numbers in a fixed order, to compare two probes.
    pub fingerprint: String,
    /// A `host` field of the handler.
    pub host: Option<Located<String>>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ProbeAction {
    Http {
        path: Option<Located<String>>,
        port: Setting<String>,
    },
    Tcp {
        port: Setting<String>,
    },
    Grpc {
        port: Setting<String>,
    },
    Exec {
        words: Vec<Located<String>>,
    },
    Unknown,
}
