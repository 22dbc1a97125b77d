//! The part of HCL that bake files are written in: blocks, and attributes with literal values.

use std::collections::BTreeMap;

use crate::source::Span;

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum HclValue {
    /// A string, with its templates (`${NAME}`) as written.
    Text(String),
    List(Vec<HclValue>),
    Map(Vec<(String, HclValue)>),
    /// The name of a variable.
    Name(String),
    /// Any other expression.
    Unknown,
}

/// A block with its labels: `target "app" { … }`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HclBlock {
    pub kind: String,
    pub label: String,
    pub span: Span,
    pub attributes: BTreeMap<String, HclValue>,
}

/// How deep values may be nested.
const MAX_DEPTH: u32 = 16;

/// The blocks of a file. What does not follow the grammar is skipped.
pub(super) fn blocks(text: &str) -> Vec<HclBlock> {
    let mut reader = Reader { text, offset: 0 };
    let mut blocks = Vec::new();

    while let Some(start) = reader.next_offset() {
        let Some(kind) = reader.word() else {
            reader.offset += reader.letter_length();
            continue;
        };

        let mut label = String::new();

        loop {
            reader.skip_blank();

            match reader.peek() {
                Some('"') => label = reader.string(),
                Some('{') => {
                    reader.offset += 1;
                    let attributes = reader.attributes();
                    let span = Span::of(start, reader.offset);
                    blocks.push(HclBlock {
                        kind: kind.to_owned(),
                        label: std::mem::take(&mut label),
                        span,
                        attributes,
                    });
                    break;
                }
                _ => {
                    reader.skip_line();
                    break;
                }
            }
        }
    }

    blocks
}

