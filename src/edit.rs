//! Text edits and fixes: sorted, disjoint replacements of byte ranges, and how far each may be
//! trusted.

use crate::source::{FileId, Span};

/// Replace `span` of the file with `text`. An empty span inserts, an empty text deletes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub file: FileId,
    pub span: Span,
    pub text: String,
}

impl Edit {
    pub fn replace(file: FileId, span: Span, text: impl Into<String>) -> Self {
        Self {
            file,
            span,
            text: text.into(),
        }
    }

    pub fn insert(file: FileId, offset: u32, text: impl Into<String>) -> Self {
        Self::replace(file, Span::new(offset, offset), text)
    }
}

/// Whether a fix keeps what the program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// Keeps the meaning; may be applied without a review.
    Safe,
    /// Changes what happens at build or run time; needs a review.
    Unsafe,
}

impl Applicability {
    pub const fn as_str(self) -> &'static str {
        match self {
            Applicability::Safe => "safe",
            Applicability::Unsafe => "unsafe",
        }
    }
}

/// A fix for a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    pub applicability: Applicability,
    /// What the fix does, as an imperative: "add `--no-cache`".
    pub title: String,
    pub edits: Vec<Edit>,
}

impl Fix {
    /// A fix with sorted edits; `None` if two of them overlap, or if there are none.
    pub fn new(
        applicability: Applicability,
        title: impl Into<String>,
        mut edits: Vec<Edit>,
    ) -> Option<Self> {
        edits.sort_by_key(|edit| (edit.file, edit.span));
        let overlaps = edits
            .windows(2)
            .any(|pair| pair[0].file == pair[1].file && pair[0].span.end > pair[1].span.start);
        if overlaps || edits.is_empty() {
            return None;
        }

        Some(Self {
            applicability,
            title: title.into(),
            edits,
        })
    }
}

/// Applies the edits of one file to its text. Edits that overlap an earlier one are skipped; the
/// second value is the number of applied edits.
pub fn apply<'e>(text: &str, edits: impl IntoIterator<Item = &'e Edit>) -> (String, usize) {
    let mut sorted: Vec<&Edit> = edits.into_iter().collect();
    sorted.sort_by_key(|edit| edit.span);
    let mut out = String::with_capacity(text.len() + 64);
    let mut done = 0;
    let mut applied = 0;

    for edit in sorted {
        let range = edit.span.range();
        if range.start < done || text.get(range.clone()).is_none() {
            continue;
        }

        out.push_str(&text[done..range.start]);
        out.push_str(&edit.text);
        done = range.end;
        applied += 1;
    }

    out.push_str(&text[done..]);

    (out, applied)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: u32, end: u32, text: &str) -> Edit {
        Edit::replace(FileId(0), Span::new(start, end), text)
    }

    #[test]
    fn applies_in_order_and_leaves_overlaps_out() {
        let edits = [edit(4, 5, "E"), edit(0, 2, "x"), edit(1, 3, "never")];
        assert_eq!(apply("abcdef", &edits), ("xcdEf".to_owned(), 2));
    }

    #[test]
    fn a_fix_has_disjoint_edits() {
        assert!(
            Fix::new(
                Applicability::Safe,
                "t",
                vec![edit(1, 3, ""), edit(2, 4, "")]
            )
            .is_none()
        );
        assert!(
            Fix::new(
                Applicability::Safe,
                "t",
                vec![edit(3, 3, "a"), edit(1, 3, "")]
            )
            .is_some()
        );
    }
}
