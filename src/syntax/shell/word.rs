//! Words: text with its quotes taken off, and the pieces it was made from.

use crate::source::{OffsetMap, Span};

/// One word of a command.
#[derive(Clone, Debug, Default)]
pub struct Word {
    /// From the first to the last byte, quotes included.
    pub span: Span,
    /// The text without quotes and escapes. Expansions stand in it as they were written.
    pub(super) text: Box<str>,
    /// The pieces in order. Empty when the word stands in its source exactly as in `text`, from the
    /// span's start on.
    pub parts: Vec<Part>,
}

/// A piece of a word.
#[derive(Clone, Debug)]
pub struct Part {
    pub kind: PartKind,
    pub quote: Quote,
    /// Where it stands, without the quotes around it.
    pub span: Span,
    /// Where it begins in the word's text.
    pub offset: u32,
}

#[derive(Clone, Debug)]
pub enum PartKind {
    /// Text that stands for itself; also one decoded escape.
    Literal,
    /// `$NAME` or `${NAME…}`.
    Variable(Box<Variable>),
    /// `$( … )` or backticks. The block is an index into the script's blocks.
    Substitution { block: u32 },
    /// `<( … )` or `>( … )`.
    Process { block: u32 },
    /// `$(( … ))`; the word is what stands between.
    Arithmetic(Box<Word>),
    /// `${{ … }}` or `{{ … }}`: something that is filled in before a shell sees the text.
    Template,
    /// `( … )` after `NAME=`.
    Array(Vec<Word>),
}

/// The quotes a piece stands in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quote {
    #[default]
    None,
    /// `'…'`, `$'…'` or a backslash before one character.
    Single,
    /// `"…"`
    Double,
}

/// A parameter expansion.
#[derive(Clone, Debug)]
pub struct Variable {
    pub name: String,
    pub name_span: Span,
    pub operator: Option<Operator>,
    /// What follows the operator: the default, the message, the replacement. Empty for `${X:-}`.
    pub operand: Option<Word>,
}

/// What a parameter expansion does. The `:` of `:-` and its like is not told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `-`
    Default,
    /// `=`
    Assign,
    /// `?`
    Require,
    /// `+`
    Alternative,
    /// Cutting, replacing, case changes, lengths, indirection.
    Other,
}

impl Word {
    /// A word that stands in its source as it is.
    pub(super) fn plain(text: &str, span: Span) -> Self {
        Self {
            span,
            text: text.into(),
            parts: Vec::new(),
        }
    }

    /// A word whose text was decoded by someone else, with the map from its text to the source.
    pub(super) fn decoded(text: &str, span: Span, map: Option<&OffsetMap>) -> Self {
        let mut parts = Vec::new();
        let mut add = |offset: usize, start: u32, end: u32| {
            let span = Span::new(start, end);
            parts.push(Part {
                kind: PartKind::Literal,
                quote: Quote::Single,
                span,
                offset: offset as u32,
            });
        };

        match map {
            Some(map) => {
                let mut begin = 0;
                let mut before = map.offset(0);

                for at in 1..=text.len() {
                    let here = map.offset(at as u32);
                    let ends = at == text.len() || here != before + 1;
                    before = here;

                    if ends {
                        let local = Span::of(begin, at);
                        let source = map.span(local);
                        add(begin, source.start, source.end);
                        begin = at;
                    }
                }
            }
            None if span.len() as usize == text.len() => {}
            None if span.len() as usize == text.len() + 2 => add(0, span.start + 1, span.end - 1),
            None => add(0, span.start, span.end),
        }

        Self {
            span,
            text: text.into(),
            parts,
        }
    }

    /// The text without quotes and escapes, with expansions as they were written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text when nothing in it is expanded.
    pub fn literal(&self) -> Option<&str> {
        self.parts
            .iter()
            .all(|part| matches!(part.kind, PartKind::Literal))
            .then_some(&*self.text)
    }

    /// Whether any piece is quoted or escaped.
    pub fn is_quoted(&self) -> bool {
        self.parts.iter().any(|part| part.quote != Quote::None)
    }

