//! Which repository is meant by the paths on the command line, and which part of it.

use std::env;
use std::path::{Component, Path, PathBuf};

use super::args::CheckArguments;
use super::failure::RunError;
use crate::config::Config;
use crate::engine::{Evidence, Options, Purpose};
use crate::git;
use crate::input;
use crate::report::style::RenderOptions;
use crate::suggest;

/// One repository, or one part of it, that is linted by itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RunScope {
    pub root: PathBuf,
    /// What the user names in it, from the root.
    pub named: Vec<PathBuf>,
    /// Paths from the root whose findings are wanted; empty for all.
    pub focus: Vec<String>,
    pub evidence: Evidence,
    /// The path from the root of the file whose text is on standard input.
    pub stdin: Option<String>,
    /// From the git repository's root to the root of the run, empty or ending in `/`.
    pub repository_prefix: String,
    /// From the current folder to the root of the run, empty or ending in `/`.
    pub shown_prefix: String,
}

/// What is wrong, and what may help.
type Refusal = (String, Option<String>);

/// A folder is a root by itself, and so is each of several folders: none is evidence for another.
/// Files and standard input are looked at within the git repository around them, so that the rest of
/// it counts as evidence. Files without a common repository are linted each by itself.
pub fn resolve(arguments: &CheckArguments, look: RenderOptions) -> Result<Vec<RunScope>, RunError> {
    find(arguments).map_err(|(message, help)| RunError::new(&message, help.as_deref(), look))
}

fn find(arguments: &CheckArguments) -> Result<Vec<RunScope>, Refusal> {
    let here = env::current_dir()
        .and_then(|path| path.canonicalize())
        .map_err(|error| (format!("cannot read the current directory: {error}"), None))?;
    let mut paths = Vec::new();
    let mut dash = false;

    for path in &arguments.paths {
        if path.as_os_str() == "-" {
            dash = true;
        } else {
            paths.push(real(&here, path)?);
        }
    }

    if dash && arguments.stdin_filename.is_none() {
        let help = "add a file name, as in `--stdin-filename Dockerfile`";
        return Err(("`-` requires a file name".to_owned(), Some(help.to_owned())));
    }

    let stdin = arguments
        .stdin_filename
        .as_ref()
        .map(|name| normal(&here.join(name)));
    let mut scopes = match (paths.as_slice(), &stdin) {
        ([], None) => vec![RunScope {
            root: here.clone(),
            ..RunScope::default()
        }],
        ([folder], _) if folder.is_dir() => vec![RunScope {
            root: folder.clone(),
            ..RunScope::default()
        }],
        _ => scopes(&paths, stdin.as_ref()),
    };

    for path in &paths {
        if let Some((scope, inner)) = holder(&mut scopes, path) {
            scope.focus.push(input::shown(&inner));
            scope.named.push(inner);
        }
    }

    if let Some(path) = &stdin {
        let root = scopes
            .first()
            .map(|scope| scope.root.clone())
            .unwrap_or_default();
        let (scope, inner) = holder(&mut scopes, path).ok_or_else(|| outside(path, &root))?;
        if inner.as_os_str().is_empty() {
            return Err(outside(path, &root));
        }

        scope.stdin = Some(input::shown(&inner));
        scope.focus.extend(scope.stdin.clone());
    }

    for scope in &mut scopes {
        scope.finish(&here);
    }

    Ok(scopes)
}

/// The refusal of a path that is not in the root.
fn outside(path: &Path, root: &Path) -> Refusal {
    let (path, root) = (path.display(), root.display());
    (format!("`{path}` is not inside `{root}`"), None)
}

impl RunScope {
    /// Whether another scope is a part of this one.
    fn holds(&self, other: &RunScope) -> bool {
        self.root == other.root
            || (self.evidence == Evidence::Repository && other.root.starts_with(&self.root))
    }

    /// A run over this scope.
    pub fn options(&self, config: Config, stdin: Option<(String, String)>) -> Options {
        Options {
            root: self.root.clone(),
            named: self.named.clone(),
            focus: self.focus.clone(),
            evidence: self.evidence,
            texts: stdin.into_iter().collect(),
            config,
            threads: None,
            today: None,
            purpose: Purpose::Lint,
        }
    }

    fn finish(&mut self, here: &Path) {
        // The root itself means everything in it.
        if self.focus.iter().any(String::is_empty) {
            self.focus.clear();
            self.focus.extend(self.stdin.clone());
        }

        self.focus.sort();
        self.focus.dedup();
        self.named.sort();
        self.named.dedup();
        let top = git::top(&self.root).and_then(|top| self.root.strip_prefix(top).ok());
        self.repository_prefix = folder(top.map(input::shown).unwrap_or_default());
        self.shown_prefix = shown(&self.root, here);
    }
}

/// The real path of what the user names, which must not be led out of its repository by a link in
/// it.
fn real(here: &Path, path: &Path) -> Result<PathBuf, Refusal> {
    let real = path.canonicalize().map_err(|error| refusal(path, &error))?;

    if let Some(link) = git::way_out(&here.join(path)) {
        let link = link.strip_prefix(here).unwrap_or(&link);
        return Err((
            format!(
                "cannot read `{}`: the link `{}` leads out of the repository",
                path.display(),
                link.display()
            ),
            None,
        ));
    }

    if real.is_file() || real.is_dir() {
        Ok(real)
    } else {
        Err((
            format!(
                "cannot read `{}`: it is not a regular file or a folder",
                path.display()
            ),
            None,
        ))
    }
}

