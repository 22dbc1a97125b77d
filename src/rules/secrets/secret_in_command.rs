//! `secret-in-command`, and the part of `secret-in-env` about variables that commands set in
//! containers.
//!
//! Tokens and URLs with passwords are found by their own form anywhere in a command; other values
//! by the option or the variable that takes them.

use crate::analysis::commands::{self, CommandValue};
use crate::analysis::secret_exposure::{self, Exposed, Strength};
use crate::analysis::{Analysis, Owner};
use crate::finding::{Finding, Sink};
use crate::model::Command;
use crate::model::container::Container;
use crate::model::dockerfile::Dockerfile;
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::model::workflow::Workflow;
use crate::source::{Location, SourceFile, Span};

/// The case of a guessable value in something that is deployed.
const GUESSABLE: &str = "guessable";

/// The case of a guessable value that a workflow passes to commands of a job.
const GUESSABLE_IN_JOB: &str = "guessable-in-job";

/// `RUN`, `CMD`, `ENTRYPOINT`.
pub fn dockerfile(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let values = commands::dockerfile_values(dockerfile);
    let mut reported = report_values(ctx, &values, GUESSABLE, sink);

    for stage in &dockerfile.stages {
        let runs = stage.runs.iter().map(|(_, run)| run);
        for command in runs.chain(&stage.entrypoint).chain(&stage.cmd) {
            report_hits(ctx, command.location(), &mut reported, sink);
        }
    }
}

/// `command`, `entrypoint` and `args` of containers.
pub fn container(ctx: &Analysis, _: Owner, container: &Container, sink: &mut Sink) {
    let values = commands::container_values(ctx, container);
    let mut reported = report_values(ctx, &values, GUESSABLE, sink);
    let health = container.health.value();
    let test = health.and_then(|health| health.test.as_ref());
    let commands = container
        .entrypoint
        .iter()
        .chain(&container.command)
        .chain(test);

    for location in commands.map(Command::location) {
        report_hits(ctx, location, &mut reported, sink);
    }
}

/// `run` of steps.
pub fn workflow(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    let values = commands::workflow_values(workflow);
    let mut reported = report_values(ctx, &values, GUESSABLE_IN_JOB, sink);
    let steps = workflow.jobs.iter().flat_map(|job| &job.steps);

    for code in steps.filter_map(|step| step.run.as_ref()) {
        let location = code.location(Span::of(0, code.text.len()));
        report_hits(ctx, location, &mut reported, sink);
    }
}

/// Scripts of GitLab pipelines.
pub fn gitlab(ctx: &Analysis, _: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if let Some(gitlab) = &facts.gitlab {
        workflow(ctx, &gitlab.written, sink);
    }
}

/// Shell scripts. They set up tests and machines as often as deployments, so only values that were
/// chosen count.
pub fn script(ctx: &Analysis, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if !is_script(source, facts) {
        return;
    }

    let values: Vec<CommandValue> = commands::script_values(source)
        .into_iter()
        .filter(|value| !value.is_variable && is_chosen(ctx, value))
        .collect();
    report_values(ctx, &values, GUESSABLE_IN_JOB, sink);
}

/// `secret-in-env` in `docker run -e` of shell scripts.
pub fn script_variables(ctx: &Analysis, source: &SourceFile, facts: &FileFacts, sink: &mut Sink) {
    if !is_script(source, facts) {
        return;
    }

    for value in commands::script_values(source)
        .iter()
        .filter(|value| value.is_variable && is_chosen(ctx, value))
    {
        let help = format!(
            "write `-e {}` without a value to take it from the caller's environment",
            value.name
        );
        report_variable(ctx, value, help, sink);
    }
}

/// `secret-in-env` in `docker run -e` of a step's commands.
pub fn variables(ctx: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    for value in &commands::container_variables(workflow) {
        let name = &value.name;
        let help = format!(
            "write `-e {name}` without a value, and set it in the step's `env` from `${{{{ \
             secrets.{name} }}}}`"
        );
        report_variable(ctx, value, help, sink);
    }
}

fn is_script(source: &SourceFile, facts: &FileFacts) -> bool {
    facts.kind == FileKind::Text
        && [".sh", ".bash"]
            .iter()
            .any(|end| source.path.ends_with(end))
}

