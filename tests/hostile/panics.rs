//! Texts that are cut at offsets somebody computed: no file ends a run, and none hides behind
//! another.

use crate::reports::{examples, lint, spread, with_text};

/// Characters of every width, blanks that are no blanks, line ends that are none, and signs that
/// open or close something.
const INSERTED: &[&str] = &[
    "ß", "\u{a0}", "🦀", "\u{2029}", "\u{85}", "\u{3000}", "\r", "\u{301}", "\u{feff}", "}}",
    "${{", "{{", "${", "$(", "'", "\"", "`", "\\", "<<", "ß\n", "\n\u{a0}", "[", "{", "|", "&",
    "*", "!", "%", "\t", "\0",
];

#[track_caller]
fn check(files: &[(&str, &str)]) {
    let outcome = lint(files);
    let broken: Vec<&str> = outcome
        .findings
        .iter()
        .filter(|finding| finding.rule == "internal-error")
        .map(|finding| finding.message.as_str())
        .collect();
    assert!(broken.is_empty(), "{files:#?}\n{broken:#?}");
}

#[test]
fn an_open_action_ends_inside_any_character() {
    for letter in ["ü", "€", "🦀"] {
        for lead in 0..letter.len() {
            let text = format!("{{{{ include {} {}", "x".repeat(lead), letter.repeat(120));
            check(&[
                ("chart/templates/note.yaml", &text),
                ("chart/templates/_part.tpl", &text),
            ]);
        }
    }
}

#[test]
fn blanks_that_end_no_line() {
    for blank in [
        "\u{a0}", "\u{85}", "\u{2028}", "\u{2029}", "\u{3000}", "\u{202f}",
    ] {
        for broken in [
            "b: [1,",
            "b: {c: 1,",
            "b: \"c",
            "b: 'c",
            "b: [1]]",
            "- b: c: d",
            "\tb: c",
        ] {
            for tail in ["\n", "\n  d: [\n", "\n  d: 1\n", ""] {
                let text = format!(
                    r"services:
  a:
    {broken}{blank}{blank}{tail}"
                );
                check(&[
                    ("compose.yml", &text),
                    ("deploy/pod.yaml", &text),
                    (".github/workflows/a.yaml", &text),
                ]);
            }
        }
    }
}

#[test]
fn braces_in_any_order() {
    for condition in [
        "}} x ${{ y",
        "}}${{",
        "${{ x }} }} ${{",
        "${{",
        "}}",
        "ü}}ü${{ü",
        "${{ 'ü }} ${{ y }}",
    ] {
        let text = format!(
            r#"on: push
jobs:
  a:
    runs-on: ubuntu-24.04
    if: "{condition}"
    steps:
      - if: "{condition}"
        run: echo "{condition}"
"#
        );
        check(&[(".github/workflows/a.yml", &text)]);
    }
}

#[test]
fn expressions_of_an_action_that_has_jobs() {
    for jobs in [
        "jobs: {}",
        "jobs: []",
        "jobs:",
        "jobs: {a: {}}",
        "jobs: {a: {steps: [1]}}",
    ] {
        for runs in [
            "{using: '${{ b }}'}",
            "{steps: [{run: '${{ b }}'}]}",
            "{steps: {a: '${{ b }}'}}",
            "['${{ b }}']",
        ] {
            let text = format!(
                r"name: a
{jobs}
runs: {runs}
"
            );
            check(&[("action.yaml", &text), (".github/workflows/b.yaml", &text)]);
        }
    }
}

#[test]
fn a_character_more_at_any_place() {
    for (seed, (_, example)) in examples().iter().enumerate() {
        for (changed, file) in example.files.iter().enumerate() {
            let offsets: Vec<usize> = file.text.char_indices().map(|(at, _)| at).collect();

            for round in 0..2 {
                let seed = seed * 64 + changed * 8 + round;
                let Some(&at) = offsets.get(spread(seed, offsets.len())) else {
                    continue;
                };

                let inserted = INSERTED[spread(seed + 7, INSERTED.len())];
                let text = format!("{}{inserted}{}", &file.text[..at], &file.text[at..]);
                check(&with_text(example, changed, &text));
            }
        }
    }
}
