//! Checks that fail whatever happens.

use super::health_test::{HealthTest, ImageShell, TABLE, TestFormat, is_one_of};
use crate::analysis::Analysis;
use crate::finding::Finding;
use crate::model::{Code, Command, Item};
use crate::source::{Location, Span, file_name};
use crate::syntax::shell::Invocation;

/// Words that only a shell understands.
const OPERATORS: &[&str] = &[
    "||",
    "&&",
    "|",
    ";",
    "&",
    ">",
    ">>",
    "<",
    "2>&1",
    ">/dev/null",
    "1>/dev/null",
    "2>/dev/null",
    "&>/dev/null",
];

const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "zsh"];

/// Why a check cannot pass.
#[derive(Debug)]
pub(super) enum Impossible {
    /// An operator in an exec form is an argument of the program.
    Operator {
        location: Location,
        operator: String,
        program: String,
    },
    /// A whole command line is taken for the name of a program.
    Line(Location),
    /// The first word is one of the shell's own.
    Builtin(Location, String),
    /// `CMD-SHELL` or `sh -c` runs its first item alone.
    Split(Location, String),
    /// A variable in an exec form stays as it is written.
    Variable(Location, String),
    /// `$$NAME` in a Dockerfile is the number of the process and a text.
    ProcessNumber(Location),
    /// A shell form, and the image has no shell.
    NoShell(Location),
    /// Syntax of bash in a shell that is not bash.
    Bash(Location, &'static str),
}

impl Impossible {
    pub fn find(ctx: &Analysis, test: &HealthTest) -> Option<Self> {
        match test.test {
            Command::Exec { words, .. } => Self::of_words(ctx, test, words),
            Command::Shell { code, location } => Self::of_code(test, code, *location),
        }
    }

    /// The fault of an exec form.
    fn of_words(ctx: &Analysis, test: &HealthTest, words: &[Item]) -> Option<Self> {
        let first = words.first()?;
        let program = file_name(&first.value);

        if is_line(&first.value) {
            return Some(Impossible::Line(first.location));
        }

        if is_one_of(&TABLE.builtins, program) {
            return Some(Impossible::Builtin(first.location, program.to_owned()));
        }

        if SHELLS.contains(&program) {
            return Self::of_shell_words(test, words);
        }

        if !is_one_of(&TABLE.strict, program) {
            return None;
        }

        let operator = words
            .iter()
            .skip(1)
            .find(|word| OPERATORS.contains(&word.value.as_str()));
        if let Some(operator) = operator {
            return Some(Impossible::Operator {
                location: operator.location,
                operator: operator.value.clone(),
                program: program.to_owned(),
            });
        }

        // Only an address makes the check fail for sure.
        if !matches!(program, "curl" | "wget" | "nc") {
            return None;
        }

        let variable = words
            .iter()
            .skip(1)
            .find_map(|word| Some((word, literal_variable(ctx, test.format, word)?)))?;

        Some(Impossible::Variable(variable.0.location, variable.1))
    }

    /// `sh -c` with its command in several words.
    fn of_shell_words(test: &HealthTest, words: &[Item]) -> Option<Self> {
        let option = words
            .iter()
            .position(|word| word.value.starts_with('-') && word.value.ends_with('c'))?;
        let command = words.get(option + 1)?;

        if words.len() > option + 2 && is_one_of(&TABLE.idle, command.value.trim()) {
            let name = command.value.trim().to_owned();
            return Some(Impossible::Split(command.location, name));
        }

        let program = file_name(&words.first()?.value);
        let is_other_shell = matches!(program, "bash" | "zsh");
        if is_other_shell || test.shell != ImageShell::Dash {
            return None;
        }

        bash_syntax(&command.value).map(|syntax| Impossible::Bash(command.location, syntax))
    }

    /// The fault of a string that a shell runs.
    fn of_code(test: &HealthTest, code: &Code, location: Location) -> Option<Self> {
        if test.shell == ImageShell::None && test.format != TestFormat::Kubernetes {
            let script = code.script();
            let first = script.invocations().first().map(Invocation::span);

            return Some(Impossible::NoShell(
                first.map_or(location, |span| code.location(span)),
            ));
        }

        let name = code.text.trim();
        if !test.stray.is_empty() && is_one_of(&TABLE.idle, name) {
            return Some(Impossible::Split(location, name.to_owned()));
        }

        if test.format == TestFormat::Dockerfile
            && let Some(span) = process_number(&code.text)
        {
            return Some(Impossible::ProcessNumber(code.location(span)));
        }

        if test.shell == ImageShell::Dash
            && let Some(syntax) = bash_syntax(&code.text)
        {
            let start = code.text.find(syntax)?;
            let span = Span::of(start, start + syntax.len());

            return Some(Impossible::Bash(code.location(span), syntax));
        }

        None
    }

