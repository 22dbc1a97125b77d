//! The examples of env files, and which of them belongs to a folder.

use crate::analysis::Ctx;
use crate::source::{SourceFile, file_name, parent};

/// The example env file that belongs to a folder: its own, or that of the next folder above that
/// has one.
pub fn nearest<'s>(examples: &[&'s SourceFile], folder: &str) -> Option<&'s SourceFile> {
    let above = |file: &&&SourceFile| {
        let rest = folder.strip_prefix(file.folder());
        rest.is_some_and(|rest| {
            file.folder().is_empty() || rest.is_empty() || rest.starts_with('/')
        })
    };

    examples
        .iter()
        .rev()
        .filter(above)
        .max_by_key(|file| file.folder().len())
        .copied()
}

/// `.env` with an `.env.example` beside it: whoever runs the project is told to make one.
pub fn has_example(ctx: &Ctx, path: &str) -> bool {
    let name = file_name(path);
    let like = |other: &str| {
        let rest = other.strip_prefix(name).or_else(|| {
            name.strip_suffix(".env")
                .and_then(|stem| other.strip_prefix(stem))
        });

        rest.is_some_and(|rest| {
            ["example", "sample", "template", "dist", "default", "tmpl"]
                .iter()
                .any(|word| rest.contains(word))
        })
    };

    let general = |other: &str| {
        name.contains("env")
            && other.contains("env")
            && ["example", "sample", "template"]
                .iter()
                .any(|word| other.contains(word))
    };

    let folder = parent(path);
    ctx.facts
        .repository
        .inside(folder)
        .map(SourceFile::name)
        .any(|other| like(other) || general(other))
}
