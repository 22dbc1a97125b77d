//! The RUN instructions as a POSIX shell reads them, with the stage and the mounts they run with.
//! What PowerShell, `cmd` or another interpreter runs is left out: no rule checks it.

use std::ops::Range;

use super::stage::{Base, Dockerfile, Shells, Stage, StageId};
use crate::model::Command;
use crate::model::id::IdVec;
use crate::model::image::Reference;
use crate::model::package::covers_folder;
use crate::source::{Location, Span};
use crate::syntax::dockerfile::{Body, Escape, Instruction, Mount, Run};
use crate::syntax::shell::Script;

/// Programs that read the language that [`Script`] understands.
const SHELLS: &[&str] = &["ash", "bash", "dash", "ksh", "sh", "zsh"];

/// One RUN.
#[derive(Clone, Copy, Debug)]
pub struct Step<'d> {
    pub stage: &'d Stage,
    /// Index of its instruction.
    pub at: usize,
    pub instruction: &'d Instruction,
    pub mounts: &'d [Mount],
    pub command: &'d Command,
    /// It is the RUN of an ONBUILD.
    pub trigger: bool,
}

/// An instruction with its stage.
#[derive(Clone, Copy, Debug)]
pub struct StageInstruction<'d> {
    pub stage: &'d Stage,
    pub at: usize,
    pub instruction: &'d Instruction,
}

impl<'d> Step<'d> {
    pub fn script(&self) -> &'d Script {
        self.command.script()
    }

    pub fn location(&self, span: Span) -> Location {
        self.command.place_of(span)
    }

    /// Whether a cache or tmpfs mount holds this folder, so that what is written there is in no
    /// layer.
    pub fn is_mounted(&self, folder: &str) -> bool {
        let folder = folder.trim_end_matches('/');
        self.mounts
            .iter()
            .filter(|mount| matches!(&*mount.kind(), "cache" | "tmpfs"))
            .any(|mount| {
                mount.target().is_some_and(|target| {
                    let target = target.value.trim_end_matches('/');
                    target == folder
                        || folder
                            .strip_prefix(target)
                            .is_some_and(|rest| rest.starts_with('/'))
                })
            })
    }

    /// Whether any cache is mounted on this folder, above it or in it.
    pub fn has_cache(&self, part: &str) -> bool {
        let caches = self.mounts.iter().filter(|mount| mount.kind() == "cache");
        caches
            .filter_map(Mount::target)
            .any(|target| covers_folder(&target.value, part))
    }
}

