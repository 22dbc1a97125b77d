//! Patches: strategic merge and JSON 6902, applied to trees. Every node keeps the place it has in
//! its own file.
//!
//! Nothing here knows which patch is for which object; see `join`.

use std::borrow::Cow;

use crate::source::{FileId, Location};
use crate::syntax::yaml::{Builder, Built, Kind, Node, Tree};

/// A tree that is being patched: nodes as written, and collections that were put together.
#[derive(Clone, Debug)]
pub(super) enum PatchedNode<'t> {
    Node(Node<'t>),
    Mapping(Location, Vec<(Key<'t>, PatchedNode<'t>)>),
    Sequence(Location, Vec<PatchedNode<'t>>),
    /// Set in different ways by different patches.
    Unknown(Location),
}

/// A key and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Key<'t> {
    location: Location,
    text: Cow<'t, str>,
}

/// How deep patches are followed; below, the patch replaces what it meets.
const DEPTH: u32 = 64;

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
        }
    }

    /// Takes a written collection apart by one level.
    fn open(&mut self) {
        if let PatchedNode::Node(node) = self {
            match node.kind() {
                Kind::Mapping => {
                    let entries = node
                        .entries()
                        .filter_map(|entry| Some((key(entry.key)?, PatchedNode::Node(entry.value))))
                        .collect();
                    *self = PatchedNode::Mapping(node.location(), entries);
                }
                Kind::Sequence => {
                    *self = PatchedNode::Sequence(
                        node.location(),
                        node.items().map(PatchedNode::Node).collect(),
                    )
                }
                _ => {}
            }
        }
    }

    fn entry(&mut self, key: &str) -> Option<&mut PatchedNode<'t>> {
        self.open();

        match self {
            PatchedNode::Mapping(_, entries) => entries
                .iter_mut()
                .find(|(own, _)| own.text == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    fn text(&self, key: &str) -> Option<&'t str> {
        match self {
            PatchedNode::Node(node) => node.get(key)?.str(),
            PatchedNode::Mapping(_, entries) => {
                let (_, value) = entries.iter().find(|(own, _)| own.text == key)?;
                if let PatchedNode::Node(node) = value {
                    node.str()
                } else {
                    None
                }
            }
            _ => None,
        }
    }

    /// Applies a strategic merge patch. `home` is the file of the object: a value that stands
    /// elsewhere was set by another patch, and two patches that disagree leave it unknown.
    pub fn merge(&mut self, patch: Node<'t>, home: FileId) {
        self.merge_at(patch, "", home, 0);
    }

    fn merge_at(&mut self, patch: Node<'t>, key: &str, home: FileId, depth: u32) {
        let replaces = patch.get("$patch").and_then(Node::str) == Some("replace");

        if depth > DEPTH || replaces {
            *self = PatchedNode::Node(patch);
            return;
        }

        match (self.kind(), patch.kind()) {
            (Kind::Mapping, Kind::Mapping) => self.merge_mapping(patch, home, depth),
            (Kind::Sequence, Kind::Sequence) if merge_key(key).is_some() => {
                self.merge_sequence(patch, key, home, depth)
            }
            (Kind::Unknown, _) => {}
            (Kind::Scalar, Kind::Scalar) => {
                let PatchedNode::Node(own) = self else { return };

                let disagree = own.location().file != home && own.str() != patch.str();
                *self = if disagree {
                    PatchedNode::Unknown(patch.location())
                } else {
                    PatchedNode::Node(patch)
                };
            }
            _ => *self = PatchedNode::Node(patch),
        }
    }

    fn merge_mapping(&mut self, patch: Node<'t>, home: FileId, depth: u32) {
        self.open();
        let PatchedNode::Mapping(_, entries) = self else {
            return;
        };

        for entry in patch.entries() {
            let Some(key) = entry.key.str().filter(|key| !key.starts_with('$')) else {
                continue;
            };

            let own = entries.iter().position(|(own, _)| own.text == key);

            match own {
                Some(at) if entry.value.is_null() => {
                    entries.remove(at);
                }
                Some(at) => entries[at].1.merge_at(entry.value, key, home, depth + 1),
                None => entries
                    .extend(self::key(entry.key).map(|key| (key, PatchedNode::Node(entry.value)))),
            }
        }
    }

    fn merge_sequence(&mut self, patch: Node<'t>, key: &str, home: FileId, depth: u32) {
        self.open();
        let PatchedNode::Sequence(_, items) = self else {
            return;
        };

        for item in patch.items() {
            let id = merge_key(key)
                .into_iter()
                .flatten()
                .find_map(|field| Some((*field, item.get(field)?.str()?)));
            let Some((field, value)) = id else { continue };

            let own = items.iter().position(|own| own.text(field) == Some(value));
            let deletes = item.get("$patch").and_then(Node::str) == Some("delete");

            match own {
                Some(at) if deletes => {
                    items.remove(at);
                }
                Some(at) => items[at].merge_at(item, "", home, depth + 1),
                None if deletes => {}
                None => items.push(PatchedNode::Node(item)),
            }
        }
    }

    /// Applies a list of JSON 6902 operations. What cannot be followed is left as it is.
    pub fn apply_json_patch(&mut self, operations: Node<'t>) {
        for operation in operations.items() {
            let text = |key: &str| operation.get(key).and_then(Node::str);
            let (Some(op), Some(path)) = (text("op"), text("path")) else {
                continue;
            };

            let mut parts: Vec<String> = path
                .split('/')
                .skip(1)
                .map(|part| part.replace("~1", "/").replace("~0", "~"))
                .collect();
            let Some(last) = parts.pop() else { continue };

            let value = operation.entry("value").map(|entry| entry.value);
            self.operate_at(&parts, &last, op, value, operation);
        }
    }

    fn operate_at(
        &mut self,
        parts: &[String],
        last: &str,
        op: &str,
        value: Option<Node<'t>>,
        operation: Node<'t>,
    ) {
        self.open();

        if let Some((first, rest)) = parts.split_first() {
            let next = match self {
                PatchedNode::Sequence(_, items) => {
                    first.parse().ok().and_then(|at: usize| items.get_mut(at))
                }
                _ => self.entry(first),
            };

            if let Some(next) = next {
                next.operate_at(rest, last, op, value, operation);
            }

            return;
        }

        match (self, op, value) {
            (PatchedNode::Sequence(_, items), "add", Some(value)) => {
                let at = last.parse().unwrap_or(items.len()).min(items.len());
                items.insert(at, PatchedNode::Node(value));
            }
            (PatchedNode::Sequence(_, items), "replace", Some(value)) => {
                if let Some(item) = last.parse().ok().and_then(|at: usize| items.get_mut(at)) {
                    *item = PatchedNode::Node(value);
                }
            }
            (PatchedNode::Sequence(_, items), "remove", _) => {
                if let Some(at) = last.parse().ok().filter(|at: &usize| *at < items.len()) {
                    items.remove(at);
                }
            }
            (PatchedNode::Mapping(_, entries), "add" | "replace", Some(value)) => {
                match entries.iter_mut().find(|(own, _)| own.text == last) {
                    Some((_, own)) => *own = PatchedNode::Node(value),
                    // The key stands inside a path, so the operation's own path speaks for it.
                    None => {
                        let location = operation
                            .get("path")
                            .map_or(value.location(), Node::content);
                        entries.push((
                            Key {
                                location,
                                text: Cow::Owned(last.to_owned()),
                            },
                            PatchedNode::Node(value),
                        ));
                    }
                }
            }
            (PatchedNode::Mapping(_, entries), "remove", _) => {
                entries.retain(|(own, _)| own.text != last)
            }
            _ => {}
        }
    }
}

