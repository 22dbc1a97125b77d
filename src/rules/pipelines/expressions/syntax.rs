//! `invalid-expression`: syntax errors, wrong calls, and conditions that are always true.

use github_actions_expressions::call::{self, Call, Function};
use github_actions_expressions::literal::Literal;
use github_actions_expressions::op::BinOp;
use github_actions_expressions::{Error, Expr, SpannedExpr};

use super::availability::available;
use crate::analysis::Analysis;
use crate::finding::{Finding, Sink};
use crate::model::workflow::{Expression, Workflow};
use crate::source::{Located, Location, clip, slice};
use crate::suggest::nearest;

pub fn check(_: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    for expression in &workflow.expressions {
        if expression.key() == "if" && expression.text.contains("event.inputs") {
            report_boolean_inputs(workflow, expression, sink);
        }

        if expression.text.contains("inputs.") && expression.text.contains('\'') {
            report_text_comparisons(workflow, expression, sink);
        }

        // Without a call, an expression that parses is valid.
        if expression.is_sound() && !expression.text.contains('(') {
            continue;
        }

        match expression.parse() {
            Ok(tree) => visit_nodes(&tree, &mut |node| {
                if let Expr::Call(call) = &node.inner {
                    let start = node.origin.span.start;
                    report_unavailable(expression, call.func, start, sink);
                    report_arguments(expression, call, sink);
                }
            }),
            Err(error) => sink.report(broken(expression, &error)),
        }
    }

    for job in &workflow.jobs {
        let steps = job.steps.iter().filter_map(|step| step.condition.as_ref());
        for condition in job.condition.iter().chain(steps) {
            report_always_true(condition, sink);
        }
    }
}

/// Reports boolean inputs that a condition reads from the event, where they are strings: `'false'`
/// is true, and never equals `false`.
fn report_boolean_inputs(workflow: &Workflow, expression: &Expression, sink: &mut Sink) {
    let Ok(tree) = expression.parse() else { return };

    let mut tests = Vec::new();
    boolean_tests(&tree, &mut tests);

    for test in tests {
        let Some(name) = event_input(test.input) else {
            continue;
        };
        let is_boolean = workflow.inputs.iter().any(|input| {
            input.event == "workflow_dispatch"
                && input.kind == "boolean"
                && input.name.value.eq_ignore_ascii_case(&name)
        });
        if !is_boolean {
            continue;
        }

        let result = match test.kind {
            BooleanTest::Truth => "true for `'false'`, too",
            BooleanTest::Equality => "not equal to a boolean",
        };
        let span = test.input.origin.span;
        sink.report(
            Finding::new(
                expression.place_of(span.start..span.end),
                format!("`github.event.inputs.{name}` is a string: {result}"),
            )
            .help(format!("use `inputs.{name}`, which is a boolean")),
        );
    }
}

/// Reports boolean inputs that are compared with `'true'` or `'false'`: no string equals a boolean.
fn report_text_comparisons(workflow: &Workflow, expression: &Expression, sink: &mut Sink) {
    let Ok(tree) = expression.parse() else { return };

    let mut inputs = Vec::new();
    visit_nodes(&tree, &mut |node| {
        if let Expr::BinExpr(binary) = &node.inner
            && matches!(binary.op, BinOp::Eq | BinOp::Neq)
        {
            for (input, other) in [(&binary.lhs, &binary.rhs), (&binary.rhs, &binary.lhs)] {
                if let Expr::Literal(Literal::String(text)) = &other.inner
                    && matches!(&**text, "true" | "false")
                {
                    inputs.push((
                        input.origin.raw.to_ascii_lowercase(),
                        input.origin.span,
                        text.to_string(),
                    ));
                }
            }
        }
    });

    for (raw, span, text) in inputs {
        let Some(name) = raw.strip_prefix("inputs.") else {
            continue;
        };

        // An input of both events is a boolean in both, or it cannot be known.
        let mut declared = workflow
            .inputs
            .iter()
            .filter(|input| input.name.value.eq_ignore_ascii_case(name))
            .peekable();
        let is_boolean = declared.peek().is_some()
            && !workflow.action
            && declared.all(|input| input.kind == "boolean");
        if !is_boolean {
            continue;
        }

        sink.report(
            Finding::new(
                expression.place_of(span.start..span.end),
                format!("`inputs.{name}` is a boolean, which never equals `'{text}'`"),
            )
            .help(format!("write `{text}` without quotes")),
        );
    }
}

/// How a condition tests a value.
#[derive(Clone, Copy)]
enum BooleanTest {
    /// By itself, or with `!`.
    Truth,
    /// With `== true` and the like.
    Equality,
}

/// A value that a condition tests as a boolean.
struct TestedValue<'t, 's> {
    input: &'t SpannedExpr<'s>,
    kind: BooleanTest,
}

