//! `invalid-value`, beyond the schema: errors of Compose after a project is loaded. Services without
//! an image, settings that exclude each other, cycles of dependencies, one path with two mounts,
//! health checks that are not commands.

use std::collections::HashMap;

use crate::analysis::Analysis;
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, ReferenceKind, Service};
use crate::model::facts::FileFacts;
use crate::rules::structure::compose_form::compose_root;
use crate::source::{Located, Location, SourceFile};

pub fn service(ctx: &Analysis, project: &Project, service: &Service, sink: &mut Sink) {
    let name = service.name();
    if !has_image(service)
        && !project.overlay
        && project.base_files == 0
        && !is_overlay(ctx, project, name)
    {
        sink.report(
            Finding::new(
                service.container.anchor,
                format!("`{name}` has neither `image` nor `build`"),
            )
            .label("Compose refuses to load the project")
            .help("add `image` or `build`"),
        );
    }

    let network = service
        .references
        .iter()
        .find(|reference| reference.kind == ReferenceKind::Network);
    if let (Some(mode), Some(network)) = (service.network_mode.known(), network) {
        sink.report(
            Finding::new(
                mode.location,
                format!("`{name}` sets both `network_mode` and `networks`"),
            )
            .label("Compose refuses to load the project")
            .related(network.name.location, "a network is listed here")
            .help("keep one of them"),
        );
    }

    let mut mounted: HashMap<&str, Location> = HashMap::new();

    for mount in &service.container.mounts {
        let Some(target) = &mount.target else {
            continue;
        };

        if let Some(earlier) = mounted.insert(&target.value, mount.location) {
            sink.report(
                Finding::new(
                    mount.location,
                    format!("`{name}` has two mounts at `{}`", target.value),
                )
                .label("Compose refuses to load the project")
                .related(earlier, "the first mount")
                .help("remove one of them, or change its target"),
            );
        }
    }
}

const fn has_image(service: &Service) -> bool {
    service.container.image.is_some()
        || service.build.is_some()
        || service.provided
        || service.extends
}

/// Whether the file is an overlay for `-f`: none of its services has an image, or another project
/// has the service.
fn is_overlay(ctx: &Analysis, project: &Project, name: &str) -> bool {
    let elsewhere = ctx
        .facts
        .projects()
        .iter()
        .filter(|other| !std::ptr::eq(*other, project));
    !project.services.iter().any(has_image)
        || elsewhere
            .filter_map(|other| other.service(name))
            .any(has_image)
}

/// The dependencies of a service, each once: `depends_on`, and services whose network or files it
/// uses.
fn dependencies(service: &Service) -> Vec<&Located<String>> {
    let mut all: Vec<&Located<String>> = service
        .depends_on
        .iter()
        .map(|dependency| &dependency.service)
        .collect();
    // `extends` refers to a service as well, and is not a dependency.
    let others = service
        .references
        .iter()
        .filter(|reference| reference.kind == ReferenceKind::Service && !service.extends);
    for reference in others {
        if !all.iter().any(|name| name.value == reference.name.value) {
            all.push(&reference.name);
        }
    }

    all
}

/// Cycles of dependencies, each reported once, where it closes.
pub fn cycles(_: &Analysis, project: &Project, sink: &mut Sink) {
    let index: HashMap<&str, usize> = project
        .services
        .iter()
        .enumerate()
        .map(|(number, service)| (service.name(), number))
        .collect();
    let dependencies: Vec<Vec<&Located<String>>> =
        project.services.iter().map(dependencies).collect();
    // 0: not seen, 1: on the path, 2: done.
    let mut state = vec![0_u8; project.services.len()];

    for start in 0..project.services.len() {
        let mut path = vec![(start, 0_usize)];

        while let Some((current, next)) = path.pop() {
            if next == 0 && std::mem::replace(&mut state[current], 1) == 2 {
                state[current] = 2;
                continue;
            }

            let Some(dependency) = dependencies[current].get(next) else {
                state[current] = 2;
                continue;
            };

            path.push((current, next + 1));
            let Some(&to) = index.get(dependency.value.as_str()) else {
                continue;
            };

            match state[to] {
                0 => path.push((to, 0)),
                1 => {
                    let from = project.services[current].name();
                    let name = &dependency.value;
                    sink.report(
                        Finding::new(
                            dependency.location,
                            format!("`{from}` and `{name}` depend on each other"),
                        )
                        .label("Compose refuses to load the project")
                        .related(
                            project.services[to].container.anchor,
                            format!("`{name}` depends on `{from}`, directly or not"),
                        )
                        .help("remove one of the dependencies"),
                    );
                }
                _ => {}
            }
        }
    }
}

pub fn health_check_form(_: &Analysis, _: &SourceFile, file: &FileFacts, sink: &mut Sink) {
    let Some(services) = compose_root(file).and_then(|root| root.get("services")) else {
        return;
    };

    for service in services.entries() {
        let Some(test) = service.value.path(&["healthcheck", "test"]) else {
            continue;
        };

        let Some(first) = test.items().next() else {
            continue;
        };

        let word = first.str().unwrap_or("");
        if matches!(word, "NONE" | "CMD" | "CMD-SHELL") || word.contains('$') {
            continue;
        }

        sink.report(
            Finding::new(
                first.content(),
                format!(
                    "the health check of `{}` starts with `{word}` instead of `CMD`",
                    service.key.str().unwrap_or("")
                ),
            )
            .label("Compose refuses to load the project")
            .help(
                "start the list with `CMD`, or with `CMD-SHELL` and the whole command as one \
                string",
            ),
        );
    }
}
