//! `invalid-value`, beyond the schema: settings that Compose or the engine refuses because they
//! exclude each other, or because one requires another.

use std::net::IpAddr;

use crate::analysis::Analysis;
use crate::finding::{Finding, Sink};
use crate::model::compose::{Definition, Project, Service};
use crate::model::container::Port;
use crate::model::facts::FileFacts;
use crate::rules::structure::compose_form::compose_root;
use crate::source::SourceFile;
use crate::syntax::yaml::{Kind, Node};

const REFUSED: &str = "Compose refuses to load the project";

pub fn service(_: &Analysis, _: &Project, service: &Service, sink: &mut Sink) {
    let name = service.name();
    let platforms = service
        .build
        .as_ref()
        .map_or(&[][..], |build| &build.platforms);
    if let (Some(platform), Some(first)) = (service.platform.known(), platforms.first())
        && !platforms.iter().any(|other| other.value == platform.value)
    {
        sink.report(
            Finding::new(
                platform.location,
                format!(
                    "`{name}` runs on `{}` but is not built for it",
                    platform.value
                ),
            )
            .label(REFUSED)
            .related(first.location, "built for these platforms")
            .help(format!("add `{}` to `build.platforms`", platform.value)),
        );
    }

    if let (Some(scale), Some(replicas)) = (service.scale.known(), service.replicas.known())
        && scale.value != replicas.value
    {
        sink.report(
            Finding::new(
                scale.location,
                format!("`{name}` sets `scale` and `deploy.replicas` to different values"),
            )
            .label(REFUSED)
            .related(
                replicas.location,
                format!("`deploy.replicas` is {}", replicas.value),
            )
            .help("remove `scale`"),
        );
    }

    for port in service.container.ports.iter().filter(|port| !port.unknown) {
        check_port(service, port, sink);
    }
}

fn check_port(service: &Service, port: &Port, sink: &mut Sink) {
    let name = service.name();
    if let Some(ip) = port
        .host_ip
        .as_deref()
        .map(|ip| ip.trim_matches(['[', ']']))
        && !matches!(ip, "" | "*")
        && ip
            .split('%')
            .next()
            .unwrap_or(ip)
            .parse::<IpAddr>()
            .is_err()
    {
        let help = if ip == "localhost" {
            "write `127.0.0.1`"
        } else {
            "write an IP address of the host, or remove it"
        };

        return sink.report(
            Finding::new(
                port.location,
                format!("`{name}` publishes a port on `{ip}`, which is not an IP address"),
            )
            .label(REFUSED)
            .help(help),
        );
    }

    if let (Some(Some(host)), Some(target)) = (port.published, port.target) {
        let (outside, inside) = (range_len(host), range_len(target));
        // With a range of the host for one port of the container, the engine chooses.
        if inside > 1 && inside != outside {
            sink.report(
                Finding::new(
                    port.location,
                    format!(
                        "`{name}` maps a range of {inside} container ports to a host range \
                        of {outside}"
                    ),
                )
                .label(REFUSED)
                .help("use ranges of the same length on both sides"),
            );
        }
    }

    let Some(mode) = service.network_mode.known() else {
        return;
    };

    if port.published.is_some()
        && (mode.value.starts_with("service:") || mode.value.starts_with("container:"))
    {
        sink.report(
            Finding::new(
                port.location,
                format!("`{name}` publishes a port but uses the network of another container"),
            )
            .label("the engine refuses to create the container")
            .related(mode.location, "joins the other network here")
            .help("publish the port on the container that owns the network"),
        );
    }
}

fn range_len((first, last): (u16, u16)) -> u32 {
    u32::from(last - first) + 1
}

/// Volumes, secrets and configs without a source, or with two.
pub fn definitions(_: &Analysis, project: &Project, sink: &mut Sink) {
    for secret in &project.secrets {
        check_source(project, secret, "secret", &["file", "environment"], sink);
    }

    for config in &project.configs {
        check_source(
            project,
            config,
            "config",
            &["file", "environment", "content"],
            sink,
        );
    }

    for volume in project.volumes.iter().filter(|volume| volume.external) {
        check_external(
            volume,
            "volume",
            |key| !matches!(key, "name" | "external"),
            sink,
        );
    }
}

