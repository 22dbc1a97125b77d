//! Credentials that are easy to guess.

use super::shape;
use super::words::words;

/// The reason why a credential is easy to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DefaultReason {
    /// The default of a product or one of the passwords tried first: `minioadmin`, `changeme`,
    /// `123456`.
    WellKnown,
    /// The name of the product or the user: `POSTGRES_PASSWORD=postgres`.
    RepeatsName,
    /// Marked as a development value: `dev-secret`, `test-key-32-characters-long`.
    Development,
    /// A placeholder that was never replaced: `replace-me-with-a-long-string`, sixty-four zeros.
    Placeholder,
    /// Plain words around `password` or `secret`, or a row of characters: `warehouse-password`,
    /// `abcdefgh`, `aaaa1111`.
    Plain,
}

impl DefaultReason {
    /// The reason as a clause.
    pub const fn clause(self) -> &'static str {
        match self {
            DefaultReason::WellKnown => "it is a well-known default",
            DefaultReason::RepeatsName => "it repeats the user or product name",
            DefaultReason::Development => "it is marked as a development value",
            DefaultReason::Placeholder => "it is a placeholder that the service starts with",
            DefaultReason::Plain => "it uses plain words or a simple pattern",
        }
    }
}

/// The reason why a password, secret or key is easy to guess, or `None`.
pub fn default_credential(value: &str) -> Option<DefaultReason> {
    let lists = words();
    let lower = value.trim().to_ascii_lowercase();
    if lists.well_known.contains(&lower) {
        return Some(DefaultReason::WellKnown);
    }

    if lower.len() > 80 {
        return None;
    }

    let parts: Vec<&str> = letters(&lower).collect();
    let digits = lower.bytes().filter(u8::is_ascii_digit).count();
    let development = parts.iter().any(|part| lists.development.contains(*part));
    let all_common = parts
        .iter()
        .all(|part| lists.common.contains(*part) || (lower.len() < 24 && is_common(part)));
    if digits <= 4 && parts.iter().any(|part| part.len() >= 3) && all_common {
        return Some(if development {
            DefaultReason::Development
        } else {
            DefaultReason::WellKnown
        });
    }

    let written = parts.iter().all(|part| part.len() <= 16)
        && value.len() == lower.len()
        && looks_written(&lower);
    if written && development && parts.len() >= 2 {
        return Some(DefaultReason::Development);
    }

    let is_plain = written && digits <= 4 && parts.iter().any(|part| ends_as_secret(part));
    if is_plain || is_row(&lower) {
        return Some(DefaultReason::Plain);
    }

    None
}

/// Whether a word ends in one that says that the value is a secret.
fn ends_as_secret(part: &str) -> bool {
    ["password", "passwd", "pwd", "secret", "changeme"]
        .iter()
        .any(|end| part.ends_with(end))
}

/// Whether a value has at most two different characters, or is mostly a run that counts up.
fn is_row(lower: &str) -> bool {
    let mut seen: Vec<char> = lower.chars().collect();
    seen.sort_unstable();
    seen.dedup();
    lower.len() >= 6 && (seen.len() <= 2 || (shape::patterned(lower) && shape::classes(lower) < 2))
}

/// The runs of letters in a text.
pub(super) fn letters(lower: &str) -> impl Iterator<Item = &str> {
    lower
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|part| !part.is_empty())
}

/// Whether user and password are equal.
pub fn default_pair(user: &str, password: &str) -> bool {
    !user.is_empty() && user.eq_ignore_ascii_case(password)
}

/// Whether `word` is a few common words written together: `mysecretpassword`, `adminpass`.
pub(super) fn is_common(word: &str) -> bool {
    word.len() <= 32 && is_made_of_common(word, 4)
}

fn is_made_of_common(rest: &str, max_words: u32) -> bool {
    words()
        .common
        .iter()
        .filter(|part| part.len() >= 2)
        .filter_map(|part| rest.strip_prefix(part.as_str()))
        .any(|rest| rest.is_empty() || (max_words > 1 && is_made_of_common(rest, max_words - 1)))
}

/// Whether a text looks like words: letters with vowels, and few digits.
fn looks_written(lower: &str) -> bool {
    let digits = lower.bytes().filter(u8::is_ascii_digit).count();
    let letters = lower.bytes().filter(u8::is_ascii_lowercase).count();
    let vowels = lower
        .bytes()
        .filter(|byte| matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u' | b'y'))
        .count();
    digits * 3 <= lower.len() && vowels * 5 >= letters
}
