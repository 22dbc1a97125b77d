//! HTTP routes, framework by framework.

use super::lex::{Kind, Language, Tokens};
use super::{CodeFacts, Route};
use crate::source::{Span, Spanned, file_name, parent, slice};

/// Methods of routers that take a path and a handler.
const VERBS: &[&str] = &[
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

/// Adds the routes of a file.
pub fn find(tokens: &Tokens, language: Language, path: &str, facts: &mut CodeFacts) {
    match language {
        Language::Python => python(tokens, facts),
        Language::Script => script(tokens, facts),
        Language::Go => go(tokens, facts),
        Language::Rust => rust(tokens, facts),
        Language::Ruby => ruby(tokens, path, facts),
        Language::Java => java(tokens, facts),
        Language::Php => php(tokens, facts),
    }

    compared(tokens, facts);
}

/// A route that stands on a router of its own path.
fn add(facts: &mut CodeFacts, (path, span): (&str, Span), before: &str, whole: bool) {
    // Go's patterns may begin with a method, and Rails' may lack the slash.
    let path = path.split_once(" /").map_or(path, |(_, rest)| {
        slice(path, path.len() - rest.len() - 1..path.len())
    });

    if path.len() > 200 || path.contains([' ', '\n', '<']) && !path.contains('>') {
        return;
    }

    let joined = join(before, path);

    if is_catch_all(&joined) {
        facts.routes_any = true;
        return;
    }

    facts.routes.push(Route {
        path: Spanned::new(joined, span),
        whole,
    });
}

/// Puts one path under another.
fn join(before: &str, path: &str) -> String {
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

/// Whether a path stands for all others: `*`, `/*splat`, `/{path:path}`, `/:rest*`.
fn is_catch_all(path: &str) -> bool {
    let first = path.trim_start_matches('/');
    let wild = |part: &str| part.starts_with(['*', '{', ':', '(', '<', '[']);
    let rest = |part: &str| {
        part.contains('*')
            || part.contains(":path")
            || part.contains("path:")
            || part.contains("...")
    };

    !first.contains('/') && wild(first) && rest(first)
}

fn add_prefix(facts: &mut CodeFacts, prefix: Option<(&str, Span)>) {
    facts.joins = true;
    match prefix {
        Some((prefix, _)) if prefix.trim_matches('/').is_empty() => {}
        Some((prefix, _)) => facts.prefixes.push(join("", prefix)),
        None => facts.routes_any = true,
    }
}

/// The value of a keyword argument in the brackets that open at `open`: where it begins.
fn argument(tokens: &Tokens, open: usize, names: &[&str]) -> Option<usize> {
    let end = tokens.close(open);
    (open + 1..end)
        .find(|&at| names.contains(&tokens.word(at)) && matches!(tokens.sign(at + 1), b'=' | b':'))
        .map(|at| at + 2)
}

/// What stands on the left of `= callee(`: the variable that gets the object.
fn assigned<'t>(tokens: &Tokens<'t>, callee: usize) -> &'t str {
    let mut at = callee;
    // `x = a.b(`, `x := a.b(`, `x = await b(`, `x: T = b(`, `x = new b(`
    while at > 0 && callee - at < 6 {
        at -= 1;

        if tokens.sign(at) == b'=' {
            let name = if tokens.sign(at - usize::from(at > 0)) == b':' {
                at.saturating_sub(2)
            } else {
                at.saturating_sub(1)
            };

            let typed = name >= 2 && tokens.sign(name - 1) == b':';
            return tokens.word(if typed { name - 2 } else { name });
        }
    }

    ""
}

/// Whether a path is compared with a text: `req.url === "/x"`, `self.path == '/x'`,
/// `pathname.startsWith("/x")`.
fn compared(tokens: &Tokens, facts: &mut CodeFacts) {
    for at in 0..tokens.count() {
        if !matches!(
            tokens.word(at),
            "path" | "url" | "pathname" | "Path" | "uri" | "path_info" | "REQUEST_URI"
        ) {
            continue;
        }

        let mut next = at + 1;
        while tokens.sign(next) == b'=' && next < at + 4 {
            next += 1;
        }

        if next < at + 3 {
            let begins = matches!(
                tokens.word(at + 2),
                "startsWith" | "startswith" | "starts_with" | "HasPrefix"
            );
            facts.routes_any |= begins && tokens.text(at + 4).is_some_and(|(text, _)| text == "/");
            continue;
        }

        if let Some(found) = tokens.text(next).filter(|(text, _)| text.starts_with('/')) {
            add(facts, found, "", false);
        }
    }
}

