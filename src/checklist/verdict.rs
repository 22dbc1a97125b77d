//! From the answers of the facts, the findings and the attestations to the verdict on each item.
//!
//! A pass needs a place that proves it. Findings of the item's rules break it; an attestation
//! stands for what files cannot show, and never for what they do show.

use std::collections::BTreeMap;

use super::answer::{Answer, Evidence, Standing, standing_of_all};
use super::evidence::{Question, question};
use super::service::{Service, services};
use crate::analysis::Analysis;
use crate::catalog::item::{Attest, Item, items};
use crate::config::Attestation;
use crate::date::Date;
use crate::finding::Finding;
use crate::source::{FileId, Location};

/// The state of an item, or of an item for one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Pass,
    Fail,
    Partial,
    NotApplicable,
    /// Only a person can say.
    Manual,
    Unknown,
}

impl Status {
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Fail => "fail",
            Status::Partial => "partial",
            Status::NotApplicable => "not-applicable",
            Status::Manual => "manual",
            Status::Unknown => "unknown",
        }
    }

    /// The sign of the status in a matrix.
    pub const fn sign(self) -> &'static str {
        match self {
            Status::Pass => "✓",
            Status::Fail => "✗",
            Status::Partial => "◐",
            Status::NotApplicable => "–",
            Status::Manual => "☐",
            Status::Unknown => "?",
        }
    }

    /// As a reader would say it.
    pub const fn word(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Fail => "fail",
            Status::Partial => "partial",
            Status::NotApplicable => "does not apply",
            Status::Manual => "needs a person",
            Status::Unknown => "not known",
        }
    }
}

/// What the facts say of all items. It holds no facts: those are dropped before the findings are
/// complete.
#[derive(Debug, Default)]
pub struct Gathered {
    services: Vec<GatheredService>,
    /// By the item's name.
    answers: BTreeMap<&'static str, Vec<(Option<usize>, Answer)>>,
    /// The files that are tests, examples and documentation.
    practice: Vec<bool>,
    only_practice: bool,
}

/// A service as a report names it.
#[derive(Clone, Debug)]
pub struct GatheredService {
    pub name: String,
    pub kind: &'static str,
    /// Where it is built, run and shipped, and as what.
    pub parts: Vec<(&'static str, Location)>,
}

/// What the facts of a run say.
pub fn gather(ctx: &Analysis) -> Gathered {
    let services = services(ctx);
    let mut answers: BTreeMap<&'static str, Vec<(Option<usize>, Answer)>> = BTreeMap::new();

    for item in items() {
        let Some(question) = question(item.name) else {
            continue;
        };

        let given: Vec<(Option<usize>, Answer)> = match question {
            Question::Repository(ask) => vec![(None, ask(ctx, &services))],
            Question::Service(ask) => services
                .all
                .iter()
                .enumerate()
                .map(|(index, service)| (Some(index), ask(ctx, &services, service)))
                .collect(),
        };
        answers.insert(item.name, given);
    }

    let files = ctx.facts.repository.files();

    Gathered {
        services: services.all.iter().map(gathered_service).collect(),
        answers,
        practice: files
            .iter()
            .map(|file| ctx.facts.is_practice(file.id))
            .collect(),
        only_practice: services.only_practice,
    }
}

fn gathered_service(service: &Service) -> GatheredService {
    let mut parts = Vec::new();

    for (dockerfile, stage) in &service.builds {
        parts.push(("build", dockerfile.stages[*stage].location));
    }

    for (_, composed) in &service.composed {
        parts.push(("compose", composed.container.anchor));
    }

    for (object, _) in &service.workloads {
        parts.push(("workload", object.anchor));
    }

    parts.extend(service.pipelines.iter().map(|place| ("pipeline", *place)));
    parts.sort_by_key(|(_, place)| *place);
    parts.dedup();

    GatheredService {
        name: service.name.clone(),
        kind: service.kind.word(),
        parts,
    }
}

/// The checklist of a repository.
#[derive(Debug)]
pub struct Checklist<'f> {
    pub services: Vec<GatheredService>,
    pub items: Vec<ItemVerdict<'f>>,
    /// All deployment files are tests, examples or for development.
    pub only_practice: bool,
}

