//! The patches of kustomizations, applied to the objects that they are for.

use std::collections::{BTreeMap, BTreeSet};

use super::closure::Closure;
use super::variant::{BuiltVariant, ObjectPlace, Roots};
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::model::kubernetes::delivery::patch_holders;
use crate::model::kubernetes::kustomization_fault::{BuildProblem, KustomizationFault};
use crate::model::kubernetes::kustomize::{self, PatchTarget, Pattern, UnmatchedPatch};
use crate::model::kubernetes::lower;
use crate::model::kubernetes::manifest_reader::ManifestScope;
use crate::model::kubernetes::merge::{
    Conflict, ListMerge, PatchScope, PatchedNode, Removal, directive, refused_operations,
};
use crate::model::kubernetes::object::Object;
use crate::model::kubernetes::schema::is_builtin;
use crate::source::{FileId, Location, Repository, Span};
use crate::syntax::yaml::{Kind, Node, Tree};

/// What patches make of a repository's objects.
#[derive(Default)]
pub(super) struct Patched {
    /// Objects with all of their patches applied.
    objects: Vec<(ObjectPlace, Object)>,
    /// Objects that a patch deletes from everything that reaches them.
    deleted: BTreeSet<ObjectPlace>,
    /// Patches that found no object, by their kustomization.
    unmatched: Vec<(FileId, UnmatchedPatch)>,
    /// Objects of files of patches: the patches that found no object.
    leftovers: Vec<(FileId, Vec<Object>)>,
    /// Operations of JSON patches that kustomize refuses, by their kustomization.
    refused: Vec<(FileId, KustomizationFault)>,
    /// Objects as each of several kustomizations builds them.
    pub variants: Vec<BuiltVariant>,
}

impl Patched {
    /// Puts the objects in the place of those that were lowered, and returns the variants.
    pub fn apply(self, files: &mut [FileFacts]) -> Vec<BuiltVariant> {
        for (id, object) in self.objects {
            files[id.file.0 as usize].objects[id.number] = object;
        }

        // From the last one on, so that the numbers of the others stay valid.
        for id in self.deleted.iter().rev() {
            files[id.file.0 as usize].objects.remove(id.number);
        }

        for (file, patch) in self.unmatched {
            if let Some(kustomization) = &mut files[file.0 as usize].kustomization
                && !kustomization.makes(patch.kind.as_deref(), patch.name.as_deref())
            {
                kustomization.unmatched.push(patch);
            }
        }

        for (file, fault) in self.refused {
            if let Some(kustomization) = &mut files[file.0 as usize].kustomization {
                kustomization.faults.push(fault);
            }
        }

        for (file, objects) in self.leftovers {
            files[file.0 as usize].objects = objects;
        }

        self.variants
    }

    pub fn extend(&mut self, other: Patched) {
        self.objects.extend(other.objects);
        self.deleted.extend(other.deleted);
        self.unmatched.extend(other.unmatched);
        self.leftovers.extend(other.leftovers);
        self.variants.extend(other.variants);
        self.refused.extend(other.refused);
    }
}

/// Where patches are written.
#[derive(Clone, Copy)]
enum PatchText {
    /// In a file of their own.
    File(FileId),
    /// In a scalar of a kustomization.
    Inline { kustomization: FileId, part: Span },
}

/// Patches of one kustomization that are written together.
struct PatchSource<'c> {
    closure: &'c Closure,
    target: Option<PatchTarget>,
    location: Location,
    text: PatchText,
}

/// One patch: a document of a source.
struct Patch<'p, 't> {
    source: &'p PatchSource<'p>,
    document: usize,
    root: Node<'t>,
}

/// An object with the patches so far.
struct Draft<'t> {
    node: PatchedNode<'t>,
    /// A patch may or may not apply: its target is narrowed in a way that is not followed.
    may_differ: bool,
}

