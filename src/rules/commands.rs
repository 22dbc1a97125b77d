//! What commands are given in plain text: passwords and tokens among their arguments and assignments.
//!
//! Reads scripts and says where a value stands and what it is called there; whether it is a credential is judged by the
//! rules.

use crate::model::container::Container;
use crate::model::dockerfile::Dockerfile;
use crate::model::workflow::Workflow;
use crate::source::{At, Place, Span};
use crate::syntax::shell::{Argument, Invocation, Script, Word};

/// A value in a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// What `judge` is asked with: the name of the option or the variable.
    pub name: String,
    pub value: At<String>,
    /// The program.
    pub to: String,
    /// The user that the password is for, where the same argument names one.
    pub user: Option<String>,
    /// It becomes a variable of a container: `docker run -e`.
    pub variable: bool,
}

/// Options that take a password, by program; those whose names say so need no entry.
const OPTIONS: &[(&[&str], &[&str])] = &[
    (&["docker", "podman", "nerdctl", "buildah", "skopeo", "crane", "oras"], &["-p"]),
    (&["helm"], &["-p"]),
    (&["az"], &["-p"]),
    (&["redis-cli", "valkey-cli"], &["-a", "--pass"]),
    (&["redis-server", "valkey-server", "keydb-server"], &["--requirepass", "--masterauth"]),
    (&["mongo", "mongosh", "mongodump", "mongorestore", "mongoimport", "mongoexport"], &["-p"]),
    (&["sshpass"], &["-p"]),
    (&["sqlcmd"], &["-P"]),
    (&["rabbitmqadmin", "twine"], &["-p"]),
];
/// Clients whose `-p` takes its value only in the same word.
const MYSQL: &[&str] = &[
    "mysql",
    "mariadb",
    "mysqldump",
    "mariadb-dump",
    "mysqladmin",
    "mariadb-admin",
    "mysqlimport",
    "mysqlcheck",
    "mysqlshow",
];
const CONTAINERS: &[&str] = &["docker", "podman", "nerdctl"];
/// Headers that carry a credential, in lower case.
const HEADERS: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "private-token",
    "x-api-key",
    "api-key",
    "x-auth-token",
    "x-vault-token",
    "apikey",
    "job-token",
];
const SCHEMES: &[&str] = &["bearer", "basic", "token", "bot", "apikey", "api-key"];

/// The values in the commands of a Dockerfile.
pub fn of_dockerfile(dockerfile: &Dockerfile) -> Vec<Given> {
    let stages = dockerfile.stages.iter();
    let commands =
        stages.flat_map(|stage| stage.runs.iter().map(|(_, run)| run).chain(&stage.entrypoint).chain(&stage.cmd));
    commands.flat_map(|command| given(&command.script(), &|span| command.place_of(span))).collect()
}

/// The values in the commands of a container. Health checks repeat what the service is started with.
pub fn of_container(container: &Container) -> Vec<Given> {
    let commands = container.entrypoint.iter().chain(&container.command);
    commands.flat_map(|command| given(&command.script(), &|span| command.place_of(span))).collect()
}

/// The values in the steps of a workflow.
pub fn of_workflow(workflow: &Workflow) -> Vec<Given> {
    let steps = workflow.jobs.iter().flat_map(|job| &job.steps);
    let codes = steps.filter_map(|step| step.run.as_ref());
    codes.flat_map(|code| given(code.script(), &|span| code.place(span))).collect()
}

