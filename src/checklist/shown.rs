//! What all forms of the report show: places with their lines, without secrets.

use super::answer::{Evidence, Place, Weight};
use super::verdict::{Cell, Checklist, ItemVerdict, Status, Subject};
use crate::report::{Report, count};

/// A place as a reader finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownPlace {
    pub path: String,
    pub line: u32,
    /// The line of the file; empty where it is not known.
    pub text: String,
}

impl ShownPlace {
    pub fn label(&self) -> String {
        format!("{}:{}", self.path, self.line)
    }
}

/// One piece of evidence, or one finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownEvidence {
    /// It supports the item.
    pub supports: bool,
    pub shows: String,
    pub place: Option<ShownPlace>,
    /// The rule of a finding.
    pub rule: Option<&'static str>,
    pub help: Option<String>,
}

/// Where paths begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// At the root of the git repository, for documents.
    Repository,
    /// At the current folder, for a terminal.
    Here,
}

pub fn place(view: &Report, base: Base, place: &Place) -> ShownPlace {
    let source = view.source(place.location.file);
    let path = match base {
        Base::Repository => view.repository_path(place.location.file),
        Base::Here => view.shown_path(place.location.file),
    };

    if source.text.is_empty()
        && let Some((line, text)) = &place.kept
    {
        return ShownPlace {
            path,
            line: *line,
            text: view.line(text),
        };
    }

    let line = view.range(place.location).start.line;
    let span = source
        .lines()
        .span(line.saturating_sub(1) as usize, &source.text);
    let text = view.quote(crate::source::Location::new(place.location.file, span));

    ShownPlace {
        path,
        line,
        text: text.trim().to_owned(),
    }
}

/// What a cell is shown with: its findings first, then its evidence.
pub fn evidence(view: &Report, base: Base, cell: &Cell) -> Vec<ShownEvidence> {
    let findings = cell
        .findings
        .iter()
        .map(|(finding, location)| ShownEvidence {
            supports: false,
            shows: view.line(&finding.message),
            place: Some(place(view, base, &(*location).into())),
            rule: Some(finding.rule),
            help: finding.help.as_ref().map(|help| view.line(help)),
        });
    let pieces = cell.evidence.iter().map(|piece: &Evidence| ShownEvidence {
        supports: piece.weight == Weight::For,
        shows: view.line(&piece.shows),
        place: piece.place.as_ref().map(|found| place(view, base, found)),
        rule: None,
        help: None,
    });

    let mut all: Vec<ShownEvidence> = Vec::new();

    for piece in findings.chain(pieces) {
        // A finding and the evidence of its absence are often at one line: one of them is enough.
        let is_known = all.iter().any(|known| {
            let is_same_place = known.place.is_some() && known.place == piece.place;
            known.supports == piece.supports
                && (known.shows == piece.shows && known.place == piece.place
                    || is_same_place && known.rule.is_some() && piece.rule.is_none())
        });
        if !is_known {
            all.push(piece);
        }
    }

    all
}

/// The name of what a cell is about; empty for the repository.
pub fn subject(view: &Report, checklist: &Checklist, cell: &Cell) -> String {
    match &cell.subject {
        Subject::Repository => String::new(),
        Subject::Service(index) => view.line(&checklist.services[*index].name),
        Subject::Part(name) => (*name).to_owned(),
    }
}

/// `31 of 38 items pass · 4 fail · 2 partial · 1 needs a person · 5 do not apply`.
pub fn totals(checklist: &Checklist) -> String {
    let applicable = checklist.applicable();
    let verb = if applicable == 1 { "passes" } else { "pass" };
    let mut parts = vec![format!(
        "{} of {} {verb}",
        checklist.count(Status::Pass),
        count(applicable, "item", "items")
    )];

    for (status, one, many) in [
        (Status::Fail, "fails", "fail"),
        (Status::Partial, "is partial", "are partial"),
        (Status::Unknown, "is not known", "are not known"),
        (Status::Manual, "needs a person", "need a person"),
        (Status::NotApplicable, "does not apply", "do not apply"),
    ] {
        match checklist.count(status) {
            0 => {}
            1 => parts.push(format!("1 {one}")),
            number => parts.push(format!("{number} {many}")),
        }
    }

    parts.join(" · ")
}

/// How many services each status has, for a line about many: `3 pass, 1 fails`.
pub fn tally(verdict: &ItemVerdict) -> String {
    let mut parts = Vec::new();

    for status in [
        Status::Pass,
        Status::Fail,
        Status::Partial,
        Status::Unknown,
        Status::Manual,
        Status::NotApplicable,
    ] {
        let number = verdict
            .cells
            .iter()
            .filter(|cell| cell.status == status)
            .count();
        if number > 0 {
            parts.push(format!("{number} {}", status.sign()));
        }
    }

    parts.join("  ")
}
