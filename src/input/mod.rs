//! The one way to open what a repository may have put there: regular files, below a folder that is
//! held open.
//!
//! A path is followed from the folder's own descriptor and never through a link, so that nothing
//! that changes during a run leads out of it. What a descriptor refers to is asked of the
//! descriptor. Opening neither waits for a writer (FIFO) nor has an effect (device), and no file is
//! read beyond a size that the caller names.

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

/// Files above this size are not read: no deployment file comes near it.
pub const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// Why the bytes of a file are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// There is no regular file at the path: nothing, a folder, a link, or what is no file at all.
    Missing,
    /// Its size in bytes; what a stream without a size had given when it was left.
    TooLarge(u64),
    /// It could not be read, with the reason.
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

/// What a name in a folder is, links not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Folder,
    Link,
    /// A FIFO, a device, a socket.
    Other,
}

/// A folder that is held open, and below which files are opened.
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

    /// The bytes of the regular file at a path below this folder. A link anywhere on the way is not
    /// followed.
    pub fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, Unread> {
        read_file(self.file(path)?, limit)
    }

    /// The regular file at a path below this folder, open for reading, and its size.
    pub fn file(&self, path: &Path) -> Result<File, Unread> {
        regular(self.folder.file(path))
    }

    /// The bytes of the file at a path below this folder. A link is followed if it leads to a file
    /// below the folder too.
    pub fn read_linked(&self, path: &Path, limit: u64) -> Result<Vec<u8>, Unread> {
        match self.kind(path) {
            Some(Kind::Link) => self.read(&self.resolve(path).ok_or(Unread::Missing)?, limit),
            _ => self.read(path, limit),
        }
    }

    /// What is in a folder below this one, in the order of the file system; `None` if there is no
    /// such folder (any more).
    pub fn list(&self, folder: &Path) -> io::Result<Option<Vec<(OsString, Kind)>>> {
        self.folder.list(folder)
    }

    /// Where a path below this folder leads when its links are followed, from this folder; `None`
    /// if it leads nowhere or out of the folder. Opens nothing.
    pub fn resolve(&self, path: &Path) -> Option<PathBuf> {
        let target = self.path.join(path).canonicalize().ok()?;
        target.strip_prefix(&self.path).ok().map(Path::to_owned)
    }

    /// What is at a path below this folder; the last part is not followed.
    pub fn kind(&self, path: &Path) -> Option<Kind> {
        fs::symlink_metadata(self.path.join(path))
            .ok()
            .map(|metadata| kind_of(metadata.file_type()))
    }
}

/// The bytes of a file that the user names: its folder is taken as it is, and the file itself must
/// be a regular one.
pub fn read_named(path: &Path, limit: u64) -> Result<Vec<u8>, Unread> {
    let path = path
        .canonicalize()
        .map_err(|error| Unread::Failed(plain(&error)))?;
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Unread::Missing);
    };

    let root = Root::open(folder).map_err(|error| Unread::Failed(plain(&error)))?;

    root.read(Path::new(name), limit)
}

/// All that a stream gives, up to a size.
pub fn read_stream(stream: impl Read, limit: u64) -> Result<Vec<u8>, Unread> {
    let mut bytes = Vec::new();
    stream
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Unread::Failed(plain(&error)))?;
    if bytes.len() as u64 > limit {
        Err(Unread::TooLarge(bytes.len() as u64))
    } else {
        Ok(bytes)
    }
}

fn read_file(file: File, limit: u64) -> Result<Vec<u8>, Unread> {
    let size = file
        .metadata()
        .map_err(|error| Unread::Failed(plain(&error)))?
        .len();
    if size > limit {
        return Err(Unread::TooLarge(size));
    }

    let mut bytes = Vec::with_capacity(size as usize + 1);
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Unread::Failed(plain(&error)))?;
    if bytes.len() as u64 > limit {
        Err(Unread::TooLarge(bytes.len() as u64))
    } else {
        Ok(bytes)
    }
}

/// The file, if it was opened and is a regular one.
fn regular(opened: io::Result<Option<File>>) -> Result<File, Unread> {
    let failed = |error: io::Error| Unread::Failed(plain(&error));
    let file = opened.map_err(failed)?.ok_or(Unread::Missing)?;
    if file.metadata().map_err(failed)?.is_file() {
        Ok(file)
    } else {
        Err(Unread::Missing)
    }
}

/// That a file is larger than what is read.
pub fn too_large(size: u64, limit: u64) -> String {
    format!(
        "{} MiB is larger than the {} MiB that are read",
        size >> 20,
        limit >> 20
    )
}

/// The reason without the operating system's number.
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}

fn kind_of(kind: fs::FileType) -> Kind {
    match () {
        () if kind.is_symlink() => Kind::Link,
        () if kind.is_file() => Kind::File,
        () if kind.is_dir() => Kind::Folder,
        () => Kind::Other,
    }
}

/// A path as the program shows it and compares it: `/` between its parts, and bytes that are not
/// UTF-8 as `\xE9`, so that two names never become one.
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
        chunk
            .invalid()
            .iter()
            .for_each(|byte| text.push_str(&format!("\\x{byte:02X}")));
    }
}

/// Whether a file or folder above what the user named may decide about the run: it belongs to the
/// user, to the system or to the owner of what was named, and others cannot write to it.
pub fn is_trusted(path: &Path, named: &Path) -> bool {
    system::is_trusted(path, named)
}

/// Whether a file or folder belongs to the user, to the system or to the owner of what the user
/// named.
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
