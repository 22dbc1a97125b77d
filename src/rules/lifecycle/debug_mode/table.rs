//! What turns debugging on, from `rules/data/debug.toml`: variables, options and programs.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::embedded::table;
use crate::source::Span;
use crate::syntax::shell::{Invocation, Script, Word};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DebugTable {
    variable: Vec<DebugVariable>,
    command: Vec<DebugCommand>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DebugVariable {
    variables: Vec<String>,
    #[serde(default)]
    values: Vec<String>,
    #[serde(default)]
    contains: Vec<String>,
    #[serde(default)]
    endings: Vec<String>,
    #[serde(default)]
    generic: bool,
    says: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DebugCommand {
    programs: Vec<String>,
    options: Vec<String>,
    says: String,
}

impl DebugVariable {
    fn is_on(&self, value: &str) -> bool {
        let is_value = self.values.iter().any(|on| on.eq_ignore_ascii_case(value));

        is_value
            || self
                .contains
                .iter()
                .any(|part| value.contains(part.as_str()))
            || self.endings.iter().any(|end| value.ends_with(end.as_str()))
    }
}

impl DebugCommand {
    /// The word that starts the debugger: an option, or the program itself where it needs none.
    fn word<'s>(&self, invocation: &Invocation<'s>, name: &'s Word) -> Option<&'s Word> {
        if self.options.is_empty() {
            return Some(name);
        }

        invocation.args.iter().find(|word| {
            self.options
                .iter()
                .any(|option| word.text().starts_with(option.as_str()))
        })
    }
}

static TABLE: LazyLock<DebugTable> = LazyLock::new(|| table!("debug"));

/// What a variable turns on, if it does. `foreign` says whether a generic name means the logs of the
/// program.
pub fn switch(name: &str, value: &str, foreign: impl Fn() -> bool) -> Option<&'static str> {
    let value = value.trim();
    TABLE
        .variable
        .iter()
        .filter(|switch| switch.variables.iter().any(|known| known == name))
        .filter(|switch| switch.is_on(value))
        .find(|switch| !switch.generic || !foreign())
        .map(|switch| switch.says.as_str())
}

/// The word of a script that starts a debugger, and what that means.
pub fn debugger(script: &Script) -> Option<(Span, String, &'static str)> {
    script.invocations().iter().find_map(|invocation| {
        let (program, name) = started(invocation);
        let (word, says) = TABLE
            .command
            .iter()
            .filter(|known| known.programs.iter().any(|known| known == program))
            .find_map(|known| Some((known.word(invocation, name)?, known.says.as_str())))?;

        Some((word.span, format!("`{}`", word.text()), says))
    })
}

/// The program of an invocation and its word: `python -m debugpy` starts `debugpy`.
fn started<'s>(invocation: &Invocation<'s>) -> (&'s str, &'s Word) {
    if invocation.program.starts_with("python") {
        let mut words = invocation
            .args
            .iter()
            .skip_while(|word| word.text() != "-m");
        if let Some(module) = words.nth(1) {
            return (module.text(), module);
        }
    }

    (invocation.program, invocation.name)
}
