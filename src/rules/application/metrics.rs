//! metrics: metrics that a program exposes and nothing scrapes.

use crate::analysis::Analysis;
use crate::analysis::packages::{is_manifest, package_at};
use crate::finding::{Finding, Sink};
use crate::model::file_role::Role;
use crate::model::keywords::Signal;
use crate::source::{Location, Span};

/// Libraries that serve metrics to be scraped.
const LIBRARIES: &[&str] = &[
    "prometheus-client",
    "prometheus_client",
    "prometheus-fastapi-instrumentator",
    "starlette-exporter",
    "starlette-prometheus",
    "prometheus-flask-exporter",
    "django-prometheus",
    "aioprometheus",
    "prom-client",
    "express-prom-bundle",
    "express-prometheus-middleware",
    "fastify-metrics",
    "@willsoto/nestjs-prometheus",
    "metrics-exporter-prometheus",
    "axum-prometheus",
    "actix-web-prom",
    "github.com/prometheus/client_golang",
    "micrometer-registry-prometheus",
    "prometheus-exporter",
];

pub fn check(ctx: &Analysis, sink: &mut Sink) {
    if ctx.facts.env_usage.signals.contains(Signal::Scraping) || !is_deployed(ctx) {
        return;
    }

    let Some((location, message)) = offered(ctx) else {
        return;
    };

    sink.report(
        Finding::new(location, message)
            .label("exposes metrics")
            .help(
                "add the service to Prometheus `scrape_configs`, or add a ServiceMonitor or \
                `prometheus.io/scrape` if the cluster uses them",
            ),
    );
}

/// Whether the repository says how its programs run: only then is a scraper missing.
fn is_deployed(ctx: &Analysis) -> bool {
    let composed = ctx
        .facts
        .projects()
        .iter()
        .filter(|project| project.role == Role::Production && !project.overlay);
    let mut services = composed.flat_map(|project| &project.services);
    let mut pods = ctx
        .facts
        .deployed_workloads()
        .flat_map(|(_, workload)| &workload.pod.containers);
    services.any(|service| service.build.is_some())
        || pods.any(|container| ctx.graph.built(container).is_some())
}

/// The library in a manifest, or else the route, by which metrics are offered.
fn offered(ctx: &Analysis) -> Option<(Location, String)> {
    offered_by_library(ctx).or_else(|| offered_by_route(ctx))
}

fn offered_by_library(ctx: &Analysis) -> Option<(Location, String)> {
    let files = ctx.facts.repository.files().iter();
    let (location, name) = files.filter(|file| is_manifest(file)).find_map(|file| {
        LIBRARIES.iter().find_map(|name| {
            let start = package_at(&file.text, name)?;
            Some((file.location(Span::of(start, start + name.len())), name))
        })
    })?;

    Some((
        location,
        format!("nothing scrapes the metrics that `{name}` exposes"),
    ))
}

fn offered_by_route(ctx: &Analysis) -> Option<(Location, String)> {
    let mut files = ctx.facts.files.iter().zip(ctx.facts.repository.files());
    files.find_map(|(facts, file)| {
        let routes = &facts.code.as_ref()?.routes;
        let route = routes.iter().find(|route| route.path.value == "/metrics")?;
        Some((
            file.location(route.path.span),
            "nothing scrapes `/metrics`".to_owned(),
        ))
    })
}
