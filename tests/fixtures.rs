//! The repositories in `fixtures/`: what is found in each, to the line and column, and how it is
//! reported.
//!
//! Each fixture is a test with one snapshot in `tests/snapshots/`:
//! `agent-service-ready::findings`. After an intended change,
//! `INSTA_UPDATE=always cargo test --test fixtures` writes the snapshots again; the diff shows what
//! changed.

#[path = "common/trials.rs"]
mod trials;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use deploylint::config::Config;
use deploylint::engine::{Options, Outcome, lint};
use deploylint::finding::Level;
use deploylint::report::style::RenderOptions;
use deploylint::report::{Report, concise, human, json, sarif};
use deploylint::source::Location;
use deploylint::suppress::Date;
use libtest_mimic::Trial;

/// Fixtures whose text report is pinned too.
const WITH_TEXT: &[&str] = &[
    "agent-service-broken",
    "agent-service-ready",
    "image-runs-as-root-six-workloads",
];

fn main() -> ExitCode {
    let mut tests = vec![
        trials::plain(
            "a_repository_that_is_ready_passes_clean",
            a_repository_that_is_ready_passes_clean,
        ),
        trials::plain(
            "a_broken_twin_exists_for_everything_that_is_ready",
            a_broken_twin_exists_for_everything_that_is_ready,
        ),
        trials::plain("no_snapshot_is_left_over", no_snapshot_is_left_over),
    ];

    for name in names() {
        tests.push(fixture_test(&name, "findings", findings_are_pinned));
        tests.push(fixture_test(&name, "threads", threads_make_no_difference));
    }

    for name in WITH_TEXT {
        tests.push(fixture_test(name, "text", text_is_pinned));
    }

    trials::run(tests)
}

/// A test of one fixture, which is given the fixture's name.
fn fixture_test(fixture: &str, what: &str, test: fn(&str)) -> Trial {
    let fixture = fixture.to_owned();

    Trial::test(format!("{fixture}::{what}"), move || {
        test(&fixture);
        Ok(())
    })
}

fn findings_are_pinned(fixture: &str) {
    let outcome = run(fixture, None);
    pin(&format!("{fixture}.findings"), &listed(&outcome));
}

fn text_is_pinned(fixture: &str) {
    let mut outcome = run(fixture, None);
    outcome.summary.elapsed = Duration::ZERO;
    let report = Report::new(&outcome, Level::Warning);
    pin(
        &format!("{fixture}.text"),
        &human::render_with_summary(&report, RenderOptions::PLAIN),
    );
}

fn a_repository_that_is_ready_passes_clean() {
    let outcome = run("agent-service-ready", None);
    let shown = concise::render(&Report::new(&outcome, Level::Warning));
    assert!(
        shown.is_empty(),
        "the recommended profile finds something in the ready fixture:\n{shown}"
    );
}

fn a_broken_twin_exists_for_everything_that_is_ready() {
    let outcome = run("agent-service-broken", None);
    let kinds: BTreeSet<&str> = outcome
        .findings
        .iter()
        .map(|finding| {
            outcome.sources[finding.location.file.0 as usize]
                .path
                .as_str()
        })
        .collect();
    for path in [
        "Dockerfile",
        "compose.yaml",
        "k8s/api.yaml",
        ".github/workflows/ci.yml",
    ] {
        assert!(
            kinds.contains(path),
            "{path}: nothing is found in the broken fixture"
        );
    }
}

fn threads_make_no_difference(fixture: &str) {
    let reports = [1, 2, 7].map(|threads| {
        let mut outcome = run(fixture, Some(threads));
        outcome.summary.elapsed = Duration::ZERO;
        let view = Report::new(&outcome, Level::Note);
        [
            human::render_with_summary(&view, RenderOptions::PLAIN),
            json::render(&view),
            sarif::render(&view),
        ]
        .concat()
    });

    assert!(
        reports.iter().all(|report| *report == reports[0]),
        "the reports differ with the threads"
    );
}

fn no_snapshot_is_left_over() {
    let mut wanted: BTreeSet<String> = names()
        .into_iter()
        .map(|name| format!("{name}.findings.snap"))
        .collect();
    wanted.extend(WITH_TEXT.iter().map(|name| format!("{name}.text.snap")));
    // A new fixture's snapshot may not have been written yet; the test that pins it says so.
    for name in entries(&root().join("tests/snapshots/fixtures")) {
        assert!(
            wanted.contains(&name) || name.ends_with(".snap.new"),
            "{name}: no fixture has this snapshot"
        );
    }
}

fn run(name: &str, threads: Option<usize>) -> Outcome {
    let options = Options {
        root: root().join("fixtures").join(name),
        config: Config::default(),
        threads,
        today: Date::parse("2026-01-01"),
        ..Options::default()
    };

    lint(&options).expect("threads can be started")
}

/// `path:line:column-column level[rule] message`, the related places below, and the counts.
fn listed(outcome: &Outcome) -> String {
    let view = Report::new(outcome, Level::Note);
    let mut text = String::new();

    for finding in &view.findings {
        let (level, rule) = (finding.level.as_str(), finding.rule);
        let _ = writeln!(
            text,
            "{} {level}[{rule}] {}",
            location(&view, finding.location),
            view.text(&finding.message)
        );

        for label in &finding.related {
            let _ = writeln!(
                text,
                "    {} {}",
                location(&view, label.location),
                view.text(&label.text)
            );
        }
    }

    let totals = view.totals;
    let _ = write!(
        text,
        "{} errors, {} warnings, {} notes",
        totals.errors, totals.warnings, totals.notes
    );

    text
}

fn location(view: &Report, location: Location) -> String {
    let range = view.range(location);
    let path = &view.source(location.file).path;
    let (start, end) = (range.start, range.end);
    if start.line == end.line {
        return format!("{path}:{}:{}-{}", start.line, start.column, end.column);
    }

    format!(
        "{path}:{}:{}-{}:{}",
        start.line, start.column, end.line, end.column
    )
}

fn pin(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/fixtures");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn names() -> Vec<String> {
    entries(&root().join("fixtures"))
}

fn entries(folder: &Path) -> Vec<String> {
    let read = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> = read
        .map(|entry| {
            entry
                .expect("can be read")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();

    names
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
