//! `broken-kustomization`, `unmatched-patch`: kustomizations that do not build, or leave a patch out.

use crate::analysis::Analysis;
use crate::finding::{Finding, Sink};
use crate::model::facts::FileFacts;
use crate::model::kubernetes::{BuildProblem, Kustomization, KustomizationFault, UnmatchedPatch};
use crate::source::{Located, SourceFile, parent};

/// How many paths of one kustomization are taken for mistakes.
const MAX_MISTAKES: usize = 2;

/// How many kustomizations of a repository are taken to be broken by mistake.
const MAX_BROKEN: usize = 3;

const REFUSED: &str = "kustomize refuses to build this";

pub fn broken(ctx: &Analysis, _: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    let Some(kustomization) = facts.kustomization.as_deref() else {
        return;
    };

    let missing: Vec<&Located<String>> = kustomization
        .missing
        .iter()
        .filter(|path| !may_be_elsewhere(ctx, path))
        .collect();
    let is_partial =
        missing.len() > MAX_MISTAKES || (!missing.is_empty() && is_partial_checkout(ctx));

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

    for fault in &kustomization.faults {
        report_fault(ctx, kustomization, fault, sink);
    }

    if kustomization.files.is_open() {
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

/// Reports what kustomize refuses in a kustomization.
fn report_fault(
    ctx: &Analysis,
    kustomization: &Kustomization,
    fault: &KustomizationFault,
    sink: &mut Sink,
) {
    let mut is_partial = false;

    let (message, help) = match &fault.problem {
        BuildProblem::UnknownField { key, nearest } => (
            format!("unknown field `{key}` of a kustomization"),
            match nearest {
                Some(nearest) => format!("write `{nearest}`, or remove it"),
                None => "remove it, or correct its name".to_owned(),
            },
        ),
        BuildProblem::PatchForm => (
            "a patch must have either `path` or `patch`".to_owned(),
            "keep one of them".to_owned(),
        ),
        BuildProblem::MissingFile { path, secret } => {
            let path = Located::new(path.clone(), fault.location);
            if may_be_elsewhere(ctx, &path) || is_partial_checkout(ctx) {
                return;
            }

            is_partial = *secret;
            (
                format!("the file `{}` does not exist", path.value),
                "correct the path, or add the file".to_owned(),
            )
        }
        BuildProblem::ComponentAsResource => (
            "a component is listed under `resources`".to_owned(),
            "list it under `components`".to_owned(),
        ),
        BuildProblem::ResourceAsComponent => (
            "a kustomization that is not a component is listed under `components`".to_owned(),
            "list it under `resources`, or set `kind: Component` in it".to_owned(),
        ),
        BuildProblem::TwiceGathered(title) => (
            format!("{title} is gathered twice"),
            "remove one of the two objects".to_owned(),
        ),
        BuildProblem::Cycle => (
            format!("`{}` gathers itself", kustomization.folder),
            "remove the resource that leads back".to_owned(),
        ),
        BuildProblem::MissingPath { operation, path } => (
            format!("`{operation}` of `{path}`, which the object does not have"),
            "correct the path".to_owned(),
        ),
    };

    sink.report(
        Finding::new(fault.location, message.clone())
            .label(REFUSED)
            .help(help)
            .aspect(message)
            .case_if(is_partial, "partial"),
    );
}

/// Whether many kustomizations name files that are not here: they are missing from a checkout of a
/// part, or before a build makes them.
fn is_partial_checkout(ctx: &Analysis) -> bool {
    let kustomizations = ctx.facts.files.iter();
    let kustomizations = kustomizations.filter_map(|file| file.kustomization.as_deref());

    // Many missing files of one kustomization show the same.
    let missing = kustomizations.map(|kustomization| {
        let files = kustomization.faults.iter().filter(|fault| {
            matches!(
                fault.problem,
                BuildProblem::MissingFile { secret: false, .. }
            )
        });

        kustomization.missing.len().max(files.count())
    });
    let broken: usize = missing
        .map(|missing| {
            if missing > MAX_MISTAKES {
                MAX_BROKEN + 1
            } else {
                missing.min(1)
            }
        })
        .sum();

    broken > MAX_BROKEN
}

pub fn unmatched_patch(_: &Analysis, _: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    let Some(kustomization) = facts
        .kustomization
        .as_deref()
        .filter(|kustomization| !kustomization.files.is_open())
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
fn may_be_elsewhere(ctx: &Analysis, path: &Located<String>) -> bool {
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
