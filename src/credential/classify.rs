//! The decision whether a named value (an environment entry, a build argument, a label, a
//! configuration value) is a credential: [`classify`]. `classify_table.tsv` has labeled examples,
//! of which the tests and the benchmark take its precision and its recall.

use super::base64::{base64, jwt_claims};
use super::defaults::{DefaultReason, default_credential, is_common, letters};
use super::generated::{is_generated, is_strong_password};
use super::hit::{Hit, HitKind};
use super::names::{NameKind, secret_name, words_of_name};
use super::public;
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

/// Where a value has its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A variable, an option or an entry of a deployment, which exists to be set: any value of a
    /// secret is one.
    Variable,
    /// A configuration file. Names of secrets are also names of settings about them, so a value must
    /// look like a secret itself.
    Setting,
    /// Source code, where nearly all values with such names are no secrets: a value must be long and
    /// random.
    Code,
}

/// The kind of `value`, the literal set for `name` at a place. Callers resolve interpolation first.
pub fn classify(name: &str, value: &str, place: Place) -> Verdict {
    let verdict = judge(name, value);
    let is_certain = place == Place::Variable
        || !matches!(verdict, Verdict::Secret { .. })
        || looks_secret(name, value, place);

    if is_certain {
        verdict
    } else {
        Verdict::NotSecret
    }
}

/// Whether a value with the name of a secret looks like one: it is generated, or a strong password
/// of a configuration file.
fn looks_secret(name: &str, value: &str, place: Place) -> bool {
    let is_plain = value.bytes().all(|byte| {
        byte.is_ascii_graphic()
            && !matches!(byte, b'(' | b')' | b'{' | b'}' | b'<' | b'>' | b' ' | b'\\')
    });
    let is_random = is_generated(value)
        || place == Place::Setting
            && secret_name(name) == Some(NameKind::Password)
            && is_strong_password(value);

    is_plain && is_random && !is_uuid(value) && !is_dotted(value)
}

fn is_uuid(value: &str) -> bool {
    value.len() == 36 && value.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

/// Whether a value is words joined by dots, dashes, slashes or colons: `auth.password.reset2`,
/// `urn:token:v2-1`.
fn is_dotted(value: &str) -> bool {
    let parts: Vec<&str> = value.split(['.', '-', '_', '/', ':', '+']).collect();
    parts.len() > 1
        && parts.iter().all(|part| {
            part.len() < 12
                && (part.bytes().all(|byte| byte.is_ascii_digit()) || is_plain_word(part))
        })
}

/// Whether a part is lower case letters after a first letter of any case, and perhaps a number.
fn is_plain_word(part: &str) -> bool {
    let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
    letters
        .bytes()
        .skip(1)
        .all(|byte| byte.is_ascii_lowercase())
        && letters
            .bytes()
            .take(1)
            .all(|byte| byte.is_ascii_alphabetic())
}

/// The kind of `value`, the literal set for `name`, whatever the place.
pub(super) fn judge(name: &str, value: &str) -> Verdict {
    let value = value.trim();
    let hit = if value.len() >= 8 {
        scan(value).into_iter().next()
    } else {
        None
    };
    let kind = secret_name(name);

    // Nearly every value of a file ends here.
    if hit.is_none() && kind.is_none() {
        return Verdict::NotSecret;
    }

    if public::is_public(value) || public::is_public_name(&words_of_name(name)) {
        return Verdict::NotSecret;
    }

    if let Some(hit) = hit {
        return match hit.kind {
            HitKind::ConnectionString { .. } => Verdict::UrlPassword(hit),
            HitKind::ProviderToken { .. } | HitKind::PrivateKey { .. } => Verdict::Token(hit),
        };
    }

    let Some(kind) = kind else {
        return Verdict::NotSecret;
    };

    if value.chars().nth(1).is_none() || is_switch(value) || is_date(value) {
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

    if matches!(kind, NameKind::Token | NameKind::Key) && !is_own_secret(name) && is_prose(value) {
        return Verdict::Placeholder;
    }

    Verdict::Secret {
        kind,
        redacted: redact(value),
    }
}

/// Words before `SECRET`, `KEY` and the like in names of secrets that the program itself chooses and
/// checks. Those of other services are of no use to an attacker while they are placeholders.
const OWN: &[&str] = &[
    "app",
    "application",
    "auth",
    "better",
    "cookie",
    "crypt",
    "csrf",
    "django",
    "encrypt",
    "encryption",
    "fernet",
    "flask",
    "hash",
    "hmac",
    "internal",
    "jwt",
    "master",
    "nextauth",
    "rails",
    "refresh",
    "secret",
    "session",
    "shared",
    "signing",
    "token",
    "user",
];

/// The same, of passwords: those of stores and of the first user.
const OWN_PASSWORDS: &[&str] = &[
    "admin",
    "clickhouse",
    "database",
    "db",
    "default",
    "elastic",
    "grafana",
    "mariadb",
    "minio",
    "mongo",
    "mysql",
    "neo4j",
    "postgres",
    "postgresql",
    "rabbitmq",
    "redis",
    "root",
    "superuser",
    "valkey",
];

/// The same, of tokens: those that open an interface of the program itself.
const OWN_TOKENS: &[&str] = &[
    "admin", "internal", "jupyter", "notebook", "root", "service",
];

/// Whether the name is that of a secret which the program itself checks: it starts with whatever it
/// is given, also with a placeholder.
pub fn is_own_secret(name: &str) -> bool {
    let Some(kind) = secret_name(name) else {
        return false;
    };

    let words = words_of_name(name);
    let known = match kind {
        NameKind::Password => OWN_PASSWORDS,
        NameKind::Token => OWN_TOKENS,
        NameKind::Secret | NameKind::Key => OWN,
        NameKind::Credentials => return false,
    };
    let before: Vec<&str> = words
        .split(' ')
        .filter(|word| !matches!(*word, "key" | "base" | "salt" | "password" | "initdb"))
        .collect();

    match (kind, before.as_slice()) {
        // `SECRET`, `SECRET_KEY`, `SECRET_KEY_BASE`
        (NameKind::Secret | NameKind::Key, ["secret"]) => true,
        (_, before) => before
            .iter()
            .rev()
            .filter(|word| **word != "secret")
            .take(2)
            .any(|word| known.contains(word)),
    }
}

/// Whether a placeholder is one that a program would start with: not the lack of a value, as `none`
/// is.
pub fn starts_with_placeholder(value: &str) -> bool {
    let value = value.trim();

    value.len() >= 8 && !words().placeholders.contains(&value.to_ascii_lowercase())
}

/// Whether a value is words in lower case: providers issue no such token.
fn is_prose(value: &str) -> bool {
    let is_word = |part: &str| {
        let vowels = part
            .bytes()
            .filter(|byte| matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u' | b'y'));
        part.len() <= 14 && vowels.count() * 5 >= part.len()
    };

    value
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_' | b' ' | b'.'))
        && value.split(['-', '_', ' ', '.']).all(is_word)
}

/// Whether a value is a date, perhaps with a time: `2024-11-05`, the version of an API.
fn is_date(value: &str) -> bool {
    let digits: Vec<u8> = value.bytes().filter(u8::is_ascii_digit).collect();
    let year = value.get(..4).and_then(|year| year.parse::<u32>().ok());

    year.is_some_and(|year| (1970..2100).contains(&year))
        && (8..=14).contains(&digits.len())
        && value.len() >= 10
        && value.bytes().all(|byte| {
            byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b'T' | b'Z' | b' ' | b'/')
        })
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