fn python(tokens: &Tokens, facts: &mut CodeFacts) {
    // Names of objects with the path that they put before their routes; `true` of applications.
    let mut objects: Vec<(&str, &str, bool)> = Vec::new();
    let tornado = tokens.source.contains("tornado");
    let decorated = |at: usize| {
        at >= 3 && tokens.sign(at - 3) == b'@' || at >= 5 && tokens.sign(at - 5) == b'@'
    };

    for at in 0..tokens.count() {
        let word = tokens.word(at);
        let open = at + 1;

        if word.is_empty() || tokens.sign(open) != b'(' {
            let handled = tornado && tokens.sign(at) == b'(' && tokens.sign(at + 2) == b',';
            let found = tokens
                .text(open)
                .filter(|(text, _)| handled && text.starts_with('/'));
            found
                .into_iter()
                .for_each(|found| add(facts, found, "", false));
            continue;
        }

        let first = tokens.text(open + 1);

        match word {
            "FastAPI" | "Flask" | "Starlette" | "Sanic" | "Quart" | "Litestar" | "Robyn"
            | "Bottle" | "Falcon" => {
                if objects.len() < 64 {
                    objects.push((assigned(tokens, at), "", true));
                }

                let documented = !(open..tokens.close(open))
                    .any(|at| matches!(tokens.word(at), "docs_url" | "openapi_url"));
                if word == "FastAPI" && documented {
                    let span = tokens.get(at).map_or(Span::default(), |token| token.span);
                    // They follow the file's own routes.
                    for path in ["/docs", "/redoc", "/openapi.json"] {
                        facts.routes.push(Route {
                            path: Spanned::new(path.to_owned(), span),
                            whole: true,
                        });
                    }
                }
            }
            "APIRouter" | "Blueprint" | "APIBlueprint" => {
                let prefix = argument(tokens, open, &["prefix", "url_prefix"]);
                let text = prefix
                    .and_then(|at| tokens.text(at))
                    .map_or("", |(text, _)| text);
                // Others may be put under it, here or elsewhere.
                if !text.is_empty() {
                    facts.prefixes.push(join("", text));
                }

                facts.routes_any |= prefix.is_some_and(|at| tokens.text(at).is_none());
                if objects.len() < 64 {
                    objects.push((assigned(tokens, at), text, false));
                }
            }
            "include_router" | "register_blueprint" => {
                match argument(tokens, open, &["prefix", "url_prefix"]) {
                    Some(at) => add_prefix(facts, tokens.text(at)),
                    None => facts.joins = true,
                }
            }
            "mount" | "Mount" if first.is_some() => {
                let served = (open..tokens.close(open)).any(|at| {
                    matches!(
                        tokens.word(at),
                        "StaticFiles" | "WSGIMiddleware" | "SPAStaticFiles"
                    )
                });

                if served && first.is_some_and(|(text, _)| text == "/" || text.is_empty()) {
                    facts.routes_any = true;
                }

                if let Some(found) = first {
                    add(facts, found, "", true);
                }

                add_prefix(facts, first);
            }
            "mount_gradio_app" => facts.routes_any = true,
            "expose" if tokens.source.contains("Instrumentator") => {
                let span = tokens.get(at).map_or(Span::default(), |token| token.span);
                add(facts, ("/metrics", span), "", true);
            }

            "add_api_route"
            | "add_url_rule"
            | "add_route"
            | "add_get"
            | "add_post"
            | "Route"
            | "add_websocket_route"
            | "WebSocketRoute"
            | "custom_route" => match first {
                Some(found) => add(facts, found, "", false),
                None => facts.routes_any |= word != "Route" && word != "add_route",
            },
            "path" | "re_path" | "url" if tokens.source.contains("urlpatterns") => {
                let Some(found) = first else { continue };

                if (open + 2..open + 6)
                    .any(|at| tokens.word(at) == "include" || tokens.word(at) == "urls")
                {
                    add(
                        facts,
                        (&format!("{}/*", found.0.trim_end_matches('/')), found.1),
                        "",
                        false,
                    );
                } else {
                    add(facts, (found.0.trim_end_matches('$'), found.1), "", false);
                }
            }
            _ if VERBS.contains(&word) && tokens.sign(at.wrapping_sub(1)) == b'.' => {
                let owner = tokens.word(at.wrapping_sub(2));

                if owner == "web" {
                    first
                        .into_iter()
                        .for_each(|found| add(facts, found, "", true));
                    continue;
                }

                if !decorated(at) {
                    continue;
                }

                let known = objects.iter().rev().find(|(name, ..)| *name == owner);
                let (before, whole) =
                    known.map_or(("", false), |(_, before, whole)| (*before, *whole));
                // `@router.get(path="/x")` and a path that is a name.
                let named =
                    argument(tokens, open, &["path", "rule"]).and_then(|at| tokens.text(at));
                match first.or(named) {
                    Some(found) => add(facts, found, before, whole),
                    None if owner.contains("app") || owner.contains("rout") || known.is_some() => {
                        facts.routes_any = true
                    }
                    None => {}
                }
            }
            _ => {}
        }
    }
    // What the framework adds comes last.
    facts.routes.sort_by_key(|route| {
        matches!(
            route.path.value.as_str(),
            "/docs" | "/redoc" | "/openapi.json"
        )
    });
}

