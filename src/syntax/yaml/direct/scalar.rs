//! Scalars: plain, quoted, and block ones, with what they say.

use super::{Properties, Reader, Scalar, Style, is_blank};
use crate::syntax::yaml::load::line_end;

impl Reader<'_, '_, '_> {
    /// A plain scalar as far as its first line goes; the byte behind it and its spaces is at hand.
    pub(super) fn plain_line(&mut self, in_flow: bool) -> Option<Scalar> {
        let start = self.at;

        match self.peek(0) {
            b'-' | b'?' | b':' if !(is_blank(self.peek(1)) || in_flow && is_flow(self.peek(1))) => {
            }

            b'-' | b'?' | b':' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%'
            | b'@' | b'`' => {
                return None;
            }
            byte if is_flow(byte) || is_blank(byte) => return None,
            _ => {}
        }

        let end = self.line_of_plain(in_flow)?;

        Some(Scalar::new(start, end, Style::Plain, None))
    }

    /// Goes to the end of a line of a plain scalar: its line end, a comment, a colon, a bracket or
    /// a comma. Gives where its last word ends.
    fn line_of_plain(&mut self, in_flow: bool) -> Option<usize> {
        let begin = self.at;

        loop {
            match self.peek(0) {
                b'\n' | 0 => break,
                b'\t' => return None,
                b':' if is_blank(self.peek(1)) => break,
                b':' if in_flow && is_flow(self.peek(1)) => return None,
                b'#' if self.at > begin && self.bytes[self.at - 1] == b' ' => break,
                b',' | b'[' | b']' | b'{' | b'}' if in_flow => break,
                _ => self.at += 1,
            }
        }

        let mut end = self.at;
        while end > begin && self.bytes[end - 1] == b' ' {
            end -= 1;
        }

        Some(end)
    }

    /// The other lines of a plain scalar, if it has any.
    pub(super) fn plain_rest(&mut self, first: Scalar, least: usize) -> Option<Scalar> {
        let mut scalar = first;

        while let Some(next) = self.next_line()? {
            let first = self.bytes.get(next.at..next.at + 3);
            let is_marker = next.at == next.line && matches!(first, Some(b"---" | b"..."));
            if next.at - next.line < least || self.bytes[next.at] == b'#' || is_marker {
                break;
            }

            let text = scalar
                .text
                .get_or_insert_with(|| scalar.raw.span().text(self.text).to_owned());
            fold(text, next.breaks);
            (self.at, self.line) = (next.at, next.line);
            let end = self.line_of_plain(false)?;
            if end == next.at || self.peek(0) == b':' {
                return None;
            }

            text.push_str(&self.text[next.at..end]);
            scalar.raw.end = end as u32;
        }

        Some(scalar)
    }

    /// The next line that holds anything; nothing where this line goes on or no other one follows.
    fn next_line(&self) -> Option<Option<Line>> {
        let mut next = Line {
            at: self.at,
            line: self.line,
            breaks: 0,
        };

        loop {
            match self.bytes.get(next.at) {
                Some(b'\n') => {
                    next.breaks += 1;
                    next.line = next.at + 1;
                }
                Some(b' ') => {}
                Some(b'\t') => return None,
                Some(_) if next.breaks > 0 => return Some(Some(next)),
                _ => return Some(None),
            }

            next.at += 1;
        }
    }

    /// A quoted scalar whose quote is at hand; its other lines begin in column `least` or behind
    /// it.
    pub(super) fn quoted(&mut self, least: usize) -> Option<Scalar> {
        let (start, quote) = (self.at, self.peek(0));
        let style = if quote == b'"' {
            Style::DoubleQuoted
        } else {
            Style::SingleQuoted
        };

        let mut text = None;
        // What may not be trimmed away, because an escape stands for it.
        let mut kept = 0;
        self.at += 1;
        let mut copied = self.at;

        loop {
            match self.peek(0) {
                0 => return None,
                byte if byte == quote && quote == b'\'' && self.peek(1) == quote => {
                    let text = text.get_or_insert_with(String::new);
                    text.push_str(&self.text[copied..=self.at]);
                    self.at += 2;
                    copied = self.at;
                }
                byte if byte == quote => break,
                b'\\' if quote == b'"' => {
                    let text = text.get_or_insert_with(String::new);
                    text.push_str(&self.text[copied..self.at]);
                    self.at += 1;

                    if self.peek(0) == b'\n' {
                        let next = self.next_line()?.filter(|next| next.breaks == 1)?;
                        self.go_on(&next, least)?;
                    } else {
                        self.escape(text)?;
                    }

                    kept = text.len();
                    copied = self.at;
                }
                b'\n' => {
                    let text = text.get_or_insert_with(String::new);
                    text.push_str(&self.text[copied..self.at]);
                    let trimmed = text.trim_end_matches([' ', '\t']).len();
                    text.truncate(trimmed.max(kept));
                    let next = self.next_line()??;
                    fold(text, next.breaks);
                    self.go_on(&next, least)?;
                    kept = text.len();
                    copied = self.at;
                }
                _ => self.at += 1,
            }
        }

        if let Some(text) = &mut text {
            text.push_str(&self.text[copied..self.at]);
        }

        self.at += 1;

        Some(Scalar::new(start, self.at, style, text))
    }

    /// Goes on in another line of a quoted scalar.
    fn go_on(&mut self, next: &Line, least: usize) -> Option<()> {
        (self.at, self.line) = (next.at, next.line);
        (self.column() >= least && !self.is_over()).then_some(())
    }

    /// What an escape in double quotes stands for; the byte behind the backslash is at hand.
    fn escape(&mut self, text: &mut String) -> Option<()> {
        let (digits, char) = match self.peek(0) {
            b'0' => (0, '\0'),
            b'a' => (0, '\u{7}'),
            b'b' => (0, '\u{8}'),
            b't' => (0, '\t'),
            b'n' => (0, '\n'),
            b'v' => (0, '\u{b}'),
            b'f' => (0, '\u{c}'),
            b'r' => (0, '\r'),
            b'e' => (0, '\u{1b}'),
            b'N' => (0, '\u{85}'),
            b'_' => (0, '\u{a0}'),
            b'L' => (0, '\u{2028}'),
            b'P' => (0, '\u{2029}'),
            byte @ (b' ' | b'"' | b'/' | b'\\') => (0, char::from(byte)),
            b'x' => (2, '\0'),
            b'u' => (4, '\0'),
            b'U' => (8, '\0'),
            _ => return None,
        };

        self.at += 1;

        if digits == 0 {
            text.push(char);
            return Some(());
        }

        let hex = self.text.get(self.at..self.at + digits)?;
        if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        // A half of a pair is no character; the parser knows what to make of it.
        text.push(char::from_u32(u32::from_str_radix(hex, 16).ok()?)?);
        self.at += digits;

        Some(())
    }

    /// A block scalar whose header is at hand; its lines begin in column `least` or behind it.
    pub(super) fn block_scalar(&mut self, least: usize, properties: Properties) -> Option<()> {
        let header = self.at;
        let style = if self.peek(0) == b'|' {
            Style::Literal
        } else {
            Style::Folded
        };

        self.at += 1;
        let chomping = self.peek(0);
        if matches!(chomping, b'+' | b'-') {
            self.at += 1;
        }

        if !is_blank(self.peek(0)) {
            return None;
        }

        self.spaces();
        if self.peek(0) == b'#' {
            self.at = line_end(self.text, self.at);
        }

        if self.peek(0) != b'\n' {
            return None;
        }

        self.at += 1;
        let indent = self.block_indent()?;
        // What is indented less comes after a scalar that says nothing: all its lines are blank.
        let indent = if indent < least.max(1) {
            usize::MAX
        } else {
            indent
        };

        let text = self.block_text(indent, style, chomping);
        let end = header + self.text[header..self.at].trim_end().len();
        self.scalar(Scalar::new(header, end, style, Some(text)), properties);
        self.line = self.at;

        Some(())
    }

    /// The indent of the first line that is not blank; 0 if there is none.
    fn block_indent(&self) -> Option<usize> {
        let (mut line, mut longest) = (self.at, 0);

        loop {
            let spaces = self.bytes[line..]
                .iter()
                .take_while(|byte| **byte == b' ')
                .count();
            match self.bytes.get(line + spaces) {
                Some(b'\n') => longest = longest.max(spaces),
                Some(b'\t') => return None,
                Some(_) => return (longest <= spaces).then_some(spaces),
                None => return (spaces == 0).then_some(0),
            }

            line += spaces + 1;
        }
    }

    /// The lines of a block scalar, from the one at hand to the last one that belongs to it; goes
    /// to the line behind.
    fn block_text(&mut self, indent: usize, style: Style, chomping: u8) -> String {
        let mut text = String::new();
        // The end of the line before, blank lines since, and whether that line was one that is
        // never folded.
        let (mut pending, mut blank, mut was_deeper) = (false, 0, false);

        while !self.is_end() {
            let spaces = self.bytes[self.at..]
                .iter()
                .take(indent)
                .take_while(|byte| **byte == b' ')
                .count();
            let first = self.peek(spaces);
            let end = line_end(self.text, self.at + spaces);
            let next = (end + 1).min(self.bytes.len());

            if first == b'\n' || first == 0 {
                blank += usize::from(first != 0);
                self.at = next;
                continue;
            }

            if spaces < indent {
                break;
            }

            let is_deeper = matches!(first, b' ' | b'\t');

            if style == Style::Folded && pending && !was_deeper && !is_deeper {
                if blank == 0 {
                    text.push(' ');
                }
            } else if pending {
                text.push('\n');
            }

            text.extend(std::iter::repeat_n('\n', blank));
            text.push_str(&self.text[self.at + spaces..end]);
            (pending, blank, was_deeper) = (true, 0, is_deeper);
            self.at = next;
        }

        if chomping != b'-' && pending {
            text.push('\n');
        }

        if chomping == b'+' {
            text.extend(std::iter::repeat_n('\n', blank));
        }

        text
    }
}

/// A line further down.
struct Line {
    /// Its first character that is not blank.
    at: usize,
    /// Where it begins.
    line: usize,
    /// How many line ends lie between.
    breaks: usize,
}

/// The line ends between two lines of one scalar: a space for one, line ends for more.
fn fold(text: &mut String, breaks: usize) {
    if breaks == 1 {
        text.push(' ');
    } else {
        text.extend(std::iter::repeat_n('\n', breaks - 1));
    }
}

/// A bracket or a comma.
const fn is_flow(byte: u8) -> bool {
    matches!(byte, b',' | b'[' | b']' | b'{' | b'}')
}
