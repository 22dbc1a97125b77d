//! Going on after an error: blank what could not be read, in a copy of equal length, and read
//! again.
//!
//! Every offset stays true and what stands before and after the error is kept. The number of
//! attempts and their total cost are bounded; a document that uses its attempts up is kept as far
//! as it was read, and the next ones go on.

use std::collections::HashMap;

use super::load::{Loader, Stop, line_end, line_start};
use super::report::{self, Cause};
use super::template::Mask;
use super::{Tree, comments};
use crate::source::{FileId, Span, clip, slice};
use crate::syntax::{Parsed, SyntaxError};

/// Attempts a document gets.
const ATTEMPTS: u32 = 20;

/// Attempts a file gets.
const ALL_ATTEMPTS: u32 = 60;

/// Bytes that all attempts together may read again, beyond one full reading.
const REREAD: usize = 32 << 20;

/// Reads `source` from byte `begin` on, where a line or a value begins. At the first error `worth`
/// says whether to go on.
pub(super) fn parse<'s>(
    file: FileId,
    source: &'s str,
    begin: usize,
    mask: Option<&Mask>,
    worth: &dyn Fn() -> bool,
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

        if all == 1 && !worth() {
            loader.commit();
            loader.damage(Span::of(stop.at.min(source.len()), source.len()));
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
        let Some(next) =
            next_document(&buffer, stop.at).filter(|_| all <= ALL_ATTEMPTS && cost <= REREAD)
        else {
            loader.damage(Span::of(stop.at.min(source.len()), source.len()));
            break;
        };

        loader.damage(Span::of(stop.at, next));
        base = next;
    }

    let mut errors = loader.errors;
    errors.append(&mut repair.errors);
    errors.sort_by_key(|error| (error.span.start, error.span.end));
    tree.damage.sort_unstable();
    tree.damage = merged(&tree.damage);
    tree.nodes.shrink_to_fit();
    tree.comments = comments::find(&buffer, begin, &tree.nodes);

    Parsed { tree, errors }
}

/// Whether blanking a range loses something that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    Content,
    /// Only the shape of the white space.
    Nothing,
}

/// What was found and tried so far.
#[derive(Debug, Default)]
struct Repair {
    errors: Vec<SyntaxError>,
    /// How often the line that begins here was blanked.
    tried: HashMap<usize, u32>,
    /// The end of the last blanked line and its indent, to tell an error that it brought about from
    /// a new one.
    last: Option<(usize, usize)>,
}

impl Repair {
    /// What to blank, and a report unless the same cause has one. Nothing if there is nothing left
    /// to try.
    fn plan(&mut self, text: &str, stop: &Stop) -> Vec<(Span, Lost)> {
        let cause = report::cause(text, stop);
        let line = line_start(text, cause.at);
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

fn plan(text: &str, cause: &Cause, tried: u32) -> Vec<(Span, Lost)> {
    let start = line_start(text, cause.at);
    let end = line_end(text, cause.at);

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
        // A key that is lost takes its children along: they must not become those of another key.
        let end = if opens_block(line) {
            block_end(text, end, report::indent(text, start))
        } else {
            end
        };

        return vec![(Span::of(start, end), Lost::Content)];
    }
    // The error shows only after the line that caused it, at the end of the file for one.
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
    // A range may end before blanks that are no line end, such as a no-break space.
    let mut at = line_end(text, end);

    while at < text.len() {
        at += if slice(text, at..at + 2) == "\r\n" {
            2
        } else {
            1
        };

        let line = line_end(text, at);

        if !slice(text, at..line).trim().is_empty() {
            if report::indent(text, at) <= indent {
                break;
            }

            last = line;
        }

        at = line;
    }

    last
}

/// The first line after `at` that begins a document.
fn next_document(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let found = memchr::memmem::find_iter(rest.as_bytes(), b"\n---");
    let mut starts = found.map(|found| at + found + 1);
    starts.find(|&start| {
        text.as_bytes()
            .get(start + 3)
            .is_none_or(u8::is_ascii_whitespace)
    })
}

/// Replaces every byte of a range by a space, line ends excepted.
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
