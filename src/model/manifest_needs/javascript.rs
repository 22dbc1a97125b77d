//! What npm, pnpm, yarn and bun need beside `package.json`.

use serde_json::Value;

use super::need::{Install, Need, NeedReason, ProjectFolder, clean, lock};
use crate::model::task_call::script_text;
use crate::source::{FileId, join};
use crate::syntax::shell::{self, BlockKind, Connector, Invocation, Script};
use crate::syntax::yaml::{Node, Tree};

const MANIFEST: &str = "package.json";
const WORKSPACE: &str = "pnpm-workspace.yaml";

/// How many scripts may call each other.
const MAX_DEPTH: u32 = 3;

/// Keys of `pnpm-workspace.yaml` that a frozen install compares with the lock file.
/// <https://github.com/pnpm/pnpm/tree/main/lockfile/settings-checker>, 2026-11.
const RECORDED: &[&str] = &[
    "overrides",
    "packageExtensions",
    "patchedDependencies",
    "ignoredOptionalDependencies",
];

pub(super) fn needs(project: ProjectFolder, install: &Install, family: &str) -> Vec<Need> {
    let Some(json) = manifest(project) else {
        return Vec::new();
    };
    let fetches_only = install.word() == "fetch";
    let is_global = install.has(&["-g", "--global"]);
    if fetches_only || is_global || install.has(&["--package-lock-only", "--lockfile-only"]) {
        return Vec::new();
    }

    let mut needs = Vec::new();
    needs.extend(lock_file(project, install, family));
    needs.extend(local_packages(project, &json, install, family));

    match family {
        "pnpm" => needs.extend(pnpm(project, &json, install)),
        "yarn" => needs.extend(yarn(project, &json, install)),
        "bun" => {
            let patches = json.get("patchedDependencies");
            needs.extend(patch_files(project, patches));
            if install.has(&["--frozen-lockfile"]) {
                needs.extend(workspace_members(project, &json));
            }
        }
        _ => {}
    }

    if !install.has(&["--ignore-scripts"]) {
        needs.extend(script_files(project, &json, install, family));
    }

    needs
}

fn manifest(project: ProjectFolder) -> Option<Value> {
    serde_json::from_str(&project.file(MANIFEST)?.text).ok()
}

fn lock_file(project: ProjectFolder, install: &Install, family: &str) -> Option<Need> {
    let names: &[&str] = match family {
        "npm" if matches!(install.word(), "ci" | "clean-install" | "cit") => {
            &["package-lock.json", "npm-shrinkwrap.json"]
        }
        "pnpm" if install.is_frozen || install.word() == "ci" => &["pnpm-lock.yaml"],
        "yarn" if install.has(&["--immutable"]) => &["yarn.lock"],
        "bun" if install.has(&["--frozen-lockfile"]) || install.word() == "ci" => {
            &["bun.lock", "bun.lockb"]
        }
        _ => return None,
    };

    lock(project, MANIFEST, names)
}

/// What the settings of pnpm name.
fn pnpm(project: ProjectFolder, json: &Value, install: &Install) -> Vec<Need> {
    let mut needs = Vec::new();
    let in_manifest = json
        .get("pnpm")
        .and_then(|settings| settings.get("patchedDependencies"));
    needs.extend(patch_files(project, in_manifest));

    let is_frozen = install.is_frozen || install.word() == "ci";
    if is_frozen {
        needs.extend(project.need(
            MANIFEST,
            ".pnpmfile.cjs",
            NeedReason::Recorded("its checksum"),
            "",
        ));
    }

    let Some(file) = project.file(WORKSPACE) else {
        return needs;
    };

    let tree = Tree::parse(FileId::default(), &file.text).tree;
    let Some(root) = tree.root() else {
        return needs;
    };

    let recorded = RECORDED
        .iter()
        .find(|key| is_frozen && root.get(key).is_some_and(|node| !node.is_empty()));
    let uses = |protocol: &str| {
        dependencies(json, install).any(|(_, version)| version.starts_with(protocol))
    };
    let reason = match recorded {
        Some(key) => Some(NeedReason::Recorded(key)),
        None if uses("catalog:") => Some(NeedReason::Named("the catalog of its dependencies")),
        None if uses("workspace:") => Some(NeedReason::Named("the workspace of its dependencies")),
        None => None,
    };
    if let Some(reason) = reason {
        let mut need = project.need(MANIFEST, WORKSPACE, reason, "");
        if let (Some(need), Some(key)) = (&mut need, recorded) {
            need.declared = root
                .entry(key)
                .map(|entry| file.location(entry.key.location().span));
        }
        needs.extend(need);
    }

    let patches = root.get("patchedDependencies");
    for patch in patches.into_iter().flat_map(Node::entries) {
        if let Some(path) = patch.value.str() {
            needs.extend(project.need(WORKSPACE, path, NeedReason::Named("a patch"), path));
        }
    }

    needs
}

fn patch_files(project: ProjectFolder, patches: Option<&Value>) -> Vec<Need> {
    patches
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(_, path)| path.as_str())
        .filter_map(|path| project.need(MANIFEST, path, NeedReason::Named("a patch"), path))
        .collect()
}

