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
pub mod task_call;
pub mod tasks;
pub mod workflow;

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
