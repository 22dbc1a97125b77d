//! Words that prove that a repository has what the checklist asks for: a library that limits
//! requests, a store of secrets, a command that backs up a database.
//!
//! Most texts are dropped after reading, so the words are searched while reading, and only for a
//! run that reports the checklist. The table is `rules/data/proof.toml`. Unlike a
//! [signal](super::keywords), which is asked for to report that *nothing* mentions a subject, a
//! proof is shown to the reader: it is strict, and it has a line.

use std::sync::LazyLock;

use serde::Deserialize;

use super::file_role::{is_generated, is_test_input};
use super::path_class::{self, is_prose};
use crate::embedded::table;
use crate::search::Words;
use crate::source::{Span, clip, file_name};

/// A subject that words prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProofKind {
    RateLimit,
    LogRotation,
    LogShipping,
    LogFormat,
    Scraping,
    MetricsOffered,
    Alerting,
    /// Prose that says how to take a release back.
    Rollback,
    /// A command or a setting that takes a release back.
    RollbackStep,
    Backup,
    /// A library that calls language models, in a list of dependencies.
    Llm,
    /// A variable that a client of language models reads.
    LlmEnvironment,
    LlmCost,
    LlmBudget,
    EvalThreshold,
    Timeout,
    SecretStore,
    ProxyTls,
    MigrationTool,
    /// Source that migrates when the program starts.
    MigrationAtStart,
    /// A library that does so, and takes a lock.
    MigrationWithLock,
}

/// One word of a text that proves something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub kind: ProofKind,
    /// The word as the table writes it.
    pub word: &'static str,
    pub span: Span,
    /// From 1.
    pub line: u32,
    /// The line, clipped: the text itself may be dropped.
    pub excerpt: String,
}

/// Where a word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    Manifest,
    Code,
    Config,
    Prose,
}

#[derive(Deserialize)]
struct ProofTable {
    proof: Vec<ProofEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProofEntry {
    kind: ProofKind,
    r#in: Vec<Place>,
    words: Vec<String>,
}

static TABLE: LazyLock<Vec<ProofEntry>> = LazyLock::new(|| {
    let table: ProofTable = table!("proof");
    table.proof
});

/// What a searched word means.
#[derive(Clone, Copy)]
enum Meaning {
    /// The word of an entry of the table, by their indexes.
    Proof(u16, u16),
    /// The beginning of a model's name.
    Model,
}

static SEARCH: LazyLock<Words<Meaning>> = LazyLock::new(|| {
    let words = TABLE.iter().enumerate().flat_map(|(entry, proof)| {
        let words = proof.words.iter().enumerate();
        words.map(move |(word, text)| {
            let meaning = Meaning::Proof(entry as u16, word as u16);
            (text.as_str(), meaning)
        })
    });
    let beginnings = MODELS.beginnings.iter();

    Words::new(words.chain(beginnings.map(|word| (word.as_str(), Meaning::Model))))
});

/// The proofs in a text and the models that it sets, in the order of their places.
#[derive(Clone, Debug, Default)]
pub struct Proofs {
    pub proofs: Vec<Proof>,
    pub models: Vec<ModelName>,
}

/// Longer texts are data.
const MAX_BYTES: usize = 1 << 20;

/// How much of a line is kept.
const MAX_EXCERPT: usize = 160;

/// How often one word is kept of one text.
const MAX_PER_WORD: usize = 1;

/// Searches a text.
pub fn find(path: &str, text: &str) -> Proofs {
    let Some(place) = place(path) else {
        return Proofs::default();
    };

    if text.len() > MAX_BYTES || is_generated(path) || is_test_input(path) {
        return Proofs::default();
    }

    // What a pipeline tests with is not what is deployed.
    let names_models =
        matches!(place, Place::Code | Place::Config) && !path.starts_with(".github/");
    let (mut words, mut models) = (Vec::new(), Vec::new());
    SEARCH.each(text, |offset, meaning| match meaning {
        Meaning::Proof(entry, word) if TABLE[entry as usize].r#in.contains(&place) => {
            words.push((offset, entry, word));
        }
        Meaning::Model if names_models => models.push(offset),
        Meaning::Proof(..) | Meaning::Model => {}
    });
    words.sort_unstable();
    models.sort_unstable();
    models.dedup();

    Proofs {
        proofs: proofs_at(text, place, words),
        models: models_at(text, models),
    }
}

