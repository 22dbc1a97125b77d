//! The index of a checkout: which paths git tracks. Reads bytes, and knows nothing of the files
//! behind them.

use crate::input;

/// The paths in an index of version 2, 3 or 4. `None` for anything else, and where a part of it
/// stands in another file.
pub(super) fn paths(index: &[u8], hash_len: usize) -> Option<Vec<String>> {
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
        let mut path = String::with_capacity(before.len());
        input::push_shown(&mut path, &before);
        found.push(path);
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
