//! SARIF 2.1.0, as GitHub code scanning takes it.
//!
//! The list of rules is the whole catalogue, whatever was found, so that it is the same in every
//! run. Every result has a place in a real file.

mod document;

use std::collections::BTreeMap;

use document::*;

use super::{Range, Report, fingerprint};
use crate::catalog::{self, Rule};
use crate::edit::{Edit, Fix};
use crate::finding::{Confidence, Finding, Level};
use crate::source::{FileId, Location};

/// GitHub keeps no more results than this of a run.
const MOST_RESULTS: usize = 5_000;
/// GitHub keeps no more tags than this of a rule.
const MOST_TAGS: usize = 10;
/// Texts longer than this are refused.
const LONGEST_DESCRIPTION: usize = 1_000;

pub fn render(view: &Report) -> String {
    let prints = fingerprint::all(view);
    let mut findings: Vec<(&Finding, String)> = view
        .outcome
        .findings
        .iter()
        .zip(prints)
        .filter(|(finding, _)| {
            finding.level >= view.min_level && catalog::rule(finding.rule).is_some()
        })
        .collect();
    if findings.len() > MOST_RESULTS {
        findings.sort_by_key(|(finding, _)| std::cmp::Reverse(finding.level));
        findings.truncate(MOST_RESULTS);
    }

    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [SarifRun {
            tool: SarifTool {
                driver: Driver {
                    name: env!("CARGO_PKG_NAME"),
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    information_uri: catalog::REPOSITORY,
                    rules: catalog::rules().iter().map(descriptor).collect(),
                },
            },
            automation_details: AutomationDetails { id: "deploylint/" },
            invocations: [SarifInvocation {
                execution_successful: !view.outcome.summary.failed,
            }],
            column_kind: "unicodeCodePoints",
            results: findings
                .into_iter()
                .map(|(finding, print)| written(view, finding, &print))
                .collect(),
        }],
    };

    serde_json::to_string(&log).unwrap_or_default() + "\n"
}

