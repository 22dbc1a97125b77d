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
struct ServerSpec {
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
    loopback: bool,
    host_env: Vec<String>,
    unbound: Vec<String>,
    worker: bool,
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
struct ServerTable {
    server: Vec<ServerSpec>,
}

static SPECS: LazyLock<Vec<ServerSpec>> = LazyLock::new(|| {
    let table: ServerTable = table!("servers");
    table.server
});

/// The servers of each program, in the order of the table.
static PROGRAMS: LazyLock<HashMap<&str, Vec<&ServerSpec>>> = LazyLock::new(|| {
    let mut programs: HashMap<&str, Vec<&ServerSpec>> = HashMap::new();
    for spec in SPECS.iter() {
        for program in &spec.programs {
            programs.entry(program).or_default().push(spec);
        }
    }
    programs
});

/// An option's value with its span in the script.
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
    pub address: ListenAddress,
    /// It takes work from a queue and listens to nobody.
    pub is_worker: bool,
    /// Some option for the port is there, known or not.
    pub says_port: bool,
    pub default_port: Option<u16>,
    pub workers: Option<ArgumentValue>,
    pub limits: Limits,
}

/// The address that a server listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// Its own loopback address, as an option says.
    Loopback(ArgumentValue),
    /// Its own loopback address, as nothing says otherwise.
    LoopbackByDefault,
    /// Another one, or one that is not known.
    Other,
}

/// Limits of a server's work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The first option of each sort that the server has.
    pub can: LimitOptions,
    pub concurrency: bool,
    pub request_timeout: bool,
    pub graceful_timeout: Option<ArgumentValue>,
    /// Seconds that it waits by default.
    pub graceful_default: Option<u32>,
    /// A configuration file, or variables, may set more.
    pub elsewhere: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitOptions {
    pub concurrency: Option<&'static str>,
    pub request_timeout: Option<&'static str>,
    pub graceful_timeout: Option<&'static str>,
}

/// The server that an invocation starts.
pub fn server(invocation: &Invocation) -> Option<Server> {
    let command = ServerInvocation::new(invocation);
    let spec = command.spec()?;
    if command.flag(&["--help", "--version"]).is_some() {
        return None;
    }

    let development = command.flag(&spec.development);
    // `node --watch server.js` is one; `node server.js` is any program at all.
    let runs_anything = matches!(command.program, "node" | "deno" | "bun" | "php");
    if development.is_none() && runs_anything && !spec.development.is_empty() {
        return None;
    }

    let ports = command.ports(spec);

    Some(Server {
        name: &spec.name,
        mode: if development.is_some() {
            Mode::Development
        } else {
            spec.mode
        },
        span: command.span(spec, development),
        flag: development.map(|word| word.text().to_owned()),
        says_port: ports.is_written,
        port: ports.number,
        host: command.option(&spec.host).map(|host| host.value),
        address: command.address(spec),
        is_worker: spec.worker,
        default_port: spec.default,
        workers: command.option(&spec.workers),
        limits: command.limits(spec),
    })
}

/// An invocation without the interpreter that runs it.
struct ServerInvocation<'i, 's> {
    invocation: &'i Invocation<'s>,
    program: &'s str,
    /// The word that names the program.
    name: &'s Word,
    args: &'s [Word],
    /// Those of `args` that are no options, and perhaps values of some.
    words: Vec<&'s Word>,
}

/// What a command says of its port.
struct WrittenPort {
    number: Option<ArgumentValue>,
    /// Some option for the port is there, known or not.
    is_written: bool,
}

impl<'i, 's> ServerInvocation<'i, 's> {
    fn new(invocation: &'i Invocation<'s>) -> Self {
        let (program, name, args) = script_program(invocation);

        Self {
            invocation,
            program,
            name,
            args,
            words: args
                .iter()
                .filter(|word| !word.text().starts_with('-'))
                .collect(),
        }
    }

    /// The first server of the table that fits.
    fn spec(&self) -> Option<&'static ServerSpec> {
        let specs = PROGRAMS.get(self.program)?;