/// The verdict on one item.
#[derive(Debug)]
pub struct ItemVerdict<'f> {
    pub item: &'static Item,
    pub status: Status,
    pub reason: String,
    /// One for each service, or for each part, or one for the repository.
    pub cells: Vec<Cell<'f>>,
}

/// The verdict on one item for one service, one part or the repository.
#[derive(Debug)]
pub struct Cell<'f> {
    pub subject: Subject,
    pub status: Status,
    pub reason: String,
    pub evidence: Vec<Evidence>,
    /// Findings that break it, each with the place that is about the subject.
    pub findings: Vec<(&'f Finding, Location)>,
    pub attestation: Option<Attestation>,
}

/// What a cell is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Repository,
    /// By its index.
    Service(usize),
    /// A part of an item, by its name.
    Part(&'static str),
}

impl<'f> Checklist<'f> {
    /// The verdicts on all items.
    pub fn new(
        gathered: Gathered,
        findings: &'f [Finding],
        attestations: &BTreeMap<String, Attestation>,
        today: Date,
    ) -> Self {
        let owners = Owners::of(&gathered.services);
        let verdicts = items()
            .iter()
            .map(|item| {
                let attested = Attested {
                    all: attestations,
                    today,
                };
                verdict(item, &gathered, &owners, findings, attested)
            })
            .collect();

        Self {
            services: gathered.services,
            items: verdicts,
            only_practice: gathered.only_practice,
        }
    }

    /// How many items have this status.
    pub fn count(&self, status: Status) -> usize {
        self.items
            .iter()
            .filter(|item| item.status == status)
            .count()
    }

    /// How many items apply.
    pub fn applicable(&self) -> usize {
        self.items.len() - self.count(Status::NotApplicable)
    }

    /// The share of the applicable items that pass, in percent, rounded down; 100 where none
    /// applies.
    pub fn score(&self) -> usize {
        match self.applicable() {
            0 => 100,
            applicable => self.count(Status::Pass) * 100 / applicable,
        }
    }

    /// The status of an item or of a part of an item.
    pub fn status_of(&self, name: &str) -> Option<Status> {
        self.items.iter().find_map(|verdict| {
            if verdict.item.name == name {
                return Some(verdict.status);
            }

            verdict
                .cells
                .iter()
                .find(|cell| matches!(&cell.subject, Subject::Part(part) if *part == name))
                .map(|cell| cell.status)
        })
    }
}

/// The attestations, and the day on which they are judged.
#[derive(Clone, Copy)]
struct Attested<'a> {
    all: &'a BTreeMap<String, Attestation>,
    today: Date,
}

impl Attested<'_> {
    fn of(self, name: &str) -> Option<(Attestation, bool)> {
        let attestation = self.all.get(name)?;
        let is_valid = attestation.until >= self.today;

        Some((attestation.clone(), is_valid))
    }
}

fn verdict<'f>(
    item: &'static Item,
    gathered: &Gathered,
    owners: &Owners,
    findings: &'f [Finding],
    attested: Attested,
) -> ItemVerdict<'f> {
    if item.attest == Attest::Only {
        return attested_item(item, gathered, attested);
    }

    let rules: Vec<&str> = item.rules().map(|rule| rule.name).collect();
    let mut breaking: Vec<&Finding> = findings
        .iter()
        .filter(|finding| {
            rules.contains(&finding.rule)
                && finding.level >= item.breaks_at
                && !gathered
                    .practice
                    .get(finding.location.file.0 as usize)
                    .copied()
                    .unwrap_or(false)
        })
        .collect();

    let answers = gathered
        .answers
        .get(item.name)
        .map_or(&[][..], Vec::as_slice);
    // Where nothing is deployed, a finding does not make a question apply.
    let applies = |answer: &Answer| {
        answer.standing != Standing::NotApplicable || !gathered.services.is_empty()
    };
    if !answers.is_empty() && !answers.iter().any(|(_, answer)| applies(answer)) {
        breaking.clear();
    }

    let mut cells: Vec<Cell> = answers
        .iter()
        .map(|(service, answer)| {
            let mine: Vec<(&Finding, Location)> = breaking
                .iter()
                .filter_map(|finding| {
                    let place = match service {
                        None => finding.location,
                        Some(index) => owners.place_of(*index, finding)?,
                    };

                    Some((*finding, place))
                })
                .collect();
            let subject = service.map_or(Subject::Repository, Subject::Service);

            cell(item, subject, answer.clone(), mine, attested)
        })
        .collect();

    let unseen = findings
        .iter()
        .find(|finding| item.unknown_with.iter().any(|rule| rule == finding.rule));
    if let Some(unseen) = unseen {
        for cell in cells.iter_mut().filter(|cell| cell.status == Status::Pass) {
            cell.status = Status::Unknown;
            cell.reason.clone_from(&unseen.message);
        }
    }

    // What breaks the item and belongs to no service.
    let stray: Vec<(&Finding, Location)> = breaking
        .into_iter()
        .filter(|finding| {
            !cells.iter().any(|cell| {
                cell.findings
                    .iter()
                    .any(|(known, _)| std::ptr::eq(*known, *finding))
            })
        })
        .map(|finding| (finding, finding.location))
        .collect();
    if let Some((first, _)) = stray.first() {
        let answer = Answer::missing(first.message.clone());
        cells.push(Cell {
            subject: Subject::Repository,
            status: Status::Fail,
            reason: answer.reason,
            evidence: Vec::new(),
            findings: stray,
            attestation: None,
        });
    }

    of_cells(item, cells, gathered)
}

