//! `deploylint facts`: what was understood, instead of what is wrong.

use super::args::{CheckArguments, FactsArguments, ListFormat};
use super::exit::{CLEAN, FAILED};
use super::failure::RunError;
use super::terminal::{self, Progress, print};
use super::{policy, scope};
use crate::engine::{self, Workers};
use crate::finding::Level;
use crate::report::{Report, facts};

/// Prints the facts, and returns the exit code.
pub fn run(arguments: &FactsArguments) -> Result<u8, RunError> {
    let look = terminal::look(arguments.color);
    let errors = terminal::error_look(arguments.color);
    let check = CheckArguments::of_path(
        arguments.path.as_ref(),
        arguments.config.as_ref(),
        arguments.isolated,
    );

    // One path is in one repository.
    let Some(scope) = scope::resolve(&check, errors)?.into_iter().next() else {
        return Ok(CLEAN);
    };

    let config = policy::resolve(&check, &scope, errors)?;
    let workers =
        Workers::start(None).map_err(|error| RunError::new(&error.to_string(), None, errors))?;
    let progress = Progress::start();
    let (outcome, understanding) =
        engine::inspect_with(&scope.options(config, None), &workers, |ctx| {
            facts::gather::understanding(ctx, &scope.focus)
        });
    drop(progress);

    let Some(understanding) = understanding else {
        let message = "internal error: the facts could not be gathered";
        return Err(RunError::new(message, None, errors));
    };

    let mut view = Report::new(&outcome, Level::Note);
    view.repository_prefix = scope.repository_prefix;
    view.shown_prefix = scope.shown_prefix;

    print(&match arguments.format {
        ListFormat::Text => facts::text::render(&view, &understanding, look),
        ListFormat::Json => facts::json::render(&view, &understanding),
    })?;

    if outcome.summary.failed {
        terminal::complain("not everything could be read: `deploylint check` gives the reasons\n");
        return Ok(FAILED);
    }

    Ok(CLEAN)
}
