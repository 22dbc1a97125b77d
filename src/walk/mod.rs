//! The files of a repository, folder by folder. Files that git ignores and does not track, vendored
//! files and binary files are left out; a folder that cannot be listed is reported, and the walk
//! continues.
//!
//! Ignore files count from the repository's root down, never from above it, and are read like all
//! other files. The target of a link inside the repository is listed by the link's name too, if the
//! target is inside the repository.

mod ignored;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::git::{Checkout, Tracked};
use crate::input::{self, EntryKind, Root, Unread};
use ignored::{IgnoreVerdict, Rules};

/// Folders of vendored code or of build output.
const SKIPPED_FOLDERS: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    "node_modules",
    "bower_components",
    "__pycache__",
    ".venv",
    ".tox",
    ".terraform",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".next",
    ".gradle",
    ".cargo",
];

/// Extensions of binary files, sorted.
const BINARY_ENDINGS: &[&str] = &[
    "7z",
    "avi",
    "bin",
    "bmp",
    "br",
    "bz2",
    "class",
    "dll",
    "dylib",
    "eot",
    "exe",
    "gif",
    "gz",
    "ico",
    "jar",
    "jpeg",
    "jpg",
    "mov",
    "mp3",
    "mp4",
    "npy",
    "o",
    "onnx",
    "otf",
    "parquet",
    "pdf",
    "png",
    "pt",
    "pyc",
    "rar",
    "safetensors",
    "so",
    "svg",
    "tar",
    "tgz",
    "tif",
    "tiff",
    "ttf",
    "wasm",
    "wav",
    "webm",
    "webp",
    "whl",
    "woff",
    "woff2",
    "xz",
    "zip",
    "zst",
];

/// A file of the repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// From the root, with `/`; see [`input::shown`].
    pub path: String,
    /// The target, if this file is a link.
    pub target: Option<String>,
    /// The path to open, if it differs from `path`.
    real: Option<PathBuf>,
}

impl Entry {
    /// The bytes of the file.
    pub fn read(&self, root: &Root) -> Result<Vec<u8>, Unread> {
        root.read(self.real(), input::MAX_BYTES)
    }

    /// The path to open, from the root.
    pub fn real(&self) -> &Path {
        self.real.as_deref().unwrap_or(Path::new(&self.path))
    }
}

/// A walk over one repository, or over a part of it.
pub struct Walk<'w> {
    root: &'w Root,
    /// From the top of the git checkout to the root: ignore rules are about paths from the top.
    prefix: PathBuf,
    checkout: Option<Arc<CheckoutScope>>,
    /// Whether a path must not be read. The answer for a folder applies to everything below it.
    exclude: &'w (dyn Fn(&str) -> bool + Sync),
}

/// A folder to list.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    /// `path` in the form of [`input::shown`].
    shown: String,
    /// Rules of `.gitignore` and `info/exclude`.
    git_rules: Rules,
    /// Rules of `.deploylintignore`.
    lint_rules: Rules,
    checkout: Option<Arc<CheckoutScope>>,
    /// Git ignores the folder: only files that it tracks nevertheless are taken.
    only_tracked: bool,
}

/// A git checkout and the folder that it begins in, from the top.
#[derive(Debug)]
struct CheckoutScope {
    base: PathBuf,
    checkout: Checkout,
}

/// The contents of a folder.
#[derive(Debug, Default)]
pub struct Listing {
    pub entries: Vec<Entry>,
    pub folders: Vec<Folder>,
    /// Links to folders of the repository, each with the folder's path.
    pub links: Vec<(String, String)>,
    /// Paths that could not be listed, each with the reason.
    pub errors: Vec<(String, String)>,
    /// The tracked files of another checkout that begins in the folder.
    pub tracked: Vec<String>,
    /// The number of files that the configuration leaves out.
    pub excluded: usize,
    /// The number of files and folders that ignore rules leave out.
    pub ignored: usize,
}

impl<'w> Walk<'w> {
    /// A walk below `root`. `top` is the folder in which the git checkout around it begins.
    pub fn new(
        root: &'w Root,
        top: Option<&Path>,
        checkout: Option<Checkout>,
        exclude: &'w (dyn Fn(&str) -> bool + Sync),
    ) -> Self {
        let prefix = top
            .and_then(|top| root.path().strip_prefix(top).ok())
            .unwrap_or(Path::new(""))
            .to_owned();
        let checkout = checkout.map(|checkout| {
            Arc::new(CheckoutScope {
                base: PathBuf::new(),
                checkout,
            })
        });

        Self {
            root,
            prefix,
            checkout,
            exclude,
        }
    }

