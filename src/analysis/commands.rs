//! Values that commands get in plain text: passwords and tokens among their arguments and
//! assignments.
//!
//! Reads scripts and reports where a value is and what its name is; the rules decide whether it is
//! a credential.

use std::ops::Range;

use crate::analysis::Analysis;
use crate::analysis::start::{self, StartCommand};
use crate::model::container::Container;
use crate::model::dockerfile::Dockerfile;
use crate::model::workflow::{Step, Workflow};
use crate::model::{Code, Command};
use crate::source::{Located, Location, SourceFile, Span};
use crate::syntax::shell::{self, Argument, Invocation, Script, Word, WrapperKind};

/// A value in a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandValue {
    /// The name of the option or the variable, by which the value is classified.
    pub name: String,
    pub value: Located<String>,
    /// The program that gets the value; empty for an assignment.
    pub program: String,
    /// The user that the password is for, where the same argument names one.
    pub user: Option<String>,
    /// The value becomes a variable of a container: `docker run -e`.
    pub is_variable: bool,
}

/// A value in the text of a script.
struct ScriptValue<'s> {
    name: &'s str,
    value: &'s str,
    span: Span,
    program: &'s str,
    user: Option<&'s str>,
    is_variable: bool,
}

impl<'s> ScriptValue<'s> {
    const fn new(name: &'s str, value: &'s str, span: Span, program: &'s str) -> Self {
        Self {
            name,
            value,
            span,
            program,
            user: None,
            is_variable: false,
        }
    }

    /// The value at the end of a word, as in `--name=value`.
    fn at_end(name: &'s str, value: &'s str, word: &Word, program: &'s str) -> Self {
        let end = word.text().len();
        Self::new(name, value, word.source(end - value.len()..end), program)
    }

    /// Whether the value is written out, not filled in when the script runs.
    fn is_literal(&self) -> bool {
        !self.value.is_empty() && !self.value.contains(['$', '`'])
    }
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

/// Programs that start containers.
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

/// Schemes before the credential in such a header, in lower case.
const SCHEMES: &[&str] = &["bearer", "basic", "token", "bot", "apikey", "api-key"];

/// The values in the commands of a Dockerfile.
pub fn dockerfile_values(dockerfile: &Dockerfile) -> Vec<CommandValue> {
    dockerfile
        .stages
        .iter()
        .flat_map(|stage| {
            let runs = stage
                .runs
                .iter()
                .map(|(_, run)| run)
                .flat_map(command_values);
            let parts = stage.entrypoint.iter().chain(&stage.cmd);
            let joined = start::of_stage(dockerfile, stage.index);

            runs.chain(with_joined(
                parts.flat_map(command_values).collect(),
                joined.as_ref(),
            ))
        })
        .collect()
}

/// The values in the commands of a container, each by itself and as the one command that runs.
/// Health checks are left out: they repeat what the service is started with.
pub fn container_values(ctx: &Analysis, container: &Container) -> Vec<CommandValue> {
    let parts = container
        .entrypoint
        .iter()
        .chain(&container.command)
        .flat_map(command_values)
        .collect();

    with_joined(parts, start::of_container(ctx, container).as_ref())
}

/// The values of parts of a command, and those that only the joined command shows.
fn with_joined(mut parts: Vec<CommandValue>, joined: Option<&StartCommand>) -> Vec<CommandValue> {
    let Some(StartCommand::Words(words)) = joined else {
        return parts;
    };

    for value in values(&words.script, |span| words.place_of(span)) {
        let is_known = parts
            .iter()
            .any(|part| part.value.location == value.value.location);
        if !is_known {
            parts.push(value);
        }
    }

    parts
}

/// The values in the steps of a workflow.
pub fn workflow_values(workflow: &Workflow) -> Vec<CommandValue> {
    step_scripts(workflow).flat_map(code_values).collect()
}

/// The variables that the steps of a workflow set in containers.
pub fn container_variables(workflow: &Workflow) -> Vec<CommandValue> {
    step_scripts(workflow)
        .filter(|code| CONTAINERS.iter().any(|program| code.text.contains(program)))
        .flat_map(code_values)
        .filter(|value| value.is_variable)
        .collect()
}

/// The values in a shell script.
pub fn script_values(source: &SourceFile) -> Vec<CommandValue> {
    values(&shell::parse(&source.text), |span| source.location(span))
}

fn step_scripts(workflow: &Workflow) -> impl Iterator<Item = &Code> {
    let steps = workflow.jobs.iter().flat_map(|job| &job.steps);
    steps.filter_map(|step: &Step| step.run.as_ref())
}

fn command_values(command: &Command) -> Vec<CommandValue> {
    values(command.script(), |span| command.place_of(span))
}

fn code_values(code: &Code) -> Vec<CommandValue> {
    values(code.script(), |span| code.location(span))
}

/// The literal values of a script, in the order of their places; one for each place.
fn values(script: &Script, location: impl Fn(Span) -> Location) -> Vec<CommandValue> {
    let assigned = script.commands.iter().flat_map(assigned_values);
    let passed = script.invocations().into_iter().flat_map(passed_values);
    let mut values: Vec<CommandValue> = assigned
        .chain(passed)
        .filter(ScriptValue::is_literal)
        .map(|value| CommandValue {
            name: value.name.to_owned(),
            value: Located::new(value.value.to_owned(), location(value.span)),
            program: value.program.to_owned(),
            user: value.user.map(str::to_owned),
            is_variable: value.is_variable,
        })
        .collect();
    values.sort_by_key(|value| (value.value.location, value.is_variable));
    values.dedup_by(|a, b| a.value.location == b.value.location);

    values
}

/// `PGPASSWORD=…` before a command, or alone.
fn assigned_values(command: &shell::Command) -> impl Iterator<Item = ScriptValue<'_>> {
    command.assignments.iter().map(|assignment| {
        let word = &assignment.value;
        ScriptValue::new(&assignment.name, word.text(), content(word), "")
    })
}

