//! The reading of files: bytes, encoding, and the facts that are kept of the text. A file that
//! cannot be read has a reason.

use std::collections::HashSet;

use rayon::prelude::*;

use super::options::{Options, Purpose};
use crate::credential::{self, Hit, NameParts};
use crate::fence::isolate_or_default;
use crate::finding::{Finding, Level};
use crate::input::{self, Root, Unread};
use crate::model::code::{self, CodeFacts};
use crate::model::env_docs;
use crate::model::env_usage::{EnvNameSearch, TextUsage};
use crate::model::file_kind::{self, FileKind};
use crate::model::file_role::{is_generated, is_test_input};
use crate::model::path_class;
use crate::model::proof::{self, Proofs};
use crate::model::readme;
use crate::parallel::BATCH;
use crate::source::FileId;
use crate::syntax::decode::{decode, decode_leniently};
use crate::walk::{self, Entry};

/// How many bytes of a file that is too large are searched for signs of a deployment.
const SEARCHED_BYTES: u64 = 32 * 1024 * 1024;

/// The result of reading one file.
pub(super) struct Read {
    pub text: String,
    pub hits: Vec<Hit>,
    pub code: Option<Box<CodeFacts>>,
    pub usage: TextUsage,
    /// Variables that prose describes.
    pub described: Vec<String>,
    /// Whether a README presents a collection of samples.
    pub presents_samples: bool,
    pub proofs: Proofs,
    /// The file that this one is a link to.
    pub target: Option<String>,
    pub failure: Option<Failure>,
    /// Panics while the file was read; it has no number yet.
    pub broken: Vec<Finding>,
}

/// The reason why the text of a file is not known, and the level of the finding: an error for files
/// of a deployment and those that the user names, a note for others.
pub(super) struct Failure {
    pub level: Level,
    pub reason: String,
}

impl Read {
    pub fn failed(level: Level, reason: String) -> Self {
        let failure = Some(Failure { level, reason });
        Self {
            failure,
            ..Self::empty()
        }
    }

    fn empty() -> Self {
        let usage = TextUsage::default();
        Self {
            text: String::new(),
            hits: Vec::new(),
            code: None,
            usage,
            described: Vec::new(),
            presents_samples: false,
            proofs: Proofs::default(),
            target: None,
            failure: None,
            broken: Vec::new(),
        }
    }

    /// Scans the text of a file, and keeps it only if it will be parsed or shown. All files are scanned for
    /// credentials, and source code for the variables it reads and the routes it serves.
    pub fn text(path: &str, text: String, names: &EnvNameSearch, purpose: Purpose) -> Self {
        let mut broken = Vec::new();
        let file = FileId::default();
        let usage = isolate_or_default("the search for names", file, &mut broken, || {
            names.find(path, &text)
        });

        let described =
            isolate_or_default("the search for names in prose", file, &mut broken, || {
                env_docs::described(path, &text)
            });

        let presents_samples =
            isolate_or_default("the reading of a README", file, &mut broken, || {
                readme::presents_samples(path, &text)
            });

        let mut proofs = Proofs::default();
        if purpose == Purpose::Checklist {
            proofs = isolate_or_default("the search for proofs", file, &mut broken, || {
                proof::find(path, &text)
            });
        }

        let secret_names = if path_class::assigns(path) {
            isolate_or_default("the search for names of secrets", file, &mut broken, || {
                NameParts::of(&text)
            })
        } else {
            NameParts::default()
        };
        let (mut hits, mut code) = (Vec::new(), None);
        if !is_generated(path) {
            hits = isolate_or_default("the search for credentials", file, &mut broken, || {
                credential::scan(&text)
            });
            code = isolate_or_default("the reading of source code", file, &mut broken, || {
                code::facts(path, &text, &secret_names)
            });
        }

        let keep = !hits.is_empty()
            || code.is_some()
            || path_class::is_evidence(path)
            || isolate_or_default("the search for assignments", file, &mut broken, || {
                let values = path_class::values(path);
                !credential::assignments_at(&text, values, &secret_names).is_empty()
                    || !credential::secrets_of_file(path, &text).is_empty()
            });
        let text = if keep { text } else { String::new() };
        Self {
            text,
            hits,
            code,
            usage,
            described,
            presents_samples,
            proofs,
            broken,
            ..Self::empty()
        }
    }
}

