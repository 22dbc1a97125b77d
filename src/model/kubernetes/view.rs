//! A node together with what is known of its completeness, so that lowering cannot mistake "not here" for "nowhere".
//!
//! Three things make absence unknown: the object is a patch, a part of it was lost to a syntax error, or an action of a
//! template may put keys where none are seen.

use crate::model::Setting;
use crate::source::{At, FileId, Place, Span};
use crate::syntax::yaml::{Action, Kind, Mask, Node, Role, Style};

/// Where a tree comes from.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'t> {
    pub file: FileId,
    /// The text of the file, template actions included.
    pub text: &'t str,
    /// Of a Helm template.
    pub mask: Option<&'t Mask>,
    /// What is absent may stand elsewhere.
    pub open: bool,
}

impl<'t> Scope<'t> {
    pub const fn plain(file: FileId, text: &'t str) -> Self {
        Self { file, text, mask: None, open: false }
    }

    pub const fn helm(file: FileId, text: &'t str, mask: &'t Mask) -> Self {
        Self { file, text, mask: Some(mask), open: false }
    }

    /// The same place, of an object that is only a part of itself.
    #[must_use]
    pub const fn opened(self) -> Self {
        Self { open: true, ..self }
    }
}

/// A node in its scope.
#[derive(Clone, Copy, Debug)]
pub struct View<'t> {
    pub node: Node<'t>,
    pub scope: Scope<'t>,
    /// Where the node's room begins: behind its key. Actions before its first child stand in it.
    start: u32,
}

impl<'t> View<'t> {
    pub fn new(node: Node<'t>, scope: Scope<'t>) -> Self {
        Self { node, scope, start: node.place().span.start }
    }

    /// The value of a key. A null is as good as absent, unless a template fills it.
    pub fn get(self, key: &str) -> Setting<View<'t>> {
        if self.node.kind() == Kind::Unknown {
            return Setting::Unknown(Some(self.node.place()));
        }
        let Some(entry) = self.node.entry(key) else {
            return if self.is_open() { Setting::Unknown(None) } else { Setting::Absent };
        };
        let value = View { node: entry.value, scope: self.scope, start: entry.key.place().span.end };
        match entry.value.kind() {
            Kind::Unknown => Setting::Unknown(Some(entry.key.place())),
            Kind::Null if value.is_filled() => Setting::Unknown(Some(entry.key.place())),
            Kind::Null => Setting::Absent,
            _ => Setting::set(value, value.node.content()),
        }
    }

    /// The value behind a path of keys.
    pub fn path(self, keys: &[&str]) -> Setting<View<'t>> {
        let mut at = Setting::set(self, self.node.place());
        for key in keys {
            at = at.and_then(|view| view.get(key));
        }
        at
    }

    /// The place of a key itself.
    pub fn key(self, key: &str) -> Option<Place> {
        Some(self.node.entry(key)?.key.content())
    }

    /// Keys and values as they stand.
    pub fn entries(self) -> impl Iterator<Item = (Node<'t>, View<'t>)> {
        let scope = self.scope;
        let view = move |value: Node<'t>, start| View { node: value, scope, start };
        self.node.entries().map(move |entry| (entry.key, view(entry.value, entry.key.place().span.end)))
    }

    /// The items of a sequence.
    pub fn items(self) -> impl Iterator<Item = View<'t>> {
        self.node.items().map(move |item| View::new(item, self.scope))
    }

    /// A scalar's text, whatever its type.
    pub fn text(self) -> Setting<String> {
        match self.node.str() {
            Some(text) if self.is_known() => Setting::set(text.to_owned(), self.node.content()),
            Some(_) => Setting::Unknown(Some(self.node.content())),
            None if self.node.kind() == Kind::Unknown || self.is_filled() => Setting::Unknown(Some(self.node.place())),
            None => Setting::Absent,
        }
    }

    /// A scalar's text as written, variables included, unless a template's action is a part of it.
    pub fn raw_text(self) -> Option<At<String>> {
        let masked = self.scope.mask.is_some_and(|mask| mask.touches(self.node.place().span));
        let text = self.node.str().filter(|_| !masked)?;
        Some(At::new(text.to_owned(), self.node.content()))
    }

    pub fn boolean(self) -> Setting<bool> {
        self.typed(|node| node.as_bool_11())
    }

    pub fn integer(self) -> Setting<i64> {
        self.typed(|node| node.as_int())
    }

    fn typed<T>(self, read: impl FnOnce(Node<'t>) -> Option<T>) -> Setting<T> {
        match read(self.node) {
            Some(value) => Setting::set(value, self.node.content()),
            None => Setting::Unknown(Some(self.node.place())),
        }
    }

    /// The text of a key's value.
    pub fn str(self, key: &str) -> Setting<String> {
        self.get(key).and_then(View::text)
    }

    pub fn flag(self, key: &str) -> Setting<bool> {
        self.get(key).and_then(View::boolean)
    }

    pub fn count(self, key: &str) -> Setting<u32> {
        self.get(key).and_then(View::integer).map(|count| u32::try_from(count).unwrap_or(0))
    }

    /// The items of a key's sequence; none where it is absent or unknown.
    pub fn list(self, key: &str) -> Vec<View<'t>> {
        self.get(key).value().map(|view| view.items().collect()).unwrap_or_default()
    }

    /// The known texts of a key's sequence.
    pub fn texts(self, key: &str) -> Vec<At<String>> {
        self.list(key).into_iter().filter_map(|item| item.text().known().cloned()).collect()
    }

    /// Whether the scalar says what it comes to: no action, no variable of a tool that fills the file in.
    fn is_known(self) -> bool {
        let masked = self.scope.mask.is_some_and(|mask| mask.touches(self.node.place().span));
        !masked && self.node.str().is_none_or(|text| !is_placeholder(text))
    }

    /// Whether an action stands where the value would.
    fn is_filled(self) -> bool {
        let Some(mask) = self.scope.mask else { return false };
        let end = room_end(&mask.text, self.start, usize::MAX);
        mask.touches(Span::new(self.start, end))
    }

    /// Whether this mapping or sequence may hold more than is seen.
    pub fn is_open(self) -> bool {
        self.scope.open || self.node.is_damaged() || self.scope.mask.is_some_and(|mask| self.is_open_in(mask))
    }

    fn is_open_in(self, mask: &Mask) -> bool {
        let span = self.node.place().span;
        if self.node.style() == Style::Flow {
            return mask.touches(span) && mask.actions_in(span).any(|action| self.is_own(action.span));
        }
        let line = mask.text[..span.start as usize].rfind('\n').map_or(0, |at| at + 1);
        let column = span.start as usize - line;
        let end = room_end(&mask.text, span.end, column);
        let room = Span::new(self.start.min(span.start), end.max(span.end));
        let adds = |action: &Action| {
            action.role == Role::Block && self.is_own(action.span) && adds_keys(action.span, self.scope.text, column)
        };
        mask.actions_in(room).any(adds)
    }

    /// Whether a span lies in none of the children.
    fn is_own(self, span: Span) -> bool {
        let in_entry = self.node.entries().any(|entry| {
            let value = entry.value.place().span;
            entry.place().span.contains(span) && (value.contains(span) || entry.value.kind() != Kind::Null)
        });
        !in_entry && !self.node.items().any(|item| item.place().span.contains(span))
    }
}

