//! Work on many items, on all cores of a run.

use rayon::prelude::*;

/// How many items a worker takes at once: few, so that all workers end at about the same time.
pub const BATCH: usize = 8;

/// The results of a function for each item, in the order of the items.
pub fn map<T: Sync, R: Send>(items: &[T], make: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    items.par_iter().with_max_len(BATCH).map(make).collect()
}
