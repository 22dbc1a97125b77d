//! The examples on a rule's page: small repositories with marked findings.
//!
//! A fence's info string is `<language> <role> <path>`. A block of role `bad` or `good` begins an
//! example; `with` adds a file to it; `fixed` says what the fixes make of a file in it.
//!
//! In a `bad` example a line may end in marks. Each is `#! ` and one or more of these parts, in
//! this order:
//!
//! - a level (`error`, `warning`, `note`), or `related` for a related place of a finding;
//! - `here`, or a text in backquotes, which is exactly the text of the span;
//! - `: ` and the message, or the label of the related place; each `…` in it is any text.
//!
//! `#! here` is a finding of the page's rule that begins on this line, `` #! warning `8080` `` also
//! gives level and text, and ``#! related `web`: …waits… `` is a place that a finding refers to.
//! Marks are removed before the example is linted.
//!
//! A page is a file of this repository, and no file here may look as if it held a live credential.
//! An example that needs a token or a key contains it in parts, which are joined before the example
//! is linted: `{{join:sk-|proj-|x}}`. Readers see the first part only, so that no output looks like
//! a leak either.

use std::borrow::Cow;

use crate::finding::Level;

/// What a mark begins with.
const MARK: &str = "#! ";

/// What an example shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Bad,
    Good,
}

/// A small repository.
#[derive(Debug)]
pub struct Example {
    pub role: Role,
    pub files: Vec<ExampleFile>,
    /// Path and text of files after the fixes are applied.
    pub fixed: Vec<(String, String)>,
}

/// A file of an example.
#[derive(Debug)]
pub struct ExampleFile {
    pub path: String,
    /// Without its marks.
    pub text: String,
    /// The same for readers: only the first of several parts.
    pub shown: String,
    pub marks: Vec<Mark>,
}

/// An expected finding, or an expected related place of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// One-based.
    pub line: u32,
    /// `None` where any level will do.
    pub level: Option<Level>,
    /// The mark is about a related place, not about the finding's own.
    pub related: bool,
    /// The exact text of the span; `None` where only the line is marked.
    pub text: Option<String>,
    /// The message, or the label of the related place; each `…` stands for any text.
    pub message: Option<String>,
}

impl Mark {
    /// A mark without its `#! `, of a line with this number; `None` where it is not one.
    fn parse(line: u32, mark: &str) -> Option<Self> {
        let (level, related, rest) = leading_word(mark);
        let (text, rest) = marked_text(rest)?;

        let message = match rest.trim_start().strip_prefix(':') {
            Some(message) => Some(message.trim().to_owned()),
            None if rest.trim().is_empty() => None,
            None => return None,
        };

        let is_empty = mark.trim().is_empty() || message.as_deref() == Some("");
        if is_empty {
            return None;
        }

        Some(Self {
            line,
            level,
            related,
            text,
            message,
        })
    }

    /// Whether a message, or the label of a related place, is what the mark expects.
    pub fn matches_message(&self, message: &str) -> bool {
        match &self.message {
            Some(pattern) => matches_pattern(pattern, message),
            None => true,
        }
    }
}

/// The level of a mark, or that it is about a related place, and the rest of the mark.
fn leading_word(mark: &str) -> (Option<Level>, bool, &str) {
    let end = mark.find([' ', ':']).unwrap_or(mark.len());
    let (word, rest) = mark.split_at(end);

    match word {
        "error" => (Some(Level::Error), false, rest),
        "warning" => (Some(Level::Warning), false, rest),
        "note" => (Some(Level::Note), false, rest),
        "related" => (None, true, rest),
        _ => (None, false, mark),
    }
}

/// The text in backquotes, if there is one, and the rest of the mark; `None` where the closing
/// backquote is missing.
fn marked_text(mark: &str) -> Option<(Option<String>, &str)> {
    let mark = mark.trim_start();

    if let Some(rest) = mark.strip_prefix("here") {
        return Some((None, rest));
    }

    let Some(quoted) = mark.strip_prefix('`') else {
        return Some((None, mark));
    };

    // The span may hold backquotes: the last one closes it, or the last one before a message.
    let end = quoted.find("`:").or_else(|| quoted.rfind('`'))?;

    Some((Some(quoted[..end].to_owned()), &quoted[end + 1..]))
}

