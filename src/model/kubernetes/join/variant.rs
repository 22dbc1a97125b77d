//! Which kustomizations build an object differently: each one that no other gathers is a variant of
//! what it reaches.

use std::collections::{BTreeMap, BTreeSet};

use super::closure::Closure;
use crate::model::facts::FileFacts;
use crate::model::kubernetes::kustomize::{ImageRule, ReplicaRule};
use crate::model::kubernetes::object::{Body, Object};
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

/// A kustomization that no other one gathers, or an object that deploys a folder.
struct Root {
    file: FileId,
    /// The closures of the kustomizations that it is made of, bases first.
    members: Vec<usize>,
}

/// The kustomizations that no other one gathers, by the files that they reach.
pub(super) struct Roots {
    roots: Vec<Root>,
    by_file: BTreeMap<FileId, Vec<usize>>,
}

impl Roots {
    pub fn new(files: &[FileFacts], closures: &[Closure]) -> Self {
        let numbers: BTreeMap<FileId, usize> = closures
            .iter()
            .enumerate()
            .filter(|(_, closure)| closure.delivery.is_none())
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
            let is_part = closure.delivery.is_none()
                && (is_component(files, closure) || gathered.contains(&closure.kustomization));
            if is_part {
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
                file: closure.kustomization,
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

        Self { roots, by_file }
    }

    /// How the kustomizations that reach an object build it; nothing where they build it alike.
    /// `patches` are those of the object, each with the number of its closure.
    pub fn plans(
        &self,
        files: &[FileFacts],
        closures: &[Closure],
        id: ObjectId,
        patches: &[(usize, usize)],
    ) -> Vec<Plan> {
        let roots = match self.by_file.get(&id.file) {
            Some(roots) if roots.len() > 1 => roots,
            _ => return Vec::new(),
        };

        let object = &files[id.file.0 as usize].objects[id.number];
        let mut plans: BTreeMap<(Vec<usize>, Vec<usize>), Plan> = BTreeMap::new();

        for &root in roots {
            let root = &self.roots[root];
            let applied: Vec<usize> = root
                .members
                .iter()
                .flat_map(|&member| {
                    let number = closures[member].number;
                    let of_member = patches.iter().filter(move |(_, source)| *source == number);

                    of_member.map(|(patch, _)| *patch)
                })
                .collect();
            let changers: Vec<usize> = root
                .members
                .iter()
                .copied()
                .filter(|&member| changes(files, &closures[member], object))
                .collect();

            plans
                .entry((applied.clone(), changers))
                .or_insert_with(|| Plan {
                    builders: Vec::new(),
                    closures: root.members.clone(),
                    patches: applied,
                })
                .builders
                .push(root.file);
        }

        if plans.len() < 2 || plans.len() > MAX_VARIANTS {
            return Vec::new();
        }

        plans.into_values().collect()
    }
}

fn is_component(files: &[FileFacts], closure: &Closure) -> bool {
    closure.delivery.is_none()
        && files[closure.kustomization.0 as usize]
            .kustomization
            .as_ref()
            .is_some_and(|kustomization| kustomization.component)
}

/// Whether a closure sets an image or the number of replicas of an object.
fn changes(files: &[FileFacts], closure: &Closure, object: &Object) -> bool {
    let Some(workload) = object.workload() else {
        return false;
    };

    let facts = &files[closure.kustomization.0 as usize];
    let (images, replicas): (&[ImageRule], &[ReplicaRule]) = match closure.delivery {
        Some(number) => match facts.objects.get(number).map(|object| &object.body) {
            Some(Body::Delivery(delivery)) => (&delivery.images, &[]),
            _ => return false,
        },
        None => match &facts.kustomization {
            Some(kustomization) => (&kustomization.images, &kustomization.replicas),
            None => return false,
        },
    };

    let sets_count = object
        .name
        .as_ref()
        .is_some_and(|name| replicas.iter().any(|rule| rule.name.value == name.value));
    let containers = &workload.pod.containers;

    sets_count
        || containers
            .iter()
            .filter_map(|container| container.image.as_ref())
            .any(|image| {
                images
                    .iter()
                    .any(|rule| image.written.starts_with(&rule.name.value))
            })
}