/// What the settings of yarn name: its own release and plugins, patches, the workspaces of an
/// immutable install.
fn yarn(project: ProjectFolder, json: &Value, install: &Install) -> Vec<Need> {
    let mut needs = Vec::new();

    if let Some(file) = project.file(".yarnrc") {
        let release = file
            .text
            .lines()
            .find_map(|line| line.trim().strip_prefix("yarn-path "));
        if let Some(path) = release.map(|path| path.trim().trim_matches('"')) {
            let reason = NeedReason::Named("the release of yarn");
            needs.extend(project.need(".yarnrc", path, reason, path));
        }
    }

    if let Some(file) = project.file(".yarnrc.yml") {
        let tree = Tree::parse(FileId::default(), &file.text).tree;
        let root = tree.root();
        let release = root.and_then(|root| root.get("yarnPath")?.str());
        if let Some(path) = release {
            let reason = NeedReason::Named("the release of yarn");
            needs.extend(project.need(".yarnrc.yml", path, reason, path));
        }

        let plugins = root.and_then(|root| root.get("plugins"));
        for plugin in plugins.into_iter().flat_map(Node::items) {
            let path = plugin.str().or_else(|| plugin.get("path")?.str());
            if let Some(path) = path {
                let reason = NeedReason::Named("a plugin of yarn");
                needs.extend(project.need(".yarnrc.yml", path, reason, path));
            }
        }
    }

    let patched = dependencies(json, install)
        .map(|(_, version)| version)
        .chain(strings_of(json.get("resolutions")));
    for version in patched.filter(|version| version.starts_with("patch:")) {
        let Some((_, path)) = version.rsplit_once('#') else {
            continue;
        };

        let path = path.split("::").next().unwrap_or(path);
        let path = path.strip_prefix("~/").unwrap_or(path);
        needs.extend(project.need(MANIFEST, path, NeedReason::Named("a patch"), path));
    }

    if install.has(&["--immutable"]) {
        needs.extend(workspace_members(project, json));
    }

    needs
}

fn strings_of(table: Option<&Value>) -> impl Iterator<Item = &str> {
    table
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(_, value)| value.as_str())
}

/// The members of the workspaces of `package.json`: a frozen install compares them with the lock
/// file.
fn workspace_members(project: ProjectFolder, json: &Value) -> Vec<Need> {
    let workspaces = json.get("workspaces");
    let list = workspaces
        .and_then(Value::as_array)
        .or_else(|| workspaces?.get("packages")?.as_array());
    let patterns: Vec<String> = list
        .into_iter()
        .flatten()
        .filter_map(|pattern| pattern.as_str().map(str::to_owned))
        .collect();

    project
        .members(&patterns, MANIFEST)
        .iter()
        .filter_map(|path| project.need(MANIFEST, path, NeedReason::Member, "\"workspaces\""))
        .collect()
}

/// The dependencies that an install brings.
fn dependencies<'j>(
    json: &'j Value,
    install: &Install,
) -> impl Iterator<Item = (&'j str, &'j str)> {
    let is_production = is_production(install);
    ["dependencies", "optionalDependencies", "devDependencies"]
        .into_iter()
        .filter(move |table| !(is_production && *table == "devDependencies"))
        .filter_map(|table| json.get(table)?.as_object())
        .flatten()
        .filter_map(|(name, version)| Some((name.as_str(), version.as_str()?)))
}

fn is_production(install: &Install) -> bool {
    install.has(&[
        "--prod",
        "-P",
        "--production",
        "--omit=dev",
        "--only=production",
    ]) || install
        .invocation
        .option(&["--omit", "--only"])
        .is_some_and(|option| matches!(option.value, "dev" | "production" | "prod"))
}

/// Dependencies that are files of the repository.
fn local_packages(
    project: ProjectFolder,
    json: &Value,
    install: &Install,
    family: &str,
) -> Vec<Need> {
    let mut needs = Vec::new();

    for (name, version) in dependencies(json, install) {
        let path = ["file:", "portal:"]
            .iter()
            .find_map(|protocol| version.strip_prefix(protocol));

        if let Some(path) = path.and_then(clean) {
            let is_archive = path.ends_with(".tgz") || path.ends_with(".tar.gz");
            if is_archive {
                needs.extend(project.need(
                    MANIFEST,
                    &path,
                    NeedReason::Named("a dependency"),
                    version,
                ));
            } else if family != "npm"
                && let Some(manifest) = beside(&path, MANIFEST)
            {
                // npm links to the folder, which may come later.
                needs.extend(project.need(
                    MANIFEST,
                    &manifest,
                    NeedReason::Named("a dependency"),
                    version,
                ));
            }
        } else if version.starts_with("workspace:") {
            let member = project
                .paths()
                .filter(|path| path.ends_with("/package.json") && !path.contains("node_modules/"))
                .take(200)
                .find(|path| {
                    let text = project.file(path).map_or("", |file| file.text.as_str());
                    text.contains(&format!("\"name\": \"{name}\""))
                        || text.contains(&format!("\"name\":\"{name}\""))
                });
            if let Some(path) = member {
                needs.extend(project.need(MANIFEST, path, NeedReason::Member, name));
            }
        }
    }

    needs
}

