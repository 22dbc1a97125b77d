//! `syntax-error`: files that cannot be parsed.

use crate::analysis::Analysis;
use crate::finding::{Finding, Sink};
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::model::lower::{self, FormatSpec};
use crate::source::{Location, SourceFile, Span, file_name};

/// How many errors of one file are reported: the others mostly follow from the first ones.
const SHOWN: usize = 5;

pub fn check(_: &Analysis, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    // JSON often has comments, which its readers accept.
    let is_json = source.path.ends_with(".json") && facts.kind == FileKind::OtherYaml;
    if is_json || !FormatSpec::of(facts.kind).is_yaml() && facts.kind != FileKind::Dockerfile {
        return;
    }

    for error in facts.errors.iter().take(SHOWN) {
        let mut finding = Finding::new(
            source.location(error.span),
            format!("syntax error: {}", error.message),
        )
        .help("fix the syntax; the rest of the file is checked only as far as it can be parsed");
        if let Some((span, text)) = &error.related {
            finding = finding.related(source.location(*span), text.clone());
        }

        sink.report(finding);
    }

    if facts.errors.is_empty()
        && matches!(
            facts.kind,
            FileKind::Workflow | FileKind::Compose | FileKind::Dockerfile
        )
    {
        if let Some(error) = lower::empty_file_error(source) {
            sink.report(
                Finding::new(
                    source.location(error.span),
                    format!("cannot be used: {}", error.message),
                )
                .help("add content, or delete the file"),
            );
        } else if facts.kind == FileKind::Workflow && source.text.lines().all(is_blank) {
            sink.report(
                Finding::new(
                    source.location(first_line(source)),
                    "cannot be used: the file contains only comments",
                )
                .help("write the workflow, or delete the file"),
            );
        }
    }

    if facts.errors.is_empty() && facts.kind == FileKind::Compose {
        check_compose(source, facts, sink);
    }
}

/// Reports files with the name of a compose file but without `services`, such as those of the first
/// format.
fn check_compose(source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    const KEYS: &[&str] = &[
        "services", "include", "volumes", "networks", "secrets", "configs", "models", "name",
    ];
    let name = file_name(&source.path).to_ascii_lowercase();
    let Some(tree) = facts.schema_tree() else {
        return;
    };

    if !name.contains("compose") || source.text.trim().is_empty() {
        return;
    }

    let Some(root) = tree.root() else { return };

    let keys: Vec<(&str, Location)> = root
        .entries()
        .map(|entry| entry.key)
        .filter_map(|key| Some((key.str()?, key.location())))
        .collect();
    if keys.iter().any(|(key, _)| KEYS.contains(key)) {
        return;
    }

    let first_service = keys
        .iter()
        .find(|(key, _)| !key.starts_with("x-") && *key != "version");
    let (location, label) = match first_service {
        Some((_, location)) => (
            *location,
            "services at the top level are no longer supported",
        ),
        None => (root.location(), "`services` is missing"),
    };

    sink.report(
        Finding::new(location, "cannot be used: a compose file needs `services`")
            .label(label)
            .help("put the services under a top-level `services:` key"),
    );
}

fn is_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#') || line == "---"
}

fn first_line(source: &SourceFile) -> Span {
    source.lines().span(0, &source.text)
}
