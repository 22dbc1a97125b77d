//! Compound commands, including tests and arithmetic.

use super::keyword::{Closers, Keyword};
use super::parser::Parser;
use super::script::BlockKind;
use super::word::Word;
use crate::source::Span;

impl Parser<'_> {
    /// The reserved word that begins here, and its length.
    pub(super) fn keyword(&self) -> Option<(Keyword, usize)> {
        if !matches!(
            self.peek()?,
            b'i' | b'f' | b'w' | b'u' | b'c' | b's' | b't' | b'd' | b'e' | b'{' | b'}' | b'['
        ) {
            return None;
        }

        let rest = &self.bytes[self.position..self.end.min(self.position + 9)];
        let len = rest
            .iter()
            .position(|byte| {
                matches!(
                    byte,
                    b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>'
                )
            })
            .unwrap_or(rest.len());
        let keyword = match &rest[..len] {
            b"{" => Keyword::Brace,
            b"}" => Keyword::Closer(Closers::BRACE),
            b"if" => Keyword::If,
            b"then" => Keyword::Closer(Closers::THEN),
            b"elif" => Keyword::Closer(Closers::ELIF),
            b"else" => Keyword::Closer(Closers::ELSE),
            b"fi" => Keyword::Closer(Closers::FI),
            b"while" | b"until" => Keyword::While,
            b"for" | b"select" => Keyword::For,
            b"do" => Keyword::Closer(Closers::DO),
            b"done" => Keyword::Closer(Closers::DONE),
            b"case" => Keyword::Case,
            b"esac" => Keyword::Closer(Closers::ESAC),
            b"function" if matches!(self.peek_at(8), Some(b' ' | b'\t')) => Keyword::Function,
            b"[[" => Keyword::Test,
            _ => return None,
        };

        Some((keyword, len))
    }

    /// Whether a closer of this set is next.
    pub(super) fn is_at_closer(&self, closers: Closers) -> bool {
        matches!(self.keyword(), Some((Keyword::Closer(closer), _)) if closers.has(closer))
    }

    fn take_keyword(&mut self, wanted: Closers) -> bool {
        match self.keyword() {
            Some((Keyword::Closer(closer), len)) if wanted.has(closer) => {
                self.position += len;
                true
            }
            _ => false,
        }
    }

    /// Reads a command of a pipeline, simple or compound.
    pub(super) fn element(&mut self, outer: Closers) {
        let start = self.position;

        if self.peek() == Some(b'(') {
            if self.peek_at(1) == Some(b'(')
                && let Some(close) = self.arithmetic_end(self.position + 2)
            {
                return self.arithmetic_command(close);
            }

            let block = self.deeper(|parser| parser.parenthesized(BlockKind::Subshell, start));
            return self.compound_end(block, start, 1);
        }

        let Some((keyword, len)) = self.keyword() else {
            return self.simple();
        };

        let block = match keyword {
            Keyword::Closer(_) => return self.simple(),
            Keyword::Test => return self.test(),
            Keyword::Brace => self.deeper(|parser| {
                parser.within(BlockKind::Group, Vec::new(), start, |parser| {
                    parser.position += len;
                    parser.list(Closers::BRACE, outer);
                    parser.take_keyword(Closers::BRACE);
                })
            }),
            Keyword::If => self.deeper(|parser| {
                parser.within(BlockKind::If, Vec::new(), start, |parser| {
                    parser.position += len;
                    parser.conditional(outer);
                })
            }),
            Keyword::While => self.deeper(|parser| {
                parser.within(BlockKind::Loop, Vec::new(), start, |parser| {
                    parser.position += len;
                    let outer = outer.and(Closers::DONE);
                    parser.branch(BlockKind::Condition, Closers::DO, outer);
                    parser.loop_body(outer);
                })
            }),
            Keyword::For => self.deeper(|parser| parser.for_loop(start, len, outer)),
            Keyword::Case => self.deeper(|parser| parser.case(start, len, outer)),
            Keyword::Function => {
                self.position += len;
                self.skip_blanks();
                let name = self.word();
                self.skip_blanks();

                if self.peek() == Some(b'(') {
                    self.position += 1;
                    self.skip_blanks();
                    self.take(b')');
                }

                return self.function(name, start, outer);
            }
        };

        self.compound_end(block, start, len);
    }

    /// Reads the redirects after a compound command; or, where it is nested too deeply, its first
    /// token as a separator.
    fn compound_end(&mut self, block: Option<u32>, start: usize, token: usize) {
        let Some(block) = block else {
            self.position = start + token;
            return;
        };

        loop {
            self.skip_blanks();
            let Some(redirect) = self.redirect() else {
                return;
            };

            let block = &mut self.script.blocks[block as usize];
            block.span.end = block.span.end.max(redirect.span.end);
            block.redirects.push(redirect);
        }
    }

    fn branch(&mut self, kind: BlockKind, closers: Closers, outer: Closers) {
        self.within(kind, Vec::new(), self.position, |parser| {
            parser.list(closers, outer)
        });
    }

    fn conditional(&mut self, outer: Closers) {
        let arms = Closers::ELIF.and(Closers::ELSE).and(Closers::FI);

        loop {
            self.branch(BlockKind::Condition, Closers::THEN, outer.and(arms));
            if self.take_keyword(Closers::THEN) {
                self.branch(BlockKind::Body, arms, outer);
            }

            if !self.take_keyword(Closers::ELIF) {
                break;
            }
        }

        if self.take_keyword(Closers::ELSE) {
            self.branch(BlockKind::Body, Closers::FI, outer);
        }

        self.take_keyword(Closers::FI);
    }

    fn loop_body(&mut self, outer: Closers) {
        if self.take_keyword(Closers::DO) {
            self.branch(BlockKind::Body, Closers::DONE, outer);
        }
        self.take_keyword(Closers::DONE);
    }

    fn for_loop(&mut self, start: usize, len: usize, outer: Closers) -> u32 {
        self.position += len;
        self.skip_blanks();
        let mut words = Vec::new();
        if self.peek() == Some(b'(')
            && self.peek_at(1) == Some(b'(')
            && let Some(close) = self.arithmetic_end(self.position + 2)
        {
            words.push(self.arithmetic_word(self.position + 2, close));
            self.position = close + 2;
        } else {
            words.push(self.word());
            self.skip_lines();
            if self.bytes[self.position..self.end].starts_with(b"in")
                && matches!(self.peek_at(2), Some(b' ' | b'\t' | b'\\'))
            {
                self.position += 2;
                self.words_until_operator(&mut words);
            }
        }

        loop {
            self.skip_lines();
            if !self.take(b';') {
                break;
            }
        }

        self.within(BlockKind::Loop, words, start, |parser| {
            if let Some((Keyword::Brace, len)) = parser.keyword() {
                parser.position += len;
                parser.branch(BlockKind::Body, Closers::BRACE, outer);
                parser.take_keyword(Closers::BRACE);
            } else {
                parser.loop_body(outer);
            }
        })
    }

    fn words_until_operator(&mut self, words: &mut Vec<Word>) {
        loop {
            self.skip_blanks();
            let before = self.position;
            if self.peek() == Some(b'#') {
                return;
            }

            let word = self.word();
            if self.position == before {
                return;
            }

            words.push(word);
        }
    }

    fn case(&mut self, start: usize, len: usize, outer: Closers) -> u32 {
        self.position += len;
        self.skip_blanks();
        let subject = self.word();
        self.skip_lines();
        if self.bytes[self.position..self.end].starts_with(b"in") {
            self.position += 2;
        }

        self.within(BlockKind::Case, vec![subject], start, |parser| {
            while parser.arm(outer) {}
            parser.take_keyword(Closers::ESAC);
        })
    }

    /// Reads an arm of a `case`; false when there is none.
    fn arm(&mut self, outer: Closers) -> bool {
        self.skip_lines();
        let start = self.position;
        if matches!(self.peek(), None | Some(b')' | b';' | b'&' | b'<' | b'>'))
            || self.is_at_closer(outer.and(Closers::ESAC))
        {
            return false;
        }

        self.take(b'(');
        let mut patterns = Vec::new();

        loop {
            self.words_until_operator(&mut patterns);
            if !self.take(b'|') {
                break;
            }
        }

        if !self.take(b')') {
            return false;
        }

        self.within(BlockKind::Arm, patterns, start, |parser| {
            parser.list(Closers::ARM.and(Closers::ESAC), outer);
        });

        if self.peek() == Some(b';') {
            self.position += if self.peek_at(2) == Some(b'&') { 3 } else { 2 };
        }

        true
    }

    pub(super) fn function(&mut self, name: Word, start: usize, outer: Closers) {
        self.skip_lines();
        if matches!(self.peek(), None | Some(b')' | b';' | b'&' | b'|')) {
            return;
        }

        let depth = self.deeper(|parser| {
            parser.within(BlockKind::Function, vec![name], start, |parser| {
                parser.element(outer)
            });
        });

        if depth.is_none() {
            self.position = self.position.max(start + 1);
        }
    }

    /// Reads `(( … ))` as a command named `((` whose only argument is the expression.
    fn arithmetic_command(&mut self, close: usize) {
        let start = self.position;
        let id = self.push_command();
        let host = self.host.replace(id as u32);
        let words = vec![
            Word::plain("((", Span::of(start, start + 2)),
            self.arithmetic_word(start + 2, close),
        ];
        self.host = host;
        self.position = close + 2;
        let command = &mut self.script.commands[id];
        command.span = Span::of(start, self.position);
        command.words = words;
    }

    /// Reads `[[ … ]]` as a command whose arguments are the words and operators up to and with
    /// `]]`.
    fn test(&mut self) {
        let start = self.position;
        let id = self.push_command();
        let host = self.host.replace(id as u32);
        let mut words = vec![Word::plain("[[", Span::of(start, start + 2))];
        self.position += 2;

        loop {
            self.skip_blanks();
            let before = self.position;

            match self.peek() {
                None | Some(b';') => break,
                Some(b'\n') => {
                    let joins = words
                        .last()
                        .is_some_and(|last| matches!(last.text(), "&&" | "||" | "[["));
                    if !joins {
                        break;
                    }

                    self.newline();
                    continue;
                }
                Some(b'&' | b'|' | b'(' | b')' | b'<' | b'>') => {
                    self.position += 1;
                    if matches!(self.bytes[before], b'&' | b'|') {
                        self.take(self.bytes[before]);
                    }

                    words.push(Word::plain(
                        &self.text[before..self.position],
                        Span::of(before, self.position),
                    ));
                }
                Some(_) => {
                    let word = self.word();
                    if self.position == before {
                        break;
                    }

                    let last = word.text() == "]]";
                    words.push(word);
                    if last {
                        break;
                    }
                }
            }
        }

        self.host = host;
        let mut redirects = Vec::new();
        self.skip_blanks();

        while let Some(redirect) = self.redirect() {
            redirects.push(redirect);
            self.skip_blanks();
        }

        let command = &mut self.script.commands[id];
        let end = redirects
            .last()
            .map_or(0, |last| last.span.end)
            .max(words.last().map_or(0, |last| last.span.end));
        command.span = Span::new(start as u32, end);
        (command.words, command.redirects) = (words, redirects);
    }
}
