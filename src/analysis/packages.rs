//! Which packages the manifests of the repository name.

use crate::model::file_role::{FileRole, Origin, is_sample, is_tooling};
use crate::source::SourceFile;

/// Manifests of languages: a folder with one has code to check, test and build.
pub const MANIFESTS: &[&str] = &[
    "package.json",
    "pyproject.toml",
    "requirements.txt",
    "setup.py",
    "go.mod",
    "Cargo.toml",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "Gemfile",
    "composer.json",
    "mix.exs",
    "Package.swift",
];

/// Whether a file lists what an application of the repository needs.
pub fn is_manifest(file: &SourceFile) -> bool {
    let path = &file.path;
    let is_aside =
        is_sample(path) || is_tooling(path) || FileRole::of(path).origin == Origin::Vendored;
    let listed = file.name().starts_with("requirements") && file.name().ends_with(".txt");
    !is_aside && (MANIFESTS.contains(&file.name()) || listed)
}

/// Where a manifest names a package as a whole word.
pub fn package_at(text: &str, package: &str) -> Option<usize> {
    text.match_indices(package)
        .map(|(offset, _)| offset)
        .find(|&offset| {
            let before = text[..offset].chars().next_back();
            let after = text[offset + package.len()..].chars().next();

            !before.is_some_and(|letter| is_of_name(letter) || letter == '-')
                && !after.is_some_and(is_of_name)
        })
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '/' | '@' | '.')
}