/// The verdict on one cell.
fn cell<'f>(
    item: &Item,
    subject: Subject,
    answer: Answer,
    findings: Vec<(&'f Finding, Location)>,
    attested: Attested,
) -> Cell<'f> {
    let mut status = match answer.standing {
        Standing::Proven => Status::Pass,
        Standing::Partial => Status::Partial,
        Standing::Lacking | Standing::Broken => Status::Fail,
        Standing::NotApplicable => Status::NotApplicable,
        Standing::Unknown => Status::Unknown,
    };
    let mut reason = answer.reason;

    if let Some((first, _)) = findings.first()
        && !matches!(status, Status::Fail | Status::Partial)
    {
        // Of the repository, a part is proven all the same.
        let has_places = answer.evidence.iter().any(|piece| piece.place.is_some());
        status = if status == Status::Pass && subject == Subject::Repository && has_places {
            Status::Partial
        } else {
            Status::Fail
        };
        reason.clone_from(&first.message);
    }

    let mut attestation = None;
    let is_shown = answer.standing == Standing::Broken || !findings.is_empty();
    if item.attest == Attest::Absent
        && !is_shown
        && matches!(status, Status::Fail | Status::Partial | Status::Unknown)
        && let Some((given, is_valid)) = attested.of(item.name)
    {
        if is_valid {
            status = Status::Pass;
            reason = format!("attested by {} until {}", given.by, given.until);
        } else {
            status = Status::Fail;
            reason = format!("the attestation by {} expired on {}", given.by, given.until);
        }

        attestation = Some(given);
    }

    Cell {
        subject,
        status,
        reason,
        evidence: answer.evidence,
        findings,
        attestation,
    }
}

/// An item that only people can answer, part by part.
fn attested_item<'f>(
    item: &'static Item,
    gathered: &Gathered,
    attested: Attested,
) -> ItemVerdict<'f> {
    let cells: Vec<Cell> = item
        .parts
        .iter()
        .map(|part| {
            let (status, reason, attestation) = if gathered.services.is_empty() {
                let reason = "nothing here is deployed".to_owned();
                (Status::NotApplicable, reason, None)
            } else {
                match attested.of(&part.name) {
                    Some((given, true)) => (
                        Status::Pass,
                        format!("attested by {} until {}", given.by, given.until),
                        Some(given),
                    ),
                    Some((given, false)) => (
                        Status::Fail,
                        format!("the attestation by {} expired on {}", given.by, given.until),
                        Some(given),
                    ),
                    None => (
                        Status::Manual,
                        format!(
                            "needs a person: `[attest.{}]` in deploylint.toml",
                            part.name
                        ),
                        None,
                    ),
                }
            };

            Cell {
                subject: Subject::Part(&part.name),
                status,
                reason,
                evidence: Vec::new(),
                findings: Vec::new(),
                attestation,
            }
        })
        .collect();

    of_cells(item, cells, gathered)
}