/// A file in a folder, which may begin with `..`.
fn beside(folder: &str, name: &str) -> Option<String> {
    clean(&format!("{folder}/{name}"))
}

/// The files that the scripts of an install run.
fn script_files(
    project: ProjectFolder,
    json: &Value,
    install: &Install,
    family: &str,
) -> Vec<Need> {
    let mut names = vec!["preinstall", "install", "postinstall"];
    let runs_prepare = match family {
        "npm" | "bun" => true,
        "pnpm" => !is_production(install),
        _ => false,
    };
    if runs_prepare {
        names.extend(["preprepare", "prepare", "postprepare"]);
    }

    let mut needs = Vec::new();

    for name in names {
        let text = json.get("scripts").and_then(|scripts| scripts.get(name));
        if let Some(text) = text.and_then(Value::as_str) {
            add_script(project, name, text, 0, &mut needs);
        }
    }

    needs
}

fn add_script(project: ProjectFolder, name: &str, text: &str, depth: u32, needs: &mut Vec<Need>) {
    let script = shell::parse(text);

    for invocation in script.invocations() {
        if !always_runs(&script, &invocation) {
            break;
        }

        if let Some(nested) = nested_script(&invocation)
            && depth < MAX_DEPTH
            && let Some(file) = project.file(MANIFEST)
            && let Some((text, _)) = script_text(&file.text, nested)
        {
            add_script(project, name, &text, depth + 1, needs);
            continue;
        }

        let path = script_path(project, &invocation).or_else(|| schema(project, &invocation));
        if let Some(path) = path {
            let reason = NeedReason::Script(name.to_owned());
            needs.extend(project.need(MANIFEST, &path, reason, &format!("\"{name}\"")));
        }
    }
}

/// Whether a command runs and its failure is one of the script.
fn always_runs(script: &Script, invocation: &Invocation) -> bool {
    let pipeline = script.pipeline(invocation.command);
    let is_plain = |connector| matches!(connector, Connector::None | Connector::And);

    is_plain(pipeline.joined)
        && is_plain(pipeline.then)
        && !pipeline.negated
        && pipeline.len == 1
        && !script.within(invocation.command, BlockKind::If)
        && !script.within(invocation.command, BlockKind::Loop)
        && !script.within(invocation.command, BlockKind::Case)
        && !matches!(invocation.program, "[" | "test" | "is-ci" | "command")
}

/// The script of the same manifest that a command runs.
fn nested_script<'s>(invocation: &Invocation<'s>) -> Option<&'s str> {
    if !invocation.is(&["npm", "pnpm", "yarn", "bun"]) {
        return None;
    }

    match invocation.args {
        [run, name, ..] if matches!(run.text(), "run" | "run-script") => Some(name.text()),
        [name, ..] if !invocation.is(&["npm"]) && !name.text().starts_with('-') => {
            Some(name.text())
        }
        _ => None,
    }
}

/// The file of the project that a command runs.
fn script_path(project: ProjectFolder, invocation: &Invocation) -> Option<String> {
    let is_interpreter = invocation.is(&[
        "node", "tsx", "ts-node", "sh", "bash", "bun", "python", "python3", "zx",
    ]);
    let word = if invocation.name.text().starts_with("./") {
        invocation.name
    } else if is_interpreter {
        let is_option = |text: &str| text.starts_with('-');
        // What follows an option may be its value.
        let first = invocation.args.first()?;
        if is_option(first.text()) {
            return None;
        }
        first
    } else {
        return None;
    };

    let path = clean(word.text())?;
    if path == "run" {
        return None;
    }

    [
        path.clone(),
        format!("{path}.js"),
        format!("{path}.cjs"),
        format!("{path}/index.js"),
    ]
    .into_iter()
    .find(|path| project.holds(path))
}

/// The schema that `prisma generate` reads.
fn schema(project: ProjectFolder, invocation: &Invocation) -> Option<String> {
    let words = invocation.positionals(&["--schema", "--generator"]);
    let mut words = words.iter().map(|word| word.text());
    let generates = if invocation.is(&["prisma"]) {
        words.next() == Some("generate")
    } else {
        invocation.is(&["npx", "pnpx", "bunx", "pnpm", "yarn"])
            && words.find(|word| !matches!(*word, "exec" | "dlx")) == Some("prisma")
            && words.next() == Some("generate")
    };

    let manifest = project.file(MANIFEST)?;
    let is_configured = manifest.text.contains("\"schema\"")
        || project
            .paths()
            .any(|path| path.starts_with("prisma.config"));
    if !generates || is_configured {
        return None;
    }

    let named = invocation
        .option(&["--schema"])
        .map(|option| option.value.to_owned());

    match named {
        Some(path) => join("", &path),
        None => ["prisma/schema.prisma", "schema.prisma"]
            .iter()
            .find(|path| project.holds(path))
            .map(|path| (*path).to_owned()),
    }
}
