//! `ignored-failure`: tests and scans whose failures are ignored. `job-timeout`: jobs that may hang
//! for hours. `unreachable-trigger`: jobs for events that never start the workflow.

use std::ops::Range;

use github_actions_expressions::literal::Literal;
use github_actions_expressions::op::BinOp;
use github_actions_expressions::{Expr, SpannedExpr};

use crate::analysis::Ctx;
use crate::analysis::pipelines::is_live;
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::workflow::{
    Evidence, Expression, Job, Purpose, Step, Workflow, command_purposes, step_purposes,
};
use crate::source::{Location, Span};
use crate::syntax::shell::{Connector, Invocation, Script};

/// Whether a failure of this purpose should stop the pipeline.
const fn is_gate(purpose: Purpose) -> bool {
    matches!(
        purpose,
        Purpose::Test
            | Purpose::Lint
            | Purpose::Typecheck
            | Purpose::Scan
            | Purpose::ImageScan
            | Purpose::Evaluate
            | Purpose::SecretScan
    )
}

/// The noun of a gate in messages.
const fn gate_noun(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Test => "test",
        Purpose::Lint | Purpose::Typecheck => "check",
        Purpose::Evaluate => "evaluation",
        _ => "scan",
    }
}

pub fn ignored_failure(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    for job in &workflow.jobs {
        if let Some(location) = continues(&job.continue_on_error)
            && let Some(evidence) = job.steps.iter().find_map(gate_of)
        {
            sink.report(ignored_gate(location, &evidence));
        }

        for step in job.steps.iter().filter(|step| !step.is_disabled()) {
            if let Some(location) = continues(&step.continue_on_error)
                && let Some(evidence) = gate_of(step)
                && !is_judged_later(&job.steps, step)
                && !is_uploaded_later(&job.steps, step)
            {
                sink.report(ignored_gate(location, &evidence));
            }

            report_commands(step, sink);
            report_scanner(step, sink);
        }
    }
}

/// The first command or action of a step that is a gate; names of steps are not enough.
fn gate_of(step: &Step) -> Option<Evidence> {
    step_purposes(step).find(|evidence| is_gate(evidence.purpose) && !evidence.named)
}

/// The place of `continue-on-error: true`.
fn continues(setting: &Setting<bool>) -> Option<Location> {
    let setting = setting.known()?;

    setting.value.then_some(setting.location)
}

fn ignored_gate(location: Location, evidence: &Evidence) -> Finding {
    Finding::new(
        location,
        format!("{} failures are ignored", gate_noun(evidence.purpose)),
    )
    .related(evidence.location, "can fail unnoticed")
    .help("let it fail, and skip known failures by name, with a reason")
}

/// Whether another step reads the outcome of this one.
fn is_judged_later(steps: &[Step], step: &Step) -> bool {
    let Some(id) = &step.id else { return false };

    let outcome = format!("steps.{}.", id.value);
    steps.iter().any(|step| {
        let condition = step.condition.as_ref();
        let script = step.run.as_ref();

        condition.is_some_and(|condition| condition.value.contains(&outcome))
            || script.is_some_and(|code| code.text.contains(&outcome))
    })
}

/// Whether the results are uploaded to code scanning after the step, and judged there.
fn is_uploaded_later(steps: &[Step], step: &Step) -> bool {
    steps
        .iter()
        .filter(|other| other.location.span.start > step.location.span.start)
        .any(|other| other.runs_action("github/codeql-action/upload-sarif"))
}

/// Reports `pytest || true`.
fn report_commands(step: &Step, sink: &mut Sink) {
    let Some(code) = &step.run else { return };

    let script = code.script();

    for invocation in script.invocations() {
        let Some(purpose) = gate_purpose(&invocation) else {
            continue;
        };

        let Some(span) = success_after(script, &invocation) else {
            continue;
        };

        sink.report(
            Finding::new(
                code.location(span),
                format!("{} failures are ignored", gate_noun(purpose)),
            )
            .related(code.location(invocation.span()), "can fail unnoticed")
            .help("remove `|| true`"),
        );
    }
}

/// The purpose of a command that is a gate.
fn gate_purpose(invocation: &Invocation<'_>) -> Option<Purpose> {
    if invocation.args.iter().any(|arg| arg.text() == "--version") {
        return None;
    }

    command_purposes(invocation)
        .into_iter()
        .find(|(purpose, named)| is_gate(*purpose) && !named)
        .map(|(purpose, _)| purpose)
}

/// The `true` after `||` that hides the failure of a command.
fn success_after(script: &Script, invocation: &Invocation<'_>) -> Option<Span> {
    let failing = invocation.command;
    if script.pipeline(failing).then != Connector::Or {
        return None;
    }

    let next = script
        .commands
        .iter()
        .find(|command| command.span.start > failing.span.end && command.block == failing.block)?;

    matches!(next.name(), "true" | ":" | "/bin/true").then_some(next.span)
}

/// Reports scanners that are set to succeed whatever they find.
fn report_scanner(step: &Step, sink: &mut Sink) {
    let Some(action) = step.action() else { return };

    let (input, off) = match action.name().to_ascii_lowercase().as_str() {
        "aquasecurity/trivy-action" => ("exit-code", "0"),
        "anchore/scan-action" => ("fail-build", "false"),
        "docker/scout-action" => ("exit-code", "false"),
        "bridgecrewio/checkov-action" => ("soft_fail", "true"),
        _ => return,
    };

    let Some(setting) = step.input(input).and_then(|input| input.value.literal()) else {
        return;
    };

    if setting.value != off || writes_report(step) {
        return;
    }

    sink.report(
        Finding::new(
            setting.location,
            "the scan never fails, regardless of what it finds",
        )
        .help(
            "fail the job on findings that must not ship: `exit-code: 1` with `severity: \
         CRITICAL,HIGH`, or similar",
        ),
    );
}

/// Whether a scanner writes a report, which is uploaded and judged elsewhere.
fn writes_report(step: &Step) -> bool {
    ["format", "output-format"].iter().any(|input| {
        matches!(
            step.input_text(input),
            Some("sarif" | "cyclonedx" | "spdx" | "spdx-json" | "github")
        )
    })
}

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
            if workflow.trigger(&event).is_none() {
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
