//! The table of token formats (`rules/data/tokens.toml`) and the search for their keywords. Built
//! once, on first use; the pattern of a format is compiled when one of its keywords is first found.
//! Formats are in the data file only, never in code.

use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};

use super::hit::Certainty;
use crate::embedded::table;
use crate::search::Keywords;

/// A token format: an entry of the data file.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenFormat {
    pub provider: String,
    pub name: String,
    pub keywords: Vec<String>,
    pattern: String,
    #[serde(default)]
    pub anchor: Anchor,
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
    #[serde(default)]
    pub pair: bool,
    pub holds: Option<String>,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

/// The position of a token relative to its keyword.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(untagged)]
pub enum Anchor {
    /// The token starts with the keyword.
    #[default]
    AtKeyword,
    /// The token begins up to this many bytes before the keyword.
    Before(usize),
    /// The token follows anywhere in the line of the keyword.
    SameLine(AnchorName),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnchorName {
    Line,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Checksum {
    Github,
    /// As of GitHub, of the random part or of the whole token: the documents do not say.
    Npm,
}

impl TokenFormat {
    /// The pattern, anchored where the token starts with its keyword. `None` when it does not
    /// compile, which a test excludes.
    pub fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| self.compile()).as_ref()
    }

    fn compile(&self) -> Option<Regex> {
        let pattern = match self.anchor {
            Anchor::AtKeyword => format!("^(?:{})", self.pattern),
            Anchor::Before(_) | Anchor::SameLine(_) => self.pattern.clone(),
        };

        RegexBuilder::new(&pattern).unicode(false).build().ok()
    }
}

/// The kind of credential that a keyword begins.
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
    /// What follows the password in other addresses of databases.
    Dsn,
}

pub struct TokenTable {
    pub formats: Vec<TokenFormat>,
    keywords: Keywords<Keyword>,
}

#[derive(serde::Deserialize)]
struct TokenFile {
    token: Vec<TokenFormat>,
}

/// The table, built on first use.
pub fn table() -> &'static TokenTable {
    static TABLE: OnceLock<TokenTable> = OnceLock::new();
    TABLE.get_or_init(|| build(table!("tokens")))
}

fn build(file: TokenFile) -> TokenTable {
    let fixed = [
        (super::connection::URL, Keyword::Url),
        (super::key::PEM, Keyword::Key),
        (super::key::PUTTY, Keyword::Key),
    ];
    let parts = super::connection::PARTS
        .iter()
        .map(|literal| (*literal, Keyword::Parts));
    let addresses = super::connection::DSN
        .iter()
        .map(|(literal, _)| (*literal, Keyword::Dsn));
    let mut keywords: Vec<(String, Keyword)> = fixed
        .into_iter()
        .chain(parts)
        .chain(addresses)
        .map(|(literal, keyword)| (literal.to_owned(), keyword))
        .collect();
    for (index, format) in file.token.iter().enumerate() {
        keywords.extend(
            format
                .keywords
                .iter()
                .map(|literal| (literal.clone(), Keyword::Token(index))),
        );
    }

    TokenTable {
        formats: file.token,
        keywords: Keywords::new(keywords),
    }
}

impl TokenTable {
    /// Calls `visit` with the range and the kind of every keyword in the text.
    pub fn each(&self, text: &str, mut visit: impl FnMut(Range<usize>, Keyword)) {
        self.keywords.each(text, |start, literal, keyword| {
            visit(start..start + literal.len(), keyword);
        });
    }
}

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
            assert!(
                format.regex().is_some(),
                "{} {}: pattern does not compile",
                format.provider,
                format.name
            );
            assert!(
                !format.keywords.is_empty(),
                "{}: no keyword",
                format.provider
            );
            assert!(
                format.keywords.iter().all(|word| word.len() >= 3),
                "{}: keyword too short",
                format.provider
            );
            assert!(
                format
                    .regex()
                    .is_some_and(|regex| regex.captures_len() <= 2),
                "{}: one group",
                format.provider
            );
        }
    }

    #[test]
    fn there_are_formats_of_more_than_160_providers() {
        let mut kinds: Vec<_> = table()
            .formats
            .iter()
            .map(|format| (&format.provider, &format.name))
            .collect();
        kinds.sort();
        kinds.dedup();
        assert!(kinds.len() >= 240, "{}", kinds.len());

        let mut providers: Vec<_> = table()
            .formats
            .iter()
            .map(|format| &format.provider)
            .collect();
        providers.sort();
        providers.dedup();
        assert!(providers.len() >= 160, "{}", providers.len());
    }
}
