//! Env files (`.env`, `env_file`), in the grammar of Compose.
//!
//! Values are decoded but not interpolated; `interpolate` does that for files whose reader does. A
//! line that does not follow the grammar does not affect the others, although Compose rejects the
//! whole file.

use super::{Parsed, SyntaxError};
use crate::source::{Span, clip, slice};

/// An env file.
#[derive(Clone, Debug, Default)]
pub struct EnvFile {
    pub entries: Vec<Entry>,
    /// Comments on lines of their own.
    pub comments: Vec<Comment>,
}

/// `KEY=value`, or `KEY` alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: String,
    pub key_span: Span,
    /// The decoded value. `None` for a bare `KEY`, which passes a variable of the environment on.
    pub value: Option<String>,
    /// The value as written, without its quotes. Empty, just after the `=`, when there is none.
    pub value_span: Span,
    pub quote: Option<Quote>,
    /// The word `export` before the key.
    pub export: Option<Span>,
    /// A comment after the value, from its `#` on.
    pub comment: Option<Span>,
    /// From `export` or the key to the end of the value with its quotes.
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    /// Nothing inside is expanded.
    Single,
    /// Escapes are decoded and variables expanded.
    Double,
}

/// A comment line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// From `#` to before the line end.
    pub span: Span,
    /// The entry in the comment, if it is one that is commented out.
    pub entry: Option<Entry>,
}

/// Parses an env file.
pub fn parse(text: &str) -> Parsed<EnvFile> {
    let mut reader = EnvReader {
        text,
        position: 0,
        errors: Vec::new(),
        unclosed: [false; 2],
    };

    let mut tree = EnvFile::default();

    loop {
        reader.position += blank_len(&text[reader.position..], char::is_whitespace);
        let Some(first) = text[reader.position..].chars().next() else {
            break;
        };

        if first != '#' {
            tree.entries.extend(reader.entry());
            continue;
        }

        let end = reader.line_end(reader.position);
        let span = Span::of(
            reader.position,
            reader.position + slice(text, reader.position..end).trim_end().len(),
        );
        tree.comments.push(Comment {
            span,
            entry: commented_out(text, span),
        });

        reader.position = end;
    }

    Parsed {
        tree,
        errors: reader.errors,
    }
}

struct EnvReader<'t> {
    text: &'t str,
    position: usize,
    errors: Vec<SyntaxError>,
    /// Whether a search for a closing single or double quote has failed before: there is none.
    unclosed: [bool; 2],
}

/// White space that does not end a line.
fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\x0b' | '\x0c' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

fn blank_len(text: &str, blank: impl Fn(char) -> bool) -> usize {
    text.len() - text.trim_start_matches(blank).len()
}

/// The entry in a comment such as `# KEY=value`.
fn commented_out(text: &str, comment: Span) -> Option<Entry> {
    let body = comment.text(text).trim_start_matches('#');
    let begin = comment.end as usize - body.len();
    let start = begin + blank_len(body, is_blank);
    let rest = slice(text, start..comment.end as usize);
    let (key, _) = rest
        .strip_prefix("export ")
        .unwrap_or(rest)
        .split_once('=')?;
    let is_name = !key.is_empty() && !key.starts_with(|c: char| c.is_ascii_digit());
    if !is_name
        || !key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
    {
        return None;
    }

    let mut reader = EnvReader {
        text: clip(text, comment.end as usize),
        position: start,
        errors: Vec::new(),
        unclosed: [false; 2],
    };

    let entry = reader.entry();
    if reader.errors.is_empty() {
        entry
    } else {
        None
    }
}

