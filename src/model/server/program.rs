//! Servers by their command lines, from `rules/data/servers.toml`: what a command starts, on which
//! port, with which limits, and whether it is meant for users at all.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::embedded::table;
use crate::source::Span;
use crate::syntax::shell::{Invocation, Word};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Spec {
    programs: Vec<String>,
    words: Vec<String>,
    absent: Vec<String>,
    name: String,
    mode: Mode,
    development: Vec<String>,
    port: Vec<String>,
    host: Vec<String>,
    bind: Vec<String>,
    default: Option<u16>,
    workers: Vec<String>,
    concurrency: Vec<String>,
    request_timeout: Vec<String>,
    graceful_timeout: Vec<String>,
    graceful: Option<u32>,
    config: Vec<String>,
    config_ends: Vec<String>,
    reads: Vec<String>,
    environment: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    #[default]
    Production,
    Development,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    server: Vec<Spec>,
}

static SPECS: LazyLock<Vec<Spec>> = LazyLock::new(|| {
    let table: Table = table!("servers");
    table.server
});

/// The servers of each program, in the order of the table.
static PROGRAMS: LazyLock<HashMap<&str, Vec<&Spec>>> = LazyLock::new(|| {
    let mut programs: HashMap<&str, Vec<&Spec>> = HashMap::new();
    for spec in SPECS.iter() {
        for program in &spec.programs {
            programs.entry(program).or_default().push(spec);
        }
    }
    programs
});

/// An option's value and where it stands, in the script's own spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentValue {
    pub value: String,
    pub span: Span,
}

/// A server that a command line starts. All spans are the script's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub name: &'static str,
    pub mode: Mode,
    /// What makes it a development server, or else what names the server.
    pub span: Span,
    /// The option behind `mode`, if it is one.
    pub flag: Option<String>,
    /// `None` where it is not written, or not a plain number.
    pub port: Option<ArgumentValue>,
    pub host: Option<String>,
    /// Some option for the port is there, known or not.
    pub says_port: bool,
    pub default_port: Option<u16>,
    pub workers: Option<ArgumentValue>,
    pub limits: Limits,
}

/// What bounds the work of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// What the server can be told at all: the first option of each sort that it has.
    pub can: Can,
    pub concurrency: bool,
    pub request_timeout: bool,
    pub graceful_timeout: Option<ArgumentValue>,
    /// Seconds it waits by itself when nothing is said.
    pub graceful_default: Option<u32>,
    /// A configuration file, or variables, may say more.
    pub elsewhere: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Can {
    pub concurrency: Option<&'static str>,
    pub request_timeout: Option<&'static str>,
    pub graceful_timeout: Option<&'static str>,
}

