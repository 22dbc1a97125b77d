//! Values with the name of a secret, in text of any format: `password: x`, `TOKEN=x`,
//! `--api-key x`, `Authorization: Bearer x`, and the `name`/`value` pairs of manifests.
//!
//! Rules report the secrets of the formats that they read. This module is for hiding: the lines
//! beside a finding show text that no rule has read.

use super::base64::base64;
use super::classify::{Verdict, judge};
use super::names::secret_name;
use super::shape;
use crate::source::{Span, slice};
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

/// The longest value that is read, in bytes.
const LONGEST: usize = 4_096;
/// The longest part of a line before a name that is read, in bytes.
const LONGEST_BEFORE: usize = 512;
/// The longest name, in bytes.
const LONGEST_NAME: usize = 128;
/// The largest distance between the two parts of a pair, in bytes.
const PAIR: usize = 300;
/// The shortest credential in a header, in bytes.
const SHORTEST_HEADER: usize = 16;

/// What flags begin with.
static FLAG: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("--"));
/// The schemes of headers with a credential, without the letter that may be in either case.
static SCHEMES: LazyLock<[Finder<'static>; 4]> =
    LazyLock::new(|| ["earer ", "asic ", "EARER ", "ASIC "].map(Finder::new));

/// The sign between a name and its value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Colon,
    Equals,
}

/// The form of the lines below a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BlockForm {
    /// A block scalar: every deeper line belongs to it.
    Scalar,
    /// A scalar on its own lines, or a collection.
    Other,
}

/// The values in a text that have the name of a secret, in no order.
pub fn named_values(text: &str) -> Vec<Span> {
    let mut values = Vec::new();
    for sign in memchr::memchr2_iter(b':', b'=', text.as_bytes()) {
        add_assigned(text, sign, &mut values);
    }

    for flag in FLAG.find_iter(text.as_bytes()) {
        values.extend(flag_value(text, flag));
    }

    for scheme in SCHEMES.iter() {
        for start in scheme.find_iter(text.as_bytes()) {
            values.extend(header_value(text, start + scheme.needle().len()));
        }
    }

    values
}

/// Whether the value of the name of a secret is a secret.
fn is_secret(name: &str, value: &str) -> bool {
    let value = value.trim();
    match judge(name, value) {
        Verdict::Secret { .. } | Verdict::Token(_) | Verdict::UrlPassword(_) => true,
        Verdict::NotSecret => is_random(value),
        Verdict::Placeholder | Verdict::Reference | Verdict::Default(_) => false,
    }
}

/// Whether a value is random. A random value with the name of a secret is a secret.
fn is_random(value: &str) -> bool {
    value.len() >= 16
        && shape::entropy(value) >= 3.5
        && shape::classes(value) >= 2
        && !value.contains(char::is_whitespace)
        && !shape::is_reference(value)
        && !shape::is_placeholder(value)
}

/// Adds the value that the `:` or `=` at an offset assigns to the name of a secret.
fn add_assigned(text: &str, offset: usize, values: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let before = offset.checked_sub(1).map_or(0, |before| bytes[before]);
    let after = bytes.get(offset + 1).copied().unwrap_or(0);
    let sign = if bytes[offset] == b':' {
        Sign::Colon
    } else {
        Sign::Equals
    };

    // Comparisons, and the second half of `:=`.
    if sign == Sign::Equals
        && (matches!(before, b'=' | b'!' | b'<' | b'>' | b':') || matches!(after, b'=' | b'~'))
    {
        return;
    }

    let Some((name, name_start)) = name_before(text, offset) else {
        return;
    };

    let value_start = match (sign, after) {
        (Sign::Colon, b'=') | (Sign::Equals, b'>') => offset + 2,
        (Sign::Colon, _) if !opens_value(after) => return,
        _ => offset + 1,
    };

    if sign == Sign::Colon && matches!(name, "name" | "key" | "Name" | "Key") {
        add_pair(text, (name_start, offset), values);
    }

    if secret_name(name).is_none() {
        return;
    }

    let spans = value(text, name_start, value_start, sign);
    let whole: String = spans
        .iter()
        .map(|span| span.text(text))
        .collect::<Vec<_>>()
        .join("\n");
    if is_secret(name, &whole) {
        values.extend(spans);
    }
}

const fn opens_value(next: u8) -> bool {
    matches!(
        next,
        0 | b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\'' | b'\\'
    )
}

