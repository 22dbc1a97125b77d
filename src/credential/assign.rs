//! Assignments in any text with the name of a secret and a random value: `api_key = "k9Fw…"`.
//!
//! Names of secrets occur in every program, and nearly all of their values are not secrets. Values
//! that are not quoted, short, made of words, or in the form of a UUID, a path or a translation key
//! are ignored.

use std::ops::Range;
use std::sync::LazyLock;

use super::classify::{Verdict, judge};
use super::shape;
use crate::search::Words;
use crate::source::{Span, slice};

/// Parts of names in lower case. A name must contain one of them.
const PARTS: &[&str] = &[
    "passw",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "accesskey",
    "access_key",
    "encryption_key",
    "encryptionkey",
    "signing_key",
    "signingkey",
    "auth_key",
    "authkey",
    "master_key",
    "masterkey",
    "private_key",
    "privatekey",
];

/// Names of what holds secrets under names of its own: the whole environment of a program, and the
/// header of a request.
const HOLDERS: &[&str] = &[
    "environ",
    "process.env",
    "env::vars",
    "getenv",
    "authorization",
    "api key",
    "access key",
];

/// The longest name, and the longest value, in bytes.
const LONGEST: usize = 200;

/// A name and the span of its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned<'t> {
    pub name: &'t str,
    pub span: Span,
}

/// How values are written in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// In quotes only: without them, a word of a program is a name.
    Quoted,
    /// Also without, to the end of a line that begins with the name: YAML, properties, INI.
    Plain,
}

/// Where a text has names of secrets, by parts of these names, and of what holds secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameParts {
    /// In order.
    pub secrets: Vec<Range<usize>>,
    /// Offsets, in no order.
    pub holders: Vec<usize>,
}

impl NameParts {
    /// One search of the text. What is asked of the names afterwards depends on their number.
    pub fn of(text: &str) -> Self {
        /// The length of a part of a name of a secret; `None` for what holds secrets.
        static WORDS: LazyLock<Words<Option<usize>>> = LazyLock::new(|| {
            let secrets = PARTS.iter().map(|part| (*part, Some(part.len())));
            Words::new(secrets.chain(HOLDERS.iter().map(|name| (*name, None))))
        });

        let mut parts = Self::default();

        WORDS.each(text, |start, length| match length {
            Some(length) => parts.secrets.push(start..start + length),
            None => parts.holders.push(start),
        });

        parts.secrets.sort_unstable_by_key(|part| part.start);

        parts
    }

    pub const fn is_empty(&self) -> bool {
        self.secrets.is_empty() && self.holders.is_empty()
    }
}

/// The secrets assigned in a text, in order.
pub fn assignments(text: &str, values: Values) -> Vec<Assigned<'_>> {
    assignments_at(text, values, &NameParts::of(text))
}

/// As [`assignments`], where the names are known.
pub fn assignments_at<'t>(text: &'t str, values: Values, names: &NameParts) -> Vec<Assigned<'t>> {
    let parts = &names.secrets;
    let mut assigned: Vec<Assigned<'_>> = Vec::new();
    let mut past = 0;
    // Whether `counted`, the offset up to which quotes are counted, is inside of a docstring.
    let (mut in_docstring, mut counted) = (false, 0);

    for part in parts {
        if part.start < past {
            continue;
        }

        let (name, after) = name_around(text, part.start, part.end);
        past = after;
        let plain = || plain_value_after(text, part.start, after);
        let value = match values {
            Values::Quoted => value_after(text, after),
            Values::Plain => value_after(text, after).or_else(plain),
        };
        let Some(span) = value else { continue };

        if !is_secret(name, span.text(text)) {
            continue;
        }

        past = span.end as usize;
        in_docstring ^= text.as_bytes()[counted..part.start]
            .windows(3)
            .filter(|three| three == b"\"\"\"")
            .count()
            % 2
            == 1;
        counted = part.start;
        if !in_docstring && !is_comment(text.as_bytes(), part.start) {
            assigned.push(Assigned { name, span });
        }
    }

    assigned
}

/// The identifier around a part of it, and its end.
fn name_around(text: &str, start: usize, end: usize) -> (&str, usize) {
    let bytes = text.as_bytes();
    let before = bytes[start.saturating_sub(LONGEST)..start]
        .iter()
        .rev()
        .take_while(|byte| is_name_byte(byte))
        .count();
    let after = bytes[end..bytes.len().min(end + LONGEST)]
        .iter()
        .take_while(|byte| is_name_byte(byte))
        .count();

    (&text[start - before..end + after], end + after)
}

const fn is_name_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// The quoted value that is assigned to a name that ends at `name_end`.
fn value_after(text: &str, name_end: usize) -> Option<Span> {
    let bytes = &text.as_bytes()[..text.len().min(name_end + 2 * LONGEST)];
    let closing = skip(bytes, name_end, b"\"'])");
    let sign_start = skip(bytes, closing, b" \t");
    let sign = [":=", "=>", "=", ":"]
        .iter()
        .find(|sign| bytes[sign_start..].starts_with(sign.as_bytes()))?;
    let opening = skip(bytes, sign_start + sign.len(), b" \t");

    let quote = *bytes.get(opening)?;
    if !matches!(quote, b'"' | b'\'' | b'`') {
        return None;
    }

    let start = opening + 1;
    let length = bytes[start..]
        .iter()
        .position(|byte| *byte == quote || *byte == b'\n')?;
    if bytes[start + length] != quote || length > LONGEST {
        return None;
    }

    Some(Span::of(start, start + length))
}

