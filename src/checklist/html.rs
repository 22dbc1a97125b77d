//! The checklist as one page of HTML that needs nothing else: no script, no font, no image. It is
//! for a phone, the dark, a printer, a keyboard and a screen reader alike.

use std::fmt::Write as _;

use super::compare::Changes;
use super::shown::{self, Base, ShownEvidence};
use super::verdict::{Cell, Checklist, ItemVerdict, Status, Subject};
use crate::catalog::item::ItemScope;
use crate::report::Report;

/// The style of the page.
const STYLE: &str = include_str!("page.css");

/// The whole page.
pub fn render(view: &Report, checklist: &Checklist, changes: Option<&Changes>) -> String {
    let mut out = String::new();
    let root = view.root();
    let name = escaped(
        root.trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or(&root),
    );
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src \
         'unsafe-inline'\">\n<title>Deployment checklist: {name}</title>\n<style>\n{STYLE}\
         </style>\n</head>\n<body>\n<header>\n<a class=\"skip\" \
         href=\"#items\">Skip to the items</a>\n\
         <h1>Deployment checklist: {name}</h1>\n<p class=\"score\">{}</p>\n\
         <p class=\"dim\">Score: {} % of the items that apply pass.</p>\n</header>\n<main>\n",
        escaped(&shown::totals(checklist)),
        checklist.score()
    );

    if let Some(changes) = changes {
        write_changes(&mut out, changes);
    }

    write_matrix(&mut out, view, checklist);
    out.push_str("<h2 id=\"items\">Items</h2>\n");

    for status in [
        Status::Fail,
        Status::Partial,
        Status::Unknown,
        Status::Manual,
        Status::Pass,
        Status::NotApplicable,
    ] {
        for verdict in checklist.items.iter().filter(|item| item.status == status) {
            write_verdict(&mut out, view, checklist, verdict);
        }
    }

    let _ = write!(
        out,
        "</main>\n<footer class=\"dim\"><p>{} {}</p></footer>\n</body>\n</html>\n",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION")
    );

    out
}

fn write_changes(out: &mut String, changes: &Changes) {
    out.push_str("<h2>Changed since the earlier report</h2>\n");

    if changes.is_empty() {
        out.push_str("<p>Nothing changed.</p>\n");
        return;
    }

    out.push_str("<ul>\n");

    for change in &changes.all {
        let _ = writeln!(out, "<li>{}</li>", escaped(&change.line()));
    }

    out.push_str("</ul>\n");
}

fn write_matrix(out: &mut String, view: &Report, checklist: &Checklist) {
    let services = checklist.services.len();
    let has_columns = services > 1;
    out.push_str(
        "<h2 id=\"overview\">Overview</h2>\n<div class=\"scroll\" role=\"region\" \
         aria-labelledby=\"overview\" tabindex=\"0\">\n<table>\n<caption class=\"vh\">Status of \
         each item</caption>\n<thead><tr><th scope=\"col\">Item</th>",
    );

    if has_columns {
        for service in &checklist.services {
            let name = escaped(&view.line(&service.name));
            let _ = write!(out, "<th scope=\"col\">{name}</th>");
        }
    }

    out.push_str("<th scope=\"col\">Reason</th></tr></thead>\n<tbody>\n");
    let mut group = "";

    for verdict in &checklist.items {
        if verdict.item.group != group {
            group = &verdict.item.group;
            let columns = if has_columns { services + 2 } else { 2 };
            let _ = writeln!(
                out,
                "<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"{columns}\">{}</th></tr>",
                escaped(group)
            );
        }

        let _ = write!(
            out,
            "<tr><th scope=\"row\">{1} <a href=\"#{0}\">{0}</a></th>",
            verdict.item.name,
            sign(verdict.status)
        );

        if has_columns && verdict.item.scope == ItemScope::Service {
            for index in 0..services {
                let cell = verdict
                    .cells
                    .iter()
                    .find(|cell| cell.subject == Subject::Service(index));
                let status = cell.map_or(Status::NotApplicable, |cell| cell.status);
                let _ = write!(out, "<td>{}</td>", sign(status));
            }
        } else if has_columns {
            let _ = write!(out, "<td colspan=\"{services}\"></td>");
        }

        let reason = match verdict.status {
            Status::Pass => String::new(),
            Status::Unknown => format!("to be seen: {}", view.line(&verdict.reason)),
            _ => view.line(&verdict.reason),
        };
        let _ = writeln!(out, "<td>{}</td></tr>", marked(&reason));
    }

    out.push_str("</tbody>\n</table>\n</div>\n");
}

