//! What Composer and Bundler need beside their manifests.

use serde_json::Value;

use super::need::{Install, Need, NeedReason, ProjectFolder, clean, lock};
use crate::source::file_name;

pub(super) fn composer(project: ProjectFolder, install: &Install) -> Vec<Need> {
    const MANIFEST: &str = "composer.json";
    let json: Option<Value> = project
        .file(MANIFEST)
        .and_then(|file| serde_json::from_str(&file.text).ok());
    let Some(json) = json else {
        return Vec::new();
    };

    let mut needs = Vec::new();
    let dumps = !install.has(&["--no-autoloader"]);

    if !install.has(&["--no-scripts"]) {
        let mut events = vec!["pre-install-cmd", "post-install-cmd"];
        if dumps {
            events.extend(["pre-autoload-dump", "post-autoload-dump"]);
        }

        for event in events {
            for command in commands(json.get("scripts").and_then(|scripts| scripts.get(event))) {
                let path = script_path(command).and_then(clean);
                if let Some(path) = path {
                    let reason = NeedReason::Script(event.to_owned());
                    needs.extend(project.need(MANIFEST, &path, reason, command));
                }
            }
        }
    }

    let tables: &[&str] = match (dumps, install.has(&["--no-dev"])) {
        (false, _) => &[],
        (true, true) => &["autoload"],
        (true, false) => &["autoload", "autoload-dev"],
    };

    for table in tables {
        let classmap = json
            .get(*table)
            .and_then(|autoload| autoload.get("classmap")?.as_array());
        for path in classmap.into_iter().flatten().filter_map(Value::as_str) {
            let file = clean(path).and_then(|path| {
                if project.holds(&path) {
                    Some(path)
                } else {
                    project.any_file(&path)
                }
            });

            if let Some(file) = file {
                let reason = NeedReason::Named("the class map");
                needs.extend(project.need(MANIFEST, &file, reason, path));
            }
        }
    }

    let repositories = json.get("repositories");
    let listed = repositories.and_then(Value::as_array).into_iter().flatten();
    let by_name = repositories
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(_, repository)| repository);
    for repository in listed.chain(by_name) {
        let is_path = repository.get("type").and_then(Value::as_str) == Some("path");
        let url = repository.get("url").and_then(Value::as_str);
        if is_path
            && let Some(url) = url
            && let Some(path) = clean(&format!("{url}/{MANIFEST}"))
        {
            let reason = NeedReason::Named("a package");
            needs.extend(project.need(MANIFEST, &path, reason, url));
        }
    }

    needs
}

/// The commands of a script of Composer: a string, or a list of them.
fn commands(script: Option<&Value>) -> Vec<&str> {
    match script {
        Some(Value::String(command)) => vec![command],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The file of the project that a command of Composer runs.
fn script_path(command: &str) -> Option<&str> {
    let mut words = command.split_whitespace();
    let first = words.next()?;
    if command.contains("||") || command.contains("file_exists") {
        return None;
    }

    match first {
        "@php" | "php" | "bash" | "sh" => words.next().filter(|word| !word.starts_with('-')),
        path if path.starts_with("./") => Some(path),
        _ => None,
    }
}

pub(super) fn bundler(project: ProjectFolder, install: &Install) -> Vec<Need> {
    const MANIFEST: &str = "Gemfile";
    let Some(file) = project.file(MANIFEST) else {
        return Vec::new();
    };

    let mut needs = Vec::new();
    if install.is_frozen {
        needs.extend(lock(project, MANIFEST, &["Gemfile.lock"]));
    }

    for line in file.text.lines().map(str::trim) {
        if line.starts_with('#') {
            continue;
        }

        if line.starts_with("gemspec") {
            let specs: Vec<String> = project
                .paths()
                .filter(|path| !path.contains('/') && path.ends_with(".gemspec"))
                .map(str::to_owned)
                .collect();
            if let [spec] = specs.as_slice() {
                needs.extend(project.need(MANIFEST, spec, NeedReason::Named("the gem"), line));
                needs.extend(required_by(project, spec));
            }
        } else if line.starts_with("ruby ") {
            let path = quoted_after(line, "file:");
            needs.extend(path.and_then(|path| {
                project.need(
                    MANIFEST,
                    path,
                    NeedReason::Named("the version of Ruby"),
                    line,
                )
            }));
        } else if line.starts_with("eval_gemfile") {
            let path = quoted_after(line, "eval_gemfile");
            needs.extend(path.and_then(|path| {
                project.need(MANIFEST, path, NeedReason::Named("more gems"), line)
            }));
        } else if line.starts_with("gem ") || line.starts_with("path ") {
            let path = quoted_after(line, "path:")
                .or_else(|| quoted_after(line, ":path =>"))
                .or_else(|| quoted_after(line, "path "));
            needs.extend(path.and_then(|path| local_gem(project, path, line)));
        }
    }

    needs
}

/// The specification of a gem in a folder of the repository.
fn local_gem(project: ProjectFolder, folder: &str, line: &str) -> Option<Need> {
    let folder = clean(folder)?;
    let prefix = format!("{folder}/");
    let spec = project
        .paths()
        .find(|path| path.starts_with(&prefix) && path.ends_with(".gemspec"))?;

    project.need("Gemfile", spec, NeedReason::Named("a gem"), line)
}

/// The files that a specification loads.
fn required_by(project: ProjectFolder, spec: &str) -> Vec<Need> {
    let Some(file) = project.file(spec) else {
        return Vec::new();
    };

    file.text
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("require_relative"))
        .filter_map(|line| {
            let path = clean(quoted_after(line, "require_relative")?)?;
            let path = if file_name(&path).ends_with(".rb") {
                path
            } else {
                format!("{path}.rb")
            };
            project.need(spec, &path, NeedReason::Named("a part of the gem"), line)
        })
        .collect()
}

/// The quoted text that follows a word.
fn quoted_after<'l>(line: &'l str, word: &str) -> Option<&'l str> {
    let (_, rest) = line.split_once(word)?;
    let rest = rest.trim_start().trim_start_matches('(');
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;

    rest[1..].split_once(quote).map(|(text, _)| text)
}
