//! How one compose file is laid over another: mappings recurse, scalars replace, lists grow, and
//! the exceptions of the compose specification. Services are brought to their long forms first, so
//! that both sides have one shape.

use std::collections::HashMap;

use super::short;
use super::value::{Tag, Value, ValueData, ValueField, Variables};

/// Lays the top level of `over` on `base`.
pub fn files<'t>(base: Value<'t>, over: Value<'t>) -> Value<'t> {
    merge(base, over, &mut Vec::new())
}

/// Lays a service on the one that it extends.
pub fn services<'t>(base: Value<'t>, over: Value<'t>) -> Value<'t> {
    merge(base, over, &mut vec!["services".to_owned(), "*".to_owned()])
}

/// The merged files without what was reset.
#[must_use]
pub fn settled(mut value: Value<'_>) -> Value<'_> {
    if let ValueData::Map(fields) = &mut value.data {
        fields.retain(|field| field.value.tag != Tag::Reset);

        for field in fields {
            let inner = std::mem::replace(&mut field.value, Value::null(field.key_place));
            field.value = settled(inner);
        }
    }

    value
}

/// Brings the services of a file to the forms in which they can be merged.
#[must_use]
pub fn canonical<'t>(mut file: Value<'t>, variables: &Variables) -> Value<'t> {
    let ValueData::Map(top) = &mut file.data else {
        return file;
    };

    let Some(services) = top.iter_mut().find(|field| field.key == "services") else {
        return file;
    };

    let ValueData::Map(services) = &mut services.value.data else {
        return file;
    };

    for service in services {
        let ValueData::Map(fields) = &mut service.value.data else {
            continue;
        };

        for field in fields {
            canonical_field(field, variables);
        }
    }

    file
}

fn canonical_field<'t>(field: &mut ValueField<'t>, variables: &Variables) {
    let value = std::mem::replace(&mut field.value, Value::null(field.key_place));
    field.value = match &*field.key {
        "environment" | "labels" | "annotations" | "sysctls" => value.keyed(&['='], variables),
        "extra_hosts" => value.keyed(&['=', ':'], variables),
        "depends_on" | "networks" | "models" => value.named(Value::null),
        "build" => canonical_build(value, variables),
        "deploy" => canonical_children(value, &["labels"], variables),
        "extends" if value.scalar().is_some() => wrap(value, "service"),
        "env_file" | "dns" | "dns_search" | "tmpfs" | "label_file" => listed(value),
        _ => value,
    };
}

fn canonical_build<'t>(value: Value<'t>, variables: &Variables) -> Value<'t> {
    if value.scalar().is_some() {
        return wrap(value, "context");
    }
    canonical_children(value, &["args", "labels", "additional_contexts"], variables)
}

fn canonical_children<'t>(mut value: Value<'t>, keys: &[&str], variables: &Variables) -> Value<'t> {
    if let ValueData::Map(fields) = &mut value.data {
        for field in fields
            .iter_mut()
            .filter(|field| keys.contains(&&*field.key))
        {
            let child = std::mem::replace(&mut field.value, Value::null(field.key_place));
            field.value = child.keyed(&['='], variables);
        }
    }

    value
}

/// A scalar as the one field of a mapping.
fn wrap<'t>(value: Value<'t>, key: &'static str) -> Value<'t> {
    let (location, tag) = (value.location, value.tag);
    let field = ValueField {
        key: key.into(),
        key_place: location,
        value: Value {
            tag: Tag::None,
            ..value
        },
    };

    Value {
        location,
        data: ValueData::Map(vec![field]),
        tag,
    }
}

