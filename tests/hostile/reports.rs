//! A repository in memory, linted with every rule and shown in every format.

use deploylint::catalog::example::Example;
use deploylint::catalog::{self, Profile};
use deploylint::config::Config;
use deploylint::engine::{Outcome, lint_texts};
use deploylint::finding::Level;
use deploylint::report::style::RenderOptions;
use deploylint::report::{Report, concise, github, human, json, sarif, summary};

/// What the rules at their strictest find.
pub fn lint(files: &[(&str, &str)]) -> Outcome {
    let config = Config {
        profile: Profile::Strict,
        min_level: Level::Note,
        ..Config::default()
    };
    lint_texts(config, files)
}

/// The formats that show each finding on its own. SARIF repeats the whole catalogue and is left to
/// fewer tests.
pub fn shown(outcome: &Outcome) -> Vec<(&'static str, String)> {
    let view = Report::new(outcome, Level::Note);
    vec![
        (
            "text",
            human::render_with_summary(&view, RenderOptions::PLAIN),
        ),
        ("concise", concise::render(&view)),
        ("json", json::render(&view)),
        ("github", github::render(&view)),
        (
            "step summary",
            github::step_summary(&view, github::MOST_SUMMARY_BYTES),
        ),
    ]
}

/// All formats.
pub fn all(outcome: &Outcome) -> Vec<(&'static str, String)> {
    let view = Report::new(outcome, Level::Note);
    let mut formats = shown(outcome);
    formats.push(("sarif", sarif::render(&view)));
    formats.push((
        "statistics",
        summary::statistics(&view, RenderOptions::PLAIN),
    ));

    formats
}

/// Every example of every rule, with the rule's name.
pub fn examples() -> Vec<(&'static str, Example)> {
    let named = |rule: &'static catalog::Rule| {
        rule.examples()
            .into_iter()
            .map(move |example| (rule.name, example))
    };
    catalog::rules().iter().flat_map(named).collect()
}

/// The files of an example, one of them with another text.
pub fn with_text<'e>(
    example: &'e Example,
    changed: usize,
    text: &'e str,
) -> Vec<(&'e str, &'e str)> {
    let files = example.files.iter().enumerate();
    files
        .map(|(at, file)| {
            (
                file.path.as_str(),
                if at == changed {
                    text
                } else {
                    file.text.as_str()
                },
            )
        })
        .collect()
}

/// A number for each seed, spread evenly: the same in every run.
pub fn spread(seed: usize, below: usize) -> usize {
    let mixed = (seed as u64)
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed >> 17) as usize) % below.max(1)
}
