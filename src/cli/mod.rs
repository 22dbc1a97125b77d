//! The command line program: arguments to options, outcome to output and exit code.
//!
//! The only part that prints. Judges nothing.

mod args;
mod scope;
mod terminal;

use std::ffi::OsString;
use std::io::Read as _;
use std::mem::ManuallyDrop;
use std::process::ExitCode;
use std::{env, fs, io};

use clap::Parser as _;

use crate::catalog;
use crate::config::{self, Config, FailOn};
use crate::engine::{self, Options, Outcome};
use crate::finding::Level;
use crate::report::human::{self, RenderOptions};
use crate::report::{self, Report, concise, explain, github, json, sarif, summary};
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
    let scope = scope::resolve(arguments)
        .map_err(|(message, help)| Failure::new(&message, help.as_deref(), errors))?;
    let config = policy(arguments, &scope, errors)?;
    let (min_level, fail_on) = (config.min_level, config.fail_on);

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
        Some(path) => Some((path.clone(), standard_input(errors)?)),
        None => None,
    };

    let progress = (!arguments.quiet).then(Progress::start);
    // The process ends here: the system lets go of all of it at once.
    let outcome = ManuallyDrop::new(engine::lint(&Options {
        root: scope.root.clone(),
        focus: scope.focus.clone(),
        stdin,
        config,
        threads: arguments.threads.map(Into::into),
        today: None,
        ends: true,
    }));
    drop(progress);

    let mut view = Report::new(&outcome, min_level);
    view.repository_prefix = scope.repository_prefix;
    view.shown_prefix = scope.shown_prefix;
    view.focused = scope.focus.len();

    if arguments.verbose {
        let (files, time) = (outcome.summary.files, outcome.summary.elapsed);
        terminal::complain(&format!(
            "read {files} text files in {} ms\n",
            time.as_millis()
        ));
    }

    write_report(arguments, &view, look)?;
    if view.failed() {
        return Ok(FAILED);
    }

    Ok(exit_code(&outcome, fail_on))
}

/// Depends on what was found alone: neither on the format nor on what is shown.
fn exit_code(outcome: &Outcome, fail_on: FailOn) -> u8 {
    if outcome.summary.failed {
        return FAILED;
    }

    match fail_on {
        FailOn::Located(level)
            if outcome
                .findings
                .iter()
                .any(|finding| finding.level >= level) =>
        {
            FINDINGS
        }
        FailOn::Located(_) | FailOn::Never => CLEAN,
    }
}

/// The configuration file's policy with the flags over it.
fn policy(arguments: &Check, scope: &Scope, look: RenderOptions) -> Result<Config, Failure> {
    let file = match &arguments.config {
        Some(path) => Some(path.clone()),
        None if arguments.isolated => None,
        None => config::discover(&scope.root),
    };

    let mut config = match file {
        None => Config::default(),
        Some(path) => config::load(&path, &scope.root)
            .map_err(|error| {
                Failure::new(
                    &format!(
                        "cannot read configuration file `{}`: {error}",
                        path.display()
                    ),
                    None,
                    look,
                )
            })?
            .map_err(|broken| Failure(human::broken_config(broken, look)))?,
    };

    let mut named = [
        ("--select", &arguments.select),
        ("--ignore", &arguments.ignore),
    ]
    .into_iter()
    .flat_map(|(flag, names)| names.iter().map(move |name| (flag, name)));

    if let Some((flag, name)) = named.find(|(_, name)| !config::known(name)) {
        let help = config::meant(name).map_or(
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

fn standard_input(look: RenderOptions) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|error| {
        Failure::new(&format!("cannot read standard input: {error}"), None, look)
    })?;
    String::from_utf8(bytes)
        .map_err(|_| Failure::new("standard input is not valid UTF-8", None, look))
}

/// Writes the report in its format, to where it belongs.
fn write_report(arguments: &Check, view: &Report, look: RenderOptions) -> Result<(), Failure> {
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

    fs::write(path, document(RenderOptions::PLAIN)).map_err(|error| {
        Failure::new(
            &format!("cannot write `{}`: {error}", path.display()),
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
    use io::Write as _;
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
