//! `undefined-variable`: variables that the builder takes as empty because nothing declares them.

use std::collections::BTreeSet;

use super::Ctx;
use crate::data::{self, Class};
use crate::finding::{Finding, Level, Sink};
use crate::model::dockerfile::{Base, Dockerfile};
use crate::model::image::ImageUse;
use crate::source::{Place, Span};
use crate::suggest;
use crate::syntax::dockerfile::{Body, Instruction, ModifierKind, Source, Variable, Word};

/// Declared by the builder for FROM alone.
const PLATFORM: &[&str] = &[
    "BUILDARCH",
    "BUILDOS",
    "BUILDPLATFORM",
    "BUILDVARIANT",
    "TARGETARCH",
    "TARGETOS",
    "TARGETPLATFORM",
    "TARGETSTAGE",
    "TARGETVARIANT",
];

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

/// How the names begin that base images set.
const BASES: &[&str] = &[
    "ANDROID_",
    "APACHE_",
    "ASPNET",
    "BUN_",
    "CARGO_",
    "CATALINA_",
    "CONDA_",
    "CUDA_",
    "DEBIAN_FRONTEND",
    "DENO_",
    "DOTNET_",
    "ELIXIR_",
    "ERLANG_",
    "GEM_",
    "GO",
    "GRADLE_",
    "HOME",
    "HOSTNAME",
    "JAVA_",
    "JDK_",
    "JETTY_",
    "JULIA_",
    "LANG",
    "LANGUAGE",
    "LC_",
    "LD_LIBRARY_PATH",
    "LIBRARY_PATH",
    "MAVEN_",
    "NCCL_",
    "NGINX_",
    "NODE_",
    "NV",
    "OTP_",
    "PG",
    "PHP_",
    "PIP_",
    "POETRY_",
    "POSTGRES_",
    "PYPY_",
    "PYTHON_",
    "RUBY_",
    "RUST",
    "SHELL",
    "SPARK_",
    "SWIFT_",
    "TERM",
    "TOMCAT_",
    "USER",
    "YARN_",
    "_JAVA",
];

pub fn check(_: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    // `$$` is the mark of a tool that fills the file in before the builder reads it.
    let doubled = |one: &Instruction| matches!(&one.body, Body::From(from) if from.image.text.contains("$$"));
    if dockerfile.tree.template.is_some() || dockerfile.tree.instructions.iter().any(doubled) {
        return;
    }
    let mut globals: BTreeSet<String> = BTreeSet::new();
    let mut empty: Vec<(String, Place)> = Vec::new();
    let first = dockerfile.named.all.first().map_or(0, |stage| stage.from);
    for instruction in &dockerfile.tree.instructions[..first] {
        let Body::Arg(arguments) = &instruction.body else { continue };
        for argument in arguments {
            globals.insert(argument.name.value.clone());
            if argument.default.as_ref().is_none_or(|word| word.literal().is_some_and(|text| text.is_empty())) {
                empty.push((argument.name.value.clone(), Place::new(dockerfile.file, argument.name.span)));
            }
        }
    }
    let mut ends: Vec<BTreeSet<String>> = Vec::new();
    let mut inside: BTreeSet<String> = BTreeSet::new();
    for stage in &dockerfile.stages {
        let named = &dockerfile.named.all[stage.index];
        base(dockerfile, named.from, (&globals, &empty, &inside), sink);
        let mut declared = match stage.base {
            Base::Stage(earlier) => ends.get(earlier).cloned().unwrap_or_default(),
            _ => BTreeSet::new(),
        };
        let known_base = knows_base(dockerfile, stage.index);
        for at in named.instructions.clone() {
            let instruction = &dockerfile.tree.instructions[at];
            for word in words(instruction) {
                for variable in word.variables() {
                    one(dockerfile, word, &variable, instruction, (&globals, &declared, known_base), sink);
                }
            }
            declare(instruction, &mut declared);
        }
        inside.extend(declared.iter().cloned());
        ends.push(declared);
    }
}

/// The names that a FROM can see: declared before it; those of them that are empty; those that only stages declare.
type Seen<'s> = (&'s BTreeSet<String>, &'s [(String, Place)], &'s BTreeSet<String>);

