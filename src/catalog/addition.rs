//! The `[addition]` table of a rule's page: what is missing where the rule reports an absence. Its
//! fix adds it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::format::Format;

/// The entries that a fix adds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Addition {
    /// What the fix does, as an imperative.
    pub title: String,
    /// The entries of a block mapping, one key at the top, by the format of the file.
    pub entries: BTreeMap<Format, String>,
    /// The aspect of the findings that report the absence, where the rule reports other things, too.
    #[serde(default)]
    pub aspect: String,
}
