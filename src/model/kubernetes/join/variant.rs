//! Which kustomizations build an object differently: each one that no other gathers is a variant of
//! what it reaches.

use std::collections::{BTreeMap, BTreeSet};

use super::closure::Closure;
use crate::model::facts::FileFacts;
use crate::model::kubernetes::kustomize::Kustomization;
use crate::model::kubernetes::object::Object;
use crate::source::FileId;

/// How many pairs of an object and a kustomization that reaches it are compared. Of more, no
/// variants are made.
const MAX_PAIRS: usize = 200_000;

/// How many variants of one object are made.
const MAX_VARIANTS: usize = 32;

/// An object: its file, and its number among the file's objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ObjectId {
    pub file: FileId,
    pub number: usize,
}

/// An object as some kustomizations build it, with its patches applied.
pub(super) struct BuiltVariant {
    pub file: FileId,
    pub builders: Vec<FileId>,
    /// The closures that change it, in their order.
    pub closures: Vec<usize>,
    pub object: Object,
}

/// What is applied to an object by some kustomizations.
pub(super) struct Plan {
    pub builders: Vec<FileId>,
    /// Closures by their number, bases first.
    pub closures: Vec<usize>,
    pub patches: Vec<usize>,
}

/// A kustomization that no other one gathers.
struct Root {
    kustomization: FileId,
    /// The closures of the kustomizations that it is made of, bases first.
    members: Vec<usize>,
}

/// The kustomizations that no other one gathers, by the files that they reach.
pub(super) struct Roots {
    roots: Vec<Root>,
    by_file: BTreeMap<FileId, Vec<usize>>,
    /// The kustomization of each closure.
    kustomizations: Vec<FileId>,
}

impl Roots {
    pub fn new(files: &[FileFacts], closures: &[Closure]) -> Self {
        let numbers: BTreeMap<FileId, usize> = closures
            .iter()
            .enumerate()
            .map(|(number, closure)| (closure.kustomization, number))
            .collect();
        let gathered: BTreeSet<FileId> = closures
            .iter()
            .filter(|closure| !is_component(files, closure))
            .flat_map(|closure| &closure.files)
            .copied()
            .filter(|file| numbers.contains_key(file))
            .collect();

        let mut roots = Vec::new();
        let mut by_file: BTreeMap<FileId, Vec<usize>> = BTreeMap::new();

        for (number, closure) in closures.iter().enumerate() {
            if is_component(files, closure) || gathered.contains(&closure.kustomization) {
                continue;
            }

            let mut members: Vec<usize> = closure
                .files
                .iter()
                .filter_map(|file| numbers.get(file))
                .copied()
                .collect();
            // What a kustomization gathers reaches less than it does; components come after what
            // they change, and the root comes last.
            members.sort_by_key(|&member| {
                let member = &closures[member];
                (is_component(files, member), member.files.len())
            });
            members.push(number);

            for &file in &closure.files {
                by_file.entry(file).or_default().push(roots.len());
            }

            roots.push(Root {
                kustomization: closure.kustomization,
                members,
            });
        }

        let pairs: usize = by_file
            .iter()
            .map(|(file, roots)| roots.len() * files[file.0 as usize].objects.len())
            .sum();
        if pairs > MAX_PAIRS {
            by_file.clear();
        }

        Self {
            roots,
            by_file,
            kustomizations: closures
                .iter()
                .map(|closure| closure.kustomization)
                .collect(),
        }
    }

    /// How the kustomizations that reach an object build it; nothing where they build it alike.
    /// `patches` are those of the object, each with its kustomization.
    pub fn plans(
        &self,
        files: &[FileFacts],
        id: ObjectId,
        patches: &[(usize, FileId)],
    ) -> Vec<Plan> {
        let roots = match self.by_file.get(&id.file) {
            Some(roots) if roots.len() > 1 => roots,
            _ => return Vec::new(),
        };

        let object = &files[id.file.0 as usize].objects[id.number];
        let mut plans: BTreeMap<(Vec<usize>, Vec<FileId>), Plan> = BTreeMap::new();

        for &root in roots {
            let root = &self.roots[root];
            let kustomizations = || {
                root.members
                    .iter()
                    .map(|&member| self.kustomizations[member])
            };
            let applied: Vec<usize> = kustomizations()
                .flat_map(|kustomization| {
                    patches
                        .iter()
                        .filter(move |(_, source)| *source == kustomization)
                        .map(|(patch, _)| *patch)
                })
                .collect();
            let changers: Vec<FileId> = kustomizations()
                .filter(|file| {
                    files[file.0 as usize]
                        .kustomization
                        .as_ref()
                        .is_some_and(|kustomization| changes(kustomization, object))
                })
                .collect();

            plans
                .entry((applied.clone(), changers))
                .or_insert_with(|| Plan {
                    builders: Vec::new(),
                    closures: root.members.clone(),
                    patches: applied,
                })
                .builders
                .push(root.kustomization);
        }

        if plans.len() < 2 || plans.len() > MAX_VARIANTS {
            return Vec::new();
        }

        plans.into_values().collect()
    }
}

fn is_component(files: &[FileFacts], closure: &Closure) -> bool {
    files[closure.kustomization.0 as usize]
        .kustomization
        .as_ref()
        .is_some_and(|kustomization| kustomization.component)
}

/// Whether a kustomization sets an image or the number of replicas of an object.
fn changes(kustomization: &Kustomization, object: &Object) -> bool {
    let Some(workload) = object.workload() else {
        return false;
    };

    let sets_count = object.name.as_ref().is_some_and(|name| {
        kustomization
            .replicas
            .iter()
            .any(|rule| rule.name.value == name.value)
    });
    let images = || {
        workload
            .pod
            .containers
            .iter()
            .filter_map(|container| container.image.as_ref())
    };

    sets_count
        || kustomization
            .images
            .iter()
            .any(|rule| images().any(|image| image.written.starts_with(&rule.name.value)))
}
