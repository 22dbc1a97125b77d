//! Facts: what each file says, in nouns that all formats share. Lowering reads trees and makes
//! facts; it never fails, and it never judges. What cannot be known from here is *unknown*, never
//! *absent*.

pub mod build_caller;
pub mod chart;
pub mod code;
pub mod compose;
pub mod container;
pub mod dockerfile;
pub mod dockerignore;
pub mod env;
pub mod env_docs;
pub mod env_usage;
pub mod facts;
pub mod file_kind;
pub mod file_role;
pub mod id;
pub mod image;
pub mod keywords;
pub mod kubernetes;
pub mod lower;
pub mod manifest_needs;
pub mod package;
pub mod path_class;
pub mod proof;
pub mod readme;
pub mod roles;
pub mod server;
mod spec_reader;
pub mod task_call;
pub mod tasks;
pub mod workflow;

use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use crate::source::{FileId, Located, Location, OffsetMap, Span};
use crate::syntax::shell;

/// A property that may be written, missing, or beyond what can be known: templated, unresolved, or
/// of an object that is only a part of itself (a patch, an overlay, a mapping that a template
/// fills).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Setting<T> {
    /// Known to be missing.
    #[default]
    Absent,
    /// Written, with a value that is known.
    Set(Located<T>),
    /// Written with a value that cannot be known (at the place), or perhaps written in another
    /// file.
    Unknown(Option<Location>),
}

impl<T> Setting<T> {
    pub const fn set(value: T, location: Location) -> Self {
        Setting::Set(Located { value, location })
    }

    /// The known value with its place.
    pub const fn known(&self) -> Option<&Located<T>> {
        match self {
            Setting::Set(at) => Some(at),
            Setting::Absent | Setting::Unknown(_) => None,
        }
    }

    /// The known value.
    pub fn value(&self) -> Option<&T> {
        self.known().map(|at| &at.value)
    }

    pub const fn is_absent(&self) -> bool {
        matches!(self, Setting::Absent)
    }

    pub const fn is_unknown(&self) -> bool {
        matches!(self, Setting::Unknown(_))
    }

    /// Where it is written, if it is.
    pub const fn location(&self) -> Option<Location> {
        match self {
            Setting::Set(at) => Some(at.location),
            Setting::Unknown(location) => *location,
            Setting::Absent => None,
        }
    }

    /// This setting, or `other` where this one is absent.
    #[must_use]
    pub fn or(self, other: Setting<T>) -> Setting<T> {
        match self {
            Setting::Absent => other,
            set => set,
        }
    }

    /// Absence in a place that is open (templated, patched) is unknown.
    #[must_use]
    pub fn open(self) -> Setting<T> {
        match self {
            Setting::Absent => Setting::Unknown(None),
            set => set,
        }
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Setting<U> {
        match self {
            Setting::Set(at) => Setting::Set(at.map(f)),
            Setting::Absent => Setting::Absent,
            Setting::Unknown(location) => Setting::Unknown(location),
        }
    }
}

impl<T> Setting<T> {
    /// What is read from a known value; absent and unknown stay what they are.
    pub fn and_then<U>(self, f: impl FnOnce(T) -> Setting<U>) -> Setting<U> {
        match self {
            Setting::Set(at) => f(at.value),
            Setting::Absent => Setting::Absent,
            Setting::Unknown(location) => Setting::Unknown(location),
        }
    }
}

impl Setting<bool> {
    /// Known to be written as `value`.
    pub fn is(&self, value: bool) -> bool {
        self.value() == Some(&value)
    }
}

/// A list that may have more items than can be known: some are templated, written in another file,
/// or joined in a way that cannot be followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Many<T> {
    items: Vec<T>,
    is_complete: bool,
}

impl<T> Many<T> {
    /// Whether there may be items beside the known ones.
    pub const fn is_open(&self) -> bool {
        !self.is_complete
    }

    /// Whether it is known to have no item.
    pub const fn is_absent(&self) -> bool {
        self.items.is_empty() && self.is_complete
    }

    pub fn push(&mut self, item: T) {
        self.items.push(item);
    }

