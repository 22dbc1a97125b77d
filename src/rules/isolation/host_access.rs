//! `privileged-container`, `dangerous-capability`, `host-namespace`, `docker-socket`,
//! `sensitive-host-mount`, `host-device`: access of a container to its host.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::analysis::cluster_program::{ClusterProgram, is_node_agent, program};
use crate::analysis::{Analysis, Owner};
use crate::data::Class;
use crate::embedded::table;
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::container::{Container, ContainerRole, HostNamespace, Mount, MountSource};
use crate::model::image::Reference;
use crate::model::kubernetes::{Object, Workload};
use crate::source::Located;

#[derive(Deserialize)]
struct CapabilityTable {
    program: Vec<CapabilityEntry>,
}

#[derive(Deserialize)]
struct CapabilityEntry {
    names: Vec<String>,
    capabilities: Vec<String>,
}

/// Programs that need capabilities for what they are for.
static PROGRAMS: LazyLock<Vec<CapabilityEntry>> = LazyLock::new(|| {
    let table: CapabilityTable = table!("capabilities");
    table.program
});

/// Capabilities that the Pod Security Standards' baseline lets a container add.
const BASELINE: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Capabilities that do not lead to the host, such as locking memory and raising priorities.
const MILD: &[&str] = &[
    "IPC_LOCK",
    "SYS_NICE",
    "SYS_RESOURCE",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "LEASE",
];

pub fn privileged(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Setting::Set(Located {
        value: true,
        location,
    }) = container.security.privileged
    else {
        return;
    };

    sink.report(
        Finding::new(
            location,
            format!("{} runs in privileged mode", container.title()),
        )
        .label("grants every capability and every device of the host")
        .help("remove it, and add only the capability or device that is needed")
        .anchor(container.anchor)
        .case_if(is_node_agent(owner), "node-agent")
        .case_if(sets_kernel_parameters(container), "kernel-settings"),
    );
}

/// Whether a container sets kernel parameters of the node before the others start, which Kubernetes
/// has no other way to do.
fn sets_kernel_parameters(container: &Container) -> bool {
    let commands = [&container.entrypoint, &container.command];

    container.role == ContainerRole::Init
        && commands
            .into_iter()
            .flatten()
            .flat_map(|command| command.script().invocations())
            .any(|invocation| {
                invocation.program == "sysctl"
                    || invocation
                        .args
                        .iter()
                        .any(|word| word.text().contains("sysctl "))
            })
}

pub fn dangerous_capability(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    for added in &container.security.added_capabilities {
        let name = added.value.as_str();
        if is_mild(name) {
            continue;
        }

        let gives = match name {
            "ALL" => "every capability of root on the host",
            "SYS_ADMIN" => "mounts, namespaces, and most of what root can do",
            "SYS_PTRACE" => "reading and changing other processes",
            "SYS_MODULE" => "loading kernel modules",
            "SYS_RAWIO" => "raw access to the host's devices",
            "NET_ADMIN" => "control of network interfaces and routes",
            "NET_RAW" => "forging packets on the container's network",
            "BPF" | "PERFMON" => "running programs inside the kernel",
            "DAC_READ_SEARCH" => "reading any file regardless of its permissions",
            "SYS_TIME" => "setting the host's clock",
            "SYS_BOOT" => "rebooting the host",
            "AUDIT_CONTROL" | "AUDIT_READ" | "CHECKPOINT_RESTORE" | "IPC_OWNER"
            | "LINUX_IMMUTABLE" | "MAC_ADMIN" | "MAC_OVERRIDE" | "NET_BROADCAST" | "SYSLOG"
            | "SYS_PACCT" | "SYS_TTY_CONFIG" => "more than a container gets by default",
            // No engine knows it: `invalid-value` says so.
            _ => continue,
        };

        let finding = Finding::new(
            added.location,
            format!("{} adds the capability `{name}`", container.title()),
        )
        .label(gives)
        .help("remove it, or move the work that needs it out of the container")
        .case_if(owner.is_development(), "development")
        .case_if(is_node_agent(owner), "node-agent")
        .case_if(is_purpose(container, name), "purpose")
        .aspect(name.to_owned());

        // A container in privileged mode has every capability.
        sink.report(match &container.security.privileged {
            Setting::Set(privileged) if privileged.value => finding.part_of(privileged.location),
            _ => finding,
        });
    }
}

