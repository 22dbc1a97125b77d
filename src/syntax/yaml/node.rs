//! Nodes: kind, text and location.

use std::fmt;

use super::offsets;
use super::tree::{NONE, Raw, Shape, Style, Tree};
use crate::source::{FileId, Location, OffsetMap, Span};

/// The kind of a node, with aliases followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// No value, `~`, or a plain `null`.
    Null,
    Scalar,
    Mapping,
    Sequence,
    /// An alias without a target, into itself, or with too large an expansion; a value lost to a
    /// syntax error.
    Unknown,
}

/// A node of a [`Tree`]. Aliases are followed: only [`Node::location`] and [`Node::is_alias`] show
/// them.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree<'t>,
    /// The index of the node as written.
    index: u32,
    /// The index of the node with the content.
    target: u32,
}

impl Tree<'_> {
    /// The roots of all documents that are not empty.
    pub fn documents(&self) -> impl Iterator<Item = Node<'_>> {
        self.sections()
            .map(|(_, root)| root)
            .filter(|root| !(root.is_null() && root.location().span.is_empty()))
    }

    /// Every document, including empty ones: its span from its `---`, or its first byte, to its
    /// end, and its root.
    pub fn sections(&self) -> impl Iterator<Item = (Span, Node<'_>)> {
        self.documents
            .iter()
            .map(|&(root, span)| (span, Node::new(self, root)))
    }

    /// The root of the first document that is not empty.
    pub fn root(&self) -> Option<Node<'_>> {
        self.documents().next()
    }
}

impl<'t> Node<'t> {
    pub(super) fn new(tree: &'t Tree<'_>, index: u32) -> Self {
        let raw = tree.raw(index);
        let target = if raw.shape == Shape::Alias && raw.link != NONE {
            raw.link
        } else {
            index
        };

        Self {
            tree,
            index,
            target,
        }
    }

    pub(super) const fn tree(self) -> &'t Tree<'t> {
        self.tree
    }

    /// The index of the node with the content.
    pub(super) const fn target(self) -> u32 {
        self.target
    }

    /// The file of the content, and its text.
    pub(super) fn file(self) -> (FileId, &'t str) {
        self.tree.source(self.raw())
    }

    /// The text of a scalar where it differs from its source.
    pub(super) fn decoded(self) -> Option<&'t str> {
        if self.raw().link == NONE {
            return None;
        }