impl EnvReader<'_> {
    fn line_end(&self, from: usize) -> usize {
        memchr::memchr(b'\n', &self.text.as_bytes()[from..])
            .map_or(self.text.len(), |len| from + len)
    }

    fn skip_blanks(&mut self) {
        self.position += blank_len(&self.text[self.position..], is_blank);
    }

    /// Reads the entry at the position; always moves to the end of its line.
    fn entry(&mut self) -> Option<Entry> {
        let start = self.position;
        let line_end = self.line_end(start);
        let mut export = None;
        if let Some(rest) = slice(self.text, start..line_end).strip_prefix("export")
            && rest.starts_with(is_blank)
            && !rest.trim_start_matches(is_blank).starts_with(['=', ':'])
        {
            export = Some(Span::of(start, start + "export".len()));
            self.position += "export".len();
            self.skip_blanks();
        }

        let begin = self.position;
        let line = slice(self.text, begin..line_end);
        let len = line.find(['=', ':']).unwrap_or(line.len());
        let key = line[..len].trim_end();
        let key_span = Span::of(begin, begin + key.len());

        if let Some(message) = bad_key(key) {
            // The rest of the line may be a secret value, so the message does not quote it.
            let bad = key.char_indices().find(|(_, c)| !is_key_char(*c));
            let span = match bad {
                Some((offset, c)) => Span::of(begin + offset, begin + offset + c.len_utf8()),
                None => Span::of(begin, begin + key.len().max(1).min(line.len())),
            };
            self.errors.push(SyntaxError::new(span, message));
            self.position = line_end;
            return None;
        }

        let entry = Entry {
            key: key.to_owned(),
            key_span,
            value: None,
            value_span: Span::new(key_span.end, key_span.end),
            quote: None,
            export,
            comment: None,
            span: Span::of(start, key_span.end as usize),
        };

        self.position = line_end;
        if len == line.len() {
            return Some(entry);
        }

        let after = begin + len + 1;
        self.position = after;
        self.skip_blanks();
        let quote = match self.text.as_bytes().get(self.position) {
            Some(b'"') => Some(Quote::Double),
            Some(b'\'') => Some(Quote::Single),
            _ => None,
        };

        Some(match quote {
            Some(quote) => self.quoted(entry, quote, line_end),
            None => self.unquoted(entry, after, line_end),
        })
    }

    fn unquoted(&mut self, entry: Entry, after: usize, line_end: usize) -> Entry {
        let rest = slice(self.text, self.position..line_end);
        let spaced = self.position > after;
        let hash = if spaced && rest.starts_with('#') {
            Some(0)
        } else {
            rest.find(" #").map(|blank| blank + 1)
        };

        let value = rest[..hash.unwrap_or(rest.len())].trim_end();
        let begin = if value.is_empty() {
            after
        } else {
            self.position
        };
        let value_span = Span::of(begin, begin + value.len());
        let comment =
            hash.map(|hash| Span::of(self.position + hash, self.position + rest.trim_end().len()));
        self.position = line_end;
        let span = Span::new(entry.span.start, value_span.end);
        Entry {
            value: Some(value.to_owned()),
            value_span,
            comment,
            span,
            ..entry
        }
    }

    fn quoted(&mut self, entry: Entry, quote: Quote, line_end: usize) -> Entry {
        let open = self.position;
        let mark = self.text.as_bytes()[open];
        let Some(close) = self.closing(open, quote, mark) else {
            self.errors.push(SyntaxError::new(
                Span::of(open, open + 1),
                "this quote is never closed",
            ));
            let value = slice(self.text, open + 1..line_end).trim_end();
            let value_span = Span::of(open + 1, open + 1 + value.len());
            self.position = line_end;
            let span = Span::new(entry.span.start, value_span.end);
            return Entry {
                value: Some(value.to_owned()),
                value_span,
                quote: Some(quote),
                span,
                ..entry
            };
        };

        let value_span = Span::of(open + 1, close);
        let value = decode(value_span.text(self.text), quote);
        self.position = close + 1;
        self.skip_blanks();
        let line_end = self.line_end(self.position);
        let rest = slice(self.text, self.position..line_end).trim_end();
        let rest_span = Span::of(self.position, self.position + rest.len());
        let comment = rest.starts_with('#').then_some(rest_span);

        if comment.is_none() && !rest.is_empty() {
            let error = SyntaxError::new(
                rest_span,
                "expected the line to end after the closing quote",
            );
            self.errors
                .push(error.related(Span::of(open, open + 1), "the quote opens here"));
        }

        self.position = line_end;
        let span = Span::of(entry.span.start as usize, close + 1);
        Entry {
            value: Some(value),
            value_span,
            quote: Some(quote),
            comment,
            span,
            ..entry
        }
    }

    fn closing(&mut self, open: usize, quote: Quote, mark: u8) -> Option<usize> {
        let unclosed = &mut self.unclosed[quote as usize];
        if *unclosed {
            return None;
        }

        let bytes = self.text.as_bytes();
        let mut position = open + 1;

        while let Some(length) = bytes
            .get(position..)
            .and_then(|rest| memchr::memchr2(mark, b'\\', rest))
        {
            position += length;
            if bytes[position] == mark {
                return Some(position);
            }

            position += 2;
        }

        *unclosed = true;
        None
    }
}

const fn is_key_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '[' | ']')
}

fn bad_key(key: &str) -> Option<&'static str> {
    if key.is_empty() {
        return Some("expected a variable name before `=`");
    }

    let bad = key
        .chars()
        .find(|&c| !is_key_char(c) && !c.is_alphanumeric())?;
    Some(if is_blank(bad) {
        "a variable name cannot contain spaces"
    } else {
        "invalid character in a variable name"
    })
}