/// Whether a capability does not lead to the host.
pub(super) fn is_mild(capability: &str) -> bool {
    BASELINE.contains(&capability) || MILD.contains(&capability)
}

/// A capability that is harmless, but not one by the name that is written.
pub fn misnamed_capability(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Owner::Kubernetes(object, _) = owner else {
        return;
    };

    for written in &container.security.misnamed_capabilities {
        let upper = written.value.to_ascii_uppercase();
        let name = upper.trim_start_matches("CAP_");
        if !is_mild(name) {
            continue;
        }

        sink.report(
            Finding::new(
                written.location,
                format!("`{}` is not the name of a capability", written.value),
            )
            .label("Pod Security admission refuses the pod")
            .help(format!("write `{name}`"))
            .anchor(object.anchor)
            .case("misnamed"),
        );
    }
}

/// Whether a program is for what a capability gives: a tunnel, and the routes that it sets.
fn is_purpose(container: &Container, capability: &str) -> bool {
    let reference = container
        .image
        .as_ref()
        .and_then(|it| it.reference.as_ref());
    let Some(name) = reference.map(Reference::short_name) else {
        return false;
    };

    PROGRAMS
        .iter()
        .filter(|entry| entry.names.iter().any(|known| known == name))
        .any(|entry| entry.capabilities.iter().any(|known| known == capability))
}

pub fn host_namespace(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let name = match owner {
        Owner::Compose(..) => format!("`{}`", container.name.value),
        // The setting is the pod's; each container repeats it.
        Owner::Kubernetes(object, _) => object.title(),
    };

    report_namespaces(&name, &container.security.host_namespaces, owner, sink);
}

/// The settings of a patch for pods whose containers are elsewhere.
pub fn namespaces_of_patch(_: &Analysis, object: &Object, workload: &Workload, sink: &mut Sink) {
    if workload.pod.containers.is_empty() {
        let owner = Owner::Kubernetes(object, workload);
        report_namespaces(&object.title(), &workload.pod.host_namespaces, owner, sink);
    }
}

fn report_namespaces(
    name: &str,
    namespaces: &[Located<HostNamespace>],
    owner: Owner,
    sink: &mut Sink,
) {
    let is_compose = matches!(owner, Owner::Compose(..));
    for shared in namespaces {
        let (gives, help) = match shared.value {
            HostNamespace::Network if is_compose => (
                "can reach and listen on all of the host's interfaces",
                "remove it, and publish the ports that it needs under `ports:`",
            ),
            HostNamespace::Network => (
                "can reach and listen on all of the host's interfaces",
                "remove it, and reach the pod through a Service",
            ),
            HostNamespace::Pid if is_compose => (
                "can see and signal every process on the host",
                "remove it, or share it with one service only: `pid: service:NAME`",
            ),
            HostNamespace::Pid => (
                "can see and signal every process on the host",
                "remove it, or share one within the pod: `shareProcessNamespace: true`",
            ),
            HostNamespace::Ipc if is_compose => (
                "shares memory with the host's processes",
                "remove it, or enlarge the container's own shared memory: `shm_size: 1gb`",
            ),
            HostNamespace::Ipc => (
                "shares memory with the host's processes",
                "remove it, or mount an `emptyDir` with `medium: Memory` at `/dev/shm`",
            ),
            HostNamespace::User => (
                "root in the container is root on the host",
                "remove it and let the engine map users",
            ),
            HostNamespace::Uts => (
                "can rename the host",
                "remove it and set `hostname` instead",
            ),
            HostNamespace::Cgroup => ("can see the host's control groups", "remove it"),
        };

        sink.report(
            Finding::new(
                shared.location,
                format!(
                    "{name} shares the host's {} namespace",
                    shared.value.as_str()
                ),
            )
            .label(gives)
            .help(help)
            .aspect(shared.value.as_str())
            .case_if(owner.is_development(), "development")
            .case_if(is_node_agent(owner), "node-agent"),
        );
    }
}

