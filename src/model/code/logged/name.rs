//! Names of logged values, and what the rest of a file says about them.

use super::super::lex::Language;
use crate::credential::{self, NameKind, Place, Verdict, secret_name, words_of_name};
use crate::source::clip;

/// How certain the name of a value is that of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    Certain,
    /// `token` and `secret` are also words of parsers, of models and of Kubernetes.
    Ambiguous,
}

/// Words of a name that say that the value is not the secret itself.
const ABOUT: &[&str] = &[
    "masked",
    "mask",
    "redacted",
    "obfuscated",
    "hidden",
    "sanitized",
    "truncated",
    "preview",
    "hint",
    "prefix",
    "suffix",
    "partial",
    "safe",
    "short",
    "hashed",
    "hash",
    "digest",
    "encrypted",
    "dummy",
    "fake",
    "test",
    "example",
    "placeholder",
    "type",
    "id",
    "name",
    "present",
    "exists",
    "set",
    "valid",
    "count",
    "len",
    "length",
    "size",
    "csrf",
    "xsrf",
    "error",
    "err",
    "status",
    "ok",
    "field",
    "label",
    "prompt",
    "message",
    "msg",
    "help",
    "url",
    "path",
    "file",
    "input",
    "element",
    "selector",
    "regex",
    "pattern",
    "rule",
    "policy",
    "usage",
    "limit",
    "budget",
    "ratio",
    "rate",
    "num",
    "source",
    "provider",
    "store",
    "manager",
    "ref",
    "arn",
    "version",
    "env",
    "var",
    "expiry",
    "expires",
    "ttl",
];

/// Words before `key` in names of keys that give access.
const KEYS: &[&str] = &[
    "api",
    "secret",
    "private",
    "access",
    "encryption",
    "signing",
    "master",
    "auth",
    "account",
    "openai",
    "anthropic",
    "stripe",
    "fernet",
    "hmac",
    "jwt",
];

/// What a value belongs to whose `token` or `secret` is one of access.
const OWNERS: &[&str] = &[
    "user",
    "account",
    "session",
    "auth",
    "config",
    "cfg",
    "conf",
    "settings",
    "opts",
    "options",
    "args",
    "req",
    "request",
    "params",
    "query",
    "body",
    "credentials",
    "creds",
    "login",
    "oauth",
    "client",
    "headers",
    "env",
    "environ",
    "ctx",
    "context",
    "payload",
    "input",
];

/// How certain a value of this name, in a chain of names, is a secret.
pub fn certainty(name: &str, chain: &[&str]) -> Option<Certainty> {
    let words = words_of_name(name);
    let parts: Vec<&str> = words.split(' ').collect();
    let is_about = parts.iter().any(|part| ABOUT.contains(part));
    if is_about || is_enum(name, chain) {
        return None;
    }

    if words == "authorization" {
        let in_headers = chain
            .iter()
            .any(|owner| owner.to_ascii_lowercase().contains("header"));
        return in_headers.then_some(Certainty::Certain);
    }

    match secret_name(name)? {
        NameKind::Password => Some(Certainty::Certain),
        NameKind::Token | NameKind::Secret if words == "token" || words == "secret" => {
            let owner = chain.last().map_or("", |owner| owner);
            let is_owned = OWNERS.contains(&owner.to_ascii_lowercase().as_str());

            Some(if is_owned {
                Certainty::Certain
            } else {
                Certainty::Ambiguous
            })
        }
        NameKind::Token => Some(Certainty::Certain),
        NameKind::Secret => (!parts.iter().any(|part| matches!(*part, "salt" | "pepper")))
            .then_some(Certainty::Certain),
        NameKind::Key => {
            let is_key = KEYS.iter().any(|key| parts.contains(key))
                || parts.len() == 1 && words.ends_with("key");
            is_key.then_some(Certainty::Certain)
        }
        // What is called so is an object, which shows no secret when it is printed.
        NameKind::Credentials => None,
    }
}

/// Whether a name is one of an enumeration: `Scope.RESET_PASSWORD`.
fn is_enum(name: &str, chain: &[&str]) -> bool {
    let is_upper = name.bytes().all(|byte| !byte.is_ascii_lowercase());
    let Some(owner) = chain.last() else {
        return false;
    };
    let lower = owner.to_ascii_lowercase();
    let is_settings = ["config", "settings", "env", "secrets", "conf", "cfg"]
        .iter()
        .any(|word| lower.contains(word));

    is_upper && owner.starts_with(|c: char| c.is_ascii_uppercase()) && !is_settings
}

