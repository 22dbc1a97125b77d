//! `deploylint checklist`: the readiness report, and `deploylint attest`, which adds to it what
//! files cannot show.

use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table, Value, value};

use super::args::{
    AttestArguments, CheckArguments, ChecklistArguments, ChecklistFormat, ColorChoice,
};
use super::exit::{CLEAN, FAILED, FINDINGS};
use super::failure::RunError;
use super::terminal::{self, Progress, print};
use super::{output, policy, scope};
use crate::catalog::item;
use crate::checklist::compare::{self, Changes, Earlier};
use crate::checklist::{self, Checklist, Status};
use crate::config::{self, Config};
use crate::date::Date;
use crate::engine::{self, Options, Purpose, Workers};
use crate::finding::Level;
use crate::input;
use crate::report::style::RenderOptions;
use crate::report::{self, Report};
use crate::suggest;

/// Prints the checklist, and returns the exit code.
pub fn run(arguments: &ChecklistArguments) -> Result<u8, RunError> {
    let look = terminal::look(arguments.color);
    let errors = terminal::error_look(arguments.color);
    refuse_unknown_items(&arguments.require, errors)?;

    let check = CheckArguments::of_path(
        arguments.path.as_ref(),
        arguments.config.as_ref(),
        arguments.isolated,
    );
    // One path is in one repository.
    let Some(scope) = scope::resolve(&check, errors)?.into_iter().next() else {
        return Ok(CLEAN);
    };

    let earlier = match &arguments.compare {
        Some(path) => Some(earlier(path, errors)?),
        None => None,
    };
    let config = policy::resolve(&check, &scope, errors)?;
    let attestations = config.attestations.clone();
    let workers =
        Workers::start(None).map_err(|error| RunError::new(&error.to_string(), None, errors))?;
    let progress = Progress::start();
    let options = Options {
        purpose: Purpose::Checklist,
        ..scope.options(config, None)
    };
    let (outcome, gathered) = engine::inspect_with(&options, &workers, checklist::gather);
    drop(progress);

    let Some(gathered) = gathered else {
        let message = "internal error: the checklist could not be made";
        return Err(RunError::new(message, None, errors));
    };

    let list = Checklist::new(gathered, &outcome.findings, &attestations, Date::today());
    let mut view = Report::new(&outcome, Level::Note);
    view.repository_prefix = scope.repository_prefix;
    view.shown_prefix = scope.shown_prefix;
    let changes = earlier.map(|earlier| compare::changes(&view, &earlier, &list));

    write(arguments, &view, &list, changes.as_ref(), &scope.root, look)?;

    if outcome.summary.failed {
        terminal::complain("not everything could be read: `deploylint check` gives the reasons\n");
        return Ok(FAILED);
    }

    Ok(gate(arguments, &list))
}

/// Whether the checklist is good enough, as the flags say.
fn gate(arguments: &ChecklistArguments, list: &Checklist) -> u8 {
    let mut code = CLEAN;

    if let Some(least) = arguments.fail_below
        && list.score() < usize::from(least)
    {
        terminal::complain(&format!(
            "the score is {}, below --fail-below {least}\n",
            list.score()
        ));
        code = FINDINGS;
    }

    for name in &arguments.require {
        let status = list.status_of(name);
        if !matches!(status, Some(Status::Pass | Status::NotApplicable)) {
            let word = status.map_or("not known", Status::word);
            terminal::complain(&format!("`{name}` is required: {word}\n"));
            code = FINDINGS;
        }
    }

    code
}

fn write(
    arguments: &ChecklistArguments,
    view: &Report,
    list: &Checklist,
    changes: Option<&Changes>,
    root: &Path,
    look: RenderOptions,
) -> Result<(), RunError> {
    let document = |look| match arguments.format {
        ChecklistFormat::Text => checklist::text::render(view, list, changes, look),
        ChecklistFormat::Markdown => checklist::markdown::render(view, list, changes),
        ChecklistFormat::Html => checklist::html::render(view, list, changes),
        ChecklistFormat::Json => checklist::json::render(view, list),
    };
    let Some(path) = &arguments.output_file else {
        return print(&document(look));
    };

    output::write(path, &document(RenderOptions::PLAIN), &[root.to_owned()]).map_err(|reason| {
        let message = format!("cannot write `{}`: {reason}", path.display());
        RunError::new(&message, None, look)
    })?;

    print(&checklist::text::summary(list, look))
}

fn earlier(path: &Path, look: RenderOptions) -> Result<Earlier, RunError> {
    let refuse = |reason: &str| {
        let message = format!("cannot compare with `{}`: {reason}", path.display());
        RunError::new(&report::shown(&message), None, look)
    };
    let bytes =
        input::read_named(path, input::MAX_BYTES).map_err(|unread| refuse(&unread.reason()))?;
    let text = String::from_utf8(bytes).map_err(|_| refuse("it is not UTF-8"))?;

    Earlier::parse(&text).map_err(|reason| refuse(&reason))
}

