//! Parser events into the arena: one pass, from a byte offset to the end or to the first error.
//!
//! Corrects what the events leave open: block collections have no extent, an absent value stands
//! before its colon, and a block scalar begins at its content. Bounds what aliases expand to.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Span as Range, StructureStyle};

use super::direct;
use super::template::Mask;
use super::{MERGE_KEY, MERGES, NONE, REPEATED, Raw, Shape, Style, TAGGED, Tree};
use crate::source::Span;
use crate::syntax::SyntaxError;

/// The number of nodes that all aliases of a file together may stand for.
const ALIAS_NODES: u64 = 1 << 18;

/// How deep a tree may be once its aliases are followed. The parser itself allows 255 block and 255
/// flow levels.
const DEPTH: u32 = 600;

/// How many documents of a file may ask for the parser before it reads all the others too.
const PARSER_BEGINS: u32 = 8;

/// Where and why the parser stopped.
#[derive(Debug)]
pub(super) struct Stop {
    pub at: usize,
    pub kind: ErrorKind,
    /// End of the last token that made a node.
    pub last_end: usize,
    /// Start of the last scalar.
    pub last_scalar: usize,
    /// Start of the outermost open bracket.
    pub flow: Option<usize>,
    /// End of the last complete document: a new attempt may begin here.
    pub resume: usize,
}

/// The sizes of a tree at a moment, to go back to it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    nodes: usize,
    texts: usize,
    tags: usize,
    documents: usize,
    errors: usize,
    spent: u64,
}

pub(super) struct Loader<'a, 's> {
    tree: &'a mut Tree<'s>,
    /// The file as it is; `buffer` may have blanks where it has errors.
    source: &'s str,
    /// Repeated keys and aliases to nothing: what is wrong although the grammar allows it.
    pub errors: Vec<SyntaxError>,
    /// What was masked, where the file is a template.
    mask: Option<&'a Mask>,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchor>,
    /// Nodes that aliases stand for so far.
    spent: u64,
    last_end: usize,
    last_scalar: usize,
    /// The state after the last complete document.
    pub mark: Mark,
}

/// A collection whose end has not come yet.
struct Open {
    node: u32,
    children: u32,
    /// Nodes below, aliases followed.
    size: u64,
    /// Levels below, aliases followed.
    height: u32,
    /// End of the last child.
    end: u32,
    anchor: usize,
}

#[derive(Clone, Copy)]
struct Anchor {
    node: u32,
    size: u64,
    height: u32,
}

impl<'a, 's> Loader<'a, 's> {
    pub fn new(tree: &'a mut Tree<'s>, source: &'s str, mask: Option<&'a Mask>) -> Self {
        Self {
            tree,
            source,
            errors: Vec::new(),
            mask,
            open: Vec::new(),
            anchors: HashMap::new(),
            spent: 0,
            last_end: 0,
            last_scalar: 0,
            mark: Mark::default(),
        }
    }

    /// Reads `buffer` from `base` on, adding to the tree. After an error the tree holds everything
    /// before it.
    ///
    /// A document in everyday notation is read directly; the parser reads the others, one by one.
    pub fn run(&mut self, buffer: &str, base: usize) -> Result<(), Stop> {
        // The parser looks at the whole rest whenever it begins.
        let mut begins = if direct::is_everyday(buffer, base) {
            PARSER_BEGINS
        } else {
            1
        };

        let mut next = Some(base);

        while let Some(at) = next {
            next = match (begins > 1)
                .then(|| direct::document(self, buffer, at))
                .flatten()
            {
                Some(next) => next,
                None => {
                    begins -= 1;
                    self.parse(buffer, at, begins > 0)?
                }
            };
        }

        Ok(())
    }

    /// Begins a document at a node that comes next.
    pub fn begin_document(&mut self) -> u32 {
        self.open.clear();
        self.anchors.clear();
        self.tree.nodes.len() as u32
    }

    /// Ends the document with a root; it can no longer be taken back.
    pub fn end_document(&mut self, root: u32, span: Span) {
        self.tree.documents.push((root, span));
        self.mark = self.now();
    }