    /// The same walk with other exclusions.
    pub fn excluding<'o>(&'o self, exclude: &'o (dyn Fn(&str) -> bool + Sync)) -> Walk<'o> {
        Walk {
            root: self.root,
            prefix: self.prefix.clone(),
            checkout: self.checkout.clone(),
            exclude,
        }
    }

    /// The tracked files of the checkout, from its top; `None` where they are unknown.
    pub fn tracked(&self) -> Option<&Tracked> {
        self.checkout.as_ref()?.checkout.tracked.as_ref()
    }

    /// The root, with the rules of the folders above it that are in the same checkout.
    pub fn begin(&self, top: &Root) -> Folder {
        let mut start = self.bare(Path::new(""));
        if let Some(scope) = &self.checkout {
            start.git_rules = start.git_rules.with(Path::new(""), &scope.checkout.exclude);
        }

        let mut folder = PathBuf::new();

        for part in &self.prefix {
            start.add_rules(top, &folder, &folder);
            folder.push(part);
        }

        start
    }

    /// A folder that the user names: rules of the folders above it do not apply.
    pub fn bare(&self, path: &Path) -> Folder {
        Folder {
            path: path.to_owned(),
            shown: input::shown(path),
            git_rules: Rules::default(),
            lint_rules: Rules::default(),
            checkout: self.checkout.clone(),
            only_tracked: false,
        }
    }

    /// The contents of a folder. One that does not exist any more is empty.
    pub fn list(&self, folder: &Folder) -> Listing {
        let mut listing = Listing::default();
        let names = match self.root.list(&folder.path) {
            Ok(names) => names.unwrap_or_default(),
            Err(error) => {
                listing
                    .errors
                    .push((folder.shown.clone(), input::plain(&error)));
                return listing;
            }
        };

        let mut inner = folder.clone();
        if has_name(&names, ".git") && !folder.path.as_os_str().is_empty() {
            inner.enter_checkout(self, &mut listing);
        }

        if has_name(&names, ".gitignore") || has_name(&names, ".deploylintignore") {
            inner.add_rules(self.root, &folder.path, &self.prefix.join(&folder.path));
        }

        for (name, kind) in &names {
            self.add_entry(&inner, name, *kind, &mut listing);
        }

        listing
    }

    fn add_entry(&self, folder: &Folder, name: &OsStr, kind: EntryKind, listing: &mut Listing) {
        if kind == EntryKind::Other || name == ".git" {
            return;
        }

        let is_folder = kind == EntryKind::Folder;
        if is_folder && name.to_str().is_some_and(is_skipped) {
            return;
        }

        let mut shown = String::with_capacity(folder.shown.len() + 1 + name.len());

        if !folder.shown.is_empty() {
            shown.push_str(&folder.shown);
            shown.push('/');
        }

        input::push_shown(&mut shown, name.as_encoded_bytes());

        let selection = self.selection(folder, name, is_folder);
        if selection == Selection::None {
            listing.ignored += 1;
            return;
        }

        if is_folder {
            let only_tracked = selection == Selection::TrackedOnly;
            listing.folders.push(Folder {
                path: folder.path.join(name),
                shown,
                only_tracked,
                ..folder.clone()
            });

            return;
        }

        if (self.exclude)(&shown) {
            listing.excluded += 1;
            return;
        }

        if kind == EntryKind::Link {
            self.add_link(&folder.path.join(name), shown, listing);
            return;
        }

        let is_plain = folder.path.to_str().is_some() && name.to_str().is_some();
        let real = (!is_plain).then(|| folder.path.join(name));
        listing.entries.push(Entry {
            path: shown,
            target: None,
            real,
        });
    }

    /// Adds a link under its own name, if its target is in the repository and not in a folder that
    /// is always skipped.
    fn add_link(&self, link: &Path, shown: String, listing: &mut Listing) {
        let Some(target) = self.root.resolve(link) else {
            return;
        };

        if target
            .iter()
            .any(|part| part.to_str().is_some_and(is_skipped))
        {
            return;
        }

        match self.root.kind(&target) {
            Some(EntryKind::File) => {
                listing.entries.push(Entry {
                    path: shown,
                    target: Some(input::shown(&target)),
                    real: Some(target),
                });
            }
            Some(EntryKind::Folder) => listing.links.push((shown, input::shown(&target))),
            _ => {}
        }
    }