/// Sockets of container engines.
fn is_engine_socket(path: &str) -> bool {
    const NAMES: &[&str] = &[
        "docker.sock",
        "containerd.sock",
        "crio.sock",
        "podman.sock",
        "dockershim.sock",
        "cri-dockerd.sock",
    ];
    const FOLDERS: &[&str] = &["/run/docker", "/run/containerd", "/run/crio", "/run/podman"];
    let folder = path.trim_end_matches('/');
    let folder = folder.strip_prefix("/var").unwrap_or(folder);
    NAMES.contains(&path.rsplit('/').next().unwrap_or(path))
        || path.contains("docker_engine")
        || FOLDERS.contains(&folder)
}

fn host_path(mount: &Mount) -> Option<&Located<String>> {
    match &mount.source {
        MountSource::Host(path) => Some(path),
        _ => None,
    }
}

pub fn docker_socket(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    for path in container
        .mounts
        .iter()
        .filter_map(host_path)
        .filter(|path| is_engine_socket(&path.value))
    {
        sink.report(
            Finding::new(
                path.location,
                format!(
                    "{} mounts the container engine's socket",
                    subject(owner, container)
                ),
            )
            .label("allows starting containers as root on the host")
            .help(
                "use a socket proxy that allows only the calls needed, or remove it; `:ro` \
                    does not restrict it",
            )
            .case_if(owner.is_development(), "development"),
        );
    }

    if let Owner::Compose(_, service) = owner
        && let Some(flag) = service.api_socket.known().filter(|flag| flag.value)
    {
        sink.report(
            Finding::new(
                flag.location,
                format!(
                    "{} gets the container engine's socket",
                    subject(owner, container)
                ),
            )
            .label("also gives it the registry credentials of the user")
            .help("remove it, or use a socket proxy that allows only the calls needed")
            .case_if(owner.is_development(), "development"),
        );
    }
}

/// Folders of the host that lead to all of it.
const SENSITIVE: &[&str] = &[
    "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/proc", "/root", "/run",
    "/sbin", "/sys", "/usr", "/var", "/var/lib", "/var/run", "/var/log",
];

/// Folders of which every part is sensitive.
const SENSITIVE_BELOW: &[&str] = &[
    "/boot/",
    "/proc/",
    "/root/",
    "/sys/",
    "/etc/cron.d/",
    "/etc/docker/",
    "/etc/kubernetes/",
    "/etc/pam.d/",
    "/etc/ssh/",
    "/etc/sudoers.d/",
    "/usr/bin/",
    "/usr/sbin/",
    "/var/lib/containerd",
    "/var/lib/docker",
    "/var/lib/kubelet",
];

const SENSITIVE_FILES: &[&str] = &[
    "/etc/shadow",
    "/etc/passwd",
    "/etc/group",
    "/etc/sudoers",
    "/etc/crontab",
];

/// Folders of a home that hold credentials.
const HOME_SECRETS: &[&str] = &[
    "/.ssh",
    "/.aws",
    "/.kube",
    "/.gnupg",
    "/.docker",
    "/.config/gcloud",
    "/.azure",
    "/.netrc",
];

/// Parts of `/etc` without accounts and keys of the host.
const HARMLESS_ETC: &[&str] = &[
    "/etc/ca-certificates",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/letsencrypt",
    "/etc/localtime",
    "/etc/machine-id",
    "/etc/nginx",
    "/etc/os-release",
    "/etc/pki",
    "/etc/resolv.conf",
    "/etc/ssl",
    "/etc/timezone",
    "/etc/OpenCL",
    "/etc/vulkan",
    "/etc/alternatives",
];

/// Whether a path is another part of the host's configuration that the container can change.
fn is_configuration(path: &str, mount: &Mount) -> bool {
    path.starts_with("/etc/")
        && !mount.read_only
        && !HARMLESS_ETC.iter().any(|folder| path.starts_with(folder))
}

