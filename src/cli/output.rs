//! The file that a report is written to: whole or not at all, and never through a link that a
//! repository may hold.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::git;
use crate::input;

/// How many names are tried for the file beside the report's.
const ATTEMPTS: u32 = 16;

/// Replaces the file's content. What was there stays if that fails. `roots` are what was linted.
pub fn write(path: &Path, text: &str, roots: &[PathBuf]) -> Result<(), String> {
    let whole = std::path::absolute(path).map_err(|error| input::plain(&error))?;

    if let Some(link) = git::planted_link(&whole, roots) {
        return Err(format!(
            "`{}` is a link in the repository",
            input::shown(&link)
        ));
    }

    let is_link = fs::symlink_metadata(&whole).is_ok_and(|metadata| metadata.is_symlink());

    match fs::metadata(&whole) {
        Ok(metadata) if metadata.is_dir() => Err("it is a folder".to_owned()),
        Ok(metadata) if !metadata.is_file() => {
            pour(&whole, text).map_err(|error| input::plain(&error))
        }
        _ if is_link => Err("it is a link".to_owned()),
        existing => replace(&whole, text, existing.is_ok()).map_err(|error| input::plain(&error)),
    }
}

/// Writes to a device, or a pipe that the shell made.
fn pour(path: &Path, text: &str) -> io::Result<()> {
    // A FIFO without a reader would be waited for.
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;

        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        OpenOptions::new()
            .write(true)
            .custom_flags(flags.bits() as i32)
            .open(path)?;
    }

    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(text.as_bytes())?;

    file.flush()
}

/// Writes a file beside the named one, and gives it its name when it is complete.
fn replace(path: &Path, text: &str, exists: bool) -> io::Result<()> {
    // A file that may not be written is not replaced either.
    let permissions = if exists {
        Some(
            OpenOptions::new()
                .write(true)
                .open(path)?
                .metadata()?
                .permissions(),
        )
    } else {
        None
    };

    let (draft, mut file) = draft(path)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| permissions.map_or(Ok(()), |permissions| file.set_permissions(permissions)))
        .and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // The report has failed already; a draft that stays is the smaller harm.
        let _ = fs::remove_file(&draft);
    }

    written
}

/// A new file in the folder of the named one.
fn draft(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().ok_or(ErrorKind::IsADirectory)?;
    let mut last = ErrorKind::AlreadyExists.into();

    for attempt in 0..ATTEMPTS {
        let mut draft = std::ffi::OsString::from(".");
        draft.push(name);
        draft.push(format!(".{}-{attempt}.tmp", std::process::id()));
        // A name of the greatest length has no room for more.
        let draft = if draft.len() > 255 {
            path.with_file_name(format!(".deploylint.{}-{attempt}.tmp", std::process::id()))
        } else {
            path.with_file_name(draft)
        };

        match OpenOptions::new().write(true).create_new(true).open(&draft) {
            Ok(file) => return Ok((draft, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }

    Err(last)
}
