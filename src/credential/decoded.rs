//! The text that readers of a file get: escapes resolved, continued lines and neighboring strings
//! joined, variables replaced by their defaults. A token that is written in pieces is whole only
//! here.
//!
//! One loose grammar covers YAML, JSON, Dockerfiles, shells, URLs and templates. It is used to hide
//! secrets, never to report them, so an error costs only a few stars.

use crate::search::byte_set;
use crate::source::Span;

/// A decoded text with the source of each of its bytes.
#[derive(Debug)]
pub struct Decoded {
    pub text: String,
    /// The pieces of the text, in order.
    pieces: Vec<Piece>,
}

/// A part of the decoded text, which ends where the next piece begins.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// The offset of its first byte in the decoded text.
    decoded: u32,
    source: Span,
    /// The piece is equal to its source. In other pieces every byte has the whole source.
    verbatim: bool,
}

impl Decoded {
    /// Decodes a text; `None` if the decoded text is equal to it.
    pub fn of(text: &str) -> Option<Self> {
        if !text.bytes().any(|byte| MARKS[usize::from(byte)]) {
            return None;
        }

        let mut decoder = Decoder {
            bytes: text.as_bytes(),
            position: 0,
            decoded: Vec::with_capacity(text.len()),
            pieces: Vec::new(),
            defaults: 0,
        };

        decoder.run();
        if decoder.decoded == text.as_bytes() {
            return None;
        }

        let decoded = String::from_utf8(decoder.decoded).ok()?;

        Some(Self {
            text: decoded,
            pieces: decoder.pieces,
        })
    }

    /// The source of a part of the decoded text.
    pub fn source(&self, span: Span) -> Span {
        if span.is_empty() || span.end as usize > self.text.len() {
            return Span::default();
        }

        self.byte(span.start).cover(self.byte(span.end - 1))
    }

    /// The source of the byte at an offset.
    fn byte(&self, offset: u32) -> Span {
        let next = self.pieces.partition_point(|piece| piece.decoded <= offset);
        let Some(piece) = next.checked_sub(1).and_then(|last| self.pieces.get(last)) else {
            return Span::default();
        };

        if !piece.verbatim {
            return piece.source;
        }

        let start = piece.source.start + (offset - piece.decoded);

        Span::new(start, start + 1)
    }
}

struct Decoder<'t> {
    bytes: &'t [u8],
    position: usize,
    decoded: Vec<u8>,
    pieces: Vec<Piece>,
    /// Expansions such as `${A:-x}` that are open on this line.
    defaults: usize,
}

