//! Servers that images, services and pods start. Shared by the rules about servers.

use crate::analysis::{Ctx, Owner};
use crate::model::compose::{Project, Service};
use crate::model::container::Container;
use crate::model::dockerfile::Dockerfile;
use crate::model::kubernetes::Object;
use crate::model::server::{Folders, Found, found};
use crate::model::{Command, context};
use crate::source::{Location, parent};

/// A server, with its place in the command that starts it.
#[derive(Debug)]
pub struct Started {
    pub found: Found,
    pub location: Location,
}

/// The servers that a stage starts by itself.
pub fn stage(ctx: &Ctx, dockerfile: &Dockerfile, stage: usize) -> Vec<Started> {
    let folders = folders(ctx, dockerfile);
    let (entrypoint, cmd) = dockerfile.start(stage);
    [entrypoint, cmd]
        .into_iter()
        .flatten()
        .flat_map(|command| command_starts(ctx, command, &folders))
        .collect()
}

/// The servers that a container's own command starts.
pub fn container(ctx: &Ctx, owner: Owner, container: &Container) -> Vec<Started> {
    let folders = folders_of(ctx, owner, container);
    let commands = [&container.entrypoint, &container.command];
    commands
        .into_iter()
        .flatten()
        .flat_map(|command| command_starts(ctx, command, &folders))
        .collect()
}

/// Where the scripts of a Dockerfile's image come from.
pub fn folders(ctx: &Ctx, dockerfile: &Dockerfile) -> Vec<String> {
    let (mut folders, _) = context::folders(ctx.facts, dockerfile);
    let beside = parent(ctx.facts.path(dockerfile.file)).to_owned();
    if !folders.contains(&beside) {
        folders.push(beside);
    }

    folders
}

/// Where the scripts of a container come from.
pub fn folders_of(ctx: &Ctx, owner: Owner, container: &Container) -> Vec<String> {
    match (ctx.graph.build_of(container), owner) {
        (Some((dockerfile, _)), _) => folders(ctx, dockerfile),
        (None, Owner::Compose(project, _)) => vec![project.folder.clone()],
        (None, Owner::Kubernetes(..)) => Vec::new(),
    }
}

fn command_starts(ctx: &Ctx, command: &Command, folders: &[String]) -> Vec<Started> {
    let script = command.script();
    let all = found(
        script,
        Folders {
            repository: ctx.facts.repository,
            folders,
        },
    );
    all.into_iter()
        .map(|found| Started {
            location: command.place_of(found.span),
            found,
        })
        .collect()
}

/// `stop_grace_period` of a service in seconds, from the last file that sets it.
pub fn stop_grace_period(
    ctx: &Ctx,
    project: &Project,
    service: &Service,
) -> Option<(u32, Location)> {
    if service.stop_grace_period.is_absent() {
        return None;
    }

    project.files.iter().rev().find_map(|&file| {
        let root = ctx.facts.file(file).tree.as_ref()?.root()?;
        let node = root.path(&["services", service.name(), "stop_grace_period"])?;
        Some((seconds(node.str()?)?, node.location()))
    })
}

/// `terminationGracePeriodSeconds` of an object's pods.
pub fn termination_grace(ctx: &Ctx, object: &Object) -> Option<(u32, Location)> {
    let tree = ctx.facts.file(object.file).tree.as_ref()?;
    let document = tree
        .documents()
        .find(|root| root.location().span.contains(object.anchor.span))?;
    let paths: [&[&str]; 3] = [
        &["spec", "template", "spec", "terminationGracePeriodSeconds"],
        &["spec", "terminationGracePeriodSeconds"],
        &[
            "spec",
            "jobTemplate",
            "spec",
            "template",
            "spec",
            "terminationGracePeriodSeconds",
        ],
    ];
    let node = paths.iter().find_map(|path| document.path(path))?;

    Some((u32::try_from(node.as_int()?).ok()?, node.location()))
}

/// A duration such as `1m30s`, in whole seconds.
fn seconds(text: &str) -> Option<u32> {
    let mut total = 0.0;
    let mut rest = text.trim();

    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let unit_end = rest[digits..]
            .find(|c: char| c.is_ascii_digit())
            .map_or(rest.len(), |unit| digits + unit);
        total += number
            * match &rest[digits..unit_end] {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
        rest = &rest[unit_end..];
    }

    // A larger duration means forever.
    Some(if total >= f64::from(u32::MAX) {
        u32::MAX
    } else {
        total as u32
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn durations_add_up() {
        for (text, want) in [
            ("30s", Some(30)),
            ("1m30s", Some(90)),
            ("500ms", Some(0)),
            ("2h", Some(7200)),
            ("30", None),
            ("x", None),
        ] {
            assert_eq!(super::seconds(text), want, "{text}");
        }
    }
}
