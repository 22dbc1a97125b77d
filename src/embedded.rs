//! The tables of `rules/data/`, embedded as the JSON that `build.rs` makes of their TOML. A table
//! that does not parse fails the tests of whoever reads it; it cannot reach a user.

use serde::de::DeserializeOwned;

/// Reads `rules/data/<name>.toml`.
macro_rules! table {
    ($name:literal) => {
        $crate::embedded::read(
            $name,
            include_str!(concat!(env!("OUT_DIR"), "/data/", $name, ".json")),
        )
    };
}
pub(crate) use table;

pub fn read<T: DeserializeOwned>(name: &str, json: &str) -> T {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("rules/data/{name}.toml: {error}"))
}
