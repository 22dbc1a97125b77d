//! A node together with what is known of its completeness, so that lowering cannot mistake "not
//! here" for "nowhere".
//!
//! Three things make absence unknown: the object is a patch, a part of it was lost to a syntax
//! error, or an action of a template may put keys where none are seen.

use crate::model::Setting;
use crate::source::{FileId, Located, Location, Span};
use crate::syntax::yaml::{Kind, Mask, Node};

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
        Self {
            file,
            text,
            mask: None,
            open: false,
        }
    }

    pub const fn helm(file: FileId, text: &'t str, mask: &'t Mask) -> Self {
        Self {
            file,
            text,
            mask: Some(mask),
            open: false,
        }
    }

    /// The same place, of an object that is only a part of itself.
    #[must_use]
    pub const fn opened(self) -> Self {
        Self { open: true, ..self }
    }
}

/// A node in its scope.
#[derive(Clone, Copy, Debug)]
pub struct SpecReader<'t> {
    pub node: Node<'t>,
    pub scope: Scope<'t>,
}

impl<'t> SpecReader<'t> {
    pub const fn new(node: Node<'t>, scope: Scope<'t>) -> Self {
        Self { node, scope }
    }

    /// The value of a key. A null is as good as absent, unless a template fills it.
    pub fn get(self, key: &str) -> Setting<SpecReader<'t>> {
        if self.node.kind() == Kind::Unknown {
            return Setting::Unknown(Some(self.node.location()));
        }

        let Some(entry) = self.node.entry(key) else {
            return if self.is_open() {
                Setting::Unknown(None)
            } else {
                Setting::Absent
            };
        };

        match entry.value.kind() {
            Kind::Unknown => Setting::Unknown(Some(entry.key.location())),
            Kind::Null => Setting::Absent,
            _ => {
                // `key: {{ … }}` above more keys: what the action prints joins them.
                let (key, value) = (entry.key.location().span, entry.value.location().span);
                let filled = |mask: &Mask| {
                    key.end < value.start && mask.touches(Span::new(key.end, value.start))
                };

                let open = self.scope.mask.is_some_and(filled);
                let scope = if open {
                    self.scope.opened()
                } else {
                    self.scope
                };

                Setting::set(SpecReader::new(entry.value, scope), entry.value.content())
            }
        }
    }

    /// The value behind a path of keys.
    pub fn path(self, keys: &[&str]) -> Setting<SpecReader<'t>> {
        let mut at = Setting::set(self, self.node.location());
        for key in keys {
            at = at.and_then(|view| view.get(key));
        }
        at
    }

    /// The place of a key itself.
    pub fn key(self, key: &str) -> Option<Location> {
        Some(self.node.entry(key)?.key.content())
    }

    /// Keys and values as they stand.
    pub fn entries(self) -> impl Iterator<Item = (Node<'t>, SpecReader<'t>)> {
        self.node
            .entries()
            .map(move |entry| (entry.key, SpecReader::new(entry.value, self.scope)))
    }

    /// The items of a sequence.
    pub fn items(self) -> impl Iterator<Item = SpecReader<'t>> {
        self.node
            .items()
            .map(move |item| SpecReader::new(item, self.scope))
    }

    /// A scalar's text, whatever its type.
    pub fn text(self) -> Setting<String> {
        match self.node.str() {
            Some(text) if self.is_known() => Setting::set(text.to_owned(), self.node.content()),
            Some(_) => Setting::Unknown(Some(self.node.content())),
            None if self.node.kind() == Kind::Unknown => {
                Setting::Unknown(Some(self.node.location()))
            }
            None => Setting::Absent,
        }
    }

    /// A scalar's text as written, variables included, unless a template's action is a part of it.
    pub fn raw_text(self) -> Option<Located<String>> {
        let masked = self
            .scope
            .mask
            .is_some_and(|mask| mask.touches(self.node.location().span));
        let text = self.node.str().filter(|_| !masked)?;
        Some(Located::new(text.to_owned(), self.node.content()))
    }

    pub fn boolean(self) -> Setting<bool> {
        self.typed(|node| node.as_bool_11())
    }

    pub fn integer(self) -> Setting<i64> {
        self.typed(|node| node.as_int())
    }

    /// A number that may not be negative; one that is negative is unknown.
    pub fn unsigned(self) -> Setting<u32> {
        self.typed(|node| u32::try_from(node.as_int()?).ok())
    }

    fn typed<T>(self, read: impl FnOnce(Node<'t>) -> Option<T>) -> Setting<T> {
        match read(self.node) {
            Some(value) => Setting::set(value, self.node.content()),
            None => Setting::Unknown(Some(self.node.location())),
        }
    }

    /// The text of a key's value.
    pub fn str(self, key: &str) -> Setting<String> {
        self.get(key).and_then(SpecReader::text)
    }

    pub fn flag(self, key: &str) -> Setting<bool> {
        self.get(key).and_then(SpecReader::boolean)
    }

    pub fn count(self, key: &str) -> Setting<u32> {
        self.get(key)
            .and_then(SpecReader::integer)
            .map(|count| u32::try_from(count).unwrap_or(0))
    }

    /// The items of a key's sequence; none where it is absent or unknown.
    pub fn list(self, key: &str) -> Vec<SpecReader<'t>> {
        self.get(key)
            .value()
            .map(|view| view.items().collect())
            .unwrap_or_default()
    }

    /// The known texts of a key's sequence.
    pub fn texts(self, key: &str) -> Vec<Located<String>> {
        self.list(key)
            .into_iter()
            .filter_map(|item| item.text().known().cloned())
            .collect()
    }

    /// Whether the scalar says what it comes to: no action, no variable of a tool that fills the
    /// file in.
    fn is_known(self) -> bool {
        let masked = self
            .scope
            .mask
            .is_some_and(|mask| mask.touches(self.node.location().span));
        !masked && self.node.str().is_none_or(|text| !is_placeholder(text))
    }

    /// Whether this mapping or sequence may hold more than is seen.
    pub fn is_open(self) -> bool {
        let span = self.node.definition().span;
        let is_scalar = self.node.kind() == Kind::Scalar;
        // A scalar that is an action prints a whole collection.
        let filled = |mask: &Mask| {
            if is_scalar {
                mask.touches(span)
            } else {
                mask.is_open(span)
            }
        };

        self.scope.open || self.node.is_damaged() || self.scope.mask.is_some_and(filled)
    }
}

/// A text that some tool fills in before a cluster sees it.
pub fn is_placeholder(text: &str) -> bool {
    text.contains("${")
        || text.contains("{{")
        || text.contains("<%")
        || text.contains("$(")
        || text.contains("$[")
}
