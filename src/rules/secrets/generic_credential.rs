//! `generic-credential`: values in source or configuration that look generated and whose names
//! announce a secret.

use std::collections::HashSet;

use crate::analysis::Analysis;
use crate::credential;
use crate::finding::{Confidence, Finding, Sink};
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::model::file_role::{FileRole, Role, is_generated};
use crate::model::kubernetes::Body;
use crate::model::path_class;
use crate::source::{SourceFile, Span};

pub fn check(ctx: &Analysis, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    let is_searched = matches!(
        facts.kind,
        FileKind::Text
            | FileKind::OtherYaml
            | FileKind::HelmValues
            | FileKind::Template
            | FileKind::Kubernetes
    );
    if !is_searched
        || !is_used(ctx, source)
        || is_generated(&source.path)
        || is_translation(&source.path)
        || ctx.facts.path(source.id).ends_with(".snap")
    {
        return;
    }

    for span in credential::secrets_of_file(&source.path, &source.text) {
        report(source, source.name(), span, sink);
    }

    let known = known_documents(facts);

    for assignment in credential::assignments(&source.text, path_class::values(&source.path)) {
        let span = assignment.span;
        if known.iter().any(|document| document.contains(span)) {
            continue;
        }

        // Other rules report what has a known form.
        let has_form = facts
            .hits
            .iter()
            .any(|hit| hit.span.start < span.end && span.start < hit.span.end);
        if has_form {
            continue;
        }

        report(source, assignment.name, span, sink);
    }
}

fn report(source: &SourceFile, name: &str, span: Span, sink: &mut Sink) {
    let location = source.location(span);
    let mut finding = Finding::new(
        location,
        format!("`{name}` is set to what looks like a credential"),
    )
    .label("long and random")
    .help("read it from the environment or a secret store, and rotate it if it is real")
    .secret(location);
    finding.confidence = Confidence::Low;
    sink.report(finding);
}

/// Whether a file is used for more than to show something. A notebook is a document, but its code
/// has run.
fn is_used(ctx: &Analysis, source: &SourceFile) -> bool {
    let code = source.path.strip_suffix(".ipynb");

    ctx.facts.is_production(source.id)
        || code.is_some_and(|path| FileRole::of(path).role == Role::Production)
}

/// The documents of a manifest whose kinds have rules of their own. What a custom object passes on,
/// such as the values of a HelmRelease, no other rule looks at.
fn known_documents(facts: &FileFacts) -> Vec<Span> {
    if facts.kind != FileKind::Kubernetes {
        return Vec::new();
    }

    let known: HashSet<&str> = facts
        .objects
        .iter()
        .filter(|object| !matches!(object.body, Body::Other))
        .map(|object| object.kind.value.as_str())
        .collect();

    facts
        .sections()
        .filter(|(_, kind)| kind.is_none_or(|kind| known.contains(kind) || kind.contains("Secret")))
        .map(|(span, _)| span)
        .collect()
}

/// Whether a file holds translations, where every label is a key with a name.
fn is_translation(path: &str) -> bool {
    const FOLDERS: &[&str] = &[
        "locale",
        "locales",
        "i18n",
        "l10n",
        "lang",
        "langs",
        "translations",
    ];
    path.split('/')
        .any(|part| FOLDERS.contains(&part.to_ascii_lowercase().as_str()))
}
