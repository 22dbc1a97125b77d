//! Where a value is written whose name is known: after a sign, in the next attribute, below the
//! name, or as the next argument. One function for each form; each reads a few bytes around the
//! name.

use std::ops::Range;

use crate::source::{Span, slice};

/// The longest name, and the longest value, in bytes.
pub const LONGEST: usize = 200;
/// The distance between a name and the key of its value, in bytes.
const NEAR: usize = 160;

/// How values are written in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// In quotes only: without them, a word of a program is a name.
    Quoted,
    /// Also without, to the end of a line that begins with the name: YAML, properties, INI.
    Plain,
    /// As [`Values::Plain`], and after blanks: `.netrc`, configuration of servers.
    Spaced,
    /// Also without quotes inside of a string that is the output of a program: notebooks.
    Notebook,
}

/// The value of the name at `name`, and where its secret is.
pub fn value_of(text: &str, name: Range<usize>, values: Values) -> Option<Span> {
    let after = text.as_bytes().get(name.end).copied().unwrap_or(0);
    let quoted = || quoted_after(text, name.end);
    let other = || match after {
        b'>' => element(text, &name),
        b'<' => next_element(text, &name),
        b'"' | b'\'' | b'=' if is_flag(text, name.start) => argument(text, name.end),
        b'"' | b'\'' | b'\n' | b'\r' | b' ' | b',' => nested(text, &name)
            .or_else(|| paired(text, &name))
            .or_else(|| passed(text, &name)),
        _ => None,
    };

    quoted().or_else(other).or_else(|| match values {
        Values::Quoted => None,
        Values::Plain => plain_after(text, &name),
        Values::Spaced => plain_after(text, &name).or_else(|| spaced_after(text, name.end)),
        Values::Notebook => output_after(text, &name),
    })
}

/// The offset of the first byte from `offset` on that is not in `set`.
pub fn skip(bytes: &[u8], offset: usize, set: &[u8]) -> usize {
    let rest = bytes.get(offset..).unwrap_or_default();

    offset + rest.iter().take_while(|byte| set.contains(byte)).count()
}

/// The bytes from the start of a text in which a value is that follows an offset.
fn window(text: &str, offset: usize) -> &[u8] {
    &text.as_bytes()[..text.len().min(offset + 2 * LONGEST)]
}

/// The quoted value that is assigned to a name that ends at `name_end`.
fn quoted_after(text: &str, name_end: usize) -> Option<Span> {
    let bytes = window(text, name_end);
    let closing = skip(bytes, name_end, b"\\\"'])");
    let sign = after_sign(bytes, skip(bytes, closing, b" \t"))?;

    quoted_at(text, skip(bytes, sign, b" \t\\@$"))
}

/// The end of the sign of an assignment at an offset.
fn after_sign(bytes: &[u8], offset: usize) -> Option<usize> {
    let rest = bytes.get(offset..)?;
    let sign = [":=", "=>", "=", ":"]
        .iter()
        .find(|sign| rest.starts_with(sign.as_bytes()))?;

    Some(offset + sign.len())
}

/// The content of the quotes at an offset, which may be escaped.
fn quoted_at(text: &str, opening: usize) -> Option<Span> {
    let bytes = window(text, opening);
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

    let value = &bytes[start..start + length];
    let is_escaped = opening > 0 && bytes[opening - 1] == b'\\' && value.ends_with(b"\\");

    Some(Span::of(start, start + length - usize::from(is_escaped)))
}

