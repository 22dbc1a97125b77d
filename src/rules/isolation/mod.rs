//! Users, capabilities, host access, pod security, service accounts and roles.

pub(crate) mod accounts;
pub(crate) mod host_access;
pub(crate) mod non_root_user;
pub(crate) mod numeric_user;
pub(crate) mod pod_security;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check {
        rule: "cluster-admin",
        run: CheckFn::Object(accounts::cluster_admin),
    },
    Check {
        rule: "dangerous-capability",
        run: CheckFn::Container(host_access::dangerous_capability),
    },
    Check {
        rule: "default-service-account",
        run: CheckFn::Repository(accounts::default_account),
    },
    Check {
        rule: "docker-socket",
        run: CheckFn::Container(host_access::docker_socket),
    },
    Check {
        rule: "host-device",
        run: CheckFn::Container(host_access::host_device),
    },
    Check {
        rule: "host-namespace",
        run: CheckFn::Container(host_access::host_namespace),
    },
    Check {
        rule: "host-port",
        run: CheckFn::Container(pod_security::host_port),
    },
    Check {
        rule: "non-root-user",
        run: CheckFn::Container(non_root_user::container),
    },
    Check {
        rule: "non-root-user",
        run: CheckFn::Dockerfile(non_root_user::dockerfile),
    },
    Check {
        rule: "non-root-user",
        run: CheckFn::Workload(non_root_user::workload),
    },
    Check {
        rule: "numeric-user",
        run: CheckFn::Container(numeric_user::check),
    },
    Check {
        rule: "pod-exec",
        run: CheckFn::Object(accounts::exec),
    },
    Check {
        rule: "rbac-escalation",
        run: CheckFn::Object(accounts::escalation),
    },
    Check {
        rule: "rbac-wildcard",
        run: CheckFn::Object(accounts::wildcard),
    },
    Check {
        rule: "restricted-volume",
        run: CheckFn::Workload(pod_security::volume),
    },
    Check {
        rule: "seccomp-profile",
        run: CheckFn::Repository(pod_security::seccomp),
    },
    Check {
        rule: "secrets-access",
        run: CheckFn::Object(accounts::secrets),
    },
    Check {
        rule: "security-profile-disabled",
        run: CheckFn::Container(pod_security::profiles),
    },
    Check {
        rule: "sensitive-host-mount",
        run: CheckFn::Container(host_access::sensitive_host_mount),
    },
    Check {
        rule: "service-account-token",
        run: CheckFn::Repository(accounts::token),
    },
    Check {
        rule: "unmasked-proc",
        run: CheckFn::Container(pod_security::proc_mount),
    },
    Check {
        rule: "unsafe-sysctl",
        run: CheckFn::Workload(pod_security::sysctl),
    },
];
