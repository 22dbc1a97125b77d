//! The checklist for a terminal: a matrix of services by items, then each item that does not pass,
//! with its places. Fits 80 columns; where the services do not, they are counted.

use std::fmt::Write as _;

use super::compare::Changes;
use super::shown::{self, Base, ShownEvidence};
use super::verdict::{Cell, Checklist, ItemVerdict, Status, Subject};
use crate::catalog::item::ItemScope;
use crate::report::human::wrap;
use crate::report::style::RenderOptions;
use crate::report::{Report, harmless};

/// As wide as the longest name of an item, and two blanks.
const NAME_WIDTH: usize = 28;
/// The report is not wider, however wide the terminal is.
const MAX_WIDTH: usize = 80;
/// Longer names of services are cut.
const MAX_COLUMN: usize = 14;
/// How many places of one cell are shown.
const MAX_PLACES: usize = 4;

/// The matrix, what does not pass, and the totals.
pub fn render(
    view: &Report,
    checklist: &Checklist,
    changes: Option<&Changes>,
    look: RenderOptions,
) -> String {
    let mut out = String::new();

    if checklist.services.is_empty() {
        out.push_str(nothing(checklist));
    }

    write_matrix(&mut out, view, checklist, look);

    for status in [Status::Fail, Status::Partial, Status::Unknown] {
        for verdict in checklist.items.iter().filter(|item| item.status == status) {
            out.push('\n');
            write_verdict(&mut out, view, checklist, verdict, look);
        }
    }

    write_manual(&mut out, checklist, look);

    if let Some(changes) = changes {
        out.push('\n');
        write_changes(&mut out, changes, look);
    }

    out.push('\n');
    for line in wrap(&shown::totals(checklist), width(look)) {
        let _ = writeln!(out, "{}", look.paint("1", &line));
    }

    harmless(&out).into_owned()
}

/// The totals alone.
pub fn summary(checklist: &Checklist, look: RenderOptions) -> String {
    format!("{}\n", look.paint("1", &shown::totals(checklist)))
}

const fn color(status: Status) -> &'static str {
    match status {
        Status::Pass => "32",
        Status::Fail => "31",
        Status::Partial => "33",
        Status::NotApplicable => "2",
        Status::Manual | Status::Unknown => "35",
    }
}

fn width(look: RenderOptions) -> usize {
    look.width.min(MAX_WIDTH)
}

fn write_matrix(out: &mut String, view: &Report, checklist: &Checklist, look: RenderOptions) {
    let names: Vec<String> = checklist
        .services
        .iter()
        .map(|service| clipped(&view.line(&service.name), MAX_COLUMN))
        .collect();
    let columns: Vec<usize> = names
        .iter()
        .map(|name| name.chars().count().max(3) + 2)
        .collect();
    let fits = NAME_WIDTH + columns.iter().sum::<usize>() <= width(look) && names.len() > 1;
    let mut group = "";

    if fits {
        let _ = write!(out, "{:NAME_WIDTH$}", "");
        for (name, column) in names.iter().zip(&columns) {
            let _ = write!(out, "{name:column$}");
        }

        trim_line(out);
    }

    for verdict in &checklist.items {
        // Of a repository that deploys nothing, one line says so.
        if names.is_empty() && verdict.status == Status::NotApplicable {
            continue;
        }

        if verdict.item.group != group {
            group = &verdict.item.group;
            let _ = writeln!(out, "{}", look.paint("1", group));
        }

        let name = format!("  {:width$}", verdict.item.name, width = NAME_WIDTH - 2);
        out.push_str(&name);

        if fits && verdict.item.scope == ItemScope::Service && is_told_by_service(verdict) {
            for (index, column) in columns.iter().enumerate() {
                let status = verdict
                    .cells
                    .iter()
                    .find(|cell| cell.subject == Subject::Service(index))
                    .map_or(Status::NotApplicable, |cell| cell.status);
                let sign = look.paint(color(status), status.sign());
                let _ = write!(out, "{sign}{:rest$}", "", rest = column - 1);
            }

            trim_line(out);
        } else {
            write_line(out, view, verdict, look);
        }
    }
}

/// What is said of a repository that deploys nothing.
fn nothing(checklist: &Checklist) -> &'static str {
    if checklist.only_practice {
        "Nothing here is deployed: all deployment files are tests, examples or for\n\
         development.\n\n"
    } else {
        "Nothing here is deployed.\n\n"
    }
}

/// Whether the cells of the services say all that there is to say.
fn is_told_by_service(verdict: &ItemVerdict) -> bool {
    verdict
        .cells
        .iter()
        .all(|cell| matches!(cell.subject, Subject::Service(_)))
        && !verdict.cells.is_empty()
}

/// One line for an item of the repository, or of too many services.
fn write_line(out: &mut String, view: &Report, verdict: &ItemVerdict, look: RenderOptions) {
    let status = verdict.status;
    let sign = look.paint(color(status), status.sign());
    let room = width(look).saturating_sub(NAME_WIDTH + 2);
    let text = if verdict.item.scope == ItemScope::Service && verdict.cells.len() > 1 {
        shown::tally(verdict)
    } else if status == Status::Pass {
        verdict
            .cells
            .first()
            .map(|cell| proof_line(view, cell))
            .unwrap_or_default()
    } else {
        view.line(&verdict.reason)
    };
    let _ = writeln!(out, "{sign} {}", clipped(&text, room));
}