/// The values that an expression tests as booleans, when it is used as a condition.
fn boolean_tests<'t, 's>(node: &'t SpannedExpr<'s>, tests: &mut Vec<TestedValue<'t, 's>>) {
    match &node.inner {
        Expr::Context(_) => tests.push(TestedValue {
            input: node,
            kind: BooleanTest::Truth,
        }),
        Expr::UnExpr { expr, .. } => boolean_tests(expr, tests),
        Expr::BinExpr(binary) => match binary.op {
            BinOp::And | BinOp::Or => {
                boolean_tests(&binary.lhs, tests);
                boolean_tests(&binary.rhs, tests);
            }
            BinOp::Eq | BinOp::Neq => {
                let sides = [(&binary.lhs, &binary.rhs), (&binary.rhs, &binary.lhs)];
                for (input, other) in sides {
                    if matches!(other.inner, Expr::Literal(Literal::Boolean(_))) {
                        tests.push(TestedValue {
                            input,
                            kind: BooleanTest::Equality,
                        });
                    }
                }
            }
            _ => {}
        },
        _ => {}
    }
}

/// The name of an input in `github.event.inputs.name`.
fn event_input(node: &SpannedExpr<'_>) -> Option<String> {
    let Expr::Context(_) = &node.inner else {
        return None;
    };

    let text = node.origin.raw.to_ascii_lowercase();
    text.strip_prefix("github.event.inputs.")
        .map(|_| node.origin.raw["github.event.inputs.".len()..].to_owned())
}

/// The finding for an expression that does not parse.
fn broken(expression: &Expression, error: &Error) -> Finding {
    match error {
        Error::Syntax(_) if expression.text.trim().is_empty() => {
            Finding::new(expression.location, "this expression is empty")
                .help("write an expression, or remove the braces")
        }
        Error::Syntax(syntax) => syntax_error(expression, syntax.offset, syntax.message),
        Error::Depth => Finding::new(
            expression.location,
            "this expression is nested too deeply for GitHub",
        ),
        Error::Call(call::Error::UnknownFunction(name)) => unknown_function(expression, name),
        Error::Call(call::Error::Arity(function, expected)) => Finding::new(
            expression.location,
            format!("`{}` takes {expected}", function_name(*function)),
        ),
    }
}

fn syntax_error(expression: &Expression, offset: usize, message: &str) -> Finding {
    let text = &expression.text;
    let rest = slice(text, offset..text.len());
    let location = match rest.chars().next() {
        Some(letter) => expression.place_of(offset..offset + letter.len_utf8()),
        None => expression.location,
    };
    let finding = Finding::new(
        location,
        format!("GitHub cannot parse this expression: {message}"),
    );

    if text.contains('"') {
        finding.help("use single quotes for strings: `'text'`")
    } else {
        finding
    }
}

/// The functions of expressions.
const FUNCTIONS: &[&str] = &[
    "contains",
    "startsWith",
    "endsWith",
    "format",
    "join",
    "toJSON",
    "fromJSON",
    "hashFiles",
    "case",
    "success",
    "always",
    "cancelled",
    "failure",
];

fn unknown_function(expression: &Expression, name: &str) -> Finding {
    let start = expression.text.find(name).unwrap_or(0);
    let finding = Finding::new(
        expression.place_of(start..start + name.len()),
        format!("unknown function `{name}`"),
    );

    match nearest(name, FUNCTIONS.iter().copied()) {
        Some(meant) => finding.help(format!("did you mean `{meant}`?")),
        None => finding.help(format!("use one of {}", FUNCTIONS.join(", "))),
    }
}

/// Reports a function that cannot be called under the key of the expression. `start` is the offset
/// of its name.
fn report_unavailable(expression: &Expression, function: Function, start: usize, sink: &mut Sink) {
    let is_restricted = matches!(
        function,
        Function::Success
            | Function::Always
            | Function::Cancelled
            | Function::Failure
            | Function::HashFiles
    );
    if !is_restricted {
        return;
    }

    let Some(entry) = available(expression) else {
        return;
    };

    let name = function_name(function);
    if entry
        .functions
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
    {
        return;
    }

    let help = if name == "hashFiles" {
        "use it only in the keys of a step"
    } else {
        "use it only in an `if`"
    };

    sink.report(
        Finding::new(
            expression.place_of(start..start + name.len()),
            format!("`{name}` cannot be called under `{}`", expression.key()),
        )
        .help(help),
    );
}

/// Reports arguments that are wrong whatever the values of variables are.
fn report_arguments(expression: &Expression, call: &Call<'_>, sink: &mut Sink) {
    let Some(first) = call.args.first() else {
        return;
    };

    let Expr::Literal(Literal::String(text)) = &first.inner else {
        return;
    };

    let location = expression.place_of(first.origin.span.start..first.origin.span.end);

    match call.func {
        Function::FromJSON => {
            if let Err(error) = serde_json::from_str::<serde_json::Value>(text) {
                sink.report(Finding::new(location, format!("invalid JSON: {error}")));
            }
        }
        Function::Format => {
            let passed = call.args.len() - 1;
            if let Some(finding) = wrong_format(location, text, passed) {
                sink.report(finding);
            }
        }
        _ => {}
    }
}

