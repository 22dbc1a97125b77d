//! The decision whether a named value (an environment entry, a build argument, a label, a
//! configuration value) is a credential.

use super::base64::{base64, jwt_claims};
use super::defaults::{DefaultReason, default_credential, is_common, letters};
use super::hit::{Hit, HitKind};
use super::names::{NameKind, secret_name, words_of_name};
use super::redact::redact;
use super::scan::scan;
use super::shape;
use super::words::words;

/// The kind of a named value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The name is not that of a secret, or the value cannot be one: a switch, a number, nothing.
    NotSecret,
    /// The value is a placeholder for a secret.
    Placeholder,
    /// The value refers to a secret elsewhere, or is filled in before use.
    Reference,
    /// A credential that is easy to guess.
    Default(DefaultReason),
    /// A literal secret. A message may show it as `redacted`.
    Secret { kind: NameKind, redacted: String },
    /// The value contains a token of a documented format or a private key, under any name. Spans
    /// are in the value.
    Token(Hit),
    /// The value is a URL with a literal password, under any name. Spans are in the value.
    UrlPassword(Hit),
}

/// The kind of `value`, the literal set for `name`. Callers resolve interpolation first.
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

    if let Some(verdict) = verdict_of_base64(value) {
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

/// Whether the value is a switch, a small number or a duration.
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

/// Whether the value is the name of a secret: a variable (`APP_DB_PASSWORD`) or a path in a store
/// (`team/app/db-password`).
fn names_a_secret(value: &str) -> bool {
    is_variable_name(value) || is_store_path(value)
}

fn is_variable_name(value: &str) -> bool {
    value.contains('_')
        && value.starts_with(|c: char| c.is_ascii_uppercase())
        && value
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && value.bytes().filter(u8::is_ascii_digit).count() <= 2
}

fn is_store_path(value: &str) -> bool {
    value.matches('/').count() >= 2
        && value
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'/' | b'-' | b'_'))
}

/// The verdict on a base64 value whose decoded text is readable and not a secret.
fn verdict_of_base64(value: &str) -> Option<Verdict> {
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

/// Whether the value is a URL. Callers have handled URLs with a password before.
fn is_url(value: &str) -> bool {
    value.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty()
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    })
}

/// Whether the value repeats the name, as in `NVIDIA_API_KEY=nvidiaapikey`: no provider issues such
/// a key.
fn spells_name(name: &str, value: &str) -> bool {
    lower_alphanumeric(name).eq(lower_alphanumeric(value))
}

fn lower_alphanumeric(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|char| char.to_ascii_lowercase())
}

/// Whether the value consists of words of the name and common words:
/// `CLICKHOUSE_PASSWORD=clickhouse`, `JWT_SECRET=my-jwt-secret`, `ELASTIC_PASSWORD=elastic123`.
fn repeats_name(name: &str, value: &str) -> bool {
    let name_words = words_of_name(name);
    let lower = value.to_ascii_lowercase();
    let mut parts = letters(&lower).peekable();

    parts.peek().is_some()
        && lower.len() < 40
        && parts.all(|part| {
            name_words.split(' ').any(|word| word == part)
                || words().common.contains(part)
                || is_common(part)
        })
}

/// Whether the literal can be a secret of this kind. Passwords can be anything. Keys, tokens and
/// shared secrets outside of environments are often names of secrets that are kept elsewhere:
/// `tokenSecret: grafana-token`.
fn is_plausible(name: &str, kind: NameKind, value: &str) -> bool {
    let spaced = value.contains(char::is_whitespace);
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    if digits == value.len() {
        return kind == NameKind::Password || value.len() >= 16;
    }

    match kind {
        // A long text with spaces is a sentence about a password.
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
