//! Uses of the variables of example env files anywhere else.
//!
//! Most files are dropped after reading, so the names are known before and searched while reading.
//! What counts is generous, as the question is asked only to report that *nothing* names a variable: any case, in comments too, and written as other languages would (`db_url`,
//! `dbUrl`, `db-url`, `db.url`).

use super::keywords::{self, Signal, SignalScope, Signals};
use super::path_class::{is_example_env, is_prose};
use crate::model::file_role::is_generated;
use crate::search::{SHORTEST, Words};
use crate::source::file_name;
use crate::syntax::dotenv;
use std::collections::HashSet;

/// Words of libraries and options that read or pass on every variable, whatever its name.
const WHOLESALE: &[&str] = &[
    "Environment::with_prefix",
    "Env::prefixed",
    "Env::raw",
    "envy::from_env",
    "envy::prefixed",
    "envconfig.Process",
    "env.Provider(",
    "SetEnvPrefix",
    "AutomaticEnv",
    "AddEnvironmentVariables",
    "ConfigurationProperties",
    "spring-boot",
    "SpringBootApplication",
    "quarkus",
    "micronaut",
    "loadEnv(",
    "dotenv_values",
    "dynaconf",
    "env_nested_delimiter",
    "env_prefix",
    "--env-file",
    "--from-env-file",
    "set -a",
    "set -o allexport",
];

/// The words to look for. Made once, before anything else is read.
#[derive(Debug)]
pub struct EnvNameSearch {
    names: Vec<String>,
    /// Indices of those that are too short to be looked for, and are taken as named.
    short: Vec<u32>,
    search: Words<SearchedWord>,
}

/// The meaning of a searched word.
#[derive(Clone, Copy, Debug)]
enum SearchedWord {
    /// The name with this index.
    Name(u32),
    /// One of [`WHOLESALE`].
    Wholesale,
    Signal(Signal),
}

/// The names and signals found in one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextUsage {
    /// Indices of names.
    names: Vec<u32>,
    reads_all_env: bool,
    signals: Signals,
}

/// The names and signals found in all texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvUsage {
    /// Upper case.
    names: HashSet<String>,
    /// Some text reads all variables, whatever their names.
    pub reads_all_env: bool,
    pub signals: Signals,
}

impl EnvNameSearch {
    /// The names of the example env files among `(path, text)` pairs.
    pub fn of<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let mut names = HashSet::new();

        for (path, text) in files {
            if is_example_env(path) {
                names.extend(
                    dotenv::parse(text)
                        .tree
                        .entries
                        .into_iter()
                        .map(|entry| entry.key.to_ascii_uppercase()),
                );
            }
        }

        let mut names: Vec<String> = names.into_iter().collect();
        names.sort_unstable();
        let mut words: Vec<(String, SearchedWord)> = keywords::words()
            .map(|(word, signal)| (word.to_owned(), SearchedWord::Signal(signal)))
            .collect();
        if !names.is_empty() {
            words.extend(
                WHOLESALE
                    .iter()
                    .map(|word| ((*word).to_owned(), SearchedWord::Wholesale)),
            );
        }

        let mut short = Vec::new();

        for (index, name) in names.iter().enumerate() {
            let mut forms = vec![
                name.clone(),
                name.replace('_', ""),
                name.replace('_', "-"),
                name.replace('_', "."),
            ];
            forms.dedup();
            if forms.iter().any(|form| form.len() < SHORTEST) {
                short.push(index as u32);
            }
            words.extend(
                forms
                    .into_iter()
                    .map(|form| (form, SearchedWord::Name(index as u32))),
            );
        }

        Self {
            names,
            short,
            search: Words::new(words),
        }
    }

    /// The names and signals of a text. Env files and prose only document variables, and lock files
    /// name everything.
    pub fn find(&self, path: &str, text: &str) -> TextUsage {
        let mut usage = TextUsage {
            signals: keywords::named(path),
            ..TextUsage::default()
        };

        let silent =
            is_example_env(path) || is_prose(path) || is_generated(path) || is_plain_env(path);
        let names = !self.names.is_empty() && !silent;
        let scope = SignalScope::of(path, text.len());
        if !names && scope.is_empty() {
            return usage;
        }

        let mut seen: Vec<u32> = Vec::new();
        // A name may be a part of another: both count.
        self.search.each(text, |offset, keyword| match keyword {
            SearchedWord::Signal(signal) if scope.counts(signal, text, offset) => {
                usage.signals.insert(signal)
            }
            // Where a name is repeated, it often follows itself.
            SearchedWord::Name(name) if names && seen.last() != Some(&name) => seen.push(name),
            SearchedWord::Wholesale if names => usage.reads_all_env = true,
            _ => {}
        });

        if names {
            seen.extend(&self.short);
            seen.sort_unstable();
            seen.dedup();
            usage.names = seen;
        }

        usage
    }

    /// The names and signals of all texts together.
    pub fn all(&self, texts: impl IntoIterator<Item = TextUsage>) -> EnvUsage {
        let mut usage = EnvUsage::default();
        let mut seen = vec![false; self.names.len()];

        for text in texts {
            text.names
                .into_iter()
                .for_each(|name| seen[name as usize] = true);
            usage.reads_all_env |= text.reads_all_env;
            usage.signals.add(text.signals);
        }

        usage.names = self
            .names
            .iter()
            .zip(seen)
            .filter(|(_, seen)| *seen)
            .map(|(name, _)| name.clone())
            .collect();
        usage
    }
}

impl EnvUsage {
    pub fn contains(&self, name: &str) -> bool {
        self.names.contains(&name.to_ascii_uppercase())
    }
}

fn is_plain_env(path: &str) -> bool {
    let name = file_name(path);
    name.starts_with(".env") || name.ends_with(".env")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> String {
        let names = EnvNameSearch::of([
            (".env.example", "DB_URL=\nAPI_KEY=x\n"),
            ("b/.env", "OTHER=1\n"),
        ]);
        let found = names.all([names.find(path, text)]);
        let mut all: Vec<String> = found.names.into_iter().collect();
        all.sort();
        all.extend(found.reads_all_env.then(|| "*".to_owned()));

        all.join(" ")
    }

    #[test]
    fn names_are_found_in_every_spelling() {
        for (path, text, expected) in [
            ("a.py", "os.environ['DB_URL']", "DB_URL"),
            ("a.py", "db_url: str", "DB_URL"),
            ("a.ts", "config.dbUrl; // api-key", "API_KEY DB_URL"),
            ("application.properties", "db.url=x", "DB_URL"),
            ("a.go", "viper.AutomaticEnv()", "*"),
            ("run.sh", "OTHER=2", ""),
            ("README.md", "set DB_URL", ""),
            ("b/.env.example", "DB_URL=", ""),
            ("b/.env", "DB_URL=", ""),
        ] {
            assert_eq!(found(path, text), expected, "{path}: {text}");
        }
    }
}
