//! The table of token formats (`rules/data/tokens.toml`) and the automaton over its keywords. Built once, on first use;
//! the pattern of an entry is compiled when one of its keywords is first met. Must never hold a format in code.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::bytes::{Regex, RegexBuilder};

use super::scan::Certainty;
use crate::embedded::table;

/// One token format, as its entry in the data file states it.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Format {
    pub provider: String,
    pub name: String,
    pub keywords: Vec<String>,
    pattern: String,
    #[serde(default)]
    pub reach: Reach,
    #[serde(default = "longest")]
    pub max: usize,
    #[serde(default = "entropy_floor")]
    pub entropy: f32,
    #[serde(default = "classes_floor")]
    pub classes: u32,
    #[serde(default)]
    pub context: Vec<String>,
    #[serde(default)]
    pub weak: bool,
    #[serde(default)]
    pub confidence: Certainty,
    pub checksum: Option<Checksum>,
    pub holds: Option<String>,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

/// Where a token stands relative to its keyword.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(untagged)]
pub enum Reach {
    /// The token starts with the keyword.
    #[default]
    Here,
    /// The token begins up to this many bytes before the keyword.
    Back(usize),
    /// The token follows somewhere in the keyword's line.
    Named(ReachName),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReachName {
    Line,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Checksum {
    Github,
}

impl Format {
    /// The pattern, anchored where the token starts with its keyword. `None` when it does not compile, which a test
    /// makes impossible.
    pub fn regex(&self) -> Option<&Regex> {
        let compile = || {
            let pattern = match self.reach {
                Reach::Here => format!("^(?:{})", self.pattern),
                Reach::Back(_) | Reach::Named(_) => self.pattern.clone(),
            };
            RegexBuilder::new(&pattern).unicode(false).build().ok()
        };
        self.compiled.get_or_init(compile).as_ref()
    }
}

/// What a keyword of the automaton begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyword {
    /// A token of the format with this index.
    Token(usize),
    /// `://`
    Url,
    /// `-----BEGIN ` or what opens another key file.
    Key,
    /// A password in a list of `name=value` parts.
    Parts,
}

pub struct Table {
    pub formats: Vec<Format>,
    /// Quick to make, and slower.
    small: AhoCorasick,
    /// Dear to make, and three times as fast: made once much has been searched.
    large: OnceLock<AhoCorasick>,
    literals: Vec<String>,
    /// Bytes searched so far.
    searched: AtomicUsize,
    /// What each pattern of the automaton means.
    pub meaning: Vec<Keyword>,
}

#[derive(serde::Deserialize)]
struct File {
    token: Vec<Format>,
}

/// The table, built on first use.
pub fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| build(table!("tokens")))
}

fn build(file: File) -> Table {
    let mut literals: Vec<&str> = Vec::new();
    let mut meaning = Vec::new();
    let fixed =
        [(super::connection::URL, Keyword::Url), (super::key::PEM, Keyword::Key), (super::key::PUTTY, Keyword::Key)];
    for (literal, keyword) in fixed {
        literals.push(literal);
        meaning.push(keyword);
    }
    for literal in super::connection::PARTS {
        literals.push(literal);
        meaning.push(Keyword::Parts);
    }
    for (index, format) in file.token.iter().enumerate() {
        for literal in &format.keywords {
            literals.push(literal);
            meaning.push(Keyword::Token(index));
        }
    }
    let small = automaton(AhoCorasickKind::ContiguousNFA, &literals);
    let literals = literals.into_iter().map(str::to_owned).collect();
    Table { small, large: OnceLock::new(), literals, searched: AtomicUsize::new(0), meaning, formats: file.token }
}

fn automaton<T: AsRef<str>>(kind: AhoCorasickKind, literals: &[T]) -> AhoCorasick {
    let literals = literals.iter().map(AsRef::as_ref);
    AhoCorasick::builder().kind(Some(kind)).build(literals).expect("a few hundred short literals fit the automaton")
}

impl Table {
    /// What to search a text of this many bytes with. Both automata find the same.
    pub fn automaton(&self, bytes: usize) -> &AhoCorasick {
        if self.searched.fetch_add(bytes, Ordering::Relaxed) < SMALL_BYTES {
            return &self.small;
        }
        self.large.get_or_init(|| automaton(AhoCorasickKind::DFA, &self.literals))
    }
}

/// How much is searched with the small automaton: a handful of files.
const SMALL_BYTES: usize = 256 * 1024;

const fn longest() -> usize {
    300
}

const fn entropy_floor() -> f32 {
    3.0
}

const fn classes_floor() -> u32 {
    2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_compiles_and_says_who_and_what() {
        for format in &table().formats {
            assert!(format.regex().is_some(), "{} {}: pattern does not compile", format.provider, format.name);
            assert!(!format.keywords.is_empty(), "{}: no keyword", format.provider);
            assert!(format.keywords.iter().all(|word| word.len() >= 2), "{}: keyword too short", format.provider);
            assert!(format.regex().is_some_and(|regex| regex.captures_len() <= 2), "{}: one group", format.provider);
        }
    }

    #[test]
    fn there_are_more_than_a_hundred_formats() {
        let mut kinds: Vec<_> = table().formats.iter().map(|it| (&it.provider, &it.name)).collect();
        kinds.sort();
        kinds.dedup();
        assert!(kinds.len() >= 180, "{}", kinds.len());
    }
}
