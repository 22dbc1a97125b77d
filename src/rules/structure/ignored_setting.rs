//! `ignored-setting`: settings of a compose file that have no effect.

use crate::analysis::Analysis;
use crate::analysis::hosts::is_swarm;
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, ReferenceKind};
use crate::rules::structure::compose_form::compose_root;
use crate::source::FileId;
use crate::syntax::yaml::Node;

pub fn check(ctx: &Analysis, project: &Project, sink: &mut Sink) {
    for file in project.files.iter().filter(|file| project.reports(**file)) {
        let Some(root) = compose_root(ctx.facts.file(*file)) else {
            continue;
        };

        let Some(services) = root.get("services") else {
            continue;
        };

        if is_for_swarm(ctx, root, *file) {
            continue;
        }

        for entry in services.entries() {
            let name = entry.key.str().unwrap_or("");
            report_file_modes(project, name, entry.value, sink);
            report_swarm_keys(project, name, entry.value, sink);
        }
    }
}

/// Whether the file may be for a swarm, which uses the settings that Compose ignores.
fn is_for_swarm(ctx: &Analysis, root: Node<'_>, file: FileId) -> bool {
    let networks = root.get("networks").into_iter().flat_map(Node::entries);
    let mut drivers = networks.filter_map(|network| network.value.get("driver")?.str());

    is_swarm(ctx.facts.path(file)) || drivers.any(|driver| driver == "overlay")
}

/// The owner and the mode of a secret or config that is a file: Compose mounts the file as it is.
fn report_file_modes(project: &Project, name: &str, service: Node<'_>, sink: &mut Sink) {
    for (key, kind, noun) in [
        ("secrets", ReferenceKind::Secret, "secret"),
        ("configs", ReferenceKind::Config, "config"),
    ] {
        for item in service.get(key).into_iter().flat_map(Node::items) {
            let Some(source) = item.get("source").and_then(Node::str) else {
                continue;
            };

            let Some(definition) = project.definition(kind, source) else {
                continue;
            };

            let Some(file) = &definition.source else {
                continue;
            };

            let mut ignored = item
                .entries()
                .filter(|entry| matches!(entry.key.str(), Some("uid" | "gid" | "mode")));
            let Some(first) = ignored.next() else {
                continue;
            };

            let word = first.key.str().unwrap_or("");
            sink.report(
                Finding::new(
                    first.key.content(),
                    format!("`{word}` of the {noun} `{source}` in `{name}` has no effect"),
                )
                .label("Compose mounts the file with the owner and mode it has")
                .related(file.location, format!("the {noun} is this file"))
                .help("remove it, and let the user of the container read the file on the host")
                .also_at(ignored.map(|entry| entry.key.content())),
            );
        }
    }
}

/// Keys of `deploy` that only a swarm uses, in a service that no swarm can run: it is built here, or
/// waits for a condition.
fn report_swarm_keys(project: &Project, name: &str, service: Node<'_>, sink: &mut Sink) {
    let Some(merged) = project.service(name) else {
        return;
    };

    let is_for_compose = merged.build.is_some() && merged.container.image.is_none()
        || merged
            .depends_on
            .iter()
            .any(|dependency| dependency.condition_place.is_some());
    if !is_for_compose {
        return;
    }

    let Some(deploy) = service.get("deploy") else {
        return;
    };

    for entry in deploy.entries() {
        let Some(key) = entry.key.str() else { continue };

        if matches!(key, "placement" | "endpoint_mode" | "rollback_config") {
            sink.report(
                Finding::new(
                    entry.key.content(),
                    format!("`deploy.{key}` of `{name}` has no effect"),
                )
                .label("only a swarm uses it, and Compose runs this service")
                .help("remove it"),
            );
        }
    }
}
