//! `undefined-variable`: variables that the builder takes as empty because nothing declares them.

mod base;
mod words;

use std::collections::{BTreeSet, HashSet};

use crate::analysis::Analysis;
use crate::data::{self, Class};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::persistent::PersistentMap;
use crate::model::dockerfile::scope::PLATFORM;
use crate::model::dockerfile::{Base, Dockerfile, Stage, StageId};
use crate::model::id::IdVec;
use crate::model::image::ImageUse;
use crate::source::Location;
use crate::syntax::dockerfile::{Body, Instruction, Variable};
use crate::syntax::shell::Word as ShellWord;
use base::Arguments;
use words::{PREDEFINED, is_self_contained, nearest};

pub fn check(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    if dockerfile.tree.template.is_some() || dockerfile.tree.instructions.iter().any(is_filled_in) {
        return;
    }

    let (global, empty) = global_arguments(ctx, dockerfile);
    let mut names_of_stages: IdVec<Stage, Names> = IdVec::default();
    let mut declared_in_stages: BTreeSet<String> = BTreeSet::new();

    for stage in &dockerfile.stages {
        let named = &dockerfile.named.all[stage.index.number()];
        let arguments = Arguments {
            global: &global,
            empty: &empty,
            of_stages: &declared_in_stages,
        };
        base::check(dockerfile, named.from, arguments, sink);

        let mut declared = match stage.base {
            Base::Stage(earlier) => names_of_stages.get(earlier).cloned().unwrap_or_default(),
            _ => Names::default(),
        };

        let known_base = knows_base(dockerfile, stage.index);

        for instruction in &dockerfile.tree.instructions[named.instructions.clone()] {
            let visible = Visible {
                global: &global,
                declared: &declared,
                known_base,
                keys: &keys(instruction),
            };

            check_instruction(dockerfile, instruction, &visible, sink);

            for name in words::declared(instruction) {
                declared.insert(&name, ());
                declared_in_stages.insert(name);
            }
        }

        let elsewhere = Elsewhere {
            global: &global,
            of_stages: &declared_in_stages,
        };
        check_steps(dockerfile, stage.index, &elsewhere, &declared, sink);
        names_of_stages.push(declared);
    }
}

/// Whether a tool fills the file in before the builder reads it, as a `$$` in a FROM shows.
fn is_filled_in(instruction: &Instruction) -> bool {
    matches!(&instruction.body, Body::From(from) if from.image.text.contains("$$"))
}

/// The ARGs before the first FROM: all their names, and those that are empty unless the build sets
/// them.
fn global_arguments(
    ctx: &Analysis,
    dockerfile: &Dockerfile,
) -> (BTreeSet<String>, Vec<(String, Location)>) {
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut empty: Vec<(String, Location)> = Vec::new();
    let first = dockerfile.named.all.first().map_or(0, |stage| stage.from);

    for instruction in &dockerfile.tree.instructions[..first] {
        let Body::Arg(arguments) = &instruction.body else {
            continue;
        };

        for argument in arguments {
            let name = &argument.name.value;
            names.insert(name.clone());
            let has_default = argument
                .default
                .as_ref()
                .is_some_and(|word| word.literal().is_none_or(|text| !text.is_empty()));
            if !has_default
                && !PLATFORM.contains(&name.as_str())
                && !is_set_by_compose(ctx, dockerfile, name)
            {
                let location = Location::new(dockerfile.file, argument.name.span);
                empty.push((name.clone(), location));
            }
        }
    }

    (names, empty)
}

/// The names that an ENV sets.
fn keys(instruction: &Instruction) -> HashSet<&str> {
    match &instruction.body {
        Body::Env(pairs) => pairs
            .pairs
            .iter()
            .map(|pair| pair.key.text.as_str())
            .collect(),
        _ => HashSet::new(),
    }
}

/// The names that an instruction can use.
struct Visible<'s> {
    /// Names before the first FROM.
    global: &'s BTreeSet<String>,
    /// Names of this stage.
    declared: &'s Names,
    /// Whether all is known that the base image sets.
    known_base: bool,
    /// What the instruction itself sets, if it is an ENV.
    keys: &'s HashSet<&'s str>,
}

/// The names that a stage declares; stages share those that they inherit.
type Names = PersistentMap<()>;

/// Whether a compose file sets the argument where it builds the image.
fn is_set_by_compose(ctx: &Analysis, dockerfile: &Dockerfile, name: &str) -> bool {
    let mut builders = ctx.graph.builders(ctx.facts.path(dockerfile.file));
    builders.any(|(_, build)| build.args.iter().any(|arg| arg.name.value == name))
}

/// Names that are declared where a stage does not see them.
struct Elsewhere<'s> {
    /// Before the first FROM.
    global: &'s BTreeSet<String>,
    /// In earlier stages.
    of_stages: &'s BTreeSet<String>,
}

