//! Users, capabilities, host access, pod security, service accounts and roles.

pub(crate) mod accounts;
pub(crate) mod host_access;
pub(crate) mod non_root_user;
pub(crate) mod numeric_user;
pub(crate) mod pod_security;

use crate::rules::check::{Check, Run};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check { rule: "cluster-admin", run: Run::Object(accounts::cluster_admin) },
    Check { rule: "dangerous-capability", run: Run::Container(host_access::dangerous_capability) },
    Check { rule: "default-service-account", run: Run::Repository(accounts::default_account) },
    Check { rule: "docker-socket", run: Run::Container(host_access::docker_socket) },
    Check { rule: "host-device", run: Run::Container(host_access::host_device) },
    Check { rule: "host-namespace", run: Run::Container(host_access::host_namespace) },
    Check { rule: "host-port", run: Run::Container(pod_security::host_port) },
    Check { rule: "non-root-user", run: Run::Container(non_root_user::container) },
    Check { rule: "non-root-user", run: Run::Dockerfile(non_root_user::dockerfile) },
    Check { rule: "non-root-user", run: Run::Workload(non_root_user::workload) },
    Check { rule: "numeric-user", run: Run::Container(numeric_user::check) },
    Check { rule: "pod-exec", run: Run::Object(accounts::exec) },
    Check { rule: "rbac-escalation", run: Run::Object(accounts::escalation) },
    Check { rule: "rbac-wildcard", run: Run::Object(accounts::wildcard) },
    Check { rule: "restricted-volume", run: Run::Workload(pod_security::volume) },
    Check { rule: "seccomp-profile", run: Run::Repository(pod_security::seccomp) },
    Check { rule: "secrets-access", run: Run::Object(accounts::secrets) },
    Check { rule: "security-profile-disabled", run: Run::Container(pod_security::profiles) },
    Check { rule: "sensitive-host-mount", run: Run::Container(host_access::sensitive_host_mount) },
    Check { rule: "service-account-token", run: Run::Repository(accounts::token) },
    Check { rule: "unmasked-proc", run: Run::Container(pod_security::proc_mount) },
    Check { rule: "unsafe-sysctl", run: Run::Workload(pod_security::sysctl) },
];
