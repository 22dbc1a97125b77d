//! The variables that a container starts with, as far as the repository tells: its own, those of
//! the ConfigMaps and env files that it is given, those of its image. No rule: shared by those that
//! ask what a program was told.

use std::collections::HashSet;

use crate::analysis::{Ctx, Owner};
use crate::model::container::{Container, EnvFrom, EnvFromKind};
use crate::model::dockerfile::Dockerfile;
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
    ctx: &'a Ctx<'a>,
    owner: Owner<'a>,
    container: &'a Container,
) -> Vec<Variable<'a>> {
    gather(ctx, owner, container).0
}

/// What a container starts with, its image's variables included where nothing unknown may stand
/// before them.
pub fn effective<'a>(
    ctx: &'a Ctx<'a>,
    owner: Owner<'a>,
    container: &'a Container,
) -> Vec<Variable<'a>> {
    let (mut found, complete) = gather(ctx, owner, container);
    if let Some((dockerfile, stage)) = ctx
        .graph
        .build_of(container)
        .filter(|_| complete && !container.open)
    {
        let named = |name: &str| container.env.iter().any(|var| var.name.value == name);
        let inherited = image(dockerfile, stage).into_iter().filter_map(variable);
        let inherited: Vec<Variable> = inherited.filter(|var| !named(var.name)).collect();

        for var in inherited {
            if !found.iter().any(|own| own.name == var.name) {
                found.push(var);
            }
        }
    }

    found
}

/// The variables of an image: of each name the last one that the stage or those below it set.
pub fn image(dockerfile: &Dockerfile, stage: usize) -> Vec<&EnvVar> {
    let mut seen: HashSet<&str> = HashSet::new();
    let all = dockerfile
        .chain(stage)
        .flat_map(|stage| stage.env.iter().rev());
    all.filter(|var| var.origin == EnvOrigin::DockerEnv && seen.insert(&var.name.value))
        .collect()
}

/// A variable that the text of its own file tells. What only `.env` says is for whoever starts it.
pub fn variable(var: &EnvVar) -> Option<Variable<'_>> {
    let value = var.value.resolved()?;
    let location = match &var.value {
        EnvValue::Template {
            written, fallbacks, ..
        } if var.origin == EnvOrigin::ComposeEnvironment => {
            let told = fallbacks
                .iter()
                .find(|fallback| value.contains(&fallback.literal.value))?;
            if told.literal.value == value {
                told.literal.location
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
    ctx: &'a Ctx<'a>,
    owner: Owner<'a>,
    container: &'a Container,
) -> (Vec<Variable<'a>>, bool) {
    let mut found: Vec<Variable> = Vec::new();
    let mut complete = true;

    for var in &container.env {
        match (&var.value, owner) {
            (EnvValue::Reference(location), Owner::Kubernetes(..)) => {
                found.extend(referred(ctx, owner, var, *location))
            }
            _ => found.extend(variable(var)),
        }
    }
    // Of two sources the later one wins, and a variable of its own over both.
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
        found.extend(more);
    }

    (found, complete)
}

/// What one source gives; `None` where it cannot be known.
fn source<'a>(ctx: &'a Ctx<'a>, owner: Owner<'a>, from: &EnvFrom) -> Option<Vec<Variable<'a>>> {
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
            let committed = ctx.facts.is_committed(&path) && !is_example_env(&path);
            let file = ctx.facts.repository.find(&path).filter(|_| committed)?;
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
    ctx: &'a Ctx<'a>,
    owner: Owner<'a>,
    var: &'a EnvVar,
    location: Location,
) -> Option<Variable<'a>> {
    let Owner::Kubernetes(_, workload) = owner else {
        return None;
    };

    let reference = workload.pod.references.iter().find(|one| {
        one.kind == ReferenceKind::ConfigMap
            && one.key.as_ref().is_some_and(|key| {
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
fn config_map<'a>(ctx: &'a Ctx<'a>, owner: Owner<'a>, name: &str) -> Option<&'a Data> {
    let Owner::Kubernetes(object, _) = owner else {
        return None;
    };

    match ctx.graph.cluster.find("ConfigMap", name, object).as_slice() {
        [one] => match &one.body {
            Body::ConfigMap(data) => Some(data),
            _ => None,
        },
        _ => None,
    }
}
