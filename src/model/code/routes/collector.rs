//! The routes of one file as they are found, and how a path is put under another.

use crate::model::code::call::{KeywordArgument, Literal};
use crate::model::code::code_facts::{CodeFacts, Route};
use crate::source::{Span, Spanned, slice};

/// Methods of routers that take a path and a handler.
pub const VERBS: &[&str] = &[
    "all",
    "any",
    "api_route",
    "delete",
    "get",
    "head",
    "options",
    "patch",
    "post",
    "put",
    "route",
    "websocket",
    "GET",
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "HEAD",
    "OPTIONS",
    "Any",
    "Get",
    "Post",
    "Put",
    "Delete",
    "Patch",
    "Head",
    "Handle",
    "HandleFunc",
    "HandlerFunc",
    "Method",
    "MethodFunc",
];

/// The longest path that is taken for one, in bytes.
const MAX_PATH: usize = 200;

/// What is found of a file's routes.
#[derive(Debug)]
pub struct RouteCollector<'f> {
    facts: &'f mut CodeFacts,
}

impl<'f> RouteCollector<'f> {
    pub const fn new(facts: &'f mut CodeFacts) -> Self {
        Self { facts }
    }

    /// A route of a router that may be put under another path, where there is a literal.
    pub fn add(&mut self, literal: Option<Literal<'_>>) {
        if let Some(literal) = literal {
            self.add_under("", literal, false);
        }
    }

    /// A route of the application itself.
    pub fn add_whole(&mut self, literal: Option<Literal<'_>>) {
        if let Some(literal) = literal {
            self.add_under("", literal, true);
        }
    }

    /// A route under a prefix; `whole` says that it is one of the application itself.
    pub fn add_under(&mut self, prefix: &str, (path, span): Literal<'_>, whole: bool) {
        // Go's patterns may begin with a method, and Rails' may lack the slash.
        let path = path.split_once(" /").map_or(path, |(_, rest)| {
            slice(path, path.len() - rest.len() - 1..path.len())
        });

        let is_markup = path.contains([' ', '\n', '<']) && !path.contains('>');
        if path.len() > MAX_PATH || is_markup {
            return;
        }

        let path = join(prefix, path);

        if is_catch_all(&path) {
            self.any();
        } else {
            self.add_fixed(path, span, whole);
        }
    }

    /// A route whose path is known not to match others.
    pub fn add_fixed(&mut self, path: String, span: Span, whole: bool) {
        self.facts.routes.push(Route {
            path: Spanned::new(path, span),
            whole,
        });
    }

    /// A path under which another router is put; computed, if it is no literal.
    pub fn add_mount(&mut self, prefix: Option<Literal<'_>>) {
        self.joins();

        match prefix {
            Some((prefix, _)) if prefix.trim_matches('/').is_empty() => {}
            Some((prefix, _)) => self.add_prefix(prefix),
            None => self.any(),
        }
    }

    /// The keyword argument under whose path another router is put.
    pub fn add_keyword_mount(&mut self, prefix: KeywordArgument<'_>) {
        match prefix {
            KeywordArgument::Absent => self.joins(),
            KeywordArgument::Literal(literal) => self.add_mount(Some(literal)),
            KeywordArgument::Computed => self.add_mount(None),
        }
    }

    /// A path that some routes of the file have before them.
    pub fn add_prefix(&mut self, prefix: &str) {
        self.facts.prefixes.push(join("", prefix));
    }

    /// Routers are put under others somewhere in the file.
    pub const fn joins(&mut self) {
        self.facts.joins = true;
    }

    /// Any path may be served.
    pub const fn any(&mut self) {
        self.facts.routes_any = true;
    }

    /// Puts the routes with these paths after the others.
    pub fn put_last(&mut self, paths: &[&str]) {
        self.facts
            .routes
            .sort_by_key(|route| paths.contains(&route.path.value.as_str()));
    }
}

/// Puts one path under another.
pub fn join(before: &str, path: &str) -> String {
    let (before, path) = (
        before.trim_matches('/'),
        path.trim_start_matches(['/', '^']),
    );

    match (before, path) {
        ("", path) => format!("/{path}"),
        (before, "") => format!("/{before}"),
        (before, path) => format!("/{before}/{path}"),
    }
}

/// Whether a path matches all others: `*`, `/*splat`, `/{path:path}`, `/:rest*`.
fn is_catch_all(path: &str) -> bool {
    let first = path.trim_start_matches('/');
    let is_wild = first.starts_with(['*', '{', ':', '(', '<', '[']);
    let takes_rest = ["*", ":path", "path:", "..."]
        .iter()
        .any(|mark| first.contains(mark));

    !first.contains('/') && is_wild && takes_rest
}
