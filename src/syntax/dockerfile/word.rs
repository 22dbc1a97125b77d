//! Words of instructions: quotes, escapes and variables.
//!
//! A word keeps the text as written. It is split into pieces on demand, in the same way as in the
//! lexer of the builder, and without substitution: values of variables are known to the model only.

use std::borrow::Cow;

use super::escape::Escape;
use crate::source::{OffsetMap, Span};

/// The depth to which variables may be nested in modifiers (`${A:-${B}}`). Deeper ones are an
/// error.
const MAX_DEPTH: usize = 32;

/// A word of an instruction: its text with continuations joined, including quotes and escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub span: Span,
    joints: Option<Box<OffsetMap>>,
    escape: Escape,
}

impl Word {
    pub(super) const fn new(
        text: String,
        span: Span,
        joints: Option<Box<OffsetMap>>,
        escape: Escape,
    ) -> Self {
        Self {
            text,
            span,
            joints,
            escape,
        }
    }

    /// The text without quotes and escapes; `None` when it contains a variable or does not lex.
    pub fn literal(&self) -> Option<Cow<'_, str>> {
        if !self.text.contains(['$', '\'', '"', self.escape.char()]) {
            return Some(Cow::Borrowed(&self.text));
        }

        let mut literal = String::new();

        for piece in self.pieces().ok()? {
            match piece {
                Piece::Text(text) => literal.push_str(&text),
                Piece::Variable(_) => return None,
            }
        }

        Some(Cow::Owned(literal))
    }

    /// The pieces of the word, without quotes and escapes.
    ///
    /// # Errors
    /// A quote or a brace that is not closed, or a substitution the builder does not know.
    pub fn pieces(&self) -> Result<Vec<Piece>, BadWord> {
        let mut lexer = Lexer {
            text: &self.text,
            offset: 0,
            escape: self.escape.char(),
        };
        lexer.pieces(None, 0)
    }

    /// Whether the word contains a template (`{{ image }}`), so that its value is unknown.
    pub fn is_template(&self) -> bool {
        is_template(&self.text)
    }

    /// The reason why the builder rejects this word, if it does.
    pub fn problem(&self) -> Option<BadWord> {
        if !self.text.contains(['$', '\'', '"']) {
            return None;
        }

        let pieces = match self.pieces() {
            Ok(pieces) => pieces,
            Err(bad) => return Some(bad),
        };

        let mut variables = Vec::new();
        collect_variables(pieces, &mut variables);
        let unsupported = variables
            .iter()
            .find(|variable| variable.has_modifier(ModifierKind::Unsupported))?;

        Some(BadWord {
            local: unsupported.local,
            message: "the builder does not support this substitution",
        })
    }

    /// Every variable of the word, including those inside modifiers.
    pub fn variables(&self) -> Vec<Variable> {
        let mut variables = Vec::new();
        if self.text.contains('$')
            && let Ok(pieces) = self.pieces()
        {
            collect_variables(pieces, &mut variables);
        }

        variables
    }

    /// The source span of a range of `text`, as in pieces and errors.
    pub fn span_of(&self, local: Span) -> Span {
        match &self.joints {
            Some(joints) => joints.span(local),
            None => local.shift(self.span.start),
        }
    }
}

/// Whether a text contains marks of Jinja, Go, Mustache or ERB templates.
pub(super) fn is_template(text: &str) -> bool {
    ["{{", "{%", "<%"].iter().any(|mark| text.contains(mark))
}

fn collect_variables(pieces: Vec<Piece>, variables: &mut Vec<Variable>) {
    for piece in pieces {
        if let Piece::Variable(variable) = piece {
            let nested = variable
                .modifier
                .as_ref()
                .map(|modifier| modifier.word.clone())
                .unwrap_or_default();
            variables.push(variable);
            collect_variables(nested, variables);
        }
    }
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    Variable(Variable),
}

/// `$name`, `${name}` or `${name:-word}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    /// The whole substitution, `$` included, in the word's text (see [`Word::span_of`]).
    pub local: Span,
    pub modifier: Option<Modifier>,
}

impl Variable {
    fn has_modifier(&self, kind: ModifierKind) -> bool {
        self.modifier
            .as_ref()
            .is_some_and(|modifier| modifier.kind == kind)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modifier {
    pub kind: ModifierKind,
    /// A colon precedes it, so an empty value counts as unset.
    pub or_empty: bool,
    pub word: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModifierKind {
    /// `-`: the word replaces an unset variable.
    Default,
    /// `+`: the word replaces a set variable.
    Alternate,
    /// `?`: an unset variable fails the build with the word as message.
    Required,
    /// `#`, `%` and `/`: the value is cut by a pattern.
    Pattern,
    /// `.`: a placeholder such as `${project.version}`, which another tool fills in before the
    /// builder reads it.
    Placeholder,
    /// A modifier that the builder rejects, such as `${name:0:3}`.
    Unsupported,
}

/// The reason why a word does not lex, and the span in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadWord {
    pub local: Span,
    pub message: &'static str,
}

/// The end of the `$` substitution at `offset`, for lexers that only skip it.
pub(super) fn after_dollar(text: &str, offset: usize, escape: Escape) -> Result<usize, BadWord> {
    let mut lexer = Lexer {
        text,
        offset,
        escape: escape.char(),
    };

    lexer.dollar(0)?;

    Ok(lexer.offset)
}

struct Lexer<'a> {
    text: &'a str,
    offset: usize,
    escape: char,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.offset..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.offset += next.len_utf8();
        Some(next)
    }