/// Applies the patches of all kustomizations, in their order, to the objects that they reach.
pub(super) fn patched(
    files: &[FileFacts],
    repository: Repository,
    closures: &[Closure],
) -> Patched {
    let sources = patch_sources(files, repository, closures);
    let roots = object_roots(closures, files);
    let mut drafts: BTreeMap<ObjectPlace, Draft> = BTreeMap::new();
    forget_replaced(closures, files, &roots, &mut drafts);

    if sources.is_empty() && drafts.is_empty() {
        return Patched {
            variants: variants(files, closures, &roots, &[], &BTreeMap::new()),
            ..Patched::default()
        };
    }

    let parsed: Vec<Option<Tree>> = sources
        .iter()
        .map(|source| parse(source, files, repository))
        .collect();
    let patches = patches(&sources, &parsed, files);
    let mut deleted = BTreeSet::new();
    let mut used: BTreeSet<(FileId, usize)> = BTreeSet::new();

    let mut unmatched = Vec::new();
    let mut by_object: BTreeMap<ObjectPlace, Vec<usize>> = BTreeMap::new();

    for (number, patch) in patches.iter().enumerate() {
        let targets = targets(patch, files, &roots);
        for id in &targets {
            by_object.entry(*id).or_default().push(number);
        }

        if targets.is_empty() {
            unmatched.extend(patch.unmatched());
        }

        for id in targets {
            if directive(patch.root) == Some("delete") {
                if is_alone(patch.source.closure, closures, id.file) {
                    deleted.insert(id);
                }
            } else {
                let draft = drafts.entry(id).or_insert_with(|| Draft::new(&roots, id));
                let removal = if is_alone(patch.source.closure, closures, id.file) {
                    Removal::Everywhere
                } else {
                    Removal::Here
                };
                let scope = PatchScope {
                    home: files[id.file.0 as usize].objects[id.number].file,
                    removal,
                    conflict: Conflict::Unknown,
                    lists: list_merge(&files[id.file.0 as usize].objects[id.number]),
                };
                draft.apply(patch, scope);
            }

            if let PatchText::File(file) = patch.source.text {
                used.insert((file, patch.document));
            }
        }
    }

    let refused = refused(files, &patches, &by_object, &drafts);

    Patched {
        refused,
        objects: drafts
            .iter()
            .filter_map(|(id, draft)| Some((*id, draft.object(id.file)?)))
            .collect(),
        deleted,
        unmatched,
        leftovers: leftovers(&sources, &patches, &used),
        variants: variants(files, closures, &roots, &patches, &by_object),
    }
}

/// The operations of JSON patches on paths that their object does not have, with all patches and
/// without any.
fn refused(
    files: &[FileFacts],
    patches: &[Patch],
    by_object: &BTreeMap<ObjectPlace, Vec<usize>>,
    drafts: &BTreeMap<ObjectPlace, Draft>,
) -> Vec<(FileId, KustomizationFault)> {
    let mut refused = Vec::new();

    for (id, numbers) in by_object {
        let lists = numbers
            .iter()
            .map(|&number| &patches[number])
            .filter(|patch| patch.root.kind() == Kind::Sequence);
        if lists.clone().next().is_none() {
            continue;
        }

        let Some(draft) = drafts.get(id) else {
            continue;
        };

        let tree = draft.node.finish();
        let Some(object) = tree.root() else {
            continue;
        };

        for patch in lists {
            let source = patch.source.closure.kustomization;
            let is_complete = files[source.0 as usize]
                .kustomization
                .as_ref()
                .is_some_and(|kustomization| !kustomization.files.is_open());
            if !is_complete || draft.may_differ {
                continue;
            }

            for (operation, path, location) in refused_operations(object, patch.root) {
                // These are made where something else of the kustomization sets some.
                let is_made = ["/metadata/annotations", "/metadata/labels"]
                    .iter()
                    .any(|made| path.contains(made));
                if !is_made {
                    refused.push((
                        source,
                        KustomizationFault {
                            location,
                            problem: BuildProblem::MissingPath { operation, path },
                        },
                    ));
                }
            }
        }
    }

    refused
}

/// How the lists of an object are merged: kustomize knows the keys of Kubernetes' own kinds alone.
fn list_merge(object: &Object) -> ListMerge {
    if is_builtin(&object.api_version.value, &object.kind.value) {
        ListMerge::ByKey
    } else {
        ListMerge::Replaced
    }
}