fn listed(value: Value<'_>) -> Value<'_> {
    if !matches!(value.data, ValueData::Scalar(_)) {
        return value;
    }

    let (location, tag) = (value.location, value.tag);
    Value {
        location,
        data: ValueData::List(vec![Value {
            tag: Tag::None,
            ..value
        }]),
        tag,
    }
}

fn merge<'t>(base: Value<'t>, over: Value<'t>, path: &mut Vec<String>) -> Value<'t> {
    if over.tag == Tag::Override || replaces(path) {
        return over;
    }

    let location = base.location;

    match (base.data, over.data) {
        (ValueData::Map(base_fields), ValueData::Map(over_fields)) => {
            if ends(path, &["logging"]) && drivers_differ(&base_fields, &over_fields) {
                return Value {
                    location: over.location,
                    data: ValueData::Map(over_fields),
                    tag: over.tag,
                };
            }

            let fields = merge_fields(base_fields, over_fields, path);
            Value {
                location,
                data: ValueData::Map(fields),
                tag: Tag::None,
            }
        }
        (ValueData::List(mut items), ValueData::List(more)) => {
            items.extend(more);
            Value {
                location,
                data: ValueData::List(unique(items, path)),
                tag: Tag::None,
            }
        }
        // The short form of a dependency says that it need only be started.
        (_, ValueData::Null) if path.len() == 4 && ends(&path[..3], &["depends_on"]) => {
            Value::null(over.location)
        }
        // An empty value says nothing, except that it was written.
        (data, ValueData::Null) if !matches!(data, ValueData::Null | ValueData::Scalar(_)) => {
            Value {
                location,
                data,
                tag: Tag::None,
            }
        }
        (_, data) => Value {
            location: over.location,
            data,
            tag: Tag::None,
        },
    }
}

fn merge_fields<'t>(
    base: Vec<ValueField<'t>>,
    over: Vec<ValueField<'t>>,
    path: &mut Vec<String>,
) -> Vec<ValueField<'t>> {
    let mut index: HashMap<String, usize> = base
        .iter()
        .enumerate()
        .map(|(index, field)| (field.key.to_string(), index))
        .collect();
    let mut merged: Vec<Option<ValueField<'t>>> = base.into_iter().map(Some).collect();

    for field in over {
        let old = index
            .get(&*field.key)
            .and_then(|&position| Some((position, merged[position].take()?)));
        let Some((position, old)) = old else {
            index.insert(field.key.to_string(), merged.len());
            merged.push(Some(field));
            continue;
        };

        // A reset field is kept with its mark until all files are read: it resets those of lower
        // files too.
        if [field.value.tag, old.value.tag].contains(&Tag::Reset) {
            merged[position] = Some(field);
            continue;
        }

        // A mapping has the place of its base; what is replaced, that of its replacement.
        let kept = matches!(field.value.data, ValueData::Map(_) | ValueData::List(_))
            && field.value.tag != Tag::Override;
        let key_place = if kept { old.key_place } else { field.key_place };
        path.push(field.key.to_string());
        let value = merge(old.value, field.value, path);
        path.pop();
        merged[position] = Some(ValueField {
            key: field.key,
            key_place,
            value,
        });
    }

    merged.into_iter().flatten().collect()
}

/// `path` is `services.<name>.` and then `tail`.
fn ends(path: &[String], tail: &[&str]) -> bool {
    path.len() == tail.len() + 2
        && path[0] == "services"
        && path[2..].iter().zip(tail).all(|(is, want)| is == want)
}

fn replaces(path: &[String]) -> bool {
    [&["command"][..], &["entrypoint"], &["healthcheck", "test"]]
        .iter()
        .any(|tail| ends(path, tail))
}

fn drivers_differ(base: &[ValueField<'_>], over: &[ValueField<'_>]) -> bool {
    match (driver(base), driver(over)) {
        (Some(base), Some(over)) => base != over,
        _ => false,
    }
}

fn driver<'f>(fields: &'f [ValueField<'_>]) -> Option<&'f str> {
    fields
        .iter()
        .find(|field| field.key == "driver")?
        .value
        .text()
}

/// Of list items that mean the same thing the last one counts, in the place of the first.
fn unique<'t>(items: Vec<Value<'t>>, path: &[String]) -> Vec<Value<'t>> {
    let identity: fn(&Value<'_>) -> Option<String> = match path.last().map(String::as_str) {
        Some("volumes" | "devices") if path.len() == 3 => short::mount_target,
        Some("secrets") if path.len() == 3 => |item| short::file_target(item, "/run/secrets/"),
        Some("configs") if path.len() == 3 => |item| short::file_target(item, "/"),
        Some("ports") if path.len() == 3 => short::port_identity,
        Some("env_file") if path.len() == 3 => {
            |item| item.get("path").unwrap_or(item).text().map(str::to_owned)
        }

        Some(
            "aliases" | "cap_add" | "cap_drop" | "dns" | "dns_opt" | "dns_search" | "expose"
            | "links" | "platforms" | "profiles" | "security_opt" | "tags" | "tmpfs",
        ) => |item| item.text().map(str::to_owned),
        _ => return items,
    };

    let mut index: HashMap<String, usize> = HashMap::with_capacity(items.len());
    let mut kept: Vec<Value<'t>> = Vec::with_capacity(items.len());

    for item in items {
        match identity(&item).map(|key| *index.entry(key).or_insert(kept.len())) {
            Some(index) if index < kept.len() => kept[index] = item,
            _ => kept.push(item),
        }
    }

    kept
}