/// Whether a file that logs a `token` is about access, and not about parsing or language models.
pub fn is_about_access(text: &str) -> bool {
    const ACCESS: &[&str] = &[
        "Bearer",
        "bearer",
        "OAuth",
        "oauth",
        "jwt",
        "JWT",
        "login",
        "Login",
        "authenticate",
        "Authorization",
        "password",
    ];
    const OTHER: &[&str] = &[
        "tokeniz",
        "Tokeniz",
        "lexer",
        "Lexer",
        "logits",
        "for token in",
        "next_token",
        "nextToken",
        "max_tokens",
        "on_token",
        "onToken",
        "of tokens",
        "k8s.io",
        "corev1",
        "V1Secret",
        "SecretManager",
        "secretName",
        "secret_name",
        "Kubernetes",
        "parseToken",
        "token.kind",
        "token.type",
    ];
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));

    has(ACCESS) && !has(OTHER)
}

/// The distance before a call in which a name may have got a masked value.
const NEAR: usize = 1_000;

/// Whether a name was set to a masked value shortly before.
pub fn is_masked_before(before: &str, name: &str) -> bool {
    const MASKS: &[&str] = &[
        "mask", "redact", "obfus", "hash", "sanit", "***", "[:", "slice(", "substr", "trunc",
        "Mask", "Redact", "Hash", "...", "encrypt", "[..", "\"<", "'<",
    ];
    let start = before.len().saturating_sub(NEAR);
    let start = (start..=before.len())
        .find(|offset| before.is_char_boundary(*offset))
        .unwrap_or(before.len());
    let near = &before[start..];

    near.match_indices(name).any(|(offset, _)| {
        let after = near[offset + name.len()..].trim_start();
        let value = after.strip_prefix(":=").or_else(|| after.strip_prefix('='));

        value.is_some_and(|value| {
            let line = value.lines().next().unwrap_or("");
            !value.starts_with('=') && MASKS.iter().any(|mask| line.contains(mask))
        })
    })
}

/// Whether a file declares a name with a type that hides its value: `api_key: SecretStr`.
pub fn hides_itself(text: &str, name: &str) -> bool {
    const TYPES: &[&str] = &[
        "SecretStr",
        "SecretBytes",
        "SecretString",
        "Secret<",
        "SecretBox",
        "Redacted<",
    ];
    if !TYPES.iter().any(|hidden| text.contains(hidden)) {
        return false;
    }

    text.match_indices(name).any(|(offset, _)| {
        let after = text[offset + name.len()..].trim_start();
        let declared = after.strip_prefix(':').map(|declared| clip(declared, 40));

        declared.is_some_and(|declared| TYPES.iter().any(|hidden| declared.contains(hidden)))
    })
}

/// Whether a name in capitals is that of a constant in this file that is no secret:
/// `ACCESS_TOKEN = "access_token"`.
pub fn is_constant(text: &str, name: &str) -> bool {
    if name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return false;
    }

    text.match_indices(name).any(|(offset, _)| {
        let after = text[offset + name.len()..].trim_start();
        let value = after.strip_prefix(['=', ':']).unwrap_or("").trim_start();
        let quote = value.chars().next().unwrap_or(' ');
        if !matches!(quote, '"' | '\'' | '`') {
            return false;
        }

        let literal = value[1..].split(quote).next().unwrap_or("");

        !matches!(
            credential::classify(name, literal, Place::Variable),
            Verdict::Secret { .. } | Verdict::Token(_)
        )
    })
}

/// The name of a secret in the words before a value: `api key: `, `"password"`. `None` for
/// sentences.
pub fn label(text: &str) -> Option<&str> {
    let text = text.trim_end_matches([
        ' ', ':', '=', '\'', '"', '(', '[', '`', '>', '-', '{', '$', '#',
    ]);
    let start = text
        .rfind(['\n', '.', ',', ';', '(', '|', '\\'])
        .map_or(0, |end| end + 1);
    let text = text[start..].trim();
    let is_short = text.split(' ').count() <= 3 && text.len() <= 40;
    let is_certain = is_short && certainty(text, &["config"]) == Some(Certainty::Certain);

    is_certain.then_some(text)
}

/// Whether a value of this name may be the secret that a label before it announces.
pub fn is_plain_value(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().as_str(),
        "key"
            | "pw"
            | "pwd"
            | "pass"
            | "tok"
            | "token"
            | "secret"
            | "cred"
            | "val"
            | "value"
            | "plaintext"
            | "raw"
            | "passwd"
            | "jwt"
            | "bearer"
    )
}

/// Whether a value of this name may be the secret of a field of the given name.
pub fn is_field_value(name: &str) -> bool {
    const NOT: &[&str] = &[
        "true",
        "false",
        "True",
        "False",
        "None",
        "null",
        "nil",
        "undefined",
        "err",
        "error",
        "e",
        "ex",
        "i",
        "n",
        "ok",
        "self",
        "this",
    ];
    let words = words_of_name(name);

    !name.starts_with(|c: char| c.is_ascii_digit())
        && !NOT.contains(&name)
        && !words
            .split(' ')
            .any(|word| ABOUT.contains(&word) || word == "has" || word == "is")
}

/// Whether a language writes a condition as `a ? b : c`.
pub fn has_ternary(language: Language) -> bool {
    !matches!(language, Language::Python | Language::Rust | Language::Go)
}
