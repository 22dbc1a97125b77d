//! `single-process`: a shell as the first process of a container, which passes no signals on: a
//! start script without `exec`, a server put in the background beside another.

use crate::analysis::{Analysis, shipped_stages, start, startup};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::Dockerfile;
use crate::model::server::script_files;
use crate::source::{Location, Span};
use crate::syntax::shell::{self, BlockKind, Connector, Invocation, Script, WrapperKind};

/// Programs that are no servers, and those after which a shell has nothing left to pass on.
const SHORT: &[&str] = &[
    ".", ":", "[", "[[", "cat", "cd", "chmod", "chown", "cp", "curl", "echo", "eval", "exit",
    "export", "false", "kill", "ln", "mkdir", "mv", "nc", "printf", "rm", "sed", "set", "sleep",
    "source", "test", "touch", "trap", "true", "umask", "unset", "until", "wait", "wget",
];

pub fn dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let folders = ctx.script_folders(startup::folders(ctx, dockerfile));
    let mut seen: Vec<Location> = Vec::new();

    for stage in shipped_stages::serving(ctx, dockerfile) {
        let Some(command) = start::of_stage(dockerfile, stage) else {
            continue;
        };

        let script = command.script();
        let invocations = script.invocations();
        let Some(first) = invocations.first() else {
            continue;
        };

        // An init process passes signals on to all, with the right option.
        let has_init = invocations
            .iter()
            .any(|invocation| invocation.wrapper(WrapperKind::Init).is_some());
        if has_init {
            continue;
        }

        let own = second_server(script).map(|span| command.place_of(span));
        let files = script_files(first, folders);
        let found = match (own, files.as_slice()) {
            (Some(location), _) => Some((location, ProcessFault::Background)),
            (None, [file]) => {
                let script = shell::parse(&file.text);
                fault(&script).map(|(span, fault)| (file.location(span), fault))
            }
            (None, _) => None,
        };

        let Some((location, fault)) = found.filter(|(location, _)| !seen.contains(location)) else {
            continue;
        };

        seen.push(location);
        sink.report(finding(location, fault).related(
            command.place_of(first.name.span),
            "the image starts with it",
        ));
    }
}

enum ProcessFault {
    /// A server in the background beside another.
    Background,
    /// The last program of a start script, without `exec`.
    NoExec(String),
}

fn finding(location: Location, fault: ProcessFault) -> Finding {
    match fault {
        ProcessFault::Background => Finding::new(
            location,
            "a second process runs in the background of the container",
        )
        .label("if it ends, the container keeps running without it")
        .help("run it in a container of its own, or under a supervisor such as s6-overlay"),
        ProcessFault::NoExec(program) => Finding::new(
            location,
            format!("the start script runs `{program}` without `exec`"),
        )
        .label("the shell stays the first process and passes no signals on")
        .help(format!("write `exec {program} …`")),
    }
}

/// What is wrong with a start script.
fn fault(script: &Script) -> Option<(Span, ProcessFault)> {
    if let Some(span) = second_server(script) {
        return Some((span, ProcessFault::Background));
    }

    let invocations = script.invocations();
    let handles_signals = invocations
        .iter()
        .any(|invocation| invocation.is(&["trap", "wait"]) || is_replaced(invocation));
    let last = invocations.iter().rfind(|invocation| {
        !script.within(invocation.command, BlockKind::Substitution)
            && !script.within(invocation.command, BlockKind::Function)
    })?;
    let is_conditional = script.within(last.command, BlockKind::If)
        || script.within(last.command, BlockKind::Loop)
        || script.within(last.command, BlockKind::Case);
    if handles_signals || is_conditional || SHORT.contains(&last.program) {
        return None;
    }

    // Only what is known to run on is worth it.
    let runs_on = startup::is_server(last) || last.name.text() == "$@";

    runs_on.then(|| {
        let name = last.name.text().to_owned();
        (last.name.span, ProcessFault::NoExec(name))
    })
}

fn is_replaced(invocation: &Invocation) -> bool {
    invocation.wrapper(WrapperKind::Exec).is_some() || invocation.is(&["exec"])
}

/// A server in the background, where another program follows.
fn second_server(script: &Script) -> Option<Span> {
    let invocations = script.invocations();
    let index = invocations.iter().position(|invocation| {
        let pipeline = script.pipeline(invocation.command);
        pipeline.then == Connector::Background && startup::is_server(invocation)
    })?;
    let is_followed = invocations[index + 1..]
        .iter()
        .any(|other| !SHORT.contains(&other.program) || other.is(&["wait"]));

    is_followed.then(|| invocations[index].span())
}
