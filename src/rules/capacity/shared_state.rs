//! `sqlite-replicas`, `shared-volume-replicas`: state that only one process or one node can hold,
//! behind several replicas.

use crate::analysis::effective_env;
use crate::analysis::hosts::is_swarm;
use crate::analysis::workload::{container_title, is_long_running, is_scalable, replicas};
use crate::analysis::{Analysis, Owner};
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::container::{Container, MountSource};
use crate::model::kubernetes::{Body, Object, Workload};
use crate::model::{Command, Setting};
use crate::rules::capacity::datastore;
use crate::source::{Located, Location, is_inside, join};

/// Whether a variable selects SQLite: by a URL, a path to its file, or the name of a driver.
fn is_sqlite(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let value = value.trim().to_ascii_lowercase();
    if name.contains("TEST") || value.contains(":memory:") || value.contains("mode=memory") {
        return false;
    }

    if is_url(&value) {
        return true;
    }

    let is_database = has_word(&name, &["DB", "DATABASE", "SQLITE", "SQL"]);
    // Prisma and Turso use `file:`.
    if is_database && name.ends_with("URL") && value.starts_with("file:") {
        return true;
    }

    if is_database
        && has_word(&name, DRIVER_WORDS)
        && (matches!(&*value, "sqlite" | "sqlite3" | "better-sqlite3")
            || value.ends_with(".sqlite3"))
    {
        return true;
    }

    let path = value.split('?').next().unwrap_or("");
    let is_file = path.ends_with(".sqlite")
        || path.ends_with(".sqlite3")
        || (path.ends_with(".db") && path.contains('/'));
    is_database && is_file && !path.contains("://")
}

/// Words in the names of variables that hold a driver.
const DRIVER_WORDS: &[&str] = &[
    "TYPE",
    "CONNECTION",
    "DRIVER",
    "ENGINE",
    "DIALECT",
    "CLIENT",
    "BACKEND",
    "PROVIDER",
];

fn has_word(name: &str, words: &[&str]) -> bool {
    name.split('_').any(|part| words.contains(&part))
}

/// `sqlite:///data/app.db`, `sqlite+aiosqlite:///…`, `jdbc:sqlite:…`. Without a path the database
/// is in memory.
fn is_url(value: &str) -> bool {
    let rest = value.strip_prefix("jdbc:").unwrap_or(value);
    let Some((scheme, path)) = rest.split_once(':') else {
        return false;
    };
    let scheme = scheme.split('+').next().unwrap_or("");
    matches!(scheme, "sqlite" | "sqlite3") && !path.trim_start_matches('/').is_empty()
}

/// The first variable or argument that makes a container keep its data in SQLite.
fn sqlite(ctx: &Analysis, owner: Owner, container: &Container) -> Option<Location> {
    let variable = effective_env::effective(ctx, owner, container)
        .into_iter()
        .find(|var| is_sqlite(var.name, var.value));
    if let Some(variable) = variable {
        return Some(variable.location);
    }

    [&container.entrypoint, &container.command]
        .into_iter()
        .flatten()
        .find_map(sqlite_argument)
}

/// The argument of a command that is a URL of SQLite, with an option's name or without.
fn sqlite_argument(command: &Command) -> Option<Location> {
    let script = command.script();
    let word = script
        .invocations()
        .into_iter()
        .flat_map(|invocation| invocation.args.iter())
        .find(|word| {
            let text = word.text();
            is_url(text.split_once('=').map_or(text, |(_, value)| value))
        })?;

    Some(command.place_of(word.span))
}

fn report_sqlite(location: Location, who: &str, count: u32, counted: Location, sink: &mut Sink) {
    sink.report(
        Finding::new(
            location,
            format!("{who} runs {count} replicas but keeps its data in SQLite"),
        )
        .label("replicas use separate files, or all write to the same one")
        .related(counted, format!("{count} replicas"))
        .help("use a database server such as PostgreSQL, or run one replica"),
    );
}

pub fn sqlite_service(ctx: &Analysis, project: &Project, service: &Service, sink: &mut Sink) {
    let Some(count) = service.replicas.known().filter(|count| count.value > 1) else {
        return;
    };

    if let Some(location) = sqlite(ctx, Owner::Compose(project, service), &service.container) {
        report_sqlite(
            location,
            &format!("`{}`", service.name()),
            count.value,
            count.location,
            sink,
        );
    }
}

pub fn sqlite_workload(ctx: &Analysis, object: &Object, workload: &Workload, sink: &mut Sink) {
    let Some((count, location)) = many(ctx, object, workload) else {
        return;
    };

    for container in workload.pod.lasting() {
        // Pods with a volume each may keep a file each.
        if container
            .mounts
            .iter()
            .any(|mount| mount.source == MountSource::Anonymous)
        {
            continue;
        }

        if let Some(database) = sqlite(ctx, Owner::Kubernetes(object, workload), container) {
            report_sqlite(
                database,
                &container_title(object, container),
                count,
                location,
                sink,
            );
        }
    }
}

/// The minimum number of pods, if there are several, and where it is set.
fn many(ctx: &Analysis, object: &Object, workload: &Workload) -> Option<(u32, Location)> {
    if !is_scalable(object) || !is_long_running(object, workload) {
        return None;
    }

    let count = replicas(ctx, object, workload).filter(|count| *count > 1)?;
    let scaler = ctx
        .graph
        .cluster
        .joined(object)
        .and_then(|joined| joined.autoscalers.first());
    let location = match scaler.map(|scaler| &scaler.body) {
        Some(Body::Autoscaler(scaler)) => scaler.min_replicas.location(),
        _ => workload.replicas.location(),
    };

    Some((count, location.unwrap_or(object.location())))
}