/// The objects that several kustomizations build differently, as each of them does.
fn variants<'t>(
    files: &'t [FileFacts<'t>],
    closures: &[Closure],
    roots: &BTreeMap<FileId, Vec<Node<'t>>>,
    patches: &[Patch<'_, 't>],
    by_object: &BTreeMap<ObjectPlace, Vec<usize>>,
) -> Vec<BuiltVariant> {
    let builders = Roots::new(files, closures);
    let mut variants = Vec::new();

    for &file in roots.keys() {
        for number in 0..files[file.0 as usize].objects.len() {
            let id = ObjectPlace { file, number };
            let of_object: Vec<(usize, usize)> = by_object
                .get(&id)
                .into_iter()
                .flatten()
                .map(|&patch| (patch, patches[patch].source.closure.number))
                .collect();

            for plan in builders.plans(files, closures, id, &of_object) {
                let mut draft = Draft::new(roots, id);

                for &closure in &plan.closures {
                    draft.forget_replaced(files, &closures[closure], id);
                }

                let is_deleted = plan
                    .patches
                    .iter()
                    .any(|&patch| directive(patches[patch].root) == Some("delete"));
                if is_deleted {
                    continue;
                }

                for &patch in &plan.patches {
                    draft.apply(
                        &patches[patch],
                        PatchScope {
                            home: file,
                            removal: Removal::Everywhere,
                            conflict: Conflict::LastHolds,
                            lists: list_merge(&files[file.0 as usize].objects[number]),
                        },
                    );
                }

                if let Some(object) = draft.object(file) {
                    variants.push(BuiltVariant {
                        file,
                        builders: plan.builders,
                        closures: plan.closures,
                        object,
                    });
                }
            }
        }
    }

    variants
}

/// Whether everything that reaches a file goes through one kustomization, or is a part of it: what
/// it deletes is then deployed nowhere.
fn is_alone(closure: &Closure, closures: &[Closure], file: FileId) -> bool {
    let mut others = closures.iter().filter(|other| other.files.contains(&file));

    others.all(|other| {
        other.kustomization == closure.kustomization
            || closure.files.contains(&other.kustomization)
            || other.files.contains(&closure.kustomization)
    })
}

/// Leaves the fields unknown that replacements write.
fn forget_replaced<'t>(
    closures: &[Closure],
    files: &'t [FileFacts<'t>],
    roots: &BTreeMap<FileId, Vec<Node<'t>>>,
    drafts: &mut BTreeMap<ObjectPlace, Draft<'t>>,
) {
    for closure in closures {
        let Some(tree) = &files[closure.kustomization.0 as usize].tree else {
            continue;
        };

        for field in kustomize::replaced_fields(tree) {
            for &file in closure.files.iter().filter(|file| roots.contains_key(file)) {
                let objects = &files[file.0 as usize].objects;

                for (number, (object, _)) in objects.iter().zip(&roots[&file]).enumerate() {
                    if field.target.is_for(object) {
                        let id = ObjectPlace { file, number };
                        let draft = drafts.entry(id).or_insert_with(|| Draft::new(roots, id));
                        draft.node.forget(&field.path, field.location);
                    }
                }
            }
        }
    }
}

fn patch_sources<'c>(
    files: &[FileFacts],
    repository: Repository,
    closures: &'c [Closure],
) -> Vec<PatchSource<'c>> {
    let mut sources = Vec::new();

    for closure in closures {
        let facts = &files[closure.kustomization.0 as usize];
        let Some(tree) = &facts.tree else {
            continue;
        };

        if let Some(number) = closure.delivery {
            let object = lower::roots(tree).get(number).copied();
            for holder in object.into_iter().flat_map(patch_holders) {
                sources.extend(inline_sources(holder, closure, repository));
            }
            continue;
        }

        let (Some(kustomization), Some(root)) = (&facts.kustomization, tree.root()) else {
            continue;
        };

        for patch in kustomize::patch_files(root, &kustomization.folder) {
            if let Some(file) = repository.find(&patch.patch) {
                sources.push(PatchSource {
                    closure,
                    target: patch.target,
                    location: patch.location,
                    text: PatchText::File(file.id),
                });
            }
        }

        sources.extend(inline_sources(root, closure, repository));
    }

    sources
}

