//! What images, services and pods start: shared by the rules that look at servers.

use super::{Ctx, Owner};
use crate::model::Command;
use crate::model::container::Container;
use crate::model::context::contexts;
use crate::model::dockerfile::Dockerfile;
use crate::model::server::{Folders, Found, found};
use crate::source::{Place, parent};

/// A server, with its place in the command that starts it.
#[derive(Debug)]
pub struct Started {
    pub found: Found,
    pub place: Place,
}

/// The servers that a stage starts by itself.
pub fn stage(ctx: &Ctx, dockerfile: &Dockerfile, stage: usize) -> Vec<Started> {
    let folders = folders(ctx, dockerfile);
    let (entrypoint, cmd) = dockerfile.start(stage);
    [entrypoint, cmd].into_iter().flatten().flat_map(|command| command_starts(ctx, command, &folders)).collect()
}

/// The servers that a container's own command starts.
pub fn container(ctx: &Ctx, owner: Owner, container: &Container) -> Vec<Started> {
    let folders = match (ctx.graph.build_of(container), owner) {
        (Some((dockerfile, _)), _) => folders(ctx, dockerfile),
        (None, Owner::Compose(project, _)) => vec![project.folder.clone()],
        (None, Owner::Kubernetes(..)) => Vec::new(),
    };
    let commands = [&container.entrypoint, &container.command];
    commands.into_iter().flatten().flat_map(|command| command_starts(ctx, command, &folders)).collect()
}

/// Where the scripts of a Dockerfile's image come from.
pub fn folders(ctx: &Ctx, dockerfile: &Dockerfile) -> Vec<String> {
    let mut folders: Vec<String> = contexts(ctx.facts, dockerfile).into_iter().map(|context| context.folder).collect();
    let own = parent(ctx.facts.path(dockerfile.file)).to_owned();
    if !folders.contains(&own) {
        folders.push(own);
    }
    folders
}

fn command_starts(ctx: &Ctx, command: &Command, folders: &[String]) -> Vec<Started> {
    let script = command.script();
    let all = found(&script, Folders { repository: ctx.facts.repository, folders });
    all.into_iter().map(|found| Started { place: command.place_of(found.span), found }).collect()
}
