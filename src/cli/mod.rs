//! The command line program: arguments to options, outcome to output and exit code.
//!
//! The only part that prints. Judges nothing.

mod args;
mod checklist;
pub mod exit;
mod facts;
mod failure;
mod fixes;
mod output;
mod policy;
mod scope;
mod terminal;

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs, io};

use clap::Parser as _;

use crate::catalog::{self, counterparts};
use crate::config::{Config, FailOn};
use crate::credential::fingerprint;
use crate::engine::{self, Outcome, Workers};
use crate::finding::Level;
use crate::report::human;
use crate::report::style::RenderOptions;
use crate::report::{self, Report, concise, explain, github, json, sarif, summary};
use crate::suggest;
use args::{
    CheckArguments, Cli, CliCommand, ColorChoice, ListFormat, OutputFormat, SecretsCommand,
};
use exit::{CLEAN, FAILED, FINDINGS};
use failure::RunError;
use fixes::Fixes;
use scope::RunScope;
use terminal::{Progress, print};

/// The longest secret that is read from standard input, in bytes.
const MAX_SECRET: u64 = 64 * 1024;

/// Runs the program and returns its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            return ExitCode::from(refuse(&error));
        }
    };

    let done = match cli.command {
        None => check(&cli.check),
        Some(CliCommand::Check(arguments)) => check(&arguments),
        Some(CliCommand::Facts(arguments)) => facts::run(&arguments),
        Some(CliCommand::Checklist(arguments)) => checklist::run(&arguments),
        Some(CliCommand::Attest(arguments)) => checklist::attest(&arguments),
        Some(CliCommand::Explain { rule, color }) => explain_rule(&rule, color),
        Some(CliCommand::Rules { format, color }) => match format {
            ListFormat::Text => print(&explain::list(terminal::look(color))).map(|()| CLEAN),
            ListFormat::Json => print(&explain::list_json()).map(|()| CLEAN),
        },
        Some(CliCommand::Secrets {
            command: SecretsCommand::Hash,
        }) => hash_secret(),
    };

    ExitCode::from(done.unwrap_or_else(|RunError(text)| {
        terminal::complain(&text);
        FAILED
    }))
}

/// Prints the fingerprint of the secret on standard input. As an argument it would be in the list
/// of processes and in the history of the shell.
fn hash_secret() -> Result<u8, RunError> {
    let secret = io::read_to_string(io::stdin().take(MAX_SECRET))
        .map_err(|error| RunError(format!("cannot read standard input: {error}")))?;
    let secret = secret.trim();
    if secret.is_empty() {
        return Err(RunError("standard input has no secret".to_owned()));
    }

    print(&format!("{}\n", fingerprint(secret))).map(|()| CLEAN)
}

/// Prints help, or what is wrong with the arguments, and returns the exit code. The arguments may
/// be file names that a script passed on.
fn refuse(error: &clap::Error) -> u8 {
    if error.use_stderr() {
        terminal::complain(&report::shown(&error.render().to_string()));
        return FAILED;
    }

    match error.print() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => FAILED,
        // A reader that went away is not a failure.
        _ => CLEAN,
    }
}

