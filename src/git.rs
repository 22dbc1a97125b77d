//! Which files git tracks, read from the index that every checkout has. Runs no program, and knows
//! nothing of commits.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The tracked files below `root` for which `wanted` holds, as repository paths; `None` where there
/// is no git checkout or its index cannot be read.
pub fn tracked(root: &Path, wanted: fn(&str) -> bool) -> Option<HashSet<String>> {
    let root = fs::canonicalize(root).ok()?;
    let top = root
        .ancestors()
        .find(|folder| folder.join(".git").exists())?;
    let git = git_folder(top)?;
    let index = match fs::read(git.join("index")) {
        Ok(index) => index,
        // Nothing was ever added.
        Err(error) if error.kind() == ErrorKind::NotFound => return Some(HashSet::new()),
        Err(_) => return None,
    };

    let hash_len = if is_sha256(&git) { 32 } else { 20 };
    let below = root
        .strip_prefix(top)
        .ok()?
        .to_string_lossy()
        .replace('\\', "/");
    let prefix = if below.is_empty() {
        below
    } else {
        format!("{below}/")
    };

    let paths = paths(&index, hash_len)?;
    let own = paths
        .iter()
        .filter_map(|path| path.strip_prefix(&prefix))
        .filter(|path| wanted(path));
    Some(own.map(str::to_owned).collect())
}

/// The folder that `.git` is or, in a worktree or a submodule, names.
fn git_folder(top: &Path) -> Option<PathBuf> {
    let git = top.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let text = fs::read_to_string(&git).ok()?;
    Some(top.join(text.strip_prefix("gitdir:")?.trim()))
}

/// Whether the objects have SHA-256 names. A worktree's configuration stands in the folder that
/// `commondir` names.
fn is_sha256(git: &Path) -> bool {
    let common = fs::read_to_string(git.join("commondir"))
        .map_or_else(|_| git.to_owned(), |at| git.join(at.trim()));
    let config = fs::read_to_string(common.join("config"))
        .unwrap_or_default()
        .to_ascii_lowercase();
    config.lines().any(|line| {
        line.split_once('=')
            .is_some_and(|(key, value)| key.trim() == "objectformat" && value.trim() == "sha256")
    })
}

/// The paths in an index of version 2, 3 or 4. `None` for anything else, and where a part of it
/// stands in another file.
fn paths(index: &[u8], hash_len: usize) -> Option<Vec<String>> {
    let word = |at: usize| Some(u32::from_be_bytes(index.get(at..at + 4)?.try_into().ok()?));
    let (version, count) = (word(4)?, word(8)?);
    if !index.starts_with(b"DIRC") || !(2..=4).contains(&version) {
        return None;
    }

    let mut found = Vec::new();
    let mut before: Vec<u8> = Vec::new();
    let mut at = 12;

    for _ in 0..count {
        // Ten words of what the file system says, the object's name, the flags.
        let flags = at + 40 + hash_len;
        let extended = index.get(flags)? & 0x40 != 0;
        let mut name = flags + if extended { 4 } else { 2 };

        if version == 4 {
            let cut;
            (cut, name) = offset(index, name)?;
            before.truncate(before.len().checked_sub(cut)?);
        } else {
            before.clear();
        }

        let len = memchr::memchr(0, index.get(name..)?)?;
        before.extend_from_slice(&index[name..name + len]);
        found.push(String::from_utf8_lossy(&before).into_owned());
        let end = name + len;
        at = if version == 4 {
            end + 1
        } else {
            at + (end - at + 8) / 8 * 8
        };
    }
    // A split index keeps most of its entries elsewhere.
    (index.get(at..at + 4) != Some(b"link")).then_some(found)
}

/// A number of variable length, as packs write offsets, and where it ends.
fn offset(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut byte = *bytes.get(at)?;
    let mut value = usize::from(byte & 0x7f);

    while byte & 0x80 != 0 {
        at += 1;
        byte = *bytes.get(at)?;
        value = value.checked_add(1)?.checked_mul(128)? + usize::from(byte & 0x7f);
    }

    Some((value, at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An index with these entries: how many bytes of the last path are dropped, and the bytes that
    /// follow.
    fn index(version: u8, entries: &[(u8, &str)]) -> Vec<u8> {
        let mut bytes = b"DIRC".to_vec();
        bytes.extend([0, 0, 0, version, 0, 0, 0, entries.len() as u8]);

        for (cut, name) in entries {
            let start = bytes.len();
            bytes.extend([7; 60]);
            bytes.extend([0, name.len() as u8]);
            if version == 4 {
                bytes.push(*cut);
            }

            bytes.extend(name.as_bytes());
            bytes.push(0);
            while version < 4 && !(bytes.len() - start).is_multiple_of(8) {
                bytes.push(0);
            }
        }

        bytes
    }

    #[test]
    fn reads_whole_and_shortened_paths() {
        let whole = index(2, &[(0, ".env"), (0, "a/b.txt"), (0, "a/long-name.txt")]);
        assert_eq!(
            paths(&whole, 20).unwrap(),
            [".env", "a/b.txt", "a/long-name.txt"]
        );
        let short = index(4, &[(0, ".env"), (4, "a/b.txt"), (5, "long-name.txt")]);
        assert_eq!(
            paths(&short, 20).unwrap(),
            [".env", "a/b.txt", "a/long-name.txt"]
        );
    }

    #[test]
    fn broken_and_split_indexes_are_unknown() {
        let mut split = index(2, &[(0, ".env")]);
        split.extend(b"link\0\0\0\0");
        assert_eq!(paths(&split, 20), None);
        let whole = index(2, &[(0, ".env"), (0, "b")]);
        for end in 0..whole.len() - 8 {
            assert_eq!(paths(&whole[..end], 20), None, "{end}");
        }

        assert_eq!(paths(&index(4, &[(9, "x")]), 20), None);
        assert_eq!(paths(b"DIRC\0\0\0\x09\0\0\0\0", 20), None);
    }
}
