//! The report for programs. Its shape is `docs/output.schema.json`; `version` changes when a reader
//! would have to.

use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{Formatter as _, PrettyFormatter};

use super::{Report, Totals, fingerprint};
use crate::catalog;
use crate::edit::{Applicability, Fix};
use crate::engine::Unseen;
use crate::finding::{Finding, Label};
use crate::source::{Location, Position};

#[derive(Serialize)]
struct JsonReport {
    version: u32,
    tool: JsonTool,
    root: String,
    summary: JsonSummary,
    /// Last and empty: see [`with_items`].
    findings: [(); 0],
}

#[derive(Serialize)]
struct JsonTool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct JsonSummary {
    errors: usize,
    warnings: usize,
    notes: usize,
    /// Findings below `--min-level`: counted above, not listed.
    hidden: usize,
    suppressed: usize,
    fixable: usize,
    dockerfiles: usize,
    compose_files: usize,
    kubernetes_objects: usize,
    workflows: usize,
    services: usize,
    files: usize,
    unseen: Unseen,
    unrecognized: Vec<String>,
    failed: bool,
    elapsed_ms: u64,
}

#[derive(Serialize)]
struct JsonFinding<'o> {
    rule: &'static str,
    level: &'static str,
    confidence: &'static str,
    message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<&'static str>,
    #[serde(flatten)]
    location: JsonRegion,
    related: Vec<JsonRelated>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<JsonFix>,
    fingerprint: &'o str,
}

#[derive(Serialize)]
struct JsonRegion {
    file: String,
    start: JsonPoint,
    end: JsonPoint,
}

#[derive(Serialize)]
struct JsonPoint {
    line: u32,
    column: u32,
    offset: u32,
}

#[derive(Serialize)]
struct JsonRelated {
    message: String,
    #[serde(flatten)]
    location: JsonRegion,
}

#[derive(Serialize)]
struct JsonFix {
    applicability: &'static str,
    title: String,
    edits: Vec<JsonEdit>,
}

#[derive(Serialize)]
struct JsonEdit {
    #[serde(flatten)]
    location: JsonRegion,
    text: String,
}

/// How deep an item is in the document: the list, and the document itself.
const DEPTH: usize = 2;
/// As long as most items are at the least.
const ITEM_BYTES: usize = 512;

pub fn render(view: &Report) -> String {
    let outcome = view.outcome;
    let Totals {
        errors,
        warnings,
        notes,
    } = view.totals;
    let counts = &outcome.summary;
    let prints = fingerprint::all(view);
    let listed = outcome
        .findings
        .iter()
        .zip(&prints)
        .filter(|(finding, _)| finding.level >= view.min_level);
    let listed: Vec<(&Finding, &String)> = listed.collect();
    let document = JsonReport {
        version: 1,
        tool: JsonTool {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        },
        root: view.root(),
        summary: JsonSummary {
            errors,
            warnings,
            notes,
            hidden: outcome.findings.len() - view.findings.len(),
            suppressed: counts.suppressed,
            fixable: view.fixable(Applicability::Unsafe),
            dockerfiles: counts.dockerfiles,
            compose_files: counts.compose_files,
            kubernetes_objects: counts.kubernetes_objects,
            workflows: counts.workflows,
            services: counts.services,
            files: counts.files,
            unseen: counts.unseen,
            unrecognized: counts
                .unrecognized
                .iter()
                .map(|path| view.line(path))
                .collect(),
            failed: counts.failed,
            elapsed_ms: u64::try_from(counts.elapsed.as_millis()).unwrap_or(u64::MAX),
        },
        findings: [],
    };

    let items = outcome.workers.map(&listed, |(finding, print)| {
        view.isolated(finding, |finding| {
            written(&finding_item(view, finding, print))
        })
    });

    with_items(
        serde_json::to_string_pretty(&document).unwrap_or_default(),
        &items,
    )
}

/// An item as it is written in the document: two levels deep.
fn written(item: &JsonFinding) -> String {
    let mut formatter = PrettyFormatter::new();

    for _ in 0..DEPTH {
        // Writing into nothing cannot fail.
        let _ = formatter.begin_array(&mut io::sink());
    }

    let mut text = Vec::with_capacity(ITEM_BYTES);
    let done = item.serialize(&mut Serializer::with_formatter(&mut text, formatter));
    done.ok()
        .and_then(|()| String::from_utf8(text).ok())
        .unwrap_or_default()
}

