//! `curl-pipe-shell` and `pipefail`: what a RUN takes from the network or a pipe on trust.

use crate::analysis::{Ctx, shipped_stages};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::{Dockerfile, Step};
use crate::syntax::shell::{BlockKind, Invocation, PartKind, Script, ShellOption, Word};

const FETCHERS: &[&str] = &[
    "curl",
    "wget",
    "fetch",
    "aria2c",
    "http",
    "lwp-request",
    "axel",
];
const INTERPRETERS: &[&str] = &[
    "ash", "bash", "dash", "ksh", "node", "perl", "php", "pwsh", "python", "python2", "python3",
    "ruby", "sh", "zsh",
];

/// Commands whose failure says nothing, or that do not fail.
const HARMLESS: &[&str] = &[
    ":", "cat", "date", "dpkg", "echo", "getent", "hostname", "id", "ls", "nproc", "printf", "pwd",
    "true", "uname", "yes", "which", "env", "sort", "head", "tail", "seq", "set", "ldd",
    "basename", "dirname", "tr", "cut", "rev",
];

/// `curl-pipe-shell`
pub fn curl_pipe_shell(_: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    for step in dockerfile.steps() {
        let script = step.script();

        for invocation in script.invocations() {
            if !invocation.is(INTERPRETERS) && !invocation.is(&["eval", "source", "."]) {
                continue;
            }

            let Some(fetcher) =
                piped(script, &invocation).or_else(|| substituted(script, &invocation))
            else {
                continue;
            };

            let url = fetcher.args.iter().find(|word| word.text().contains("://"));
            let mut finding = Finding::new(
                step.location(invocation.name.span),
                format!(
                    "`{}` runs a download without verifying it",
                    invocation.program
                ),
            )
            .label("a dropped connection runs half the script")
            .help(
                "download to a file and verify its checksum before running it, or install a \
                package",
            );
            finding = finding.related(
                step.location(url.unwrap_or(fetcher.name).span),
                "downloaded here",
            );
            sink.report(finding);
        }
    }
}

/// `curl … | sh`: only if the interpreter reads its program from the pipe.
fn piped<'s>(script: &'s Script, invocation: &Invocation<'s>) -> Option<Invocation<'s>> {
    let feeders = script.feeders(invocation.command);
    let fetcher = feeders
        .into_iter()
        .filter_map(Invocation::of)
        .find(|feeder| feeder.is(FETCHERS))?;
    let mut words = invocation.args.iter().map(Word::text);
    let given = invocation.flag(&["-c", "-e", "-m", "-n", "-p"]).is_some()
        && invocation.flag(&["-s"]).is_none();
    let shell = invocation.is(&["sh", "bash", "ash", "dash", "zsh", "ksh"]);
    let stdin = words
        .clone()
        .any(|word| word == "-" || word == "-s" || word == "/dev/stdin");
    let file = words.any(|word| !word.starts_with('-'));

    (stdin || (!given && !file) || (shell && invocation.flag(&["-s"]).is_some())).then_some(fetcher)
}

/// `sh -c "$(curl …)"` and `bash <(curl …)`.
fn substituted<'s>(script: &'s Script, invocation: &Invocation<'s>) -> Option<Invocation<'s>> {
    let blocks: Vec<u32> = invocation
        .args
        .iter()
        .flat_map(|word| &word.parts)
        .filter_map(|part| match part.kind {
            PartKind::Substitution { block } | PartKind::Process { block } => Some(block),
            _ => None,
        })
        .collect();
    if blocks.is_empty() {
        return None;
    }
    // An argument computed from a download is not a program.
    let program = invocation
        .args
        .iter()
        .find(|word| !word.text().starts_with('-'))?;
    let whole = program.parts.len() == 1
        && matches!(
            program.parts[0].kind,
            PartKind::Substitution { .. } | PartKind::Process { .. }
        );
    let within = |command: &crate::syntax::shell::Command| blocks.contains(&command.block);
    let found = script
        .commands
        .iter()
        .filter(|command| within(command))
        .filter_map(Invocation::of)
        .find(|other| other.is(FETCHERS));
    found.filter(|_| whole)
}

