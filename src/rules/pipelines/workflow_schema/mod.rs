//! `invalid-workflow` and `unknown-workflow-key`: a workflow compared with GitHub's own syntax,
//! from the tree.

mod calls;
mod cron;
mod data;
mod events;
mod matrix;
mod pattern;
mod problems;
mod table;
mod time_zone;
mod values;
mod walk;

use crate::analysis::Ctx;
use crate::analysis::pipelines::is_live;
use crate::finding::Sink;
use crate::model::facts::SchemaViolation;
use crate::model::workflow::Workflow;
use crate::syntax::yaml::Tree;
use problems::Problems;

pub use data::DATA;

pub fn invalid(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    report(ctx, workflow, false, sink);
}

pub fn unknown_key(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    report(ctx, workflow, true, sink);
}

/// Reports the violations that are unknown keys, or those that are not.
fn report(ctx: &Ctx, workflow: &Workflow, is_key: bool, sink: &mut Sink) {
    if !is_live(ctx, workflow) {
        return;
    }

    let violations = ctx
        .facts
        .file(workflow.file)
        .schema_violations
        .get_or_init(|| schema_violations(ctx, workflow));

    for violation in violations
        .iter()
        .filter(|violation| violation.is_key == is_key)
    {
        let finding = violation.finding.clone();
        sink.report(finding.case_if(violation.is_harmless, "harmless"));
    }
}

fn schema_violations(ctx: &Ctx, workflow: &Workflow) -> Vec<SchemaViolation> {
    let mut problems = Problems::default();
    let tree = ctx.facts.file(workflow.file).tree.as_deref();
    let Some(root) = tree.and_then(Tree::root) else {
        return Vec::new();
    };

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
    }

    problems.into_violations()
}
