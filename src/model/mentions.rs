//! Whether the variables of example env files are named anywhere else.
//!
//! The texts of most sources are let go after reading, so the names are known before and looked for while reading. What
//! counts is generous, for the question is asked only to say that *nothing* names a variable: any case, in comments too,
//! and written as other languages would (`db_url`, `dbUrl`, `db-url`, `db.url`).

use std::collections::HashSet;

use super::file;
use crate::source::file_name;
use crate::syntax::dotenv;

/// Words of libraries and options that read or hand on every variable, whatever its name.
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

/// The names to look for. Built once, before anything else is read.
#[derive(Debug, Default)]
pub struct Names {
    names: Vec<String>,
    /// By name: too short to be looked for, and taken as named.
    short: Vec<bool>,
    search: Search,
}

/// Looks for many words at once, in any case. Where an automaton would be larger than any cache, a table of the words'
/// first bytes says of nearly every place at once that no word begins there.
#[derive(Debug, Default)]
struct Search {
    /// One bit for each value of [`slot`].
    heads: Vec<u64>,
    /// Where the words of each slot begin in `words`; one more at the end.
    starts: Vec<u32>,
    words: Vec<Sought>,
}

#[derive(Debug)]
struct Sought {
    /// In lower case, at least [`HEAD`] bytes.
    word: String,
    /// The index of the name; `None` for [`WHOLESALE`].
    name: Option<u32>,
}

/// How many bytes of a word are looked up.
const HEAD: usize = 4;

/// How many values [`slot`] has.
const SLOTS: usize = 1 << 16;

const fn slot(head: [u8; HEAD]) -> usize {
    // Sets the bit that letters differ by in case. Other signs may fall together: the words themselves are compared.
    let folded = u32::from_le_bytes(head) | 0x2020_2020;
    (folded.wrapping_mul(0x9E37_79B1) >> 16) as usize
}

impl Search {
    /// Words of fewer than [`HEAD`] bytes are left out.
    fn new(words: impl Iterator<Item = (String, Option<u32>)>) -> Self {
        let slot_of = |sought: &Sought| sought.word.as_bytes().first_chunk().map(|head| slot(*head));
        let mut words: Vec<Sought> =
            words.map(|(word, name)| Sought { word: word.to_ascii_lowercase(), name }).collect();
        words.retain(|sought| sought.word.len() >= HEAD);
        words.sort_by_cached_key(slot_of);
        let mut heads = vec![0; SLOTS / 64];
        let mut starts = vec![0; SLOTS + 1];
        for slot in words.iter().filter_map(slot_of) {
            heads[slot / 64] |= 1 << (slot % 64);
            starts[slot + 1] += 1;
        }
        for slot in 0..SLOTS {
            starts[slot + 1] += starts[slot];
        }
        Self { heads, starts, words }
    }

    /// Tells of every word that stands in the text, once or more often.
    fn each(&self, text: &str, mut found: impl FnMut(Option<u32>)) {
        let bytes = text.as_bytes();
        for (at, window) in bytes.windows(HEAD).enumerate() {
            let Some(head) = window.first_chunk() else { continue };
            let slot = slot(*head);
            if self.heads[slot / 64] >> (slot % 64) & 1 == 0 {
                continue;
            }
            let (from, to) = (self.starts[slot] as usize, self.starts[slot + 1] as usize);
            for Sought { word, name } in &self.words[from..to] {
                let word = word.as_bytes();
                let Some(here) = bytes.get(at..at + word.len()) else { continue };
                // Many words begin alike, and few end so.
                let ends = here.last().map(u8::to_ascii_lowercase) == word.last().copied();
                if ends && here.eq_ignore_ascii_case(word) {
                    found(*name);
                }
            }
        }
    }
}

/// What was found in one text, or in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Upper case.
    names: HashSet<String>,
    /// Something takes variables by the lot.
    pub wholesale: bool,
}

impl Names {
    /// The names of the example env files among `(path, text)` pairs.
    pub fn of<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let mut names = HashSet::new();
        for (path, text) in files {
            if file::is_example_env(path) {
                names.extend(dotenv::parse(text).tree.entries.into_iter().map(|entry| entry.key.to_ascii_uppercase()));
            }
        }
        if names.is_empty() {
            return Self::default();
        }
        let mut names: Vec<String> = names.into_iter().collect();
        names.sort_unstable();
        let mut words: Vec<(String, Option<u32>)> = WHOLESALE.iter().map(|word| ((*word).to_owned(), None)).collect();
        let mut short = vec![false; names.len()];
        for (index, name) in names.iter().enumerate() {
            let mut forms = vec![name.clone(), name.replace('_', ""), name.replace('_', "-"), name.replace('_', ".")];
            forms.dedup();
            short[index] = forms.iter().any(|form| form.len() < HEAD);
            words.extend(forms.into_iter().map(|form| (form, Some(index as u32))));
        }
        Self { names, short, search: Search::new(words.into_iter()) }
    }

    /// What a text names. Env files and prose only document variables, and lock files name everything.
    pub fn find(&self, path: &str, text: &str) -> Mentions {
        let mut found = Mentions::default();
        if self.names.is_empty() {
            return found;
        }
        if file::is_example_env(path) || is_prose(path) || file::is_generated(path) || is_plain_env(path) {
            return found;
        }
        let mut seen = self.short.clone();
        // A name may be a part of another: both count.
        self.search.each(text, |name| match name {
            None => found.wholesale = true,
            Some(name) => seen[name as usize] = true,
        });
        found.names = self.names.iter().zip(seen).filter(|(_, seen)| *seen).map(|(name, _)| name.clone()).collect();
        found
    }
}

impl Mentions {
    pub fn contains(&self, name: &str) -> bool {
        self.names.contains(&name.to_ascii_uppercase())
    }

    /// Adds what another text names.
    pub fn add(&mut self, other: Mentions) {
        self.names.extend(other.names);
        self.wholesale |= other.wholesale;
    }
}

/// Whether a path is a text for readers only.
pub fn is_prose(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    [".md", ".mdx", ".rst", ".adoc", ".txt"].iter().any(|end| name.ends_with(end))
}

fn is_plain_env(path: &str) -> bool {
    let name = file_name(path);
    name.starts_with(".env") || name.ends_with(".env")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> String {
        let names = Names::of([(".env.example", "DB_URL=\nAPI_KEY=x\n"), ("b/.env", "OTHER=1\n")]);
        let found = names.find(path, text);
        let mut all: Vec<String> = found.names.into_iter().collect();
        all.sort();
        all.extend(found.wholesale.then(|| "*".to_owned()));
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
