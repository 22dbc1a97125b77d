//! Fixes over everything that has one: the examples of all pages, and small repositories here. A
//! fix removes its finding, adds none, keeps every comment, and is not needed twice.

use std::fmt::Write as _;

use deploylint::catalog::{self, Profile};
use deploylint::config::Config;
use deploylint::edit::Applicability;
use deploylint::finding::Level;
use deploylint::fixes::{Choice, FixedRun, fix_texts};
use deploylint::source::FileId;

const ALL: Choice = Choice {
    applicability: Applicability::Unsafe,
    min_level: Level::Note,
};

fn fix(files: &[(&str, &str)], choice: Choice) -> FixedRun {
    let config = Config {
        profile: Profile::Strict,
        ..Config::default()
    };

    fix_texts(&config, files, choice)
}

/// The text of a file in the end.
fn text<'m>(fixed_run: &'m FixedRun, path: &str) -> &'m str {
    let sources = &fixed_run.last().sources;
    let source = sources.iter().find(|source| source.path == path);
    source.map_or("", |source| source.text.as_str())
}

/// The comments of a text, one a line.
fn comments(text: &str) -> Vec<&str> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| line.starts_with('#')).collect()
}

#[test]
fn every_example_is_fixed_for_good() {
    let mut wrong = String::new();
    let mut fixed_examples = 0;

    for rule in catalog::rules() {
        for (nth, example) in rule.examples().iter().enumerate() {
            let files: Vec<(&str, &str)> = example
                .files
                .iter()
                .map(|file| (file.path.as_str(), file.text.as_str()))
                .collect();
            let fixed_run = fix(&files, ALL);
            fixed_examples += usize::from(fixed_run.fixed > 0);

            for problem in problems(&files, &fixed_run) {
                let _ = writeln!(wrong, "{} {nth}: {problem}", rule.name);
            }
        }
    }

    assert!(wrong.is_empty(), "{wrong}");
    assert!(fixed_examples > 0);
}

/// What is wrong with a repository after its fixes.
fn problems(files: &[(&str, &str)], fixed_run: &FixedRun) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, before) in files {
        let after = text(fixed_run, path);
        // Texts that no rule parses are not kept.
        if after.is_empty() {
            continue;
        }

        // A comment goes only with what it is about: a finding that it suppressed.
        let kept = comments(after);
        let lost = comments(before)
            .into_iter()
            .filter(|comment| !kept.contains(comment) && !comment.contains("deploylint:"))
            .count();
        if lost > 0 {
            problems.push(format!("{path} lost {lost} comments:\n{after}"));
        }
    }

    let sources: Vec<(&str, &str)> = fixed_run
        .last()
        .sources
        .iter()
        .filter(|source| !source.text.is_empty())
        .map(|source| (source.path.as_str(), source.text.as_str()))
        .collect();
    if sources.len() == fixed_run.last().sources.len() {
        let again = fix(&sources, ALL);
        if again.fixed > 0 {
            problems.push(format!("{} findings are fixed again", again.fixed));
        }
    }

    problems
}

#[test]
fn unsafe_fixes_are_applied_only_if_asked_for() {
    let files = [(
        "Dockerfile",
        "FROM debian:12.5\nRUN apt-get update && apt-get install -y jq && rm -rf /var/lib/apt/lists/*\nADD a /a\n",
    )];
    let safe = Choice {
        applicability: Applicability::Safe,
        ..ALL
    };

    let text_after = |choice| text(&fix(&files, choice), "Dockerfile").to_owned();

    assert_eq!(
        text_after(safe),
        "FROM debian:12.5\nRUN apt-get update && apt-get install -y jq && rm -rf /var/lib/apt/lists/*\nCOPY a /a\n"
    );
    assert_eq!(
        text_after(ALL),
        "FROM debian:12.5\nRUN apt-get update && apt-get install --no-install-recommends -y jq && rm -rf /var/lib/apt/lists/*\nCOPY a /a\n"
    );
}

#[test]
fn a_file_that_cannot_be_parsed_stays_as_it_is() {
    let files = [("compose.yaml", "version: \"3\"\nservices:\n  a: [\n")];
    let fixed_run = fix(&files, ALL);

    assert_eq!(fixed_run.changes, []);
    assert_eq!(fixed_run.fixed, 0);
}

#[test]
fn changes_name_the_file_in_both_runs() {
    let files = [
        ("a/README.md", "Text.\n"),
        ("b/Dockerfile", "FROM debian:12.5\nADD a /a\n"),
    ];
    let fixed_run = fix(&files, ALL);
    let change = fixed_run.changes.first().expect("a change");

    assert_eq!(change.path, "b/Dockerfile");
    assert_eq!((change.before, change.after), (FileId(1), FileId(1)));
    assert_eq!(fixed_run.changes.len(), 1);
}
