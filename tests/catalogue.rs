//! The catalogue against the program: every page parses and is complete, every example does what it
//! claims, and pages and checks belong together one to one.
//!
//! Each example is a test, named after its page, its role and its first file:
//! `non-root-user::bad_1 (compose.yaml)`. `cargo test non-root-user` runs all of one page.

#[path = "common/trials.rs"]
mod trials;

use std::collections::BTreeSet;
use std::process::ExitCode;

use deploylint::catalog::example::{self, Example, ExampleFile, Mark, Role};
use deploylint::catalog::{self, Profile, Rule};
use deploylint::config::Config;
use deploylint::edit::{self, Edit};
use deploylint::engine::{Outcome, lint_texts};
use deploylint::finding::{Finding, Level};
use deploylint::rules::CHECKS;
use deploylint::source::Location;
use libtest_mimic::Trial;

/// Rules that the engine or the suppressions report themselves, without a check.
const BUILT_IN: &[&str] = &[
    "expired-suppression",
    "internal-error",
    "unexplained-suppression",
    "unknown-rule",
    "unreadable-file",
    "unused-suppression",
];

fn main() -> ExitCode {
    let mut tests = vec![
        trials::plain("every_page_is_complete", every_page_is_complete),
        trials::plain("words_of_a_help_are_found", words_of_a_help_are_found),
        trials::plain(
            "pages_and_checks_belong_together",
            pages_and_checks_belong_together,
        ),
    ];
    tests.extend(catalog::rules().iter().flat_map(examples));
    tests.extend(catalog::rules().iter().map(|rule| {
        Trial::test(format!("{}::advice", rule.name), move || {
            advice_is_applied(rule)
                .map_err(|problem| format!("rules/{}.md: {problem}", rule.name).into())
        })
    }));

    trials::run(tests)
}

