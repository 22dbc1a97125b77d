//! Variables inside a scalar or a Dockerfile word: `${VAR:-x}`, `$(VAR)`.
//!
//! Expansion is three-valued. A variable whose value is not in the repository makes the whole text
//! unknown; it never counts as empty, because rules would then report on a text that never exists.

use std::cell::Cell;

use super::SyntaxError;
use crate::source::Span;

/// The syntax of variables in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `$V`, `${V:-x}`; `$$` is a dollar sign.
    Compose,
    /// The same and patterns (`${V#p}`, `${V/p/r}`); quotes are removed, and text in single quotes
    /// is literal.
    Dockerfile {
        /// The escape character, `\` or a backtick.
        escape: char,
    },
    /// `$(V)`; `$$` is a dollar sign; undefined variables are literal.
    Kubernetes,
}

/// The value of a variable that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    Value(String),
    /// The variable is set to an unknown value.
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
    /// The text after the operator: the default, the message, the pattern.
    pub operand: Option<Span>,
}

impl VariableUse {
    /// The span of the default, if there is one.
    pub fn default(&self) -> Option<Span> {
        match self.operator? {
            Operator::Default | Operator::DefaultIfEmpty => self.operand,
            _ => None,
        }
    }

    /// Whether the environment must set the variable: `${V:?}` or `${V?}`.
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

/// The result of an expansion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// The text with the values of its variables; `None` when it is unknown.
    pub text: Option<String>,
    /// Every variable in order of appearance, including those inside operands.
    pub uses: Vec<VariableUse>,
    pub errors: Vec<SyntaxError>,
    /// The total size of the values of variables, in bytes.
    pub filled: usize,
}

/// The largest total size of the values of variables in a text, in bytes. A larger text is unknown:
/// a few lines that each contain the line before twice would fill the memory.
const MAX_FILLED: usize = 1 << 16;