/// The patches that are written into a mapping of a closure's file.
fn inline_sources<'c>(
    holder: Node,
    closure: &'c Closure,
    repository: Repository,
) -> Vec<PatchSource<'c>> {
    let text = &repository.file(closure.kustomization).text;
    let patches = kustomize::inline_patches(holder).into_iter();

    patches
        .map(|patch| PatchSource {
            closure,
            target: patch.target,
            location: patch.location,
            text: PatchText::Inline {
                kustomization: closure.kustomization,
                part: scalar_span(text, patch.patch),
            },
        })
        .collect()
}

/// The content of a scalar; of a block, with the indentation of its first line, which belongs to
/// it.
fn scalar_span(text: &str, node: Node) -> Span {
    let span = node.content().span;
    let before = text.get(..span.start as usize).unwrap_or("");
    let line = before.rfind('\n').map_or(0, |line_end| line_end + 1);

    if before[line..].trim().is_empty() {
        Span::of(line, span.end as usize)
    } else {
        span
    }
}

/// The tree of a source that has none yet: what is inline, and files that are not manifests.
fn parse<'s>(
    source: &PatchSource,
    files: &[FileFacts],
    repository: Repository<'s>,
) -> Option<Tree<'s>> {
    match source.text {
        PatchText::File(file) if files[file.0 as usize].tree.is_some() => None,
        PatchText::File(file) => Some(Tree::parse(file, &repository.file(file).text).tree),
        PatchText::Inline {
            kustomization,
            part,
        } => {
            let text = &repository.file(kustomization).text;
            Some(Tree::parse_within(kustomization, text, part).tree)
        }
    }
}

/// The patches of all sources. `parsed` are the trees of the sources that have none in `files`.
fn patches<'p, 't>(
    sources: &'p [PatchSource<'p>],
    parsed: &'t [Option<Tree<'t>>],
    files: &'t [FileFacts<'t>],
) -> Vec<Patch<'p, 't>> {
    let mut patches = Vec::new();

    for (source, parsed) in sources.iter().zip(parsed) {
        let tree = match (parsed, source.text) {
            (Some(tree), _) => Some(tree),
            (None, PatchText::File(file)) => files[file.0 as usize].tree.as_deref(),
            (None, PatchText::Inline { .. }) => None,
        };

        for (document, root) in tree.iter().flat_map(|tree| tree.documents()).enumerate() {
            patches.push(Patch {
                source,
                document,
                root,
            });
        }
    }

    patches
}

/// The roots of the objects of all manifests that kustomizations reach.
fn object_roots<'t>(
    closures: &[Closure],
    files: &'t [FileFacts<'t>],
) -> BTreeMap<FileId, Vec<Node<'t>>> {
    let reached: BTreeSet<FileId> = closures
        .iter()
        .flat_map(|closure| closure.files.iter().copied())
        .collect();
    let mut roots = BTreeMap::new();

    for file in reached {
        let facts = &files[file.0 as usize];
        if let Some(tree) = &facts.tree
            && facts.kind == FileKind::Kubernetes
        {
            roots.insert(file, lower::roots(tree));
        }
    }

    roots
}

/// The objects that a patch is for. A file of patches does not patch itself.
fn targets(
    patch: &Patch,
    files: &[FileFacts],
    roots: &BTreeMap<FileId, Vec<Node>>,
) -> Vec<ObjectPlace> {
    let mut targets = Vec::new();

    for &file in &patch.source.closure.files {
        let is_own_file = matches!(patch.source.text, PatchText::File(own) if own == file);
        let Some(roots) = roots.get(&file) else {
            continue;
        };

        if is_own_file {
            continue;
        }

        let objects = &files[file.0 as usize].objects;
        for (number, (object, _)) in objects.iter().zip(roots).enumerate() {
            if patch.is_for(object) {
                targets.push(ObjectPlace { file, number });
            }
        }
    }

    targets
}

