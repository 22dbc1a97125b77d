//! `unknown-host`, `localhost-dependency`, `browser-internal-host` in Kubernetes and Dockerfiles: whether
//! addresses in variables lead to Services.

use crate::analysis::endpoints::{Endpoint, endpoints};
use crate::analysis::hosts::{is_for_browsers, is_outward, is_placeholder};
use crate::analysis::{Analysis, Owner};
use crate::finding::{Finding, Sink};
use crate::model::container::{Container, HostNamespace};
use crate::model::dockerfile::Dockerfile;
use crate::model::kubernetes::{Body, KubeService, Object};
use crate::source::parent;
use crate::suggest;

/// The Service that a host inside a cluster names: `db`, `db.data`, `db.data.svc.cluster.local`. Of
/// other namespaces, only those count that contain an object of the repository.
pub(super) fn service_name<'h>(ctx: &Analysis, host: &'h str) -> Option<&'h str> {
    let mut parts = host.split('.');
    let name = parts.next()?;
    let rest: Vec<&str> = parts.collect();
    let is_inside = match rest.as_slice() {
        [] => true,
        [namespace] | [namespace, "svc"] | [namespace, "svc", "cluster", "local"] => {
            ctx.graph.cluster.has_namespace(namespace)
        }
        _ => false,
    };
    if !is_inside || !name.bytes().all(is_name_byte) {
        return None;
    }

    Some(name)
}

/// No name in a cluster has capitals: they mark a placeholder.
const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

fn services<'a>(ctx: &Analysis<'a>) -> impl Iterator<Item = (&'a Object, &'a KubeService)> {
    ctx.graph
        .cluster
        .of_kind("Service")
        .filter_map(|object| match &object.body {
            Body::Service(service) => Some((object, &**service)),
            _ => None,
        })
}

pub fn unknown_host(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Owner::Kubernetes(object, _) = owner else {
        return;
    };

    if object.helm || object.open || !ctx.graph.cluster.has_service_beside(object) {
        return;
    }

    for var in &container.env {
        for endpoint in endpoints(var) {
            if endpoint.is_local() || is_placeholder(&endpoint.host) {
                continue;
            }

            let Some(name) = service_name(ctx, &endpoint.host) else {
                continue;
            };

            if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || may_exist(ctx, name) {
                continue;
            }

            let similar = similar_service(ctx, object, name);
            let help = match similar {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => format!(
                    "add a Service `{name}`, or use the host's full name if it is outside the \
                     cluster"
                ),
            };

            let text = format!(
                "`{}` of `{}` refers to unknown host `{}`",
                var.name.value,
                object.title(),
                endpoint.host
            );
            // A name that resembles none here is likely defined in another repository.
            sink.report(
                Finding::new(endpoint.location, text)
                    .label(format!("no Service is named `{name}`"))
                    .help(help)
                    .case_if(similar.is_none(), "elsewhere"),
            );
        }
    }
}

/// The Service in the namespace of an object whose name is most similar.
fn similar_service<'a>(ctx: &Analysis<'a>, object: &Object, name: &str) -> Option<&'a str> {
    // Services in the folder of the object come first, as the number of candidates is limited.
    let folder = parent(ctx.facts.path(object.file));
    let nearby = ctx
        .graph
        .cluster
        .in_folder(folder)
        .iter()
        .copied()
        .filter(|other| matches!(other.body, Body::Service(_)))
        .take(suggest::MAX_CANDIDATES / 2);
    let known: Vec<&str> = nearby
        .chain(services(ctx).map(|(other, _)| other))
        .filter(|other| other.shares_namespace(object))
        .take(suggest::MAX_CANDIDATES)
        .filter_map(|other| other.name.as_ref())
        .map(|name| name.value.as_str())
        .collect();

    suggest::nearest(name, known.iter().copied()).or_else(|| longer_or_shorter(ctx, object, name))
}

/// Words that the name of a Service often ends in.
const SUFFIXES: [&str; 4] = ["-service", "-svc", "-server", "-headless"];

/// The Service whose name has a word more than this one, or a word less: `api-service` and `api`.
fn longer_or_shorter<'a>(ctx: &Analysis<'a>, object: &Object, name: &str) -> Option<&'a str> {
    let longer = SUFFIXES.iter().map(|suffix| format!("{name}{suffix}"));
    let shorter = SUFFIXES
        .iter()
        .filter_map(|suffix| Some(name.strip_suffix(suffix)?.to_owned()));
    let first = longer
        .chain(shorter)
        .flat_map(|other| ctx.graph.cluster.find("Service", &other, object))
        .filter(|other| matches!(other.body, Body::Service(_)))
        .min_by_key(|other| other.location())?;

    Some(first.name.as_ref()?.value.as_str())
}