/// The names of variables in example env files, which are read before all other files.
pub(super) fn example_names(root: &Root, entries: &[Entry]) -> EnvNameSearch {
    let examples = entries
        .iter()
        .filter(|entry| path_class::is_example_env(&entry.path));
    let texts: Vec<(&str, String)> = examples
        .filter_map(|entry| {
            Some((
                entry.path.as_str(),
                text(&entry.path, entry.read(root).ok()?).ok()?,
            ))
        })
        .collect();
    EnvNameSearch::of(texts.iter().map(|(path, text)| (*path, text.as_str())))
}

/// Reads all files. A file that was deleted since it was listed is skipped.
pub(super) fn read_all(
    root: &Root,
    options: &Options,
    entries: Vec<Entry>,
    names: &EnvNameSearch,
) -> Vec<(String, Read)> {
    let named: HashSet<String> = options
        .named
        .iter()
        .map(|path| input::shown(path))
        .collect();

    entries
        .into_par_iter()
        .with_max_len(BATCH)
        .filter_map(|mut entry| {
            let target = entry.target.take();
            let is_named = named.contains(&entry.path);
            let read = read_one(root, &entry, is_named, names, options.purpose)?;
            Some((entry.path, Read { target, ..read }))
        })
        .collect()
}

/// Reads one file; `is_named` means that the user names this very file.
fn read_one(
    root: &Root,
    entry: &Entry,
    is_named: bool,
    names: &EnvNameSearch,
    purpose: Purpose,
) -> Option<Read> {
    if walk::has_binary_ending(&entry.path) {
        let reason = "its name is one of a binary file".to_owned();
        return Some(if is_named {
            Read::failed(Level::Error, reason)
        } else {
            Read::empty()
        });
    }

    let is_deployment = path_class::is_deployment(&entry.path) && !is_test_input(&entry.path);
    let bytes = match entry.read(root) {
        Ok(bytes) => bytes,
        Err(Unread::Missing) if is_named => {
            return Some(Read::failed(Level::Error, Unread::Missing.reason()));
        }
        Err(Unread::Missing) => return None,
        Err(unread @ Unread::TooLarge(_)) => {
            let matters = is_deployment && may_deploy(root, entry);
            return Some(Read::failed(
                failure_level(is_named || matters),
                unread.reason(),
            ));
        }
        Err(unread @ Unread::Failed(_)) => {
            return Some(Read::failed(
                failure_level(is_named || is_deployment),
                unread.reason(),
            ));
        }
    };

    Some(match text(&entry.path, bytes) {
        Ok(text) => Read::text(&entry.path, text, names, purpose),
        Err(NoText::Binary(_)) if !is_named && !path_class::is_deployment(&entry.path) => {
            Read::text(&entry.path, String::new(), names, purpose)
        }
        Err(NoText::Binary(reason)) => Read::failed(failure_level(is_named), reason),
        Err(NoText::Encoding(reason)) => {
            Read::failed(failure_level(is_named || is_deployment), reason)
        }
    })
}

const fn failure_level(matters: bool) -> Level {
    if matters { Level::Error } else { Level::Note }
}

/// The reason why bytes are not text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoText {
    /// The file is not meant as text.
    Binary(String),
    Encoding(String),
}

impl NoText {
    pub fn into_reason(self) -> String {
        match self {
            NoText::Binary(reason) | NoText::Encoding(reason) => reason,
        }
    }
}

/// The text of a file. YAML must be in an encoding that YAML has; in other files, bytes that are
/// not UTF-8 are replaced, as the tools that read them let them pass in comments and strings.
pub(super) fn text(path: &str, bytes: Vec<u8>) -> Result<String, NoText> {
    let is_utf16 = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
    if !is_utf16 && let Some(offset) = first_nul(path, &bytes) {
        return Err(reason_of_nul(&bytes, offset));
    }

    if is_utf16 || is_yaml(path) {
        return decode(bytes).map_err(|error| NoText::Encoding(error.to_string()));
    }

    Ok(decode_leniently(bytes))
}

