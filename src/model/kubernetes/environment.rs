//! Environment variables of a container.

use super::manifest_reader::{ManifestReader, is_placeholder};
use super::reference::{ObjectReference, ReferenceKind};
use crate::model::Setting;
use crate::model::container::{EnvFrom, EnvFromKind};
use crate::model::env::{EnvOrigin, EnvValue, EnvVar};
use crate::model::spec_reader::SpecReader;
use crate::source::Located;

/// The longest value that is put together from others, in bytes: a chain of doubling variables must
/// not grow without bound.
const MAX_EXPANDED: usize = 64 * 1024;

/// The variables of `env`. Adds the objects that they come from to `references`.
pub(super) fn variables(
    container: ManifestReader,
    references: &mut Vec<ObjectReference>,
) -> Vec<EnvVar> {
    let mut variables: Vec<EnvVar> = Vec::new();

    for item in container.list("env") {
        let Some(name) = item.str("name").known().cloned() else {
            continue;
        };

        let value = match (item.get("value"), item.get("valueFrom")) {
            (_, Setting::Set(from)) => {
                references.extend(value_references(from.value));
                EnvValue::Reference(from.location)
            }
            (Setting::Set(value), _) => literal_value(value.value, &variables),
            (_, Setting::Unknown(location)) | (Setting::Unknown(location), _) => {
                EnvValue::Reference(location.unwrap_or(name.location))
            }
            (Setting::Absent, Setting::Absent) => {
                EnvValue::Literal(Located::new(String::new(), name.location))
            }
        };

        variables.push(EnvVar {
            name,
            value,
            origin: EnvOrigin::KubernetesEnv,
        });
    }

    variables
}

/// The objects of `envFrom`, added to `references` too.
pub(super) fn variable_sources(
    container: ManifestReader,
    references: &mut Vec<ObjectReference>,
) -> Vec<EnvFrom> {
    let mut sources = Vec::new();

    for item in container.list("envFrom") {
        for (key, kind) in [
            ("configMapRef", EnvFromKind::ConfigMap),
            ("secretRef", EnvFromKind::Secret),
        ] {
            let Some(target) = item.get(key).value().copied() else {
                continue;
            };

            let Some(name) = target.str("name").known().cloned() else {
                continue;
            };

            let optional = target.flag("optional").is(true);
            references.push(ObjectReference {
                optional,
                ..ObjectReference::required(kind.into(), name.clone())
            });
            sources.push(EnvFrom {
                kind,
                name,
                optional,
            });
        }
    }

    sources
}

/// The entries of objects that a `valueFrom` names.
fn value_references(from: ManifestReader) -> Vec<ObjectReference> {
    let mut references = Vec::new();

    for (key, kind) in [
        ("configMapKeyRef", ReferenceKind::ConfigMap),
        ("secretKeyRef", ReferenceKind::Secret),
    ] {
        let Some(target) = from.get(key).value().copied() else {
            continue;
        };

        if let Some(name) = target.str("name").known() {
            references.push(ObjectReference {
                kind,
                name: name.clone(),
                key: target.str("key").known().cloned(),
                optional: target.flag("optional").is(true),
            });
        }
    }

    references
}

/// A value as written. `$(NAME)` refers to a variable that comes before it.
fn literal_value(spec: ManifestReader, before: &[EnvVar]) -> EnvValue {
    let Some(text) = spec.node.str() else {
        return EnvValue::Reference(spec.node.location());
    };

    let written = Located::new(text.to_owned(), spec.node.content());
    let resolved = if text.contains("$(") {
        expand(text, before)
    } else if spec.text().is_unknown() {
        None
    } else {
        return EnvValue::Literal(written);
    };

    EnvValue::Template {
        written,
        resolved,
        fallbacks: Vec::new(),
    }
}

/// A value with its variables filled in; `None` where one of them is unknown.
fn expand(text: &str, before: &[EnvVar]) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;

    while let Some(start) = rest.find("$(") {
        let end = start + rest[start..].find(')')?;
        let name = &rest[start + 2..end];
        // Of two variables of one name the later one counts.
        let variable = before
            .iter()
            .rev()
            .find(|variable| variable.name.value == name)?;
        out.push_str(&rest[..start]);
        out.push_str(variable.value.resolved()?);
        rest = &rest[end + 1..];

        if out.len() > MAX_EXPANDED {
            return None;
        }
    }

    out.push_str(rest);

    if is_placeholder(&out) {
        None
    } else {
        Some(out)
    }
}
