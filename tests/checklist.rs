//! The checklist of the repositories in `fixtures/`, in each form; its gate, its comparison, and
//! the attestations.
//!
//! `INSTA_UPDATE=always cargo test --test checklist` writes the snapshots again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use deploylint::checklist::compare::{Earlier, changes};
use deploylint::checklist::{Checklist, Status, gather, html, json, markdown, text};
use deploylint::config::Config;
use deploylint::engine::{Options, Outcome, Purpose, Workers, inspect_with};
use deploylint::finding::Level;
use deploylint::report::Report;
use deploylint::report::style::RenderOptions;
use deploylint::suppress::Date;

/// Fixtures whose checklist is pinned.
const FIXTURES: &[&str] = &[
    "agent-service-broken",
    "agent-service-ready",
    "compose-only",
    "helm-only",
    "kubernetes-only",
    "library",
    "monorepo-four-services",
    "nothing-to-deploy",
];

/// Those of which every form is pinned.
const ALL_FORMS: &[&str] = &["agent-service-ready", "monorepo-four-services"];

#[test]
fn each_form_is_pinned() {
    for fixture in FIXTURES {
        with_checklist(fixture, |view, list| {
            pin(
                &format!("{fixture}.text"),
                &text::render(view, list, None, look()),
            );
            pin(&format!("{fixture}.json"), &json::render(view, list));

            if ALL_FORMS.contains(fixture) {
                pin(
                    &format!("{fixture}.md"),
                    &markdown::render(view, list, None),
                );
                pin(&format!("{fixture}.html"), &html::render(view, list, None));
            }
        });
    }
}

#[test]
fn a_repository_that_is_ready_passes_every_item() {
    with_checklist("agent-service-ready", |_, list| {
        for verdict in &list.items {
            let is_fine = matches!(verdict.status, Status::Pass | Status::NotApplicable);
            assert!(
                is_fine,
                "{}: {:?} {}",
                verdict.item.name, verdict.status, verdict.reason
            );
        }

        assert_eq!(list.score(), 100);
    });
}

/// A pass shows a place, an attestation, or what was searched as a whole.
#[test]
fn nothing_passes_without_evidence() {
    for fixture in FIXTURES {
        with_checklist(fixture, |_, list| {
            for verdict in &list.items {
                for cell in verdict
                    .cells
                    .iter()
                    .filter(|cell| cell.status == Status::Pass)
                {
                    let is_shown = !cell.evidence.is_empty() || cell.attestation.is_some();
                    assert!(
                        is_shown,
                        "{fixture}: {} passes without evidence",
                        verdict.item.name
                    );
                }
            }
        });
    }
}

/// What fails says why, and what is not known says what would have to be seen.
#[test]
fn everything_else_has_a_reason() {
    for fixture in FIXTURES {
        with_checklist(fixture, |_, list| {
            for verdict in list.items.iter().filter(|item| item.status != Status::Pass) {
                assert!(
                    !verdict.reason.is_empty(),
                    "{fixture}: {}",
                    verdict.item.name
                );
            }
        });
    }
}

#[test]
fn nothing_of_a_library_is_an_application() {
    with_checklist("library", |_, list| {
        for name in [
            "llm-cost",
            "model-pinning",
            "ci-eval",
            "non-root",
            "api-spec",
        ] {
            assert_eq!(list.status_of(name), Some(Status::NotApplicable), "{name}");
        }
    });
}

#[test]
fn the_text_fits_eighty_columns() {
    for fixture in FIXTURES {
        with_checklist(fixture, |view, list| {
            for line in text::render(view, list, None, look()).lines() {
                // A path is not broken.
                let is_place = line.starts_with("      ");
                assert!(is_place || line.chars().count() <= 80, "{fixture}: {line}");
            }
        });
    }
}

#[test]
fn an_attestation_stands_for_what_files_cannot_show() {
    let attest =
        |until: &str, item: &str| format!("[attest.{item}]\nby = 'Kim'\nuntil = {until}\n");

    for (config, item, expected) in [
        (String::new(), "load-test", Status::Manual),
        (attest("2026-01-01", "load-test"), "load-test", Status::Pass),
        (attest("2025-12-31", "load-test"), "load-test", Status::Fail),
        (attest("2026-01-01", "tls"), "tls", Status::Pass),
        (attest("2025-12-31", "tls"), "tls", Status::Fail),
        // It does not outweigh what files show.
        (
            attest("2026-01-01", "network-exposure"),
            "network-exposure",
            Status::Partial,
        ),
    ] {
        let config = Config::parse("deploylint.toml", &config).expect("a configuration");
        with_config("monorepo-four-services", config, |_, list| {
            assert_eq!(list.status_of(item), Some(expected), "{item}");
        });
    }
}

