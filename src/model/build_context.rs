//! The folders that a Dockerfile is built in: those that compose files and pipelines name, or else
//! the likely one.

use std::collections::HashMap;

use super::dockerfile::Dockerfile;
use super::dockerignore::Dockerignore;
use super::facts::Facts;
use super::workflow::image_builds;
use crate::source::{Located, SourceFile, file_name, join, parent};
use crate::syntax::dockerfile::{Body, Source};

/// One build context.
#[derive(Debug)]
pub struct BuildContext<'s> {
    /// Folder in the repository, `""` for its root.
    pub folder: String,
    /// The ignore file in effect.
    pub ignore: Option<(&'s SourceFile, Dockerignore)>,
    /// Something in the repository builds it there; else the folder is a guess.
    pub certain: bool,
}

impl BuildContext<'_> {
    /// The path of a file of the repository inside the context.
    pub fn relative<'p>(&self, path: &'p str) -> Option<&'p str> {
        if self.folder.is_empty() {
            return Some(path);
        }
        path.strip_prefix(self.folder.as_str())?.strip_prefix('/')
    }

    /// Whether a path inside the context is kept from the builder.
    pub fn ignores(&self, path: &str) -> bool {
        self.ignore
            .as_ref()
            .is_some_and(|(_, ignore)| ignore.ignores(path))
    }
}

/// The contexts of a Dockerfile, each folder once. Never empty.
pub fn contexts<'s>(facts: &Facts<'s>, dockerfile: &Dockerfile) -> Vec<BuildContext<'s>> {
    let path = facts.path(dockerfile.file);
    let (folders, certain) = folders(facts, dockerfile);
    folders
        .into_iter()
        .map(|folder| BuildContext {
            ignore: ignore(facts, path, &folder),
            folder,
            certain,
        })
        .collect()
}

/// The folders of the contexts alone, and whether something builds the Dockerfile there.
pub fn folders(facts: &Facts, dockerfile: &Dockerfile) -> (Vec<String>, bool) {
    let named = facts
        .build_folders
        .get_or_init(|| named_folders(facts))
        .get(facts.path(dockerfile.file));
    let certain = named.is_some_and(|folders| !folders.is_empty());

    match named {
        Some(folders) if certain => (folders.clone(), certain),
        _ => (
            vec![
                dockerfile
                    .likely_folder
                    .get_or_init(|| likely(facts, dockerfile))
                    .clone(),
            ],
            certain,
        ),
    }
}

/// The folders that compose files and pipelines name, by the path of the Dockerfile.
fn named_folders(facts: &Facts) -> HashMap<String, Vec<String>> {
    let mut folders: HashMap<String, Vec<String>> = HashMap::new();
    let mut add = |file: Option<&Located<String>>, context: Option<&Located<String>>| {
        if let (Some(file), Some(context)) = (file, context) {
            folders
                .entry(file.value.clone())
                .or_default()
                .push(tidy(&context.value));
        }
    };

    let services = facts
        .projects()
        .iter()
        .flat_map(|project| &project.services);
    for build in services.filter_map(|service| service.build.as_ref()) {
        add(build.dockerfile.as_ref(), build.context.as_ref());
    }

    for build in facts.workflows().flat_map(image_builds) {
        add(build.dockerfile.as_ref(), build.context.as_ref());
    }

    for folders in folders.values_mut() {
        folders.sort_unstable();
        folders.dedup();
    }

    folders
}

fn tidy(folder: &str) -> String {
    let folder = folder.trim_matches('/');
    if folder == "." {
        String::new()
    } else {
        folder.to_owned()
    }
}

/// A Dockerfile's own ignore file wins over the context's.
fn ignore<'s>(
    facts: &Facts<'s>,
    dockerfile: &str,
    folder: &str,
) -> Option<(&'s SourceFile, Dockerignore)> {
    let own = format!("{dockerfile}.dockerignore");
    let shared = join(folder, ".dockerignore")?;
    let file = facts
        .repository
        .find(&own)
        .or_else(|| facts.repository.find(&shared))?;
    Some((file, Dockerignore::parse(&file.text)))
}

/// The nearest folder at or above the Dockerfile that holds what it copies.
fn likely(facts: &Facts, dockerfile: &Dockerfile) -> String {
    let own = parent(facts.path(dockerfile.file)).to_owned();
    let sources = literal_sources(dockerfile);
    let holds = |folder: &str| {
        sources.iter().all(|source| {
            join(folder, source.trim_start_matches('/')).is_some_and(|path| {
                facts.repository.find(&path).is_some() || facts.repository.has_folder(&path)
            })
        })
    };

    if sources.is_empty() {
        let below = facts.repository.below(&own);
        let alone = below.iter().all(|file| {
            let name = file_name(&file.path).to_ascii_lowercase();
            name.contains("docker")
                || name.contains("compose")
                || name.ends_with(".sh")
                || name.ends_with(".md")
        });

        return if alone { parent(&own).to_owned() } else { own };
    }

    let mut folder = own.as_str();

    loop {
        if holds(folder) {
            return folder.to_owned();
        }

        if folder.is_empty() {
            return own;
        }

        folder = parent(folder);
    }
}

/// Paths that the Dockerfile copies from its context, as far as they are written out.
fn literal_sources(dockerfile: &Dockerfile) -> Vec<String> {
    let mut found = Vec::new();

    for position in dockerfile.instructions() {
        let (Body::Copy(transfer) | Body::Add(transfer)) = &position.instruction.body else {
            continue;
        };

        if transfer.from.is_some() {
            continue;
        }

        for source in &transfer.sources {
            let Source::Path(word) = source else { continue };
            let Some(text) = word.literal() else { continue };

            let plain = text.trim_start_matches("./").trim_end_matches('/');
            let whole = plain.is_empty() || plain == ".";
            if !whole && !text.contains(['*', '?', '[', ':']) {
                found.push(plain.to_owned());
            }
        }
    }

    found
}
