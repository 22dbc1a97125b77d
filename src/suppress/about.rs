//! Findings about suppressions: unknown names, faults, dates, reasons, and those that hide nothing.

use std::collections::HashSet;

use super::directive::{Directive, Until};
use crate::catalog::{self, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Sink};
use crate::source::{SourceFile, Span};
use crate::suggest;

/// For how many names of one comment a similar rule is searched: more are not written by hand.
const MAX_GUESSED: usize = 64;

/// How many unknown names of one comment are reported.
const MAX_REPORTED: usize = 1_000;

/// Findings about one suppression; `used` are the rules of which it hid a finding.
pub(super) fn problems(
    source: &SourceFile,
    directive: &Directive,
    used: &HashSet<&str>,
) -> Vec<Finding> {
    if let Some(fault) = directive.fault {
        let finding = Finding::new(
            source.location(directive.body),
            format!("invalid suppression: {fault}"),
        )
        .help(
            "write `# deploylint: ignore[rule] reason`, or `ignore-file[rule]` for the whole file",
        );

        return of_rule("unknown-rule", finding).into_iter().collect();
    }

    let mut findings = Vec::new();
    let unknown = directive
        .names
        .iter()
        .filter(|name| catalog::rule(name.text).is_none());
    for (number, name) in unknown.enumerate().take(MAX_REPORTED + 1) {
        let finding = if number < MAX_REPORTED {
            unknown_rule(source, name.text, name.span, number < MAX_GUESSED)
        } else {
            let message = format!("more than {MAX_REPORTED} unknown rules in one suppression");
            Finding::new(source.location(name.span), message)
                .help("set `ignore` for the path in `deploylint.toml`")
        };
        findings.extend(of_rule("unknown-rule", finding));
    }

    if let Some(until) = &directive.until
        && !until.holds
    {
        findings.extend(of_rule("expired-suppression", expired(source, until)));

        return findings;
    }

    if !directive.explained {
        let finding = Finding::new(
            source.location(directive.body),
            "this suppression has no reason",
        )
        .help("add a reason after the bracket");
        findings.extend(of_rule("unexplained-suppression", finding));
    }

    let mut seen = HashSet::new();
    for (index, name) in directive.names.iter().enumerate() {
        let Some(rule) = catalog::rule(name.text) else {
            continue;
        };

        // A rule that is named twice is reported at its first place.
        let is_settled = used.contains(name.text) || !seen.insert(name.text);
        if is_settled || is_about_suppressions(rule) {
            continue;
        }

        let finding = Finding::new(
            source.location(name.span),
            format!("unused suppression of `{}`", name.text),
        )
        .help("remove the suppression")
        .fix(removal(source, directive, index));
        findings.extend(of_rule("unused-suppression", finding));
    }

    findings
}

/// The finding with the name, level and confidence of a rule.
fn of_rule(rule: &str, finding: Finding) -> Option<Finding> {
    let rule = catalog::rule(rule)?;
    let mut sink = Sink::new(rule.name, rule.level, rule.confidence);
    sink.report(finding);

    sink.into_findings().pop()
}

fn unknown_rule(source: &SourceFile, name: &str, span: Span, suggests: bool) -> Finding {
    let location = source.location(span);
    let rules = catalog::rules();
    let of_item: Vec<String> = rules
        .iter()
        .filter(|rule| rule.item == name)
        .take(4)
        .map(|rule| format!("`{}`", rule.name))
        .collect();
    if !of_item.is_empty() {
        return Finding::new(
            location,
            format!("`{name}` is a checklist item, not a rule"),
        )
        .help(format!("use one of its rules: {}", of_item.join(", ")));
    }

    let finding = Finding::new(location, format!("unknown rule `{name}`"))
        .help("run `deploylint rules` to list all rules");
    if !suggests {
        return finding;
    }

    match suggest::nearest(name, rules.iter().map(|rule| rule.name)) {
        Some(similar) => finding.label(format!("did you mean `{similar}`?")),
        None => finding,
    }
}

fn expired(source: &SourceFile, until: &Until) -> Finding {
    let location = source.location(until.span);
    let finding = match until.date {
        Some(date) => Finding::new(location, format!("this suppression expired on {date}")),
        None => Finding::new(location, "this suppression has an invalid expiry date")
            .label("expected YYYY-MM-DD"),
    };

    finding.help("fix the finding, or extend the date")
}

/// Suppressions of these rules are not reported as unused: their findings come last.
fn is_about_suppressions(rule: &Rule) -> bool {
    rule.name.ends_with("-suppression") || rule.name == "unknown-rule"
}

/// The fix that removes one name from the brackets, or the whole comment if it is the only name.
fn removal(source: &SourceFile, directive: &Directive, index: usize) -> Option<Fix> {
    let names = &directive.names;
    let span = if let Some(next) = names.get(index + 1) {
        Span::new(names[index].span.start, next.span.start)
    } else if index > 0 {
        Span::new(names[index - 1].span.end, names[index].span.end)
    } else {
        comment_span(source, directive)?
    };

    Fix::new(
        Applicability::Safe,
        "remove the suppression",
        vec![Edit::replace(source.id, span, "")],
    )
}

/// The comment of a suppression with the blanks before it, or its whole line; `None` if it says more.
fn comment_span(source: &SourceFile, directive: &Directive) -> Option<Span> {
    if !directive.alone {
        return None;
    }

    let comment = directive.comment;
    let line = source.lines().line(comment.start);
    let start = source.lines().start(line);
    let before = Span::new(start, comment.start).text(&source.text);
    if before.trim().is_empty() {
        let next = source.lines().start(line + 1);
        return Some(Span::new(start, next.max(comment.end)));
    }

    Some(Span::new(
        start + before.trim_end().len() as u32,
        comment.end,
    ))
}
