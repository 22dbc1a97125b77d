//! Facts of one source file: the variables that it reads and sets, and the routes that it serves.

use crate::source::Spanned;

/// Facts of one source file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeFacts {
    pub reads: Vec<EnvRead>,
    /// It also reads variables whose names are computed, or passes the whole environment on.
    pub reads_any: bool,
    /// Names of variables that it sets itself, for itself and for what it starts.
    pub sets: Vec<String>,
    pub routes: Vec<Route>,
    /// Literal paths under which other routers are mounted: `include_router(prefix="/api")`,
    /// `app.use("/api", router)`.
    pub prefixes: Vec<String>,
    /// Routers are mounted under others somewhere in this file.
    pub joins: bool,
    /// Routes or prefixes whose paths are computed, catch-all routes, proxies: any path may be
    /// served.
    pub routes_any: bool,
    /// It is an MCP server that reads its standard input: its client starts it, and it listens on no
    /// port.
    pub serves_stdio: bool,
    /// Secrets that it writes to a log or to its output.
    pub logged: Vec<LoggedValue>,
}

/// A value that a log or print call writes as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedValue {
    /// The name of the value; the span is its place in the call.
    pub name: Spanned<String>,
    pub kind: LoggedKind,
}

/// What is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoggedKind {
    /// One value whose name is that of a secret.
    Secret,
    /// All variables of the environment.
    Environment,
    /// An object of settings, some of which are secrets.
    Settings,
}

/// One read of an environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvRead {
    /// The name as it is looked up; the span is its place (of a settings class: the field).
    pub name: Spanned<String>,
    pub need: EnvRequirement,
}

/// What happens to the program when the variable is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvRequirement {
    /// It fails: `os.environ["X"]`, `ENV.fetch("X")`, a settings field without a default.
    Required,
    /// It continues without a value: `os.getenv("X")`, `process.env.X`.
    Optional,
    /// It has a value of its own.
    Defaulted,
}

/// One HTTP route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The path with the prefix that the file itself puts before it, `/` first. Parameters are as written:
    /// `{id}`, `:id`, `<id>`.
    pub path: Spanned<String>,
    /// It is a route of the application itself and not of a router that may be put under a prefix.
    pub whole: bool,
}
