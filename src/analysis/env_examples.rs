//! The examples of env files, and which of them belongs to a folder.

use crate::analysis::Analysis;
use crate::source::{SourceFile, file_name, is_inside, parent};

/// The example env file that belongs to a folder: its own, or that of the next folder above that
/// has one.
pub fn nearest<'s>(examples: &[&'s SourceFile], folder: &str) -> Option<&'s SourceFile> {
    examples
        .iter()
        .rev()
        .filter(|file| is_inside(folder, file.folder()))
        .max_by_key(|file| file.folder().len())
        .copied()
}

/// Whether an example is beside an env file, from which users of the project make their own.
pub fn has_example(ctx: &Analysis, path: &str) -> bool {
    let name = file_name(path);
    ctx.facts
        .repository
        .inside(parent(path))
        .map(SourceFile::name)
        .any(|other| is_example_of(name, other) || is_general_example(name, other))
}

/// Whether a file is named after an env file: `.env.example` for `.env`.
fn is_example_of(name: &str, other: &str) -> bool {
    const WORDS: &[&str] = &["default", "dist", "example", "sample", "template", "tmpl"];
    let rest = other.strip_prefix(name).or_else(|| {
        let stem = name.strip_suffix(".env").filter(|stem| !stem.is_empty())?;
        other.strip_prefix(stem)
    });

    rest.is_some_and(|rest| WORDS.iter().any(|word| rest.contains(word)))
}

/// Whether a file may be the example of any env file of its folder.
fn is_general_example(name: &str, other: &str) -> bool {
    name.contains("env")
        && other.contains("env")
        && ["example", "sample", "template"]
            .iter()
            .any(|word| other.contains(word))
}