fn base(dockerfile: &Dockerfile, at: usize, (globals, empty, inside): Seen, sink: &mut Sink) {
    let Body::From(from) = &dockerfile.tree.instructions[at].body else { return };
    let word = &from.image;
    let mut sound = true;
    if let Some(platform) = &from.platform {
        for (name, local) in named(&platform.value) {
            if globals.contains(name) || PLATFORM.contains(&name) || PREDEFINED.contains(&name) {
                continue;
            }
            let near = nearest(name, globals.iter().map(String::as_str).chain(PLATFORM.iter().copied()));
            let label = near.map_or_else(
                || "no ARG before the first FROM declares it".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            sink.report(
                Finding::new(
                    Place::new(dockerfile.file, local.shift(platform.span.start)),
                    format!("FROM takes `{name}` as empty"),
                )
                .label(label)
                .help(format!("declare `ARG {name}=…` before the first FROM")),
            );
        }
    }
    for variable in word.variables() {
        let name = variable.name.as_str();
        if globals.contains(name) || PLATFORM.contains(&name) || PREDEFINED.contains(&name) || stands_alone(&variable) {
            continue;
        }
        sound = false;
        let label = match nearest(name, globals.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if inside.contains(name) => "an ARG inside a stage is not seen by FROM".to_owned(),
            None => "no ARG before the first FROM declares it".to_owned(),
        };
        let place = Place::new(dockerfile.file, word.span_of(variable.local));
        sink.report(
            Finding::new(place, format!("FROM takes `{name}` as empty"))
                .label(label)
                .help(format!("declare `ARG {name}=…` before the first FROM")),
        );
    }
    let used: Vec<&(String, Place)> = empty
        .iter()
        .filter(|(name, _)| word.variables().iter().any(|variable| variable.name == *name && !stands_alone(variable)))
        .collect();
    if let (true, Some((name, place))) = (sound, used.first()) {
        let text = without(word, empty);
        if is_reference(&text) {
            return;
        }
        sink.report_at(
            Level::Note,
            Finding::new(
                Place::new(dockerfile.file, word.span),
                format!("a build that does not give `{name}` has no base image"),
            )
            .label(if text.is_empty() {
                "nothing is left without it".to_owned()
            } else {
                format!("`{text}` without it")
            })
            .related(*place, "declared without a default")
            .help(format!("give `ARG {name}` a default that works")),
        );
    }
}

/// The plain variables of a flag's value, `$NAME` or `${NAME}`, and where they stand in it.
fn named(text: &str) -> Vec<(&str, Span)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('$') {
        let rest = &text[at + 1..];
        let (skip, rest) = rest.strip_prefix('{').map_or((0, rest), |rest| (1, rest));
        let len = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let closed = skip == 0 || rest[len..].starts_with('}');
        if len > 0 && closed {
            found.push((&rest[..len], Span::of(at, at + 1 + len + 2 * skip)));
        }
    }
    found
}

/// The word with every variable that has no default left out, and `x` for those that have one.
fn without(word: &Word, empty: &[(String, Place)]) -> String {
    let mut text = String::new();
    let mut done = 0;
    for variable in word.variables() {
        let range = variable.local.range();
        if range.start < done {
            continue;
        }
        text.push_str(word.text.get(done..range.start).unwrap_or(""));
        if stands_alone(&variable) || !empty.iter().any(|(name, _)| *name == variable.name) {
            text.push('x');
        }
        done = range.end;
    }
    text.push_str(word.text.get(done..).unwrap_or(""));
    text.trim_matches(['"', '\'']).to_owned()
}

fn is_reference(text: &str) -> bool {
    let ends = |c: char| c.is_ascii_alphanumeric();
    !text.is_empty()
        && text.starts_with(ends)
        && text.ends_with(|c: char| ends(c) || c == '_')
        && !text.contains("//")
        && !text.contains("/:")
        && !text.contains(":@")
}

/// What a variable means in an instruction: names before the first FROM, names of this stage, whether all is known that
/// the base image sets.
type Scope<'s> = (&'s BTreeSet<String>, &'s BTreeSet<String>, bool);

