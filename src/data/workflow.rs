//! What GitHub knows: events, permissions, runners and actions, from `rules/data/workflow.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::embedded::table;

/// The tables of the file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct WorkflowData {
    /// Activity types by event.
    pub events: BTreeMap<String, Vec<String>>,
    /// Access words by scope.
    pub permissions: BTreeMap<String, Vec<String>>,
    pub runners: Runners,
    /// Actions and workflows, with their folders, that work only if called by the tag of a release.
    pub tag_only: Vec<String>,
    /// Lowest major version with a supported runtime, by action.
    pub actions: BTreeMap<String, u32>,
}

/// Labels of runners.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Runners {
    pub hosted: Vec<String>,
    pub retired: Vec<String>,
    pub self_hosted: Vec<String>,
}

pub static DATA: LazyLock<WorkflowData> = LazyLock::new(|| table!("workflow"));
