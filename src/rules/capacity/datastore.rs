//! `published-datastore`, `ephemeral-datastore`: whether other hosts reach a store, and whether its
//! data outlives its container.

use crate::analysis::{Analysis, Owner};
use crate::data::{self, Class, DataLayout, KnownImage};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Sink};
use crate::model::Command;
use crate::model::compose::{Project, Service};
use crate::model::container::{Container, Mount, MountSource, Port};
use crate::model::dockerfile::Base;
use crate::model::image::Reference;
use crate::source::{Location, is_inside};

/// The store that a container runs: its image, or what its image is built from.
pub fn store(ctx: &Analysis, container: &Container, builds: bool) -> Option<&'static KnownImage> {
    data::store(&reference(ctx, container, builds)?.repository())
}

/// The image that a container runs, or that its image is built from.
fn reference<'a>(
    ctx: &Analysis<'a>,
    container: &'a Container,
    builds: bool,
) -> Option<&'a Reference> {
    let image = if builds {
        let (dockerfile, stage) = ctx.graph.build_of(container)?;
        match dockerfile.root(stage)? {
            Base::Image(image) => image,
            Base::Stage(_) | Base::Scratch(_) => return None,
        }
    } else {
        container.image.as_ref()?
    };

    image.reference.as_ref()
}

pub fn published(ctx: &Analysis, project: &Project, service: &Service, sink: &mut Sink) {
    let container = &service.container;
    let Some(store) = store(ctx, container, service.build.is_some()) else {
        return;
    };

    // Members of one cluster have the same image.
    let image = reference(ctx, container, service.build.is_some())
        .map(Reference::repository)
        .unwrap_or_default();

    for port in &container.ports {
        if !port.is_public() || port.unknown {
            continue;
        }

        let local = local_mapping(ctx, port);
        sink.report(
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
            ))
            .aspect(image.clone())
            .case_if(project.development, "development")
            .fix(local_fix(ctx, port)),
        );
    }
}

/// The fix that binds a port in the short syntax to localhost.
fn local_fix(ctx: &Analysis, port: &Port) -> Option<Fix> {
    let written = ctx.facts.text(port.location);
    let bare = written.trim_matches(['"', '\'']);
    let has_host_port = bare.contains(':') && bare.starts_with(|char: char| char.is_ascii_digit());
    let numbers = bare
        .split([':', '-', '/'])
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if !has_host_port || !numbers {
        return None;
    }

    let quote = (written.len() - written.trim_start_matches(['"', '\'']).len()) as u32;
    let start = port.location.span.start + quote;
    let edit = Edit::insert(port.location.file, start, "127.0.0.1:");

    Fix::new(Applicability::Unsafe, "bind it to localhost", vec![edit])
}

/// The port mapping as it would be for localhost only.
fn local_mapping(ctx: &Analysis, port: &Port) -> String {
    let written = ctx.facts.text(port.location);
    let is_long = matches!(port.published, Some(Some(_)))
        && !written.is_empty()
        && !outside_variables(written).contains(':');
    if is_long {
        return "`host_ip: 127.0.0.1`".to_owned();
    }

    let is_short_with_variables =
        written.contains("${") && written.contains(':') && !written.contains(['\n', ' ', '[', '.']);
    if is_short_with_variables {
        return format!("`127.0.0.1:{written}`");
    }

    match (port.published, port.target) {
        (Some(Some((host, _))), Some((target, _))) => format!("`127.0.0.1:{host}:{target}`"),
        (_, Some((target, _))) => format!("`127.0.0.1:{target}:{target}`"),
        _ => "a `127.0.0.1:` address".to_owned(),
    }
}

/// A text without its `${…}`.
fn outside_variables(text: &str) -> String {
    let mut outside = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        outside.push_str(before);
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }

    outside.push_str(rest);
    outside
}