    /// Lets the parser read from `base` on: one document, whose successor's place it gives if there
    /// is one, or all.
    pub fn parse(&mut self, buffer: &str, base: usize, one: bool) -> Result<Option<usize>, Stop> {
        let options = granit_parser::options! {
            emit_unresolved_aliases: true,
            emit_anchor_events: false,
        };

        self.begin_document();
        self.last_end = base;
        self.last_scalar = base;
        let mut resume = base;
        let mut begun = (base, 0);

        for next in Parser::new_from_str_with_options(buffer.get(base..).unwrap_or(""), options) {
            let (event, range) = match next {
                Ok(next) => next,
                Err(error) => {
                    let stop = Stop {
                        at: base + error.marker().byte_offset().unwrap_or(0),
                        kind: error.kind().clone(),
                        last_end: self.last_end,
                        last_scalar: self.last_scalar,
                        flow: self.flow(),
                        resume,
                    };

                    self.give_up(begun, stop.at);
                    return Err(stop);
                }
            };

            let bytes = range.byte_range().unwrap_or(0..0);
            let (start, end) = (base + bytes.start, base + bytes.end);

            match event {
                // Only now is it sure that nothing stands between the two that cannot.
                Event::DocumentStart(..) if one && resume > base => return Ok(Some(resume)),
                Event::DocumentStart(explicit, _) => {
                    begun = (start, self.tree.nodes.len() as u32);
                    if explicit {
                        self.last_end = end;
                    }
                }
                Event::DocumentEnd => {
                    self.end_document(begun.1, Span::of(begun.0, end.max(begun.0)));
                    resume = end;
                    begun = (end, self.tree.nodes.len() as u32);
                }
                Event::Scalar(text, style, anchor, _) => {
                    self.scalar(buffer, base, &range, text, style, anchor)
                }
                Event::SequenceStart(style, anchor, _) => {
                    let start = match style {
                        StructureStyle::Block => self.dash(buffer, start),
                        StructureStyle::Flow => start,
                    };

                    self.begin(
                        raw(Shape::Sequence, style, start, end),
                        anchor,
                        tag(base, &range),
                    );
                }
                Event::MappingStart(style, anchor, _) => {
                    self.begin(
                        raw(Shape::Mapping, style, start, end),
                        anchor,
                        tag(base, &range),
                    );
                }
                Event::SequenceEnd | Event::MappingEnd => self.end(end),
                Event::Alias(anchor) => self.alias(start, end, anchor),
                Event::UnresolvedAlias(name) => {
                    let message = format!(
                        "alias `*{name}` has no anchor `&{name}` before it in this document"
                    );
                    self.errors
                        .push(SyntaxError::new(Span::of(start, end), message));
                    self.leaf(Raw::leaf(start, end, Shape::Unknown, Style::Plain));
                    self.last_end = end;
                }
                _ => {}
            }
        }

        Ok(None)
    }

    /// A node that was added.
    pub fn node(&self, at: u32) -> Raw {
        self.tree.nodes[at as usize]
    }

    /// Takes back everything since the last complete document.
    pub fn roll_back(&mut self) {
        let mark = self.mark;
        self.tree.nodes.truncate(mark.nodes);
        self.tree.texts.truncate(mark.texts);
        self.tree.tags.truncate(mark.tags);
        self.tree.documents.truncate(mark.documents);
        self.errors.truncate(mark.errors);
        self.spent = mark.spent;
    }

    /// Keeps everything read so far; it can no longer be taken back.
    pub fn commit(&mut self) {
        self.mark = self.now();
    }

    /// Remembers a range of the file that was left out.
    pub fn damage(&mut self, lost: Span) {
        self.tree.damage.push(lost);
    }

    fn now(&self) -> Mark {
        Mark {
            nodes: self.tree.nodes.len(),
            texts: self.tree.texts.len(),
            tags: self.tree.tags.len(),
            documents: self.tree.documents.len(),
            errors: self.errors.len(),
            spent: self.spent,
        }
    }

    /// The start of the outermost open bracket.
    fn flow(&self) -> Option<usize> {
        let mut raws = self
            .open
            .iter()
            .map(|open| &self.tree.nodes[open.node as usize]);
        Some(raws.find(|raw| raw.style == Style::Flow)?.start as usize)
    }

    /// Closes what is open after an error.
    fn give_up(&mut self, (start, root): (usize, u32), at: usize) {
        while !self.open.is_empty() {
            self.end(self.last_end);
        }

        if self.tree.nodes.len() as u32 > root {
            self.tree
                .documents
                .push((root, Span::of(start, at.max(start))));
        }
    }

