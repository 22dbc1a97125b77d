//! Routes in Python: FastAPI and its kin, Flask, aiohttp, Starlette, Django, Tornado.

use super::collector::{RouteCollector, VERBS};
use crate::model::code::call::{CodeCall, KeywordArgument};
use crate::model::code::lex::Tokens;

/// How many applications and routers of a file are remembered.
const MAX_ROUTERS: usize = 64;

/// Paths that FastAPI serves by itself.
const DOCUMENTATION: &[&str] = &["/docs", "/redoc", "/openapi.json"];

/// An application or a router of the file.
struct PythonRouter<'t> {
    name: &'t str,
    /// The path that it puts before its routes.
    prefix: &'t str,
    is_application: bool,
}

struct PythonRoutes<'c, 'f, 't> {
    tokens: &'c Tokens<'t>,
    routers: Vec<PythonRouter<'t>>,
    routes: &'c mut RouteCollector<'f>,
}

pub fn find(tokens: &Tokens, routes: &mut RouteCollector<'_>) {
    let is_tornado = tokens.source.contains("tornado");
    let mut python = PythonRoutes {
        tokens,
        routers: Vec::new(),
        routes,
    };

    for index in 0..tokens.count() {
        match CodeCall::new(tokens, index) {
            Some(call) => python.call(call),
            None if is_tornado => python.tornado_handler(index),
            None => {}
        }
    }

    // What the framework adds comes last.
    routes.put_last(DOCUMENTATION);
}

impl<'t> PythonRoutes<'_, '_, 't> {
    fn call(&mut self, call: CodeCall<'_, 't>) {
        match call.name() {
            "FastAPI" | "Flask" | "Starlette" | "Sanic" | "Quart" | "Litestar" | "Robyn"
            | "Bottle" | "Falcon" => self.application(call),
            "APIRouter" | "Blueprint" | "APIBlueprint" => self.router(call),
            "include_router" | "register_blueprint" => self
                .routes
                .add_keyword_mount(call.keyword(&["prefix", "url_prefix"])),
            "mount" | "Mount" => self.mount(call),
            "mount_gradio_app" => self.routes.any(),
            "expose" => self.prometheus_instrumentator(call),
            "add_api_route"
            | "add_url_rule"
            | "add_route"
            | "add_get"
            | "add_post"
            | "Route"
            | "add_websocket_route"
            | "WebSocketRoute"
            | "custom_route" => self.added_route(call),
            "path" | "re_path" | "url" => self.django_pattern(call),
            name if VERBS.contains(&name) && call.is_method() => self.verb(call),
            _ => {}
        }
    }

    fn remember(&mut self, router: PythonRouter<'t>) {
        if self.routers.len() < MAX_ROUTERS {
            self.routers.push(router);
        }
    }

    fn application(&mut self, call: CodeCall<'_, 't>) {
        self.remember(PythonRouter {
            name: call.assigned_to(),
            prefix: "",
            is_application: true,
        });

        if call.name() == "FastAPI" && !call.mentions(&["docs_url", "openapi_url"]) {
            for path in DOCUMENTATION {
                self.routes.add_fixed((*path).to_owned(), call.span(), true);
            }
        }
    }

    fn router(&mut self, call: CodeCall<'_, 't>) {
        let keyword = call.keyword(&["prefix", "url_prefix"]);
        let prefix = keyword.literal().map_or("", |(text, _)| text);

        // Others may be put under it, here or elsewhere.
        if !prefix.is_empty() {
            self.routes.add_prefix(prefix);
        }

        if keyword == KeywordArgument::Computed {
            self.routes.any();
        }

        self.remember(PythonRouter {
            name: call.assigned_to(),
            prefix,
            is_application: false,
        });
    }

    fn mount(&mut self, call: CodeCall<'_, 't>) {
        let Some((path, span)) = call.first() else {
            return;
        };

        let is_everything = matches!(path, "/" | "");
        if is_everything && call.mentions(&["StaticFiles", "WSGIMiddleware", "SPAStaticFiles"]) {
            self.routes.any();
        }

        self.routes.add_whole(Some((path, span)));
        self.routes.add_mount(Some((path, span)));
    }

    fn prometheus_instrumentator(&mut self, call: CodeCall<'_, 't>) {
        if self.tokens.source.contains("Instrumentator") {
            self.routes.add_whole(Some(("/metrics", call.span())));
        }
    }

    fn added_route(&mut self, call: CodeCall<'_, 't>) {
        match call.first() {
            Some(path) => self.routes.add(Some(path)),
            // Other libraries have functions of these names.
            None if matches!(call.name(), "Route" | "add_route") => {}
            None => self.routes.any(),
        }
    }

    fn django_pattern(&mut self, call: CodeCall<'_, 't>) {
        if !self.tokens.source.contains("urlpatterns") {
            return;
        }

        let Some((path, span)) = call.first() else {
            return;
        };

        let includes_others = (call.open() + 2..call.open() + 6)
            .any(|index| matches!(self.tokens.word(index), "include" | "urls"));

        if includes_others {
            let path = format!("{}/*", path.trim_end_matches('/'));
            self.routes.add(Some((&path, span)));
        } else {
            self.routes.add(Some((path.trim_end_matches('$'), span)));
        }
    }

    /// `web.get("/x", …)` of aiohttp, and the decorators of all others.
    fn verb(&mut self, call: CodeCall<'_, 't>) {
        let receiver = call.receiver();

        if receiver == "web" {
            self.routes.add_whole(call.first());
            return;
        }

        if !call.is_decorator() {
            return;
        }

        let router = self
            .routers
            .iter()
            .rev()
            .find(|router| router.name == receiver);
        let (prefix, whole) =
            router.map_or(("", false), |router| (router.prefix, router.is_application));

        // `@router.get(path="/x")` has a path; one that is a name cannot be read.
        let path = call
            .first()
            .or_else(|| call.keyword(&["path", "rule"]).literal());
        let is_router = router.is_some() || receiver.contains("app") || receiver.contains("rout");

        match path {
            Some(path) => self.routes.add_under(prefix, path, whole),
            None if is_router => self.routes.any(),
            None => {}
        }
    }

    /// `("/x", Handler)` of an application's list.
    fn tornado_handler(&mut self, index: usize) {
        let is_pair = self.tokens.sign(index) == b'(' && self.tokens.sign(index + 2) == b',';

        if is_pair
            && let Some(path) = self.tokens.text(index + 1)
            && path.0.starts_with('/')
        {
            self.routes.add(Some(path));
        }
    }
}
