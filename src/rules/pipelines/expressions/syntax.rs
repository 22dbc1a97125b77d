//! `invalid-expression`: syntax, functions, and conditions that always hold.

use github_actions_expressions::call::{self, Function};
use github_actions_expressions::literal::Literal;
use github_actions_expressions::{Error, Expr, SpannedExpr};

use super::key;
use crate::analysis::Ctx;
use crate::finding::{Finding, Sink};
use crate::model::workflow::{Expression, Workflow};
use crate::source::{Located, Location, Span, clip, slice};

pub fn check(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    // What calls nothing has only to be sound.
    let plain = |expression: &&Expression| expression.is_sound() && !expression.text.contains('(');
    for expression in workflow
        .expressions
        .iter()
        .filter(|expression| !plain(expression))
    {
        match expression.parse() {
            Ok(tree) => {
                walk(expression, &tree, sink);
                calls(expression, &tree, sink);
            }
            Err(error) => sink.report(broken(expression, &error)),
        }
    }

    for job in &workflow.jobs {
        let steps = job.steps.iter().filter_map(|step| step.condition.as_ref());
        for condition in job.condition.iter().chain(steps) {
            always_true(condition, sink);
        }
    }
}

fn broken(expression: &Expression, error: &Error) -> Finding {
    let text = expression.text.trim();

    match error {
        Error::Syntax(_) if text.is_empty() => {
            Finding::new(expression.location, "this expression is empty")
                .help("write an expression, or remove the braces")
        }
        Error::Syntax(syntax) => {
            let rest = slice(&expression.text, syntax.offset..expression.text.len());
            let end = rest.chars().next().map_or(0, char::len_utf8);
            let location = if end == 0 {
                expression.location
            } else {
                expression.place_of(syntax.offset..syntax.offset + end)
            };

            let mut finding = Finding::new(
                location,
                format!("GitHub cannot parse this expression: {}", syntax.message),
            );
            if clip(&expression.text, syntax.offset).ends_with('"') || expression.text.contains('"')
            {
                finding = finding.help("use single quotes for strings: `'text'`");
            }

            finding
        }
        Error::Depth => Finding::new(
            expression.location,
            "this expression is nested too deeply for GitHub",
        ),
        Error::Call(call::Error::UnknownFunction(name)) => {
            let at = expression.text.find(name.as_str()).unwrap_or(0);
            let known = [
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
            let finding = Finding::new(
                expression.place_of(at..at + name.len()),
                format!("unknown function `{name}`"),
            );

            match crate::suggest::nearest(name, known) {
                Some(meant) => finding.help(format!("did you mean `{meant}`?")),
                None => finding.help(format!("use one of {}", known.join(", "))),
            }
        }
        Error::Call(call::Error::Arity(function, expected)) => Finding::new(
            expression.location,
            format!("`{}` takes {expected}", name_of(*function)),
        ),
    }
}

/// Functions that may not be called here.
fn walk(expression: &Expression, tree: &SpannedExpr<'_>, sink: &mut Sink) {
    each(tree, &mut |node| {
        let Expr::Call(call) = &node.inner else {
            return;
        };

        let special = matches!(
            call.func,
            Function::Success
                | Function::Always
                | Function::Cancelled
                | Function::Failure
                | Function::HashFiles
        );
        let name = name_of(call.func);
        let Some(entry) = key(expression).filter(|_| special) else {
            return;
        };

        if !entry
            .functions
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
        {
            let location =
                expression.place_of(node.origin.span.start..node.origin.span.start + name.len());
            let help = if name == "hashFiles" {
                "use it only in the keys of a step"
            } else {
                "use it only in an `if`"
            };

            sink.report(
                Finding::new(
                    location,
                    format!("`{name}` cannot be called under `{}`", expression.key()),
                )
                .help(help),
            );
        }
    });
}

/// Arguments that are wrong in themselves.
fn calls(expression: &Expression, tree: &SpannedExpr<'_>, sink: &mut Sink) {
    each(tree, &mut |node| {
        let Expr::Call(call) = &node.inner else {
            return;
        };

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
                let given = call.args.len() - 1;
                let Some(holes) = holes(text) else {
                    sink.report(
                        Finding::new(location, "invalid placeholder in this format string").help(
                            "write placeholders as `{0}`, and literal braces as `{{` and `}}`",
                        ),
                    );
                    return;
                };

                if let Some(missing) = holes.iter().find(|hole| **hole >= given) {
                    sink.report(Finding::new(
                        location,
                        format!("`{{{missing}}}` has no argument: the call passes {given}"),
                    ));
                } else if let Some(unused) = (0..given).find(|at| !holes.contains(at)) {
                    sink.report(Finding::new(
                        location,
                        format!(
                            "argument {} is unused: the format string has no `{{{unused}}}`",
                            unused + 1
                        ),
                    ));
                }
            }
            _ => {}
        }
    });
}

/// The numbers in the braces of a format; `None` where one does not end or holds no number.
fn holes(format: &str) -> Option<Vec<usize>> {
    let mut found = Vec::new();
    let mut rest = format;

    while let Some(at) = rest.find(['{', '}']) {
        let tail = &rest[at..];

        if tail.starts_with("{{") || tail.starts_with("}}") {
            rest = &tail[2..];
            continue;
        }

        let (number, after) = tail.strip_prefix('{')?.split_once('}')?;
        found.push(number.parse().ok()?);
        rest = after;
    }

    Some(found)
}

/// A text around the braces makes the whole a text, and a text that is not empty is true.
fn always_true(condition: &Located<String>, sink: &mut Sink) {
    let text = condition.value.as_str();
    let Some(start) = text.find("${{") else {
        return;
    };
    // Braces that close before any open are text like any other.
    let end = text
        .rfind("}}")
        .map(|at| at + 2)
        .filter(|end| *end > start)
        .unwrap_or(text.len());
    let whole = slice(text, start..end).matches("${{").count() == 1;
    let before = clip(text, start);
    let after = slice(text, end..text.len());
    // A plain or folded scalar loses its blanks; a block scalar keeps its last line end.
    if whole && before.is_empty() && after.is_empty() {
        return;
    }

    let location = Location::new(
        condition.location.file,
        Span::new(condition.location.span.start, condition.location.span.end),
    );
    let (why, help) = if whole && before.trim().is_empty() && after.trim().is_empty() {
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

    sink.report(Finding::new(location, format!("this condition is always true: {why}")).help(help));
}

/// Calls a function for every node of a tree.
fn each(node: &SpannedExpr<'_>, visit: &mut impl FnMut(&SpannedExpr<'_>)) {
    visit(node);

    match &node.inner {
        Expr::Call(call) => call.args.iter().for_each(|arg| each(arg, visit)),
        Expr::Index(inner) => each(inner, visit),
        Expr::Context(context) => context.parts.iter().for_each(|part| each(part, visit)),
        Expr::BinExpr(binary) => {
            each(&binary.lhs, visit);
            each(&binary.rhs, visit);
        }
        Expr::UnExpr { expr, .. } => each(expr, visit),
        Expr::Literal(_) | Expr::Star | Expr::Identifier(_) => {}
    }
}

const fn name_of(function: Function) -> &'static str {
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
    use super::holes;

    #[test]
    fn formats() {
        assert_eq!(holes("a {0} {{x}} {1}"), Some(vec![0, 1]));
        assert_eq!(holes("a {x}"), None);
        assert_eq!(holes("a {0"), None);
    }
}
