//! Scalars: plain, quoted and block scalars, with their decoded text.

use super::{DirectReader, Properties, Scalar, is_blank};
use crate::syntax::yaml::lines::line_end;
use crate::syntax::yaml::tree::Style;

impl DirectReader<'_, '_, '_> {
    /// Reads the first line of a plain scalar, and the spaces after it.
    pub(super) fn plain_line(&mut self, in_flow: bool) -> Option<Scalar> {
        let start = self.position;

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

    /// Moves to the end of a line of a plain scalar: its line end, a comment, a colon, a bracket or
    /// a comma. Returns the end of its last word.
    fn line_of_plain(&mut self, in_flow: bool) -> Option<usize> {
        let begin = self.position;

        loop {
            match self.peek(0) {
                b'\n' | 0 => break,
                b'\t' => return None,
                b':' if is_blank(self.peek(1)) => break,
                b':' if in_flow && is_flow(self.peek(1)) => return None,
                b'#' if self.position > begin && self.bytes[self.position - 1] == b' ' => break,
                b',' | b'[' | b']' | b'{' | b'}' if in_flow => break,
                _ => self.position += 1,
            }
        }

        let mut end = self.position;
        while end > begin && self.bytes[end - 1] == b' ' {
            end -= 1;
        }

        Some(end)
    }

    /// Reads the other lines of a plain scalar, if it has any.
    pub(super) fn plain_rest(&mut self, first: Scalar, least: usize) -> Option<Scalar> {
        let mut scalar = first;

        while let Some(next) = self.next_line()? {
            let first = self.bytes.get(next.position..next.position + 3);
            let is_marker = next.position == next.line && matches!(first, Some(b"---" | b"..."));
            if next.position - next.line < least || self.bytes[next.position] == b'#' || is_marker {
                break;
            }

            let text = scalar
                .text
                .get_or_insert_with(|| scalar.raw.span().text(self.text).to_owned());
            fold(text, next.breaks);
            (self.position, self.line) = (next.position, next.line);
            let end = self.line_of_plain(false)?;
            if end == next.position || self.peek(0) == b':' {
                return None;
            }

            text.push_str(&self.text[next.position..end]);
            scalar.raw.end = end as u32;
        }

        Some(scalar)
    }

    /// The next line that is not blank; `Some(None)` where this line continues or no line follows.
    fn next_line(&self) -> Option<Option<NextLine>> {
        let mut next = NextLine {
            position: self.position,
            line: self.line,
            breaks: 0,
        };

        loop {
            match self.bytes.get(next.position) {
                Some(b'\n') => {
                    next.breaks += 1;
                    next.line = next.position + 1;
                }
                Some(b' ') => {}
                Some(b'\t') => return None,
                Some(_) if next.breaks > 0 => return Some(Some(next)),
                _ => return Some(None),
            }

            next.position += 1;
        }
    }

    /// Reads a quoted scalar whose quote is next; its other lines begin in column `least` or after
    /// it.
    pub(super) fn quoted(&mut self, least: usize) -> Option<Scalar> {
        let (start, quote) = (self.position, self.peek(0));
        let style = if quote == b'"' {
            Style::DoubleQuoted
        } else {
            Style::SingleQuoted
        };

        let mut text = None;
        // The length that must not be trimmed, because it comes from an escape.
        let mut kept = 0;
        self.position += 1;
        let mut copied = self.position;

        loop {
            match self.peek(0) {
                0 => return None,
                byte if byte == quote && quote == b'\'' && self.peek(1) == quote => {
                    let text = text.get_or_insert_with(String::new);
                    text.push_str(&self.text[copied..=self.position]);
                    self.position += 2;
                    copied = self.position;
                }
                byte if byte == quote => break,
                b'\\' if quote == b'"' => {
                    let text = text.get_or_insert_with(String::new);
                    text.push_str(&self.text[copied..self.position]);
                    self.position += 1;

                    if self.peek(0) == b'\n' {
                        let next = self.next_line()??;
                        if next.breaks != 1 {
                            return None;
                        }

                        self.continue_in(&next, least)?;
                    } else {
                        self.escape(text)?;
                    }

                    kept = text.len();
                    copied = self.position;
                }
                b'\n' => {
                    let text = text.get_or_insert_with(String::new);
                    text.push_str(&self.text[copied..self.position]);
                    let trimmed = text.trim_end_matches([' ', '\t']).len();
                    text.truncate(trimmed.max(kept));
                    let next = self.next_line()??;
                    fold(text, next.breaks);
                    self.continue_in(&next, least)?;
                    kept = text.len();
                    copied = self.position;
                }
                _ => self.position += 1,
            }
        }

        if let Some(text) = &mut text {
            text.push_str(&self.text[copied..self.position]);
        }

        self.position += 1;

        Some(Scalar::new(start, self.position, style, text))
    }

    /// Moves to another line of a quoted scalar.
    fn continue_in(&mut self, next: &NextLine, least: usize) -> Option<()> {
        (self.position, self.line) = (next.position, next.line);
        (self.column() >= least && !self.is_over()).then_some(())
    }

    /// Reads an escape in double quotes; the byte after the backslash is next.
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

        self.position += 1;

        if digits == 0 {
            text.push(char);
            return Some(());
        }

        let hex = self.text.get(self.position..self.position + digits)?;
        if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }

        // A half of a surrogate pair is left to the parser.
        text.push(char::from_u32(u32::from_str_radix(hex, 16).ok()?)?);
        self.position += digits;

        Some(())
    }

    /// Reads a block scalar whose header is next; its lines begin in column `least` or after it.
    pub(super) fn block_scalar(&mut self, least: usize, properties: Properties) -> Option<()> {
        let header = self.position;
        let style = if self.peek(0) == b'|' {
            Style::Literal
        } else {
            Style::Folded
        };

        self.position += 1;
        let chomping = self.peek(0);
        if matches!(chomping, b'+' | b'-') {
            self.position += 1;
        }

        if !is_blank(self.peek(0)) {
            return None;
        }

        self.spaces();
        if self.peek(0) == b'#' {
            self.position = line_end(self.text, self.position);
        }

        if self.peek(0) != b'\n' {
            return None;
        }

        self.position += 1;
        let indent = self.block_indent()?;

        // Text that is indented less follows an empty scalar: all lines of the scalar are blank.
        let indent = if indent < least.max(1) {
            usize::MAX
        } else {
            indent
        };

        let text = self.block_text(indent, style, chomping);
        let end = header + self.text[header..self.position].trim_end().len();
        self.scalar(Scalar::new(header, end, style, Some(text)), properties);
        self.line = self.position;

        Some(())
    }

    /// The indent of the first line that is not blank; 0 if there is none.
    fn block_indent(&self) -> Option<usize> {
        let (mut line, mut longest) = (self.position, 0);

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

    /// Reads the lines of a block scalar, up to the first line that is not part of it.
    fn block_text(&mut self, indent: usize, style: Style, chomping: u8) -> String {
        let mut text = String::new();
        // Whether a line end is pending, the number of blank lines since, and whether the line
        // before is one that is never folded.
        let (mut pending, mut blank, mut was_deeper) = (false, 0, false);

        while !self.is_end() {
            let spaces = self.bytes[self.position..]
                .iter()
                .take(indent)
                .take_while(|byte| **byte == b' ')
                .count();
            let first = self.peek(spaces);
            let end = line_end(self.text, self.position + spaces);
            let next = (end + 1).min(self.bytes.len());

            if first == b'\n' || first == 0 {
                blank += usize::from(first != 0);
                self.position = next;
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
            text.push_str(&self.text[self.position + spaces..end]);
            (pending, blank, was_deeper) = (true, 0, is_deeper);
            self.position = next;
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
struct NextLine {
    /// The offset of its first character that is not blank.
    position: usize,
    /// The offset of its start.
    line: usize,
    /// The number of line ends before it.
    breaks: usize,
}

/// Appends the line ends between two lines of a scalar: a space for one, line ends for more.
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
