//! Routes in Go and Rust.

use super::collector::{RouteCollector, VERBS};
use crate::model::code::call::CodeCall;
use crate::model::code::lex::Tokens;

pub fn go(tokens: &Tokens, routes: &mut RouteCollector<'_>) {
    for call in CodeCall::all(tokens).filter(|call| call.is_method()) {
        match call.name() {
            "AddHealthzCheck" => routes.add(Some(("/healthz", call.span()))),
            "AddReadyzCheck" => routes.add(Some(("/readyz", call.span()))),
            "Group" | "Route" | "Mount" | "PathPrefix" | "StripPrefix" => {
                if let Some(prefix) = call.first() {
                    routes.add_mount(Some(prefix));
                }
            }
            "Path" => routes.add(call.first()),
            "NoRoute" | "NewSingleHostReverseProxy" | "FileServer" => routes.any(),
            verb if VERBS.contains(&verb)
                && verb.starts_with(|letter: char| letter.is_ascii_uppercase())
                && call.has_second() =>
            {
                go_handler(tokens, call, routes)
            }
            _ => {}
        }
    }
}

/// `mux.HandleFunc("GET /x", …)`, `router.GET("/x", …)`.
fn go_handler(tokens: &Tokens, call: CodeCall<'_, '_>, routes: &mut RouteCollector<'_>) {
    let is_pattern = call.name().starts_with("Handle");

    match call.first() {
        Some(("/", _)) if is_pattern => routes.any(),
        // A pattern with a slash at its end takes all that is below it.
        Some((path, span)) if is_pattern && path.ends_with('/') => {
            routes.add(Some((&format!("{path}*"), span)))
        }
        Some((path, _)) if path.contains("://") || !path.contains('/') => {}
        Some(path) => routes.add(Some(path)),
        // A path in a variable; a context or a request is no path.
        None if !matches!(tokens.word(call.open() + 1), "" | "ctx" | "context" | "r") => {
            routes.any()
        }
        None => {}
    }
}

pub fn rust(tokens: &Tokens, routes: &mut RouteCollector<'_>) {
    let is_warp = tokens.source.contains("warp::");

    for call in CodeCall::all(tokens) {
        let is_path = matches!(call.sign_before(), b'.' | b':');

        match (call.name(), call.first()) {
            ("route" | "at" | "resource" | "service" | "to", Some(path)) => {
                routes.add(Some(path).filter(|(text, _)| text.starts_with('/')))
            }
            ("route", None) if call.is_method() && call.has_second() => routes.any(),
            ("nest" | "nest_service" | "scope" | "mount", prefix)
                if is_path && (prefix.is_some() || call.has_second()) =>
            {
                routes.add_mount(prefix)
            }
            ("fallback_service" | "default_service", _) => routes.any(),
            ("path", path) if is_warp => routes.add(path),
            ("get" | "post" | "put" | "delete" | "patch" | "head" | "handler", path)
                if call.sign_before() == b'[' =>
            {
                routes.add(path)
            }
            _ => {}
        }
    }
}
