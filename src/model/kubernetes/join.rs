//! What several files say of one object: kustomizations and the patches, images, counts and
//! namespaces they bring, and the defaults of a LimitRange. Runs once, after every file is lowered.

use std::collections::{BTreeMap, BTreeSet};

use super::kustomize::{self, ImageRule, Kustomization, Target};
use super::lower;
use super::merge::PatchedNode;
use super::object::{Body, Object};
use super::policy::Defaults;
use super::view::Scope;
use crate::fence::{isolate, isolate_or_default};
use crate::finding::{Finding, Label};
use crate::model::Setting;
use crate::model::container::Resources;
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::source::{FileId, Repository, Span, is_inside, join as join_path, parent};
use crate::syntax::yaml::{Kind, Node, Tree};

/// Joins what the files of a repository say. Objects change in place; patches that found their
/// object are gone afterwards, the others stay as open objects. Returns what panicked: a
/// kustomization then changes nothing.
pub fn join(files: &mut [FileFacts], repository: Repository) -> Vec<Finding> {
    let mut broken = Vec::new();
    let first = files
        .iter()
        .position(|file| file.kustomization.is_some())
        .unwrap_or(0);
    let first = FileId(first as u32);
    let closures = isolate_or_default("the search for kustomizations", first, &mut broken, || {
        closures(files, repository)
    });

    let patched = patch_isolated(files, repository, &closures, &mut broken);
    for (file, index, object) in patched.merged {
        files[file].objects[index] = object;
    }

    for (file, objects) in patched.left {
        files[file].objects = objects;
    }

    for closure in &closures {
        let owner = FileId(closure.kustomization as u32);
        isolate_or_default("the kustomization", owner, &mut broken, || {
            transform(files, closure)
        });
    }

    isolate_or_default("the defaults of a LimitRange", first, &mut broken, || {
        fill_defaults(files, repository)
    });

    broken
}

/// The patches of all kustomizations; where they panic, those of each that does not panic alone.
fn patch_isolated(
    files: &[FileFacts],
    repository: Repository,
    closures: &[Closure],
    broken: &mut Vec<Finding>,
) -> Patched {
    const WHAT: &str = "the patches of the kustomization";
    let first = closures.first().map_or(0, |closure| closure.kustomization);
    if let Ok(patched) = isolate(WHAT, FileId(first as u32), || {
        patch(files, repository, closures)
    }) {
        return patched;
    }

    let mut all = Patched::default();

    for closure in closures {
        let owner = FileId(closure.kustomization as u32);
        let alone = std::slice::from_ref(closure);
        let patched = isolate_or_default(WHAT, owner, broken, || patch(files, repository, alone));
        all.merged.extend(patched.merged);
        all.left.extend(patched.left);
    }

    all
}

/// What a kustomization gathers: its index in the list of files, and the files it reaches.
struct Closure {
    kustomization: usize,
    files: BTreeSet<usize>,
}

fn closures(files: &[FileFacts], repository: Repository) -> Vec<Closure> {
    let owners: Vec<usize> = (0..files.len())
        .filter(|at| files[*at].kustomization.is_some())
        .collect();
    let named: BTreeMap<usize, Vec<usize>> = owners
        .iter()
        .map(|at| (*at, resources(&files[*at], repository).collect()))
        .collect();
    let gathered: BTreeMap<usize, BTreeSet<usize>> =
        owners.iter().map(|at| (*at, gather(&named, *at))).collect();
    let mut found = Vec::new();

    for &at in &owners {
        let mut reached = gathered[&at].clone();
        if files[at]
            .kustomization
            .as_ref()
            .is_some_and(|own| own.component)
        {
            // A component changes what its users gathered.
            let users = gathered.values().filter(|files| files.contains(&at));
            reached = users.fold(reached, |all, more| all.union(more).copied().collect());
        }

        found.push(Closure {
            kustomization: at,
            files: reached,
        });
    }

    found
}

