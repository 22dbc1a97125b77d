//! `backup`: whether the repository backs up its data stores.

use crate::analysis::Analysis;
use crate::data::Class;
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::container::MountSource;
use crate::source::file_name;

/// Programs that back up data, and words for it.
const BACKUP_WORDS: &[&str] = &[
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

pub fn check(ctx: &Analysis, sink: &mut Sink) {
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

    if has_backup(ctx) {
        return;
    }

    let name = first.1.name();
    let mut finding = Finding::new(
        first.1.container.anchor,
        format!("nothing in the repository backs up `{name}`"),
    )
    .label("stores its data on a volume of this host")
    .help(
        "add a job that backs it up to another location, and test a restore; if a managed \
            service makes backups, note it in the runbook",
    )
    .anchor(first.1.container.anchor);

    for (_, store) in rest {
        finding = finding.related(
            store.container.anchor,
            format!("`{}` has no backup either", store.name()),
        );
    }

    sink.report(finding);
}

fn is_for_tests(project: &Project, ctx: &Analysis) -> bool {
    let path = project
        .files
        .first()
        .map_or("", |file| ctx.facts.path(*file));
    project.development && path.contains("test")
}

/// Whether a service keeps data that would be lost: a cache or broker fills again, and data without
/// a volume is not meant to last.
fn keeps_data(service: &Service) -> bool {
    let Some(store) = service.store() else {
        return false;
    };

    matches!(store.class, Class::Database | Class::ObjectStore)
        && service
            .container
            .mounts
            .iter()
            .any(|mount| matches!(mount.source, MountSource::Volume(_) | MountSource::Host(_)))
}

/// Whether a file is about backups, by its name or its text.
fn has_backup(ctx: &Analysis) -> bool {
    ctx.facts.repository.files().iter().any(|file| {
        let name = file_name(&file.path).to_ascii_lowercase();
        name.contains("backup")
            || name.contains("restore")
            || (may_run_backup(&name) && BACKUP_WORDS.iter().any(|word| file.text.contains(word)))
    })
}

/// Whether a file of this name starts programs.
fn may_run_backup(name: &str) -> bool {
    name.ends_with(".sh")
        || name.ends_with(".yml")
        || name.ends_with(".yaml")
        || name == "makefile"
        || name.ends_with("crontab")
}
