//! `health-endpoint`: whether the source serves the paths that health checks and probes call.
//!
//! The rule speaks only where the source of the image is here, its routes can be read, and nothing in it could serve a path
//! that is not written down.

use super::{Ctx, Owner};
use crate::data::{self, Class};
use crate::finding::{Finding, Level, Sink};
use crate::model::code::Route;
use crate::model::container::{Container, Probe, ProbeAction};
use crate::model::dockerfile::{Base, Dockerfile};
use crate::model::{Command, Setting};
use crate::source::{At, FileId, Place, SourceFile, Span};

pub fn container(ctx: &Ctx, owner: Owner, container: &Container, sink: &mut Sink) {
    let Some((dockerfile, stage)) = ctx.graph.build_of(container) else { return };
    let level = match owner {
        Owner::Compose(project, _) if project.development => Level::Note,
        _ => sink.level(),
    };
    let probes =
        [("liveness", &container.liveness), ("readiness", &container.readiness), ("startup", &container.startup)];
    let mut asked: Vec<(String, At<String>)> = Vec::new();
    for (name, probe) in probes {
        if let Some(At {
            value: Probe { action: ProbeAction::Http { path: Some(path), .. }, host: None, .. }, ..
        }) = probe.known()
        {
            asked.push((format!("the {name} probe of `{}`", container.name.value), path.clone()));
        }
    }
    if let Some(command) = container.health.value().and_then(|check| check.test.as_ref()) {
        let who = format!("the health check of `{}`", container.name.value);
        asked.extend(requests(ctx, command).into_iter().map(|path| (who.clone(), path)));
    }
    judge(ctx, (dockerfile, stage), asked, level, sink);
}

pub fn dockerfile(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    for stage in ctx.graph.shipped(dockerfile) {
        let Setting::Set(check) = dockerfile.health(stage) else { continue };
        let Some(command) = &check.value.test else { continue };
        let asked = requests(ctx, command).into_iter().map(|path| ("the HEALTHCHECK".to_owned(), path)).collect();
        judge(ctx, (dockerfile, stage), asked, sink.level(), sink);
    }
}

fn judge(
    ctx: &Ctx,
    (dockerfile, stage): (&Dockerfile, usize),
    asked: Vec<(String, At<String>)>,
    level: Level,
    sink: &mut Sink,
) {
    if asked.is_empty() || is_web_server(dockerfile, stage) {
        return;
    }
    let files = ctx.graph.context(dockerfile);
    let Some(served) = Served::of(ctx, files) else { return };
    for (who, path) in asked {
        if served.serves(&path.value) || is_file(files, &path.value) {
            continue;
        }
        let mut finding =
            Finding::new(path.place, format!("{who} calls `{}`, which no route in the source serves", path.value))
                .label("answered with 404");
        let near = served.near(&path.value);
        let help = match near.first() {
            Some((_, route)) => format!("call a path that is served, such as `{}`, or add the route", route.path.value),
            None => "add the route to the application, or call one that it has".to_owned(),
        };
        for (file, route) in near.iter().filter(|(_, route)| !route.path.span.is_empty()) {
            finding =
                finding.related(Place::new(*file, route.path.span), format!("`{}` is served here", route.path.value));
        }
        sink.report_at(level, finding.help(help));
    }
}

/// What the source in a build context serves.
struct Served<'a> {
    routes: Vec<(FileId, &'a Route)>,
    prefixes: Vec<Vec<&'a str>>,
    joins: bool,
}

impl<'a> Served<'a> {
    /// `None` where any path may be served, or none can be read.
    fn of(ctx: &Ctx<'a>, files: &[SourceFile]) -> Option<Self> {
        /// Languages of servers whose routes nobody here can read.
        const OTHERS: &[&str] = &[
            "cs", "ex", "exs", "fs", "scala", "clj", "swift", "dart", "groovy", "vb", "cr", "hs", "ml", "pl", "lua",
            "svelte",
        ];
        let mut served = Self { routes: Vec::new(), prefixes: Vec::new(), joins: false };
        for file in files {
            if file.path.rsplit_once('.').is_some_and(|(_, ending)| OTHERS.contains(&ending)) {
                return None;
            }
            let Some(code) = &ctx.facts.file(file.id).code else { continue };
            if code.routes_any {
                return None;
            }
            served.routes.extend(code.routes.iter().map(|route| (file.id, route)));
            served.prefixes.extend(code.prefixes.iter().map(|prefix| segments(prefix)));
            served.joins |= code.joins;
        }
        (!served.routes.is_empty()).then_some(served)
    }

    fn serves(&self, path: &str) -> bool {
        // Roots are served by what no route shows; the others by frameworks.
        const OWN: &[&str] = &["/actuator", "/q/", "/_stcore", "/metrics", "/graphql", "/.well-known", "/-/"];
        let asked = segments(path);
        asked.is_empty()
            || OWN.iter().any(|own| path.starts_with(own))
            || self.routes.iter().any(|(_, route)| self.reaches(route, &asked))
    }

    /// Whether a route may be what answers, put under other paths or not.
    fn reaches(&self, route: &Route, asked: &[&str]) -> bool {
        let own = segments(&route.path.value);
        if own.is_empty() {
            return self.composes(asked);
        }
        (0..asked.len()).any(|before| {
            let known = before == 0 || (!route.whole && !self.joins) || self.composes(&asked[..before]);
            known && is_match(&own, &asked[before..])
        })
    }

    /// Whether paths under which routers are put come to this one.
    fn composes(&self, path: &[&str]) -> bool {
        let mut reached = vec![false; path.len() + 1];
        reached[0] = true;
        for at in 0..path.len() {
            let ends = self.prefixes.iter().filter(|prefix| {
                reached[at] && path.len() >= at + prefix.len() && is_match(prefix, &path[at..at + prefix.len()])
            });
            let ends: Vec<usize> = ends.map(|prefix| at + prefix.len()).collect();
            ends.into_iter().for_each(|end| reached[end] = true);
        }
        reached[path.len()]
    }

