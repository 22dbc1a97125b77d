//! The checklist for programs. Its shape is `docs/checklist.schema.json`; `version` changes when a
//! reader would have to.

use serde::Serialize;

use super::shown::{self, Base, ShownPlace};
use super::verdict::{Cell, Checklist, ItemVerdict, Status, Subject};
use crate::catalog::item::ItemScope;
use crate::report::Report;

/// The version of the shape.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document {
    version: u32,
    tool: Tool,
    root: String,
    score: usize,
    totals: Totals,
    services: Vec<ServiceItem>,
    items: Vec<ItemItem>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Totals {
    items: usize,
    applicable: usize,
    pass: usize,
    fail: usize,
    partial: usize,
    unknown: usize,
    manual: usize,
    not_applicable: usize,
}

#[derive(Serialize)]
struct ServiceItem {
    name: String,
    kind: &'static str,
    parts: Vec<PartItem>,
}

#[derive(Serialize)]
struct PartItem {
    kind: &'static str,
    file: String,
    line: u32,
}

#[derive(Serialize)]
struct ItemItem {
    item: &'static str,
    group: String,
    question: String,
    scope: ItemScope,
    status: Status,
    reason: String,
    command: String,
    expect: String,
    results: Vec<ResultItem>,
}

#[derive(Serialize)]
struct ResultItem {
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<&'static str>,
    status: Status,
    reason: String,
    evidence: Vec<EvidenceItem>,
    findings: Vec<FindingItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attestation: Option<AttestationItem>,
}

#[derive(Serialize)]
struct EvidenceItem {
    supports: bool,
    shows: String,
    #[serde(flatten)]
    place: Option<PlaceItem>,
}

#[derive(Serialize)]
struct PlaceItem {
    file: String,
    line: u32,
    text: String,
}

#[derive(Serialize)]
struct FindingItem {
    rule: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    #[serde(flatten)]
    place: Option<PlaceItem>,
}

#[derive(Serialize)]
struct AttestationItem {
    by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<String>,
    until: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// One object, with a line end behind it.
pub fn render(view: &Report, checklist: &Checklist) -> String {
    let document = Document {
        version: VERSION,
        tool: Tool {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        },
        root: view.root(),
        score: checklist.score(),
        totals: Totals {
            items: checklist.items.len(),
            applicable: checklist.applicable(),
            pass: checklist.count(Status::Pass),
            fail: checklist.count(Status::Fail),
            partial: checklist.count(Status::Partial),
            unknown: checklist.count(Status::Unknown),
            manual: checklist.count(Status::Manual),
            not_applicable: checklist.count(Status::NotApplicable),
        },
        services: checklist
            .services
            .iter()
            .map(|service| ServiceItem {
                name: view.line(&service.name),
                kind: service.kind,
                parts: service
                    .parts
                    .iter()
                    .map(|(kind, location)| {
                        let place = shown::place(view, Base::Repository, &(*location).into());
                        PartItem {
                            kind,
                            file: place.path,
                            line: place.line,
                        }
                    })
                    .collect(),
            })
            .collect(),
        items: checklist
            .items
            .iter()
            .map(|verdict| item(view, checklist, verdict))
            .collect(),
    };

    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn item(view: &Report, checklist: &Checklist, verdict: &ItemVerdict) -> ItemItem {
    ItemItem {
        item: verdict.item.name,
        group: verdict.item.group.clone(),
        question: verdict.item.question.clone(),
        scope: verdict.item.scope,
        status: verdict.status,
        reason: view.line(&verdict.reason),
        command: verdict.item.command.clone(),
        expect: verdict.item.expect.clone(),
        results: verdict
            .cells
            .iter()
            .map(|cell| result(view, checklist, cell))
            .collect(),
    }
}

fn result(view: &Report, checklist: &Checklist, cell: &Cell) -> ResultItem {
    let (mut evidence, mut findings) = (Vec::new(), Vec::new());

    for piece in shown::evidence(view, Base::Repository, cell) {
        let place = piece.place.map(place_item);
        match piece.rule {
            Some(rule) => findings.push(FindingItem {
                rule,
                message: piece.shows,
                help: piece.help,
                place,
            }),
            None => evidence.push(EvidenceItem {
                supports: piece.supports,
                shows: piece.shows,
                place,
            }),
        }
    }

    ResultItem {
        service: match cell.subject {
            Subject::Service(_) => Some(shown::subject(view, checklist, cell)),
            Subject::Repository | Subject::Part(_) => None,
        },
        part: match cell.subject {
            Subject::Part(name) => Some(name),
            Subject::Repository | Subject::Service(_) => None,
        },
        status: cell.status,
        reason: view.line(&cell.reason),
        evidence,
        findings,
        attestation: cell
            .attestation
            .as_ref()
            .map(|attestation| AttestationItem {
                by: view.line(&attestation.by),
                on: attestation.on.map(|date| date.to_string()),
                until: attestation.until.to_string(),
                link: attestation.link.as_ref().map(|link| view.line(link)),
                note: attestation.note.as_ref().map(|note| view.line(note)),
            }),
    }
}

fn place_item(place: ShownPlace) -> PlaceItem {
    PlaceItem {
        file: place.path,
        line: place.line,
        text: place.text,
    }
}
