//! Places for answers: one for each part of a repository, filled by the first one who asks.

use std::sync::OnceLock;

use crate::model::id::{Id, IdVec};

/// A place for an answer about each part of a kind. `V` borrows nothing from the facts, which would
/// tie every user of the answers to their lifetime.
#[derive(Debug)]
pub struct Slots<T, V> {
    cells: IdVec<T, OnceLock<V>>,
}

impl<T, V> Slots<T, V> {
    pub fn new(count: usize) -> Self {
        Self {
            cells: IdVec::with(count, OnceLock::new),
        }
    }

    /// The answer about one part. It must not ask for itself.
    pub fn answer(&self, id: Id<T>, answer: impl FnOnce() -> V) -> &V {
        self.cells[id].get_or_init(answer)
    }
}

/// A place for an answer about each of several parts in a part: the stages of a Dockerfile, the
/// jobs of a workflow.
#[derive(Debug)]
pub struct PartSlots<T, P, V> {
    cells: Slots<T, IdVec<P, OnceLock<V>>>,
}

impl<T, P, V> PartSlots<T, P, V> {
    pub fn new(count: usize) -> Self {
        Self {
            cells: Slots::new(count),
        }
    }

    /// The answer about one of so many parts; `None` if it is not one of them.
    pub fn answer(
        &self,
        id: Id<T>,
        (part, count): (Id<P>, usize),
        answer: impl FnOnce() -> V,
    ) -> Option<&V> {
        let cells = self.cells.answer(id, || IdVec::with(count, OnceLock::new));

        Some(cells.get(part)?.get_or_init(answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_answered_once() {
        let slots: Slots<u8, usize> = Slots::new(2);
        assert_eq!(*slots.answer(Id::new(1), || 7), 7);
        assert_eq!(*slots.answer(Id::new(1), || 8), 7);
        assert_eq!(*slots.answer(Id::new(0), || 9), 9);
    }

    #[test]
    fn parts_of_parts_are_apart() {
        let slots: PartSlots<u8, u16, usize> = PartSlots::new(1);
        let ask = |part, value| slots.answer(Id::new(0), (Id::new(part), 2), || value);
        assert_eq!(ask(0, 1), Some(&1));
        assert_eq!(ask(1, 2), Some(&2));
        assert_eq!(ask(0, 3), Some(&1));
        assert_eq!(ask(2, 4), None);
    }
}
