//! Go templates, mostly of Helm, as YAML: every action is masked by as many bytes, so that all
//! offsets stay valid.
//!
//! Nothing is evaluated. Both branches of an `if` remain, and the [`Mask`] tells consumers which
//! values are unknown.

use super::lines::line_start;
use crate::source::{Span, clip, slice};

/// A template without its actions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mask {
    /// As long as the template, byte for byte, with `x` and blanks in place of actions. A line with
    /// only actions becomes empty lines, so lines must be counted in the template itself.
    pub text: String,
    /// The actions in the order of the text.
    pub actions: Vec<Action>,
}

/// A `{{ … }}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    pub span: Span,
    pub role: Role,
    /// The column of its output, if it has `indent` or `nindent`.
    pub indent: Option<u32>,
}

/// The effect of an action on the text around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Alone on its line: it may output keys or items.
    Output,
    /// Part of a line: a value, a part of one, or a key.
    Inline,
    /// `if`, `range`, `end` and others: the text between them may be absent, or repeated.
    Control,
    /// A comment or an assignment, without output.
    Silent,
}

/// Masks every action of a template.
pub fn mask_templates(text: &str) -> Mask {
    let spans = spans(text);

    // The template without actions, in which an action over several lines does not end a line.
    let mut bare = text.as_bytes().to_vec();
    for span in &spans {
        bare[span.range()].fill(0);
    }

    let mut masked = text.as_bytes().to_vec();
    let mut actions = Vec::with_capacity(spans.len());
    let mut line = 0..0;
    let mut alone = false;

    for span in spans {
        let offset = span.start as usize;

        if !line.contains(&offset) {
            let start = memchr::memrchr(b'\n', &bare[..offset]).map_or(0, |end| end + 1);
            line = start
                ..memchr::memchr(b'\n', &bare[offset..])
                    .map_or(bare.len(), |length| offset + length);
            alone = bare[line.clone()]
                .iter()
                .all(|&byte| byte == 0 || byte.is_ascii_whitespace());
            if alone {
                // Empty lines, because a block scalar must not begin with a line of more blanks
                // than the indent of its content.
                masked[line.clone()].fill(b'\n');
            }
        }

        let body = span.text(text);
        let indent = indent(body);
        let role = match role(body) {
            Role::Inline if alone => Role::Output,
            role => role,
        };

        if !alone {
            let blank = role != Role::Inline || is_block_value(&bare, line.clone(), span, body);
            masked[span.range()].fill(if blank { b' ' } else { b'x' });
        }

        actions.push(Action { span, role, indent });
    }

    // Actions begin and end with ASCII, so this cannot split a character.
    let text = String::from_utf8(masked).unwrap_or_else(|_| " ".repeat(text.len()));

    Mask { text, actions }
}

impl Mask {
    /// Whether an action outputs a part of the range, so that its text is unknown.
    pub fn touches(&self, span: Span) -> bool {
        self.actions_in(span)
            .any(|action| matches!(action.role, Role::Inline | Role::Output))
    }

    /// Whether a collection at this span may have more keys or items than are written: an action
    /// inside or directly beside it has output at its column, or at an unknown one.
    pub fn is_open(&self, span: Span) -> bool {
        let (start, end) = (
            span.start as usize,
            (span.end as usize).min(self.text.len()),
        );
        let column = start - line_start(&self.text, start);
        let before = clip(&self.text, start).trim_end().len();
        let after = self.text.len() - slice(&self.text, end..self.text.len()).trim_start().len();
        self.actions_in(Span::of(before, after)).any(|action| {
            action.role == Role::Output
                && action.indent.is_none_or(|indent| indent as usize == column)
        })
    }

    /// Whether the range contains a control action, so that a part of it is conditional.
    pub fn is_conditional(&self, span: Span) -> bool {
        self.actions_in(span)
            .any(|action| action.role == Role::Control)
    }

