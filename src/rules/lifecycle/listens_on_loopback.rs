//! `listens-on-loopback`: servers that listen on the loopback address of their container, while
//! something outside reaches for them.

use crate::analysis::startup::{self, Started};
use crate::analysis::{Analysis, Owner, base_image, effective_env, shipped_stages};
use crate::data::{self, Class};
use crate::finding::{Finding, Sink};
use crate::graph::User;
use crate::model::compose::{Project, Service};
use crate::model::container::{Container, HostNamespace};
use crate::model::dockerfile::{Dockerfile, StageId};
use crate::model::image::Reference;
use crate::model::kubernetes::Workload;
use crate::model::package::{Verb, call};
use crate::model::server::{self, ListenAddress};
use crate::source::{Location, join};

/// Programs that pass requests on to a server beside them.
const PROXIES: &[&str] = &[
    "nginx",
    "caddy",
    "haproxy",
    "envoy",
    "traefik",
    "apache2",
    "httpd",
    "supervisord",
    "socat",
    "cloudflared",
    "openresty",
];

/// How many places that reach for a server are shown.
const SHOWN: usize = 3;

/// What the image of a Dockerfile starts.
pub fn dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let folders = startup::folders(ctx, dockerfile);
    let mut seen: Vec<Location> = Vec::new();

    for stage in shipped_stages::serving(ctx, dockerfile) {
        let base = base_image::effective(ctx, dockerfile, stage);
        if has_proxy(dockerfile, stage) || base.image().is_some_and(is_server_image) {
            continue;
        }

        let started = startup::stage(ctx, dockerfile, stage);
        let Some(local) = local_server(ctx, started, folders) else {
            continue;
        };

        let names: Vec<&str> = dockerfile
            .chain(stage)
            .flat_map(|stage| &stage.env)
            .map(|var| var.name.value.as_str())
            .collect();
        if seen.contains(&local.location) || may_be_set(local, &names) {
            continue;
        }

        let exposes = dockerfile
            .chain(stage)
            .any(|stage| !stage.exposes.is_empty());
        let uses: Vec<User> = ctx
            .graph
            .uses_of_stage(dockerfile.file, stage)
            .map(|image_use| image_use.user)
            .filter(|user| user.runs())
            .collect();
        let reaching: Vec<(Location, String)> = uses
            .iter()
            .filter_map(|user| reach_of_user(ctx, *user, local))
            .collect();

        // Without a service or a pod, the image itself says that it is to be reached.
        let stands_alone = uses.is_empty() && exposes && !is_set_by_platform(local);
        if reaching.is_empty() && !stands_alone {
            continue;
        }

        seen.push(local.location);

        let finding = finding(local, "the shipped image").case_if(stands_alone, "image-alone");
        sink.report(
            reaching
                .into_iter()
                .take(SHOWN)
                .fold(finding, |finding, (location, label)| {
                    finding.related(location, label)
                }),
        );
    }
}

/// What a service or a pod starts instead.
pub fn container(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    if container.entrypoint.is_none() && container.command.is_none() {
        return;
    }

    let built = ctx.graph.build_of(container);
    let reference = container
        .image
        .as_ref()
        .and_then(|image| image.reference.as_ref());
    let is_behind_proxy = match built {
        Some((dockerfile, stage)) => has_proxy(dockerfile, stage),
        None => reference
            .and_then(|reference| data::image(&reference.repository()))
            .is_some_and(|known| known.class == Class::Proxy),
    };
    if is_behind_proxy {
        return;
    }

    let started = startup::container(ctx, owner, container);
    let folders = startup::folders_of(ctx, owner, container);
    let Some(local) = local_server(ctx, started, folders) else {
        return;
    };

    // Such an image sets the address itself, and an option overrides it.
    let may_set_variable = !server::host_variables(&local.found.server).is_empty();
    if built.is_none()
        && is_by_default(local)
        && may_set_variable
        && reference.is_some_and(is_server_image)
    {
        return;
    }

    let names: Vec<&str> = built
        .into_iter()
        .flat_map(|(dockerfile, stage)| effective_env::image(dockerfile, stage))
        .map(|var| var.name.value.as_str())
        .collect();
    if may_be_set(local, &names) {
        return;
    }

    let reach = match owner {
        Owner::Compose(project, service) => reach_of_service(ctx, project, service, local),
        Owner::Kubernetes(_, workload) => reach_of_pod(workload, container, local),
    };
    let Some((location, label)) = reach else {
        return;
    };

    // The image may set the address in a variable.
    let is_unknown = built.is_none() && is_by_default(local);
    sink.report(
        finding(local, &container.title())
            .related(location, label)
            .anchor(container.anchor)
            .case_if(is_unknown, "unknown-image"),
    );
}

