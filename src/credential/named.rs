//! Values whose name announces a secret, in text of any format: `password: x`, `TOKEN=x`,
//! `--api-key x`, `Authorization: Bearer x`, and the `name`/`value` pairs of manifests.
//!
//! Rules report what their formats are sure of. This is for hiding: the lines beside a finding show
//! what no rule read.

use super::classify::{Verdict, judge};
use super::names::secret_name;
use super::scan::base64;
use super::shape;
use crate::source::{Span, slice};

/// Longest value that is looked at, in bytes.
const LONGEST: usize = 4_096;
/// Longest name.
const LONGEST_NAME: usize = 128;
/// How far the two parts of a pair may be apart, in bytes.
const PAIR: usize = 300;
/// Shortest credential in a header.
const SHORTEST_HEADER: usize = 16;

/// The values in a text that their names make secret, in no order.
pub fn named_values(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    for sign in memchr::memchr2_iter(b':', b'=', text.as_bytes()) {
        assigned(text, sign, &mut found);
    }

    for flag in memchr::memmem::find_iter(text.as_bytes(), b"--") {
        found.extend(flag_value(text, flag));
    }

    for scheme in ["earer ", "asic ", "EARER ", "ASIC "] {
        for at in memchr::memmem::find_iter(text.as_bytes(), scheme) {
            found.extend(header_value(text, at + scheme.len()));
        }
    }

    found
}

/// Whether a value is a secret, given that its name announces one.
fn gives_away(name: &str, value: &str) -> bool {
    let value = value.trim();
    match judge(name, value) {
        Verdict::Secret { .. } | Verdict::Token(_) | Verdict::UrlPassword(_) => true,
        Verdict::NotSecret => is_random(value),
        Verdict::Placeholder | Verdict::Reference | Verdict::Default(_) => false,
    }
}

/// Whether a generator made a value, which nobody writes under such a name for another reason.
fn is_random(value: &str) -> bool {
    value.len() >= 16
        && shape::entropy(value) >= 3.5
        && shape::classes(value) >= 2
        && !value.contains(char::is_whitespace)
        && !shape::is_reference(value)
        && !shape::is_placeholder(value)
}

/// What the `:` or `=` at an offset assigns to a name that announces a secret.
fn assigned(text: &str, sign: usize, found: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let before = sign.checked_sub(1).map_or(0, byte);
    let colon = bytes[sign] == b':';
    // Comparisons, and the second half of `:=`.
    if !colon
        && (matches!(before, b'=' | b'!' | b'<' | b'>' | b':')
            || matches!(byte(sign + 1), b'=' | b'~'))
    {
        return;
    }

    let Some((name, name_start)) = name_before(text, sign) else {
        return;
    };

    let mut at = sign + 1;

    match byte(at) {
        b'=' if colon => at += 1,
        b'>' if !colon => at += 1,
        next if colon && !opens_value(next) => return,
        _ => {}
    }

    if colon && matches!(name, "name" | "key" | "Name" | "Key") {
        pair(text, (name_start, sign), found);
    }

    if secret_name(name).is_none() {
        return;
    }

    let spans = value(text, name_start, at, colon);
    let whole: String = spans
        .iter()
        .map(|span| span.text(text))
        .collect::<Vec<_>>()
        .join("\n");
    if gives_away(name, &whole) {
        found.extend(spans);
    }
}

const fn opens_value(next: u8) -> bool {
    matches!(
        next,
        0 | b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\'' | b'\\'
    )
}

/// The name that ends before an offset, and where it begins.
fn name_before(text: &str, sign: usize) -> Option<(&str, usize)> {
    let bytes = text.as_bytes();
    let skip_back = |end: usize, set: &[u8]| {
        end - bytes[..end]
            .iter()
            .rev()
            .take(8)
            .take_while(|byte| set.contains(byte))
            .count()
    };

    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');

    let end = skip_back(sign, b" \t?+");
    let end = skip_back(end, b"\"'`\\])");
    let length = bytes[..end]
        .iter()
        .rev()
        .take(LONGEST_NAME)
        .take_while(|byte| is_name(byte))
        .count();
    (length > 0).then(|| (slice(text, end - length..end), end - length))
}