    fn scalar(
        &mut self,
        buffer: &str,
        base: usize,
        range: &Range,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
    ) {
        let bytes = range.byte_range().unwrap_or(0..0);
        let (start, end) = (base + bytes.start, base + bytes.end);
        let raw = match style {
            ScalarStyle::Plain if start == end => {
                self.absent(buffer, self.behind_dash(buffer, start))
            }
            ScalarStyle::Plain => Raw::leaf(start, end, Shape::Scalar, Style::Plain),
            ScalarStyle::SingleQuoted => Raw::leaf(start, end, Shape::Scalar, Style::SingleQuoted),
            ScalarStyle::DoubleQuoted => Raw::leaf(start, end, Shape::Scalar, Style::DoubleQuoted),
            ScalarStyle::Literal => self.block(buffer, start, end, Style::Literal),
            ScalarStyle::Folded => self.block(buffer, start, end, Style::Folded),
        };

        self.last_scalar = raw.start as usize;
        self.last_end = end.max(raw.end as usize);
        let verbatim = !matches!(raw.style, Style::Literal | Style::Folded)
            && (raw.shape != Shape::Scalar || raw.inner().text(self.source) == text);
        self.value(
            raw,
            (!verbatim).then(|| text.into_owned()),
            anchor,
            tag(base, range),
        );
    }

    /// Adds a scalar; `text` is what it says if that differs from what stands in the source.
    pub fn value(&mut self, mut raw: Raw, text: Option<String>, anchor: usize, tag: Option<Span>) {
        if let Some(text) = text {
            raw.link = self.tree.texts.len() as u32;
            self.tree
                .texts
                .push(Cow::Owned(unfinished(text, &raw, self.source)));
        }

        if raw.shape == Shape::Scalar
            && raw.style == Style::Plain
            && matches!(raw.end - raw.start, 1 | 4)
            && matches!(raw.span().text(self.source), "~" | "null" | "Null" | "NULL")
            && !tag.is_some_and(|tag| matches!(tag.text(self.source), "!!str" | "!"))
        {
            raw.shape = Shape::Null;
        }

        let at = self.leaf(raw);
        self.tag(at, tag);

        if anchor != 0 {
            self.anchors.insert(
                anchor,
                Anchor {
                    node: at,
                    size: 1,
                    height: 1,
                },
            );
        }
    }

    /// Where an absent item stands, which the events put at the end of its line: just after its
    /// dash.
    fn behind_dash(&self, buffer: &str, at: usize) -> usize {
        let is_item = self.open.last().is_some_and(|open| {
            let raw = &self.tree.nodes[open.node as usize];
            (raw.shape, raw.style) == (Shape::Sequence, Style::Block)
        });

        let from = line_start(buffer, at).max(self.last_end);
        let line = buffer.get(from..at).filter(|_| is_item).unwrap_or("");
        line.split('#')
            .next()
            .and_then(|line| line.rfind('-'))
            .map_or(at, |dash| from + dash + 1)
    }

    /// A value that is not there: just after its colon or dash, or unknown where an error took it
    /// away.
    pub fn absent(&self, buffer: &str, at: usize) -> Raw {
        let is_value = self.open.last().is_some_and(|open| {
            self.tree.nodes[open.node as usize].shape == Shape::Mapping && open.children % 2 == 1
        });

        let at = if is_value && buffer.as_bytes().get(at) == Some(&b':') {
            at + 1
        } else {
            at
        };

        let lost = self.mask.is_some_and(|mask| mask.hides_value(at))
            || self.tree.damage.iter().any(|lost| {
                lost.start as usize >= at
                    && buffer
                        .get(at..lost.start as usize)
                        .is_some_and(|gap| gap.bytes().all(|byte| byte == b' '))
            });
        Raw::leaf(
            at,
            at,
            if lost { Shape::Unknown } else { Shape::Null },
            Style::Plain,
        )
    }

    /// A block scalar, from its header to the end of its last line that is not blank.
    fn block(&self, buffer: &str, start: usize, end: usize, style: Style) -> Raw {
        let header = next_token(buffer, self.last_end).min(start);
        let body = buffer.get(header..end).unwrap_or("").trim_end();
        Raw::leaf(header, header + body.len(), Shape::Scalar, style)
    }

