//! Objects that hold secrets among other settings.

use std::collections::BTreeSet;

use crate::credential::{NameParts, secret_name};
use crate::source::slice;

/// Names of objects of settings.
const NAMES: &[&str] = &[
    "settings",
    "config",
    "cfg",
    "conf",
    "configuration",
    "options",
    "opts",
    "args",
    "flags",
    "secrets",
    "credentials",
    "creds",
    "appconfig",
    "app_config",
    "env",
];

/// The longest name, in bytes.
const LONGEST: usize = 64;

/// The objects of a file of which some fields are secrets, by their names.
#[derive(Debug, Default)]
pub struct Objects {
    names: BTreeSet<String>,
}

impl Objects {
    /// The objects whose fields with names of secrets the text reads. Objects whose types hide
    /// secrets are left out.
    pub fn of(text: &str, names: &NameParts) -> Self {
        let mut objects = BTreeSet::new();

        for part in &names.secrets {
            if let Some(owner) = owner(text, part.start, part.end) {
                objects.insert(owner.to_owned());
            }
        }

        if !objects.is_empty() && hides_fields(text) {
            objects.clear();
        }

        Self { names: objects }
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub fn holds(&self, name: &str) -> bool {
        self.names.contains(name)
    }
}

/// Whether a file uses types or settings that keep secrets out of what is printed.
fn hides_fields(text: &str) -> bool {
    [
        "SecretStr",
        "get_secret_value",
        "getSecretValue",
        "expose_secret",
        "repr=False",
        "django.conf",
        "SecretString",
        "Secret<",
        "__repr__",
        "impl fmt::Debug",
        "impl Debug",
        "json:\"-\"",
        "String() string",
        "toJSON",
    ]
    .iter()
    .any(|mark| text.contains(mark))
}

/// The object whose field with the name of a secret is around a part of the name:
/// `settings.api_key`.
fn owner(text: &str, start: usize, end: usize) -> Option<&str> {
    let bytes = text.as_bytes();
    let before = length_back(bytes, start);
    let name_start = start - before;
    let dot = name_start
        .checked_sub(1)
        .filter(|dot| bytes[*dot] == b'.')?;
    let owner = slice(text, dot - length_back(bytes, dot)..dot);
    if !NAMES.contains(&owner.to_ascii_lowercase().as_str()) {
        return None;
    }

    let after = bytes[end..]
        .iter()
        .take(LONGEST)
        .take_while(|byte| is_name_byte(byte))
        .count();
    let name = slice(text, name_start..end + after);
    // `config.get_token()` is no field.
    let is_field = bytes.get(end + after) != Some(&b'(');

    (is_field && secret_name(name).is_some()).then_some(owner)
}

/// The length of the name that ends at an offset.
fn length_back(bytes: &[u8], end: usize) -> usize {
    bytes[end.saturating_sub(LONGEST)..end]
        .iter()
        .rev()
        .take_while(|byte| is_name_byte(byte))
        .count()
}

const fn is_name_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_'
}