/// Reports a secret or config without a source, or with two.
fn check_source(
    project: &Project,
    definition: &Definition,
    what: &str,
    sources: &[&str],
    sink: &mut Sink,
) {
    if definition.external {
        return check_external(definition, what, |key| sources.contains(&key), sink);
    }

    let name = &definition.name.value;
    let mut keys = definition
        .keys
        .iter()
        .filter(|key| sources.contains(&key.value.as_str()));
    match (keys.next(), keys.next()) {
        (Some(first), Some(second)) => sink.report(
            Finding::new(
                second.location,
                format!(
                    "the {what} `{name}` sets both `{}` and `{}`",
                    first.value, second.value
                ),
            )
            .label(REFUSED)
            .related(first.location, "the other source")
            .help("keep one of them"),
        ),
        // A driver or another file may have the source.
        (None, _)
            if !project.overlay
                && !definition.keys.iter().any(|key| {
                    matches!(&*key.value, "driver" | "template_driver" | "external")
                }) =>
        {
            let words: Vec<String> = sources.iter().map(|word| format!("`{word}`")).collect();
            sink.report(
                Finding::new(
                    definition.name.location,
                    format!("the {what} `{name}` has no source"),
                )
                .label(REFUSED)
                .help(format!(
                    "add one of {}, or `external: true`",
                    words.join(", ")
                )),
            );
        }
        _ => {}
    }
}

/// Reports an external object with settings for its creation.
fn check_external(
    definition: &Definition,
    what: &str,
    conflicts: impl Fn(&str) -> bool,
    sink: &mut Sink,
) {
    let Some(other) = definition.keys.iter().find(|key| conflicts(&key.value)) else {
        return;
    };

    let mut finding = Finding::new(
        other.location,
        format!(
            "the external {what} `{}` also sets `{}`",
            definition.name.value, other.value
        ),
    )
    .label(REFUSED);
    if let Some(key) = definition.keys.iter().find(|key| key.value == "external") {
        finding = finding.related(key.location, "declared `external` here");
    }

    sink.report(finding.help(format!("remove `{}` or `external`", other.value)));
}

/// Conflicts inside one file.
pub fn file(_: &Analysis, _: &SourceFile, file: &FileFacts, sink: &mut Sink) {
    let Some(services) = compose_root(file).and_then(|root| root.get("services")) else {
        return;
    };

    for service in services.entries() {
        let name = service.key.str().unwrap_or("");
        if let Some(build) = service.value.get("build")
            && let (Some(outside), Some(inline)) =
                (build.entry("dockerfile"), build.entry("dockerfile_inline"))
        {
            sink.report(
                Finding::new(
                    inline.key.content(),
                    format!("`{name}` sets both `dockerfile` and `dockerfile_inline`"),
                )
                .label(REFUSED)
                .related(outside.key.content(), "`dockerfile` is set here")
                .help("keep one of them"),
            );
        }

        for rule in items(service.value.path(&["develop", "watch"])) {
            if let Some(action) = rule.get("action")
                && action.str().is_some_and(|word| word.starts_with("sync"))
                && rule.get("target").is_none()
            {
                sink.report(
                    Finding::new(
                        action.content(),
                        format!("`{name}` has a sync rule without a target in the container"),
                    )
                    .label(REFUSED)
                    .help("add a `target`"),
                );
            }
        }

        let reserved = service
            .value
            .path(&["deploy", "resources", "reservations", "devices"]);
        for device in items(reserved).chain(items(service.value.get("gpus"))) {
            if let (Some(count), Some(ids)) = (device.entry("count"), device.entry("device_ids")) {
                sink.report(
                    Finding::new(
                        ids.key.content(),
                        format!("`{name}` sets both `count` and `device_ids` for devices"),
                    )
                    .label(REFUSED)
                    .related(count.key.content(), "`count` is set here")
                    .help("keep one of them"),
                );
            }
        }
    }
}

fn items(node: Option<Node<'_>>) -> impl Iterator<Item = Node<'_>> {
    node.filter(|node| node.kind() == Kind::Sequence)
        .into_iter()
        .flat_map(Node::items)
}
