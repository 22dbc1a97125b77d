//! Variables and expressions inside a scalar or a Dockerfile word: `${VAR:-x}`, `$(VAR)`, `${{ …
//! }}`, `{{ … }}`.
//!
//! Expansion is three-valued. A variable whose value is not written down anywhere makes the whole
//! text unknown; it is never taken for empty, because rules would then judge a text that nobody
//! will ever see.

use std::cell::Cell;

use super::SyntaxError;
use crate::source::Span;

/// Whose rules a text follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `$V`, `${V:-x}`; `$$` stands for a dollar sign.
    Compose,
    /// The same and patterns (`${V#p}`, `${V/p/r}`); quotes are taken off, and single ones keep
    /// everything as it is.
    Dockerfile {
        /// The escape character, `\` or a backtick.
        escape: char,
    },
    /// `$(V)`; `$$` stands for a dollar sign; what is not defined stays as it is.
    Kubernetes,
}

/// What is known about a variable that has been given a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    Value(String),
    /// It is set, to something that cannot be known here.
    Unknown,
}

/// A variable in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableUse {
    pub name: String,
    pub name_span: Span,
    /// From `$` to the end.
    pub span: Span,
    pub operator: Option<Operator>,
    /// What follows the operator: the default, the message, the pattern.
    pub operand: Option<Span>,
}

impl VariableUse {
    /// Where the default stands, when there is one.
    pub fn default(&self) -> Option<Span> {
        self.operand.filter(|_| {
            matches!(
                self.operator,
                Some(Operator::Default | Operator::DefaultIfEmpty)
            )
        })
    }

    /// `${V:?}` or `${V?}`: whoever runs this has to supply it.
    pub const fn required(&self) -> bool {
        matches!(
            self.operator,
            Some(Operator::Require | Operator::RequireNotEmpty)
        )
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `-`
    Default,
    /// `:-`
    DefaultIfEmpty,
    /// `?`
    Require,
    /// `:?`
    RequireNotEmpty,
    /// `+`
    Alternative,
    /// `:+`
    AlternativeIfNotEmpty,
    /// `#`, `##`, `%`, `%%`, `/`, `//`: cuts or replaces.
    Pattern,
}

/// What became of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// The text with its variables filled in; `None` when it cannot be known.
    pub text: Option<String>,
    /// Every variable in order of appearance, those inside operands too.
    pub uses: Vec<VariableUse>,
    pub errors: Vec<SyntaxError>,
    /// How many bytes the values of variables brought.
    pub filled: usize,
}

/// The longest text that variables are put into, in bytes, without what is written in it itself.
/// What would be longer is unknown: a few lines that each name the line before twice would fill the
/// memory.
const MAX_FILLED: usize = 1 << 16;

/// Fills in the variables of a text. `lookup` answers `None` for a variable that has no value.
pub fn expand(text: &str, dialect: Dialect, lookup: &dyn Fn(&str) -> Option<Lookup>) -> Expansion {
    let mut reader = Reader {
        text,
        at: 0,
        dialect,
        lookup,
        depth: 0,
        filled: Cell::new(0),
        uses: Vec::new(),
        errors: Vec::new(),
    };

    let value = reader.run(false);
    let filled = reader.filled.get();
    let text = if reader.errors.is_empty() && filled <= MAX_FILLED {
        value
    } else {
        None
    };

    Expansion {
        text,
        uses: reader.uses,
        errors: reader.errors,
        filled,
    }
}

/// The variables of a text, without values.
pub fn variables(text: &str, dialect: Dialect) -> Vec<VariableUse> {
    if !text.contains('$') {
        return Vec::new();
    }
    expand(text, dialect, &|_| None).uses
}

/// How deep operands may nest.
const MAX_DEPTH: u32 = 20;

/// The longest value, times its pattern, that patterns are tried on. What is longer counts as
/// unknown.
const MAX_PATTERN_WORK: usize = 1 << 16;

struct Reader<'t> {
    text: &'t str,
    at: usize,
    dialect: Dialect,
    lookup: &'t dyn Fn(&str) -> Option<Lookup>,
    depth: u32,
    filled: Cell<usize>,
    uses: Vec<VariableUse>,
    errors: Vec<SyntaxError>,
}

