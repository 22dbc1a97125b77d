//! Opening below a folder on systems without descriptors of folders: each part of the path is
//! checked first.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use super::entry_kind::EntryKind;

#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        fs::read_dir(path).map(|_| Self(path.to_owned()))
    }

    /// The file at a path; `None` where there is none, or where a part of the path is a link.
    pub(super) fn file(&self, path: &Path) -> io::Result<Option<File>> {
        let Some(path) = self.below(path) else {
            return Ok(None);
        };

        if !fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
            return Ok(None);
        }

        match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// The entries of a folder; `None` where there is none, or where a part of its path is a link.
    pub(super) fn list(&self, folder: &Path) -> io::Result<Option<Vec<(OsString, EntryKind)>>> {
        let Some(folder) = self.below(folder) else {
            return Ok(None);
        };

        let entries = match fs::read_dir(folder) {
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            entries => entries?,
        };

        let mut listed = Vec::new();

        for entry in entries {
            let entry = entry?;
            listed.push((entry.file_name(), entry.file_type()?.into()));
        }

        Ok(Some(listed))
    }

    fn below(&self, path: &Path) -> Option<PathBuf> {
        let mut whole = self.0.clone();

        for part in path.components() {
            match part {
                Component::Normal(part) => whole.push(part),
                Component::CurDir => continue,
                _ => return None,
            }

            if fs::symlink_metadata(&whole).is_ok_and(|metadata| metadata.is_symlink()) {
                return None;
            }
        }

        Some(whole)
    }
}

/// Always true: these systems keep permissions in lists that the standard library does not read.
pub(super) fn is_owned(_: &Path, _: &Path) -> bool {
    true
}

/// Always true, as for [`is_owned`].
pub(super) fn is_trusted(_: &Path, _: &Path) -> bool {
    true
}