/// The server that an invocation starts.
pub fn server(invocation: &Invocation) -> Option<Server> {
    let (program, name, args) = script_program(invocation);
    let specs = PROGRAMS.get(program)?;
    let words: Vec<&Word> = args
        .iter()
        .filter(|word| !word.text().starts_with('-'))
        .collect();
    let fits = |spec: &&Spec| {
        let asked = spec.words.is_empty()
            || words
                .iter()
                .take(2)
                .any(|word| is_one_of(word.text(), &spec.words));
        asked
            && !words
                .first()
                .is_some_and(|word| is_one_of(word.text(), &spec.absent))
    };

    let spec = specs.iter().copied().find(fits)?;
    let asks = |names: &[String]| -> Option<&Word> { flag(args, names) };
    if asks(&["--help".to_owned(), "--version".to_owned()]).is_some() {
        return None;
    }

    let development = asks(&spec.development);
    // `node --watch server.js` is one; `node server.js` is any program at all.
    if development.is_none()
        && !spec.development.is_empty()
        && matches!(program, "node" | "deno" | "bun" | "php")
    {
        return None;
    }

    let mode = if development.is_some() {
        Mode::Development
    } else {
        spec.mode
    };

    let subcommand = words
        .iter()
        .take(2)
        .find(|word| is_one_of(word.text(), &spec.words));
    let span = match (development, subcommand) {
        (Some(word), _) => word.span,
        (None, Some(word)) => name.span.cover(word.span),
        (None, None) => name.span,
    };

    let bind = option(args, &spec.bind);
    let port = option(args, &spec.port).or_else(|| {
        let bind = bind.clone()?;
        let port = bind.value.rsplit(':').next()?.to_owned();
        Some(ArgumentValue {
            value: port,
            span: bind.span,
        })
    });

    let says_port = port.is_some();
    let written = match spec.name.as_str() {
        // The address is a plain argument: `runserver 0.0.0.0:8000`.
        "manage.py runserver" | "python -m http.server" => words.iter().find_map(|word| {
            let digits = word.text().rsplit(':').next()?;
            digits.parse::<u16>().is_ok().then(|| ArgumentValue {
                value: digits.to_owned(),
                span: word.span,
            })
        }),
        _ => None,
    };

    let port = port
        .or(written)
        .filter(|port| port.value.parse::<u16>().is_ok());
    let first = |list: &'static [String]| list.first().map(String::as_str);
    let graceful = option(args, &spec.graceful_timeout);
    let given = |prefix: &String| {
        invocation
            .environment()
            .any(|(name, ..)| name.starts_with(prefix.as_str()))
    };

    Some(Server {
        name: &spec.name,
        mode,
        span,
        flag: development.map(|word| word.text().to_owned()),
        says_port: says_port || port.is_some(),
        port,
        host: option(args, &spec.host).map(|host| host.value),
        default_port: spec.default,
        workers: option(args, &spec.workers),
        limits: Limits {
            can: Can {
                concurrency: first(&spec.concurrency),
                request_timeout: first(&spec.request_timeout),
                graceful_timeout: first(&spec.graceful_timeout),
            },
            concurrency: flag(args, &spec.concurrency).is_some(),
            request_timeout: flag(args, &spec.request_timeout).is_some(),
            graceful_timeout: graceful,
            graceful_default: spec.graceful,
            elsewhere: flag(args, &spec.config).is_some()
                || words.iter().any(|word| {
                    spec.config_ends
                        .iter()
                        .any(|end| word.text().ends_with(end.as_str()))
                })
                || spec.environment.iter().any(given),
        },
    })
}

/// The variables that may hold options of a server, by prefix.
pub fn variables(server: &Server) -> &'static [String] {
    SPECS
        .iter()
        .find(|spec| spec.name == server.name)
        .map_or(&[], |spec| &spec.environment)
}

/// The configuration files that a server reads without being told.
pub fn configuration_files(server: &Server) -> &'static [String] {
    SPECS
        .iter()
        .find(|spec| spec.name == server.name)
        .map_or(&[], |spec| &spec.reads)
}

/// What an interpreter runs: the script or module that its first argument names. `python manage.py
/// runserver` is `manage.py runserver`, and `npx vite` is `vite`.
fn script_program<'s>(invocation: &Invocation<'s>) -> (&'s str, &'s Word, &'s [Word]) {
    let own = (invocation.program, invocation.name, invocation.args);
    let bare = invocation
        .program
        .trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let (from, keep): (usize, bool) = match bare {
        "python" | "python3" | "ruby" | "npx" | "pnpx" | "bunx" | "php" => (0, true),
        "node" | "deno" => (0, true),
        "npm" | "pnpm" | "yarn" | "bun" => {
            let exec = invocation
                .args
                .first()
                .is_some_and(|word| matches!(word.text(), "exec" | "dlx" | "x"));
            (1, exec)
        }
        _ => (0, false),
    };

    if !keep {
        return own;
    }

    let rest = &invocation.args[from..];
    // A flag before the script belongs to the interpreter and says what it does.
    let at = rest.iter().position(|word| !word.text().starts_with('-'));
    let Some(at) = at else { return own };

    let program = rest[at].text().rsplit('/').next().unwrap_or("");
    let known = PROGRAMS.contains_key(program);
    let own_flags = rest[..at]
        .iter()
        .any(|word| matches!(word.text(), "-S" | "--watch" | "--hot"));
    if known && !own_flags {
        (program, &rest[at], &rest[at + 1..])
    } else {
        own
    }
}

