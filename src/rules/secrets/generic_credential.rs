//! `generic-credential`: what a name in source or configuration says is a secret and a generator
//! seems to have made.

use crate::analysis::Ctx;
use crate::credential;
use crate::finding::{Confidence, Finding, Sink};
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::model::file_role::{is_generated, is_practice};
use crate::source::SourceFile;

pub fn check(ctx: &Ctx, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    let open = matches!(
        facts.kind,
        FileKind::Text
            | FileKind::OtherYaml
            | FileKind::HelmValues
            | FileKind::Template
            | FileKind::GitlabCi
    );
    if !open
        || is_practice(&source.path)
        || is_generated(&source.path)
        || is_translation(&source.path)
    {
        return;
    }

    for one in credential::assignments(&source.text) {
        let known = facts
            .hits
            .iter()
            .any(|hit| hit.span.start < one.span.end && one.span.start < hit.span.end);
        let path = ctx.facts.path(source.id);
        if known || path.ends_with(".snap") {
            continue;
        }

        let location = source.location(one.span);
        let mut finding = Finding::new(
            location,
            format!("`{}` is set to what looks like a credential", one.name),
        )
        .label("long and random")
        .help("read it from the environment or a secret store, and rotate it if it is real")
        .secret(location);
        finding.confidence = Confidence::Low;
        sink.report(finding);
    }
}

/// Files of texts in many languages, where every label is a key with a name.
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