        specs.iter().copied().find(|spec| {
            let is_excluded = self
                .words
                .first()
                .is_some_and(|word| is_one_of(word.text(), &spec.absent));

            !is_excluded && (spec.words.is_empty() || self.subcommand(spec).is_some())
        })
    }

    /// The word of a server's subcommand.
    fn subcommand(&self, spec: &ServerSpec) -> Option<&'s Word> {
        self.words
            .iter()
            .take(2)
            .copied()
            .find(|word| is_one_of(word.text(), &spec.words))
    }

    /// The words that name the server, or the option that makes it one for development.
    fn span(&self, spec: &ServerSpec, development: Option<&Word>) -> Span {
        if let Some(option) = development {
            return option.span;
        }

        match self.subcommand(spec) {
            Some(word) => self.name.span.cover(word.span),
            None => self.name.span,
        }
    }

    fn ports(&self, spec: &ServerSpec) -> WrittenPort {
        let option = self
            .option(&spec.port)
            .or_else(|| self.option(&spec.bind).map(port_of_address));
        let is_option = option.is_some();
        let number = option
            .or_else(|| self.plain_port(spec))
            .filter(|port| port.value.parse::<u16>().is_ok());

        WrittenPort {
            is_written: is_option || number.is_some(),
            number,
        }
    }

    /// The port of an address that is a plain argument: `runserver 0.0.0.0:8000`.
    fn plain_port(&self, spec: &ServerSpec) -> Option<ArgumentValue> {
        if !matches!(
            spec.name.as_str(),
            "manage.py runserver" | "python -m http.server"
        ) {
            return None;
        }

        self.words
            .iter()
            .map(|word| {
                port_of_address(ArgumentValue {
                    value: word.text().to_owned(),
                    span: word.span,
                })
            })
            .find(|port| port.value.parse::<u16>().is_ok())
    }

    /// The address that the options say, or else the default.
    fn address(&self, spec: &ServerSpec) -> ListenAddress {
        if self.flag(&spec.unbound).is_some() {
            return ListenAddress::Other;
        }

        let mut written = self.options(&spec.host);
        written.extend(self.options(&spec.bind));
        if spec.name == "manage.py runserver" {
            let words = self
                .words
                .iter()
                .skip(1)
                .filter(|word| word.text().contains(':'));
            written.extend(words.map(|word| ArgumentValue {
                value: word.text().to_owned(),
                span: word.span,
            }));
        }

        if written.iter().any(|address| !is_loopback(&address.value)) {
            return ListenAddress::Other;
        }

        match written.into_iter().next() {
            Some(address) => ListenAddress::Loopback(address),
            None if spec.loopback
                && self.flag(&spec.host).is_none()
                && self.flag(&spec.bind).is_none()
                && !self.is_configured_elsewhere(spec) =>
            {
                ListenAddress::LoopbackByDefault
            }
            None => ListenAddress::Other,
        }
    }

    fn limits(&self, spec: &'static ServerSpec) -> Limits {
        Limits {
            can: LimitOptions {
                concurrency: first_option(&spec.concurrency),
                request_timeout: first_option(&spec.request_timeout),
                graceful_timeout: first_option(&spec.graceful_timeout),
            },
            concurrency: self.flag(&spec.concurrency).is_some(),
            request_timeout: self.flag(&spec.request_timeout).is_some(),
            graceful_timeout: self.option(&spec.graceful_timeout),
            graceful_default: spec.graceful,
            elsewhere: self.is_configured_elsewhere(spec),
        }
    }

    /// Whether a configuration file or a variable is named, which may say more.
    fn is_configured_elsewhere(&self, spec: &ServerSpec) -> bool {
        let names_file = self.words.iter().any(|word| {
            spec.config_ends
                .iter()
                .any(|end| word.text().ends_with(end.as_str()))
        });

        let sets_variable = self.invocation.environment().any(|(name, ..)| {
            spec.environment
                .iter()
                .any(|prefix| name.starts_with(prefix.as_str()))
        });

        self.flag(&spec.config).is_some() || names_file || sets_variable
    }

    /// The first word that is one of these options.
    fn flag(&self, names: &[impl AsRef<str>]) -> Option<&'s Word> {
        self.args.iter().find(|word| {
            names.iter().map(AsRef::as_ref).any(|name| {
                word.text().strip_prefix(name).is_some_and(|rest| {
                    rest.is_empty() || rest.starts_with('=') || is_glued(name, rest)
                })
            })
        })
    }

    /// The values of all of these options.
    fn options(&self, names: &[String]) -> Vec<ArgumentValue> {
        self.args
            .iter()
            .enumerate()
            .filter_map(|(index, word)| {
                names
                    .iter()
                    .find_map(|name| option_value(name, word, self.args.get(index + 1)))
            })
            .collect()
    }

    /// The first value of one of these options.
    fn option(&self, names: &[String]) -> Option<ArgumentValue> {
        self.args.iter().enumerate().find_map(|(index, word)| {
            names
                .iter()
                .find_map(|name| option_value(name, word, self.args.get(index + 1)))
        })
    }
}

/// The value of an option that a word is: behind `=`, in the next word, or right behind a letter.
fn option_value(name: &str, word: &Word, next: Option<&Word>) -> Option<ArgumentValue> {
    let rest = word.text().strip_prefix(name)?;
    let (value, word) = match rest.strip_prefix('=') {
        Some(value) => (value, word),
        None if rest.is_empty() => (next?.text(), next?),
        None if is_glued(name, rest) => (rest, word),
        None => return None,
    };

    Some(ArgumentValue {
        value: value.to_owned(),
        span: word.span,
    })
}

