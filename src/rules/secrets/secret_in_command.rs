//! `secret-in-command`, and the part of `secret-in-env` that hands variables to containers on a
//! command line.
//!
//! Tokens and URLs with passwords are found by their own shape wherever they stand in a command;
//! other values by the option or the variable that takes them.

use crate::analysis::commands::{self, Given};
use crate::analysis::secret_exposure::{self, Exposed, Strength};
use crate::analysis::{Ctx, Owner};
use crate::finding::{Finding, Level, Sink};
use crate::model::Command;
use crate::model::container::Container;
use crate::model::dockerfile::Dockerfile;
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::model::file_role::is_practice;
use crate::model::workflow::Workflow;
use crate::source::{Located, Location, SourceFile, Span};

/// `RUN`, `CMD`, `ENTRYPOINT`.
pub fn dockerfile(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    let mut told = arguments(
        ctx,
        &commands::of_dockerfile(dockerfile),
        Level::Warning,
        sink,
    );

    for stage in &dockerfile.stages {
        let commands = stage
            .runs
            .iter()
            .map(|(_, run)| run)
            .chain(&stage.entrypoint)
            .chain(&stage.cmd);
        commands.for_each(|command| by_shape(ctx, command.location(), &mut told, sink));
    }
}

/// `command`, `entrypoint` and `args` of containers.
pub fn container(ctx: &Ctx, _: Owner, container: &Container, sink: &mut Sink) {
    let mut told = arguments(
        ctx,
        &commands::of_container(container),
        Level::Warning,
        sink,
    );
    let test = container
        .health
        .value()
        .and_then(|health| health.test.as_ref());
    let commands = container
        .entrypoint
        .iter()
        .chain(&container.command)
        .chain(test);
    commands
        .map(Command::location)
        .for_each(|location| by_shape(ctx, location, &mut told, sink));
}

/// `run` of steps.
pub fn workflow(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    let mut told = arguments(ctx, &commands::of_workflow(workflow), Level::Note, sink);
    for code in workflow
        .jobs
        .iter()
        .flat_map(|job| &job.steps)
        .filter_map(|step| step.run.as_ref())
    {
        by_shape(
            ctx,
            code.location(Span::of(0, code.text.len())),
            &mut told,
            sink,
        );
    }
}

/// Shell scripts. They set up tests and machines as often as deployments, so only what somebody
/// chose counts.
pub fn script(ctx: &Ctx, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if !is_script(source, facts) {
        return;
    }

    let given: Vec<Given> = commands::of_script(source)
        .into_iter()
        .filter(|one| !one.variable && is_chosen(ctx, one))
        .collect();
    arguments(ctx, &given, Level::Note, sink);
}

/// `secret-in-env` in `docker run -e` of shell scripts.
pub fn script_variables(ctx: &Ctx, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if !is_script(source, facts) {
        return;
    }

    for one in commands::of_script(source)
        .iter()
        .filter(|one| one.variable && is_chosen(ctx, one))
    {
        let Some(found) = secret_exposure::exposed(ctx, &one.name, &one.value, None) else {
            continue;
        };

        let message = format!(
            "`{} -e {}` passes {} in plain text",
            one.to, one.name, found.what
        );
        let help = format!(
            "write `-e {}` without a value to take it from the caller's environment",
            one.name
        );
        report(ctx, &one.value, &found, message, help, Level::Note, sink);
    }
}

fn is_script(source: &SourceFile, facts: &FileFacts) -> bool {
    facts.kind == FileKind::Text
        && [".sh", ".bash"]
            .iter()
            .any(|end| source.path.ends_with(end))
}

/// Whether it is a credential that neither its format nor a list of defaults knows.
fn is_chosen(ctx: &Ctx, one: &Given) -> bool {
    secret_exposure::exposed(ctx, &one.name, &one.value, one.user.as_deref())
        .is_some_and(|found| found.strength == Strength::Chosen)
        && !ctx
            .facts
            .file(one.value.location.file)
            .hits
            .iter()
            .any(|hit| one.value.location.span.contains(hit.span))
}

