//! Questions that several rules ask, each answered once: what runs and whether it ends, which
//! stages ship, where a URL leads, what untrusted input reaches. Analysis reads facts and the
//! graph; it judges nothing and reports nothing.

pub mod action_versions;
mod answers;
pub mod base_image;
pub mod build_context;
pub mod cluster_program;
pub mod commands;
pub mod effective_env;
pub mod endpoints;
pub mod env_examples;
pub mod env_names;
pub mod exits;
pub mod hosts;
mod ignored;
pub mod image_files;
pub mod job_work;
pub mod lock_files;
pub mod misplaced_variables;
pub mod packages;
pub mod pipelines;
pub mod privileges;
pub mod profiles;
mod repository;
pub mod repository_owner;
pub mod required_variables;
pub mod roles;
pub mod secret_exposure;
pub mod shipped_stages;
mod slots;
pub mod start;
pub mod startup;
pub mod taint;
#[cfg(test)]
mod tests;
pub mod untrusted_checkout;
pub mod upstream;
pub mod workload;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::OnceLock;

use crate::credential::{self, SecretFile};
use crate::graph::Graph;
use crate::model::compose::{Project, Service};
use crate::model::container::Container;
use crate::model::dockerfile::{Dockerfile, Stage, StageId};
use crate::model::facts::Facts;
use crate::model::file_role::Role;
use crate::model::kubernetes::{Object, Workload};
use crate::model::tasks::TaskFiles;
use crate::model::workflow::{Job, Workflow};
use crate::source::{FileId, Location};
use answers::{BuildContext, EffectiveBase, JobWork, MisplacedVariable, RootUse, Started};
use ignored::Ignored;
use slots::{PartSlots, Slots};

/// The facts, the graph, and the answers to what rules ask about them: a slot for each question
/// whose answer takes work. The module of a question fills its slot and reads it; rules ask the
/// module.
#[derive(Debug)]
pub struct Analysis<'a> {
    pub facts: &'a Facts<'a>,
    pub graph: &'a Graph<'a>,

    // About the repository: see `repository` and `repository_owner`.
    ignored: OnceLock<Ignored>,
    submodules: OnceLock<HashSet<String>>,
    cloned: OnceLock<HashSet<String>>,
    owners: OnceLock<HashSet<String>>,
    secret_files: OnceLock<Vec<(FileId, SecretFile)>>,
    /// By extension: the folders that hold such a file.
    extensions: OnceLock<HashMap<String, HashSet<String>>>,
    /// The files of each name.
    file_names: OnceLock<HashMap<String, Vec<FileId>>>,
    /// The files of task runners, each with its tasks.
    task_files: OnceLock<TaskFiles>,
    /// The folders that hold more than files about containers.
    project_folders: OnceLock<HashSet<String>>,
    /// Where an example env file is needed first, and the variables that it should have.
    required_variables: OnceLock<Option<(Location, Vec<String>)>>,
    /// The files that define a group of upstreams, by its name: see `upstream`.
    upstream_groups: OnceLock<HashMap<String, Vec<FileId>>>,
    /// Whether GitHub runs a workflow of the repository.
    has_live_workflow: OnceLock<bool>,

    // About Dockerfiles and their stages.
    /// The folders that compose files and pipelines name, by the path of the Dockerfile.
    build_folders: OnceLock<HashMap<String, Vec<String>>>,
    build_contexts: Slots<Dockerfile, Vec<BuildContext>>,
    script_folders: Slots<Dockerfile, Vec<String>>,
    shipped_layers: Slots<Dockerfile, BTreeSet<StageId>>,
    built_stages: Slots<Dockerfile, BTreeSet<StageId>>,
    stage_bases: PartSlots<Dockerfile, Stage, EffectiveBase>,
    stage_servers: PartSlots<Dockerfile, Stage, Vec<Started>>,
    stage_root_uses: PartSlots<Dockerfile, Stage, RootUse>,

    // About containers, of services and of pods.
    container_folders: Slots<Container, Vec<String>>,
    container_servers: Slots<Container, Vec<Started>>,
    service_roles: Slots<Container, Role>,

    // About projects.
    misplaced_variables: Slots<Project, Vec<MisplacedVariable>>,
    chosen_profiles: Slots<Project, bool>,

    // About workflows and their jobs.
    job_works: PartSlots<Workflow, Job, JobWork>,
}

impl<'a> Analysis<'a> {
    /// An analysis of which nothing was asked yet.
    pub fn new(facts: &'a Facts<'a>, graph: &'a Graph<'a>) -> Self {
        let dockerfiles = facts.dockerfiles().count();
        let containers = facts.container_count();

        Self {
            facts,
            graph,
            ignored: OnceLock::new(),
            submodules: OnceLock::new(),
            cloned: OnceLock::new(),
            owners: OnceLock::new(),
            secret_files: OnceLock::new(),
            extensions: OnceLock::new(),
            file_names: OnceLock::new(),
            task_files: OnceLock::new(),
            project_folders: OnceLock::new(),
            required_variables: OnceLock::new(),
            upstream_groups: OnceLock::new(),
            has_live_workflow: OnceLock::new(),
            build_folders: OnceLock::new(),
            build_contexts: Slots::new(dockerfiles),
            script_folders: Slots::new(dockerfiles),
            shipped_layers: Slots::new(dockerfiles),
            built_stages: Slots::new(dockerfiles),
            stage_bases: PartSlots::new(dockerfiles),
            stage_servers: PartSlots::new(dockerfiles),
            stage_root_uses: PartSlots::new(dockerfiles),
            container_folders: Slots::new(containers),
            container_servers: Slots::new(containers),
            service_roles: Slots::new(containers),
            misplaced_variables: Slots::new(facts.projects().len()),
            chosen_profiles: Slots::new(facts.projects().len()),
            job_works: PartSlots::new(facts.workflows().count() + facts.gitlab_pipelines.len()),
        }
    }
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