/// Reports RUN instructions that use an ARG from before the first FROM or from another stage, which
/// is empty there.
fn check_steps(
    dockerfile: &Dockerfile,
    stage: StageId,
    elsewhere: &Elsewhere,
    declared: &Names,
    sink: &mut Sink,
) {
    if !knows_base(dockerfile, stage) {
        return;
    }

    let mut seen: HashSet<String> = HashSet::new();

    for step in dockerfile.steps_of(stage) {
        let script = step.script();
        // Another file or program may set any name.
        let may_set = script.invocations().iter().any(|invocation| {
            let first = invocation.args.first().map_or("", |word| word.text());
            let is_plain_set = invocation.is(&["set"]) && !first.contains('a');

            !is_plain_set
                && invocation.is(&[
                    ".", "source", "eval", "read", "export", "declare", "local", "set",
                ])
        });
        if may_set || step.trigger {
            continue;
        }

        let assigned: HashSet<&str> = script
            .commands
            .iter()
            .flat_map(|command| &command.assignments)
            .map(|assignment| assignment.name.as_str())
            .chain(
                script
                    .blocks
                    .iter()
                    .flat_map(|block| block.words.first().map(ShellWord::text)),
            )
            .collect();
        let words = script.commands.iter().flat_map(|command| &command.words);

        for variable in words.flat_map(|word| word.variables()) {
            let name = variable.name.as_str();
            if variable.operator.is_some()
                || !(elsewhere.global.contains(name) || elsewhere.of_stages.contains(name))
                || declared.get(name).is_some()
                || assigned.contains(name)
                || PREDEFINED.contains(&name)
                || words::BASES.iter().any(|prefix| name.starts_with(prefix))
                || !seen.insert(name.to_owned())
            {
                continue;
            }

            let cause = if elsewhere.global.contains(name) {
                Undefined::Global
            } else {
                Undefined::OtherStage
            };
            let (label, help) = explain(&cause, name);
            sink.report(
                Finding::new(
                    step.location(variable.name_span),
                    format!("RUN expands undefined variable `{name}` to an empty string"),
                )
                .label(label)
                .help(help),
            );
        }
    }
}

/// Why an instruction expands a variable to an empty string.
enum Undefined<'n> {
    /// Only an ARG before the first FROM declares it.
    Global,
    /// Only another stage declares it.
    OtherStage,
    /// The builder sets it, in stages that declare it.
    Platform,
    /// It is most likely a misspelling of this name.
    Misspelt(&'n str),
    /// Neither the stage nor its base image sets it.
    Undeclared,
}

fn check_instruction(
    dockerfile: &Dockerfile,
    instruction: &Instruction,
    visible: &Visible,
    sink: &mut Sink,
) {
    let keyword = instruction.keyword.value.name();

    for word in words::expanded(instruction) {
        for variable in word.variables() {
            let Some(cause) = cause(&variable, visible) else {
                continue;
            };

            let name = variable.name.as_str();
            // `ARG X=$X` is one without a default.
            if declares_argument(instruction, name) {
                continue;
            }

            let (label, help) = explain(&cause, name);
            let extends_itself =
                matches!(cause, Undefined::Undeclared) && visible.keys.contains(name);
            sink.report(
                Finding::new(
                    Location::new(dockerfile.file, word.span_of(variable.local)),
                    format!("{keyword} expands undefined variable `{name}` to an empty string"),
                )
                .label(label)
                .help(help)
                // `ENV PYTHONPATH=$PYTHONPATH:/app` adds to what may be there.
                .case_if(extends_itself, "extends-itself"),
            );
        }
    }
}

fn declares_argument(instruction: &Instruction, name: &str) -> bool {
    matches!(&instruction.body, Body::Arg(arguments)
        if arguments.iter().any(|argument| argument.name.value == name))
}

/// Why a variable is undefined; `None` where it is not, or may not be.
fn cause<'n>(variable: &Variable, visible: &Visible<'n>) -> Option<Undefined<'n>> {
    let name = variable.name.as_str();
    if visible.declared.get(name).is_some()
        || PREDEFINED.contains(&name)
        || is_self_contained(variable)
        || !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    {
        return None;
    }

    if visible.global.contains(name) {
        return Some(Undefined::Global);
    }

    if PLATFORM.contains(&name) {
        return Some(Undefined::Platform);
    }

    if let Some(near) = nearest(name, visible.declared.names())
        && is_misspelt(name, near)
    {
        return Some(Undefined::Misspelt(near));
    }

    let of_base = words::BASES.iter().any(|prefix| name.starts_with(prefix));
    (visible.known_base && !of_base).then_some(Undefined::Undeclared)
}

/// The label and the help for a cause.
fn explain(cause: &Undefined, name: &str) -> (String, String) {
    let redeclare = || format!("add `ARG {name}` to this stage, before its first use");

    match cause {
        Undefined::Global => (
            "an ARG before the first FROM is visible only to FROM".to_owned(),
            redeclare(),
        ),
        Undefined::OtherStage => (
            "an ARG of another stage is not visible here".to_owned(),
            redeclare(),
        ),
        Undefined::Platform => (
            "the builder sets it only in stages that declare it".to_owned(),
            redeclare(),
        ),
        Undefined::Misspelt(near) => (
            format!("did you mean `{near}`?"),
            format!("write `${near}`"),
        ),
        Undefined::Undeclared if name == "HOME" => (
            "the builder does not know the folder of a user".to_owned(),
            "write the path, such as `/home/app`, or set it before: `ENV HOME=/home/app`"
                .to_owned(),
        ),
        Undefined::Undeclared => (
            "not an ARG or ENV of this stage".to_owned(),
            format!("declare it with ARG or ENV, or write `${{{name}:-}}` if it may be empty"),
        ),
    }
}

/// Two names that differ by a slip, not by a word.
fn is_misspelt(name: &str, near: &str) -> bool {
    name.len() > 3
        && name.len().abs_diff(near.len()) <= 2
        && !near.starts_with(name)
        && !name.starts_with(near)
}

/// Whether the table knows the base image well enough to say which variables it sets.
fn knows_base(dockerfile: &Dockerfile, stage: StageId) -> bool {
    match dockerfile.root(stage) {
        Some(Base::Scratch(_)) => true,
        Some(Base::Image(ImageUse {
            reference: Some(reference),
            ..
        })) => {
            let path = reference.repository();
            !path.contains('/')
                && data::image(&path)
                    .is_some_and(|known| matches!(known.class, Class::Language | Class::Os))
        }
        _ => false,
    }
}
