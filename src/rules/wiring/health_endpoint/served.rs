//! The routes in the source of a build context, and whether they serve a path.

use crate::analysis::Analysis;
use crate::model::code::Route;
use crate::source::{FileId, SourceFile};

/// The routes in the source of a build context.
pub struct Served<'a> {
    routes: Vec<(FileId, &'a Route)>,
    prefixes: Vec<Vec<&'a str>>,
    joins: bool,
}

impl<'a> Served<'a> {
    /// The routes of some files; `None` if any path may be served, or no route can be read.
    pub fn of(ctx: &Analysis<'a>, files: &[SourceFile]) -> Option<Self> {
        /// Languages of servers whose routes cannot be read.
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
        /// Paths that frameworks serve without a route.
        const BUILT_IN: &[&str] = &[
            "/actuator",
            "/q/",
            "/_stcore",
            "/metrics",
            "/graphql",
            "/.well-known",
            "/-/",
        ];
        let called = segments(path);

        called.is_empty()
            || BUILT_IN.iter().any(|prefix| path.starts_with(prefix))
            || self
                .routes
                .iter()
                .any(|(_, route)| self.reaches(route, &called))
    }

    /// Whether a route may serve a path, with a prefix or without.
    fn reaches(&self, route: &Route, called: &[&str]) -> bool {
        let parts = segments(&route.path.value);
        if parts.is_empty() {
            return self.composes(called);
        }

        (0..called.len()).any(|prefix_len| {
            let may_be_prefix = prefix_len == 0
                || (!route.whole && !self.joins)
                || self.composes(&called[..prefix_len]);
            may_be_prefix && is_match(&parts, &called[prefix_len..])
        })
    }

    /// Whether the path is a sequence of prefixes of routers.
    fn composes(&self, path: &[&str]) -> bool {
        let mut reached = vec![false; path.len() + 1];
        reached[0] = true;

        for start in 0..path.len() {
            if !reached[start] {
                continue;
            }

            for prefix in &self.prefixes {
                let end = start + prefix.len();
                if end <= path.len() && is_match(prefix, &path[start..end]) {
                    reached[end] = true;
                }
            }
        }

        reached[path.len()]
    }

    /// Routes that are likely meant: those with the same last part, then those about health.
    pub fn near(&self, path: &str) -> Vec<(FileId, &'a Route)> {
        let last = last_segment(path);
        let mut ranked: Vec<(u8, FileId, &Route)> = self
            .routes
            .iter()
            .filter_map(|&(file, route)| Some((similarity_rank(route, &last)?, file, route)))
            .collect();
        ranked.sort_by_key(|(rank, ..)| *rank);
        ranked.truncate(MAX_NEAR);

        ranked
            .into_iter()
            .map(|(_, file, route)| (file, route))
            .collect()
    }
}

/// How many routes are suggested for a path.
const MAX_NEAR: usize = 3;

/// 0 for a route with the same last part, 1 for one about health, `None` for others.
fn similarity_rank(route: &Route, last: &str) -> Option<u8> {
    let end = last_segment(&route.path.value);
    if end == last {
        return Some(0);
    }

    ["health", "ready", "live", "ping", "status"]
        .iter()
        .any(|word| end.contains(word))
        .then_some(1)
}

fn last_segment(path: &str) -> String {
    segments(path).pop().unwrap_or("").to_ascii_lowercase()
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

/// Whether the parts of a route match those of a path.
fn is_match(route: &[&str], path: &[&str]) -> bool {
    for (index, part) in route.iter().enumerate() {
        let is_parameter = part.starts_with(['{', ':', '<', '[', '(', '*'])
            || part.contains(['\\', '(', '*', '?']);
        if is_parameter && (part.contains('*') || part.contains("path") || part.contains("...")) {
            return true;
        }

        match path.get(index) {
            Some(called) if is_parameter || called == part => {}
            _ => return false,
        }
    }

    route.len() == path.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_match_paths() {
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
