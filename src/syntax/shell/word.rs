//! Words: text without quotes, and its pieces.

use crate::source::{OffsetMap, Span};

/// A word of a command.
#[derive(Clone, Debug, Default)]
pub struct Word {
    /// From the first to the last byte, quotes included.
    pub span: Span,
    /// The text without quotes and escapes. It contains expansions as written.
    pub(super) text: Box<str>,
    /// The pieces in order. Empty when the source of the word is equal to `text`.
    pub parts: Vec<Part>,
}

/// A piece of a word.
#[derive(Clone, Debug)]
pub struct Part {
    pub kind: PartKind,
    pub quote: Quote,
    /// The span without the quotes around it.
    pub span: Span,
    /// The offset in the text of the word.
    pub offset: u32,
}

impl Part {
    /// A decoded run of text at an offset of its word.
    const fn decoded(offset: usize, span: Span) -> Self {
        Self {
            kind: PartKind::Literal,
            quote: Quote::Single,
            span,
            offset: offset as u32,
        }
    }
}

#[derive(Clone, Debug)]
pub enum PartKind {
    /// Literal text; also a decoded escape.
    Literal,
    /// `$NAME` or `${NAME…}`.
    Variable(Box<Variable>),
    /// `$( … )` or backticks. The block is an index into the script's blocks.
    Substitution { block: u32 },
    /// `<( … )` or `>( … )`.
    Process { block: u32 },
    /// `$(( … ))`; the word is the expression.
    Arithmetic(Box<Word>),
    /// `${{ … }}` or `{{ … }}`: filled in before a shell reads the text.
    Template,
    /// `( … )` after `NAME=`.
    Array(Vec<Word>),
}

/// The quotes of a piece.
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
    /// The text after the operator: the default, the message, the replacement. Empty for `${X:-}`.
    pub operand: Option<Word>,
}

/// The operator of a parameter expansion. `:-` is the same as `-`, and so on.
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
    /// A word that is equal to its source.
    pub(super) fn plain(text: &str, span: Span) -> Self {
        Self {
            span,
            text: text.into(),
            parts: Vec::new(),
        }
    }

    /// A word with a decoded text, and the map from the text to the source.
    pub(super) fn decoded(text: &str, span: Span, map: Option<&OffsetMap>) -> Self {
        let mut parts = Vec::new();

        match map {
            Some(map) => {
                let mut begin = 0;
                let mut before = map.offset(0);

                for offset in 1..=text.len() {
                    let source = map.offset(offset as u32);
                    let ends = offset == text.len() || source != before + 1;
                    before = source;

                    if ends {
                        let span = map.span(Span::of(begin, offset));
                        parts.push(Part::decoded(begin, span));
                        begin = offset;
                    }
                }
            }
            None if span.len() as usize == text.len() => {}
            None if span.len() as usize == text.len() + 2 => {
                let inner = Span::new(span.start + 1, span.end - 1);
                parts.push(Part::decoded(0, inner));
            }
            None => parts.push(Part::decoded(0, span)),
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

    /// The text, if nothing in it is expanded.
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

    /// The expansions of variables in this word, including those inside the operands of others.
    pub fn variables(&self) -> Vec<&Variable> {
        let mut variables = Vec::new();
        let mut queue: Vec<&Word> = vec![self];

        while let Some(word) = queue.pop() {
            for part in &word.parts {
                match &part.kind {
                    PartKind::Variable(variable) => {
                        variables.push(&**variable);
                        queue.extend(variable.operand.as_ref());
                    }
                    PartKind::Arithmetic(inner) => queue.push(inner),
                    PartKind::Array(elements) => queue.extend(elements),
                    _ => {}
                }
            }
        }

        variables.sort_by_key(|variable| variable.name_span);

        variables
    }

    /// Whether the word has an expansion, whose result is unknown.
    pub fn is_expanded(&self) -> bool {
        self.literal().is_none()
    }

    /// The name and the value of an argument `NAME=value`, as of `export`, `env` and `docker -e`.
    pub fn assignment(&self) -> Option<(&str, &str)> {
        let (name, value) = self.text.split_once('=')?;
        is_name(name).then_some((name, value))
    }

    /// The source of a range of the text.
    pub fn source(&self, range: std::ops::Range<usize>) -> Span {
        if range.is_empty() {
            let start = self.source_offset(range.start);
            return Span::new(start, start);
        }

        let last = self.source_offset(range.end - 1);
        Span::new(
            self.source_offset(range.start),
            (last + 1).min(self.span.end).max(self.span.start),
        )
    }

    fn source_offset(&self, offset: usize) -> u32 {
        let index = self
            .parts
            .partition_point(|part| part.offset as usize <= offset);
        let Some(part) = index.checked_sub(1).map(|index| &self.parts[index]) else {
            return (self.span.start + offset as u32).min(self.span.end);
        };

        (part.span.start + (offset as u32 - part.offset)).min(part.span.end)
    }

    /// The map from the text to the source.
    pub(super) fn map(&self) -> OffsetMap {
        let mut map = OffsetMap::verbatim(self.span.start);
        for part in &self.parts {
            map.push(part.offset, part.span.start);
        }
        map
    }

    /// Moves every span of the word through a map, and the indices of its blocks by `blocks`.
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

/// The literal parts of a text whose source is interrupted.
fn per_run(span: Span, location: &impl Fn(Span) -> Span) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();

    for offset in span.start..span.end {
        let byte = location(Span::new(offset, offset + 1));

        match parts.last_mut() {
            Some(last) if last.span.end == byte.start => last.span.end = byte.end,
            _ => parts.push(Part {
                kind: PartKind::Literal,
                quote: Quote::None,
                span: byte,
                offset: offset - span.start,
            }),
        }
    }

    parts
}

/// Whether a text is the name of a variable.
pub(super) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
