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

use crate::rules::check::{Check, Run};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check { rule: "autoscaler-conflict", run: Run::Workload(autoscaler::conflict) },
    Check { rule: "autoscaler-min", run: Run::Object(autoscaler::minimum) },
    Check { rule: "autoscaler-requests", run: Run::Object(autoscaler::requests) },
    Check { rule: "autoscaler-target", run: Run::Object(autoscaler::target) },
    Check { rule: "backup", run: Run::Repository(backup::check) },
    Check { rule: "blocking-disruption-budget", run: Run::Object(disruption::blocking) },
    Check { rule: "cpu-limit", run: Run::Container(limits::cpu_limit) },
    Check { rule: "cpu-request", run: Run::Container(requests::cpu) },
    Check { rule: "disruption-budget", run: Run::Repository(disruption::missing) },
    Check { rule: "ephemeral-datastore", run: Run::Container(datastore::ephemeral) },
    Check { rule: "invalid-resources", run: Run::Container(requests::invalid) },
    Check { rule: "invalid-resources", run: Run::Project(compose_resources::check) },
    Check { rule: "memory-limit", run: Run::Container(limits::memory_limit) },
    Check { rule: "memory-request", run: Run::Container(requests::memory) },
    Check { rule: "published-datastore", run: Run::Service(datastore::published) },
    Check { rule: "rollout-strategy", run: Run::Workload(replicas::strategy) },
    Check { rule: "shared-volume-replicas", run: Run::Service(shared_state::shared_data) },
    Check { rule: "shared-volume-replicas", run: Run::Workload(shared_state::shared_claim) },
    Check { rule: "single-replica", run: Run::Workload(replicas::single) },
    Check { rule: "sqlite-replicas", run: Run::Service(shared_state::sqlite_service) },
    Check { rule: "sqlite-replicas", run: Run::Workload(shared_state::sqlite_workload) },
    Check { rule: "topology-spread", run: Run::Repository(replicas::spread) },
];