/// The scopes of several paths: what is around the files, and each folder that is not a part of it.
fn scopes(paths: &[PathBuf], stdin: Option<&PathBuf>) -> Vec<RunScope> {
    let (mut folders, files): (Vec<&PathBuf>, Vec<&PathBuf>) =
        paths.iter().partition(|path| path.is_dir());
    folders.sort();
    folders.dedup();
    let is_below = |path: &Path, folder: &Path| path != folder && path.starts_with(folder);
    let outermost: Vec<&PathBuf> = folders
        .iter()
        .copied()
        .filter(|path| !folders.iter().any(|folder| is_below(path, folder)))
        .collect();
    let outside = files
        .into_iter()
        .chain(stdin)
        .filter(|file| !outermost.iter().any(|folder| file.starts_with(folder)));

    let mut scopes = roots(outside);

    for folder in outermost {
        let scope = RunScope {
            root: folder.clone(),
            ..RunScope::default()
        };

        if !scopes.iter().any(|outer| outer.holds(&scope)) {
            scopes.push(scope);
        }
    }

    scopes.sort_by(|a, b| a.root.cmp(&b.root));
    scopes
}

/// The roots of several files: the repository of each, or its folder. One that is inside another one
/// is a part of it.
fn roots<'p>(paths: impl Iterator<Item = &'p PathBuf>) -> Vec<RunScope> {
    let mut scopes: Vec<RunScope> = Vec::new();

    for path in paths {
        // A file counts as its folder, and so does one that does not exist.
        let folder = path
            .ancestors()
            .skip(1)
            .find(|folder| folder.is_dir())
            .unwrap_or(path);
        let (root, evidence) = match git::top(folder) {
            Some(top) => (top, Evidence::Repository),
            None => (folder, Evidence::NamedOnly),
        };

        scopes.push(RunScope {
            root: root.to_owned(),
            evidence,
            ..RunScope::default()
        });
    }
    // Above comes before below, and what is walked before what is not.
    scopes.sort_by(|a, b| {
        (&a.root, a.evidence == Evidence::NamedOnly)
            .cmp(&(&b.root, b.evidence == Evidence::NamedOnly))
    });

    let mut kept: Vec<RunScope> = Vec::new();

    for scope in scopes {
        if !kept.iter().any(|outer| outer.holds(&scope)) {
            kept.push(scope);
        }
    }

    kept
}

/// The scope that a path is in, and the path from its root.
fn holder<'s>(scopes: &'s mut [RunScope], path: &Path) -> Option<(&'s mut RunScope, PathBuf)> {
    // The innermost: a scope without evidence may be above another one.
    let scope = scopes
        .iter_mut()
        .filter(|scope| path.starts_with(&scope.root))
        .max_by_key(|scope| scope.root.as_os_str().len())?;
    let inner = path.strip_prefix(&scope.root).ok()?.to_owned();

    Some((scope, inner))
}

fn refusal(path: &Path, error: &std::io::Error) -> Refusal {
    let shown = path.display();
    if error.kind() != std::io::ErrorKind::NotFound {
        return (format!("cannot read `{shown}`: {error}"), None);
    }

    let command = path.to_str().and_then(|word| {
        suggest::nearest(
            word,
            ["check", "checklist", "attest", "explain", "facts", "rules"],
        )
    });
    let help = command.map(|command| format!("did you mean the command `{command}`?"));

    (format!("no file or folder at `{shown}`"), help)
}

fn shown(root: &Path, here: &Path) -> String {
    if let Ok(below) = root.strip_prefix(here) {
        return folder(input::shown(below));
    }

    match here.strip_prefix(root) {
        Ok(below) => "../".repeat(below.components().count()),
        Err(_) => folder(input::shown(root)),
    }
}

fn folder(path: String) -> String {
    if path.is_empty() {
        path
    } else {
        format!("{}/", path.trim_end_matches('/'))
    }
}

/// The path without `.` and `..`; its file need not exist.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();

    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    // Where the folder exists, its real name is what everything else is compared with.
    match (
        out.parent().and_then(|folder| folder.canonicalize().ok()),
        out.file_name(),
    ) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_from_the_current_folder() {
        for (root, here, prefix) in [
            ("/a/b", "/a/b", ""),
            ("/a/b/c", "/a/b", "c/"),
            ("/a", "/a/b/c", "../../"),
            ("/x/y", "/a", "/x/y/"),
        ] {
            assert_eq!(shown(Path::new(root), Path::new(here)), prefix);
        }
    }

    #[test]
    fn paths_without_a_repository_are_roots_of_their_own() {
        let roots = |paths: &[&str]| {
            let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
            scopes(&paths, None)
                .into_iter()
                .map(|scope| (scope.root, scope.evidence))
                .collect::<Vec<_>>()
        };

        let named = |path: &str| (PathBuf::from(path), Evidence::NamedOnly);
        assert_eq!(
            roots(&["/dev/null", "/proc/version"]),
            [named("/dev"), named("/proc")]
        );
        assert_eq!(roots(&["/proc/version", "/proc/uptime"]), [named("/proc")]);
        assert_eq!(
            roots(&["/proc/version", "/proc/self/comm", "/proc"]),
            [("/proc".into(), Evidence::Repository)]
        );
        assert_eq!(
            roots(&["/sys", "/proc/sys", "/proc/tty", "/proc/sys/vm"]),
            ["/proc/sys", "/proc/tty", "/sys"].map(|path| (path.into(), Evidence::Repository))
        );
    }
}