/// A text that some tool fills in before a cluster sees it.
pub fn is_placeholder(text: &str) -> bool {
    text.contains("${") || text.contains("{{") || text.contains("<%") || text.contains("$(") || text.contains("$[")
}

/// The end of the blank room that follows `from`: the start of the next line that says something further left than
/// `column`. Comments and masked actions say nothing.
fn room_end(text: &str, from: u32, column: usize) -> u32 {
    let mut at = text[from as usize..].find('\n').map_or(text.len(), |next| from as usize + next + 1);
    if column == usize::MAX && !text[from as usize..at].trim_start_matches([':', ' ', '\t', '"', '\'']).trim_end().is_empty() {
        return from;
    }
    while at < text.len() {
        let end = text[at..].find('\n').map_or(text.len(), |next| at + next + 1);
        let line = &text[at..end];
        let body = line.trim_start();
        if !body.is_empty() && !body.starts_with('#') && line.len() - body.len() < column {
            return at as u32;
        }
        at = end;
    }
    text.len() as u32
}

/// Whether an action that stands alone gives keys at a column, or somewhere unknown. Control actions give nothing: what
/// they guard is in sight.
fn adds_keys(action: Span, text: &str, column: usize) -> bool {
    let body = action.text(text).trim_start_matches("{{").trim_start_matches('-').trim_start();
    let word = body.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
    if matches!(word, "if" | "else" | "end" | "range" | "with" | "define" | "block" | "break" | "continue") {
        return false;
    }
    if let Some(at) = body.rfind("indent ") {
        let digits: String = body[at + 7..].chars().take_while(char::is_ascii_digit).collect();
        if let Ok(indent) = digits.parse::<usize>() {
            return indent == column;
        }
    }
    let line = text[..action.start as usize].rfind('\n').map_or(0, |at| at + 1);
    action.start as usize - line >= column
}