    /// Routes that are likely meant: those with the same last part, then those that speak of health.
    fn near(&self, path: &str) -> Vec<(FileId, &'a Route)> {
        let last = segments(path).pop().unwrap_or("").to_ascii_lowercase();
        let rank = |route: &Route| {
            let own = segments(&route.path.value).pop().unwrap_or("").to_ascii_lowercase();
            let healthy = ["health", "ready", "live", "ping", "status"].iter().any(|word| own.contains(word));
            if own == last { 0 } else { 2 - u8::from(healthy) }
        };
        let mut near: Vec<(FileId, &Route)> =
            self.routes.iter().copied().filter(|(_, route)| rank(route) < 2).collect();
        near.sort_by_key(|(_, route)| rank(route));
        near.truncate(3);
        near
    }
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

/// Whether a route's parts stand for a path's.
fn is_match(route: &[&str], path: &[&str]) -> bool {
    for (at, part) in route.iter().enumerate() {
        let open = part.starts_with(['{', ':', '<', '[', '(', '*']) || part.contains(['\\', '(', '*', '?']);
        if open && (part.contains('*') || part.contains("path") || part.contains("...")) {
            return true;
        }
        match path.get(at) {
            Some(asked) if open || asked == part => {}
            _ => return false,
        }
    }
    route.len() == path.len()
}

/// Whether a file of this name could be what is served.
fn is_file(files: &[SourceFile], path: &str) -> bool {
    let wanted = path.trim_start_matches('/');
    let same =
        |file: &SourceFile| file.path.strip_suffix(wanted).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
    wanted.contains('.') && files.iter().any(same)
}

/// Whether the image is a web server's or an application server's, which serves what its configuration says.
fn is_web_server(dockerfile: &Dockerfile, stage: usize) -> bool {
    let Some(Base::Image(image)) = dockerfile.root(stage) else { return false };
    let Some(reference) = &image.reference else { return true };
    let servers = ["tomcat", "jetty", "httpd", "wildfly", "openresty", "apache", "nginx", "caddy"];
    data::image(&reference.repository()).is_some_and(|known| known.class == Class::Proxy)
        || servers
            .iter()
            .any(|server| reference.path.contains(server) || reference.tag.as_deref().unwrap_or("").contains(server))
}

/// The paths that a command asks of the container itself, each with its place.
fn requests(ctx: &Ctx, command: &Command) -> Vec<At<String>> {
    match command {
        Command::Shell { code, .. } => local_paths(&code.text)
            .into_iter()
            .map(|span| At::new(span.text(&code.text).to_owned(), code.place(span)))
            .collect(),
        Command::Exec { words, .. } => words
            .iter()
            .flat_map(|word| {
                let placed = move |span: Span| {
                    let path = span.text(&word.value);
                    // Quotes inside a quoted word move what follows them; the path itself is written as it is.
                    let from = ctx.facts.text(word.place).find(path).map(|at| at as u32);
                    let place = from.map_or(word.place, |from| {
                        let start = word.place.span.start + from;
                        Place::new(word.place.file, Span::new(start, start + path.len() as u32))
                    });
                    At::new(path.to_owned(), place)
                };
                local_paths(&word.value).into_iter().map(placed)
            })
            .collect(),
    }
}

/// The paths of URLs in a text that name the machine itself.
fn local_paths(text: &str) -> Vec<Span> {
    const HOSTS: &[&str] = &["localhost", "127.0.0.1", "0.0.0.0", "[::1]"];
    let mut found = Vec::new();
    for host in HOSTS {
        for (at, _) in text.match_indices(host) {
            let before = &text[..at];
            let begins = before.ends_with("://") || before.is_empty() || before.ends_with([' ', '"', '\'']);
            let rest = &text[at + host.len()..];
            let port = rest
                .strip_prefix(':')
                .map_or(0, |port| 1 + port.find(['/', ' ', '"', '\'', ')']).unwrap_or(port.len()));
            let path = &rest[port..];
            let len = path
                .find([' ', '"', '\'', ')', ';', '|', '\\', ',', '?', '#', '>', '&', '`', '\n', '\t', ']'])
                .unwrap_or(path.len());
            let computed = path[..len].contains(['$', '{', '%', '*']);
            if begins && path.starts_with('/') && len > 1 && !computed && !path[..len].contains("//") {
                let start = at + host.len() + port;
                found.push(Span::of(start, start + len));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_local_requests() {
        for (text, expected) in [
            ("curl -f http://localhost:8000/health || exit 1", vec!["/health"]),
            ("wget -qO- 127.0.0.1:80/a/b?x=1", vec!["/a/b"]),
            (
                "python -c \"import httpx; httpx.get('http://localhost:8000/api/v1/health').raise_for_status()\"",
                vec!["/api/v1/health"],
            ),
            ("curl http://localhost:$PORT/live", vec!["/live"]),
            ("curl http://localhost:8000/$P http://localhost http://api:80/x", vec![]),
        ] {
            let found: Vec<&str> = local_paths(text).into_iter().map(|span| span.text(text)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn routes_stand_for_paths() {
        for (route, path, expected) in [
            ("/health", "/health", true),
            ("/health", "/healthz", false),
            ("/x/{id}", "/x/1", true),
            ("/x/:id", "/x", false),
            ("/static/*", "/static/a/b", true),
            ("/{rest:path}", "/a/b", true),
        ] {
            assert_eq!(is_match(&segments(route), &segments(path)), expected, "{route} {path}");
        }
    }
}
