//! What text from a repository may do to a terminal or a runner that shows it: nothing. No character
//! steers a terminal or turns the reading direction, nothing breaks a line in two, and no line is a
//! command for the runner of a pipeline.

use std::borrow::Cow;

use crate::credential;

/// Longest message, in characters.
const LONGEST_LINE: usize = 600;

/// Whether a character steers a terminal, turns the reading direction around or ends a line unseen.
pub(super) fn steers(char: char) -> bool {
    (char.is_control() && char != '\n' && char != '\t')
        || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}')
        || matches!(char, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text with every character that steers made visible. Line ends stay; a tab becomes a blank.
pub fn printable(text: &str) -> String {
    // Nearly every text is plain.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) {
        return text.to_owned();
    }

    let visible = text.chars().map(|char| match char {
        '\t' => ' ',
        char if steers(char) => '\u{fffd}',
        char => char,
    });

    visible.collect()
}

/// A text on one line and of bounded length: messages quote what files say, which may be of any
/// shape.
pub(super) fn one_line(text: String) -> String {
    let mut line = if text.contains(['\n', '\t']) {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    } else {
        text
    };

    if let Some((end, _)) = line.char_indices().nth(LONGEST_LINE) {
        line.truncate(end);
        line.push('…');
    }

    line
}

/// A path on one line. Every character keeps its place, so that two paths stay two.
pub(super) fn path_line(path: &str) -> String {
    let line = printable(&path.replace(['\n', '\t'], "\u{fffd}"));
    without_commands(&line).into_owned()
}

/// A text about the run itself, which may name paths and quote arguments: without secrets, and
/// harmless to print.
pub fn shown(text: &str) -> String {
    let text = printable(&credential::conceal(text));
    harmless(&text).into_owned()
}

/// A text whose quotes do not break over lines. What is between two backticks is a name, and a
/// name is on one line; between other lines, the text may be a paragraph or an example.
pub(super) fn quotes_on_one_line(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') || !text.contains('`') {
        return Cow::Borrowed(text);
    }

    let mut quoted = false;
    let joined = text.chars().map(|char| match char {
        '`' => {
            quoted = !quoted;
            '`'
        }
        '\n' if quoted => ' ',
        char => char,
    });

    Cow::Owned(joined.collect())
}

/// Lines of output, none of which is a command for a runner: `::name::` at its beginning, behind
/// blanks, or `##[name]` anywhere. A blank parts the signs.
pub fn harmless(text: &str) -> Cow<'_, str> {
    let text = without_commands(text);
    if !text.contains("::") || !text.lines().any(begins_with_command) {
        return text;
    }

    let mut out = String::with_capacity(text.len() + 8);

    for line in text.split_inclusive('\n') {
        if begins_with_command(line) {
            out.push_str(&line.replacen("::", ": :", 1));
        } else {
            out.push_str(line);
        }
    }

    Cow::Owned(out)
}

fn begins_with_command(line: &str) -> bool {
    line.trim_start().starts_with("::")
}

/// The text with a blank inside of every `##[` and `##name[`, which runners obey wherever they
/// are.
pub(super) fn without_commands(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut done = 0;

    for offset in memchr::memchr_iter(b'#', bytes) {
        if !is_command(&bytes[offset..]) {
            continue;
        }

        out.push_str(text.get(done..=offset).unwrap_or(""));
        out.push(' ');
        done = offset + 1;
    }

    if done == 0 {
        return Cow::Borrowed(text);
    }

    out.push_str(text.get(done..).unwrap_or(""));

    Cow::Owned(out)
}

/// Whether `##[` or `##name[` is at the beginning.
pub(super) fn is_command(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(b"##") else {
        return false;
    };

    let name = rest
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count();
    rest.get(name) == Some(&b'[')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_quotes_stays_on_one_line() {
        for (text, line) in [("a `b\n\n  c` d", "a `b c` d"), ("a  b", "a  b"), ("", "")] {
            assert_eq!(one_line(text.to_owned()), line);
        }

        assert_eq!(
            one_line("é".repeat(90_000)),
            format!("{}…", "é".repeat(LONGEST_LINE))
        );
    }

    #[test]
    fn nothing_steers() {
        let steering = "\u{0}\u{7}\u{1b}\r\u{7f}\u{85}\u{9b}\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}";
        assert_eq!(
            printable(steering),
            "\u{fffd}".repeat(steering.chars().count())
        );
        assert_eq!(printable("a\tb\né…"), "a b\né…");
        assert_eq!(path_line("a\n\tb\u{1b}"), "a\u{fffd}\u{fffd}b\u{fffd}");
    }

    #[test]
    fn no_line_is_a_command() {
        for (text, expected) in [
            ("::error::x", ": :error::x"),
            (
                "a\n \u{a0}\t::set-output name=a::b\n",
                "a\n \u{a0}\t: :set-output name=a::b\n",
            ),
            ("a ::b", "a ::b"),
            ("x ##[group]y", "x # #[group]y"),
            ("###[a]##vso[b]", "## #[a]# #vso[b]"),
            ("## heading [x]", "## heading [x]"),
            ("", ""),
        ] {
            let out = harmless(text);
            assert_eq!(out, expected);
            assert_eq!(harmless(&out), out);
        }
    }

    #[test]
    fn a_quoted_name_is_on_one_line() {
        let text = "rename `a\n::b` to\n  `c`";
        assert_eq!(quotes_on_one_line(text), "rename `a ::b` to\n  `c`");
    }
}