fn check(arguments: &CheckArguments) -> Result<u8, RunError> {
    let look = terminal::look(arguments.color);
    let errors = terminal::error_look(arguments.color);
    let runs = planned_runs(arguments, errors)?;
    let min_level = runs
        .iter()
        .map(|(_, config, _)| config.min_level)
        .min()
        .unwrap_or(Level::Warning);
    let workers = Workers::start(arguments.threads.map(Into::into));
    let workers = workers.map_err(|error| RunError::new(&error.to_string(), None, errors))?;
    let progress = (!arguments.quiet).then(Progress::start);
    let mut code = CLEAN;
    let mut outcomes = Vec::with_capacity(runs.len());
    let mut shown = ShownRuns::default();

    let mut fixes = Fixes::default();
    let choice = arguments.choice(min_level);

    for (scope, config, stdin) in runs {
        let fail_on = config.fail_on;
        let options = scope.options(config, stdin);
        let outcome = match choice {
            None => engine::lint_with(&options, &workers),
            Some(choice) => fixes.run(
                options,
                &workers,
                choice,
                &scope,
                arguments.diff.then_some(look),
            ),
        };
        code = code.max(exit_code(&outcome, fail_on));
        shown.focused += scope.focus.len();
        shown.roots.push(scope.root);
        shown.repository_prefix = scope.repository_prefix;
        outcomes.push((scope.shown_prefix, outcome));
    }

    drop(progress);
    if arguments.diff {
        print(&fixes.diff)?;
        terminal::complain(&fixes.summary(false));
        return Ok(if code == FAILED {
            code
        } else {
            fixes.exit_code()
        });
    }

    if choice.is_some() {
        terminal::complain(&report::shown(&fixes.summary(true)));
        code = fixes.or_failed(code);
    }

    let mut outcome = shown.outcome(outcomes);
    outcome.workers = workers;

    let mut view = Report::new(&outcome, min_level);
    view.repository_prefix = shown.repository_prefix;
    view.shown_prefix = shown.prefix;
    view.focused = shown.focused;

    if arguments.verbose {
        let (files, time) = (outcome.summary.files, outcome.summary.elapsed);
        terminal::complain(&format!(
            "read {files} text files in {} ms\n",
            time.as_millis()
        ));
    }
    // The text report contains this itself.
    if arguments.format != OutputFormat::Text
        && summary::checked(&outcome.summary).is_empty()
        && let Some(left_out) = summary::left_out(&outcome.summary)
    {
        terminal::complain(&format!("nothing to deploy was found: {left_out}\n"));
    }

    if arguments.format != OutputFormat::Text {
        terminal::complain(&summary::unrecognized(&view));
    }

    write_report(arguments, &view, &shown.roots, look)?;
    if view.failed() {
        return Ok(FAILED);
    }

    Ok(code)
}

/// A run: what it looks at, its policy, and the text on standard input with its path.
type PlannedRun = (RunScope, Config, Option<(String, String)>);

/// The runs that the arguments ask for.
fn planned_runs(
    arguments: &CheckArguments,
    errors: RenderOptions,
) -> Result<Vec<PlannedRun>, RunError> {
    let scopes = scope::resolve(arguments, errors)?;
    let mut runs = Vec::with_capacity(scopes.len());

    for scope in scopes {
        let config = policy::resolve(arguments, &scope, errors)?;

        if arguments.verbose {
            let file = config
                .file
                .as_ref()
                .map_or("none".into(), |path| path.display().to_string());
            for (what, path) in [
                ("root", scope.root.display().to_string()),
                ("configuration", file),
            ] {
                let line = report::shown(&format!("{what}: {path}")).replace('\n', "\u{fffd}");
                terminal::complain(&format!("{line}\n"));
            }
        }

        if arguments.fix && scope.stdin.is_some() {
            let help = "`--diff` shows what would change";
            let message = "`--fix` cannot write to standard input";
            return Err(RunError::new(message, Some(help), errors));
        }

        let stdin = match &scope.stdin {
            Some(path) => Some((path.clone(), policy::standard_input(path, errors)?)),
            None => None,
        };

        runs.push((scope, config, stdin));
    }

    Ok(runs)
}

/// How the outcome of one run or several is shown.
#[derive(Default)]
struct ShownRuns {
    roots: Vec<PathBuf>,
    focused: usize,
    prefix: String,
    repository_prefix: String,
}

impl ShownRuns {
    /// One outcome of all runs, each with the path from the current folder to its root.
    fn outcome(&mut self, mut runs: Vec<(String, Outcome)>) -> Outcome {
        if runs.len() == 1
            && let Some((prefix, outcome)) = runs.pop()
        {
            self.prefix = prefix;
            return outcome;
        }

        self.repository_prefix.clear();

        Outcome::join(runs)
    }
}

