//! The one way to open files that come from a repository: regular files, below a folder that is
//! held open.
//!
//! A path is followed from the folder's own descriptor and never through a link, so that nothing
//! that changes during a run leads out of it. The type and size of a file come from its descriptor.
//! Opening neither waits for a writer (FIFO) nor has an effect (device), and no file is read beyond
//! a size that the caller passes.

mod entry_kind;
#[cfg(not(unix))]
mod portable;
#[cfg(unix)]
mod unix;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

#[cfg(not(unix))]
use portable as system;
#[cfg(unix)]
use unix as system;

pub use entry_kind::EntryKind;

/// The size above which files are not read: no deployment file comes near it.
pub const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// The reason why the bytes of a file are unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// The path has no regular file: it has nothing, a folder, a link, or a device.
    Missing,
    /// The size in bytes; for a stream, the number of bytes that were read before it was left.
    TooLarge(u64),
    /// It could not be read, for this reason.
    Failed(String),
}

impl Unread {
    /// The reason, as the end of a sentence.
    pub fn reason(&self) -> String {
        match self {
            Unread::Missing => "not a regular file".to_owned(),
            Unread::TooLarge(size) => too_large(*size, MAX_BYTES),
            Unread::Failed(reason) => reason.clone(),
        }
    }
}

/// A folder that is held open, below which files are opened.
#[derive(Debug)]
pub struct Root {
    /// Without links.
    path: PathBuf,
    folder: system::Folder,
}

impl Root {
    pub fn open(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        let folder = system::Folder::open(&path)?;
        Ok(Self { path, folder })
    }

    /// The folder's real path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes of the regular file at a path below this folder. No link on the path is followed.
    pub fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, Unread> {
        read_file(self.file(path)?, limit)
    }

    /// The regular file at a path below this folder, open for reading, and its size.
    pub fn file(&self, path: &Path) -> Result<File, Unread> {
        regular(self.folder.file(path))
    }

    /// The bytes of the file at a path below this folder. A link is followed if it leads to a file
    /// below the folder.
    pub fn read_linked(&self, path: &Path, limit: u64) -> Result<Vec<u8>, Unread> {
        match self.kind(path) {
            Some(EntryKind::Link) => self.read(&self.resolve(path).ok_or(Unread::Missing)?, limit),
            _ => self.read(path, limit),
        }
    }

    /// The entries of a folder below this one, in the order of the file system; `None` if there is
    /// no such folder (any more).
    pub fn list(&self, folder: &Path) -> io::Result<Option<Vec<(OsString, EntryKind)>>> {
        self.folder.list(folder)
    }

    /// The target of a path below this folder when its links are followed, relative to this folder;
    /// `None` if there is no target or it is outside of the folder. Opens nothing.
    pub fn resolve(&self, path: &Path) -> Option<PathBuf> {
        let target = self.path.join(path).canonicalize().ok()?;
        target.strip_prefix(&self.path).ok().map(Path::to_owned)
    }

    /// The kind of the entry at a path below this folder; a link at its end is not followed.
    pub fn kind(&self, path: &Path) -> Option<EntryKind> {
        fs::symlink_metadata(self.path.join(path))
            .ok()
            .map(|metadata| metadata.file_type().into())
    }
}

/// The bytes of a file that the user names: links to its folder are followed, and the file itself
/// must be a regular one.
pub fn read_named(path: &Path, limit: u64) -> Result<Vec<u8>, Unread> {
    let path = path.canonicalize().map_err(|error| failed(&error))?;
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Unread::Missing);
    };

    let root = Root::open(folder).map_err(|error| failed(&error))?;

    root.read(Path::new(name), limit)
}

/// All bytes of a stream, up to a size.
pub fn read_stream(stream: impl Read, limit: u64) -> Result<Vec<u8>, Unread> {
    read_to_limit(stream, Vec::new(), limit)
}

fn read_file(file: File, limit: u64) -> Result<Vec<u8>, Unread> {
    let size = file.metadata().map_err(|error| failed(&error))?.len();
    if size > limit {
        return Err(Unread::TooLarge(size));
    }

    read_to_limit(file, Vec::with_capacity(size as usize + 1), limit)
}

fn read_to_limit(stream: impl Read, mut bytes: Vec<u8>, limit: u64) -> Result<Vec<u8>, Unread> {
    stream
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(&error))?;

    if bytes.len() as u64 > limit {
        Err(Unread::TooLarge(bytes.len() as u64))
    } else {
        Ok(bytes)
    }
}

/// The opened file, if there is one and it is a regular one.
fn regular(opened: io::Result<Option<File>>) -> Result<File, Unread> {
    let file = opened
        .map_err(|error| failed(&error))?
        .ok_or(Unread::Missing)?;
    let metadata = file.metadata().map_err(|error| failed(&error))?;

    if metadata.is_file() {
        Ok(file)
    } else {
        Err(Unread::Missing)
    }
}

fn failed(error: &io::Error) -> Unread {
    Unread::Failed(plain(error))
}

/// The reason for a file that is larger than the limit.
pub fn too_large(size: u64, limit: u64) -> String {
    format!(
        "{} MiB is larger than the {} MiB that are read",
        size >> 20,
        limit >> 20
    )
}

/// The reason of an error without the number that the operating system gives it.
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}

/// A path in the form that the program shows and compares: `/` between its parts, and bytes that
/// are not UTF-8 as `\xE9`, so that two names never become equal.
pub fn shown(path: &Path) -> String {
    let mut text = String::new();

    for part in path.components() {
        if !(text.is_empty() || text.ends_with('/')) {
            text.push('/');
        }

        match part {
            Component::RootDir => text.push('/'),
            part => push_shown(&mut text, part.as_os_str().as_encoded_bytes()),
        }
    }

    text
}

/// Appends bytes of a name as [`shown`] writes them.
pub fn push_shown(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());

        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02X}"));
        }
    }
}

/// Whether a file or folder above the `named` path may configure the run: it belongs to the user,
/// to the system or to the owner of the named path, and other users cannot write to it.
pub fn is_trusted(path: &Path, named: &Path) -> bool {
    system::is_trusted(path, named)
}

/// Whether a file or folder belongs to the user, to the system or to the owner of the `named` path.
pub fn is_owned(path: &Path, named: &Path) -> bool {
    system::is_owned(path, named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_never_become_one() {
        assert_eq!(shown(Path::new("/a/b")), "/a/b");
        assert_eq!(shown(Path::new("a/é.txt")), "a/é.txt");
        let mut text = String::new();
        push_shown(&mut text, b"caf\xE9.\xC3");
        assert_eq!(text, "caf\\xE9.\\xC3");
    }

    #[test]
    fn a_stream_is_left_at_the_limit() {
        assert_eq!(read_stream(&b"abc"[..], 3), Ok(b"abc".to_vec()));
        assert_eq!(read_stream(io::repeat(b'#'), 3), Err(Unread::TooLarge(4)));
    }
}
