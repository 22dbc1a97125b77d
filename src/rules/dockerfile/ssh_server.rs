//! `ssh-server`: SSH servers in images and pods.

use crate::analysis::{Analysis, Owner, shipped_stages};
use crate::finding::{Finding, Sink};
use crate::model::container::Container;
use crate::model::dockerfile::{Dockerfile, StageId};
use crate::model::package::{Verb, call};
use crate::source::Location;

/// Packages that bring a server.
const PACKAGES: &[&str] = &["openssh-server", "openssh", "dropbear", "sshd"];

pub fn dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let shipped = shipped_stages::shipped_layers(ctx, dockerfile);
    if shipped_stages::is_development(ctx, dockerfile) {
        return;
    }

    let mut installed: Vec<(StageId, Location)> = Vec::new();
    for step in dockerfile
        .steps()
        .filter(|step| shipped.contains(&step.stage.index))
    {
        let script = step.script();

        for invocation in script.invocations() {
            // Repositories that are served over SSH: then the server is what the image is for.
            if invocation
                .args
                .iter()
                .any(|word| word.text().contains("git-shell"))
            {
                return;
            }

            let Some(call) =
                call(&invocation).filter(|call| call.manager.system && call.verb == Verb::Install)
            else {
                continue;
            };

            let server = call.packages.iter().find(|word| {
                let name = word.text().split(['=', '~']).next().unwrap_or("");
                // Alpine's `openssh` is client and server; elsewhere it is the client.
                PACKAGES.contains(&name) && (name != "openssh" || call.family() == "apk")
            });

            if let Some(word) = server {
                installed.push((step.stage.index, step.location(word.span)));
            }
        }
    }

    let help = "use `docker exec` or `kubectl exec`, which the platform authorizes";
    for stage in dockerfile
        .stages
        .iter()
        .filter(|stage| shipped.contains(&stage.index))
    {
        let port = stage.exposes.iter().find(|port| is_ssh(&port.value));
        let mut locations = installed
            .iter()
            .filter(|(index, _)| *index == stage.index)
            .map(|(_, location)| *location);
        let finding = match (port, locations.next()) {
            (Some(port), server) => {
                let finding =
                    Finding::new(port.location, "the image exposes an SSH port").label("SSH port");
                server.into_iter().fold(finding, |finding, location| {
                    finding.related(location, "the server is installed here")
                })
            }
            (None, Some(location)) => Finding::new(location, "the image contains an SSH server")
                .label("a second way in, with its own users and keys"),
            (None, None) => continue,
        };

        sink.report(finding.help(help));
    }
}

fn is_ssh(port: &str) -> bool {
    port.trim_matches(['"', '\'']).split('/').next() == Some("22")
}

/// A pod's port 22.
pub fn container(_: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    if matches!(owner, Owner::Compose(..)) {
        return;
    }

    for port in container
        .ports
        .iter()
        .filter(|port| port.target == Some((22, 22)))
    {
        sink.report(
            Finding::new(
                port.location,
                format!("`{}` exposes an SSH port", container.name.value),
            )
            .label("SSH port")
            .help(
                "use `kubectl exec`, which the cluster authorizes; for Git over SSH, suppress \
                 this with a reason",
            ),
        );
    }
}
