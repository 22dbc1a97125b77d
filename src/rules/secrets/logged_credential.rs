//! `logged-credential`: log and print calls that write a secret as it is.

use crate::analysis::Analysis;
use crate::credential::{NameKind, secret_name, words_of_name};
use crate::finding::{Finding, Sink};
use crate::model::code::{LoggedKind, LoggedValue};
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::source::{SourceFile, Span, Spanned};
use crate::syntax::shell::{
    self, BlockKind, Command, Operator, PartKind, Redirect, RedirectOperator, Script, Word,
};

pub fn check(ctx: &Analysis, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if facts.kind != FileKind::Text || !ctx.facts.is_production(source.id) {
        return;
    }

    if let Some(code) = &facts.code {
        for value in &code.logged {
            report(source, value, Output::Program, sink);
        }
    }

    if is_script(source) && writes_secret_variable(&source.text) {
        for value in script_values(&source.text) {
            report(source, &value, Output::Script, sink);
        }
    }
}

/// What writes the value.
#[derive(Clone, Copy)]
enum Output {
    Program,
    Script,
}

fn report(source: &SourceFile, value: &LoggedValue, output: Output, sink: &mut Sink) {
    let name = &value.name.value;
    let (message, help) = match value.kind {
        LoggedKind::Secret => (format!("`{name}` is written to the log"), help(output)),
        LoggedKind::Environment => (
            "all environment variables are written to the log".to_owned(),
            "write the names of the variables that are set",
        ),
        LoggedKind::Settings => (
            format!("`{name}`, which has secrets, is written to the log"),
            "write single settings that do not hold a secret",
        ),
    };

    sink.report(
        Finding::new(source.location(value.name.span), message)
            .label("readable by anyone with access to the logs")
            .help(help),
    );
}

const fn help(output: Output) -> &'static str {
    match output {
        Output::Program => "write whether it is set, or its last four characters",
        Output::Script => "write whether it is set: `${NAME:+set}`",
    }
}

fn is_script(source: &SourceFile) -> bool {
    [".sh", ".bash"]
        .iter()
        .any(|end| source.path.ends_with(end))
        || source.text.starts_with("#!") && !source.name().contains('.') && {
            let line = source.text.lines().next().unwrap_or("");
            line.ends_with("sh") || line.contains("bash ") || line.contains("/sh ")
        }
}

/// Whether a line of a script that prints has a variable with the name of a secret, or prints all
/// of them. Most scripts do not, and need not be parsed.
fn writes_secret_variable(text: &str) -> bool {
    text.lines().any(|line| {
        let prints = ["echo", "printf", "printenv", "env", "logger", "export -p"]
            .iter()
            .any(|program| line.contains(program));

        prints && (names_secret(line) || !line.contains('$'))
    }) && names_secret(text)
}

/// Whether a text expands a variable with the name of a secret.
fn names_secret(text: &str) -> bool {
    text.match_indices('$').any(|(offset, _)| {
        let name = text[offset + 1..].trim_start_matches('{');
        let length = name
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count();

        is_secret(&name[..length])
    })
}

/// Whether a variable has the name of a secret, and its value is one.
fn is_secret(name: &str) -> bool {
    const ABOUT: &[&str] = &[
        "masked", "hidden", "redacted", "prefix", "file", "path", "name", "id", "set", "length",
        "hash", "status", "type", "arn", "safe", "dummy", "url",
    ];
    let words = words_of_name(name);
    let is_about = words.split(' ').any(|word| ABOUT.contains(&word));
    let is_word = matches!(words.as_str(), "token" | "secret");

    !is_about && !is_word && secret_name(name).is_some_and(|kind| kind != NameKind::Credentials)
}

/// The secrets that the commands of a script print.
fn script_values(text: &str) -> Vec<LoggedValue> {
    let script = shell::parse(text);

    script
        .commands
        .iter()
        .filter(|command| is_shown(&script, command))
        .filter_map(|command| printed(&script, command))
        .collect()
}