impl Patch<'_, '_> {
    /// Whether the patch is meant for an object: by its target, or by its own kind and name.
    fn is_for(&self, object: &Object) -> bool {
        let name = object.name.as_ref().map(|name| name.value.as_str());
        if let Some(target) = &self.source.target {
            return target.is_for(object);
        }

        self.string(&["kind"]) == Some(&object.kind.value)
            && name.is_some()
            && self.string(&["metadata", "name"]) == name
    }

    /// The patch as one that found no object; `None` where what it is for is not written.
    fn unmatched(&self) -> Option<(FileId, UnmatchedPatch)> {
        let (kind, name) = match &self.source.target {
            Some(target) => {
                let text = |pattern: &Option<Pattern>| {
                    pattern.as_ref().map(|pattern| pattern.text.clone())
                };
                (text(&target.kind), text(&target.name))
            }
            None => (
                Some(self.string(&["kind"])?.to_owned()),
                Some(self.string(&["metadata", "name"])?.to_owned()),
            ),
        };

        Some((
            self.source.closure.kustomization,
            UnmatchedPatch {
                location: self.source.location,
                targeted: self.source.target.is_some(),
                kind,
                name,
            },
        ))
    }

    fn string(&self, path: &[&str]) -> Option<&str> {
        self.root.path(path)?.str()
    }
}

impl<'t> Draft<'t> {
    fn new(roots: &BTreeMap<FileId, Vec<Node<'t>>>, id: ObjectPlace) -> Self {
        Self {
            node: PatchedNode::Node(roots[&id.file][id.number]),
            may_differ: false,
        }
    }

    fn apply(&mut self, patch: &Patch<'_, 't>, scope: PatchScope) {
        let target = patch.source.target.as_ref();
        self.may_differ |= target.is_some_and(|target| target.narrowed);

        match patch.root.kind() {
            Kind::Sequence => self.node.apply_json_patch(patch.root, scope),
            _ => self.node.merge(patch.root, scope),
        }
    }

    /// Leaves the fields unknown that the replacements of a kustomization write.
    fn forget_replaced(&mut self, files: &'t [FileFacts<'t>], closure: &Closure, id: ObjectPlace) {
        let Some(tree) = &files[closure.kustomization.0 as usize].tree else {
            return;
        };

        let object = &files[id.file.0 as usize].objects[id.number];

        for field in kustomize::replaced_fields(tree) {
            if field.target.is_for(object) {
                self.node.forget(&field.path, field.location);
            }
        }
    }

    fn object(&self, file: FileId) -> Option<Object> {
        let tree = self.node.finish();
        let scope = ManifestScope {
            open: self.may_differ,
            ..ManifestScope::plain(file)
        };

        lower::object(tree.root()?, scope)
    }
}

/// The objects of files of patches whose patches found no object; what they lack is unknown.
fn leftovers(
    sources: &[PatchSource],
    patches: &[Patch],
    used: &BTreeSet<(FileId, usize)>,
) -> Vec<(FileId, Vec<Object>)> {
    let files: BTreeSet<FileId> = sources
        .iter()
        .filter_map(|source| match source.text {
            PatchText::File(file) => Some(file),
            PatchText::Inline { .. } => None,
        })
        .collect();
    let mut leftovers: BTreeMap<FileId, BTreeMap<usize, Option<Object>>> = files
        .into_iter()
        .map(|file| (file, BTreeMap::new()))
        .collect();

    for patch in patches {
        let PatchText::File(file) = patch.source.text else {
            continue;
        };

        if used.contains(&(file, patch.document)) {
            continue;
        }

        // Several kustomizations may use one file of patches.
        leftovers
            .entry(file)
            .or_default()
            .entry(patch.document)
            .or_insert_with(|| lower::object(patch.root, ManifestScope::plain(file).opened()));
    }

    leftovers
        .into_iter()
        .map(|(file, objects)| (file, objects.into_values().flatten().collect()))
        .collect()
}