    /// The first dash of a block sequence: the events of a sequence that is not indented begin
    /// behind it.
    fn dash(&self, buffer: &str, at: usize) -> usize {
        let is_value = self
            .open
            .last()
            .is_some_and(|open| self.tree.nodes[open.node as usize].shape == Shape::Mapping);
        if !is_value && buffer.as_bytes().get(at) == Some(&b'-') {
            return at;
        }

        let found = next_dash(buffer, self.last_end);
        if found <= at && buffer.as_bytes().get(found) == Some(&b'-') {
            found
        } else {
            at
        }
    }

    /// Opens a collection.
    pub fn begin(&mut self, raw: Raw, anchor: usize, tag: Option<Span>) {
        let at = self.push(raw);
        if raw.style == Style::Flow {
            self.last_end = raw.end as usize;
        }

        self.tag(at, tag);
        self.open.push(Open {
            node: at,
            children: 0,
            size: 1,
            height: 1,
            end: raw.end,
            anchor,
        });
    }

    /// Closes the innermost collection; `end` is that of its bracket, if it has one.
    pub fn end(&mut self, end: usize) {
        let Some(open) = self.open.pop() else { return };

        let after = self.tree.nodes.len() as u32;
        let raw = &mut self.tree.nodes[open.node as usize];
        raw.after = after;
        raw.link = open.children;
        raw.end = open.end;

        if raw.style == Style::Flow {
            raw.end = Span::of(0, end).end;
            self.last_end = end;
        }

        let (end, shape) = (raw.end, raw.shape);

        if open.anchor != 0 {
            self.anchors.insert(
                open.anchor,
                Anchor {
                    node: open.node,
                    size: open.size,
                    height: open.height,
                },
            );
        }

        self.account(open.size, open.height, end);
        if shape == Shape::Mapping {
            self.keys(open.node);
        }
    }

    /// Adds an alias to a node that is complete, or to nothing.
    pub fn alias(&mut self, start: usize, end: usize, anchor: usize) {
        self.last_end = end;
        // An anchor is known here only once its node has ended, so an alias inside its own anchor
        // leads nowhere.
        let target = self.anchors.get(&anchor).copied().filter(|target| {
            self.spent.saturating_add(target.size) <= ALIAS_NODES
                && self.open.len() as u32 + target.height <= DEPTH
        });

        let mut raw = Raw::leaf(start, end, Shape::Alias, Style::Plain);
        let Some(target) = target else {
            self.leaf(raw);
            return;
        };

        raw.link = target.node;
        self.spent += target.size;
        self.push(raw);
        self.account(target.size, target.height, raw.end);
    }

    fn leaf(&mut self, raw: Raw) -> u32 {
        let at = self.push(raw);
        self.account(1, 1, raw.end);
        at
    }

    fn push(&mut self, mut raw: Raw) -> u32 {
        let at = self.tree.nodes.len() as u32;
        raw.after = at + 1;
        self.tree.nodes.push(raw);
        at
    }

    /// Tells the open collection of a child that is complete.
    fn account(&mut self, size: u64, height: u32, end: u32) {
        if let Some(open) = self.open.last_mut() {
            open.children += 1;
            open.size = open.size.saturating_add(size);
            open.height = open.height.max(height + 1);
            open.end = open.end.max(end);
        }
    }

    /// Notes the tag of a node.
    fn tag(&mut self, at: u32, tag: Option<Span>) {
        let Some(tag) = tag else { return };
        self.tree.nodes[at as usize].flags |= TAGGED;
        self.tree
            .tags
            .push((at, Cow::Borrowed(tag.text(self.source))));
    }

    /// Looks for repeated keys and merge keys of a mapping that is complete.
    fn keys(&mut self, mapping: u32) {
        let end = self.tree.nodes[mapping as usize].after;
        let mut keys = Vec::new();
        let mut at = mapping + 1;

        while at < end {
            let raw = self.tree.nodes[at as usize];

            if raw.shape == Shape::Scalar {
                if raw.style == Style::Plain && self.tree.text(at) == "<<" {
                    self.tree.nodes[at as usize].flags |= MERGE_KEY;
                    self.tree.nodes[mapping as usize].flags |= MERGES;
                } else {
                    keys.push(at);
                }
            }
            // Of a mapping that an error cut short the last key may have no value.
            let value = raw.after;
            at = if value < end {
                self.tree.nodes[value as usize].after
            } else {
                end
            };
        }

        for (first, second) in repeats(self.tree, &keys) {
            self.tree.nodes[first as usize].flags |= REPEATED;

            if self.mask.is_some() {
                // Branches of an `if` often repeat keys.
                continue;
            }

            let message = format!(
                "duplicate key `{}`; the last value wins",
                self.tree.text(second)
            );
            let error = SyntaxError::new(self.tree.raw(second).span(), message);
            self.errors
                .push(error.related(self.tree.raw(first).span(), "first defined here"));
        }
    }
}

