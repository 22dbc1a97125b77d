//! What fixes change, as a unified diff that `git apply` and `patch` read.

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use super::shown::{printable, without_commands};
use super::style::RenderOptions;
use super::{Report, count};
use crate::fixes::FixedRun;
use crate::source::{FileId, Span};

/// Lines around a change.
const CONTEXT: usize = 3;

/// What was changed, as a sentence: `Fixed 3 findings in 2 files`. Empty if nothing was.
pub fn summary(fixed: usize, files: usize, done: bool) -> String {
    if fixed == 0 {
        return String::new();
    }

    let verb = if done { "Fixed" } else { "Would fix" };
    let (findings, files) = (
        count(fixed, "finding", "findings"),
        count(files, "file", "files"),
    );

    format!("{verb} {findings} in {files}\n")
}

/// The changes of all files. Lines that hold a secret are starred out, so that such a diff is for
/// reading alone.
pub fn render(
    fixed_run: &FixedRun,
    before: &Report,
    after: &Report,
    look: RenderOptions,
) -> String {
    let mut out = String::new();

    for change in &fixed_run.changes {
        let old = masked(before, change.before);
        let new = masked(after, change.after);
        let path = after.shown_path(change.after);
        let diff = TextDiff::from_lines(&old, &new);
        let header = format!("--- a/{path}\n+++ b/{path}");
        let _ = writeln!(out, "{}", look.paint("1", &header));

        for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
            let _ = writeln!(out, "{}", look.paint("36", &hunk.header().to_string()));

            for line in hunk.iter_changes() {
                let (sign, style) = match line.tag() {
                    ChangeTag::Delete => ("-", "31"),
                    ChangeTag::Insert => ("+", "32"),
                    ChangeTag::Equal => (" ", ""),
                };
                push_line(&mut out, sign, line.value(), style, look);
            }
        }
    }

    out
}

/// One line of a diff, with its own line end.
fn push_line(out: &mut String, sign: &str, line: &str, style: &str, look: RenderOptions) {
    let text = line.trim_end_matches(['\n', '\r']);
    let end = &line[text.len()..];
    let text = format!("{sign}{}", harmless(text));
    let painted = if style.is_empty() {
        text
    } else {
        look.paint(style, &text)
    };

    out.push_str(&painted);
    if end.is_empty() {
        out.push_str("\n\\ No newline at end of file\n");
    } else {
        out.push_str(end);
    }
}

/// A line that steers neither a terminal nor a runner; tabs stay.
fn harmless(line: &str) -> String {
    let parts: Vec<String> = line.split('\t').map(printable).collect();
    without_commands(&parts.join("\t")).into_owned()
}

/// The text of a file without its secrets.
fn masked(report: &Report, file: FileId) -> String {
    let source = report.source(file);
    report.secrets.mask(source, Span::of(0, source.text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_much_was_fixed() {
        assert_eq!(summary(0, 0, true), "");
        assert_eq!(summary(1, 1, true), "Fixed 1 finding in 1 file\n");
        assert_eq!(summary(3, 2, false), "Would fix 3 findings in 2 files\n");
    }

    #[test]
    fn lines_keep_their_ends_and_steer_nothing() {
        let mut out = String::new();
        for line in ["\tRUN x\r\n", "##[error]\u{1b}[1m\n", "last"] {
            push_line(&mut out, "+", line, "32", RenderOptions::PLAIN);
        }

        assert_eq!(
            out,
            "+\tRUN x\r\n+# #[error]\u{fffd}[1m\n+last\n\\ No newline at end of file\n"
        );
    }
}
