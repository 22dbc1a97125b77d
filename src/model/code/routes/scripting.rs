//! Routes in Ruby and PHP.

use super::collector::{RouteCollector, VERBS};
use crate::model::code::call::{CodeCall, Literal};
use crate::model::code::lex::{TokenKind, Tokens};

pub fn ruby(tokens: &Tokens, path: &str, routes: &mut RouteCollector<'_>) {
    let is_rails = path.contains("routes") || tokens.source.contains("Rails.application.routes");
    let is_other = ["inatra", "Grape::API"]
        .iter()
        .any(|name| tokens.source.contains(name));
    if !is_rails && !is_other {
        return;
    }

    for index in 0..tokens.count() {
        if !tokens
            .get(index)
            .is_some_and(|token| token.first && token.kind == TokenKind::Word)
        {
            continue;
        }

        let first = index + 1 + usize::from(tokens.sign(index + 1) == b'(');
        let path = tokens.text(first).or_else(|| ruby_symbol(tokens, first));

        match tokens.word(index) {
            "get" | "post" | "put" | "patch" | "delete" | "match" | "options" | "head"
            | "resources" | "resource" => routes.add(path),
            "namespace" | "scope" if is_rails => routes.add_mount(path),
            "mount" => routes.any(),
            _ => {}
        }
    }
}

/// The name of a symbol at an index: `:posts`.
fn ruby_symbol<'t>(tokens: &Tokens<'t>, index: usize) -> Option<Literal<'t>> {
    if tokens.sign(index) != b':' {
        return None;
    }

    let name = tokens.get(index + 1)?;
    Some((tokens.word(index + 1), name.span))
}

pub fn php(tokens: &Tokens, routes: &mut RouteCollector<'_>) {
    for index in 0..tokens.count() {
        // `health: '/up'` of Laravel's application.
        if tokens.word(index) == "health" && tokens.sign(index + 1) == b':' {
            routes.add_whole(tokens.text(index + 2));
        }

        if index >= 2
            && let Some(call) = CodeCall::new(tokens, index)
        {
            php_call(tokens, index, call, routes);
        }
    }
}

fn php_call(
    tokens: &Tokens,
    index: usize,
    call: CodeCall<'_, '_>,
    routes: &mut RouteCollector<'_>,
) {
    // `Route::get`, `$app->get`: the name of the receiver is three tokens before.
    let receiver = tokens.word(index.wrapping_sub(3));
    let is_on_router = match call.sign_before() {
        b':' => receiver == "Route",
        b'>' => matches!(receiver, "$app" | "$router" | "$group" | "$r"),
        _ => false,
    };

    match call.name() {
        "Route" if call.sign_before() == b'[' => {
            let path = call.first();
            routes.add(path.or_else(|| call.keyword(&["path"]).literal()));
        }
        _ if !is_on_router => {}
        "prefix" | "group" => {
            if let Some(prefix) = call.first() {
                routes.add_mount(Some(prefix));
            }
        }
        "fallback" => routes.any(),
        "view" | "redirect" | "resource" | "apiResource" => routes.add(call.first()),
        verb if VERBS.contains(&verb) => routes.add(call.first()),
        _ => {}
    }
}