fn descriptor(rule: &'static Rule) -> Descriptor {
    let prose = rule.prose();
    let first = prose
        .split("\n\n")
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let full = if first.is_empty() {
        rule.summary.clone()
    } else {
        first
    };

    let security = rule.security.map(|_| "security");
    let mut tags: Vec<&str> = Vec::new();
    // The standard wants them unique; the item may be called as a format is.
    for tag in security
        .into_iter()
        .chain([rule.item.as_str()])
        .chain(rule.on.iter().map(|format| format.as_str()))
    {
        if !tags.contains(&tag) && tags.len() < MOST_TAGS {
            tags.push(tag);
        }
    }

    Descriptor {
        id: rule.name,
        short_description: SarifText {
            text: shorten(&rule.summary),
        },
        full_description: SarifText {
            text: shorten(&full),
        },
        help: Help {
            text: format!("{}\n\n{prose}", rule.summary),
            markdown: super::explain::markdown(rule),
        },
        help_uri: rule.url(),
        default_configuration: Configuration {
            level: rule.level.as_str(),
        },
        properties: SarifProperties {
            tags,
            precision: match rule.confidence {
                Confidence::High => "high",
                Confidence::Medium => "medium",
                Confidence::Low => "low",
            },
            problem_severity: match rule.level {
                Level::Error => "error",
                Level::Warning => "warning",
                Level::Note => "recommendation",
            },
            security_severity: rule.security.map(|score| format!("{score:.1}")),
        },
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(LONGEST_DESCRIPTION) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

fn written(view: &Report, finding: &Finding, print: &str) -> SarifResult {
    view.isolated(finding, |finding| result(view, finding, print.to_owned()))
}

fn result(view: &Report, finding: &Finding, print: String) -> SarifResult {
    let related: Vec<RelatedLocation> = finding
        .related
        .iter()
        .enumerate()
        .map(|(index, label)| RelatedLocation {
            id: index + 1,
            physical_location: location(view, label.location),
            message: SarifText {
                text: named(view.line(&label.text), "related location"),
            },
        })
        .collect();
    let rule_index = catalog::rules()
        .binary_search_by(|rule| rule.name.cmp(finding.rule))
        .unwrap_or(0);
    SarifResult {
        rule_id: finding.rule,
        rule_index,
        level: finding.level.as_str(),
        message: SarifText {
            text: message(view, finding, &related),
        },
        locations: [SarifLocation {
            physical_location: location(view, finding.location),
        }],
        related_locations: related,
        partial_fingerprints: BTreeMap::from([("deploylint/v1", print)]),
        fixes: finding
            .fix
            .iter()
            .filter_map(|fix| self::fix(view, fix))
            .collect(),
    }
}

/// What is wrong, the related places as links to them, and what to do.
fn message(view: &Report, finding: &Finding, related: &[RelatedLocation]) -> String {
    let mut text = named(view.line(&finding.message), finding.rule);
    let label = view.line(&finding.label);
    if !label.is_empty() {
        text = format!("{text}: {label}");
    }

    let links: Vec<String> = related
        .iter()
        // Brackets within the text of a link would end it.
        .map(|location| {
            format!(
                "[{}]({})",
                location.message.text.replace('[', "(").replace(']', ")"),
                location.id
            )
        })
        .collect();
    if !links.is_empty() {
        text = format!("{text}. See {}", links.join(", "));
    }

    if let Some(help) = &finding.help {
        text = format!("{text}.\n\n{}", view.text(help));
    }

    text
}

fn named(text: String, otherwise: &str) -> String {
    if text.trim().is_empty() {
        otherwise.to_owned()
    } else {
        text
    }
}

fn location(view: &Report, location: Location) -> PhysicalLocation {
    PhysicalLocation {
        artifact_location: artifact(view, location.file),
        region: region(view.range(location)),
    }
}

fn artifact(view: &Report, file: FileId) -> ArtifactLocation {
    ArtifactLocation {
        uri: encode(&view.repository_path(file)),
    }
}

const fn region(range: Range) -> SarifRegion {
    SarifRegion {
        start_line: range.start.line,
        start_column: range.start.column,
        end_line: range.end.line,
        end_column: range.end.column,
    }
}

/// The fix, if all of it can be written.
fn fix(view: &Report, fix: &Fix) -> Option<SarifFix> {
    if fix
        .edits
        .iter()
        .any(|edit| view.edit_text(&edit.text).is_none())
    {
        return None;
    }

    let mut changes: Vec<(FileId, Vec<&Edit>)> = Vec::new();

    for edit in &fix.edits {
        match changes.last_mut().filter(|(file, _)| *file == edit.file) {
            Some((_, edits)) => edits.push(edit),
            None => changes.push((edit.file, vec![edit])),
        }
    }

    let changes = changes.into_iter().map(|(file, edits)| ArtifactChange {
        artifact_location: artifact(view, file),
        replacements: edits.iter().map(|edit| replacement(view, edit)).collect(),
    });

    let description = SarifText {
        text: named(view.line(&fix.title), "fix"),
    };

    Some(SarifFix {
        description,
        artifact_changes: changes.collect(),
    })
}

fn replacement(view: &Report, edit: &Edit) -> Replacement {
    Replacement {
        deleted_region: region(view.range(Location::new(edit.file, edit.span))),
        inserted_content: SarifText {
            text: edit.text.clone(),
        },
    }
}

/// Percent-encodes a path for a relative URI.
fn encode(path: &str) -> String {
    let mut out = String::with_capacity(path.len());

    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~@+,".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }

    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::report::sample;

    fn parsed(view: &Report) -> serde_json::Value {
        let text = render(view);
        assert!(!text.contains("not-a-real-token"));
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn results_have_places_and_fingerprints() {
        let outcome = sample::repository();
        let mut view = Report::new(&outcome, Level::Note);
        view.repository_prefix = "my app/".to_owned();
        let mut log = parsed(&view);
        let rules = log["runs"][0]["tool"]["driver"]["rules"].take();

        for result in log["runs"][0]["results"].as_array_mut().unwrap() {
            // The index changes with every new rule; what it points at does not.
            let index = result
                .as_object_mut()
                .unwrap()
                .remove("ruleIndex")
                .unwrap()
                .as_u64()
                .unwrap();
            assert_eq!(rules[index as usize]["id"], result["ruleId"]);
        }

        insta::assert_snapshot!(serde_json::to_string_pretty(&log["runs"][0]["results"]).unwrap());
    }

    #[test]
    fn the_rules_are_the_whole_catalogue_in_every_run() {
        let empty = sample::outcome(&[], Vec::new());
        let log = parsed(&Report::new(&empty, Level::Error));
        let driver = &log["runs"][0]["tool"]["driver"];
        let ids: Vec<&str> = driver["rules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| rule["id"].as_str().unwrap())
            .collect();
        assert_eq!(
            ids,
            catalog::rules()
                .iter()
                .map(|rule| rule.name)
                .collect::<Vec<_>>()
        );

        for rule in driver["rules"].as_array().unwrap() {
            for text in ["shortDescription", "fullDescription", "help"] {
                let length = rule[text]["text"].as_str().unwrap().chars().count();
                assert!(
                    length > 0 && (length <= 1_024 || text == "help"),
                    "{} {text}",
                    rule["id"]
                );
            }

            let tags = rule["properties"]["tags"].as_array().unwrap();
            let distinct: BTreeSet<&str> = tags.iter().map(|tag| tag.as_str().unwrap()).collect();
            assert!(
                tags.len() <= MOST_TAGS && tags.len() == distinct.len(),
                "{tags:?}"
            );
            let score = &rule["properties"]["security-severity"];
            assert!(score.is_null() || score.is_string());
        }
    }

    #[test]
    fn the_most_severe_are_kept() {
        let files = [("a", "x\n")];
        let at = |level| Finding {
            rule: "internal-error",
            level,
            ..Finding::new(sample::location(&files, "a", "x", 0), "m")
        };

        let mut findings = vec![at(Level::Warning); MOST_RESULTS];
        findings.push(at(Level::Error));
        let outcome = sample::outcome(&files, findings);
        let log = parsed(&Report::new(&outcome, Level::Note));
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), MOST_RESULTS);
        assert_eq!(results[0]["level"], "error");
    }
}
