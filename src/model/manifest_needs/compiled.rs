//! What Cargo, Go, Maven, Gradle and .NET need beside their manifests.

use toml::{Table, Value};

use super::need::{Install, Need, NeedReason, ProjectFolder, clean, folder_of, lock};

pub(super) fn cargo(project: ProjectFolder, install: &Install) -> Vec<Need> {
    const MANIFEST: &str = "Cargo.toml";
    let is_elsewhere = install.has(&["--manifest-path", "--git"])
        || install.word() == "install" && !install.has(&["--path"]);
    if is_elsewhere {
        return Vec::new();
    }

    let toml: Option<Table> = project
        .file(MANIFEST)
        .and_then(|file| file.text.parse().ok());
    let Some(toml) = toml else {
        return Vec::new();
    };

    let mut needs = Vec::new();
    if install.has(&["--locked", "--frozen"]) {
        needs.extend(lock(project, MANIFEST, &["Cargo.lock"]));
    }

    let members: Vec<String> = toml
        .get("workspace")
        .and_then(|workspace| workspace.get("members")?.as_array())
        .into_iter()
        .flatten()
        .filter_map(|member| member.as_str().map(str::to_owned))
        // What a pattern does not find is no member.
        .filter(|member| !member.contains(['*', '?', '[']))
        .collect();
    for member in &members {
        if let Some(path) = clean(&format!("{member}/{MANIFEST}")) {
            needs.extend(project.need(MANIFEST, &path, NeedReason::Member, member));
        }
    }

    for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let entries = toml.get(table).and_then(Value::as_table);
        for path in entries
            .into_iter()
            .flatten()
            .filter_map(|(_, source)| source.get("path")?.as_str())
        {
            if let Some(manifest) = clean(&format!("{path}/{MANIFEST}")) {
                let reason = NeedReason::Named("a dependency");
                needs.extend(project.need(MANIFEST, &manifest, reason, path));
            }
        }
    }

    needs.extend(cargo_targets(project, &toml));

    needs
}

/// The sources without which a package has nothing to build.
fn cargo_targets(project: ProjectFolder, toml: &Table) -> Vec<Need> {
    const MANIFEST: &str = "Cargo.toml";
    let mut needs = Vec::new();
    let Some(package) = toml.get("package") else {
        return needs;
    };

    if let Some(path) = package.get("build").and_then(Value::as_str) {
        needs.extend(project.need(MANIFEST, path, NeedReason::Named("the build script"), path));
    }

    let named = toml
        .get("bin")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .chain(toml.get("lib"))
        .any(|target| target.get("path").is_some());
    let mains: Vec<String> = ["src/main.rs", "src/lib.rs"]
        .iter()
        .filter(|path| project.holds(path))
        .map(|path| (*path).to_owned())
        .collect();
    let has_other_targets = project.paths().any(|path| path.starts_with("src/bin/"));
    if !named && !mains.is_empty() && !has_other_targets {
        needs.push(Need {
            manifest: MANIFEST.to_owned(),
            any_of: mains,
            reason: NeedReason::Package,
            declared: None,
        });
    }

    needs
}

/// Modules of the repository that `go.mod` and `go.work` name.
pub(super) fn go(project: ProjectFolder) -> Vec<Need> {
    let mut needs = Vec::new();

    if let Some(file) = project.file("go.mod") {
        for line in file.text.lines() {
            let Some((_, target)) = line.split_once("=>") else {
                continue;
            };

            let target = target.split("//").next().unwrap_or("").trim();
            needs.extend(module(project, "go.mod", target, "a replacement"));
        }
    }

    if let Some(file) = project.file("go.work") {
        let mut in_block = false;
        for line in file.text.lines().map(str::trim) {
            let target = if in_block {
                line
            } else {
                line.strip_prefix("use ").unwrap_or("").trim()
            };
            match line {
                "use (" => in_block = true,
                ")" => in_block = false,
                _ => {}
            }
            needs.extend(module(project, "go.work", target, "a module"));
        }
    }

    needs
}

