//! Words and their pieces: quotes, escapes, expansions, here-document bodies.

use super::parser::Parser;
use super::script::BlockKind;
use super::word::{Operator, Part, PartKind, Quote, Variable, Word, is_name};
use crate::source::Span;

/// The number of bytes in which a `))` or the `)` of a pattern is searched. Longer ones are read as
/// nested parentheses.
const LOOKAHEAD: usize = 1024;

/// The meaning of a byte in an unquoted word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    /// Ends the word.
    Delimiter,
    /// May begin a quote or an expansion.
    Special,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Plain; 256];
    let delimiters = b" \t\r\n;&|()<>";
    let mut position = 0;
    while position < delimiters.len() {
        classes[delimiters[position] as usize] = Class::Delimiter;
        position += 1;
    }
    let special = b"\\'\"$`{";
    position = 0;
    while position < special.len() {
        classes[special[position] as usize] = Class::Special;
        position += 1;
    }
    classes
};

/// The end of a word, and the characters that are special in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// At a blank or an operator.
    Word,
    /// At a `}` that is not quoted; blanks and operators are literal.
    Operand,
    /// The same inside double quotes, where a single quote is literal.
    QuotedOperand,
    /// At the limit; quotes are literal.
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

/// The text and the parts of a word that is being read.
#[derive(Default)]
struct WordBuilder {
    text: String,
    parts: Vec<Part>,
}

impl WordBuilder {
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
    /// Reads the word at the position; empty, with nothing consumed, where there is none.
    pub(super) fn word(&mut self) -> Word {
        let start = self.position;
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

        self.position = start + plain;
        if ends {
            return Word::plain(
                &self.text[start..self.position],
                Span::of(start, self.position),
            );
        }

        self.pieces(start, Mode::Word)
    }

    /// Reads the value of `NAME=( … )`, from its `(` on.
    pub(super) fn array_value(&mut self) -> Word {
        self.pieces(self.position, Mode::Word)
    }

    /// The text of a here-document between two offsets.
    pub(super) fn heredoc_word(&mut self, begin: usize, end: usize, quoted: bool) -> Word {
        let span = Span::of(begin, end);
        let has_special = self.bytes[begin..end]
            .iter()
            .any(|byte| matches!(byte, b'$' | b'`' | b'\\' | b'{'));
        if quoted || !has_special {
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
        self.position = begin;
        let word = self.pieces(begin, Mode::Text);
        self.end = outer;
        self.position = end;
        word
    }

    /// Reads the pieces of a word from `start` on; the text up to the position is known to be
    /// plain.
    fn pieces(&mut self, start: usize, mode: Mode) -> Word {
        let mut builder = WordBuilder::default();
        let mut literal = start;

        loop {
            let rest = &self.bytes[self.position..self.end];
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
                self.position = self.end;
                break;
            };

            self.position += stop;
            let current = self.position;
            let quote = mode.quote();
            let byte = self.bytes[current];

            match byte {
                b'}' => break,
                b'\'' if mode == Mode::QuotedOperand => {
                    self.position += 1;
                    continue;
                }
                b'\\' | b'\'' | b'"' => {
                    self.literal(&mut builder, literal, quote);
                    self.quoted(&mut builder, quote);
                }
                b'$' | b'`' | b'{' => {
                    if !self.expansion(&mut builder, literal, quote) {
                        self.position += 1;
                        continue;
                    }
                }
                b'(' if mode == Mode::Word && self.array(&mut builder, literal) => {}
                b'(' if mode == Mode::Word && self.pattern_group(start) => continue,
                b'<' | b'>' if mode == Mode::Word && self.peek_at(1) == Some(b'(') => {
                    self.literal(&mut builder, literal, Quote::None);
                    self.position += 1;
                    let Some(block) =
                        self.deeper(|parser| parser.substitution(BlockKind::Process, current))
                    else {
                        literal = current;
                        break;
                    };

                    let span = Span::of(current, self.position);
                    builder.push(
                        PartKind::Process { block },
                        Quote::None,
                        span,
                        &self.text[current..self.position],
                    );
                }
                // A parameter expansion without an end does not include the lines that follow.
                b'\n'
                    if mode != Mode::Word
                        && !self.bytes[current..self.end.min(current + LOOKAHEAD)]
                            .contains(&b'}') =>
                {
                    break;
                }
                b'\n' if mode != Mode::Word => {
                    self.position += 1;
                    continue;
                }
                _ => break,
            }

            literal = self.position;
        }

        let span = Span::of(start, self.position);
        if builder.parts.is_empty() && literal == start {
            return Word::plain(&self.text[start..self.position], span);
        }

        self.literal(&mut builder, literal, mode.quote());
        Word {
            span,
            text: builder.text.into(),
            parts: builder.parts,
        }
    }