/// The value that begins after an offset; several lines of a block are several spans.
fn value(text: &str, name_start: usize, at: usize, colon: bool) -> Vec<Span> {
    let bytes = text.as_bytes();
    let start = skip_properties(text, at);
    let line_end = line_end(text, start);

    match bytes.get(start) {
        None => Vec::new(),
        Some(b'\n' | b'\r' | b'#') if colon => block(text, name_start, false),
        Some(b'|' | b'>') if colon && is_header(slice(text, start..line_end)) => {
            block(text, name_start, true)
        }
        Some(b'"' | b'\'' | b'`' | b'\\') => quoted(text, start).into_iter().collect(),
        Some(_) => plain(text, name_start, start, line_end, colon)
            .into_iter()
            .collect(),
    }
}

/// Where a value begins, behind blanks and the tags and anchors of YAML.
fn skip_properties(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let blanks = |at: usize| at + count(bytes, at, |byte| matches!(byte, b' ' | b'\t'));
    let mut start = blanks(at);

    while matches!(bytes.get(start), Some(b'!' | b'&')) {
        let end = start + count(bytes, start, |byte| !byte.is_ascii_whitespace());
        if !matches!(bytes.get(end), Some(b' ' | b'\t')) {
            break;
        }

        start = blanks(end);
    }

    start
}

fn count(bytes: &[u8], at: usize, test: impl Fn(u8) -> bool) -> usize {
    bytes
        .get(at..)
        .unwrap_or_default()
        .iter()
        .take(LONGEST)
        .take_while(|byte| test(**byte))
        .count()
}

fn line_end(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    memchr::memchr2(b'\n', b'\r', rest).map_or(text.len(), |length| at + length)
}

/// The header of a block scalar, with nothing but a comment behind it.
fn is_header(line: &str) -> bool {
    let rest = line[1..].trim_start_matches(|char: char| matches!(char, '+' | '-' | '0'..='9'));
    rest.trim().is_empty() || rest.trim_start().starts_with('#')
}

/// The lines below a key that are indented deeper: all of a block scalar; of anything else, one
/// scalar.
fn block(text: &str, name_start: usize, scalar: bool) -> Vec<Span> {
    let key_line = text[..name_start].rfind('\n').map_or(0, |at| at + 1);
    let indent = indent(slice(text, key_line..name_start));
    let mut spans = Vec::new();
    let mut at = line_end(text, name_start);
    let first = at;

    while at < text.len() && at - first < LONGEST {
        let start = at + count(text.as_bytes(), at, |byte| matches!(byte, b'\n' | b'\r'));
        let end = line_end(text, start);
        let line = slice(text, start..end);
        at = end;

        if line.trim().is_empty() {
            if start == end {
                break;
            }

            continue;
        }

        let own = self::indent(line);
        if own <= indent {
            break;
        }

        let content = line.trim();
        let nested = content.starts_with(['-', '#', '{', '['])
            || content.contains(": ")
            || content.ends_with(':');
        if !scalar && nested {
            return Vec::new();
        }

        spans.push(Span::of(start + own, start + line.trim_end().len()));
    }

    spans
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '-']).len()
}

/// The content between quotes, which may be escaped themselves.
fn quoted(text: &str, at: usize) -> Option<Span> {
    let bytes = text.as_bytes();
    let escaped = bytes.get(at) == Some(&b'\\');
    let open = at + usize::from(escaped);
    let quote = *bytes
        .get(open)
        .filter(|byte| matches!(byte, b'"' | b'\'' | b'`'))?;
    let start = open + 1;
    let rest = slice(text, start..start + LONGEST).as_bytes();
    let closes = |at: usize| {
        let behind_escape = at > 0 && rest[at - 1] == b'\\';
        rest[at] == quote && (behind_escape == escaped || (quote == b'\'' && !escaped))
    };

    let length = (0..rest.len()).find(|&at| closes(at)).map_or_else(
        || memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
        |at| at - usize::from(escaped),
    );

    Some(Span::of(start, start + length))
}

