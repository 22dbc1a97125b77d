//! Edits of block mappings in YAML: what the fixes of several rules have in common. Where the
//! layout is another one, there is no edit.

use crate::edit::Edit;
use crate::source::{Location, SourceFile, Span};

/// Entries that a new one is written below, as people do.
const FIRST_KEYS: &[&str] = &[
    "build",
    "container_name",
    "image",
    "name",
    "runs-on",
    "uses",
];

/// Adds an entry to the block mapping below a key, as in `services: { web: … }` below `web`. The
/// lines of the entry are indented as those of the mapping are. `None` if it has the entry.
pub fn add_entry(source: &SourceFile, key: Location, entry: &str) -> Option<Edit> {
    let text = text_of_lines(source, key)?;
    let start = line_start(text, key.span.start as usize);
    let own_indent = indent_of(&text[start..]);
    let end = line_end(text, key.span.end as usize);
    let behind = text.get(key.span.end as usize..end)?;
    // `web:`, but for an anchor and a comment.
    let value = behind.trim_start_matches(['"', '\'']).strip_prefix(':')?;
    let is_block = value
        .split_whitespace()
        .next()
        .is_none_or(|word| word.starts_with(['&', '#']));
    if !is_block {
        return None;
    }

    let first = lines_from(text, next_line(text, end)).find(|line| !line.is_blank())?;
    let is_mapping = first.indent > own_indent && !first.content.starts_with(['-', '{', '[']);

    is_mapping
        .then(|| insertion(source, first.start, first.indent, entry))
        .flatten()
}

/// Adds an entry below the one that a value is of, `name: web` in a list of mappings. `None` if the
/// mapping has the entry.
pub fn add_below(source: &SourceFile, value: Location, key: &str, entry: &str) -> Option<Edit> {
    let text = text_of_lines(source, value)?;
    let start = line_start(text, value.span.start as usize);
    let end = line_end(text, value.span.end as usize);
    let before = text.get(start..value.span.start as usize)?;
    let name = before.trim_start_matches([' ', '-']);
    let indent = before.len() - name.len();
    let name = name.trim_end_matches(['"', '\'']).trim_end();
    let is_entry = name.strip_suffix(':') == Some(key);
    let behind = text.get(value.span.end as usize..end)?;
    let behind = behind.trim_start_matches(['"', '\'']).trim();
    if !is_entry || !(behind.is_empty() || behind.starts_with('#')) {
        return None;
    }

    insertion(source, next_line(text, end), indent, entry)
}

/// The insertion of an entry into the rest of a block mapping, which begins at an offset.
fn insertion(source: &SourceFile, start: usize, indent: usize, entry: &str) -> Option<Edit> {
    let text = source.text.as_str();
    let key = entry.split(':').next()?;
    let entries: Vec<Line> = lines_from(text, start)
        .take_while(|line| line.is_blank() || line.indent >= indent)
        .collect();
    let own = entries
        .iter()
        .filter(|line| !line.is_blank() && line.indent == indent);
    if own.clone().any(|line| line.key() == key) {
        return None;
    }

    // Below the first entries, as far as each is one line.
    let is_first = |at: usize, line: &Line| {
        let next = entries.get(at + 1);
        line.indent == indent
            && FIRST_KEYS.contains(&line.key())
            && next.is_none_or(|next| next.is_blank() || next.indent <= indent)
    };
    let first = entries
        .iter()
        .enumerate()
        .take_while(|&(at, line)| is_first(at, line))
        .count();
    let offset = match first.checked_sub(1).and_then(|last| entries.get(last)) {
        Some(last) => next_line(text, last.end),
        None => start,
    };

    let line_end = line_ending(text);
    let indent = " ".repeat(indent);
    let lines: String = entry
        .lines()
        .map(|line| format!("{indent}{line}{line_end}"))
        .collect();
    let ends_file = offset == text.len() && !text.ends_with('\n');
    let text = if ends_file {
        format!("{line_end}{}", lines.trim_end())
    } else {
        lines
    };

    Some(Edit::insert(source.id, offset as u32, text))
}

/// Removes the line of a value, which holds its key and nothing else.
pub fn remove_line(source: &SourceFile, entry: Location) -> Option<Edit> {
    let text = text_of_lines(source, entry)?;
    let start = line_start(text, entry.span.start as usize);
    let end = line_end(text, entry.span.end as usize);
    let before = text.get(start..entry.span.start as usize)?.trim();
    let key = before.strip_suffix(':')?;
    let is_alone = !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        && !text[start..end].contains('\n');
    let span = Span::of(start, next_line(text, end));

    is_alone.then(|| Edit::replace(source.id, span, ""))
}

/// A longer line is not a part of a block, and would be searched for each place on it.
const LONGEST_LINE: usize = 1_000;

/// The text of a file, unless the line of a place is too long.
fn text_of_lines(source: &SourceFile, place: Location) -> Option<&str> {
    let text = source.text.as_bytes();
    let (start, end) = (place.span.start as usize, place.span.end as usize);
    let before = text.get(start.saturating_sub(LONGEST_LINE)..start)?;
    let after = text.get(end..text.len().min(end + LONGEST_LINE))?;
    let is_short = [before, after]
        .into_iter()
        .all(|part| part.len() < LONGEST_LINE || part.contains(&b'\n'));

    is_short.then_some(source.text.as_str())
}

