//! missing-mounted-file: what a project expects to find where it is run.

use crate::analysis::Ctx;
use crate::analysis::env_examples::has_example;
use crate::finding::{Finding, Level, Sink};
use crate::model::compose::Project;
use crate::model::container::MountSource;
use crate::rules::environment::env_example;
use crate::source::{Located, file_name, join};
use std::collections::HashSet;

pub fn missing_mounted_file(ctx: &Ctx, project: &Project, sink: &mut Sink) {
    let mut said: HashSet<String> = HashSet::new();
    let mut miss = |what: &str, who: &str, path: &Located<String>, level: Level| {
        let Some(full) = join(project.folder_of(path.location.file), &path.value) else {
            return;
        };

        if exists(ctx, &full)
            || ctx.facts.is_ignored(&full)
            || has_example(ctx, &full)
            || !said.insert(full.clone())
        {
            return;
        }
        // One cause is one finding: of the first env file that nobody describes, `env-example`
        // speaks.
        if env_example::speaks_of(ctx, path.location) {
            return;
        }

        sink.report_at(
            level,
            Finding::new(
                path.location,
                format!("{who} {what} the missing file `{full}`"),
            )
            .label("not in the repository")
            .help(
                "add the file or an example of it, or list it in `.gitignore` if it is created \
                 where the project runs",
            ),
        );
    };

    let warning = Level::Warning;

    for service in &project.services {
        let who = format!("`{}`", service.name());
        for from in service
            .container
            .env_from
            .iter()
            .filter(|from| !from.optional)
        {
            miss("reads variables from", &who, &from.name, warning);
        }

        for mount in &service.container.mounts {
            let MountSource::Host(path) = &mount.source else {
                continue;
            };

            if path.value.starts_with('.')
                && is_file_name(&path.value)
                && is_written(mount.target.as_ref())
            {
                miss("mounts", &who, path, warning);
            }
        }
    }

    for (kind, list) in [("secret", &project.secrets), ("config", &project.configs)] {
        for one in list {
            if let Some(source) = &one.source {
                miss(
                    "is read from",
                    &format!("the {kind} `{}`", one.name.value),
                    source,
                    warning,
                );
            }
        }
    }
}

/// Whether a path names a file and not a folder: its last part has an ending that files have.
fn is_file_name(path: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "cfg",
        "cnf",
        "conf",
        "crt",
        "css",
        "env",
        "html",
        "ini",
        "js",
        "json",
        "key",
        "lua",
        "pem",
        "php",
        "properties",
        "py",
        "sh",
        "sql",
        "toml",
        "ts",
        "txt",
        "xml",
        "yaml",
        "yml",
    ];
    let name = file_name(path);
    name.rsplit_once('.')
        .is_some_and(|(stem, ending)| !stem.is_empty() && ENDINGS.contains(&ending))
        || matches!(name, "Caddyfile" | "nginx.conf" | "Dockerfile")
}

/// Whether the target is a file too: a folder there means that the source is one.
fn is_written(target: Option<&Located<String>>) -> bool {
    target.is_some_and(|target| !target.value.ends_with('/'))
}

fn exists(ctx: &Ctx, path: &str) -> bool {
    ctx.facts.repository.find(path).is_some() || ctx.facts.repository.has_folder(path)
}