/// Whether an address, with a port or without, is that of the machine itself.
pub fn is_loopback(address: &str) -> bool {
    let host = address
        .strip_prefix("http://")
        .unwrap_or(address)
        .trim_start_matches('[');

    host.starts_with("127.") || host.starts_with("::1") || host.starts_with("localhost")
}

/// The part of an address behind its last colon.
fn port_of_address(address: ArgumentValue) -> ArgumentValue {
    let port = address.value.rsplit(':').next().unwrap_or("").to_owned();

    ArgumentValue {
        value: port,
        span: address.span,
    }
}

fn first_option(options: &[String]) -> Option<&str> {
    options.first().map(String::as_str)
}

/// The variables that may hold options of a server, by prefix.
pub fn variables(server: &Server) -> &'static [String] {
    SPECS
        .iter()
        .find(|spec| spec.name == server.name)
        .map_or(&[], |spec| &spec.environment)
}

/// The variables that give the address of a server.
pub fn host_variables(server: &Server) -> &'static [String] {
    SPECS
        .iter()
        .find(|spec| spec.name == server.name)
        .map_or(&[], |spec| &spec.host_env)
}

/// Whether a variable gives the address of some server, and of nothing else.
pub fn is_host_variable(name: &str) -> bool {
    const GENERAL: &[&str] = &["PORT", "HOST", "HOSTNAME", "GUNICORN_CMD_ARGS"];

    !GENERAL.contains(&name)
        && SPECS
            .iter()
            .any(|spec| spec.host_env.iter().any(|variable| variable == name))
}

/// The configuration files that a server reads by default.
pub fn configuration_files(server: &Server) -> &'static [String] {
    SPECS
        .iter()
        .find(|spec| spec.name == server.name)
        .map_or(&[], |spec| &spec.reads)
}

/// What an interpreter runs: the script or module that its first argument names. `python manage.py
/// runserver` is `manage.py runserver`, and `npx vite` is `vite`.
fn script_program<'s>(invocation: &Invocation<'s>) -> (&'s str, &'s Word, &'s [Word]) {
    let whole = (invocation.program, invocation.name, invocation.args);
    let interpreter = invocation
        .program
        .trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let rest = match (interpreter, invocation.args) {
        (
            "python" | "python3" | "ruby" | "npx" | "pnpx" | "bunx" | "php" | "node" | "deno",
            args,
        ) => args,
        ("npm" | "pnpm" | "yarn" | "bun", [first, rest @ ..])
            if matches!(first.text(), "exec" | "dlx" | "x") =>
        {
            rest
        }
        _ => return whole,
    };

    // A flag before the script belongs to the interpreter and says what it does.
    let script = rest.iter().position(|word| !word.text().starts_with('-'));
    let Some(script) = script else { return whole };

    let program = rest[script].text().rsplit('/').next().unwrap_or("");
    let is_own_server = rest[..script]
        .iter()
        .any(|word| matches!(word.text(), "-S" | "--watch" | "--hot"));

    if PROGRAMS.contains_key(program) && !is_own_server {
        (program, &rest[script], &rest[script + 1..])
    } else {
        whole
    }
}

fn is_one_of(word: &str, list: &[String]) -> bool {
    list.iter().any(|item| match item.strip_suffix('*') {
        Some(prefix) => word.starts_with(prefix),
        None => word == item,
    })
}

/// `-w4`: a value right behind a letter.
fn is_glued(name: &str, rest: &str) -> bool {
    name.len() == 2 && rest.starts_with(|letter: char| letter.is_ascii_digit())
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
    fn reads_addresses() {
        for (line, is_local) in [
            ("uvicorn a:b", true),
            ("uvicorn a:b --host 0.0.0.0", false),
            ("uvicorn a:b --host=localhost", true),
            ("uvicorn a:b --host $HOST", false),
            ("uvicorn a:b --uds /run/a.sock", false),
            ("gunicorn a:b", true),
            ("gunicorn -b 127.0.0.1:8000 -b 0.0.0.0:80 a:b", false),
            ("gunicorn --bind :8000 a:b", false),
            ("gunicorn -c conf.py a:b", false),
            ("python manage.py runserver", true),
            ("python manage.py runserver 8000", true),
            ("python manage.py runserver 0:8000", false),
            ("python manage.py runserver 127.0.0.1:8000", true),
            ("streamlit run app.py", false),
            ("streamlit run app.py --server.address 127.0.0.1", true),
            ("ollama serve", true),
            ("next start", false),
        ] {
            let address = read(line).unwrap().address;
            assert_eq!(address != ListenAddress::Other, is_local, "{line}");
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
