//! What changed since an earlier report.

use serde::Deserialize;

use super::json::VERSION;
use super::shown;
use super::verdict::{Checklist, Subject};
use crate::report::Report;

/// The items whose status changed, in the order of the report.
#[derive(Debug, Default)]
pub struct Changes {
    pub all: Vec<Change>,
}

/// One item, or one service or part of an item, whose status changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub item: String,
    /// The service or the part; empty for the item as a whole.
    pub subject: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl Changes {
    pub const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

impl Change {
    /// `non-root of api: fail → pass`.
    pub fn line(&self) -> String {
        let title = if self.subject.is_empty() {
            self.item.clone()
        } else {
            format!("{} of {}", self.item, self.subject)
        };
        let word = |status: &Option<String>| status.clone().unwrap_or_else(|| "absent".to_owned());

        format!("{title}: {} → {}", word(&self.before), word(&self.after))
    }
}

/// An earlier report, as far as it is compared.
#[derive(Debug, Deserialize)]
pub struct Earlier {
    version: u32,
    items: Vec<EarlierItem>,
}

#[derive(Debug, Deserialize)]
struct EarlierItem {
    item: String,
    status: String,
    #[serde(default)]
    results: Vec<EarlierResult>,
}

#[derive(Debug, Deserialize)]
struct EarlierResult {
    service: Option<String>,
    part: Option<String>,
    status: String,
}

impl Earlier {
    /// Reads a report. Fails on what is none, and on one of another version.
    pub fn parse(text: &str) -> Result<Self, String> {
        let earlier: Self = serde_json::from_str(text)
            .map_err(|error| format!("it is not a checklist in JSON: {error}"))?;

        if earlier.version == VERSION {
            Ok(earlier)
        } else {
            Err(format!("it has version {}, not {VERSION}", earlier.version))
        }
    }
}

/// What changed since an earlier report.
pub fn changes(view: &Report, earlier: &Earlier, now: &Checklist) -> Changes {
    let mut all = Vec::new();

    for verdict in &now.items {
        let before = earlier
            .items
            .iter()
            .find(|item| item.item == verdict.item.name);
        let status = verdict.status.as_str();
        if before.map(|item| item.status.as_str()) != Some(status) {
            all.push(Change {
                item: verdict.item.name.to_owned(),
                subject: String::new(),
                before: before.map(|item| item.status.clone()),
                after: Some(status.to_owned()),
            });
        }

        let cells: Vec<(String, &str)> = verdict
            .cells
            .iter()
            .filter(|cell| cell.subject != Subject::Repository)
            .map(|cell| (shown::subject(view, now, cell), cell.status.as_str()))
            .collect();
        let known: Vec<(&str, &str)> = before
            .iter()
            .flat_map(|item| &item.results)
            .filter_map(|result| {
                let subject = result.service.as_deref().or(result.part.as_deref())?;
                Some((subject, result.status.as_str()))
            })
            .collect();

        for (subject, status) in &cells {
            let before = known
                .iter()
                .find(|(name, _)| name == subject)
                .map(|(_, status)| *status);
            if before != Some(status) {
                all.push(Change {
                    item: verdict.item.name.to_owned(),
                    subject: subject.clone(),
                    before: before.map(str::to_owned),
                    after: Some((*status).to_owned()),
                });
            }
        }

        for (subject, status) in known {
            if !cells.iter().any(|(name, _)| name == subject) {
                all.push(Change {
                    item: verdict.item.name.to_owned(),
                    subject: view.line(subject),
                    before: Some(status.to_owned()),
                    after: None,
                });
            }
        }
    }

    Changes { all }
}
