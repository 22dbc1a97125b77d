//! `generic-credential`: values in source or configuration that look generated and whose names
//! announce a secret.

use crate::analysis::Ctx;
use crate::credential;
use crate::finding::{Confidence, Finding, Sink};
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::model::file_role::is_generated;
use crate::source::SourceFile;

pub fn check(ctx: &Ctx, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    let is_searched = matches!(
        facts.kind,
        FileKind::Text
            | FileKind::OtherYaml
            | FileKind::HelmValues
            | FileKind::Template
            | FileKind::GitlabCi
    );
    if !is_searched
        || !ctx.facts.is_production(source.id)
        || is_generated(&source.path)
        || is_translation(&source.path)
        || ctx.facts.path(source.id).ends_with(".snap")
    {
        return;
    }

    for assignment in credential::assignments(&source.text) {
        let span = assignment.span;
        // Other rules report what has a known form.
        let has_form = facts
            .hits
            .iter()
            .any(|hit| hit.span.start < span.end && span.start < hit.span.end);
        if has_form {
            continue;
        }

        let location = source.location(span);
        let mut finding = Finding::new(
            location,
            format!(
                "`{}` is set to what looks like a credential",
                assignment.name
            ),
        )
        .label("long and random")
        .help("read it from the environment or a secret store, and rotate it if it is real")
        .secret(location);
        finding.confidence = Confidence::Low;
        sink.report(finding);
    }
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