/// Expands the variables of a text. `lookup` returns `None` for a variable that is not set.
pub fn expand(text: &str, dialect: Dialect, lookup: &dyn Fn(&str) -> Option<Lookup>) -> Expansion {
    let mut reader = Expander {
        text,
        position: 0,
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

/// The depth to which operands may be nested.
const MAX_DEPTH: u32 = 20;

/// The largest product of the sizes of a value and its pattern that is matched. A larger one is
/// unknown.
const MAX_PATTERN_WORK: usize = 1 << 16;

struct Expander<'t> {
    text: &'t str,
    position: usize,
    dialect: Dialect,
    lookup: &'t dyn Fn(&str) -> Option<Lookup>,
    depth: u32,
    filled: Cell<usize>,
    uses: Vec<VariableUse>,
    errors: Vec<SyntaxError>,
}

/// Appends to a text that may be unknown.
fn append(value: &mut Option<String>, more: Option<&str>) {
    match (value.as_mut(), more) {
        (Some(value), Some(more)) => value.push_str(more),
        _ => *value = None,
    }
}

impl Expander<'_> {
    fn rest(&self) -> &str {
        &self.text[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, c: char) -> bool {
        let is_next = self.rest().starts_with(c);
        if is_next {
            self.position += c.len_utf8();
        }

        is_next
    }

    fn error(&mut self, start: usize, message: &str) {
        self.errors
            .push(SyntaxError::new(Span::of(start, self.position), message));
    }

    /// Reads to the end or, in an operand, to the `}` that ends it, which is not consumed.
    fn run(&mut self, operand: bool) -> Option<String> {
        let mut value = Some(String::new());
        let mut double_quoted = false;

        while let Some(c) = self.peek() {
            let start = self.position;

            match (c, self.dialect) {
                ('}', _) if operand && !double_quoted => break,
                ('$', _) => {
                    let variable = self.dollar();
                    append(&mut value, variable.as_deref());
                    continue;
                }
                ('\'', Dialect::Dockerfile { .. }) if !double_quoted => {
                    let body = &self.rest()[1..];
                    let len = body.find('\'');
                    append(&mut value, Some(&body[..len.unwrap_or(body.len())]));
                    self.position = len.map_or(self.text.len(), |len| start + len + 2);
                    continue;
                }
                ('"', Dialect::Dockerfile { .. }) => double_quoted = !double_quoted,
                (c, Dialect::Dockerfile { escape }) if c == escape => {
                    self.position += c.len_utf8();
                    let Some(next) = self.peek() else {
                        append(&mut value, Some(&self.text[start..self.position]));
                        break;
                    };

                    self.position += next.len_utf8();
                    let kept = double_quoted && next != '"' && next != '$' && next != escape;
                    let from = if kept {
                        start
                    } else {
                        self.position - next.len_utf8()
                    };

                    append(&mut value, Some(&self.text[from..self.position]));
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
                    self.position += len + plain;
                    append(&mut value, Some(&self.text[start..self.position]));
                    continue;
                }
            }

            self.position += c.len_utf8();
        }

        value
    }

    /// Expands what begins with a `$`.
    fn dollar(&mut self) -> Option<String> {
        let start = self.position;
        self.position += 1;
        let dockerfile = matches!(self.dialect, Dialect::Dockerfile { .. });
        if !dockerfile && self.take('$') {
            return Some("$".to_owned());
        }

        if self.dialect == Dialect::Kubernetes {
            return self.parenthesized(start);
        }

        if self.rest().starts_with('{') {
            return self.braced(start);
        }

        let name_span = self.name();

        // A dollar sign that begins no variable is literal, for Compose as well.
        if name_span.is_empty() {
            return Some("$".to_owned());
        }

        self.add_use(start, name_span, None, None);

        match self.value_of(name_span) {
            Some(Lookup::Value(value)) => Some(value),
            _ => None,
        }
    }

    /// Consumes a name: letters, digits and `_`, or in a Dockerfile one special character.
    fn name(&mut self) -> Span {
        let begin = self.position;
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

        self.position += len;

        Span::of(begin, self.position)
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

    /// Adds a use from `start` to the position.
    fn add_use(
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
            span: Span::of(start, self.position),
            operator,
            operand,
        });
    }

    /// Expands `$(V)`, after its `$`.
    fn parenthesized(&mut self, start: usize) -> Option<String> {
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

        self.position = start + len + 3;
        self.add_use(start, name_span, None, None);

        match self.value_of(name_span) {
            Some(Lookup::Value(value)) => Some(value),
            Some(Lookup::Unknown) => None,
            None => Some(self.text[start..self.position].to_owned()),
        }
    }

    /// Expands `${ … }`, after its `$`.
    fn braced(&mut self, start: usize) -> Option<String> {
        self.position += 1;
        let name_span = self.name();

        if name_span.is_empty() {
            let len = self
                .rest()
                .find('}')
                .map_or(self.rest().len(), |len| len + 1);
            self.position += len;
            self.error(start, "expected a variable name after `${`");
            return None;
        }

        let operator_at = self.position;
        let Some(operator) = self.operator() else {
            if self.take('}') {
                self.add_use(start, name_span, None, None);
                return match self.value_of(name_span)? {
                    Lookup::Value(value) => Some(value),
                    Lookup::Unknown => None,
                };
            }

            let len = self
                .rest()
                .find('}')
                .map_or(self.rest().len(), |len| len + 1);
            self.position += len;
            self.add_use(start, name_span, None, None);
            self.error(
                start,
                "expected `}` or an operator such as `:-` after the variable name",
            );
            return None;
        };

        // The use is added before those inside its operand; its end is known only after them.
        let index = self.uses.len();
        self.add_use(start, name_span, Some(operator), None);

        if self.depth == MAX_DEPTH {
            self.position = self.text.len();
            self.error(start, "variables are nested too deeply");
            return None;
        }

        self.depth += 1;
        let begin = self.position;
        let operand = self.run(true);
        self.depth -= 1;
        let operand_span = Span::of(begin, self.position);
        let closed = self.take('}');
        self.uses[index].operand = Some(operand_span);
        self.uses[index].span.end = self.position as u32;

        if !closed {
            self.errors.push(SyntaxError::new(
                Span::of(start, start + 2),
                "this `${` is never closed",
            ));
            return None;
        }

        let value = self.value_of(name_span);
        if let (Operator::Pattern, Some(Lookup::Value(value))) = (operator, &value) {
            return apply_pattern(value, &self.text[operator_at..begin], &operand?);
        }

        apply_operator(operator, value, operand)
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

        self.position += len;

        Some(operator)
    }
}