/// Adds to a text that may have become unknown.
fn add(value: &mut Option<String>, more: Option<&str>) {
    match (value.as_mut(), more) {
        (Some(value), Some(more)) => value.push_str(more),
        _ => *value = None,
    }
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.rest().starts_with(c);
        self.at += if found { c.len_utf8() } else { 0 };
        found
    }

    fn error(&mut self, start: usize, message: &str) {
        self.errors
            .push(SyntaxError::new(Span::of(start, self.at), message));
    }

    /// Reads to the end or, in an operand, to the `}` that ends it, which is left in place.
    fn run(&mut self, operand: bool) -> Option<String> {
        let mut value = Some(String::new());
        let mut double_quoted = false;

        while let Some(c) = self.peek() {
            let start = self.at;

            match (c, self.dialect) {
                ('}', _) if operand && !double_quoted => break,
                ('$', _) => {
                    let variable = self.dollar();
                    add(&mut value, variable.as_deref());
                    continue;
                }
                ('\'', Dialect::Dockerfile { .. }) if !double_quoted => {
                    let body = &self.rest()[1..];
                    let len = body.find('\'');
                    add(&mut value, Some(&body[..len.unwrap_or(body.len())]));
                    self.at = len.map_or(self.text.len(), |len| start + len + 2);
                    continue;
                }
                ('"', Dialect::Dockerfile { .. }) => double_quoted = !double_quoted,
                (c, Dialect::Dockerfile { escape }) if c == escape => {
                    self.at += c.len_utf8();
                    let Some(next) = self.peek() else {
                        add(&mut value, Some(&self.text[start..self.at]));
                        break;
                    };

                    self.at += next.len_utf8();
                    let kept = double_quoted && next != '"' && next != '$' && next != escape;
                    let from = if kept {
                        start
                    } else {
                        self.at - next.len_utf8()
                    };

                    add(&mut value, Some(&self.text[from..self.at]));
                    continue;
                }
                _ => {
                    let stops: &[char] = match self.dialect {
                        Dialect::Dockerfile { escape } => &['$', '}', '\'', '"', escape],
                        Dialect::Compose | Dialect::Kubernetes => &['$', '}'],
                    };

                    let len = c.len_utf8();
                    let plain = self.rest()[len..]
                        .find(stops)
                        .unwrap_or(self.rest().len() - len);
                    self.at += len + plain;
                    add(&mut value, Some(&self.text[start..self.at]));
                    continue;
                }
            }

            self.at += c.len_utf8();
        }

        value
    }

    /// What a `$` begins.
    fn dollar(&mut self) -> Option<String> {
        let start = self.at;
        self.at += 1;
        let dockerfile = matches!(self.dialect, Dialect::Dockerfile { .. });
        if !dockerfile && self.take('$') {
            return Some("$".to_owned());
        }

        if self.dialect == Dialect::Kubernetes {
            return self.parenthesised(start);
        }

        if self.rest().starts_with('{') {
            return self.braced(start);
        }

        let name_span = self.name();

        if name_span.is_empty() {
            if !dockerfile {
                self.at += self.peek().map_or(0, char::len_utf8);
                self.error(
                    start,
                    "expected a variable name after `$`; write `$$` for a dollar sign",
                );
                return None;
            }

            return Some("$".to_owned());
        }

        self.used(start, name_span, None, None);

        match self.value_of(name_span) {
            Some(Lookup::Value(value)) => Some(value),
            _ => None,
        }
    }

    /// Passes a name: letters, digits and `_`, or in a Dockerfile one special character.
    fn name(&mut self) -> Span {
        let begin = self.at;
        let rest = self.rest().as_bytes();
        let len = match rest.first() {
            Some(first) if first.is_ascii_alphabetic() || *first == b'_' => rest
                .iter()
                .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
                .count(),
            Some(b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!') => {
                usize::from(matches!(self.dialect, Dialect::Dockerfile { .. }))
            }
            _ => 0,
        };

        self.at += len;

        Span::of(begin, self.at)
    }

    fn value_of(&self, name: Span) -> Option<Lookup> {
        if self.filled.get() > MAX_FILLED {
            return Some(Lookup::Unknown);
        }

        let value = (self.lookup)(name.text(self.text));
        if let Some(Lookup::Value(value)) = &value {
            self.filled.set(self.filled.get() + value.len());
        }

        value
    }

    /// Notes a use that begins at `start` and ends here; returns its place in the list.
    fn used(
        &mut self,
        start: usize,
        name_span: Span,
        operator: Option<Operator>,
        operand: Option<Span>,
    ) {
        let name = name_span.text(self.text).to_owned();
        self.uses.push(VariableUse {
            name,
            name_span,
            span: Span::of(start, self.at),
            operator,
            operand,
        });
    }

    /// `$(V)`, after its `$`.
    fn parenthesised(&mut self, start: usize) -> Option<String> {
        let Some(len) = self
            .rest()
            .strip_prefix('(')
            .and_then(|rest| rest.find([')', '$', '(']))
        else {
            return Some("$".to_owned());
        };

        let name_span = Span::of(start + 2, start + 2 + len);
        if !self.rest()[1 + len..].starts_with(')') || len == 0 {
            return Some("$".to_owned());
        }

        self.at = start + len + 3;
        self.used(start, name_span, None, None);

        match self.value_of(name_span) {
            Some(Lookup::Value(value)) => Some(value),
            Some(Lookup::Unknown) => None,
            None => Some(self.text[start..self.at].to_owned()),
        }
    }

    /// `${ … }`, after its `$`.
    fn braced(&mut self, start: usize) -> Option<String> {
        self.at += 1;
        let name_span = self.name();

        if name_span.is_empty() {
            let len = self
                .rest()
                .find('}')
                .map_or(self.rest().len(), |len| len + 1);
            self.at += len;
            self.error(start, "expected a variable name after `${`");
            return None;
        }

        let operator_at = self.at;
        let Some(operator) = self.operator() else {
            if self.take('}') {
                self.used(start, name_span, None, None);
                return match self.value_of(name_span)? {
                    Lookup::Value(value) => Some(value),
                    Lookup::Unknown => None,
                };
            }

            let len = self
                .rest()
                .find('}')
                .map_or(self.rest().len(), |len| len + 1);
            self.at += len;
            self.used(start, name_span, None, None);
            self.error(
                start,
                "expected `}` or an operator such as `:-` after the variable name",
            );
            return None;
        };
        // The use is noted before those inside its operand; its end is known only after them.
        let index = self.uses.len();
        self.used(start, name_span, Some(operator), None);

        if self.depth == MAX_DEPTH {
            self.at = self.text.len();
            self.error(start, "variables are nested too deeply");
            return None;
        }

        self.depth += 1;
        let begin = self.at;
        let operand = self.run(true);
        self.depth -= 1;
        let operand_span = Span::of(begin, self.at);
        let closed = self.take('}');
        self.uses[index].operand = Some(operand_span);
        self.uses[index].span.end = self.at as u32;

        if !closed {
            self.errors.push(SyntaxError::new(
                Span::of(start, start + 2),
                "this `${` is never closed",
            ));
            return None;
        }

        let value = self.value_of(name_span);
        let empty = matches!(&value, Some(Lookup::Value(value)) if value.is_empty());

        match (operator, value) {
            (Operator::Pattern, Some(Lookup::Value(value))) => {
                let operator = &self.text[operator_at..begin];
                apply_pattern(&value, operator, &operand?)
            }
            (_, Some(Lookup::Unknown)) | (Operator::Pattern, None) => None,
            (Operator::Default, None) | (Operator::DefaultIfEmpty, None) => operand,
            (Operator::DefaultIfEmpty, _) if empty => operand,
            (Operator::Require | Operator::RequireNotEmpty, None) => None,
            (Operator::RequireNotEmpty, _) if empty => None,
            (Operator::Alternative | Operator::AlternativeIfNotEmpty, None) => Some(String::new()),
            (Operator::AlternativeIfNotEmpty, _) if empty => Some(String::new()),
            (Operator::Alternative | Operator::AlternativeIfNotEmpty, _) => operand,
            (_, Some(Lookup::Value(value))) => Some(value),
        }
    }

    fn operator(&mut self) -> Option<Operator> {
        let patterns = matches!(self.dialect, Dialect::Dockerfile { .. });
        let (operator, len) = match self.rest().as_bytes() {
            [b':', b'-', ..] => (Operator::DefaultIfEmpty, 2),
            [b':', b'?', ..] => (Operator::RequireNotEmpty, 2),
            [b':', b'+', ..] => (Operator::AlternativeIfNotEmpty, 2),
            [b'-', ..] => (Operator::Default, 1),
            [b'?', ..] => (Operator::Require, 1),
            [b'+', ..] => (Operator::Alternative, 1),
            [b'#', b'#', ..] | [b'%', b'%', ..] | [b'/', b'/', ..] if patterns => {
                (Operator::Pattern, 2)
            }
            [b'#' | b'%' | b'/', ..] if patterns => (Operator::Pattern, 1),
            _ => return None,
        };

        self.at += len;

        Some(operator)
    }
}

