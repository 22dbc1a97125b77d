//! Dockerfiles, by BuildKit's grammar.
//!
//! [`parse`] takes any text and returns the tree of everything it understood. Broken lines are a
//! [`SyntaxError`](super::SyntaxError). An instruction that the builder rejects is a [`Fault`] in
//! the tree, and does not affect the others. Bad practice is neither: rules report it. This module
//! substitutes no variables, reads no other files and knows no images.

mod escape;
mod flags;
mod heredoc;
mod instruction;
mod json;
mod line;
mod parse;
pub(crate) mod stages;
mod tree;
mod word;

pub(crate) use escape::Escape;
pub use parse::parse;
pub(crate) use tree::*;
pub(crate) use word::{ModifierKind, Piece, Variable, Word};

#[cfg(test)]
mod tests;
