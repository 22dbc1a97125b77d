//! The checklist for a pull request or the summary of a job, in GitHub's Markdown.

use std::fmt::Write as _;

use super::compare::Changes;
use super::shown::{self, Base, ShownEvidence};
use super::verdict::{Cell, Checklist, ItemVerdict, Status, Subject};
use crate::catalog::item::ItemScope;
use crate::report::{Report, harmless};

/// More services are counted, not shown as columns.
const MAX_COLUMNS: usize = 8;
/// How many places of one cell are shown.
const MAX_PLACES: usize = 6;

/// The totals, the matrix, and each item that does not pass.
pub fn render(view: &Report, checklist: &Checklist, changes: Option<&Changes>) -> String {
    let mut out = String::from("## Deployment checklist\n\n");
    let _ = writeln!(
        out,
        "**{}** · score {} %\n",
        shown::totals(checklist),
        checklist.score()
    );

    if let Some(changes) = changes {
        write_changes(&mut out, changes);
    }

    write_matrix(&mut out, view, checklist);

    for status in [
        Status::Fail,
        Status::Partial,
        Status::Unknown,
        Status::Manual,
    ] {
        for verdict in checklist.items.iter().filter(|item| item.status == status) {
            write_verdict(&mut out, view, checklist, verdict);
        }
    }

    harmless(&out).into_owned()
}

fn write_changes(out: &mut String, changes: &Changes) {
    if changes.is_empty() {
        out.push_str("Nothing changed since the earlier report.\n\n");
        return;
    }

    out.push_str("### Changed since the earlier report\n\n");

    for change in &changes.all {
        let _ = writeln!(out, "- {}", escaped(&change.line()));
    }

    out.push('\n');
}

fn write_matrix(out: &mut String, view: &Report, checklist: &Checklist) {
    let has_columns = (2..=MAX_COLUMNS).contains(&checklist.services.len());

    out.push_str("| Item |");
    if has_columns {
        for service in &checklist.services {
            let _ = write!(out, " {} |", escaped(&view.line(&service.name)));
        }
    }

    out.push_str(" Result |\n| --- |");
    if has_columns {
        out.push_str(&" :-: |".repeat(checklist.services.len()));
    }

    out.push_str(" --- |\n");

    for verdict in &checklist.items {
        let _ = write!(out, "| {} |", verdict.item.name);

        if has_columns {
            for index in 0..checklist.services.len() {
                let cell = verdict
                    .cells
                    .iter()
                    .find(|cell| cell.subject == Subject::Service(index));
                let sign = cell.map_or("", |cell| sign(cell.status));
                let _ = write!(out, " {sign} |");
            }
        }

        let text = if verdict.item.scope == ItemScope::Service
            && !has_columns
            && verdict.cells.len() > 1
        {
            shown::tally(verdict)
        } else {
            match verdict.status {
                Status::Pass => verdict.status.word().to_owned(),
                status => {
                    let reason = view.line(&verdict.reason);
                    match status {
                        Status::Unknown => format!("to be seen: {reason}"),
                        _ => reason,
                    }
                }
            }
        };
        let _ = writeln!(out, " {} {} |", sign(verdict.status), escaped(&text));
    }

    out.push('\n');
}

/// Signs that stand out in a table of Markdown.
const fn sign(status: Status) -> &'static str {
    match status {
        Status::Pass => "✅",
        Status::Fail => "❌",
        Status::Partial => "🟡",
        Status::NotApplicable => "–",
        Status::Manual => "☐",
        Status::Unknown => "❔",
    }
}

fn write_verdict(out: &mut String, view: &Report, checklist: &Checklist, verdict: &ItemVerdict) {
    let item = verdict.item;
    let _ = writeln!(
        out,
        "<details>\n<summary>{} <b>{}</b>: {}</summary>\n",
        sign(verdict.status),
        item.name,
        super::html::escaped(&item.question)
    );

    for cell in &verdict.cells {
        if matches!(cell.status, Status::Pass | Status::NotApplicable) {
            continue;
        }

        write_cell(out, view, checklist, cell);
    }

    let _ = writeln!(
        out,
        "\nCheck by hand: {} gives {}\n\n</details>\n",
        code(&item.command),
        escaped(&item.expect)
    );
}

fn write_cell(out: &mut String, view: &Report, checklist: &Checklist, cell: &Cell) {
    let subject = shown::subject(view, checklist, cell);
    let reason = escaped(&view.line(&cell.reason));
    let _ = match subject.as_str() {
        "" => writeln!(out, "- {reason}"),
        subject => writeln!(out, "- **{}**: {reason}", escaped(subject)),
    };

    let pieces = shown::evidence(view, Base::Repository, cell);
    let against = pieces.iter().filter(|piece| !piece.supports);
    for piece in against.take(MAX_PLACES) {
        let ShownEvidence {
            place: Some(place),
            shows,
            rule,
            ..
        } = piece
        else {
            continue;
        };
        let rule = rule.map(|rule| format!(" (`{rule}`)")).unwrap_or_default();
        let _ = writeln!(
            out,
            "  - {}: {}{rule}",
            code(&place.label()),
            escaped(shows)
        );
    }
}

/// Text in which Markdown sees nothing of its own but code between backticks.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_code = false;

    for letter in text.chars() {
        match letter {
            '`' => is_code = !is_code,
            '|' => out.push('\\'),
            '<' if !is_code => {
                out.push_str("&lt;");
                continue;
            }
            '*' | '_' | '[' | ']' | '#' | '@' if !is_code => out.push('\\'),
            _ => {}
        }

        out.push(letter);
    }

    if is_code {
        out.push('`');
    }

    out
}

/// Text as code, whatever is in it.
fn code(text: &str) -> String {
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}
