//! `command-needs-shell`: start commands that are written for a shell, where none reads them.

use crate::analysis::start::{self, StartCommand, StartPart, StartWord, StartWords};
use crate::analysis::{Analysis, Owner, base_image, startup};
use crate::data;
use crate::finding::{Finding, Sink};
use crate::model::container::Container;
use crate::model::dockerfile::{Dockerfile, StageId};
use crate::model::server::script_files;
use crate::source::{Location, file_name};

/// Words that join or redirect commands.
const OPERATORS: &[&str] = &[
    "||",
    "&&",
    "|",
    ">",
    ">>",
    "2>&1",
    ">/dev/null",
    "2>/dev/null",
    "1>/dev/null",
    "&>/dev/null",
];

/// Words that only a shell knows; no program has these names.
const BUILTINS: &[&str] = &[
    "cd", "exec", "source", ".", "export", "set", "eval", "ulimit", "umask", "if", "while",
    "until", "for", "case", "[[", "trap", "unset",
];

const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "zsh", "ksh"];

/// Programs whose own languages have such words and variables.
const INTERPRETERS: &[&str] = &[
    "java",
    "envsubst",
    "awk",
    "gawk",
    "sed",
    "perl",
    "jq",
    "yq",
    "psql",
    "mysql",
    "mongosh",
    "mongo",
    "find",
    "tmux",
    "expr",
    "test",
    "[",
    "dockerize",
    "confd",
    "watch",
    "parallel",
    "xargs",
    "socat",
    "ssh",
    "su",
    "runuser",
    "eval",
    "otelcol",
    "otelcol-contrib",
    "vector",
    "caddy",
    "cmd",
    "cmd.exe",
    "powershell",
    "pwsh",
];

/// The format of the file that a command is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CommandFormat {
    Dockerfile,
    Compose,
    Kubernetes,
}

