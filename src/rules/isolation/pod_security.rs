//! `seccomp-profile`, `security-profile-disabled`, `host-port`, `unmasked-proc`, `unsafe-sysctl`,
//! `restricted-standard`, `restricted-volume`: the Pod Security Standards, as far as the other isolation rules do not
//! cover them.

use crate::analysis::cluster_program::is_node_agent;
use crate::analysis::workload::container_title;
use crate::analysis::{Analysis, Owner};
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::container::Container;
use crate::model::kubernetes::{Object, Workload};
use crate::rules::isolation::host_access::is_mild;
use crate::source::Located;

/// Sysctls that are separate for each namespace.
const SAFE_SYSCTLS: [&str; 14] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_notsent_lowat",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
];

/// Volume types of the restricted standard. `hostPath` has rules of its own.
const RESTRICTED_VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// A missing profile is reported once for each pod; one that filters nothing, for each container.
pub fn seccomp(ctx: &Analysis, sink: &mut Sink) {
    for object in ctx.graph.cluster.objects() {
        let Some(workload) = object
            .workload()
            .filter(|workload| !workload.pod.windows && !workload.guessed)
        else {
            continue;
        };

        let mut is_reported = false;

        for container in &workload.pod.containers {
            let Some(kube) = &container.kube else {
                continue;
            };

            match &kube.seccomp {
                Setting::Absent if !is_reported => {
                    is_reported = true;
                    let finding = Finding::new(
                        container.absence("securityContext.seccompProfile"),
                        format!(
                            "{} has no seccomp profile",
                            container_title(object, container)
                        ),
                    )
                    .label("can make any system call")
                    .help(
                        "set `seccompProfile: {type: RuntimeDefault}` in the pod's \
                         `securityContext`",
                    )
                    .anchor(object.anchor)
                    .aspect("no profile");
                    sink.report(if container.security.is_bare() {
                        finding.part_of(container.anchor)
                    } else {
                        finding
                    });
                }

                Setting::Set(kind)
                    if !matches!(kind.value.as_str(), "RuntimeDefault" | "Localhost") =>
                {
                    let message = format!(
                        "{} runs without a seccomp filter",
                        container_title(object, container)
                    );
                    let finding = Finding::new(kind.location, message)
                        .help("use `RuntimeDefault`")
                        .anchor(object.anchor);
                    sink.report(finding.label(format!("`{}` filters nothing", kind.value)));
                }
                _ => {}
            }
        }
    }
}

/// Compose `security_opt` and the profile fields of pods.
pub fn profiles(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let (title, anchor) = match owner {
        Owner::Kubernetes(object, _) => (container_title(object, container), object.anchor),
        Owner::Compose(..) => (format!("`{}`", container.name.value), container.anchor),
    };

    for profile in &container.security.profiles {
        let Some(what) = disabled(profile) else {
            continue;
        };

        sink.report(
            Finding::new(profile.location, format!("{title} {what}"))
                .aspect(what)
                .label("weakens the isolation between container and host")
                .help("use the runtime's default profile")
                .anchor(anchor)
                .case_if(owner.is_development(), "development"),
        );
    }

    let host_process = container
        .kube
        .as_ref()
        .and_then(|kube| kube.host_process.known());
    if let Some(setting) = host_process
        && setting.value
    {
        sink.report(
            Finding::new(
                setting.location,
                format!("{title} runs as a process of the Windows host"),
            )
            .label("no isolation from the host")
            .help("run it as a container; use `hostProcess` only for node agents")
            .anchor(anchor),
        );
    }
}