    /// Adds the text from `from` to the position as a literal.
    fn literal(&self, builder: &mut WordBuilder, from: usize, quote: Quote) {
        if from < self.position {
            builder.push(
                PartKind::Literal,
                quote,
                Span::of(from, self.position),
                &self.text[from..self.position],
            );
        }
    }

    /// Reads a backslash or a quoted string. In quoted text, only some backslashes are special.
    fn quoted(&mut self, builder: &mut WordBuilder, around: Quote) {
        let current = self.position;

        match self.bytes[current] {
            b'\\' => {
                if let Some(len) = self.line_end(1) {
                    self.position += 1 + len;
                    return;
                }

                let Some(next) = self.text[current + 1..self.end].chars().next() else {
                    self.position += 1;
                    return self.literal(builder, current, around);
                };

                self.position += 1 + next.len_utf8();
                let kept = around == Quote::Double && !matches!(next, '$' | '`' | '"' | '\\');
                let from = if kept { current } else { current + 1 };
                let quote = if around == Quote::Double {
                    Quote::Double
                } else {
                    Quote::Single
                };

                self.literal(builder, from, quote);
            }
            b'\'' => {
                self.position += 1;
                let rest = &self.bytes[self.position..self.end];
                let len = memchr::memchr(b'\'', rest).unwrap_or(rest.len());
                let span = Span::of(self.position, self.position + len);
                builder.push(PartKind::Literal, Quote::Single, span, span.text(self.text));
                self.position += len;
                self.take(b'\'');
            }
            _ => self.double_quoted(builder),
        }
    }

    fn double_quoted(&mut self, builder: &mut WordBuilder) {
        self.position += 1;
        let begin = self.position;
        let count = builder.parts.len();
        let mut literal = begin;

        loop {
            let rest = &self.bytes[self.position..self.end];
            let stop = rest
                .iter()
                .position(|&byte| matches!(byte, b'"' | b'\\' | b'$' | b'`' | b'{'));
            self.position += stop.unwrap_or(rest.len());

            match self.peek() {
                None | Some(b'"') => break,
                Some(b'\\') => {
                    self.literal(builder, literal, Quote::Double);
                    self.quoted(builder, Quote::Double);
                }
                _ => {
                    if !self.expansion(builder, literal, Quote::Double) {
                        self.position += 1;
                        continue;
                    }
                }
            }

            literal = self.position;
        }

        self.literal(builder, literal, Quote::Double);
        if builder.parts.len() == count {
            builder.push(PartKind::Literal, Quote::Double, Span::of(begin, begin), "");
        }

        self.take(b'"');
    }

    /// Reads the expansion that a `$`, a backtick or a `{` begins, after the text from `literal`
    /// on. False, with nothing consumed, where the character is literal.
    fn expansion(&mut self, builder: &mut WordBuilder, literal: usize, quote: Quote) -> bool {
        let start = self.position;

        if let Some(opening @ (b'\'' | b'"')) = self.peek_at(1)
            && quote == Quote::None
            && self.bytes[start] == b'$'
        {
            self.literal(builder, literal, quote);
            if opening == b'\'' {
                self.ansi(builder);
            } else {
                self.position += 1;
                self.double_quoted(builder);
            }

            return true;
        }

        let Some(kind) = self.expansion_kind(quote) else {
            self.position = start;
            return false;
        };

        let before = Span::of(literal, start);
        if !before.is_empty() {
            builder.push(PartKind::Literal, quote, before, before.text(self.text));
        }

        let span = Span::of(start, self.position);
        builder.push(kind, quote, span, span.text(self.text));

        true
    }

