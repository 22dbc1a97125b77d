//! `template-injection`: untrusted input that `${{ … }}` expands into code.

use crate::analysis::Analysis;
use crate::analysis::taint::{self, Taint, Writer};
use crate::analysis::untrusted_checkout::Site;
use crate::finding::{Finding, Sink};
use crate::model::workflow::{Expression, Workflow};

pub fn check(_: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    for expression in &workflow.expressions {
        let site = Site::of(workflow, expression);
        let Some(code) = code_around(workflow, expression) else {
            continue;
        };

        if let Some(taint) = taint::taint(site, expression) {
            sink.report(injection(expression, code, &taint));
        }
    }
}

fn injection(expression: &Expression, code: &str, taint: &Taint) -> Finding {
    let written = expression.text.trim();
    let attacker = match taint.writer {
        Writer::Insider => "anyone who sets it",
        Writer::Outsider | Writer::PrivilegedOutsider => "an attacker",
    };
    let finding = Finding::new(
        expression.location,
        format!("`{written}` is expanded into {code}: {attacker} can run commands"),
    )
    .label("expanded as code before it runs")
    .help("pass it through `env:` and quote the variable in the script");

    let finding = match taint.writer {
        Writer::Insider => finding.case("insider"),
        Writer::Outsider => finding.case("unprivileged"),
        Writer::PrivilegedOutsider => finding,
    };

    match taint.location {
        Some(location) => {
            finding.related(location, format!("{} enters here", quoted(&taint.origin)))
        }
        None if taint.origin != written.to_ascii_lowercase() => {
            finding.label(format!("contains {}", quoted(&taint.origin)))
        }
        None => finding,
    }
}

/// The kind of code that an expression is a part of.
fn code_around(workflow: &Workflow, expression: &Expression) -> Option<&'static str> {
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