#[test]
fn mistakes_in_attestations_are_shown() {
    for (text, message) in [
        (
            "[attest.load-tset]\nby = 'a'\nuntil = 2027-01-01",
            "`load-tset` cannot be attested",
        ),
        (
            "[attest.non-root]\nby = 'a'\nuntil = 2027-01-01",
            "`non-root` cannot be attested",
        ),
        (
            "[attest.load-test]\nby = 'a'",
            "`[attest.load-test]` requires `until`",
        ),
        (
            "[attest.load-test]\nuntil = 2027-01-01",
            "`[attest.load-test]` requires `by`",
        ),
        (
            "[attest.load-test]\nby = 'a'\nuntil = 'soon'",
            "`until` must be a date",
        ),
        (
            "[attest.load-test]\nby = 'a'\nuntil = 2027-01-01\nwho = 1",
            "unknown key `who`",
        ),
    ] {
        let Err(broken) = Config::parse("deploylint.toml", text) else {
            panic!("{text}: accepted");
        };
        assert_eq!(broken.problems[0].message, message, "{text}");
    }
}

#[test]
fn an_earlier_report_is_compared() {
    with_checklist("monorepo-four-services", |view, list| {
        let same = json::render(view, list);
        let earlier = Earlier::parse(&same).expect("its own report");
        assert!(changes(view, &earlier, list).is_empty());

        let mut other: serde_json::Value = serde_json::from_str(&same).expect("JSON");
        other["items"][0]["status"] = "fail".into();
        other["items"][0]["results"][0]["status"] = "fail".into();
        other["items"][0]["results"][1]["service"] = "gone".into();
        let earlier = Earlier::parse(&other.to_string()).expect("a report");
        let lines: Vec<String> = changes(view, &earlier, list)
            .all
            .iter()
            .map(|change| change.line())
            .collect();
        assert_eq!(
            lines,
            [
                "non-root: fail → partial",
                "non-root of api: fail → pass",
                "non-root of web: absent → fail",
                "non-root of gone: fail → absent",
            ]
        );
    });

    for (text, reason) in [
        ("[]", "it is not a checklist in JSON"),
        ("{\"version\": 9, \"items\": []}", "it has version 9, not 1"),
    ] {
        let error = Earlier::parse(text).expect_err("no report");
        assert!(error.starts_with(reason), "{text}: {error}");
    }
}

/// Every key of the document is in the schema, and every key that the schema requires is written.
#[test]
fn the_schema_describes_the_document() {
    let schema = fs::read_to_string(root().join("docs/checklist.schema.json")).expect("the schema");
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
    with_checklist("agent-service-ready", |view, list| {
        let document: serde_json::Value =
            serde_json::from_str(&json::render(view, list)).expect("JSON");
        hold(&document, &schema, "document");
    });
}

fn hold(value: &serde_json::Value, schema: &serde_json::Value, path: &str) {
    if let Some(object) = value.as_object() {
        let properties = schema["properties"]
            .as_object()
            .unwrap_or_else(|| panic!("{path}: no properties"));
        for (key, inner) in object {
            let known = properties
                .get(key)
                .unwrap_or_else(|| panic!("{path}.{key}"));
            hold(inner, known, &format!("{path}.{key}"));
        }

        for key in schema["required"].as_array().into_iter().flatten() {
            let key = key.as_str().expect("a key");
            assert!(object.contains_key(key), "{path}: no `{key}`");
        }
    } else if let Some(items) = value.as_array() {
        for item in items {
            hold(item, &schema["items"], &format!("{path}[]"));
        }
    } else if let Some(choices) = schema["enum"].as_array() {
        assert!(choices.contains(value), "{path}: {value}");
    }
}

#[test]
fn the_page_needs_nothing_else() {
    with_checklist("agent-service-broken", |view, list| {
        let page = html::render(view, list, None);
        for part in [
            "<script", "src=", "url(", "@import", "<link", "http://", "onclick",
        ] {
            let markup = page
                .split("<pre>")
                .map(|part| part.split("</pre>").last().unwrap_or(""))
                .collect::<String>();
            let outside_code: String = markup
                .split("<code>")
                .map(|part| part.split("</code>").last().unwrap_or(""))
                .collect();
            assert!(!outside_code.contains(part), "the page has `{part}`");
        }

        assert!(page.contains("<html lang=\"en\">"));
        assert!(page.contains("prefers-color-scheme:dark"));
        assert!(page.contains("@media print"));
    });
}

