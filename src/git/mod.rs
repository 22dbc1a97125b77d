//! The git checkout around a folder: where it begins, what it tracks, what it leaves out. Runs no
//! program, and knows nothing of commits.
//!
//! All of it is read from the checkout's own `.git`. Where that is a file, as in a worktree or a
//! submodule, it names a folder elsewhere, and whoever made the repository chose the name: the
//! folder is read only if it says that this checkout is its own.

mod index;

use std::fs;
use std::path::{Path, PathBuf};

use crate::input::{self, Kind, Root, Unread};

/// The largest index that is read: some 600,000 files.
const MAX_INDEX: u64 = 64 * 1024 * 1024;
/// The largest file of another sort that is read in `.git`.
const MAX_FILE: u64 = 1024 * 1024;

/// What git knows of a checkout.
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
    pub fn holds(&self, path: &str) -> bool {
        self.0
            .binary_search_by(|known| known.as_str().cmp(path))
            .is_ok()
    }

    /// Whether anything below a folder is tracked.
    pub fn holds_below(&self, folder: &str) -> bool {
        let first = format!("{folder}/");
        let at = self
            .0
            .partition_point(|path| path.as_str() < first.as_str());
        self.0.get(at).is_some_and(|path| path.starts_with(&first))
    }
}

/// The nearest folder at or above this one that git calls its own. A `.git` above the folder that
/// belongs to another user does not count: anybody may put one into a folder that is shared.
pub fn top(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|above| {
        let marker = above.join(".git");
        fs::symlink_metadata(&marker).is_ok()
            && (*above == folder || input::is_owned(&marker, folder))
    })
}

/// The folders that git keeps a checkout's data in: its own, and the one that it shares with other
/// worktrees.
struct Folders {
    own: Root,
    common: Root,
}

impl Checkout {
    /// The checkout whose files begin in `top`; an empty one where its data is not to be read.
    pub fn read(top: &Root) -> Self {
        let Some(folders) = folders(top) else {
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

fn tracked(folders: &Folders) -> Option<Tracked> {
    let index = match folders.own.read(Path::new("index"), MAX_INDEX) {
        Ok(index) => index,
        // Nothing was ever added. Where something else has the index's name, nothing is known.
        Err(Unread::Missing) if folders.own.kind(Path::new("index")).is_none() => {
            return Some(Tracked::default());
        }
        Err(_) => return None,
    };

    let hash_len = if is_sha256(&folders.common) { 32 } else { 20 };

    index::paths(&index, hash_len).map(Tracked::new)
}

fn folders(top: &Root) -> Option<Folders> {
    let marker = Path::new(".git");

    match top.kind(marker)? {
        Kind::Folder => same(&top.path().join(marker)),
        Kind::Link => same(&top.path().join(top.resolve(marker)?)),
        Kind::File => {
            let text = text(top, ".git")?;
            named_folders(
                top.path(),
                &top.path().join(text.strip_prefix("gitdir:")?.trim()),
            )
        }
        Kind::Other => None,
    }
}

/// One folder that serves as both.
fn same(path: &Path) -> Option<Folders> {
    Some(Folders {
        own: Root::open(path).ok()?,
        common: Root::open(path).ok()?,
    })
}

/// The folders that a `.git` file names. Outside of the checkout they must be a worktree's or a
/// submodule's by their name, and must name the checkout in turn; nothing else in them is read
/// before.
fn named_folders(top: &Path, named: &Path) -> Option<Folders> {
    let path = named.canonicalize().ok()?;
    if path.starts_with(top) {
        return same(&path);
    }

    if path.parent()?.ends_with("worktrees") {
        let own = Root::open(&path).ok()?;
        let marker = path.join(text(&own, "gitdir")?.trim());
        let common = path
            .join(text(&own, "commondir")?.trim())
            .canonicalize()
            .ok()?;
        let is_own = marker
            .canonicalize()
            .is_ok_and(|marker| marker == top.join(".git"));
        return (is_own && path.starts_with(&common)).then_some(Folders {
            own,
            common: Root::open(&common).ok()?,
        });
    }

    if path.components().any(|part| part.as_os_str() == "modules") {
        let folders = same(&path)?;
        let worktree = setting(&folders.common, "worktree")?;
        return (path.join(worktree).canonicalize().ok()? == top).then_some(folders);
    }

    None
}

/// Whether the objects have SHA-256 names.
fn is_sha256(common: &Root) -> bool {
    setting(common, "objectformat").is_some_and(|value| value.eq_ignore_ascii_case("sha256"))
}

/// The value of a key in git's configuration, whatever section it is in.
fn setting(common: &Root, wanted: &str) -> Option<String> {
    let config = text(common, "config")?;
    let mut pairs = config.lines().filter_map(|line| line.split_once('='));
    let (_, value) = pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case(wanted))?;
    Some(value.trim().trim_matches('"').to_owned())
}

fn text(folder: &Root, name: &str) -> Option<String> {
    String::from_utf8(folder.read(Path::new(name), MAX_FILE).ok()?).ok()
}

/// The first link on a path that leads out of the checkout that it is in. `path` is absolute.
pub fn way_out(path: &Path) -> Option<PathBuf> {
    first_link(path, |folder, real| {
        top(folder).is_some_and(|top| !real.is_some_and(|real| real.starts_with(top)))
    })
}

/// The first link on a path that a repository may have put there: one in a checkout, or below one
/// of `roots`.
pub fn planted_link(path: &Path, roots: &[PathBuf]) -> Option<PathBuf> {
    first_link(path, |folder, _| {
        top(folder).is_some() || roots.iter().any(|root| folder.starts_with(root))
    })
}

/// The first link on a path for which a condition holds, given the real folder that it is in and
/// what it leads to.
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
        assert!(tracked.holds("a") && tracked.holds("b/c/d") && !tracked.holds("b"));
        assert!(tracked.holds_below("b") && tracked.holds_below("b/c"));
        assert!(!tracked.holds_below("a") && !tracked.holds_below("b/c/d"));
    }
}
