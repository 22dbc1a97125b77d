//! The git checkout around a folder: where it begins, what it tracks, what it excludes. Runs no
//! program, and reads no commits.
//!
//! Everything is read from the checkout's own `.git`. Where that is a file, as in a worktree or a
//! submodule, it names a folder elsewhere. The author of the repository, who may be an attacker,
//! chose the name, so the folder is read only if it names this checkout in turn.

mod index;

use std::fs;
use std::path::{Path, PathBuf};

use crate::input::{self, EntryKind, Root, Unread};

/// The largest index that is read: some 600,000 files.
const MAX_INDEX: u64 = 64 * 1024 * 1024;
/// The largest other file that is read in `.git`.
const MAX_FILE: u64 = 1024 * 1024;

/// The data of a checkout that the walk needs.
#[derive(Debug, Default)]
pub struct Checkout {
    /// `None` where the index cannot be read.
    pub tracked: Option<Tracked>,
    /// The text of `info/exclude`.
    pub exclude: Vec<u8>,
}

/// The tracked paths of a checkout, sorted.
#[derive(Debug, Default)]
pub struct Tracked(Vec<String>);

impl Tracked {
    fn new(mut paths: Vec<String>) -> Self {
        if !paths.is_sorted() {
            paths.sort_unstable();
        }

        Self(paths)
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether a file, or the submodule in a folder, is tracked.
    pub fn contains(&self, path: &str) -> bool {
        self.0
            .binary_search_by(|known| known.as_str().cmp(path))
            .is_ok()
    }

    /// Whether anything below a folder is tracked.
    pub fn contains_below(&self, folder: &str) -> bool {
        let first = format!("{folder}/");
        let next = self
            .0
            .partition_point(|path| path.as_str() < first.as_str());
        self.0
            .get(next)
            .is_some_and(|path| path.starts_with(&first))
    }
}

/// The nearest folder at or above this one that has a `.git`. A `.git` above the folder that
/// belongs to another user does not count: any user can create one in a shared folder.
pub fn top(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|above| {
        let marker = above.join(".git");
        fs::symlink_metadata(&marker).is_ok()
            && (*above == folder || input::is_owned(&marker, folder))
    })
}

/// The folders of a checkout's data: the private one, and the one that it shares with other
/// worktrees.
struct GitFolders {
    private: Root,
    common: Root,
}

impl Checkout {
    /// The checkout whose files begin in `top`; an empty one where its data must not be read.
    pub fn read(top: &Root) -> Self {
        let Some(folders) = git_folders(top) else {
            return Self::default();
        };

        let exclude = folders
            .common
            .read_linked(Path::new("info/exclude"), MAX_FILE)
            .unwrap_or_default();
        Self {
            tracked: tracked(&folders),
            exclude,
        }
    }
}

fn tracked(folders: &GitFolders) -> Option<Tracked> {
    let index = match folders.private.read(Path::new("index"), MAX_INDEX) {
        Ok(index) => index,
        // Nothing was ever added. Where another kind of entry has the name of the index, the
        // tracked paths are unknown.
        Err(Unread::Missing) if folders.private.kind(Path::new("index")).is_none() => {
            return Some(Tracked::default());
        }
        Err(_) => return None,
    };

    let hash_len = if is_sha256(&folders.common) { 32 } else { 20 };

    index::paths(&index, hash_len).map(Tracked::new)
}

fn git_folders(top: &Root) -> Option<GitFolders> {
    let marker = Path::new(".git");

    match top.kind(marker)? {
        EntryKind::Folder => same_folder(&top.path().join(marker)),
        EntryKind::Link => same_folder(&top.path().join(top.resolve(marker)?)),
        EntryKind::File => {
            let text = read_text(top, ".git")?;
            named_folders(
                top.path(),
                &top.path().join(text.strip_prefix("gitdir:")?.trim()),
            )
        }
        EntryKind::Other => None,
    }
}

