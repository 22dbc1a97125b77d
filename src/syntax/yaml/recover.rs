//! Recovery from errors: the text that cannot be read is replaced by blanks, in a copy of equal
//! length, and the copy is read again.
//!
//! Every offset stays valid, and the text before and after the error is kept. The number of
//! attempts and their total cost are limited; a document without attempts left is kept as far as it
//! was read, and the next documents are read.

use std::collections::HashMap;

use super::comments;
use super::lines::{line_end, line_start};
use super::load::Stop;
use super::loader::Loader;
use super::report::{self, ErrorCause};
use super::template::Mask;
use super::tree::Tree;
use crate::source::{FileId, Span, clip, slice};
use crate::syntax::{Parsed, SyntaxError};

/// The number of attempts for a document.
const ATTEMPTS: u32 = 20;

/// The number of attempts for a file.
const ALL_ATTEMPTS: u32 = 60;

/// The number of bytes that all attempts together may read again, after one full reading.
const REREAD: usize = 32 << 20;

/// Reads `source` from byte `begin` on, where a line or a value begins. Stops at the first error
/// unless `continues` is true.
pub(super) fn parse<'s>(
    file: FileId,
    source: &'s str,
    begin: usize,
    mask: Option<&Mask>,
    continues: &dyn Fn() -> bool,
) -> Parsed<Tree<'s>> {
    let mut tree = Tree {
        sources: vec![(file, source)],
        ..Tree::default()
    };

    tree.nodes.reserve((source.len() - begin) / 16);
    let mut loader = Loader::new(&mut tree, source, mask);
    let mut repair = Repair::default();
    let mut buffer = std::borrow::Cow::Borrowed(source);
    let (mut base, mut attempts, mut all, mut cost) = (begin, 0, 0, 0);

    while let Err(stop) = loader.run(&buffer, base) {
        if stop.resume > base {
            attempts = 0;
        }

        attempts += 1;
        all += 1;
        cost += buffer.len() - stop.resume;
        let blanks = repair.plan(&buffer, &stop);

        if all == 1 && !continues() {
            loader.commit();
            loader.damage(Span::of(stop.offset.min(source.len()), source.len()));
            break;
        }

        if attempts <= ATTEMPTS && all <= ALL_ATTEMPTS && cost <= REREAD && !blanks.is_empty() {
            loader.roll_back();
            base = stop.resume;

            for &(blank, lost) in &blanks {
                if lost == Lost::Content {
                    loader.damage(blank);
                }

                blank_out(buffer.to_mut(), blank);
            }

            continue;
        }

        loader.commit();
        attempts = 0;
        let next = if all <= ALL_ATTEMPTS && cost <= REREAD {
            next_document(&buffer, stop.offset)
        } else {
            None
        };

        let Some(next) = next else {
            loader.damage(Span::of(stop.offset.min(source.len()), source.len()));
            break;
        };

        loader.damage(Span::of(stop.offset, next));
        base = next;
    }

    let mut errors = loader.errors;
    errors.append(&mut repair.errors);
    errors.sort_by_key(|error| (error.span.start, error.span.end));
    tree.damage.sort_unstable();
    tree.damage = merged(&tree.damage);
    tree.nodes.shrink_to_fit();
    tree.comments = comments::find_comments(&buffer, begin, &tree.nodes);

    Parsed { tree, errors }
}

/// Whether blanking a range loses content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    Content,
    /// Only white space changes.
    Nothing,
}

/// The errors and the attempts so far.
#[derive(Debug, Default)]
struct Repair {
    errors: Vec<SyntaxError>,
    /// How often the line that begins at an offset was blanked.
    tried: HashMap<usize, u32>,
    /// The end of the last blanked line and its indent, to distinguish an error that it caused from
    /// a new one.
    last: Option<(usize, usize)>,
}

