//! Tests that are made from data, each with a name of its own.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

/// Runs the tests that the command line selects, as the usual harness would. In a filter `_` and
/// `-` are the same, so that a rule is found by its name and by the name of its module.
pub fn run(mut trials: Vec<Trial>) -> ExitCode {
    let mut arguments = Arguments::from_args();

    if !arguments.exact
        && let Some(filter) = arguments.filter.take()
    {
        let filter = with_dashes(&filter);
        trials.retain(|trial| with_dashes(trial.name()).contains(&filter));
    }

    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A test that fails by panicking.
pub fn plain(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok::<(), Failed>(())
    })
}

fn with_dashes(name: &str) -> String {
    name.replace('_', "-")
}