impl Decoder<'_> {
    fn run(&mut self) {
        while let Some(&byte) = self.bytes.get(self.position) {
            let handled = match byte {
                b'\\' => self.continued_line() || self.escape(),
                b'`' => self.continued_line(),
                b'\'' | b'"' => self.template_end() || self.joined_strings(),
                b'$' => {
                    self.template_start(1) || self.default_of_variable() || self.quoted_dollar()
                }
                b'{' => self.template_start(0),
                b'}' if self.defaults > 0 => {
                    self.defaults -= 1;
                    self.position += 1;
                    true
                }
                b'%' => self.url_escape(),
                b'\n' => {
                    self.defaults = 0;
                    false
                }
                _ => false,
            };

            if !handled {
                self.copy();
            }
        }
    }

    /// Adds decoded bytes for the next `length` bytes of the source.
    fn push(&mut self, decoded: &[u8], length: usize) {
        let source = Span::of(self.position, self.position + length);
        self.pieces.push(Piece {
            decoded: self.decoded.len() as u32,
            source,
            verbatim: false,
        });

        self.decoded.extend_from_slice(decoded);
        self.position += length;
    }

    /// Adds the next byte, and all bytes after it that are not marks, unchanged.
    fn copy(&mut self) {
        let rest = &self.bytes[self.position + 1..];
        let marks = if self.defaults > 0 {
            &MARKS_IN_DEFAULT
        } else {
            &MARKS
        };
        let plain = rest
            .iter()
            .take_while(|byte| !marks[usize::from(**byte)])
            .count();
        let end = self.position + 1 + plain;
        match self.pieces.last_mut() {
            Some(last) if last.verbatim && last.source.end as usize == self.position => {
                last.source.end = end as u32;
            }
            _ => {
                let source = Span::of(self.position, end);
                self.pieces.push(Piece {
                    decoded: self.decoded.len() as u32,
                    source,
                    verbatim: true,
                });
            }
        }

        self.decoded
            .extend_from_slice(&self.bytes[self.position..end]);
        self.position = end;
    }

    fn peek(&self, offset: usize) -> u8 {
        self.bytes.get(self.position + offset).copied().unwrap_or(0)
    }

    /// The offset, from here, of the first byte that is not in `set`.
    fn skip(&self, from: usize, set: &[u8]) -> usize {
        let rest = self.bytes.get(self.position + from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| set.contains(byte)).count()
    }

    fn after_word(&self) -> bool {
        self.decoded.last().is_some_and(|byte| is_word(*byte))
    }

    /// Skips a sign before a line end, which joins the lines, and comments and empty lines between
    /// them.
    fn continued_line(&mut self) -> bool {
        let blanks = if self.peek(0) == b'\\' {
            &b" \t\r"[..]
        } else {
            &b"\r"[..]
        };

        let line_end = self.skip(1, blanks);
        if self.peek(line_end) != b'\n' {
            return false;
        }

        let mut next = self.skip(line_end, b" \t\r\n");

        while self.peek(next) == b'#' {
            let rest = &self.bytes[self.position + next..];
            let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            next = self.skip(next + length, b" \t\r\n");
        }

        self.position += next;

        true
    }

    fn escape(&mut self) -> bool {
        let (length, value) = match self.peek(1) {
            b'x' => (2, self.digits(2, 2, 16)),
            b'u' => (4, self.digits(2, 4, 16)),
            b'U' => (8, self.digits(2, 8, 16)),
            b'0'..=b'7' => (2, self.digits(1, 3, 8)),
            b'/' | b'"' | b'\'' => {
                self.position += 1;
                let byte = self.peek(0);
                self.push(&[byte], 1);
                return true;
            }
            // Letters of control characters end a word.
            b'n' | b't' | b'r' | b'a' | b'b' | b'e' | b'f' | b'v' => return false,
            other if is_word(other) && self.after_word() => {
                self.position += 1;
                return true;
            }
            _ => return false,
        };

        let Some(char) = value.and_then(char::from_u32) else {
            return false;
        };

        self.push(char.encode_utf8(&mut [0; 4]).as_bytes(), 2 + length);
        true
    }

    fn digits(&self, offset: usize, length: usize, radix: u32) -> Option<u32> {
        let digits = self
            .bytes
            .get(self.position + offset..self.position + offset + length)?;
        let digits = std::str::from_utf8(digits)
            .ok()
            .filter(|digits| !digits.starts_with('+'))?;

        u32::from_str_radix(digits, radix).ok()
    }

    /// Quotes inside a word, and between two strings that a shell, a program or a parser joins.
    fn joined_strings(&mut self) -> bool {
        let quotes = self.skip(0, b"'\"");
        let mut next = quotes;

        if !is_word(self.peek(next)) {
            next = self.skip(next, b" \t\r\n");
            if self.peek(next) == b'+' {
                next = self.skip(next + 1, b" \t\r\n");
            }

            let opening = self.skip(next, b"'\"");
            if opening == next {
                return false;
            }

            next = opening;
        }

        if !self.after_word() || !is_word(self.peek(next)) {
            return false;
        }

        self.position += next;
        true
    }

    /// `${{ 'x` or `{{ "x`: the string continues the text before it.
    fn template_start(&mut self, sign: usize) -> bool {
        if self.peek(sign) != b'{' || self.peek(sign + 1) != b'{' {
            return false;
        }

        let quote = self.skip(sign + 2, b"- \t");
        if !matches!(self.peek(quote), b'\'' | b'"') {
            return false;
        }

        self.position += quote + 1;
        true
    }

    /// `x' }}`
    fn template_end(&mut self) -> bool {
        let close = self.skip(1, b"- \t");
        if self.peek(close) != b'}' || self.peek(close + 1) != b'}' {
            return false;
        }

        self.position += close + 2;
        true
    }

    /// `${A:-x}` is `x` if `A` is not set.
    fn default_of_variable(&mut self) -> bool {
        if self.peek(1) != b'{' {
            return false;
        }

        let name = self.bytes[self.position + 2..].iter();
        let end = 2 + name
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count();
        let operator = match (self.peek(end), self.peek(end + 1)) {
            (b':', b'-' | b'=' | b'+') => 2,
            (b'-' | b'=' | b'+', _) => 1,
            _ => return false,
        };

        self.defaults += 1;
        self.position += end + operator;
        true
    }

    /// `$'x'` and `$"x"`.
    fn quoted_dollar(&mut self) -> bool {
        let quoted = matches!(self.peek(1), b'\'' | b'"');
        self.position += usize::from(quoted);
        quoted
    }

    fn url_escape(&mut self) -> bool {
        let value = self
            .digits(1, 2, 16)
            .and_then(|value| u8::try_from(value).ok());
        let Some(byte) = value.filter(u8::is_ascii_graphic) else {
            return false;
        };

        self.push(&[byte], 3);
        true
    }
}

