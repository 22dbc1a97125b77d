//! Servers that images, services and pods start. Shared by the rules about servers.

pub use super::answers::Started;
use super::build_context;
use crate::analysis::start::{self, StartCommand};
use crate::analysis::{Analysis, Owner};
use crate::model::Command;
use crate::model::compose::Service;
use crate::model::container::Container;
use crate::model::dockerfile::{Dockerfile, StageId};
use crate::model::server::{self, command_servers};
use crate::source::{Located, parent};
use crate::syntax::shell::Invocation;

/// The servers that a stage starts by itself.
pub fn stage<'c>(ctx: &'c Analysis, dockerfile: &Dockerfile, stage: StageId) -> &'c [Started] {
    let part = (stage, dockerfile.stages.len());
    let servers = ctx.stage_servers.answer(dockerfile.id, part, || {
        let joined = start::of_stage(dockerfile, stage);
        let (entrypoint, cmd) = dockerfile.start(stage);

        starts(
            ctx,
            joined.as_ref(),
            [entrypoint, cmd],
            folders(ctx, dockerfile),
        )
    });

    servers.map_or(&[], Vec::as_slice)
}

/// The servers that a container's own command starts.
pub fn container<'c>(ctx: &'c Analysis, owner: Owner, container: &Container) -> &'c [Started] {
    ctx.container_servers.answer(container.id, || {
        let folders = folders_of(ctx, owner, container);
        let joined = start::of_container(ctx, container);
        let parts = [container.entrypoint.as_ref(), container.command.as_ref()];

        starts(ctx, joined.as_ref(), parts, folders)
    })
}

/// The servers that run in the end: those of the container's own command, or of the image that is
/// built here.
pub fn effective<'c>(ctx: &'c Analysis, owner: Owner, own: &Container) -> &'c [Started] {
    if own.command.is_some() || own.entrypoint.is_some() {
        return container(ctx, owner, own);
    }

    match ctx.graph.build_of(own) {
        Some((dockerfile, built)) => stage(ctx, dockerfile, built),
        None => &[],
    }
}

/// Whether an invocation starts a server or a worker.
pub fn is_server(invocation: &Invocation) -> bool {
    server::server(invocation).is_some()
}

/// The servers of a start command: of the whole; or else of its parts, as an entry point may run
/// what follows it.
fn starts(
    ctx: &Analysis,
    joined: Option<&StartCommand>,
    parts: [Option<&Command>; 2],
    folders: &[String],
) -> Vec<Started> {
    let script_folders = ctx.script_folders(folders);
    let whole: Vec<Started> = joined
        .into_iter()
        .flat_map(|start| {
            command_servers(start.script(), script_folders)
                .into_iter()
                .map(|found| Started {
                    location: start.place_of(found.span),
                    found,
                })
        })
        .collect();

    if !whole.is_empty() {
        return whole;
    }

    parts
        .into_iter()
        .flatten()
        .flat_map(|command| command_starts(ctx, command, folders))
        .collect()
}

/// Where the scripts of a Dockerfile's image come from.
pub fn folders<'c>(ctx: &'c Analysis, dockerfile: &Dockerfile) -> &'c [String] {
    ctx.script_folders.answer(dockerfile.id, || {
        let contexts = build_context::contexts(ctx, dockerfile).iter();
        let mut folders: Vec<String> = contexts.map(|context| context.folder.clone()).collect();
        let beside = parent(ctx.facts.path(dockerfile.file)).to_owned();
        if !folders.contains(&beside) {
            folders.push(beside);
        }

        folders
    })
}

/// Where the scripts of a container come from.
pub fn folders_of<'c>(ctx: &'c Analysis, owner: Owner, container: &Container) -> &'c [String] {
    ctx.container_folders.answer(container.id, || {
        match (ctx.graph.build_of(container), owner) {
            (Some((dockerfile, _)), _) => folders(ctx, dockerfile).to_vec(),
            (None, Owner::Compose(project, _)) => vec![project.folder.clone()],
            (None, Owner::Kubernetes(..)) => Vec::new(),
        }
    })
}

fn command_starts(ctx: &Analysis, command: &Command, folders: &[String]) -> Vec<Started> {
    let script = command.script();
    let all = command_servers(script, ctx.script_folders(folders));
    all.into_iter()
        .map(|found| Started {
            location: command.place_of(found.span),
            found,
        })
        .collect()
}

/// `stop_grace_period` of a service in seconds, where it is known.
pub fn stop_grace_period(service: &Service) -> Option<Located<u32>> {
    let period = service.stop_grace_period.known()?;

    Some(Located::new(seconds(&period.value)?, period.location))
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
