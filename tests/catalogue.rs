//! The catalogue against the program: every page parses and says all it must, every example does
//! what it claims, and pages and checks belong together one to one.

use std::collections::BTreeSet;

use deploylint::catalog::example::{self, Example, Role};
use deploylint::catalog::{self, Profile, Rule};
use deploylint::config::Config;
use deploylint::edit::{self, Edit};
use deploylint::engine::{Outcome, lint_texts};
use deploylint::finding::Finding;
use deploylint::rules::CHECKS;
use deploylint::source::Location;

/// Rules that the engine or the suppressions report themselves, without a check.
const BUILT_IN: &[&str] = &[
    "expired-suppression",
    "internal-error",
    "unexplained-suppression",
    "unknown-rule",
    "unreadable-file",
    "unused-suppression",
];

#[test]
fn every_page_is_complete() {
    for rule in catalog::rules() {
        let name = rule.name;
        assert!(
            !rule.summary.ends_with('.') && rule.summary.len() <= 90,
            "{name}: a summary is one short line"
        );
        assert!(
            rule.prose().len() >= 80,
            "{name}: the page must give its reasons"
        );
        assert!(
            example::parse(rule.body).is_ok(),
            "{name}: {:?}",
            example::parse(rule.body).err()
        );
        assert!(
            !rule.on.is_empty() && !rule.item.is_empty(),
            "{name}: `on` and `item` are needed"
        );
        if BUILT_IN.contains(&name) {
            continue;
        }

        for role in [Role::Bad, Role::Good] {
            assert!(
                rule.examples().iter().any(|example| example.role == role),
                "{name}: no {role:?} example"
            );
        }
    }
}

#[test]
fn pages_and_checks_belong_together() {
    let coded: BTreeSet<&str> = CHECKS
        .iter()
        .copied()
        .flatten()
        .map(|check| check.rule)
        .collect();
    for name in &coded {
        assert!(catalog::rule(name).is_some(), "rules/{name}.md is missing");
    }

    for rule in catalog::rules() {
        let checks = usize::from(coded.contains(rule.name))
            + usize::from(rule.matcher.is_some())
            + usize::from(BUILT_IN.contains(&rule.name));
        assert_eq!(
            checks, 1,
            "{}: a rule has a [match] table, or an entry in CHECKS, or is built in",
            rule.name
        );
    }

    for wing in CHECKS {
        let names: Vec<&str> = wing.iter().map(|check| check.rule).collect();
        assert!(
            names.is_sorted(),
            "CHECKS of a wing is sorted by rule: {names:?}"
        );
    }
}

#[test]
fn every_example_does_what_it_claims() {
    let mut wrong = Vec::new();

    for rule in catalog::rules() {
        for (at, example) in rule.examples().iter().enumerate() {
            if let Err(problem) = verify(rule, example) {
                wrong.push(format!(
                    "rules/{}.md, example {}: {problem}",
                    rule.name,
                    at + 1
                ));
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn verify(rule: &Rule, example: &Example) -> Result<(), String> {
    let files: Vec<(&str, &str)> = example
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.text.as_str()))
        .collect();
    let outcome = lint(rule, &files);
    let found: Vec<(String, u32, &str)> = outcome
        .findings
        .iter()
        .flat_map(locations)
        .map(|location| shown(&outcome, location))
        .collect();
    let mut left = found.clone();

    for file in &example.files {
        for mark in &file.marks {
            let hit = left.iter().position(|(path, line, text)| {
                *path == file.path
                    && *line == mark.line
                    && mark.text.as_ref().is_none_or(|want| want == text)
            });

            match hit {
                Some(hit) => drop(left.remove(hit)),
                None => {
                    return Err(format!(
                        "{}:{} {:?} is not reported; found {found:?}",
                        file.path, mark.line, mark.text
                    ));
                }
            }
        }
    }

    if example.role == Role::Bad && found.is_empty() {
        return Err("nothing is reported".to_owned());
    }

    if !left.is_empty() {
        return Err(format!("reported without a mark: {left:?}"));
    }

    for (path, want) in &example.fixed {
        let mended = mend(&outcome, path).ok_or_else(|| format!("{path} is not in the example"))?;

        if mended != *want {
            return Err(format!(
                "the fixes make of {path}:\n{mended}\nand not:\n{want}"
            ));
        }
    }

    Ok(())
}

/// All rules run, as they would for a user; the findings of others are left out.
fn lint(rule: &Rule, files: &[(&str, &str)]) -> Outcome {
    let mut outcome = lint_texts(
        Config {
            profile: Profile::Strict,
            ..Config::default()
        },
        files,
    );
    outcome.findings.retain(|finding| finding.rule == rule.name);

    outcome
}

/// The primary place, and those of other objects that the finding speaks for.
fn locations(finding: &Finding) -> impl Iterator<Item = Location> {
    let alike = finding
        .related
        .iter()
        .filter(|label| finding.others > 0 && label.text == "and here");
    std::iter::once(finding.location).chain(alike.map(|label| label.location))
}

/// Path, line and text of a place.
fn shown(outcome: &Outcome, location: Location) -> (String, u32, &str) {
    let source = &outcome.sources[location.file.0 as usize];
    let line = source
        .lines()
        .position(location.span.start, &source.text)
        .line;
    (source.path.clone(), line, location.span.text(&source.text))
}

fn mend(outcome: &Outcome, path: &str) -> Option<String> {
    let source = outcome.sources.iter().find(|source| source.path == path)?;
    let fixes = outcome
        .findings
        .iter()
        .filter_map(|finding| finding.fix.as_ref());
    let edits: Vec<&Edit> = fixes
        .flat_map(|fix| &fix.edits)
        .filter(|edit| edit.file == source.id)
        .collect();
    Some(edit::apply(&source.text, edits).0)
}
