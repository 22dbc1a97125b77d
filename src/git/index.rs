//! The index of a checkout: the paths that git tracks. Reads only the bytes of the index, not the
//! tracked files.

use crate::input;

/// The paths in an index of version 2, 3 or 4. `None` for anything else, and for an index of which
/// a part is in another file.
pub(super) fn paths(index: &[u8], hash_len: usize) -> Option<Vec<String>> {
    let (version, count) = (word(index, 4)?, word(index, 8)?);
    if !index.starts_with(b"DIRC") || !(2..=4).contains(&version) {
        return None;
    }

    let mut paths = Vec::new();
    // The last path; entries of version 4 share its beginning.
    let mut path: Vec<u8> = Vec::new();
    let mut offset = 12;

    for _ in 0..count {
        // Ten words from the file system, the name of the object, the flags.
        let flags = offset + 40 + hash_len;
        let extended = index.get(flags)? & 0x40 != 0;
        let mut name = flags + if extended { 4 } else { 2 };

        if version == 4 {
            let cut;
            (cut, name) = variable_length(index, name)?;
            path.truncate(path.len().checked_sub(cut)?);
        } else {
            path.clear();
        }

        let len = memchr::memchr(0, index.get(name..)?)?;
        path.extend_from_slice(&index[name..name + len]);
        let mut shown = String::with_capacity(path.len());
        input::push_shown(&mut shown, &path);
        paths.push(shown);

        let end = name + len;
        offset = if version == 4 {
            end + 1
        } else {
            offset + (end - offset + 8) / 8 * 8
        };
    }

    // A split index keeps most of its entries in another file.
    if index.get(offset..offset + 4) == Some(b"link") {
        return None;
    }

    Some(paths)
}

/// The big-endian number at an offset.
fn word(index: &[u8], offset: usize) -> Option<u32> {
    let bytes = index.get(offset..offset + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// A number of variable length in the encoding of pack offsets, and its end.
fn variable_length(bytes: &[u8], mut offset: usize) -> Option<(usize, usize)> {
    let mut byte = *bytes.get(offset)?;
    let mut value = usize::from(byte & 0x7f);

    while byte & 0x80 != 0 {
        offset += 1;
        byte = *bytes.get(offset)?;
        value = value.checked_add(1)?.checked_mul(128)? + usize::from(byte & 0x7f);
    }

    Some((value, offset + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An index with these entries: the number of bytes dropped from the last path, and the bytes
    /// that follow.
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