/// A variable with which a service or a pod makes its server listen on the loopback address.
pub fn variable(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Some(var) = container.env.iter().find(|var| {
        server::is_host_variable(&var.name.value)
            && var.value.resolved().is_some_and(server::is_loopback)
    }) else {
        return;
    };

    let is_ollama = container
        .image
        .as_ref()
        .and_then(|image| image.reference.as_ref())
        .is_some_and(|reference| reference.repository().ends_with("ollama"));
    // The variable of Ollama is that of its clients, too.
    if var.name.value == "OLLAMA_HOST" && !is_ollama {
        return;
    }

    let reach = match owner {
        Owner::Compose(project, service) => place_of_reach(ctx, project, service),
        Owner::Kubernetes(_, workload) if workload.pod.lasting().count() == 1 => container
            .ports
            .first()
            .map(|port| (port.location, "to be reached here".to_owned())),
        Owner::Kubernetes(..) => None,
    };
    let Some((location, label)) = reach else {
        return;
    };

    let name = &var.name.value;
    sink.report(
        Finding::new(
            var.value.location().unwrap_or(var.name.location),
            format!("`{name}` makes the server reachable in its own container only"),
        )
        .label("the loopback address of the container")
        .related(location, label)
        .help(format!("set `{name}` to `0.0.0.0`"))
        .anchor(container.anchor),
    );
}

/// The server that listens on its loopback address, if all that are started do.
fn local_server<'s>(
    ctx: &Analysis,
    started: &'s [Started],
    folders: &[String],
) -> Option<&'s Started> {
    let is_local = |started: &Started| started.found.server.address != ListenAddress::Other;
    let mut listening = started
        .iter()
        .filter(|started| !started.found.server.is_worker);
    let first = listening.next()?;
    if !is_local(first) || !listening.all(is_local) {
        return None;
    }

    let files = server::configuration_files(&first.found.server);
    let has_configuration = folders.iter().any(|folder| {
        files.iter().any(|name| {
            join(folder, name).is_some_and(|path| ctx.facts.repository.find(&path).is_some())
        })
    });

    (!has_configuration || !is_by_default(first)).then_some(first)
}

fn is_by_default(started: &Started) -> bool {
    started.found.server.address == ListenAddress::LoopbackByDefault
}

/// Whether one of these variables gives the address, where no option does.
fn may_be_set(started: &Started, names: &[&str]) -> bool {
    let variables = server::host_variables(&started.found.server);

    is_by_default(started)
        && names
            .iter()
            .any(|name| variables.iter().any(|variable| variable == name))
}

/// Whether a platform that runs the image may set the address: many give a PORT.
fn is_set_by_platform(started: &Started) -> bool {
    is_by_default(started)
        && server::host_variables(&started.found.server)
            .iter()
            .any(|name| name == "PORT")
}

/// Whether the image brings a proxy that may pass requests on to the server.
fn has_proxy(dockerfile: &Dockerfile, stage: StageId) -> bool {
    dockerfile.steps_in_image(stage).any(|step| {
        step.script().invocations().iter().any(|invocation| {
            call(invocation).is_some_and(|call| {
                call.verb == Verb::Install
                    && call
                        .packages
                        .iter()
                        .any(|word| PROXIES.iter().any(|proxy| word.text().starts_with(proxy)))
            })
        })
    })
}

/// Whether an image has a server of its own, which is set up in it.
fn is_server_image(reference: &Reference) -> bool {
    data::image(&reference.repository()).is_some_and(|known| !known.class.is_base())
}

/// Who reaches for the server of an image that a service or a pod runs as it is.
fn reach_of_user(ctx: &Analysis, user: User, local: &Started) -> Option<(Location, String)> {
    match user {
        User::Service(project, service) => {
            let container = &service.container;
            let is_own = container.entrypoint.is_some() || container.command.is_some();
            if is_own {
                return None;
            }

            reach_of_service(ctx, project, service, local)
        }
        User::Container(_, workload, container) => {
            let is_own = container.entrypoint.is_some() || container.command.is_some();
            if is_own {
                return None;
            }

            reach_of_pod(workload, container, local)
        }
        User::Pipeline(_) | User::Caller(_) => None,
    }
}