fn is_sensitive(path: &str) -> bool {
    let trimmed = if path.len() > 1 {
        path.trim_end_matches('/')
    } else {
        path
    };

    let home =
        trimmed.starts_with('~') || trimmed.starts_with("/home/") || trimmed.starts_with("/Users/");
    SENSITIVE.contains(&trimmed)
        || SENSITIVE_FILES.contains(&trimmed)
        || SENSITIVE_BELOW
            .iter()
            .any(|folder| trimmed.starts_with(folder))
        || (home && HOME_SECRETS.iter().any(|secret| trimmed.contains(secret)))
}

pub fn sensitive_host_mount(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    for mount in &container.mounts {
        let Some(path) = host_path(mount).filter(|path| !is_engine_socket(&path.value)) else {
            continue;
        };

        let sensitive = is_sensitive(&path.value);
        // In a cluster any folder of a node is shared with every pod that is scheduled there.
        let is_reported = match owner {
            Owner::Kubernetes(..) => true,
            Owner::Compose(..) => sensitive || is_configuration(&path.value, mount),
        };
        if !is_reported {
            continue;
        }

        let access = if mount.read_only {
            "can read"
        } else {
            "can modify"
        };

        sink.report(
            Finding::new(
                path.location,
                format!(
                    "{} mounts the host path `{}`",
                    subject(owner, container),
                    path.value
                ),
            )
            .label(format!("the container {access} it"))
            .help("mount only the file or directory that is needed, read-only, or use a volume")
            .case_if(owner.is_development(), "development")
            .case_if(mount.read_only && is_monitoring(owner), "monitoring")
            .case_if(
                is_node_agent(owner),
                if path.value == "/" {
                    "node-agent-root"
                } else {
                    "node-agent"
                },
            )
            .case_if(!sensitive, "ordinary-path"),
        );
    }
}

/// Whether a service runs a monitoring agent, which has to see the host to report about it.
fn is_monitoring(owner: Owner) -> bool {
    match owner {
        Owner::Compose(_, service) => {
            service
                .known_image()
                .is_some_and(|known| known.class == Class::Monitoring)
                || matches!(
                    program(&service.container),
                    Some(ClusterProgram::Agent | ClusterProgram::Exporter)
                )
        }
        Owner::Kubernetes(..) => false,
    }
}

/// The subject of a message: for volumes of a pod the pod, so that its containers share one finding.
fn subject(owner: Owner, container: &Container) -> String {
    match owner {
        Owner::Compose(..) => format!("`{}`", container.name.value),
        Owner::Kubernetes(object, _) => object.title(),
    }
}

/// Devices for computing, display and tunnels, which hold no data of the host.
const ORDINARY_DEVICES: &[&str] = &[
    "/dev/accel",
    "/dev/davinci",
    "/dev/dri",
    "/dev/dxg",
    "/dev/fuse",
    "/dev/hisi_hdc",
    "/dev/kfd",
    "/dev/net/tun",
    "/dev/null",
    "/dev/nvidia",
    "/dev/shm",
    "/dev/snd",
    "/dev/tty",
    "/dev/usb",
    "/dev/vfio",
    "/dev/video",
    "/dev/devmm_svm",
    "/dev/davinci_manager",
    "/dev/apex",
    "/dev/bus/usb",
    "/dev/serial",
];

pub fn host_device(_: &Analysis, _: Owner, container: &Container, sink: &mut Sink) {
    for device in &container.security.devices {
        let path = device.value.split(':').next().unwrap_or("");
        if !path.starts_with("/dev")
            || ORDINARY_DEVICES
                .iter()
                .any(|ordinary| path.starts_with(ordinary))
        {
            continue;
        }

        sink.report(
            Finding::new(
                device.location,
                format!(
                    "{} has access to the host device `{path}`",
                    container.title()
                ),
            )
            .label("access bypasses the host's file permissions")
            .help("remove it, or mount the files that are needed instead"),
        );
    }
}
