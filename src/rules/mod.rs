//! The coded rules: plain functions over facts and the graph, registered in one slice.
//!
//! A check reads, judges and reports. It does no IO, keeps no state, and cannot fail.

mod ci_pipeline;
mod dangerous_trigger;
pub mod declarative;
mod deploy_needs_tests;
mod expressions;
mod needs;
mod pinned_action;
mod runner_label;
mod template_injection;
mod untrusted;
mod workflow_permissions;
mod workflow_schema;

use crate::finding::Sink;
use crate::graph::Graph;
use crate::model::compose::{Project, Service};
use crate::model::container::Container;
use crate::model::dockerfile::Dockerfile;
use crate::model::facts::{Facts, FileFacts};
use crate::model::image::ImageUse;
use crate::model::kubernetes::{Object, Workload};
use crate::model::workflow::Workflow;
use crate::source::SourceFile;

/// What every check may look at.
#[derive(Clone, Copy, Debug)]
pub struct Ctx<'a> {
    pub facts: &'a Facts<'a>,
    pub graph: &'a Graph<'a>,
}

/// Whose container it is.
#[derive(Clone, Copy, Debug)]
pub enum Owner<'a> {
    Compose(&'a Project, &'a Service),
    Kubernetes(&'a Object, &'a Workload),
}

/// A check of one rule over one sort of fact. A rule may have several.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The rule's name: its page is `rules/<name>.md`.
    pub rule: &'static str,
    pub run: Run,
}

/// What a check is called with.
#[derive(Clone, Copy, Debug)]
pub enum Run {
    /// Once for each file that has a text.
    File(fn(&Ctx, &SourceFile, &FileFacts, &mut Sink)),
    Dockerfile(fn(&Ctx, &Dockerfile, &mut Sink)),
    /// Once for each image that is named anywhere.
    Image(fn(&Ctx, &ImageUse, &mut Sink)),
    /// Once for each container of a compose service or a pod.
    Container(fn(&Ctx, Owner, &Container, &mut Sink)),
    Project(fn(&Ctx, &Project, &mut Sink)),
    Service(fn(&Ctx, &Project, &Service, &mut Sink)),
    Object(fn(&Ctx, &Object, &mut Sink)),
    Workload(fn(&Ctx, &Object, &Workload, &mut Sink)),
    /// Workflows and actions.
    Workflow(fn(&Ctx, &Workflow, &mut Sink)),
    /// Once for the repository.
    Repository(fn(&Ctx, &mut Sink)),
}

/// Every coded check, sorted by rule. A rule that is not here is declarative: its page has a `[match]` table.
pub const CHECKS: &[Check] = &[
    Check { rule: "ci-pipeline", run: Run::Repository(ci_pipeline::check) },
    Check { rule: "cyclic-needs", run: Run::Workflow(needs::cyclic) },
    Check { rule: "dangerous-trigger", run: Run::Workflow(dangerous_trigger::check) },
    Check { rule: "deploy-needs-tests", run: Run::Workflow(deploy_needs_tests::check) },
    Check { rule: "invalid-expression", run: Run::Workflow(expressions::invalid_expression) },
    Check { rule: "invalid-workflow", run: Run::Workflow(workflow_schema::invalid) },
    Check { rule: "pinned-action", run: Run::Workflow(pinned_action::check) },
    Check { rule: "runner-label", run: Run::Workflow(runner_label::check) },
    Check { rule: "template-injection", run: Run::Workflow(template_injection::check) },
    Check { rule: "undefined-context", run: Run::Workflow(expressions::undefined_context) },
    Check { rule: "undefined-needs", run: Run::Workflow(needs::undefined) },
    Check { rule: "unknown-workflow-key", run: Run::Workflow(workflow_schema::unknown_key) },
    Check { rule: "workflow-permissions", run: Run::Workflow(workflow_permissions::check) },
];

/// Whether GitHub runs the file: an action, or a workflow that stands directly in `.github/workflows`. Copies elsewhere
/// are templates, or were put aside.
fn is_live(ctx: &Ctx, workflow: &Workflow) -> bool {
    workflow.action || ctx.facts.source(workflow.file).folder().ends_with(".github/workflows")
}