/// Whether the output of a command reaches the log: it is not captured, redirected to a file, or
/// piped to another program.
fn is_shown(script: &Script, command: &Command) -> bool {
    const THROUGH: &[&str] = &["tee", "cat", "sort", "sed", "nl", "logger", "indent"];
    let pipeline = script.pipeline(command);
    let last = script
        .commands
        .iter()
        .filter(|other| other.pipeline == command.pipeline && other.index > command.index)
        .all(|other| THROUGH.contains(&other.name()));
    let is_piped = pipeline.len > command.index + 1 && !last;
    let is_captured = script.ancestors(command).any(|block| {
        matches!(
            block.kind,
            BlockKind::Substitution | BlockKind::Process | BlockKind::Shell
        ) || block.redirects.iter().any(writes_file)
            || script.pipelines[block.pipeline as usize].len > block.index + 1
    });

    !is_piped && !is_captured && !command.redirects.iter().any(writes_file)
}

fn writes_file(redirect: &Redirect) -> bool {
    let is_write = matches!(
        redirect.operator,
        RedirectOperator::Write
            | RedirectOperator::Append
            | RedirectOperator::WriteBoth
            | RedirectOperator::AppendBoth
    );
    let to_terminal = matches!(
        redirect.target.text(),
        "/dev/stderr" | "/dev/stdout" | "/dev/tty"
    );

    is_write && !to_terminal && redirect.descriptor.is_none_or(|number| number == 1)
}

/// The secret that a command prints, if any.
fn printed(script: &Script, command: &Command) -> Option<LoggedValue> {
    let (program, arguments) = command.words.split_first()?;

    match program.text() {
        "echo" | "logger" => printed_words(script, command, arguments),
        "printf" => {
            let is_cut = arguments
                .first()
                .is_some_and(|format| format.text().contains("%."));
            if is_cut {
                return None;
            }

            printed_words(script, command, arguments)
        }
        "printenv" | "env" if arguments.is_empty() => Some(all(program)),
        "export" | "declare" if matches!(arguments, [option] if option.text() == "-p") => {
            Some(all(program))
        }
        "printenv" => {
            let name = arguments.first()?;
            is_secret(name.text()).then(|| value(name.text(), name.span))
        }
        _ => None,
    }
}

fn all(program: &Word) -> LoggedValue {
    LoggedValue {
        name: Spanned::new(program.text().to_owned(), program.span),
        kind: LoggedKind::Environment,
    }
}

fn value(name: &str, span: Span) -> LoggedValue {
    LoggedValue {
        name: Spanned::new(name.to_owned(), span),
        kind: LoggedKind::Secret,
    }
}

/// The first variable with the name of a secret in the arguments of `echo` and the like. A variable
/// alone is what a function or a script returns, and text for another program is no log.
fn printed_words(script: &Script, command: &Command, arguments: &[Word]) -> Option<LoggedValue> {
    let words = arguments
        .iter()
        .filter(|word| !word.text().starts_with('-'));
    let literal: String = words.clone().map(literal_text).collect();
    let is_mask = literal.contains("::add-mask::") || literal.contains("::set-output");
    let is_result = !literal.chars().any(char::is_alphabetic)
        && (script.within(command, BlockKind::Function) || is_last(script, command));
    if is_mask || is_result || is_setting(&literal) {
        return None;
    }

    words.into_iter().find_map(|word| {
        word.parts.iter().find_map(|part| {
            let PartKind::Variable(variable) = &part.kind else {
                return None;
            };
            let is_whole = !matches!(
                variable.operator,
                Some(Operator::Alternative | Operator::Other)
            );

            (is_whole && is_secret(&variable.name))
                .then(|| value(&variable.name, variable.name_span))
        })
    })
}

/// The literal text of a word.
fn literal_text(word: &Word) -> String {
    if word.parts.is_empty() {
        return word.text().to_owned();
    }

    let text = word.text();
    let mut ends: Vec<u32> = word.parts.iter().skip(1).map(|part| part.offset).collect();
    ends.push(text.len() as u32);
    word.parts
        .iter()
        .zip(ends)
        .filter(|(part, _)| matches!(part.kind, PartKind::Literal))
        .filter_map(|(part, end)| text.get(part.offset as usize..end as usize))
        .collect()
}

/// Whether printed text is a line of settings: `export NAME=$VALUE`, `NAME=$VALUE`, which something
/// reads.
fn is_setting(literal: &str) -> bool {
    let literal = literal.trim_start().trim_start_matches("export ");
    let name = literal.split('=').next().unwrap_or("");

    literal.contains('=')
        && !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Whether a command is the last of its script.
fn is_last(script: &Script, command: &Command) -> bool {
    script
        .commands
        .iter()
        .all(|other| other.span.start <= command.span.start)
}