    /// The actions that overlap a range.
    pub fn actions_in(&self, span: Span) -> impl Iterator<Item = &Action> {
        let first = self
            .actions
            .partition_point(|action| action.span.end <= span.start);
        self.actions[first..]
            .iter()
            .take_while(move |action| action.span.start < span.end)
    }

    /// Whether an absent value at `offset` is absent only because it was masked.
    pub(super) fn hides_value(&self, offset: usize) -> bool {
        let first = self
            .actions
            .partition_point(|action| (action.span.start as usize) < offset);
        let mut next = self.actions[first..]
            .iter()
            .filter(|action| action.role != Role::Silent);

        // The gap includes the first byte of the action, which is blank unless the action was
        // masked as a word.
        let gap = next
            .next()
            .and_then(|action| self.text.get(offset..=action.span.start as usize));
        gap.is_some_and(|gap| gap.trim().is_empty())
    }
}

/// The spans of the actions of a template, up to one that is never closed.
fn spans(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut offset = 0;

    while let Some(gap) = memchr::memmem::find(&text.as_bytes()[offset..], b"{{") {
        let start = offset + gap;
        let Some(length) = action_length(&text[start..]) else {
            break;
        };

        offset = start + length;
        spans.push(Span::of(start, offset));
    }

    spans
}

/// The length of the action at the start of a text. Strings and comments may contain `}}`.
fn action_length(text: &str) -> Option<usize> {
    let body = text[2..]
        .strip_prefix('-')
        .unwrap_or(&text[2..])
        .trim_start();
    if body.starts_with("/*") {
        let comment = text.find("*/")?;
        return Some(comment + text[comment..].find("}}")? + 2);
    }

    let bytes = text.as_bytes();
    let mut offset = 2;

    while offset < bytes.len() {
        match bytes[offset] {
            b'}' if bytes.get(offset + 1) == Some(&b'}') => return Some(offset + 2),
            quote @ (b'"' | b'\'') => {
                offset += 1;
                while offset < bytes.len() && bytes[offset] != quote && bytes[offset] != b'\n' {
                    offset += if bytes[offset] == b'\\' { 2 } else { 1 };
                }
            }
            b'`' => offset += 1 + memchr::memchr(b'`', &bytes[offset + 1..])?,
            _ => {}
        }

        offset += 1;
    }

    None
}

/// The words of an action, without its braces and trim marks.
fn words(action: &str) -> impl Iterator<Item = &str> {
    action
        .trim_start_matches(['{', '-'])
        .trim_end_matches(['}', '-'])
        .split(|other: char| other.is_whitespace() || matches!(other, '(' | ')' | '|'))
        .filter(|word| !word.is_empty())
}

fn role(action: &str) -> Role {
    let mut words = words(action);
    let Some(first) = words.next() else {
        return Role::Silent;
    };

    match first {
        "if" | "else" | "end" | "range" | "with" | "define" | "block" | "break" | "continue" => {
            Role::Control
        }
        _ if first.starts_with("/*") => Role::Silent,
        _ if first.starts_with('$') && words.any(|word| matches!(word, ":=" | "=")) => Role::Silent,
        _ => Role::Inline,
    }
}

fn indent(action: &str) -> Option<u32> {
    if !action.contains("indent") {
        return None;
    }

    let mut words = words(action).skip_while(|word| !matches!(*word, "indent" | "nindent"));
    words.nth(1)?.parse().ok()
}

/// Whether an action is the whole value of a key or item and outputs a collection. Such an action
/// is masked by blanks, because the lines below a word would be an error.
fn is_block_value(bare: &[u8], line: std::ops::Range<usize>, span: Span, action: &str) -> bool {
    let before = bare
        .get(line.start..span.start as usize)
        .unwrap_or_default()
        .trim_ascii_end();
    let after = bare
        .get(span.end as usize..line.end)
        .unwrap_or_default()
        .trim_ascii();
    (before.ends_with(b":") || before.ends_with(b"-"))
        && after.is_empty()
        && words(action).any(|word| matches!(word, "toYaml" | "indent" | "nindent"))
}