/// The tests of a page: one for each example.
fn examples(rule: &'static Rule) -> Vec<Trial> {
    let mut bad_count = 0;
    let mut good_count = 0;
    let mut tests = Vec::new();

    for example in rule.examples() {
        let (role, count) = match example.role {
            Role::Bad => ("bad", &mut bad_count),
            Role::Good => ("good", &mut good_count),
        };
        *count += 1;

        let path = example.files.first().map_or("", |file| file.path.as_str());
        let name = format!("{}::{role}_{count} ({path})", rule.name);
        tests.push(Trial::test(name, move || {
            verify(rule, &example)
                .map_err(|problem| format!("rules/{}.md: {problem}", rule.name).into())
        }));
    }

    tests
}

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
        let shows_fix = rule
            .examples()
            .iter()
            .any(|example| !example.fixed.is_empty());
        assert_eq!(
            shows_fix,
            rule.fix.is_some(),
            "{name}: a rule has `fix`, and an example that shows it, or neither"
        );
        assert!(
            rule.addition.is_none() || rule.fix.is_some(),
            "{name}: an `[addition]` is a fix"
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

/// A reported place, as marks speak of it.
#[derive(Debug)]
struct Place {
    path: String,
    /// One-based.
    line: u32,
    text: String,
    level: Level,
    message: String,
}

impl Place {
    fn new(outcome: &Outcome, location: Location, level: Level, message: &str) -> Self {
        let source = &outcome.sources[location.file.0 as usize];

        Self {
            path: source.path.clone(),
            line: source
                .lines()
                .position(location.span.start, &source.text)
                .line,
            text: location.span.text(&source.text).to_owned(),
            level,
            message: message.to_owned(),
        }
    }

    fn fits(&self, file: &ExampleFile, mark: &Mark) -> bool {
        self.path == file.path
            && self.line == mark.line
            && mark.text.as_ref().is_none_or(|text| *text == self.text)
            && mark.level.is_none_or(|level| level == self.level)
            && mark.matches_message(&self.message)
    }
}

fn verify(rule: &Rule, example: &Example) -> Result<(), String> {
    let outcome = lint(rule, &texts(example));
    let findings = &outcome.findings;
    let mut unmarked: Vec<Place> = findings
        .iter()
        .flat_map(|finding| places(&outcome, finding))
        .collect();
    let related: Vec<Place> = findings
        .iter()
        .flat_map(|finding| related_places(&outcome, finding))
        .collect();

    if example.role == Role::Bad && unmarked.is_empty() {
        return Err("nothing is reported".to_owned());
    }

    for file in &example.files {
        for mark in &file.marks {
            if mark.related {
                if !related.iter().any(|place| place.fits(file, mark)) {
                    return Err(format!(
                        "{}: {mark:?} is not a related place; these are: {related:#?}",
                        file.path
                    ));
                }

                continue;
            }

            let Some(index) = unmarked.iter().position(|place| place.fits(file, mark)) else {
                return Err(format!(
                    "{}: {mark:?} is not reported; not marked yet: {unmarked:#?}",
                    file.path
                ));
            };

            unmarked.remove(index);
        }
    }

    if !unmarked.is_empty() {
        return Err(format!("reported without a mark: {unmarked:#?}"));
    }

    for (path, expected) in &example.fixed {
        let fixed = fixed(&outcome, path).ok_or_else(|| format!("{path} is not in the example"))?;

        if fixed != *expected {
            return Err(format!(
                "the fixes make of {path}:\n{fixed}\nand not:\n{expected}"
            ));
        }
    }

    Ok(())
}

/// Each help of an error or a warning is applied in an example that comes out clean: what it says
/// to write is in a `good` example of the page, or in what the fixes make of a `bad` one. Words that
/// the `bad` example already has are what the help is about, not what it says to write.
fn advice_is_applied(rule: &Rule) -> Result<(), String> {
    let mut clean: Vec<Words> = Vec::new();
    let mut helps: Vec<(String, Words)> = Vec::new();

    for example in rule.examples() {
        let texts = texts(&example);
        if example.role == Role::Good {
            clean.push(Words::of_files(&texts));
            continue;
        }

        let fixed = fixed_texts(&example);
        if !example.fixed.is_empty() && lint(rule, &fixed).findings.is_empty() {
            clean.push(Words::of_files(&fixed));
        }

        for finding in lint(rule, &texts).findings {
            if finding.level >= Level::Warning
                && let Some(help) = finding.help
            {
                helps.push((help, Words::of_files(&texts)));
            }
        }
    }

    let problems: BTreeSet<String> = helps
        .iter()
        .filter_map(|(help, bad)| {
            let missing: Vec<&str> = pieces_to_write(help)
                .filter(|piece| !bad.hold(piece) && !clean.iter().any(|words| words.hold(piece)))
                .collect();
            let is_applied = missing.is_empty();

            (!is_applied)
                .then(|| format!("no clean example applies {missing:?} of the help `{help}`"))
        })
        .collect();
    if problems.is_empty() {
        return Ok(());
    }

    Err(problems.into_iter().collect::<Vec<_>>().join("\n"))
}

/// What a help has in backquotes, without what no file can hold.
fn pieces_to_write(help: &str) -> impl Iterator<Item = &str> {
    let pieces = help.split('`').skip(1).step_by(2).map(str::trim);

    pieces.filter(|piece| piece.contains(char::is_alphanumeric) && !BY_HAND.contains(piece))
}

/// The files of an example after its fixes.
fn fixed_texts(example: &Example) -> Vec<(&str, &str)> {
    let mut files = texts(example);
    for (path, text) in &mut files {
        if let Some((_, fixed)) = example.fixed.iter().find(|(name, _)| name == path) {
            *text = fixed;
        }
    }

    files
}

/// Commands that a person runs: no file holds them.
const BY_HAND: &[&str] = &[
    "deploylint rules",
    "docker exec",
    "exec -it",
    "git rm --cached",
    "kubectl exec",
];

/// The words of a text, whatever is between them: one setting may be written in a line or in several.
#[derive(Clone, Debug)]
struct Words(Vec<String>);

impl Words {
    fn of_files(files: &[(&str, &str)]) -> Self {
        let texts = files.iter().flat_map(|(path, text)| [*path, *text]);

        Self::of(&texts.collect::<Vec<_>>().join("\n"))
    }

    fn of(text: &str) -> Self {
        let is_part = |letter: char| letter.is_alphanumeric() || "_-$…".contains(letter);
        let words = text.split(|letter| !is_part(letter));

        Self(
            words
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    }

    /// Whether the words of a piece of help are among these, in a row. A word in capitals stands for
    /// any word, `…` and `<what goes here>` for any number of them.
    fn hold(&self, piece: &str) -> bool {
        let open = match (piece.find('<'), piece.rfind('>')) {
            (Some(start), Some(end)) if start < end => {
                format!("{} … {}", &piece[..start], &piece[end + 1..])
            }
            _ => piece.to_owned(),
        };
        let words = Self::of(&open);
        let mut rest = self.0.as_slice();

        words.0.split(|word| word == "…").all(|run| {
            let start = (0..=rest.len().saturating_sub(run.len())).find(|start| {
                let candidate = rest.get(*start..*start + run.len()).unwrap_or(&[]);
                candidate.len() == run.len()
                    && candidate
                        .iter()
                        .zip(run)
                        .all(|(word, wanted)| is_word(word, wanted))
            });
            if let Some(start) = start {
                rest = &rest[start + run.len()..];
            }

            start.is_some()
        })
    }
}

/// Whether a word is the one of a help, or one that it stands for: `NAME`, `NEW_PORT` and `x-`.
fn is_word(word: &str, wanted: &str) -> bool {
    let is_placeholder = wanted.len() > 1
        && wanted
            .chars()
            .all(|letter| letter.is_ascii_uppercase() || letter == '_');
    let is_prefix = wanted.ends_with('-') && word.starts_with(wanted);

    word == wanted || is_placeholder || is_prefix
}

fn texts(example: &Example) -> Vec<(&str, &str)> {
    let files = example.files.iter();

    files
        .map(|file| (file.path.as_str(), file.text.as_str()))
        .collect()
}

fn words_of_a_help_are_found() {
    let words = Words::of("spec:\n  securityContext:\n    runAsUser: 10001\nx-mail: $$PORT # v2");

    for piece in [
        "securityContext.runAsUser: 10001",
        "runAsUser: NUMBER",
        "spec: …: 10001",
        "# <tag>",
        "x-",
        "$$PORT",
    ] {
        assert!(words.hold(piece), "{piece}");
    }

    for piece in [
        "securityContext.runAsGroup",
        "runAsUser: 1000",
        "$PORT",
        "10001 … spec",
    ] {
        assert!(!words.hold(piece), "{piece}");
    }
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

/// The primary place, and those of other objects that the finding is about.
fn places(outcome: &Outcome, finding: &Finding) -> Vec<Place> {
    finding
        .places()
        .map(|location| Place::new(outcome, location, finding.level, &finding.message))
        .collect()
}

/// The places that a finding refers to, each with its label as the message.
fn related_places(outcome: &Outcome, finding: &Finding) -> Vec<Place> {
    finding
        .related
        .iter()
        .map(|label| Place::new(outcome, label.location, finding.level, &label.text))
        .collect()
}

/// What the fixes make of a file; `None` where there is no such file.
fn fixed(outcome: &Outcome, path: &str) -> Option<String> {
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
