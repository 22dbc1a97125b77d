//! Which repository is meant by the paths on the command line, and which part of it.

use std::env;
use std::path::{Component, Path, PathBuf};

use super::args::Check;
use crate::suggest;

/// What to lint.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scope {
    pub root: PathBuf,
    /// Paths from the root whose findings are wanted; empty for all.
    pub focus: Vec<String>,
    /// The path from the root of the file that standard input stands for.
    pub stdin: Option<String>,
    /// From the git repository's root to the root of the run, empty or ending in `/`.
    pub repository_prefix: String,
    /// From the current folder to the root of the run, empty or ending in `/`.
    pub shown_prefix: String,
}

/// What is wrong, and what may help.
type Refusal = (String, Option<String>);

/// One folder is a root by itself. Files, several paths and standard input are looked at within the
/// git repository around them, so that the rest of it counts as evidence.
pub fn resolve(arguments: &Check) -> Result<Scope, Refusal> {
    let here = env::current_dir()
        .and_then(|path| path.canonicalize())
        .map_err(|error| (format!("cannot read the current directory: {error}"), None))?;
    let mut paths = Vec::new();
    let mut dash = false;

    for path in &arguments.paths {
        if path.as_os_str() == "-" {
            dash = true;
        } else {
            paths.push(path.canonicalize().map_err(|error| refusal(path, &error))?);
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
    let root = match (paths.as_slice(), &stdin) {
        ([], None) => here.clone(),
        ([folder], _) if folder.is_dir() => folder.clone(),
        _ => {
            let common = common_folder(paths.iter().chain(&stdin)).unwrap_or_else(|| here.clone());
            git_root(&common).map_or(common.clone(), Path::to_owned)
        }
    };

    let from_root = |path: &Path| path.strip_prefix(&root).ok().map(slashed);
    let stdin = match stdin {
        Some(path) => {
            let outside = || {
                (
                    format!("`{}` is not inside `{}`", path.display(), root.display()),
                    None,
                )
            };

            Some(
                from_root(&path)
                    .filter(|path| !path.is_empty())
                    .ok_or_else(outside)?,
            )
        }
        None => None,
    };

    let mut focus: Vec<String> = paths.iter().filter_map(|path| from_root(path)).collect();
    focus.extend(stdin.clone());

    if paths.contains(&root) {
        focus.clear();
        focus.extend(stdin.clone());
    }

    focus.sort();
    focus.dedup();
    let inner = git_root(&root)
        .and_then(|top| root.strip_prefix(top).ok())
        .map(slashed)
        .unwrap_or_default();
    Ok(Scope {
        repository_prefix: folder(inner),
        shown_prefix: shown(&root, &here),
        focus,
        stdin,
        root,
    })
}

fn refusal(path: &Path, error: &std::io::Error) -> Refusal {
    let shown = path.display();
    if error.kind() != std::io::ErrorKind::NotFound {
        return (format!("cannot read `{shown}`: {error}"), None);
    }

    let command = path
        .to_str()
        .and_then(|word| suggest::nearest(word, ["check", "explain", "rules"]));
    let help = command.map(|command| format!("did you mean the command `{command}`?"));

    (format!("no such file or directory: `{shown}`"), help)
}

/// The folder that holds all the paths. A file counts as its folder, and so does one that does not
/// exist.
fn common_folder<'p>(paths: impl Iterator<Item = &'p PathBuf>) -> Option<PathBuf> {
    paths
        .map(|path| {
            if path.is_dir() {
                path.as_path()
            } else {
                path.parent().unwrap_or(path)
            }
        })
        .map(Path::to_owned)
        .reduce(|common, path| {
            common
                .ancestors()
                .find(|folder| path.starts_with(folder))
                .unwrap_or(&common)
                .to_owned()
        })
}

/// The nearest folder at or above this one that git calls its own.
fn git_root(folder: &Path) -> Option<&Path> {
    folder
        .ancestors()
        .find(|folder| folder.join(".git").exists())
}

fn shown(root: &Path, here: &Path) -> String {
    if let Ok(below) = root.strip_prefix(here) {
        return folder(slashed(below));
    }

    match here.strip_prefix(root) {
        Ok(below) => "../".repeat(below.components().count()),
        Err(_) => folder(slashed(root)),
    }
}

fn folder(path: String) -> String {
    if path.is_empty() {
        path
    } else {
        format!("{}/", path.trim_end_matches('/'))
    }
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
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
    fn paths_are_shown_from_where_the_user_stands() {
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
    fn the_common_folder_holds_all() {
        let common = |paths: &[&str]| {
            let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
            common_folder(paths.iter())
        };

        assert_eq!(
            common(&["/none/a/x", "/none/a/b/y"]),
            Some("/none/a".into())
        );
        assert_eq!(common(&["/none/a/x", "/none/ab/y"]), Some("/none".into()));
        assert_eq!(common(&[]), None);
    }
}
