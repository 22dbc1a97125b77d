//! What the source in a build context serves, and whether a path is among it.

use crate::analysis::Ctx;
use crate::model::code::Route;
use crate::source::{FileId, SourceFile};

/// What the source in a build context serves.
pub struct Served<'a> {
    routes: Vec<(FileId, &'a Route)>,
    prefixes: Vec<Vec<&'a str>>,
    joins: bool,
}

impl<'a> Served<'a> {
    /// `None` where any path may be served, or none can be read.
    pub fn of(ctx: &Ctx<'a>, files: &[SourceFile]) -> Option<Self> {
        /// Languages of servers whose routes nobody here can read.
        const OTHERS: &[&str] = &[
            "cs", "ex", "exs", "fs", "scala", "clj", "swift", "dart", "groovy", "vb", "cr", "hs",
            "ml", "pl", "lua", "svelte",
        ];
        let mut served = Self {
            routes: Vec::new(),
            prefixes: Vec::new(),
            joins: false,
        };

        for file in files {
            if file
                .path
                .rsplit_once('.')
                .is_some_and(|(_, ending)| OTHERS.contains(&ending))
            {
                return None;
            }

            let Some(code) = &ctx.facts.file(file.id).code else {
                continue;
            };

            if code.routes_any {
                return None;
            }

            served
                .routes
                .extend(code.routes.iter().map(|route| (file.id, route)));
            served
                .prefixes
                .extend(code.prefixes.iter().map(|prefix| segments(prefix)));
            served.joins |= code.joins;
        }

        (!served.routes.is_empty()).then_some(served)
    }

    pub fn serves(&self, path: &str) -> bool {
        // Roots are served by what no route shows; the others by frameworks.
        const OWN: &[&str] = &[
            "/actuator",
            "/q/",
            "/_stcore",
            "/metrics",
            "/graphql",
            "/.well-known",
            "/-/",
        ];
        let asked = segments(path);
        asked.is_empty()
            || OWN.iter().any(|own| path.starts_with(own))
            || self
                .routes
                .iter()
                .any(|(_, route)| self.reaches(route, &asked))
    }

    /// Whether a route may be what answers, put under other paths or not.
    fn reaches(&self, route: &Route, asked: &[&str]) -> bool {
        let own = segments(&route.path.value);
        if own.is_empty() {
            return self.composes(asked);
        }

        (0..asked.len()).any(|before| {
            let known =
                before == 0 || (!route.whole && !self.joins) || self.composes(&asked[..before]);
            known && is_match(&own, &asked[before..])
        })
    }

    /// Whether paths under which routers are put come to this one.
    fn composes(&self, path: &[&str]) -> bool {
        let mut reached = vec![false; path.len() + 1];
        reached[0] = true;

        for at in 0..path.len() {
            let ends = self.prefixes.iter().filter(|prefix| {
                reached[at]
                    && path.len() >= at + prefix.len()
                    && is_match(prefix, &path[at..at + prefix.len()])
            });

            let ends: Vec<usize> = ends.map(|prefix| at + prefix.len()).collect();
            ends.into_iter().for_each(|end| reached[end] = true);
        }

        reached[path.len()]
    }

    /// Routes that are likely meant: those with the same last part, then those that speak of
    /// health.
    pub fn near(&self, path: &str) -> Vec<(FileId, &'a Route)> {
        let last = segments(path).pop().unwrap_or("").to_ascii_lowercase();
        let rank = |route: &Route| {
            let own = segments(&route.path.value)
                .pop()
                .unwrap_or("")
                .to_ascii_lowercase();
            let healthy = ["health", "ready", "live", "ping", "status"]
                .iter()
                .any(|word| own.contains(word));
            if own == last {
                0
            } else {
                2 - u8::from(healthy)
            }
        };

        let mut near: Vec<(FileId, &Route)> = self
            .routes
            .iter()
            .copied()
            .filter(|(_, route)| rank(route) < 2)
            .collect();
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
        let open = part.starts_with(['{', ':', '<', '[', '(', '*'])
            || part.contains(['\\', '(', '*', '?']);
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

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(
                is_match(&segments(route), &segments(path)),
                expected,
                "{route} {path}"
            );
        }
    }
}
