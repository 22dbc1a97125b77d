//! Health checks, probes, start order, restarts, development servers, migrations, server limits.

pub(crate) mod command_needs_shell;
pub(crate) mod debug_mode;
pub(crate) mod dev_server;
pub(crate) mod health_outcome;
pub(crate) mod healthcheck;
pub(crate) mod healthcheck_tool;
pub(crate) mod listens_on_loopback;
pub(crate) mod migration_on_start;
pub(crate) mod probes;
pub(crate) mod restart_policy;
pub(crate) mod server_limits;
pub(crate) mod single_process;
pub(crate) mod start_order;
pub(crate) mod working_copy;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check::new(
        "command-needs-shell",
        CheckFn::Container(command_needs_shell::container),
    ),
    Check::new(
        "command-needs-shell",
        CheckFn::Dockerfile(command_needs_shell::dockerfile),
    ),
    Check::new("debug-mode", CheckFn::Dockerfile(debug_mode::dockerfile)),
    Check::new("debug-mode", CheckFn::Project(debug_mode::project)),
    Check::new("debug-mode", CheckFn::Repository(debug_mode::cluster)),
    Check::new(
        "dependency-without-healthcheck",
        CheckFn::Service(start_order::dependency_without_healthcheck),
    ),
    Check::new(
        "depends-on-health",
        CheckFn::Service(start_order::depends_on_health),
    ),
    Check::new("dev-server", CheckFn::Container(dev_server::container)),
    Check::new("dev-server", CheckFn::Dockerfile(dev_server::dockerfile)),
    Check::new("distinct-probes", CheckFn::Container(probes::distinct)),
    Check::new(
        "graceful-timeout",
        CheckFn::Service(server_limits::grace_of_service),
    ),
    Check::new(
        "graceful-timeout",
        CheckFn::Workload(server_limits::grace_of_workload),
    ),
    Check::new("healthcheck", CheckFn::Dockerfile(healthcheck::dockerfile)),
    Check::new("healthcheck", CheckFn::Service(healthcheck::service)),
    Check::new(
        "healthcheck-cannot-fail",
        CheckFn::Container(health_outcome::cannot_fail_probes),
    ),
    Check::new(
        "healthcheck-cannot-fail",
        CheckFn::Dockerfile(health_outcome::cannot_fail_dockerfile),
    ),
    Check::new(
        "healthcheck-cannot-fail",
        CheckFn::Service(health_outcome::cannot_fail_service),
    ),
    Check::new(
        "healthcheck-cannot-pass",
        CheckFn::Container(health_outcome::cannot_pass_probes),
    ),
    Check::new(
        "healthcheck-cannot-pass",
        CheckFn::Dockerfile(health_outcome::cannot_pass_dockerfile),
    ),
    Check::new(
        "healthcheck-cannot-pass",
        CheckFn::Service(health_outcome::cannot_pass_service),
    ),
    Check::new(
        "healthcheck-tool",
        CheckFn::Dockerfile(healthcheck_tool::dockerfile),
    ),
    Check::new(
        "healthcheck-tool",
        CheckFn::Service(healthcheck_tool::service),
    ),
    Check::new(
        "interactive-tty",
        CheckFn::Container(working_copy::interactive_container),
    ),
    Check::new(
        "interactive-tty",
        CheckFn::Project(working_copy::interactive_tty),
    ),
    Check::new(
        "listens-on-loopback",
        CheckFn::Container(listens_on_loopback::container),
    ),
    Check::new(
        "listens-on-loopback",
        CheckFn::Container(listens_on_loopback::variable),
    ),
    Check::new(
        "listens-on-loopback",
        CheckFn::Dockerfile(listens_on_loopback::dockerfile),
    ),
    Check::new("liveness-probe", CheckFn::Container(probes::liveness)),
    Check::new(
        "migration-on-start",
        CheckFn::Container(migration_on_start::container),
    ),
    Check::new(
        "migration-on-start",
        CheckFn::Dockerfile(migration_on_start::dockerfile),
    ),
    Check::new("pre-stop", CheckFn::Container(probes::pre_stop)),
    Check::new("probe-host", CheckFn::Container(probes::host)),
    Check::new("probe-port", CheckFn::Container(probes::port)),
    Check::new("readiness-probe", CheckFn::Container(probes::readiness)),
    Check::new("restart-policy", CheckFn::Service(restart_policy::compose)),
    Check::new(
        "restart-policy",
        CheckFn::Workload(restart_policy::kubernetes),
    ),
    Check::new(
        "server-limits",
        CheckFn::Container(server_limits::container),
    ),
    Check::new(
        "server-limits",
        CheckFn::Dockerfile(server_limits::dockerfile),
    ),
    Check::new(
        "single-process",
        CheckFn::Dockerfile(single_process::dockerfile),
    ),
    Check::new(
        "source-bind-mount",
        CheckFn::Project(working_copy::source_bind_mount),
    ),
    Check::new("startup-probe", CheckFn::Container(probes::startup)),
];