impl Repair {
    /// The ranges to blank, none if there is nothing left to try. Reports the error unless the same
    /// cause was reported before.
    fn plan(&mut self, text: &str, stop: &Stop) -> Vec<(Span, Lost)> {
        let cause = report::find_cause(text, stop);
        let line = line_start(text, cause.offset);
        let tried = self.tried.entry(line).or_default();
        *tried += 1;
        let tried = *tried;
        let follows = self.last.is_some_and(|(end, indent)| {
            text.get(end..line).is_some_and(|gap| gap.trim().is_empty())
                && report::indent(text, line) >= indent
                && report::is_about_indent(&stop.kind)
        });

        if tried == 1 && !follows {
            self.errors.push(cause.error.clone());
        }

        let blanks = plan(text, &cause, tried);

        if let Some((last, _)) = blanks.last() {
            let from = line_start(text, last.end.saturating_sub(1) as usize);
            self.last = Some((last.end as usize, report::indent(text, from)));
        }

        blanks
    }
}

fn plan(text: &str, cause: &ErrorCause, tried: u32) -> Vec<(Span, Lost)> {
    let start = line_start(text, cause.offset);
    let end = line_end(text, cause.offset);

    if tried == 1 {
        if let Some(tabs) = &cause.tabs {
            return tabs.iter().map(|&tab| (tab, Lost::Nothing)).collect();
        }

        if let Some(range) = cause.remove
            && !range.text(text).trim().is_empty()
        {
            // Deeper lines continue the value that is lost.
            let column = key_column(slice(text, start..range.start as usize));
            let end = block_end(text, range.end as usize, column);
            return vec![(Span::of(range.start as usize, end), Lost::Content)];
        }
    }

    let line = slice(text, start..end);

    if !line.trim().is_empty() {
        // The children of a lost key are lost too: they must not become those of another key.
        let end = if opens_block(line) {
            block_end(text, end, report::indent(text, start))
        } else {
            end
        };

        return vec![(Span::of(start, end), Lost::Content)];
    }

    // The error is after the line that caused it, for example at the end of the file.
    let before = clip(text, start).trim_end().len();
    if before == 0 {
        return Vec::new();
    }

    vec![(Span::of(line_start(text, before), before), Lost::Content)]
}

fn opens_block(line: &str) -> bool {
    line.split(" #")
        .next()
        .is_some_and(|line| line.trim_end().ends_with(':'))
}

/// The column of the key on a line, dashes before it left out.
fn key_column(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t', '-', '?']).len()
}

/// The end of the last line after `end` that is indented deeper than `indent`.
fn block_end(text: &str, end: usize, indent: usize) -> usize {
    let mut last = end;
    // A range may end before blanks that are not a line end, such as a no-break space.
    let mut offset = line_end(text, end);

    while offset < text.len() {
        offset += if slice(text, offset..offset + 2) == "\r\n" {
            2
        } else {
            1
        };

        let line = line_end(text, offset);

        if !slice(text, offset..line).trim().is_empty() {
            if report::indent(text, offset) <= indent {
                break;
            }

            last = line;
        }

        offset = line;
    }

    last
}

/// The first line after `offset` that begins a document.
fn next_document(text: &str, offset: usize) -> Option<usize> {
    let rest = text.get(offset..)?;
    let hits = memchr::memmem::find_iter(rest.as_bytes(), b"\n---");
    let mut starts = hits.map(|hit| offset + hit + 1);
    starts.find(|&start| {
        text.as_bytes()
            .get(start + 3)
            .is_none_or(u8::is_ascii_whitespace)
    })
}

/// Replaces every byte of a range by a space, except line ends.
fn blank_out(text: &mut String, range: Span) {
    let blank: String = range
        .text(text)
        .bytes()
        .map(|byte| {
            if matches!(byte, b'\n' | b'\r') {
                char::from(byte)
            } else {
                ' '
            }
        })
        .collect();
    if !blank.is_empty() {
        text.replace_range(range.range(), &blank);
    }
}

/// Sorted ranges without overlap.
fn merged(sorted: &[Span]) -> Vec<Span> {
    let mut merged: Vec<Span> = Vec::with_capacity(sorted.len());

    for &span in sorted {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => *last = last.cover(span),
            _ => merged.push(span),
        }
    }

    merged
}
