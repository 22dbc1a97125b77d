//! Facts of GitLab pipelines. Each file is lowered to the parts that it defines; the parts are
//! joined to pipelines, with `include`, `extends`, `!reference` and `default` applied.
//!
//! The jobs of a pipeline are the jobs of a workflow, so that one question about a job has one
//! answer for both systems. What only GitLab has is beside them, in [`GitlabJob`].

mod join;
mod lower;
mod part;
mod pipeline;
mod template;

pub use join::join;
pub use lower::gitlab_file;
pub use part::GitlabFile;
pub use pipeline::{BranchFilter, GitlabJob, GitlabPipeline, PipelineId, Start, Tolerance, Waits};
