//! `job-timeout`: jobs that may hang for hours. `unreachable-trigger`: jobs for events that never
//! start the workflow.

use std::ops::Range;

use github_actions_expressions::literal::Literal;
use github_actions_expressions::op::BinOp;
use github_actions_expressions::{Expr, SpannedExpr};

use crate::analysis::Ctx;
use crate::analysis::pipelines::is_live;
use crate::finding::{Finding, Sink};
use crate::model::workflow::{Expression, Job, Workflow};

pub fn timeout(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
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

pub fn unreachable(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
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