    /// Consumes an expansion and returns its kind, which is [`PartKind::Literal`] where it is
    /// nested too deeply. `None` where the character is literal.
    fn expansion_kind(&mut self, quote: Quote) -> Option<PartKind> {
        match (self.bytes[self.position], self.peek_at(1)?) {
            (b'`', _) => self.backtick_substitution(),
            (b'{', b'{') => self.template(2),
            (b'{', _) => None,
            (_, b'{') if self.peek_at(2) == Some(b'{') => self.template(3),
            (_, b'{') => {
                let variable = self.deeper(|parser| parser.parameter(quote)).flatten()?;
                Some(PartKind::Variable(Box::new(variable)))
            }
            (_, b'(') => Some(self.dollar_parenthesis()),
            (_, next) => self.bare_variable(next),
        }
    }

    fn backtick_substitution(&mut self) -> Option<PartKind> {
        let start = self.position;
        let close = self.closing_backtick()?;
        if self.skip_opaque(start) {
            return Some(PartKind::Template);
        }

        let block = self.deeper(|parser| {
            parser.position += 1;
            parser.backticks(start, close)
        });

        if let Some(block) = block {
            return Some(PartKind::Substitution { block });
        }

        self.position = close + 1;
        Some(PartKind::Literal)
    }

    /// `{{ … }}` or `${{ … }}`, with an opening of this length.
    fn template(&mut self, opening: usize) -> Option<PartKind> {
        self.position = self.template_end(self.position + opening)?;
        Some(PartKind::Template)
    }

    /// `$( … )` or `$(( … ))`.
    fn dollar_parenthesis(&mut self) -> PartKind {
        let start = self.position;
        if self.skip_opaque(start) {
            return PartKind::Template;
        }

        if self.peek_at(2) == Some(b'(')
            && let Some(close) = self.arithmetic_end(start + 3)
        {
            let inner = self
                .deeper(|parser| parser.arithmetic_word(start + 3, close))
                .unwrap_or_default();
            self.position = close + 2;
            return PartKind::Arithmetic(Box::new(inner));
        }

        let block = self.deeper(|parser| {
            parser.position += 1;
            parser.substitution(BlockKind::Substitution, start)
        });

        if let Some(block) = block {
            return PartKind::Substitution { block };
        }

        self.position = start + 2;
        PartKind::Literal
    }

    /// `$NAME` or a special parameter; `next` is the byte after the dollar sign.
    fn bare_variable(&mut self, next: u8) -> Option<PartKind> {
        let begin = self.position + 1;
        let len = match next {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.bytes[begin..self.end]
                .iter()
                .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
                .count(),
            b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-' => 1,
            _ => return None,
        };

        self.position = begin + len;
        let name_span = Span::of(begin, self.position);

        Some(PartKind::Variable(Box::new(Variable {
            name: name_span.text(self.text).to_owned(),
            name_span,
            operator: None,
            operand: None,
        })))
    }

    /// Skips a substitution whose commands are known from an outer parse.
    fn skip_opaque(&mut self, current: usize) -> bool {
        let Ok(index) = self
            .opaque
            .binary_search_by_key(&(current as u32), |span| span.start)
        else {
            return false;
        };

        self.position = (self.opaque[index].end as usize).min(self.end);

        true
    }

    /// The backtick that closes the one at the position.
    fn closing_backtick(&self) -> Option<usize> {
        let mut position = self.position + 1;

        loop {
            position += memchr::memchr2(b'`', b'\\', self.bytes.get(position..self.end)?)?;
            if self.bytes[position] == b'`' {
                return Some(position);
            }

            position += 2;
        }
    }

    /// The end of the `}}`, on the same line, that closes a template whose content begins at
    /// `from`.
    fn template_end(&mut self, from: usize) -> Option<usize> {
        if from < self.no_template_until {
            return None;
        }

        let line = &self.bytes[from.min(self.end)..self.end];
        let len = memchr::memchr(b'\n', line).unwrap_or(line.len());
        let mut quoted = false;
        let mut fallback = None;

        for position in 0..len.saturating_sub(1) {
            match line[position] {
                b'\'' => quoted = !quoted,
                b'}' if line[position + 1] == b'}' => {
                    if !quoted {
                        return Some(from + position + 2);
                    }

                    fallback = fallback.or(Some(from + position + 2));
                }
                _ => {}
            }
        }

        if fallback.is_none() {
            self.no_template_until = from + len;
        }

        fallback
    }

