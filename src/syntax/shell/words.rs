//! Words and everything that may stand in one: quotes, escapes, expansions, here-document bodies.

use super::{
    BlockKind, Operator, Part, PartKind, Quote, Variable, Word, parser::Parser, word::is_name,
};
use crate::source::Span;

/// How far ahead a `))` or the `)` of a pattern is looked for. Longer ones are read as nested
/// parentheses.
const LOOKAHEAD: usize = 1024;

/// What a byte means inside an unquoted word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    /// Ends the word.
    Delimiter,
    /// Begins a quote or an expansion, or may do so.
    Special,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Plain; 256];
    let delimiters = b" \t\r\n;&|()<>";
    let mut at = 0;
    while at < delimiters.len() {
        classes[delimiters[at] as usize] = Class::Delimiter;
        at += 1;
    }
    let special = b"\\'\"$`{";
    at = 0;
    while at < special.len() {
        classes[special[at] as usize] = Class::Special;
        at += 1;
    }
    classes
};

/// Where a word ends, and what is special in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// At a blank or an operator.
    Word,
    /// At a `}` that is not quoted; blanks and operators stand for themselves.
    Operand,
    /// The same inside double quotes, where a single quote is a letter like any other.
    QuotedOperand,
    /// At the limit; quotes stand for themselves.
    Text,
}

impl Mode {
    const fn quote(self) -> Quote {
        match self {
            Self::Word | Self::Operand => Quote::None,
            Self::QuotedOperand | Self::Text => Quote::Double,
        }
    }
}

/// A word being put together.
#[derive(Default)]
struct Builder {
    text: String,
    parts: Vec<Part>,
}

impl Builder {
    fn push(&mut self, kind: PartKind, quote: Quote, span: Span, text: &str) {
        self.parts.push(Part {
            kind,
            quote,
            span,
            offset: self.text.len() as u32,
        });

        self.text.push_str(text);
    }
}

