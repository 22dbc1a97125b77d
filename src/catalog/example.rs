//! The examples on a rule's page: small repositories with marked findings.
//!
//! A fence's info string is `<language> <role> <path>`. A block of role `bad` or `good` begins an
//! example; `with` adds a file to it; `fixed` is a file of it after the fixes. In a `bad` example, a
//! line can end with a mark: `#! here` (a finding of this rule begins on this line) or ``#! `text`
//! `` (and its primary span is exactly this text). Marks are removed before the example is linted.
//!
//! A page is a file of this repository, and no file here may look as if it held a live credential.
//! An example that needs a token or a key contains it in parts, which are joined before the example
//! is linted: `{{join:sk-|proj-|x}}`. Readers see the first part only, so that no output looks like
//! a leak either.

use std::borrow::Cow;

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

/// An expected finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// One-based.
    pub line: u32,
    /// The exact text of the primary span; `None` if only the line is marked.
    pub text: Option<String>,
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
                    files: vec![file(path, &block.text)],
                    fixed: Vec::new(),
                });
            }
            "with" => match examples.last_mut() {
                Some(example) => example.files.push(file(path, &block.text)),
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

fn file(path: String, text: &str) -> ExampleFile {
    let mut clean = String::with_capacity(text.len());
    let mut shown = String::with_capacity(text.len());
    let mut marks = Vec::new();

    for (index, line) in text.lines().enumerate() {
        let kept = match line.rfind("#! ") {
            Some(mark) => {
                let content = join_parts(line[mark + 3..].trim(), Parts::All);
                let text = content
                    .strip_prefix('`')
                    .and_then(|rest| rest.strip_suffix('`'))
                    .map(str::to_owned);
                marks.push(Mark {
                    line: index as u32 + 1,
                    text,
                });

                line[..mark].trim_end()
            }
            None => line,
        };

        for (text, parts) in [(&mut clean, Parts::All), (&mut shown, Parts::First)] {
            text.push_str(&join_parts(kept, parts));
            text.push('\n');
        }
    }

    ExampleFile {
        path,
        text: clean,
        shown,
        marks,
    }
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
            [
                Mark {
                    line: 1,
                    text: Some("a".into())
                },
                Mark {
                    line: 2,
                    text: None
                }
            ]
        );
        assert_eq!(examples[0].files[1].path, "c.yaml");
        assert_eq!(
            examples[0].fixed,
            [("Dockerfile".to_owned(), "FROM a:1\n".to_owned())]
        );
        assert_eq!(prose(body), "Why.\n\nMore.");
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
        assert_eq!(
            examples[0].files[0].marks,
            [Mark {
                line: 1,
                text: Some("x_123-yz".into())
            }]
        );
    }
}
