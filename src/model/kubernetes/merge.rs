//! Patches: strategic merge and JSON 6902, applied to trees. Every node keeps its location in its
//! own file.
//!
//! Which patch is for which object is decided in `join`.

use std::borrow::Cow;

use crate::source::{FileId, Location};
use crate::syntax::yaml::{Builder, Built, Kind, Node, Tree};

/// A tree that is being patched: nodes as written, and collections that were put together.
#[derive(Clone, Debug)]
pub(super) enum PatchedNode<'t> {
    Node(Node<'t>),
    Mapping(Location, Vec<(PatchedKey<'t>, PatchedNode<'t>)>),
    Sequence(Location, Vec<PatchedNode<'t>>),
    /// Set in different ways by different patches.
    Unknown(Location),
    /// Removed by a patch, here.
    Removed(Location),
}

/// How a patch is applied.
#[derive(Clone, Copy, Debug)]
pub(super) struct PatchScope {
    /// The file of the object: a value from elsewhere was set by another patch, and two patches that
    /// disagree leave it unknown.
    pub home: FileId,
    pub removal: Removal,
    pub conflict: Conflict,
    pub lists: ListMerge,
}

/// How a strategic merge patch treats the lists of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListMerge {
    /// Those of Kubernetes' own kinds have keys by which items are merged.
    ByKey,
    /// Those of other kinds are replaced.
    Replaced,
}

/// What becomes of a field that two patches set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conflict {
    /// They are of different kustomizations, so it is unknown.
    Unknown,
    /// They are applied one after the other, so the last one holds.
    LastHolds,
}

/// What becomes of a field that a patch removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Removal {
    /// It is gone wherever the object is deployed.
    Everywhere,
    /// Others deploy the object with it.
    Here,
}

impl PatchScope {
    fn removed<'t>(self, location: Location) -> PatchedNode<'t> {
        match self.removal {
            Removal::Everywhere => PatchedNode::Removed(location),
            Removal::Here => PatchedNode::Unknown(location),
        }
    }
}

/// A key with its location.
#[derive(Clone, Debug)]
pub(super) struct PatchedKey<'t> {
    location: Location,
    text: Cow<'t, str>,
}

impl<'t> PatchedKey<'t> {
    fn of_node(node: Node<'t>) -> Option<Self> {
        Some(Self {
            location: node.content(),
            text: Cow::Borrowed(node.str()?),
        })
    }
}

/// How deep patches are followed; below, the patch replaces what it meets.
const MAX_DEPTH: u32 = 64;

impl<'t> PatchedNode<'t> {
    /// The tree with this one root.
    pub fn finish(&self) -> Tree<'t> {
        let mut builder = Builder::new();
        let root = self.build(&mut builder);

