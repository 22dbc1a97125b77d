//! `no-sudo`, `world-writable` and `cd-not-workdir`: habits of a terminal that do not suit a RUN.

use crate::analysis::{Analysis, shipped_stages};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::Dockerfile;
use crate::rules::dockerfile::step_edits::remove_word;
use crate::source::Location;
use crate::syntax::dockerfile::Body;
use crate::syntax::shell::{BlockKind, Invocation, Word, WrapperKind};

/// `no-sudo`
pub fn no_sudo(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let starts = ctx.graph.shipped(dockerfile).into_iter().flat_map(|stage| {
        let (entrypoint, cmd) = dockerfile.start(stage);
        [entrypoint, cmd]
    });

    let mut seen: Vec<Location> = Vec::new();
    for command in dockerfile
        .steps()
        .map(|step| step.command)
        .chain(starts.flatten())
    {
        let script = command.script();
        let invocations = script.invocations();
        let locations: Vec<(Location, &str)> = invocations
            .iter()
            .filter_map(|invocation| {
                let by = invocation.wrapper(WrapperKind::Elevate);
                by.map(|by| (command.place_of(by.name.span), by.program))
                    .or_else(|| {
                        invocation
                            .is(&["sudo", "doas"])
                            .then(|| (command.place_of(invocation.name.span), invocation.program))
                    })
            })
            .collect();
        let Some(((location, program), rest)) = locations.split_first() else {
            continue;
        };

        if seen.contains(location) {
            continue;
        }

        seen.push(*location);
        let mut finding = Finding::new(*location, format!("`{program}` is unnecessary in a RUN"))
            .label("a RUN already runs as root unless USER is set")
            .help(
                "remove it; if the stage has a USER, put `USER root` before the RUN and switch \
                back after it",
            );
        for (location, _) in rest.iter().filter(|(other, _)| other != location).take(3) {
            finding = finding.related(*location, "and this one");
        }

        sink.report(finding.fix(without_sudo(ctx, &locations)));
    }
}

/// The fix that removes the program, where it has no options.
fn without_sudo(ctx: &Analysis, places: &[(Location, &str)]) -> Option<Fix> {
    let mut edits = Vec::new();

    for (place, _) in places {
        let source = ctx.facts.source(place.file);
        let edit = remove_word(source, *place);
        let rest = source.text.get(edit.span.end as usize..)?;
        if rest.starts_with(['-', '\\', '\n']) || edit.span == place.span {
            return None;
        }

        if !edits.contains(&edit) {
            edits.push(edit);
        }
    }

    Fix::new(Applicability::Unsafe, "remove it", edits)
}

/// `world-writable`
pub fn world_writable(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    // Only a build or a developer uses the other stages and files.
    let shipped = shipped_stages::shipped_layers(ctx, dockerfile);
    let development = shipped_stages::is_development(ctx, dockerfile);
    for step in dockerfile.steps() {
        let script = step.script();

        for invocation in script.invocations() {
            let Some((word, paths)) = opened(&invocation) else {
                continue;
            };

            if paths.iter().all(|path| is_scratch(path.text())) {
                continue;
            }

            sink.report(
                finding(step.location(word.span), word.text())
                    .case_if(development, "development")
                    .case_if(!shipped.contains(&step.stage.index), "unshipped"),
            );
        }
    }

    for position in dockerfile.instructions() {
        if !matches!(position.instruction.body, Body::Copy(_) | Body::Add(_)) {
            continue;
        }

        let chmod = position
            .instruction
            .flag("chmod")
            .and_then(|flag| flag.value.as_ref());
        if let Some(value) = chmod.filter(|value| is_open(&value.value)) {
            let location = Location::new(dockerfile.file, value.span);
            sink.report(
                finding(location, &value.value)
                    .case_if(development, "development")
                    .case_if(!shipped.contains(&position.stage.index), "unshipped"),
            );
        }
    }
}

fn finding(location: Location, mode: &str) -> Finding {
    Finding::new(
        location,
        "every user in the container can change these files",
    )
    .label(format!("`{mode}` makes them world-writable"))
    .help(
        "give ownership to the user that needs them: `chown`, `COPY --chown=`, or group \
            `0` with `g=u`",
    )
}

/// The mode of a `chmod` that lets every user write, and what it is applied to.
fn opened<'s>(invocation: &Invocation<'s>) -> Option<(&'s Word, Vec<&'s Word>)> {
    let words = match invocation.program {
        "chmod" => invocation
            .args
            .iter()
            .filter(|word| !word.text().starts_with('-') || word.text().starts_with("-w"))
            .collect::<Vec<_>>(),
        "install" | "mkdir" => {
            let mode = invocation.option(&["-m", "--mode"])?;
            let paths = invocation.positionals(&["-m", "--mode", "-o", "-g"]);
            return is_open(mode.value).then_some((mode.word, paths));
        }
        _ => return None,
    };

    let (mode, paths) = words.split_first()?;

    is_open(mode.text()).then(|| (*mode, paths.to_vec()))
}

fn is_open(mode: &str) -> bool {
    if mode.bytes().all(|byte| byte.is_ascii_digit()) {
        let sticky = mode.len() == 4 && mode.as_bytes()[0] & 1 == 1;
        return mode.len() >= 3
            && !sticky
            && mode
                .bytes()
                .last()
                .is_some_and(|last| (last - b'0') & 2 != 0);
    }

    mode.split(',').any(|part| {
        let Some(operator) = part.find(['+', '=']) else {
            return false;
        };

        let (who, what) = part.split_at(operator);

        what.contains('w') && (who.contains('o') || who.contains('a')) && !what.contains('t')
    })
}

/// Whether a folder is for every user.
fn is_scratch(path: &str) -> bool {
    let path = path.trim_end_matches(['/', '*']);
    ["/tmp", "/var/tmp", "/dev/shm", "/run/lock"]
        .iter()
        .any(|scratch| path == *scratch || path.starts_with(&format!("{scratch}/")))
}

/// `cd-not-workdir`
pub fn cd_not_workdir(_: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    for step in dockerfile.steps() {
        let script = step.script();
        let top: Vec<_> = script
            .commands
            .iter()
            .filter(|command| command.block == 0 && !command.words.is_empty())
            .collect();
        let Some(first) = top.first().filter(|command| command.name() == "cd") else {
            continue;
        };

        let Some(target) = first.words.get(1) else {
            continue;
        };

        let location = step.location(first.span);
        let alone = script.commands.len() == 1
            && script
                .blocks
                .iter()
                .all(|block| block.kind == BlockKind::Script);
        if alone {
            sink.report(
                Finding::new(location, "`cd` does not carry over to the next instruction")
                    .label("has no effect")
                    .help(format!("write `WORKDIR {}`", target.text())),
            );
        } else if target.text().starts_with('/')
            && !is_scratch(target.text())
            && top.iter().skip(1).all(|command| command.name() != "cd")
            && !step.trigger
        {
            sink.report(
                Finding::new(location, "the whole RUN works in another directory")
                    .case("whole-run")
                    .label("hides where the next commands run")
                    .help(format!("put `WORKDIR {}` before the RUN", target.text())),
            );
        }
    }
}
