//! What source reads from its environment, for `env-example` and `undocumented-variable`: which
//! variables a program needs and nothing in the repository sets.

use crate::analysis::env_examples::nearest;
use crate::analysis::{Ctx, env_names, secret_exposure};
use crate::finding::{Finding, Sink};
use crate::model::code::EnvRequirement;
use crate::model::code::lex::Language;
use crate::model::file_role::{is_generated, is_practice, is_tooling};
use crate::model::mentions;
use crate::source::Location;
use std::collections::{BTreeMap, HashSet};

use aho_corasick::AhoCorasick;

/// A variable that source reads without a default.
#[derive(Debug, Default)]
struct NeededVariable {
    /// The reads that fail without it first, then in the order of paths.
    locations: Vec<Location>,
    /// Some read fails without it.
    required: bool,
}

/// `env-example`, where no compose file asks for a variable but source does.
pub fn missing(ctx: &Ctx, sink: &mut Sink) {
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

    let wanted = unset(ctx, wanted(ctx));
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
pub fn undocumented(ctx: &Ctx, sink: &mut Sink) {
    let examples = &ctx.facts.env_files.examples;
    if examples.is_empty() {
        return;
    }

    let mut wanted = wanted(ctx);
    // A field that is a group of settings is documented by its parts.
    let documented = &ctx.facts.env_files.documented;
    let marks = |known: &str| {
        (1..known.len())
            .filter(|&at| known.as_bytes()[at..].starts_with(b"__"))
            .collect::<Vec<_>>()
    };

    let groups: HashSet<&str> = documented
        .iter()
        .flat_map(|known| marks(known).into_iter().filter_map(|at| known.get(..at)))
        .collect();
    wanted.retain(|name, _| !documented.contains(name.as_str()) && !groups.contains(name.as_str()));

    for (name, wanted) in unset(ctx, wanted) {
        let found = wanted
            .locations
            .iter()
            .enumerate()
            .find_map(|(at, location)| {
                let folder = ctx.facts.source(location.file).folder();
                Some((at, *location, nearest(examples, folder)?))
            });
        let Some((at, location, example)) = found else {
            continue;
        };

        let (verb, label) = if wanted.required {
            ("is required", "has no default")
        } else {
            ("is read here", "empty if it is not set")
        };

        let message = format!("`{name}` {verb} but missing from `{}`", example.path);

        let mut finding = Finding::new(location, message)
            .label(label)
            .help(format!("add `{name}=` to `{}`", example.path))
            .others(wanted.locations.len() as u32 - 1)
            .case_if(!wanted.required, "optional");
        for (other, location) in wanted.locations.iter().enumerate() {
            if other != at && other < 4 {
                finding = finding.related(*location, "also read here");
            }
        }

        sink.report(finding);
    }
}

/// The variables that source needs, by name, without those that it gives a default or sets itself
/// anywhere.
fn wanted(ctx: &Ctx) -> BTreeMap<String, NeededVariable> {
    let mut found: BTreeMap<String, NeededVariable> = BTreeMap::new();
    let mut known: Vec<&str> = Vec::new();

    for source in ctx.facts.repository.files() {
        let Some(code) = &ctx.facts.file(source.id).code else {
            continue;
        };

        let aside = is_aside(&source.path);
        known.extend(code.sets.iter().map(String::as_str));

        for read in &code.reads {
            let name = read.name.value.as_str();

            if read.need == EnvRequirement::Defaulted {
                known.push(name);
                continue;
            }

            if aside
                || env_names::is_given(name)
                || name.bytes().any(|byte| byte.is_ascii_lowercase())
            {
                continue;
            }
            // Rust's `env!` reads while compiling, and what it reads is often set by a build
            // script.
            let before = source.text.get(..read.name.span.start as usize);
            if before.is_some_and(|before| before.ends_with("env!(\"")) {
                continue;
            }
            // A read that would fail stands behind a test for the variable, where the file also
            // asks whether it is there.
            let tested = || {
                code.reads
                    .iter()
                    .any(|other| other.need == EnvRequirement::Optional && other.name.value == name)
            };

            let required = read.need == EnvRequirement::Required && !tested();
            if !required && !env_names::is_telling(name) {
                continue;
            }

            let location = source.location(read.name.span);
            let wanted = found.entry(name.to_owned()).or_default();
            if required && !wanted.required {
                wanted.locations.insert(0, location);
            } else {
                wanted.locations.push(location);
            }

            wanted.required |= required;
        }
    }

    for name in known {
        found.remove(name);
    }

    found
}

/// Those that no other file of the repository sets. Any mention outside of source and prose counts:
/// whoever wrote it knows of the variable.
fn unset(
    ctx: &Ctx,
    mut wanted: BTreeMap<String, NeededVariable>,
) -> BTreeMap<String, NeededVariable> {
    let names: Vec<String> = wanted.keys().cloned().collect();
    let Ok(search) = AhoCorasick::builder()
        .match_kind(aho_corasick::MatchKind::LeftmostLongest)
        .build(&names)
    else {
        return BTreeMap::new();
    };

    if names.is_empty() {
        return wanted;
    }

    for source in ctx.facts.repository.files() {
        let path = source.path.as_str();
        let told = !ctx.facts.file(source.id).env.is_empty() && !ctx.facts.is_committed(path);
        if told
            || Language::of(path).is_some()
            || mentions::is_prose(path)
            || is_generated(path)
            || secret_exposure::is_example_env(path)
        {
            continue;
        }

        let text = source.text.as_bytes();

        for hit in search.find_iter(text) {
            let word = |byte: Option<&u8>| {
                byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            };

            let whole = !word(hit.start().checked_sub(1).and_then(|at| text.get(at)))
                && !word(text.get(hit.end()));
            if whole {
                wanted.remove(&names[hit.pattern().as_usize()]);
            }
        }
    }

    wanted
}

/// Whether a path is one of examples, development or tools, which are not what is deployed.
fn is_aside(path: &str) -> bool {
    is_practice(path) || is_tooling(path)
}
