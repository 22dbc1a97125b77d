//! Finds the files of a repository, folder by folder. What git ignores and does not track, what is
//! vendored and what is binary is left out; a folder that cannot be listed is reported, and the
//! walk goes on.
//!
//! Ignore files count from the repository's root down, never from above it, and are read like all
//! other files. What a link inside the repository leads to inside the repository is there by the
//! link's name too.

mod ignored;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::git::{Checkout, Tracked};
use crate::input::{self, Kind, Root, Unread};
use ignored::{Rules, Verdict};

/// Folders of other people's code, or of build output.
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

/// Endings of files whose bytes say nothing to us.
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
    /// The file that this one is a link to.
    pub target: Option<String>,
    /// Where to open it, if that is not `path`.
    real: Option<PathBuf>,
}

impl Entry {
    /// The bytes of the file, whatever they are.
    pub fn read(&self, root: &Root) -> Result<Vec<u8>, Unread> {
        root.read(self.real(), input::MAX_BYTES)
    }

    /// Where to open the file, from the root.
    pub fn real(&self) -> &Path {
        self.real.as_deref().unwrap_or(Path::new(&self.path))
    }
}

/// A walk over one repository, or over a part of it.
pub struct Walk<'w> {
    root: &'w Root,
    /// From the top of the git checkout to the root: ignore rules are about paths from the top.
    prefix: PathBuf,
    checkout: Option<Arc<Scope>>,
    /// Which paths are not to be read; what it says of a folder holds for everything below it.
    exclude: &'w (dyn Fn(&str) -> bool + Sync),
}

/// A folder that is to be listed.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    /// `path` as it is shown.
    shown: String,
    /// Of `.gitignore` and `info/exclude`.
    git: Rules,
    /// Of `.deploylintignore`.
    own: Rules,
    checkout: Option<Arc<Scope>>,
    /// Git ignores the folder: only what it tracks nevertheless is taken.
    only_tracked: bool,
}

/// A git checkout and the folder that it begins in, from the top.
#[derive(Debug)]
struct Scope {
    base: PathBuf,
    checkout: Checkout,
}

/// What is in a folder.
#[derive(Debug, Default)]
pub struct Listing {
    pub entries: Vec<Entry>,
    pub folders: Vec<Folder>,
    /// Links to folders of the repository, each with the folder's path.
    pub links: Vec<(String, String)>,
    /// Paths that could not be listed, with the reason.
    pub errors: Vec<(String, String)>,
    /// The tracked files of a checkout that begins in the folder, if it is not the run's own.
    pub tracked: Vec<String>,
    /// What the configuration leaves out.
    pub excluded: usize,
    /// Files and folders that ignore rules leave out.
    pub ignored: usize,
}