/// A line of a text.
#[derive(Clone, Copy, Debug)]
struct Line<'t> {
    start: usize,
    /// Before the line end.
    end: usize,
    indent: usize,
    content: &'t str,
}

impl<'t> Line<'t> {
    /// Whether it is empty or a comment.
    fn is_blank(&self) -> bool {
        self.content.is_empty() || self.content.starts_with('#')
    }

    /// The key that it begins with.
    fn key(&self) -> &'t str {
        let key = self.content.split(':').next().unwrap_or("");
        key.trim().trim_matches(['"', '\''])
    }
}

/// The lines from an offset on, which begins one.
fn lines_from(text: &str, mut start: usize) -> impl Iterator<Item = Line<'_>> {
    std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let end = line_end(text, start);
        let line = text.get(start..end)?;
        let found = Line {
            start,
            end,
            indent: indent_of(rest),
            content: line.trim(),
        };

        start = next_line(text, end);
        Some(found)
    })
}

/// The line end that a text uses.
fn line_ending(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn line_start(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or("");
    before.rfind('\n').map_or(0, |at| at + 1)
}

/// The end of the line, before its line end.
fn line_end(text: &str, offset: usize) -> usize {
    let rest = text.get(offset..).unwrap_or("");

    match rest.find('\n') {
        Some(length) if rest[..length].ends_with('\r') => offset + length - 1,
        Some(length) => offset + length,
        None => text.len(),
    }
}

/// The offset behind a line end.
fn next_line(text: &str, end: usize) -> usize {
    let rest = text.get(end..).unwrap_or("");
    let line_end = ["\r\n", "\n"]
        .into_iter()
        .find(|line_end| rest.starts_with(line_end));

    end + line_end.map_or(0, str::len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::apply;
    use crate::source::{FileId, Span};

    fn source(text: &str) -> SourceFile {
        SourceFile::new(FileId(0), "a.yaml", text)
    }

    fn place(text: &str, word: &str) -> Location {
        let start = text.find(word).unwrap();
        Location::new(FileId(0), Span::of(start, start + word.len()))
    }

    #[test]
    fn an_entry_is_added_at_the_top() {
        for (before, after) in [
            (
                "web:\n  image: x\n",
                Some("web:\n  image: x\n  a: 1\n  b:\n    - 2\n"),
            ),
            (
                "web: &x # y\n\n  # z\n    image: x\n",
                Some("web: &x # y\n\n  # z\n    image: x\n    a: 1\n    b:\n      - 2\n"),
            ),
            (
                "\"web\":\r\n  image: x\r\n",
                Some("\"web\":\r\n  image: x\r\n  a: 1\r\n  b:\r\n    - 2\r\n"),
            ),
            (
                "web:\n  ports:\n    - 1\n",
                Some("web:\n  a: 1\n  b:\n    - 2\n  ports:\n    - 1\n"),
            ),
            ("web:\n  image: x\n\n  c: 2\n  a: 2\n", None),
            ("web: { image: x }\n", None),
            ("web: *x\ndb:\n", None),
            ("web:\n  - x\n", None),
            ("web:\n  {a: b}\n", None),
            ("web:\n", None),
            ("web:\r  image: x\r", None),
            (&format!("web: #{}\n  image: x\n", "-".repeat(2_000)), None),
        ] {
            let source = source(before);
            let edit = add_entry(&source, place(before, "web"), "a: 1\nb:\n  - 2");
            let text = edit.map(|edit| apply(before, [&edit]).0);
            assert_eq!(text.as_deref(), after, "{before}");
        }
    }

    #[test]
    fn an_entry_is_added_below_another() {
        for (before, after) in [
            (
                "- name: web # x\n  image: y\n",
                Some("- name: web # x\n  image: y\n  a: 1\n"),
            ),
            (
                "  -   name: \"web\"",
                Some("  -   name: \"web\"\n      a: 1"),
            ),
            ("- {name: web, image: y}\n", None),
            ("- image: web\n", None),
        ] {
            let source = source(before);
            let edit = add_below(&source, place(before, "web"), "name", "a: 1");
            let text = edit.map(|edit| apply(before, [&edit]).0);
            assert_eq!(text.as_deref(), after, "{before}");
        }
    }

    #[test]
    fn a_line_is_removed_with_its_end() {
        for (before, after) in [
            ("a: 1\n  tty: true # x\nb: 2\n", Some("a: 1\nb: 2\n")),
            ("a: 1\r\n  tty: true\r\nb: 2\r\n", Some("a: 1\r\nb: 2\r\n")),
            ("a: 1\n  tty: true", Some("a: 1\n")),
            ("{ tty: true }\n", None),
            ("- tty: true\n  a: 1\n", None),
        ] {
            let source = source(before);
            let edit = remove_line(&source, place(before, "true"));
            let text = edit.map(|edit| apply(before, [&edit]).0);
            assert_eq!(text.as_deref(), after, "{before}");
        }
    }
}
