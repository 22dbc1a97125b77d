//! Lists, pipelines and compound commands: recursive descent over the bytes of a script.
//!
//! Two promises hold everywhere: each step moves forward, and nothing nests deeper than
//! [`MAX_DEPTH`]; brackets and keywords beyond that depth are read as separators, so that hostile
//! text stays cheap and its commands still appear.

use super::compound::{Closers, Keyword};
use super::{
    Block, BlockKind, Command, Connector, Heredoc, Pipeline, Redirect, RedirectOperator, Script,
    Word, word::is_name,
};
use crate::source::Span;

/// How deep compound commands and expansions may nest. Real scripts stay below ten.
const MAX_DEPTH: u32 = 40;

/// Parses `text` without looking into nested shell text. Substitutions at `opaque` spans (sorted)
/// are passed over, because their commands are known already.
pub(super) fn parse(text: &str, opaque: Vec<Span>) -> Script {
    let mut parser = Parser::new(text, opaque);
    parser
        .script
        .blocks
        .push(Block::new(BlockKind::Script, Span::of(0, text.len())));
    parser.list(Closers::NONE, Closers::NONE);

    parser.script
}

pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) bytes: &'t [u8],
    pub(super) at: usize,
    /// Where reading stops: the end of the text, or of the backticks or here-document being read.
    pub(super) end: usize,
    depth: u32,
    pub(super) script: Script,
    pub(super) opaque: Vec<Span>,
    /// No `}}` stands between this place and the one before which a search for it began.
    pub(super) no_template_until: usize,
    block: u32,
    pub(super) pipeline: u32,
    pub(super) index: u32,
    /// The command being read, host of the substitutions in its words.
    pub(super) host: Option<u32>,
    /// Here-documents whose bodies begin after the next line end: index and delimiter.
    pending: Vec<(u32, Box<str>)>,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, opaque: Vec<Span>) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            end: text.len(),
            depth: 0,
            script: Script::default(),
            opaque,
            no_template_until: 0,
            block: 0,
            pipeline: 0,
            index: 0,
            host: None,
            pending: Vec::new(),
        }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        let at = self.at + ahead;
        if at < self.end {
            Some(self.bytes[at])
        } else {
            None
        }
    }

    /// The length of a line end that begins `ahead` bytes from here.
    pub(super) fn line_end(&self, ahead: usize) -> Option<usize> {
        match (self.peek_at(ahead), self.peek_at(ahead + 1)) {
            (Some(b'\n'), _) => Some(1),
            (Some(b'\r'), Some(b'\n')) => Some(2),
            _ => None,
        }
    }

    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\\') => match self.line_end(1) {
                    Some(len) => self.at += 1 + len,
                    None => return,
                },
                _ => return,
            }
        }
    }

    fn comment(&mut self) {
        let rest = &self.bytes[self.at..self.end];
        let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let trimmed = rest[..len].strip_suffix(b"\r").map_or(len, <[u8]>::len);
        self.script
            .comments
            .push(Span::of(self.at, self.at + trimmed));
        self.at += len;
    }

    /// Blanks, comments and line ends.
    pub(super) fn skip_lines(&mut self) {
        loop {
            self.skip_blanks();

            match self.peek() {
                Some(b'\n') => self.newline(),
                Some(b'#') => self.comment(),
                _ => return,
            }
        }
    }

    /// Passes a line end and the here-documents that begin after it.
    pub(super) fn newline(&mut self) {
        self.at += 1;
        for (index, delimiter) in std::mem::take(&mut self.pending) {
            self.heredoc_body(index, &delimiter);
        }
    }

    fn heredoc_body(&mut self, index: u32, delimiter: &str) {
        let strips_tabs = self.script.heredocs[index as usize].strips_tabs;
        let begin = self.at;
        let (mut body_end, mut next, mut closed) = (self.end, self.end, false);
        let mut line = begin;

        while line < self.end {
            let len = memchr::memchr(b'\n', &self.bytes[line..self.end]);
            let line_end = len.map_or(self.end, |len| line + len);
            let mut content = &self.bytes[line..line_end];
            while strips_tabs && content.first() == Some(&b'\t') {
                content = &content[1..];
            }

            let rest = content.strip_prefix(delimiter.as_bytes());
            // `$(cat <<EOF … EOF)` is not what POSIX asks for, but shells take it.
            let paren = self.depth > 0 && rest.is_some_and(|rest| rest.first() == Some(&b')'));

            if paren || rest.is_some_and(|rest| rest.is_empty() || rest == b"\r") {
                body_end = line;
                next = match rest {
                    Some(rest) if paren => line_end - rest.len(),
                    _ => len.map_or(self.end, |len| line + len + 1),
                };

                closed = true;
                break;
            }

            line = line_end + 1;
        }

        let quoted = self.script.heredocs[index as usize].quoted;
        let body = self.heredoc_word(begin, body_end, quoted);
        let heredoc = &mut self.script.heredocs[index as usize];
        heredoc.body = body;
        heredoc.closed = closed;
        self.at = next;
    }

    /// Runs `inside` one level deeper; `None` when that would be too deep.
    pub(super) fn deeper<T>(&mut self, inside: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            return None;
        }

        self.depth += 1;
        let result = inside(self);
        self.depth -= 1;

        Some(result)
    }

    /// Reads the commands of a new block, in the pipeline element that is being read.
    pub(super) fn within(
        &mut self,
        kind: BlockKind,
        words: Vec<Word>,
        start: usize,
        inside: impl FnOnce(&mut Self),
    ) -> u32 {
        let id = self.script.blocks.len() as u32;
        self.script.blocks.push(Block {
            parent: Some(self.block),
            pipeline: self.pipeline,
            index: self.index,
            words,
            ..Block::new(kind, Span::of(start, start))
        });

        let (block, pipeline, index) = (self.block, self.pipeline, self.index);
        self.block = id;
        inside(self);
        (self.block, self.pipeline, self.index) = (block, pipeline, index);
        self.script.blocks[id as usize].span.end = self.at as u32;

        id
    }

    /// `( … )` of a substitution, from its `(` on. Commands inside belong to the current host.
    pub(super) fn substitution(&mut self, kind: BlockKind, start: usize) -> u32 {
        let host = self.host.take();
        let id = self.parenthesised(kind, start);
        self.script.blocks[id as usize].host = host;
        self.host = host;
        id
    }

    /// A block from the `(` here to its `)`.
    pub(super) fn parenthesised(&mut self, kind: BlockKind, start: usize) -> u32 {
        self.within(kind, Vec::new(), start, |parser| {
            parser.at += 1;
            parser.list(Closers::PAREN, Closers::NONE);
            parser.take(b')');
        })
    }

    /// The commands between two backticks; the closing one is at `close`.
    pub(super) fn backticks(&mut self, start: usize, close: usize) -> u32 {
        let (host, end) = (self.host.take(), self.end);
        let id = self.within(BlockKind::Substitution, Vec::new(), start, |parser| {
            parser.end = close;
            parser.list(Closers::NONE, Closers::NONE);
            parser.end = end;
            parser.at = close + 1;
        });

        self.script.blocks[id as usize].host = host;
        self.host = host;

        id
    }

    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Pipelines up to a token of `own`, which is left in place, or of `outer`, which a list around
    /// this one waits for.
    pub(super) fn list(&mut self, own: Closers, outer: Closers) {
        let wanted = own.and(outer);
        let mut joined = Connector::None;
        let mut last: Option<u32> = None;

        loop {
            self.skip_blanks();
            let start = self.at;
            let Some(byte) = self.peek() else { return };

            let connector = match byte {
                b'\n' => {
                    self.newline();
                    if matches!(joined, Connector::And | Connector::Or) {
                        continue;
                    } else {
                        Connector::Sequence
                    }
                }
                b'#' => {
                    self.comment();
                    continue;
                }
                b';' if matches!(self.peek_at(1), Some(b';' | b'&')) => {
                    if wanted.has(Closers::ARM) {
                        return;
                    }

                    self.at += 2;

                    Connector::Sequence
                }
                b';' => {
                    self.at += 1;
                    Connector::Sequence
                }
                b'&' if self.peek_at(1) == Some(b'&') => {
                    self.at += 2;
                    Connector::And
                }
                b'&' if self.peek_at(1) != Some(b'>') => {
                    self.at += 1;
                    Connector::Background
                }
                b'|' if self.peek_at(1) == Some(b'|') => {
                    self.at += 2;
                    Connector::Or
                }
                b'|' => {
                    self.at += 1;
                    continue;
                }
                b')' => {
                    if wanted.has(Closers::PAREN) {
                        return;
                    }

                    self.at += 1;
                    continue;
                }
                _ => {
                    if let Some((Keyword::Closer(closer), len)) = self.keyword() {
                        if wanted.has(closer) {
                            return;
                        }

                        self.at += len;
                        continue;
                    }

                    let id = self.read_pipeline(joined, wanted);

                    if self.at == start {
                        self.at += 1;
                        while !self.text.is_char_boundary(self.at) {
                            self.at += 1;
                        }
                    }

                    joined = Connector::None;
                    last = Some(id);
                    continue;
                }
            };

            let Some(last) = last else { continue };

            let then = &mut self.script.pipelines[last as usize].then;
            if *then == Connector::None {
                *then = connector;
            }

            joined = *then;
        }
    }

    fn read_pipeline(&mut self, joined: Connector, outer: Closers) -> u32 {
        let id = self.script.pipelines.len() as u32;
        let mut pipeline = Pipeline::new(self.block, joined);
        while self.peek() == Some(b'!')
            && matches!(self.peek_at(1), Some(b' ' | b'\t' | b'\r' | b'\n') | None)
        {
            self.at += 1;
            pipeline.negated = !pipeline.negated;
            self.skip_blanks();
        }

        self.script.pipelines.push(pipeline);
        let (before, index) = (self.pipeline, self.index);
        (self.pipeline, self.index) = (id, 0);

        loop {
            self.element(outer);
            self.skip_blanks();
            if self.peek() != Some(b'|') || self.peek_at(1) == Some(b'|') {
                break;
            }

            let pipe = self.at;
            self.at += 1;
            self.take(b'&');
            let span = Span::of(pipe, self.at);
            self.skip_lines();
            let stops = matches!(self.peek(), None | Some(b')' | b';' | b'|'))
                || matches!(self.keyword(), Some((Keyword::Closer(closer), _)) if outer.has(closer));
            self.script.pipelines[id as usize].pipes.push(span);
            if stops {
                break;
            }

            self.index += 1;
            self.script.pipelines[id as usize].len += 1;
        }

        (self.pipeline, self.index) = (before, index);

        id
    }

    pub(super) fn push_command(&mut self) -> usize {
        self.script.commands.push(Command {
            block: self.block,
            pipeline: self.pipeline,
            index: self.index,
            ..Command::default()
        });

        self.script.commands.len() - 1
    }

    pub(super) fn simple(&mut self) {
        let start = self.at;
        let id = self.push_command();
        let host = self.host.replace(id as u32);
        let mut command = Command::default();
        let mut end = start;

        loop {
            self.skip_blanks();
            let before = self.at;

            match self.peek() {
                None | Some(b'\n' | b';' | b'|' | b')' | b'#') => break,
                Some(b'&') if self.peek_at(1) != Some(b'>') => break,
                Some(b'(') => {
                    if let [name] = &*command.words
                        && command.assignments.is_empty()
                        && command.redirects.is_empty()
                        && name.parts.is_empty()
                        && self.empty_parens()
                    {
                        let name = name.clone();
                        self.host = host;
                        self.script.commands.truncate(id);
                        return self.function(name, start, Closers::NONE);
                    }

                    break;
                }
                _ => {}
            }

            if let Some(redirect) = self.redirect() {
                command.redirects.push(redirect);
            } else if command.words.is_empty()
                && let Some(assignment) = self.assignment()
            {
                command.assignments.push(assignment);
            } else {
                let word = self.word();
                if self.at == before {
                    break;
                }

                command.words.push(word);
            }

            end = self.at;
        }

        self.host = host;

        if end == start {
            self.script.commands.truncate(id);
            return;
        }

        let slot = &mut self.script.commands[id];
        slot.span = Span::of(start, end);
        slot.words = command.words;
        slot.assignments = command.assignments;
        slot.redirects = command.redirects;
    }

    /// Passes `()`.
    fn empty_parens(&mut self) -> bool {
        let before = self.at;
        self.at += 1;
        self.skip_blanks();
        let found = self.take(b')');
        if !found {
            self.at = before;
        }

        found
    }

    pub(super) fn redirect(&mut self) -> Option<Redirect> {
        let start = self.at;
        let mut at = self.at;
        while at < self.end && at - start < 10 && self.bytes[at].is_ascii_digit() {
            at += 1;
        }

        let rest = &self.bytes[at..self.end];
        if !matches!(rest.first(), Some(b'<' | b'>')) && !rest.starts_with(b"&>")
            || at > start && rest[0] == b'&'
        {
            return None;
        }

        use RedirectOperator as R;
        let (operator, len) = match rest {
            [b'<' | b'>', b'(', ..] if at == start => return None,
            [b'<', b'<', b'<', ..] => (R::HereString, 3),
            [b'<', b'<', b'-', ..] => (R::Heredoc, 3),
            [b'<', b'<', ..] => (R::Heredoc, 2),
            [b'<', b'>', ..] => (R::ReadWrite, 2),
            [b'<', b'&', ..] => (R::DuplicateRead, 2),
            [b'<', ..] => (R::Read, 1),
            [b'>', b'>', ..] => (R::Append, 2),
            [b'>', b'|', ..] => (R::Write, 2),
            [b'>', b'&', ..] => (R::DuplicateWrite, 2),
            [b'>', ..] => (R::Write, 1),
            [_, _, b'>', ..] => (R::AppendBoth, 3),
            _ => (R::WriteBoth, 2),
        };

        let descriptor = self.text[start..at].parse().ok();
        self.at = at + len;
        let operator_end = self.at;
        self.skip_blanks();
        let target = self.word();
        if target.span.is_empty() {
            self.at = operator_end;
        }

        let heredoc = (operator == R::Heredoc && !target.span.is_empty()).then(|| {
            let index = self.script.heredocs.len() as u32;
            self.script.heredocs.push(Heredoc {
                quoted: target
                    .parts
                    .iter()
                    .any(|part| part.quote != super::Quote::None),
                strips_tabs: len == 3,
                ..Heredoc::default()
            });

            self.pending.push((index, target.text().into()));

            index
        });

        Some(Redirect {
            operator,
            span: Span::of(start, self.at),
            descriptor,
            target,
            heredoc,
        })
    }

    fn assignment(&mut self) -> Option<super::Assignment> {
        let rest = &self.text.as_bytes()[self.at..self.end];
        let len = rest
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'))?;
        let name = &self.text[self.at..self.at + len];
        if !is_name(name) {
            return None;
        }

        let operator = match &rest[len..] {
            [b'=', ..] => 1,
            [b'+', b'=', ..] => 2,
            [b'[', index @ ..] => {
                let close = index
                    .iter()
                    .take(128)
                    .position(|&byte| matches!(byte, b']' | b' ' | b'\n'))?;
                if !index[close..].starts_with(b"]=") {
                    return None;
                }

                close + 3
            }
            _ => return None,
        };

        let name_span = Span::of(self.at, self.at + len);
        self.at += len + operator;
        let value = if self.peek() == Some(b'(') {
            self.array_value()
        } else {
            self.word()
        };

        Some(super::Assignment {
            name: name.to_owned(),
            name_span,
            value,
        })
    }
}
