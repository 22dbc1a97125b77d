//! The lines of a file that a finding needs: cut to the terminal's width, masked, and with the
//! labels moved along.
//!
//! The cost of a window depends on its own size, never on that of the file or of its longest line.

use super::secrets::SecretFilter;
use super::shown::{is_command, steers};
use crate::source::{SourceFile, Span};

/// Labels whose lines are no further apart than this share a window.
const NEAR: usize = 2;
/// How much of a cut line is kept before its first label, in characters.
const LEAD: usize = 24;

/// A text to be written under a span of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowMark {
    pub span: Span,
    pub text: String,
    pub primary: bool,
}

/// Consecutive lines. Spans of its marks are offsets into `text`.
#[derive(Debug, PartialEq, Eq)]
pub struct Window {
    /// Zero-based number of the first line.
    pub line: usize,
    /// How many lines there are.
    pub count: usize,
    /// The offset in the file of the primary mark, or else of the first one.
    pub place: u32,
    pub text: String,
    /// Sorted, disjoint, each within one line.
    pub marks: Vec<WindowMark>,
}

/// The windows of one file that show all the marks, from top to bottom. No line is wider than
/// `width` characters.
pub fn windows(
    source: &SourceFile,
    secrets: &SecretFilter,
    marks: &[WindowMark],
    width: usize,
) -> Vec<Window> {
    let lines = source.lines();
    let mut sorted: Vec<(usize, WindowMark)> = marks
        .iter()
        .map(|mark| (lines.line(mark.span.start), mark.clone()))
        .collect();
    sorted.sort_by_key(|(_, mark)| mark.span);
    let mut groups: Vec<Vec<(usize, WindowMark)>> = Vec::new();

    for (line, mut mark) in sorted {
        // A span of several lines is shown by its first.
        mark.span.end = mark
            .span
            .end
            .min(lines.span(line, &source.text).end)
            .max(mark.span.start);
        match groups.last_mut() {
            Some(group) if group.last().is_some_and(|(last, _)| line - last <= NEAR) => {
                group.push((line, mark))
            }
            _ => groups.push(vec![(line, mark)]),
        }
    }

    groups
        .into_iter()
        .map(|group| window(source, secrets, group, width))
        .collect()
}

fn window(
    source: &SourceFile,
    secrets: &SecretFilter,
    group: Vec<(usize, WindowMark)>,
    width: usize,
) -> Window {
    let lines = source.lines();
    let last = group.last().map_or(0, |(line, _)| *line);
    let mut first = group.first().map_or(0, |(line, _)| *line);
    // The line above gives the context, if it is not blank.
    if first > 0
        && !lines
            .span(first - 1, &source.text)
            .text(&source.text)
            .trim()
            .is_empty()
    {
        first -= 1;
    }

    let primary = group
        .iter()
        .find(|(_, mark)| mark.primary)
        .or(group.first());
    let mut window = Window {
        line: first,
        count: last - first + 1,
        place: primary.map_or(0, |(_, mark)| mark.span.start),
        text: String::new(),
        marks: Vec::new(),
    };

    let mut marks = group.into_iter().peekable();

    for line in first..=last {
        let mut here = Vec::new();
        while let Some((_, mark)) = marks.next_if(|(at, _)| *at == line) {
            push_apart(&mut here, mark);
        }

        if line > first {
            window.text.push('\n');
        }

        push_line(
            &mut window,
            source,
            secrets,
            lines.span(line, &source.text),
            here,
            width,
        );
    }

    window
}

/// Adds a mark that does not overlap the one before it: what overlaps is cut off, or said in the
/// same place.
fn push_apart(marks: &mut Vec<WindowMark>, mut mark: WindowMark) {
    let Some(last) = marks.last_mut() else {
        return marks.push(mark);
    };

    let same = mark.span == last.span;
    mark.span.start = mark.span.start.max(last.span.end);
    if !same && mark.span.start < mark.span.end {
        return marks.push(mark);
    }

    last.primary |= mark.primary;
    if last.text.is_empty() {
        last.text = mark.text;
    } else if !mark.text.is_empty() && mark.text != last.text {
        last.text.push('\n');
        last.text.push_str(&mark.text);
    }
}

/// Adds one line to the window, cut around its marks if it is too wide.
fn push_line(
    window: &mut Window,
    source: &SourceFile,
    secrets: &SecretFilter,
    line: Span,
    marks: Vec<WindowMark>,
    width: usize,
) {
    let kept = cut(source, line, &marks, width);
    if kept.start > line.start {
        window.text.push('…');
    }

    let begin = window.text.len();
    // Where each byte of the source went: control characters change their length.
    let mut moved = marks;
    let masked = secrets.mask(source, kept);
    let mut spans: Vec<(u32, u32)> = vec![(begin as u32, begin as u32); moved.len()];

    for (at, char) in masked.char_indices() {
        let here = window.text.len() as u32;

        if at > 0 && is_command(&masked.as_bytes()[at - 1..]) {
            // `##[` is a command to a runner anywhere in a line.
            window.text.push(' ');
        }

        window
            .text
            .push(if steers(char) { '\u{fffd}' } else { char });
        let after = window.text.len() as u32;
        let (from, to) = (
            kept.start + at as u32,
            kept.start + (at + char.len_utf8()) as u32,
        );

        for (mark, span) in moved.iter().zip(&mut spans) {
            if to <= mark.span.start {
                *span = (after, after);
            } else if from < mark.span.end {
                span.0 = span.0.min(here);
                span.1 = after;
            }
        }
    }

    for (mark, (start, end)) in moved.iter_mut().zip(spans) {
        mark.span = Span::new(start, end.max(start));
    }

    if kept.end < line.end {
        window.text.push('…');
    }

    if window.text.len() == begin {
        window.text.push(' ');
    }

    window.marks.append(&mut moved);
}

