//! A map whose copies share what they do not change.
//!
//! A Dockerfile may have thousands of stages, each with the variables of the one before and one
//! more. Copied whole, their scopes would take memory and time with the square of the file.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Bits of the hash that choose a child, and the number of children.
const BITS: u32 = 4;
const CHILDREN: usize = 1 << BITS;

/// A map from names, as a trie of their hashes.
#[derive(Clone, Debug)]
pub struct PersistentMap<V> {
    root: Option<Arc<TrieNode<V>>>,
}

impl<V> Default for PersistentMap<V> {
    fn default() -> Self {
        Self { root: None }
    }
}

#[derive(Clone, Debug)]
enum TrieNode<V> {
    Branch([Option<Arc<TrieNode<V>>>; CHILDREN]),
    /// The entries of one hash.
    Leaf(u64, Vec<(Arc<str>, V)>),
}

impl<V> PersistentMap<V> {
    /// Every name, in an order that only the names decide.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let mut open: Vec<&TrieNode<V>> = self.root.as_deref().into_iter().collect();
        let mut entries: &[(Arc<str>, V)] = &[];
        std::iter::from_fn(move || {
            loop {
                if let Some(((name, _), rest)) = entries.split_first() {
                    entries = rest;
                    return Some(&**name);
                }

                match open.pop()? {
                    TrieNode::Branch(children) => {
                        open.extend(children.iter().filter_map(Option::as_deref))
                    }
                    TrieNode::Leaf(_, leaf) => entries = leaf,
                }
            }
        })
    }
}

impl<V: Clone> PersistentMap<V> {
    pub fn get(&self, name: &str) -> Option<&V> {
        let hash = hash(name);
        let mut node = self.root.as_deref()?;
        let mut depth = 0;

        loop {
            match node {
                TrieNode::Branch(children) => node = children[child(hash, depth)].as_deref()?,
                TrieNode::Leaf(_, entries) => {
                    return entries
                        .iter()
                        .find(|(known, _)| &**known == name)
                        .map(|(_, value)| value);
                }
            }

            depth += 1;
        }
    }

    pub fn insert(&mut self, name: &str, value: V) {
        let hash = hash(name);
        let mut slot = &mut self.root;
        let mut depth = 0;

        loop {
            // Two hashes in one place: the leaf moves down a level, until they part.
            if let Some(TrieNode::Leaf(other, _)) = slot.as_deref()
                && *other != hash
            {
                let below = child(*other, depth);
                let mut children = [const { None }; CHILDREN];
                children[below] = slot.take();
                *slot = Some(Arc::new(TrieNode::Branch(children)));
            }

            let node = slot.get_or_insert_with(|| Arc::new(TrieNode::Leaf(hash, Vec::new())));

            match Arc::make_mut(node) {
                TrieNode::Branch(children) => slot = &mut children[child(hash, depth)],
                TrieNode::Leaf(_, entries) => {
                    match entries.iter_mut().find(|(known, _)| &**known == name) {
                        Some((_, old)) => *old = value,
                        None => entries.push((name.into(), value)),
                    }

                    return;
                }
            }

            depth += 1;
        }
    }
}

/// The same in every run, like everything that decides what is found.
fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// Which child a hash belongs to. Equal hashes share a leaf, so no branch is deeper than the hash
/// has digits.
const fn child(hash: u64, depth: u32) -> usize {
    (hash >> (BITS * depth)) as usize % CHILDREN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_does_not_see_what_is_set_later() {
        let mut first = PersistentMap::default();
        for number in 0..1000 {
            first.insert(&format!("V{number}"), number);
        }

        let mut second = first.clone();
        second.insert("V7", 70);
        second.insert("NEW", 1);
        assert_eq!((first.get("V7"), first.get("NEW")), (Some(&7), None));
        assert_eq!(
            (second.get("V7"), second.get("NEW"), second.get("V999")),
            (Some(&70), Some(&1), Some(&999))
        );
        assert_eq!(second.get("V1000"), None);
        assert_eq!(
            (first.names().count(), second.names().count()),
            (1000, 1001)
        );
    }
}
