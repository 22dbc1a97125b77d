//! What commands are given in plain text: passwords and tokens among their arguments and
//! assignments.
//!
//! Reads scripts and says where a value stands and what it is called there; whether it is a
//! credential is judged by the rules.

use crate::model::container::Container;
use crate::model::dockerfile::Dockerfile;
use crate::model::workflow::Workflow;
use crate::source::{Located, Location, SourceFile, Span};
use crate::syntax::shell::{self, Argument, Invocation, Script, Word, WrapperKind};

/// A value in a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// What `judge` is asked with: the name of the option or the variable.
    pub name: String,
    pub value: Located<String>,
    /// The program.
    pub to: String,
    /// The user that the password is for, where the same argument names one.
    pub user: Option<String>,
    /// It becomes a variable of a container: `docker run -e`.
    pub variable: bool,
}

/// Options that take a password, by program; those whose names say so need no entry.
const OPTIONS: &[(&[&str], &[&str])] = &[
    (
        &[
            "docker", "podman", "nerdctl", "buildah", "skopeo", "crane", "oras",
        ],
        &["-p"],
    ),
    (&["helm"], &["-p"]),
    (&["az"], &["-p"]),
    (&["redis-cli", "valkey-cli"], &["-a", "--pass"]),
    (
        &["redis-server", "valkey-server", "keydb-server"],
        &["--requirepass", "--masterauth"],
    ),
    (
        &[
            "mongo",
            "mongosh",
            "mongodump",
            "mongorestore",
            "mongoimport",
            "mongoexport",
        ],
        &["-p"],
    ),
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
/// Options whose value is itself a name and a value.
const PAIRS: &[&str] = &["--set", "--set-string", "--from-literal"];
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
    let commands = stages.flat_map(|stage| {
        stage
            .runs
            .iter()
            .map(|(_, run)| run)
            .chain(&stage.entrypoint)
            .chain(&stage.cmd)
    });

    commands
        .flat_map(|command| given(command.script(), &|span| command.place_of(span)))
        .collect()
}

/// The values in the commands of a container. Health checks repeat what the service is started
/// with.
pub fn of_container(container: &Container) -> Vec<Given> {
    let commands = container.entrypoint.iter().chain(&container.command);
    commands
        .flat_map(|command| given(command.script(), &|span| command.place_of(span)))
        .collect()
}

/// The values in the steps of a workflow.
pub fn of_workflow(workflow: &Workflow) -> Vec<Given> {
    let steps = workflow.jobs.iter().flat_map(|job| &job.steps);
    let codes = steps.filter_map(|step| step.run.as_ref());
    codes
        .flat_map(|code| given(code.script(), &|span| code.location(span)))
        .collect()
}

/// The variables that the steps of a workflow hand to containers.
pub fn handed_on(workflow: &Workflow) -> Vec<Given> {
    let steps = workflow.jobs.iter().flat_map(|job| &job.steps);
    let codes = steps.filter_map(|step| step.run.as_ref());
    let codes = codes.filter(|code| CONTAINERS.iter().any(|program| code.text.contains(program)));
    let given = codes.flat_map(|code| given(code.script(), &|span| code.location(span)));
    given.filter(|one| one.variable).collect()
}

/// The values in a shell script of its own.
pub fn of_script(source: &SourceFile) -> Vec<Given> {
    given(&shell::parse(&source.text), &|span| source.location(span))
}

fn given(script: &Script, location: &dyn Fn(Span) -> Location) -> Vec<Given> {
    let mut found = Vec::new();
    let mut add =
        |name: &str, value: &str, span: Span, to: &str, user: Option<&str>, variable: bool| {
            if !value.is_empty() && !value.contains(['$', '`']) {
                let value = Located::new(value.to_owned(), location(span));
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
            add(
                "password",
                argument.value,
                value_span(&argument),
                to,
                None,
                false,
            );
        }

        if invocation.is(MYSQL) {
            for word in invocation
                .args
                .iter()
                .filter(|word| word.text().len() > 2 && word.text().starts_with("-p"))
            {
                add(
                    "password",
                    &word.text()[2..],
                    word.source(2..word.text().len()),
                    to,
                    None,
                    false,
                );
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
                    add(
                        name,
                        value,
                        argument.word.source(end - value.len()..end),
                        to,
                        None,
                        true,
                    );
                }
            }
        }

        let exports = invocation.is(&["export", "env", "declare", "local"]);

        for (at, word) in invocation.args.iter().enumerate() {
            let text = word.text();
            let before = at
                .checked_sub(1)
                .map_or("", |before| invocation.args[before].text());
            if let Some((name, value)) = text.split_once('=') {
                // `--set auth.password=x` and `--set=auth.password=x` say the same.
                let (name, value) = if PAIRS.contains(&name) {
                    value.split_once('=').unwrap_or((name, ""))
                } else {
                    (name, value)
                };

                if exports || text.starts_with("--") || PAIRS.contains(&before) {
                    add(
                        name.trim_start_matches('-'),
                        value,
                        word.source(text.len() - value.len()..text.len()),
                        to,
                        None,
                        false,
                    );
                }
            } else if let Some(name) = before.strip_prefix("--").filter(|name| !name.contains('='))
                && !text.starts_with('-')
            {
                add(name, text, whole(word), to, None, false);
            }
        }

        let around = invocation.wrappers.iter();
        let around = around.filter(|wrapper| {
            matches!(
                wrapper.kind,
                WrapperKind::Environment | WrapperKind::Elevate
            )
        });

        for word in around.flat_map(|wrapper| wrapper.args) {
            if let Some((name, value)) = word.assignment() {
                let end = word.text().len();
                add(
                    name,
                    value,
                    word.source(end - value.len()..end),
                    to,
                    None,
                    false,
                );
            }
        }
    }

    found.sort_by_key(|one: &Given| (one.value.location, one.variable));
    found.dedup_by(|a, b| a.value.location == b.value.location);

    found
}