/// The name before a sign, and its start.
fn name_before(text: &str, sign: usize) -> Option<(&str, usize)> {
    let bytes = text.as_bytes();
    let end = skip_back(bytes, sign, b" \t?+");
    let end = skip_back(bytes, end, b"\"'`\\])");
    let length = bytes[..end]
        .iter()
        .rev()
        .take(LONGEST_NAME)
        .take_while(|byte| is_name_byte(byte))
        .count();
    (length > 0).then(|| (slice(text, end - length..end), end - length))
}

/// The end of the text before `end` without up to eight bytes of `set`.
fn skip_back(bytes: &[u8], end: usize, set: &[u8]) -> usize {
    end - bytes[..end]
        .iter()
        .rev()
        .take(8)
        .take_while(|byte| set.contains(byte))
        .count()
}

const fn is_name_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The value after a sign; each line of a block is a span.
fn value(text: &str, name_start: usize, offset: usize, sign: Sign) -> Vec<Span> {
    let bytes = text.as_bytes();
    let start = skip_properties(text, offset);
    let line_end = line_end(text, start);

    match bytes.get(start) {
        None => Vec::new(),
        Some(b'\n' | b'\r' | b'#') if sign == Sign::Colon => {
            block(text, name_start, BlockForm::Other)
        }
        Some(b'|' | b'>')
            if sign == Sign::Colon && is_block_header(slice(text, start..line_end)) =>
        {
            block(text, name_start, BlockForm::Scalar)
        }
        Some(b'"' | b'\'' | b'`' | b'\\') => quoted(text, start).into_iter().collect(),
        Some(_) => plain(text, name_start, start..line_end, sign)
            .into_iter()
            .collect(),
    }
}

/// The start of a value after blanks and after tags and anchors of YAML.
fn skip_properties(text: &str, offset: usize) -> usize {
    let bytes = text.as_bytes();
    let mut start = skip_blanks(bytes, offset);

    while matches!(bytes.get(start), Some(b'!' | b'&')) {
        let end = start + count(bytes, start, |byte| !byte.is_ascii_whitespace());
        if !matches!(bytes.get(end), Some(b' ' | b'\t')) {
            break;
        }

        start = skip_blanks(bytes, end);
    }

    start
}

fn skip_blanks(bytes: &[u8], offset: usize) -> usize {
    offset + count(bytes, offset, |byte| matches!(byte, b' ' | b'\t'))
}

/// The number of bytes from `offset` on that pass a test.
fn count(bytes: &[u8], offset: usize, test: impl Fn(u8) -> bool) -> usize {
    bytes
        .get(offset..)
        .unwrap_or_default()
        .iter()
        .take(LONGEST)
        .take_while(|byte| test(**byte))
        .count()
}

/// The end of a line, or of its part after `offset` that is read.
fn line_end(text: &str, offset: usize) -> usize {
    let end = text.len().min(offset.saturating_add(LONGEST));
    let rest = text.as_bytes().get(offset..end).unwrap_or_default();

    memchr::memchr2(b'\n', b'\r', rest).map_or(end, |length| offset + length)
}

/// Whether a line is the header of a block scalar, perhaps with a comment.
fn is_block_header(line: &str) -> bool {
    let rest = line[1..].trim_start_matches(|char: char| matches!(char, '+' | '-' | '0'..='9'));
    rest.trim().is_empty() || rest.trim_start().starts_with('#')
}

/// The lines below a key that are indented deeper, if they are one scalar.
fn block(text: &str, name_start: usize, form: BlockForm) -> Vec<Span> {
    let key_line = line_start(text, name_start);
    let key_indent = indent(slice(text, key_line..name_start));
    let mut spans = Vec::new();
    let first = line_end(text, name_start);
    let mut offset = first;

    while offset < text.len() && offset - first < LONGEST {
        let line_ends = count(text.as_bytes(), offset, |byte| {
            matches!(byte, b'\n' | b'\r')
        });
        let start = offset + line_ends;
        let end = line_end(text, start);
        let line = slice(text, start..end);
        offset = end;

        if line.trim().is_empty() {
            if start == end {
                break;
            }

            continue;
        }

        let line_indent = indent(line);
        if line_indent <= key_indent {
            break;
        }

        let content = line.trim();
        let is_nested = content.starts_with(['-', '#', '{', '['])
            || content.contains(": ")
            || content.ends_with(':');
        if form == BlockForm::Other && is_nested {
            return Vec::new();
        }

        spans.push(Span::of(start + line_indent, start + line.trim_end().len()));
    }

    spans
}