    fn selection(&self, folder: &Folder, name: &OsStr, is_folder: bool) -> Selection {
        if folder.git_rules.is_empty() && folder.lint_rules.is_empty() && !folder.only_tracked {
            return Selection::All;
        }

        let path = self.prefix.join(&folder.path).join(name);

        match folder.lint_rules.verdict(&path, is_folder) {
            IgnoreVerdict::Ignored => return Selection::None,
            IgnoreVerdict::Kept => return Selection::All,
            IgnoreVerdict::Silent => {}
        }

        if !folder.only_tracked
            && folder.git_rules.verdict(&path, is_folder) != IgnoreVerdict::Ignored
        {
            return Selection::All;
        }

        let Some(scope) = &folder.checkout else {
            return Selection::None;
        };

        let Some(tracked) = &scope.checkout.tracked else {
            return Selection::None;
        };

        let inner = input::shown(path.strip_prefix(&scope.base).unwrap_or(&path));

        // A folder that is tracked itself is a submodule.
        if tracked.contains(&inner) {
            return Selection::All;
        }

        if is_folder && tracked.contains_below(&inner) {
            Selection::TrackedOnly
        } else {
            Selection::None
        }
    }

    /// The file at a path that the user names, even if a rule would leave it out.
    pub fn named(&self, path: &Path) -> Option<Entry> {
        let shown = input::shown(path);

        match self.root.kind(path)? {
            EntryKind::File => Some(Entry {
                real: Some(path.to_owned()),
                path: shown,
                target: None,
            }),
            EntryKind::Link => {
                let target = self.root.resolve(path)?;
                Some(Entry {
                    path: shown,
                    target: Some(input::shown(&target)),
                    real: Some(target),
                })
            }
            EntryKind::Folder | EntryKind::Other => None,
        }
    }
}

/// Which part of a file or folder is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Selection {
    All,
    /// Of a folder, the files that git tracks.
    TrackedOnly,
    None,
}

impl Folder {
    /// Adds the ignore files of a folder below `root`; `base` is its path from the top.
    fn add_rules(&mut self, root: &Root, folder: &Path, base: &Path) {
        let git = ignore_file(root, &folder.join(".gitignore"));
        let lint = ignore_file(root, &folder.join(".deploylintignore"));

        self.git_rules = self.git_rules.with(base, &git);
        self.lint_rules = self.lint_rules.with(base, &lint);
    }

    /// Switches to a checkout within another one, which has its own rules and its own index.
    fn enter_checkout(&mut self, walk: &Walk, listing: &mut Listing) {
        let Ok(root) = Root::open(&walk.root.path().join(&self.path)) else {
            return;
        };

        if !root.path().starts_with(walk.root.path()) {
            return;
        }

        let base = walk.prefix.join(&self.path);
        let checkout = Checkout::read(&root);
        let tracked = checkout.tracked.iter().flat_map(|tracked| tracked.paths());
        listing
            .tracked
            .extend(tracked.map(|path| format!("{}/{path}", self.shown)));
        self.git_rules = Rules::default().with(&base, &checkout.exclude);
        self.checkout = Some(Arc::new(CheckoutScope { base, checkout }));
        self.only_tracked = false;
    }
}

/// The bytes of an ignore file; empty where it cannot be read.
fn ignore_file(root: &Root, path: &Path) -> Vec<u8> {
    root.read_linked(path, ignored::MAX_BYTES)
        .unwrap_or_default()
}

fn has_name(names: &[(OsString, EntryKind)], wanted: &str) -> bool {
    names.iter().any(|(name, _)| name == wanted)
}

fn is_skipped(folder: &str) -> bool {
    SKIPPED_FOLDERS.contains(&folder)
}

/// Whether a file is binary, by its extension.
pub fn has_binary_ending(path: &str) -> bool {
    let name = crate::source::file_name(path);
    name.rsplit_once('.').is_some_and(|(_, ending)| {
        BINARY_ENDINGS
            .binary_search(&ending.to_ascii_lowercase().as_str())
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_sorted_for_the_search() {
        assert!(BINARY_ENDINGS.is_sorted());
        assert!(has_binary_ending("a/b.PNG") && !has_binary_ending("a.png/Dockerfile"));
    }
}