fn refuse_unknown_items(names: &[String], look: RenderOptions) -> Result<(), RunError> {
    let Some(unknown) = names
        .iter()
        .find(|name| !item::names().any(|known| known == name.as_str()))
    else {
        return Ok(());
    };
    let help = suggest::nearest(unknown, item::names())
        .map_or_else(String::new, |known| format!("did you mean `{known}`?"));

    Err(RunError::new(
        &format!("unknown item `{unknown}`"),
        Some(&help)
            .filter(|help| !help.is_empty())
            .map(String::as_str),
        look,
    ))
}

/// Writes an attestation to the configuration, whose other lines stay as they are.
pub fn attest(arguments: &AttestArguments) -> Result<u8, RunError> {
    let look = terminal::error_look(ColorChoice::Auto);
    let refuse = |message: String, help: Option<String>| {
        RunError::new(&report::shown(&message), help.as_deref(), look)
    };

    let name = arguments.item.as_str();
    if !item::attestable().any(|known| known == name) {
        let help = match (suggest::nearest(name, item::attestable()), item::item(name)) {
            (_, Some(_)) => "files show it: `deploylint checklist` says what is missing".to_owned(),
            (Some(known), None) => format!("did you mean `{known}`?"),
            (None, None) => "`deploylint checklist` lists the items".to_owned(),
        };
        return Err(refuse(format!("`{name}` cannot be attested"), Some(help)));
    }

    let until = date("--until", &arguments.until).map_err(|message| refuse(message, None))?;
    let on = match &arguments.on {
        Some(text) => date("--on", text).map_err(|message| refuse(message, None))?,
        None => Date::today(),
    };
    if until < Date::today() {
        return Err(refuse(format!("`--until {until}` is in the past"), None));
    }

    let path = configuration(arguments, look)?;
    let unwritable =
        |reason: &str| refuse(format!("cannot write `{}`: {reason}", path.display()), None);
    let text = match fs::symlink_metadata(&path) {
        Ok(_) => {
            let bytes = input::read_named(&path, input::MAX_BYTES)
                .map_err(|unread| unwritable(&unread.reason()))?;
            String::from_utf8(bytes).map_err(|_| unwritable("it is not UTF-8"))?
        }
        Err(_) => String::new(),
    };
    let mut document: DocumentMut = text
        .parse()
        .map_err(|_| unwritable("it is not valid TOML"))?;
    set(&mut document, arguments, on, until).map_err(|reason| unwritable(&reason))?;
    let text = document.to_string();

    // What is written must be read again.
    if Config::parse("deploylint.toml", &text).is_err() {
        return Err(unwritable("`deploylint check` reports what is wrong in it"));
    }

    output::write(&path, &text, &[]).map_err(|reason| unwritable(&reason))?;
    print(&format!(
        "`{name}` is attested by {} until {until} in {}\n",
        report::shown(&arguments.by),
        report::shown(&path.display().to_string())
    ))
    .map(|()| CLEAN)
}

fn date(flag: &str, text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| format!("`{flag} {text}` is not a date like 2027-01-31"))
}

/// The configuration file that is named, that is there, or that is to be made.
fn configuration(arguments: &AttestArguments, look: RenderOptions) -> Result<PathBuf, RunError> {
    if let Some(path) = &arguments.config {
        return Ok(path.clone());
    }

    let here = std::env::current_dir()
        .map_err(|error| RunError::new(&format!("cannot read the folder: {error}"), None, look))?;

    Ok(match config::discover(&here).file {
        Some(file) => file.path,
        None => here.join("deploylint.toml"),
    })
}

/// Sets `[attest.ITEM]`. Fails where the document has something else there.
fn set(
    document: &mut DocumentMut,
    arguments: &AttestArguments,
    on: Date,
    until: Date,
) -> Result<(), String> {
    let root = document.as_table_mut();
    if !root.contains_key("attest") {
        let mut table = Table::new();
        table.set_implicit(true);
        root.insert("attest", Item::Table(table));
    }

    let attest = root["attest"]
        .as_table_like_mut()
        .ok_or("`attest` is not a table")?;
    if !attest.contains_key(&arguments.item) {
        attest.insert(&arguments.item, Item::Table(Table::new()));
    }

    let entry = attest
        .get_mut(&arguments.item)
        .and_then(Item::as_table_like_mut)
        .ok_or_else(|| format!("`attest.{}` is not a table", arguments.item))?;
    let day = |date: Date| -> Item {
        date.to_string().parse::<toml_edit::Datetime>().map_or_else(
            |_| value(date.to_string()),
            |date| Item::Value(Value::from(date)),
        )
    };

    entry.insert("by", value(arguments.by.as_str()));
    entry.insert("on", day(on));
    entry.insert("until", day(until));

    for (key, given) in [("link", &arguments.link), ("note", &arguments.note)] {
        if let Some(given) = given {
            entry.insert(key, value(given.as_str()));
        }
    }

    Ok(())
}