/// Cuts or replaces what matches a shell pattern. `None` when that would take too long.
fn apply_pattern(value: &str, operator: &str, operand: &str) -> Option<String> {
    if value.len() * operand.len().max(1) > MAX_PATTERN_WORK || value.len() > 256 {
        return None;
    }

    let ends: Vec<usize> = value
        .char_indices()
        .map(|(at, _)| at)
        .chain([value.len()])
        .collect();
    let head = |at: &usize| glob(operand, &value[..*at]);
    let tail = |at: &usize| glob(operand, &value[*at..]);

    match operator {
        "#" => Some(value[ends.iter().copied().find(head).unwrap_or(0)..].to_owned()),
        "##" => Some(value[ends.iter().copied().rfind(head).unwrap_or(0)..].to_owned()),
        "%" => Some(value[..ends.iter().copied().rfind(tail).unwrap_or(value.len())].to_owned()),
        "%%" => Some(value[..ends.iter().copied().find(tail).unwrap_or(value.len())].to_owned()),
        _ => {
            let (pattern, replacement) = operand.split_once('/').unwrap_or((operand, ""));
            let mut result = String::new();
            let mut at = 0;

            while at < value.len() {
                let end = ends
                    .iter()
                    .rev()
                    .copied()
                    .find(|&end| end > at && glob(pattern, &value[at..end]));
                let Some(end) = end else {
                    let len = value[at..].chars().next().map_or(1, char::len_utf8);
                    result.push_str(&value[at..at + len]);
                    at += len;
                    continue;
                };

                result.push_str(replacement);
                at = end;
                if operator == "/" {
                    break;
                }
            }

            result.push_str(&value[at..]);

            Some(result)
        }
    }
}