/// Bytes at which something may have to be decoded.
const MARKS: [bool; 256] = byte_set(b"\\'\"`$%{");
/// The same inside of an expansion, which may end.
const MARKS_IN_DEFAULT: [bool; 256] = byte_set(b"\\'\"`$%{}\n");

/// Bytes that tokens are made of.
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'+' | b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_become_one_word() {
        for (text, decoded) in [
            (r#""ab\x63d\u0065\U00000066""#, r#""abcdef""#),
            ("RUN echo ab\\\n    cd", "RUN echo abcd"),
            ("RUN echo ab\\ \r\n# note\n\n  cd", "RUN echo abcd"),
            ("RUN echo ab`\ncd", "RUN echo abcd"),
            ("'ab''cd'", "'abcd'"),
            ("ab'cd'\"ef\"gh", "abcdefgh"),
            ("x = 'ab' + \"cd\"", "x = 'abcd\""),
            ("('ab'\n 'cd')", "('abcd')"),
            ("$'ab\\143d'", "'abcd'"),
            ("${A:-ab}${B-cd}", "abcd"),
            ("a\\bc\\gd", "a\\bcgd"),
            ("${{ 'ab' }}cd", "abcd"),
            ("{{- \"ab\" -}}cd", "abcd"),
            ("ab%63d%20e", "abcd%20e"),
        ] {
            let found = Decoded::of(text).map_or(text.to_owned(), |decoded| decoded.text);
            assert_eq!(found, decoded, "{text}");
        }
    }

    #[test]
    fn plain_text_needs_no_decoding() {
        for text in [
            "",
            "a: b\n",
            "{a: \"b\"}",
            "\\",
            "\"",
            "$",
            "%",
            "${",
            "é'",
            "\\x",
            "\\u12",
        ] {
            assert!(Decoded::of(text).is_none(), "{text}");
        }
    }

    #[test]
    fn every_byte_knows_its_source() {
        let text = "é \"a\\x62\\\n  c\"";
        let decoded = Decoded::of(text).expect("it has escapes");
        assert_eq!(decoded.text, "é \"abc\"");

        let word = decoded.text.find("abc").expect("it is there");
        let source = decoded.source(Span::of(word, word + 3));
        assert_eq!(source.text(text), "a\\x62\\\n  c");
        assert_eq!(decoded.source(Span::new(90, 99)), Span::default());
    }
}
