//! The types of what an install needs, and how its paths are written.

use crate::model::dockerignore::Dockerignore;
use crate::model::package::Call;
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
    pub(super) fn has(&self, flags: &[&str]) -> bool {
        self.invocation.flag(flags).is_some()
    }

    /// The subcommand.
    pub(super) fn word(&self) -> &str {
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
    pub(super) fn file(self, path: &str) -> Option<&'r SourceFile> {
        self.repository.find(&join(self.folder, path)?)
    }

    pub(super) fn holds(self, path: &str) -> bool {
        self.file(path).is_some()
    }

    /// The paths of the files below the project, relative to it.
    pub(super) fn paths(self) -> impl Iterator<Item = &'r str> {
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
    pub(super) fn members(self, patterns: &[String], manifest: &str) -> Vec<String> {
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
    pub(super) fn any_file(self, folder: &str) -> Option<String> {
        let path = join(self.folder, folder)?;
        let first = self.repository.below(&path).first()?;

        join(folder, first.path.get(path.len() + 1..)?)
    }

    /// A need of a file that the repository has.
    pub(super) fn need(
        self,
        manifest: &str,
        path: &str,
        reason: NeedReason,
        mark: &str,
    ) -> Option<Need> {
        let source = self.file(manifest);
        let declared = source.and_then(|source| {
            let start = source.text.find(mark)?;
            Some(source.location(Span::of(start, start + mark.len())))
        });

        Some(Need {
            manifest: manifest.to_owned(),
            any_of: vec![clean(path).filter(|path| self.holds(path))?],
            reason,
            declared: if mark.is_empty() { None } else { declared },
        })
    }
}

/// A relative path without `.` and double slashes; `..` stays at its start. `None` for others.
pub(super) fn clean(path: &str) -> Option<String> {
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

/// The lock file of a frozen install.
pub(super) fn lock(project: ProjectFolder, manifest: &str, names: &[&str]) -> Option<Need> {
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
pub(super) fn folder_of(path: &str) -> String {
    match parent(path) {
        "" => String::new(),
        folder => format!("{folder}/"),
    }
}
