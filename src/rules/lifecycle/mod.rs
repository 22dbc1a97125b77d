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

use crate::rules::check::{Check, Run};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check { rule: "debug-mode", run: Run::Dockerfile(debug_mode::dockerfile) },
    Check { rule: "debug-mode", run: Run::Project(debug_mode::project) },
    Check { rule: "debug-mode", run: Run::Repository(debug_mode::cluster) },
    Check { rule: "dependency-without-healthcheck", run: Run::Service(start_order::dependency_without_healthcheck) },
    Check { rule: "depends-on-health", run: Run::Service(start_order::depends_on_health) },
    Check { rule: "dev-server", run: Run::Container(dev_server::container) },
    Check { rule: "dev-server", run: Run::Dockerfile(dev_server::dockerfile) },
    Check { rule: "distinct-probes", run: Run::Container(probes::distinct) },
    Check { rule: "graceful-timeout", run: Run::Service(server_limits::grace_of_service) },
    Check { rule: "graceful-timeout", run: Run::Workload(server_limits::grace_of_workload) },
    Check { rule: "healthcheck", run: Run::Dockerfile(healthcheck::dockerfile) },
    Check { rule: "healthcheck", run: Run::Service(healthcheck::service) },
    Check { rule: "healthcheck-tool", run: Run::Dockerfile(healthcheck_tool::dockerfile) },
    Check { rule: "healthcheck-tool", run: Run::Service(healthcheck_tool::service) },
    Check { rule: "interactive-tty", run: Run::Container(working_copy::interactive_container) },
    Check { rule: "interactive-tty", run: Run::Project(working_copy::interactive_tty) },
    Check { rule: "liveness-probe", run: Run::Container(probes::liveness) },
    Check { rule: "migration-on-start", run: Run::Container(migration_on_start::container) },
    Check { rule: "migration-on-start", run: Run::Dockerfile(migration_on_start::dockerfile) },
    Check { rule: "pre-stop", run: Run::Container(probes::pre_stop) },
    Check { rule: "probe-host", run: Run::Container(probes::host) },
    Check { rule: "probe-port", run: Run::Container(probes::port) },
    Check { rule: "readiness-probe", run: Run::Container(probes::readiness) },
    Check { rule: "restart-policy", run: Run::Service(restart_policy::compose) },
    Check { rule: "restart-policy", run: Run::Workload(restart_policy::kubernetes) },
    Check { rule: "server-limits", run: Run::Container(server_limits::container) },
    Check { rule: "server-limits", run: Run::Dockerfile(server_limits::dockerfile) },
    Check { rule: "source-bind-mount", run: Run::Project(working_copy::source_bind_mount) },
    Check { rule: "startup-probe", run: Run::Container(probes::startup) },
];