/// The value of a YAML, properties or INI line that begins with a name.
fn plain_after(text: &str, name: &Range<usize>) -> Option<Span> {
    let before = line_before(text, name.start)?;
    let is_key = before
        .trim_start()
        .trim_start_matches("- ")
        .trim_start_matches("export ")
        .trim_start_matches("Environment=")
        .trim_start_matches(['"', '/'])
        .bytes()
        .all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'-' | b'.' | b'%' | b'/' | b'[' | b']' | b':')
        });
    let is_flow = !is_key && before.contains('{') && before.trim_end().ends_with(['{', ',']);
    // `host ansible_host=10.0.0.5 ansible_password=x`
    let is_inline = before.ends_with(' ') && text.as_bytes().get(name.end) == Some(&b'=');
    if !is_key && !is_flow && !is_inline {
        return None;
    }

    let bytes = window(text, name.end);
    let sign = skip(bytes, name.end, b" \t");
    if !matches!(bytes.get(sign), Some(b':' | b'=')) {
        return None;
    }

    let start = after_properties(bytes, skip(bytes, sign + 1, b" \t"));
    if is_flow || is_inline && !is_key {
        return flow_value(bytes, start);
    }

    match bytes.get(start)? {
        b'|' | b'>' if bytes[sign] == b':' => block_line(bytes, start),
        b'\n' if bytes[sign] == b':' => first_item(bytes, start),
        _ => rest_of_line(bytes, start),
    }
}

/// The text of a line before an offset; `None` where it is longer than a key and its indent.
fn line_before(text: &str, offset: usize) -> Option<&str> {
    let before = slice(text, offset.saturating_sub(LONGEST)..offset);

    match before.rfind('\n') {
        Some(end) => Some(&before[end + 1..]),
        None if before.len() == offset => Some(before),
        None => None,
    }
}

/// The start of a value after tags and anchors of YAML.
fn after_properties(bytes: &[u8], offset: usize) -> usize {
    let mut start = offset;

    while matches!(bytes.get(start), Some(b'&' | b'!')) {
        let length = bytes[start..]
            .iter()
            .take_while(|byte| !byte.is_ascii_whitespace())
            .count();
        if bytes.get(start + length) != Some(&b' ') {
            break;
        }

        start = skip(bytes, start + length, b" \t");
    }

    start
}

/// A value in braces.
fn flow_value(bytes: &[u8], start: usize) -> Option<Span> {
    let length = bytes[start..]
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b',' | b'}'))
        .unwrap_or(bytes.len() - start);

    (length > 0).then(|| Span::of(start, start + length))
}

/// The only line of a block scalar whose header is at an offset.
fn block_line(bytes: &[u8], header: usize) -> Option<Span> {
    let line_end = header + memchr::memchr(b'\n', &bytes[header..])?;
    let is_header = bytes[header + 1..line_end]
        .iter()
        .all(|byte| matches!(byte, b'-' | b'+' | b'0'..=b'9' | b' ' | b'\r'));
    let start = skip(bytes, line_end + 1, b" \t");
    if !is_header || start == line_end + 1 {
        return None;
    }

    rest_of_line(bytes, start)
}

/// The first item of the list below a key.
fn first_item(bytes: &[u8], line_end: usize) -> Option<Span> {
    let dash = skip(bytes, line_end + 1, b" ");
    if bytes.get(dash..dash + 2) != Some(b"- ") {
        return None;
    }

    let start = skip(bytes, dash + 1, b" ");
    let start = start + usize::from(matches!(bytes.get(start), Some(b'"' | b'\'')));

    rest_of_line(bytes, start)
}

/// A word that is the rest of its line, except for a comment. A value of several words is a
/// sentence.
fn rest_of_line(bytes: &[u8], start: usize) -> Option<Span> {
    let length = bytes[start..]
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(bytes.len() - start);
    let after = skip(bytes, start + length, b" \t\r");
    let ends_line = matches!(bytes.get(after), None | Some(b'\n' | b'#'));
    // The quote may have been opened before the name: `Environment="API_KEY=x"`.
    let closing = bytes[start..start + length].last();
    let length = length - usize::from(matches!(closing, Some(b'"' | b'\'')));

    (ends_line && length > 0 && length <= LONGEST).then(|| Span::of(start, start + length))
}

