//! Lists, pipelines and compound commands: recursive descent over the bytes of a script.
//!
//! Each step moves forward, and nothing is nested deeper than [`MAX_DEPTH`]. Brackets and keywords
//! beyond that depth are read as separators, so that hostile text stays cheap and its commands are
//! still found.

use super::keyword::{Closers, Keyword};
use super::script::{
    Assignment, Block, BlockKind, Command, Connector, Heredoc, Pipeline, Redirect,
    RedirectOperator, Script,
};
use super::word::{Quote, Word, is_name};
use crate::source::Span;

/// The depth to which compound commands and expansions may be nested. Real scripts stay below ten.
const MAX_DEPTH: u32 = 40;

/// Parses `text` without nested shell text. Substitutions at `opaque` spans (sorted) are skipped,
/// because their commands are known already.
pub(super) fn parse(text: &str, opaque: Vec<Span>) -> Script {
    let mut parser = Parser::new(text, opaque);
    parser
        .script
        .blocks
        .push(Block::new(BlockKind::Script, Span::of(0, text.len())));
    parser.list(Closers::NONE, Closers::NONE);

    parser.script
}

/// A token between the pipelines of a list.
enum ListToken {
    /// The end of the list.
    End,
    /// A comment, a line end after `&&`, or a token without meaning here.
    Skipped,
    Connector(Connector),
    /// A pipeline begins.
    Pipeline,
}

pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) bytes: &'t [u8],
    pub(super) position: usize,
    /// The end of the text, or of the backticks or here-document that is being read.
    pub(super) end: usize,
    depth: u32,
    pub(super) script: Script,
    pub(super) opaque: Vec<Span>,
    /// The offset before which no `}}` ends a template: an earlier search found none.
    pub(super) no_template_until: usize,
    block: u32,
    pub(super) pipeline: u32,
    pub(super) index: u32,
    /// The command that is being read, the host of the substitutions in its words.
    pub(super) host: Option<u32>,
    /// Here-documents whose bodies begin after the next line end: index and delimiter.
    pending: Vec<(u32, Box<str>)>,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, opaque: Vec<Span>) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            position: 0,
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
        let position = self.position + ahead;
        if position < self.end {
            Some(self.bytes[position])
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
                Some(b' ' | b'\t' | b'\r') => self.position += 1,
                Some(b'\\') => match self.line_end(1) {
                    Some(len) => self.position += 1 + len,
                    None => return,
                },
                _ => return,
            }
        }
    }

    fn comment(&mut self) {
        let rest = &self.bytes[self.position..self.end];
        let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let trimmed = rest[..len].strip_suffix(b"\r").map_or(len, <[u8]>::len);
        self.script
            .comments
            .push(Span::of(self.position, self.position + trimmed));
        self.position += len;
    }

    /// Skips blanks, comments and line ends.
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

    /// Skips a line end and reads the here-documents that begin after it.
    pub(super) fn newline(&mut self) {
        self.position += 1;
        for (index, delimiter) in std::mem::take(&mut self.pending) {
            self.heredoc_body(index, &delimiter);
        }
    }

    fn heredoc_body(&mut self, index: u32, delimiter: &str) {
        let strips_tabs = self.script.heredocs[index as usize].strips_tabs;
        let begin = self.position;
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
            // `$(cat <<EOF … EOF)` is not valid in POSIX, but shells accept it.
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
        self.position = next;
    }

    /// Runs `inside` one level deeper; `None` when that is too deep.
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
        self.script.blocks[id as usize].span.end = self.position as u32;

        id
    }

    /// Reads `( … )` of a substitution, from its `(` on. Commands inside belong to the current
    /// host.
    pub(super) fn substitution(&mut self, kind: BlockKind, start: usize) -> u32 {
        let host = self.host.take();
        let id = self.parenthesized(kind, start);
        self.script.blocks[id as usize].host = host;
        self.host = host;
        id
    }

    /// Reads a block from the `(` at the position to its `)`.
    pub(super) fn parenthesized(&mut self, kind: BlockKind, start: usize) -> u32 {
        self.within(kind, Vec::new(), start, |parser| {
            parser.position += 1;
            parser.list(Closers::PAREN, Closers::NONE);
            parser.take(b')');
        })
    }

    /// Reads the commands between two backticks; the closing one is at `close`.
    pub(super) fn backticks(&mut self, start: usize, close: usize) -> u32 {
        let (host, end) = (self.host.take(), self.end);
        let id = self.within(BlockKind::Substitution, Vec::new(), start, |parser| {
            parser.end = close;
            parser.list(Closers::NONE, Closers::NONE);
            parser.end = end;
            parser.position = close + 1;
        });

        self.script.blocks[id as usize].host = host;
        self.host = host;

        id
    }

    pub(super) fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.position += usize::from(is_next);
        is_next
    }

    /// Reads pipelines up to a token of `closers`, which is not consumed, or of `outer`, for which
    /// a list around this one waits.
    pub(super) fn list(&mut self, closers: Closers, outer: Closers) {
        let wanted = closers.and(outer);
        let mut joined = Connector::None;
        let mut last: Option<u32> = None;

        loop {
            self.skip_blanks();

            match self.list_token(joined, wanted) {
                ListToken::End => return,
                ListToken::Skipped => {}
                ListToken::Connector(connector) => {
                    if let Some(last) = last {
                        let then = &mut self.script.pipelines[last as usize].then;
                        if *then == Connector::None {
                            *then = connector;
                        }

                        joined = *then;
                    }
                }
                ListToken::Pipeline => {
                    last = Some(self.pipeline_or_character(joined, wanted));
                    joined = Connector::None;
                }
            }
        }
    }

    /// The next token of a list, consumed unless it ends the list or begins a pipeline.
    fn list_token(&mut self, joined: Connector, wanted: Closers) -> ListToken {
        let Some(byte) = self.peek() else {
            return ListToken::End;
        };

        match (byte, self.peek_at(1)) {
            (b'\n', _) => {
                self.newline();
                match joined {
                    Connector::And | Connector::Or => ListToken::Skipped,
                    _ => ListToken::Connector(Connector::Sequence),
                }
            }
            (b'#', _) => {
                self.comment();
                ListToken::Skipped
            }
            (b';', Some(b';' | b'&')) if wanted.has(Closers::ARM) => ListToken::End,
            (b';', Some(b';' | b'&')) => self.connector(2, Connector::Sequence),
            (b';', _) => self.connector(1, Connector::Sequence),
            (b'&', Some(b'&')) => self.connector(2, Connector::And),
            (b'&', next) if next != Some(b'>') => self.connector(1, Connector::Background),
            (b'|', Some(b'|')) => self.connector(2, Connector::Or),
            (b')', _) if wanted.has(Closers::PAREN) => ListToken::End,
            (b'|' | b')', _) => {
                self.position += 1;
                ListToken::Skipped
            }
            _ => match self.keyword() {
                Some((Keyword::Closer(closer), _)) if wanted.has(closer) => ListToken::End,
                Some((Keyword::Closer(_), len)) => {
                    self.position += len;
                    ListToken::Skipped
                }
                _ => ListToken::Pipeline,
            },
        }
    }

    /// Consumes a connector of `len` bytes.
    const fn connector(&mut self, len: usize, connector: Connector) -> ListToken {
        self.position += len;
        ListToken::Connector(connector)
    }

    /// Reads a pipeline; where there is none, skips a character so that each step moves forward.
    fn pipeline_or_character(&mut self, joined: Connector, outer: Closers) -> u32 {
        let start = self.position;
        let id = self.read_pipeline(joined, outer);

        if self.position == start {
            self.position += 1;
            while !self.text.is_char_boundary(self.position) {
                self.position += 1;
            }
        }

        id
    }

    fn read_pipeline(&mut self, joined: Connector, outer: Closers) -> u32 {
        let id = self.script.pipelines.len() as u32;
        let mut pipeline = Pipeline::new(self.block, joined);
        while self.peek() == Some(b'!')
            && matches!(self.peek_at(1), Some(b' ' | b'\t' | b'\r' | b'\n') | None)
        {
            self.position += 1;
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

            let pipe = self.position;
            self.position += 1;
            self.take(b'&');
            let span = Span::of(pipe, self.position);
            self.skip_lines();
            let stops =
                matches!(self.peek(), None | Some(b')' | b';' | b'|')) || self.is_at_closer(outer);
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
        let start = self.position;
        let id = self.push_command();
        let host = self.host.replace(id as u32);
        let mut command = Command::default();
        let mut end = start;

        loop {
            self.skip_blanks();
            let before = self.position;

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
                if self.position == before {
                    break;
                }

                command.words.push(word);
            }

            end = self.position;
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

    /// Skips `()`, if it is next.
    fn empty_parens(&mut self) -> bool {
        let before = self.position;
        self.position += 1;
        self.skip_blanks();
        let is_closed = self.take(b')');
        if !is_closed {
            self.position = before;
        }

        is_closed
    }

    pub(super) fn redirect(&mut self) -> Option<Redirect> {
        let start = self.position;
        let mut position = self.position;
        while position < self.end && position - start < 10 && self.bytes[position].is_ascii_digit()
        {
            position += 1;
        }

        let rest = &self.bytes[position..self.end];
        if !matches!(rest.first(), Some(b'<' | b'>')) && !rest.starts_with(b"&>")
            || position > start && rest[0] == b'&'
        {
            return None;
        }

        use RedirectOperator as R;

        let (operator, len) = match rest {
            [b'<' | b'>', b'(', ..] if position == start => return None,
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

        let descriptor = self.text[start..position].parse().ok();
        self.position = position + len;
        let operator_end = self.position;
        self.skip_blanks();
        let target = self.word();
        if target.span.is_empty() {
            self.position = operator_end;
        }

        let heredoc = if operator == R::Heredoc && !target.span.is_empty() {
            Some(self.open_heredoc(&target, len == 3))
        } else {
            None
        };

        Some(Redirect {
            operator,
            span: Span::of(start, self.position),
            descriptor,
            target,
            heredoc,
        })
    }

    /// Adds a here-document whose body begins after the next line end; returns its index.
    fn open_heredoc(&mut self, delimiter: &Word, strips_tabs: bool) -> u32 {
        let index = self.script.heredocs.len() as u32;
        self.script.heredocs.push(Heredoc {
            quoted: delimiter.parts.iter().any(|part| part.quote != Quote::None),
            strips_tabs,
            ..Heredoc::default()
        });

        self.pending.push((index, delimiter.text().into()));

        index
    }

    fn assignment(&mut self) -> Option<Assignment> {
        let rest = &self.text.as_bytes()[self.position..self.end];
        let len = rest
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'))?;
        let name = &self.text[self.position..self.position + len];
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

        let name_span = Span::of(self.position, self.position + len);
        self.position += len + operator;
        let value = if self.peek() == Some(b'(') {
            self.array_value()
        } else {
            self.word()
        };

        Some(Assignment {
            name: name.to_owned(),
            name_span,
            value,
        })
    }
}
