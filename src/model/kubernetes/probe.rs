//! Probes and lifecycle hooks of a container.

use std::fmt::Write as _;

use super::manifest_reader::ManifestReader;
use crate::model::container::{Probe, ProbeAction};
use crate::model::spec_reader::SpecReader;
use crate::model::{Item, Setting};
use crate::source::Located;
use crate::syntax::yaml::{Kind, Node};

/// How deep a probe is compared. Probes are a few levels deep; what is deeper is not a probe.
const MAX_DEPTH: u32 = 8;

/// The probe under a key of a container.
pub(super) fn probe(container: ManifestReader, key: &str) -> Setting<Probe> {
    let location = container.key_location(key);

    match container.get(key) {
        Setting::Set(spec) if spec.value.node.kind() != Kind::Mapping => Setting::Unknown(location),
        Setting::Set(spec) => {
            Setting::set(lower_probe(spec.value), location.unwrap_or(spec.location))
        }
        Setting::Absent => Setting::Absent,
        Setting::Unknown(location) => Setting::Unknown(location),
    }
}

fn lower_probe(spec: ManifestReader) -> Probe {
    let mut fingerprint = String::new();
    write_fingerprint(spec, 0, &mut fingerprint);

    Probe {
        action: probe_action(spec),
        fingerprint,
        host: handler_hosts(spec).into_iter().next(),
    }
}

/// The action of a probe, which may be a gRPC call besides those of hooks.
fn probe_action(spec: ManifestReader) -> ProbeAction {
    match (hook_action(spec), spec.get("grpc").value()) {
        (ProbeAction::Unknown | ProbeAction::Exec { .. }, Some(call)) => ProbeAction::Grpc {
            port: call.str("port"),
        },
        (action, _) => action,
    }
}

/// The action of a lifecycle hook.
pub(super) fn hook_action(spec: ManifestReader) -> ProbeAction {
    if let Some(http) = spec.get("httpGet").value() {
        return ProbeAction::Http {
            path: http.str("path").known().cloned(),
            port: http.str("port"),
        };
    }

    if let Some(tcp) = spec.get("tcpSocket").value() {
        return ProbeAction::Tcp {
            port: tcp.str("port"),
        };
    }

    if let Some(exec) = spec.get("exec").value() {
        let words = exec
            .list("command")
            .into_iter()
            .filter_map(|item| command_word(item.node));
        return ProbeAction::Exec {
            words: words
                .map(|word| Located::new(word.value, word.location))
                .collect(),
        };
    }

    ProbeAction::Unknown
}

/// One word of a command.
pub(super) fn command_word(node: Node) -> Option<Item> {
    Some(Item::new(node.str()?.to_owned(), node.content(), || {
        node.offsets()
    }))
}

/// `host` fields of the handlers of a probe or a hook.
pub(super) fn handler_hosts(spec: ManifestReader) -> Vec<Located<String>> {
    let mut hosts = Vec::new();

    for handler in ["httpGet", "tcpSocket"] {
        let host = spec.path(&[handler, "host"]).and_then(ManifestReader::text);
        if let Setting::Set(host) = host
            && !host.value.is_empty()
        {
            hosts.push(host);
        }
    }

    hosts
}

/// Writes a node with its keys in order, to compare two nodes by what they say. What is unknown
/// equals nothing else, so its location is written.
fn write_fingerprint(spec: ManifestReader, depth: u32, out: &mut String) {
    if depth > MAX_DEPTH {
        return;
    }

    let node = spec.node;

    if spec.is_open() || spec.text().is_unknown() {
        let location = node.location();
        let _ = write!(out, "?{}:{}", location.file.0, location.span.start);
    }

    match node.kind() {
        Kind::Mapping => {
            let mut entries: Vec<_> = spec
                .entries()
                .filter_map(|(key, value)| Some((key.str()?, value)))
                .collect();
            entries.sort_by_key(|(key, _)| *key);
            out.push('{');

            for (key, value) in entries {
                out.push_str(key);
                out.push(':');
                write_fingerprint(value, depth + 1, out);
                out.push(',');
            }

            out.push('}');
        }
        Kind::Sequence => {
            out.push('[');

            for item in spec.items() {
                write_fingerprint(item, depth + 1, out);
                out.push(',');
            }

            out.push(']');
        }
        _ => out.push_str(node.str().unwrap_or("~")),
    }
}
