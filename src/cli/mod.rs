//! The command line program: arguments to options, outcome to output and exit code.
//!
//! The only part that prints. Judges nothing.

mod args;
mod output;
mod scope;
mod terminal;

use std::ffi::OsString;
use std::io::Write as _;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use clap::Parser as _;

use crate::catalog;
use crate::config::{self, Config, FailOn};
use crate::engine::{self, Options, Outcome, Workers};
use crate::finding::Level;
use crate::git;
use crate::input::{self, Unread};
use crate::report::human::{self, RenderOptions};
use crate::report::{self, Report, concise, explain, github, json, printable, sarif, summary};
use crate::suggest;
use args::{Check, Cli, ColorChoice, Command, Format, ListFormat};
use scope::Scope;
use terminal::{Progress, print};

/// Nothing at or above `--fail-on`.
const CLEAN: u8 = 0;
/// Findings at or above `--fail-on`.
const FINDINGS: u8 = 1;
/// The run itself failed.
pub const FAILED: u8 = 2;

/// Why nothing could be linted, rendered.
struct Failure(String);

impl Failure {
    fn new(message: &str, help: Option<&str>, look: RenderOptions) -> Self {
        Self(human::failure(message, help, look))
    }
}

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
        Some(Command::Check(arguments)) => check(&arguments),
        Some(Command::Explain { rule, color }) => explain_rule(&rule, color),
        Some(Command::Rules { format, color }) => match format {
            ListFormat::Text => print(&explain::list(terminal::look(color))).map(|()| CLEAN),
            ListFormat::Json => print(&explain::list_json()).map(|()| CLEAN),
        },
    };

    ExitCode::from(done.unwrap_or_else(|Failure(text)| {
        terminal::complain(&text);
        FAILED
    }))
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
        // A reader that went away is no reason to fail.
        _ => CLEAN,
    }
}

fn check(arguments: &Check) -> Result<u8, Failure> {
    let look = terminal::look(arguments.color);
    let errors = terminal::error_look(arguments.color);
    let scopes = scope::resolve(arguments)
        .map_err(|(message, help)| Failure::new(&message, help.as_deref(), errors))?;
    let mut runs = Vec::with_capacity(scopes.len());

    for scope in scopes {
        let config = policy(arguments, &scope, errors)?;

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

        let stdin = match &scope.stdin {
            Some(path) => Some((path.clone(), standard_input(path, errors)?)),
            None => None,
        };

        runs.push((scope, config, stdin));
    }

    let min_level = runs
        .iter()
        .map(|(_, config, _)| config.min_level)
        .min()
        .unwrap_or(Level::Warning);
    let workers = Workers::start(arguments.threads.map(Into::into));
    let workers = workers.map_err(|error| Failure::new(&error.to_string(), None, errors))?;
    let progress = (!arguments.quiet).then(Progress::start);
    let mut code = CLEAN;
    let mut outcomes = Vec::with_capacity(runs.len());
    let mut shown = Shown::default();

    for (scope, config, stdin) in runs {
        let fail_on = config.fail_on;
        let outcome = engine::lint_with(&options(&scope, config, stdin), &workers);
        code = code.max(exit_code(&outcome, fail_on));
        shown.focused += scope.focus.len();
        shown.roots.push(scope.root);
        shown.repository_prefix = scope.repository_prefix;
        outcomes.push((scope.shown_prefix, outcome));
    }

    drop(progress);
    // The process ends here: the system lets go of all of it at once.
    let mut outcome = ManuallyDrop::new(shown.outcome(outcomes));
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
    // The text for people says so itself.
    if arguments.format != Format::Text
        && summary::checked(&outcome.summary).is_empty()
        && let Some(left_out) = summary::left_out(&outcome.summary)
    {
        terminal::complain(&format!("nothing to deploy was found: {left_out}\n"));
    }

    write_report(arguments, &view, &shown.roots, look)?;
    if view.failed() {
        return Ok(FAILED);
    }

    Ok(code)
}

/// How the outcome of one run or several is shown.
#[derive(Default)]
struct Shown {
    roots: Vec<PathBuf>,
    focused: usize,
    prefix: String,
    repository_prefix: String,
}

