//! Resources, autoscaling, replicas, disruption budgets, data stores and their volumes, backups.

pub(crate) mod autoscaler;
pub(crate) mod backup;
pub(crate) mod compose_resources;
pub(crate) mod datastore;
pub(crate) mod disruption;
pub(crate) mod limits;
pub(crate) mod replicas;
pub(crate) mod requests;
pub(crate) mod shared_state;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check {
        rule: "autoscaler-conflict",
        run: CheckFn::Workload(autoscaler::conflict),
    },
    Check {
        rule: "autoscaler-min",
        run: CheckFn::Object(autoscaler::minimum),
    },
    Check {
        rule: "autoscaler-requests",
        run: CheckFn::Object(autoscaler::requests),
    },
    Check {
        rule: "autoscaler-target",
        run: CheckFn::Object(autoscaler::target),
    },
    Check {
        rule: "backup",
        run: CheckFn::Repository(backup::check),
    },
    Check {
        rule: "blocking-disruption-budget",
        run: CheckFn::Object(disruption::blocking),
    },
    Check {
        rule: "cpu-limit",
        run: CheckFn::Container(limits::cpu_limit),
    },
    Check {
        rule: "cpu-request",
        run: CheckFn::Container(requests::cpu),
    },
    Check {
        rule: "disruption-budget",
        run: CheckFn::Repository(disruption::missing),
    },
    Check {
        rule: "ephemeral-datastore",
        run: CheckFn::Container(datastore::ephemeral),
    },
    Check {
        rule: "invalid-resources",
        run: CheckFn::Container(requests::invalid),
    },
    Check {
        rule: "invalid-resources",
        run: CheckFn::Project(compose_resources::check),
    },
    Check {
        rule: "memory-limit",
        run: CheckFn::Container(limits::memory_limit),
    },
    Check {
        rule: "memory-request",
        run: CheckFn::Container(requests::memory),
    },
    Check {
        rule: "published-datastore",
        run: CheckFn::Service(datastore::published),
    },
    Check {
        rule: "rollout-strategy",
        run: CheckFn::Workload(replicas::strategy),
    },
    Check {
        rule: "shared-volume-replicas",
        run: CheckFn::Service(shared_state::shared_data),
    },
    Check {
        rule: "shared-volume-replicas",
        run: CheckFn::Workload(shared_state::shared_claim),
    },
    Check {
        rule: "single-replica",
        run: CheckFn::Workload(replicas::single),
    },
    Check {
        rule: "sqlite-replicas",
        run: CheckFn::Service(shared_state::sqlite_service),
    },
    Check {
        rule: "sqlite-replicas",
        run: CheckFn::Workload(shared_state::sqlite_workload),
    },
    Check {
        rule: "topology-spread",
        run: CheckFn::Repository(replicas::spread),
    },
];
