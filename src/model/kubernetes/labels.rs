//! Labels and annotations of objects and pods.

use super::manifest_reader::ManifestReader;
use crate::model::spec_reader::SpecReader;
use crate::model::{Many, Setting};
use crate::source::{Located, Location};
use crate::syntax::yaml::Node;

/// Labels or annotations with their locations.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    pub entries: Many<(Located<String>, Setting<String>)>,
    pub location: Option<Location>,
}

impl Labels {
    /// The labels under a key of a parent that may itself be absent or unknown.
    pub(super) fn under_key(parent: Setting<ManifestReader>, key: &str) -> Self {
        match parent.and_then(|parent| parent.get(key)) {
            Setting::Set(map) => Self {
                entries: map
                    .value
                    .entries()
                    .filter_map(|(key, value)| Some((key_text(key)?, value.text())))
                    .collect::<Many<_>>()
                    .open_if(map.value.is_open()),
                location: Some(map.location),
            },
            Setting::Absent => Self::default(),
            Setting::Unknown(location) => Self {
                entries: Many::default().open_if(true),
                location,
            },
        }
    }

    /// The known value of a key.
    pub fn get(&self, key: &str) -> Option<&Located<String>> {
        self.setting(key)?.known()
    }

    pub fn has(&self, key: &str) -> bool {
        self.setting(key).is_some()
    }

    /// The value of a key that is written.
    pub fn setting(&self, key: &str) -> Option<&Setting<String>> {
        self.entries
            .iter()
            .find(|(name, _)| name.value == key)
            .map(|(_, value)| value)
    }

    /// Whether a label, or the value of one, is unknown.
    pub fn has_unknown(&self) -> bool {
        self.entries.is_open() || self.entries.iter().any(|(_, value)| value.is_unknown())
    }
}

/// A key with its location.
pub(super) fn key_text(key: Node) -> Option<Located<String>> {
    Some(Located::new(key.str()?.to_owned(), key.content()))
}