fn is_one_of(word: &str, list: &[String]) -> bool {
    list.iter().any(|item| match item.strip_suffix('*') {
        Some(prefix) => word.starts_with(prefix),
        None => word == item,
    })
}

fn flag<'s>(args: &'s [Word], names: &[String]) -> Option<&'s Word> {
    args.iter().find(|word| {
        let text = word.text();
        names.iter().any(|name| {
            text.strip_prefix(name.as_str()).is_some_and(|rest| {
                rest.is_empty() || rest.starts_with('=') || is_glued(name, rest)
            })
        })
    })
}

fn option(args: &[Word], names: &[String]) -> Option<ArgumentValue> {
    args.iter().enumerate().find_map(|(at, word)| {
        let text = word.text();
        names.iter().find_map(|name| {
            let rest = text.strip_prefix(name.as_str())?;
            let value = match rest.strip_prefix('=') {
                Some(value) => (value, word),
                None if rest.is_empty() => args.get(at + 1).map(|next| (next.text(), next))?,
                None if is_glued(name, rest) => (rest, word),
                None => return None,
            };

            Some(ArgumentValue {
                value: value.0.to_owned(),
                span: value.1.span,
            })
        })
    })
}

/// `-w4`: a value right behind a letter.
fn is_glued(name: &str, rest: &str) -> bool {
    name.len() == 2 && rest.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::shell;

    fn read(line: &str) -> Option<Server> {
        let script = shell::parse(line);
        script.invocations().iter().find_map(server)
    }

    #[test]
    fn tells_development_from_production() {
        for (line, name, mode, part) in [
            (
                "uvicorn app:app --reload",
                "uvicorn",
                Mode::Development,
                "--reload",
            ),
            (
                "uvicorn app:app --port 80",
                "uvicorn",
                Mode::Production,
                "uvicorn",
            ),
            (
                "python -m uvicorn app:app",
                "uvicorn",
                Mode::Production,
                "uvicorn",
            ),
            (
                "poetry run flask run --host 0.0.0.0",
                "flask run",
                Mode::Development,
                "flask run",
            ),
            (
                "flask --app api run",
                "flask run",
                Mode::Development,
                "flask --app api run",
            ),
            (
                "python manage.py runserver 0.0.0.0:8000",
                "manage.py runserver",
                Mode::Development,
                "manage.py runserver",
            ),
            (
                "exec python3 ./manage.py runserver_plus",
                "manage.py runserver",
                Mode::Development,
                "./manage.py runserver_plus",
            ),
            ("next dev -p 4000", "next dev", Mode::Development, "next"),
            ("npx vite --host", "vite", Mode::Development, "vite"),
            (
                "node --watch src/index.js",
                "a file watcher",
                Mode::Development,
                "--watch",
            ),
            ("php -S 0.0.0.0:80", "php -S", Mode::Development, "-S"),
            (
                "php artisan serve",
                "artisan serve",
                Mode::Development,
                "artisan serve",
            ),
            (
                "gunicorn -w4 -b 0.0.0.0:80 app",
                "gunicorn",
                Mode::Production,
                "gunicorn",
            ),
            (
                "mvn spring-boot:run",
                "a build tool's development server",
                Mode::Development,
                "mvn spring-boot:run",
            ),
        ] {
            let found = read(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(
                (found.name, found.mode, found.span.text(line)),
                (name, mode, part),
                "{line}"
            );
        }

        for line in [
            "vite build",
            "next build",
            "node server.js",
            "flask db upgrade",
            "python app.py",
            "uvicorn --help",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn reads_ports() {
        for (line, port) in [
            ("uvicorn a:b --port=9000", Some("9000")),
            ("gunicorn -b :8080 a", Some("8080")),
            ("gunicorn --bind 0.0.0.0:$PORT a", None),
            ("python manage.py runserver 0.0.0.0:7000", Some("7000")),
            ("uvicorn a:b", None),
        ] {
            assert_eq!(
                read(line).unwrap().port.map(|port| port.value).as_deref(),
                port,
                "{line}"
            );
        }
    }
}
