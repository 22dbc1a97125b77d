//! Facts of GitHub workflows and actions: what triggers them, what each job may do, and what each
//! step says.
//!
//! Lowering takes any shape: what is missing is missing, what is of the wrong type is left out
//! (`invalid-workflow` says so from the tree). Nothing here judges.

mod action;
mod build_command;
mod container_command;
mod credentials;
mod definition;
mod evidence;
mod expression;
pub mod gitlab;
mod image_build;
mod jobs;
mod lower;
mod purpose;
mod trial;
mod value;

pub use action::ActionRef;
pub(in crate::model) use build_command::BuildCommand;
pub use container_command::{container_command, nested_script};
pub use definition::{Trigger, Workflow, WorkflowId};
pub use evidence::{Evidence, Purpose};
pub use expression::{Access, Expression};
pub use image_build::image_builds;
pub use jobs::{Grant, ImageBuild, Job, JobId, Matrix, Permissions, Secrets, Step};
pub use lower::workflow;
pub use purpose::{command_purposes, job_purposes, step_purposes};
pub use trial::{is_trial, says_test};