#[test]
fn the_gate_exits_with_one() {
    let fixture = root().join("fixtures/monorepo-four-services");
    let run = |arguments: &[&str]| -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deploylint"));
        command.arg("checklist").arg(&fixture).args(arguments);
        command.output().expect("runs")
    };
    let code = |arguments: &[&str]| run(arguments).status.code();

    assert_eq!(code(&[]), Some(0));
    assert_eq!(code(&["--fail-below", "1"]), Some(0));
    assert_eq!(code(&["--fail-below", "99"]), Some(1));
    assert_eq!(code(&["--require", "no-secrets,probes"]), Some(1));
    assert_eq!(code(&["--require", "no-secrets"]), Some(0));
    assert_eq!(code(&["--require", "migrations"]), Some(0));
    assert_eq!(code(&["--require", "no-secret"]), Some(2));
    assert_eq!(code(&["--fail-below", "101"]), Some(2));

    let output = run(&["--require", "load-test", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        error.contains("`load-test` is required: needs a person"),
        "{error}"
    );
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["version"], 1);
}

#[test]
fn an_attestation_is_written_with_all_comments_kept() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("attest");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("deploylint.toml");
    fs::write(&file, "# Ours.\nprofile = \"strict\"  # all of it\n").expect("is written");
    let run = |arguments: &[&str]| -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deploylint"));
        command.current_dir(&folder).arg("attest").args(arguments);
        command.output().expect("runs")
    };
    let until = ["--by", "Kim", "--until", "2999-01-31", "--on", "2026-01-02"];

    let output = run(&[
        &["load-test"],
        &until[..],
        &["--link", "https://example.org/1"],
    ]
    .concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let expected = "# Ours.\nprofile = \"strict\"  # all of it\n\n[attest.load-test]\nby = \"Kim\"\n\
                    on = 2026-01-02\nuntil = 2999-01-31\nlink = \"https://example.org/1\"\n";
    assert_eq!(fs::read_to_string(&file).expect("is read"), expected);

    // A second one replaces the first.
    let later = ["--by", "Lee", "--until", "2999-02-28", "--on", "2026-02-02"];
    assert_eq!(
        run(&[&["load-test"], &later[..]].concat()).status.code(),
        Some(0)
    );
    let text = fs::read_to_string(&file).expect("is read");
    assert!(
        text.contains("by = \"Lee\"") && !text.contains("Kim"),
        "{text}"
    );
    assert_eq!(text.matches("[attest.load-test]").count(), 1);

    for wrong in [
        vec!["non-root", "--by", "Kim", "--until", "2999-01-31"],
        vec!["load-tset", "--by", "Kim", "--until", "2999-01-31"],
        vec!["load-test", "--by", "Kim", "--until", "soon"],
        vec!["load-test", "--by", "Kim", "--until", "2001-01-01"],
        vec!["load-test", "--by", "Kim"],
    ] {
        assert_eq!(run(&wrong).status.code(), Some(2), "{wrong:?}");
        assert_eq!(fs::read_to_string(&file).expect("is read"), text);
    }
}

fn with_checklist(fixture: &str, check: impl FnOnce(&Report, &Checklist)) {
    let file = root()
        .join("fixtures")
        .join(fixture)
        .join("deploylint.toml");
    let config = match fs::read_to_string(file) {
        Ok(text) => Config::parse("deploylint.toml", &text).expect("a configuration"),
        Err(_) => Config::default(),
    };

    with_config(fixture, config, check);
}

fn with_config(fixture: &str, config: Config, check: impl FnOnce(&Report, &Checklist)) {
    let attestations = config.attestations.clone();
    let today = Date::parse("2026-01-01").expect("a day");
    let options = Options {
        root: root().join("fixtures").join(fixture),
        config,
        today: Some(today),
        purpose: Purpose::Checklist,
        ..Options::default()
    };
    let workers = Workers::start(None).expect("threads can be started");
    let (mut outcome, gathered) = inspect_with(&options, &workers, gather);
    outcome.root = PathBuf::from(fixture);
    let gathered = gathered.expect("facts");
    let list = Checklist::new(gathered, &outcome.findings, &attestations, today);
    check(&report(&outcome), &list);
}

fn report(outcome: &Outcome) -> Report<'_> {
    Report::new(outcome, Level::Note)
}

fn look() -> RenderOptions {
    RenderOptions::PLAIN
}

fn pin(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/checklist");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