fn decode(raw: &str, quote: Quote) -> String {
    let mut value = String::with_capacity(raw.len());
    let mut chars = raw.chars();

    while let Some(c) = chars.next() {
        if c != '\\' {
            value.push(c);
            continue;
        }

        match (chars.next(), quote) {
            (Some('\''), Quote::Single) => value.push('\''),
            (Some('n'), Quote::Double) => value.push('\n'),
            (Some('r'), Quote::Double) => value.push('\r'),
            (Some('t'), Quote::Double) => value.push('\t'),
            // A dollar sign stays escaped for interpolation.
            (Some(next), Quote::Double) if next != '$' => value.push(next),
            (next, _) => {
                value.push('\\');
                value.extend(next);
            }
        }
    }

    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Each entry as `key|value|text at the value's span|comment`.
    fn entries(text: &str) -> Vec<String> {
        parse(text)
            .tree
            .entries
            .iter()
            .map(|entry| {
                format!(
                    "{}|{}|{}|{}",
                    entry.key_span.text(text),
                    entry.value.as_deref().unwrap_or("-"),
                    entry.value_span.text(text),
                    entry.comment.map_or("", |comment| comment.text(text)),
                )
            })
            .collect()
    }

    #[test]
    fn entries_as_compose_reads_them() {
        let cases: &[(&str, &[&str])] = &[
            ("A=1\nB=2", &["A|1|1|", "B|2|2|"]),
            ("A", &["A|-||"]),
            ("A=\nB= \n", &["A|||", "B|||"]),
            ("A=a#b", &["A|a#b|a#b|"]),
            ("A=a #b ", &["A|a|a|#b"]),
            ("A= # b", &["A|||# b"]),
            ("A=#b", &["A|#b|#b|"]),
            ("A : yaml", &["A|yaml|yaml|"]),
            (
                "export A='x y' # c\r\nB=2\r\n",
                &["A|x y|x y|# c", "B|2|2|"],
            ),
            (
                "A=\"l1\nl2\\n\\\"q\\\"\"\nB=1",
                &["A|l1\nl2\n\"q\"|l1\nl2\\n\\\"q\\\"|", "B|1|1|"],
            ),
            (r#"A="a\$b""#, &[r"A|a\$b|a\$b|"]),
            (r"A='a\n\'b'", &[r"A|a\n'b|a\n\'b|"]),
            ("export=1", &["export|1|1|"]),
            ("A='never\nB=2", &["A|never|never|", "B|2|2|"]),
            ("two words=1\nB=2", &["B|2|2|"]),
            ("=1\nB=2", &["B|2|2|"]),
        ];
        for (text, expected) in cases {
            assert_eq!(entries(text), *expected, "{text:?}");
        }
    }

    #[test]
    fn errors_point_at_the_fault() {
        let cases: &[(&str, &str)] = &[
            ("A='never\nB=2", "'"),
            ("two words=1", " "),
            ("=1", "="),
            ("A$B=1", "$"),
            ("A='x'y\n", "y"),
        ];

        for (text, expected) in cases {
            let errors = parse(text).errors;
            let found: Vec<&str> = errors.iter().map(|error| error.span.text(text)).collect();
            assert_eq!(found, [*expected], "{text:?}");
        }
    }

    #[test]
    fn comments_may_hold_entries() {
        let text = "# API_URL=http://x # y\n#export K='v'\n# see a=b in docs\n## B=\n";
        let comments = parse(text).tree.comments;
        let found: Vec<Option<(&str, &str)>> = comments
            .iter()
            .map(|comment| {
                let entry = comment.entry.as_ref()?;
                Some((entry.key_span.text(text), entry.value_span.text(text)))
            })
            .collect();
        assert_eq!(
            found,
            [
                Some(("API_URL", "http://x")),
                Some(("K", "v")),
                None,
                Some(("B", ""))
            ]
        );
        assert_eq!(comments[1].span.text(text), "#export K='v'");
    }

    #[test]
    fn unclosed_quotes_stay_linear() {
        let text = "A='\\'x\n".repeat(100_000);
        assert!(!parse(&text).tree.entries.is_empty());
    }

    proptest! {
        #[test]
        fn any_text_gives_spans_inside_it(text in "([A-C]|=|:|'|\"|#| |\\n|\\\\|\\$|export |é|\\r){0,40}") {
            let parsed = parse(&text);

            for entry in &parsed.tree.entries {
                for span in [entry.key_span, entry.value_span, entry.span] {
                    prop_assert!(text.get(span.range()).is_some());
                }
            }

            for error in &parsed.errors {
                prop_assert!(text.get(error.span.range()).is_some());
            }
        }
    }
}
