//! `env-example` and `undocumented-variable` for variables that source reads from its environment
//! and nothing in the repository sets.

use crate::analysis::env_examples::nearest;
use crate::analysis::{Analysis, env_names, secret_exposure};
use crate::finding::{Finding, Sink};
use crate::model::code::lex::Language;
use crate::model::code::{CodeFacts, EnvRead, EnvRequirement};
use crate::model::file_role::{is_generated, is_tooling};
use crate::model::path_class;
use crate::source::{Location, SourceFile};
use std::collections::{BTreeMap, HashSet};

/// A variable that source reads without a default.
#[derive(Debug, Default)]
struct NeededVariable {
    /// The reads that fail without it first, then in the order of paths.
    locations: Vec<Location>,
    /// Some read fails without it.
    required: bool,
}

/// `env-example`, where no compose file asks for a variable but source does.
pub fn missing(ctx: &Analysis, sink: &mut Sink) {
    let deploys = !ctx.facts.projects().is_empty()
        || ctx.facts.dockerfiles().next().is_some()
        || ctx
            .facts
            .files
            .iter()
            .any(|file| file.workloads().next().is_some());
    if !deploys {
        return;
    }

    let mut wanted = unset(ctx, wanted(ctx));
    wanted.retain(|name, _| !ctx.facts.env_files.described.contains(name));
    let required = wanted.values().any(|wanted| wanted.required);
    // One address that may be missing is often a feature that may be off.
    if !required && wanted.len() < 2 {
        return;
    }

    let locations = wanted
        .values()
        .filter(|wanted| wanted.required == required)
        .filter_map(|wanted| wanted.locations.first());
    let Some(&location) = locations.min() else {
        return;
    };

    let names: Vec<&str> = wanted.keys().map(String::as_str).collect();
    let finding = Finding::new(
        location,
        format!(
            "no `.env.example` documents {}",
            secret_exposure::listed(&names)
        ),
    )
    .label("no example env file in the repository")
    .help("commit a `.env.example` that lists every variable, with empty values or placeholders")
    .case_if(!required, "optional");
    sink.report(finding);
}

/// `undocumented-variable`
pub fn undocumented(ctx: &Analysis, sink: &mut Sink) {
    let examples = &ctx.facts.env_files.examples;
    if examples.is_empty() {
        return;
    }

    let mut wanted = wanted(ctx);
    // A field that is a group of settings is documented by its parts.
    let documented = &ctx.facts.env_files.documented;
    let groups: HashSet<&str> = documented.iter().flat_map(|name| groups_of(name)).collect();
    wanted.retain(|name, _| !documented.contains(name.as_str()) && !groups.contains(name.as_str()));

    for (name, wanted) in unset(ctx, wanted) {
        if let Some(finding) = undocumented_finding(ctx, &name, &wanted) {
            sink.report(finding);
        }
    }
}

/// The groups of settings that a name is part of: `DB` and `DB__POOL` for `DB__POOL__SIZE`.
fn groups_of(name: &str) -> impl Iterator<Item = &str> {
    (1..name.len())
        .filter(|&end| name.as_bytes()[end..].starts_with(b"__"))
        .map(|end| &name[..end])
}

/// A variable at the first read for which there is an example env file.
fn undocumented_finding(ctx: &Analysis, name: &str, wanted: &NeededVariable) -> Option<Finding> {
    let examples = &ctx.facts.env_files.examples;
    let reads = wanted.locations.iter().enumerate();
    let (index, location, example) = reads.into_iter().find_map(|(index, location)| {
        let folder = ctx.facts.source(location.file).folder();
        Some((index, *location, nearest(examples, folder)?))
    })?;

    let (verb, label) = if wanted.required {
        ("is required", "has no default")
    } else {
        ("is read here", "empty if it is not set")
    };

    let message = format!("`{name}` {verb} but missing from `{}`", example.path);
    let mut finding = Finding::new(location, message)
        .label(label)
        .help(format!("add `{name}=` to `{}`", example.path))
        .case_if(!wanted.required, "optional");
    for (other, location) in wanted.locations.iter().enumerate() {
        if other != index {
            finding = finding.related(*location, "also read here");
        }
    }

    Some(finding)
}

/// The variables that source needs, by name, without those that it gives a default or sets itself
/// anywhere.
fn wanted(ctx: &Analysis) -> BTreeMap<String, NeededVariable> {
    let mut wanted: BTreeMap<String, NeededVariable> = BTreeMap::new();
    let mut known: Vec<&str> = Vec::new();

    for source in ctx.facts.repository.files() {
        let Some(code) = &ctx.facts.file(source.id).code else {
            continue;
        };

        known.extend(code.sets.iter().map(String::as_str));
        let is_aside = !ctx.facts.is_production(source.id) || is_tooling(&source.path);

        for read in &code.reads {
            let name = read.name.value.as_str();

            if read.need == EnvRequirement::Defaulted {
                known.push(name);
                continue;
            }

            if is_aside
                || env_names::is_given(name)
                || name.bytes().any(|byte| byte.is_ascii_lowercase())
                || is_read_by_compiler(source, read)
            {
                continue;
            }

            let required = read.need == EnvRequirement::Required && !is_tested(code, name);
            if !required && !env_names::is_telling(name) {
                continue;
            }

            let location = source.location(read.name.span);
            let variable = wanted.entry(name.to_owned()).or_default();
            if required && !variable.required {
                variable.locations.insert(0, location);
            } else {
                variable.locations.push(location);
            }

            variable.required |= required;
        }
    }

    for name in known {
        wanted.remove(name);
    }

    wanted
}

/// Whether Rust's `env!` reads it while compiling: a build script often sets it.
fn is_read_by_compiler(source: &SourceFile, read: &EnvRead) -> bool {
    source
        .text
        .get(..read.name.span.start as usize)
        .is_some_and(|before| before.ends_with("env!(\""))
}

/// Whether the file also asks whether the variable is set: a read that would fail is then behind
/// that test.
fn is_tested(code: &CodeFacts, name: &str) -> bool {
    code.reads
        .iter()
        .any(|read| read.need == EnvRequirement::Optional && read.name.value == name)
}

/// Those that no other file of the repository sets. Any mention outside of source and prose counts:
/// its author knows of the variable.
fn unset(
    ctx: &Analysis,
    mut wanted: BTreeMap<String, NeededVariable>,
) -> BTreeMap<String, NeededVariable> {
    for source in ctx.facts.repository.files() {
        if wanted.is_empty() {
            break;
        }

        if may_set(ctx, source) {
            for word in words(&source.text) {
                wanted.remove(word);
            }
        }
    }

    wanted
}

/// The words of a text that can be the name of a variable: the wanted ones have no lower-case
/// letter.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !char.is_ascii_alphanumeric() && char != '_')
        .filter(|word| word.starts_with(|first: char| first.is_ascii_uppercase() || first == '_'))
}

/// Whether a mention in a file shows that the variable is set: not in source, prose, examples, or
/// an env file that is not committed.
fn may_set(ctx: &Analysis, source: &SourceFile) -> bool {
    let path = source.path.as_str();
    let is_local_env = !ctx.facts.file(source.id).env.is_empty() && !ctx.facts.is_committed(path);

    !is_local_env
        && Language::of(path).is_none()
        && !path_class::is_prose(path)
        && !is_generated(path)
        && !secret_exposure::is_example_env(path)
}
