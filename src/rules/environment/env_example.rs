//! `env-example`, `undocumented-variable`, `required-variable`: variables that must be set before
//! anything starts.

use crate::analysis::env_examples::nearest;
use crate::analysis::{Analysis, env_names, misplaced_variables, secret_exposure};
use crate::credential;
use crate::finding::{Finding, Sink};
use crate::model::compose::Project;
use crate::model::container::EnvFromKind;
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::model::file_role::{Role, is_practice};
use crate::rules::environment::env_code;
use crate::source::{Location, SourceFile, file_name, join, parent};
use crate::syntax::interpolate::{self, Dialect, VariableUse};
use crate::syntax::yaml::each_scalar;
use std::collections::{BTreeMap, BTreeSet};

/// `env-example`
pub fn missing(ctx: &Analysis, sink: &mut Sink) {
    if !ctx.facts.env_files.examples.is_empty() {
        return;
    }

    let Some((location, names)) = ctx.needed_example(|| wanted(ctx)) else {
        return env_code::missing(ctx, sink);
    };

    let message = if names.is_empty() {
        "no `.env.example` documents the required variables".to_owned()
    } else {
        format!(
            "no `.env.example` documents {}",
            secret_exposure::listed(names)
        )
    };

    let finding = Finding::new(*location, message)
        .label("no example env file in the repository")
        .help(
            "commit a `.env.example` that lists every variable, with empty values or placeholders",
        );
    sink.report(finding);
}

/// Whether `env-example` reports the env file that is named here.
pub fn speaks_of(ctx: &Analysis, location: Location) -> bool {
    ctx.facts.env_files.examples.is_empty()
        && ctx
            .needed_example(|| wanted(ctx))
            .is_some_and(|(first, _)| *first == location)
}

/// The first project with variables to set: where the first is needed, and their names.
fn wanted(ctx: &Analysis) -> Option<(Location, Vec<String>)> {
    let mut projects = ctx
        .facts
        .projects()
        .iter()
        .filter(|project| is_serious(project));
    projects.find_map(|project| wanted_by(ctx, project))
}

fn wanted_by(ctx: &Analysis, project: &Project) -> Option<(Location, Vec<String>)> {
    let mut variables = required(ctx, project);
    // A page of the documentation lists them.
    variables.retain(|name, _| !ctx.facts.env_files.described.contains(name));
    let env_file = env_file(ctx, project);

    // One or two plain settings that may stay empty need no document.
    let has_secret = variables
        .keys()
        .any(|name| credential::secret_name(name).is_some());
    if env_file.is_none()
        && variables.len() < 3
        && !has_secret
        && !variables.values().any(|uses| uses.required)
    {
        return None;
    }

    let first = variables
        .values()
        .filter_map(|uses| uses.locations.first())
        .min()
        .copied();
    Some((env_file.or(first)?, variables.into_keys().collect()))
}

/// `undocumented-variable`
pub fn undocumented(ctx: &Analysis, project: &Project, sink: &mut Sink) {
    if !is_serious(project) {
        return;
    }
    // Examples of other folders count as well, but only the project's own must be complete.
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
        .also_at(uses.locations[1..].iter().copied());
        sink.report(finding);
    }
}

/// `required-variable`
pub fn unguarded(ctx: &Analysis, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if facts.kind != FileKind::Compose || !ctx.facts.is_production(source.id) {
        return;
    }

    let mut locations: BTreeMap<String, Vec<Location>> = BTreeMap::new();

    for (variable, location) in uses(facts) {
        if variable.operator.is_none() && credential::secret_name(&variable.name).is_some() {
            locations.entry(variable.name).or_default().push(location);
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
        .also_at(locations[1..].iter().copied());
        sink.report(finding);
    }
}

/// Whether a project is deployed: not for development, and not an example or a test.
fn is_serious(project: &Project) -> bool {
    project.role == Role::Production
}

/// The variables that a compose file uses, with their locations.
fn uses(facts: &FileFacts) -> Vec<(VariableUse, Location)> {
    if facts.kind != FileKind::Compose {
        return Vec::new();
    }

    let mut uses = Vec::new();

    for document in facts.tree.iter().flat_map(|tree| tree.documents()) {
        each_scalar(document, &mut |scalar, text| {
            if text.contains('$') {
                let variables = interpolate::variables(text, Dialect::Compose);
                uses.extend(variables.into_iter().map(|variable| {
                    let location = scalar.content_span(variable.span);
                    (variable, location)
                }));
            }
        });
    }

    uses
}

/// The uses of a variable.
#[derive(Debug, Default)]
struct VariableUses {
    locations: Vec<Location>,
    /// Some use says `:?`.
    required: bool,
}

/// The variables of a project that nothing in the repository sets.
fn required(ctx: &Analysis, project: &Project) -> BTreeMap<String, VariableUses> {
    let mut required: BTreeMap<String, VariableUses> = BTreeMap::new();
    let misplaced = misplaced_variables::locations(ctx, project);

    for file in project.files.iter().filter(|file| project.reports(**file)) {
        let all = uses(ctx.facts.file(*file));
        // A default anywhere says what to expect.
        let defaults: BTreeSet<String> = all
            .iter()
            .filter(|(variable, _)| variable.default().is_some())
            .map(|(variable, _)| variable.name.clone())
            .collect();

        for (variable, location) in all {
            let may_be_empty = variable.operator.is_some() && !variable.required();
            if may_be_empty
                || misplaced.contains(&location)
                || env_names::is_of_shell(&variable.name)
                || ctx.facts.env_files.set.contains(variable.name.as_str())
                || defaults.contains(&variable.name)
            {
                continue;
            }

            let is_required = variable.required();
            let uses = required.entry(variable.name).or_default();
            uses.required |= is_required;
            uses.locations.push(location);
        }
    }

    required
}

/// The first env file that a project's services need and the repository does not have.
fn env_file(ctx: &Analysis, project: &Project) -> Option<Location> {
    let files = project
        .services
        .iter()
        .flat_map(|service| &service.container.env_from);
    let mut files = files.filter(|from| {
        from.kind == EnvFromKind::File && !from.optional && project.reports(from.name.location.file)
    });

    files.find_map(|from| {
        let path = join(project.folder_of(from.name.location.file), &from.name.value)?;
        let is_missing = path.contains("env")
            && !path.contains('$')
            && !is_practice(&path)
            && ctx.facts.repository.find(&path).is_none()
            && !is_made_by_tool(&path)
            && !has_template(ctx, &path);
        is_missing.then_some(from.name.location)
    })
}

/// Whether a tool writes the env file: Portainer makes a `stack.env` of the variables of a stack.
fn is_made_by_tool(path: &str) -> bool {
    file_name(path) == "stack.env"
}

/// Whether another env file is in git beside a missing one: what to set is written there.
fn has_template(ctx: &Analysis, path: &str) -> bool {
    ctx.facts
        .repository
        .inside(parent(path))
        .any(|file| file.name() != ".env" && !ctx.facts.file(file.id).env.is_empty())
}