        builder.finish(vec![root])
    }

    fn build(&self, builder: &mut Builder<'t>) -> Built {
        match self {
            PatchedNode::Node(node) => builder.copy(*node),
            PatchedNode::Unknown(location) => builder.unknown(*location),
            PatchedNode::Removed(location) => builder.null(*location),
            PatchedNode::Sequence(location, items) => {
                let items = items.iter().map(|item| item.build(builder)).collect();
                builder.sequence(*location, items)
            }
            PatchedNode::Mapping(location, entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| {
                        (
                            builder.scalar(key.location, key.text.clone()),
                            value.build(builder),
                        )
                    })
                    .collect();
                builder.mapping(*location, entries)
            }
        }
    }

    fn kind(&self) -> Kind {
        match self {
            PatchedNode::Node(node) => node.kind(),
            PatchedNode::Mapping(..) => Kind::Mapping,
            PatchedNode::Sequence(..) => Kind::Sequence,
            PatchedNode::Unknown(_) => Kind::Unknown,
            PatchedNode::Removed(_) => Kind::Null,
        }
    }

    /// Turns a collection as written into one that can be changed, by one level.
    fn open(&mut self) {
        let PatchedNode::Node(node) = self else {
            return;
        };

        match node.kind() {
            Kind::Mapping => {
                let entries = node.entries().filter_map(|entry| {
                    Some((
                        PatchedKey::of_node(entry.key)?,
                        PatchedNode::Node(entry.value),
                    ))
                });
                *self = PatchedNode::Mapping(node.location(), entries.collect());
            }
            Kind::Sequence => {
                let items = node.items().map(PatchedNode::Node);
                *self = PatchedNode::Sequence(node.location(), items.collect());
            }
            _ => {}
        }
    }

    /// The value of a key, or the item of a number.
    fn child(&mut self, key: &str) -> Option<&mut PatchedNode<'t>> {
        self.open();

        match self {
            PatchedNode::Mapping(_, entries) => entries
                .iter_mut()
                .find(|(entry_key, _)| entry_key.text == key)
                .map(|(_, value)| value),
            PatchedNode::Sequence(_, items) => items.get_mut(key.parse::<usize>().ok()?),
            PatchedNode::Node(_) | PatchedNode::Unknown(_) | PatchedNode::Removed(_) => None,
        }
    }

    /// The value behind a path of keys.
    fn at(&mut self, path: &[&str]) -> Option<&mut PatchedNode<'t>> {
        path.iter().try_fold(self, |node, key| node.child(key))
    }

    /// The string under a key.
    fn text(&self, key: &str) -> Option<&'t str> {
        let value = match self {
            PatchedNode::Node(node) => node.get(key)?,
            PatchedNode::Mapping(_, entries) => {
                let (_, value) = entries
                    .iter()
                    .find(|(entry_key, _)| entry_key.text == key)?;
                let PatchedNode::Node(value) = value else {
                    return None;
                };
                *value
            }
            PatchedNode::Sequence(..) | PatchedNode::Unknown(_) | PatchedNode::Removed(_) => {
                return None;
            }
        };

        value.str()
    }

    /// Applies a strategic merge patch. No patch changes what identifies the object.
    pub fn merge(&mut self, patch: Node<'t>, scope: PatchScope) {
        let identity = Identity::of_object(self);
        self.merge_under(patch, "", scope, 0);
        identity.restore(self);
    }

    /// Leaves the value at a path unknown: something is written there that is not known. A part in
    /// brackets, `[name=web]`, is the item with that field; `*` is every item.
    pub fn forget(&mut self, path: &[&str], location: Location) {
        let Some((key, rest)) = path.split_first() else {
            *self = PatchedNode::Unknown(location);
            return;
        };

        self.open();

        match self {
            PatchedNode::Mapping(_, entries) => {
                let value = entries
                    .iter_mut()
                    .find(|(entry_key, _)| entry_key.text == *key)
                    .map(|(_, value)| value);
                if let Some(value) = value {
                    value.forget(rest, location);
                }
            }
            PatchedNode::Sequence(_, items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    if is_item(item, index, key) {
                        item.forget(rest, location);
                    }
                }
            }
            PatchedNode::Node(_) | PatchedNode::Unknown(_) | PatchedNode::Removed(_) => {}
        }
    }

    /// Merges a patch into the value of a key.
    fn merge_under(&mut self, patch: Node<'t>, key: &str, scope: PatchScope, depth: u32) {
        if depth > MAX_DEPTH || directive(patch) == Some("replace") {
            *self = PatchedNode::without_directives(patch);
            return;
        }

        if patch.items().any(|item| directive(item) == Some("replace")) {
            let items = patch.items().filter(|item| directive(*item).is_none());
            *self = PatchedNode::Sequence(patch.location(), items.map(PatchedNode::Node).collect());
            return;
        }

        match (self.kind(), patch.kind()) {
            (Kind::Mapping, Kind::Mapping) => self.merge_mapping(patch, scope, depth),
            (Kind::Sequence, Kind::Sequence)
                if merge_fields(key).is_some() && scope.lists == ListMerge::ByKey =>
            {
                self.merge_sequence(patch, key, scope, depth);
            }
            (Kind::Unknown, _) => {}
            (Kind::Scalar, Kind::Scalar) => self.merge_scalar(patch, scope),
            _ => *self = PatchedNode::Node(patch),
        }
    }

    /// A mapping of a patch as a value: without the keys that say how it is merged.
    fn without_directives(patch: Node<'t>) -> Self {
        let mut value = PatchedNode::Node(patch);
        value.open();

        if let PatchedNode::Mapping(_, entries) = &mut value {
            entries.retain(|(key, _)| !key.text.starts_with('$'));
        }

        value
    }

    fn merge_scalar(&mut self, patch: Node<'t>, scope: PatchScope) {
        let PatchedNode::Node(scalar) = self else {
            return;
        };

        // A patch names what it changes; what it only repeats stays where it is.
        if scalar.str() == patch.str() {
            return;
        }

        let is_patched =
            scope.conflict == Conflict::Unknown && scalar.location().file != scope.home;
        *self = if is_patched {
            PatchedNode::Unknown(patch.location())
        } else {
            PatchedNode::Node(patch)
        };
    }

    fn merge_mapping(&mut self, patch: Node<'t>, scope: PatchScope, depth: u32) {
        self.open();
        let PatchedNode::Mapping(_, entries) = self else {
            return;
        };

        if let Some(retained) = patch.get("$retainKeys") {
            let is_retained =
                |key: &PatchedKey| retained.items().any(|item| item.str() == Some(&*key.text));
            entries.retain(|(key, _)| is_retained(key));
        }

        for entry in patch.entries() {
            let Some(key) = PatchedKey::of_node(entry.key) else {
                continue;
            };

            if key.text.starts_with('$') {
                continue;
            }

            let index = entries
                .iter()
                .position(|(entry_key, _)| entry_key.text == key.text);

            match index {
                Some(index)
                    if entry.value.is_null() || directive(entry.value) == Some("delete") =>
                {
                    entries[index].1 = scope.removed(key.location);
                }
                Some(index) => {
                    let value = &mut entries[index].1;
                    value.merge_under(entry.value, &key.text, scope, depth + 1);
                }
                // What is not there cannot be removed.
                None if entry.value.is_null() || directive(entry.value) == Some("delete") => {}
                None => entries.push((key, PatchedNode::without_directives(entry.value))),
            }
        }
    }

    fn merge_sequence(&mut self, patch: Node<'t>, key: &str, scope: PatchScope, depth: u32) {
        self.open();
        let PatchedNode::Sequence(_, items) = self else {
            return;
        };

        for patch in patch.items() {
            let identity = merge_fields(key)
                .into_iter()
                .flatten()
                .find_map(|field| Some((*field, patch.get(field)?.str()?)));
            let Some((field, value)) = identity else {
                continue;
            };

            let index = items
                .iter()
                .position(|item| item.text(field) == Some(value));
            let deletes = directive(patch) == Some("delete");

            match index {
                Some(index) if deletes => {
                    if scope.removal == Removal::Everywhere {
                        items.remove(index);
                    }
                }
                Some(index) => items[index].merge_under(patch, "", scope, depth + 1),
                None if deletes => {}
                None => items.push(PatchedNode::Node(patch)),
            }
        }
    }

    /// Applies a list of JSON 6902 operations. What cannot be followed is left as it is.
    pub fn apply_json_patch(&mut self, operations: Node<'t>, scope: PatchScope) {
        for operation in operations.items() {
            if let Some(operation) = Operation::of_node(operation) {
                operation.apply(self, scope);
            }
        }
    }

    /// Adds an item at an index, or at the end.
    fn insert(&mut self, index: &str, value: Node<'t>) {
        if let PatchedNode::Sequence(_, items) = self {
            let index = index.parse().unwrap_or(items.len()).min(items.len());
            items.insert(index, PatchedNode::Node(value));
        }
    }

    fn remove(&mut self, key: &str, location: Location, scope: PatchScope) {
        match self {
            PatchedNode::Mapping(_, entries) => {
                if let Some((_, value)) = entries.iter_mut().find(|(entry, _)| entry.text == key) {
                    *value = scope.removed(location);
                }
            }
            PatchedNode::Sequence(_, items) => {
                if let Ok(index) = key.parse::<usize>()
                    && index < items.len()
                    && scope.removal == Removal::Everywhere
                {
                    items.remove(index);
                }
            }
            PatchedNode::Node(_) | PatchedNode::Unknown(_) | PatchedNode::Removed(_) => {}
        }
    }
}

