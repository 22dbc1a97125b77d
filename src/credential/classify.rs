//! Judges a name and the literal that stands for it. The one place that decides whether an
//! environment entry, a build argument, a label or a configuration value is a credential.

use super::names::{NameKind, parts, secret_name};
use super::redact::redact;
use super::scan::{Hit, HitKind, base64, jwt_claims, scan};
use super::shape;
use super::words::words;

/// What a value is, given its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The name announces none, or the value cannot be one: a switch, a number, nothing.
    NotSecret,
    /// The value shows where a secret would go.
    Placeholder,
    /// The value names where the secret is kept, or is filled in before use.
    Reference,
    /// A credential everybody can guess.
    Default(DefaultReason),
    /// A literal secret. `redacted` is what a message may show of it.
    Secret { kind: NameKind, redacted: String },
    /// The value holds a token of a documented format or a private key, whatever the name is. Spans
    /// are in the value.
    Token(Hit),
    /// The value is a URL with a literal password, whatever the name is. Spans are in the value.
    UrlPassword(Hit),
}

/// Why a credential is one that everybody can guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DefaultReason {
    /// The default of a product or one of the passwords tried first: `minioadmin`, `changeme`,
    /// `123456`.
    WellKnown,
    /// The product's or the user's name: `POSTGRES_PASSWORD=postgres`.
    RepeatsName,
    /// Says itself that it is for development: `dev-secret`, `test-key-32-characters-long`.
    Development,
    /// Plain words around `password` or `secret`, or a row of characters: `warehouse-password`,
    /// `abcdefgh`, `aaaa1111`.
    Plain,
}

impl DefaultReason {
    /// Why the value is weak, as a clause.
    pub const fn clause(self) -> &'static str {
        match self {
            DefaultReason::WellKnown => "it is a well-known default",
            DefaultReason::RepeatsName => "it repeats the user or product name",
            DefaultReason::Development => "it is marked as a development value",
            DefaultReason::Plain => "it uses plain words or a simple pattern",
        }
    }
}

/// What `value`, the literal given for `name`, is. Callers resolve interpolation first and pass the
/// literal alone.
pub fn judge(name: &str, value: &str) -> Verdict {
    let value = value.trim();
    if value.len() >= 8
        && let Some(hit) = scan(value).into_iter().next()
    {
        return match hit.kind {
            HitKind::ConnectionString { .. } => Verdict::UrlPassword(hit),
            HitKind::ProviderToken { .. } | HitKind::PrivateKey { .. } => Verdict::Token(hit),
        };
    }

    let Some(kind) = secret_name(name) else {
        return Verdict::NotSecret;
    };

    if value.chars().nth(1).is_none() || is_switch(value) {
        return Verdict::NotSecret;
    }

    if shape::is_reference(value) || is_url(value) || names_a_secret(value) {
        return Verdict::Reference;
    }

    if shape::is_placeholder(value) {
        return Verdict::Placeholder;
    }

    if kind != NameKind::Password && spells_name(name, value) {
        return Verdict::Placeholder;
    }

    if words().well_known.contains(&value.to_ascii_lowercase()) {
        return Verdict::Default(DefaultReason::WellKnown);
    }

    if jwt_claims(value).is_some_and(|claims| claims.contains("demo")) {
        return Verdict::Default(DefaultReason::WellKnown);
    }

    if let Some(verdict) = behind_base64(value) {
        return verdict;
    }

    if !is_plausible(name, kind, value) {
        return Verdict::NotSecret;
    }

    if let Some(reason) = default_credential(value) {
        return Verdict::Default(reason);
    }

    if repeats_name(name, value) {
        return Verdict::Default(DefaultReason::RepeatsName);
    }

    Verdict::Secret {
        kind,
        redacted: redact(value),
    }
}

/// Why a password, secret or key is one that everybody can guess, or `None`.
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
    let common =
        |part: &&str| lists.common.contains(*part) || (lower.len() < 24 && is_common(part));
    if digits <= 4 && parts.iter().any(|part| part.len() >= 3) && parts.iter().all(common) {
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

    let announces = |part: &&str| {
        ["password", "passwd", "pwd", "secret", "changeme"]
            .iter()
            .any(|end| part.ends_with(end))
    };

    let plain = written && digits <= 4 && parts.iter().any(announces);

    (plain || is_row(&lower)).then_some(DefaultReason::Plain)
}

/// Two characters at most, or a run that counts up and leaves little else.
fn is_row(lower: &str) -> bool {
    let mut seen: Vec<char> = lower.chars().collect();
    seen.sort_unstable();
    seen.dedup();
    lower.len() >= 6 && (seen.len() <= 2 || (shape::patterned(lower) && shape::classes(lower) < 2))
}

/// The runs of letters in a text.
fn letters(lower: &str) -> impl Iterator<Item = &str> {
    lower
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|part| !part.is_empty())
}

/// Whether user and password are the same, which nobody needs to guess.
pub fn default_pair(user: &str, password: &str) -> bool {
    !user.is_empty() && user.eq_ignore_ascii_case(password)
}

