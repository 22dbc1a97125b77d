//! `job-timeout`: jobs that may hang for hours. `unreachable-trigger`: jobs for events that never
//! start the workflow.

use std::ops::Range;

use github_actions_expressions::literal::Literal;
use github_actions_expressions::op::BinOp;
use github_actions_expressions::{Expr, SpannedExpr};

use crate::analysis::pipelines::{is_live, is_named};
use crate::analysis::{Analysis, truncate};
use crate::finding::{Finding, Sink};
use crate::model::workflow::{Expression, Job, Workflow};
use crate::suggest::nearest;

pub fn timeout(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    if workflow.action || !is_live(ctx, workflow) {
        return;
    }

    let mut jobs = workflow.jobs.iter().filter(|job| may_hang(job));
    let Some(first) = jobs.next() else { return };

    sink.report(
        Finding::new(
            first.id.location,
            "no `timeout-minutes`: a job that hangs runs for six hours",
        )
        .help("add `timeout-minutes:` with some margin above the usual duration")
        .also_at(jobs.map(|job| job.id.location)),
    );
}

/// Whether a job has steps, and neither it nor all of them have a time limit.
fn may_hang(job: &Job) -> bool {
    job.uses.is_none()
        && job.timeout.is_absent()
        && !job.is_disabled()
        && job.steps.iter().any(|step| step.timeout.is_absent())
}

pub fn unreachable(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    report_unknown_workflows(ctx, workflow, sink);

    // A called workflow sees its caller's event.
    if workflow.action
        || workflow.triggers.is_empty()
        || workflow.trigger("workflow_call").is_some()
    {
        return;
    }

    for expression in workflow.expressions.iter().filter(|expression| {
        expression.key() == "if" && expression.text.to_ascii_lowercase().contains("event_name")
    }) {
        let Ok(tree) = expression.parse() else {
            continue;
        };

        let mut events = Vec::new();
        required_events(&tree, &mut events);

        for (event, range) in events {
            let is_triggered = workflow
                .triggers
                .iter()
                .any(|trigger| trigger.event.value.eq_ignore_ascii_case(&event));
            if !is_triggered {
                sink.report(unreachable_condition(workflow, expression, &event, range));
            }
        }
    }
}

/// Workflows that GitHub runs by itself, without a file.
const MANAGED_WORKFLOWS: &[&str] = &[
    "pages-build-deployment",
    "pages build and deployment",
    "CodeQL",
    "Dependabot Updates",
    "Copilot",
    "Dependency Graph",
    "Automatic Dependency Submission",
];

/// Reports names under `workflow_run` that no workflow of the repository has.
fn report_unknown_workflows(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    let Some(trigger) = workflow.trigger("workflow_run") else {
        return;
    };

    let others: Vec<&Workflow> = ctx
        .facts
        .workflows()
        .filter(|other| !other.action && is_live(ctx, other))
        .collect();
    // A file with errors may have any name.
    let is_whole = others
        .iter()
        .all(|other| ctx.facts.file(other.file).errors.is_empty());
    if !is_whole || !is_live(ctx, workflow) {
        return;
    }

    for name in &trigger.workflows {
        let is_known = others.iter().any(|other| is_named(ctx, other, &name.value))
            || MANAGED_WORKFLOWS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(&name.value))
            // The names are patterns.
            || name.value.contains(['*', '?', '[', '!', '+', '\\', '$']);
        if is_known {
            continue;
        }

        let names = others.iter().filter_map(|other| other.name.as_ref());
        let help = match nearest(&name.value, names.map(|name| name.value.as_str())) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "write the `name:` of a workflow in this repository".to_owned(),
        };

        sink.report(
            Finding::new(
                name.location,
                format!("no workflow is named `{}`", truncate(&name.value, 40)),
            )
            .label("never triggers this workflow")
            .help(help),
        );
    }
}

fn unreachable_condition(
    workflow: &Workflow,
    expression: &Expression,
    event: &str,
    range: Range<usize>,
) -> Finding {
    let subject = if expression.step.is_some() {
        "step"
    } else {
        "job"
    };

    Finding::new(
        expression.place_of(range),
        format!("this {subject} never runs: `{event}` does not trigger the workflow"),
    )
    .related(workflow.triggers[0].event.location, "the triggers are here")
    .help(format!("add `{event}` to `on`, or remove the {subject}"))
}

/// The events that a condition requires by `github.event_name == '…'`, and the ranges of these
/// comparisons. Only parts that must all hold are looked at.
fn required_events(tree: &SpannedExpr<'_>, events: &mut Vec<(String, Range<usize>)>) {
    let Expr::BinExpr(binary) = &tree.inner else {
        return;
    };

    match binary.op {
        BinOp::And => {
            required_events(&binary.lhs, events);
            required_events(&binary.rhs, events);
        }
        BinOp::Eq => {
            let sides = [(&binary.lhs, &binary.rhs), (&binary.rhs, &binary.lhs)];
            for (context, literal) in sides {
                if let Expr::Context(context) = &context.inner
                    && context.matches("github.event_name")
                    && let Expr::Literal(Literal::String(event)) = &literal.inner
                {
                    let span = tree.origin.span;
                    events.push((event.to_string(), span.start..span.end));
                }
            }
        }
        _ => {}
    }
}
