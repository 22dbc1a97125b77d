//! Facts of a Dockerfile: stages, what each inherits, and what the shipped image comes to.

use super::env::EnvVar;
use super::image::ImageUse;
use crate::source::{At, FileId, Place};

/// One Dockerfile.
#[derive(Debug, Default)]
pub struct Dockerfile {
    pub file: FileId,
    pub stages: Vec<Stage>,
    /// Images named in `COPY --from` and `RUN --mount=from=` that are not stages; those of FROM are in the stages.
    pub side_images: Vec<ImageUse>,
}

/// One build stage.
#[derive(Debug)]
pub struct Stage {
    pub index: usize,
    pub name: Option<At<String>>,
    /// The FROM instruction.
    pub place: Place,
    pub base: Base,
    /// Variables set by ENV, ARG and LABEL in this stage itself.
    pub env: Vec<EnvVar>,
}

/// What a stage starts from.
#[derive(Debug)]
pub enum Base {
    /// An earlier stage of the same file, by index.
    Stage(usize),
    Image(ImageUse),
    Scratch(Place),
}
