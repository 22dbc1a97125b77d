//! Offsets of lines and tokens in a text.

/// The offset of the first byte from `from` on that is neither blank nor part of a comment, an
/// indicator, a tag or an anchor: the start of a scalar.
pub(super) fn next_token(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let mut offset = from;

    while let Some(&byte) = bytes.get(offset) {
        offset = match byte {
            b'#' | b'%' => line_end(text, offset),
            b'!' | b'&' => {
                offset
                    + bytes[offset..]
                        .iter()
                        .take_while(|byte| !byte.is_ascii_whitespace())
                        .count()
            }

            b'-' if bytes
                .get(offset + 1)
                .is_some_and(|next| !next.is_ascii_whitespace()) =>
            {
                return offset;
            }
            b' ' | b'\t' | b'\n' | b'\r' | b':' | b'?' | b',' | b'-' => offset + 1,
            _ => return offset,
        };
    }

    offset.min(text.len())
}

/// As [`next_token`], but stops at a dash too.
pub(super) fn next_dash(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let mut offset = from;

    while let Some(&byte) = bytes.get(offset) {
        offset = match byte {
            b'#' => line_end(text, offset),
            b'!' | b'&' => {
                offset
                    + bytes[offset..]
                        .iter()
                        .take_while(|byte| !byte.is_ascii_whitespace())
                        .count()
            }
            b' ' | b'\t' | b'\n' | b'\r' | b':' | b'?' => offset + 1,
            _ => return offset,
        };
    }

    offset.min(text.len())
}

/// The end of the line at `offset`, before its line end.
pub(super) fn line_end(text: &str, offset: usize) -> usize {
    let rest = text.as_bytes().get(offset..).unwrap_or(b"");
    memchr::memchr2(b'\n', b'\r', rest).map_or(text.len(), |length| offset + length)
}

/// The start of the line at `offset`.
pub(super) fn line_start(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    memchr::memrchr2(b'\n', b'\r', before).map_or(0, |end| end + 1)
}
