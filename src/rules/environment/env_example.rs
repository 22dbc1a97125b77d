//! `env-example`, `undocumented-variable`, `required-variable`: variables that somebody has to set
//! before anything starts.

use crate::analysis::env_examples::nearest;
use crate::analysis::{Ctx, env_names, secret_exposure};
use crate::credential;
use crate::finding::{Finding, Sink};
use crate::model::compose::Project;
use crate::model::container::EnvFromKind;
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::model::file_role::is_practice;
use crate::rules::environment::env_code;
use crate::source::{Location, SourceFile, join};
use crate::syntax::interpolate::{self, Dialect, VariableUse};
use crate::syntax::yaml::each_scalar;
use std::collections::{BTreeMap, BTreeSet};

/// `env-example`
pub fn missing(ctx: &Ctx, sink: &mut Sink) {
    if !ctx.facts.env_files.examples.is_empty() {
        return;
    }

    let Some((location, names)) = wanted(ctx) else {
        return env_code::missing(ctx, sink);
    };

    let message = if names.is_empty() {
        "no `.env.example` documents the required variables".to_owned()
    } else {
        format!(
            "no `.env.example` documents {}",
            secret_exposure::listed(&names)
        )
    };

    let finding = Finding::new(location, message)
        .label("no example env file in the repository")
        .help(
            "commit a `.env.example` that lists every variable, with empty values or placeholders",
        );
    sink.report(finding);
}

/// Whether `env-example` speaks of the env file that is named here.
pub fn speaks_of(ctx: &Ctx, location: Location) -> bool {
    ctx.facts.env_files.examples.is_empty()
        && wanted(ctx).is_some_and(|(first, _)| first == location)
}

/// Where the first variables are asked for, and which.
fn wanted(ctx: &Ctx) -> Option<(Location, Vec<String>)> {
    ctx.facts
        .projects()
        .iter()
        .filter(|project| is_serious(ctx, project))
        .find_map(|project| {
            let variables = required(ctx, project);
            let first = variables
                .values()
                .filter_map(|uses| uses.locations.first())
                .min()
                .copied();
            let asked = env_file(ctx, project);
            let secret = |name: &String| credential::secret_name(name).is_some();
            // One or two plain settings that may stay empty need no document.
            if asked.is_none()
                && variables.len() < 3
                && !variables.keys().any(secret)
                && !variables.values().any(|uses| uses.required)
            {
                return None;
            }

            Some((asked.or(first)?, variables.into_keys().collect()))
        })
}

/// `undocumented-variable`
pub fn undocumented(ctx: &Ctx, project: &Project, sink: &mut Sink) {
    if !is_serious(ctx, project) {
        return;
    }
    // Other folders' examples are read as well, but only one that belongs to the project is asked
    // to be whole.
    let Some(example) = nearest(&ctx.facts.env_files.examples, &project.folder) else {
        return;
    };

    for (name, uses) in required(ctx, project) {
        let Some(&location) = uses.locations.first() else {
            continue;
        };

        if ctx.facts.env_files.documented.contains(name.as_str()) {
            continue;
        }

        let finding = Finding::new(
            location,
            format!("`{name}` is used here but missing from `{}`", example.path),
        )
        .label("has no default")
        .help(format!("add `{name}=` to `{}`", example.path))
        .others(uses.locations.len() as u32 - 1);
        sink.report(finding);
    }
}

/// `required-variable`
pub fn unguarded(_: &Ctx, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if facts.kind != FileKind::Compose || is_practice(&source.path) {
        return;
    }

    let mut locations: BTreeMap<String, Vec<Location>> = BTreeMap::new();

    for (used, location) in uses(facts) {
        if used.operator.is_none() && credential::secret_name(&used.name).is_some() {
            locations.entry(used.name).or_default().push(location);
        }
    }

    for (name, locations) in locations {
        let finding = Finding::new(
            locations[0],
            format!("`{name}` can be empty when the service starts"),
        )
        .label("has neither a default nor `:?`")
        .help(format!(
            "write `${{{name}:?}}`, so that Compose refuses to start without it"
        ))
        .others(locations.len() as u32 - 1);
        sink.report(finding);
    }
}

/// Whether a project is one that somebody deploys.
fn is_serious(ctx: &Ctx, project: &Project) -> bool {
    let practice = |file: &crate::source::FileId| is_practice(ctx.facts.path(*file));
    !project.development && !project.files.first().is_some_and(practice)
}

/// The variables that a compose file asks for, with their places.
fn uses(facts: &FileFacts) -> Vec<(VariableUse, Location)> {
    let mut found = Vec::new();

    if facts.kind == FileKind::Compose {
        for node in facts.tree.iter().flat_map(|tree| tree.documents()) {
            each_scalar(node, &mut |scalar, text| {
                if text.contains('$') {
                    let uses = interpolate::variables(text, Dialect::Compose);
                    found.extend(
                        uses.into_iter()
                            .map(|used| (used.clone(), scalar.content_span(used.span))),
                    );
                }
            });
        }
    }

    found
}

/// Where a variable is asked for.
#[derive(Debug, Default)]
struct Uses {
    locations: Vec<Location>,
    /// Some use says `:?`.
    required: bool,
}

/// The variables of a project that nothing in the repository sets.
fn required(ctx: &Ctx, project: &Project) -> BTreeMap<String, Uses> {
    let mut found: BTreeMap<String, Uses> = BTreeMap::new();

    for file in project.files.iter().filter(|file| project.reports(**file)) {
        let all = uses(ctx.facts.file(*file));
        // A default anywhere says what to expect.
        let defaults: BTreeSet<String> = all
            .iter()
            .filter(|(used, _)| used.default().is_some())
            .map(|(used, _)| used.name.clone())
            .collect();
        for (used, location) in all {
            let given = env_names::is_of_shell(&used.name);
            let optional = used.operator.is_some() && !used.required();
            if !given
                && !optional
                && !ctx.facts.env_files.set.contains(used.name.as_str())
                && !defaults.contains(&used.name)
            {
                let required = used.required();
                let uses = found.entry(used.name).or_default();
                uses.required |= required;
                uses.locations.push(location);
            }
        }
    }

    found
}

/// The first env file that a project's services need and the repository does not have.
fn env_file(ctx: &Ctx, project: &Project) -> Option<Location> {
    let files = project
        .services
        .iter()
        .flat_map(|service| &service.container.env_from);
    let mut files = files.filter(|from| {
        from.kind == EnvFromKind::File && !from.optional && project.reports(from.name.location.file)
    });

    files.find_map(|from| {
        let path = join(project.folder_of(from.name.location.file), &from.name.value)?;
        (path.contains("env")
            && !path.contains('$')
            && !is_practice(&path)
            && ctx.facts.repository.find(&path).is_none())
        .then_some(from.name.location)
    })
}