/// The word after blanks: `password x`, in a line of such pairs.
fn spaced_after(text: &str, name_end: usize) -> Option<Span> {
    let bytes = window(text, name_end);
    let start = skip(bytes, name_end, b" \t");
    if start == name_end {
        return None;
    }

    if let Some(quoted) = quoted_at(text, start) {
        return Some(quoted);
    }

    let length = bytes[start..]
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || *byte == b';')
        .unwrap_or(bytes.len() - start);

    (length > 0 && length <= LONGEST).then(|| Span::of(start, start + length))
}

/// The value of a line of output in a notebook: `"DB_PASSWORD=x\n"`.
fn output_after(text: &str, name: &Range<usize>) -> Option<Span> {
    let bytes = window(text, name.end);
    let before = name.start.checked_sub(1).map(|before| bytes[before]);
    let begins = matches!(before, Some(b'"' | b'n' | b' '));
    let sign = skip(bytes, name.end, b" ");
    if !begins || !matches!(bytes.get(sign), Some(b'=' | b':')) {
        return None;
    }

    let start = skip(bytes, sign + 1, b" ");
    let length = bytes[start..]
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | b' ' | b'\n' | b','))?;

    (length > 0).then(|| Span::of(start, start + length))
}

/// The text of an element with the name: `<password>x</password>`.
fn element(text: &str, name: &Range<usize>) -> Option<Span> {
    let bytes = window(text, name.end);
    let opening = text[..name.start]
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':')))?;
    let start = name.end + 1;
    let length = memchr::memchr(b'<', bytes.get(start..)?)?;
    let is_element = bytes[opening] == b'<' && bytes.get(start + length + 1) == Some(&b'/');
    let value = slice(text, start..start + length);
    let trimmed = value.trim();
    let lead = value.len() - value.trim_start().len();

    (is_element && !trimmed.is_empty())
        .then(|| Span::of(start + lead, start + lead + trimmed.len()))
}

/// The text of the element after a key of a property list:
/// `<key>ApiKey</key><string>x</string>`.
fn next_element(text: &str, name: &Range<usize>) -> Option<Span> {
    const OPENING: &str = "<string>";
    let after = slice(text, name.end..text.len().min(name.end + 2 * LONGEST));
    let rest = after.strip_prefix("</key>")?;
    let value = rest.trim_start().strip_prefix(OPENING)?;
    let start = name.end + after.len() - value.len();
    let length = value.find('<')?;

    (length > 0).then(|| Span::of(start, start + length))
}

/// The argument after a name in a call: `define('DB_PASSWORD', 'x')`, `getenv("API_KEY", "x")`,
/// `config('SECRET_KEY', default='x')`.
fn passed(text: &str, name: &Range<usize>) -> Option<Span> {
    let bytes = window(text, name.end);
    let before = text[..name.start]
        .trim_end_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    let is_argument = before
        .strip_suffix(['"', '\''])
        .is_some_and(|before| before.trim_end_matches(' ').ends_with('('));
    let comma = skip(bytes, name.end, b"\"'");
    if !is_argument || comma == name.end || bytes.get(comma) != Some(&b',') {
        return None;
    }

    let value = skip(bytes, comma + 1, b" \n\r\t");
    let is_default = bytes
        .get(value..)
        .is_some_and(|rest| rest.starts_with(b"default="));

    quoted_at(text, value + if is_default { 8 } else { 0 })
}

/// Whether a name is that of an option of a program: `--api-key`.
fn is_flag(text: &str, name_start: usize) -> bool {
    text[name_start..].starts_with("--")
}

/// The next argument of a program, in the list of its arguments: `"--api-key", "x"`.
fn argument(text: &str, name_end: usize) -> Option<Span> {
    let bytes = window(text, name_end);
    if bytes.get(name_end) == Some(&b'=') {
        let start = name_end + 1;
        let length = bytes[start..]
            .iter()
            .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b','))?;

        return (length > 0).then(|| Span::of(start, start + length));
    }

    let next = skip(bytes, name_end, b"\"', \t\r\n");

    quoted_at(text, next.checked_sub(1)?)
}

