//! What is known of environment variables by their names, for the rules about what sets and what
//! reads them. The names are in `rules/data/environment.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::credential;
use crate::embedded::table;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameTable {
    shell: Vec<String>,
    platform: Vec<String>,
    library: Vec<String>,
}

static NAMES: LazyLock<NameTable> = LazyLock::new(|| table!("environment"));

/// Whether a shell, compose or a runner sets it.
pub fn is_of_shell(name: &str) -> bool {
    is_in(&NAMES.shell, name)
}

/// Whether a shell, the system, a runner or a hosting platform sets it for the programs that it
/// runs.
pub fn is_given(name: &str) -> bool {
    is_of_shell(name) || is_in(&NAMES.platform, name)
}

/// Whether a library, a framework or a well-known image may read it, although no source of the
/// project names it.
pub fn is_read_by_library(name: &str) -> bool {
    is_in(&NAMES.library, name)
}

/// Whether a program can hardly work without it: credentials and addresses.
pub fn is_telling(name: &str) -> bool {
    credential::secret_name(name).is_some()
        || ["_URL", "_URI", "_DSN", "_ENDPOINT", "_HOST"]
            .iter()
            .any(|end| name.ends_with(end))
}

fn is_in(entries: &[String], name: &str) -> bool {
    entries
        .iter()
        .any(|entry| name == entry || (entry.ends_with('_') && name.starts_with(entry.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_beginnings() {
        for (name, given, library) in [
            ("HOME", true, false),
            ("HOMEPAGE", false, false),
            ("GITHUB_SHA", true, true),
            ("OTEL_SERVICE_NAME", false, true),
            ("PGHOST", false, false),
            ("BILLING_KEY", false, false),
        ] {
            assert_eq!(
                (is_given(name), is_read_by_library(name)),
                (given, library),
                "{name}"
            );
        }
    }
}
