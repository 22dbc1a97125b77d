//! Opening below the descriptor of a folder, on systems that have such descriptors.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;
use rustix::process::{getegid, geteuid};

use super::entry_kind::EntryKind;

/// Follows no link at the end of a path, does not wait for the other end of a FIFO, and does not
/// take a terminal as the controlling one.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

#[derive(Debug)]
pub(super) struct Folder(OwnedFd);

impl Folder {
    /// Opens a folder. `path` must be without links.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(openat(CWD, path, FOLDER, Mode::empty())?))
    }

    /// The file at a path; `None` where there is none, or where a part of the path is a link.
    pub(super) fn file(&self, path: &Path) -> io::Result<Option<File>> {
        match self.below(path, FILE) {
            Ok(descriptor) => Ok(Some(File::from(descriptor))),
            // A socket cannot be opened (ENXIO); an entry that is a link now was another kind when
            // it was listed (ELOOP).
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV | Errno::NXIO) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The entries of a folder; `None` where there is none, or where a part of its path is a link.
    pub(super) fn list(&self, folder: &Path) -> io::Result<Option<Vec<(OsString, EntryKind)>>> {
        let mut folder = match self.below(folder, FOLDER) {
            Ok(descriptor) => Dir::new(descriptor)?,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV) => return Ok(None),
            Err(error) => return Err(error.into()),
        };

        let mut entries = Vec::new();

        while let Some(entry) = folder.read() {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }

            let kind = match entry.file_type() {
                FileType::Unknown => unlisted_kind(&folder, name),
                kind => Some(kind_of(kind)),
            };

            entries.extend(kind.map(|kind| (name.to_owned(), kind)));
        }

        Ok(Some(entries))
    }

    #[cfg(target_os = "linux")]
    fn below(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        use rustix::fs::{ResolveFlags, openat2};

        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };

        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match openat2(&self.0, path, flags, Mode::empty(), resolve) {
            // The kernel is too old for this call, or a sandbox does not allow it.
            Err(Errno::NOSYS | Errno::PERM | Errno::AGAIN) => self.step_by_step(path, flags),
            opened => opened,
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn below(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        self.step_by_step(path, flags)
    }

    /// Opens each folder of a path in the one before it, so that none of them can be a link.
    fn step_by_step(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        let mut parts: Vec<&OsStr> = Vec::new();

        for part in path.components() {
            match part {
                Component::Normal(part) => parts.push(part),
                Component::CurDir => {}
                _ => return Err(Errno::XDEV),
            }
        }

        let Some((last, folders)) = parts.split_last() else {
            return openat(&self.0, ".", flags, Mode::empty());
        };

        let mut above: Option<OwnedFd> = None;

        for folder in folders {
            let parent = above.as_ref().map_or(self.0.as_fd(), AsFd::as_fd);
            above = Some(openat(parent, *folder, FOLDER, Mode::empty())?);
        }

        openat(
            above.as_ref().map_or(self.0.as_fd(), AsFd::as_fd),
            *last,
            flags,
            Mode::empty(),
        )
    }
}

/// The kind of an entry where the file system does not list kinds.
fn unlisted_kind(folder: &Dir, name: &OsStr) -> Option<EntryKind> {
    let status = statat(folder.fd().ok()?, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some(kind_of(FileType::from_raw_mode(status.st_mode)))
}

fn kind_of(file_type: FileType) -> EntryKind {
    match file_type {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Folder,
        FileType::Symlink => EntryKind::Link,
        _ => EntryKind::Other,
    }
}

pub(super) fn is_owned(path: &Path, named: &Path) -> bool {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return false;
    };

    let owner = metadata.uid();
    owner == 0
        || owner == geteuid().as_raw()
        || fs::metadata(named).is_ok_and(|named| named.uid() == owner)
}

pub(super) fn is_trusted(path: &Path, named: &Path) -> bool {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return false;
    };

    let group_writes = metadata.mode() & 0o020 != 0
        && !matches!(metadata.gid(), 0)
        && metadata.gid() != getegid().as_raw();
    is_owned(path, named) && metadata.mode() & 0o002 == 0 && !group_writes
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Old kernels open step by step; both ways must refuse the same paths.
    #[test]
    fn both_ways_open_the_same() {
        let folder = std::env::temp_dir().join(format!("deploylint-input-{}", std::process::id()));
        fs::create_dir_all(folder.join("a/b")).unwrap();
        fs::write(folder.join("a/b/file"), "x").unwrap();
        let _ = symlink("a", folder.join("link"));
        let _ = symlink("a/b/file", folder.join("file"));
        let _ = symlink("/etc", folder.join("out"));
        let root = Folder::open(&folder.canonicalize().unwrap()).unwrap();
        for (path, opens) in [
            ("a/b/file", true),
            ("./a/b/file", true),
            ("a/none", false),
            ("link/b/file", false),
            ("file", false),
            ("out/hostname", false),
            ("../etc/hostname", false),
            ("/etc/hostname", false),
        ] {
            let path = Path::new(path);
            assert_eq!(root.below(path, FILE).is_ok(), opens, "{path:?}");
            assert_eq!(root.step_by_step(path, FILE).is_ok(), opens, "{path:?}");
        }

        for (path, expected) in [
            ("out", None),
            ("link", None),
            ("a/b", Some(vec![("file".into(), EntryKind::File)])),
        ] {
            assert_eq!(root.list(Path::new(path)).unwrap(), expected, "{path}");
        }

        fs::remove_dir_all(folder).unwrap();
    }
}