/// The keys that identify an object.
const IDENTITY: [&[&str]; 3] = [&["apiVersion"], &["kind"], &["metadata", "name"]];

/// What identifies an object, with its places.
struct Identity<'t>([Option<PatchedNode<'t>>; 3]);

impl<'t> Identity<'t> {
    fn of_object(object: &mut PatchedNode<'t>) -> Self {
        Self(IDENTITY.map(|path| object.at(path).cloned()))
    }

    fn restore(self, object: &mut PatchedNode<'t>) {
        for (path, value) in IDENTITY.into_iter().zip(self.0) {
            if let (Some(value), Some(place)) = (value, object.at(path)) {
                *place = value;
            }
        }
    }
}

/// Whether an item of a list is the one that a part of a path means.
fn is_item(item: &PatchedNode, index: usize, part: &str) -> bool {
    if part == "*" {
        return true;
    }

    let field = part
        .strip_prefix('[')
        .and_then(|part| part.strip_suffix(']'));
    match field.and_then(|field| field.split_once('=')) {
        Some((field, value)) => item.text(field) == Some(value),
        None => part.parse() == Ok(index),
    }
}

/// The directive of a strategic merge patch.
pub(super) fn directive(patch: Node<'_>) -> Option<&str> {
    patch.get("$patch")?.str()
}

