//! `heredoc-without-errexit`: a heredoc of several commands, of which only the last can fail the
//! build.

use crate::analysis::{Analysis, shipped_stages};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::{Dockerfile, Step};
use crate::syntax::shell::{BlockKind, Command, Connector, Invocation, Script, ShellOption};

/// Commands whose failure is no loss, or that hardly fail.
const HARMLESS: &[&str] = &[
    ":", "[", "[[", "alias", "break", "continue", "declare", "echo", "exit", "export", "false",
    "local", "printf", "readonly", "return", "set", "shift", "shopt", "sleep", "test", "trap",
    "true", "ulimit", "umask", "unset",
];

pub fn without_errexit(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let built = shipped_stages::built(ctx, dockerfile);

    for step in dockerfile
        .steps()
        .filter(|step| !step.instruction.heredocs.is_empty() && built.contains(&step.stage.index))
    {
        if stops_at_failures(ctx, dockerfile, &step) {
            continue;
        }

        let script = step.script();
        let forgotten: Vec<Invocation> = script
            .invocations()
            .into_iter()
            .filter(|invocation| {
                !HARMLESS.contains(&invocation.program)
                    && is_forgotten(script, invocation.command)
                    && !script.option_before(invocation.command, ShellOption::ErrExit)
            })
            .collect();
        let Some(first) = forgotten.first() else {
            continue;
        };

        let mut finding = Finding::new(
            step.location(first.name.span),
            format!("the build continues if `{}` fails", first.program),
        )
        .label("only the last command of a heredoc decides")
        .help("add `set -e` as the first line of the heredoc");
        for other in forgotten.iter().skip(1).take(3) {
            finding = finding.related(step.location(other.name.span), "and if this one fails");
        }

        sink.report(finding);
    }
}

/// Whether the shell that reads the heredoc stops at the first failure: by SHELL, by its own options,
/// or by the first line of the script.
fn stops_at_failures(ctx: &Analysis, dockerfile: &Dockerfile, step: &Step) -> bool {
    let shell = dockerfile
        .shell_at(step.stage.index, step.at)
        .unwrap_or_default();
    let by_shell = shell.iter().skip(1).any(|word| {
        let is_letters = word.starts_with('-') && !word.starts_with("--");
        is_letters && word.contains('e') || *word == "errexit"
    });

    let source = ctx.facts.source(dockerfile.file);
    let by_first_line = step.instruction.heredocs.iter().any(|heredoc| {
        let first = heredoc.body.text(&source.text).lines().next().unwrap_or("");
        first.starts_with("#!")
            && first
                .split_whitespace()
                .skip(1)
                .any(|word| word.starts_with('-') && word.contains('e'))
    });

    by_shell || by_first_line
}

/// Whether the script continues after a command that fails, as if nothing had happened.
fn is_forgotten(script: &Script, command: &Command) -> bool {
    let mut pipeline = command.pipeline;

    loop {
        match list_end(script, pipeline) {
            ListEnd::Handled => return false,
            ListEnd::Followed => return true,
            ListEnd::Last => {}
        }

        let block = &script.blocks[script.pipelines[pipeline as usize].block as usize];
        match block.kind {
            BlockKind::Group
            | BlockKind::Body
            | BlockKind::If
            | BlockKind::Loop
            | BlockKind::Case
            | BlockKind::Arm => pipeline = block.pipeline,
            _ => return false,
        }
    }
}

/// What comes after a list of pipelines that `&&` and `||` join.
enum ListEnd {
    /// The list itself says what a failure means.
    Handled,
    /// Another command.
    Followed,
    /// The end of the block.
    Last,
}

fn list_end(script: &Script, pipeline: u32) -> ListEnd {
    let first = &script.pipelines[pipeline as usize];
    let mut then = first.then;
    let is_background = then == Connector::Background;
    if first.negated || first.joined == Connector::Or || is_background {
        return ListEnd::Handled;
    }

    let later = script
        .pipelines
        .iter()
        .skip(pipeline as usize + 1)
        .filter(|other| other.block == first.block);

    for next in later {
        match then {
            Connector::And => then = next.then,
            Connector::Sequence => return ListEnd::Followed,
            Connector::Or | Connector::Background => return ListEnd::Handled,
            Connector::None => break,
        }
    }

    ListEnd::Last
}
