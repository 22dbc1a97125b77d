//! A Dockerfile and its stages: what each inherits, and what the shipped image comes to.

use std::sync::OnceLock;

use super::scope::VariableScope;
use crate::model::container::HealthCheck;
use crate::model::env::EnvVar;
use crate::model::id::{Id, IdVec};
use crate::model::image::ImageUse;
use crate::model::{Command, Setting};
use crate::source::{FileId, Located, Location};
use crate::syntax::dockerfile as tree;
use crate::syntax::dockerfile::stages::{Stage as SyntacticStage, Stages};

/// The number of a Dockerfile among those of the repository.
pub type DockerfileId = Id<Dockerfile>;

/// One Dockerfile.
#[derive(Debug, Default)]
pub struct Dockerfile {
    pub id: DockerfileId,
    pub file: FileId,
    pub stages: IdVec<Stage>,
    /// The instructions as they are written, for checks of their form.
    pub tree: tree::Dockerfile,
    /// Which stage each instruction and each name belongs to, by text alone.
    pub named: Stages,
    /// The RUN instructions that a POSIX shell runs: the stage of each, and its index there. See
    /// [`Dockerfile::steps`].
    pub(super) posix: OnceLock<Vec<(StageId, usize)>>,
    /// See [`Dockerfile::shell_at`].
    pub(super) shells: OnceLock<Shells>,
    /// Of each stage, the one with which its chain of bases ends.
    pub(super) roots: OnceLock<IdVec<Stage, StageId>>,
}

/// The number of a stage in its Dockerfile.
pub type StageId = Id<Stage>;

/// One build stage.
#[derive(Debug)]
pub struct Stage {
    pub index: StageId,
    /// As written; names are compared without case where BuildKit does.
    pub name: Option<Located<String>>,
    /// The image word of the FROM instruction.
    pub location: Location,
    pub base: Base,
    /// The last USER of this stage: name or number, group included, variables resolved.
    pub user: Setting<String>,
    pub entrypoint: Option<Command>,
    pub cmd: Option<Command>,
    /// The last HEALTHCHECK of this stage.
    pub health: Setting<HealthCheck>,
    /// `SHELL`, if set here.
    pub shell: Option<Vec<Located<String>>>,
    /// Variables set by ENV, ARG and LABEL in this stage itself.
    pub env: Vec<EnvVar>,
    pub exposes: Vec<Located<String>>,
    /// Images named in `COPY --from` and `RUN --mount=from=` that are no stages.
    pub side_images: Vec<ImageUse>,
    /// Stages that this one copies or mounts from.
    pub copies_from: Vec<StageId>,
    /// Each RUN, those of ONBUILD triggers too: the index of its instruction, and what it runs.
    pub runs: Vec<(usize, Command)>,
    /// Variables in effect at the end of the stage.
    pub scope: VariableScope,
}

/// What a stage starts from.
#[derive(Debug)]
pub enum Base {
    /// An earlier stage of the same file, by index.
    Stage(StageId),
    Image(ImageUse),
    Scratch(Location),
}

/// The SHELL instructions of a Dockerfile, by their indexes.
#[derive(Debug, Default)]
pub(super) struct Shells {
    /// All, in order.
    pub(super) all: Vec<usize>,
    /// Of each stage, the one that is in effect where it begins.
    pub(super) inherited: IdVec<Stage, Option<usize>>,
}

impl Dockerfile {
    /// The stage that a build without a target ships.
    pub fn last_stage(&self) -> Option<StageId> {
        self.stages.last_id()
    }

    /// The stage that `--target name` means: a name, without case, the last of that name; or an
    /// index.
    pub fn stage_named(&self, target: &str) -> Option<StageId> {
        let named = self.stages.iter().rev().find(|stage| {
            stage
                .name
                .as_ref()
                .is_some_and(|name| name.value.eq_ignore_ascii_case(target))
        });

        let stage = named.or_else(|| self.stages.get(StageId::new(target.parse().ok()?)));

        stage.map(|stage| stage.index)
    }

    /// The lines of a stage.
    pub fn lines_of(&self, stage: StageId) -> Option<&SyntacticStage> {
        self.named.all.get(stage.number())
    }

    /// A stage, then the stage it starts from, and so on.
    pub fn chain(&self, stage: StageId) -> impl Iterator<Item = &Stage> {
        // A base is always an earlier stage, so the walk ends.
        std::iter::successors(self.stages.get(stage), |stage| match stage.base {
            Base::Stage(earlier) => self.stages.get(earlier),
            Base::Image(_) | Base::Scratch(_) => None,
        })
    }

    /// What the stage's chain starts from in the end: never `Base::Stage`.
    pub fn root(&self, stage: StageId) -> Option<&Base> {
        let roots = self.roots.get_or_init(|| {
            let mut roots: IdVec<Stage, StageId> = IdVec::default();

            for stage in &self.stages {
                // A base is always an earlier stage.
                let root = match stage.base {
                    Base::Stage(earlier) => roots.get(earlier).copied(),
                    Base::Image(_) | Base::Scratch(_) => None,
                };

                roots.push(root.unwrap_or(stage.index));
            }

            roots
        });

        Some(&self.stages.get(*roots.get(stage)?)?.base)
    }

    /// The USER in effect at the end of the stage, inherited ones included, with the stage that
    /// sets it. Absent where no stage of the chain sets one: then the base image decides.
    pub fn user(&self, stage: StageId) -> (&Setting<String>, StageId) {
        static ABSENT: Setting<String> = Setting::Absent;
        let set = self.chain(stage).find(|stage| !stage.user.is_absent());
        set.map_or((&ABSENT, stage), |stage| (&stage.user, stage.index))
    }

    /// The HEALTHCHECK in effect at the end of the stage.
    pub fn health(&self, stage: StageId) -> &Setting<HealthCheck> {
        static ABSENT: Setting<HealthCheck> = Setting::Absent;
        self.chain(stage)
            .map(|stage| &stage.health)
            .find(|health| !health.is_absent())
            .unwrap_or(&ABSENT)
    }

    /// The ENTRYPOINT and CMD in effect. An ENTRYPOINT clears a CMD that was inherited.
    pub fn start(&self, stage: StageId) -> (Option<&Command>, Option<&Command>) {
        let mut cmd = None;

        for stage in self.chain(stage) {
            cmd = cmd.or(stage.cmd.as_ref());
            if stage.entrypoint.is_some() {
                return (stage.entrypoint.as_ref(), cmd);
            }
        }

        (None, cmd)
    }

    /// The stages that building the targets builds, themselves included, in file order.
    pub fn reachable(&self, targets: impl IntoIterator<Item = StageId>) -> Vec<StageId> {
        let mut seen: IdVec<Stage, bool> = IdVec::with(self.stages.len(), || false);
        let mut open: Vec<StageId> = targets.into_iter().collect();

        while let Some(index) = open.pop() {
            let Some(stage) = self.stages.get(index) else {
                continue;
            };

            if std::mem::replace(&mut seen[index], true) {
                continue;
            }

            if let Base::Stage(earlier) = stage.base {
                open.push(earlier);
            }

            open.extend(&stage.copies_from);
        }

        seen.ids().filter(|&index| seen[index]).collect()
    }

    /// All images that the file names, FROM and side images.
    pub fn images(&self) -> impl Iterator<Item = &ImageUse> {
        self.stages.iter().flat_map(|stage| {
            let base = match &stage.base {
                Base::Image(image) => Some(image),
                Base::Stage(_) | Base::Scratch(_) => None,
            };

            base.into_iter().chain(&stage.side_images)
        })
    }
}