/// A claim for one node, of a workload whose pods may be on several.
pub fn shared_claim(ctx: &Analysis, object: &Object, workload: &Workload, sink: &mut Sink) {
    let Some((count, counted)) = many(ctx, object, workload) else {
        return;
    };

    for volume in &workload.pod.volumes {
        let MountSource::Volume(claim) = &volume.source else {
            continue;
        };

        let claims = ctx
            .graph
            .cluster
            .find("PersistentVolumeClaim", &claim.value, object);
        let modes = claims.iter().map(|claim| match &claim.body {
            Body::Claim(facts) if !claim.open => single_mode(&facts.access_modes),
            _ => None,
        });
        // Namesakes of several overlays must agree.
        let Some(Some(mode)) = modes
            .collect::<Option<Vec<_>>>()
            .map(|modes| modes.first().copied())
        else {
            continue;
        };

        sink.report(
            Finding::new(
                claim.location,
                format!(
                    "the {count} pods of {} share claim `{}`, which only one node can mount",
                    object.title(),
                    claim.value
                ),
            )
            .label("pods on other nodes never start")
            .related(mode, "mounted by one node at a time")
            .related(counted, format!("{count} replicas"))
            .help(
                "run one replica, use a `ReadWriteMany` claim, or use a StatefulSet with \
                `volumeClaimTemplates`",
            )
            .anchor(object.anchor),
        );
    }
}

/// The location of an access mode for one node, if no mode is for several.
fn single_mode(modes: &Setting<Vec<Located<String>>>) -> Option<Location> {
    let modes = modes.value()?;
    let is_single = modes
        .iter()
        .all(|mode| matches!(mode.value.as_str(), "ReadWriteOnce" | "ReadWriteOncePod"));
    if !is_single {
        return None;
    }

    modes.first().map(|mode| mode.location)
}

/// Several engines of one store over one folder of data.
pub fn shared_data(ctx: &Analysis, project: &Project, service: &Service, sink: &mut Sink) {
    let Some(count) = service.replicas.known().filter(|count| count.value > 1) else {
        return;
    };
    // The nodes of a swarm have a volume each.
    if project
        .files
        .iter()
        .any(|file| is_swarm(ctx.facts.path(*file)))
    {
        return;
    }

    let container = &service.container;
    let Some(store) = datastore::store(ctx, container, service.build.is_some()) else {
        return;
    };

    let shared = container.mounts.iter().find(|mount| {
        let (MountSource::Volume(source) | MountSource::Host(source)) = &mount.source else {
            return false;
        };

        let target = mount
            .target
            .as_ref()
            .map_or("", |target| target.value.as_str());
        let data = store
            .layout(None)
            .data
            .iter()
            .any(|path| is_inside(path, target) || is_inside(target, path));
        data && !target.is_empty()
            && !mount.read_only
            && !source.value.contains("{{")
            && !is_file(ctx, project, source)
    });

    let Some(mount) = shared else { return };

    sink.report(
        Finding::new(
            mount.location,
            format!(
                "the {} replicas of `{}`, {}, share one data directory",
                count.value,
                service.name(),
                store.class.phrase()
            ),
        )
        .label("two engines on the same files corrupt them")
        .related(count.location, "replicas set here")
        .help(
            "run one replica, or use the store's own replication with a service and a volume \
            per member",
        ),
    );
}

/// Whether a mount's source is a file of the repository: a script or a configuration, and no data.
fn is_file(ctx: &Analysis, project: &Project, source: &crate::source::Located<String>) -> bool {
    let path = join(project.folder_of(source.location.file), &source.value);
    path.is_some_and(|path| ctx.facts.repository.find(&path).is_some())
}

#[cfg(test)]
mod tests {
    use super::is_sqlite;

    #[test]
    fn knows_sqlite_by_url_path_and_driver() {
        for (name, value) in [
            ("DATABASE_URL", "sqlite:////data/app.db"),
            ("ANYTHING", "sqlite+aiosqlite:///./app.db"),
            ("SPRING_DATASOURCE_URL", "jdbc:sqlite:/data/app.db"),
            ("DATABASE_URL", "file:./dev.db"),
            ("DB_PATH", "/data/app.db"),
            ("SQLITE_FILE", "app.sqlite3"),
            ("DB_CONNECTION", "sqlite"),
            ("GITEA__database__DB_TYPE", "sqlite3"),
        ] {
            assert!(is_sqlite(name, value), "{name}={value}");
        }

        for (name, value) in [
            ("DATABASE_URL", "sqlite://"),
            ("DATABASE_URL", "sqlite:///:memory:"),
            ("TEST_DATABASE_URL", "sqlite:///test.db"),
            ("DATABASE_URL", "postgres://db/app.db"),
            ("GEOIP_DB_PATH", "/data/GeoLite2.mmdb"),
            ("DB_NAME", "app.db"),
            ("CONFIG_FILE", "/etc/app.db"),
            ("DB_CONNECTION", "pgsql"),
        ] {
            assert!(!is_sqlite(name, value), "{name}={value}");
        }
    }
}