/// `secret-in-env` in `docker run -e` of a Dockerfile's or a step's commands.
pub fn variables(ctx: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    for one in &commands::handed_on(workflow) {
        let Some(found) = secret_exposure::exposed(ctx, &one.name, &one.value, None) else {
            continue;
        };

        let message = format!(
            "`{} -e {}` passes {} in plain text",
            one.to, one.name, found.what
        );
        let help = format!(
            "write `-e {}` without a value, and set it in the step's `env` from `${{{{ \
             secrets.{} }}}}`",
            one.name, one.name
        );
        report(ctx, &one.value, &found, message, help, Level::Note, sink);
    }
}

/// Reports what options and assignments are given; returns where.
fn arguments(ctx: &Ctx, given: &[Given], guessable: Level, sink: &mut Sink) -> Vec<Location> {
    let mut told = Vec::new();

    for one in given {
        if one.variable {
            told.push(one.value.location);
            continue;
        }
        // What compose has filled in from a variable does not stand in the file.
        if ctx.facts.text(one.value.location) != one.value.value {
            continue;
        }

        let Some(found) = secret_exposure::exposed(ctx, &one.name, &one.value, one.user.as_deref())
        else {
            continue;
        };

        told.push(one.value.location);
        let message = match one.to.as_str() {
            "" | "export" => format!("`{}` is set to {} in this command", one.name, found.what),
            option if option.starts_with('-') => {
                format!(
                    "the image's program receives {} on its command line",
                    found.what
                )
            }
            program => format!("`{program}` receives {} on its command line", found.what),
        };

        report(
            ctx,
            &one.value,
            &found,
            message,
            advice(ctx, one.value.location),
            guessable,
            sink,
        );
    }

    told
}

/// Reports the file's own hits inside of a command, save those already told.
fn by_shape(ctx: &Ctx, command: Location, told: &mut Vec<Location>, sink: &mut Sink) {
    for hit in &ctx.facts.file(command.file).hits {
        let location = Location::new(command.file, hit.span);
        let known = |own: &Location| {
            own.file == location.file
                && own.span.start < hit.span.end
                && hit.span.start < own.span.end
        };

        if !command.span.contains(hit.span) || told.iter().any(known) {
            continue;
        }

        told.push(location);
        let found = Exposed {
            location,
            what: secret_exposure::describe(&hit.kind),
            strength: secret_exposure::strength(hit),
        };

        let message = format!("this command contains {}", found.what);
        let value = Located::new(String::new(), location);
        report(
            ctx,
            &value,
            &found,
            message,
            advice(ctx, location),
            Level::Warning,
            sink,
        );
    }
}

fn report(
    ctx: &Ctx,
    value: &Located<String>,
    found: &Exposed,
    message: String,
    help: String,
    guessable: Level,
    sink: &mut Sink,
) {
    let practice = is_practice(ctx.facts.path(found.location.file));
    let level = match found.strength {
        Strength::Guessable(_) if practice => return,
        Strength::Guessable(_) => guessable,
        Strength::Local => Level::Note,
        Strength::Live | Strength::Chosen if practice => sink.level().lowered(),
        Strength::Live | Strength::Chosen => sink.level(),
    };

    let label = match found.strength {
        Strength::Guessable(why) => why,
        Strength::Local => "for a server on this machine",
        Strength::Live | Strength::Chosen => "visible in this file, the process list and logs",
    };

    let finding = Finding::new(found.location, message)
        .label(label)
        .help(help)
        .secret(found.location)
        .secret(value.location);
    sink.report_at(level, finding);
}

/// Where the format would have it instead.
fn advice(ctx: &Ctx, location: Location) -> String {
    let text = match ctx.facts.file(location.file).kind {
        FileKind::Dockerfile => {
            "mount it for this step only: `RUN --mount=type=secret,id=…`; layers keep command \
             arguments"
        }
        FileKind::Compose => {
            "pass it as a file with compose `secrets:`, or as a variable from outside this file"
        }
        FileKind::Workflow | FileKind::Action => {
            "set it in the step's `env` from `${{ secrets.… }}`, and use the variable"
        }
        _ => "read it from a Secret, as a variable (`valueFrom.secretKeyRef`) or a file",
    };

    text.to_owned()
}
