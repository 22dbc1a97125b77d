//! Decoding of files: UTF-8 with or without a byte order mark, UTF-16 with one.
//!
//! Other encodings are not guessed: invalid bytes are an error with their offset, or are replaced
//! for callers that need only the rest of the text.

use std::fmt;

/// Bytes that are not text in a supported encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// The offset of the first invalid byte.
    pub offset: usize,
    pub encoding: Encoding,
}

/// The encoding of a file by its byte order mark, UTF-8 without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoding = match self.encoding {
            Encoding::Utf8 => "UTF-8",
            Encoding::Utf16Le => "UTF-16 (little endian)",
            Encoding::Utf16Be => "UTF-16 (big endian)",
        };
        write!(f, "invalid {encoding} at byte {}", self.offset)
    }
}

impl std::error::Error for DecodeError {}

/// The text of a file, without its byte order mark.
pub fn decode(bytes: Vec<u8>) -> Result<String, DecodeError> {
    match &bytes[..] {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, Encoding::Utf16Le, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, Encoding::Utf16Be, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest.to_vec(), 3),
        _ => utf8(bytes, 0),
    }
}

/// The text of a file that may contain bytes of another encoding, in comments or strings. Each byte
/// that is not UTF-8 is replaced by one character, so that columns do not change.
pub fn decode_leniently(bytes: Vec<u8>) -> String {
    let bytes = match String::from_utf8(bytes) {
        Ok(mut text) => {
            if text.starts_with('\u{feff}') {
                text.drain(..'\u{feff}'.len_utf8());
            }

            return text;
        }
        Err(error) => error.into_bytes(),
    };

    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(&bytes)
        .utf8_chunks()
    {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }

    text
}

fn utf8(bytes: Vec<u8>, skipped: usize) -> Result<String, DecodeError> {
    String::from_utf8(bytes).map_err(|error| DecodeError {
        offset: skipped + error.utf8_error().valid_up_to(),
        encoding: Encoding::Utf8,
    })
}

fn utf16(
    bytes: &[u8],
    encoding: Encoding,
    unit: fn([u8; 2]) -> u16,
) -> Result<String, DecodeError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len() / 2);
    let mut offset = 2;

    for decoded in char::decode_utf16(pairs.iter().map(|&pair| unit(pair))) {
        let Ok(decoded) = decoded else {
            return Err(DecodeError { offset, encoding });
        };

        text.push(decoded);
        offset += 2 * decoded.len_utf16();
    }

    if rest.is_empty() {
        Ok(text)
    } else {
        Err(DecodeError { offset, encoding })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_announced_encoding() {
        let cases: &[(&[u8], &str)] = &[
            (b"a: 1", "a: 1"),
            (b"\xEF\xBB\xBFa: 1", "a: 1"),
            (b"\xFF\xFEa\0\xE9\0", "aé"),
            (b"\xFE\xFF\0a\xD8\x3D\xDE\x00", "a😀"),
            (b"", ""),
        ];
        for (bytes, text) in cases {
            assert_eq!(decode(bytes.to_vec()).as_deref(), Ok(*text), "{bytes:?}");
        }
    }

    #[test]
    fn replaces_each_byte_that_is_not_utf8() {
        for (bytes, text) in [
            (&b"\xEF\xBB\xBFa"[..], "a"),
            (b"caf\xE9 \xC3\xA9", "caf\u{fffd} é"),
            (b"\xEF\xBB\xBF\xF0\x9F\x98x", "\u{fffd}\u{fffd}\u{fffd}x"),
        ] {
            assert_eq!(decode_leniently(bytes.to_vec()), text, "{bytes:?}");
        }
    }

    #[test]
    fn names_the_byte_that_does_not_fit() {
        let cases: &[(&[u8], usize, Encoding)] = &[
            (b"ab\xFFc", 2, Encoding::Utf8),
            (b"\xEF\xBB\xBFa\x80", 4, Encoding::Utf8),
            (b"\xFF\xFEa\0b", 4, Encoding::Utf16Le),
            (b"\xFE\xFF\0a\xDC\x00", 4, Encoding::Utf16Be),
        ];

        for &(bytes, offset, encoding) in cases {
            assert_eq!(
                decode(bytes.to_vec()),
                Err(DecodeError { offset, encoding }),
                "{bytes:?}"
            );
        }
    }
}