/// The start of a line, or of its part before `offset` that is read.
fn line_start(text: &str, offset: usize) -> usize {
    let from = offset.saturating_sub(LONGEST_BEFORE);
    let before = &text.as_bytes()[from..offset];

    memchr::memrchr(b'\n', before).map_or(from, |end| from + end + 1)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '-']).len()
}

/// The content between quotes, which may be escaped themselves.
fn quoted(text: &str, offset: usize) -> Option<Span> {
    let bytes = text.as_bytes();
    let is_escaped = bytes.get(offset) == Some(&b'\\');
    let open = offset + usize::from(is_escaped);
    let quote = *bytes.get(open)?;
    if !matches!(quote, b'"' | b'\'' | b'`') {
        return None;
    }

    let start = open + 1;
    let rest = slice(text, start..start + LONGEST).as_bytes();
    let close = (0..rest.len()).find(|&index| {
        let follows_escape = index > 0 && rest[index - 1] == b'\\';
        rest[index] == quote && (follows_escape == is_escaped || (quote == b'\'' && !is_escaped))
    });

    let length = match close {
        Some(close) => close - usize::from(is_escaped),
        None => memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
    };

    Some(Span::of(start, start + length))
}

/// A value without quotes, in the rest of a line.
fn plain(text: &str, name_start: usize, rest: Range<usize>, sign: Sign) -> Option<Span> {
    let start = rest.start;
    let before = slice(text, line_start(text, name_start)..name_start);
    let rest = slice(text, start..rest.end.min(start + LONGEST));
    let length = match sign {
        Sign::Colon => length_after_colon(before, rest),
        Sign::Equals => length_after_equals(before, rest),
    };

    let value = rest.get(..length)?.trim_end();
    if value.is_empty() {
        return None;
    }

    Some(Span::of(start, start + value.len()))
}

fn length_after_colon(before: &str, rest: &str) -> usize {
    let opened = before.matches(['{', '[']).count();
    let closed = before.matches(['}', ']']).count();
    let end = rest.find(" #").unwrap_or(rest.len());

    if opened > closed {
        rest.find([',', '}', ']']).unwrap_or(end).min(end)
    } else {
        end
    }
}

fn length_after_equals(before: &str, rest: &str) -> usize {
    // At the start of a line this is a setting; elsewhere, a part of a URL, a list or a command.
    let is_first = before
        .chars()
        .all(|char| char.is_ascii_alphabetic() || " \t-".contains(char));
    let stops: &[char] = match before.chars().next_back() {
        Some('?' | '&') => &[
            ' ', '\t', '"', '\'', '`', '&', '#', ';', '|', ')', '<', '>', ',',
        ],
        _ if is_first => &[' ', '\t'],
        _ => &[
            ' ', '\t', '"', '\'', '`', '&', ';', '|', ')', '<', '>', ',', '}', ']',
        ],
    };

    rest.find(stops).unwrap_or(rest.len())
}

/// Adds the `value` beside a `name` that is the name of a secret.
fn add_pair(text: &str, key: (usize, usize), values: &mut Vec<Span>) {
    let (key_start, sign) = key;
    let spans = value(text, key_start, sign + 1, Sign::Colon);
    let [name] = spans[..] else { return };

    if secret_name(name.text(text)).is_none() {
        return;
    }

    let after = slice(text, name.end as usize..name.end as usize + PAIR);
    let after = &after[..after.find("name").unwrap_or(after.len())];
    let from = key_start.saturating_sub(PAIR);
    let before = slice(text, from..key_start);
    let before_start = before.rfind("name").map_or(0, |name| name + 4);
    let regions = [
        (name.end as usize, after),
        (
            key_start - before.len() + before_start,
            slice(before, before_start..before.len()),
        ),
    ];

    for (start, region) in regions {
        for word in ["value", "Value", "default"] {
            for (offset, _) in region.match_indices(word) {
                let end = start + offset + word.len();
                let sign = end
                    + count(text.as_bytes(), end, |byte| {
                        matches!(byte, b'"' | b'\'' | b' ')
                    });
                if text.as_bytes().get(sign) != Some(&b':') {
                    continue;
                }

                let spans = value(text, start + offset, sign + 1, Sign::Colon);
                let whole: String = spans.iter().map(|span| span.text(text)).collect();
                if is_secret(name.text(text), &whole) {
                    values.extend(spans);
                }
            }
        }
    }
}