/// Whether a text is a pattern's, in which each `…` stands for any text.
pub fn matches_pattern(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('…');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };

    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else {
        return rest.is_empty();
    };

    for piece in pieces {
        let Some(start) = rest.find(piece) else {
            return false;
        };

        rest = &rest[start + piece.len()..];
    }

    rest.ends_with(last)
}

/// The examples of a page's body, in order.
pub fn parse(body: &str) -> Result<Vec<Example>, String> {
    let mut examples: Vec<Example> = Vec::new();

    for block in blocks(body) {
        let Some((role, path)) = block
            .info
            .split_once(' ')
            .and_then(|(_, rest)| rest.split_once(' '))
        else {
            continue;
        };

        let path = path.trim().to_owned();

        match role {
            "bad" | "good" => {
                let role = if role == "bad" { Role::Bad } else { Role::Good };
                examples.push(Example {
                    role,
                    files: vec![file(path, &block.text)?],
                    fixed: Vec::new(),
                });
            }
            "with" => match examples.last_mut() {
                Some(example) => example.files.push(file(path, &block.text)?),
                None => return Err(format!("`with {path}` has no example to join")),
            },
            "fixed" => match examples.last_mut() {
                Some(example) => example.fixed.push((path, block.text)),
                None => return Err(format!("`fixed {path}` has no example to fix")),
            },
            role => return Err(format!("unknown role `{role}` of an example block")),
        }
    }

    Ok(examples)
}

/// The body without its fenced blocks, blank lines folded.
pub fn prose(body: &str) -> String {
    let mut out = String::new();
    let mut fenced = false;

    for line in body.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
            continue;
        }

        if !fenced && !(line.is_empty() && (out.is_empty() || out.ends_with("\n\n"))) {
            out.push_str(line);
            out.push('\n');
        }
    }

    out.trim_end().to_owned()
}

/// A fenced block: its info string and its lines.
struct Block<'b> {
    info: &'b str,
    text: String,
}

fn blocks(body: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = body.lines();

    while let Some(line) = lines.next() {
        // A longer fence can contain a shorter one.
        let ticks = line.len() - line.trim_start_matches('`').len();
        if ticks < 3 {
            continue;
        }

        let fence = &line[..ticks];
        let mut text = String::new();

        for inner in lines.by_ref() {
            if inner == fence {
                break;
            }

            text.push_str(inner);
            text.push('\n');
        }

        blocks.push(Block {
            info: &line[ticks..],
            text,
        });
    }

    blocks
}

/// A file of an example, with the marks removed from its text.
fn file(path: String, text: &str) -> Result<ExampleFile, String> {
    let mut clean = String::with_capacity(text.len());
    let mut shown = String::with_capacity(text.len());
    let mut marks = Vec::new();

    for (index, line) in text.lines().enumerate() {
        let (kept, line_marks) = split_marks(index as u32 + 1, line)
            .ok_or_else(|| format!("{path}: unknown mark in `{line}`"))?;
        marks.extend(line_marks);

        for (text, parts) in [(&mut clean, Parts::All), (&mut shown, Parts::First)] {
            text.push_str(&join_parts(kept, parts));
            text.push('\n');
        }
    }

    Ok(ExampleFile {
        path,
        text: clean,
        shown,
        marks,
    })
}

/// What a line is without its marks, and the marks; `None` where the last one is not a mark.
fn split_marks(number: u32, line: &str) -> Option<(&str, Vec<Mark>)> {
    let mut kept = line;
    let mut marks = Vec::new();

    while let Some(start) = kept.rfind(MARK) {
        let written = join_parts(kept[start + MARK.len()..].trim(), Parts::All);

        match Mark::parse(number, &written) {
            Some(mark) => marks.insert(0, mark),
            None if marks.is_empty() => return None,
            // The line itself may hold the sign.
            None => break,
        }

        kept = kept[..start].trim_end();
    }

    Some((kept, marks))
}

/// Which parts of a `{{join:a|b}}` a text keeps.
#[derive(Clone, Copy)]
enum Parts {
    All,
    First,
}

