//! The base image of a stage, through images that are built in the repository itself: named build
//! contexts, and tags that a build here gives.

use super::Analysis;
pub use super::answers::{EffectiveBase, EffectiveRoot};
use crate::graph::ContextSource;
use crate::model::Setting;
use crate::model::dockerfile::{Base, Dockerfile, StageId};

/// How many Dockerfiles may build upon each other.
const MAX_DEPTH: u32 = 8;

/// The base of a stage, and the USER in effect there.
pub fn effective<'c>(
    ctx: &'c Analysis,
    dockerfile: &Dockerfile,
    stage: StageId,
) -> &'c EffectiveBase {
    static UNKNOWN: EffectiveBase = EffectiveBase {
        user: Setting::Unknown(None),
        root: EffectiveRoot::Unknown,
    };
    let part = (stage, dockerfile.stages.len());

    ctx.stage_bases
        .answer(dockerfile.id, part, || find_base(ctx, dockerfile, stage))
        .unwrap_or(&UNKNOWN)
}

fn find_base<'a>(ctx: &Analysis<'a>, dockerfile: &'a Dockerfile, stage: StageId) -> EffectiveBase {
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

    EffectiveBase {
        user: user.clone(),
        root,
    }
}
