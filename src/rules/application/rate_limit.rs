//! rate-limit: an API that clients can call without a limit.

use crate::analysis::Analysis;
use crate::analysis::endpoints::is_api;
use crate::data::Class;
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::container::Container;
use crate::model::file_role::Role;
use crate::model::keywords::Signal;
use crate::model::kubernetes::{Body, Object};
use crate::source::Location;

pub fn check(ctx: &Analysis, sink: &mut Sink) {
    if ctx.facts.env_usage.signals.contains(Signal::RateLimit) {
        return;
    }

    let composed = ctx
        .facts
        .projects()
        .iter()
        .filter(|project| project.role == Role::Production && !project.overlay);
    let Some((location, route, message)) = composed
        .into_iter()
        .find_map(|project| composed_api(ctx, project))
        .or_else(|| clustered_api(ctx))
    else {
        return;
    };

    sink.report(
        Finding::new(location, message)
            .label("a single client can use all the capacity")
            .related(route, "the service handles this route")
            .help(
                "limit requests per client at the entry point: `limit_req` in nginx, a \
                `rateLimit` middleware in Traefik, or a limiter in the application",
            ),
    );
}

/// A service that serves an API to every address, or the proxy that does so for it.
fn composed_api(ctx: &Analysis, project: &Project) -> Option<(Location, Location, String)> {
    let served = project
        .services
        .iter()
        .filter(|service| is_public(service))
        .find_map(|service| Some((service, api(ctx, &service.container)?)));
    if let Some((service, route)) = served {
        let message = format!("requests to `{}` are not rate-limited", service.name());
        return Some((service.container.anchor, route, message));
    }

    let proxy = project
        .services
        .iter()
        .find(|service| is_public(service) && is_proxy(service))?;
    let (service, route) = project
        .services
        .iter()
        .find_map(|service| Some((service, api(ctx, &service.container)?)))?;
    let message = format!(
        "`{}` forwards requests to `{}` without a rate limit",
        proxy.name(),
        service.name()
    );

    Some((proxy.container.anchor, route, message))
}

fn is_public(service: &Service) -> bool {
    let mut ports = service.container.ports.iter();
    service.profiles.is_empty() && ports.any(|port| port.is_public() && !port.unknown)
}

fn is_proxy(service: &Service) -> bool {
    service
        .known_image()
        .is_some_and(|known| known.class == Class::Proxy)
}

/// An entry into the cluster that leads to an API of this repository.
fn clustered_api(ctx: &Analysis) -> Option<(Location, Location, String)> {
    let is_practice = |object: &Object| ctx.facts.role(object.file) == Role::Practice;
    let entry = ctx.facts.objects().find(|object| {
        !object.open && matches!(object.body, Body::Ingress(_)) && !is_practice(object)
    })?;
    let pods = ctx
        .facts
        .deployed_workloads()
        .flat_map(|(_, workload)| &workload.pod.containers);
    let route = pods.into_iter().find_map(|container| api(ctx, container))?;
    let location = entry
        .name
        .as_ref()
        .map_or(entry.anchor, |name| name.location);
    Some((
        location,
        route,
        format!("{} accepts requests without a rate limit", entry.title()),
    ))
}

/// The first route of the API that a container is built to serve.
fn api(ctx: &Analysis, container: &Container) -> Option<Location> {
    let (dockerfile, _) = ctx.graph.build_of(container)?;
    ctx.graph.context(dockerfile).iter().find_map(|file| {
        let code = ctx.facts.file(file.id).code.as_ref()?;
        let route = code.routes.iter().find(|route| is_api(&route.path.value))?;
        Some(file.location(route.path.span))
    })
}
