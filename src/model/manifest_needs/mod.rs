//! What an install needs beside the manifest that it reads: files that `package.json`,
//! `pyproject.toml`, `Cargo.toml` … name, and without which the install fails. Facts only; whether
//! the files are in an image is for others to say.
//!
//! Listed is only what fails for certain, and only files that are in the repository.

mod compiled;
mod javascript;
mod python;
mod scripting;

use super::dockerignore::Dockerignore;
use super::package::Call;
use crate::source::{Location, Repository, SourceFile, Span, file_name, join, parent};
use crate::syntax::shell::Invocation;

/// How many folders of a workspace are looked at.
const MAX_MEMBERS: usize = 200;

/// A file that an install needs.
#[derive(Clone, Debug)]
pub struct Need {
    /// The manifest, which must be in the image for the need to arise. Relative to the project, as
    /// all paths are; empty where the command itself names the file.
    pub manifest: String,
    /// One of these is enough. Never empty.
    pub any_of: Vec<String>,
    pub reason: NeedReason,
    /// Where a manifest says so.
    pub declared: Option<Location>,
}

/// Why an install needs a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NeedReason {
    /// The manifest itself.
    Manifest,
    /// The command names it.
    Argument,
    /// A frozen install fails without its lock file.
    Lock,
    /// The lock file records what this file sets.
    Recorded(&'static str),
    /// A manifest names it, as this.
    Named(&'static str),
    /// A script of the manifest runs it.
    Script(String),
    /// A member of the workspace.
    Member,
    /// The project's own package.
    Package,
    /// A part of the wrapper that starts the build tool.
    Wrapper,
}

/// The install that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Install<'i> {
    pub invocation: &'i Invocation<'i>,
    /// `None` for build tools, which are no package managers.
    pub call: Option<&'i Call<'i>>,
    /// It must follow the lock file, by a flag or a variable.
    pub is_frozen: bool,
}

impl Install<'_> {
    fn has(&self, flags: &[&str]) -> bool {
        self.invocation.flag(flags).is_some()
    }

    /// The subcommand.
    fn word(&self) -> &str {
        self.call.map_or("", |call| call.word.text())
    }
}

/// The folder of a project in the repository.
#[derive(Clone, Copy, Debug)]
pub struct ProjectFolder<'r> {
    pub repository: Repository<'r>,
    pub folder: &'r str,
}

impl<'r> ProjectFolder<'r> {
    fn file(self, path: &str) -> Option<&'r SourceFile> {
        self.repository.find(&join(self.folder, path)?)
    }

    fn holds(self, path: &str) -> bool {
        self.file(path).is_some()
    }

    /// The paths of the files below the project, relative to it.
    fn paths(self) -> impl Iterator<Item = &'r str> {
        let prefix = if self.folder.is_empty() {
            0
        } else {
            self.folder.len() + 1
        };

        self.repository
            .below(self.folder)
            .iter()
            .filter_map(move |file| file.path.get(prefix..))
    }

    /// The manifests of the folders that patterns such as `packages/*` name.
    fn members(self, patterns: &[String], manifest: &str) -> Vec<String> {
        let globs: Vec<Dockerignore> = patterns
            .iter()
            .filter(|pattern| !pattern.starts_with('!'))
            .map(|pattern| {
                Dockerignore::parse(&format!("{}/{manifest}", pattern.trim_matches('/')))
            })
            .collect();
        let left_out: Vec<Dockerignore> = patterns
            .iter()
            .filter_map(|pattern| pattern.strip_prefix('!'))
            .map(Dockerignore::parse)
            .collect();
        if globs.is_empty() {
            return Vec::new();
        }

        self.paths()
            .filter(|path| file_name(path) == manifest && *path != manifest)
            .filter(|path| !path.contains("node_modules/"))
            .filter(|path| globs.iter().any(|glob| glob.ignores(path)))
            .filter(|path| !left_out.iter().any(|glob| glob.ignores(path)))
            .take(MAX_MEMBERS)
            .map(str::to_owned)
            .collect()
    }

    /// The first file of a folder, which stands for all of it.
    fn any_file(self, folder: &str) -> Option<String> {
        let path = join(self.folder, folder)?;
        let first = self.repository.below(&path).first()?;

        join(folder, first.path.get(path.len() + 1..)?)
    }

    /// A need of a file that the repository has.
    fn need(self, manifest: &str, path: &str, reason: NeedReason, mark: &str) -> Option<Need> {
        let source = self.file(manifest);
        let declared = source.and_then(|source| {
            let start = source.text.find(mark)?;
            Some(source.location(Span::of(start, start + mark.len())))
        });

        Some(Need {
            manifest: manifest.to_owned(),
            any_of: vec![clean(path).filter(|path| self.holds(path))?],
            reason,
            declared: declared.filter(|_| !mark.is_empty()),
        })
    }
}