/// A line with all parts of its `{{join:a|b}}`, or with the first ones and an ellipsis.
fn join_parts(line: &str, which: Parts) -> Cow<'_, str> {
    let Some((before, rest)) = line.split_once("{{join:") else {
        return Cow::Borrowed(line);
    };

    let Some((parts, after)) = rest.split_once("}}") else {
        return Cow::Borrowed(line);
    };

    let joined = match which {
        Parts::All => parts.replace('|', ""),
        Parts::First => format!("{}…", parts.split('|').next().unwrap_or(parts)),
    };

    Cow::Owned(format!("{before}{joined}{}", join_parts(after, which)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mark of a line alone.
    fn mark(line: u32, text: Option<&str>) -> Mark {
        Mark {
            line,
            level: None,
            related: false,
            text: text.map(str::to_owned),
            message: None,
        }
    }

    #[test]
    fn reads_files_marks_and_fixes() {
        let body = r"Why.

```dockerfile bad Dockerfile
FROM a   #! `a`
USER root #! here
```

```yaml with c.yaml
x: 1
```

```dockerfile fixed Dockerfile
FROM a:1
```

More.
";
        let examples = parse(body).unwrap();
        assert_eq!(examples.len(), 1);
        assert_eq!(examples[0].files[0].text, "FROM a\nUSER root\n");
        assert_eq!(
            examples[0].files[0].marks,
            [mark(1, Some("a")), mark(2, None)]
        );
        assert_eq!(examples[0].files[1].path, "c.yaml");
        assert_eq!(
            examples[0].fixed,
            [("Dockerfile".to_owned(), "FROM a:1\n".to_owned())]
        );
        assert_eq!(prose(body), "Why.\n\nMore.");
    }

    #[test]
    fn marks_give_level_message_and_related_places() {
        let level = |level, mark| Mark {
            level: Some(level),
            ..mark
        };
        let message = |message: &str, mark| Mark {
            message: Some(message.to_owned()),
            ..mark
        };

        for (line, kept, expected) in [
            (
                "a: 1 #! error",
                "a: 1",
                vec![level(Level::Error, mark(3, None))],
            ),
            (
                "a: 1 #! note `1`",
                "a: 1",
                vec![level(Level::Note, mark(3, Some("1")))],
            ),
            (
                "a: 1 #! warning: `a` is …",
                "a: 1",
                vec![message("`a` is …", level(Level::Warning, mark(3, None)))],
            ),
            (
                "a: 1 #! `1`: one",
                "a: 1",
                vec![message("one", mark(3, Some("1")))],
            ),
            ("a: `1` #! ``1``", "a: `1`", vec![mark(3, Some("`1`"))]),
            (
                "a: 1 #! error `a` #! related `1`: why",
                "a: 1",
                vec![
                    level(Level::Error, mark(3, Some("a"))),
                    Mark {
                        related: true,
                        ..message("why", mark(3, Some("1")))
                    },
                ],
            ),
            ("#! sh #! here", "#! sh", vec![mark(3, None)]),
            ("a: 1 # here", "a: 1 # here", Vec::new()),
        ] {
            assert_eq!(split_marks(3, line), Some((kept, expected)), "{line}");
        }

        for line in ["a #! there", "a #! `b", "a #! error b", "a #! here:"] {
            assert_eq!(split_marks(3, line), None, "{line}");
        }
    }

    #[test]
    fn a_pattern_may_leave_text_out() {
        for (pattern, text, fits) in [
            ("a b", "a b", true),
            ("a b", "a b c", false),
            ("a…", "a b c", true),
            ("…b…", "a b c", true),
            ("…b", "a b c", false),
            ("a…c", "a b c", true),
            ("a…b…b", "a b", false),
            ("…", "", true),
        ] {
            assert_eq!(matches_pattern(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn joins_what_a_page_keeps_in_parts() {
        let body = r"```yaml bad c.yaml
a: {{join:x_|12|3}}-{{join:y|z}}  #! `{{join:x_1|23}}-yz`
b: {{ c }}
```
";
        let examples = parse(body).unwrap();
        assert_eq!(examples[0].files[0].text, "a: x_123-yz\nb: {{ c }}\n");
        assert_eq!(examples[0].files[0].shown, "a: x_…-y…\nb: {{ c }}\n");
        assert_eq!(examples[0].files[0].marks, [mark(1, Some("x_123-yz"))]);
    }
}
