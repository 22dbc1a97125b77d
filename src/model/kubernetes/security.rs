//! The security context of a container, with the pod's applied to it.

use super::manifest_reader::ManifestReader;
use super::pod_defaults::PodDefaults;
use crate::model::container::{HostNamespace, Security};
use crate::model::spec_reader::SpecReader;
use crate::model::{Many, Setting};
use crate::source::Located;

/// Fields of a pod's spec that share a namespace with the host.
const HOST_NAMESPACES: [(&str, HostNamespace); 3] = [
    ("hostNetwork", HostNamespace::Network),
    ("hostPID", HostNamespace::Pid),
    ("hostIPC", HostNamespace::Ipc),
];

/// The settings in effect for a container of this name. `context` is its own `securityContext`.
pub(super) fn security(
    context: &Setting<ManifestReader>,
    pod: &PodDefaults,
    container: &str,
) -> Security {
    let dropped = own_value(context, &["capabilities", "drop"]);
    let added = own_value(context, &["capabilities", "add"]);

    let mut security = Security {
        user: pod
            .inherited(context, &["runAsUser"])
            .and_then(ManifestReader::text),
        run_as_non_root: pod
            .inherited(context, &["runAsNonRoot"])
            .and_then(ManifestReader::boolean),
        privileged: own_flag(context, "privileged"),
        allow_privilege_escalation: own_flag(context, "allowPrivilegeEscalation"),
        read_only_root: own_flag(context, "readOnlyRootFilesystem"),
        added_capabilities: capabilities(&added),
        dropped_capabilities: capabilities(&dropped),
        host_namespaces: host_namespaces(pod.spec),
        profiles: profiles(context, pod, container),
        proc_mount: own_value(context, &["procMount"]).and_then(ManifestReader::text),
        devices: Vec::new(),
    };

    if pod.own_users {
        security.user = Setting::Unknown(security.user.location());
        security.run_as_non_root = Setting::Unknown(security.run_as_non_root.location());
        security.proc_mount = Setting::Unknown(security.proc_mount.location());
    }

    if pod.windows {
        security.allow_privilege_escalation = security.allow_privilege_escalation.open();
        security.read_only_root = security.read_only_root.open();
        security.user = security.user.open();
        security.run_as_non_root = security.run_as_non_root.open();
    }

    security
}

/// A value that the pod's context cannot set.
fn own_value<'t>(
    context: &Setting<ManifestReader<'t>>,
    path: &[&str],
) -> Setting<ManifestReader<'t>> {
    context.clone().and_then(|context| context.path(path))
}

fn own_flag(context: &Setting<ManifestReader>, key: &str) -> Setting<bool> {
    own_value(context, &[key]).and_then(ManifestReader::boolean)
}

/// The capabilities of a list, in upper case and without `CAP_`.
fn capabilities(list: &Setting<ManifestReader>) -> Many<Located<String>> {
    list.value()
        .into_iter()
        .flat_map(|list| list.items())
        .filter_map(|item| item.text().known().cloned())
        .map(|name| {
            name.map(|name| {
                name.to_ascii_uppercase()
                    .trim_start_matches("CAP_")
                    .to_owned()
            })
        })
        .collect::<Many<_>>()
        .open_if(may_hold_more(list))
}

/// Whether a list may hold more than its known items.
fn may_hold_more(list: &Setting<ManifestReader>) -> bool {
    match list {
        Setting::Set(list) => {
            list.value.is_open() || list.value.items().any(|item| item.text().is_unknown())
        }
        Setting::Absent => false,
        Setting::Unknown(_) => true,
    }
}

pub(super) fn host_namespaces(pod: ManifestReader) -> Vec<Located<HostNamespace>> {
    let mut shared = Vec::new();

    for (key, namespace) in HOST_NAMESPACES {
        if let Setting::Set(flag) = pod.flag(key)
            && flag.value
        {
            shared.push(Located::new(namespace, flag.location));
        }
    }

    shared
}

/// The type of the seccomp profile in effect.
pub(super) fn seccomp(
    context: &Setting<ManifestReader>,
    pod: &PodDefaults,
    container: &str,
) -> Setting<String> {
    let field = pod
        .inherited(context, &["seccompProfile", "type"])
        .and_then(ManifestReader::text);
    if !field.is_absent() {
        return field;
    }

    // The annotations that came before the field; clusters before 1.27 still read them.
    let keys = [
        format!("container.seccomp.security.alpha.kubernetes.io/{container}"),
        "seccomp.security.alpha.kubernetes.io/pod".to_owned(),
        "seccomp.security.alpha.kubernetes.io/defaultProfileName".to_owned(),
    ];
    let annotation = keys.iter().find_map(|key| pod.annotations.get(key));

    match annotation {
        Some(profile) if profile.value == "unconfined" => {
            Setting::set("Unconfined".to_owned(), profile.location)
        }
        Some(profile) => Setting::set("RuntimeDefault".to_owned(), profile.location),
        None => Setting::Absent,
    }
}

/// Seccomp, AppArmor and SELinux options in the notation of [`Security::profiles`].
fn profiles(
    context: &Setting<ManifestReader>,
    pod: &PodDefaults,
    container: &str,
) -> Vec<Located<String>> {
    let mut profiles = Vec::new();

    if let Setting::Set(seccomp) = seccomp(context, pod, container) {
        profiles.push(seccomp.map(|profile| format!("seccomp={profile}")));
    }

    if let Some(apparmor) = apparmor(context, pod, container) {
        profiles.push(apparmor.map(|profile| format!("apparmor={profile}")));
    }

    for field in ["type", "user", "role"] {
        let option = pod
            .inherited(context, &["seLinuxOptions", field])
            .and_then(ManifestReader::text);
        if let Setting::Set(option) = option {
            profiles.push(option.map(|value| format!("selinux-{field}={value}")));
        }
    }

    profiles
}

/// The AppArmor profile: of the field, or of the annotation that came before it.
fn apparmor(
    context: &Setting<ManifestReader>,
    pod: &PodDefaults,
    container: &str,
) -> Option<Located<String>> {
    let field = pod
        .inherited(context, &["appArmorProfile", "type"])
        .and_then(ManifestReader::text);
    if let Setting::Set(profile) = field {
        return Some(profile);
    }

    let key = format!("container.apparmor.security.beta.kubernetes.io/{container}");
    let annotation = pod.annotations.get(&key)?;
    let profile = match annotation.value.as_str() {
        "unconfined" => "Unconfined",
        "runtime/default" => "RuntimeDefault",
        other => other,
    };

    Some(Located::new(profile.to_owned(), annotation.location))
}
