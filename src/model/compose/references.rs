//! References of a service: to volumes, networks, secrets and configs of the project, and to its
//! other services.

use super::project::{Reference, ReferenceKind, ReferenceNeed, Service};
use super::value::{Value, ValueField};
use crate::model::container::MountSource;
use crate::source::Located;

/// All references of a service.
pub fn references(value: &Value<'_>, service: &Service) -> Vec<Reference> {
    let mut references = Vec::new();

    for mount in &service.container.mounts {
        if let MountSource::Volume(name) = &mount.source {
            references.push(reference(ReferenceKind::Volume, name.clone()));
        }
    }

    let networks = value.get("networks").map_or(&[][..], Value::fields);
    references.extend(
        networks
            .iter()
            .map(|network| reference(ReferenceKind::Network, network.name())),
    );

    let build = value.get("build");
    references.extend(files(value, "secrets", ReferenceKind::Secret));
    references.extend(
        build
            .into_iter()
            .flat_map(|build| files(build, "secrets", ReferenceKind::Secret)),
    );
    references.extend(files(value, "configs", ReferenceKind::Config));

    let started = dependencies(service)
        .chain(links(value))
        .chain(volumes_from(value))
        .chain(shared_namespaces(value));
    references.extend(started.map(|name| reference(ReferenceKind::Service, name)));

    let read = build.into_iter().flat_map(build_contexts);
    references.extend(read.chain(extended(value)).map(|name| Reference {
        need: ReferenceNeed::Definition,
        ..reference(ReferenceKind::Service, name)
    }));

    references
}

/// A reference to what must be there when the service starts.
const fn reference(kind: ReferenceKind, name: Located<String>) -> Reference {
    Reference {
        kind,
        need: ReferenceNeed::Start,
        name,
    }
}

/// Secrets or configs, short or long.
fn files(value: &Value<'_>, key: &str, kind: ReferenceKind) -> impl Iterator<Item = Reference> {
    items(value, key)
        .iter()
        .filter_map(|item| item.get("source").unwrap_or(item).at())
        .map(move |name| reference(kind, name))
}

fn items<'v, 't>(value: &'v Value<'t>, key: &str) -> &'v [Value<'t>] {
    value.get(key).map_or(&[][..], Value::items)
}

fn dependencies(service: &Service) -> impl Iterator<Item = Located<String>> {
    service
        .depends_on
        .iter()
        .filter(|dependency| dependency.required)
        .map(|dependency| dependency.service.clone())
}

/// `links`: `service`, `service:alias`.
fn links(value: &Value<'_>) -> impl Iterator<Item = Located<String>> {
    items(value, "links")
        .iter()
        .filter_map(Value::at)
        .map(before_colon)
}

/// `volumes_from`: `service`, `service:ro`, and `container:name`, which is not of the project.
fn volumes_from(value: &Value<'_>) -> impl Iterator<Item = Located<String>> {
    items(value, "volumes_from")
        .iter()
        .filter_map(Value::at)
        .filter(|from| !from.value.starts_with("container:"))
        .map(before_colon)
}

fn before_colon(text: Located<String>) -> Located<String> {
    text.map(|text| text.split(':').next().unwrap_or("").to_owned())
}

/// Services whose images are contexts of a build.
fn build_contexts(build: &Value<'_>) -> impl Iterator<Item = Located<String>> {
    build
        .get("additional_contexts")
        .map_or(&[][..], Value::fields)
        .iter()
        .filter_map(|context: &ValueField<'_>| of_service(&context.value))
}

/// Services whose network, IPC or process namespace is joined.
fn shared_namespaces(value: &Value<'_>) -> impl Iterator<Item = Located<String>> {
    ["network_mode", "ipc", "pid"]
        .iter()
        .filter_map(|key| of_service(value.get(key)?))
}

/// The name in `service:name`.
fn of_service(value: &Value<'_>) -> Option<Located<String>> {
    let text = value.at()?;
    let name = text.value.strip_prefix("service:")?.to_owned();

    Some(Located::new(name, text.location))
}

/// The service of this file that is extended.
fn extended(value: &Value<'_>) -> Option<Located<String>> {
    let extends = value.get("extends")?;
    if extends.get("file").is_some() {
        return None;
    }

    extends.get("service")?.at()
}
