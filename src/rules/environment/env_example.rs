//! `env-example`, `undocumented-variable`, `required-variable`: variables that must be set before
//! anything starts.

use std::collections::BTreeMap;

use crate::analysis::env_examples::nearest;
use crate::analysis::{Analysis, required_variables, secret_exposure};
use crate::credential;
use crate::finding::{Finding, Sink};
use crate::model::compose::Project;
use crate::model::facts::FileFacts;
use crate::model::file_role::Role;
use crate::rules::environment::env_code;
use crate::source::{Location, SourceFile};

/// `env-example`
pub fn missing(ctx: &Analysis, sink: &mut Sink) {
    if !ctx.facts.env_files.examples.is_empty() {
        return;
    }

    let Some((location, names)) = required_variables::first(ctx) else {
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

/// `undocumented-variable`
pub fn undocumented(ctx: &Analysis, project: &Project, sink: &mut Sink) {
    if project.role != Role::Production {
        return;
    }
    // Examples of other folders count as well, but only the project's own must be complete.
    let Some(example) = nearest(&ctx.facts.env_files.examples, &project.folder) else {
        return;
    };

    for (name, uses) in required_variables::of_project(ctx, project) {
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
    if !ctx.facts.is_production(source.id) {
        return;
    }

    let mut locations: BTreeMap<String, Vec<Location>> = BTreeMap::new();

    for (variable, location) in required_variables::uses(facts) {
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