/// Depends on what was found alone: neither on the format nor on what is shown.
fn exit_code(outcome: &Outcome, fail_on: FailOn) -> u8 {
    if outcome.summary.failed {
        return FAILED;
    }

    match fail_on {
        FailOn::AtLeast(level)
            if outcome
                .findings
                .iter()
                .any(|finding| finding.level >= level) =>
        {
            FINDINGS
        }
        FailOn::AtLeast(_) | FailOn::Never => CLEAN,
    }
}

/// Writes the report in its format, to where it belongs.
fn write_report(
    arguments: &CheckArguments,
    view: &Report,
    roots: &[PathBuf],
    look: RenderOptions,
) -> Result<(), RunError> {
    if arguments.format == OutputFormat::Github {
        job_summary(view);
    }

    let Some(path) = &arguments.output_file else {
        return print(&document(arguments, view, look));
    };

    let text = document(arguments, view, RenderOptions::PLAIN);
    output::write(path, &text, roots).map_err(|reason| {
        let message = format!("cannot write `{}`: {reason}", path.display());
        RunError::new(&message, None, look)
    })?;

    match arguments.format {
        OutputFormat::Text if arguments.quiet => Ok(()),
        OutputFormat::Text => print(&summary::render(view, look)),
        _ => print(&for_people(arguments, view, look)),
    }
}

/// The report in its format.
fn document(arguments: &CheckArguments, view: &Report, look: RenderOptions) -> String {
    match arguments.format {
        OutputFormat::Text => for_people(arguments, view, look),
        OutputFormat::Concise if arguments.statistics => for_people(arguments, view, look),
        OutputFormat::Concise => concise::render(view),
        OutputFormat::Json => json::render(view),
        OutputFormat::Sarif => sarif::render(view),
        OutputFormat::Github => github::render(view),
    }
}

/// The report for people: findings or counts, and the summary.
fn for_people(arguments: &CheckArguments, view: &Report, look: RenderOptions) -> String {
    let body = if arguments.statistics {
        summary::statistics(view, look)
    } else {
        human::render(view, look)
    };

    if arguments.quiet {
        return body;
    }

    body + &summary::render(view, look)
}

/// Adds the findings to the page of the job, where GitHub says there is one. Not being able to is
/// no failure of the run.
fn job_summary(view: &Report) {
    let Some(path) = env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return;
    };
    // Other commands of the step may have written to it.
    let written =
        fs::metadata(&path).map_or(0, |file| usize::try_from(file.len()).unwrap_or(usize::MAX));
    let room = github::MOST_SUMMARY_BYTES.saturating_sub(written);
    let written = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(github::step_summary(view, room).as_bytes()));
    if let Err(error) = written {
        terminal::complain(&report::shown(&format!(
            "cannot write the job summary: {error}\n"
        )));
    }
}

fn explain_rule(name: &str, color: ColorChoice) -> Result<u8, RunError> {
    let look = terminal::look(color);
    if let Some(rule) = catalog::rule(name) {
        return print(&explain::page(rule, look)).map(|()| CLEAN);
    }

    let rules_of_item: Vec<_> = catalog::rules()
        .iter()
        .filter(|rule| rule.item == name)
        .collect();
    if !rules_of_item.is_empty() {
        return print(&explain::item(name, &rules_of_item, look)).map(|()| CLEAN);
    }

    let peer_rules = counterparts::find(name);
    if !peer_rules.is_empty() {
        return print(&explain::peer_rules(&peer_rules, look)).map(|()| CLEAN);
    }

    let nearest = suggest::nearest(name, catalog::rules().iter().map(|rule| rule.name))
        .map(str::to_owned)
        .or_else(|| counterparts::nearest(name));
    let help = match nearest {
        Some(rule) => format!("did you mean `{rule}`?"),
        None => "run `deploylint rules` to list all rules".to_owned(),
    };
    Err(RunError::new(
        &format!("unknown rule `{name}`"),
        Some(&help),
        terminal::error_look(color),
    ))
}
