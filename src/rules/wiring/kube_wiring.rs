//! unknown-host, localhost-dependency, browser-internal-host in Kubernetes and Dockerfiles: whether
//! the addresses that containers are given lead to Services.

use crate::analysis::endpoints::{Endpoint, endpoints};
use crate::analysis::hosts::{is_for_browsers, is_outward, is_placeholder};
use crate::analysis::{Ctx, Owner};
use crate::finding::{Finding, Sink};
use crate::model::container::{Container, HostNamespace};
use crate::model::dockerfile::Dockerfile;
use crate::model::kubernetes::{Body, KubeService, Object};
use crate::source::parent;
use crate::suggest;

/// The Service that a host inside a cluster names: `db`, `db.data`, `db.data.svc.cluster.local`. Of
/// other namespaces only those count in which something here stands.
fn service_name<'h>(ctx: &Ctx, host: &'h str) -> Option<&'h str> {
    let mut parts = host.split('.');
    let name = parts.next()?;
    let rest: Vec<&str> = parts.collect();
    let named = |namespace: &str| ctx.graph.cluster.has_namespace(namespace);
    let inside = match rest.as_slice() {
        [] => true,
        [namespace] | [namespace, "svc"] | [namespace, "svc", "cluster", "local"] => {
            named(namespace)
        }
        _ => false,
    };
    // Nothing in a cluster has capitals in its name: they mark what is to be filled in.
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    (inside && plain).then_some(name)
}

fn services<'a>(ctx: &Ctx<'a>) -> impl Iterator<Item = (&'a Object, &'a KubeService)> {
    ctx.graph
        .cluster
        .of_kind("Service")
        .filter_map(|object| match &object.body {
            Body::Service(service) => Some((object, &**service)),
            _ => None,
        })
}

pub fn unknown_host(ctx: &Ctx, owner: Owner, container: &Container, sink: &mut Sink) {
    let Owner::Kubernetes(object, _) = owner else {
        return;
    };

    if object.helm || object.open || !ctx.graph.cluster.has_service_beside(object) {
        return;
    }

    for var in &container.env {
        for endpoint in endpoints(var) {
            let Some(name) = service_name(ctx, &endpoint.host)
                .filter(|_| !endpoint.is_local() && !is_placeholder(&endpoint.host))
            else {
                continue;
            };

            if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || may_stand(ctx, name) {
                continue;
            }

            let folder = parent(ctx.facts.path(object.file));
            let beside = ctx.graph.cluster.in_folder(folder).iter().copied();
            let beside = beside.filter(|other| matches!(other.body, Body::Service(_)));
            // Those beside the object come first: of a great many only some are looked at.
            let known = beside
                .take(suggest::MAX_CANDIDATES / 2)
                .chain(services(ctx).map(|(other, _)| other));
            let known = known
                .filter(|other| other.shares_namespace(object))
                .take(suggest::MAX_CANDIDATES);
            let known: Vec<&str> = known
                .filter_map(|other| other.name.as_ref())
                .map(|name| name.value.as_str())
                .collect();
            let near = suggest::nearest(name, known.iter().copied())
                .or_else(|| longer_or_shorter(ctx, object, name));
            let help = near.map_or_else(
                || {
                    format!(
                        "add a Service `{name}`, or use the host's full name if it is outside \
                    the cluster"
                    )
                },
                |near| format!("did you mean `{near}`?"),
            );
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
                    .case_if(near.is_none(), "elsewhere"),
            );
        }
    }
}

/// Words that the name of a Service often ends in.
const SUFFIXES: [&str; 4] = ["-service", "-svc", "-server", "-headless"];

/// The Service whose name has a word more than this one, or a word less: `api-service` and `api`.
fn longer_or_shorter<'a>(ctx: &Ctx<'a>, object: &Object, name: &str) -> Option<&'a str> {
    let longer = SUFFIXES.iter().map(|suffix| format!("{name}{suffix}"));
    let shorter = SUFFIXES
        .iter()
        .filter_map(|suffix| Some(name.strip_suffix(suffix)?.to_owned()));
    let found = longer
        .chain(shorter)
        .flat_map(|other| ctx.graph.cluster.find("Service", &other, object));
    let services = found.filter(|other| matches!(other.body, Body::Service(_)));
    let first = services.min_by_key(|other| other.location())?;

    Some(first.name.as_ref()?.value.as_str())
}

/// Whether a Service of this name is here, or an object that an operator may make one of. A
/// templated name may be any.
fn may_stand(ctx: &Ctx, name: &str) -> bool {
    let cluster = &ctx.graph.cluster;
    cluster.has_nameless_service(false)
        || cluster.has_nameless_service(true)
        || cluster.has_service_named(name)
        || cluster.has_other_prefix(name)
}

pub fn localhost_dependency(ctx: &Ctx, owner: Owner, container: &Container, sink: &mut Sink) {
    let Owner::Kubernetes(object, workload) = owner else {
        return;
    };

    let shared = container
        .security
        .host_namespaces
        .iter()
        .any(|one| one.value == HostNamespace::Network);
    // A container beside it may be the proxy that is meant.
    if shared || object.open || object.helm || workload.pod.containers.len() > 1 {
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

            let own = container.ports.iter().any(|one| {
                one.target
                    .is_some_and(|(first, last)| (first..=last).contains(&port))
            });

            let number = port.to_string();
            let serves = |service: &KubeService| {
                service
                    .ports
                    .iter()
                    .any(|one| one.port.value() == Some(&number))
            };

            let joined = ctx.graph.cluster.joined(object);
            let is_own = |other: &Object| {
                joined.is_some_and(|joined| {
                    joined
                        .services
                        .iter()
                        .any(|service| service.location() == other.location())
                })
            };

            let other = services(ctx).find(|(other, service)| {
                serves(service) && other.shares_namespace(object) && !is_own(other)
            });

            let Some((other, _)) = other.filter(|_| !own) else {
                continue;
            };

            let Some(name) = &other.name else { continue };

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

pub fn browser_internal_host(ctx: &Ctx, owner: Owner, container: &Container, sink: &mut Sink) {
    if let Owner::Kubernetes(..) = owner {
        container
            .env
            .iter()
            .filter(|var| is_for_browsers(&var.name.value))
            .for_each(|var| {
                for endpoint in endpoints(var) {
                    inside(ctx, &endpoint, &var.name.value, sink);
                }
            });
    }
}

pub fn browser_image(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    for var in dockerfile
        .stages
        .iter()
        .flat_map(|stage| &stage.env)
        .filter(|var| is_for_browsers(&var.name.value))
    {
        for endpoint in endpoints(var) {
            let host = endpoint.host.as_str();
            let composed =
                endpoint.is_single_word() && ctx.graph.projects_resolving(host).next().is_some();
            if composed {
                report(&endpoint, &var.name.value, sink);
            } else {
                inside(ctx, &endpoint, &var.name.value, sink);
            }
        }
    }
}

/// Reports a host that only the cluster's own name server knows.
fn inside(ctx: &Ctx, endpoint: &Endpoint, name: &str, sink: &mut Sink) {
    let host = endpoint.host.as_str();
    let full = host.ends_with(".svc") || host.ends_with(".cluster.local");
    let first = host.split('.').next().unwrap_or(host);
    let known = || ctx.graph.cluster.has_service_named(first);
    if full || (service_name(ctx, host).is_some() && known()) {
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