/// The files that a kustomization names as its resources, and the kustomizations of the folders
/// among them.
fn resources(file: &FileFacts, repository: Repository) -> impl Iterator<Item = usize> {
    file.kustomization
        .iter()
        .flat_map(|own| &own.resources)
        .filter_map(move |resource| {
            let file = repository.find(&resource.value).map(|file| file.id);
            Some(
                file.or_else(|| kustomization_in(repository, &resource.value))?
                    .0 as usize,
            )
        })
}

/// Every file that a kustomization reaches, through other kustomizations too. `named` gives the
/// resources of each.
fn gather(named: &BTreeMap<usize, Vec<usize>>, start: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open = vec![start];

    while let Some(at) = open.pop() {
        for &resource in named.get(&at).into_iter().flatten() {
            if found.insert(resource) {
                open.push(resource);
            }
        }
    }

    found
}

fn kustomization_in(repository: Repository, folder: &str) -> Option<FileId> {
    let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
    names
        .iter()
        .find_map(|name| Some(repository.find(&join_path(folder, name)?)?.id))
}

/// A text of patches: a file, or a scalar of a kustomization.
struct Text {
    closure: usize,
    target: Option<Target>,
    /// The file of patches; `None` for those in a kustomization.
    file: Option<usize>,
    id: FileId,
    /// The part of the file; `None` for all of it.
    part: Option<Span>,
}

#[derive(Default)]
struct Patched {
    merged: Vec<(usize, usize, Object)>,
    /// What is left of files of patches.
    left: Vec<(usize, Vec<Object>)>,
}

fn patch(files: &[FileFacts], repository: Repository, closures: &[Closure]) -> Patched {
    let texts = patch_texts(files, repository, closures);
    if texts.is_empty() {
        return Patched::default();
    }

    let tree_of = |at: usize| files[at].tree.as_deref();
    let parse = |text: &Text| {
        let whole = &repository.file(text.id).text;

        match text.part {
            Some(part) => Tree::parse_within(text.id, whole, part).tree,
            None => Tree::parse(text.id, whole).tree,
        }
    };
    // Files that were lowered have their trees; what stands inside a kustomization has none yet.
    let parsed: Vec<Option<Tree>> = texts
        .iter()
        .map(|text| text.file.and_then(tree_of).is_none().then(|| parse(text)))
        .collect();
    let trees: Vec<&Tree> = texts
        .iter()
        .zip(&parsed)
        .filter_map(|(text, parsed)| parsed.as_ref().or_else(|| text.file.and_then(tree_of)))
        .collect();
    let patched: BTreeSet<usize> = texts.iter().map(|text| text.closure).collect();
    let reached: BTreeSet<usize> = patched
        .iter()
        .flat_map(|&closure| closures[closure].files.iter().copied())
        .collect();
    let bases: BTreeMap<usize, &Tree> = reached
        .into_iter()
        .filter(|&at| files[at].kind == FileKind::Kubernetes)
        .filter_map(|at| Some((at, tree_of(at)?)))
        .collect();
    let mut drafts: BTreeMap<(usize, usize), (PatchedNode, bool)> = BTreeMap::new();
    let mut used: BTreeSet<(usize, usize)> = BTreeSet::new();

    for (text, tree) in texts.iter().zip(&trees) {
        for (document, patch) in tree.documents().enumerate() {
            for &at in &closures[text.closure].files {
                let Some(base) = bases.get(&at).filter(|_| Some(at) != text.file) else {
                    continue;
                };

                for (index, (object, root)) in
                    files[at].objects.iter().zip(lower::roots(base)).enumerate()
                {
                    if !is_for(text.target.as_ref(), patch, object) {
                        continue;
                    }

                    let (draft, open) = drafts
                        .entry((at, index))
                        .or_insert((PatchedNode::Node(root), false));
                    *open |= text.target.as_ref().is_some_and(|target| target.narrowed);

                    match patch.kind() {
                        Kind::Sequence => draft.apply_json_patch(patch),
                        _ => draft.merge(patch, object.file),
                    }

                    used.extend(text.file.map(|file| (file, document)));
                }
            }
        }
    }

    let mut found = Patched::default();

    for ((at, index), (draft, open)) in &drafts {
        let tree = draft.finish();
        let source = repository.file(FileId(*at as u32));
        let scope = Scope {
            open: *open,
            ..Scope::plain(source.id, &source.text)
        };

        let object = tree.root().and_then(|root| lower::object(root, scope));
        found
            .merged
            .extend(object.map(|object| (*at, *index, object)));
    }

    for (text, tree) in texts.iter().zip(&trees) {
        let Some(file) = text.file else { continue };

        let scope = Scope::plain(text.id, &repository.file(text.id).text).opened();
        let rest = tree
            .documents()
            .enumerate()
            .filter(|(document, _)| !used.contains(&(file, *document)));
        found.left.push((
            file,
            rest.filter_map(|(_, root)| lower::object(root, scope))
                .collect(),
        ));
    }

    found
}