/// The sign of a status, which a screen reader says in words.
fn sign(status: Status) -> String {
    format!(
        "<span class=\"sign {}\"><span aria-hidden=\"true\">{}</span><span class=\"vh\">{}</span>\
         </span>",
        status.as_str(),
        status.sign(),
        status.word()
    )
}

fn write_verdict(out: &mut String, view: &Report, checklist: &Checklist, verdict: &ItemVerdict) {
    let item = verdict.item;
    let open = if matches!(verdict.status, Status::Fail | Status::Partial) {
        " open"
    } else {
        ""
    };
    let _ = write!(
        out,
        "<details id=\"{0}\"{open}>\n<summary>{1} <h3>{0}</h3> <span \
         class=\"dim\">{2}</span></summary>\n<p>{3}</p>\n",
        item.name,
        sign(verdict.status),
        marked(&item.question),
        marked(item.why)
    );

    for cell in &verdict.cells {
        write_cell(out, view, checklist, cell);
    }

    if verdict.cells.is_empty() {
        let _ = writeln!(out, "<p>{}</p>", marked(&view.line(&verdict.reason)));
    }

    let _ = write!(
        out,
        "<p class=\"dim\">What proves it: {}</p>\n<p class=\"dim\">Check by hand: \
         <code>{}</code> gives {}</p>\n</details>\n",
        marked(item.proof),
        escaped(&item.command),
        marked(&item.expect)
    );
}

fn write_cell(out: &mut String, view: &Report, checklist: &Checklist, cell: &Cell) {
    let subject = shown::subject(view, checklist, cell);
    let reason = marked(&view.line(&cell.reason));
    let title = match (subject.as_str(), reason.as_str()) {
        ("", reason) => reason.to_owned(),
        (subject, "") => format!("<strong>{}</strong>", escaped(subject)),
        (subject, reason) => format!("<strong>{}</strong>: {reason}", escaped(subject)),
    };
    let _ = writeln!(out, "<div>{} {title}</div>", sign(cell.status));

    if let Some(attestation) = &cell.attestation {
        write_attestation(out, view, attestation);
    }

    let pieces = shown::evidence(view, Base::Repository, cell);
    if pieces.is_empty() {
        return;
    }

    out.push_str("<ul>\n");

    for piece in &pieces {
        write_piece(out, piece);
    }

    out.push_str("</ul>\n");
}

fn write_attestation(out: &mut String, view: &Report, attestation: &crate::config::Attestation) {
    let mut parts = vec![format!("attested by {}", view.line(&attestation.by))];
    parts.extend(attestation.on.map(|date| format!("on {date}")));
    parts.push(format!("until {}", attestation.until));
    parts.extend(attestation.link.as_ref().map(|link| view.line(link)));
    parts.extend(attestation.note.as_ref().map(|note| view.line(note)));
    let _ = writeln!(out, "<p class=\"dim\">{}</p>", escaped(&parts.join(", ")));
}

fn write_piece(out: &mut String, piece: &ShownEvidence) {
    let weight = if piece.supports { "for" } else { "against" };
    let rule = piece
        .rule
        .map(|rule| format!(" <code>{rule}</code>"))
        .unwrap_or_default();
    let _ = write!(
        out,
        "<li><span class=\"vh\">{weight}: </span>{}{rule}",
        marked(&piece.shows)
    );

    if let Some(place) = &piece.place {
        let _ = write!(out, "<br><code>{}</code>", escaped(&place.label()));
        if !place.text.is_empty() {
            let _ = write!(out, "<pre>{}</pre>", escaped(&place.text));
        }
    }

    if let Some(help) = &piece.help {
        let _ = write!(out, "<div class=\"dim\">{}</div>", marked(help));
    }

    out.push_str("</li>\n");
}

/// Text that is no markup.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());

    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }

    out
}

/// Text with code between backticks.
fn marked(text: &str) -> String {
    let mut out = String::new();

    for (index, part) in text.split('`').enumerate() {
        let _ = match index % 2 {
            0 => write!(out, "{}", escaped(part)),
            _ => write!(out, "<code>{}</code>", escaped(part)),
        };
    }

    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_files_say_is_no_markup() {
        assert_eq!(
            marked("a <script> of `x & y`"),
            "a &lt;script&gt; of <code>x &amp; y</code>"
        );
    }
}
