//! What turns debugging on, from `rules/data/debug.toml`: variables, options and programs.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::embedded::table;
use crate::model::Command;
use crate::source::Location;

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

static TABLE: LazyLock<DebugTable> = LazyLock::new(|| table!("debug"));

/// What a variable turns on, if it does. `foreign` says whether a name of no framework means the
/// logs of the program.
pub fn switch(name: &str, value: &str, foreign: impl Fn() -> bool) -> Option<&'static str> {
    let value = value.trim();
    let is_on = |switch: &&DebugVariable| {
        switch
            .values
            .iter()
            .any(|on| on.eq_ignore_ascii_case(value))
            || switch
                .contains
                .iter()
                .any(|part| value.contains(part.as_str()))
            || switch
                .endings
                .iter()
                .any(|end| value.ends_with(end.as_str()))
    };

    let named = |switch: &&DebugVariable| switch.variables.iter().any(|known| known == name);
    let mut found = TABLE.variable.iter().filter(named).filter(is_on);
    found
        .find(|switch| !switch.generic || !foreign())
        .map(|switch| switch.says.as_str())
}

/// The word of a command that starts a debugger, and what that means.
pub fn debugger(command: &Command) -> Option<(Location, String, &'static str)> {
    let script = command.script();
    script.invocations().iter().find_map(|invocation| {
        let module = invocation.program.starts_with("python").then(|| {
            let mut words = invocation
                .args
                .iter()
                .skip_while(|word| word.text() != "-m");
            words.nth(1)
        });

        let name = module.flatten().unwrap_or(invocation.name);
        let program = if module.flatten().is_some() {
            name.text()
        } else {
            invocation.program
        };

        TABLE
            .command
            .iter()
            .filter(|known| known.programs.iter().any(|one| one == program))
            .find_map(|known| {
                let option = |text: &str| {
                    known
                        .options
                        .iter()
                        .any(|option| text.starts_with(option.as_str()))
                };

                let word = if known.options.is_empty() {
                    name
                } else {
                    invocation.args.iter().find(|word| option(word.text()))?
                };

                Some((
                    command.place_of(word.span),
                    format!("`{}`", word.text()),
                    known.says.as_str(),
                ))
            })
    })
}
