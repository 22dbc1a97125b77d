//! The files of a run: the walk, level by level on all workers, and the paths that the user names.

use std::path::Path;

use rayon::prelude::*;

use super::{Evidence, Options};
use crate::git::{self, Checkout};
use crate::input::{self, EntryKind, Root};
use crate::model::path_class;
use crate::source::is_inside;
use crate::walk::{Entry, Folder, Listing, Walk};

/// The listed files, sorted by path.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub entries: Vec<Entry>,
    /// Links to folders, each with the folder's path.
    pub links: Vec<(String, String)>,
    /// Paths that cannot be read, with the reason.
    pub errors: Vec<(String, String)>,
    /// The tracked env files, from the root; `None` without a checkout, or if its index cannot be
    /// read.
    pub tracked: Option<Vec<String>>,
    pub excluded: usize,
    pub ignored: usize,
}

impl Files {
    fn add(&mut self, listing: Listing) {
        self.entries.extend(listing.entries);
        self.links.extend(listing.links);
        self.errors.extend(listing.errors);
        self.excluded += listing.excluded;
        self.ignored += listing.ignored;

        if let Some(tracked) = &mut self.tracked {
            tracked.extend(
                listing
                    .tracked
                    .into_iter()
                    .filter(|path| path_class::is_env_file(path)),
            );
        }
    }

    /// Whether a file at a path or below it is listed, or is an error. The files are sorted.
    fn has_below(&self, path: &str) -> bool {
        let first = self
            .entries
            .partition_point(|entry| entry.path.as_str() < path);
        // A longer name (`a-b` for `a`) may come before the files of the folder.
        self.entries[first..]
            .iter()
            .take_while(|entry| entry.path.starts_with(path))
            .any(|entry| is_inside(&entry.path, path))
            || self.errors.iter().any(|(known, _)| is_inside(known, path))
    }
}

/// Lists the files of a run.
pub(super) fn list(root: &Root, options: &Options) -> Files {
    let top = git::top(root.path());
    let outer = top.and_then(|top| Root::open(top).ok());
    let exclude = |path: &str| options.config.excluded(path);
    let walk = Walk::new(root, top, outer.as_ref().map(Checkout::read), &exclude);
    let mut files = Files {
        tracked: tracked(&walk, root, top),
        ..Files::default()
    };

    if options.evidence == Evidence::Repository {
        walk_from(
            &walk,
            walk.begin(outer.as_ref().unwrap_or(root)),
            &mut files,
        );
    }

    files.entries.sort();
    let mut named = Files::default();

    for path in &options.named {
        let shown = input::shown(path);
        if !options.texts.contains_key(&shown) && !files.has_below(&shown) {
            add_named(root, &walk, options, path, &shown, &mut named);
        }
    }

    files.entries.append(&mut named.entries);
    files.links.append(&mut named.links);
    files.errors.append(&mut named.errors);
    files.entries.sort();
    files.entries.dedup_by(|a, b| a.path == b.path);
    files.links.sort();
    files.errors.sort();

    files
}

/// Adds a path that the user names, even if it is excluded; if it cannot be read, the reason is an
/// error.
fn add_named(
    root: &Root,
    walk: &Walk,
    options: &Options,
    path: &Path,
    shown: &str,
    files: &mut Files,
) {
    match root.kind(path) {
        Some(EntryKind::File | EntryKind::Link) => match walk.named(path) {
            Some(entry) => files.entries.push(entry),
            None => files.errors.push((
                shown.to_owned(),
                "it is a link that leads out of the repository".to_owned(),
            )),
        },
        Some(EntryKind::Folder) => add_named_folder(walk, options, path, shown, files),
        Some(EntryKind::Other) => files
            .errors
            .push((shown.to_owned(), "it is not a regular file".to_owned())),
        None => files
            .errors
            .push((shown.to_owned(), "the file does not exist".to_owned())),
    }
}

/// Walks a folder without listed files again, without the rules of the folders above it.
fn add_named_folder(walk: &Walk, options: &Options, path: &Path, shown: &str, files: &mut Files) {
    // The exclusions of a configuration in the folder itself still apply.
    let is_root = shown.is_empty() && options.config.prefix.is_empty();
    let exclude = |path: &str| is_root && options.config.excluded(path);
    let walk = walk.excluding(&exclude);
    let mut again = Files::default();
    walk_from(&walk, walk.bare(path), &mut again);
    let (excluded, ignored) = (again.excluded, again.ignored);

    if again.entries.is_empty() && excluded + ignored > 0 {
        let reason = match (excluded, ignored) {
            (_, 0) => "excluded by the configuration",
            (0, _) => "ignored by `.gitignore` or `.deploylintignore`",
            _ => "excluded by the configuration or ignored",
        };

        files.errors.push((
            shown.to_owned(),
            format!("every file in this folder is {reason}"),
        ));
    }

    files.entries.extend(again.entries);
    files.links.extend(again.links);
    files.errors.extend(again.errors);
}

fn walk_from(walk: &Walk, start: Folder, files: &mut Files) {
    let mut folders = vec![start];

    while !folders.is_empty() {
        let listed: Vec<Listing> = folders.par_iter().map(|folder| walk.list(folder)).collect();
        folders.clear();

        for mut listing in listed {
            folders.append(&mut listing.folders);
            files.add(listing);
        }
    }
}

/// The tracked env files below the root, from the root.
fn tracked(walk: &Walk, root: &Root, top: Option<&Path>) -> Option<Vec<String>> {
    let prefix = input::shown(root.path().strip_prefix(top?).ok()?);
    let prefix = if prefix.is_empty() {
        prefix
    } else {
        format!("{prefix}/")
    };

    let paths = walk
        .tracked()?
        .paths()
        .filter_map(|path| path.strip_prefix(&prefix));
    Some(
        paths
            .filter(|path| path_class::is_env_file(path))
            .map(str::to_owned)
            .collect(),
    )
}