/// The document with its findings. They are nearly all of it and are written in parallel, which no
/// serializer can do.
fn with_items(document: String, items: &[String]) -> String {
    if items.is_empty() {
        return document + "\n";
    }

    let Some(head) = document.strip_suffix("[]\n}") else {
        return document + "\n";
    };

    let mut text = String::with_capacity(
        document.len() + items.iter().map(|item| item.len() + 8).sum::<usize>(),
    );
    text.push_str(head);

    for (index, item) in items.iter().enumerate() {
        text.push_str(if index == 0 { "[\n    " } else { ",\n    " });
        text.push_str(item);
    }

    text + "\n  ]\n}\n"
}

fn finding_item<'o>(view: &Report, finding: &Finding, fingerprint: &'o str) -> JsonFinding<'o> {
    let rule = catalog::rule(finding.rule);
    JsonFinding {
        rule: finding.rule,
        level: finding.level.as_str(),
        confidence: finding.confidence.as_str(),
        message: view.line(&finding.message),
        label: view.line(&finding.label),
        help: finding.help.as_ref().map(|help| view.text(help)),
        url: rule.map(|rule| rule.url()),
        item: rule.map(|rule| rule.item.as_str()),
        location: region(view, finding.location),
        related: finding
            .related
            .iter()
            .map(|label| related(view, label))
            .collect(),
        fix: finding.fix.as_ref().and_then(|fix| fix_item(view, fix)),
        fingerprint,
    }
}

fn related(view: &Report, label: &Label) -> JsonRelated {
    JsonRelated {
        message: view.line(&label.text),
        location: region(view, label.location),
    }
}

/// The fix, if all of it can be written.
fn fix_item(view: &Report, fix: &Fix) -> Option<JsonFix> {
    let edits = fix.edits.iter().map(|edit| {
        let location = region(view, Location::new(edit.file, edit.span));
        Some(JsonEdit {
            location,
            text: view.edit_text(&edit.text)?.to_owned(),
        })
    });

    let edits: Vec<JsonEdit> = edits.collect::<Option<_>>()?;
    Some(JsonFix {
        applicability: fix.applicability.as_str(),
        title: view.line(&fix.title),
        edits,
    })
}

fn region(view: &Report, location: Location) -> JsonRegion {
    let range = view.range(location);

    JsonRegion {
        file: view.path_in_root(location.file),
        start: point(range.start, location.span.start),
        end: point(range.end, location.span.end.max(location.span.start)),
    }
}

const fn point(position: Position, offset: u32) -> JsonPoint {
    JsonPoint {
        line: position.line,
        column: position.column,
        offset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Level;
    use crate::report::sample;

    #[test]
    fn holds_everything_but_secrets() {
        let outcome = sample::repository();
        let text = render(&Report::new(&outcome, Level::Note));
        assert!(!text.contains("not-a-real-token"));
        insta::assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "<version>"));
    }

    /// Every key of the document is described, and every described key that is required is there.
    #[test]
    fn is_described_by_its_schema() {
        let schema: serde_json::Value =
            serde_json::from_str(include_str!("../../docs/output.schema.json")).unwrap();
        let outcome = sample::repository();
        let document: serde_json::Value =
            serde_json::from_str(&render(&Report::new(&outcome, Level::Note))).unwrap();
        conforms(&schema, &schema, &document, "");
    }

    fn conforms(
        root: &serde_json::Value,
        schema: &serde_json::Value,
        value: &serde_json::Value,
        at: &str,
    ) {
        if let Some(reference) = schema["$ref"].as_str() {
            return conforms(
                root,
                &root["$defs"][reference.trim_start_matches("#/$defs/")],
                value,
                at,
            );
        }

        let kind = match value {
            serde_json::Value::Object(_) => "object",
            serde_json::Value::Array(_) => "array",
            serde_json::Value::String(_) => "string",
            serde_json::Value::Number(_) => "integer",
            serde_json::Value::Bool(_) => "boolean",
            serde_json::Value::Null => "null",
        };

        assert_eq!(schema["type"].as_str(), Some(kind), "{at}");
        if let Some(words) = schema["enum"].as_array() {
            assert!(words.contains(value), "{at}: {value}");
        }

        for required in schema["required"].as_array().into_iter().flatten() {
            assert!(
                value.get(required.as_str().unwrap()).is_some(),
                "{at}: no {required}"
            );
        }

        for (key, value) in value.as_object().into_iter().flatten() {
            let inner = &schema["properties"][key];
            assert!(!inner.is_null(), "{at}: undescribed {key}");
            conforms(root, inner, value, &format!("{at}/{key}"));
        }

        for value in value.as_array().into_iter().flatten() {
            conforms(root, &schema["items"], value, &format!("{at}/[]"));
        }
    }
}
