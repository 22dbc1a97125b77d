//! `invalid-workflow` and `unknown-workflow-key`: a workflow compared with GitHub's own syntax,
//! from the tree.

mod called;
mod calls;
mod cron;
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

use crate::analysis::Analysis;
use crate::analysis::pipelines::is_live;
use crate::finding::Sink;
use crate::model::workflow::Workflow;
use crate::syntax::yaml::Node;
use problems::{Problems, SchemaViolation, ViolationKind};

pub fn invalid(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    for violation in schema_violations(ctx, workflow) {
        if violation.kind != ViolationKind::UnknownKey {
            sink.report(violation.finding());
        }
    }
}

pub fn unknown_key(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    let mut problems = Problems::default();
    if let Some(root) = checked_root(ctx, workflow) {
        check_keys(workflow, root, &mut problems);
    }

    for violation in problems.into_violations() {
        if violation.kind == ViolationKind::UnknownKey {
            sink.report(violation.finding());
        }
    }
}

/// The tree of a workflow that is checked.
fn checked_root<'c>(ctx: &'c Analysis, workflow: &Workflow) -> Option<Node<'c>> {
    if !is_live(ctx, workflow) {
        return None;
    }

    ctx.facts.file(workflow.file).schema_tree()?.root()
}

/// Compares the keys with those that GitHub knows, and the values with what each key takes.
fn check_keys(workflow: &Workflow, root: Node<'_>, problems: &mut Problems) {
    let shape = if workflow.action {
        &table::ACTION
    } else {
        &table::WORKFLOW
    };
    walk::check_mapping(root, shape, problems);

    if workflow.action {
        return;
    }

    for entry in root.entries() {
        if let Some(key) = entry.key.str()
            && table::WORKFLOW.canonical_key(key) == "on"
        {
            events::check(entry.value, problems);
        }
    }
}

fn schema_violations(ctx: &Analysis, workflow: &Workflow) -> Vec<SchemaViolation> {
    let Some(root) = checked_root(ctx, workflow) else {
        return Vec::new();
    };

    let mut problems = Problems::default();
    check_keys(workflow, root, &mut problems);

    if workflow.action {
        values::action(root, &mut problems);
    } else {
        values::workflow(ctx, workflow, root, &mut problems);
        called::check_concurrency(ctx, workflow, &mut problems);
        for job in &workflow.jobs {
            called::check_permissions(ctx, workflow, job, &mut problems);
        }
    }

    problems.into_violations()
}