/// Whether the value is a credential that has no known form and is not a known default.
fn is_chosen(ctx: &Analysis, value: &CommandValue) -> bool {
    let location = value.value.location;
    let hits = &ctx.facts.file(location.file).hits;
    let has_form = hits.iter().any(|hit| location.span.contains(hit.span));

    !has_form
        && secret_exposure::exposed(ctx, &value.name, &value.value, value.user.as_deref())
            .is_some_and(|exposed| exposed.strength == Strength::Chosen)
}

/// Reports credentials among the values of options and assignments, and returns the places that
/// need no further finding.
fn report_values(
    ctx: &Analysis,
    values: &[CommandValue],
    guessable: &'static str,
    sink: &mut Sink,
) -> Vec<Location> {
    let mut reported = Vec::new();

    for value in values {
        let location = value.value.location;
        if value.is_variable {
            reported.push(location);
            continue;
        }

        // What compose has filled in from a variable is not in the file.
        if ctx.facts.text(location) != value.value.value {
            continue;
        }

        let user = value.user.as_deref();
        let Some(exposed) = secret_exposure::exposed(ctx, &value.name, &value.value, user) else {
            continue;
        };

        reported.push(location);
        let finding = Finding::new(exposed.location, value_message(value, &exposed.what))
            .help(advice(ctx, location))
            .secret(location);
        report(ctx, &exposed, finding, guessable, sink);
    }

    reported
}

fn value_message(value: &CommandValue, what: &str) -> String {
    match value.program.as_str() {
        "" | "export" => format!("`{}` is set to {what} in this command", value.name),
        option if option.starts_with('-') => {
            format!("the image's program receives {what} on its command line")
        }
        program => format!("`{program}` receives {what} on its command line"),
    }
}

/// Reports a credential that a command sets as a variable of a container.
fn report_variable(ctx: &Analysis, value: &CommandValue, help: String, sink: &mut Sink) {
    let Some(exposed) = secret_exposure::exposed(ctx, &value.name, &value.value, None) else {
        return;
    };

    let message = format!(
        "`{} -e {}` passes {} in plain text",
        value.program, value.name, exposed.what
    );
    let finding = Finding::new(exposed.location, message)
        .help(help)
        .secret(value.value.location);
    report(ctx, &exposed, finding, GUESSABLE_IN_JOB, sink);
}

/// Reports the hits of the file inside a command, except at places that are reported already.
fn report_hits(ctx: &Analysis, command: Location, reported: &mut Vec<Location>, sink: &mut Sink) {
    for hit in &ctx.facts.file(command.file).hits {
        let location = Location::new(command.file, hit.span);
        if !command.span.contains(hit.span) || overlaps_any(reported, location) {
            continue;
        }

        reported.push(location);
        let exposed = Exposed {
            location,
            what: secret_exposure::describe(&hit.kind),
            strength: secret_exposure::strength(hit),
        };
        let message = format!("this command contains {}", exposed.what);
        let finding = Finding::new(location, message).help(advice(ctx, location));
        report(ctx, &exposed, finding, GUESSABLE, sink);
    }
}

fn overlaps_any(locations: &[Location], location: Location) -> bool {
    locations.iter().any(|other| {
        other.file == location.file
            && other.span.start < location.span.end
            && location.span.start < other.span.end
    })
}

/// Reports a finding with the label and the cases of a credential. `guessable` is the case of a
/// value that is known or easy to guess.
fn report(
    ctx: &Analysis,
    exposed: &Exposed,
    finding: Finding,
    guessable: &'static str,
    sink: &mut Sink,
) {
    let is_practice = !ctx.facts.is_production(exposed.location.file);
    let finding = finding.secret(exposed.location);

    match exposed.strength {
        Strength::Guessable(_) if is_practice => {}
        Strength::Guessable(reason) => sink.report(finding.label(reason).case(guessable)),
        Strength::Local => {
            sink.report(finding.label("for a server on this machine").case("local"));
        }
        Strength::Live | Strength::Chosen => sink.report(
            finding
                .label("visible in this file, the process list and logs")
                .case_if(is_practice, "practice"),
        ),
    }
}

/// Where the format would have the credential instead.
fn advice(ctx: &Analysis, location: Location) -> &'static str {
    match ctx.facts.file(location.file).kind {
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
        FileKind::GitlabCi => {
            "add it to the CI/CD variables of the project, masked, and use the variable"
        }
        _ => "read it from a Secret, as a variable (`valueFrom.secretKeyRef`) or a file",
    }
}
