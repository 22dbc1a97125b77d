//! Routes that a file has by its path: Next.js, SvelteKit, Nuxt, Remix.

use super::collector::join;
use crate::model::code::code_facts::{CodeFacts, Route};
use crate::model::code::lex::Language;
use crate::source::{Span, Spanned, file_name, parent, slice};

/// Adds the route that the path of a file makes.
pub fn by_path(path: &str, language: Language, facts: &mut CodeFacts) {
    if language != Language::Script {
        return;
    }

    let Some(route) = routed_folder(path) else {
        return;
    };

    // `(group)` and `@slot` folders leave no trace in the path.
    let parts: Vec<String> = route
        .split('/')
        .filter(|part| !part.is_empty() && !part.starts_with(['(', '@']))
        .map(parameter)
        .collect();
    let path = format!("/{}", parts.join("/"));

    if path == "/*" {
        facts.routes_any = true;
    } else {
        facts.routes.push(Route {
            path: Spanned::new(path, Span::default()),
            whole: true,
        });
    }
}

/// The path below the folder from which the framework routes.
fn routed_folder(path: &str) -> Option<String> {
    let (folder, name) = (parent(path), file_name(path));
    let stem = name.split('.').next().unwrap_or(name);

    match stem {
        "route" | "page" => below(folder, "app").map(str::to_owned),
        "+server" | "+page" => below(folder, "src/routes")
            .or_else(|| below(folder, "routes"))
            .map(str::to_owned),
        _ => {
            let leaf = if stem == "index" { "" } else { stem };
            Some(join(&served_folder(folder)?, leaf))
        }
    }
}

/// The path of a folder in which each file is a route: `pages/api`, and Nuxt's `server`.
fn served_folder(folder: &str) -> Option<String> {
    if let Some(inside) = below(folder, "pages")
        && inside.split('/').next() == Some("api")
    {
        return Some(inside.to_owned());
    }

    if let Some(inside) = below(folder, "server/api") {
        return Some(join("api", inside));
    }

    below(folder, "server/routes").map(str::to_owned)
}

/// The path of a folder below the first folder of a name.
fn below<'p>(folder: &'p str, root: &str) -> Option<&'p str> {
    if folder == root {
        return Some("");
    }

    let start = format!("{folder}/").find(&format!("{root}/"))?;
    if start > 0 && folder.as_bytes()[start - 1] != b'/' {
        return None;
    }

    Some(slice(folder, start + root.len()..folder.len()).trim_matches('/'))
}

/// A part of a route: `[id]` is a parameter, and `[...all]` everything below.
fn parameter(part: &str) -> String {
    let Some(inner) = part.strip_prefix('[') else {
        return part.to_owned();
    };

    let name = inner.trim_matches(['[', ']']);
    if name.starts_with("...") {
        "*".to_owned()
    } else {
        format!("{{{name}}}")
    }
}