/// Whether a shell pattern of `*`, `?` and plain characters matches all of `text`.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;

    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => (p, t) = (p + 1, t + 1),
            _ => {
                let Some((star_p, star_t)) = star else {
                    return false;
                };

                star = Some((star_p, star_t + 1));
                (p, t) = (star_p + 1, star_t + 1);
            }
        }
    }

    pattern[p..].iter().all(|&c| c == '*')
}

/// A `${{ … }}` of a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expression {
    /// With `${{` and `}}`.
    pub span: Span,
    /// What stands between, blanks included.
    pub inner: Span,
    /// The `}}` was found.
    pub closed: bool,
}

/// The expressions of a workflow's scalar. A `}}` inside a quoted string of an expression does not
/// end it.
pub fn expressions(text: &str) -> Vec<Expression> {
    segments(text, "${{", b"'")
}

/// The actions of a Go template (Helm, Taskfile, goreleaser). A workflow's `${{ … }}` is not one.
pub fn go_templates(text: &str) -> Vec<Expression> {
    segments(text, "{{", b"\"`")
}

/// What stands between `open` and `}}`. An unclosed one ends the search, since its end is anyone's
/// guess.
fn segments(text: &str, open: &str, quotes: &[u8]) -> Vec<Expression> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) =
        memchr::memmem::find(&text.as_bytes()[from..], open.as_bytes()).map(|at| from + at)
    {
        let begin = start + open.len();

        if open == "{{" && text[..start].ends_with('$') {
            from = begin;
            continue;
        }

        let Some(len) = closing(&text.as_bytes()[begin..], quotes) else {
            let end = text.len();
            found.push(Expression {
                span: Span::of(start, end),
                inner: Span::of(begin, end),
                closed: false,
            });

            break;
        };

        from = begin + len + 2;
        found.push(Expression {
            span: Span::of(start, from),
            inner: Span::of(begin, begin + len),
            closed: true,
        });
    }

    found
}

/// The place of the first `}}` outside quoted strings.
fn closing(bytes: &[u8], quotes: &[u8]) -> Option<usize> {
    let mut at = 0;

    while at < bytes.len() {
        if bytes[at..].starts_with(b"}}") {
            return Some(at);
        }

        if quotes.contains(&bytes[at]) {
            let quote = bytes[at];
            at += 1;

            while at < bytes.len() && bytes[at] != quote {
                at += if bytes[at] == b'\\' && quote == b'"' {
                    2
                } else {
                    1
                };
            }
        }

        at += 1;
    }

    None
}

#[cfg(test)]
mod tests;