    fn bad(&self, start: usize, message: &'static str) -> BadWord {
        BadWord {
            local: Span::of(start, self.offset),
            message,
        }
    }

    /// The pieces up to `stop`, which is consumed, or to the end.
    fn pieces(&mut self, stop: Option<char>, depth: usize) -> Result<Vec<Piece>, BadWord> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let start = self.offset;

        loop {
            let Some(next) = self.peek() else {
                if stop.is_some() {
                    return Err(self.bad(start, "this substitution is not closed"));
                }

                break;
            };

            if Some(next) == stop {
                self.offset += next.len_utf8();
                break;
            }

            match next {
                '\'' => self.single_quoted(&mut text)?,
                '"' => self.double_quoted(&mut pieces, &mut text, depth)?,
                '$' => self.substitution(&mut pieces, &mut text, depth)?,
                _ => {
                    self.offset += next.len_utf8();
                    if next == self.escape {
                        text.extend(self.next());
                    } else {
                        text.push(next);
                    }
                }
            }
        }

        flush(&mut text, &mut pieces);

        Ok(pieces)
    }

    fn single_quoted(&mut self, text: &mut String) -> Result<(), BadWord> {
        let start = self.offset;
        let body = self.offset + 1;
        let Some(len) = self.text[body..].find('\'') else {
            self.offset = self.text.len();
            return Err(BadWord {
                local: Span::of(start, start + 1),
                message: "this quote is not closed",
            });
        };

        text.push_str(&self.text[body..body + len]);
        self.offset = body + len + 1;

        Ok(())
    }

    fn double_quoted(
        &mut self,
        pieces: &mut Vec<Piece>,
        text: &mut String,
        depth: usize,
    ) -> Result<(), BadWord> {
        let start = self.offset;
        self.offset += 1;

        loop {
            match self.peek() {
                None => {
                    return Err(BadWord {
                        local: Span::of(start, start + 1),
                        message: "this quote is not closed",
                    });
                }
                Some('"') => {
                    self.offset += 1;
                    return Ok(());
                }
                Some('$') => self.substitution(pieces, text, depth)?,
                Some(next) => {
                    self.offset += next.len_utf8();

                    match self.peek() {
                        Some(escaped)
                            if next == self.escape
                                && (['"', '$'].contains(&escaped) || escaped == next) =>
                        {
                            self.offset += escaped.len_utf8();
                            text.push(escaped);
                        }
                        _ => text.push(next),
                    }
                }
            }
        }
    }

    fn substitution(
        &mut self,
        pieces: &mut Vec<Piece>,
        text: &mut String,
        depth: usize,
    ) -> Result<(), BadWord> {
        match self.dollar(depth)? {
            Some(variable) => {
                flush(text, pieces);
                pieces.push(Piece::Variable(variable));
            }
            None => text.push('$'),
        }

        Ok(())
    }

    /// A substitution; `None` for a `$` that does not begin one.
    fn dollar(&mut self, depth: usize) -> Result<Option<Variable>, BadWord> {
        let start = self.offset;
        self.offset += 1;

        if self.peek() != Some('{') {
            let name = self.name();
            let local = Span::of(start, self.offset);
            return Ok((!name.is_empty()).then_some(Variable {
                name,
                local,
                modifier: None,
            }));
        }

        self.offset += 1;
        if depth >= MAX_DEPTH {
            return Err(self.bad(start, "substitutions are nested too deeply"));
        }

        match self.peek() {
            None => return Err(self.bad(start, "this substitution is not closed")),
            Some('{' | '}' | ':') => {
                return Err(self.bad(start, "a substitution needs a variable name"));
            }
            Some(_) => {}
        }

        let name = self.name();
        let or_empty = self.peek() == Some(':');
        if or_empty {
            self.offset += 1;
        }

        let modifier = match self.next() {
            None => return Err(self.bad(start, "this substitution is not closed")),
            Some('}') if !or_empty => None,
            Some('/') if !or_empty => {
                if self.peek() == Some('/') {
                    self.offset += 1;
                }

                let mut word = self.pieces(Some('/'), depth + 1)?;
                word.extend(self.pieces(Some('}'), depth + 1)?);
                Some(Modifier {
                    kind: ModifierKind::Pattern,
                    or_empty,
                    word,
                })
            }
            Some(operator) => {
                let kind = match operator {
                    '-' => ModifierKind::Default,
                    '+' => ModifierKind::Alternate,
                    '?' => ModifierKind::Required,
                    '#' | '%' => ModifierKind::Pattern,
                    '.' if !or_empty => ModifierKind::Placeholder,
                    _ if or_empty => ModifierKind::Unsupported,
                    _ => {
                        return Err(
                            self.bad(start, "the builder does not support this substitution")
                        );
                    }
                };

                Some(Modifier {
                    kind,
                    or_empty,
                    word: self.pieces(Some('}'), depth + 1)?,
                })
            }
        };

        Ok(Some(Variable {
            name,
            local: Span::of(start, self.offset),
            modifier,
        }))
    }

    /// A variable's name: letters, digits and `_`; or digits alone; or one special parameter.
    fn name(&mut self) -> String {
        let rest = &self.text[self.offset..];
        let len = match rest.chars().next() {
            Some(first) if first.is_numeric() => {
                rest.find(|c: char| !c.is_numeric()).unwrap_or(rest.len())
            }
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => 1,
            _ => rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len()),
        };

        self.offset += len;

        rest[..len].to_owned()
    }
}

fn flush(text: &mut String, pieces: &mut Vec<Piece>) {
    if !text.is_empty() {
        pieces.push(Piece::Text(std::mem::take(text)));
    }
}
