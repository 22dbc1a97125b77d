//! `misplaced-interpolation`: variables that Compose replaces before the container sees them.

use crate::analysis::Analysis;
use crate::analysis::misplaced_variables::{self, MisplacedReason, MisplacedVariable};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Sink};
use crate::model::compose::Project;
use crate::source::Location;

pub fn check(ctx: &Analysis, project: &Project, sink: &mut Sink) {
    for variable in misplaced_variables::of_project(ctx, project) {
        if let Some(&first) = variable.locations.first() {
            sink.report(finding(ctx, variable, first));
        }
    }
}

fn finding(ctx: &Analysis, variable: &MisplacedVariable, first: Location) -> Finding {
    let MisplacedVariable {
        name,
        service,
        reason,
        locations,
    } = variable;
    let written = ctx.facts.text(first);
    let finding = Finding::new(first, message(name, service, written, reason))
        .label(label(reason))
        .help(help(name, written, reason))
        .fix(fix(locations, reason));
    let finding = match reason {
        MisplacedReason::Environment(set_at) => {
            finding.related(*set_at, format!("`{name}` is set here, for the container"))
        }
        MisplacedReason::EnvFile { set_at, .. } => {
            finding.related(*set_at, format!("`{name}` is set here, for the container"))
        }
        _ => finding,
    };

    // The parts of a hash are one place.
    if *reason == MisplacedReason::Hash {
        return locations
            .iter()
            .fold(finding, |finding, location| finding.secret(*location));
    }

    finding.also_at(locations[1..].iter().copied())
}

/// The fix that leaves the variables to the container, where that is what is meant.
fn fix(locations: &[Location], reason: &MisplacedReason) -> Option<Fix> {
    if matches!(reason, MisplacedReason::EnvFile { .. }) {
        return None;
    }

    let edits = locations
        .iter()
        .map(|place| Edit::insert(place.file, place.span.start, "$"))
        .collect();
    Fix::new(Applicability::Unsafe, "write `$$`", edits)
}

fn message(name: &str, service: &str, written: &str, reason: &MisplacedReason) -> String {
    match reason {
        MisplacedReason::Invalid => {
            format!(
                "`{service}` contains `{}`, which Compose cannot replace",
                short(written)
            )
        }
        MisplacedReason::Hash => {
            format!("Compose replaces parts of a `{name}` hash of `{service}`")
        }
        MisplacedReason::EnvFile { is_same: true, .. } => {
            format!("`{name}` of `{service}` is empty, although its env file sets it")
        }
        _ => format!(
            "Compose replaces `{}` of `{service}` with nothing",
            short(written)
        ),
    }
}

/// A text of at most 30 characters for a message.
fn short(text: &str) -> String {
    crate::analysis::truncate(text, 30)
}

const fn label(reason: &MisplacedReason) -> &'static str {
    match reason {
        MisplacedReason::Invalid => "Compose refuses to load the file",
        MisplacedReason::Script => "the script sets this variable itself",
        MisplacedReason::TemplateLiteral => "meant for JavaScript",
        MisplacedReason::Nginx => "a variable of nginx",
        MisplacedReason::Hash => "each `$` begins a variable",
        MisplacedReason::Environment(_) => "only the container's environment has it",
        MisplacedReason::EnvFile { is_same: true, .. } => {
            "Compose does not read `env_file` for this"
        }
        MisplacedReason::EnvFile { is_same: false, .. } => "only the container's env file has it",
    }
}

fn help(name: &str, written: &str, reason: &MisplacedReason) -> String {
    match reason {
        MisplacedReason::Hash => "write each `$` of the hash as `$$`".to_owned(),
        MisplacedReason::EnvFile { is_same: true, .. } => {
            format!("remove the line, or set `{name}` in `.env` instead")
        }
        MisplacedReason::EnvFile { is_same: false, .. } if written.starts_with("${") => {
            format!("set `{name}` in `.env`, or write `${written}` in a command")
        }
        _ => format!("write `${}`", short(written)),
    }
}
