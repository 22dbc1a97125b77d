//! Go templates (Helm, kustomize plugins) as YAML: every action is masked by as many bytes, so that all offsets stay true.
//!
//! Nothing is evaluated. Both branches of an `if` remain, and a consumer asks the [`Mask`] what it cannot know.

use crate::source::Span;

/// A template without its actions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mask {
    /// As long as the template, byte for byte; blanks or `x` stand for actions.
    pub text: String,
    /// The actions in the order of the text.
    pub actions: Vec<Action>,
}

/// One `{{ … }}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    pub span: Span,
    pub role: Role,
}

/// What an action leaves unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Stands alone on its line: whole keys or items may come from it or depend on it.
    Block,
    /// Stands for a part of a scalar, or for a whole value.
    Inline,
    /// A comment or an assignment: it gives nothing.
    Silent,
}

/// Masks every action of a template.
pub fn mask_templates(text: &str) -> Mask {
    let mut masked = text.as_bytes().to_vec();
    let mut actions = Vec::new();
    let mut at = 0;
    while let Some(start) =
        memchr::memmem::find(text.as_bytes().get(at..).unwrap_or(b""), b"{{").map(|found| at + found)
    {
        let Some(end) = action_end(text, start) else { break };
        let role = role(text, start, end);
        let filler = if role == Role::Inline && !ends_value(text, start, end) { b'x' } else { b' ' };
        for byte in &mut masked[start..end] {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = filler;
            }
        }
        actions.push(Action { span: Span::of(start, end), role });
        at = end;
    }
    let text = String::from_utf8(masked).unwrap_or_else(|_| " ".repeat(text.len()));
    Mask { text, actions }
}

impl Mask {
    /// Whether a part of the range was an action, so that its text is unknown.
    pub fn touches(&self, span: Span) -> bool {
        self.actions_in(span).any(|action| action.role != Role::Silent)
    }

    /// Whether more or fewer keys or items than are written may stand in the range.
    pub fn is_open(&self, span: Span) -> bool {
        self.actions_in(span).any(|action| action.role == Role::Block)
    }

    /// The actions that overlap a range.
    pub fn actions_in(&self, span: Span) -> impl Iterator<Item = &Action> {
        let first = self.actions.partition_point(|action| action.span.end <= span.start);
        self.actions[first..].iter().take_while(move |action| action.span.start < span.end.max(span.start + 1))
    }
}

fn action_end(text: &str, start: usize) -> Option<usize> {
    Some(start + text[start..].find("}}")? + 2)
}

fn role(_text: &str, _start: usize, _end: usize) -> Role {
    Role::Inline
}

fn ends_value(_text: &str, _start: usize, _end: usize) -> bool {
    false
}
