//! The base image of a stage, through images that are built in the repository itself: named build
//! contexts, and tags that a build here gives.

use crate::analysis::Ctx;
use crate::graph::ContextSource;
use crate::model::Setting;
use crate::model::dockerfile::{Base, Dockerfile};
use crate::model::image::Reference;

/// How many Dockerfiles may build upon each other.
const MAX_DEPTH: u32 = 8;

/// What a stage comes to with all that it is built upon.
#[derive(Debug)]
pub struct EffectiveBase<'a> {
    /// The USER in effect, in this Dockerfile or in that of its base.
    pub user: &'a Setting<String>,
    pub root: EffectiveRoot,
}

/// The image that is built nowhere in the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EffectiveRoot {
    Image(Reference),
    Scratch,
    Unknown,
}

impl EffectiveBase<'_> {
    pub const fn image(&self) -> Option<&Reference> {
        match &self.root {
            EffectiveRoot::Image(reference) => Some(reference),
            EffectiveRoot::Scratch | EffectiveRoot::Unknown => None,
        }
    }
}

/// The base of a stage, and the USER in effect there.
pub fn effective<'a>(ctx: &Ctx<'a>, dockerfile: &'a Dockerfile, stage: usize) -> EffectiveBase<'a> {
    let (mut dockerfile, mut stage) = (dockerfile, stage);
    let mut user = dockerfile.user(stage).0;
    let mut root = EffectiveRoot::Unknown;

    for _ in 0..MAX_DEPTH {
        let reference = match dockerfile.root(stage) {
            Some(Base::Scratch(_)) => {
                root = EffectiveRoot::Scratch;
                break;
            }
            Some(Base::Image(image)) => image.reference.as_ref(),
            Some(Base::Stage(_)) | None => None,
        };
        let Some(reference) = reference else {
            break;
        };

        let built = match ctx.graph.base_source(dockerfile.file, reference) {
            None => {
                root = EffectiveRoot::Image(reference.clone());
                break;
            }
            Some(ContextSource::Image(image)) => {
                root = EffectiveRoot::Image(image);
                break;
            }
            Some(ContextSource::Built(built)) => built,
            Some(ContextSource::Other) => break,
        };
        let Some(base) = ctx.facts.file(built.dockerfile).dockerfile.as_deref() else {
            break;
        };

        // The image bears the name of its own base.
        if base.file == dockerfile.file {
            root = EffectiveRoot::Image(reference.clone());
            break;
        }

        (dockerfile, stage) = (base, built.stage);

        if user.is_absent() {
            user = dockerfile.user(stage).0;
        }
    }

    EffectiveBase { user, root }
}
