//! HTTP routes, language by language and framework by framework.

mod collector;
mod compiled;
mod files;
mod java;
mod python;
mod scripting;
mod typescript;

use super::code_facts::CodeFacts;
use super::lex::{Language, Tokens};
use collector::RouteCollector;
pub use files::by_path;

/// Adds the routes of a file.
pub fn find(tokens: &Tokens, language: Language, path: &str, facts: &mut CodeFacts) {
    let mut routes = RouteCollector::new(facts);

    match language {
        Language::Python => python::find(tokens, &mut routes),
        Language::Script => typescript::find(tokens, &mut routes),
        Language::Go => compiled::go(tokens, &mut routes),
        Language::Rust => compiled::rust(tokens, &mut routes),
        Language::Ruby => scripting::ruby(tokens, path, &mut routes),
        Language::Java => java::find(tokens, &mut routes),
        Language::Php => scripting::php(tokens, &mut routes),
    }

    compared_paths(tokens, &mut routes);
}

/// Paths that the request's path is compared with: `req.url === "/x"`, `self.path == '/x'`,
/// `pathname.startsWith("/x")`.
fn compared_paths(tokens: &Tokens, routes: &mut RouteCollector<'_>) {
    for index in 0..tokens.count() {
        if !matches!(
            tokens.word(index),
            "path" | "url" | "pathname" | "Path" | "uri" | "path_info" | "REQUEST_URI"
        ) {
            continue;
        }

        let equals = (index + 1..index + 4)
            .take_while(|&next| tokens.sign(next) == b'=')
            .count();

        if equals >= 2 {
            let path = tokens.text(index + 1 + equals);
            routes.add(path.filter(|(text, _)| text.starts_with('/')));
            continue;
        }

        let is_start = matches!(
            tokens.word(index + 2),
            "startsWith" | "startswith" | "starts_with" | "HasPrefix"
        );
        if is_start && tokens.text(index + 4).is_some_and(|(text, _)| text == "/") {
            routes.any();
        }
    }
}
