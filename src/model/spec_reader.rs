//! One way to read settings, whatever they are written in: the tree of a manifest, or the merged
//! values of a compose project. What is absent where more may be written elsewhere is unknown, so
//! that lowering cannot mistake "not here" for "nowhere".

use super::Setting;
use crate::source::{Located, Location};

/// A value with what is known about its surroundings.
pub trait SpecReader: Copy {
    /// The value of a key. A null is as good as absent.
    fn get(self, key: &str) -> Setting<Self>;

    /// The items of a list.
    fn items(self) -> impl Iterator<Item = Self>;

    /// The string of a scalar of any type.
    fn text(self) -> Setting<String>;

    fn boolean(self) -> Setting<bool>;

    fn location(self) -> Location;

    /// Whether this mapping or list may hold more than is written.
    fn is_open(self) -> bool;

    /// A setting that is not written in this mapping.
    fn absent<T>(self) -> Setting<T> {
        if self.is_open() {
            Setting::Unknown(None)
        } else {
            Setting::Absent
        }
    }

    /// The value behind a path of keys.
    fn path(self, keys: &[&str]) -> Setting<Self> {
        let start = Setting::set(self, self.location());

        keys.iter().fold(start, |reader, key| {
            reader.and_then(|reader| reader.get(key))
        })
    }

    /// The string of a key's value.
    fn str(self, key: &str) -> Setting<String> {
        self.get(key).and_then(Self::text)
    }

    fn flag(self, key: &str) -> Setting<bool> {
        self.get(key).and_then(Self::boolean)
    }

    /// The items of a key's list; none where it is absent or unknown.
    fn list(self, key: &str) -> Vec<Self> {
        self.get(key)
            .value()
            .map(|list| list.items().collect())
            .unwrap_or_default()
    }

    /// The known strings of a key's list.
    fn texts(self, key: &str) -> Vec<Located<String>> {
        self.list(key)
            .into_iter()
            .filter_map(|item| item.text().known().cloned())
            .collect()
    }
}
