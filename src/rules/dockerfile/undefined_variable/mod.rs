//! `undefined-variable`: variables that the builder takes as empty because nothing declares them.

mod base;
mod words;

use std::collections::{BTreeSet, HashSet};

use crate::analysis::Ctx;
use crate::data::{self, Class};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::persistent::PersistentMap;
use crate::model::dockerfile::scope::PLATFORM;
use crate::model::dockerfile::{Base, Dockerfile};
use crate::model::image::ImageUse;
use crate::source::Location;
use crate::suggest;
use crate::syntax::dockerfile::{Body, Instruction, ModifierKind, Variable, Word};

/// Known to every instruction without a declaration.
const PREDEFINED: &[&str] = &[
    "ALL_PROXY",
    "FTP_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "PATH",
    "SOURCE_DATE_EPOCH",
    "all_proxy",
    "ftp_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

pub fn check(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    // `$$` is the mark of a tool that fills the file in before the builder reads it.
    let doubled =
        |one: &Instruction| matches!(&one.body, Body::From(from) if from.image.text.contains("$$"));
    if dockerfile.tree.template.is_some() || dockerfile.tree.instructions.iter().any(doubled) {
        return;
    }

    let mut globals: BTreeSet<String> = BTreeSet::new();
    let mut empty: Vec<(String, Location)> = Vec::new();
    let first = dockerfile.named.all.first().map_or(0, |stage| stage.from);

    for instruction in &dockerfile.tree.instructions[..first] {
        let Body::Arg(arguments) = &instruction.body else {
            continue;
        };

        for argument in arguments {
            globals.insert(argument.name.value.clone());
            let given = PLATFORM.contains(&argument.name.value.as_str())
                || is_given(ctx, dockerfile, &argument.name.value);
            if !given
                && argument
                    .default
                    .as_ref()
                    .is_none_or(|word| word.literal().is_some_and(|text| text.is_empty()))
            {
                empty.push((
                    argument.name.value.clone(),
                    Location::new(dockerfile.file, argument.name.span),
                ));
            }
        }
    }

    let mut ends: Vec<Names> = Vec::new();
    let mut inside: BTreeSet<String> = BTreeSet::new();

    for stage in &dockerfile.stages {
        let named = &dockerfile.named.all[stage.index];
        base::check(dockerfile, named.from, (&globals, &empty, &inside), sink);
        let mut declared = match stage.base {
            Base::Stage(earlier) => ends.get(earlier).cloned().unwrap_or_default(),
            _ => Names::default(),
        };

        let known_base = knows_base(dockerfile, stage.index);

        for at in named.instructions.clone() {
            let instruction = &dockerfile.tree.instructions[at];
            let keys: HashSet<&str> = match &instruction.body {
                Body::Env(pairs) => pairs
                    .pairs
                    .iter()
                    .map(|pair| pair.key.text.as_str())
                    .collect(),
                _ => HashSet::new(),
            };

            let scope = Scope {
                globals: &globals,
                declared: &declared,
                known_base,
                keys: &keys,
            };

            for word in words::expanded(instruction) {
                for variable in word.variables() {
                    one(dockerfile, word, &variable, instruction, &scope, sink);
                }
            }

            for name in words::declared(instruction) {
                declared.insert(&name, ());
                inside.insert(name);
            }
        }

        ends.push(declared);
    }
}

/// What a variable means in an instruction.
struct Scope<'s> {
    /// Names before the first FROM.
    globals: &'s BTreeSet<String>,
    /// Names of this stage.
    declared: &'s Names,
    /// Whether all is known that the base image sets.
    known_base: bool,
    /// What the instruction itself sets, if it is an ENV.
    keys: &'s HashSet<&'s str>,
}

/// The names that a stage declares; stages share those that they inherit.
type Names = PersistentMap<()>;

/// Whether a compose file gives the argument where it builds the image.
fn is_given(ctx: &Ctx, dockerfile: &Dockerfile, name: &str) -> bool {
    let mut builders = ctx.graph.builders(ctx.facts.path(dockerfile.file));
    builders.any(|(_, build)| build.args.iter().any(|arg| arg.name.value == name))
}

fn one(
    dockerfile: &Dockerfile,
    word: &Word,
    variable: &Variable,
    instruction: &Instruction,
    scope: &Scope,
    sink: &mut Sink,
) {
    let Scope {
        globals,
        declared,
        known_base,
        keys,
    } = *scope;
    let name = variable.name.as_str();
    if declared.get(name).is_some()
        || PREDEFINED.contains(&name)
        || is_self_contained(variable)
        || !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    {
        return;
    }

    let location = Location::new(dockerfile.file, word.span_of(variable.local));
    let keyword = instruction.keyword.value.name();
    let finding = |label: String, help: String| {
        Finding::new(
            location,
            format!("{keyword} expands undefined variable `{name}` to an empty string"),
        )
        .label(label)
        .help(help)
    };

    let redeclare = format!("add `ARG {name}` to this stage, before its first use");

    if globals.contains(name) {
        sink.report(finding(
            "an ARG before the first FROM is visible only to FROM".to_owned(),
            redeclare,
        ));
    } else if PLATFORM.contains(&name) {
        sink.report(finding(
            "the builder sets it only in stages that declare it".to_owned(),
            redeclare,
        ));
    } else if let Some(near) =
        nearest(name, declared.names()).filter(|near| is_misspelt(name, near))
    {
        sink.report(finding(
            format!("did you mean `{near}`?"),
            format!("write `${near}`"),
        ));
    } else if known_base && !words::BASES.iter().any(|prefix| name.starts_with(prefix)) {
        // `ENV PYTHONPATH=$PYTHONPATH:/app` adds to what may be there.
        let finding = finding(
            "not an ARG or ENV of this stage".to_owned(),
            format!("declare it with ARG or ENV, or write `${{{name}:-}}` if it may be empty"),
        );
        sink.report(finding.case_if(keys.contains(name), "extends-itself"));
    }
}

/// Two names that differ by a slip, not by a word.
fn is_misspelt(name: &str, near: &str) -> bool {
    name.len() > 3
        && name.len().abs_diff(near.len()) <= 2
        && !near.starts_with(name)
        && !name.starts_with(near)
}

/// `${NAME:-x}` says itself what an unset variable means.
fn is_self_contained(variable: &Variable) -> bool {
    variable.modifier.as_ref().is_some_and(|modifier| {
        matches!(
            modifier.kind,
            ModifierKind::Default | ModifierKind::Alternate | ModifierKind::Placeholder
        )
    })
}

/// Whether the table knows the base image well enough to say which variables it sets.
fn knows_base(dockerfile: &Dockerfile, stage: usize) -> bool {
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

/// The declared name that a misspelt one most likely means. Names are told apart by case, slips are
/// not.
fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let plain = |name: &str| name.to_lowercase().replace('_', "-");
    let known: Vec<(String, &str)> = names
        .into_iter()
        .take(suggest::MAX_CANDIDATES)
        .map(|name| (plain(name), name))
        .collect();
    let near = suggest::nearest(name, known.iter().map(|(plain, _)| plain.as_str()))?.to_owned();
    known
        .into_iter()
        .find(|(plain, _)| *plain == near)
        .map(|(_, name)| name)
}
