//! Fields that the API does not have, or not where they are written, and values of the wrong type.

use super::manifest_reader::{ManifestReader, is_placeholder};
use super::refusal::{Problem, Refusal, not_string};
use super::schema::{FieldType, TypeId};
use super::workload::template_path;
use crate::model::spec_reader::SpecReader;
use crate::source::Span;
use crate::suggest;
use crate::syntax::yaml::{Kind, Node};

/// How deep objects are followed; schemas of custom resources nest without end.
const MAX_DEPTH: usize = 40;

/// How many levels below a type a field is searched for.
const SEARCH_DEPTH: usize = 3;

/// How many problems of one object are kept: more show that it is another thing.
const MAX_PROBLEMS: usize = 50;

/// What is wrong with the fields of an object of a kind and version; nothing where they are unknown.
pub(super) fn field_refusals(root: ManifestReader, version: &str, kind: &str) -> Vec<Refusal> {
    if is_kind_chosen(root) {
        return Vec::new();
    }

    let mut walk = FieldWalk {
        levels: Vec::new(),
        refusals: Vec::new(),
    };

    if let Some(root_type) = TypeId::of_kind(version, kind) {
        walk.check_object(root, root_type, String::new());
    } else if let Some((template, path)) = foreign_template(root, version, kind)
        && let Some(template_type) = TypeId::of_kind("v1", "PodTemplate")
            .and_then(|pod| pod.field("template"))
            .and_then(FieldType::inner)
    {
        walk.check_object(template, template_type, path);
    }

    walk.refusals
}

/// The pod template of a workload that is not of Kubernetes itself, and its path.
fn foreign_template<'t>(
    root: ManifestReader<'t>,
    version: &str,
    kind: &str,
) -> Option<(ManifestReader<'t>, String)> {
    let (group, _) = version.split_once('/')?;
    let path = template_path(group, kind)?;
    let is_foreign = group.contains('.') && !path.is_empty();

    if is_foreign {
        Some((*root.path(path).value()?, path.join(".")))
    } else {
        None
    }
}

/// A type on the way from the root to a node, with the path that leads to it.
struct TypeLevel {
    type_id: TypeId,
    path: String,
}

/// A walk through an object along its type.
struct FieldWalk {
    levels: Vec<TypeLevel>,
    refusals: Vec<Refusal>,
}

impl FieldWalk {
    fn check_object(&mut self, object: ManifestReader, type_id: TypeId, path: String) {
        if object.node.kind() != Kind::Mapping
            || object.node.is_damaged()
            || self.levels.len() > MAX_DEPTH
        {
            return;
        }

        self.levels.push(TypeLevel { type_id, path });

        let mut before = object.node.location().span.start;

        for (key, value) in object.entries() {
            if self.refusals.len() >= MAX_PROBLEMS {
                break;
            }

            let start = key.location().span.start;
            let is_in_branch = object.scope.mask.is_some_and(|mask| {
                before < start && mask.is_conditional(Span::new(before, start))
            });
            before = value.node.location().span.end;

            let Some(name) = key.str().filter(|name| is_field_name(name)) else {
                continue;
            };

            match type_id.field(name) {
                Some(held) => self.check_value(value, held, name),
                // Where a branch begins, the key may belong to another mapping.
                None if is_in_branch && self.is_anywhere(name) => {}
                None if is_printed(key, object) || value.node.is_null() => {}
                None => self.refuse_field(key, name, value),
            }
        }

        self.levels.pop();
    }

    fn check_value(&mut self, value: ManifestReader, held: FieldType, name: &str) {
        let kind = value.node.kind();
        if matches!(kind, Kind::Null | Kind::Unknown) || value.text().is_unknown() {
            return;
        }

        if let Some(expected) = wrong_type(value, held) {
            self.refusals.push(Refusal {
                location: value.node.location(),
                problem: Problem::WrongType {
                    key: name.to_owned(),
                    expected,
                },
            });
            return;
        }

        let Some(level) = self.levels.last() else {
            return;
        };

        let path = if level.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", level.path)
        };

        match held {
            FieldType::Object(inner) => self.check_object(value, inner, path),
            FieldType::List(inner) => {
                for item in value.items() {
                    self.check_object(item, inner, format!("{path}[]"));
                }
            }
            FieldType::Map(inner) => {
                for (_, item) in value.entries() {
                    self.check_object(item, inner, format!("{path}.*"));
                }
            }
            FieldType::TextMap => {
                for (key, item) in value.entries() {
                    self.check_text(item, key.str().unwrap_or(name));
                }
            }
            FieldType::TextList => {
                for item in value.items() {
                    self.check_text(item, name);
                }
            }
            _ => {}
        }
    }

    /// Reports a number or a boolean where only a string may be.
    fn check_text(&mut self, value: ManifestReader, name: &str) {
        if let Some(written) = not_string(value) {
            self.refusals.push(Refusal {
                location: value.node.location(),
                problem: Problem::NotString {
                    key: name.to_owned(),
                    written,
                },
            });
        }
    }

    fn refuse_field(&mut self, key: Node, name: &str, value: ManifestReader) {
        let Some(level) = self.levels.last() else {
            return;
        };

        let problem = match self.right_place(name, value) {
            Some(right) => Problem::MisplacedField {
                key: name.to_owned(),
                place: level.path.clone(),
                right,
            },
            None => Problem::UnknownField {
                key: name.to_owned(),
                place: level.path.clone(),
                nearest: nearest(level.type_id, name),
            },
        };

        self.refusals.push(Refusal {
            location: key.content(),
            problem,
        });
    }

    /// Whether any type of the object has a field of a name.
    fn is_anywhere(&self, name: &str) -> bool {
        let mut types: Vec<TypeId> = self
            .levels
            .iter()
            .take(1)
            .map(|level| level.type_id)
            .collect();
        let mut next = 0;

        while let Some(&type_id) = types.get(next) {
            next += 1;

            for (field, held) in type_id.fields() {
                if *field == name {
                    return true;
                }

                if let Some(inner) = held.inner()
                    && !types.contains(&inner)
                {
                    types.push(inner);
                }
            }
        }

        false
    }

    /// The path of the mapping that has a field of a name: above the place where it is written, or
    /// else below it, or below what is above it.
    fn right_place(&self, name: &str, value: ManifestReader) -> Option<String> {
        let (level, above) = self.levels.split_last()?;
        let above = || above.iter().rev();

        let holder = above().find(|level| accepts(level.type_id, name, value));
        if let Some(holder) = holder {
            return Some(holder.path.clone());
        }

        let others = above().filter(|level| !has_exclusive_fields(level.type_id));

        std::iter::once(level)
            .chain(others)
            .find_map(|level| place_below(level, name, value))
    }
}

