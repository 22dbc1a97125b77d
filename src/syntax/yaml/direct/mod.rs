//! Everyday YAML without the parser: block mappings and sequences, scalars of every style, flow
//! collections, anchors, aliases and tags, as nearly every deployment file is written.
//!
//! This reader knows no errors. Where a document holds anything else (a complex key, a directive, a
//! tab in the indent, a mistake) it gives up, and the parser reads that document from its start.
//! What it does read, it reads as the parser would, node by node and byte by byte; `tests` compares
//! the two.

mod flow;
mod scalar;
#[cfg(test)]
mod tests;

use super::load::Loader;
use super::{Raw, Shape, Style};
use crate::source::Span;

/// How deep a document may be nested before the parser, which counts levels, has to read it.
const DEPTH: usize = 60;

/// As many anchors as a list can be searched for.
const MAX_ANCHORS: usize = 100;

/// A key as long as this may be too long for the parser.
const MAX_KEY: u32 = 1000;

/// Whether a text from `base` on has only characters that need no thought: no carriage return or
/// other control character, no line end of Unicode, no mark of byte order but at the start.
pub(super) fn is_everyday(text: &str, base: usize) -> bool {
    let bytes = text.as_bytes().get(base..).unwrap_or(b"");
    // Without a branch, so that many bytes are looked at together.
    let odd = |byte: u8| {
        u8::from(byte < b' ') & u8::from(byte != b'\n') & u8::from(byte != b'\t')
            | u8::from(byte == 0x7f)
    };

    if bytes
        .chunks(1 << 10)
        .any(|bytes| bytes.iter().fold(0, |found, &byte| found | odd(byte)) != 0)
    {
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

/// Reads the document that begins at `at`. Nothing if that takes the parser; else where the next
/// document begins, if there is one.
pub(super) fn document(
    loader: &mut Loader<'_, '_>,
    text: &str,
    at: usize,
) -> Option<Option<usize>> {
    let at = if at == 0 && text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        at
    };

    let root = loader.begin_document();
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at,
        line: at,
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

/// Reads one document. Its functions give nothing where the parser has to take over.
struct Reader<'r, 'a, 's> {
    loader: &'r mut Loader<'a, 's>,
    text: &'r str,
    bytes: &'r [u8],
    at: usize,
    /// Where the line begins that holds `at`.
    line: usize,
    /// The names of the anchors so far; the number of an anchor is its index here, and one.
    anchors: Vec<&'r str>,
    depth: usize,
}

/// Anchor and tag of a node that comes next.
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

impl<'r> Reader<'r, '_, '_> {
    fn document(&mut self, root: u32) -> Option<Option<usize>> {
        self.blank()?;
        let start = self.at;
        if self.is_end() {
            return Some(None);
        }

        if self.is_marker(b'-') {
            let marker = start + 3;
            self.at = marker;
            self.line_rest()?;

            if self.is_end() || self.is_marker(b'-') {
                self.absent(marker);
                self.loader.end_document(root, Span::of(start, marker));
                return Some(Some(self.at));
            }
        }

        self.node(0, Properties::default(), false)?;
        // The parser ends a document where it sees that a block is over, and a scalar or a bracket
        // where it closes.
        let whole = self.loader.node(root);
        let mut end = if whole.style == Style::Block {
            self.at
        } else {
            whole.end as usize
        };

        if self.is_marker(b'.') {
            end = self.at + 3;
            self.at = end;
            self.line_rest()?;
        } else if !self.is_end() && !self.is_marker(b'-') {
            return None;
        }

        self.loader.end_document(root, Span::of(start, end));
        // What follows a line of dots keeps its indent.
        Some(Some(if self.is_end() { self.at } else { self.line }))
    }

    /// A node whose first byte is at hand. Its other lines begin in column `least` or behind it. A
    /// node that is `inline` shares its line with its key or its properties, and can be no block
    /// collection.
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

    /// Whatever stands deeper behind a scalar or a flow collection belongs to nothing.
    fn no_deeper(&self, least: usize) -> Option<()> {
        (self.is_over() || self.column() < least).then_some(())
    }

    /// A block mapping whose first key was just read; its colon is at hand.
    fn mapping(&mut self, first: Scalar, properties: Properties) -> Option<()> {
        // A key of two lines is none.
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
            let colon = self.at;
            self.at += 1;
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

    /// The value of a key in `column`; what follows its colon is at hand.
    fn member(&mut self, column: usize, colon: usize) -> Option<()> {
        let line = self.line;
        self.blank()?;
        let mut properties = Properties::default();

        if self.line == line && matches!(self.peek(0), b'&' | b'!') {
            properties = self.properties()?;
            self.blank()?;
        }

        if !self.is_end() {
            let at = self.column();
            if self.line == line || at > column {
                return self.node(column + 1, properties, self.line == line);
            }
            // The items of a sequence may stand in the column of its key.
            if at == column && self.is_dash() {
                return self.sequence(column, properties);
            }
        }

        if !properties.is_none() {
            return None;
        }

        self.absent(colon);

        Some(())
    }

    /// A block sequence in `column`; its first dash is at hand.
    fn sequence(&mut self, column: usize, properties: Properties) -> Option<()> {
        self.begin(
            Raw::leaf(self.at, self.at, Shape::Sequence, Style::Block),
            properties,
        );

        loop {
            let line = self.line;
            self.at += 1;
            let behind = self.at;
            self.blank()?;
            if !self.is_end() && (self.line == line || self.column() > column) {
                self.node(column + 1, Properties::default(), false)?;
            } else {
                self.absent(behind);
            }

            if self.column() != column || !self.is_dash() {
                break;
            }
        }

        self.loader.end(0);

        Some(())
    }

    /// An anchor, a tag, or both.
    fn properties(&mut self) -> Option<Properties> {
        let mut found = Properties::default();

        loop {
            let start = self.at;
            let sigils = if self.bytes[start..].starts_with(b"!!") {
                2
            } else {
                1
            };

            self.at += sigils;
            let name = self.name();
            if !is_blank(self.peek(0)) {
                return None;
            }

            if self.bytes[start] == b'!' && found.tag.is_none() && (!name.is_empty() || sigils == 1)
            {
                found.tag = Some(Span::of(start, self.at));
            } else if self.bytes[start] == b'&' && found.anchor == 0 && !name.is_empty() {
                if self.anchors.len() == MAX_ANCHORS || self.anchors.contains(&name) {
                    return None;
                }

                self.anchors.push(name);
                found.anchor = self.anchors.len();
            } else {
                return None;
            }

            self.spaces();
            if !matches!(self.peek(0), b'&' | b'!') {
                return Some(found);
            }
        }
    }

    /// An alias of an anchor that stands before it.
    fn alias(&mut self) -> Option<()> {
        let start = self.at;
        self.at += 1;
        let name = self.name();
        let anchor = self.anchors.iter().position(|known| *known == name)?;
        self.loader.alias(start, self.at, anchor + 1);
        Some(())
    }

    /// The name of an anchor or a tag, which everyday files write with letters, digits, `_`, `-`
    /// and `.` alone.
    fn name(&mut self) -> &'r str {
        let start = self.at;
        let is_name =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        self.at += self.bytes[start..]
            .iter()
            .take_while(|byte| is_name(byte))
            .count();
        &self.text[start..self.at]
    }

    fn begin(&mut self, raw: Raw, properties: Properties) {
        self.loader.begin(raw, properties.anchor, properties.tag);
    }

    /// A value that is not there, behind a colon, a dash or a marker.
    fn absent(&mut self, at: usize) {
        self.loader
            .value(self.loader.absent(self.text, at), None, 0, None);
    }

    /// Whether a scalar that was just read may be a key: it stands on one line and is not too long.
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

    /// The byte so far ahead; 0 at the end.
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    const fn is_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    const fn column(&self) -> usize {
        self.at - self.line
    }

    /// Whether a line of three dashes, or dots, is at hand.
    fn is_marker(&self, byte: u8) -> bool {
        self.at == self.line
            && self.peek(0) == byte
            && self.peek(1) == byte
            && self.peek(2) == byte
            && is_blank(self.peek(3))
    }

    /// Whether the document ends here.
    fn is_over(&self) -> bool {
        self.is_end() || self.is_marker(b'-') || self.is_marker(b'.')
    }

    /// Whether the dash of an item is at hand.
    fn is_dash(&self) -> bool {
        self.peek(0) == b'-' && is_blank(self.peek(1))
    }

    fn spaces(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or(b"");
        self.at += rest
            .iter()
            .position(|&byte| byte != b' ')
            .unwrap_or(rest.len());
    }

    /// Goes on to the next byte that is neither white space nor in a comment.
    fn blank(&mut self) -> Option<()> {
        loop {
            match self.peek(0) {
                b' ' => self.spaces(),
                b'\n' => {
                    self.at += 1;
                    self.line = self.at;
                }
                b'#' if self.at == self.line || matches!(self.bytes[self.at - 1], b' ' | b'\n') => {
                    self.at = super::load::line_end(self.text, self.at);
                }
                b'#' | b'\t' => return None,
                _ => return Some(()),
            }
        }
    }

    /// As [`Reader::blank`], where nothing else may stand on the line.
    fn line_rest(&mut self) -> Option<()> {
        let line = self.line;
        self.blank()?;
        (self.line > line || self.is_end()).then_some(())
    }
}

/// A scalar that was read and not yet put into the tree.
struct Scalar {
    raw: Raw,
    /// What it says, if that differs from what stands in the source.
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