/// Whether the repository may define a Service of this name: by itself, by an object of an operator,
/// or by a template.
fn may_exist(ctx: &Analysis, name: &str) -> bool {
    let cluster = &ctx.graph.cluster;
    cluster.has_nameless_service(false)
        || cluster.has_nameless_service(true)
        || cluster.has_service_named(name)
        || cluster.has_other_prefix(name)
        || cluster.may_be_made(name)
}

pub fn localhost_dependency(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Owner::Kubernetes(object, workload) = owner else {
        return;
    };

    let shares_network = container
        .security
        .host_namespaces
        .iter()
        .any(|shared| shared.value == HostNamespace::Network);
    // Another container of the pod may be the proxy that is meant.
    if shares_network || object.open || object.helm || workload.pod.containers.len() > 1 {
        return;
    }

    for var in &container.env {
        let name = var.name.value.to_ascii_uppercase();
        if is_for_browsers(&name) || is_outward(&name) {
            continue;
        }

        for endpoint in endpoints(var).into_iter().filter(Endpoint::is_local) {
            let Some(port) = endpoint.effective_port() else {
                continue;
            };

            if has_port(container, port) {
                continue;
            }

            let Some(name) = other_service(ctx, object, port).and_then(|other| other.name.as_ref())
            else {
                continue;
            };

            let text = format!(
                "`{}` of `{}` uses localhost, but Service `{}` has port {port}",
                var.name.value,
                object.title(),
                name.value
            );
            sink.report(
                Finding::new(endpoint.location, text)
                    .label("inside a pod, localhost is the pod itself")
                    .related(name.location, format!("this Service has port {port}"))
                    .help(format!("use `{}` as the host", name.value)),
            );
        }
    }
}

fn has_port(container: &Container, port: u16) -> bool {
    container.ports.iter().any(|mapping| {
        mapping
            .target
            .is_some_and(|(first, last)| (first..=last).contains(&port))
    })
}

/// The first Service with a port that does not select the pods of the object.
fn other_service<'a>(ctx: &Analysis<'a>, object: &Object, port: u16) -> Option<&'a Object> {
    let number = port.to_string();
    let joined = ctx.graph.cluster.joined(object);

    services(ctx)
        .filter(|(_, service)| {
            service
                .ports
                .iter()
                .any(|listed| listed.port.value() == Some(&number))
        })
        .map(|(other, _)| other)
        .filter(|other| other.shares_namespace(object))
        .find(|other| {
            !joined.is_some_and(|joined| {
                joined
                    .services
                    .iter()
                    .any(|service| service.location() == other.location())
            })
        })
}

pub fn browser_internal_host(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Owner::Kubernetes(..) = owner else {
        return;
    };

    for var in &container.env {
        if !is_for_browsers(&var.name.value) {
            continue;
        }

        for endpoint in endpoints(var) {
            report_cluster_host(ctx, &endpoint, &var.name.value, sink);
        }
    }
}

pub fn browser_image(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    for var in dockerfile
        .stages
        .iter()
        .flat_map(|stage| &stage.env)
        .filter(|var| is_for_browsers(&var.name.value))
    {
        for endpoint in endpoints(var) {
            let host = endpoint.host.as_str();
            let is_in_project =
                endpoint.is_single_word() && ctx.graph.projects_resolving(host).next().is_some();
            if is_in_project {
                report(&endpoint, &var.name.value, sink);
            } else {
                report_cluster_host(ctx, &endpoint, &var.name.value, sink);
            }
        }
    }
}

/// Reports a host that only the name server of the cluster resolves.
fn report_cluster_host(ctx: &Analysis, endpoint: &Endpoint, name: &str, sink: &mut Sink) {
    let host = endpoint.host.as_str();
    let is_full_name = host.ends_with(".svc") || host.ends_with(".cluster.local");
    let first = host.split('.').next().unwrap_or(host);
    if is_full_name
        || (service_name(ctx, host).is_some() && ctx.graph.cluster.has_service_named(first))
    {
        report(endpoint, name, sink);
    }
}

fn report(endpoint: &Endpoint, name: &str, sink: &mut Sink) {
    sink.report(
        Finding::new(
            endpoint.location,
            format!(
                "`{name}` exposes the internal host `{}` to browsers",
                endpoint.host
            ),
        )
        .label("only containers can resolve this name")
        .help("use the public address, or a path on the same origin"),
    );
}