/// Names that a router goes by, where the file does not show it being made.
fn is_router(name: &str) -> bool {
    const ENDS: &[&str] = &[
        "app", "router", "routes", "server", "fastify", "hono", "api", "instance", "express",
    ];
    let lower = name.to_ascii_lowercase();
    ENDS.iter().any(|end| lower.ends_with(end))
        && !lower.contains("client")
        && !lower.contains("mock")
}

fn script(tokens: &Tokens, facts: &mut CodeFacts) {
    const MAKERS: &[&str] = &[
        "express",
        "Router",
        "fastify",
        "Fastify",
        "Hono",
        "OpenAPIHono",
        "Elysia",
        "polka",
        "restify",
        "KoaRouter",
        "Koa",
    ];
    const APPLICATIONS: &[&str] = &["express", "fastify", "Fastify", "Elysia", "polka"];
    let mut objects: Vec<(&str, bool)> = Vec::new();
    let bun = tokens.source.contains("Bun.serve");
    let mut controller: &str = "";

    for at in 0..tokens.count() {
        let keyed = bun && tokens.sign(at + 1) == b':';
        let found = tokens
            .text(at)
            .filter(|(text, _)| keyed && text.starts_with('/'));
        found
            .into_iter()
            .for_each(|found| add(facts, found, "", true));
        let word = tokens.word(at);
        let open = at + 1;
        if word.is_empty() || tokens.sign(open) != b'(' {
            continue;
        }

        let first = tokens.text(open + 1);
        let empty = tokens.close(open) == open + 1;
        let decorator = at > 0 && tokens.sign(at - 1) == b'@';

        if decorator {
            match word {
                "Controller" => controller = first.map_or("", |(text, _)| text),
                "Get" | "Post" | "Put" | "Delete" | "Patch" | "All" | "Head" | "Options" => {
                    let span = tokens.get(at).map_or(Span::default(), |token| token.span);

                    match first {
                        Some(found) => add(facts, found, controller, false),
                        None if empty => add(facts, ("", span), controller, false),
                        None => facts.routes_any = true,
                    }
                }
                _ => {}
            }

            continue;
        }

        let owner = if at >= 2 && tokens.sign(at - 1) == b'.' {
            tokens.word(at - 2)
        } else {
            ""
        };

        let chained = at >= 2 && tokens.sign(at - 1) == b'.' && tokens.sign(at - 2) == b')';
        let known = objects
            .iter()
            .rev()
            .find(|(name, _)| *name == owner && !owner.is_empty());
        let routes = known.is_some() || is_router(owner) || (chained && !objects.is_empty());

        match word {
            _ if MAKERS.contains(&word) && objects.len() < 64 => {
                objects.push((assigned(tokens, at), APPLICATIONS.contains(&word)));
            }
            "createProxyMiddleware" | "createProxyServer" | "getRequestHandler" | "rewrites" => {
                facts.routes_any = true
            }
            "setGlobalPrefix" | "basePath" => add_prefix(facts, first),
            "use" if routes => match first {
                Some(found) if tokens.sign(open + 2) == b',' => add_prefix(facts, Some(found)),
                _ => facts.joins = true,
            },
            "register" if routes => match argument(tokens, open, &["prefix"]) {
                Some(at) => add_prefix(facts, tokens.text(at)),
                None => facts.joins = true,
            },
            "route" if routes && tokens.sign(open + 1) == b'{' => {
                if let Some(found) =
                    argument(tokens, open, &["url", "path"]).and_then(|at| tokens.text(at))
                {
                    add(facts, found, "", false);
                }
            }
            _ if VERBS.contains(&word) && word.as_bytes()[0].is_ascii_lowercase() && routes => {
                let handled = tokens.sign(open + 2) == b',' || word == "route";

                match first {
                    Some(found) if handled && found.0.starts_with(['/', '*']) => {
                        add(facts, found, "", known.is_some_and(|(_, whole)| *whole));
                    }
                    // `app.get("env")` reads a setting.
                    Some(_) => {}
                    None => facts.routes_any |= tokens.sign(open + 2) == b',' && known.is_some(),
                }
            }
            _ => {}
        }
    }
}

