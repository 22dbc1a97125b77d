//! `ignored-failure`: a gate whose failure is passed over. `job-timeout`: jobs that may hang for
//! hours. `unreachable-trigger`: jobs for events that never start the workflow.

use github_actions_expressions::literal::Literal;
use github_actions_expressions::op::BinOp;
use github_actions_expressions::{Expr, SpannedExpr};

use crate::analysis::Ctx;
use crate::analysis::pipelines::is_live;
use crate::finding::{Finding, Sink};
use crate::model::workflow::{Evidence, Purpose, Step, Workflow, command_purposes, step_purposes};
use crate::syntax::shell::Connector;

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

fn word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Test => "test",
        Purpose::Lint | Purpose::Typecheck => "check",
        Purpose::Evaluate => "evaluation",
        _ => "scan",
    }
}

pub fn ignored_failure(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    for job in &workflow.jobs {
        let gate = |step: &Step| {
            step_purposes(step).find(|evidence| is_gate(evidence.purpose) && !evidence.named)
        };

        if let Some(setting) = job
            .continue_on_error
            .known()
            .filter(|setting| setting.value)
            && let Some(evidence) = job.steps.iter().find_map(gate)
        {
            sink.report(passed_over(setting.location, &evidence));
        }

        for step in job.steps.iter().filter(|step| !step.is_disabled()) {
            if let Some(setting) = step
                .continue_on_error
                .known()
                .filter(|setting| setting.value)
                && let Some(evidence) = gate(step)
                && !is_judged_later(job.steps.as_slice(), step)
                && !is_uploaded_later(&job.steps, step)
            {
                sink.report(passed_over(setting.location, &evidence));
            }

            commands(step, sink);
            inputs(step, sink);
        }
    }
}

fn passed_over(location: crate::source::Location, evidence: &Evidence) -> Finding {
    Finding::new(
        location,
        format!("{} failures are ignored", word(evidence.purpose)),
    )
    .related(evidence.location, "can fail unnoticed")
    .help("let it fail, and skip known failures by name, with a reason")
}

/// Whether a later step looks at the outcome.
fn is_judged_later(steps: &[Step], step: &Step) -> bool {
    let Some(id) = &step.id else { return false };

    let asks = format!("steps.{}.", id.value);
    let conditions = steps
        .iter()
        .filter_map(|step| step.condition.as_ref())
        .any(|condition| condition.value.contains(&asks));
    conditions
        || steps
            .iter()
            .filter_map(|step| step.run.as_ref())
            .any(|code| code.text.contains(&asks))
}

/// Whether the findings go to code scanning after the step, and are judged there.
fn is_uploaded_later(steps: &[Step], step: &Step) -> bool {
    let later = steps
        .iter()
        .filter(|other| other.location.span.start > step.location.span.start);
    later.filter_map(Step::action).any(|action| {
        action
            .name()
            .eq_ignore_ascii_case("github/codeql-action/upload-sarif")
    })
}

/// `pytest || true`.
fn commands(step: &Step, sink: &mut Sink) {
    let Some(code) = &step.run else { return };

    let script = code.script();

    for invocation in script.invocations() {
        let pipeline = script.pipeline(invocation.command);
        if pipeline.then != Connector::Or
            || invocation.args.iter().any(|arg| arg.text() == "--version")
        {
            continue;
        }

        let Some((purpose, _)) = command_purposes(&invocation)
            .into_iter()
            .find(|(purpose, named)| is_gate(*purpose) && !named)
        else {
            continue;
        };

        let next = script.commands.iter().find(|command| {
            command.span.start > invocation.command.span.end
                && command.block == invocation.command.block
        });

        let Some(next) = next.filter(|next| matches!(next.name(), "true" | ":" | "/bin/true"))
        else {
            continue;
        };

        sink.report(
            Finding::new(
                code.location(next.span),
                format!("{} failures are ignored", word(purpose)),
            )
            .related(code.location(invocation.span()), "can fail unnoticed")
            .help("remove `|| true`"),
        );
    }
}

