//! `backup`: whether anything here saves what the data stores hold.

use crate::analysis::Ctx;
use crate::data::Class;
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::container::MountSource;
use crate::source::file_name;

/// Programs that save stores, and words that say so.
const SAVERS: &[&str] = &[
    "backup",
    "pg_dump",
    "pg_basebackup",
    "mysqldump",
    "mariadb-dump",
    "mongodump",
    "pgbackrest",
    "wal-g",
    "barman",
    "restic",
    "borg",
    "kopia",
    "velero",
    "duplicity",
    "litestream",
    "rclone",
    "xtrabackup",
    "mc mirror",
    "snapshot",
];

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let stores: Vec<(&Project, &Service)> = ctx
        .facts
        .projects()
        .iter()
        .filter(|project| !project.overlay && !is_for_tests(project, ctx))
        .flat_map(|project| {
            project
                .services
                .iter()
                .map(move |service| (project, service))
        })
        .filter(|(_, service)| keeps_data(service))
        .collect();
    let Some((first, rest)) = stores.split_first() else {
        return;
    };

    if is_saved(ctx) {
        return;
    }

    let name = first.1.name();
    let mut finding = Finding::new(
        first.1.container.anchor,
        format!(
            "nothing in the repository \
        backs up `{name}`"
        ),
    )
    .label("stores its data on a volume of this host")
    .help(
        "add a job that backs it up to another location, and test a restore; if a managed \
            service makes backups, note it in the runbook",
    )
    .anchor(first.1.container.anchor)
    .others(rest.len() as u32);

    for (_, store) in rest.iter().take(8) {
        finding = finding.related(
            store.container.anchor,
            format!("`{}` has no backup either", store.name()),
        );
    }

    sink.report(finding);
}

fn is_for_tests(project: &Project, ctx: &Ctx) -> bool {
    let path = project
        .files
        .first()
        .map_or("", |file| ctx.facts.path(*file));
    project.development && path.contains("test")
}

/// A store whose loss is a loss: caches and brokers fill again, and what has no volume is not meant
/// to last.
fn keeps_data(service: &Service) -> bool {
    let lasting = |known: &crate::data::KnownImage| {
        matches!(known.class, Class::Database | Class::ObjectStore)
    };

    let volume =
        |source: &MountSource| matches!(source, MountSource::Volume(_) | MountSource::Host(_));
    service.store().is_some_and(lasting)
        && service
            .container
            .mounts
            .iter()
            .any(|mount| volume(&mount.source))
}

/// Whether a file's name or text, or a service's name, speaks of saving.
fn is_saved(ctx: &Ctx) -> bool {
    let speaks = |text: &str| SAVERS.iter().any(|word| text.contains(word));
    let named = |name: &str| name.contains("backup") || name.contains("restore");
    ctx.facts.repository.files().iter().any(|file| {
        let name = file_name(&file.path).to_ascii_lowercase();
        let read = name.ends_with(".sh")
            || name.ends_with(".yml")
            || name.ends_with(".yaml")
            || name == "makefile"
            || name.ends_with("crontab");
        named(&name) || (read && speaks(&file.text))
    })
}
