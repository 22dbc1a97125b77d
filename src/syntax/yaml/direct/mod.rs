//! YAML in common notation without the parser: block mappings and sequences, scalars of every
//! style, flow collections, anchors, aliases and tags. Nearly every deployment file is in this
//! notation.
//!
//! This reader reports no errors. Where a document contains anything else (a complex key, a
//! directive, a tab in the indent, an error) it stops, and the parser reads that document from its
//! start. The tree of the documents that it reads is equal to that of the parser, node by node and
//! byte by byte; `tests` compares the two.

mod flow;
mod scalar;
#[cfg(test)]
mod tests;

use super::lines::line_end;
use super::loader::Loader;
use super::tree::{Raw, Shape, Style};
use crate::source::Span;

/// The depth from which the parser, which counts levels, reads a document.
const DEPTH: usize = 60;

/// The number of anchors that a list can be searched for.
const MAX_ANCHORS: usize = 100;

/// The length of a key, in bytes, above which it may be too long for the parser.
const MAX_KEY: u32 = 1000;

/// Whether a text from `base` on has only common characters: no carriage return or other control
/// character, no line end of Unicode, no byte order mark except at the start.
pub(super) fn is_common(text: &str, base: usize) -> bool {
    let bytes = text.as_bytes().get(base..).unwrap_or(b"");
    if bytes.chunks(1 << 10).any(has_control_character) {
        return false;
    }

    bytes.is_ascii() || {
        let text = text.get(base..).unwrap_or("");
        let text = if base == 0 {
            text.trim_start_matches('\u{feff}')
        } else {
            text
        };

        !text.contains(|char: char| {
            matches!(
                char,
                '\u{80}'
                    ..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
            )
        })
    }
}

/// Whether there is a control character other than a tab or a line end.
fn has_control_character(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .fold(0, |found, &byte| found | is_control(byte))
        != 0
}

/// 1 for a control character other than a tab or a line end. Without branches, so that the compiler
/// can check many bytes at once.
fn is_control(byte: u8) -> u8 {
    u8::from(byte < b' ') & u8::from(byte != b'\n') & u8::from(byte != b'\t')
        | u8::from(byte == 0x7f)
}

/// Reads the document that begins at `position`. `None` if it needs the parser, otherwise the
/// offset of the next document, if there is one.
pub(super) fn read_document(
    loader: &mut Loader<'_, '_>,
    text: &str,
    position: usize,
) -> Option<Option<usize>> {
    let position = if position == 0 && text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        position
    };

    let root = loader.begin_document();
    let mut reader = DirectReader {
        text,
        bytes: text.as_bytes(),
        position,
        line: position,
        anchors: Vec::new(),
        depth: 0,
        loader,
    };

    let read = reader.document(root);
    if read.is_none() {
        loader.roll_back();
    }

    read
}

/// The state of reading a document. Its functions return `None` where the parser is needed.
struct DirectReader<'r, 'a, 's> {
    loader: &'r mut Loader<'a, 's>,
    text: &'r str,
    bytes: &'r [u8],
    position: usize,
    /// The start of the line at `position`.
    line: usize,
    /// The names of the anchors so far; the number of an anchor is its index plus one.
    anchors: Vec<&'r str>,
    depth: usize,
}

/// The anchor and the tag of the next node.
#[derive(Clone, Copy, Default)]
struct Properties {
    anchor: usize,
    tag: Option<Span>,
}

impl Properties {
    const fn is_none(self) -> bool {
        self.anchor == 0 && self.tag.is_none()
    }
}

impl<'r> DirectReader<'r, '_, '_> {
    fn document(&mut self, root: u32) -> Option<Option<usize>> {
        self.blank()?;
        let start = self.position;
        if self.is_end() {
            return Some(None);
        }

        if self.is_marker(b'-') {
            let marker = start + 3;
            self.position = marker;
            self.line_rest()?;

            if self.is_end() || self.is_marker(b'-') {
                self.absent(marker);
                self.loader.end_document(root, Span::of(start, marker));
                return Some(Some(self.position));
            }
        }

        self.node(0, Properties::default(), false)?;

        // The parser ends a document with a block where the block is over, and one with a scalar or
        // a bracket where that closes.
        let whole = self.loader.node(root);
        let mut end = if whole.style == Style::Block {
            self.position
        } else {
            whole.end as usize
        };

        if self.is_marker(b'.') {
            end = self.position + 3;
            self.position = end;
            self.line_rest()?;
        } else if !self.is_end() && !self.is_marker(b'-') {
            return None;
        }

        self.loader.end_document(root, Span::of(start, end));

        // The text after a line of dots keeps its indent.
        Some(Some(if self.is_end() {
            self.position
        } else {
            self.line
        }))
    }