/// Whether `word` is two or three common words written together: `mysecretpassword`, `adminpass`.
fn is_common(word: &str) -> bool {
    fn covered(rest: &str, left: u32) -> bool {
        words()
            .common
            .iter()
            .filter(|part| part.len() >= 2)
            .any(|part| {
                rest.strip_prefix(part.as_str())
                    .is_some_and(|rest| rest.is_empty() || (left > 1 && covered(rest, left - 1)))
            })
    }

    word.len() <= 32 && covered(word, 4)
}

/// Whether a text reads like written words: letters in groups with vowels, and few digits.
fn looks_written(lower: &str) -> bool {
    let digits = lower.bytes().filter(u8::is_ascii_digit).count();
    let letters = lower.bytes().filter(u8::is_ascii_lowercase).count();
    let vowels = lower
        .bytes()
        .filter(|byte| matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u' | b'y'))
        .count();
    digits * 3 <= lower.len() && vowels * 5 >= letters
}

/// A switch, a small number, a duration, or nothing at all.
fn is_switch(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let words = [
        "true", "false", "yes", "no", "on", "off", "read", "write", "none", "null", "~", "inherit",
        "{}", "[]", "\"\"", "''",
    ];
    let digits = lower.trim_end_matches(['s', 'm', 'h', 'd', '%']);
    words.contains(&lower.as_str())
        || (!digits.is_empty()
            && digits.len() < 4
            && digits
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// Whether the value is the name of a secret, not one: a variable's (`APP_DB_PASSWORD`) or a path
/// in a store (`team/app/db-password`).
fn names_a_secret(value: &str) -> bool {
    let made_of = |test: fn(&u8) -> bool, extra: &[u8]| {
        value
            .bytes()
            .all(|byte| test(&byte) || extra.contains(&byte))
    };

    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let variable = value.contains('_')
        && made_of(
            |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            b"_",
        )
        && digits <= 2
        && value.starts_with(|c: char| c.is_ascii_uppercase());
    let path = value.matches('/').count() >= 2 && made_of(u8::is_ascii_lowercase, b"/-_");

    variable || path
}

/// The verdict on what a base64 text says, when that is readable and no secret.
fn behind_base64(value: &str) -> Option<Verdict> {
    if value.len() < 8 || !value.len().is_multiple_of(4) {
        return None;
    }

    let decoded = String::from_utf8(base64(value)?).ok()?;
    if !decoded
        .bytes()
        .all(|byte| (b' '..=b'~').contains(&byte) || byte == b'\n')
    {
        return None;
    }

    if shape::is_reference(&decoded) {
        return Some(Verdict::Reference);
    }

    if shape::is_placeholder(&decoded) {
        return Some(Verdict::Placeholder);
    }

    default_credential(&decoded).map(Verdict::Default)
}

/// A URL; those with a password have been found before.
fn is_url(value: &str) -> bool {
    value.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty()
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    })
}

/// Whether the value is the name once more, as in `NVIDIA_API_KEY=nvidiaapikey`: nobody issues such
/// a key.
fn spells_name(name: &str, value: &str) -> bool {
    let letters = |text: &str| -> String {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|char| char.to_ascii_lowercase())
            .collect()
    };

    letters(name) == letters(value)
}

/// Whether the value is made of words of the name and common ones:
/// `CLICKHOUSE_PASSWORD=clickhouse`, `JWT_SECRET=my-jwt-secret`, `ELASTIC_PASSWORD=elastic123`.
fn repeats_name(name: &str, value: &str) -> bool {
    let names = parts(name);
    let lower = value.to_ascii_lowercase();
    let mut parts = letters(&lower).peekable();
    let known = |part: &str| {
        names.split(' ').any(|word| word == part)
            || words().common.contains(part)
            || is_common(part)
    };

    parts.peek().is_some() && lower.len() < 40 && parts.all(known)
}

/// Whether the literal can be the secret that the name announces. Passwords can be anything. Keys,
/// tokens and shared secrets in a file that is no environment are often names of secrets kept
/// elsewhere: `tokenSecret: grafana-token`.
fn is_plausible(name: &str, kind: NameKind, value: &str) -> bool {
    let spaced = value.contains(char::is_whitespace);
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    if digits == value.len() {
        return kind == NameKind::Password || value.len() >= 16;
    }

    match kind {
        // Text with a space in it is a sentence about a password as soon as it is long.
        NameKind::Password => !(spaced && value.len() > 40),
        NameKind::Credentials => {
            !spaced && value.len() >= 16 && shape::entropy(value) >= 3.5 && digits > 0
        }
        NameKind::Token | NameKind::Secret | NameKind::Key => {
            let environment = name.bytes().any(|byte| byte.is_ascii_uppercase())
                && !name.bytes().any(|byte| byte.is_ascii_lowercase());
            let named = value.bytes().all(|byte| {
                byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b':')
            });

            !spaced && value.len() >= 4 && (environment || !named)
        }
    }
}

#[cfg(test)]
#[path = "classify_tests.rs"]
mod tests;
