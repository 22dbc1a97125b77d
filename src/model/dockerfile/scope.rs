//! Variables of a Dockerfile: what ARG and ENV leave known at each instruction.

use std::sync::Arc;

use super::persistent::PersistentMap;
use crate::model::image::HOLE;
use crate::source::{FileId, Location};
use crate::syntax::dockerfile::{ModifierKind, Piece, Variable, Word};

/// Set by the builder itself, to values that depend on the machine; FROM sees them without a
/// declaration.
pub const PLATFORM: &[&str] = &[
    "BUILDARCH",
    "BUILDOS",
    "BUILDPLATFORM",
    "BUILDVARIANT",
    "TARGETARCH",
    "TARGETOS",
    "TARGETPLATFORM",
    "TARGETSTAGE",
    "TARGETVARIANT",
];

/// What is known of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariableValue {
    Known {
        text: Arc<str>,
        location: Location,
    },
    /// Declared, and left to the caller of the build.
    Unknown,
}

/// The longest word that variables are put into, in bytes. A variable that makes it longer is
/// unknown there: no image needs such a value, and a few lines of `ENV A=$A$A` would fill the
/// memory.
const MAX_EXPANDED: usize = 1 << 12;

/// The variables in effect at one instruction. Copies are cheap: they share what they do not
/// change.
#[derive(Clone, Debug, Default)]
pub struct VariableScope {
    values: PersistentMap<VariableValue>,
}

/// A word after substitution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expanded {
    /// With a [`HOLE`] for each part that cannot be known.
    pub text: String,
    /// Where the values of its variables are set.
    pub sources: Vec<(String, Location)>,
    /// Variables that nothing declares: the builder takes them as empty.
    pub undeclared: Vec<String>,
}

impl Expanded {
    /// The whole text, if it is known.
    pub fn known(&self) -> Option<&str> {
        (!self.text.contains(HOLE)).then_some(self.text.as_str())
    }
}

impl VariableScope {
    pub fn get(&self, name: &str) -> Option<&VariableValue> {
        self.values.get(name)
    }

    pub fn set(&mut self, name: &str, value: VariableValue) {
        self.values.insert(name, value);
    }

    /// Sets a variable to an expanded word.
    pub fn assign(&mut self, name: &str, expanded: &Expanded, location: Location) {
        let value = match expanded.known() {
            Some(text) => VariableValue::Known {
                text: text.into(),
                location,
            },
            None => VariableValue::Unknown,
        };

        self.set(name, value);
    }

    /// Expands a word as the builder does.
    pub fn expand(&self, word: &Word, file: FileId) -> Expanded {
        let mut expanded = Expanded::default();
        match word.pieces() {
            Ok(pieces) => self.pieces(&pieces, word, file, &mut expanded),
            Err(_) => expanded.text.push(HOLE),
        }
        expanded
    }

    /// Adds a variable's value, or a hole where the word would become too long with it.
    fn append(value: &str, into: &mut Expanded) {
        if into.text.len() + value.len() > MAX_EXPANDED {
            into.text.push(HOLE);
        } else {
            into.text.push_str(value);
        }
    }

    fn pieces(&self, pieces: &[Piece], word: &Word, file: FileId, into: &mut Expanded) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => into.text.push_str(text),
                Piece::Variable(variable) => self.variable(variable, word, file, into),
            }
        }
    }

    fn variable(&self, variable: &Variable, word: &Word, file: FileId, into: &mut Expanded) {
        let declared = self.values.get(&variable.name);
        let predefined = declared.is_none() && PLATFORM.contains(&variable.name.as_str());
        let value = match declared {
            Some(VariableValue::Known { text, location }) => Some((text, *location)),
            Some(VariableValue::Unknown) => None,
            None => None,
        };

        let unset = declared.is_none() && !predefined;
        let kind = variable
            .modifier
            .as_ref()
            .map(|modifier| (modifier.kind, modifier));
        match (kind, value) {
            (None | Some((ModifierKind::Required, _)), Some((text, location))) => {
                Self::append(text, into);
                into.sources.push((variable.name.clone(), location));
            }
            (Some((ModifierKind::Default, modifier)), Some((text, location))) => {
                if text.is_empty() && modifier.or_empty {
                    self.pieces(&modifier.word, word, file, into);
                } else {
                    Self::append(text, into);
                    into.sources.push((variable.name.clone(), location));
                }
            }
            // The default applies whether nothing declares the variable or the caller omits it.
            (Some((ModifierKind::Default, modifier)), None) if !predefined => {
                let location = Location {
                    file,
                    span: word.span_of(variable.local),
                };

                self.pieces(&modifier.word, word, file, into);
                into.sources.push((variable.name.clone(), location));
            }

            (Some((ModifierKind::Alternate, modifier)), Some((text, _)))
                if !(text.is_empty() && modifier.or_empty) =>
            {
                self.pieces(&modifier.word, word, file, into);
            }
            (Some((ModifierKind::Alternate, _)), Some(_)) => {}
            (Some((ModifierKind::Alternate, _)), None) if unset => {}
            (None, None) if unset => into.undeclared.push(variable.name.clone()),
            _ => into.text.push(HOLE),
        }
    }
}
