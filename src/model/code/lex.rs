//! Source code as words, strings and signs: enough to see `os.getenv("X")` and `app.get("/x")` in
//! any of the supported languages. Comments are skipped; strings keep the span between their
//! quotes. Tolerant: a quote that is never closed ends with its line, and any text gives tokens in
//! linear time.

use crate::source::{Span, slice};

/// The language of a file, by which its comments and strings are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Python,
    /// JavaScript and TypeScript.
    Script,
    Go,
    Rust,
    Ruby,
    /// Java and Kotlin.
    Java,
    Php,
}

impl Language {
    /// By a file name's ending.
    pub fn of(path: &str) -> Option<Self> {
        Some(match path.rsplit_once('.')?.1 {
            "py" => Language::Python,
            "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "mts" | "cts" => Language::Script,
            "go" => Language::Go,
            "rs" => Language::Rust,
            "rb" => Language::Ruby,
            "java" | "kt" | "kts" => Language::Java,
            "php" => Language::Php,
            _ => return None,
        })
    }

    const fn hash_comments(self) -> bool {
        matches!(self, Language::Python | Language::Ruby | Language::Php)
    }

    const fn slash_comments(self) -> bool {
        !matches!(self, Language::Python | Language::Ruby)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A name, a keyword or a number.
    Word,
    /// The text between quotes, undecoded.
    Text,
    /// The same, with something computed in it.
    Mixed,
    /// One byte of anything else.
    Sign,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: TokenKind,
    /// It is the first of its line.
    pub first: bool,
    pub span: Span,
}

/// The tokens of a file with the way from each bracket to its partner.
#[derive(Debug)]
pub struct Tokens<'t> {
    pub source: &'t str,
    tokens: Vec<Token>,
    /// By token: the index of the bracket that closes it.
    partners: Vec<u32>,
}

impl<'t> Tokens<'t> {
    pub fn of(source: &'t str, language: Language) -> Self {
        let tokens = CodeLexer {
            source,
            bytes: source.as_bytes(),
            offset: 0,
            language,
            tokens: Vec::new(),
            fresh: true,
        }
        .run();
        let partners = partners(source, &tokens);
        Self {
            source,
            tokens,
            partners,
        }
    }

    /// The number of tokens.
    pub fn count(&self) -> usize {
        self.tokens.len()
    }

    pub fn get(&self, index: usize) -> Option<Token> {
        self.tokens.get(index).copied()
    }

    /// The word at an index; empty for other tokens.
    pub fn word(&self, index: usize) -> &'t str {
        self.get(index)
            .filter(|token| token.kind == TokenKind::Word)
            .map_or("", |token| token.span.text(self.source))
    }

    /// The sign at an index; 0 for other tokens.
    pub fn sign(&self, index: usize) -> u8 {
        self.get(index)
            .filter(|token| token.kind == TokenKind::Sign)
            .map_or(0, |token| self.source.as_bytes()[token.span.range()][0])
    }

    /// The string at an index, if nothing in it is computed.
    pub fn text(&self, index: usize) -> Option<(&'t str, Span)> {
        let token = self
            .get(index)
            .filter(|token| token.kind == TokenKind::Text)?;
        Some((token.span.text(self.source), token.span))
    }

    /// Whether the words and signs from an index on are these.
    pub fn reads(&self, index: usize, pattern: &[&str]) -> bool {
        pattern.iter().enumerate().all(|(offset, want)| {
            let token = self
                .get(index + offset)
                .filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Sign));
            token.is_some_and(|token| token.span.text(self.source) == *want)
        })
    }

    /// The index of the bracket that closes the one index `open`; the last token's where none does.
    pub fn close(&self, open: usize) -> usize {
        self.partners
            .get(open)
            .map_or(self.tokens.len(), |&partner| partner as usize)
    }
}