/// A value without quotes.
fn plain(
    text: &str,
    name_start: usize,
    start: usize,
    line_end: usize,
    colon: bool,
) -> Option<Span> {
    let line_start = text[..name_start].rfind('\n').map_or(0, |at| at + 1);
    let before = slice(text, line_start..name_start);
    let rest = slice(text, start..line_end.min(start + LONGEST));
    let length = if colon {
        let depth = before.matches(['{', '[']).count();
        let flow = depth > before.matches(['}', ']']).count();
        let end = rest.find(" #").unwrap_or(rest.len());
        if flow {
            rest.find([',', '}', ']']).unwrap_or(end).min(end)
        } else {
            end
        }
    } else {
        // At the start of a line stands a setting; elsewhere, a part of a URL, a list or a command.
        let first = before
            .trim_start_matches(|char: char| char.is_ascii_alphabetic() || " \t-".contains(char));
        let stops: &[char] = match before.chars().next_back() {
            Some('?' | '&') => &[
                ' ', '\t', '"', '\'', '`', '&', '#', ';', '|', ')', '<', '>', ',',
            ],
            _ if first.is_empty() => &[' ', '\t'],
            _ => &[
                ' ', '\t', '"', '\'', '`', '&', ';', '|', ')', '<', '>', ',', '}', ']',
            ],
        };

        rest.find(stops).unwrap_or(rest.len())
    };

    let value = rest.get(..length)?.trim_end();
    (!value.is_empty()).then(|| Span::of(start, start + value.len()))
}

/// The `value` beside a `name` that announces a secret.
fn pair(text: &str, key: (usize, usize), found: &mut Vec<Span>) {
    let (key_start, sign) = key;
    let spans = value(text, key_start, sign + 1, true);
    let [name] = spans[..] else { return };

    if secret_name(name.text(text)).is_none() {
        return;
    }

    let after = slice(text, name.end as usize..name.end as usize + PAIR);
    let after = &after[..after.find("name").unwrap_or(after.len())];
    let from = key_start.saturating_sub(PAIR);
    let before = slice(text, from..key_start);
    let before_start = before.rfind("name").map_or(0, |at| at + 4);
    let regions = [
        (name.end as usize, after),
        (
            key_start - before.len() + before_start,
            slice(before, before_start..before.len()),
        ),
    ];

    for (start, region) in regions {
        for word in ["value", "Value", "default"] {
            for (at, _) in region.match_indices(word) {
                let end = start + at + word.len();
                let sign = end
                    + count(text.as_bytes(), end, |byte| {
                        matches!(byte, b'"' | b'\'' | b' ')
                    });
                if text.as_bytes().get(sign) != Some(&b':') {
                    continue;
                }

                let spans = value(text, start + at, sign + 1, true);
                let whole: String = spans.iter().map(|span| span.text(text)).collect();
                if gives_away(name.text(text), &whole) {
                    found.extend(spans);
                }
            }
        }
    }
}

/// The word behind a flag such as `--password`, on its line or in the next item of a list.
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
    let stop = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b',' | b']');
    let value = slice(text, start..start + count(bytes, start, |byte| !stop(byte)));
    let given = start > end && value.len() >= 4 && !value.starts_with(['-', '$', '<']);

    (given && gives_away(name, value)).then(|| Span::of(start, start + value.len()))
}

/// The credential of an `Authorization` header.
fn header_value(text: &str, start: usize) -> Option<Span> {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"._~+/=-".contains(&byte);
    let value = slice(text, start..start + count(text.as_bytes(), start, inside));
    if value.len() < SHORTEST_HEADER {
        return None;
    }

    let pair = base64(value)
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .is_some_and(|pair| pair.contains(':'));
    (pair || is_random(value)).then(|| Span::of(start, start + value.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A password that no generator's pattern or word list knows, in parts.
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