pub fn ephemeral(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let builds = matches!(owner, Owner::Compose(_, service) if service.build.is_some());
    let Some(reference) = reference(ctx, container, builds) else {
        return;
    };

    let repository = reference.repository();
    let models = data::image(&repository).filter(|known| known.class == Class::LlmServer);
    let Some(store) = data::store(&repository).or(models) else {
        return;
    };

    let layout = store.layout(reference.tag.as_deref());

    // A cache may lose its data, if it is not asked to keep it. Without a known data folder, mounts
    // cannot be judged.
    if store.class == Class::Cache && !keeps_data(container)
        || layout.data.is_empty()
        || container.mounts.is_open()
        || is_exempt(ctx, owner)
    {
        return;
    }

    if let Some(folder) = moved_folder(container) {
        if !is_kept(container, &folder) {
            sink.report(moved_finding(owner, container, store.class, &folder));
        }
        return;
    }

    if let Some(loss) = data_loss(owner, container, layout) {
        // What is mounted at the wrong folder is moved one by one.
        let kind = match loss {
            DataLoss::InContainer | DataLoss::Scratch(_) | DataLoss::AnonymousVolume(_) => "",
            DataLoss::ImageVolume(_) | DataLoss::OtherVersion(_) => container.name.value.as_str(),
        };
        sink.report(
            data_loss_finding(owner, container, store.class, layout, loss)
                .aspect(format!("{} {kind}", reference.repository())),
        );
    }
}

/// Variables that say where a store keeps its data.
const FOLDER_VARIABLES: &[&str] = &[
    "PGDATA",
    "PERSISTENCE_DATA_PATH",
    "QDRANT__STORAGE__STORAGE_PATH",
    "RABBITMQ_MNESIA_BASE",
    "KAFKA_LOG_DIRS",
    "OLLAMA_MODELS",
    "PERSIST_DIRECTORY",
];

/// Options that do.
const FOLDER_OPTIONS: &[&str] = &["--datadir", "--dbpath", "--data-dir", "--dir"];

/// Whether the command of a cache asks it to write its data to disk.
fn keeps_data(container: &Container) -> bool {
    let Some(command) = &container.command else {
        return false;
    };

    command.script().invocations().iter().any(|invocation| {
        let words: Vec<&str> = std::iter::once(invocation.name.text())
            .chain(invocation.args.iter().map(|word| word.text()))
            .collect();

        words.windows(2).any(|pair| match pair {
            ["--appendonly", "yes"] => true,
            ["--save", interval] => interval.starts_with(|c: char| c.is_ascii_digit()),
            _ => false,
        })
    })
}

/// The folder in which a container says that its store keeps the data.
fn moved_folder(container: &Container) -> Option<String> {
    let by_variable = container
        .env
        .iter()
        .filter(|var| FOLDER_VARIABLES.contains(&var.name.value.as_str()))
        .find_map(|var| var.value.resolved());
    if let Some(folder) = by_variable {
        return folder.starts_with('/').then(|| folder.to_owned());
    }

    let command = container.command.as_ref()?;

    command
        .script()
        .invocations()
        .iter()
        .find_map(|invocation| {
            // What an entry point gets as its first word may be an option.
            let name = invocation.name.text();
            let words: Vec<&str> = std::iter::once(name)
                .chain(invocation.args.iter().map(|word| word.text()))
                .collect();
            let by_option = words
                .iter()
                .zip(words.iter().skip(1).chain([&""]))
                .find_map(|(word, next)| {
                    let (option, value) = word.split_once('=').unwrap_or((word, next));
                    let is_folder = FOLDER_OPTIONS.contains(&option) && value.starts_with('/');
                    is_folder.then(|| value.to_owned())
                });
            let by_word = match words.as_slice() {
                ["server", folder, ..] | ["minio", "server", folder, ..]
                    if folder.starts_with('/') && !folder.contains("...") =>
                {
                    Some((*folder).to_owned())
                }
                _ => None,
            };

            by_option.or(by_word)
        })
}

