//! What pip, uv, Poetry and pipenv need beside their manifests.

use toml::{Table, Value};

use super::need::{Install, Need, NeedReason, ProjectFolder, clean, folder_of, lock};

const MANIFEST: &str = "pyproject.toml";

/// How many files of requirements may name each other.
const MAX_FILES: usize = 8;

/// Build backends that stop where a file that the manifest names is missing; setuptools warns.
const STRICT_BACKENDS: &[&str] = &[
    "hatchling.build",
    "uv_build",
    "flit_core.buildapi",
    "pdm.backend",
    "poetry.core.masonry.api",
];

/// What `pip install` and `uv pip install` read.
pub(super) fn pip(project: ProjectFolder, install: &Install) -> Vec<Need> {
    let mut needs = Vec::new();
    let named = install.invocation.options(&[
        "-r",
        "--requirement",
        "--requirements",
        "-c",
        "--constraint",
        "--constraints",
    ]);

    for argument in named {
        let Some(path) = clean(argument.value) else {
            continue;
        };

        needs.extend(project.need("", &path, NeedReason::Argument, ""));
        let mut seen = Vec::new();
        requirements(project, &path, &mut seen, &mut needs);
    }

    let editable = install.invocation.options(&["-e", "--editable"]);
    let paths = editable.map(|argument| argument.value.to_owned());
    let words = install
        .call
        .into_iter()
        .flat_map(|call| &call.packages)
        .map(|word| word.text().to_owned());
    for path in paths.chain(words) {
        needs.extend(local_project(project, "", &path, ""));
    }

    needs
}

/// What a file of requirements names: others of its kind, and packages of the repository.
pub(super) fn requirements(
    project: ProjectFolder,
    path: &str,
    seen: &mut Vec<String>,
    needs: &mut Vec<Need>,
) {
    if seen.len() >= MAX_FILES || seen.iter().any(|other| other == path) {
        return;
    }

    seen.push(path.to_owned());
    let Some(file) = project.file(path) else {
        return;
    };

    for line in file.text.lines() {
        let line = line.split(" #").next().unwrap_or("").trim();

        if let Some((option, value)) = included(line) {
            let Some(next) = clean(&format!("{}{value}", folder_of(path))) else {
                continue;
            };

            let kind = if option.contains('c') && !option.contains("require") {
                "constraints"
            } else {
                "more requirements"
            };
            needs.extend(project.need(path, &next, NeedReason::Named(kind), line));
            requirements(project, &next, seen, needs);
        } else if let Some(value) = editable(line) {
            needs.extend(local_project(project, path, value, line));
        } else if line.starts_with('.') || line.ends_with(".whl") && !line.contains("://") {
            needs.extend(local_project(project, path, line, line));
        }
    }
}

/// The option and the file of `-r base.txt` or `--constraint=limits.txt`.
fn included(line: &str) -> Option<(&str, &str)> {
    ["-r", "-c", "--requirement", "--constraint"]
        .into_iter()
        .filter_map(|option| {
            let rest = line.strip_prefix(option)?;
            let is_end = rest.starts_with([' ', '=', '\t']) || !option.starts_with("--");
            let value = rest.trim_start_matches([' ', '=', '\t']).trim();
            (is_end && !value.is_empty()).then_some((option, value))
        })
        .next_back()
}

fn editable(line: &str) -> Option<&str> {
    ["-e ", "--editable ", "--editable="]
        .iter()
        .find_map(|option| line.strip_prefix(option))
        .map(str::trim)
}