/// The folders of a checkout without worktrees, which are the same.
fn same_folder(path: &Path) -> Option<GitFolders> {
    Some(GitFolders {
        private: Root::open(path).ok()?,
        common: Root::open(path).ok()?,
    })
}

/// The folders that a `.git` file names. Outside of the checkout they must have the name of a
/// worktree or a submodule, and must name the checkout in turn; nothing else in them is read before
/// that.
fn named_folders(top: &Path, named: &Path) -> Option<GitFolders> {
    let path = named.canonicalize().ok()?;
    if path.starts_with(top) {
        return same_folder(&path);
    }

    if path.parent()?.ends_with("worktrees") {
        return worktree_folders(top, &path);
    }

    if path.components().any(|part| part.as_os_str() == "modules") {
        let folders = same_folder(&path)?;
        let worktree = config_value(&folders.common, "worktree")?;

        if path.join(worktree).canonicalize().ok()? == top {
            return Some(folders);
        }
    }

    None
}

/// The folders of a worktree, if they name the checkout in `top`.
fn worktree_folders(top: &Path, path: &Path) -> Option<GitFolders> {
    let private = Root::open(path).ok()?;
    let marker = path.join(read_text(&private, "gitdir")?.trim());
    let common = path
        .join(read_text(&private, "commondir")?.trim())
        .canonicalize()
        .ok()?;
    let names_checkout = marker
        .canonicalize()
        .is_ok_and(|marker| marker == top.join(".git"));

    if !names_checkout || !path.starts_with(&common) {
        return None;
    }

    Some(GitFolders {
        private,
        common: Root::open(&common).ok()?,
    })
}

/// Whether the objects have SHA-256 names.
fn is_sha256(common: &Root) -> bool {
    config_value(common, "objectformat").is_some_and(|value| value.eq_ignore_ascii_case("sha256"))
}

/// The value of a key in git's configuration, in any section.
fn config_value(common: &Root, wanted: &str) -> Option<String> {
    let config = read_text(common, "config")?;
    let mut pairs = config.lines().filter_map(|line| line.split_once('='));
    let (_, value) = pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case(wanted))?;
    Some(value.trim().trim_matches('"').to_owned())
}

fn read_text(folder: &Root, name: &str) -> Option<String> {
    String::from_utf8(folder.read(Path::new(name), MAX_FILE).ok()?).ok()
}

/// The first link on a path that leads out of its checkout. `path` is absolute.
pub fn way_out(path: &Path) -> Option<PathBuf> {
    first_link(path, |folder, real| {
        top(folder).is_some_and(|top| !real.is_some_and(|real| real.starts_with(top)))
    })
}

/// The first link on a path that may come from a repository: one in a checkout, or below one of
/// `roots`.
pub fn planted_link(path: &Path, roots: &[PathBuf]) -> Option<PathBuf> {
    first_link(path, |folder, _| {
        top(folder).is_some() || roots.iter().any(|root| folder.starts_with(root))
    })
}

/// The first link on a path for which a condition holds. The condition gets the real folder of the
/// link and its real target.
fn first_link(path: &Path, holds: impl Fn(&Path, Option<&Path>) -> bool) -> Option<PathBuf> {
    let mut folder = PathBuf::new();

    for part in path.components() {
        let next = folder.join(part);
        let is_link = fs::symlink_metadata(&next).ok()?.is_symlink();
        let real = next.canonicalize().ok();
        if is_link && holds(&folder, real.as_deref()) {
            return Some(next);
        }

        folder = real?;
    }

    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_tracked_through_what_is_in_it() {
        let tracked = Tracked::new(["b/c/d", "a", "b-c", "b.d"].map(str::to_owned).into());
        assert!(tracked.contains("a") && tracked.contains("b/c/d") && !tracked.contains("b"));
        assert!(tracked.contains_below("b") && tracked.contains_below("b/c"));
        assert!(!tracked.contains_below("a") && !tracked.contains_below("b/c/d"));
    }
}