/// The value of a flag such as `--password`, on its line or in the next item of a list.
fn flag_value(text: &str, flag: usize) -> Option<Span> {
    let bytes = text.as_bytes();
    let name_start = flag + 2;
    let length = count(bytes, name_start, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
    });

    let name = slice(text, name_start..name_start + length);
    secret_name(name)?;

    let end = name_start + length;
    let start = end
        + count(bytes, end, |byte| {
            matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b',' | b'\n' | b'\r')
        });
    let start = if slice(text, start..start + 2) == "- " {
        start + 2
    } else {
        start
    };

    let start = start + count(bytes, start, |byte| matches!(byte, b'"' | b'\''));
    let length = count(bytes, start, |byte| {
        !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b',' | b']')
    });
    let value = slice(text, start..start + length);

    let has_value = start > end && value.len() >= 4 && !value.starts_with(['-', '$', '<']);
    if !has_value || !is_secret(name, value) {
        return None;
    }

    Some(Span::of(start, start + value.len()))
}

/// The credential of an `Authorization` header.
fn header_value(text: &str, start: usize) -> Option<Span> {
    let length = count(text.as_bytes(), start, |byte| {
        byte.is_ascii_alphanumeric() || b"._~+/=-".contains(&byte)
    });
    let value = slice(text, start..start + length);
    if value.len() < SHORTEST_HEADER {
        return None;
    }

    let is_pair = base64(value)
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .is_some_and(|pair| pair.contains(':'));
    if !is_pair && !is_random(value) {
        return None;
    }

    Some(Span::of(start, start + value.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A password that matches no token format and no word list, in parts.
    fn secret() -> String {
        ["q7Lw", "#Zr8x", "_Tk2v"].concat()
    }

    #[test]
    fn values_under_secret_names() {
        for line in [
            "password: ?",
            "  db_password: ? # note",
            "password: !!str ?",
            "password: &a ?",
            "password: \"?\"",
            "{user: a, password: ?, x: y}",
            "basic_auth: {password: ?}",
            "literals: ['password=?']",
            "literals:\n  - password=?\n",
            "DB_PASSWORD=?",
            "export DB_PASSWORD='?'",
            "{\"clientSecret\": \"?\"}",
            "'{\\\"api_key\\\": \\\"?\\\"}'",
            "password:\n  ?\n",
            "password: |\n  ?\nnext: x\n",
            "password: >-\n\n    ?\n",
            "run --password ? --other",
            "command: [\"--db-password\", \"?\"]",
            "- --password\n- ?\n",
            "- name: DB_PASSWORD\n  value: ?\n",
            "- value: ?\n  name: DB_PASSWORD\n",
            "[{\"name\": \"DB_PASSWORD\", \"value\": \"?\"}]",
            "https://h/x?token=?&y=1",
            "passwd := \"?\"",
        ] {
            // A `#` would end the value of a URL.
            let secret = if line.contains("token=") {
                secret().replace('#', "w")
            } else {
                secret()
            };

            let text = line.replace('?', &secret).replace("/xq", "/x?q");
            let text = if line.contains("/x?") {
                line.replacen('?', "\0", 1)
                    .replace('?', &secret)
                    .replace('\0', "?")
            } else {
                text
            };

            let found: Vec<&str> = named_values(&text)
                .iter()
                .map(|span| span.text(&text))
                .collect();
            assert!(found.contains(&secret.as_str()), "{text}: {found:?}");
        }
    }

    #[test]
    fn headers_with_credentials() {
        let value = ["k9Fw2pXv81", "LmQz73RtYb"].concat();
        for line in [
            "Authorization: Bearer ?",
            "-H \"authorization: bearer ?\"",
            "Basic ?",
        ] {
            let text = line.replace('?', &value);
            let found = named_values(&text);
            assert!(found.iter().any(|span| span.text(&text) == value), "{text}");
        }
    }

    #[test]
    fn everything_else_stays_readable() {
        for line in [
            "password: ${PASSWORD}",
            "password: changeme",
            "password:\n  required: true\n",
            "password:\n",
            "token: ${{ secrets.TOKEN }}",
            "image: nginx:1.27",
            "passwordFile: /run/secrets/x",
            "if password == other",
            "--token-ttl 1d",
            "--password \"$PASSWORD\"",
            "Bearer of bad news",
            "- name: DB_HOST\n  value: database.internal\n",
            "- name: DB_PASSWORD\n  valueFrom: x\n",
            "std::token::Kind",
            "id-token: write",
        ] {
            assert_eq!(named_values(line), [], "{line}");
        }
    }
}
