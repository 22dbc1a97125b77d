//! Build contexts of a Dockerfile: the folders that compose files and pipelines name, or else the
//! likely one.

use std::collections::HashMap;

use super::Analysis;
pub use super::answers::BuildContext;
use crate::model::dockerfile::Dockerfile;
use crate::model::dockerignore::Dockerignore;
use crate::model::facts::Facts;
use crate::model::workflow::image_builds;
use crate::source::{FileId, join, parent};
use crate::syntax::dockerfile::{Body, Source};

/// The contexts of a Dockerfile, each folder once. Never empty.
pub fn contexts<'c>(ctx: &'c Analysis, dockerfile: &Dockerfile) -> &'c [BuildContext] {
    ctx.build_contexts.answer(dockerfile.id, || {
        let (folders, certain) = folders(ctx, dockerfile);

        folders
            .into_iter()
            .map(|folder| BuildContext {
                ignore: ignore(ctx.facts, ctx.facts.path(dockerfile.file), &folder),
                folder,
                certain,
            })
            .collect()
    })
}

/// The folders of the contexts alone, and whether something builds the Dockerfile there.
fn folders(ctx: &Analysis, dockerfile: &Dockerfile) -> (Vec<String>, bool) {
    let named = ctx
        .build_folders
        .get_or_init(|| named_folders(ctx.facts))
        .get(ctx.facts.path(dockerfile.file));

    match named {
        Some(folders) if !folders.is_empty() => (folders.clone(), true),
        _ => (vec![likely(ctx, dockerfile)], false),
    }
}

/// The folders that compose files and pipelines name, by the path of the Dockerfile.
fn named_folders(facts: &Facts) -> HashMap<String, Vec<String>> {
    let mut folders: HashMap<String, Vec<String>> = HashMap::new();
    let composed = facts
        .projects()
        .iter()
        .flat_map(|project| &project.services)
        .filter_map(|service| service.build.as_ref())
        .map(|build| (build.dockerfile.clone(), build.context.clone()));
    let piped = facts
        .workflows()
        .flat_map(image_builds)
        .map(|build| (build.dockerfile, build.context));

    let called = facts
        .build_callers
        .iter()
        .map(|caller| (caller.dockerfile.clone(), caller.context.clone()));
    let located = composed.chain(piped).map(|(dockerfile, context)| {
        (
            dockerfile.map(|path| path.value),
            context.map(|path| path.value),
        )
    });

    for (dockerfile, context) in located.chain(called) {
        if let (Some(dockerfile), Some(context)) = (dockerfile, context) {
            folders
                .entry(dockerfile)
                .or_default()
                .push(normalized(&context));
        }
    }

    for folders in folders.values_mut() {
        folders.sort_unstable();
        folders.dedup();
    }

    folders
}

fn normalized(folder: &str) -> String {
    let folder = folder.trim_matches('/');
    if folder == "." {
        String::new()
    } else {
        folder.to_owned()
    }
}

/// A Dockerfile's own ignore file wins over the context's.
fn ignore(facts: &Facts, dockerfile: &str, folder: &str) -> Option<(FileId, Dockerignore)> {
    let specific = format!("{dockerfile}.dockerignore");
    let shared = join(folder, ".dockerignore")?;
    let file = facts
        .repository
        .find(&specific)
        .or_else(|| facts.repository.find(&shared))?;
    Some((file.id, Dockerignore::parse(&file.text)))
}

/// The nearest folder at or above the Dockerfile that holds what it copies.
fn likely(ctx: &Analysis, dockerfile: &Dockerfile) -> String {
    let home = parent(ctx.facts.path(dockerfile.file)).to_owned();
    let sources = literal_sources(dockerfile);
    if sources.is_empty() {
        return if ctx.is_project_folder(&home) {
            home
        } else {
            parent(&home).to_owned()
        };
    }

    let mut folder = home.as_str();

    loop {
        if holds_all(ctx.facts, folder, &sources) {
            return folder.to_owned();
        }

        if folder.is_empty() {
            return home;
        }

        folder = parent(folder);
    }
}

/// Whether a folder holds all these files and folders.
fn holds_all(facts: &Facts, folder: &str, sources: &[String]) -> bool {
    sources.iter().all(|source| {
        join(folder, source.trim_start_matches('/')).is_some_and(|path| {
            facts.repository.find(&path).is_some() || facts.repository.has_folder(&path)
        })
    })
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
