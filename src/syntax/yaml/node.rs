//! One node: what it is, what it says, where it stands.

use std::fmt;

use super::lookup::{self, Entries, Entry, Items};
use super::offsets;
use super::{NONE, Raw, Shape, Tree};
use crate::source::{FileId, Location, OffsetMap, Span};

/// What a node is, aliases followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing at all, `~`, or a plain `null`.
    Null,
    Scalar,
    Mapping,
    Sequence,
    /// An alias to nothing or into itself, or one whose expansion would be too large; a value lost
    /// to a syntax error.
    Unknown,
}

/// How a node is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// A block scalar with `|`.
    Literal,
    /// A block scalar with `>`.
    Folded,
    /// A collection by indentation.
    Block,
    /// A collection in brackets.
    Flow,
}

/// A node of a [`Tree`]. Aliases are followed: only [`Node::place`] and [`Node::is_alias`] tell
/// that one stands here.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree<'t>,
    /// The node as written.
    at: u32,
    /// The node that holds the content.
    real: u32,
}

impl<'t> Node<'t> {
    pub(super) fn new(tree: &'t Tree<'_>, at: u32) -> Self {
        let raw = tree.raw(at);
        let real = if raw.shape == Shape::Alias && raw.link != NONE {
            raw.link
        } else {
            at
        };

        Self { tree, at, real }
    }

    pub(super) const fn tree(self) -> &'t Tree<'t> {
        self.tree
    }

    /// The index of the node that holds the content.
    pub(super) const fn real(self) -> u32 {
        self.real
    }

    /// The file that holds the content, and its text.
    pub(super) fn file(self) -> (FileId, &'t str) {
        self.tree.source(self.raw())
    }

    /// The text of a scalar where it differs from its source.
    pub(super) fn decoded(self) -> Option<&'t str> {
        self.str().filter(|_| self.raw().link != NONE)
    }

    fn raw(self) -> &'t Raw {
        self.tree.raw(self.real)
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
        self.tree.raw(self.at).shape == Shape::Alias
    }

    /// Where it is written: with quotes or brackets or the header of a block scalar, without tag
    /// and anchor. A block collection reaches from its first key or dash to the end of its last
    /// child, an absent value is an empty span just after its colon or dash, and of an alias this
    /// is the `*name`.
    pub fn location(self) -> Location {
        let raw = self.tree.raw(self.at);
        Location::new(self.tree.source(raw).0, raw.span())
    }

    /// Where the content stands: the anchored node for an alias, [`Node::place`] for everything
    /// else.
    pub fn definition(self) -> Location {
        let raw = self.raw();
        Location::new(self.tree.source(raw).0, raw.span())
    }

    /// The content without quotes and block header, from its first byte to its last one.
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
        (self.raw().shape == Shape::Scalar).then(|| self.tree.text(self.real))
    }

    /// The tag as written, such as `!reset` or `!!binary`.
    pub fn tag(self) -> Option<&'t str> {
        self.tree.tag(self.real)
    }

    /// The text of a scalar whose type its spelling decides: plain, and without a tag that says
    /// otherwise.
    fn plain(self) -> Option<&'t str> {
        if self.style() != Style::Plain || matches!(self.tag(), Some("!!str" | "!" | "!!binary")) {
            return None;
        }
        self.str()
    }

    /// A boolean as YAML 1.2 knows it.
    pub fn as_bool(self) -> Option<bool> {
        match self.plain()? {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// A boolean as YAML 1.1 knows it: also plain `yes`, `no`, `on`, `off`, `y`, `n`.
    pub fn as_bool_11(self) -> Option<bool> {
        self.as_bool().or_else(|| match self.plain()? {
            "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => Some(true),
            "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => Some(false),
            _ => None,
        })
    }

    /// A whole number: decimal, `0x`, `0o`, `0b`, and octal with a leading zero as the 1.1 readers
    /// of file modes take it.
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
            // The standard library also reads words such as `infinity`, which YAML takes for text.
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

    /// The value of a key, merge keys applied.
    pub fn get(self, key: &str) -> Option<Node<'t>> {
        Some(self.entry(key)?.value)
    }

    /// The entry of a key, merge keys applied.
    pub fn entry(self, key: &str) -> Option<Entry<'t>> {
        Entry::find(self, key)
    }

    /// The value behind a path of keys.
    pub fn path(self, keys: &[&str]) -> Option<Node<'t>> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The effective entries of a mapping: merge keys applied, each key once. Nothing for other
    /// nodes.
    pub fn entries(self) -> Entries<'t> {
        Entries::of(self)
    }

    /// The items of a sequence. Nothing for other nodes.
    pub fn items(self) -> Items<'t> {
        Items::of(self)
    }

    /// The number of entries or items; 0 for other nodes.
    pub fn len(self) -> usize {
        match self.kind() {
            Kind::Mapping => self.entries().count(),
            Kind::Sequence => self.raw().link as usize,
            _ => 0,
        }
    }

    /// Whether this has no entry and no item.
    pub fn is_empty(self) -> bool {
        match self.kind() {
            Kind::Mapping => self.entries().next().is_none(),
            _ => self.len() == 0,
        }
    }

    /// Whether a part of this node was lost, so that absence inside it proves nothing: to a syntax
    /// error inside it or right beside it, or to a merge key that leads nowhere.
    pub fn is_damaged(self) -> bool {
        let span = self.raw().span();
        let text = self.tree.source(self.raw()).1;
        let is_blank = |from: u32, to: u32| Span::new(from, to).text(text).trim().is_empty();
        self.tree
            .damage
            .iter()
            .any(|lost| is_blank(span.end, lost.start) && is_blank(lost.end, span.start))
            || lookup::merges_unknown(self)
    }

    /// Where each byte of [`Node::str`] stands in the file of [`Node::definition`].
    pub fn offsets(self) -> OffsetMap {
        let raw = self.raw();
        if raw.link == NONE || raw.shape != Shape::Scalar {
            return OffsetMap::verbatim(raw.inner().start);
        }

        let text = self.tree.text(self.real);
        let make = || offsets::map(self.tree.source(raw).1, raw.span(), raw.style, text);

        self.tree.last_map.of(self.real, text, make)
    }

    /// The place of a range of [`Node::str`].
    pub fn content_span(self, range: Span) -> Location {
        let definition = self.definition();
        let span = self.offsets().span(range);
        // An offset map is exact to the byte, and beside damage it may be off: a span holds whole
        // characters all the same.
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
        std::ptr::eq(self.tree, other.tree) && self.at == other.at
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
    // Go's readers allow `1_000`; a copy is made only for those.
    let value = if digits.contains('_') {
        i128::from_str_radix(&digits.replace('_', ""), radix).ok()?
    } else {
        i128::from_str_radix(digits, radix).ok()?
    };

    i64::try_from(if negative { -value } else { value }).ok()
}

/// Calls `with` for every scalar below a node that is written there: aliases are seen at their
/// anchors.
pub fn each_scalar<'t>(node: Node<'t>, with: &mut impl FnMut(Node<'t>, &'t str)) {
    if node.is_alias() {
        return;
    }

    if let Some(text) = node.str() {
        with(node, text);
    }

    node.items().for_each(|item| each_scalar(item, with));
    node.entries()
        .for_each(|entry| each_scalar(entry.value, with));
}
