//! published-datastore, ephemeral-datastore: who reaches a store, and whether its data outlives it.

use crate::analysis::{Ctx, Owner};
use crate::data::{self, Class, KnownImage};
use crate::finding::{Finding, Level, Sink};
use crate::model::Command;
use crate::model::compose::{Project, Service};
use crate::model::container::{Container, Mount, MountSource};
use crate::model::dockerfile::Base;
use crate::model::env::EnvVar;
use crate::model::file_role::is_development;
use crate::model::image::Reference;
use crate::source::is_inside;

/// The store that a container runs: its image, or what its image is built from.
pub fn store(ctx: &Ctx, container: &Container, builds: bool) -> Option<&'static KnownImage> {
    let known = |reference: &Reference| data::store(&reference.repository());
    if !builds {
        return known(container.image.as_ref()?.reference.as_ref()?);
    }

    let (dockerfile, stage) = ctx.graph.build_of(container)?;

    match dockerfile.root(stage)? {
        Base::Image(image) => known(image.reference.as_ref()?),
        Base::Stage(_) | Base::Scratch(_) => None,
    }
}

pub fn published(ctx: &Ctx, project: &Project, service: &Service, sink: &mut Sink) {
    let container = &service.container;
    let Some(store) = store(ctx, container, service.build.is_some()) else {
        return;
    };

    for port in &container.ports {
        if !port.is_public() || port.unknown {
            continue;
        }

        let level = if project.development {
            Level::Warning
        } else {
            sink.level()
        };
        // With its variables, if they are all there is to it.
        let written = ctx.facts.text(port.location);
        let plain = written.contains("${")
            && written.contains(':')
            && !written.contains(['\n', ' ', '[', '.']);
        let local = match (port.published, port.target) {
            _ if plain => format!("`127.0.0.1:{written}`"),
            (Some(Some((host, _))), Some((target, _))) => format!("`127.0.0.1:{host}:{target}`"),
            (_, Some((target, _))) => format!("`127.0.0.1:{target}:{target}`"),
            _ => "a `127.0.0.1:` address".to_owned(),
        };

        sink.report_at(
            level,
            Finding::new(
                port.location,
                format!(
                    "`{}`, {}, is published on every address of the host",
                    service.name(),
                    store.class.phrase()
                ),
            )
            .label("published Docker ports bypass the host's firewall")
            .help(format!(
                "remove it (services of the project reach `{}` without it), or bind it to \
                 localhost: {local}",
                service.name()
            )),
        );
    }
}

pub fn ephemeral(ctx: &Ctx, owner: Owner, container: &Container, sink: &mut Sink) {
    let builds = matches!(owner, Owner::Compose(_, service) if service.build.is_some());
    let Some(store) = store(ctx, container, builds) else {
        return;
    };
    // A cache may forget. What has no known data folder cannot be judged.
    if store.class == Class::Cache
        || store.data.is_empty()
        || container.open
        || is_exempt(ctx, owner)
    {
        return;
    }
    // Somebody who sees to the mounts of an image that we know by its last name only, knows it
    // better.
    let exact = container
        .image
        .as_ref()
        .and_then(|image| image.reference.as_ref());
    let exact = exact.is_some_and(|reference| data::image(&reference.repository()).is_some());
    let mut lost: Option<&Mount> = None;

    for mount in &container.mounts {
        let Some(target) = &mount.target else { return };

        let covers = store
            .data
            .iter()
            .any(|path| is_inside(path, &target.value) || is_inside(&target.value, path));
        let durable = match mount.source {
            MountSource::Scratch => false,
            // A claim of a StatefulSet has no name of its own; an anonymous volume of compose goes
            // with its container.
            MountSource::Anonymous => matches!(owner, Owner::Kubernetes(..)),
            MountSource::Volume(_)
            | MountSource::Host(_)
            | MountSource::Other
            | MountSource::Unknown => true,
            MountSource::ConfigMap(_) | MountSource::Secret(_) => continue,
        };

        if durable && (covers || !exact || is_told_of(container, &target.value)) {
            return;
        }

        if covers && !durable {
            lost = lost.or(Some(mount));
        }
    }

    let name = &container.name.value;
    let folder = &store.data[0];
    let finding = match lost {
        Some(mount) => {
            let scratch = if mount.source == MountSource::Scratch {
                "memory or scratch space"
            } else {
                "an anonymous volume"
            };

            let label = if mount.source == MountSource::Scratch {
                "data is lost when the container is replaced"
            } else {
                "the next container starts with an empty volume"
            };
            // A pod's mount is several lines long; the path is what matters of it.
            let path = mount
                .target
                .as_ref()
                .filter(|_| matches!(owner, Owner::Kubernetes(..)));
            let location = path.map_or(mount.location, |path| path.location);
            Finding::new(
                location,
                format!(
                    "`{name}`, {}, stores its data in {scratch}",
                    store.class.phrase()
                ),
            )
            .label(label)
        }
        None => Finding::new(
            container.anchor,
            format!(
                "`{name}`, {}, stores its data inside the container",
                store.class.phrase()
            ),
        )
        .label(format!("no volume at `{folder}`")),
    };

    let help = match owner {
        Owner::Compose(..) => format!("add a volume: `{name}-data:{folder}`"),
        Owner::Kubernetes(..) => {
            format!(
                "mount a PersistentVolumeClaim at `{folder}`, ideally from a StatefulSet's \
                 `volumeClaimTemplates`"
            )
        }
    };
    // What an anonymous volume holds is still there, if hard to find.
    let level = if lost.is_some_and(|mount| mount.source != MountSource::Scratch) {
        sink.level().lowered()
    } else {
        sink.level()
    };

    sink.report_at(level, finding.help(help).anchor(container.anchor));
}

/// Test files, and containers that only call a store's client.
fn is_exempt(ctx: &Ctx, owner: Owner) -> bool {
    match owner {
        Owner::Compose(project, service) => {
            project.development || !service.profiles.is_empty() || project.is_one_shot(service)
        }
        Owner::Kubernetes(object, _) => {
            matches!(object.kind.value.as_str(), "Job" | "CronJob")
                || is_development(ctx.facts.path(object.file))
        }
    }
}

/// Whether the command or a variable names the path: the store was told to keep its data there.
fn is_told_of(container: &Container, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let in_env = |var: &EnvVar| {
        var.value
            .resolved()
            .is_some_and(|value| value.contains(path))
    };

    let in_command = |command: &Command| match command {
        Command::Exec { words, .. } => words.iter().any(|word| word.value.contains(path)),
        Command::Shell { code, .. } => code.text.contains(path),
    };

    let commands = [container.entrypoint.as_ref(), container.command.as_ref()];

    container.env.iter().any(in_env) || commands.into_iter().flatten().any(in_command)
}
