//! `exec-form-command`, `json-command`, `multiple-command` and `multiple-healthcheck`: forms of CMD,
//! ENTRYPOINT and HEALTHCHECK.

use crate::analysis::{Analysis, exits, shipped_stages};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Sink};
use crate::model::Command;
use crate::model::dockerfile::Dockerfile;
use crate::source::{Location, Span};
use crate::syntax::dockerfile::{Body, Command as Form, Healthcheck, Instruction, Keyword};
use crate::syntax::shell::{BlockKind, Script, WrapperKind};

/// `exec-form-command`
pub fn exec_form(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    if shipped_stages::is_development(ctx, dockerfile) {
        return;
    }

    let mut seen: Vec<Location> = Vec::new();

    for stage in ctx.graph.shipped(dockerfile) {
        if dockerfile.is_windows(stage) || dockerfile.shell_at(stage, usize::MAX).is_some() {
            continue;
        }

        let (entrypoint, cmd) = dockerfile.start(stage);
        // A shell-form ENTRYPOINT ignores its CMD.
        let cmd = match entrypoint {
            Some(Command::Shell { .. }) => None,
            _ => cmd,
        };

        for (command, keyword) in [(entrypoint, Keyword::Entrypoint), (cmd, Keyword::Cmd)] {
            let Some(command @ Command::Shell { location, code }) = command else {
                continue;
            };

            // A broken array is `json-command`.
            let text = code.text.trim();
            let is_array = text.is_empty() || text.starts_with('[');
            if !is_array
                && !seen.contains(location)
                && let Some(finding) = shell_form(dockerfile, command, *location, keyword)
            {
                seen.push(*location);
                sink.report(finding);
            }
        }
    }
}

/// A start command in shell form whose last program gets no signals.
fn shell_form(
    dockerfile: &Dockerfile,
    command: &Command,
    location: Location,
    keyword: Keyword,
) -> Option<Finding> {
    let instruction = instruction_at(dockerfile, location)?;
    let script = command.script();
    let invocations = script.invocations();
    let last = invocations
        .iter()
        .rev()
        .find(|invocation| !script.within(invocation.command, BlockKind::Substitution))?;

    let is_replaced = invocations
        .iter()
        .any(|invocation| invocation.wrapper(WrapperKind::Exec).is_some());
    if is_replaced || exits::command(command) {
        return None;
    }

    let fix = json(script).and_then(|text| {
        let edit = Edit::replace(dockerfile.file, instruction.arguments, text);
        Fix::new(Applicability::Safe, "write it as a JSON array", vec![edit])
    });
    let help = if fix.is_some() {
        "write it as a JSON array".to_owned()
    } else {
        format!(
            "write it as a JSON array, or replace the shell: `exec {} …`",
            last.program
        )
    };

    Some(
        Finding::new(
            Location::new(dockerfile.file, instruction.keyword.span),
            format!(
                "shell form: `docker stop` signals `sh`, not `{}`",
                last.program
            ),
        )
        .label(format!(
            "`sh` runs this {} and does not forward signals",
            keyword.name()
        ))
        .help(help)
        .fix(fix),
    )
}

fn instruction_at(dockerfile: &Dockerfile, location: Location) -> Option<&Instruction> {
    dockerfile
        .tree
        .instructions
        .iter()
        .find(|instruction| instruction.arguments == location.span)
}

/// The JSON form of a script that needs no shell: one command of plain words.
fn json(script: &Script) -> Option<String> {
    const BUILTINS: &[&str] = &[
        "cd", "export", "source", ".", "set", "ulimit", "umask", "exec", "eval", "trap", "read",
        "test", "[", ":",
    ];
    let [command] = script.commands.as_slice() else {
        return None;
    };

    let plain = command.redirects.is_empty()
        && command.assignments.is_empty()
        && script.pipelines.len() == 1;
    if !plain
        || script.blocks.len() != 1
        || BUILTINS.contains(&command.name())
        || !script.comments.is_empty()
    {
        return None;
    }

    let mut words = Vec::new();

    for word in &command.words {
        let text = word.literal()?;
        if !word.is_quoted() && text.contains(['*', '?', '[', '~', '{', '$']) {
            return None;
        }

        words.push(serde_json::to_string(text).ok()?);
    }

    Some(format!("[{}]", words.join(", ")))
}

/// `json-command`
pub fn json_command(_: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    for instruction in &dockerfile.tree.instructions {
        let instruction = match &instruction.body {
            Body::Onbuild(trigger) => trigger,
            _ => instruction,
        };

        let Some(Form::Shell(shell)) = instruction.command() else {
            continue;
        };

        if !shell.looks_like_json || !is_broken_array(shell.trimmed()) {
            continue;
        }

        let start = shell.start + (shell.text.len() - shell.text.trim_start().len()) as u32;
        let span = Span::new(
            start,
            start
                + shell
                    .trimmed()
                    .lines()
                    .next()
                    .unwrap_or("")
                    .trim_end()
                    .len() as u32,
        );
        let why = if shell.trimmed().contains('\'') {
            "JSON strings use double quotes"
        } else if shell.trimmed().contains(['“', '”', '„']) {
            "these are typographic quotes"
        } else {
            "this is not a JSON array"
        };

        sink.report(
            Finding::new(
                Location::new(dockerfile.file, span),
                format!(
                    "the array in {} is not valid JSON, so a shell runs it",
                    instruction.keyword.value.name()
                ),
            )
            .label(why)
            .help("write it as JSON: `[\"program\", \"argument\"]`"),
        );
    }
}

/// Whether a string that begins with `[` was meant as an array, and is not a `[` test.
fn is_broken_array(text: &str) -> bool {
    let inner = &text[1..];
    let quote = ['"', '\'', '“', '”', '„'];
    let first = inner.trim_start();

    if !first.starts_with(quote) {
        // `[program, argument]`: a test would have a space.
        return !inner.starts_with([' ', '[', '\t'])
            && inner.ends_with(']')
            && !inner.contains("&&");
    }

    let joined = ["\",", "',", "\" ,", "' ,", "”,"]
        .iter()
        .any(|mark| first.contains(mark));
    joined || (!inner.starts_with(' ') && inner.contains(']'))
}

/// `multiple-command`
pub fn multiple_command(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    for keyword in [Keyword::Cmd, Keyword::Entrypoint] {
        repeated(ctx, dockerfile, keyword, sink);
    }
}

/// `multiple-healthcheck`
pub fn multiple_healthcheck(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    repeated(ctx, dockerfile, Keyword::Healthcheck, sink);
}

fn repeated(_: &Analysis, dockerfile: &Dockerfile, keyword: Keyword, sink: &mut Sink) {
    for named in &dockerfile.named.all {
        let instructions = &dockerfile.tree.instructions[named.instructions.clone()];
        let same: Vec<&Instruction> = instructions
            .iter()
            .filter(|instruction| {
                instruction.keyword.value == keyword
                    && !matches!(instruction.body, Body::Healthcheck(Healthcheck::None(_)))
            })
            .collect();
        let Some((last, earlier)) = same.split_last() else {
            continue;
        };

        for instruction in earlier {
            let name = keyword.name();
            sink.report(
                Finding::new(
                    Location::new(dockerfile.file, instruction.keyword.span),
                    format!("this {name} has no effect; a later one overrides it"),
                )
                .label("overridden")
                .related(
                    Location::new(dockerfile.file, last.keyword.span),
                    "this one wins",
                )
                .help(format!("keep one {name} per stage")),
            );
        }
    }
}