/// The value without quotes of a line that begins with a name; `part` is an offset in the name.
fn plain_value_after(text: &str, part: usize, name_end: usize) -> Option<Span> {
    // A key and its indent are short; a line may be a whole file.
    let before = slice(text, part.saturating_sub(LONGEST)..part);
    let line_start = match before.rfind('\n') {
        Some(end) => end + 1,
        None if before.len() == part => 0,
        None => return None,
    };
    let is_key = before[line_start..]
        .trim_start()
        .trim_start_matches("- ")
        .bytes()
        .all(|byte| is_name_byte(&byte) || byte == b'.');
    if !is_key {
        return None;
    }

    let bytes = &text.as_bytes()[..text.len().min(name_end + 2 * LONGEST)];
    let sign = skip(bytes, name_end, b" \t");
    if !matches!(bytes.get(sign), Some(b':' | b'=')) {
        return None;
    }

    let start = skip(bytes, sign + 1, b" \t");
    let length = bytes[start..]
        .iter()
        .position(|byte| byte.is_ascii_whitespace())
        .unwrap_or(bytes.len() - start);
    // A value of several words is a sentence; a comment may follow.
    let after = skip(bytes, start + length, b" \t\r");
    let ends_line = matches!(bytes.get(after), None | Some(b'\n' | b'#'));

    (ends_line && length > 0 && length <= LONGEST).then(|| Span::of(start, start + length))
}

/// The offset of the first byte from `offset` on that is not in `set`.
fn skip(bytes: &[u8], offset: usize, set: &[u8]) -> usize {
    offset
        + bytes[offset..]
            .iter()
            .take_while(|byte| set.contains(byte))
            .count()
}

/// Whether the line of `offset` begins like a comment or an interactive session, which contain no
/// settings.
pub fn is_comment(bytes: &[u8], offset: usize) -> bool {
    let before = &bytes[offset.saturating_sub(LONGEST)..offset];
    let line = memchr::memrchr(b'\n', before)
        .map_or(before, |end| &before[end + 1..])
        .trim_ascii_start();
    [&b"#"[..], b"//", b"*", b"--", b";", b">>>", b"..."]
        .iter()
        .any(|sign| line.starts_with(sign))
}

fn is_secret(name: &str, value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let plain = value.bytes().all(|byte| {
        byte.is_ascii_graphic()
            && !matches!(byte, b'(' | b')' | b'{' | b'}' | b'<' | b'>' | b' ' | b'\\')
    });

    let random = value.len() >= 16 && shape::entropy(value) >= 3.5 && digits >= 2 && letters >= 4;
    plain
        && random
        && !is_uuid(value)
        && !is_dotted(value)
        && !shape::made_up(value)
        && matches!(judge(name, value), Verdict::Secret { .. })
}

fn is_uuid(value: &str) -> bool {
    value.len() == 36 && value.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

/// Whether a value is words joined by dots, dashes, slashes or colons: `auth.password.reset2`,
/// `urn:token:v2-1`.
fn is_dotted(value: &str) -> bool {
    let parts: Vec<&str> = value.split(['.', '-', '_', '/', ':']).collect();
    parts.len() > 1
        && parts.iter().all(|part| {
            part.len() < 12 && (part.bytes().all(|byte| byte.is_ascii_digit()) || is_word(part))
        })
}

/// Whether a part is lower case letters after a first letter of any case, and perhaps a number.
fn is_word(part: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_values_of_secret_names() {
        let value = ["k9Fw2pXv81", "LmQz73RtYb"].concat();
        for line in [
            "api_key = \"?\"",
            "\"clientSecret\": \"?\",",
            "Password: '?'",
            "$token => '?';",
            "const API_KEY=`?`",
            "x['auth_token'] := \"?\"",
        ] {
            let text = line.replace('?', &value);
            let values: Vec<&str> = assignments(&text, Values::Quoted)
                .iter()
                .map(|assigned| assigned.span.text(&text))
                .collect();
            assert_eq!(values, [&value], "{line}");
        }
    }

    #[test]
    fn everything_else() {
        let value = ["k9Fw2pXv81", "LmQz73RtYb"].concat();
        for line in [
            "token_url = \"?\"",
            "x = \"?\"",
            "api_key = ?",
            "api_key = get(\"?\")",
            "secret_name: \"?\"",
            "password = \"${?}\"",
            "api_key = \"?",
            "token = \"auth.password.reset-form-12\"",
            "secret = \"2f1c9a40-77de-4b11-9a3e-0d5c6b7a8e9f\"",
            "api_key = \"your-?\"",
            "# api_key = \"?\"",
            "\"\"\"\n  {\"api_key\": \"?\"}\n\"\"\"",
            "public_key_token = \"abc\"",
        ] {
            let text = line.replace('?', &value);
            assert_eq!(assignments(&text, Values::Quoted), [], "{line}");
        }
    }

    #[test]
    fn values_without_quotes_in_configuration() {
        let value = ["k9Fw2pXv81", "LmQz73RtYb"].concat();
        for (line, expected) in [
            ("api_key: ?", true),
            ("  - clientSecret: ? # note", true),
            ("spring.datasource.password=?", true),
            ("password = ?", true),
            ("password: two ?", false),
            ("set token = ?", false),
            ("token_url: ?", false),
            ("password: ${?}", false),
        ] {
            let text = line.replace('?', &value);
            assert_eq!(
                !assignments(&text, Values::Plain).is_empty(),
                expected,
                "{line}"
            );
        }
    }
}