/// Whether something that outlives the container is mounted at a folder, above it or in it.
fn is_kept(container: &Container, folder: &str) -> bool {
    container.mounts.iter().any(|mount| {
        let is_lasting = !matches!(
            mount.source,
            MountSource::Scratch | MountSource::ConfigMap(_) | MountSource::Secret(_)
        );

        is_lasting
            && mount.target.as_ref().is_none_or(|target| {
                is_inside(folder, &target.value) || is_inside(&target.value, folder)
            })
    })
}

fn moved_finding(owner: Owner, container: &Container, class: Class, folder: &str) -> Finding {
    let name = &container.name.value;
    let help = match owner {
        Owner::Compose(..) => format!("add a volume: `{name}-data:{folder}`"),
        Owner::Kubernetes(..) => format!("mount a PersistentVolumeClaim at `{folder}`"),
    };

    Finding::new(
        container.anchor,
        format!(
            "`{name}`, {}, stores its data inside the container",
            class.phrase()
        ),
    )
    .label(format!("no volume at `{folder}`"))
    .help(help)
    .anchor(container.anchor)
    .case_if(class == Class::LlmServer, "models")
}

/// Where a store keeps data that does not outlive its container.
#[derive(Clone, Copy)]
enum DataLoss<'a> {
    /// In the container: nothing is mounted at the data folder.
    InContainer,
    /// In memory or scratch space.
    Scratch(&'a Mount),
    /// In a volume without a name, which the next container does not get.
    AnonymousVolume(&'a Mount),
    /// In the anonymous volume that the image declares, which Docker mounts over a part of this
    /// mount.
    ImageVolume(&'a Mount),
    /// In the container: this mount is where other versions of the image keep their data.
    OtherVersion(&'a Mount),
}

/// How a store loses its data; `None` if the data outlives the container, or may do so.
fn data_loss<'a>(
    owner: Owner,
    container: &'a Container,
    layout: DataLayout,
) -> Option<DataLoss<'a>> {
    // The data folder of an image that is known by the last part of its name only is a guess: any
    // durable mount may hold the data.
    let is_exact = container
        .image
        .as_ref()
        .and_then(|image| image.reference.as_ref())
        .is_some_and(|reference| data::image(&reference.repository()).is_some());
    let mut loss = DataLoss::InContainer;

    for mount in &container.mounts {
        let target = mount.target.as_ref()?;
        let covers_data = layout
            .data
            .iter()
            .any(|path| is_inside(path, &target.value) || is_inside(&target.value, path));

        let mount_loss = match mount.source {
            MountSource::Scratch => Some(DataLoss::Scratch(mount)),
            // In compose only: a claim of a StatefulSet has no name of its own.
            MountSource::Anonymous if matches!(owner, Owner::Compose(..)) => {
                Some(DataLoss::AnonymousVolume(mount))
            }
            MountSource::Anonymous
            | MountSource::Volume(_)
            | MountSource::Host(_)
            | MountSource::Other
            | MountSource::Unknown => None,
            MountSource::ConfigMap(_) | MountSource::Secret(_) => continue,
        };

        if matches!(owner, Owner::Compose(..))
            && is_exact
            && mount_loss.is_none()
            && let Some(missed) = missed(container, layout, mount, &target.value)
        {
            loss = missed;
            continue;
        }

        match (mount_loss, loss) {
            (None, _) if covers_data || !is_exact || names_path(container, &target.value) => {
                return None;
            }
            (Some(first), DataLoss::InContainer) if covers_data => loss = first,
            _ => {}
        }
    }

    Some(loss)
}

/// How a durable mount misses the data: it is above a volume of the image that holds the data, or
/// below the folder in which this version makes one of its own. A path that the container names
/// itself is right.
fn missed<'a>(
    container: &Container,
    layout: DataLayout,
    mount: &'a Mount,
    target: &str,
) -> Option<DataLoss<'a>> {
    let volume = layout
        .data
        .iter()
        .find(|path| layout.volumes.contains(path))?;
    let has_own = container.mounts.iter().any(|mount| {
        let target = mount.target.as_ref();
        target.is_some_and(|target| target.value.trim_end_matches('/') == volume)
    });
    let target = target.trim_end_matches('/');
    if has_own || target == volume {
        return None;
    }

    if is_inside(volume, target) {
        let is_beside = |value: &str| value.contains(target) && !value.contains(volume.as_str());
        let moved = container
            .env
            .iter()
            .any(|var| var.value.resolved().is_some_and(is_beside));
        return (!moved).then_some(DataLoss::ImageVolume(mount));
    }

    let is_of_other_version = is_inside(target, volume) && target.ends_with("/data");
    (is_of_other_version && !names_path(container, target)).then_some(DataLoss::OtherVersion(mount))
}