impl Parser<'_> {
    /// The word that begins here; empty, with nothing consumed, where there is none.
    pub(super) fn word(&mut self) -> Word {
        let start = self.at;
        let rest = &self.bytes[start..self.end];
        let plain = rest
            .iter()
            .position(|&byte| CLASSES[byte as usize] != Class::Plain)
            .unwrap_or(rest.len());
        let ends = match rest.get(plain) {
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b')') => true,
            Some(b'(') => {
                plain == 0 || !matches!(rest[plain - 1], b'=' | b'?' | b'*' | b'+' | b'@' | b'!')
            }
            Some(b'<' | b'>') => rest.get(plain + 1) != Some(&b'('),
            _ => false,
        };

        self.at = start + plain;
        if ends {
            return Word::plain(&self.text[start..self.at], Span::of(start, self.at));
        }

        self.pieces(start, Mode::Word)
    }

    /// The value of `NAME=( … )`, from its `(` on.
    pub(super) fn array_value(&mut self) -> Word {
        self.pieces(self.at, Mode::Word)
    }

    /// The text of a here-document between two places.
    pub(super) fn heredoc_word(&mut self, begin: usize, end: usize, quoted: bool) -> Word {
        let span = Span::of(begin, end);
        let special = |byte: &u8| matches!(byte, b'$' | b'`' | b'\\' | b'{');
        if quoted || !self.bytes[begin..end].iter().any(special) {
            return Word::plain(&self.text[begin..end], span);
        }
        self.limited(begin, end)
    }

    /// The expression of `(( … ))` from `begin` to its closing parentheses.
    pub(super) fn arithmetic_word(&mut self, begin: usize, close: usize) -> Word {
        self.limited(begin, close)
    }

    fn limited(&mut self, begin: usize, end: usize) -> Word {
        let outer = std::mem::replace(&mut self.end, end);
        self.at = begin;
        let word = self.pieces(begin, Mode::Text);
        self.end = outer;
        self.at = end;
        word
    }

    /// Reads the pieces of a word from `start` on; what stands between it and the current place is
    /// known to be plain.
    fn pieces(&mut self, start: usize, mode: Mode) -> Word {
        let mut builder = Builder::default();
        let mut literal = start;

        loop {
            let rest = &self.bytes[self.at..self.end];
            let stop = match mode {
                Mode::Word => rest
                    .iter()
                    .position(|&byte| CLASSES[byte as usize] != Class::Plain),
                Mode::Operand | Mode::QuotedOperand => rest.iter().position(|&byte| {
                    CLASSES[byte as usize] == Class::Special || matches!(byte, b'}' | b'\n')
                }),
                Mode::Text => rest
                    .iter()
                    .position(|&byte| matches!(byte, b'\\' | b'$' | b'`' | b'{')),
            };

            let Some(stop) = stop else {
                self.at = self.end;
                break;
            };

            self.at += stop;
            let here = self.at;
            let quote = mode.quote();
            let byte = self.bytes[here];

            match byte {
                b'}' => break,
                b'\'' if mode == Mode::QuotedOperand => {
                    self.at += 1;
                    continue;
                }
                b'\\' | b'\'' | b'"' => {
                    self.literal(&mut builder, literal, quote);
                    self.quoted(&mut builder, quote);
                }
                b'$' | b'`' | b'{' => {
                    if !self.expansion(&mut builder, literal, quote) {
                        self.at += 1;
                        continue;
                    }
                }
                b'(' if mode == Mode::Word && self.array(&mut builder, literal) => {}
                b'(' if mode == Mode::Word && self.pattern_group(start) => continue,
                b'<' | b'>' if mode == Mode::Word && self.peek_at(1) == Some(b'(') => {
                    self.literal(&mut builder, literal, Quote::None);
                    self.at += 1;
                    let Some(block) =
                        self.deeper(|parser| parser.substitution(BlockKind::Process, here))
                    else {
                        literal = here;
                        break;
                    };

                    let span = Span::of(here, self.at);
                    builder.push(
                        PartKind::Process { block },
                        Quote::None,
                        span,
                        &self.text[here..self.at],
                    );
                }
                // A parameter expansion without an end does not swallow the lines that follow.
                b'\n'
                    if mode != Mode::Word
                        && !self.bytes[here..self.end.min(here + LOOKAHEAD)].contains(&b'}') =>
                {
                    break;
                }
                b'\n' if mode != Mode::Word => {
                    self.at += 1;
                    continue;
                }
                _ => break,
            }

            literal = self.at;
        }

        let span = Span::of(start, self.at);
        if builder.parts.is_empty() && literal == start {
            return Word::plain(&self.text[start..self.at], span);
        }

        self.literal(&mut builder, literal, mode.quote());
        Word {
            span,
            text: builder.text.into(),
            parts: builder.parts,
        }
    }

    /// Adds the text from `from` to here as it stands.
    fn literal(&self, builder: &mut Builder, from: usize, quote: Quote) {
        if from < self.at {
            builder.push(
                PartKind::Literal,
                quote,
                Span::of(from, self.at),
                &self.text[from..self.at],
            );
        }
    }

    /// A backslash or a quoted string. In text that is quoted already, only some backslashes are
    /// special.
    fn quoted(&mut self, builder: &mut Builder, around: Quote) {
        let here = self.at;

        match self.bytes[here] {
            b'\\' => {
                if let Some(len) = self.line_end(1) {
                    self.at += 1 + len;
                    return;
                }

                let Some(next) = self.text[here + 1..self.end].chars().next() else {
                    self.at += 1;
                    return self.literal(builder, here, around);
                };

                self.at += 1 + next.len_utf8();
                let kept = around == Quote::Double && !matches!(next, '$' | '`' | '"' | '\\');
                let from = if kept { here } else { here + 1 };
                let quote = if around == Quote::Double {
                    Quote::Double
                } else {
                    Quote::Single
                };

                self.literal(builder, from, quote);
            }
            b'\'' => {
                self.at += 1;
                let rest = &self.bytes[self.at..self.end];
                let len = memchr::memchr(b'\'', rest).unwrap_or(rest.len());
                let span = Span::of(self.at, self.at + len);
                builder.push(PartKind::Literal, Quote::Single, span, span.text(self.text));
                self.at += len;
                self.take(b'\'');
            }
            _ => self.double_quoted(builder),
        }
    }

    fn double_quoted(&mut self, builder: &mut Builder) {
        self.at += 1;
        let begin = self.at;
        let count = builder.parts.len();
        let mut literal = begin;

        loop {
            let rest = &self.bytes[self.at..self.end];
            let stop = rest
                .iter()
                .position(|&byte| matches!(byte, b'"' | b'\\' | b'$' | b'`' | b'{'));
            self.at += stop.unwrap_or(rest.len());

            match self.peek() {
                None | Some(b'"') => break,
                Some(b'\\') => {
                    self.literal(builder, literal, Quote::Double);
                    self.quoted(builder, Quote::Double);
                }
                _ => {
                    if !self.expansion(builder, literal, Quote::Double) {
                        self.at += 1;
                        continue;
                    }
                }
            }

            literal = self.at;
        }

        self.literal(builder, literal, Quote::Double);
        if builder.parts.len() == count {
            builder.push(PartKind::Literal, Quote::Double, Span::of(begin, begin), "");
        }

        self.take(b'"');
    }

    /// What a `$`, a backtick or a `{` begins, after the text from `literal` on. False, with
    /// nothing consumed, where it stands for itself.
    fn expansion(&mut self, builder: &mut Builder, literal: usize, quote: Quote) -> bool {
        let here = self.at;
        let before = |parser: &Self, builder: &mut Builder| {
            let span = Span::of(literal, here);
            if !span.is_empty() {
                builder.push(PartKind::Literal, quote, span, span.text(parser.text));
            }
        };

        let kind = match (self.bytes[here], self.peek_at(1)) {
            (b'`', _) => {
                let Some(close) = self.closing_backtick() else {
                    return false;
                };

                before(self, builder);
                if self.pass_opaque(here) {
                    PartKind::Template
                } else {
                    let block = self.deeper(|parser| {
                        parser.at += 1;
                        parser.backticks(here, close)
                    });

                    let Some(block) = block else {
                        self.at = close + 1;
                        return self.literal_from(builder, here, quote);
                    };

                    PartKind::Substitution { block }
                }
            }
            (b'{', Some(b'{')) => {
                let Some(end) = self.template_end(here + 2) else {
                    return false;
                };

                before(self, builder);
                self.at = end;

                PartKind::Template
            }
            (b'{', _) => return false,
            (_, Some(b'{')) if self.peek_at(2) == Some(b'{') => {
                let Some(end) = self.template_end(here + 3) else {
                    return false;
                };

                before(self, builder);
                self.at = end;

                PartKind::Template
            }
            (_, Some(b'(')) => {
                before(self, builder);
                if self.pass_opaque(here) {
                    PartKind::Template
                } else if self.peek_at(2) == Some(b'(')
                    && let Some(close) = self.arithmetic_end(here + 3)
                {
                    let inner = self
                        .deeper(|parser| parser.arithmetic_word(here + 3, close))
                        .unwrap_or_default();
                    self.at = close + 2;
                    PartKind::Arithmetic(Box::new(inner))
                } else {
                    let block = self.deeper(|parser| {
                        parser.at += 1;
                        parser.substitution(BlockKind::Substitution, here)
                    });

                    let Some(block) = block else {
                        self.at += 2;
                        return self.literal_from(builder, here, quote);
                    };

                    PartKind::Substitution { block }
                }
            }
            (_, Some(b'{')) => {
                let Some(variable) = self.deeper(|parser| parser.parameter(quote)).flatten() else {
                    self.at = here;
                    return false;
                };

                before(self, builder);

                PartKind::Variable(Box::new(variable))
            }
            (_, Some(b'\'')) if quote == Quote::None => {
                before(self, builder);
                self.ansi(builder);
                return true;
            }
            (_, Some(b'"')) if quote == Quote::None => {
                before(self, builder);
                self.at += 1;
                self.double_quoted(builder);
                return true;
            }
            (_, Some(next)) => {
                let rest = &self.bytes[here + 1..self.end];
                let len = rest
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
                    .count();
                let len = match next {
                    b'a'..=b'z' | b'A'..=b'Z' | b'_' => len,
                    b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-' => 1,
                    _ => return false,
                };

                before(self, builder);
                self.at = here + 1 + len;
                let name_span = Span::of(here + 1, self.at);
                let name = name_span.text(self.text).to_owned();
                PartKind::Variable(Box::new(Variable {
                    name,
                    name_span,
                    operator: None,
                    operand: None,
                }))
            }
            (_, None) => return false,
        };

        builder.push(
            kind,
            quote,
            Span::of(here, self.at),
            &self.text[here..self.at],
        );

        true
    }

    fn literal_from(&self, builder: &mut Builder, from: usize, quote: Quote) -> bool {
        self.literal(builder, from, quote);
        true
    }

    /// Passes a substitution whose commands are known from an outer parse.
    fn pass_opaque(&mut self, here: usize) -> bool {
        let Ok(found) = self
            .opaque
            .binary_search_by_key(&(here as u32), |span| span.start)
        else {
            return false;
        };

        self.at = (self.opaque[found].end as usize).min(self.end);

        true
    }

    /// The backtick that closes the one here.
    fn closing_backtick(&self) -> Option<usize> {
        let mut at = self.at + 1;

        loop {
            at += memchr::memchr2(b'`', b'\\', self.bytes.get(at..self.end)?)?;
            if self.bytes[at] == b'`' {
                return Some(at);
            }

            at += 2;
        }
    }

    /// Just after the `}}` that closes a template whose inside begins at `from`; it stands on the
    /// same line.
    fn template_end(&mut self, from: usize) -> Option<usize> {
        if from < self.no_template_until {
            return None;
        }

        let line = &self.bytes[from.min(self.end)..self.end];
        let len = memchr::memchr(b'\n', line).unwrap_or(line.len());
        let mut quoted = false;
        let mut fallback = None;

        for at in 0..len.saturating_sub(1) {
            match line[at] {
                b'\'' => quoted = !quoted,
                b'}' if line[at + 1] == b'}' => {
                    if !quoted {
                        return Some(from + at + 2);
                    }

                    fallback = fallback.or(Some(from + at + 2));
                }
                _ => {}
            }
        }

        if fallback.is_none() {
            self.no_template_until = from + len;
        }

        fallback
    }

    /// The place of the `))` that closes an arithmetic expression whose inside begins at `from`.
    pub(super) fn arithmetic_end(&self, from: usize) -> Option<usize> {
        let rest = &self.bytes[from.min(self.end)..self.end.min(from + LOOKAHEAD)];
        let mut depth = 0u32;
        let mut at = 0;

        while at < rest.len() {
            match rest[at] {
                b'(' => depth += 1,
                b')' if depth == 0 => {
                    return (rest.get(at + 1) == Some(&b')')).then_some(from + at);
                }
                b')' => depth -= 1,
                b'\\' => at += 1,
                b'\'' | b'"' => at += 1 + memchr::memchr(rest[at], &rest[at + 1..])?,
                _ => {}
            }

            at += 1;
        }

        None
    }

    /// `${ … }`. `None` when this is no parameter expansion.
    fn parameter(&mut self, quote: Quote) -> Option<Variable> {
        self.at += 2;
        let prefixed = matches!(self.peek(), Some(b'#' | b'!'))
            && !matches!(self.peek_at(1), None | Some(b'}' | b':'));
        self.at += usize::from(prefixed);
        let begin = self.at;
        let rest = &self.text[begin..self.end];
        let len = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count();
        let len = match rest.bytes().next()? {
            b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-' => 1,
            b'0'..=b'9' => rest.bytes().take_while(u8::is_ascii_digit).count(),
            _ if is_name(&rest[..len]) => len,
            _ => return None,
        };

        self.at += len;
        let name_span = Span::of(begin, self.at);
        let name = name_span.text(self.text).to_owned();
        let subscript = &self.bytes[self.at..self.end.min(self.at + LOOKAHEAD)];

        if subscript.first() == Some(&b'[') {
            let close = subscript
                .iter()
                .position(|&byte| matches!(byte, b']' | b'\n'))?;
            if subscript[close] != b']' {
                return None;
            }

            self.at += close + 1;
        }

        if self.take(b'}') {
            let operator = prefixed.then_some(Operator::Other);
            return Some(Variable {
                name,
                name_span,
                operator,
                operand: None,
            });
        }

        self.take(b':');
        let operator = match self.peek()? {
            b'-' => Operator::Default,
            b'=' => Operator::Assign,
            b'?' => Operator::Require,
            b'+' => Operator::Alternative,
            _ => Operator::Other,
        };

        if operator != Operator::Other {
            self.at += 1;
        }

        let mode = if quote == Quote::Double {
            Mode::QuotedOperand
        } else {
            Mode::Operand
        };

        let operand = self.pieces(self.at, mode);
        self.take(b'}');
        Some(Variable {
            name,
            name_span,
            operator: Some(operator),
            operand: Some(operand),
        })
    }

    /// `$'…'`.
    fn ansi(&mut self, builder: &mut Builder) {
        self.at += 2;
        let mut literal = self.at;

        loop {
            let rest = &self.bytes[self.at..self.end];
            self.at += memchr::memchr2(b'\'', b'\\', rest).unwrap_or(rest.len());
            let here = self.at;
            if self.peek() != Some(b'\\') {
                break;
            }

            let Some(next) = self.text[here + 1..self.end].chars().next() else {
                self.at = self.end;
                break;
            };

            let decoded = match next {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'a' => '\x07',
                'b' => '\x08',
                'e' | 'E' => '\x1b',
                'f' => '\x0c',
                'v' => '\x0b',
                '\\' | '\'' | '"' | '?' => next,
                // Numeric escapes are left as written: no rule reads them.
                _ => {
                    self.at += 1 + next.len_utf8();
                    continue;
                }
            };

            self.literal(builder, literal, Quote::Single);
            self.at += 2;
            builder.push(
                PartKind::Literal,
                Quote::Single,
                Span::of(here, self.at),
                decoded.encode_utf8(&mut [0; 4]),
            );
            literal = self.at;
        }

        let span = Span::of(literal, self.at);
        builder.push(PartKind::Literal, Quote::Single, span, span.text(self.text));
        self.take(b'\'');
    }

    /// `( … )` right after `NAME=`.
    fn array(&mut self, builder: &mut Builder, literal: usize) -> bool {
        let here = self.at;
        if here == 0 || self.bytes[here - 1] != b'=' {
            return false;
        }

        let elements = self.deeper(|parser| {
            parser.at += 1;
            let mut elements = Vec::new();

            loop {
                parser.skip_lines();
                let before = parser.at;
                let word = parser.word();
                if parser.at == before {
                    break;
                }

                elements.push(word);
            }

            parser.take(b')');

            elements
        });

        let Some(elements) = elements else {
            return false;
        };

        let span = Span::of(literal, here);
        if !span.is_empty() {
            builder.push(PartKind::Literal, Quote::None, span, span.text(self.text));
        }

        builder.push(
            PartKind::Array(elements),
            Quote::None,
            Span::of(here, self.at),
            &self.text[here..self.at],
        );

        true
    }

    /// Passes the group of an extended pattern such as `!(a|b)`; it stays text.
    fn pattern_group(&mut self, start: usize) -> bool {
        if self.at == start || !matches!(self.bytes[self.at - 1], b'?' | b'*' | b'+' | b'@' | b'!')
        {
            return false;
        }

        let rest = &self.bytes[self.at..self.end.min(self.at + LOOKAHEAD)];
        let Some(close) = rest.iter().position(|&byte| matches!(byte, b')' | b'\n')) else {
            return false;
        };

        if rest[close] != b')' {
            return false;
        }

        self.at += close + 1;

        true
    }
}