fn given(script: &Script, place: &dyn Fn(Span) -> Place) -> Vec<Given> {
    let mut found = Vec::new();
    let mut add = |name: &str, value: &str, span: Span, to: &str, user: Option<&str>, variable: bool| {
        if !value.is_empty() && !value.contains(['$', '`']) {
            let value = At::new(value.to_owned(), place(span));
            found.push(Given {
                name: name.to_owned(),
                value,
                to: to.to_owned(),
                user: user.map(str::to_owned),
                variable,
            });
        }
    };
    for command in &script.commands {
        for assignment in &command.assignments {
            let word = &assignment.value;
            add(&assignment.name, word.text(), whole(word), "", None, false);
        }
    }
    for invocation in script.invocations() {
        let to = invocation.program;
        for argument in passwords(&invocation) {
            add("password", argument.value, value_span(&argument), to, None, false);
        }
        if invocation.is(MYSQL) {
            for word in invocation.args.iter().filter(|word| word.text().len() > 2 && word.text().starts_with("-p")) {
                add("password", &word.text()[2..], word.source(2..word.text().len()), to, None, false);
            }
        }
        if invocation.is(&["curl", "wget", "http", "https", "xh"]) {
            for (name, value, range, word, user) in headers_and_users(&invocation) {
                add(name, value, word.source(range), to, user, false);
            }
        }
        if invocation.is(CONTAINERS) {
            for argument in invocation.options(&["-e", "--env"]) {
                if let Some((name, value)) = argument.value.split_once('=') {
                    let end = argument.word.text().len();
                    add(name, value, argument.word.source(end - value.len()..end), to, None, true);
                }
            }
        }
        let exports = invocation.is(&["export", "env", "setx", "declare", "local"]);
        let words = invocation.args.iter().chain(invocation.wrappers.iter().flat_map(|wrapper| wrapper.args));
        for (at, word) in words.enumerate() {
            let text = word.text();
            if let Some((name, value)) = text.split_once('=') {
                let option = name.starts_with("--")
                    || at > 0 && invocation.args.get(at - 1).is_some_and(|before| before.text().starts_with("--set"));
                if option || exports {
                    add(
                        name.trim_start_matches('-'),
                        value,
                        word.source(text.len() - value.len()..text.len()),
                        to,
                        None,
                        false,
                    );
                }
            } else if let (Some(name), Some(next)) = (text.strip_prefix("--"), invocation.args.get(at + 1))
                && !next.text().starts_with('-')
                && invocation.args.get(at).is_some_and(|own| std::ptr::eq(own, word))
            {
                add(name, next.text(), whole(next), to, None, false);
            }
        }
    }
    found.sort_by(|a: &Given, b| (a.value.place, a.variable).cmp(&(b.value.place, b.variable)));
    found.dedup_by(|a, b| a.value.place == b.value.place);
    found
}

/// The values of options that take a password.
fn passwords<'s>(invocation: &Invocation<'s>) -> Vec<Argument<'s>> {
    let login = !invocation.is(&["docker", "podman", "nerdctl", "helm", "az", "skopeo", "crane", "oras", "buildah"])
        || invocation.args.iter().any(|word| word.text() == "login");
    let listed = OPTIONS.iter().filter(|(programs, _)| login && invocation.is(programs));
    listed.flat_map(|(_, names)| invocation.options(names)).collect()
}

type Header<'s> = (&'static str, &'s str, std::ops::Range<usize>, &'s Word, Option<&'s str>);

/// What a web client sends to say who it is: `-u user:password`, `-H "Authorization: Bearer …"`.
fn headers_and_users<'s>(invocation: &Invocation<'s>) -> Vec<Header<'s>> {
    let mut found: Vec<Header<'s>> = Vec::new();
    for argument in invocation.options(&["-u", "--user"]) {
        if let Some((user, password)) = argument.value.split_once(':') {
            let end = argument.word.text().len();
            found.push(("password", password, end - password.len()..end, argument.word, Some(user)));
        }
    }
    let flagged = invocation.options(&["-H", "--header"]).map(|argument| (argument.word, argument.value));
    for (word, text) in flagged {
        let Some((name, value)) = text.split_once(':') else { continue };
        let name = name.trim().to_ascii_lowercase();
        if !HEADERS.contains(&name.as_str()) {
            continue;
        }
        let value = value.trim();
        let secret = match value.split_once(' ') {
            Some((scheme, rest)) if SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) => rest.trim(),
            _ => value,
        };
        let end = word.text().trim_end().len();
        found.push(("access_token", secret, end.saturating_sub(secret.len())..end, word, None));
    }
    found
}

/// A word's span without its quotes.
fn whole(word: &Word) -> Span {
    word.source(0..word.text().len())
}

fn value_span(argument: &Argument) -> Span {
    let end = argument.word.text().len();
    argument.word.source(end - argument.value.len()..end)
}