/// The part of a line that is shown.
fn cut(source: &SourceFile, line: Span, marks: &[WindowMark], width: usize) -> Span {
    let text = &source.text;

    if forward(text, line, width) == line.end {
        return line;
    }

    let first = marks.first().map_or(line.start, |mark| mark.span.start);
    let last = marks.last().map_or(line.start, |mark| mark.span.end);
    let room = width.saturating_sub(2);
    let end = forward(text, line, room);
    if last < end {
        return Span::new(line.start, end);
    }

    let before = text.get(line.start as usize..first as usize).unwrap_or("");
    let start = before
        .char_indices()
        .rev()
        .take(LEAD.min(room / 3))
        .last()
        .map_or(first, |(offset, _)| line.start + offset as u32);

    Span::new(start, forward(text, Span::new(start, line.end), room))
}

/// The offset so many characters behind the start of a span, or its end.
fn forward(text: &str, span: Span, chars: usize) -> u32 {
    let rest = text
        .get(span.start as usize..span.end as usize)
        .unwrap_or("");
    rest.char_indices()
        .nth(chars)
        .map_or(span.end, |(offset, _)| span.start + offset as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn mark(text: &str, of: &str, label: &str) -> WindowMark {
        let start = text.find(of).unwrap();
        WindowMark {
            span: Span::of(start, start + of.len()),
            text: label.to_owned(),
            primary: false,
        }
    }

    /// Each window as its first line, its text, and its marks' texts with their labels.
    fn shown(text: &str, marks: &[WindowMark], width: usize) -> Vec<(usize, String, Vec<String>)> {
        let outcome = sample::outcome(&[("a", text)], Vec::new());
        let windows = windows(
            &outcome.sources[0],
            &SecretFilter::new(&outcome),
            marks,
            width,
        );

        windows.iter().map(shown_window).collect()
    }

    fn shown_window(window: &Window) -> (usize, String, Vec<String>) {
        let marks = window
            .marks
            .iter()
            .map(|mark| format!("{}: {}", mark.span.text(&window.text), mark.text));

        (window.line, window.text.clone(), marks.collect())
    }

    #[test]
    fn near_labels_share_a_window() {
        let text = "one\n\ntwo\nthree\nfour\nfive\nsix\n";
        let marks = [
            mark(text, "six", "c"),
            mark(text, "two", "a"),
            mark(text, "four", "b"),
        ];
        assert_eq!(
            shown(text, &marks, 80),
            [(
                2,
                "two\nthree\nfour\nfive\nsix".to_owned(),
                vec!["two: a".to_owned(), "four: b".into(), "six: c".into()]
            )]
        );
        assert_eq!(
            shown(text, &marks[..2], 80),
            [
                (2, "two".to_owned(), vec!["two: a".to_owned()]),
                (5, "five\nsix".to_owned(), vec!["six: c".to_owned()])
            ]
        );
    }

    #[test]
    fn overlapping_labels_are_moved_apart() {
        let text = "key: value";
        let marks = [
            mark(text, "key: value", "all"),
            mark(text, "value", "inner"),
            mark(text, "key: value", "again"),
        ];
        assert_eq!(
            shown(text, &marks, 80)[0].2,
            ["key: value: all\nagain\ninner"]
        );
    }

    #[test]
    fn wide_lines_are_cut_around_their_labels() {
        let text = format!("{}needle{}", "ä".repeat(500), "z".repeat(500));
        let shown = shown(&text, &[mark(&text, "needle", "here")], 80);
        assert_eq!(shown[0].1.chars().count(), 80);
        assert!(shown[0].1.starts_with("…ä") && shown[0].1.ends_with("z…"));
        assert_eq!(shown[0].2, ["needle: here"]);
    }

    #[test]
    fn terminals_are_not_steered() {
        let text = "a\u{1b}[31mneedle\u{202e}\r\nb";
        let shown = shown(text, &[mark(text, "needle", "")], 80);
        assert_eq!(shown[0].1, "a\u{fffd}[31mneedle\u{fffd}");
        assert_eq!(shown[0].2, ["needle: "]);
    }

    #[test]
    fn a_window_is_small_whatever_the_file() {
        for line_length in [40, 1_000_000] {
            let line = format!("{}\n", "x".repeat(line_length));
            let text = line.repeat(1_000_000 / line_length);
            let outcome = sample::outcome(&[("a", &text)], Vec::new());
            let secrets = SecretFilter::new(&outcome);

            for at in (0..text.len() - 8).step_by(99_991) {
                let mark = WindowMark {
                    span: Span::of(at, at + 8),
                    text: "here".to_owned(),
                    primary: true,
                };

                let windows = windows(&outcome.sources[0], &secrets, &[mark], 120);
                assert!(
                    windows
                        .iter()
                        .map(|window| window.text.len())
                        .sum::<usize>()
                        < 300
                );
            }
        }
    }
}