/// What only a shell could make of a command.
enum ShellWord<'w> {
    Operator(&'w StartWord),
    Variable(&'w StartWord, String),
    /// The whole line is the first word.
    Line(&'w StartWord),
    Builtin(&'w StartWord),
    /// An assignment in place of a program.
    Assignment(&'w StartWord),
    /// `sh -c` gets its script in several words.
    Split(&'w StartWord),
}

/// ENTRYPOINT and CMD of shipped stages.
pub fn dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let mut seen: Vec<Location> = Vec::new();

    for stage in ctx.graph.shipped(dockerfile) {
        let Some(StartCommand::Words(start)) = start::of_stage(dockerfile, stage) else {
            continue;
        };

        // An entry point that is not known may pass its arguments to a shell.
        let is_known =
            dockerfile.start(stage).0.is_some() || has_plain_base(ctx, dockerfile, stage);
        if dockerfile.is_windows(stage) || !is_known {
            continue;
        }

        let Some(word) = shell_word(ctx, CommandFormat::Dockerfile, &start.words) else {
            continue;
        };

        if may_be_evaluated(ctx, &start, startup::folders(ctx, dockerfile)) {
            continue;
        }

        let finding = finding(&word, CommandFormat::Dockerfile, "the shipped image");
        if !seen.contains(&finding.location) {
            seen.push(finding.location);
            sink.report(finding);
        }
    }
}

/// Whether a stage is built upon a language or a distribution, whose images start their CMD as it
/// is.
fn has_plain_base(ctx: &Analysis, dockerfile: &Dockerfile, stage: StageId) -> bool {
    match &base_image::effective(ctx, dockerfile, stage).root {
        base_image::EffectiveRoot::Scratch => true,
        base_image::EffectiveRoot::Unknown => false,
        base_image::EffectiveRoot::Image(reference) => {
            data::image(&reference.repository()).is_some_and(|known| known.class.is_base())
        }
    }
}

/// What a service or a pod starts instead.
pub fn container(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let format = match owner {
        Owner::Compose(..) => CommandFormat::Compose,
        Owner::Kubernetes(_, workload) if workload.pod.windows => return,
        Owner::Kubernetes(..) => CommandFormat::Kubernetes,
    };

    let Some(StartCommand::Words(start)) = start::of_container(ctx, container) else {
        return;
    };

    let Some(word) = shell_word(ctx, format, &start.words) else {
        return;
    };

    // Words of the image are reported where they are written. Without an entry point of its own,
    // that of an unknown image may be a shell.
    let is_own = word.word().location.file == container.anchor.file;
    let has_entrypoint = container.entrypoint.is_some() || ctx.graph.build_of(container).is_some();
    let may_be_shell = matches!(
        word,
        ShellWord::Line(_) | ShellWord::Builtin(_) | ShellWord::Variable(..)
    );
    if !is_own || (may_be_shell && !has_entrypoint && !is_plain_image(container)) {
        return;
    }

    if may_be_evaluated(ctx, &start, startup::folders_of(ctx, owner, container)) {
        return;
    }

    sink.report(finding(&word, format, &container.title()).anchor(container.anchor));
}

/// Whether the command starts with a script that may pass the rest to a shell: one that is not
/// here, or that says so.
fn may_be_evaluated(ctx: &Analysis, start: &StartWords, folders: &[String]) -> bool {
    let Some(first) = start.script.invocations().into_iter().next() else {
        return false;
    };

    let name = file_name(first.name.text());
    if !name.ends_with(".sh") && !name.contains("entrypoint") {
        return false;
    }

    let folders = ctx.script_folders(folders);
    let files = script_files(&first, folders);

    files.is_empty()
        || files.iter().any(|file| {
            ["eval ", "envsubst", "-c \"$", "$*"]
                .iter()
                .any(|part| file.text.contains(part))
        })
}

fn is_plain_image(container: &Container) -> bool {
    container
        .image
        .as_ref()
        .and_then(|image| image.reference.as_ref())
        .and_then(|reference| data::image(&reference.repository()))
        .is_some_and(|known| known.class.is_base())
}

fn shell_word<'w>(
    ctx: &Analysis,
    format: CommandFormat,
    words: &'w [StartWord],
) -> Option<ShellWord<'w>> {
    let first = words.first()?;
    let program = file_name(&first.value);

    // Wrappers such as `tini --` are followed by the program.
    if words
        .iter()
        .any(|word| INTERPRETERS.contains(&file_name(&word.value)))
    {
        return None;
    }

    let shell = words
        .iter()
        .take(4)
        .position(|word| SHELLS.contains(&file_name(&word.value)));
    if let Some(shell) = shell {
        return split_script(&words[shell..]);
    }

    let is_command_alone = first.part == StartPart::Entrypoint
        || words.iter().all(|word| word.part == StartPart::Command);
    if is_command_alone && is_line(&first.value) {
        return Some(ShellWord::Line(first));
    }

    if BUILTINS.contains(&program) && words.len() > 1 {
        return Some(ShellWord::Builtin(first));
    }

    if is_command_alone && is_assignment(&first.value) && words.len() > 1 {
        return Some(ShellWord::Assignment(first));
    }

    // `migrate; serve` in words: the first word ends in the operator.
    let ends_command = words.iter().enumerate().find(|(index, word)| {
        let is_program = word.value.len() > 1
            && word.value.strip_suffix(';').is_some_and(|name| {
                name.chars()
                    .all(|letter| letter.is_ascii_alphanumeric() || "-_./:".contains(letter))
            });
        is_program && index + 1 < words.len()
    });
    if let Some((_, word)) = ends_command {
        return Some(ShellWord::Operator(word));
    }

    let operator = words
        .iter()
        .skip(1)
        .position(|word| OPERATORS.contains(&word.value.as_str()));
    // The last word is a value that looks like an operator.
    if let Some(index) = operator
        && index + 2 < words.len() + usize::from(is_redirection(&words[index + 1].value))
    {
        return Some(ShellWord::Operator(&words[index + 1]));
    }

    words.iter().find_map(|word| {
        Some(ShellWord::Variable(
            word,
            literal_variable(ctx, format, word)?,
        ))
    })
}

/// Whether a word sets a variable: `NAME=value`.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|letter: char| letter.is_ascii_uppercase())
            && name.chars().all(|letter| {
                letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_'
            })
    })
}

/// Whether a word sends the output somewhere by itself.
fn is_redirection(word: &str) -> bool {
    word.contains("/dev/null") || word == "2>&1"
}

/// `sh -c` with a script that goes on in the next words: the shell takes those for its arguments.
fn split_script(words: &[StartWord]) -> Option<ShellWord<'_>> {
    let option = words
        .iter()
        .skip(1)
        .take_while(|word| word.value.starts_with('-'))
        .position(|word| !word.value.starts_with("--") && word.value.ends_with('c'))?;
    let script = words.get(option + 2)?;
    let rest = words.get(option + 3..)?;

    let has_operator = rest
        .iter()
        .any(|word| OPERATORS.contains(&word.value.as_str()));
    let runs_rest = ["exec", "cd", "source", "export"].contains(&script.value.as_str());

    (!script.value.contains(char::is_whitespace)
        && !script.value.contains('$')
        && !rest.is_empty()
        && (has_operator || runs_rest))
        .then_some(ShellWord::Split(script))
}