fn raw(shape: Shape, style: StructureStyle, start: usize, end: usize) -> Raw {
    match style {
        // It ends where its last child does; the event may lie behind a first one that is absent.
        StructureStyle::Block => Raw::leaf(start, start, shape, Style::Block),
        StructureStyle::Flow => Raw::leaf(start, end, shape, Style::Flow),
    }
}

/// Where the tag of a node stands.
fn tag(base: usize, range: &Range) -> Option<Span> {
    let bytes = range.tag_span()?.byte_range()?;
    Some(Span::of(base + bytes.start, base + bytes.end))
}

/// Pairs of neighbouring keys with the same text, in the order of the second one.
fn repeats(tree: &Tree<'_>, keys: &[u32]) -> Vec<(u32, u32)> {
    if keys.len() < 2 {
        return Vec::new();
    }

    let texts = keys.iter().map(|&key| tree.text(key));
    // Most mappings are small, and there comparing beats hashing.
    if keys.len() <= 16 {
        let texts: Vec<&str> = texts.collect();
        let before = |at: usize| texts[..at].iter().rposition(|text| *text == texts[at]);
        return (1..keys.len())
            .filter_map(|at| Some((keys[before(at)?], keys[at])))
            .collect();
    }

    let mut seen = HashMap::with_capacity(keys.len());
    keys.iter()
        .zip(texts)
        .filter_map(|(&key, text)| Some((seen.insert(text, key)?, key)))
        .collect()
}

/// Takes back the line end that the parser adds to a block scalar whose last line has none: the
/// readers that deploy a file do not add it.
fn unfinished(mut text: String, raw: &Raw, source: &str) -> String {
    let at_end = raw.end as usize == source.len() && !source.ends_with(['\n', '\r']);
    if at_end && matches!(raw.style, Style::Literal | Style::Folded) && text.ends_with('\n') {
        text.pop();
    }
    text
}

/// The first byte from `from` on that is neither blank nor a comment, an indicator, a tag or an
/// anchor: where a scalar begins.
pub(super) fn next_token(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;

    while let Some(&byte) = bytes.get(at) {
        at = match byte {
            b'#' | b'%' => line_end(text, at),
            b'!' | b'&' => {
                at + bytes[at..]
                    .iter()
                    .take_while(|byte| !byte.is_ascii_whitespace())
                    .count()
            }

            b'-' if bytes
                .get(at + 1)
                .is_some_and(|next| !next.is_ascii_whitespace()) =>
            {
                return at;
            }
            b' ' | b'\t' | b'\n' | b'\r' | b':' | b'?' | b',' | b'-' => at + 1,
            _ => return at,
        };
    }

    at.min(text.len())
}

/// As [`next_token`], but stops at a dash too.
fn next_dash(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;

    while let Some(&byte) = bytes.get(at) {
        at = match byte {
            b'#' => line_end(text, at),
            b'!' | b'&' => {
                at + bytes[at..]
                    .iter()
                    .take_while(|byte| !byte.is_ascii_whitespace())
                    .count()
            }
            b' ' | b'\t' | b'\n' | b'\r' | b':' | b'?' => at + 1,
            _ => return at,
        };
    }

    at.min(text.len())
}

/// The end of the line that holds `at`, before its line end.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or(b"");
    memchr::memchr2(b'\n', b'\r', rest).map_or(text.len(), |length| at + length)
}

/// The start of the line that holds `at`.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    memchr::memrchr2(b'\n', b'\r', before).map_or(0, |end| end + 1)
}

impl Raw {
    pub(super) fn leaf(start: usize, end: usize, shape: Shape, style: Style) -> Self {
        let span = Span::of(start, end);
        Raw {
            start: span.start,
            end: span.end,
            after: 0,
            link: NONE,
            source: 0,
            shape,
            style,
            flags: 0,
        }
    }
}