    /// Reads a node whose first byte is next. Its other lines begin in column `least` or after it.
    /// A node that is `inline` shares its line with its key or its properties, and cannot be a
    /// block collection.
    fn node(&mut self, least: usize, properties: Properties, inline: bool) -> Option<()> {
        match self.peek(0) {
            b'-' | b'.' if self.is_marker(self.peek(0)) => return None,
            b'-' if self.is_dash() => {
                if inline {
                    return None;
                }

                return self.deeper(|reader| reader.sequence(reader.column(), properties));
            }
            b'[' | b'{' => self.deeper(|reader| reader.flow(least, properties))?,
            b'|' | b'>' if least > 0 => {
                self.block_scalar(least, properties)?;
                self.blank()?;
                return self.no_deeper(least);
            }
            b'*' if properties.is_none() => self.alias()?,
            b'&' | b'!' if properties.is_none() => {
                let properties = self.properties()?;
                let line = self.line;
                self.blank()?;
                let same = self.line == line;
                if self.is_over() || (!same && self.column() < least) {
                    return None;
                }

                return self.node(least, properties, inline || same);
            }
            b'"' | b'\'' => {
                let scalar = self.quoted(least)?;
                self.spaces();

                if self.peek(0) == b':' {
                    return if inline {
                        None
                    } else {
                        self.mapping(scalar, properties)
                    };
                }

                self.scalar(scalar, properties);
            }
            _ => {
                let scalar = self.plain_line(false)?;

                if self.peek(0) == b':' {
                    return if inline {
                        None
                    } else {
                        self.mapping(scalar, properties)
                    };
                }

                let scalar = self.plain_rest(scalar, least)?;
                self.scalar(scalar, properties);
            }
        }

        self.line_rest()?;

        self.no_deeper(least)
    }

    /// Succeeds unless deeper text follows a scalar or a flow collection.
    fn no_deeper(&self, least: usize) -> Option<()> {
        (self.is_over() || self.column() < least).then_some(())
    }

    /// Reads a block mapping whose first key was just read; its colon is next.
    fn mapping(&mut self, first: Scalar, properties: Properties) -> Option<()> {
        // A key must be on one line.
        let column = first.start().checked_sub(self.line)?;
        self.begin(
            Raw::leaf(first.start(), first.start(), Shape::Mapping, Style::Block),
            properties,
        );
        let mut key = first;

        loop {
            if !self.is_key(&key) || !is_blank(self.peek(1)) {
                return None;
            }

            self.scalar(key, Properties::default());
            let colon = self.position;
            self.position += 1;
            self.deeper(|reader| reader.member(column, colon))?;
            if self.is_over() || self.column() != column {
                break;
            }

            key = match self.peek(0) {
                b'"' | b'\'' => self.quoted(column)?,
                _ => self.plain_line(false)?,
            };

            self.spaces();
            if self.peek(0) != b':' {
                return None;
            }
        }

        self.loader.end(0);

        Some(())
    }

    /// Reads the value of a key in `column`; the text after its colon is next.
    fn member(&mut self, column: usize, colon: usize) -> Option<()> {
        let line = self.line;
        self.blank()?;
        let mut properties = Properties::default();

        if self.line == line && matches!(self.peek(0), b'&' | b'!') {
            properties = self.properties()?;
            self.blank()?;
        }

        if !self.is_end() {
            let value_column = self.column();
            if self.line == line || value_column > column {
                return self.node(column + 1, properties, self.line == line);
            }

            // The items of a sequence may be in the column of its key.
            if value_column == column && self.is_dash() {
                return self.sequence(column, properties);
            }
        }

        if !properties.is_none() {
            return None;
        }

        self.absent(colon);

        Some(())
    }

    /// Reads a block sequence in `column`; its first dash is next.
    fn sequence(&mut self, column: usize, properties: Properties) -> Option<()> {
        self.begin(
            Raw::leaf(self.position, self.position, Shape::Sequence, Style::Block),
            properties,
        );

        loop {
            let line = self.line;
            self.position += 1;
            let after_dash = self.position;
            self.blank()?;
            if !self.is_end() && (self.line == line || self.column() > column) {
                self.node(column + 1, Properties::default(), false)?;
            } else {
                self.absent(after_dash);
            }

            if self.column() != column || !self.is_dash() {
                break;
            }
        }

        self.loader.end(0);

        Some(())
    }