/// The first NUL byte: anywhere in what deploys, near the start of other files, as git judges them.
fn first_nul(path: &str, bytes: &[u8]) -> Option<usize> {
    let end = if path_class::is_deployment(path) {
        bytes.len()
    } else {
        bytes.len().min(8000)
    };
    memchr::memchr(0, &bytes[..end])
}

/// The reason for a NUL byte at an offset: UTF-16, a binary file, or an error.
fn reason_of_nul(bytes: &[u8], offset: usize) -> NoText {
    let head = &bytes[..bytes.len().min(8000)];
    let (even, odd) = (count_nuls(head, 0), count_nuls(head, 1));
    // Nearly every character of a deployment file is ASCII.
    let most = head.len() / 2 * 8 / 10;
    if head.len() >= 4 && even.max(odd) >= most.max(1) && even.min(odd) <= most / 8 {
        return NoText::Encoding("it looks like UTF-16, but has no byte order mark".to_owned());
    }

    if head.iter().filter(|byte| is_control(**byte)).count() * 50 > head.len() {
        return NoText::Binary("it is a binary file".to_owned());
    }

    NoText::Encoding(format!("it has a NUL byte at byte {offset}"))
}

/// How many NUL bytes are at even offsets (0) or at odd ones (1).
fn count_nuls(bytes: &[u8], parity: usize) -> usize {
    bytes
        .iter()
        .skip(parity)
        .step_by(2)
        .filter(|byte| **byte == 0)
        .count()
}

/// Whether a byte is a control character that texts do not contain.
const fn is_control(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, 0 | b'\t' | b'\n' | b'\r' | 0x0C | 0x1B)
}

fn is_yaml(path: &str) -> bool {
    let name = path.to_ascii_lowercase();
    name.ends_with(".yaml") || name.ends_with(".yml")
}

/// Whether a file that is too large to be read may be a deployment file: by its name, or by a key
/// that those have. What cannot be known counts as one.
fn may_deploy(root: &Root, entry: &Entry) -> bool {
    const KEYS: [&[u8]; 4] = [b"apiVersion", b"\nservices:", b"\njobs:", b"\nruns:"];
    let by_name = file_kind::detect(&entry.path, "", &file_kind::ChartFolders::default());
    if by_name != FileKind::OtherYaml {
        return true;
    }

    let Ok(file) = root.file(entry.real()) else {
        return true;
    };

    if file
        .metadata()
        .map_or(true, |metadata| metadata.len() > SEARCHED_BYTES)
    {
        return true;
    }
    // The first line has no line end before it.
    let head = std::io::Cursor::new(b"\n");
    let Ok(bytes) = input::read_stream(std::io::Read::chain(head, file), SEARCHED_BYTES + 1) else {
        return true;
    };

    KEYS.iter()
        .any(|key| memchr::memmem::find(&bytes, key).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_text_is_told_apart() {
        let utf16 = |text: &str| {
            text.encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<u8>>()
        };

        for (path, bytes, expected) in [
            (
                "Dockerfile",
                utf16("FROM a\n"),
                "it looks like UTF-16, but has no byte order mark",
            ),
            (
                "a.yaml",
                utf16("a: b\n"),
                "it looks like UTF-16, but has no byte order mark",
            ),
            (
                "Dockerfile",
                b"FROM a\n# \0\n".to_vec(),
                "it has a NUL byte at byte 9",
            ),
            ("a.yml", b"a: \xE9\n".to_vec(), "invalid UTF-8 at byte 3"),
            (
                "a",
                b"\x7FELF\x02\x01\x01\0\0\x03\0>\0\x01".to_vec(),
                "it is a binary file",
            ),
        ] {
            assert_eq!(
                text(path, bytes).map_err(NoText::into_reason),
                Err(expected.to_owned()),
                "{path}"
            );
        }

        assert_eq!(
            text("Dockerfile", b"# caf\xE9\nFROM a\n".to_vec()),
            Ok("# caf\u{fffd}\nFROM a\n".to_owned())
        );
        let late = [&[b'x'; 9000][..], b"\0"].concat();
        assert!(text("notes.txt", late.clone()).is_ok() && text("a.yaml", late).is_err());
    }
}