/// The operations of a JSON patch on paths that the patched object does not have, which kustomize
/// refuses: name, path, and the place of the path. Items of lists move, so they are not followed.
pub(super) fn refused_operations(
    object: Node,
    operations: Node,
) -> Vec<(String, String, Location)> {
    let mut refused = Vec::new();

    for operation in operations.items().filter_map(Operation::of_node) {
        let needed = match (operation.name, operation.path.split_last()) {
            ("replace" | "remove", _) => operation.path.as_slice(),
            ("add", Some((_, parents))) => parents,
            _ => continue,
        };

        if !has_path(object, needed) {
            let path = format!("/{}", operation.path.join("/"));
            refused.push((operation.name.to_owned(), path, operation.location));
        }
    }

    refused
}

/// Whether an object has a value at a path, or may have.
fn has_path(object: Node, path: &[String]) -> bool {
    let mut node = object;

    for key in path {
        match node.kind() {
            Kind::Mapping => match node.get(key) {
                Some(value) => node = value,
                None => return false,
            },
            Kind::Scalar => return false,
            _ => return true,
        }
    }

    true
}

/// One JSON 6902 operation.
struct Operation<'t> {
    name: &'t str,
    /// The keys and indexes that lead to what is changed; the last one may not be there yet.
    path: Vec<String>,
    location: Location,
    value: Option<Node<'t>>,
}

impl<'t> Operation<'t> {
    fn of_node(node: Node<'t>) -> Option<Self> {
        let path = node.get("path")?;
        let parts = path.str()?.split('/').skip(1);

        Some(Self {
            name: node.get("op")?.str()?,
            path: parts
                .map(|part| part.replace("~1", "/").replace("~0", "~"))
                .collect(),
            location: path.content(),
            value: node.entry("value").map(|entry| entry.value),
        })
    }