struct Reader<'t> {
    text: &'t str,
    offset: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.offset..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn letter_length(&self) -> usize {
        self.peek().map_or(0, char::len_utf8)
    }

    /// The offset of the next token.
    fn next_offset(&mut self) -> Option<usize> {
        self.skip_blank();
        (self.offset < self.text.len()).then_some(self.offset)
    }

    /// Skips blanks, line ends and comments.
    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.offset += rest.len() - trimmed.len();

            if trimmed.starts_with('#') || trimmed.starts_with("//") {
                self.skip_line();
            } else if trimmed.starts_with("/*") {
                let end = trimmed.find("*/").map_or(trimmed.len(), |end| end + 2);
                self.offset += end;
            } else {
                return;
            }
        }
    }

    fn skip_line(&mut self) {
        self.offset += self.rest().find('\n').unwrap_or(self.rest().len());
    }

    fn word(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
            .unwrap_or(rest.len());
        self.offset += end;

        (end > 0).then(|| &rest[..end])
    }

    /// A string in quotes, which the reader is at. A template may hold quotes of its own.
    fn string(&mut self) -> String {
        let mut text = String::new();
        let mut depth = 0_u32;
        let mut letters = self.rest().char_indices().skip(1).peekable();

        while let Some((offset, letter)) = letters.next() {
            match letter {
                '\\' => {
                    if let Some((_, escaped)) = letters.next() {
                        text.push(escaped);
                    }
                }
                '"' if depth == 0 => {
                    self.offset += offset + 1;
                    return text;
                }
                '$' if letters.peek().is_some_and(|(_, next)| *next == '{') => {
                    depth += 1;
                    text.push(letter);
                }
                '}' => {
                    depth = depth.saturating_sub(1);
                    text.push(letter);
                }
                _ => text.push(letter),
            }
        }

        self.offset = self.text.len();
        text
    }

    /// The attributes of a block, to its closing brace.
    fn attributes(&mut self) -> BTreeMap<String, HclValue> {
        let mut attributes = BTreeMap::new();

        while self.next_offset().is_some() {
            if self.peek() == Some('}') {
                self.offset += 1;
                break;
            }

            let name = match self.peek() {
                Some('"') => self.string(),
                _ => match self.word() {
                    Some(word) => word.to_owned(),
                    None => {
                        self.offset += self.letter_length();
                        continue;
                    }
                },
            };

            self.skip_blank();

            match self.peek() {
                Some('=') => {
                    self.offset += 1;
                    let value = self.value(0);
                    attributes.insert(name, value);
                }
                Some('{') => self.skip_expression(),
                _ => {}
            }
        }

        attributes
    }

    fn value(&mut self, depth: u32) -> HclValue {
        self.skip_blank();

        let value = match self.peek() {
            Some('"') => HclValue::Text(self.string()),
            Some('[') if depth < MAX_DEPTH => self.list(depth),
            Some('{') if depth < MAX_DEPTH => self.map(depth),
            Some(letter) if letter.is_alphanumeric() || letter == '_' => {
                HclValue::Name(self.word().unwrap_or_default().to_owned())
            }
            _ => {
                self.skip_expression();
                return HclValue::Unknown;
            }
        };

        let rest = self.rest().trim_start_matches([' ', '\t']);
        let ends = rest.is_empty()
            || rest.starts_with(['\n', '\r', ',', ']', '}', '#'])
            || rest.starts_with("//");
        if ends {
            return value;
        }

        // A call, an operator, a condition.
        self.skip_expression();
        HclValue::Unknown
    }

    fn list(&mut self, depth: u32) -> HclValue {
        let mut items = Vec::new();
        self.offset += 1;

        while self.next_offset().is_some() {
            match self.peek() {
                Some(']') => {
                    self.offset += 1;
                    break;
                }
                Some(',') => self.offset += 1,
                Some('}') => break,
                _ => {
                    let before = self.offset;
                    items.push(self.value(depth + 1));
                    self.offset = self.offset.max(before + usize::from(self.offset == before));
                }
            }
        }

        HclValue::List(items)
    }

    fn map(&mut self, depth: u32) -> HclValue {
        let mut entries = Vec::new();
        self.offset += 1;

        while self.next_offset().is_some() {
            match self.peek() {
                Some('}') => {
                    self.offset += 1;
                    break;
                }
                Some(',') => self.offset += 1,
                Some('"') => {
                    let key = self.string();
                    self.entry(key, depth, &mut entries);
                }
                _ => match self.word() {
                    Some(word) => self.entry(word.to_owned(), depth, &mut entries),
                    None => self.offset += self.letter_length(),
                },
            }
        }

        HclValue::Map(entries)
    }

    fn entry(&mut self, key: String, depth: u32, entries: &mut Vec<(String, HclValue)>) {
        self.skip_blank();
        if matches!(self.peek(), Some('=' | ':')) {
            self.offset += 1;
            entries.push((key, self.value(depth + 1)));
        }
    }

    /// Skips an expression: to the end of its line, or to the comma or bracket that ends it.
    fn skip_expression(&mut self) {
        let mut depth = 0_u32;

        while let Some(letter) = self.peek() {
            match letter {
                '"' => {
                    self.string();
                    continue;
                }
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' if depth > 0 => depth -= 1,
                ')' | ']' | '}' => return,
                ',' | '\n' if depth == 0 => return,
                _ => {}
            }

            self.offset += letter.len_utf8();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_blocks_and_values() {
        let text = r#"
variable "TAG" { default = "dev" }
# comment
target "api" {
  inherits = ["base", "other"]
  tags = ["example.com/api:${TAG}", notequal("", TAG) ? "a" : "b"]
  args = {
    GO = "1.25", "MODE" : MODE
  }
  output = [{ type = "local" }]
  target = cond ? "x" : "y"
}
group "default" { targets = [ "api" ] }
"#;
        let blocks = blocks(text);
        let names: Vec<(&str, &str)> = blocks
            .iter()
            .map(|block| (block.kind.as_str(), block.label.as_str()))
            .collect();
        assert_eq!(
            names,
            [("variable", "TAG"), ("target", "api"), ("group", "default")]
        );

        let text = |text: &str| HclValue::Text(text.to_owned());
        let api = &blocks[1].attributes;
        assert_eq!(
            api["inherits"],
            HclValue::List(vec![text("base"), text("other")])
        );
        assert_eq!(
            api["tags"],
            HclValue::List(vec![text("example.com/api:${TAG}"), HclValue::Unknown])
        );
        assert_eq!(
            api["args"],
            HclValue::Map(vec![
                ("GO".to_owned(), text("1.25")),
                ("MODE".to_owned(), HclValue::Name("MODE".to_owned()))
            ])
        );
        assert_eq!(api["target"], HclValue::Unknown);
    }

    #[test]
    fn damaged_text_ends() {
        for text in [
            "target \"a\" { x = [",
            "a { b = \"${",
            "}}}]",
            "t {{{{",
            "a \"",
            "x = }",
        ] {
            blocks(text);
        }
    }
}