/// Whether a word is a command line: a program's name without a folder, and words after it.
fn is_line(word: &str) -> bool {
    let Some((name, rest)) = word.trim().split_once(char::is_whitespace) else {
        return false;
    };

    let is_name = name
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | '/'));

    is_name && !rest.trim().is_empty()
}

/// The variable that a plain word holds and nothing replaces: `--port=$PORT`. Compose replaces those
/// with one `$` itself, and Kubernetes those in parentheses.
fn literal_variable(ctx: &Analysis, format: CommandFormat, word: &StartWord) -> Option<String> {
    let text = &word.value;
    let start = text.find('$')?;
    let rest = &text[start + 1..];
    let is_braced = rest.starts_with('{');
    let name = rest.strip_prefix('{').unwrap_or(rest);
    let end = name
        .find(|letter: char| {
            !(letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_')
        })
        .unwrap_or(name.len());
    let after = &name[end..];

    // Another letter, a default or a dot belongs to a language of the program's own.
    let is_name = name.starts_with(|letter: char| letter.is_ascii_uppercase())
        && (!is_braced || after.starts_with('}'))
        && (is_braced
            || !after.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '.'));
    let is_plain = !text.contains(|letter: char| {
        letter.is_whitespace() || "'\"`;(){}%".contains(letter) && !is_braced
    }) && text.matches('{').count() == usize::from(is_braced);
    if !is_name || !is_plain {
        return None;
    }

    if format == CommandFormat::Compose && !ctx.facts.text(word.location).contains("$$") {
        return None;
    }

    Some(format!("${}", &name[..end]))
}

impl ShellWord<'_> {
    const fn word(&self) -> &StartWord {
        match self {
            ShellWord::Operator(word)
            | ShellWord::Variable(word, _)
            | ShellWord::Line(word)
            | ShellWord::Builtin(word)
            | ShellWord::Assignment(word)
            | ShellWord::Split(word) => word,
        }
    }
}

fn finding(word: &ShellWord, format: CommandFormat, title: &str) -> Finding {
    let location = word.word().location;
    let value = &word.word().value;
    let (message, label) = match word {
        ShellWord::Operator(_) => (
            format!("{title} is started without the shell that its command needs"),
            format!("`{value}` is an argument here"),
        ),
        ShellWord::Variable(_, name) => (
            format!("{title} is started with a literal `{name}`"),
            "no shell replaces the variable".to_owned(),
        ),
        ShellWord::Line(_) => (
            format!("{title} starts a program that does not exist"),
            "no program has this whole line as its name".to_owned(),
        ),
        ShellWord::Builtin(_) => (
            format!("{title} is started without the shell that its command needs"),
            format!("`{value}` is a word of the shell, not a program"),
        ),
        ShellWord::Assignment(_) => (
            format!("{title} is started without the shell that its command needs"),
            "an assignment, not a program".to_owned(),
        ),
        ShellWord::Split(_) => (
            format!("{title} runs `{value}` without what follows it"),
            "the shell runs this word alone".to_owned(),
        ),
    };
    let help = match (word, format) {
        (ShellWord::Assignment(_), CommandFormat::Dockerfile) => "set it with `ENV`",
        (ShellWord::Assignment(_), CommandFormat::Compose) => "set it under `environment`",
        (ShellWord::Assignment(_), CommandFormat::Kubernetes) => "set it under `env`",
        (ShellWord::Line(_), CommandFormat::Dockerfile) => {
            "write each word as an item of its own: `[\"program\", \"argument\"]`"
        }
        (ShellWord::Line(_), _) => "write each word as an item of its own",
        (ShellWord::Split(_), CommandFormat::Compose) => {
            "write the script as one string: `command: [\"sh\", \"-c\", \"…\"]`"
        }
        (ShellWord::Split(_), _) => "write the script as one string after `-c`",
        (ShellWord::Variable(..), CommandFormat::Kubernetes) => {
            "write `$(NAME)`, which Kubernetes replaces, or run `sh -c` with one string"
        }
        (_, CommandFormat::Dockerfile) => {
            "let a shell run it: `CMD [\"sh\", \"-c\", \"exec …\"]` with one string"
        }
        (_, CommandFormat::Compose) => {
            "let a shell run it: `command: [\"sh\", \"-c\", \"…\"]` with one string"
        }
        (_, CommandFormat::Kubernetes) => {
            "let a shell run it: `command: [\"sh\", \"-c\", \"…\"]` with one string"
        }
    };

    // A redirection at the end is one more argument, which most programs ignore.
    let is_redirection = matches!(word, ShellWord::Operator(word) if is_redirection(&word.value));

    Finding::new(location, message)
        .label(label)
        .help(help)
        .case_if(is_redirection, "redirection")
}
