//! Lock files: whether the repository has one for a Dockerfile, and whether it is in the image when
//! a step runs.

use crate::analysis::Analysis;
use crate::analysis::build_context::contexts;
use crate::model::dockerfile::{Dockerfile, Step};
use crate::source::{file_name, join};
use crate::syntax::dockerfile::{Body, Source, Transfer};

/// Whether `COPY poetry.lock*` counts where the repository has no such file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum WhenMissing {
    Yes,
    No,
}

/// Whether a lock file of this name is in or below a build context.
pub fn exists(ctx: &Analysis, dockerfile: &Dockerfile, name: &str) -> bool {
    contexts(ctx, dockerfile)
        .iter()
        .any(|context| ctx.holds_name(&context.folder, name))
}

/// Whether a lock file is in the image when the step runs.
pub fn copied(
    ctx: &Analysis,
    dockerfile: &Dockerfile,
    step: &Step,
    name: &str,
    hope: WhenMissing,
) -> bool {
    let is_mounted = step.mounts.iter().any(|mount| {
        mount
            .source()
            .is_some_and(|source| source.value.contains(name))
    });
    if is_mounted {
        return true;
    }

    let chain = dockerfile.layers(step.stage.index);
    dockerfile
        .instructions()
        .filter(|position| position.at <= step.at && chain.contains(&position.stage.index))
        .any(|position| match &position.instruction.body {
            Body::Copy(transfer) | Body::Add(transfer) => {
                transfer.from.is_some() || takes(ctx, dockerfile, transfer, name, hope)
            }
            _ => false,
        })
}

/// Whether a COPY or ADD takes the lock file from a build context.
fn takes(
    ctx: &Analysis,
    dockerfile: &Dockerfile,
    transfer: &Transfer,
    name: &str,
    hope: WhenMissing,
) -> bool {
    transfer.sources.iter().any(|source| {
        let Source::Path(word) = source else {
            return false;
        };

        match coverage(&word.text, name) {
            Coverage::Yes => true,
            Coverage::Pattern if hope == WhenMissing::Yes => true,
            Coverage::Pattern | Coverage::Folder => is_in_context(ctx, dockerfile, name),
            Coverage::No => false,
        }
    })
}

/// Whether a source of COPY takes a file of some name.
enum Coverage {
    /// It names the file, or may.
    Yes,
    /// It is a pattern that fits the name.
    Pattern,
    /// It is a whole folder, which holds the file if the repository does.
    Folder,
    No,
}

fn coverage(text: &str, name: &str) -> Coverage {
    if text.contains('$') || text.contains(name) && !text.contains('*') {
        return Coverage::Yes;
    }

    // `package*.json`, `*.lock`: what comes before the star may begin the name.
    let stem = text
        .trim_start_matches("./")
        .split('*')
        .next()
        .unwrap_or("");
    if text.contains('*') && name.starts_with(file_name(stem)) {
        return Coverage::Pattern;
    }

    if !text.contains(['.', '*']) || matches!(text, "." | "./") {
        Coverage::Folder
    } else {
        Coverage::No
    }
}

/// Whether a build context has a file of this name at its root.
fn is_in_context(ctx: &Analysis, dockerfile: &Dockerfile, name: &str) -> bool {
    contexts(ctx, dockerfile).iter().any(|context| {
        join(&context.folder, name).is_some_and(|path| ctx.facts.repository.find(&path).is_some())
    })
}
