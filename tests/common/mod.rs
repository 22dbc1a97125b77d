//! Little repositories with the expected findings marked in them.
//!
//! ```text
//! //- compose.yaml
//! services:
//!   api:
//!     image: acme/api:latest
//!     #      ^^^^^^^^^^^^^^^ error[pinned-image]: …moving tag `latest`
//! ```
//!
//! A mark is a line of its own below the line that it is about: blanks or a `#`, then `^` under
//! each character of the span, then the level and the rule. A message is optional, and each `…` in
//! it is any text. Several findings of one span are separated by commas. Of a span of several
//! lines, the first line is marked. A further place of a finding is marked as `also[rule]`.

mod files;

use std::fmt::Write as _;

use deploylint::catalog::Profile;
use deploylint::catalog::example::matches_pattern;
use deploylint::config::Config;
use deploylint::engine::{Outcome, lint_texts};
use deploylint::finding::Finding;
use deploylint::source::Location;

/// What is looked for in little repositories.
pub struct Rules<'r> {
    /// Findings of other rules are left out.
    pub names: &'r [&'r str],
    pub profile: Profile,
}

/// A mark, or the finding that one would describe.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    path: String,
    /// From 0.
    line: usize,
    /// From 0, in characters, and the column behind the span.
    columns: (usize, usize),
    /// `error[pinned-image]`.
    rule: String,
    message: String,
}

impl Rules<'_> {
    /// Fails unless the findings of the rules are exactly those that the input marks.
    #[track_caller]
    pub fn check(&self, input: &str) {
        let (repository, mut expected) = split(files::files(input));
        let texts: Vec<(&str, &str)> = repository
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        let config = Config {
            profile: self.profile,
            ..Config::default()
        };

        let outcome = lint_texts(config, &texts);
        let findings = outcome.findings.iter();
        let mut actual: Vec<Mark> = findings
            .filter(|finding| self.names.contains(&finding.rule))
            .flat_map(|finding| marks_of_finding(&outcome, finding))
            .collect();
        actual.sort();
        expected.sort();

        let is_same = actual.len() == expected.len()
            && actual
                .iter()
                .zip(&expected)
                .all(|(actual, expected)| fits(actual, expected));
        assert!(
            is_same,
            "expected:\n{}\nactual:\n{}",
            annotated(&repository, &expected),
            annotated(&repository, &actual)
        );
    }
}

fn fits(actual: &Mark, expected: &Mark) -> bool {
    let has_message =
        expected.message.is_empty() || matches_pattern(&expected.message, &actual.message);

    has_message
        && Mark {
            message: String::new(),
            ..actual.clone()
        } == Mark {
            message: String::new(),
            ..expected.clone()
        }
}

/// The files without their marks, and the marks.
fn split(annotated: Vec<(String, String)>) -> (Vec<(String, String)>, Vec<Mark>) {
    let mut files = Vec::new();
    let mut marks = Vec::new();

    for (path, text) in annotated {
        let mut clean = String::new();
        let mut line_count = 0;

        for line in text.lines() {
            match mark_line(line) {
                Some((columns, findings)) => {
                    marks.extend(marks_of(&path, line_count - 1, columns, findings));
                }
                None => {
                    clean.push_str(line);
                    clean.push('\n');
                    line_count += 1;
                }
            }
        }

        files.push((path, clean));
    }

    (files, marks)
}

/// The columns of a line of marks, and what is behind them.
fn mark_line(line: &str) -> Option<((usize, usize), &str)> {
    let start = line.find('^')?;
    let before = line[..start].trim();
    if !before.is_empty() && before != "#" {
        return None;
    }

    let rest = line[start..].trim_start_matches('^');
    let end = line.len() - rest.len();
    let is_mark = ["error[", "warning[", "note[", "also["]
        .iter()
        .any(|level| rest.trim_start().starts_with(level));

    is_mark.then_some(((start, end), rest.trim()))
}

fn marks_of(path: &str, line: usize, columns: (usize, usize), findings: &str) -> Vec<Mark> {
    let (rules, message) = match findings.split_once("]: ") {
        Some((rule, message)) => (format!("{rule}]"), message),
        None => (findings.to_owned(), ""),
    };

    rules
        .split(", ")
        .map(|rule| Mark {
            path: path.to_owned(),
            line,
            columns,
            rule: rule.to_owned(),
            message: message.to_owned(),
        })
        .collect()
}

/// The marks that a finding would have.
fn marks_of_finding(outcome: &Outcome, finding: &Finding) -> Vec<Mark> {
    let primary = format!("{}[{}]", finding.level.as_str(), finding.rule);
    let also = format!("also[{}]", finding.rule);

    finding
        .places()
        .enumerate()
        .map(|(index, place)| match index {
            0 => mark_of(outcome, place, primary.clone(), finding.message.clone()),
            _ => mark_of(outcome, place, also.clone(), String::new()),
        })
        .collect()
}

fn mark_of(outcome: &Outcome, location: Location, rule: String, message: String) -> Mark {
    let source = &outcome.sources[location.file.0 as usize];
    let span = location.span;
    let line = source.lines().line(span.start);
    let text = source.lines().span(line, &source.text);
    let before = &source.text[text.start as usize..span.start as usize];
    let marked = &source.text[span.start as usize..span.end.min(text.end) as usize];
    let start = before.chars().count();

    Mark {
        path: source.path.clone(),
        line,
        columns: (start, start + marked.chars().count()),
        rule,
        message,
    }
}

/// The input that would have these marks.
fn annotated(files: &[(String, String)], marks: &[Mark]) -> String {
    let mut out = String::new();

    for (path, text) in files {
        let _ = writeln!(out, "//- {path}");

        for (number, line) in text.lines().enumerate() {
            let _ = writeln!(out, "{line}");
            let here = marks
                .iter()
                .filter(|mark| mark.path == *path && mark.line == number);

            for mark in here {
                let (start, end) = mark.columns;
                let carets = "^".repeat(end - start);
                let _ = writeln!(
                    out,
                    "{}{carets} {}: {}",
                    " ".repeat(start),
                    mark.rule,
                    mark.message
                );
            }
        }
    }

    out
}