/// Scanners that are told to find and say nothing.
fn inputs(step: &Step, sink: &mut Sink) {
    let Some(action) = step.action() else { return };

    let (input, off) = match action.name().to_ascii_lowercase().as_str() {
        "aquasecurity/trivy-action" => ("exit-code", "0"),
        "anchore/scan-action" => ("fail-build", "false"),
        "docker/scout-action" => ("exit-code", "false"),
        "bridgecrewio/checkov-action" => ("soft_fail", "true"),
        _ => return,
    };
    // Results that are uploaded are judged there.
    let uploads = ["format", "output-format"].iter().any(|input| {
        step.input_text(input).is_some_and(|text| {
            matches!(
                text,
                "sarif" | "cyclonedx" | "spdx" | "spdx-json" | "github"
            )
        })
    });

    let Some(given) = step
        .input(input)
        .and_then(|given| given.value.literal())
        .filter(|at| at.value == off && !uploads)
    else {
        return;
    };

    sink.report(
        Finding::new(
            given.location,
            "the scan never fails, regardless of what it finds",
        )
        .help(
            "fail the job on findings that must not ship: `exit-code: 1` with `severity: \
         CRITICAL,HIGH`, or similar",
        ),
    );
}

pub fn timeout(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    if workflow.action || !is_live(ctx, workflow) {
        return;
    }

    let without = workflow.jobs.iter().filter(|job| {
        let steps = !job.steps.is_empty() && job.steps.iter().all(|step| !step.timeout.is_absent());
        job.uses.is_none()
            && job.timeout.is_absent()
            && !job.is_disabled()
            && !steps
            && !job.steps.is_empty()
    });

    let without: Vec<_> = without.collect();
    let Some(first) = without.first() else { return };

    let mut finding = Finding::new(
        first.id.location,
        "no `timeout-minutes`: a job that hangs runs for six hours",
    )
    .help("add `timeout-minutes:` with some margin above the usual duration");
    finding.others = without.len() as u32 - 1;
    sink.report(finding);
}

pub fn unreachable(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    // A called workflow sees its caller's event.
    if workflow.action
        || workflow.triggers.is_empty()
        || workflow.trigger("workflow_call").is_some()
    {
        return;
    }

    let asks = |text: &str| text.to_ascii_lowercase().contains("event_name");
    let conditions = workflow
        .expressions
        .iter()
        .filter(|expression| expression.key() == "if");
    for expression in conditions.filter(|expression| asks(&expression.text)) {
        let Ok(tree) = expression.parse() else {
            continue;
        };

        let mut needed = Vec::new();
        conjuncts(&tree, &mut needed);

        for (event, span) in needed {
            if workflow
                .triggers
                .iter()
                .any(|trigger| trigger.event.value == event)
            {
                continue;
            }

            let what = if expression.step.is_some() {
                "step"
            } else {
                "job"
            };

            sink.report(
                Finding::new(
                    expression.place_of(span),
                    format!("this {what} never runs: `{event}` does not trigger the workflow"),
                )
                .related(workflow.triggers[0].event.location, "the triggers are here")
                .help(format!("add `{event}` to `on`, or remove the {what}")),
            );
        }
    }
}

/// The events that `github.event_name == '…'` asks for where all parts must hold.
fn conjuncts(tree: &SpannedExpr<'_>, found: &mut Vec<(String, std::ops::Range<usize>)>) {
    let Expr::BinExpr(binary) = &tree.inner else {
        return;
    };

    match binary.op {
        BinOp::And => {
            conjuncts(&binary.lhs, found);
            conjuncts(&binary.rhs, found);
        }
        BinOp::Eq => {
            let sides = [(&binary.lhs, &binary.rhs), (&binary.rhs, &binary.lhs)];

            for (context, literal) in sides {
                let is_event = matches!(&context.inner, Expr::Context(context) if context.matches("github.event_name"));

                if let (true, Expr::Literal(Literal::String(event))) = (is_event, &literal.inner) {
                    found.push((
                        event.to_string(),
                        tree.origin.span.start..tree.origin.span.end,
                    ));
                }
            }
        }
        _ => {}
    }
}
