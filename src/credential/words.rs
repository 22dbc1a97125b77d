//! The word lists of this module (`rules/data/credential-words.toml`), parsed on first use. The
//! file describes each list.

use std::collections::HashSet;
use std::sync::OnceLock;

use crate::embedded::table;

type Set = HashSet<String>;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialWords {
    pub well_known: Set,
    pub common: Set,
    pub development: Set,
    pub made_up: Vec<String>,
    pub placeholders: Set,
    pub placeholder_parts: Vec<String>,
    pub references: Vec<String>,
    pub path_endings: Vec<String>,
    pub schemes: Set,
    pub example_users: Set,
    pub example_passwords: Set,
    pub example_hosts: Set,
    pub example_domains: Vec<String>,
    pub name_tails: Set,
    pub name_never: Set,
    pub secret_keys: Set,
    pub other_tokens: Set,
    pub other_passes: Set,
    pub other_secrets: Set,
    pub example_files: Set,
    pub tool_files: Set,
    pub cloud_files: Set,
    pub kubeconfig_files: Set,
    pub secret_files: Set,
    pub key_files: Set,
    pub cloud_json_parts: Vec<String>,
}

/// The lists, parsed on first use.
pub fn words() -> &'static CredentialWords {
    static PARSED: OnceLock<CredentialWords> = OnceLock::new();
    PARSED.get_or_init(|| table!("credential-words"))
}