fn module(
    project: ProjectFolder,
    manifest: &str,
    target: &str,
    kind: &'static str,
) -> Option<Need> {
    if !target.starts_with('.') || target.contains(' ') {
        return None;
    }

    let path = clean(&format!("{target}/go.mod")).filter(|path| path != "go.mod")?;

    project.need(manifest, &path, NeedReason::Named(kind), target)
}

pub(super) fn maven(project: ProjectFolder, install: &Install) -> Vec<Need> {
    const MANIFEST: &str = "pom.xml";
    let mut needs = Vec::new();

    if install.invocation.is(&["mvnw"]) {
        needs.extend(project.need(
            "mvnw",
            ".mvn/wrapper/maven-wrapper.properties",
            NeedReason::Wrapper,
            "",
        ));
    }

    let Some(file) = project.file(MANIFEST) else {
        return needs;
    };

    if !install.has(&["-N", "--non-recursive", "-pl", "--projects", "-f", "--file"]) {
        for module in elements(&file.text, "module") {
            let path = if module.ends_with(".xml") {
                clean(module)
            } else {
                clean(&format!("{module}/{MANIFEST}"))
            };

            if let Some(path) = path {
                needs.extend(project.need(MANIFEST, &path, NeedReason::Member, module));
            }
        }
    }

    needs
}

/// The contents of the elements of a name outside of comments, as far as they are on one line.
fn elements<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    // A profile's modules are built with the profile only.
    let text = text.split("<profiles>").next().unwrap_or(text);

    text.split("<!--")
        .enumerate()
        .filter_map(|(index, part)| {
            if index == 0 {
                Some(part)
            } else {
                part.split_once("-->").map(|(_, rest)| rest)
            }
        })
        .flat_map(|part| part.split(open.as_str()).skip(1))
        .filter_map(|rest| rest.split_once(close.as_str()))
        .map(|(content, _)| content.trim())
        .collect()
}

pub(super) fn gradle(project: ProjectFolder) -> Vec<Need> {
    ["gradle/wrapper/gradle-wrapper.jar"]
        .iter()
        .filter_map(|path| project.need("gradlew", path, NeedReason::Wrapper, ""))
        .collect()
}

/// The project or the solution that `dotnet restore` names, and the projects of the solution.
pub(super) fn dotnet(project: ProjectFolder, install: &Install) -> Vec<Need> {
    let words = install.invocation.positionals(&[
        "-c",
        "--configuration",
        "-o",
        "--output",
        "-r",
        "--runtime",
        "-a",
        "--arch",
        "--os",
        "-f",
        "--framework",
        "-v",
        "--verbosity",
        "--source",
        "-s",
        "--configfile",
    ]);
    let [verb, named, ..] = words.as_slice() else {
        return Vec::new();
    };

    if !matches!(verb.text(), "restore" | "build" | "publish") {
        return Vec::new();
    }

    let Some(path) = clean(&named.text().replace('\\', "/")) else {
        return Vec::new();
    };

    if !path.ends_with("proj") && !path.ends_with(".sln") {
        return Vec::new();
    }

    let mut needs: Vec<Need> = project
        .need("", &path, NeedReason::Argument, "")
        .into_iter()
        .collect();
    if install.has(&["--locked-mode"]) {
        let lock = format!("{}packages.lock.json", folder_of(&path));
        needs.extend(project.need(&path, &lock, NeedReason::Lock, ""));
    }

    if !path.ends_with(".sln") {
        return needs;
    }

    let Some(file) = project.file(&path) else {
        return needs;
    };

    for line in file
        .text
        .lines()
        .filter(|line| line.starts_with("Project("))
    {
        let Some(member) = line.split('"').nth(5) else {
            continue;
        };

        let member_path = format!("{}{}", folder_of(&path), member.replace('\\', "/"));
        if let Some(member_path) = clean(&member_path).filter(|path| path.ends_with("proj")) {
            needs.extend(project.need(&path, &member_path, NeedReason::Member, member));
        }
    }

    needs
}
