//! Calls in a file's tokens: `receiver.name(first, keyword=value)`.

use super::lex::Tokens;
use crate::source::Span;

/// A string literal with the span between its quotes.
pub type Literal<'t> = (&'t str, Span);

/// A word before an opening parenthesis, with its surroundings.
#[derive(Clone, Copy, Debug)]
pub struct CodeCall<'c, 't> {
    tokens: &'c Tokens<'t>,
    /// The index of the called name.
    index: usize,
}

/// The value of a keyword argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeywordArgument<'t> {
    Absent,
    Literal(Literal<'t>),
    Computed,
}

impl<'t> KeywordArgument<'t> {
    pub const fn literal(self) -> Option<Literal<'t>> {
        match self {
            KeywordArgument::Literal(literal) => Some(literal),
            KeywordArgument::Absent | KeywordArgument::Computed => None,
        }
    }
}

impl<'c, 't> CodeCall<'c, 't> {
    /// The call whose name is at an index.
    pub fn new(tokens: &'c Tokens<'t>, index: usize) -> Option<Self> {
        let is_call = !tokens.word(index).is_empty() && tokens.sign(index + 1) == b'(';

        is_call.then_some(Self { tokens, index })
    }

    /// The calls of a file, in order.
    pub fn all(tokens: &'c Tokens<'t>) -> impl Iterator<Item = Self> {
        (0..tokens.count()).filter_map(|index| Self::new(tokens, index))
    }

    pub fn name(self) -> &'t str {
        self.tokens.word(self.index)
    }

    /// The span of the name.
    pub fn span(self) -> Span {
        self.tokens
            .get(self.index)
            .map_or(Span::default(), |token| token.span)
    }

    /// The index of the opening parenthesis.
    pub const fn open(self) -> usize {
        self.index + 1
    }

    /// The index of the closing parenthesis.
    pub fn close(self) -> usize {
        self.tokens.close(self.open())
    }

    /// The first argument, if it is a literal.
    pub fn first(self) -> Option<Literal<'t>> {
        self.tokens.text(self.open() + 1)
    }

    /// Whether the first argument is one token and others follow.
    pub fn has_second(self) -> bool {
        self.tokens.sign(self.open() + 2) == b','
    }

    /// Whether there is no argument at all.
    pub fn is_empty(self) -> bool {
        self.close() == self.open() + 1
    }

    /// The argument of one of these names: `name=value`, `name: value`.
    pub fn keyword(self, names: &[&str]) -> KeywordArgument<'t> {
        let name = (self.open() + 1..self.close()).find(|&index| {
            names.contains(&self.tokens.word(index))
                && matches!(self.tokens.sign(index + 1), b'=' | b':')
        });

        match name {
            None => KeywordArgument::Absent,
            Some(name) => match self.tokens.text(name + 2) {
                Some(literal) => KeywordArgument::Literal(literal),
                None => KeywordArgument::Computed,
            },
        }
    }

    /// Whether one of these words is among the arguments.
    pub fn mentions(self, words: &[&str]) -> bool {
        (self.open()..self.close()).any(|index| words.contains(&self.tokens.word(index)))
    }

    /// The sign before the name, 0 for other tokens: `.` of a method, `@` of an
    /// annotation.
    pub fn sign_before(self) -> u8 {
        self.tokens.sign(self.index.wrapping_sub(1))
    }

    pub fn is_method(self) -> bool {
        self.sign_before() == b'.'
    }

    /// Whether it is an annotation: `@name(…)`.
    pub fn is_annotation(self) -> bool {
        self.sign_before() == b'@'
    }

    /// Whether it decorates what follows: `@app.get(…)`, `@self.app.get(…)`.
    pub fn is_decorator(self) -> bool {
        [3, 5]
            .iter()
            .any(|back| self.tokens.sign(self.index.wrapping_sub(*back)) == b'@')
    }

    /// The name before the dot; empty where there is none.
    pub fn receiver(self) -> &'t str {
        if self.is_method() {
            self.tokens.word(self.index.wrapping_sub(2))
        } else {
            ""
        }
    }

    /// Whether it is called on the result of another call.
    pub fn is_chained(self) -> bool {
        self.is_method() && self.tokens.sign(self.index.wrapping_sub(2)) == b')'
    }

    /// The variable that gets the result: `x = a.b(`, `x := a.b(`, `x = await b(`, `x: T = b(`,
    /// `x = new b(`. Empty where there is none.
    pub fn assigned_to(self) -> &'t str {
        let tokens = self.tokens;
        let nearest = self.index.saturating_sub(6);
        let equals = (nearest..self.index)
            .rev()
            .find(|&index| tokens.sign(index) == b'=');
        let Some(equals) = equals else { return "" };

        let is_declared = equals > 0 && tokens.sign(equals - 1) == b':';
        let name = equals.saturating_sub(if is_declared { 2 } else { 1 });
        let is_typed = name >= 2 && tokens.sign(name - 1) == b':';

        tokens.word(if is_typed { name - 2 } else { name })
    }
}