/// A wheel, or the manifest of a project in a folder.
fn local_project(project: ProjectFolder, manifest: &str, path: &str, mark: &str) -> Option<Need> {
    let bare = path.split('[').next().unwrap_or(path);
    if !bare.starts_with('.') && !bare.contains('/') && !bare.ends_with(".whl") {
        return None;
    }

    if bare.contains("://") || bare.contains('@') {
        return None;
    }

    let path = clean(bare)?;
    let reason = match manifest {
        "" => NeedReason::Argument,
        _ => NeedReason::Named("a package"),
    };
    if path.ends_with(".whl") || path.ends_with(".tar.gz") {
        return project.need(manifest, &path, reason, mark);
    }

    let folder = if path.is_empty() {
        String::new()
    } else {
        format!("{path}/")
    };
    let any_of: Vec<String> = [MANIFEST, "setup.py", "setup.cfg"]
        .iter()
        .map(|name| format!("{folder}{name}"))
        .filter(|path| project.holds(path))
        .collect();
    let first = any_of.first()?.clone();
    let mut need = project.need(manifest, &first, reason, mark)?;
    need.any_of = any_of;

    Some(need)
}

fn pyproject(project: ProjectFolder) -> Option<Table> {
    project.file(MANIFEST)?.text.parse().ok()
}

fn find<'t>(table: &'t Table, keys: &[&str]) -> Option<&'t Value> {
    let (first, rest) = keys.split_first()?;

    rest.iter()
        .try_fold(table.get(*first)?, |value, key| value.get(key))
}

fn text<'t>(table: &'t Table, keys: &[&str]) -> Option<&'t str> {
    find(table, keys)?.as_str()
}

pub(super) fn uv(project: ProjectFolder, install: &Install) -> Vec<Need> {
    if install.word() == "install" {
        return pip(project, install);
    }

    if install.word() != "sync" {
        return Vec::new();
    }

    let Some(toml) = pyproject(project) else {
        return Vec::new();
    };

    let mut needs = Vec::new();
    if install.is_frozen {
        needs.extend(lock(project, MANIFEST, &["uv.lock"]));
    }

    let has_locals = !install.has(&[
        "--no-install-workspace",
        "--no-install-local",
        "--no-sources",
        "--only-group",
        "--package",
        "--only-dev",
    ]);
    let locked = install.has(&["--locked"]);

    if has_locals || locked {
        needs.extend(uv_members(project, &toml, has_locals));
    }

    if has_locals {
        needs.extend(uv_sources(project, &toml));
        let is_package = find(&toml, &["tool", "uv", "package"]).and_then(Value::as_bool);
        let installs = !install.has(&["--no-install-project"]) && is_package != Some(false);
        if installs && toml.contains_key("build-system") {
            needs.extend(own_package(project, &toml));
        }
    }

    needs
}

/// The members of a workspace. A lock file cannot be checked without them; what is only installed
/// needs those that the project depends on.
fn uv_members(project: ProjectFolder, toml: &Table, installed: bool) -> Vec<Need> {
    let patterns: Vec<String> = find(toml, &["tool", "uv", "workspace", "members"])
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|member| member.as_str().map(str::to_owned))
        .collect();
    let sources = find(toml, &["tool", "uv", "sources"]).and_then(Value::as_table);
    let wanted: Vec<&str> = sources
        .into_iter()
        .flatten()
        .filter(|(_, source)| source.get("workspace").and_then(Value::as_bool) == Some(true))
        .map(|(name, _)| name.as_str())
        .collect();

    project
        .members(&patterns, MANIFEST)
        .iter()
        .filter(|path| !installed || is_one_of(project, path, &wanted))
        .filter_map(|path| project.need(MANIFEST, path, NeedReason::Member, "members"))
        .collect()
}

/// Whether the manifest at a path is that of one of these packages.
fn is_one_of(project: ProjectFolder, path: &str, names: &[&str]) -> bool {
    let table: Option<Table> = project.file(path).and_then(|file| file.text.parse().ok());

    table.is_some_and(|table| {
        text(&table, &["project", "name"]).is_some_and(|name| names.contains(&name))
    })
}

fn uv_sources(project: ProjectFolder, toml: &Table) -> Vec<Need> {
    let sources = find(toml, &["tool", "uv", "sources"]).and_then(Value::as_table);

    sources
        .into_iter()
        .flatten()
        .filter_map(|(_, source)| source.get("path")?.as_str())
        .filter_map(|path| source_path(project, path))
        .collect()
}

