//! The variables that a compose project needs and that nothing in the repository sets.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::{Analysis, env_names, misplaced_variables};
use crate::credential;
use crate::model::compose::{Project, written_texts};
use crate::model::container::EnvFromKind;
use crate::model::facts::FileFacts;
use crate::model::file_role::{Role, is_practice};
use crate::source::{Location, file_name, join, parent};
use crate::syntax::interpolate::VariableUse;

/// Where a project that is deployed first needs variables, and their names; `None` if the
/// repository has an example env file, or needs none.
pub fn first<'c>(ctx: &'c Analysis) -> Option<&'c (Location, Vec<String>)> {
    if !ctx.facts.env_files.examples.is_empty() {
        return None;
    }

    ctx.required_variables
        .get_or_init(|| {
            ctx.facts
                .projects()
                .iter()
                .filter(|project| project.role == Role::Production)
                .find_map(|project| needed_by(ctx, project))
        })
        .as_ref()
}

fn needed_by(ctx: &Analysis, project: &Project) -> Option<(Location, Vec<String>)> {
    let mut variables = of_project(ctx, project);
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

/// The variables that a compose file uses, with their locations.
pub fn uses(facts: &FileFacts) -> Vec<(VariableUse, Location)> {
    let mut uses = Vec::new();

    for text in written_texts(facts) {
        uses.extend(text.variables().into_iter().map(|variable| {
            let location = text.place_of(variable.span);
            (variable, location)
        }));
    }

    uses
}

/// The uses of a variable.
#[derive(Debug, Default)]
pub struct VariableUses {
    pub locations: Vec<Location>,
    /// Some use says `:?`.
    required: bool,
}

/// The variables of a project that nothing in the repository sets.
pub fn of_project(ctx: &Analysis, project: &Project) -> BTreeMap<String, VariableUses> {
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