impl<'w> Walk<'w> {
    /// `top` is where the git checkout around `root` begins.
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
            Arc::new(Scope {
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

    /// The tracked files of the checkout, from its top; `None` where they are not known.
    pub fn tracked(&self) -> Option<&Tracked> {
        self.checkout.as_ref()?.checkout.tracked.as_ref()
    }

    /// The root, with the rules of the folders above it that are in the same checkout.
    pub fn begin(&self, top: &Root) -> Folder {
        let mut start = self.bare(Path::new(""));
        if let Some(scope) = &self.checkout {
            start.git = start.git.with(Path::new(""), &scope.checkout.exclude);
        }

        let mut folder = PathBuf::new();

        for part in &self.prefix {
            start.add_rules(top, &folder, &folder);
            folder.push(part);
        }

        start
    }

    /// A folder that the user names: no rules from above it hold in it.
    pub fn bare(&self, path: &Path) -> Folder {
        Folder {
            path: path.to_owned(),
            shown: input::shown(path),
            git: Rules::default(),
            own: Rules::default(),
            checkout: self.checkout.clone(),
            only_tracked: false,
        }
    }

    /// Lists one folder. One that is gone is empty.
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
        let has = |name: &str| names.iter().any(|(known, _)| known == name);
        if has(".git") && !folder.path.as_os_str().is_empty() {
            inner.enter_checkout(self, &mut listing);
        }

        if has(".gitignore") || has(".deploylintignore") {
            inner.add_rules(self.root, &folder.path, &self.prefix.join(&folder.path));
        }

        for (name, kind) in &names {
            self.take(&inner, name, *kind, &mut listing);
        }

        listing
    }

    fn take(&self, folder: &Folder, name: &OsStr, kind: Kind, listing: &mut Listing) {
        if kind == Kind::Other || name == ".git" {
            return;
        }

        let is_folder = kind == Kind::Folder;
        if is_folder && name.to_str().is_some_and(is_skipped) {
            return;
        }

        let mut shown = String::with_capacity(folder.shown.len() + 1 + name.len());

        if !folder.shown.is_empty() {
            shown.push_str(&folder.shown);
            shown.push('/');
        }

        input::push_shown(&mut shown, name.as_encoded_bytes());
        let taken = self.is_taken(folder, name, is_folder);

        if taken == Taken::No {
            listing.ignored += 1;
            return;
        }

        if is_folder {
            let only_tracked = taken == Taken::TrackedOnly;
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

        if kind == Kind::Link {
            self.take_link(&folder.path.join(name), shown, listing);
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

    /// A link is the file or folder that it leads to, if that is in the repository and not in what
    /// is never looked at.
    fn take_link(&self, link: &Path, shown: String, listing: &mut Listing) {
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
            Some(Kind::File) => {
                listing.entries.push(Entry {
                    path: shown,
                    target: Some(input::shown(&target)),
                    real: Some(target),
                });
            }
            Some(Kind::Folder) => listing.links.push((shown, input::shown(&target))),
            _ => {}
        }
    }

    fn is_taken(&self, folder: &Folder, name: &OsStr, is_folder: bool) -> Taken {
        if folder.git.is_empty() && folder.own.is_empty() && !folder.only_tracked {
            return Taken::Yes;
        }

        let path = self.prefix.join(&folder.path).join(name);

        match folder.own.verdict(&path, is_folder) {
            Verdict::Ignored => return Taken::No,
            Verdict::Kept => return Taken::Yes,
            Verdict::Silent => {}
        }

        if !folder.only_tracked && folder.git.verdict(&path, is_folder) != Verdict::Ignored {
            return Taken::Yes;
        }

        let Some(scope) = &folder.checkout else {
            return Taken::No;
        };

        let Some(tracked) = &scope.checkout.tracked else {
            return Taken::No;
        };

        let inner = input::shown(path.strip_prefix(&scope.base).unwrap_or(&path));
        // A folder that is tracked itself is a submodule.
        if tracked.holds(&inner) {
            return Taken::Yes;
        }

        if is_folder && tracked.holds_below(&inner) {
            Taken::TrackedOnly
        } else {
            Taken::No
        }
    }

    /// The file at a path that the user names, whatever would leave it out.
    pub fn named(&self, path: &Path) -> Option<Entry> {
        let shown = input::shown(path);

        match self.root.kind(path)? {
            Kind::File => Some(Entry {
                real: Some(path.to_owned()),
                path: shown,
                target: None,
            }),
            Kind::Link => {
                let target = self.root.resolve(path)?;
                Some(Entry {
                    path: shown,
                    target: Some(input::shown(&target)),
                    real: Some(target),
                })
            }
            Kind::Folder | Kind::Other => None,
        }
    }
}

/// Whether a file or folder is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    Yes,
    /// A folder, for the files in it that git tracks.
    TrackedOnly,
    No,
}

impl Folder {
    /// Adds the ignore files of a folder below `root`; `base` is its path from the top.
    fn add_rules(&mut self, root: &Root, folder: &Path, base: &Path) {
        let text = |name: &str| {
            root.read_linked(&folder.join(name), ignored::MAX_BYTES)
                .unwrap_or_default()
        };
        self.git = self.git.with(base, &text(".gitignore"));
        self.own = self.own.with(base, &text(".deploylintignore"));
    }

    /// A checkout within another one has its own rules and its own index.
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
        self.git = Rules::default().with(&base, &checkout.exclude);
        self.checkout = Some(Arc::new(Scope { base, checkout }));
        self.only_tracked = false;
    }
}

fn is_skipped(folder: &str) -> bool {
    SKIPPED_FOLDERS.contains(&folder)
}

/// Whether a file's bytes say nothing to us, by its name.
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