/// What one program gets: by options for passwords, headers, variables, options and assignments
/// whose names announce the value.
fn passed_values(invocation: Invocation<'_>) -> Vec<ScriptValue<'_>> {
    let mut values = password_options(&invocation);
    values.extend(mysql_passwords(&invocation));
    values.extend(client_credentials(&invocation));
    values.extend(variable_options(&invocation));
    values.extend(named_arguments(&invocation));
    values.extend(wrapper_assignments(&invocation));

    values
}

/// The values of options that take a password.
fn password_options<'s>(invocation: &Invocation<'s>) -> Vec<ScriptValue<'s>> {
    // Only under `login` does `-p` of these programs mean a password.
    let needs_login = invocation.is(&[
        "docker", "podman", "nerdctl", "helm", "az", "skopeo", "crane", "oras", "buildah",
    ]);
    if needs_login && !invocation.args.iter().any(|word| word.text() == "login") {
        return Vec::new();
    }

    OPTIONS
        .iter()
        .filter(|(programs, _)| invocation.is(programs))
        .flat_map(|(_, names)| invocation.options(names))
        .map(|Argument { word, value, .. }| {
            ScriptValue::at_end("password", value, word, invocation.program)
        })
        .collect()
}

/// `mysql -psecret`.
fn mysql_passwords<'s>(invocation: &Invocation<'s>) -> Vec<ScriptValue<'s>> {
    if !invocation.is(MYSQL) {
        return Vec::new();
    }

    invocation
        .args
        .iter()
        .filter_map(|word| {
            let password = word.text().strip_prefix("-p")?;
            Some(ScriptValue::at_end(
                "password",
                password,
                word,
                invocation.program,
            ))
        })
        .collect()
}

/// What a web client sends to log in: `-u user:password`, `-H "Authorization: Bearer …"`.
fn client_credentials<'s>(invocation: &Invocation<'s>) -> Vec<ScriptValue<'s>> {
    if !invocation.is(&["curl", "wget", "http", "https", "xh"]) {
        return Vec::new();
    }

    let program = invocation.program;
    let users =
        invocation
            .options(&["-u", "--user"])
            .filter_map(|Argument { word, value, .. }| {
                let (user, password) = value.split_once(':')?;
                Some(ScriptValue {
                    user: Some(user),
                    ..ScriptValue::at_end("password", password, word, program)
                })
            });
    let headers =
        invocation
            .options(&["-H", "--header"])
            .filter_map(|Argument { word, value, .. }| {
                let (secret, range) = header_secret(word, value)?;
                Some(ScriptValue::new(
                    "access_token",
                    secret,
                    word.source(range),
                    program,
                ))
            });

    users.chain(headers).collect()
}

