//! A cache of the last offset map.

use std::sync::{Mutex, PoisonError};

use crate::source::OffsetMap;

/// The length from which a scalar is long, in bytes. Shorter scalars are mapped each time.
const LONG: usize = 256;

/// The map of the long scalar that was mapped last. Each word, variable and key of a long script
/// needs the map of the whole script.
#[derive(Debug, Default)]
pub(super) struct LastMap(Mutex<Option<(u32, OffsetMap)>>);

impl LastMap {
    /// The map of the scalar with this number: the last one again, or a new one from `make`.
    pub(super) fn get(
        &self,
        scalar: u32,
        text: &str,
        make: impl FnOnce() -> OffsetMap,
    ) -> OffsetMap {
        if text.len() < LONG {
            return make();
        }

        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);

        match &*last {
            Some((number, map)) if *number == scalar => map.clone(),
            _ => last.insert((scalar, make())).1.clone(),
        }
    }
}

/// A copy of a tree starts without a map.
impl Clone for LastMap {
    fn clone(&self) -> Self {
        Self::default()
    }
}