    fn apply(&self, root: &mut PatchedNode<'t>, scope: PatchScope) {
        let Some((last, parents)) = self.path.split_last() else {
            return;
        };

        let mut parent = root;

        for key in parents {
            let Some(child) = parent.child(key) else {
                return;
            };

            parent = child;
        }

        parent.open();
        let is_sequence = parent.kind() == Kind::Sequence;

        match (self.name, self.value) {
            ("add", Some(value)) if is_sequence => parent.insert(last, value),
            ("add" | "replace", Some(value)) => match parent.child(last) {
                Some(child) => *child = PatchedNode::Node(value),
                None if self.name == "add" => self.add_key(parent, last, value),
                // kustomize refuses to build.
                None => {}
            },
            ("remove", _) => parent.remove(last, self.location, scope),
            // From a place that is not followed.
            ("copy" | "move", _) if !is_sequence => match parent.child(last) {
                Some(child) => *child = PatchedNode::Unknown(self.location),
                None => {
                    if let PatchedNode::Mapping(_, entries) = parent {
                        entries.push((
                            PatchedKey {
                                location: self.location,
                                text: Cow::Owned(last.clone()),
                            },
                            PatchedNode::Unknown(self.location),
                        ));
                    }
                }
            },
            _ => {}
        }
    }

    /// Adds an entry to a mapping. Its key is a part of the operation's path, so the path is its
    /// location.
    fn add_key(&self, mapping: &mut PatchedNode<'t>, key: &str, value: Node<'t>) {
        if let PatchedNode::Mapping(_, entries) = mapping {
            let key = PatchedKey {
                location: self.location,
                text: Cow::Owned(key.to_owned()),
            };
            entries.push((key, PatchedNode::Node(value)));
        }
    }
}

