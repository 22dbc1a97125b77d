//! Questions that several rules ask, each answered once: what runs and whether it ends, which
//! stages ship, where a URL leads, what untrusted input reaches. Analysis reads facts and the
//! graph; it judges nothing and reports nothing.

pub mod action_versions;
pub mod base_image;
pub mod cluster_program;
pub mod commands;
pub mod effective_env;
pub mod endpoints;
pub mod env_examples;
pub mod env_names;
pub mod exits;
pub mod hosts;
pub mod image_files;
pub mod job_work;
pub mod lock_files;
pub mod misplaced_variables;
pub mod packages;
pub mod pipelines;
pub mod privileges;
pub mod roles;
pub mod secret_exposure;
pub mod shipped_stages;
pub mod start;
pub mod startup;
pub mod taint;
pub mod untrusted_checkout;
pub mod upstream;
pub mod workload;

use crate::credential;
use crate::graph::Graph;
use crate::model::compose::{Project, Service};
use crate::model::facts::Facts;
use crate::model::kubernetes::{Object, Workload};

/// Facts and graph, which every check may read.
#[derive(Clone, Copy, Debug)]
pub struct Ctx<'a> {
    pub facts: &'a Facts<'a>,
    pub graph: &'a Graph<'a>,
}

/// The owner of a container: a compose service with its project, or a workload with its object.
#[derive(Clone, Copy, Debug)]
pub enum Owner<'a> {
    Compose(&'a Project, &'a Service),
    Kubernetes(&'a Object, &'a Workload),
}

impl Owner<'_> {
    /// Whether the container runs on a developer's machine only.
    pub const fn is_development(self) -> bool {
        match self {
            Owner::Compose(project, _) => project.development,
            Owner::Kubernetes(..) => false,
        }
    }
}

/// A string of at most so many characters, for a message. Secrets in it are masked first: half a
/// token could not be recognized as one.
pub fn truncate(text: &str, most: usize) -> String {
    let text = credential::conceal(text);
    if text.chars().count() <= most {
        return text.into_owned();
    }

    text.chars().take(most - 1).chain(['…']).collect()
}
