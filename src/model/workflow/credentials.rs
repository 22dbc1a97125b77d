//! Values that a script's commands are given by name: `docker run -e`, `--build-arg`, `docker login
//! -p`, `export X=`.

use crate::model::Code;
use crate::model::env::{EnvOrigin, EnvValue, EnvVar};
use crate::source::{Located, Span};
use crate::syntax::shell::{Invocation, Word};

/// The names and literal values in a script. A value with an expression or a variable is not a literal
/// and is left out.
pub(super) fn arguments(code: &Code) -> Vec<EnvVar> {
    // Most scripts name nothing; they are not parsed for this.
    if !code.text.contains('=') && !code.text.contains("login") {
        return Vec::new();
    }

    let mut arguments = Vec::new();

    for command in &code.script().commands {
        for assignment in &command.assignments {
            if let Some(value) = assignment.value.literal().filter(|value| !value.is_empty()) {
                arguments.push(variable(
                    code,
                    (&assignment.name, assignment.name_span),
                    value,
                    assignment.value.span,
                ));
            }
        }
    }

    for invocation in code.script().invocations() {
        match invocation.program {
            "docker" | "podman" | "nerdctl" | "buildah" => {
                container(code, &invocation, &mut arguments)
            }
            "export" | "declare" | "env" => {
                arguments.extend(invocation.args.iter().filter_map(|word| pair(code, word)))
            }
            _ => {}
        }
    }

    arguments
}

fn container(code: &Code, invocation: &Invocation<'_>, arguments: &mut Vec<EnvVar>) {
    let names = ["-e", "--env", "--build-arg", "--label"];
    for option in invocation
        .options(&names)
        .filter(|option| option.word.literal().is_some())
    {
        let Some((name, value)) = option
            .value
            .split_once('=')
            .filter(|(name, value)| is_plain(name) && !value.is_empty())
        else {
            continue;
        };

        let middle = option.span.start + name.len() as u32;
        let end = option.span.end;
        arguments.push(variable(
            code,
            (name, Span::new(option.span.start, middle)),
            value,
            Span::new((middle + 1).min(end), end),
        ));
    }

    if invocation.subcommand(&[]) == Some("login") {
        let password = invocation
            .option(&["-p", "--password"])
            .filter(|option| option.word.literal().is_some());
        arguments.extend(password.map(|option| {
            variable(
                code,
                ("password", option.option.span),
                option.value,
                option.span,
            )
        }));
    }
}

fn pair(code: &Code, word: &Word) -> Option<EnvVar> {
    word.literal()?;
    let (name, value) = word.assignment().filter(|(_, value)| !value.is_empty())?;
    let text = word.text().len();
    Some(variable(
        code,
        (name, word.source(0..name.len())),
        value,
        word.source(text - value.len()..text),
    ))
}

fn variable(code: &Code, name: (&str, Span), value: &str, span: Span) -> EnvVar {
    EnvVar {
        name: Located::new(name.0.to_owned(), code.location(name.1)),
        value: EnvValue::Literal(Located::new(value.to_owned(), code.location(span))),
        origin: EnvOrigin::WorkflowEnv,
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, OffsetMap};

    #[test]
    fn literals_have_names_and_places() {
        let text = "docker run -e DB_PASSWORD=hunter2 -e X=$Y db\ndocker login -u me -p \"s3same\" r\nexport A='b c'\nTOKEN=abc ./run\n";
        let code = Code::new(FileId(0), text, OffsetMap::verbatim(0));
        let found: Vec<(String, String)> = arguments(&code)
            .into_iter()
            .map(|variable| {
                let location = variable.value.location().unwrap();
                (variable.name.value, location.span.text(text).to_owned())
            })
            .collect();
        let expected = [
            ("TOKEN", "abc"),
            ("DB_PASSWORD", "hunter2"),
            ("password", "\"s3same\""),
            ("A", "b c"),
        ];
        assert_eq!(
            found,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }
}
