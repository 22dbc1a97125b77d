//! `health-endpoint`: whether the source serves the paths that health checks and probes call.
//!
//! The rule reports only if the source of the image is here, its routes can be read, and nothing in
//! it could serve other paths.

pub(crate) mod requests;
pub(crate) mod served;

use crate::analysis::{Analysis, Owner};
use crate::data::{self, Class};
use crate::finding::{Finding, Sink};
use crate::model::Setting;
use crate::model::container::{Container, Probe, ProbeAction};
use crate::model::dockerfile::{Base, Dockerfile, StageId};
use crate::source::{Located, Location, SourceFile};
use requests::requests;
use served::Served;

pub fn container(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Some((dockerfile, stage)) = ctx.graph.build_of(container) else {
        return;
    };

    let probes = [
        ("liveness", &container.liveness),
        ("readiness", &container.readiness),
        ("startup", &container.startup),
    ];
    let mut called: Vec<(String, Located<String>)> = Vec::new();

    for (name, probe) in probes {
        if let Some(Located {
            value:
                Probe {
                    action:
                        ProbeAction::Http {
                            path: Some(path), ..
                        },
                    host: None,
                    ..
                },
            ..
        }) = probe.known()
        {
            called.push((
                format!("the {name} probe of `{}`", container.name.value),
                path.clone(),
            ));
        }
    }

    if let Some(command) = container
        .health
        .value()
        .and_then(|check| check.test.as_ref())
    {
        let caller = format!("the health check of `{}`", container.name.value);
        called.extend(
            requests(ctx, command)
                .into_iter()
                .map(|path| (caller.clone(), path)),
        );
    }

    let findings = unserved_paths(ctx, (dockerfile, stage), called);
    let development = owner.is_development();
    for finding in findings {
        sink.report(finding.case_if(development, "development"));
    }
}

pub fn dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    for stage in ctx.graph.shipped(dockerfile) {
        let Setting::Set(check) = dockerfile.health(stage) else {
            continue;
        };

        let Some(command) = &check.value.test else {
            continue;
        };

        let called = requests(ctx, command)
            .into_iter()
            .map(|path| ("the `HEALTHCHECK`".to_owned(), path))
            .collect();
        for finding in unserved_paths(ctx, (dockerfile, stage), called) {
            sink.report(finding);
        }
    }
}

/// Findings on the paths that are called, each with what calls it, and not served.
fn unserved_paths(
    ctx: &Analysis,
    (dockerfile, stage): (&Dockerfile, StageId),
    called: Vec<(String, Located<String>)>,
) -> Vec<Finding> {
    if called.is_empty() || is_web_server(dockerfile, stage) {
        return Vec::new();
    }

    let files = ctx.graph.context(dockerfile);
    let Some(served) = Served::of(ctx, files) else {
        return Vec::new();
    };

    let mut findings = Vec::new();

    for (caller, path) in called {
        if served.serves(&path.value) || is_file(files, &path.value) {
            continue;
        }

        let mut finding = Finding::new(
            path.location,
            format!(
                "{caller} calls `{}`, which no route in the source serves",
                path.value
            ),
        )
        .label("returns 404");
        let near = served.near(&path.value);
        let help = match near.first() {
            Some((_, route)) => format!(
                "call an existing path, such as `{}`, or add the route",
                route.path.value
            ),
            None => "add the route to the application, or call an existing one".to_owned(),
        };

        for (file, route) in near.iter().filter(|(_, route)| !route.path.span.is_empty()) {
            finding = finding.related(
                Location::new(*file, route.path.span),
                format!("`{}` is served here", route.path.value),
            );
        }

        findings.push(finding.help(help));
    }

    findings
}

/// Whether the path may be a file of this name.
fn is_file(files: &[SourceFile], path: &str) -> bool {
    let name = path.trim_start_matches('/');

    name.contains('.')
        && files.iter().any(|file| {
            file.path
                .strip_suffix(name)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        })
}

/// Whether the image is a web server or an application server, whose configuration defines the
/// paths.
fn is_web_server(dockerfile: &Dockerfile, stage: StageId) -> bool {
    let Some(Base::Image(image)) = dockerfile.root(stage) else {
        return false;
    };

    let Some(reference) = &image.reference else {
        return true;
    };

    let servers = [
        "tomcat",
        "jetty",
        "httpd",
        "wildfly",
        "openresty",
        "apache",
        "nginx",
        "caddy",
    ];
    data::image(&reference.repository()).is_some_and(|known| known.class == Class::Proxy)
        || servers.iter().any(|server| {
            reference.path.contains(server)
                || reference.tag.as_deref().unwrap_or("").contains(server)
        })
}