fn patch_texts(files: &[FileFacts], repository: Repository, closures: &[Closure]) -> Vec<Text> {
    let mut texts = Vec::new();

    for (closure, own) in closures.iter().enumerate() {
        let facts = &files[own.kustomization];
        let (Some(kustomization), Some(tree)) = (&facts.kustomization, &facts.tree) else {
            continue;
        };

        for (target, path) in kustomize::file_targets(tree, &kustomization.folder) {
            let Some(file) = repository.find(&path) else {
                continue;
            };

            texts.push(Text {
                closure,
                target,
                file: Some(file.id.0 as usize),
                id: file.id,
                part: None,
            });
        }

        for (target, node) in kustomize::inline_patches(tree) {
            let id = kustomization.file;
            let part = Some(inside(&repository.file(id).text, node));
            texts.push(Text {
                closure,
                target,
                file: None,
                id,
                part,
            });
        }
    }

    texts
}

/// The content of a scalar; of a block, with the indentation of its first line, which belongs to
/// it.
fn inside(text: &str, node: Node) -> Span {
    let span = node.content().span;
    let before = text.get(..span.start as usize).unwrap_or("");
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    if before[line..].trim().is_empty() {
        Span::of(line, span.end as usize)
    } else {
        span
    }
}

/// Whether a patch is meant for an object: by its target, or by its own kind and name.
fn is_for(target: Option<&Target>, patch: Node, object: &Object) -> bool {
    let name = object.name.as_ref().map(|name| name.value.as_str());
    if let Some(target) = target {
        return target.admits(&object.kind.value, name);
    }

    let text = |path: &[&str]| patch.path(path).and_then(Node::str);
    text(&["kind"]) == Some(&object.kind.value)
        && name.is_some()
        && text(&["metadata", "name"]) == name
}

/// Images, counts and namespaces.
fn transform(files: &mut [FileFacts], closure: &Closure) {
    let Some(kustomization) = files[closure.kustomization].kustomization.take() else {
        return;
    };

    for &at in &closure.files {
        for object in &mut files[at].objects {
            set_namespace(object, &kustomization);
            set_counts(object, &kustomization);
            set_images(object, &kustomization);
        }
    }

    files[closure.kustomization].kustomization = Some(kustomization);
}

fn set_namespace(object: &mut Object, kustomization: &Kustomization) {
    let Some(namespace) = kustomization.namespace.known() else {
        return;
    };

    match &object.namespace {
        // Two kustomizations that put it into different namespaces.
        Setting::Set(own) if own.location.file != object.file && own.value != namespace.value => {
            object.namespace = Setting::Unknown(None);
        }
        Setting::Unknown(_) => {}
        _ => object.namespace = Setting::Set(namespace.clone()),
    }
}

fn set_counts(object: &mut Object, kustomization: &Kustomization) {
    let Some(name) = object.name.as_ref().map(|name| name.value.clone()) else {
        return;
    };

    let Body::Workload(workload) = &mut object.body else {
        return;
    };

    if let Some(rule) = kustomization
        .replicas
        .iter()
        .find(|rule| rule.name.value == name)
    {
        workload.replicas = rule.count.clone();
    }
}

