//! `broken-kustomization`, `unmatched-patch`: kustomizations that do not build, or leave a patch out.

use crate::analysis::Ctx;
use crate::finding::{Finding, Sink};
use crate::model::facts::FileFacts;
use crate::model::kubernetes::{Kustomization, UnmatchedPatch};
use crate::source::{Located, SourceFile, parent};

/// How many paths of one kustomization are taken for mistakes.
const MAX_MISTAKES: usize = 2;

/// How many kustomizations of a repository are taken to be broken by mistake.
const MAX_BROKEN: usize = 3;

const REFUSED: &str = "kustomize refuses to build this";

pub fn broken(ctx: &Ctx, _: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    let Some(kustomization) = facts.kustomization.as_deref() else {
        return;
    };

    let missing: Vec<&Located<String>> = kustomization
        .missing
        .iter()
        .filter(|path| !may_be_elsewhere(ctx, path))
        .collect();
    let is_partial = missing.len() > MAX_MISTAKES || (!missing.is_empty() && is_partial(ctx));

    for path in missing {
        let written = ctx.facts.text(path.location);
        sink.report(
            Finding::new(
                path.location,
                format!("`{written}` is neither a file nor a folder with a kustomization"),
            )
            .label(REFUSED)
            .help("correct the path, or remove it")
            .aspect("missing")
            .case_if(is_partial, "partial"),
        );
    }

    if !kustomization.complete {
        return;
    }

    for rule in kustomization.replicas.iter().filter(|rule| !rule.matched) {
        sink.report(
            Finding::new(
                rule.name.location,
                format!(
                    "`replicas` names `{}`, but no workload has this name",
                    rule.name.value
                ),
            )
            .label(REFUSED)
            .help("use the name of a Deployment or StatefulSet that this kustomization gathers")
            .aspect("replicas"),
        );
    }

    for patch in unmatched(kustomization).filter(|patch| !patch.targeted) {
        sink.report(
            Finding::new(
                patch.location,
                format!("no object is {}, which this patch is for", title(patch)),
            )
            .label(REFUSED)
            .help("use kind and name of an object that this kustomization gathers")
            .aspect("patch"),
        );
    }
}

/// Whether many kustomizations name files that are not here: they are missing from a checkout of a
/// part, or before a build makes them.
fn is_partial(ctx: &Ctx) -> bool {
    let kustomizations = ctx.facts.files.iter();
    let kustomizations = kustomizations.filter_map(|file| file.kustomization.as_deref());

    kustomizations
        .filter(|kustomization| !kustomization.missing.is_empty())
        .nth(MAX_BROKEN)
        .is_some()
}

pub fn unmatched_patch(_: &Ctx, _: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    let Some(kustomization) = facts
        .kustomization
        .as_deref()
        .filter(|kustomization| kustomization.complete)
    else {
        return;
    };

    for patch in unmatched(kustomization).filter(|patch| patch.targeted) {
        sink.report(
            Finding::new(
                patch.location,
                format!(
                    "the target {} of this patch matches no object",
                    title(patch)
                ),
            )
            .label("kustomize skips the patch without an error")
            .help("use kind and name of an object that this kustomization gathers"),
        );
    }
}

fn unmatched(kustomization: &Kustomization) -> impl Iterator<Item = &UnmatchedPatch> {
    kustomization.unmatched.iter()
}

/// Kind and name as far as they are given.
fn title(patch: &UnmatchedPatch) -> String {
    match (&patch.kind, &patch.name) {
        (Some(kind), Some(name)) => format!("{kind}/{name}"),
        (Some(kind), None) => format!("`{kind}`"),
        (None, Some(name)) => format!("`{name}`"),
        (None, None) => "selector".to_owned(),
    }
}

/// Whether a resource is made by a build, comes with a submodule, or is the address of another
/// repository.
fn may_be_elsewhere(ctx: &Ctx, path: &Located<String>) -> bool {
    let written = ctx.facts.text(path.location);
    let is_address = written
        .split_once('/')
        .is_some_and(|(host, _)| host.contains('.') && !host.starts_with('.'));
    let is_filled_in = written.contains(['$', '{', '<', '%']);
    let mut folder = path.value.as_str();

    while !folder.is_empty() {
        if ctx.is_submodule(folder) {
            return true;
        }

        folder = parent(folder);
    }

    let is_ignored = ctx.is_ignored(&path.value)
        || ctx.is_ignored(&format!("{}/kustomization.yaml", path.value));

    is_address || is_filled_in || is_ignored
}
