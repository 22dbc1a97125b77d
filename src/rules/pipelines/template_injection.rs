//! `template-injection`: text of strangers pasted into code by `${{ … }}`.

use crate::analysis::untrusted_checkout::Site;
use crate::analysis::{Ctx, taint};
use crate::finding::{Finding, Level, Sink};
use crate::model::workflow::{Expression, Workflow};

pub fn check(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    for expression in &workflow.expressions {
        let site = Site::of(workflow, expression);
        let Some(into) = code(workflow, expression) else {
            continue;
        };

        let Some(taint) = taint::taint(site, expression) else {
            continue;
        };

        let written = expression.text.trim();
        let who = if taint.level == Level::Note {
            "anyone who sets it"
        } else {
            "an attacker"
        };

        let mut finding = Finding::new(
            expression.location,
            format!("`{written}` is expanded into {into}: {who} can run commands"),
        )
        .label("expanded as code before it runs")
        .help("pass it through `env:` and quote the variable in the script");
        if let Some(location) = taint.location {
            finding = finding.related(location, format!("{} enters here", quoted(&taint.origin)));
        } else if taint.origin != written.to_ascii_lowercase() {
            finding = finding.label(format!("contains {}", quoted(&taint.origin)));
        }

        sink.report_at(taint.level.min(sink.level()), finding);
    }
}

/// What kind of code an expression stands in.
fn code(workflow: &Workflow, expression: &Expression) -> Option<&'static str> {
    let step = workflow
        .jobs
        .get(expression.job?)?
        .steps
        .get(expression.step?)?;
    if step.is_disabled() {
        return None;
    }

    let keys: Vec<&str> = expression.keys.iter().map(String::as_str).collect();

    match keys.as_slice() {
        [.., "steps", _, "run"] => Some("the script"),
        [.., "steps", _, "with", input] if taint::is_code_input(step, input) => {
            Some("code that the action runs")
        }
        _ => None,
    }
}

fn quoted(origin: &str) -> String {
    if origin.contains(' ') {
        origin.to_owned()
    } else {
        format!("`{origin}`")
    }
}