/// The fields that identify the items of a list, by the list's key. Other lists are replaced whole.
const fn merge_fields(list: &str) -> Option<&'static [&'static str]> {
    match list.as_bytes() {
        b"containers"
        | b"initContainers"
        | b"ephemeralContainers"
        | b"volumes"
        | b"env"
        | b"imagePullSecrets"
        | b"secrets"
        | b"resourceClaims"
        | b"schedulingGates"
        | b"webhooks" => Some(&["name"]),
        b"ports" => Some(&["containerPort", "port"]),
        b"volumeMounts" => Some(&["mountPath"]),
        b"volumeDevices" => Some(&["devicePath"]),
        b"topologySpreadConstraints" => Some(&["topologyKey"]),
        b"hostAliases" => Some(&["ip"]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(file: u32, text: &str) -> Tree<'_> {
        Tree::parse(FileId(file), text).tree
    }

    const ALONE: PatchScope = PatchScope {
        home: FileId(0),
        removal: Removal::Everywhere,
        conflict: Conflict::Unknown,
        lists: ListMerge::ByKey,
    };

    const BASE: &str = r"
spec:
  replicas: 1
  containers:
    - name: web
      image: a
      args: [x, y]
    - name: side
";

    #[test]
    fn lists_merge_by_name_and_others_are_replaced() {
        let base = tree(0, BASE);
        let patch = tree(
            1,
            r"
spec:
  containers:
    - name: web
      args: [z]
      tty: true
    - name: side
      $patch: delete
    - name: new
",
        );
        let mut draft = PatchedNode::Node(base.root().unwrap());
        draft.merge(patch.root().unwrap(), ALONE);
        let merged = draft.finish();
        let containers = merged
            .root()
            .unwrap()
            .path(&["spec", "containers"])
            .unwrap();
        assert_eq!(
            containers
                .items()
                .filter_map(|item| item.get("name")?.str())
                .collect::<Vec<_>>(),
            ["web", "new"]
        );
        let web = containers.items().next().unwrap();
        assert_eq!(web.get("args").unwrap().len(), 1);
        assert_eq!(web.get("image").unwrap().location().file, FileId(0));
        assert_eq!(web.get("tty").unwrap().location().file, FileId(1));
    }

    #[test]
    fn patches_that_disagree_leave_a_value_unknown() {
        let base = tree(0, BASE);
        let (first, second, same) = (
            tree(1, "spec: {replicas: 2}"),
            tree(2, "spec: {replicas: 3}"),
            tree(3, "spec: {replicas: 2}"),
        );
        let mut draft = PatchedNode::Node(base.root().unwrap());
        draft.merge(first.root().unwrap(), ALONE);
        draft.merge(same.root().unwrap(), ALONE);
        assert_eq!(
            draft
                .finish()
                .root()
                .unwrap()
                .path(&["spec", "replicas"])
                .unwrap()
                .str(),
            Some("2")
        );
        draft.merge(second.root().unwrap(), ALONE);
        assert_eq!(
            draft
                .finish()
                .root()
                .unwrap()
                .path(&["spec", "replicas"])
                .unwrap()
                .kind(),
            Kind::Unknown
        );
    }

    #[test]
    fn what_a_patch_repeats_stays_where_it_is() {
        let base = tree(0, "kind: Job\nmetadata: {name: web}\nspec: {a: 1, b: 1}\n");
        let patch = tree(
            1,
            "kind: Any\nmetadata: {name: other, labels: {x: y}}\nspec: {a: 1, b: 2}",
        );
        let mut draft = PatchedNode::Node(base.root().unwrap());
        draft.merge(patch.root().unwrap(), ALONE);
        let merged = draft.finish();
        let root = merged.root().unwrap();
        let value = |path: &[&str]| {
            let node = root.path(path).unwrap();
            (node.str().unwrap_or("").to_owned(), node.location().file.0)
        };

        assert_eq!(value(&["kind"]), ("Job".to_owned(), 0));
        assert_eq!(value(&["metadata", "name"]), ("web".to_owned(), 0));
        assert_eq!(value(&["metadata", "labels", "x"]), ("y".to_owned(), 1));
        assert_eq!(value(&["spec", "a"]), ("1".to_owned(), 0));
        assert_eq!(value(&["spec", "b"]), ("2".to_owned(), 1));
    }

    #[test]
    fn a_path_is_forgotten() {
        let base = tree(0, BASE);
        let mut draft = PatchedNode::Node(base.root().unwrap());
        draft.forget(
            &["spec", "containers", "[name=web]", "image"],
            Location::default(),
        );
        let merged = draft.finish();
        let container = merged
            .root()
            .unwrap()
            .path(&["spec", "containers"])
            .unwrap();
        let image = container.items().next().unwrap().get("image").unwrap();

        assert_eq!(image.kind(), Kind::Unknown);
    }

    #[test]
    fn operations_add_replace_and_remove() {
        let base = tree(0, BASE);
        let operations = tree(
            1,
            r"
- {op: replace, path: /spec/replicas, value: 5}
- {op: add, path: /spec/containers/0/args/-, value: z}
- {op: remove, path: /spec/containers/1}
- {op: add, path: /spec/a~1b, value: 1}
- {op: test, path: /x}
- 3
",
        );
        let mut draft = PatchedNode::Node(base.root().unwrap());
        draft.apply_json_patch(operations.root().unwrap(), ALONE);
        let merged = draft.finish();
        let spec = merged.root().unwrap().get("spec").unwrap();
        assert_eq!(spec.get("replicas").unwrap().str(), Some("5"));
        assert_eq!(spec.get("a/b").unwrap().str(), Some("1"));
        assert_eq!(spec.get("containers").unwrap().len(), 1);
        assert_eq!(
            spec.get("containers")
                .unwrap()
                .items()
                .next()
                .unwrap()
                .get("args")
                .unwrap()
                .len(),
            3
        );
    }
}