        self.str()
    }

    pub(super) fn raw(self) -> &'t Raw {
        self.tree.raw(self.target)
    }

    pub fn kind(self) -> Kind {
        match self.raw().shape {
            Shape::Null => Kind::Null,
            Shape::Scalar => Kind::Scalar,
            Shape::Mapping => Kind::Mapping,
            Shape::Sequence => Kind::Sequence,
            Shape::Alias | Shape::Unknown => Kind::Unknown,
        }
    }

    pub fn style(self) -> Style {
        self.raw().style
    }

    /// Whether this is a collection in brackets.
    pub fn is_flow(self) -> bool {
        self.style() == Style::Flow
    }

    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    pub fn is_alias(self) -> bool {
        self.tree.raw(self.index).shape == Shape::Alias
    }

    /// The location as written: with quotes or brackets or the header of a block scalar, without
    /// tag and anchor. A block collection is from its first key or dash to the end of its last
    /// child, an absent value is an empty span directly after its colon or dash, and an alias is
    /// the `*name`.
    pub fn location(self) -> Location {
        let raw = self.tree.raw(self.index);
        Location::new(self.tree.source(raw).0, raw.span())
    }

    /// The location of the content: the anchored node for an alias, [`Node::location`] for other
    /// nodes.
    pub fn definition(self) -> Location {
        let raw = self.raw();
        Location::new(self.tree.source(raw).0, raw.span())
    }

    /// The location of the content without quotes and block header, from its first to its last
    /// byte.
    pub fn content(self) -> Location {
        let definition = self.definition();

        match self.style() {
            Style::Literal | Style::Folded => match self.str() {
                Some(text) if !text.trim_matches('\n').is_empty() => {
                    let first = text.len() - text.trim_start_matches('\n').len();
                    self.content_span(Span::of(first, text.trim_end_matches('\n').len()))
                }
                _ => Location::new(
                    definition.file,
                    Span::new(definition.span.end, definition.span.end),
                ),
            },
            _ => Location::new(definition.file, self.raw().inner()),
        }
    }

    /// The decoded text of a scalar, also of a number or a boolean.
    pub fn str(self) -> Option<&'t str> {
        (self.raw().shape == Shape::Scalar).then(|| self.tree.text(self.target))
    }

    /// The tag as written, such as `!reset` or `!!binary`.
    pub fn tag(self) -> Option<&'t str> {
        self.tree.tag(self.target)
    }

    /// The text of a scalar whose type depends on its text: plain, and without a tag for strings.
    fn plain(self) -> Option<&'t str> {
        if self.style() != Style::Plain || matches!(self.tag(), Some("!!str" | "!" | "!!binary")) {
            return None;
        }

        self.str()
    }

    /// A boolean of YAML 1.2.
    pub fn as_bool(self) -> Option<bool> {
        match self.plain()? {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// A boolean of YAML 1.1: also plain `yes`, `no`, `on`, `off`, `y`, `n`.
    pub fn as_bool_11(self) -> Option<bool> {
        self.as_bool().or_else(|| match self.plain()? {
            "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => Some(true),
            "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => Some(false),
            _ => None,
        })
    }

    /// A whole number: decimal, `0x`, `0o`, `0b`, and octal with a leading zero, as in YAML 1.1 for
    /// file modes.
    pub fn as_int(self) -> Option<i64> {
        parse_int(self.plain()?)
    }

    /// A number, whole ones included.
    pub fn as_float(self) -> Option<f64> {
        let text = self.plain()?;
        if let Some(whole) = parse_int(text) {
            return Some(whole as f64);
        }

        let (negative, digits) = sign(text);
        let value = match digits {
            ".inf" | ".Inf" | ".INF" => f64::INFINITY,
            ".nan" | ".NaN" | ".NAN" => return Some(f64::NAN),
            // The standard library also reads words such as `infinity`, which are strings in YAML.
            _ if digits
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) =>
            {
                digits.parse().ok()?
            }
            _ => return None,
        };

        Some(if negative { -value } else { value })
    }

    /// The source offset of each byte of [`Node::str`], in the file of [`Node::definition`].
    pub fn offsets(self) -> OffsetMap {
        let raw = self.raw();
        if raw.link == NONE || raw.shape != Shape::Scalar {
            return OffsetMap::verbatim(raw.inner().start);
        }

        let text = self.tree.text(self.target);
        self.tree.last_map.get(self.target, text, || {
            offsets::map(self.tree.source(raw).1, raw.span(), raw.style, text)
        })
    }

    /// The location of a range of [`Node::str`].
    pub fn content_span(self, range: Span) -> Location {
        let definition = self.definition();
        let span = self.offsets().span(range);

        // Beside damage an offset map may be wrong by a few bytes; a span must still consist of
        // whole characters.
        let text = self.tree.source(self.raw()).1;
        let mut end = (span.end as usize).min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }

        let mut start = (span.start as usize).min(end);
        while !text.is_char_boundary(start) {
            start -= 1;
        }

        Location::new(definition.file, Span::of(start, end))
    }
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.tree, other.tree) && self.index == other.index
    }
}

impl Eq for Node<'_> {}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = self.location().span;

        match self.kind() {
            Kind::Null => write!(f, "null")?,
            Kind::Unknown => write!(f, "unknown")?,
            Kind::Scalar => write!(f, "{:?}", self.str().unwrap_or_default())?,
            Kind::Mapping => f
                .debug_map()
                .entries(self.entries().map(|entry| (entry.key, entry.value)))
                .finish()?,
            Kind::Sequence => f.debug_list().entries(self.items()).finish()?,
        }

        write!(f, "@{}..{}", span.start, span.end)
    }
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn parse_int(text: &str) -> Option<i64> {
    let (negative, digits) = sign(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }

    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };

    if digits.starts_with(['+', '-', '_']) {
        return None;
    }

    // YAML readers in Go allow `1_000`; only such numbers need a copy.
    let value = if digits.contains('_') {
        i128::from_str_radix(&digits.replace('_', ""), radix).ok()?
    } else {
        i128::from_str_radix(digits, radix).ok()?
    };

    i64::try_from(if negative { -value } else { value }).ok()
}

/// Calls `visit` for every scalar below a node. Aliases are not followed: their scalars are visited
/// at the anchor.
pub fn each_scalar<'t>(node: Node<'t>, visit: &mut impl FnMut(Node<'t>, &'t str)) {
    if node.is_alias() {
        return;
    }

    if let Some(text) = node.str() {
        visit(node, text);
    }

    for item in node.items() {
        each_scalar(item, visit);
    }

    for entry in node.entries() {
        each_scalar(entry.value, visit);
    }
}
