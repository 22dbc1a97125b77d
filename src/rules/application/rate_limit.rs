//! rate-limit: an API that anybody may call as fast as they can.

use crate::analysis::Ctx;
use crate::analysis::endpoints::is_api;
use crate::data::Class;
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::container::Container;
use crate::model::keywords::Signal;
use crate::model::kubernetes::Body;
use crate::source::{FileId, Location};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    if ctx.facts.env_usage.signals.contains(Signal::RateLimit) {
        return;
    }

    let composed = ctx
        .facts
        .projects()
        .iter()
        .filter(|project| !project.development && !project.overlay);
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
fn composed_api(ctx: &Ctx, project: &Project) -> Option<(Location, Location, String)> {
    let api = |service: &Service| api(ctx, &service.container);
    let open = |service: &&Service| {
        service.profiles.is_empty()
            && service
                .container
                .ports
                .iter()
                .any(|port| port.is_public() && !port.unknown)
    };

    if let Some((service, route)) = project
        .services
        .iter()
        .filter(open)
        .find_map(|service| Some((service, api(service)?)))
    {
        let message = format!("requests to `{}` are not rate-limited", service.name());
        return Some((service.container.anchor, route, message));
    }

    let proxies = |service: &&Service| {
        service
            .known_image()
            .is_some_and(|known| known.class == Class::Proxy)
    };

    let proxy = project.services.iter().filter(open).find(proxies)?;
    let (service, route) = project
        .services
        .iter()
        .find_map(|service| Some((service, api(service)?)))?;
    let message = format!(
        "`{}` forwards requests to `{}` without a rate limit",
        proxy.name(),
        service.name()
    );

    Some((proxy.container.anchor, route, message))
}

/// An entry into the cluster that leads to an API of this repository.
fn clustered_api(ctx: &Ctx) -> Option<(Location, Location, String)> {
    let entry = ctx
        .facts
        .objects()
        .find(|object| !object.open && matches!(object.body, Body::Ingress(_)))?;
    let pods = ctx
        .facts
        .files
        .iter()
        .flat_map(|file| file.workloads())
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
fn api(ctx: &Ctx, container: &Container) -> Option<Location> {
    let (dockerfile, _) = ctx.graph.build_of(container)?;
    let served = |file: FileId| {
        let code = ctx.facts.file(file).code.as_ref()?;
        let route = code.routes.iter().find(|route| is_api(&route.path.value))?;
        Some(Location::new(file, route.path.span))
    };

    ctx.graph
        .context(dockerfile)
        .iter()
        .find_map(|file| served(file.id))
}