/// The credential of a header such as `Authorization: Bearer …`, and its range in the word.
fn header_secret<'s>(word: &Word, header: &'s str) -> Option<(&'s str, Range<usize>)> {
    let (name, value) = header.split_once(':')?;
    let name = name.trim().to_ascii_lowercase();
    if !HEADERS.contains(&name.as_str()) {
        return None;
    }

    let value = value.trim();
    let secret = match value.split_once(' ') {
        Some((scheme, rest)) if SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) => {
            rest.trim()
        }
        _ => value,
    };
    let end = word.text().trim_end().len();

    Some((secret, end.saturating_sub(secret.len())..end))
}

/// `docker run -e NAME=value`.
fn variable_options<'s>(invocation: &Invocation<'s>) -> Vec<ScriptValue<'s>> {
    if !invocation.is(CONTAINERS) {
        return Vec::new();
    }

    invocation
        .options(&["-e", "--env"])
        .filter_map(|Argument { word, value, .. }| {
            let (name, value) = value.split_once('=')?;
            Some(ScriptValue {
                is_variable: true,
                ..ScriptValue::at_end(name, value, word, invocation.program)
            })
        })
        .collect()
}

/// `--token=value`, `--token value`, `--set auth.password=value`, `export TOKEN=value`.
fn named_arguments<'s>(invocation: &Invocation<'s>) -> Vec<ScriptValue<'s>> {
    let exports = invocation.is(&["export", "env", "declare", "local"]);
    let before = [""]
        .into_iter()
        .chain(invocation.args.iter().map(Word::text));

    invocation
        .args
        .iter()
        .zip(before)
        .filter_map(|(word, before)| named_argument(word, before, exports, invocation.program))
        .collect()
}

/// The value of one argument. `before` is the text of the argument before it.
fn named_argument<'s>(
    word: &'s Word,
    before: &'s str,
    exports: bool,
    program: &'s str,
) -> Option<ScriptValue<'s>> {
    let text = word.text();

    let Some((name, value)) = text.split_once('=') else {
        let name = before.strip_prefix("--")?;
        if name.contains('=') || text.starts_with('-') {
            return None;
        }
        return Some(ScriptValue::new(name, text, content(word), program));
    };

    if !exports && !text.starts_with("--") && !PAIRS.contains(&before) {
        return None;
    }

    // `--set auth.password=x` and `--set=auth.password=x` mean the same.
    let (name, value) = if PAIRS.contains(&name) {
        value.split_once('=').unwrap_or((name, ""))
    } else {
        (name, value)
    };

    let name = name.trim_start_matches('-');
    Some(ScriptValue::at_end(name, value, word, program))
}

/// `env TOKEN=value program`, `sudo TOKEN=value program`.
fn wrapper_assignments<'s>(invocation: &Invocation<'s>) -> Vec<ScriptValue<'s>> {
    invocation
        .wrappers
        .iter()
        .filter(|wrapper| {
            matches!(
                wrapper.kind,
                WrapperKind::Environment | WrapperKind::Elevate
            )
        })
        .flat_map(|wrapper| wrapper.args)
        .filter_map(|word| {
            let (name, value) = word.assignment()?;
            Some(ScriptValue::at_end(name, value, word, invocation.program))
        })
        .collect()
}

/// A word's span without its quotes.
fn content(word: &Word) -> Span {
    word.source(0..word.text().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn finds_values_where_they_are_written() {
        for (script, name, secret) in [
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
            let found = script_values(&source);
            let value = found
                .iter()
                .find(|found| found.name == name && found.value.value == secret);
            let text = value.map(|value| value.value.location.span.text(script));
            assert_eq!(text, Some(secret), "{script}: {found:?}");
        }
    }

    #[test]
    fn ignores_what_is_filled_in_at_run_time() {
        for script in [
            "curl -u \"$U:$P\" x",
            "mysql -p db",
            "serve --token $(cat t)",
            "docker run -p 80:80 -e KEY x",
            "mkdir -p a",
        ] {
            let found = script_values(&SourceFile::new(FileId(0), "x.sh", script));
            assert!(
                !found.iter().any(|value| matches!(
                    value.name.as_str(),
                    "password" | "KEY" | "access_token"
                )),
                "{script}: {found:?}"
            );
        }
    }
}