impl Shown {
    /// One outcome of all runs, each with the path from where the user stands to its root.
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

fn options(scope: &Scope, config: Config, stdin: Option<(String, String)>) -> Options {
    Options {
        root: scope.root.clone(),
        named: scope.named.clone(),
        focus: scope.focus.clone(),
        evidence: scope.evidence,
        stdin,
        config,
        threads: None,
        today: None,
        ends: true,
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

/// The configuration file's policy with the flags over it.
fn policy(arguments: &Check, scope: &Scope, look: RenderOptions) -> Result<Config, Failure> {
    let found;
    let cannot_read = |path: &Path, reason: &str| {
        Failure::new(
            &format!(
                "cannot read configuration file `{}`: {reason}",
                path.display()
            ),
            None,
            look,
        )
    };

    let read = match &arguments.config {
        Some(path) => {
            let whole = std::path::absolute(path).unwrap_or_else(|_| path.clone());

            if git::way_out(&whole).is_some() {
                return Err(cannot_read(
                    path,
                    "it is a link that leads out of the repository",
                ));
            }

            Some((path, config::load_named(path, &scope.root)))
        }
        None if arguments.isolated => None,
        None => {
            let discovery = config::discover(&scope.root);

            for (path, reason) in discovery.skipped {
                let path = printable(&input::shown(&path)).replace('\n', "\u{fffd}");
                terminal::complain(&format!("`{path}` is not used: {reason}\n"));
            }

            if let Some(path) = discovery.refused {
                return Err(cannot_read(
                    &path,
                    "it is a link that leads out of the repository",
                ));
            }

            found = discovery.file;
            found
                .as_ref()
                .map(|found| (&found.path, config::load(found, &scope.root)))
        }
    };

    let mut config = match read {
        None => Config::default(),
        Some((path, read)) => read
            .map_err(|reason| cannot_read(path, &reason))?
            .map_err(|broken| Failure(human::broken_config(broken, look)))?,
    };

    let mut named = [
        ("--select", &arguments.select),
        ("--ignore", &arguments.ignore),
    ]
    .into_iter()
    .flat_map(|(flag, names)| names.iter().map(move |name| (flag, name)));

    if let Some((flag, name)) = named.find(|(_, name)| !config::is_known_rule(name)) {
        let help = config::similar_rule(name).map_or(
            "run `deploylint rules` to list all rules".to_owned(),
            |rule| format!("did you mean `{rule}`?"),
        );
        return Err(Failure::new(
            &format!("{flag}: unknown rule `{name}`"),
            Some(&help),
            look,
        ));
    }

    if !arguments.select.is_empty() {
        config.select.clone_from(&arguments.select);
    }

    config.ignore.extend_from_slice(&arguments.ignore);
    config.profile = arguments.profile.map_or(config.profile, Into::into);
    config.min_level = arguments.min_level.map_or(config.min_level, Into::into);
    config.fail_on = arguments.fail_on.map_or(config.fail_on, Into::into);

    Ok(config)
}

/// The text on standard input, read as the file that it stands for would be.
fn standard_input(path: &str, look: RenderOptions) -> Result<String, Failure> {
    let cannot_read =
        |reason: &str| Failure::new(&format!("cannot read standard input: {reason}"), None, look);
    let bytes =
        input::read_stream(io::stdin().lock(), input::MAX_BYTES).map_err(
            |unread| match unread {
                Unread::TooLarge(_) => cannot_read(&format!(
                    "it is larger than the {} MiB that are read",
                    input::MAX_BYTES >> 20
                )),
                unread => cannot_read(&unread.reason()),
            },
        )?;
    engine::text(path, bytes).map_err(|reason| cannot_read(&reason))
}

/// Writes the report in its format, to where it belongs.
fn write_report(
    arguments: &Check,
    view: &Report,
    roots: &[PathBuf],
    look: RenderOptions,
) -> Result<(), Failure> {
    let for_people = |look: RenderOptions| {
        let body = if arguments.statistics {
            summary::statistics(view, look)
        } else {
            human::render(view, look)
        };

        if arguments.quiet {
            body
        } else {
            body + &summary::render(view, look)
        }
    };

    let document = |look: RenderOptions| match arguments.format {
        Format::Text => for_people(look),
        Format::Concise if arguments.statistics => for_people(look),
        Format::Concise => concise::render(view),
        Format::Json => json::render(view),
        Format::Sarif => sarif::render(view),
        Format::Github => github::render(view),
    };

    if arguments.format == Format::Github {
        job_summary(view);
    }

    let Some(path) = &arguments.output_file else {
        return print(&document(look));
    };

    output::write(path, &document(RenderOptions::PLAIN), roots).map_err(|reason| {
        Failure::new(
            &format!("cannot write `{}`: {reason}", path.display()),
            None,
            look,
        )
    })?;

    match arguments.format {
        Format::Text if arguments.quiet => Ok(()),
        Format::Text => print(&summary::render(view, look)),
        _ => print(&for_people(look)),
    }
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

fn explain_rule(name: &str, color: ColorChoice) -> Result<u8, Failure> {
    let look = terminal::look(color);
    if let Some(rule) = catalog::rule(name) {
        return print(&explain::page(rule, look)).map(|()| CLEAN);
    }

    let of_item: Vec<_> = catalog::rules()
        .iter()
        .filter(|rule| rule.item == name)
        .collect();
    if !of_item.is_empty() {
        let mut text = format!("`{name}` is a checklist item with these rules:\n\n");

        for rule in of_item {
            text.push_str(&format!(
                "  {}  {}\n",
                look.paint(human::style(Level::Note), rule.name),
                rule.summary
            ));
        }

        return print(&text).map(|()| CLEAN);
    }

    let help = suggest::nearest(name, catalog::rules().iter().map(|rule| rule.name)).map_or(
        "run `deploylint rules` to list all rules".to_owned(),
        |rule| format!("did you mean `{rule}`?"),
    );
    Err(Failure::new(
        &format!("unknown rule `{name}`"),
        Some(&help),
        terminal::error_look(color),
    ))
}
