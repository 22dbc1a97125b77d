//! Fields of Kubernetes' own objects, from a table that is made of the API's own description.

use std::collections::HashMap;
use std::sync::LazyLock;

/// `tools/kubernetes-fields.py` writes the table and describes its form.
const TABLE: &str = include_str!("../../../rules/data/kubernetes-fields.txt");

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::parse(TABLE));

/// The types that the objects of all kinds reach.
#[derive(Debug, Default)]
struct Schema {
    /// The type of a kind and version.
    kinds: HashMap<(&'static str, &'static str), TypeId>,
    types: Vec<Type>,
}

/// A type of the table, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TypeId(usize);

/// The fields of a type, sorted by their names.
#[derive(Debug, Default)]
struct Type {
    fields: Vec<(&'static str, FieldType)>,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldType {
    Text,
    Integer,
    Boolean,
    Any,
    Object(TypeId),
    TextList,
    List(TypeId),
    AnyList,
    TextMap,
    Map(TypeId),
    AnyMap,
}

impl FieldType {
    /// The type that the field, or an item of it, has.
    pub const fn inner(self) -> Option<TypeId> {
        match self {
            FieldType::Object(inner) | FieldType::List(inner) | FieldType::Map(inner) => {
                Some(inner)
            }
            _ => None,
        }
    }
}

/// Whether a kind is one of Kubernetes itself, in any version of its group.
pub(super) fn is_builtin(version: &str, kind: &str) -> bool {
    let group = version.split_once('/').map_or("", |(group, _)| group);

    TypeId::of_kind(version, kind).is_some()
        || (matches!(
            group,
            "extensions" | "apps" | "batch" | "policy" | "autoscaling"
        ) || group.ends_with(".k8s.io"))
}

impl TypeId {
    /// The type of a kind in a version of its group; `None` where the table does not have it.
    pub fn of_kind(version: &str, kind: &str) -> Option<Self> {
        // The table lives as long as the program, so the look-up is by any string.
        let kinds: &HashMap<(&str, &str), TypeId> = &SCHEMA.kinds;

        kinds.get(&(kind, version)).copied()
    }

    pub fn field(self, name: &str) -> Option<FieldType> {
        let fields = self.fields();
        let index = fields
            .binary_search_by_key(&name, |(field, _)| field)
            .ok()?;

        Some(fields[index].1)
    }

    pub fn fields(self) -> &'static [(&'static str, FieldType)] {
        SCHEMA
            .types
            .get(self.0)
            .map_or(&[], |known| known.fields.as_slice())
    }
}

impl Schema {
    fn parse(table: &'static str) -> Self {
        let mut numbers: HashMap<&str, TypeId> = HashMap::new();
        let lines = || table.lines().filter(|line| !line.starts_with('#'));

        for line in lines() {
            if let Some((name, _)) = line.strip_prefix('.').and_then(|line| line.split_once(' ')) {
                numbers.insert(name, TypeId(numbers.len()));
            }
        }

        let mut schema = Self::default();

        for line in lines() {
            let mut words = line.split(' ');
            let Some(first) = words.next() else {
                continue;
            };

            if first.starts_with('.') {
                let mut fields: Vec<_> = words.map(|word| field(word, &numbers)).collect();
                fields.sort_unstable_by_key(|(name, _)| *name);
                schema.types.push(Type { fields });
            } else if let (Some(version), Some(name)) = (words.next(), words.next())
                && let Some(&number) = numbers.get(name)
            {
                schema.kinds.insert((first, version), number);
            }
        }

        schema
    }
}

/// The name of a field and what it holds.
fn field(word: &'static str, numbers: &HashMap<&'static str, TypeId>) -> (&'static str, FieldType) {
    let word = word.split(['@', '!']).next().unwrap_or(word);
    let end = word.find(['#', '?', '~', '%', '=', '*']);
    let Some(end) = end else {
        return (word, FieldType::Text);
    };

    let (name, held) = word.split_at(end);
    let inner = numbers.get(&held[1..]).copied();
    let held = match (held.as_bytes()[0], inner) {
        (b'#', _) => FieldType::Integer,
        (b'?', _) => FieldType::Boolean,
        (b'=', Some(inner)) => FieldType::Object(inner),
        (b'*', Some(inner)) => FieldType::List(inner),
        (b'%', Some(inner)) => FieldType::Map(inner),
        (b'*', None) if held.len() == 1 => FieldType::TextList,
        (b'%', None) if held.len() == 1 => FieldType::TextMap,
        (b'*', None) => FieldType::AnyList,
        (b'%', None) => FieldType::AnyMap,
        _ => FieldType::Any,
    };

    (name, held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_small_and_whole() {
        assert!(TABLE.len() <= 200_000, "{} bytes", TABLE.len());

        let deployment = TypeId::of_kind("apps/v1", "Deployment").expect("a kind");
        let spec = deployment
            .field("spec")
            .and_then(FieldType::inner)
            .expect("a type");
        assert_eq!(spec.field("replicas"), Some(FieldType::Integer));
        assert_eq!(spec.field("replica"), None);

        let pod = TypeId::of_kind("v1", "Pod").expect("a kind");
        let spec = pod
            .field("spec")
            .and_then(FieldType::inner)
            .expect("a type");
        let container = spec
            .field("containers")
            .and_then(FieldType::inner)
            .expect("a type");
        assert_eq!(container.field("args"), Some(FieldType::TextList));
        assert_eq!(spec.field("nodeSelector"), Some(FieldType::TextMap));
    }

    #[test]
    fn every_kind_and_type_is_there() {
        for line in TABLE.lines().filter(|line| !line.starts_with(['#', '.'])) {
            let words: Vec<&str> = line.split(' ').collect();
            let found = TypeId::of_kind(words[1], words[0]);
            assert!(found.is_some(), "{line}");
        }

        for (_, held) in SCHEMA.types.iter().flat_map(|known| &known.fields) {
            if let Some(inner) = held.inner() {
                assert!(!inner.fields().is_empty());
            }
        }
    }
}
