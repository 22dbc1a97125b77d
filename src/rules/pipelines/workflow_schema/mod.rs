//! `invalid-workflow` and `unknown-workflow-key`: a workflow compared with GitHub's own syntax,
//! from the tree.

mod called;
mod calls;
mod cron;
mod data;
mod events;
mod local_actions;
mod matrix;
mod pattern;
mod problems;
mod table;
mod time_zone;
mod values;
mod versions;
mod walk;

use crate::analysis::Ctx;
use crate::analysis::pipelines::is_live;
use crate::finding::Sink;
use crate::model::workflow::Workflow;
use crate::syntax::yaml::Tree;
use problems::{Problems, SchemaViolation, ViolationKind};

pub use data::DATA;

pub fn invalid(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    for violation in schema_violations(ctx, workflow) {
        if violation.kind != ViolationKind::UnknownKey {
            sink.report(violation.finding());
        }
    }
}

pub fn unknown_key(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    for violation in schema_violations(ctx, workflow) {
        if violation.kind == ViolationKind::UnknownKey {
            sink.report(violation.finding());
        }
    }
}

fn schema_violations(ctx: &Ctx, workflow: &Workflow) -> Vec<SchemaViolation> {
    if !is_live(ctx, workflow) {
        return Vec::new();
    }

    let tree = ctx.facts.file(workflow.file).tree.as_deref();
    let Some(root) = tree.and_then(Tree::root) else {
        return Vec::new();
    };

    let mut problems = Problems::default();
    if workflow.action {
        walk::check_mapping(root, &table::ACTION, &mut problems);
        values::action(root, &mut problems);
    } else {
        walk::check_mapping(root, &table::WORKFLOW, &mut problems);
        for entry in root.entries() {
            if let Some(key) = entry.key.str()
                && table::WORKFLOW.canonical_key(key) == "on"
            {
                events::check(entry.value, &mut problems);
            }
        }
        values::workflow(ctx, workflow, root, &mut problems);
        called::check_concurrency(ctx, workflow, &mut problems);
        for job in &workflow.jobs {
            called::check_permissions(ctx, workflow, job, &mut problems);
        }
    }

    problems.into_violations()
}