fn data_loss_finding(
    owner: Owner,
    container: &Container,
    class: Class,
    layout: DataLayout,
    loss: DataLoss,
) -> Finding {
    let name = &container.name.value;
    let folder = &layout.data[0];
    let (location, place, label) = match loss {
        DataLoss::InContainer => (
            container.anchor,
            "inside the container",
            format!("no volume at `{folder}`"),
        ),
        DataLoss::Scratch(mount) => (
            mount_location(owner, mount),
            "in memory or scratch space",
            "data is lost when the container is replaced".to_owned(),
        ),
        DataLoss::AnonymousVolume(mount) => (
            mount_location(owner, mount),
            "in an anonymous volume",
            "the next container starts with an empty volume".to_owned(),
        ),
        DataLoss::ImageVolume(mount) => (
            mount_location(owner, mount),
            "in an anonymous volume",
            format!("the image's own volume at `{folder}` hides this one"),
        ),
        DataLoss::OtherVersion(mount) => (
            mount_location(owner, mount),
            "beside its volume",
            format!("this version keeps its data elsewhere in `{folder}`"),
        ),
    };

    let help = match owner {
        Owner::Compose(..)
            if matches!(loss, DataLoss::ImageVolume(_) | DataLoss::OtherVersion(_)) =>
        {
            format!("mount the volume at `{folder}`")
        }
        Owner::Compose(..) => format!("add a volume: `{name}-data:{folder}`"),
        Owner::Kubernetes(..) => {
            format!(
                "mount a PersistentVolumeClaim at `{folder}`, ideally from a StatefulSet's \
                 `volumeClaimTemplates`"
            )
        }
    };

    Finding::new(
        location,
        format!("`{name}`, {}, stores its data {place}", class.phrase()),
    )
    .label(label)
    .help(help)
    .anchor(container.anchor)
    .case_if(class == Class::LlmServer, "models")
    .case_if(
        matches!(loss, DataLoss::AnonymousVolume(_)),
        "anonymous-volume",
    )
}

/// A mount of a pod is several lines long, so its path is shown.
fn mount_location(owner: Owner, mount: &Mount) -> Location {
    match (owner, &mount.target) {
        (Owner::Kubernetes(..), Some(path)) => path.location,
        _ => mount.location,
    }
}

/// Test files, and containers that only call a store's client.
fn is_exempt(ctx: &Analysis, owner: Owner) -> bool {
    match owner {
        Owner::Compose(project, service) => {
            project.development || !service.profiles.is_empty() || project.is_one_shot(service)
        }
        Owner::Kubernetes(object, _) => {
            matches!(object.kind.value.as_str(), "Job" | "CronJob")
                || ctx.facts.is_development(object.file)
        }
    }
}

/// Whether the command or a variable names the path: the store is set to keep its data there.
fn names_path(container: &Container, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let is_in_env = container.env.iter().any(|var| {
        var.value
            .resolved()
            .is_some_and(|value| value.contains(path))
    });

    is_in_env
        || [&container.entrypoint, &container.command]
            .into_iter()
            .flatten()
            .any(|command| command_names_path(command, path))
}

fn command_names_path(command: &Command, path: &str) -> bool {
    match command {
        Command::Exec { words, .. } => words.iter().any(|word| word.value.contains(path)),
        Command::Shell { code, .. } => code.text.contains(path),
    }
}