/// Whether a container may set the address in a variable.
fn may_set_address(container: &Container, local: &Started) -> bool {
    let names: Vec<&str> = container
        .env
        .iter()
        .map(|var| var.name.value.as_str())
        .collect();

    container.env.is_open()
        || may_be_set(local, &names)
        || (is_by_default(local)
            && !container.env_from.is_empty()
            && !server::host_variables(&local.found.server).is_empty())
}

fn reach_of_service(
    ctx: &Analysis,
    project: &Project,
    service: &Service,
    local: &Started,
) -> Option<(Location, String)> {
    let container = &service.container;
    let owner = Owner::Compose(project, service);
    let is_set = if effective_env::is_complete(ctx, owner, container) {
        let given = effective_env::given(ctx, owner, container);
        let names: Vec<&str> = given.iter().map(|variable| variable.name).collect();
        container.env.is_open() || may_be_set(local, &names)
    } else {
        may_set_address(container, local)
    };
    if is_set {
        return None;
    }

    place_of_reach(ctx, project, service)
}

/// What reaches for a service from outside of its container: a published port, the URL of another
/// service.
fn place_of_reach(
    ctx: &Analysis,
    project: &Project,
    service: &Service,
) -> Option<(Location, String)> {
    let container = &service.container;
    // In the network of the host or of another container, the address is reached.
    if !service.network_mode.is_absent() {
        return None;
    }

    if let Some(port) = container.ports.iter().find(|port| port.published.is_some()) {
        return Some((
            port.location,
            format!("published for `{}`, but nothing answers", service.name()),
        ));
    }

    if let Some(port) = service.exposes.first() {
        return Some((
            port.location,
            format!("meant for other services of `{}`'s network", service.name()),
        ));
    }

    // A service that shares the network reaches it.
    let is_shared = project.services.iter().any(|other| {
        other
            .network_mode
            .value()
            .is_some_and(|mode| mode.ends_with(&format!(":{}", service.name())))
    });
    if is_shared {
        return None;
    }

    let address = format!("{}:", service.name());
    let reader = project.services.iter().find_map(|other| {
        other.container.env.iter().find_map(|var| {
            let value = var.value.resolved()?;
            let host = value.split("://").nth(1)?;
            host.starts_with(&address).then_some(var.name.location)
        })
    })?;
    let name = ctx.facts.text(reader).to_owned();

    Some((reader, format!("`{name}` leads there")))
}

fn reach_of_pod(
    workload: &Workload,
    container: &Container,
    local: &Started,
) -> Option<(Location, String)> {
    let is_on_host = container
        .security
        .host_namespaces
        .iter()
        .any(|namespace| namespace.value == HostNamespace::Network);
    // Containers of a pod reach each other; one beside it may pass requests on.
    if is_on_host || may_set_address(container, local) || workload.pod.lasting().count() > 1 {
        return None;
    }

    let port = container.ports.first()?;

    Some((port.location, "to be reached here".to_owned()))
}

fn finding(local: &Started, title: &str) -> Finding {
    let server = &local.found.server;
    let label = match &server.address {
        ListenAddress::Loopback(address) => {
            format!("`{}` is reachable in the container only", address.value)
        }
        _ => format!("`{}` listens on 127.0.0.1 by default", server.name),
    };
    let finding = Finding::new(
        local.location,
        format!("{title} starts a server that only its own container can reach"),
    )
    .label(label)
    .help(advice(server.name));

    match &local.found.via {
        Some(via) => finding.related(via.location, "started here"),
        None => finding,
    }
}

fn advice(name: &str) -> &'static str {
    match name {
        "gunicorn" | "hypercorn" => "add `--bind 0.0.0.0:8000`, with the port that is reached",
        "manage.py runserver" => "write `runserver 0.0.0.0:8000`",
        "daphne" => "add `--bind 0.0.0.0`",
        "hugo server" => "add `--bind 0.0.0.0`",
        "ollama" => "set `OLLAMA_HOST=0.0.0.0` in the environment",
        "jupyter" => "add `--ip 0.0.0.0`",
        "rails server" => "add `--binding 0.0.0.0`",
        "gradio" => "set `GRADIO_SERVER_NAME=0.0.0.0` in the environment",
        "etcd" => "add `--listen-client-urls http://0.0.0.0:2379`",
        "temporal server" => "add `--ip 0.0.0.0`",
        "text-generation-launcher" => "add `--hostname 0.0.0.0`",
        "streamlit" => "add `--server.address 0.0.0.0`",
        "next start" => "add `--hostname 0.0.0.0`",
        _ => "add `--host 0.0.0.0`",
    }
}
