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
    Check::new(
        "autoscaler-conflict",
        CheckFn::Workload(autoscaler::conflict),
    ),
    Check::new("autoscaler-min", CheckFn::Object(autoscaler::minimum)),
    Check::new("autoscaler-requests", CheckFn::Object(autoscaler::requests)),
    Check::new("autoscaler-target", CheckFn::Object(autoscaler::target)),
    Check::new("backup", CheckFn::Repository(backup::check)),
    Check::new(
        "blocking-disruption-budget",
        CheckFn::Object(disruption::blocking),
    ),
    Check::new(
        "blocking-disruption-budget",
        CheckFn::Workload(disruption::covered_twice),
    ),
    Check::new("cpu-limit", CheckFn::Container(limits::cpu_limit)),
    Check::new("cpu-request", CheckFn::Container(requests::cpu)),
    Check::new(
        "disruption-budget",
        CheckFn::Repository(disruption::missing),
    ),
    Check::new(
        "ephemeral-datastore",
        CheckFn::Container(datastore::ephemeral),
    ),
    Check::new("invalid-resources", CheckFn::Container(requests::invalid)),
    Check::new(
        "invalid-resources",
        CheckFn::Project(compose_resources::check),
    ),
    Check::new("memory-limit", CheckFn::Container(limits::memory_limit)),
    Check::new("memory-request", CheckFn::Container(requests::memory)),
    Check::new(
        "published-datastore",
        CheckFn::Service(datastore::published),
    ),
    Check::new("rollout-strategy", CheckFn::Workload(replicas::strategy)),
    Check::new(
        "shared-volume-replicas",
        CheckFn::Service(shared_state::shared_data),
    ),
    Check::new(
        "shared-volume-replicas",
        CheckFn::Workload(shared_state::shared_claim),
    ),
    Check::new("single-replica", CheckFn::Workload(replicas::single)),
    Check::new(
        "sqlite-replicas",
        CheckFn::Service(shared_state::sqlite_service),
    ),
    Check::new(
        "sqlite-replicas",
        CheckFn::Workload(shared_state::sqlite_workload),
    ),
    Check::new("topology-spread", CheckFn::Repository(replicas::spread)),
];