/// The one place below a type that has a field of a name, at the smallest depth.
fn place_below(level: &TypeLevel, name: &str, value: ManifestReader) -> Option<String> {
    let mut places = vec![(level.type_id, level.path.clone())];

    for depth in 0..SEARCH_DEPTH {
        let mut below = Vec::new();

        for (type_id, path) in &places {
            if depth > 0 && has_exclusive_fields(*type_id) {
                continue;
            }

            for (field, held) in type_id.fields() {
                // What is said of the other lists of containers would be said of none of them.
                let is_other_list = matches!(*field, "initContainers" | "ephemeralContainers");
                if is_other_list {
                    continue;
                }

                let Some(inner) = held.inner() else {
                    continue;
                };

                let dot = if path.is_empty() { "" } else { "." };
                let end = match held {
                    FieldType::List(_) => "[]",
                    FieldType::Map(_) => ".*",
                    _ => "",
                };
                below.push((inner, format!("{path}{dot}{field}{end}")));
            }
        }

        let mut holders = below
            .iter()
            .filter(|(type_id, _)| accepts(*type_id, name, value));
        if let Some((_, path)) = holders.next() {
            return holders.next().is_none().then(|| path.clone());
        }

        places = below;
    }

    None
}

/// Whether a type is that of a volume, whose kinds exclude each other.
fn has_exclusive_fields(type_id: TypeId) -> bool {
    type_id.field("rbd").is_some()
}

/// Whether a type has a field of a name that may hold a value.
fn accepts(type_id: TypeId, name: &str, value: ManifestReader) -> bool {
    type_id
        .field(name)
        .is_some_and(|held| value.node.is_null() || wrong_type(value, held).is_none())
}

fn nearest(type_id: TypeId, name: &str) -> Option<&'static str> {
    suggest::nearest(name, type_id.fields().iter().map(|(field, _)| *field))
}

/// What a value should be and is not.
fn wrong_type(value: ManifestReader, held: FieldType) -> Option<&'static str> {
    let node = value.node;
    let is_scalar = node.kind() == Kind::Scalar;
    // What another tool fills in may become anything.
    let is_filled = match node.str() {
        Some(text) => is_placeholder(text) || text.contains(['<', '%', '@']) || is_capital(text),
        None => is_braced(node),
    };

    let (is_right, expected) = match held {
        FieldType::Any => return None,
        FieldType::Text => (is_scalar && not_string(value).is_none(), "a string"),
        FieldType::Integer => (is_scalar && node.as_float().is_some(), "a number"),
        FieldType::Boolean => (is_scalar && node.as_bool_11().is_some(), "true or false"),
        FieldType::Object(_) | FieldType::TextMap | FieldType::Map(_) | FieldType::AnyMap => {
            (node.kind() == Kind::Mapping, "a mapping")
        }
        FieldType::TextList | FieldType::List(_) | FieldType::AnyList => {
            (node.kind() == Kind::Sequence, "a list")
        }
    };

    (!is_right && !is_filled).then_some(expected)
}

/// Whether a text is in capitals, as what a script fills in.
fn is_capital(text: &str) -> bool {
    !text.bytes().any(|byte| byte.is_ascii_lowercase())
        && text.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Whether a node is `{{ name }}`, which YAML takes for a mapping in a mapping.
fn is_braced(node: Node) -> bool {
    node.is_flow()
        && node
            .entries()
            .next()
            .is_some_and(|entry| entry.key.kind() != Kind::Scalar)
}

/// Whether a template chooses the kind of the object, which is then one of several.
fn is_kind_chosen(root: ManifestReader) -> bool {
    let Some(mask) = root.scope.mask else {
        return false;
    };

    let mut before = root.node.location().span.start;

    for (key, value) in root.entries() {
        let start = key.location().span.start;
        if key.str() == Some("kind") {
            return before < start && mask.is_conditional(Span::new(before, start));
        }

        before = value.node.location().span.end;
    }

    false
}

/// Whether a key may be the name of a field, and not something that a tool fills in or reads.
fn is_field_name(key: &str) -> bool {
    !key.is_empty()
        && key.len() <= 64
        && !key.starts_with("x-")
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Whether a template prints a part of a key, or may.
fn is_printed(key: Node, object: ManifestReader) -> bool {
    let span = key.location().span;

    object
        .scope
        .mask
        .is_some_and(|mask| mask.touches(Span::new(span.start.saturating_sub(1), span.end + 1)))
}