/// `pipefail`
pub fn pipefail(ctx: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    let built = shipped_stages::built(ctx, dockerfile);
    for step in dockerfile
        .steps()
        .filter(|step| built.contains(&step.stage.index))
    {
        if shell_has_pipefail(dockerfile, &step) {
            continue;
        }

        let script = step.script();
        // One finding a RUN: one `set` mends them all. A pipe that hides a failure counts before
        // one that passes it on.
        let pipes = script
            .pipelines
            .iter()
            .enumerate()
            .filter_map(|(at, pipeline)| {
                let pipe = *pipeline.pipes.first()?;
                let commands: Vec<_> = script
                    .commands
                    .iter()
                    .filter(|command| command.pipeline as usize == at)
                    .collect();
                let (last, feeders) = commands.split_last()?;
                let reader = Invocation::of(last);
                // That is `curl-pipe-shell`'s to say.
                if reader.as_ref().is_some_and(|invocation| {
                    invocation.is(INTERPRETERS) && piped(script, invocation).is_some()
                }) {
                    return None;
                }
                // A search at the end is a check: it fails where nothing arrives.
                if reader
                    .as_ref()
                    .is_some_and(|invocation| invocation.is(&["grep", "egrep", "fgrep"]))
                {
                    return None;
                }

                let fails = feeders
                    .iter()
                    .filter_map(|command| Invocation::of(command))
                    .find(|invocation| !invocation.is(HARMLESS))?;
                let hidden = script.within(last, BlockKind::Substitution)
                    || script.within(last, BlockKind::Process)
                    || script.within(last, BlockKind::Function)
                    || script.failure_is_handled(last)
                    || script.option_before(last, ShellOption::PipeFail);
                let reader = reader
                    .filter(refuses_nothing)
                    .map(|invocation| invocation.program.to_owned());
                (!hidden).then(|| (pipe, fails.program.to_owned(), reader))
            });
        let Some((pipe, program, reader)) = pipes.min_by_key(|(.., reader)| reader.is_some())
        else {
            continue;
        };

        let help = "add `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]` before it \
            (`/bin/ash` on Alpine), or start with `set -o pipefail`";
        match reader {
            None => sink.report(
                Finding::new(
                    step.location(pipe),
                    format!("the build continues if `{program}` fails"),
                )
                .label("a pipe returns only the exit status of its last command")
                .help(help),
            ),
            Some(reader) => sink.report(
                Finding::new(
                    step.location(pipe),
                    format!("the exit status of `{program}` is lost"),
                )
                .case("reader-fails")
                .label(format!("only `{reader}` can fail, with a different error"))
                .help(help),
            ),
        }
    }
}

/// Whether a command fails where nothing arrives: unpackers, and those that check what they read.
fn refuses_nothing(invocation: &Invocation) -> bool {
    const ALWAYS: &[&str] = &[
        "apt-key", "bunzip2", "bzcat", "cpio", "gpg", "gpg2", "gunzip", "rpm2cpio", "unlzma",
        "unxz", "unzstd", "xzcat", "zcat", "zstdcat",
    ];
    let short = |letters: &[char]| {
        let mut words = invocation.args.iter().map(Word::text);
        words.any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains(letters))
    };

    match invocation.program {
        "tar" | "bsdtar" => {
            let bundled = invocation.args.first().is_some_and(|word| {
                let text = word.text();
                !text.starts_with('-') && !text.contains('/') && text.contains(['x', 't'])
            });

            bundled
                || short(&['x', 't'])
                || invocation.flag(&["--extract", "--get", "--list"]).is_some()
        }
        "gzip" | "bzip2" | "xz" | "zstd" | "lzma" => {
            short(&['d']) || invocation.flag(&["--decompress"]).is_some()
        }
        "md5sum" | "sha1sum" | "sha256sum" | "sha384sum" | "sha512sum" | "shasum" => {
            short(&['c']) || invocation.flag(&["--check"]).is_some()
        }
        program => ALWAYS.contains(&program),
    }
}

fn shell_has_pipefail(dockerfile: &Dockerfile, step: &Step) -> bool {
    let words = dockerfile
        .shell_at(step.stage.index, step.at)
        .unwrap_or_default();
    words.iter().any(|word| word.contains("pipefail"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::shell::parse;

    #[test]
    fn unpackers_refuse_what_breaks_off() {
        for (text, want) in [
            ("tar xz", true),
            ("tar -C /opt -xz", true),
            ("tar --strip-components=1 --extract", true),
            ("tar -C / -f -", false),
            ("tar -c -T -", false),
            ("gpg --dearmor -o /key.gpg", true),
            ("gunzip", true),
            ("gzip -9", false),
            ("gzip -dc", true),
            ("sha256sum -c -", true),
            ("sha256sum", false),
            ("tee /x", false),
            ("wc -l", false),
            ("python3", false),
        ] {
            let script = parse(text);
            assert_eq!(
                script.invocations().first().map(refuses_nothing),
                Some(want),
                "{text}"
            );
        }
    }
}