fn key(node: Node) -> Option<Key> {
    Some(Key {
        location: node.content(),
        text: Cow::Borrowed(node.str()?),
    })
}

/// What tells the items of a list apart, by the list's key; other lists are replaced whole.
const fn merge_key(list: &str) -> Option<&'static [&'static str]> {
    match list.as_bytes() {
        b"containers"
        | b"initContainers"
        | b"ephemeralContainers"
        | b"volumes"
        | b"env"
        | b"imagePullSecrets" => Some(&["name"]),
        b"ports" => Some(&["containerPort", "port"]),
        b"volumeMounts" => Some(&["mountPath"]),
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

    const BASE: &str = "spec:\n  replicas: 1\n  containers:\n    - name: web\n      image: a\n      args: [x, y]\n    - name: side\n";

    #[test]
    fn lists_merge_by_name_and_others_are_replaced() {
        let base = tree(0, BASE);
        let patch = tree(
            1,
            "spec:\n  containers:\n    - name: web\n      args: [z]\n      tty: true\n    - name: side\n      $patch: delete\n    - name: new\n",
        );
        let mut draft = PatchedNode::Node(base.root().unwrap());
        draft.merge(patch.root().unwrap(), FileId(0));
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
        let (one, two, same) = (
            tree(1, "spec: {replicas: 2}"),
            tree(2, "spec: {replicas: 3}"),
            tree(3, "spec: {replicas: 2}"),
        );
        let mut draft = PatchedNode::Node(base.root().unwrap());
        draft.merge(one.root().unwrap(), FileId(0));
        draft.merge(same.root().unwrap(), FileId(0));
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
        draft.merge(two.root().unwrap(), FileId(0));
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
    fn operations_add_replace_and_remove() {
        let base = tree(0, BASE);
        let operations = tree(
            1,
            "- {op: replace, path: /spec/replicas, value: 5}\n- {op: add, path: /spec/containers/0/args/-, value: z}\n- {op: remove, path: /spec/containers/1}\n- {op: add, path: /spec/a~1b, value: 1}\n- {op: test, path: /x}\n- 3\n",
        );
        let mut draft = PatchedNode::Node(base.root().unwrap());
        draft.apply_json_patch(operations.root().unwrap());
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