/// The proofs at some offsets, each with the word there.
fn proofs_at(text: &str, place: Place, hits: Vec<(usize, u16, u16)>) -> Vec<Proof> {
    let mut proofs: Vec<Proof> = Vec::new();

    for (offset, entry, word) in hits {
        let proof = &TABLE[entry as usize];
        let word = proof.words[word as usize].as_str();
        let is_known = proofs
            .iter()
            .filter(|known| known.kind == proof.kind && known.word == word)
            .count()
            >= MAX_PER_WORD;
        if is_known || !is_whole(text, offset, word, place) {
            continue;
        }

        let start = text[..offset].rfind('\n').map_or(0, |end| end + 1);
        let end = text[offset..]
            .find('\n')
            .map_or(text.len(), |length| offset + length);
        let line = text[start..end].trim();
        if place != Place::Prose && is_comment(line) {
            continue;
        }

        let number = text[..start].bytes().filter(|byte| *byte == b'\n').count() + 1;
        proofs.push(Proof {
            kind: proof.kind,
            word,
            span: Span::of(offset, offset + word.len()),
            line: number as u32,
            excerpt: clip(line, MAX_EXCERPT).to_owned(),
        });
    }

    proofs
}

/// Where the words of a file count; `None` where none does.
fn place(path: &str) -> Option<Place> {
    let name = file_name(path).to_ascii_lowercase();
    let history = ["changelog", "changes", "history", "license", "notice"]
        .iter()
        .any(|word| name.starts_with(word));
    if history || path.contains("node_modules/") || name.contains("example") && name.contains("env")
    {
        return None;
    }

    if is_manifest(&name) {
        return Some(Place::Manifest);
    }

    if name.ends_with(".lock") || name.ends_with(".sum") || name.contains("-lock.") {
        return None;
    }

    if is_prose(path) {
        return Some(Place::Prose);
    }

    if path_class::is_source(path) {
        return Some(Place::Code);
    }

    path_class::is_evidence(path).then_some(Place::Config)
}

/// Whether a file lists what a program depends on, by its name in lower case.
fn is_manifest(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "package.json",
        "pyproject.toml",
        "setup.py",
        "setup.cfg",
        "pipfile",
        "go.mod",
        "cargo.toml",
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        "gemfile",
        "composer.json",
        "mix.exs",
        "libs.versions.toml",
    ];

    NAMES.contains(&name)
        || name.starts_with("requirements") && name.ends_with(".txt")
        || name.ends_with(".csproj")
}

/// Whether the word is not a part of a longer one.
fn is_whole(text: &str, offset: usize, word: &str, place: Place) -> bool {
    let is_part = |letter: char| {
        letter.is_ascii_alphanumeric() || letter == '_' || letter == '-' && place == Place::Manifest
    };
    let before = text[..offset].chars().next_back();
    let after = text[offset + word.len()..].chars().next();
    let begins = word.chars().next().is_some_and(is_part);
    let ends = word.chars().next_back().is_some_and(is_part);

    !(begins && before.is_some_and(is_part) || ends && after.is_some_and(is_part))
}

/// Whether a line, without the blanks around it, is a comment.
fn is_comment(line: &str) -> bool {
    ["#", "//", "/*", "* ", "<!--", "--", ";"]
        .iter()
        .any(|mark| line.starts_with(mark))
}

/// The name of a language model that a file sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelName {
    pub name: String,
    /// It names a snapshot, which the provider does not change.
    pub is_dated: bool,
    pub span: Span,
    /// From 1.
    pub line: u32,
    /// The line, clipped.
    pub excerpt: String,
}

#[derive(Deserialize)]
struct ModelTable {
    beginnings: Vec<String>,
    others: Vec<String>,
}

static MODELS: LazyLock<ModelTable> = LazyLock::new(|| table!("models"));

/// How many names are kept of one text.
const MAX_MODELS: usize = 16;

/// The names of models at some offsets: on lines that say that they are about a model.
fn models_at(text: &str, offsets: Vec<usize>) -> Vec<ModelName> {
    let mut models: Vec<ModelName> = Vec::new();

    for offset in offsets {
        let before = text[..offset].chars().next_back();
        let is_start = before.is_none_or(|letter| {
            matches!(
                letter,
                '"' | '\'' | '=' | ' ' | '/' | '`' | ':' | '.' | '\n'
            )
        });
        let name: &str = text[offset..]
            .split(|letter: char| {
                !(letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | ':' | '@' | '-'))
            })
            .next()
            .unwrap_or("");
        let name = name.trim_end_matches(['.', ':', '-']);
        let start = text[..offset].rfind('\n').map_or(0, |end| end + 1);
        let end = text[offset..]
            .find('\n')
            .map_or(text.len(), |length| offset + length);
        let line = text[start..end].trim();
        let is_other = MODELS
            .others
            .iter()
            .any(|other| name.starts_with(other.as_str()));
        let is_known = models.iter().any(|model| model.name == name);

        if !is_start
            || is_other
            || is_known
            || is_comment(line)
            || !line.to_ascii_lowercase().contains("model")
        {
            continue;
        }

        let number = text[..start].bytes().filter(|byte| *byte == b'\n').count() + 1;
        models.push(ModelName {
            name: name.to_owned(),
            is_dated: is_snapshot(name),
            span: Span::of(offset, offset + name.len()),
            line: number as u32,
            excerpt: clip(line, MAX_EXCERPT).to_owned(),
        });

        if models.len() == MAX_MODELS {
            break;
        }
    }

    models
}