/// The values of options that take a password.
fn passwords<'s>(invocation: &Invocation<'s>) -> Vec<Argument<'s>> {
    let login = !invocation.is(&[
        "docker", "podman", "nerdctl", "helm", "az", "skopeo", "crane", "oras", "buildah",
    ]) || invocation.args.iter().any(|word| word.text() == "login");
    let listed = OPTIONS
        .iter()
        .filter(|(programs, _)| login && invocation.is(programs));
    listed
        .flat_map(|(_, names)| invocation.options(names))
        .collect()
}

type Header<'s> = (
    &'static str,
    &'s str,
    std::ops::Range<usize>,
    &'s Word,
    Option<&'s str>,
);

/// What a web client sends to say who it is: `-u user:password`, `-H "Authorization: Bearer …"`.
fn headers_and_users<'s>(invocation: &Invocation<'s>) -> Vec<Header<'s>> {
    let mut found: Vec<Header<'s>> = Vec::new();

    for argument in invocation.options(&["-u", "--user"]) {
        if let Some((user, password)) = argument.value.split_once(':') {
            let end = argument.word.text().len();
            found.push((
                "password",
                password,
                end - password.len()..end,
                argument.word,
                Some(user),
            ));
        }
    }

    let flagged = invocation
        .options(&["-H", "--header"])
        .map(|argument| (argument.word, argument.value));
    for (word, text) in flagged {
        let Some((name, value)) = text.split_once(':') else {
            continue;
        };

        let name = name.trim().to_ascii_lowercase();
        if !HEADERS.contains(&name.as_str()) {
            continue;
        }

        let value = value.trim();
        let secret = match value.split_once(' ') {
            Some((scheme, rest)) if SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) => {
                rest.trim()
            }
            _ => value,
        };

        let end = word.text().trim_end().len();
        found.push((
            "access_token",
            secret,
            end.saturating_sub(secret.len())..end,
            word,
            None,
        ));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn values_are_found_where_they_are_given() {
        for (script, name, value) in [
            ("PGPASSWORD=a-1 psql", "PGPASSWORD", "a-1"),
            ("export TOKEN='a 1'", "TOKEN", "a 1"),
            ("env API_KEY=a-1 serve", "API_KEY", "a-1"),
            ("serve --api-key=\"a-1\"", "api-key", "a-1"),
            ("serve --token a-1", "token", "a-1"),
            ("mysql -uroot -pa-1 db", "password", "a-1"),
            ("docker login -u x -p a-1 y", "password", "a-1"),
            ("redis-cli -a a-1 ping", "password", "a-1"),
            ("curl -fsu me:a-1 https://x", "password", "a-1"),
            (
                "curl -H 'Authorization: Bearer a-1' https://x",
                "access_token",
                "a-1",
            ),
            (
                "curl --header \"X-Api-Key: a-1\" https://x",
                "access_token",
                "a-1",
            ),
            (
                "helm install --set auth.password=a-1 x y",
                "auth.password",
                "a-1",
            ),
            (
                "kubectl create secret generic x --from-literal=password=a-1",
                "password",
                "a-1",
            ),
            ("docker run -e KEY=a-1 x", "KEY", "a-1"),
            ("sh -c 'serve --password a-1'", "password", "a-1"),
        ] {
            let source = SourceFile::new(FileId(0), "x.sh", script);
            let found = of_script(&source);
            let one = found
                .iter()
                .find(|one| one.name == name && one.value.value == value);
            let location = one.map(|one| one.value.location.span.text(script));
            assert_eq!(location, Some(value), "{script}: {found:?}");
        }
    }

    #[test]
    fn what_is_filled_in_is_no_value() {
        for script in [
            "curl -u \"$U:$P\" x",
            "mysql -p db",
            "serve --token $(cat t)",
            "docker run -p 80:80 -e KEY x",
            "mkdir -p a",
        ] {
            let found = of_script(&SourceFile::new(FileId(0), "x.sh", script));
            assert!(
                found.iter().all(|one| one.name != "password"
                    && one.name != "KEY"
                    && one.name != "access_token"),
                "{script}: {found:?}"
            );
        }
    }
}
