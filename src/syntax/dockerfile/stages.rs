//! Stages: which instructions belong to which, and which stage a name means where.
//!
//! Resolution is the builder's own and purely by text: an image named through a variable resolves
//! only once the model has expanded it, which is why [`Stages::base`] and [`Stages::named`] take
//! the name.

use std::collections::HashMap;
use std::ops::Range;

use super::tree::{Body, Dockerfile, From, Instruction};
use crate::source::{Span, Spanned};

/// The stages of a Dockerfile, in order.
#[derive(Clone, Debug, Default)]
pub struct Stages {
    pub all: Vec<Stage>,
    /// The stages of each name, in order.
    names: HashMap<String, Vec<usize>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    pub index: usize,
    /// In lower case, as the builder compares it, with the span of the name as written.
    pub name: Option<Spanned<String>>,
    /// Index of its FROM in [`Dockerfile::instructions`].
    pub from: usize,
    /// Its instructions after FROM.
    pub instructions: Range<usize>,
    /// The earlier stage that it is built upon, when FROM names one literally.
    pub base: Option<usize>,
    /// What COPY and RUN of this stage take files from.
    pub uses: Vec<Use>,
}

/// A `COPY --from` or `RUN --mount=from=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Index of the instruction.
    pub instruction: usize,
    /// As written.
    pub name: Spanned<String>,
    pub target: Target,
}

/// What a `from` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Stage(usize),
    /// The stage itself, or one that stands later: the builder refuses it.
    NotEarlier(usize),
    /// A number that no stage has.
    NoSuchIndex,
    /// No stage: an image, or a build context named on the command line.
    Elsewhere,
    /// A variable, which the builder refuses here.
    Variable,
}

impl Stages {
    pub fn of(file: &Dockerfile) -> Self {
        let mut stages = Self::default();

        for (at, instruction) in file.instructions.iter().enumerate() {
            if let Body::From(from) = &instruction.body {
                stages.begin(at, from);
            } else if let Some(stage) = stages.all.last_mut() {
                stage.instructions.end = at + 1;
            }
        }

        for index in 0..stages.all.len() {
            let range = stages.all[index].instructions.clone();
            let uses =
                range.flat_map(|at| uses(&file.instructions[at]).map(move |name| (at, name)));
            let uses: Vec<Use> = uses
                .map(|(instruction, name)| Use {
                    instruction,
                    target: stages.named(&name.value, index),
                    name,
                })
                .collect();
            stages.all[index].uses = uses;
        }

        stages
    }

    fn begin(&mut self, at: usize, from: &From) {
        let index = self.all.len();
        let base = from
            .image
            .literal()
            .and_then(|image| self.base(&image, index));
        let name = from
            .name
            .as_ref()
            .map(|name| Spanned::new(name.text.to_lowercase(), name.span));
        if let Some(name) = &name {
            self.names
                .entry(name.value.clone())
                .or_default()
                .push(index);
        }

        self.all.push(Stage {
            index,
            name,
            from: at,
            instructions: at + 1..at + 1,
            base,
            uses: Vec::new(),
        });
    }

    /// The stage that `FROM image` means in stage `index`: an earlier one of exactly this name.
    /// Names are kept in lower case, so `FROM Builder` is an image even after `AS Builder`. Of
    /// several the last counts.
    pub fn base(&self, image: &str, index: usize) -> Option<usize> {
        let same = self.names.get(image)?;
        same[..same.partition_point(|&stage| stage < index)]
            .last()
            .copied()
    }

    /// What `from` means in stage `index`: a number, a name in any case, or something that is no
    /// stage.
    pub fn named(&self, from: &str, index: usize) -> Target {
        if from.contains('$') {
            return Target::Variable;
        }

        let name = from.to_lowercase();
        if let Some(found) = self.base(&name, index) {
            return Target::Stage(found);
        }

        if let Ok(number) = from.parse::<usize>() {
            return match number {
                _ if number < index => Target::Stage(number),
                _ if number < self.all.len() => Target::NotEarlier(number),
                _ => Target::NoSuchIndex,
            };
        }

        match self.names.get(&name).and_then(|same| same.first()) {
            Some(&found) => Target::NotEarlier(found),
            None => Target::Elsewhere,
        }
    }

    /// The stage that `--target` or compose's `build.target` means, by name in any case or by
    /// index; without a target the last one. `None` when there is no such stage.
    pub fn target(&self, target: Option<&str>) -> Option<usize> {
        let Some(target) = target else {
            return self.all.len().checked_sub(1);
        };
        let name = target.to_lowercase();
        self.base(&name, self.all.len())
            .or_else(|| target.parse().ok().filter(|index| *index < self.all.len()))
    }

    /// Whether each stage is built when `target` is, itself included.
    pub fn reachable(&self, target: usize) -> Vec<bool> {
        let mut reached = vec![false; self.all.len()];
        let mut open = vec![target];

        while let Some(index) = open.pop() {
            let Some(stage) = self.all.get(index).filter(|_| !reached[index]) else {
                continue;
            };

            reached[index] = true;
            open.extend(stage.base);
            open.extend(stage.uses.iter().filter_map(|one| match one.target {
                Target::Stage(index) => Some(index),
                _ => None,
            }));
        }

        reached
    }

    /// The stage and those it is built upon, nearest first.
    pub fn chain(&self, index: usize) -> impl Iterator<Item = &Stage> {
        std::iter::successors(self.all.get(index), |stage| self.all.get(stage.base?))
    }

    /// Names that more than one stage has: the earlier stage, the later one, and where the later
    /// one is named.
    pub fn duplicates(&self) -> impl Iterator<Item = (usize, usize, Span)> {
        self.all.iter().filter_map(|stage| {
            let name = stage.name.as_ref()?;
            Some((self.base(&name.value, stage.index)?, stage.index, name.span))
        })
    }

    /// The stage that an instruction belongs to, its FROM included; `None` before the first one.
    pub fn holding(&self, instruction: usize) -> Option<usize> {
        self.all
            .partition_point(|stage| stage.from <= instruction)
            .checked_sub(1)
    }
}

/// The `from` of COPY and of each mount of RUN; of ONBUILD none, for they resolve where they are
/// triggered.
fn uses(instruction: &Instruction) -> impl Iterator<Item = Spanned<String>> + use<> {
    let copy = match &instruction.body {
        Body::Copy(copy) => copy.from.clone(),
        _ => None,
    };

    let mounts = match &instruction.body {
        Body::Run(run) => run
            .mounts
            .iter()
            .filter_map(|mount| mount.from().cloned())
            .collect(),
        _ => Vec::new(),
    };

    copy.into_iter().chain(mounts)
}
