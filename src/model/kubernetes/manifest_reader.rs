//! Reading of nodes that may be incomplete, so that lowering cannot mistake "not here" for
//! "nowhere".
//!
//! Three things make absence unknown: the object is a patch, a part of it was lost to a syntax
//! error, or an action of a template may add keys where none are written.

use crate::model::Setting;
use crate::model::spec_reader::SpecReader;
use crate::source::{FileId, Located, Location, Span};
use crate::syntax::yaml::{Kind, Mask, Node};

/// The file that a tree comes from, and how complete it is.
#[derive(Clone, Copy, Debug)]
pub struct ManifestScope<'t> {
    pub file: FileId,
    /// Of a Helm template: where its actions are.
    pub mask: Option<&'t Mask>,
    /// What is absent may be set elsewhere.
    pub open: bool,
}

impl<'t> ManifestScope<'t> {
    pub const fn plain(file: FileId) -> Self {
        Self {
            file,
            mask: None,
            open: false,
        }
    }

    pub const fn helm(file: FileId, mask: &'t Mask) -> Self {
        Self {
            file,
            mask: Some(mask),
            open: false,
        }
    }

    /// The same file, of an object that is only a part of itself.
    #[must_use]
    pub const fn opened(self) -> Self {
        Self { open: true, ..self }
    }
}

/// How deep the keys are that rules ask for: `resources.limits.memory`.
const REMOVED_DEPTH: usize = 2;

/// A node in its scope.
#[derive(Clone, Copy, Debug)]
pub struct ManifestReader<'t> {
    pub node: Node<'t>,
    pub scope: ManifestScope<'t>,
}

impl<'t> ManifestReader<'t> {
    pub const fn new(node: Node<'t>, scope: ManifestScope<'t>) -> Self {
        Self { node, scope }
    }

    /// The same node, of an object that is only a part of itself.
    #[must_use]
    pub const fn opened(self) -> Self {
        Self::new(self.node, self.scope.opened())
    }

    /// Whether a template has an action between a key and its value, as in `key: {{ … }}` above
    /// more keys: what the action prints joins them.
    fn is_filled_between(self, key: Span, value: Span) -> bool {
        self.scope.mask.is_some_and(|mask| {
            key.end < value.start && mask.touches(Span::new(key.end, value.start))
        })
    }

    /// The keys that a patch removed, with the place in the patch, of this mapping and of those in
    /// it: `securityContext`, `resources.limits`.
    pub fn removed_keys(self, home: FileId) -> Vec<(String, Location)> {
        let mut removed = Vec::new();
        let mut mappings = vec![(String::new(), self.node, 0)];

        while let Some((path, node, depth)) = mappings.pop() {
            for entry in node.entries() {
                let key = entry.key.str().unwrap_or_default();
                let path = if path.is_empty() {
                    key.to_owned()
                } else {
                    format!("{path}.{key}")
                };

                match entry.value.kind() {
                    Kind::Null if entry.value.location().file != home => {
                        removed.push((path, entry.value.location()));
                    }
                    Kind::Mapping if depth < REMOVED_DEPTH => {
                        mappings.push((path, entry.value, depth + 1));
                    }
                    _ => {}
                }
            }
        }

        removed
    }

    /// The location of a key itself.
    pub fn key_location(self, key: &str) -> Option<Location> {
        Some(self.node.entry(key)?.key.content())
    }

    /// Keys and values as they are written.
    pub fn entries(self) -> impl Iterator<Item = (Node<'t>, ManifestReader<'t>)> {
        self.node
            .entries()
            .map(move |entry| (entry.key, ManifestReader::new(entry.value, self.scope)))
    }

    /// The string of a scalar as written, variables included, unless an action of a template is a
    /// part of it.
    pub fn raw_text(self) -> Option<Located<String>> {
        if self.has_action() {
            return None;
        }

        Some(Located::new(
            self.node.str()?.to_owned(),
            self.node.content(),
        ))
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

    pub fn count(self, key: &str) -> Setting<u32> {
        self.get(key)
            .and_then(ManifestReader::integer)
            .map(|count| u32::try_from(count).unwrap_or(0))
    }

    /// Whether the scalar is final: without an action, and without a variable of a tool that fills
    /// the file in.
    fn is_known(self) -> bool {
        !self.has_action() && self.node.str().is_none_or(|text| !is_placeholder(text))
    }

    fn has_action(self) -> bool {
        self.scope
            .mask
            .is_some_and(|mask| mask.touches(self.node.location().span))
    }

    fn may_be_extended(self) -> bool {
        let Some(mask) = self.scope.mask else {
            return false;
        };

        let span = self.node.definition().span;
        // A scalar that is an action prints a whole collection.
        if self.node.kind() == Kind::Scalar {
            mask.touches(span)
        } else {
            mask.is_open(span)
        }
    }
}

impl<'t> SpecReader for ManifestReader<'t> {
    /// A null that a template fills is unknown.
    fn get(self, key: &str) -> Setting<Self> {
        if self.node.kind() == Kind::Unknown {
            return Setting::Unknown(Some(self.node.location()));
        }

        let Some(entry) = self.node.entry(key) else {
            return self.absent();
        };

        match entry.value.kind() {
            Kind::Unknown => Setting::Unknown(Some(entry.key.location())),
            Kind::Null => Setting::Absent,
            _ => {
                let key = entry.key.location().span;
                let value = entry.value.location().span;
                let scope = if self.is_filled_between(key, value) {
                    self.scope.opened()
                } else {
                    self.scope
                };

                Setting::set(
                    ManifestReader::new(entry.value, scope),
                    entry.value.content(),
                )
            }
        }
    }

    fn items(self) -> impl Iterator<Item = Self> {
        self.node
            .items()
            .map(move |item| ManifestReader::new(item, self.scope))
    }

    fn text(self) -> Setting<String> {
        match self.node.str() {
            Some(text) if self.is_known() => Setting::set(text.to_owned(), self.node.content()),
            Some(_) => Setting::Unknown(Some(self.node.content())),
            None if self.node.kind() == Kind::Unknown => {
                Setting::Unknown(Some(self.node.location()))
            }
            None => Setting::Absent,
        }
    }

    fn boolean(self) -> Setting<bool> {
        self.typed(|node| node.as_bool_11())
    }

    fn location(self) -> Location {
        self.node.location()
    }

    fn is_open(self) -> bool {
        self.scope.open || self.node.is_damaged() || self.may_be_extended()
    }
}

/// Whether some tool fills a string in before it gets to a cluster.
pub fn is_placeholder(text: &str) -> bool {
    // Nearly every string has none of these characters.
    if !text.bytes().any(|byte| matches!(byte, b'$' | b'{' | b'<')) {
        return false;
    }

    text.contains("${")
        || text.contains("{{")
        || text.contains("<%")
        || text.contains("$(")
        || text.contains("$[")
}
