//! Health checks, probes, start order, restarts, development servers, migrations, server limits.

pub(crate) mod debug_mode;
pub(crate) mod dev_server;
pub(crate) mod healthcheck;
pub(crate) mod healthcheck_tool;
pub(crate) mod migration_on_start;
pub(crate) mod probes;
pub(crate) mod restart_policy;
pub(crate) mod server_limits;
pub(crate) mod start_order;
pub(crate) mod working_copy;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check {
        rule: "debug-mode",
        run: CheckFn::Dockerfile(debug_mode::dockerfile),
    },
    Check {
        rule: "debug-mode",
        run: CheckFn::Project(debug_mode::project),
    },
    Check {
        rule: "debug-mode",
        run: CheckFn::Repository(debug_mode::cluster),
    },
    Check {
        rule: "dependency-without-healthcheck",
        run: CheckFn::Service(start_order::dependency_without_healthcheck),
    },
    Check {
        rule: "depends-on-health",
        run: CheckFn::Service(start_order::depends_on_health),
    },
    Check {
        rule: "dev-server",
        run: CheckFn::Container(dev_server::container),
    },
    Check {
        rule: "dev-server",
        run: CheckFn::Dockerfile(dev_server::dockerfile),
    },
    Check {
        rule: "distinct-probes",
        run: CheckFn::Container(probes::distinct),
    },
    Check {
        rule: "graceful-timeout",
        run: CheckFn::Service(server_limits::grace_of_service),
    },
    Check {
        rule: "graceful-timeout",
        run: CheckFn::Workload(server_limits::grace_of_workload),
    },
    Check {
        rule: "healthcheck",
        run: CheckFn::Dockerfile(healthcheck::dockerfile),
    },
    Check {
        rule: "healthcheck",
        run: CheckFn::Service(healthcheck::service),
    },
    Check {
        rule: "healthcheck-tool",
        run: CheckFn::Dockerfile(healthcheck_tool::dockerfile),
    },
    Check {
        rule: "healthcheck-tool",
        run: CheckFn::Service(healthcheck_tool::service),
    },
    Check {
        rule: "interactive-tty",
        run: CheckFn::Container(working_copy::interactive_container),
    },
    Check {
        rule: "interactive-tty",
        run: CheckFn::Project(working_copy::interactive_tty),
    },
    Check {
        rule: "liveness-probe",
        run: CheckFn::Container(probes::liveness),
    },
    Check {
        rule: "migration-on-start",
        run: CheckFn::Container(migration_on_start::container),
    },
    Check {
        rule: "migration-on-start",
        run: CheckFn::Dockerfile(migration_on_start::dockerfile),
    },
    Check {
        rule: "pre-stop",
        run: CheckFn::Container(probes::pre_stop),
    },
    Check {
        rule: "probe-host",
        run: CheckFn::Container(probes::host),
    },
    Check {
        rule: "probe-port",
        run: CheckFn::Container(probes::port),
    },
    Check {
        rule: "readiness-probe",
        run: CheckFn::Container(probes::readiness),
    },
    Check {
        rule: "restart-policy",
        run: CheckFn::Service(restart_policy::compose),
    },
    Check {
        rule: "restart-policy",
        run: CheckFn::Workload(restart_policy::kubernetes),
    },
    Check {
        rule: "server-limits",
        run: CheckFn::Container(server_limits::container),
    },
    Check {
        rule: "server-limits",
        run: CheckFn::Dockerfile(server_limits::dockerfile),
    },
    Check {
        rule: "source-bind-mount",
        run: CheckFn::Project(working_copy::source_bind_mount),
    },
    Check {
        rule: "startup-probe",
        run: CheckFn::Container(probes::startup),
    },
];
