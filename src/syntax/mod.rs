//! Parsers: from text to a tree and errors. They know nothing of services or workloads, and do not
//! fail: text that cannot be parsed is a [`SyntaxError`], and the rest of the tree is kept.

pub(crate) mod decode;
pub mod dockerfile;
pub(crate) mod dotenv;
pub(crate) mod interpolate;
pub mod shell;
pub mod yaml;

use crate::source::Span;

/// The result of a parser: the tree of everything it understood, and the errors.
#[derive(Clone, Debug)]
pub struct Parsed<T> {
    pub tree: T,
    pub errors: Vec<SyntaxError>,
}

/// A span of text that does not follow the grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    pub span: Span,
    /// The found and the expected text, as a lowercase fragment.
    pub message: String,
    /// An earlier span that explains it: the opening quote, the first of two keys.
    pub related: Option<(Span, String)>,
}

impl SyntaxError {
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            related: None,
        }
    }

    #[must_use]
    pub fn related(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related = Some((span, text.into()));
        self
    }
}