/// A relative path without `.` and double slashes; `..` stays at its start. `None` for others.
fn clean(path: &str) -> Option<String> {
    if path.is_empty() || path.starts_with(['/', '~']) || path.contains(['$', '{', '\\', '*']) {
        return None;
    }

    let mut parts: Vec<&str> = Vec::new();

    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }

    Some(parts.join("/"))
}

/// What an install needs in the folder of its project.
pub fn needs(project: ProjectFolder, install: &Install) -> Vec<Need> {
    let family = install.call.map_or("", |call| call.family());

    match (family, install.invocation.program) {
        ("npm" | "pnpm" | "yarn" | "bun", _) => javascript::needs(project, install, family),
        ("pip", _) => python::pip(project, install),
        ("uv", _) => python::uv(project, install),
        ("poetry", _) => python::poetry(project, install),
        ("pipenv", _) => python::pipenv(project, install),
        ("cargo", _) => compiled::cargo(project, install),
        ("go", _) => compiled::go(project),
        ("composer", _) => scripting::composer(project, install),
        ("bundler", _) => scripting::bundler(project, install),
        (_, "mvn" | "mvnw") => compiled::maven(project, install),
        (_, "gradlew") => compiled::gradle(project),
        (_, "dotnet") => compiled::dotnet(project, install),
        _ => Vec::new(),
    }
}

/// The manifests that show where the project of an install is.
pub fn manifests(install: &Install) -> &'static [&'static str] {
    let family = install.call.map_or("", |call| call.family());

    match (family, install.invocation.program) {
        ("npm" | "pnpm" | "yarn" | "bun", _) => &["package.json"],
        ("uv" | "poetry", _) => &["pyproject.toml"],
        ("pipenv", _) => &["Pipfile"],
        ("cargo", _) => &["Cargo.toml"],
        ("go", _) => &["go.work", "go.mod"],
        ("composer", _) => &["composer.json"],
        ("bundler", _) => &["Gemfile"],
        (_, "mvn" | "mvnw") => &["pom.xml"],
        (_, "gradlew") => &["gradlew"],
        _ => &[],
    }
}

/// What a file of requirements in the folder of a project names.
pub fn requirement_needs(project: ProjectFolder, name: &str) -> Vec<Need> {
    let mut needs = Vec::new();
    python::requirements(project, name, &mut Vec::new(), &mut needs);

    needs
}

/// The lock file of a frozen install.
fn lock(project: ProjectFolder, manifest: &str, names: &[&str]) -> Option<Need> {
    let any_of: Vec<String> = names
        .iter()
        .filter(|name| project.holds(name))
        .map(|name| (*name).to_owned())
        .collect();
    if any_of.is_empty() {
        return None;
    }

    Some(Need {
        manifest: manifest.to_owned(),
        any_of,
        reason: NeedReason::Lock,
        declared: None,
    })
}

/// The folder of a file, with `/` at its end; empty at the root.
fn folder_of(path: &str) -> String {
    match parent(path) {
        "" => String::new(),
        folder => format!("{folder}/"),
    }
}