/// The first place that proves a cell.
fn proof_line(view: &Report, cell: &Cell) -> String {
    if cell.attestation.is_some() {
        return view.line(&cell.reason);
    }

    let pieces = shown::evidence(view, Base::Here, cell);
    let first = pieces.iter().find(|piece| piece.supports);

    match first {
        Some(ShownEvidence {
            place: Some(place), ..
        }) => place.label(),
        Some(piece) => piece.shows.clone(),
        None => String::new(),
    }
}

fn write_verdict(
    out: &mut String,
    view: &Report,
    checklist: &Checklist,
    verdict: &ItemVerdict,
    look: RenderOptions,
) {
    let status = verdict.status;
    let title = format!("{} {}", status.sign(), verdict.item.name);
    let _ = writeln!(
        out,
        "{}  {}",
        look.paint(color(status), &title),
        look.paint(
            "2",
            &clipped(
                &verdict.item.question,
                width(look).saturating_sub(title.chars().count() + 2)
            )
        )
    );

    for (cells, reason) in grouped(view, verdict) {
        write_group(out, view, checklist, &cells, &reason, look);
    }

    write_wrapped(
        out,
        "    ",
        &format!("check: {} → {}", verdict.item.command, verdict.item.expect),
        look,
    );
}

/// The cells that do not pass, those with one reason together.
fn grouped<'v, 'f>(
    view: &Report,
    verdict: &'v ItemVerdict<'f>,
) -> Vec<(Vec<&'v Cell<'f>>, String)> {
    let mut groups: Vec<(Vec<&Cell>, String)> = Vec::new();

    for cell in &verdict.cells {
        if matches!(cell.status, Status::Pass | Status::NotApplicable) {
            continue;
        }

        let reason = view.line(&cell.reason);
        let reason = match cell.status {
            Status::Unknown => format!("to be seen: {reason}"),
            _ => reason,
        };

        match groups.iter_mut().find(|(_, known)| *known == reason) {
            Some((cells, _)) => cells.push(cell),
            None => groups.push((vec![cell], reason)),
        }
    }

    groups
}

/// How many names of services a line has.
const MAX_NAMES: usize = 4;

fn write_group(
    out: &mut String,
    view: &Report,
    checklist: &Checklist,
    cells: &[&Cell],
    reason: &str,
    look: RenderOptions,
) {
    let mut names: Vec<String> = cells
        .iter()
        .map(|cell| shown::subject(view, checklist, cell))
        .filter(|name| !name.is_empty())
        .collect();
    let more = names.len().saturating_sub(MAX_NAMES);
    names.truncate(MAX_NAMES);
    let mut title = names.join(", ");
    if more > 0 {
        let _ = write!(title, " and {more} more");
    }

    let head = match title.as_str() {
        "" => reason.to_owned(),
        title => format!("{title}: {reason}"),
    };
    write_wrapped(out, "    ", &head, look);

    let mut against: Vec<ShownEvidence> = cells
        .iter()
        .flat_map(|cell| shown::evidence(view, Base::Here, cell))
        .filter(|piece| !piece.supports && piece.place.is_some())
        .collect();
    let mut seen = Vec::new();
    against.retain(|piece| {
        let is_new = !seen.contains(&piece.place);
        seen.push(piece.place.clone());
        is_new
    });

    for piece in against.iter().take(MAX_PLACES) {
        if let Some(place) = &piece.place {
            let rule = piece
                .rule
                .map(|rule| format!("  {rule}"))
                .unwrap_or_default();
            let _ = writeln!(out, "      {}{}", place.label(), look.paint("2", &rule));
        }
    }

    if against.len() > MAX_PLACES {
        let _ = writeln!(out, "      and {} more", against.len() - MAX_PLACES);
    }
}

fn write_manual(out: &mut String, checklist: &Checklist, look: RenderOptions) {
    let open: Vec<&str> = checklist
        .items
        .iter()
        .flat_map(|verdict| &verdict.cells)
        .filter(|cell| cell.status == Status::Manual)
        .filter_map(|cell| match cell.subject {
            Subject::Part(name) => Some(name),
            _ => None,
        })
        .collect();
    let Some(first) = open.first() else {
        return;
    };

    let _ = writeln!(
        out,
        "\n{}  {}",
        look.paint("35", "☐ needs a person"),
        look.paint("2", "files cannot show it")
    );
    write_wrapped(out, "    ", &open.join(", "), look);
    write_wrapped(
        out,
        "    ",
        &format!("deploylint attest {first} --by NAME --until YYYY-MM-DD"),
        look,
    );
}

fn write_changes(out: &mut String, changes: &Changes, look: RenderOptions) {
    if changes.is_empty() {
        let _ = writeln!(out, "nothing changed since the earlier report");
        return;
    }

    let _ = writeln!(
        out,
        "{}",
        look.paint("1", "Changed since the earlier report")
    );

    for change in &changes.all {
        let _ = writeln!(out, "  {}", change.line());
    }
}

fn write_wrapped(out: &mut String, indent: &str, text: &str, look: RenderOptions) {
    for line in wrap(text, width(look).saturating_sub(indent.len())) {
        let _ = writeln!(out, "{indent}{line}");
    }
}

/// Ends the line that is being written, without blanks at its end.
fn trim_line(out: &mut String) {
    let length = out.trim_end_matches(' ').len();
    out.truncate(length);
    out.push('\n');
}

/// At most this many characters.
fn clipped(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }

    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}
