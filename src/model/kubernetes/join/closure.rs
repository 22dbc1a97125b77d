//! The files that each kustomization reaches.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::source::{FileId, Located, Repository, join};

/// Names of a kustomization, in the order in which kustomize looks for them.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// How many kustomizations may stand between one and a file that it changes. Real ones are less
/// than ten; without a limit, the work for a chain grows with the square of its length.
const DEEPEST: usize = 100;

/// A kustomization and every file that it reaches.
pub(super) struct Closure {
    pub kustomization: FileId,
    pub files: BTreeSet<FileId>,
}

/// States for each kustomization which files it reaches, which of its resources are missing, and
/// whether it is known whole.
pub(super) fn state_reach(files: &mut [FileFacts], repository: Repository, closures: &[Closure]) {
    for closure in closures {
        let index = closure.kustomization.0 as usize;
        let missing = missing(&files[index], repository);

        if let Some(kustomization) = &mut files[index].kustomization {
            kustomization.files = closure.files.iter().copied().collect();
            kustomization.missing = missing;
        }
    }

    for closure in closures {
        let index = closure.kustomization.0 as usize;
        let is_whole = closure
            .files
            .iter()
            .all(|file| is_known(&files[file.0 as usize]))
            && is_whole(&files[index]);

        if let Some(kustomization) = &mut files[index].kustomization {
            kustomization.complete = is_whole && !kustomization.component;
        }
    }
}

/// Whether what a kustomization gathers by itself is known.
fn is_whole(facts: &FileFacts) -> bool {
    facts
        .kustomization
        .as_ref()
        .is_some_and(|kustomization| !kustomization.partial && kustomization.missing.is_empty())
}

/// Whether all objects of a file that a kustomization reaches are known by their final names.
fn is_known(facts: &FileFacts) -> bool {
    let is_manifest = facts.kind == FileKind::Kubernetes && facts.errors.is_empty();
    let is_plain = facts
        .kustomization
        .as_ref()
        .is_some_and(|kustomization| !kustomization.renames);

    is_manifest || (is_plain && is_whole(facts))
}

/// The resources of a kustomization that are not there.
fn missing(facts: &FileFacts, repository: Repository) -> Vec<Located<String>> {
    let paths = facts
        .kustomization
        .iter()
        .flat_map(|kustomization| &kustomization.resources);
    paths
        .filter(|path| {
            repository.find(&path.value).is_none()
                && kustomization_in(repository, &path.value).is_none()
        })
        .cloned()
        .collect()
}

/// The closures of all kustomizations, in the order of the files.
pub(super) fn closures(files: &[FileFacts], repository: Repository) -> Vec<Closure> {
    let resources: BTreeMap<FileId, Vec<FileId>> = (0..)
        .map(FileId)
        .zip(files)
        .filter(|(_, facts)| facts.kustomization.is_some())
        .map(|(file, facts)| (file, resources(facts, repository)))
        .collect();
    let gathered: BTreeMap<FileId, BTreeSet<FileId>> = resources
        .keys()
        .map(|&file| (file, gather(&resources, file)))
        .collect();
    let mut closures = Vec::new();

    for (&kustomization, own_files) in &gathered {
        let mut files_reached = own_files.clone();

        if is_component(&files[kustomization.0 as usize]) {
            // A component changes what its users gathered.
            let users = gathered
                .values()
                .filter(|files| files.contains(&kustomization));
            for user_files in users {
                files_reached.extend(user_files);
            }
        }

        closures.push(Closure {
            kustomization,
            files: files_reached,
        });
    }

    closures
}

fn is_component(facts: &FileFacts) -> bool {
    facts
        .kustomization
        .as_ref()
        .is_some_and(|kustomization| kustomization.component)
}

/// The files that a kustomization names as its resources, and the kustomizations of the folders
/// among them.
fn resources(facts: &FileFacts, repository: Repository) -> Vec<FileId> {
    let paths = facts
        .kustomization
        .iter()
        .flat_map(|kustomization| &kustomization.resources);
    paths
        .filter_map(|path| match repository.find(&path.value) {
            Some(file) => Some(file.id),
            None => kustomization_in(repository, &path.value),
        })
        .collect()
}

/// Every file that a kustomization reaches, through other kustomizations too. `resources` are those
/// of each kustomization. Files behind more than [`DEEPEST`] others are left out.
fn gather(resources: &BTreeMap<FileId, Vec<FileId>>, start: FileId) -> BTreeSet<FileId> {
    let mut reached = BTreeSet::new();
    let mut level = vec![start];

    for _ in 0..DEEPEST {
        let mut next = Vec::new();

        for file in level {
            for &resource in resources.get(&file).into_iter().flatten() {
                if reached.insert(resource) {
                    next.push(resource);
                }
            }
        }

        level = next;
    }

    reached
}

fn kustomization_in(repository: Repository, folder: &str) -> Option<FileId> {
    NAMES
        .iter()
        .find_map(|name| Some(repository.find(&join(folder, name)?)?.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_followed_up_to_a_depth() {
        let resources: BTreeMap<FileId, Vec<FileId>> = (0..500)
            .map(|file| (FileId(file), vec![FileId(file + 1)]))
            .collect();

        let reached = gather(&resources, FileId(7));

        let expected: BTreeSet<FileId> = (8..8 + DEEPEST as u32).map(FileId).collect();
        assert_eq!(reached, expected);
    }

    #[test]
    fn a_circle_ends() {
        let resources = BTreeMap::from([
            (FileId(0), vec![FileId(1), FileId(2)]),
            (FileId(1), vec![FileId(0)]),
        ]);

        let reached = gather(&resources, FileId(0));

        assert_eq!(reached, BTreeSet::from([FileId(0), FileId(1), FileId(2)]));
    }
}