/// The finding for a format string whose placeholders do not fit the number of passed arguments.
fn wrong_format(location: Location, format: &str, passed: usize) -> Option<Finding> {
    let Some(placeholders) = placeholders(format) else {
        return Some(
            Finding::new(location, "invalid placeholder in this format string")
                .help("write placeholders as `{0}`, and literal braces as `{{` and `}}`"),
        );
    };

    if let Some(missing) = placeholders.iter().find(|number| **number >= passed) {
        return Some(Finding::new(
            location,
            format!("`{{{missing}}}` has no argument: the call passes {passed}"),
        ));
    }

    let unused = (0..passed).find(|number| !placeholders.contains(number))?;
    Some(Finding::new(
        location,
        format!(
            "argument {} is unused: the format string has no `{{{unused}}}`",
            unused + 1
        ),
    ))
}

/// The numbers in the braces of a format string; `None` where braces are not closed or do not hold
/// a number.
fn placeholders(format: &str) -> Option<Vec<usize>> {
    let mut numbers = Vec::new();
    let mut rest = format;

    while let Some(offset) = rest.find(['{', '}']) {
        let tail = &rest[offset..];

        if tail.starts_with("{{") || tail.starts_with("}}") {
            rest = &tail[2..];
            continue;
        }

        let (number, after) = tail.strip_prefix('{')?.split_once('}')?;
        numbers.push(number.parse().ok()?);
        rest = after;
    }

    Some(numbers)
}

/// Reports text around the braces of a condition. It makes the condition a string, and a string
/// that is not empty is true.
fn report_always_true(condition: &Located<String>, sink: &mut Sink) {
    let text = condition.value.as_str();
    let Some(start) = text.find("${{") else {
        return;
    };

    // Braces that close before any open are ordinary text.
    let end = text
        .rfind("}}")
        .map(|offset| offset + 2)
        .filter(|end| *end > start)
        .unwrap_or(text.len());
    let is_single = slice(text, start..end).matches("${{").count() == 1;
    let before = clip(text, start);
    let after = slice(text, end..text.len());
    // A plain or folded scalar loses its blanks; a block scalar keeps its last line end.
    if is_single && before.is_empty() && after.is_empty() {
        return;
    }

    let (reason, help) = if is_single && before.trim().is_empty() && after.trim().is_empty() {
        (
            "the trailing newline makes it a string",
            "remove the braces, or write `if: >-` or `if: |-`",
        )
    } else {
        (
            "text outside the braces makes it a string",
            "put the whole condition inside one `${{ }}`, or remove the braces",
        )
    };
    let message = format!("this condition is always true: {reason}");

    sink.report(Finding::new(condition.location, message).help(help));
}

/// Calls a function for every node of a tree.
fn visit_nodes(node: &SpannedExpr<'_>, visit: &mut impl FnMut(&SpannedExpr<'_>)) {
    visit(node);

    match &node.inner {
        Expr::Call(call) => call.args.iter().for_each(|arg| visit_nodes(arg, visit)),
        Expr::Index(inner) => visit_nodes(inner, visit),
        Expr::Context(context) => context
            .parts
            .iter()
            .for_each(|part| visit_nodes(part, visit)),
        Expr::BinExpr(binary) => {
            visit_nodes(&binary.lhs, visit);
            visit_nodes(&binary.rhs, visit);
        }
        Expr::UnExpr { expr, .. } => visit_nodes(expr, visit),
        Expr::Literal(_) | Expr::Star | Expr::Identifier(_) => {}
    }
}

/// A function as GitHub writes it.
const fn function_name(function: Function) -> &'static str {
    match function {
        Function::Contains => "contains",
        Function::StartsWith => "startsWith",
        Function::EndsWith => "endsWith",
        Function::Format => "format",
        Function::Join => "join",
        Function::ToJSON => "toJSON",
        Function::FromJSON => "fromJSON",
        Function::HashFiles => "hashFiles",
        Function::Case => "case",
        Function::Success => "success",
        Function::Always => "always",
        Function::Cancelled => "cancelled",
        Function::Failure => "failure",
    }
}

#[cfg(test)]
mod tests {
    use super::placeholders;

    #[test]
    fn reads_placeholders_of_format_strings() {
        assert_eq!(placeholders("a {0} {{x}} {1}"), Some(vec![0, 1]));
        assert_eq!(placeholders("a {x}"), None);
        assert_eq!(placeholders("a {0"), None);
    }
}
