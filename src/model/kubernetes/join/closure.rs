//! The files that each kustomization reaches.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::model::Many;
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::model::kubernetes::kustomization_fault::{
    BuildProblem, KustomizationFault, named_files,
};
use crate::model::kubernetes::kustomize::Kustomization;
use crate::model::kubernetes::object::Body;
use crate::source::{FileId, Located, Location, Repository, join};

/// Names of a kustomization, in the order in which kustomize looks for them.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// How many kustomizations may stand between one and a file that it changes. Real ones are less
/// than ten; without a limit, the work for a chain grows with the square of its length.
const DEEPEST: usize = 100;

/// A kustomization, or an object that deploys a folder, and every file that it reaches.
pub(super) struct Closure {
    /// Its number among all closures.
    pub number: usize,
    /// The file of the kustomization, or of the object.
    pub kustomization: FileId,
    /// The number of the object in its file.
    pub delivery: Option<usize>,
    pub files: BTreeSet<FileId>,
}

/// States for each kustomization which files it reaches, which of its resources are missing, and
/// whether it is known whole.
pub(super) fn state_reach(files: &mut [FileFacts], repository: Repository, closures: &[Closure]) {
    let closures = || closures.iter().filter(|closure| closure.delivery.is_none());

    for closure in closures() {
        let index = closure.kustomization.0 as usize;
        let missing = missing(&files[index], repository);
        let faults = faults(files, repository, closure);

        if let Some(kustomization) = &mut files[index].kustomization {
            kustomization.files = closure
                .files
                .iter()
                .copied()
                .collect::<Many<_>>()
                .open_if(kustomization.component);
            kustomization.missing = missing;
            kustomization.faults.extend(faults);
        }
    }

    for closure in closures() {
        let index = closure.kustomization.0 as usize;
        let is_whole = closure
            .files
            .iter()
            .all(|file| is_known(&files[file.0 as usize]))
            && is_whole(&files[index]);

        if !is_whole && let Some(kustomization) = &mut files[index].kustomization {
            kustomization.files.open();
        }
    }
}

/// What kustomize refuses in a kustomization for what it finds, or does not find, elsewhere.
fn faults(
    files: &[FileFacts],
    repository: Repository,
    closure: &Closure,
) -> Vec<KustomizationFault> {
    let facts = &files[closure.kustomization.0 as usize];
    let (Some(kustomization), Some(tree)) = (&facts.kustomization, &facts.tree) else {
        return Vec::new();
    };

    let mut faults = Vec::new();
    let mut add = |location, problem| faults.push(KustomizationFault { location, problem });

    for file in named_files(tree, &kustomization.folder) {
        if repository.find(&file.path.value).is_none() {
            add(
                file.path.location,
                BuildProblem::MissingFile {
                    path: file.path.value,
                    secret: file.secret,
                },
            );
        }
    }

    for resource in &kustomization.resources {
        let Some(file) = kustomization_in(repository, &resource.value) else {
            continue;
        };

        let is_component = is_component(&files[file.0 as usize]);
        let is_among_components = kustomization.is_component_resource(resource.location);
        if is_component && !is_among_components {
            add(resource.location, BuildProblem::ComponentAsResource);
        } else if !is_component && is_among_components {
            add(resource.location, BuildProblem::ResourceAsComponent);
        }
    }

    if closure.files.contains(&closure.kustomization)
        && !kustomization.component
        && let Some(first) = kustomization.resources.first()
    {
        add(first.location, BuildProblem::Cycle);
    } else if let Some((location, title)) = twice_gathered(files, repository, kustomization) {
        add(location, BuildProblem::TwiceGathered(title));
    }

    faults
}

/// The first object that a kustomization gathers twice, with the resource that brings it again.
fn twice_gathered(
    files: &[FileFacts],
    repository: Repository,
    kustomization: &Kustomization,
) -> Option<(Location, String)> {
    let mut known = HashSet::new();

    for resource in &kustomization.resources {
        let Some(source) = repository.find(&resource.value) else {
            continue;
        };

        let facts = &files[source.id.0 as usize];
        if facts.kind != FileKind::Kubernetes {
            continue;
        }

        for object in &facts.objects {
            let Some(name) = &object.name else {
                continue;
            };

            let key = (
                object.group(),
                object.kind.value.as_str(),
                object.namespace.value().map_or("", String::as_str),
                name.value.as_str(),
            );
            if !known.insert(key) {
                return Some((resource.location, object.title()));
            }
        }
    }

    None
}

/// Whether what a kustomization gathers by itself is known.
fn is_whole(facts: &FileFacts) -> bool {
    facts.kustomization.as_ref().is_some_and(|kustomization| {
        !kustomization.resources.is_open() && kustomization.missing.is_empty()
    })
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
            number: closures.len(),
            kustomization,
            delivery: None,
            files: files_reached,
        });
    }

    add_deliveries(files, repository, &gathered, &mut closures);

    closures
}

/// Adds a closure for each object that deploys a folder.
fn add_deliveries(
    files: &[FileFacts],
    repository: Repository,
    gathered: &BTreeMap<FileId, BTreeSet<FileId>>,
    closures: &mut Vec<Closure>,
) {
    for facts in files {
        for (number, object) in facts.objects.iter().enumerate() {
            let Body::Delivery(delivery) = &object.body else {
                continue;
            };

            let Some(folder) = join("", &delivery.path.value) else {
                continue;
            };

            let components = delivery.components.iter();
            let components = components.filter_map(|component| join(&folder, &component.value));
            let kustomizations: Vec<FileId> = std::iter::once(folder.clone())
                .chain(components)
                .filter_map(|folder| kustomization_in(repository, &folder))
                .collect();

            let mut reached: BTreeSet<FileId> = kustomizations.iter().copied().collect();
            for kustomization in &kustomizations {
                reached.extend(gathered.get(kustomization).into_iter().flatten());
            }

            if kustomizations.is_empty() && !folder.is_empty() {
                reached.extend(manifests_in(files, repository, &folder));
            }

            if !reached.is_empty() {
                closures.push(Closure {
                    number: closures.len(),
                    kustomization: object.file,
                    delivery: Some(number),
                    files: reached,
                });
            }
        }
    }
}

/// The manifests of a folder.
fn manifests_in<'f>(
    files: &'f [FileFacts],
    repository: Repository<'f>,
    folder: &'f str,
) -> impl Iterator<Item = FileId> + 'f {
    // The files are sorted by their paths.
    let sources = repository.files();
    let first = sources.partition_point(|source| source.path.as_str() < folder);
    let inside = sources[first..]
        .iter()
        .take_while(move |source| source.path.starts_with(folder));

    inside
        .filter(move |source| source.folder() == folder)
        .map(|source| source.id)
        .filter(|id| files[id.0 as usize].kind == FileKind::Kubernetes)
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
