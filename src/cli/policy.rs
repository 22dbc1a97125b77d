//! What a run reads before it begins: the configuration with the flags over it, and standard input.

use std::io;
use std::path::Path;

use super::args::CheckArguments;
use super::failure::RunError;
use super::scope::RunScope;
use super::terminal;
use crate::config::{self, Broken, Config};
use crate::engine;
use crate::git;
use crate::input::{self, Unread};
use crate::report::style::RenderOptions;
use crate::report::{human, printable};

const LEADS_OUT: &str = "it is a link that leads out of the repository";

/// The configuration file's policy with the flags over it.
pub fn resolve(
    arguments: &CheckArguments,
    scope: &RunScope,
    look: RenderOptions,
) -> Result<Config, RunError> {
    let mut config = match &arguments.config {
        Some(path) => named(path, scope, look)?,
        None if arguments.isolated => Config::default(),
        None => discovered(scope, look)?,
    };

    refuse_unknown_rules(arguments, look)?;

    if !arguments.select.is_empty() {
        config.select.clone_from(&arguments.select);
    }

    config.ignore.extend_from_slice(&arguments.ignore);
    config.profile = arguments.profile.map_or(config.profile, Into::into);
    config.min_level = arguments.min_level.map_or(config.min_level, Into::into);
    config.fail_on = arguments.fail_on.map_or(config.fail_on, Into::into);

    Ok(config)
}

/// The configuration that `--config` names.
fn named(path: &Path, scope: &RunScope, look: RenderOptions) -> Result<Config, RunError> {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());

    if git::way_out(&whole).is_some() {
        return Err(unreadable(path, LEADS_OUT, look));
    }

    loaded(path, config::load_named(path, &scope.root), look)
}

/// The configuration of the repository, or the default.
fn discovered(scope: &RunScope, look: RenderOptions) -> Result<Config, RunError> {
    let discovery = config::discover(&scope.root);

    for (path, reason) in discovery.skipped {
        let path = printable(&input::shown(&path)).replace('\n', "\u{fffd}");
        terminal::complain(&format!("`{path}` is not used: {reason}\n"));
    }

    if let Some(path) = discovery.refused {
        return Err(unreadable(&path, LEADS_OUT, look));
    }

    match discovery.file {
        Some(file) => loaded(&file.path, config::load(&file, &scope.root), look),
        None => Ok(Config::default()),
    }
}

/// The configuration as it was read from a path, or what is wrong with it.
fn loaded(
    path: &Path,
    read: Result<Result<Config, Broken>, String>,
    look: RenderOptions,
) -> Result<Config, RunError> {
    match read {
        Ok(Ok(config)) => Ok(config),
        Ok(Err(broken)) => Err(RunError(human::broken_config(broken, look))),
        Err(reason) => Err(unreadable(path, &reason, look)),
    }
}

fn unreadable(path: &Path, reason: &str, look: RenderOptions) -> RunError {
    let path = path.display();
    let message = format!("cannot read configuration file `{path}`: {reason}");

    RunError::new(&message, None, look)
}

fn refuse_unknown_rules(arguments: &CheckArguments, look: RenderOptions) -> Result<(), RunError> {
    let flags = [
        ("--select", &arguments.select),
        ("--ignore", &arguments.ignore),
    ];

    for (flag, names) in flags {
        let Some(name) = names.iter().find(|name| !config::is_known_rule(name)) else {
            continue;
        };

        let help = match config::similar_rule(name) {
            Some(rule) => format!("did you mean `{rule}`?"),
            None => "run `deploylint rules` to list all rules".to_owned(),
        };

        let message = format!("{flag}: unknown rule `{name}`");
        return Err(RunError::new(&message, Some(&help), look));
    }

    Ok(())
}

/// The text on standard input, read as the file that it is given for would be.
pub fn standard_input(path: &str, look: RenderOptions) -> Result<String, RunError> {
    let bytes = match input::read_stream(io::stdin().lock(), input::MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(Unread::TooLarge(_)) => {
            let most = input::MAX_BYTES >> 20;
            let reason = format!("it is larger than the {most} MiB that are read");
            return Err(unreadable_input(&reason, look));
        }
        Err(unread) => return Err(unreadable_input(&unread.reason(), look)),
    };

    engine::text(path, bytes).map_err(|reason| unreadable_input(&reason, look))
}

fn unreadable_input(reason: &str, look: RenderOptions) -> RunError {
    RunError::new(&format!("cannot read standard input: {reason}"), None, look)
}
