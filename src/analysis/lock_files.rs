//! Lock files: whether the repository has one for a Dockerfile, and whether it is in the image when
//! a step runs.

use crate::analysis::Ctx;
use crate::model::build_context::contexts;
use crate::model::dockerfile::{Dockerfile, Step};
use crate::source::{file_name, join};
use crate::syntax::dockerfile::{Body, Source, Word};

/// Whether `COPY poetry.lock*` counts where nobody sees such a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum WhenMissing {
    Yes,
    No,
}

/// Whether a lock file of this name stands in or below a build context.
pub fn exists(ctx: &Ctx, dockerfile: &Dockerfile, name: &str) -> bool {
    contexts(ctx.facts, dockerfile).iter().any(|context| {
        ctx.facts
            .repository
            .below(&context.folder)
            .iter()
            .any(|file| file.name() == name)
    })
}

/// Whether a lock file is in the image when the step runs.
pub fn copied(
    ctx: &Ctx,
    dockerfile: &Dockerfile,
    step: &Step,
    name: &str,
    hope: WhenMissing,
) -> bool {
    let chain = dockerfile.layers(step.stage.index);
    let contexts = contexts(ctx.facts, dockerfile);
    let in_context = || {
        contexts.iter().any(|context| {
            join(&context.folder, name)
                .is_some_and(|path| ctx.facts.repository.find(&path).is_some())
        })
    };

    let takes = |word: &Word| {
        let text = word.text.as_str();
        // `package*.json`, `*.lock`: what comes before the star may begin the name.
        let stem = text
            .trim_start_matches("./")
            .split('*')
            .next()
            .unwrap_or("");
        let pattern = text.contains('*') && name.starts_with(file_name(stem));
        // A whole folder holds it if the repository does.
        let whole = !text.contains(['.', '*']) || matches!(text, "." | "./");
        text.contains('$')
            || text.contains(name) && !text.contains('*')
            || pattern && hope == WhenMissing::Yes
            || (whole || pattern) && in_context()
    };

    let mounted = step.mounts.iter().any(|mount| {
        mount
            .source()
            .is_some_and(|source| source.value.contains(name))
    });

    mounted
        || dockerfile.instructions().any(|position| {
            let (Body::Copy(transfer) | Body::Add(transfer)) = &position.instruction.body else {
                return false;
            };

            let before = position.at <= step.at && chain.contains(&position.stage.index);
            let mut paths = transfer.sources.iter().filter_map(|source| match source {
                Source::Path(word) => Some(word),
                Source::Heredoc(..) => None,
            });

            before && (transfer.from.is_some() || paths.any(takes))
        })
}