    /// The expansions of variables in this word, also those inside the operands of others.
    pub fn variables(&self) -> Vec<&Variable> {
        let mut found = Vec::new();
        let mut queue: Vec<&Word> = vec![self];

        while let Some(word) = queue.pop() {
            for part in &word.parts {
                match &part.kind {
                    PartKind::Variable(variable) => {
                        found.push(&**variable);
                        queue.extend(variable.operand.as_ref());
                    }
                    PartKind::Arithmetic(inner) => queue.push(inner),
                    PartKind::Array(elements) => queue.extend(elements),
                    _ => {}
                }
            }
        }

        found.sort_by_key(|variable| variable.name_span);

        found
    }

    /// Whether the word has an expansion whose result is not written here.
    pub fn is_expanded(&self) -> bool {
        self.literal().is_none()
    }

    /// `NAME=value` as an argument, as `export`, `env` and `docker -e` take it: the name and the
    /// value's text.
    pub fn assignment(&self) -> Option<(&str, &str)> {
        let (name, value) = self.text.split_once('=')?;
        is_name(name).then_some((name, value))
    }

    /// Where a range of the text stands in the source.
    pub fn source(&self, range: std::ops::Range<usize>) -> Span {
        if range.is_empty() {
            let at = self.offset(range.start);
            return Span::new(at, at);
        }

        let last = self.offset(range.end - 1);
        Span::new(
            self.offset(range.start),
            (last + 1).min(self.span.end).max(self.span.start),
        )
    }

    fn offset(&self, at: usize) -> u32 {
        let index = self
            .parts
            .partition_point(|part| part.offset as usize <= at);
        let Some(part) = index.checked_sub(1).map(|index| &self.parts[index]) else {
            return (self.span.start + at as u32).min(self.span.end);
        };

        (part.span.start + (at as u32 - part.offset)).min(part.span.end)
    }

    /// The map from the text to the source.
    pub(super) fn map(&self) -> OffsetMap {
        let mut map = OffsetMap::verbatim(self.span.start);
        for part in &self.parts {
            map.push(part.offset, part.span.start);
        }
        map
    }

    /// Moves every span of the word through a map, and the blocks it names by `blocks`.
    pub(super) fn remap(&mut self, location: &impl Fn(Span) -> Span, blocks: u32) {
        if self.parts.is_empty() {
            let moved = location(self.span);
            if moved.len() != self.span.len() {
                self.parts = per_run(self.span, location);
            }

            self.span = moved;
            return;
        }

        let mut parts = Vec::with_capacity(self.parts.len());

        for mut part in std::mem::take(&mut self.parts) {
            match &mut part.kind {
                PartKind::Literal if location(part.span).len() != part.span.len() => {
                    let (quote, offset) = (part.quote, part.offset);
                    parts.extend(per_run(part.span, location).into_iter().map(|run| Part {
                        quote,
                        offset: run.offset + offset,
                        ..run
                    }));
                    continue;
                }
                PartKind::Literal | PartKind::Template => {}
                PartKind::Variable(variable) => {
                    variable.name_span = location(variable.name_span);
                    if let Some(operand) = &mut variable.operand {
                        operand.remap(location, blocks);
                    }
                }
                PartKind::Substitution { block } | PartKind::Process { block } => *block += blocks,
                PartKind::Arithmetic(inner) => inner.remap(location, blocks),
                PartKind::Array(elements) => elements
                    .iter_mut()
                    .for_each(|word| word.remap(location, blocks)),
            }

            part.span = location(part.span);
            parts.push(part);
        }

        self.parts = parts;
        self.span = location(self.span);
    }
}

/// Literal parts for a run of text that its source interrupts.
fn per_run(span: Span, location: &impl Fn(Span) -> Span) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();

    for at in span.start..span.end {
        let byte = location(Span::new(at, at + 1));

        match parts.last_mut() {
            Some(last) if last.span.end == byte.start => last.span.end = byte.end,
            _ => parts.push(Part {
                kind: PartKind::Literal,
                quote: Quote::None,
                span: byte,
                offset: at - span.start,
            }),
        }
    }

    parts
}

/// Whether a text is a variable's name.
pub(super) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