    pub fn finding(self, test: &HealthTest) -> Finding {
        let title = &test.title;
        let through_shell = match test.format {
            TestFormat::Dockerfile => {
                "write it without the brackets, so that a shell runs it: `HEALTHCHECK CMD …`"
            }
            TestFormat::Compose => {
                "let a shell run it: `test: [\"CMD-SHELL\", \"…\"]` with one string"
            }
            TestFormat::Kubernetes => {
                "let a shell run it: `command: [\"sh\", \"-c\", \"…\"]` with one string"
            }
        };
        let (location, message, label, help) = match self {
            Impossible::Operator {
                location,
                operator,
                program,
            } => (
                location,
                format!("the health check of {title} cannot pass without a shell"),
                format!("`{operator}` is an argument of `{program}` here"),
                through_shell,
            ),
            Impossible::Line(location) => (
                location,
                format!("the health check of {title} names a program that does not exist"),
                "no program has this whole line as its name".to_owned(),
                through_shell,
            ),
            Impossible::Builtin(location, word) => (
                location,
                format!("the health check of {title} cannot pass without a shell"),
                format!("`{word}` is a word of the shell, not a program"),
                through_shell,
            ),
            Impossible::Split(location, program) => (
                location,
                format!("the health check of {title} runs `{program}` without its arguments"),
                "the shell runs this item alone".to_owned(),
                "write the whole command in one string",
            ),
            Impossible::Variable(location, variable) => (
                location,
                format!("the health check of {title} uses a literal `{variable}`"),
                "no shell replaces the variable".to_owned(),
                through_shell,
            ),
            Impossible::ProcessNumber(location) => (
                location,
                format!("the health check of {title} uses a wrong address"),
                "`$$` is the number of the shell's process".to_owned(),
                "write one `$`; only compose files escape it",
            ),
            Impossible::NoShell(location) => (
                location,
                format!("the health check of {title} needs a shell, which the image lacks"),
                "run by `/bin/sh`, which is not in the image".to_owned(),
                match test.format {
                    TestFormat::Compose => {
                        "call a program of the image: `test: [\"CMD\", \"/app\", \"health\"]`"
                    }
                    _ => "call a program of the image: `HEALTHCHECK CMD [\"/app\", \"health\"]`",
                },
            ),
            Impossible::Bash(location, syntax) => (
                location,
                format!("the health check of {title} needs bash, but `sh` runs it"),
                format!("`{syntax}` is unknown to the image's `sh`"),
                "call `bash -c '…'`, or write it for `sh`",
            ),
        };

        Finding::new(location, message).label(label).help(help)
    }
}

/// Whether a word is a whole command line: a program's name and something after it.
fn is_line(word: &str) -> bool {
    word.trim()
        .split_once(char::is_whitespace)
        .is_some_and(|(name, _)| !name.is_empty())
}

/// The variable that a word of an exec form holds and nothing replaces. Compose replaces those with
/// one `$` itself, and Kubernetes those in parentheses.
fn literal_variable(ctx: &Analysis, format: TestFormat, word: &Item) -> Option<String> {
    let text = &word.value;
    let start = text.find('$')?;
    let rest = &text[start + 1..];
    let name = rest.strip_prefix('{').unwrap_or(rest);
    if !name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_') {
        return None;
    }

    if format == TestFormat::Compose && !ctx.facts.text(word.location).contains("$$") {
        return None;
    }

    let end = name
        .find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
        .unwrap_or(name.len());

    Some(format!("${}", &name[..end]))
}

/// `$$` before a name, which the shell takes for the number of its process.
fn process_number(code: &str) -> Option<Span> {
    let start = code.find("$$")?;
    let after = &code[start + 2..];
    let is_name = after
        .trim_start_matches('{')
        .starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    let is_in_single_quotes = code[..start].matches('\'').count() % 2 == 1;

    (is_name && !is_in_single_quotes).then(|| Span::of(start, start + 2))
}

/// Syntax that bash has and dash has not. Another shell may be called for it.
fn bash_syntax(code: &str) -> Option<&'static str> {
    if code.contains("bash") {
        return None;
    }

    ["/dev/tcp/", "/dev/udp/", "[[ "]
        .into_iter()
        .find(|syntax| code.contains(syntax))
}