    /// The offset of the `))` that closes an arithmetic expression whose content begins at `from`.
    pub(super) fn arithmetic_end(&self, from: usize) -> Option<usize> {
        let rest = &self.bytes[from.min(self.end)..self.end.min(from + LOOKAHEAD)];
        let mut depth = 0u32;
        let mut position = 0;

        while position < rest.len() {
            match rest[position] {
                b'(' => depth += 1,
                b')' if depth == 0 => {
                    return (rest.get(position + 1) == Some(&b')')).then_some(from + position);
                }
                b')' => depth -= 1,
                b'\\' => position += 1,
                b'\'' | b'"' => {
                    position += 1 + memchr::memchr(rest[position], &rest[position + 1..])?
                }
                _ => {}
            }

            position += 1;
        }

        None
    }

    /// Reads `${ … }`. `None` when this is not a parameter expansion.
    fn parameter(&mut self, quote: Quote) -> Option<Variable> {
        self.position += 2;
        let prefixed = matches!(self.peek(), Some(b'#' | b'!'))
            && !matches!(self.peek_at(1), None | Some(b'}' | b':'));
        self.position += usize::from(prefixed);
        let begin = self.position;
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

        self.position += len;
        let name_span = Span::of(begin, self.position);
        let name = name_span.text(self.text).to_owned();
        let subscript = &self.bytes[self.position..self.end.min(self.position + LOOKAHEAD)];

        if subscript.first() == Some(&b'[') {
            let close = subscript
                .iter()
                .position(|&byte| matches!(byte, b']' | b'\n'))?;
            if subscript[close] != b']' {
                return None;
            }

            self.position += close + 1;
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
            self.position += 1;
        }

        let mode = if quote == Quote::Double {
            Mode::QuotedOperand
        } else {
            Mode::Operand
        };

        let operand = self.pieces(self.position, mode);
        self.take(b'}');
        Some(Variable {
            name,
            name_span,
            operator: Some(operator),
            operand: Some(operand),
        })
    }

    /// `$'…'`.
    fn ansi(&mut self, builder: &mut WordBuilder) {
        self.position += 2;
        let mut literal = self.position;

        loop {
            let rest = &self.bytes[self.position..self.end];
            self.position += memchr::memchr2(b'\'', b'\\', rest).unwrap_or(rest.len());
            let current = self.position;
            if self.peek() != Some(b'\\') {
                break;
            }

            let Some(next) = self.text[current + 1..self.end].chars().next() else {
                self.position = self.end;
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
                    self.position += 1 + next.len_utf8();
                    continue;
                }
            };

            self.literal(builder, literal, Quote::Single);
            self.position += 2;
            builder.push(
                PartKind::Literal,
                Quote::Single,
                Span::of(current, self.position),
                decoded.encode_utf8(&mut [0; 4]),
            );
            literal = self.position;
        }

        let span = Span::of(literal, self.position);
        builder.push(PartKind::Literal, Quote::Single, span, span.text(self.text));
        self.take(b'\'');
    }

    /// Reads `( … )` directly after `NAME=`.
    fn array(&mut self, builder: &mut WordBuilder, literal: usize) -> bool {
        let current = self.position;
        if current == 0 || self.bytes[current - 1] != b'=' {
            return false;
        }

        let elements = self.deeper(|parser| {
            parser.position += 1;
            let mut elements = Vec::new();

            loop {
                parser.skip_lines();
                let before = parser.position;
                let word = parser.word();
                if parser.position == before {
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

        let span = Span::of(literal, current);
        if !span.is_empty() {
            builder.push(PartKind::Literal, Quote::None, span, span.text(self.text));
        }

        builder.push(
            PartKind::Array(elements),
            Quote::None,
            Span::of(current, self.position),
            &self.text[current..self.position],
        );

        true
    }

    /// Skips the group of an extended pattern such as `!(a|b)`, which is literal.
    fn pattern_group(&mut self, start: usize) -> bool {
        if self.position == start
            || !matches!(
                self.bytes[self.position - 1],
                b'?' | b'*' | b'+' | b'@' | b'!'
            )
        {
            return false;
        }

        let rest = &self.bytes[self.position..self.end.min(self.position + LOOKAHEAD)];
        let Some(close) = rest.iter().position(|&byte| matches!(byte, b')' | b'\n')) else {
            return false;
        };

        if rest[close] != b')' {
            return false;
        }

        self.position += close + 1;

        true
    }
}