/// The value inside of what is named: `"db_password": {"value": "x"}`, and the default of
/// Terraform's `variable "db_password"`.
fn nested(text: &str, name: &Range<usize>) -> Option<Span> {
    let bytes = window(text, name.end);
    let brace = skip(bytes, name.end, b"\"': \t=");
    if bytes.get(brace) != Some(&b'{') {
        return None;
    }

    let end = text.len().min(brace + NEAR + LONGEST);
    let inside = slice(text, brace + 1..end);
    let inside = &inside[..inside.find(['{', '}']).unwrap_or(inside.len())];
    let key = ["value", "default"]
        .iter()
        .find_map(|key| Some(inside.find(key)? + key.len()))?;

    let key = brace + 1 + key;
    let value = skip(window(text, key), key, b"\"': \t=\r\n");

    quoted_after(text, key).or_else(|| quoted_at(text, value.checked_sub(1)?))
}

/// The value beside a name: `{"name": "DB_PASSWORD", "value": "x"}`, `key="ApiKey" value="x"`,
/// `- name: auth.password` above `value: x`.
fn paired(text: &str, name: &Range<usize>) -> Option<Span> {
    let bytes = window(text, name.end);
    let before = slice(text, name.start.saturating_sub(LONGEST)..name.start);
    let before = before
        .trim_end_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'))
        .trim_end_matches(['"', '\''])
        .trim_end();
    let key = before
        .strip_suffix([':', '='])?
        .trim_end()
        .trim_end_matches(['"', '\'']);
    let is_name = ["name", "Name", "key", "Key", "NAME"]
        .iter()
        .any(|word| key.ends_with(word));
    if !is_name {
        return None;
    }

    // `<string name="api_key">x</string>`
    let closing = skip(bytes, name.end, b"\"'");
    if bytes.get(closing) == Some(&b'>') {
        let start = closing + 1;
        let length = memchr::memchr(b'<', bytes.get(start..)?)?;
        let is_element = bytes.get(start + length + 1) == Some(&b'/');

        return (is_element && length > 0).then(|| Span::of(start, start + length));
    }

    let next = skip(bytes, name.end, b"\"', \t\r\n");
    let rest = bytes.get(next..)?;
    let length = ["value", "Value", "VALUE"]
        .iter()
        .find(|word| rest.starts_with(word.as_bytes()))
        .map(|word| word.len())?;
    let end = next + length;

    quoted_after(text, end).or_else(|| {
        let sign = skip(bytes, end, b"\"' ");
        let is_plain = bytes.get(sign) == Some(&b':');
        let start = skip(bytes, sign + 1, b" \t");

        is_plain.then(|| rest_of_line(bytes, start)).flatten()
    })
}

/// The credential of an `Authorization` header whose name begins at an offset: what follows
/// `Bearer`, `Basic` or `Token` shortly after the name, in the same line.
pub fn header_value(text: &str, name: usize) -> Option<Span> {
    const SCHEMES: &[&str] = &["bearer ", "basic ", "token ", "apikey ", "key "];
    const LENGTH: usize = 13;
    let end = text.len().min(name + LENGTH + 60);
    let after = slice(text, name + LENGTH..end);
    let line = &after[..after.find('\n').unwrap_or(after.len())];
    let lower = line.to_ascii_lowercase();
    let start = SCHEMES
        .iter()
        .find_map(|scheme| Some(lower.find(scheme)? + scheme.len()))?;
    let start = name + LENGTH + start;
    let bytes = window(text, start);
    let length = bytes[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"._~+/=-".contains(byte))
        .count();
    let ends = matches!(
        bytes.get(start + length),
        None | Some(b'"' | b'\'' | b'`' | b'\\' | b'\n' | b'\r')
    );

    (ends && length >= 16).then(|| Span::of(start, start + length))
}