/// An item with its cells, and the verdict on all of them.
fn of_cells<'f>(item: &'static Item, cells: Vec<Cell<'f>>, gathered: &Gathered) -> ItemVerdict<'f> {
    let (status, reason) = whole(&cells, gathered);

    ItemVerdict {
        item,
        status,
        reason,
        cells,
    }
}

/// The verdict on an item of several cells.
fn whole(cells: &[Cell], gathered: &Gathered) -> (Status, String) {
    if cells.is_empty() {
        let reason = if gathered.only_practice {
            "all deployment files are tests, examples or for development"
        } else {
            "nothing here is deployed"
        };
        return (Status::NotApplicable, reason.to_owned());
    }

    if cells.iter().any(|cell| cell.status == Status::Manual)
        && !cells
            .iter()
            .any(|cell| matches!(cell.status, Status::Fail | Status::Partial))
    {
        let open: Vec<&Cell> = cells
            .iter()
            .filter(|cell| cell.status == Status::Manual)
            .collect();
        let reason = match open.as_slice() {
            [only] => only.reason.clone(),
            several => format!("{} of {} parts need a person", several.len(), cells.len()),
        };
        return (Status::Manual, reason);
    }

    let standing = standing_of_all(cells.iter().map(|cell| match cell.status {
        Status::Pass => Standing::Proven,
        Status::Fail => Standing::Lacking,
        Status::Partial => Standing::Partial,
        Status::NotApplicable => Standing::NotApplicable,
        Status::Manual | Status::Unknown => Standing::Unknown,
    }));
    let status = match standing {
        Standing::Proven => Status::Pass,
        Standing::Partial => Status::Partial,
        Standing::Lacking | Standing::Broken => Status::Fail,
        Standing::NotApplicable => Status::NotApplicable,
        Standing::Unknown => Status::Unknown,
    };
    let is_cause = |cell: &&Cell| match status {
        Status::Partial => matches!(cell.status, Status::Fail | Status::Partial),
        status => cell.status == status,
    };
    let mut reasons: Vec<&str> = Vec::new();

    for cell in cells.iter().filter(is_cause) {
        if !cell.reason.is_empty() && !reasons.contains(&cell.reason.as_str()) {
            reasons.push(&cell.reason);
        }
    }

    let more = reasons.len().saturating_sub(2);
    let mut reason = reasons.into_iter().take(2).collect::<Vec<_>>().join("; ");
    if more > 0 {
        reason.push_str(&format!("; and {more} more"));
    }

    (status, reason)
}

/// Which service a place belongs to.
struct Owners {
    /// The beginnings of services and objects by file, sorted, with the service.
    starts: BTreeMap<FileId, Vec<(u32, usize)>>,
    /// The Dockerfiles of each service.
    dockerfiles: BTreeMap<FileId, Vec<usize>>,
}

impl Owners {
    fn of(services: &[GatheredService]) -> Self {
        let mut owners = Self {
            starts: BTreeMap::new(),
            dockerfiles: BTreeMap::new(),
        };

        for (index, service) in services.iter().enumerate() {
            for (sort, place) in &service.parts {
                match *sort {
                    "build" => owners
                        .dockerfiles
                        .entry(place.file)
                        .or_default()
                        .push(index),
                    "compose" | "workload" => owners
                        .starts
                        .entry(place.file)
                        .or_default()
                        .push((place.span.start, index)),
                    _ => {}
                }
            }
        }

        owners
            .starts
            .values_mut()
            .for_each(|starts| starts.sort_unstable());
        owners
    }

    /// Where a finding is about a service: at its definition, or at its Dockerfile.
    fn place_of(&self, service: usize, finding: &Finding) -> Option<Location> {
        let is_anchored = finding
            .anchor
            .is_some_and(|anchor| self.is_of(service, anchor));
        let mut places = finding.places();
        let own = places.find(|place| self.is_of(service, *place));

        own.or_else(|| is_anchored.then_some(finding.location))
    }

    fn is_of(&self, service: usize, place: Location) -> bool {
        let is_build = self
            .dockerfiles
            .get(&place.file)
            .is_some_and(|services| services.contains(&service));
        let is_defined = self.starts.get(&place.file).is_some_and(|starts| {
            let index = starts.partition_point(|(start, _)| *start <= place.span.start);
            index > 0 && starts[index - 1].1 == service
        });

        is_build || is_defined
    }
}