fn go(tokens: &Tokens, facts: &mut CodeFacts) {
    for at in 0..tokens.count() {
        let (word, open) = (tokens.word(at), at + 1);
        if word.is_empty() || tokens.sign(open) != b'(' || tokens.sign(at.wrapping_sub(1)) != b'.' {
            continue;
        }

        let first = tokens.text(open + 1);
        let span = tokens.get(at).map_or(Span::default(), |token| token.span);

        match word {
            "AddHealthzCheck" => add(facts, ("/healthz", span), "", false),
            "AddReadyzCheck" => add(facts, ("/readyz", span), "", false),
            "Group" | "Route" | "Mount" | "PathPrefix" | "StripPrefix" if first.is_some() => {
                add_prefix(facts, first)
            }
            "Path" => first
                .into_iter()
                .for_each(|found| add(facts, found, "", false)),
            "NoRoute" | "NewSingleHostReverseProxy" | "FileServer" => facts.routes_any = true,
            _ if VERBS.contains(&word)
                && word.as_bytes()[0].is_ascii_uppercase()
                && tokens.sign(open + 2) == b',' =>
            {
                match first {
                    Some(("/", _)) if word.starts_with("Handle") => facts.routes_any = true,
                    // A pattern with a slash at its end takes all that is below it.
                    Some((text, span)) if word.starts_with("Handle") && text.ends_with('/') => {
                        add(facts, (&format!("{text}*"), span), "", false)
                    }
                    Some(found) if found.0.contains('/') && !found.0.contains("://") => {
                        add(facts, found, "", false)
                    }

                    None if !tokens.word(open + 1).is_empty()
                        && !matches!(tokens.word(open + 1), "ctx" | "context" | "r") =>
                    {
                        facts.routes_any = true
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

fn rust(tokens: &Tokens, facts: &mut CodeFacts) {
    for at in 0..tokens.count() {
        let (word, open) = (tokens.word(at), at + 1);
        if word.is_empty() || tokens.sign(open) != b'(' {
            continue;
        }

        let first = tokens.text(open + 1);
        let before = tokens.sign(at.wrapping_sub(1));

        match word {
            "route" | "at" | "resource" | "service" | "to" if first.is_some() => first
                .into_iter()
                .filter(|(text, _)| text.starts_with('/'))
                .for_each(|found| add(facts, found, "", false)),
            "route" if before == b'.' && tokens.sign(open + 2) == b',' => facts.routes_any = true,
            "nest" | "nest_service" | "scope" | "mount"
                if matches!(before, b'.' | b':')
                    && (first.is_some() || tokens.sign(open + 2) == b',') =>
            {
                add_prefix(facts, first)
            }
            "fallback_service" | "default_service" => facts.routes_any = true,
            "path" if tokens.source.contains("warp::") => first
                .into_iter()
                .for_each(|found| add(facts, found, "", false)),
            "get" | "post" | "put" | "delete" | "patch" | "head" | "handler" if before == b'[' => {
                first
                    .into_iter()
                    .for_each(|found| add(facts, found, "", false));
            }
            _ => {}
        }
    }
}

fn ruby(tokens: &Tokens, path: &str, facts: &mut CodeFacts) {
    let rails = path.contains("routes") || tokens.source.contains("Rails.application.routes");
    if !rails && !tokens.source.contains("inatra") && !tokens.source.contains("Grape::API") {
        return;
    }

    let colon = |at: usize| {
        if tokens.sign(at) == b':' {
            tokens
                .get(at + 1)
                .map(|token| (tokens.word(at + 1), token.span))
        } else {
            None
        }
    };

    for at in 0..tokens.count() {
        if !tokens
            .get(at)
            .is_some_and(|token| token.first && token.kind == Kind::Word)
        {
            continue;
        }

        let parenthesis = usize::from(tokens.sign(at + 1) == b'(');
        let first = tokens.text(at + 1 + parenthesis);
        let symbol = colon(at + 1 + parenthesis);

        match tokens.word(at) {
            "get" | "post" | "put" | "patch" | "delete" | "match" | "options" | "head" => {
                first
                    .or(symbol)
                    .into_iter()
                    .for_each(|found| add(facts, found, "", false));
            }
            "resources" | "resource" => first
                .or(symbol)
                .into_iter()
                .for_each(|found| add(facts, found, "", false)),
            "namespace" | "scope" if rails => add_prefix(facts, first.or(symbol)),
            "mount" => facts.routes_any = true,
            _ => {}
        }
    }
}

fn java(tokens: &Tokens, facts: &mut CodeFacts) {
    const MAPPINGS: &[&str] = &[
        "GetMapping",
        "PostMapping",
        "PutMapping",
        "DeleteMapping",
        "PatchMapping",
        "RequestMapping",
        "Path",
        "Get",
        "Post",
        "Put",
        "Delete",
    ];
    let mut before = String::new();
    let ktor = tokens.source.contains("routing");

    for at in 0..tokens.count() {
        let (word, open) = (tokens.word(at), at + 1);
        if ktor
            && matches!(word, "get" | "post" | "put" | "delete" | "route")
            && tokens.sign(open) == b'('
        {
            let found = tokens
                .text(open + 1)
                .filter(|(text, _)| text.starts_with('/'));
            found.into_iter().for_each(|found| {
                if word == "route" {
                    add_prefix(facts, Some(found))
                } else {
                    add(facts, found, "", false)
                }
            });

            continue;
        }

        if at == 0
            || tokens.sign(at - 1) != b'@'
            || !(MAPPINGS.contains(&word) || word == "Controller")
        {
            continue;
        }

        let called = tokens.sign(open) == b'(';
        let end = if called { tokens.close(open) } else { open };
        let texts: Vec<(&str, Span)> = (open..end)
            .filter(|&at| {
                !matches!(
                    tokens.word(at.wrapping_sub(2)),
                    "produces" | "consumes" | "method" | "name" | "params" | "headers"
                )
            })
            .filter_map(|at| tokens.text(at))
            .filter(|(text, _)| !text.contains("application/"))
            .collect();
        if on_class(tokens, end) {
            before = texts
                .first()
                .map_or(String::new(), |(text, _)| (*text).to_owned());
            continue;
        }

        if word == "Controller" {
            continue;
        }

        if texts.is_empty() {
            let span = tokens.get(at).map_or(Span::default(), |token| token.span);
            // A path that is a constant cannot be read; none at all is the class's own.
            let constant = called
                && (open + 1..end).any(|at| {
                    !tokens.word(at).is_empty()
                        && !tokens.word(at).starts_with("RequestMethod")
                        && tokens.word(at) != "method"
                });
            if constant {
                facts.routes_any = true;
            } else if !before.is_empty() {
                add(facts, ("", span), &before, false);
            }
        }

        texts
            .into_iter()
            .for_each(|found| add(facts, found, &before, false));
    }
}

/// Whether an annotation that ends here belongs to a class: the word comes before any brace or
/// semicolon.
fn on_class(tokens: &Tokens, end: usize) -> bool {
    let mut at = end;

    for _ in 0..60 {
        match (tokens.word(at), tokens.sign(at)) {
            ("class" | "interface" | "object", _) => return true,
            (_, b'{' | b';') => return false,
            (_, b'(') => at = tokens.close(at),
            _ => {}
        }

        at += 1;
    }

    false
}

fn php(tokens: &Tokens, facts: &mut CodeFacts) {
    for at in 0..tokens.count() {
        let (word, open) = (tokens.word(at), at + 1);

        if word == "health" && tokens.sign(open) == b':' {
            tokens
                .text(at + 2)
                .into_iter()
                .for_each(|found| add(facts, found, "", true));
        }

        if word.is_empty() || tokens.sign(open) != b'(' || at < 2 {
            continue;
        }

        let first = tokens.text(open + 1);
        let owner = tokens.word(at.wrapping_sub(3));
        let called = (owner == "Route" && tokens.sign(at - 1) == b':')
            || (matches!(owner, "$app" | "$router" | "$group" | "$r")
                && tokens.sign(at - 1) == b'>');
        match word {
            "Route" if tokens.sign(at - 1) == b'[' => {
                let named = argument(tokens, open, &["path"]).and_then(|at| tokens.text(at));
                first
                    .or(named)
                    .into_iter()
                    .for_each(|found| add(facts, found, "", false));
            }
            "prefix" | "group" if called && first.is_some() => add_prefix(facts, first),
            "fallback" if called => facts.routes_any = true,
            "view" | "redirect" | "resource" | "apiResource" if called => {
                first
                    .into_iter()
                    .for_each(|found| add(facts, found, "", false));
            }
            _ if called && VERBS.contains(&word) => {
                first
                    .into_iter()
                    .for_each(|found| add(facts, found, "", false));
            }
            _ => {}
        }
    }
}

/// Routes that a file has by standing where it stands: Next.js, SvelteKit, Nuxt, Remix.
pub fn by_path(path: &str, language: Language, facts: &mut CodeFacts) {
    if language != Language::Script {
        return;
    }

    let (folder, name) = (parent(path), file_name(path));
    let stem = name.split('.').next().unwrap_or(name);
    let after = |root: &str| {
        let at = if folder == root {
            0
        } else {
            format!("{folder}/")
                .find(&format!("{root}/"))
                .filter(|at| *at == 0 || folder.as_bytes()[at - 1] == b'/')?
        };

        Some(slice(folder, at + root.len()..folder.len()).trim_matches('/'))
    };

    let route = match stem {
        "route" | "page" => after("app").map(str::to_owned),
        "+server" | "+page" => after("src/routes")
            .or_else(|| after("routes"))
            .map(str::to_owned),
        _ => {
            let leaf = if stem == "index" { "" } else { stem };
            let pages = after("pages").filter(|inside| inside.split('/').next() == Some("api"));
            let nuxt = || {
                after("server/api")
                    .map(|inside| join("api", inside))
                    .or_else(|| after("server/routes").map(str::to_owned))
            };

            pages
                .map(str::to_owned)
                .or_else(nuxt)
                .map(|inside| join(&inside, leaf))
        }
    };

    let Some(route) = route else { return };
    // `(group)` and `@slot` folders leave no trace in the path; `[id]` is a parameter and
    // `[...all]` everything below.
    let parts = route
        .split('/')
        .filter(|part| !part.is_empty() && !part.starts_with(['(', '@']));
    let shown: Vec<String> = parts
        .map(|part| {
            match part
                .strip_prefix('[')
                .map(|inner| inner.trim_matches(['[', ']']))
            {
                Some(inner) if inner.starts_with("...") => "*".to_owned(),
                Some(inner) => format!("{{{inner}}}"),
                None => part.to_owned(),
            }
        })
        .collect();
    let path = format!("/{}", shown.join("/"));
    if path == "/*" {
        facts.routes_any = true;
    } else {
        facts.routes.push(Route {
            path: Spanned::new(path, Span::default()),
            whole: true,
        });
    }
}
