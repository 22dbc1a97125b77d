//! YAML 1.2 with the 1.1 habits of deployment files: every document of a file in one arena of
//! spanned nodes.
//!
//! The events come from `granit-parser`, which only `load` and `report` use; a document in common
//! notation is read without it, by `direct`, with the same result. Keys have no meaning here, and
//! reading does not fail: a line that cannot be read is left out, reported once, and kept as
//! damage, so that rules do not mistake a lost key for one that was never written.
//!
//! Two decisions that users of a [`Tree`] rely on:
//!
//! * Of a duplicate key the *last* value counts, as for `kubectl` and Helm. Compose and GitHub
//!   reject such a file, so each repetition is reported.
//! * Aliases and merge keys are followed silently. The size of their expansion is limited when the
//!   tree is made, so a user may recurse over nodes without counting.

mod build;
mod comments;
mod direct;
mod last_map;
mod lines;
mod load;
mod loader;
mod lookup;
mod node;
mod offsets;
mod recover;
mod report;
mod template;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_recover;
mod tree;

pub(crate) use build::{Builder, Built};
pub(crate) use lookup::Entry;
pub(crate) use node::each_scalar;
pub use node::{Kind, Node};
pub(crate) use template::Mask;
pub use template::mask_templates;
pub use tree::{Style, Tree};

use super::Parsed;
use crate::source::{FileId, Span};

impl<'s> Tree<'s> {
    /// Reads every document of a file. Lines that cannot be read are left out, reported, and listed
    /// as damage.
    pub fn parse(file: FileId, text: &'s str) -> Parsed<Tree<'s>> {
        recover::parse(file, text, 0, None, &|| true)
    }

    /// As [`Tree::parse`], but calls `continues` at the first error and stops unless it is true:
    /// text that is not YAML has many errors.
    pub fn parse_if(file: FileId, text: &'s str, continues: &dyn Fn() -> bool) -> Parsed<Tree<'s>> {
        recover::parse(file, text, 0, None, continues)
    }

    /// Reads the YAML inside a part of a file, such as a block scalar. Locations are those of the
    /// file.
    pub fn parse_within(file: FileId, text: &'s str, part: Span) -> Parsed<Tree<'s>> {
        let end = (part.end as usize).min(text.len());
        recover::parse(
            file,
            text.get(..end).unwrap_or(""),
            (part.start as usize).min(end),
            None,
            &|| true,
        )
    }

    /// Reads a template whose actions are masked. Repeated keys are not errors here, because
    /// branches of an `if` often repeat them, and a masked value is unknown, not null.
    pub fn parse_template(file: FileId, mask: &'s Mask) -> Parsed<Tree<'s>> {
        recover::parse(file, &mask.text, 0, Some(mask), &|| true)
    }
}