fn set_images(object: &mut Object, kustomization: &Kustomization) {
    let Body::Workload(workload) = &mut object.body else {
        return;
    };

    let images = workload
        .pod
        .containers
        .iter_mut()
        .filter_map(|container| container.image.as_mut());
    for image in images {
        let Some(reference) = image.reference.as_mut() else {
            continue;
        };

        let written = image.written.split('@').next().unwrap_or("");
        let bare = match written.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => name,
            _ => written,
        };

        let Some(rule) = kustomization.image(bare) else {
            continue;
        };

        let pinned = image
            .sources
            .iter()
            .any(|source| source.location.file == kustomization.file);
        if pinned || (rule.new_tag.is_none() && rule.digest.is_none() && rule.new_name.is_none()) {
            continue;
        }

        apply_image(rule, reference);
        image.sources.push(Label {
            location: rule.name.location,
            text: "kustomize replaces the image here".to_owned(),
        });
    }
}

fn apply_image(rule: &ImageRule, reference: &mut crate::model::image::Reference) {
    if let Some(name) = &rule.new_name {
        let renamed = crate::model::image::Reference::parse(&name.value);
        reference.registry = renamed.registry;
        reference.path = renamed.path;
    }

    if let Some(tag) = &rule.new_tag {
        reference.tag = Some(tag.value.clone());
        reference.digest = None;
    }

    if let Some(digest) = &rule.digest {
        reference.digest = Some(digest.value.clone());
    }
}

/// Gives containers that say nothing what a LimitRange of their namespace gives them.
fn fill_defaults(files: &mut [FileFacts], repository: Repository) {
    let mut ranges: Vec<(Option<String>, String, Defaults)> = Vec::new();

    for facts in files.iter_mut() {
        for object in &mut facts.objects {
            if let Body::LimitRange(defaults) = &mut object.body {
                let folder = parent(&repository.file(object.file).path).to_owned();
                ranges.push((object.namespace.value().cloned(), folder, copy(defaults)));
            }
        }
    }

    if ranges.is_empty() {
        return;
    }

    for (at, facts) in files.iter_mut().enumerate() {
        let folder = parent(&repository.files()[at].path);

        for object in &mut facts.objects {
            let namespace = object.namespace.value().cloned();
            let Body::Workload(workload) = &mut object.body else {
                continue;
            };

            let found = ranges
                .iter()
                .find(|(own, location, _)| match (own, &namespace) {
                    (Some(own), Some(namespace)) => own == namespace,
                    // Applied together, most likely: neither says where, and one stands beside or
                    // above the other.
                    (None, None) => is_inside(folder, location) || is_inside(location, folder),
                    _ => false,
                });
            let Some((_, _, defaults)) = found else {
                continue;
            };

            for container in &mut workload.pod.containers {
                fill(&mut container.resources, defaults);
            }
        }
    }
}

fn copy(from: &Defaults) -> Defaults {
    Defaults {
        cpu_request: from.cpu_request.clone(),
        cpu_limit: from.cpu_limit.clone(),
        memory_request: from.memory_request.clone(),
        memory_limit: from.memory_limit.clone(),
    }
}

