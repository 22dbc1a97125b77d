//! Keys that are public: made for browsers, or printed in documentation. The table is
//! `rules/data/public-keys.toml`.

use std::ops::Range;
use std::sync::LazyLock;

use super::base64::jwt_claims;
use crate::embedded::table;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicKeys {
    prefixes: Vec<String>,
    hex_prefixes: Vec<String>,
    published: Vec<String>,
    claims: Vec<String>,
    names: Vec<String>,
    firebase_words: Vec<String>,
    firebase_names: Vec<String>,
    access_key_owners: Vec<String>,
}

static KEYS: LazyLock<PublicKeys> = LazyLock::new(|| table!("public-keys"));

/// The distance from a key, in bytes, within which the words of its configuration are searched.
const NEAR: usize = 600;

/// Whether a value is a public key, under any name.
pub fn is_public(value: &str) -> bool {
    if KEYS
        .prefixes
        .iter()
        .any(|prefix| value.starts_with(prefix.as_str()))
    {
        return true;
    }

    if KEYS.hex_prefixes.iter().any(|prefix| {
        value.strip_prefix(prefix.as_str()).is_some_and(|rest| {
            rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    }) {
        return true;
    }

    let start: String = value.chars().take(64).collect();
    let lower = start.to_ascii_lowercase();
    if KEYS
        .published
        .iter()
        .any(|key| lower.starts_with(key.as_str()))
    {
        return true;
    }

    jwt_claims(value).is_some_and(|claims| {
        let compact = claims.replace("\": ", "\":");
        KEYS.claims
            .iter()
            .any(|part| compact.contains(part.as_str()))
    })
}

/// Whether providers give out keys for browsers under this name, which is in words. Words before it
/// do not matter.
pub fn is_public_name(words: &str) -> bool {
    KEYS.names.iter().any(|public| {
        words
            .strip_suffix(public.as_str())
            .is_some_and(|before| before.is_empty() || before.ends_with(' '))
    })
}

/// Whether a name is that of an access key: the public half of a pair with a secret key. `words` is
/// the name in words.
pub fn is_access_key(words: &str) -> bool {
    let mut parts = words.split(' ');

    words.ends_with("access key")
        && !parts.clone().any(|word| word == "secret")
        && parts.any(|word| KEYS.access_key_owners.iter().any(|owner| owner == word))
}

/// Whether Google's key at `span` is that of a Firebase app: its own name says no more than that it
/// is an API key, and other settings of such an app are near.
pub fn is_of_firebase(text: &str, span: Range<usize>) -> bool {
    let from = floor(text, span.start.saturating_sub(NEAR));
    let to = floor(text, text.len().min(span.end + NEAR));
    let near = text[from..to].to_ascii_lowercase();
    let line_start = text[..span.start].rfind('\n').map_or(0, |end| end + 1);
    let name = last_name(&text[line_start..span.start]);

    (name.contains("firebase") || KEYS.firebase_names.contains(&name))
        && KEYS
            .firebase_words
            .iter()
            .any(|word| near.contains(word.as_str()))
}

/// The last identifier of a text in lower case, without the signs in it: `apikey` of `apiKey: '`.
fn last_name(text: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let end = text.rfind(is_name).map_or(0, |end| end + 1);
    let start = text[..end]
        .rfind(|c: char| !is_name(c))
        .map_or(0, |before| before + 1);

    text[floor(text, start)..end]
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// The last boundary of a character up to an offset.
fn floor(text: &str, offset: usize) -> usize {
    (0..=offset)
        .rev()
        .find(|&offset| text.is_char_boundary(offset))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key in Google's format, in parts.
    fn google() -> String {
        ["AIza", "SyQ8w2Lk5Rt", "9Vb3Nd7Hf1Jx6Pg0Am4Ue2Xi"].concat()
    }

    #[test]
    fn keys_for_browsers_and_of_documentation() {
        for value in [
            "phc_aQ8w2Lk5Rt9Vb3Nd7Hf1",
            "Eby8vdM02xNOcqFlqUwJPLlmEtlCD",
            "eyJhbGciOiJub25lIn0.eyJuYW1lIjoiSm9obiBEb2UifQ.x",
        ] {
            assert!(is_public(value), "{value}");
        }

        assert!(!is_public("phx_aQ8w2Lk5Rt9Vb3Nd7Hf1"));
        assert!(is_public_name("next public posthog key"));
        assert!(!is_public_name("posthog personal api key"));
    }

    #[test]
    fn access_keys_of_pairs() {
        for (name, expected) in [
            ("aws access key", true),
            ("backup s3 access key", true),
            ("aws secret access key", false),
            ("azure storage access key", false),
        ] {
            assert_eq!(is_access_key(name), expected, "{name}");
        }
    }

    #[test]
    fn firebase_keys_by_their_place() {
        let key = google();
        for (text, expected) in [
            ("const firebaseConfig = {\n  apiKey: '?',\n", true),
            ("{\"mobilesdk_app_id\": 1,\n \"current_key\": \"?\"}", true),
            ("FIREBASE_API_KEY=?", true),
            ("FIREBASE_PROJECT=a\nGEMINI_API_KEY=?", false),
            ("const geminiKey = {\n  apiKey: '?',\n", false),
        ] {
            let text = text.replace('?', &key);
            let start = text.find(&key).unwrap_or(0);
            assert_eq!(
                is_of_firebase(&text, start..start + key.len()),
                expected,
                "{text}"
            );
        }
    }
}
