//! Facts of GitHub workflows and actions.

use super::Code;
use super::Setting;
use super::env::EnvVar;
use super::image::ImageUse;
use crate::source::{At, FileId, Place};

/// A workflow file.
#[derive(Debug, Default)]
pub struct Workflow {
    pub file: FileId,
    pub name: Option<At<String>>,
    /// Events under `on`.
    pub triggers: Vec<At<String>>,
    pub jobs: Vec<Job>,
    pub env: Vec<EnvVar>,
    /// An action (`action.yml`) is lowered as a workflow with one job and no triggers.
    pub action: bool,
}

#[derive(Debug)]
pub struct Job {
    pub id: At<String>,
    pub name: Option<At<String>>,
    pub needs: Vec<At<String>>,
    /// `uses:` of a reusable workflow.
    pub uses: Option<At<String>>,
    pub condition: Option<At<String>>,
    pub environment: Setting<String>,
    pub env: Vec<EnvVar>,
    pub images: Vec<ImageUse>,
    pub steps: Vec<Step>,
}

#[derive(Debug)]
pub struct Step {
    pub place: Place,
    pub id: Option<At<String>>,
    pub name: Option<At<String>>,
    pub uses: Option<At<String>>,
    pub run: Option<Code>,
    pub shell: Setting<String>,
    pub condition: Option<At<String>>,
    pub env: Vec<EnvVar>,
    pub with: Vec<EnvVar>,
    pub continue_on_error: Setting<bool>,
}
