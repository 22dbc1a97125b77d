//! Stages of a Dockerfile: which are shipped, built, for development.

use crate::analysis::Analysis;
use crate::model::dockerfile::{Dockerfile, Stage, StageId};
use crate::model::file_role::is_development_word;
use crate::source::{join, parent};
use std::collections::BTreeSet;

/// The stages whose layers are in a shipped image: the shipped ones and those they are built
/// `FROM`.
pub fn shipped_layers<'c>(ctx: &'c Analysis, dockerfile: &Dockerfile) -> &'c BTreeSet<StageId> {
    ctx.shipped_layers
        .answer(dockerfile.id, || find_shipped_layers(ctx, dockerfile))
}

fn find_shipped_layers(ctx: &Analysis, dockerfile: &Dockerfile) -> BTreeSet<StageId> {
    let mut layers = BTreeSet::new();

    for stage in ctx.graph.shipped(dockerfile) {
        // The bases of a stage that was met before were met with it.
        for layer in dockerfile.chain(stage) {
            if !layers.insert(layer.index) {
                break;
            }
        }
    }

    layers
}

/// The stages that building a shipped image builds.
pub fn built<'c>(ctx: &'c Analysis, dockerfile: &Dockerfile) -> &'c BTreeSet<StageId> {
    ctx.built_stages.answer(dockerfile.id, || {
        dockerfile
            .reachable(ctx.graph.shipped(dockerfile))
            .into_iter()
            .collect()
    })
}

/// Whether the Dockerfile is for development or tests.
pub fn is_development(ctx: &Analysis, dockerfile: &Dockerfile) -> bool {
    ctx.facts.is_development(dockerfile.file)
}

/// Whether the Dockerfile is that of a GitHub action: GitHub runs it, as root, and it ends.
pub fn is_action(ctx: &Analysis, dockerfile: &Dockerfile) -> bool {
    let path = ctx.facts.path(dockerfile.file);
    if path.contains(".github/actions/") {
        return true;
    }

    ["action.yml", "action.yaml"].iter().any(|name| {
        join(parent(path), name).is_some_and(|path| ctx.facts.repository.find(&path).is_some())
    })
}

/// Whether the Dockerfile only holds the name of an image, which scripts read: one FROM, and nothing
/// builds it.
pub fn is_placeholder(ctx: &Analysis, dockerfile: &Dockerfile) -> bool {
    dockerfile.stages.len() == 1
        && dockerfile.instructions().next().is_none()
        && ctx.graph.uses(dockerfile.file).is_empty()
}

/// Whether a stage is for development or tests by its name.
pub fn is_development_stage(stage: &Stage) -> bool {
    stage
        .name
        .as_ref()
        .is_some_and(|name| name.value.split(['.', '-', '_']).any(is_development_word))
}

/// Whether the image of a stage is for development or tests: by its own name, or its Dockerfile's.
pub fn is_for_development(ctx: &Analysis, dockerfile: &Dockerfile, stage: StageId) -> bool {
    dockerfile
        .stages
        .get(stage)
        .is_some_and(is_development_stage)
        || is_development(ctx, dockerfile)
}

/// The shipped stages that serve: none for development or tests.
pub fn serving(ctx: &Analysis, dockerfile: &Dockerfile) -> Vec<StageId> {
    ctx.graph
        .shipped(dockerfile)
        .into_iter()
        .filter(|&stage| !is_for_development(ctx, dockerfile, stage))
        .collect()
}
