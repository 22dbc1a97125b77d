//! Grammars: one file each, text in, tree and errors out. Nothing here knows what a service or a
//! workload is, and nothing here fails: what cannot be parsed becomes a [`SyntaxError`] and the
//! rest of the tree stands.

pub mod decode;
pub mod dockerfile;
pub mod dotenv;
pub mod interpolate;
pub mod shell;
pub mod yaml;

use crate::source::Span;

/// What a parser gives: the tree of everything it understood, and what it did not.
#[derive(Clone, Debug)]
pub struct Parsed<T> {
    pub tree: T,
    pub errors: Vec<SyntaxError>,
}

/// A place that does not follow the grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    pub span: Span,
    /// What was found and what was expected, as a lowercase fragment.
    pub message: String,
    /// An earlier place that explains it: where the quote opened, where the key stood first.
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