/// How a profile weakens the isolation, in words; `None` if it does not.
fn disabled(profile: &Located<String>) -> Option<String> {
    let written = profile.value.replacen(':', "=", 1);
    let (key, value) = written.split_once('=').unwrap_or((&written, ""));
    let value = value.trim_start_matches("type=");

    match key {
        "seccomp" if value.eq_ignore_ascii_case("unconfined") => {
            Some("disables its seccomp filter".to_owned())
        }
        "systempaths" if value.eq_ignore_ascii_case("unconfined") => {
            Some("has an unmasked `/proc`".to_owned())
        }
        "apparmor" if value.eq_ignore_ascii_case("unconfined") => {
            Some("disables its AppArmor profile".to_owned())
        }
        "apparmor" if value.contains('/') && !value.starts_with("localhost/") => {
            Some(format!("has an invalid AppArmor profile `{value}`"))
        }
        "label" if value.starts_with("disable") => Some("disables its SELinux label".to_owned()),
        "selinux-type"
            if !matches!(
                value,
                "" | "container_t" | "container_init_t" | "container_kvm_t" | "container_engine_t"
            ) =>
        {
            Some(format!("sets the SELinux type `{value}`"))
        }
        "selinux-user" | "selinux-role" if !value.is_empty() => Some(format!(
            "sets its SELinux {} to `{value}`",
            key.trim_start_matches("selinux-")
        )),
        _ => None,
    }
}

pub fn host_port(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Owner::Kubernetes(object, _) = owner else {
        return;
    };

    for port in container
        .ports
        .iter()
        .filter(|port| matches!(port.published, Some(Some(_))))
    {
        sink.report(
            Finding::new(
                port.location,
                format!(
                    "{} binds a port on its node",
                    container_title(object, container)
                ),
            )
            .label("bypasses every NetworkPolicy; one pod per node")
            .help("use a Service instead of `hostPort`")
            .anchor(object.anchor)
            .case_if(is_node_agent(owner), "node-agent"),
        );
    }
}

pub fn proc_mount(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Owner::Kubernetes(object, _) = owner else {
        return;
    };

    let Some(mount) = container.security.proc_mount.known() else {
        return;
    };

    if mount.value == "Default" || container.security.own_users {
        return;
    }

    sink.report(
        Finding::new(
            mount.location,
            format!(
                "{} has an unmasked `/proc`",
                container_title(object, container)
            ),
        )
        .label("exposes kernel settings of the host")
        .help("remove `procMount`, or set `hostUsers: false` if nested containers need it")
        .anchor(object.anchor),
    );
}

/// `restricted-standard`: what does not lead to the host, but is not in the restricted standard.
pub fn restricted(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Owner::Kubernetes(object, workload) = owner else {
        return;
    };
    if workload.pod.windows {
        return;
    }

    let security = &container.security;
    let title = container_title(object, container);

    for added in &security.added_capabilities {
        if is_mild(&added.value) && added.value != "NET_BIND_SERVICE" {
            sink.report(
                Finding::new(
                    added.location,
                    format!("{title} adds the capability `{}`", added.value),
                )
                .label("the restricted standard allows only `NET_BIND_SERVICE`")
                .help("remove it, or run as a user who does not need it")
                .anchor(object.anchor),
            );
        }
    }

    if let Some(mount) = security.proc_mount.known()
        && mount.value != "Default"
        && security.own_users
    {
        sink.report(
            Finding::new(
                mount.location,
                format!("{title} has an unmasked `/proc` in its user namespace"),
            )
            .label("the restricted standard allows only `Default`")
            .help("remove `procMount`")
            .anchor(object.anchor),
        );
    }
}

pub fn sysctl(_: &Analysis, object: &Object, workload: &Workload, sink: &mut Sink) {
    for name in workload
        .pod
        .sysctls
        .iter()
        .filter(|name| !SAFE_SYSCTLS.contains(&name.value.as_str()))
    {
        sink.report(
            Finding::new(
                name.location,
                format!("{} sets the unsafe sysctl `{}`", object.title(), name.value),
            )
            .label("not isolated: can affect other pods on the node")
            .help("set it on the node, or use one of the safe sysctls")
            .anchor(object.anchor),
        );
    }
}

pub fn volume(_: &Analysis, object: &Object, workload: &Workload, sink: &mut Sink) {
    for volume in &workload.pod.volumes {
        let Some(kind) = volume.kind.as_ref() else {
            continue;
        };

        if kind.value == "hostPath" || RESTRICTED_VOLUMES.contains(&kind.value.as_str()) {
            continue;
        }

        sink.report(
            Finding::new(
                kind.location,
                format!("{} uses a volume of type `{}`", object.title(), kind.value),
            )
            .label("not allowed by the restricted Pod Security Standard")
            .help("use a PersistentVolumeClaim, so that the cluster provisions the storage")
            .anchor(object.anchor),
        );
    }
}
