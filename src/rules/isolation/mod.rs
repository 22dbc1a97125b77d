//! Users, capabilities, host access, pod security, service accounts and roles.

pub(crate) mod accounts;
pub(crate) mod host_access;
pub(crate) mod non_root_user;
pub(crate) mod numeric_user;
pub(crate) mod pod_security;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check::new("cluster-admin", CheckFn::Object(accounts::cluster_admin)),
    Check::new(
        "dangerous-capability",
        CheckFn::Container(host_access::dangerous_capability),
    ),
    Check::new(
        "dangerous-capability",
        CheckFn::Container(host_access::misnamed_capability),
    ),
    Check::new(
        "default-service-account",
        CheckFn::Repository(accounts::default_account),
    ),
    Check::new(
        "docker-socket",
        CheckFn::Container(host_access::docker_socket),
    ),
    Check::new("host-device", CheckFn::Container(host_access::host_device)),
    Check::new(
        "host-namespace",
        CheckFn::Container(host_access::host_namespace),
    ),
    Check::new(
        "host-namespace",
        CheckFn::Workload(host_access::namespaces_of_patch),
    ),
    Check::new("host-port", CheckFn::Container(pod_security::host_port)),
    Check::new(
        "non-root-user",
        CheckFn::Container(non_root_user::container),
    ),
    Check::new(
        "non-root-user",
        CheckFn::Dockerfile(non_root_user::dockerfile),
    ),
    Check::new("non-root-user", CheckFn::Workload(non_root_user::workload)),
    Check::new("numeric-user", CheckFn::Container(numeric_user::check)),
    Check::new("pod-exec", CheckFn::Object(accounts::exec)),
    Check::new(
        "privileged-container",
        CheckFn::Container(host_access::privileged),
    ),
    Check::new("rbac-escalation", CheckFn::Object(accounts::escalation)),
    Check::new("rbac-wildcard", CheckFn::Object(accounts::wildcard)),
    Check::new(
        "restricted-standard",
        CheckFn::Container(pod_security::restricted),
    ),
    Check::new("restricted-volume", CheckFn::Workload(pod_security::volume)),
    Check::new(
        "seccomp-profile",
        CheckFn::Repository(pod_security::seccomp),
    ),
    Check::new("secrets-access", CheckFn::Object(accounts::secrets)),
    Check::new(
        "security-profile-disabled",
        CheckFn::Container(pod_security::profiles),
    ),
    Check::new(
        "sensitive-host-mount",
        CheckFn::Container(host_access::sensitive_host_mount),
    ),
    Check::new(
        "service-account-token",
        CheckFn::Repository(accounts::token),
    ),
    Check::new(
        "unmasked-proc",
        CheckFn::Container(pod_security::proc_mount),
    ),
    Check::new("unsafe-sysctl", CheckFn::Workload(pod_security::sysctl)),
];