/// A dependency that is a folder or a file of the repository.
fn source_path(project: ProjectFolder, path: &str) -> Option<Need> {
    let relative = if path.starts_with('.') {
        path.to_owned()
    } else {
        format!("./{path}")
    };

    local_project(project, MANIFEST, &relative, path)
}

/// What the build of the project's own package reads.
fn own_package(project: ProjectFolder, toml: &Table) -> Vec<Need> {
    let backend = text(toml, &["build-system", "build-backend"]).unwrap_or("");
    if !STRICT_BACKENDS.contains(&backend) {
        return Vec::new();
    }

    let mut needs = Vec::new();
    let is_poetry = backend.starts_with("poetry");
    let mut named = vec![
        (&["project", "readme"][..], "the readme"),
        (&["project", "readme", "file"], "the readme"),
        (&["project", "license", "file"], "the license"),
        (&["tool", "hatch", "version", "path"], "the version"),
    ];
    if is_poetry {
        named.push((&["tool", "poetry", "readme"], "the readme"));
    }

    for (keys, kind) in named {
        if let Some(path) = text(toml, keys) {
            needs.extend(project.need(MANIFEST, path, NeedReason::Named(kind), path));
        }
    }

    let is_configured = match backend {
        "hatchling.build" => find(toml, &["tool", "hatch", "build"]).is_some(),
        "uv_build" => find(toml, &["tool", "uv", "build-backend"]).is_some(),
        "poetry.core.masonry.api" => {
            find(toml, &["tool", "poetry", "packages"]).is_some()
                || find(toml, &["tool", "poetry", "package-mode"]).is_some()
        }
        _ => true,
    };
    if is_configured {
        return needs;
    }

    let name = text(toml, &["project", "name"]).or_else(|| text(toml, &["tool", "poetry", "name"]));
    let Some(name) = name else {
        return needs;
    };

    let module = name.to_ascii_lowercase().replace(['-', '.', ' '], "_");
    let folders: &[&str] = if backend == "uv_build" {
        &["src/"]
    } else {
        &["src/", ""]
    };
    let any_of: Vec<String> = folders
        .iter()
        .map(|folder| format!("{folder}{module}/__init__.py"))
        .filter(|path| project.holds(path))
        .collect();
    if !any_of.is_empty() {
        needs.push(Need {
            manifest: MANIFEST.to_owned(),
            any_of,
            reason: NeedReason::Package,
            declared: None,
        });
    }

    needs
}

pub(super) fn poetry(project: ProjectFolder, install: &Install) -> Vec<Need> {
    let Some(toml) = pyproject(project) else {
        return Vec::new();
    };

    let mut needs = Vec::new();
    let table = find(&toml, &["tool", "poetry", "dependencies"]).and_then(Value::as_table);
    let installs_main = !install.has(&["--no-directory", "--only", "--only-root"])
        || install
            .invocation
            .option(&["--only"])
            .is_some_and(|only| only.value == "main");
    if installs_main {
        let paths = table
            .into_iter()
            .flatten()
            .filter_map(|(_, source)| source.get("path")?.as_str());
        needs.extend(paths.filter_map(|path| source_path(project, path)));
    }

    let has_package_mode = find(&toml, &["tool", "poetry", "package-mode"])
        .and_then(Value::as_bool)
        .unwrap_or(true);
    if has_package_mode
        && toml.contains_key("build-system")
        && !install.has(&["--no-root", "--only"])
    {
        needs.extend(own_package(project, &toml));
    }

    needs
}

pub(super) fn pipenv(project: ProjectFolder, install: &Install) -> Vec<Need> {
    let needs_lock = install.word() == "sync" || install.has(&["--deploy", "--ignore-pipfile"]);
    if !needs_lock {
        return Vec::new();
    }

    lock(project, "Pipfile", &["Pipfile.lock"])
        .into_iter()
        .collect()
}
