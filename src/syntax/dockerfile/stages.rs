//! Stages: their instructions, and the resolution of their names.
//!
//! Names are resolved by text, as in the builder. An image in a variable resolves only once the
//! model has expanded the variable, so [`Stages::base`] and [`Stages::named`] take the name.

use std::collections::HashMap;
use std::ops::Range;

use super::tree::{Body, Dockerfile, From, Instruction};
use crate::source::{Span, Spanned};

/// The stages of a Dockerfile, in order.
#[derive(Clone, Debug, Default)]
pub struct Stages {
    pub all: Vec<Stage>,
    /// The indices of the stages of each name, in order.
    names: HashMap<String, Vec<usize>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    pub index: usize,
    /// In lower case, as the builder compares names, with the span of the written name.
    pub name: Option<Spanned<String>>,
    /// The index of its FROM in [`Dockerfile::instructions`].
    pub from: usize,
    /// Its instructions after FROM.
    pub instructions: Range<usize>,
    /// The index of the earlier stage that it is built on, if FROM names one literally.
    pub base: Option<usize>,
    /// The sources of COPY and RUN in this stage.
    pub uses: Vec<Use>,
}

/// A `COPY --from` or `RUN --mount=from=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The index of the instruction.
    pub instruction: usize,
    /// As written.
    pub name: Spanned<String>,
    pub target: Target,
}

/// The meaning of a `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Stage(usize),
    /// The stage itself, or a later one, which the builder rejects.
    NotEarlier(usize),
    /// A number without a stage.
    NoSuchIndex,
    /// Not a stage: an image, or a build context from the command line.
    Elsewhere,
    /// A variable, which the builder rejects here.
    Variable,
}

impl Stages {
    pub fn of(file: &Dockerfile) -> Self {
        let mut stages = Self::default();

        for (index, instruction) in file.instructions.iter().enumerate() {
            if let Body::From(from) = &instruction.body {
                stages.begin(index, from);
            } else if let Some(stage) = stages.all.last_mut() {
                stage.instructions.end = index + 1;
            }
        }

        for index in 0..stages.all.len() {
            let range = stages.all[index].instructions.clone();
            let names = range.flat_map(|instruction| {
                from_names(&file.instructions[instruction]).map(move |name| (instruction, name))
            });
            let uses: Vec<Use> = names
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

    fn begin(&mut self, instruction: usize, from: &From) {
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
            from: instruction,
            instructions: instruction + 1..instruction + 1,
            base,
            uses: Vec::new(),
        });
    }

    /// The stage of `FROM image` in stage `index`: the last earlier one of exactly this name. Names
    /// are in lower case, so `FROM Builder` is an image even after `AS Builder`.
    pub fn base(&self, image: &str, index: usize) -> Option<usize> {
        let same = self.names.get(image)?;
        same[..same.partition_point(|&stage| stage < index)]
            .last()
            .copied()
    }

    /// The meaning of `from` in stage `index`: a number, a name in any case, or not a stage.
    pub fn named(&self, from: &str, index: usize) -> Target {
        if from.contains('$') {
            return Target::Variable;
        }

        let name = from.to_lowercase();
        if let Some(stage) = self.base(&name, index) {
            return Target::Stage(stage);
        }

        if let Ok(number) = from.parse::<usize>() {
            return match number {
                _ if number < index => Target::Stage(number),
                _ if number < self.all.len() => Target::NotEarlier(number),
                _ => Target::NoSuchIndex,
            };
        }

        match self.names.get(&name).and_then(|same| same.first()) {
            Some(&stage) => Target::NotEarlier(stage),
            None => Target::Elsewhere,
        }
    }

    /// The stage of `--target` or of `build.target` in compose, by name in any case or by index;
    /// without a target the last one. `None` when there is no such stage.
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
            let Some(stage) = self.all.get(index) else {
                continue;
            };

            if reached[index] {
                continue;
            }

            reached[index] = true;
            open.extend(stage.base);

            for stage_use in &stage.uses {
                if let Target::Stage(source) = stage_use.target {
                    open.push(source);
                }
            }
        }

        reached
    }

    /// The stage and the stages that it is built on, nearest first.
    pub fn chain(&self, index: usize) -> impl Iterator<Item = &Stage> {
        std::iter::successors(self.all.get(index), |stage| self.all.get(stage.base?))
    }

    /// Names of more than one stage: the earlier stage, the later one, and the span of the later
    /// name.
    pub fn duplicates(&self) -> impl Iterator<Item = (usize, usize, Span)> {
        self.all.iter().filter_map(|stage| {
            let name = stage.name.as_ref()?;
            Some((self.base(&name.value, stage.index)?, stage.index, name.span))
        })
    }

    /// The stage of an instruction, including its FROM; `None` before the first stage.
    pub fn holding(&self, instruction: usize) -> Option<usize> {
        self.all
            .partition_point(|stage| stage.from <= instruction)
            .checked_sub(1)
    }
}

/// The `from` of COPY and of each mount of RUN; none of ONBUILD, because they resolve where they
/// are triggered.
fn from_names(instruction: &Instruction) -> impl Iterator<Item = Spanned<String>> + use<> {
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
