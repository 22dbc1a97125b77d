//! `missing-mounted-file`: files that a project reads where it runs.

use std::collections::HashSet;

use crate::analysis::env_examples::has_example;
use crate::analysis::{Analysis, required_variables};
use crate::finding::{Finding, Sink};
use crate::model::compose::Project;
use crate::model::container::{Mount, MountSource};
use crate::source::{Located, file_name, join};

pub fn missing_mounted_file(ctx: &Analysis, project: &Project, sink: &mut Sink) {
    let mut seen: HashSet<String> = HashSet::new();

    for expected in expected_files(project) {
        let path = expected.path;
        let Some(full) = join(project.folder_of(path.location.file), &path.value) else {
            continue;
        };

        if exists(ctx, &full) || ctx.is_ignored(&full) || has_example(ctx, &full) {
            continue;
        }

        // `env-example` reports the first env file that has no example.
        let is_reported =
            required_variables::first(ctx).is_some_and(|(location, _)| *location == path.location);
        if !seen.insert(full.clone()) || is_reported {
            continue;
        }

        let message = format!("{} the missing file `{full}`", expected.use_of);
        sink.report(
            Finding::new(path.location, message)
                .label("not in the repository")
                .help(
                    "add the file or an example of it, or list it in `.gitignore` if it is \
                     created where the project runs",
                ),
        );
    }
}

/// A file that a project reads where it runs.
struct ExpectedFile<'a> {
    /// What reads the file, and how: "`api` mounts".
    use_of: String,
    path: &'a Located<String>,
}

fn expected_files(project: &Project) -> Vec<ExpectedFile<'_>> {
    let mut files = Vec::new();

    for service in &project.services {
        let name = service.name();
        let container = &service.container;
        files.extend(
            container
                .env_from
                .iter()
                .filter(|env_file| !env_file.optional)
                .map(|env_file| ExpectedFile {
                    use_of: format!("`{name}` reads variables from"),
                    path: &env_file.name,
                }),
        );
        files.extend(
            container
                .mounts
                .iter()
                .filter_map(mounted_file)
                .map(|path| ExpectedFile {
                    use_of: format!("`{name}` mounts"),
                    path,
                }),
        );
    }

    for (kind, definitions) in [("secret", &project.secrets), ("config", &project.configs)] {
        for definition in definitions {
            files.extend(definition.source.iter().map(|path| ExpectedFile {
                use_of: format!("the {kind} `{}` is read from", definition.name.value),
                path,
            }));
        }
    }

    files
}

/// The file that a mount names; `None` for folders and for volumes.
fn mounted_file(mount: &Mount) -> Option<&Located<String>> {
    match &mount.source {
        MountSource::Host(path)
            if path.value.starts_with('.')
                && is_file_name(&path.value)
                && is_file_target(mount.target.as_ref()) =>
        {
            Some(path)
        }
        _ => None,
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
fn is_file_target(target: Option<&Located<String>>) -> bool {
    target.is_some_and(|target| !target.value.ends_with('/'))
}

fn exists(ctx: &Analysis, path: &str) -> bool {
    ctx.facts.repository.find(path).is_some() || ctx.facts.repository.has_folder(path)
}
