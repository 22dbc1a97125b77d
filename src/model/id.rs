//! Numbers of the parts of a repository. A part is known by its id; a location only says where it
//! is written, and two parts may be written at one place.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Index, IndexMut};

/// The number of a part in the list of all parts of its kind.
pub struct Id<T> {
    number: u32,
    kind: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    pub const fn new(number: usize) -> Self {
        Self {
            number: number as u32,
            kind: PhantomData,
        }
    }

    pub const fn number(self) -> usize {
        self.number as usize
    }
}

// Derived, these would hold only for parts that are such themselves.

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> Default for Id<T> {
    fn default() -> Self {
        Self::new(0)
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Id({})", self.number)
    }
}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.number.cmp(&other.number)
    }
}

impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

/// A value for each part of a kind, by its id; often the parts themselves.
pub struct IdVec<T, V = T> {
    values: Vec<V>,
    kind: PhantomData<fn() -> T>,
}

impl<T, V> IdVec<T, V> {
    /// A value for each of so many parts.
    pub fn with(count: usize, value: impl FnMut() -> V) -> Self {
        std::iter::repeat_with(value).take(count).collect()
    }

    pub fn push(&mut self, value: V) -> Id<T> {
        self.values.push(value);
        Id::new(self.values.len() - 1)
    }

    pub fn get(&self, id: Id<T>) -> Option<&V> {
        self.values.get(id.number())
    }

    /// The id of the last part.
    pub fn last_id(&self) -> Option<Id<T>> {
        self.values.len().checked_sub(1).map(Id::new)
    }

    pub fn ids(&self) -> impl DoubleEndedIterator<Item = Id<T>> + use<T, V> {
        (0..self.values.len()).map(Id::new)
    }

    /// The id of the first part of a sort.
    pub fn position(&self, is_meant: impl FnMut(&V) -> bool) -> Option<Id<T>> {
        self.values.iter().position(is_meant).map(Id::new)
    }
}

impl<T, V> Default for IdVec<T, V> {
    fn default() -> Self {
        Self::from_iter([])
    }
}

impl<T, V: fmt::Debug> fmt::Debug for IdVec<T, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.values.fmt(formatter)
    }
}

impl<T, V> FromIterator<V> for IdVec<T, V> {
    fn from_iter<I: IntoIterator<Item = V>>(values: I) -> Self {
        Self {
            values: values.into_iter().collect(),
            kind: PhantomData,
        }
    }
}

impl<T, V> Index<Id<T>> for IdVec<T, V> {
    type Output = V;

    fn index(&self, id: Id<T>) -> &V {
        &self.values[id.number()]
    }
}

impl<T, V> IndexMut<Id<T>> for IdVec<T, V> {
    fn index_mut(&mut self, id: Id<T>) -> &mut V {
        &mut self.values[id.number()]
    }
}

/// As a slice, for walks over all values.
impl<T, V> Deref for IdVec<T, V> {
    type Target = [V];

    fn deref(&self) -> &[V] {
        &self.values
    }
}

impl<T, V> DerefMut for IdVec<T, V> {
    fn deref_mut(&mut self) -> &mut [V] {
        &mut self.values
    }
}

impl<T, V> IntoIterator for IdVec<T, V> {
    type Item = V;
    type IntoIter = std::vec::IntoIter<V>;

    fn into_iter(self) -> Self::IntoIter {
        self.values.into_iter()
    }
}

impl<'v, T, V> IntoIterator for &'v IdVec<T, V> {
    type Item = &'v V;
    type IntoIter = std::slice::Iter<'v, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.values.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_id() {
        let mut letters: IdVec<u8, char> = IdVec::default();
        let (a, b) = (letters.push('a'), letters.push('b'));
        assert_eq!((letters[a], letters[b]), ('a', 'b'));
        assert_eq!(letters.last_id(), Some(b));
        assert_eq!(letters.position(|letter| *letter == 'b'), Some(b));
        assert_eq!(letters.get(Id::new(2)), None);
        assert_eq!(letters.ids().collect::<Vec<_>>(), [a, b]);
        letters[a] = 'c';
        assert_eq!(letters.iter().collect::<String>(), "cb");
    }
}