fn fill(resources: &mut Resources, defaults: &Defaults) {
    let or =
        |own: &mut Setting<_>, given: &Setting<_>| *own = std::mem::take(own).or(given.clone());
    or(&mut resources.cpu_request, &defaults.cpu_request);
    or(&mut resources.cpu_limit, &defaults.cpu_limit);
    or(&mut resources.memory_request, &defaults.memory_request);
    or(&mut resources.memory_limit, &defaults.memory_limit);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::file_kind::ChartFolders;
    use crate::model::lower;
    use crate::source::SourceFile;

    const DEPLOY: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n        - name: web\n          image: shop/web:latest\n";

    /// Lowers and joins a repository of `(path, text)` pairs, which are sorted by path, and hands
    /// its objects on.
    fn joined(files: &[(&str, &str)], check: impl FnOnce(&[SourceFile], &[FileFacts])) {
        let sources: Vec<SourceFile> = files
            .iter()
            .enumerate()
            .map(|(at, (path, text))| SourceFile::new(FileId(at as u32), *path, *text))
            .collect();
        let listing = ChartFolders::new(files.iter().map(|(path, _)| *path));
        let mut facts: Vec<FileFacts> = sources
            .iter()
            .map(|source| lower::lower_file(source, &listing))
            .collect();
        join(&mut facts, Repository::new(&sources));
        check(&sources, &facts);
    }

    #[test]
    fn an_overlay_changes_its_base_and_keeps_its_places() {
        let overlay = "namespace: prod\nresources: [../base]\nimages:\n  - name: shop/web\n    newTag: 1.4.2\npatches:\n  - path: probe.yaml\n  - target: {kind: Deployment, name: web}\n    patch: |-\n      - op: replace\n        path: /spec/replicas\n        value: 3\n";
        let probe = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          livenessProbe: {tcpSocket: {port: 80}}\n";
        let files = [
            ("base/deploy.yaml", DEPLOY),
            ("base/kustomization.yaml", "resources: [deploy.yaml]\n"),
            ("prod/kustomization.yaml", overlay),
            ("prod/probe.yaml", probe),
        ];
        joined(&files, |sources, facts| {
            let object = &facts[0].objects[0];
            let workload = object.workload().expect("a workload");
            let container = &workload.pod.containers[0];
            let count = workload.replicas.known().expect("a count");
            assert_eq!((count.value, count.location.file), (3, FileId(2)));
            assert_eq!(count.location.span.text(&sources[2].text), "3");
            assert_eq!(
                container.liveness.location().map(|location| location.file),
                Some(FileId(3))
            );
            assert_eq!(container.readiness, Setting::Absent);
            let reference = container
                .image
                .as_ref()
                .and_then(|image| image.reference.as_ref());
            assert_eq!(
                reference.and_then(|reference| reference.tag.as_deref()),
                Some("1.4.2")
            );
            assert_eq!(object.namespace.value().map(String::as_str), Some("prod"));
            assert!(
                facts[3].objects.is_empty(),
                "the patch has found its object"
            );
        });
    }

    #[test]
    fn a_patch_without_its_object_stays_open() {
        let files = [
            (
                "kustomization.yaml",
                "resources: [https://example.com/x.yaml]\npatches: [{path: web.yaml}]\n",
            ),
            ("web.yaml", DEPLOY),
        ];
        joined(&files, |_, facts| {
            assert!(facts[1].objects[0].open);
            assert!(
                facts[1].objects[0]
                    .workload()
                    .expect("a workload")
                    .pod
                    .containers[0]
                    .liveness
                    .is_unknown()
            );
        });
    }

    /// Each patch is read where it stands: the time grows with the text, not with its square.
    #[test]
    fn thousands_of_inline_patches() {
        let patch = "  - target: {kind: Deployment}\n    patch: |-\n      - {op: replace, path: /spec/replicas, value: 3}\n";
        let overlay = format!(
            "resources: [deploy.yaml]\npatches:\n{}",
            patch.repeat(5_000)
        );
        let quoted = "resources: [deploy.yaml]\npatches:\n  - target: {kind: Deployment}\n    patch: '[{op: replace, path: /spec/replicas, value: 3}]'\n";

        for overlay in [overlay.as_str(), quoted] {
            joined(
                &[("deploy.yaml", DEPLOY), ("kustomization.yaml", overlay)],
                |sources, facts| {
                    let workload = facts[0].objects[0].workload().expect("a workload");
                    let count = workload.replicas.known().expect("a count");
                    assert_eq!(
                        (count.value, count.location.span.text(&sources[1].text)),
                        (3, "3")
                    );
                },
            );
        }
    }

    #[test]
    fn circles_of_kustomizations_end() {
        let files = [
            ("a/kustomization.yaml", "resources: [../b]\n"),
            ("b/kustomization.yaml", "resources: [../a]\n"),
        ];
        joined(&files, |_, facts| assert_eq!(facts.len(), 2));
    }
}