fn partners(source: &str, tokens: &[Token]) -> Vec<u32> {
    let mut partners = vec![tokens.len() as u32; tokens.len()];
    let mut open: Vec<usize> = Vec::new();
    for (index, token) in tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.kind == TokenKind::Sign)
    {
        match source.as_bytes()[token.span.range()][0] {
            b'(' | b'[' | b'{' => open.push(index),
            b')' | b']' | b'}' => {
                if let Some(from) = open.pop() {
                    partners[from] = index as u32;
                }
            }
            _ => {}
        }
    }

    partners
}

const fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

struct CodeLexer<'t> {
    source: &'t str,
    bytes: &'t [u8],
    offset: usize,
    language: Language,
    tokens: Vec<Token>,
    /// Only blanks so far on this line.
    fresh: bool,
}

impl CodeLexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.offset + ahead).copied().unwrap_or(0)
    }

    fn push(&mut self, kind: TokenKind, start: usize, end: usize) {
        self.tokens.push(Token {
            kind,
            first: self.fresh,
            span: Span::of(start, end),
        });
        self.fresh = false;
    }

    fn run(mut self) -> Vec<Token> {
        // For each template literal that we are inside of: how many braces are open in its `${`.
        let mut templates: Vec<u32> = Vec::new();

        while self.offset < self.bytes.len() {
            let byte = self.bytes[self.offset];

            match byte {
                b'\n' => {
                    self.fresh = true;
                    self.offset += 1;
                }
                _ if byte.is_ascii_whitespace() => self.offset += 1,
                b'#' if self.language.hash_comments() && self.peek(1) != b'[' => self.skip_line(),
                b'/' if self.language.slash_comments() && self.peek(1) == b'/' => self.skip_line(),
                b'/' if self.language.slash_comments() && self.peek(1) == b'*' => {
                    let body = self.offset + 2;
                    self.offset = memchr::memmem::find(&self.bytes[body..], b"*/")
                        .map_or(self.bytes.len(), |len| body + len + 2);
                }
                b'/' if self.language == Language::Script && self.begins_pattern() => {
                    self.pattern()
                }
                b'`' if self.language == Language::Script => {
                    self.template(self.offset + 1, &mut templates)
                }
                b'`' if self.language == Language::Go => self.raw(1, b"`"),
                b'{' if !templates.is_empty() => {
                    *templates.last_mut().unwrap_or(&mut 0) += 1;
                    self.sign();
                }
                b'}' if templates.last() == Some(&0) => {
                    templates.pop();
                    self.template(self.offset + 1, &mut templates);
                }
                b'}' if !templates.is_empty() => {
                    *templates.last_mut().unwrap_or(&mut 0) -= 1;
                    self.sign();
                }
                b'\'' if self.language == Language::Rust => self.rust_quote(),
                b'"' | b'\'' => self.quoted(byte),
                _ if is_word_byte(byte) => self.word(),
                _ => self.sign(),
            }
        }

        self.tokens
    }

    fn sign(&mut self) {
        self.push(TokenKind::Sign, self.offset, self.offset + 1);
        self.offset += 1;
    }

    fn skip_line(&mut self) {
        self.offset = memchr::memchr(b'\n', &self.bytes[self.offset..])
            .map_or(self.bytes.len(), |len| self.offset + len);
    }

    fn word(&mut self) {
        let start = self.offset;
        self.offset += self.bytes[start..]
            .iter()
            .take_while(|byte| is_word_byte(**byte))
            .count();
        let word = slice(self.source, start..self.offset);
        let quote = self.peek(0);
        // A prefix of a string: r"", b"", f"" and their kin.
        if matches!(quote, b'"' | b'\'') && word.len() <= 2 && self.language == Language::Python {
            let raw = word.bytes().all(|byte| b"rRbBuU".contains(&byte));
            let formatted = !raw && word.bytes().all(|byte| b"rRbBfFtT".contains(&byte));

            if raw || formatted {
                let before = self.tokens.len();
                self.quoted(quote);

                if formatted {
                    self.tokens[before..]
                        .iter_mut()
                        .for_each(|token| token.kind = TokenKind::Mixed);
                }

                return;
            }
        }

        if self.language == Language::Rust
            && matches!(word, "r" | "br" | "cr")
            && matches!(quote, b'"' | b'#')
        {
            let hashes = self.bytes[self.offset..]
                .iter()
                .take_while(|byte| **byte == b'#')
                .count();
            if self.peek(hashes) == b'"' && hashes < 16 {
                let mut end = [b'#'; 17];
                end[0] = b'"';
                return self.raw(hashes + 1, &end[..=hashes]);
            }
        }

        self.push(TokenKind::Word, start, self.offset);
    }

    /// A text without escapes that begins `skip` bytes on and ends with `end`.
    fn raw(&mut self, skip: usize, end: &[u8]) {
        let start = self.offset + skip;
        let len = memchr::memmem::find(&self.bytes[start..], end);
        let stop = len.map_or(self.bytes.len(), |len| start + len);
        self.push(TokenKind::Text, start, stop);
        self.offset = len.map_or(stop, |_| stop + end.len());
    }

    fn quoted(&mut self, quote: u8) {
        let triple = [quote; 3];
        if matches!(self.language, Language::Python | Language::Java)
            && self.bytes[self.offset..].starts_with(&triple)
        {
            return self.raw(3, &triple);
        }

        let start = self.offset + 1;
        let mut end = start;
        let mut computed = false;
        // Only Rust's strings may have several lines without a mark.
        let lines = self.language == Language::Rust;
        while end < self.bytes.len()
            && self.bytes[end] != quote
            && (lines || self.bytes[end] != b'\n')
        {
            let next = self.bytes.get(end + 1).copied().unwrap_or(0);
            computed |= match (self.language, self.bytes[end]) {
                (Language::Ruby, b'#') => quote == b'"' && next == b'{',
                (Language::Java | Language::Php, b'$') => {
                    quote == b'"' && (next == b'{' || next.is_ascii_alphabetic())
                }
                _ => false,
            };

            end += if self.bytes[end] == b'\\' { 2 } else { 1 };
        }
        // An escape may have led past the end, or into a character.
        let mut end = end.min(self.bytes.len());
        while !self.source.is_char_boundary(end) {
            end += 1;
        }

        self.push(
            if computed {
                TokenKind::Mixed
            } else {
                TokenKind::Text
            },
            start,
            end,
        );
        self.offset = if self.bytes.get(end) == Some(&quote) {
            end + 1
        } else {
            end
        };
    }

    /// A character, or the name of a lifetime.
    fn rust_quote(&mut self) {
        let character = self.peek(1) == b'\\'
            || slice(self.source, self.offset + 1..self.source.len())
                .chars()
                .nth(1)
                == Some('\'');
        if !character {
            return self.sign();
        }

        let body = self.offset + if self.peek(1) == b'\\' { 3 } else { 2 };
        let rest = self.bytes.get(body..).unwrap_or(&[]);
        let len = rest.iter().take(12).position(|byte| *byte == b'\'');
        self.offset = len.map_or(self.bytes.len().min(body), |len| body + len + 1);
        while !self.source.is_char_boundary(self.offset) {
            self.offset += 1;
        }
    }

    /// The part of a template literal from `start` to its end or to the next `${`, whose inside is
    /// code again.
    fn template(&mut self, start: usize, templates: &mut Vec<u32>) {
        let mut end = start;
        let resumed = self.bytes[self.offset] == b'}';

        while end < self.bytes.len() && self.bytes[end] != b'`' {
            if self.bytes[end] == b'$' && self.bytes.get(end + 1) == Some(&b'{') {
                self.push(TokenKind::Mixed, start, end);
                self.offset = end + 2;
                templates.push(0);
                return;
            }

            end += if self.bytes[end] == b'\\' { 2 } else { 1 };
        }

        let end = end.min(self.bytes.len());
        self.push(
            if resumed {
                TokenKind::Mixed
            } else {
                TokenKind::Text
            },
            start,
            end,
        );
        self.offset = (end + 1).min(self.bytes.len());
    }

    /// Whether a `/` begins a regular expression: after a value it divides.
    fn begins_pattern(&self) -> bool {
        let Some(last) = self.tokens.last() else {
            return true;
        };

        match last.kind {
            TokenKind::Word => matches!(
                last.span.text(self.source),
                "return" | "typeof" | "case" | "in" | "of" | "await"
            ),
            TokenKind::Text | TokenKind::Mixed => false,
            // After `<` comes the end of a JSX element, after `}` most often a division's or a
            // block's end.
            TokenKind::Sign => b"(,=:[!&|?{;+".contains(&self.bytes[last.span.range()][0]),
        }
    }

    fn pattern(&mut self) {
        let mut at = self.offset + 1;
        let mut class = false;

        while at < self.bytes.len() && self.bytes[at] != b'\n' {
            match self.bytes[at] {
                b'\\' => at += 1,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => {
                    self.offset = at + 1;
                    return self.align();
                }
                _ => {}
            }

            at += 1;
        }
        // No end on this line: it was a sign after all.
        self.sign();
    }

    fn align(&mut self) {
        while !self.source.is_char_boundary(self.offset) {
            self.offset += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str, language: Language) -> Vec<String> {
        let tokens = Tokens::of(source, language);
        let show = |at: usize| {
            let token = tokens.get(at).unwrap();
            let text = token.span.text(source);

            match token.kind {
                TokenKind::Text => format!("\"{text}\""),
                TokenKind::Mixed => format!("~{text}~"),
                TokenKind::Word | TokenKind::Sign => text.to_owned(),
            }
        };

        (0..tokens.count()).map(show).collect()
    }

    #[test]
    fn texts_and_comments_of_each_language() {
        for (language, source, expected) in [
            (
                Language::Python,
                "a(r'x', f\"y{z}\") # '\nb",
                "a ( \"x\" , ~y{z}~ ) b",
            ),
            (
                Language::Python,
                "\"\"\"don't\n\"\"\"\nx='it\\'s'",
                "\"don't\n\" x = \"it\\'s\"",
            ),
            (Language::Python, "x = 'open\ny", "x = \"open\" y"),
            (
                Language::Script,
                "`a${b(`c`)}d` /* ' */ // '\ne",
                "~a~ b ( \"c\" ) ~d~ e",
            ),
            (
                Language::Script,
                "x = /['\"]/g; a / b / 'c'",
                "x = g ; a / b / \"c\"",
            ),
            (Language::Go, "`a\"\\` 'x' // y", "\"a\"\\\" \"x\""),
            (
                Language::Rust,
                "fn f<'a>(x: &'a str) { r#\"a\"b\"# '\\'' 'é' }",
                "fn f < ' a > ( x : & ' a str ) { \"a\"b\" }",
            ),
            (Language::Ruby, "get \"/a#{b}\" # c", "get ~/a#{b}~"),
            (
                Language::Php,
                "#[Route('/x')] $a->b # c",
                "# [ Route ( \"/x\" ) ] $a - > b",
            ),
        ] {
            assert_eq!(shown(source, language).join(" "), expected, "{source}");
        }
    }

    #[test]
    fn brackets_know_their_partners() {
        let tokens = Tokens::of("a(b[c], {d})e)", Language::Go);
        assert_eq!(tokens.close(1), 10);
        assert_eq!(tokens.close(3), 5);
        assert_eq!(Tokens::of("a((", Language::Go).close(1), 3);
    }

    #[test]
    fn hostile_text_ends() {
        for source in [
            "\\", "'\\", "`${", "`${`${`", "'é\\", "r#\"", "f'\\é", "/[", "'\\é'", "\"\"\"", "'",
        ] {
            for language in [
                Language::Python,
                Language::Script,
                Language::Go,
                Language::Rust,
                Language::Ruby,
                Language::Java,
            ] {
                let tokens = Tokens::of(source, language);
                assert!((0..tokens.count()).all(|at| {
                    tokens
                        .get(at)
                        .is_some_and(|token| source.get(token.span.range()).is_some())
                }));
            }
        }
    }
}
