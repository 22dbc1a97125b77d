//! The variables that a container starts with, as far as the repository says: its own, those of
//! the ConfigMaps and env files that it is given, those of its image. Shared by rules about what a
//! program is configured with.

use std::collections::HashSet;

use crate::analysis::{Analysis, Owner};
use crate::model::container::{Container, EnvFrom, EnvFromKind};
use crate::model::dockerfile::{Dockerfile, StageId};
use crate::model::env::{EnvOrigin, EnvValue, EnvVar};
use crate::model::kubernetes::{Body, Data, ReferenceKind};
use crate::model::path_class::is_example_env;
use crate::source::{Location, join};

/// A variable whose value is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable<'a> {
    pub name: &'a str,
    pub value: &'a str,
    /// The value, or the default that it comes from.
    pub location: Location,
}

/// What a container is given, its image's own left out. Each name once.
pub fn given<'a>(
    ctx: &'a Analysis<'a>,
    owner: Owner<'a>,
    container: &'a Container,
) -> Vec<Variable<'a>> {
    gather(ctx, owner, container).0
}

/// Whether all that a container is given can be seen, its image's own left out.
pub fn is_complete<'a>(ctx: &'a Analysis<'a>, owner: Owner<'a>, container: &'a Container) -> bool {
    gather(ctx, owner, container).1
}

/// What a container starts with, its image's variables included where no unknown source may set
/// them too.
pub fn effective<'a>(
    ctx: &'a Analysis<'a>,
    owner: Owner<'a>,
    container: &'a Container,
) -> Vec<Variable<'a>> {
    let (mut variables, complete) = gather(ctx, owner, container);
    if !complete || container.env.is_open() {
        return variables;
    }

    let Some((dockerfile, stage)) = ctx.graph.build_of(container) else {
        return variables;
    };

    for inherited in image(dockerfile, stage).into_iter().filter_map(variable) {
        let is_own = container
            .env
            .iter()
            .any(|var| var.name.value == inherited.name);
        if !is_own && !variables.iter().any(|var| var.name == inherited.name) {
            variables.push(inherited);
        }
    }

    variables
}

/// The variables of an image: of each name the last one that the stage or those below it set.
pub fn image(dockerfile: &Dockerfile, stage: StageId) -> Vec<&EnvVar> {
    let mut seen: HashSet<&str> = HashSet::new();
    let all = dockerfile
        .chain(stage)
        .flat_map(|stage| stage.env.iter().rev());
    all.filter(|var| var.origin == EnvOrigin::DockerEnv && seen.insert(&var.name.value))
        .collect()
}

/// A variable whose value its own file says. A value from `.env` alone is up to the user who starts
/// the project.
pub fn variable(var: &EnvVar) -> Option<Variable<'_>> {
    let value = var.value.resolved()?;
    let location = match &var.value {
        EnvValue::Template {
            written, fallbacks, ..
        } if var.origin == EnvOrigin::ComposeEnvironment => {
            let fallback = fallbacks
                .iter()
                .find(|fallback| value.contains(&fallback.literal.value))?;
            if fallback.literal.value == value {
                fallback.literal.location
            } else {
                written.location
            }
        }
        other => other.location()?,
    };

    Some(Variable {
        name: &var.name.value,
        value,
        location,
    })
}

/// The variables that are known, and whether there can be no others.
fn gather<'a>(
    ctx: &'a Analysis<'a>,
    owner: Owner<'a>,
    container: &'a Container,
) -> (Vec<Variable<'a>>, bool) {
    let mut variables: Vec<Variable> = Vec::new();
    let mut complete = true;

    for var in &container.env {
        match (&var.value, owner) {
            (EnvValue::Reference(location), Owner::Kubernetes(..)) => {
                variables.extend(referred(ctx, owner, var, *location))
            }
            _ => variables.extend(variable(var)),
        }
    }

    // Of two sources the later one wins, and the container's own variable over both.
    let mut named: HashSet<&str> = container
        .env
        .iter()
        .map(|var| var.name.value.as_str())
        .collect();
    for from in container.env_from.iter().rev() {
        let more = source(ctx, owner, from);
        complete &= more.is_some();
        let more: Vec<Variable> = more
            .into_iter()
            .flatten()
            .filter(|var| !named.contains(var.name))
            .collect();
        named.extend(more.iter().map(|var| var.name));
        variables.extend(more);
    }

    (variables, complete)
}

/// What one source gives; `None` where it cannot be known.
fn source<'a>(
    ctx: &'a Analysis<'a>,
    owner: Owner<'a>,
    from: &EnvFrom,
) -> Option<Vec<Variable<'a>>> {
    match (from.kind, owner) {
        (EnvFromKind::ConfigMap, Owner::Kubernetes(..)) => {
            let data = config_map(ctx, owner, &from.name.value)?;
            let all = data.entries.iter();
            Some(
                all.map(|entry| Variable {
                    name: &entry.key.value,
                    value: entry.text(),
                    location: entry.value.location,
                })
                .collect(),
            )
        }
        (EnvFromKind::File, Owner::Compose(project, _)) => {
            let path = join(project.folder_of(from.name.location.file), &from.name.value)?;
            if !ctx.facts.is_committed(&path) || is_example_env(&path) {
                return None;
            }

            let file = ctx.facts.repository.find(&path)?;
            Some(
                ctx.facts
                    .file(file.id)
                    .env
                    .iter()
                    .filter_map(variable)
                    .collect(),
            )
        }
        _ => None,
    }
}

/// What `valueFrom.configMapKeyRef` comes to.
fn referred<'a>(
    ctx: &'a Analysis<'a>,
    owner: Owner<'a>,
    var: &'a EnvVar,
    location: Location,
) -> Option<Variable<'a>> {
    let Owner::Kubernetes(_, workload) = owner else {
        return None;
    };

    let reference = workload.pod.references.iter().find(|reference| {
        reference.kind == ReferenceKind::ConfigMap
            && reference.key.as_ref().is_some_and(|key| {
                key.location.file == location.file && location.span.contains(key.location.span)
            })
    })?;
    let data = config_map(ctx, owner, &reference.name.value)?;
    let entry = data
        .entries
        .iter()
        .find(|entry| Some(&entry.key.value) == reference.key.as_ref().map(|key| &key.value))?;
    Some(Variable {
        name: &var.name.value,
        value: entry.text(),
        location: entry.value.location,
    })
}

/// The one ConfigMap that a pod can mean by a name.
fn config_map<'a>(ctx: &'a Analysis<'a>, owner: Owner<'a>, name: &str) -> Option<&'a Data> {
    let Owner::Kubernetes(object, _) = owner else {
        return None;
    };

    match ctx.graph.cluster.find("ConfigMap", name, object).as_slice() {
        [object] => match &object.body {
            Body::ConfigMap(data) => Some(data),
            _ => None,
        },
        _ => None,
    }
}
