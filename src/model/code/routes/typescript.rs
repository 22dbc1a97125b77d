//! Routes in JavaScript and TypeScript: Express and its kin, Fastify, NestJS, Bun.

use super::collector::{RouteCollector, VERBS};
use crate::model::code::call::CodeCall;
use crate::model::code::lex::Tokens;

/// How many applications and routers of a file are remembered.
const MAX_ROUTERS: usize = 64;

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

/// Those of [`MAKERS`] that make an application, and not a router to be put under one.
const APPLICATIONS: &[&str] = &["express", "fastify", "Fastify", "Elysia", "polka"];

/// An application or a router of the file.
struct ScriptRouter<'t> {
    name: &'t str,
    is_application: bool,
}

struct ScriptRoutes<'c, 'f, 't> {
    tokens: &'c Tokens<'t>,
    routers: Vec<ScriptRouter<'t>>,
    /// The path of the NestJS controller that is read.
    controller: &'t str,
    routes: &'c mut RouteCollector<'f>,
}

pub fn find(tokens: &Tokens, routes: &mut RouteCollector<'_>) {
    let is_bun = tokens.source.contains("Bun.serve");
    let mut script = ScriptRoutes {
        tokens,
        routers: Vec::new(),
        controller: "",
        routes,
    };

    for index in 0..tokens.count() {
        if is_bun {
            script.bun_route(index);
        }

        match CodeCall::new(tokens, index) {
            Some(call) if call.is_annotation() => script.nest_decorator(call),
            Some(call) => script.call(call),
            None => {}
        }
    }
}

impl<'t> ScriptRoutes<'_, '_, 't> {
    /// `"/x": handler` in the routes of a server.
    fn bun_route(&mut self, index: usize) {
        if let Some(path) = self.tokens.text(index)
            && path.0.starts_with('/')
            && self.tokens.sign(index + 1) == b':'
        {
            self.routes.add_whole(Some(path));
        }
    }

    fn nest_decorator(&mut self, call: CodeCall<'_, 't>) {
        match call.name() {
            "Controller" => self.controller = call.first().map_or("", |(text, _)| text),
            "Get" | "Post" | "Put" | "Delete" | "Patch" | "All" | "Head" | "Options" => {
                match call.first() {
                    Some(path) => self.routes.add_under(self.controller, path, false),
                    None if call.is_empty() => {
                        self.routes
                            .add_under(self.controller, ("", call.span()), false)
                    }
                    None => self.routes.any(),
                }
            }
            _ => {}
        }
    }

    fn call(&mut self, call: CodeCall<'_, 't>) {
        let receiver = call.receiver();
        let router = self
            .routers
            .iter()
            .rev()
            .find(|router| router.name == receiver && !receiver.is_empty());
        let is_application = router.map(|router| router.is_application);
        let is_on_router = is_application.is_some()
            || is_router_name(receiver)
            || call.is_chained() && !self.routers.is_empty();

        match call.name() {
            maker if MAKERS.contains(&maker) => self.make_router(call),
            "createProxyMiddleware" | "createProxyServer" | "getRequestHandler" | "rewrites" => {
                self.routes.any()
            }
            "setGlobalPrefix" | "basePath" => self.routes.add_mount(call.first()),
            "use" if is_on_router => match call.first() {
                Some(path) if call.has_second() => self.routes.add_mount(Some(path)),
                _ => self.routes.joins(),
            },
            "register" if is_on_router => self.routes.add_keyword_mount(call.keyword(&["prefix"])),
            "route" if is_on_router && self.tokens.sign(call.open() + 1) == b'{' => {
                self.routes.add(call.keyword(&["url", "path"]).literal())
            }
            verb if is_on_router && VERBS.contains(&verb) => self.verb(call, is_application),
            _ => {}
        }
    }

    fn make_router(&mut self, call: CodeCall<'_, 't>) {
        if self.routers.len() < MAX_ROUTERS {
            self.routers.push(ScriptRouter {
                name: call.assigned_to(),
                is_application: APPLICATIONS.contains(&call.name()),
            });
        }
    }

    /// `router.get("/x", …)`; `is_application` of a router that the file itself makes.
    fn verb(&mut self, call: CodeCall<'_, 't>, is_application: Option<bool>) {
        if !call
            .name()
            .starts_with(|letter: char| letter.is_ascii_lowercase())
        {
            return;
        }

        let has_handler = call.has_second() || call.name() == "route";

        match call.first() {
            Some(path) if has_handler && path.0.starts_with(['/', '*']) => {
                self.routes
                    .add_under("", path, is_application == Some(true));
            }
            // `app.get("env")` reads a setting.
            Some(_) => {}
            None if call.has_second() && is_application.is_some() => self.routes.any(),
            None => {}
        }
    }
}

/// Names that a router has, where the file does not show how it is made.
fn is_router_name(name: &str) -> bool {
    const ENDS: &[&str] = &[
        "app", "router", "routes", "server", "fastify", "hono", "api", "instance", "express",
    ];
    let lower = name.to_ascii_lowercase();

    ENDS.iter().any(|end| lower.ends_with(end))
        && !lower.contains("client")
        && !lower.contains("mock")
}