/// The result of an operator other than a pattern that matches a known value.
fn apply_operator(
    operator: Operator,
    value: Option<Lookup>,
    operand: Option<String>,
) -> Option<String> {
    let is_empty = matches!(&value, Some(Lookup::Value(value)) if value.is_empty());

    match (operator, value) {
        (_, Some(Lookup::Unknown)) | (Operator::Pattern, None) => None,
        (Operator::Default, None) | (Operator::DefaultIfEmpty, None) => operand,
        (Operator::DefaultIfEmpty, _) if is_empty => operand,
        (Operator::Require | Operator::RequireNotEmpty, None) => None,
        (Operator::RequireNotEmpty, _) if is_empty => None,
        (Operator::Alternative | Operator::AlternativeIfNotEmpty, None) => Some(String::new()),
        (Operator::AlternativeIfNotEmpty, _) if is_empty => Some(String::new()),
        (Operator::Alternative | Operator::AlternativeIfNotEmpty, _) => operand,
        (_, Some(Lookup::Value(value))) => Some(value),
    }
}

/// Cuts or replaces the part of a value that matches a shell pattern. `None` when that would take
/// too long.
fn apply_pattern(value: &str, operator: &str, operand: &str) -> Option<String> {
    if value.len() * operand.len().max(1) > MAX_PATTERN_WORK || value.len() > 256 {
        return None;
    }

    let ends: Vec<usize> = value
        .char_indices()
        .map(|(position, _)| position)
        .chain([value.len()])
        .collect();

    let mut offsets = ends.iter().copied();
    let start_or_end = match operator {
        "#" => offsets.find(|&end| glob(operand, &value[..end])),
        "##" => offsets.rfind(|&end| glob(operand, &value[..end])),
        "%" => offsets.rfind(|&start| glob(operand, &value[start..])),
        "%%" => offsets.find(|&start| glob(operand, &value[start..])),
        _ => return Some(replace_pattern(value, &ends, operator, operand)),
    };

    let rest = if operator.starts_with('#') {
        &value[start_or_end.unwrap_or(0)..]
    } else {
        &value[..start_or_end.unwrap_or(value.len())]
    };

    Some(rest.to_owned())
}

/// Replaces the first (`/`) or every (`//`) longest match of a pattern. `ends` are the boundaries
/// of the characters of `value`.
fn replace_pattern(value: &str, ends: &[usize], operator: &str, operand: &str) -> String {
    let (pattern, replacement) = operand.split_once('/').unwrap_or((operand, ""));
    let mut result = String::new();
    let mut offset = 0;

    while offset < value.len() {
        let end = ends
            .iter()
            .rev()
            .copied()
            .find(|&end| end > offset && glob(pattern, &value[offset..end]));
        let Some(end) = end else {
            let len = value[offset..].chars().next().map_or(1, char::len_utf8);
            result.push_str(&value[offset..offset + len]);
            offset += len;
            continue;
        };

        result.push_str(replacement);
        offset = end;
        if operator == "/" {
            break;
        }
    }

    result.push_str(&value[offset..]);
    result
}

/// Whether a shell pattern of `*`, `?` and literal characters matches the whole `text`.
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

#[cfg(test)]
mod tests;
