//! Finds and reads the files of a repository. What git ignores, what is vendored and what is binary
//! is left out; a file that cannot be read is reported, and the walk goes on.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ignore::{WalkBuilder, WalkState};

/// Files above this size are not read: no deployment file comes near it.
pub const MAX_BYTES: u64 = 8 * 1024 * 1024;

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
    /// From the root, with `/`.
    pub path: String,
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Listing {
    /// Sorted by path.
    pub entries: Vec<Entry>,
    /// Paths that could not be walked, with the reason. Sorted.
    pub errors: Vec<(String, String)>,
}

/// Lists the files below `root` on `threads` threads. `exclude` says which paths
/// are not to be read; what it says of a folder holds for everything below it.
pub fn list(root: &Path, exclude: &(dyn Fn(&str) -> bool + Sync), threads: usize) -> Listing {
    let mut builder = WalkBuilder::new(root);
    // A worker that finds nothing to do sleeps before it looks again: in a folder without folders
    // one is quicker.
    let is_folder = |entry: fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    let is_flat = fs::read_dir(root)
        .is_ok_and(|mut entries| !entries.any(|entry| entry.is_ok_and(is_folder)));
    let threads = if is_flat { 1 } else { threads };
    builder
        .hidden(false)
        .require_git(false)
        .git_global(false)
        .threads(threads)
        .add_custom_ignore_filename(".deploylintignore")
        .filter_entry(|entry| {
            let folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            !(folder && entry.depth() > 0 && is_skipped(entry.file_name().to_str().unwrap_or("")))
        });
    let found = Mutex::new(Listing::default());
    builder.build_parallel().run(|| {
        let mut batch = Batch {
            entries: Vec::new(),
            errors: Vec::new(),
            found: &found,
        };

        Box::new(move |entry| {
            match entry {
                Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                    let path = relative(root, entry.path());
                    if !exclude(&path) {
                        batch.entries.push(Entry { path });
                    }
                }
                Ok(_) => {}
                Err(error) => batch.errors.push(walk_error(root, &error)),
            }

            WalkState::Continue
        })
    });

    let mut listing = found.into_inner().unwrap_or_default();
    listing.entries.sort();
    listing.errors.sort();

    listing
}

/// Why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// Nothing that we read: binary, or too large to be a deployment file.
    Skipped,
    /// Its size, in bytes.
    TooLarge(u64),
    Failed(String),
}

/// The bytes of a file, unless it is binary or too large.
pub fn read(root: &Path, entry: &Entry) -> Result<Vec<u8>, Unread> {
    if has_binary_ending(&entry.path) {
        return Err(Unread::Skipped);
    }

    let path: PathBuf = root.join(&entry.path);
    let failed = |error: std::io::Error| Unread::Failed(plain(&error));
    let file = fs::File::open(&path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    if size > MAX_BYTES {
        return Err(Unread::TooLarge(size));
    }

    let mut bytes = Vec::with_capacity(size as usize + 1);
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if is_binary(&bytes) {
        return Err(Unread::Skipped);
    }

    Ok(bytes)
}

/// The reason without the operating system's number.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    text[..1].to_lowercase() + &text[1..]
}

struct Batch<'f> {
    entries: Vec<Entry>,
    errors: Vec<(String, String)>,
    found: &'f Mutex<Listing>,
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if let Ok(mut found) = self.found.lock() {
            found.entries.append(&mut self.entries);
            found.errors.append(&mut self.errors);
        }
    }
}

fn is_skipped(folder: &str) -> bool {
    SKIPPED_FOLDERS.contains(&folder)
}

fn has_binary_ending(path: &str) -> bool {
    let name = crate::source::file_name(path);
    name.rsplit_once('.').is_some_and(|(_, ending)| {
        BINARY_ENDINGS
            .binary_search(&ending.to_ascii_lowercase().as_str())
            .is_ok()
    })
}

/// A NUL byte near the start, as git judges it; UTF-16 with its byte order mark is text.
fn is_binary(bytes: &[u8]) -> bool {
    let utf16 = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
    !utf16 && memchr::memchr(0, &bytes[..bytes.len().min(8000)]).is_some()
}

fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

fn walk_error(root: &Path, error: &ignore::Error) -> (String, String) {
    match error {
        ignore::Error::WithPath { path, err } => {
            let reason = err.io_error().map_or_else(|| err.to_string(), plain);
            (relative(root, path), reason)
        }
        ignore::Error::WithDepth { err, .. } => walk_error(root, err),
        other => (
            String::new(),
            other.io_error().map_or_else(|| other.to_string(), plain),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_sorted_for_the_search() {
        assert!(BINARY_ENDINGS.is_sorted());
        assert!(has_binary_ending("a/b.PNG") && !has_binary_ending("a.png/Dockerfile"));
    }

    #[test]
    fn utf16_is_text_and_nul_is_not() {
        assert!(is_binary(b"a\0b"));
        assert!(!is_binary(&[0xFF, 0xFE, b'a', 0]));
    }
}