    /// Reads an anchor, a tag, or both.
    fn properties(&mut self) -> Option<Properties> {
        let mut properties = Properties::default();

        loop {
            let start = self.position;
            let sigils = if self.bytes[start..].starts_with(b"!!") {
                2
            } else {
                1
            };

            self.position += sigils;
            let name = self.name();
            if !is_blank(self.peek(0)) {
                return None;
            }

            if self.bytes[start] == b'!'
                && properties.tag.is_none()
                && (!name.is_empty() || sigils == 1)
            {
                properties.tag = Some(Span::of(start, self.position));
            } else if self.bytes[start] == b'&' && properties.anchor == 0 && !name.is_empty() {
                if self.anchors.len() == MAX_ANCHORS || self.anchors.contains(&name) {
                    return None;
                }

                self.anchors.push(name);
                properties.anchor = self.anchors.len();
            } else {
                return None;
            }

            self.spaces();
            if !matches!(self.peek(0), b'&' | b'!') {
                return Some(properties);
            }
        }
    }

    /// Reads an alias of an earlier anchor.
    fn alias(&mut self) -> Option<()> {
        let start = self.position;
        self.position += 1;
        let name = self.name();
        let anchor = self.anchors.iter().position(|known| *known == name)?;
        self.loader.alias(start, self.position, anchor + 1);
        Some(())
    }

    /// Reads the name of an anchor or a tag, in common notation of letters, digits, `_`, `-` and
    /// `.`.
    fn name(&mut self) -> &'r str {
        let start = self.position;
        self.position += self.bytes[start..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
            .count();
        &self.text[start..self.position]
    }

    fn begin(&mut self, raw: Raw, properties: Properties) {
        self.loader.begin(raw, properties.anchor, properties.tag);
    }

    /// Adds an absent value after a colon, a dash or a marker.
    fn absent(&mut self, position: usize) {
        self.loader
            .value(self.loader.absent(self.text, position), None, 0, None);
    }

    /// Whether a scalar that was just read may be a key: it is on one line and not too long.
    const fn is_key(&self, scalar: &Scalar) -> bool {
        scalar.start() >= self.line && scalar.raw.end - scalar.raw.start <= MAX_KEY
    }

    fn scalar(&mut self, scalar: Scalar, properties: Properties) {
        self.loader
            .value(scalar.raw, scalar.text, properties.anchor, properties.tag);
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        if self.depth == DEPTH {
            return None;
        }

        self.depth += 1;
        read(self)?;
        self.depth -= 1;

        Some(())
    }

    /// The byte `ahead` bytes from the position; 0 at the end.
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.position + ahead).copied().unwrap_or(0)
    }

    const fn is_end(&self) -> bool {
        self.position >= self.bytes.len()
    }

    const fn column(&self) -> usize {
        self.position - self.line
    }

    /// Whether a line of three dashes, or dots, is next.
    fn is_marker(&self, byte: u8) -> bool {
        self.position == self.line
            && self.peek(0) == byte
            && self.peek(1) == byte
            && self.peek(2) == byte
            && is_blank(self.peek(3))
    }

    /// Whether the document ends at the position.
    fn is_over(&self) -> bool {
        self.is_end() || self.is_marker(b'-') || self.is_marker(b'.')
    }

    /// Whether the dash of an item is next.
    fn is_dash(&self) -> bool {
        self.peek(0) == b'-' && is_blank(self.peek(1))
    }

    fn spaces(&mut self) {
        let rest = self.bytes.get(self.position..).unwrap_or(b"");
        self.position += rest
            .iter()
            .position(|&byte| byte != b' ')
            .unwrap_or(rest.len());
    }

    /// Moves to the next byte that is neither white space nor in a comment.
    fn blank(&mut self) -> Option<()> {
        loop {
            match self.peek(0) {
                b' ' => self.spaces(),
                b'\n' => {
                    self.position += 1;
                    self.line = self.position;
                }
                b'#' if self.position == self.line
                    || matches!(self.bytes[self.position - 1], b' ' | b'\n') =>
                {
                    self.position = line_end(self.text, self.position);
                }
                b'#' | b'\t' => return None,
                _ => return Some(()),
            }
        }
    }

    /// As [`DirectReader::blank`], where the rest of the line must be blank.
    fn line_rest(&mut self) -> Option<()> {
        let line = self.line;
        self.blank()?;
        (self.line > line || self.is_end()).then_some(())
    }
}

/// A scalar that was read and is not in the tree yet.
struct Scalar {
    raw: Raw,
    /// The decoded text, if it differs from the source.
    text: Option<String>,
}

impl Scalar {
    fn new(start: usize, end: usize, style: Style, text: Option<String>) -> Self {
        Self {
            raw: Raw::leaf(start, end, Shape::Scalar, style),
            text,
        }
    }

    const fn start(&self) -> usize {
        self.raw.start as usize
    }
}

/// White space, or the end of the text.
const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | 0)
}
