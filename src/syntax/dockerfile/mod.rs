//! Dockerfiles, by BuildKit's grammar.
//!
//! [`parse`] takes any text and gives the tree of everything it understood. What breaks the lines
//! themselves is a [`SyntaxError`](super::SyntaxError); an instruction that the builder would
//! refuse is a [`Fault`] in the tree, and costs only itself. What is merely unwise is neither: that
//! is for rules. Nothing here substitutes a variable, reads another file or knows an image.

mod flags;
mod heredoc;
mod instruction;
mod json;
mod line;
mod parse;
pub mod stages;
mod tree;
mod word;

pub use heredoc::Heredoc;
pub use parse::parse;
pub use tree::*;
pub use word::{BadWord, Modifier, ModifierKind, Piece, Variable, Word};

#[cfg(test)]
mod tests;