    /// Leaves open whether there are more items.
    pub const fn open(&mut self) {
        self.is_complete = false;
    }

    /// This list, open if a condition holds.
    #[must_use]
    pub const fn open_if(mut self, is_open: bool) -> Self {
        self.is_complete &= !is_open;
        self
    }
}

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self::from_iter([])
    }
}

/// A list of which all items are known.
impl<T> FromIterator<T> for Many<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self {
            items: items.into_iter().collect(),
            is_complete: true,
        }
    }
}

impl<T> Deref for Many<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T> DerefMut for Many<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.items
    }
}

impl<'m, T> IntoIterator for &'m Many<T> {
    type Item = &'m T;
    type IntoIter = std::slice::Iter<'m, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

/// A shell script lifted out of its file, with the way back.
#[derive(Debug, Default)]
pub struct Code {
    pub file: FileId,
    /// The text that a shell gets; continuations and the host format's indentation are gone.
    pub text: String,
    pub offsets: OffsetMap,
    script: OnceLock<shell::Script>,
}

impl Code {
    pub fn new(file: FileId, text: impl Into<String>, offsets: OffsetMap) -> Self {
        Self {
            file,
            text: text.into(),
            offsets,
            script: OnceLock::new(),
        }
    }

    /// The parsed script, parsed once.
    pub fn script(&self) -> &shell::Script {
        self.script.get_or_init(|| shell::parse(&self.text))
    }

    /// The place in the file of a span of the text.
    pub fn location(&self, local: Span) -> Location {
        Location {
            file: self.file,
            span: self.offsets.span(local),
        }
    }
}

/// A command of a container or a build.
#[derive(Debug)]
pub enum Command {
    /// Run through a shell.
    Shell { location: Location, code: Code },
    /// A program and its arguments. An item that holds an unresolved variable is kept as written.
    Exec {
        location: Location,
        words: Vec<Item>,
        script: OnceLock<shell::Script>,
    },
}

/// One word of an exec form.
#[derive(Clone, Debug)]
pub struct Item {
    pub value: String,
    pub location: Location,
    /// The place of each byte, if not byte by byte in `location`: strings of several lines, filled-in
    /// variables.
    pub offsets: Option<OffsetMap>,
}

impl Item {
    /// A word whose map is needed only where its text is not written literally.
    pub fn new(value: String, location: Location, offsets: impl FnOnce() -> OffsetMap) -> Self {
        let verbatim = location.span.len() as usize == value.len();
        Self {
            offsets: (!verbatim).then(offsets),
            value,
            location,
        }
    }
}

impl Command {
    /// A program and its arguments.
    pub const fn exec(location: Location, words: Vec<Item>) -> Self {
        Command::Exec {
            location,
            words,
            script: OnceLock::new(),
        }
    }

    pub const fn location(&self) -> Location {
        match self {
            Command::Shell { location, .. } | Command::Exec { location, .. } => *location,
        }
    }

    /// The command as a script: of the exec form, one command whose words are taken as they are.
    pub fn script(&self) -> &shell::Script {
        match self {
            Command::Shell { code, .. } => code.script(),
            Command::Exec { words, script, .. } => script.get_or_init(|| {
                let words = words.iter();
                shell::exec(
                    words.map(|word| (&*word.value, word.location.span, word.offsets.as_ref())),
                )
            }),
        }
    }

    /// The place of a span of [`Command::script`].
    pub fn place_of(&self, span: Span) -> Location {
        match self {
            Command::Shell { code, .. } => code.location(span),
            Command::Exec { location, .. } => Location {
                file: location.file,
                span,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_absent_only_if_it_has_no_items_elsewhere() {
        let mut list: Many<u8> = Many::default();
        assert!(list.is_absent() && !list.is_open());
        list.open();
        assert!(list.is_open() && !list.is_absent());
        list.push(1);
        assert_eq!(*list, [1]);

        let whole = Many::from_iter([1]).open_if(false);
        assert!(!whole.is_open() && !whole.is_absent());
        assert!(whole.open_if(true).open_if(false).is_open());
    }
}