fn one(
    dockerfile: &Dockerfile,
    word: &Word,
    variable: &Variable,
    instruction: &Instruction,
    scope: Scope,
    sink: &mut Sink,
) {
    let (globals, declared, known_base) = scope;
    let name = variable.name.as_str();
    if declared.contains(name)
        || PREDEFINED.contains(&name)
        || stands_alone(variable)
        || !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    {
        return;
    }
    let place = Place::new(dockerfile.file, word.span_of(variable.local));
    let keyword = instruction.keyword.value.name();
    let finding = |label: String, help: String| {
        Finding::new(place, format!("{keyword} takes `{name}` as empty")).label(label).help(help)
    };
    let redeclare = format!("add `ARG {name}` to this stage, before it is used");
    if globals.contains(name) {
        sink.report(finding("declared before the first FROM, which is for FROM alone".to_owned(), redeclare));
    } else if PLATFORM.contains(&name) {
        sink.report(finding("the builder gives it only to stages that ask for it".to_owned(), redeclare));
    } else if let Some(near) = nearest(name, declared.iter().map(String::as_str)).filter(|near| is_misspelt(name, near))
    {
        sink.report(finding(format!("did you mean `{near}`?"), format!("write `${near}`")));
    } else if known_base && !BASES.iter().any(|prefix| name.starts_with(prefix)) {
        // `ENV PYTHONPATH=$PYTHONPATH:/app` adds to what may be there.
        let appends =
            matches!(&instruction.body, Body::Env(pairs) if pairs.pairs.iter().any(|pair| pair.key.text == name));
        let level = if appends { Level::Note } else { sink.level() };
        let finding = finding(
            "neither an ARG nor an ENV of this stage".to_owned(),
            format!("declare it with ARG or ENV, or write `${{{name}:-}}` if empty is meant"),
        );
        sink.report_at(level, finding);
    }
}

/// Two names that differ by a slip, not by a word.
fn is_misspelt(name: &str, near: &str) -> bool {
    name.len() > 3 && name.len().abs_diff(near.len()) <= 2 && !near.starts_with(name) && !name.starts_with(near)
}

/// `${NAME:-x}` says itself what an unset variable means.
fn stands_alone(variable: &Variable) -> bool {
    variable.modifier.as_ref().is_some_and(|modifier| {
        matches!(modifier.kind, ModifierKind::Default | ModifierKind::Alternate | ModifierKind::Placeholder)
    })
}

/// Whether the table knows the base image well enough to say which variables it sets.
fn knows_base(dockerfile: &Dockerfile, stage: usize) -> bool {
    match dockerfile.root(stage) {
        Some(Base::Scratch(_)) => true,
        Some(Base::Image(ImageUse { reference: Some(reference), .. })) => {
            let path = reference.repository();
            !path.contains('/')
                && data::image(&path).is_some_and(|known| matches!(known.class, Class::Language | Class::Os))
        }
        _ => false,
    }
}

/// The words of an instruction that the builder expands.
fn words(instruction: &Instruction) -> Vec<&Word> {
    match &instruction.body {
        Body::Add(transfer) | Body::Copy(transfer) => {
            let sources = transfer.sources.iter().filter_map(|source| match source {
                Source::Path(word) => Some(word),
                Source::Heredoc(..) => None,
            });
            sources.chain([&transfer.destination]).collect()
        }
        Body::Env(pairs) | Body::Label(pairs) => pairs.pairs.iter().map(|pair| &pair.value).collect(),
        Body::Arg(arguments) => arguments.iter().filter_map(|argument| argument.default.as_ref()).collect(),
        Body::Expose(words) | Body::Volume(words) => words.iter().collect(),
        Body::User(word) | Body::Workdir(word) | Body::Stopsignal(word) => vec![word],
        _ => Vec::new(),
    }
}

fn declare(instruction: &Instruction, declared: &mut BTreeSet<String>) {
    match &instruction.body {
        Body::Arg(arguments) => declared.extend(arguments.iter().map(|argument| argument.name.value.clone())),
        Body::Env(pairs) => {
            declared.extend(pairs.pairs.iter().filter_map(|pair| Some(pair.key.literal()?.into_owned())))
        }
        _ => {}
    }
}

/// The declared name that a misspelt one most likely means. Names are told apart by case, slips are not.
fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let plain = |name: &str| name.to_lowercase().replace('_', "-");
    let known: Vec<(String, &str)> = names.into_iter().map(|name| (plain(name), name)).collect();
    let near = suggest::nearest(name, known.iter().map(|(plain, _)| plain.as_str()))?.to_owned();
    known.into_iter().find(|(plain, _)| *plain == near).map(|(_, name)| name)
}