/// Whether the name of a model has a date, a version of four digits or three, or a tag.
fn is_snapshot(name: &str) -> bool {
    if let Some((_, tag)) = name.split_once(':')
        && !matches!(tag, "latest" | "")
    {
        return true;
    }

    // Open weights are released under a name with their size.
    let is_size = |part: &str| {
        part.strip_suffix(['b', 'B'])
            .is_some_and(|number| number.parse::<f64>().is_ok())
    };
    if name.split(['-', '_']).any(is_size) {
        return true;
    }

    let numbers: Vec<&str> = name
        .split(['-', '@', ':'])
        .filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty())
        .collect();

    numbers.iter().any(|part| matches!(part.len(), 3 | 4 | 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        find(path, text)
            .proofs
            .into_iter()
            .map(|proof| format!("{:?} {}:{}", proof.kind, proof.line, proof.word))
            .collect()
    }

    #[test]
    fn words_prove_where_they_count() {
        for (path, text, expected) in [
            (
                "pyproject.toml",
                "[project]\ndependencies = [\"slowapi>=0.1\"]\n",
                "RateLimit 2:slowapi",
            ),
            ("package.json", "{\"openai\": \"^4\"}", "Llm 1:openai"),
            ("package.json", "{\"my-openai-app\": \"^4\"}", ""),
            ("app.py", "# slowapi would limit requests\n", ""),
            ("app.py", "import openair\n", ""),
            (
                "docs/runbook.md",
                "# Ops\n## Rollback\n",
                "Rollback 2:rollback",
            ),
            ("src/db.py", "session.rollback()\n", ""),
            ("uv.lock", "name = \"slowapi\"\n", ""),
            (
                "deploy/backup.sh",
                "#!/bin/sh\npg_dump app\n",
                "Backup 2:pg_dump",
            ),
        ] {
            assert_eq!(found(path, text).join(" "), expected, "{path}: {text}");
        }
    }

    #[test]
    fn snapshots_are_told_from_aliases() {
        for (path, text, expected) in [
            ("app.py", "model = \"gpt-4o\"\n", "gpt-4o alias"),
            (
                "app.py",
                "MODEL = 'gpt-4o-2024-08-06'\n",
                "gpt-4o-2024-08-06",
            ),
            (
                "compose.yaml",
                "  MODEL: claude-sonnet-4-20250514\n",
                "claude-sonnet-4-20250514",
            ),
            ("a.ts", "model: openai('gpt-4o-mini')", "gpt-4o-mini alias"),
            ("a.ts", "model: \"openai/gpt-4o-mini\"", "gpt-4o-mini alias"),
            (
                "a.yaml",
                "model: gemini-2.0-flash-001",
                "gemini-2.0-flash-001",
            ),
            (
                "a.yaml",
                "model: llama3.1:8b-instruct-q4_K_M",
                "llama3.1:8b-instruct-q4_K_M",
            ),
            (
                "a.yaml",
                "model: meta-llama/Llama-3.1-8B-Instruct",
                "Llama-3.1-8B-Instruct",
            ),
            ("a.py", "# model = 'gpt-4o'", ""),
            ("a.py", "plugins = ['claude-code']  # model", ""),
            ("README.md", "The model is gpt-4o.", ""),
        ] {
            let found: Vec<String> = find(path, text)
                .models
                .into_iter()
                .map(|model| match model.is_dated {
                    true => model.name,
                    false => format!("{} alias", model.name),
                })
                .collect();
            assert_eq!(found.join(" "), expected, "{path}: {text}");
        }
    }

    #[test]
    fn every_word_is_long_enough_to_be_found() {
        for entry in TABLE.iter() {
            for word in &entry.words {
                assert!(word.len() >= crate::search::SHORTEST, "{word} is too short");
            }
        }
    }
}