impl Dockerfile {
    /// Every RUN that a POSIX shell runs, in order.
    pub fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        self.posix().iter().filter_map(|run| self.step(*run))
    }

    /// The steps of one stage.
    pub fn steps_of(&self, stage: StageId) -> impl Iterator<Item = Step<'_>> {
        let all = self.posix();
        let first = all.partition_point(|run| run.0 < stage);
        all[first..]
            .iter()
            .take_while(move |run| run.0 == stage)
            .filter_map(|run| self.step(*run))
    }

    /// The steps whose files are in the image of a stage: its own and those of the stages that it is
    /// built `FROM`.
    pub fn steps_in_image(&self, stage: StageId) -> impl Iterator<Item = Step<'_>> {
        let layers = self.layers(stage);

        self.steps()
            .filter(move |step| layers.contains(&step.stage.index))
    }

    fn posix(&self) -> &[(StageId, usize)] {
        self.posix.get_or_init(|| self.posix_runs())
    }

    fn step(&self, (stage, number): (StageId, usize)) -> Option<Step<'_>> {
        let stage = &self.stages[stage];
        let (index, command) = &stage.runs[number];
        let instruction = &self.tree.instructions[*index];
        let (run, trigger) = run(instruction)?;
        Some(Step {
            stage,
            at: *index,
            instruction,
            mounts: &run.mounts,
            command,
            trigger,
        })
    }

    fn posix_runs(&self) -> Vec<(StageId, usize)> {
        let stages = self
            .stages
            .iter()
            .filter(|stage| !stage.runs.is_empty() && !self.is_windows(stage.index));
        let runs = stages.flat_map(|stage| {
            stage
                .runs
                .iter()
                .zip(0..)
                .map(move |((index, _), number)| (stage, *index, number))
        });

        let posix = runs.filter(|(stage, index, _)| self.is_posix(stage.index, *index));
        posix
            .map(|(stage, _, number)| (stage.index, number))
            .collect()
    }

    /// The instructions of one stage, FROM left out, in order.
    pub fn instructions_of(&self, stage: StageId) -> impl Iterator<Item = StageInstruction<'_>> {
        self.lines_of(stage)
            .zip(self.stages.get(stage))
            .into_iter()
            .flat_map(|(named, stage)| self.positions(named.instructions.clone(), stage))
    }

    /// Whether every stage is the image that it starts from, and nothing is done with it.
    pub fn only_names_images(&self) -> bool {
        self.instructions().all(|position| {
            matches!(
                position.instruction.body,
                Body::Arg(_) | Body::Label(_) | Body::Maintainer(_)
            )
        })
    }

    /// The instructions of each stage, FROM left out, in order. Those before the first FROM belong
    /// to none.
    pub fn instructions(&self) -> impl Iterator<Item = StageInstruction<'_>> {
        self.named
            .all
            .iter()
            .zip(&self.stages)
            .flat_map(|(named, stage)| self.positions(named.instructions.clone(), stage))
    }

    fn positions<'d>(
        &'d self,
        range: Range<usize>,
        stage: &'d Stage,
    ) -> impl Iterator<Item = StageInstruction<'d>> {
        range.map(move |index| StageInstruction {
            stage,
            at: index,
            instruction: &self.tree.instructions[index],
        })
    }

    /// Whether the stage is built upon Windows, by the names of its images.
    pub fn is_windows(&self, stage: StageId) -> bool {
        self.tree.escape == Escape::Backtick
            || matches!(self.root(stage), Some(Base::Image(image)) if image.reference.as_ref().is_some_and(is_windows))
    }

    /// The words of SHELL in effect before an instruction of a stage; `None` for the default.
    pub fn shell_at(&self, stage: StageId, index: usize) -> Option<Vec<&str>> {
        let range = &self.lines_of(stage)?.instructions;
        let shells = self.shells.get_or_init(|| self.find_shells());
        let before = shells
            .all
            .partition_point(|shell| *shell < index.min(range.end));
        let in_stage = shells.all[..before]
            .last()
            .copied()
            .filter(|shell| *shell >= range.start);
        match &self.tree.instructions[in_stage.or(shells.inherited[stage])?].body {
            Body::Shell(words) => Some(words.iter().map(|word| word.value.as_str()).collect()),
            _ => None,
        }
    }

    fn find_shells(&self) -> Shells {
        let mut shells = Shells::default();
        let mut ends: IdVec<Stage, Option<usize>> = IdVec::default();

        for (stage, named) in self.stages.iter().zip(&self.named.all) {
            // A base is always an earlier stage.
            let inherited = match stage.base {
                Base::Stage(earlier) => ends.get(earlier).copied().flatten(),
                Base::Image(_) | Base::Scratch(_) => None,
            };

            let first = shells.all.len();
            shells.all.extend(
                named
                    .instructions
                    .clone()
                    .filter(|index| matches!(self.tree.instructions[*index].body, Body::Shell(_))),
            );
            ends.push(shells.all[first..].last().copied().or(inherited));
            shells.inherited.push(inherited);
        }

        shells
    }

    fn is_posix(&self, stage: StageId, index: usize) -> bool {
        let Some(words) = self.shell_at(stage, index) else {
            return true;
        };

        words.iter().any(|word| {
            let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
            SHELLS.contains(&name.to_ascii_lowercase().trim_end_matches(".exe"))
        })
    }

    /// The stages whose files are in the image of `stage`: itself and those it is built `FROM`.
    pub fn layers(&self, stage: StageId) -> Vec<StageId> {
        self.chain(stage).map(|stage| stage.index).collect()
    }
}

fn run(instruction: &Instruction) -> Option<(&Run, bool)> {
    match &instruction.body {
        Body::Run(run) => Some((run, false)),
        Body::Onbuild(trigger) => match &trigger.body {
            Body::Run(run) => Some((run, true)),
            _ => None,
        },
        _ => None,
    }
}

fn is_windows(reference: &Reference) -> bool {
    let path = reference.path.to_ascii_lowercase();
    let tag = reference.tag.as_deref().unwrap_or("").to_ascii_lowercase();
    let words = [
        "windowsservercore",
        "nanoserver",
        "servercore",
        "windows-",
        "-windows",
        "ltsc20",
    ];
    path.starts_with("windows")
        || ["dotnet/framework", "microsoft/iis", "microsoft/aspnet"]
            .iter()
            .any(|name| path.contains(name))
        || words
            .iter()
            .any(|word| path.contains(word) || tag.contains(word))
}
