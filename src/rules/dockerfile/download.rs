//! `curl-pipe-shell` and `pipefail`: downloads that run unverified, and pipes that hide failures.

use crate::analysis::{Analysis, shipped_stages};
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::{Dockerfile, Step};
use crate::source::Span;
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

/// Commands that do not fail, or whose failure does not matter.
const HARMLESS: &[&str] = &[
    ":", "cat", "date", "dpkg", "echo", "getent", "hostname", "id", "ls", "nproc", "printf", "pwd",
    "true", "uname", "yes", "which", "env", "sort", "head", "tail", "seq", "set", "ldd",
    "basename", "dirname", "tr", "cut", "rev",
];

/// `curl-pipe-shell`
pub fn curl_pipe_shell(_: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
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
    let has_program = invocation.flag(&["-c", "-e", "-m", "-n", "-p"]).is_some()
        && invocation.flag(&["-s"]).is_none();
    let shell = invocation.is(&["sh", "bash", "ash", "dash", "zsh", "ksh"]);
    let stdin = words
        .clone()
        .any(|word| word == "-" || word == "-s" || word == "/dev/stdin");
    let file = words.any(|word| !word.starts_with('-'));

    (stdin || (!has_program && !file) || (shell && invocation.flag(&["-s"]).is_some()))
        .then_some(fetcher)
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
    if !whole {
        return None;
    }

    script
        .commands
        .iter()
        .filter(|command| blocks.contains(&command.block))
        .filter_map(Invocation::of)
        .find(|other| other.is(FETCHERS))
}

/// `pipefail`
pub fn pipefail(ctx: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    let built = shipped_stages::built(ctx, dockerfile);
    for step in dockerfile
        .steps()
        .filter(|step| built.contains(&step.stage.index))
    {
        if shell_has_pipefail(dockerfile, &step) {
            continue;
        }

        // One finding for each RUN, which one `set` fixes. A pipe that hides a failure comes before
        // one that fails later.
        let script = step.script();
        let pipes = (0..script.pipelines.len()).filter_map(|index| unsafe_pipe(script, index));
        let Some(pipe) = pipes.min_by_key(|pipe| pipe.reader.is_some()) else {
            continue;
        };

        let help = "add `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]` before it \
            (`/bin/ash` on Alpine), or start with `set -o pipefail`";
        let location = step.location(pipe.span);
        let program = pipe.program;
        match pipe.reader {
            None => sink.report(
                Finding::new(
                    location,
                    format!("the build continues if `{program}` fails"),
                )
                .label("a pipe returns only the exit status of its last command")
                .help(help),
            ),
            Some(reader) => sink.report(
                Finding::new(location, format!("the exit status of `{program}` is lost"))
                    .case("reader-fails")
                    .label(format!("only `{reader}` can fail, with a different error"))
                    .help(help),
            ),
        }
    }
}

/// A pipe that loses the exit status of a program.
struct UnsafePipe<'s> {
    span: Span,
    program: &'s str,
    /// The last program, if it fails without input.
    reader: Option<&'s str>,
}

/// The first pipe of a pipeline, if it loses the exit status of a program that may fail.
fn unsafe_pipe(script: &Script, index: usize) -> Option<UnsafePipe<'_>> {
    let span = *script.pipelines[index].pipes.first()?;
    let commands: Vec<_> = script
        .commands
        .iter()
        .filter(|command| command.pipeline as usize == index)
        .collect();
    let (last, feeders) = commands.split_last()?;
    let reader = Invocation::of(last);

    if let Some(reader) = &reader {
        // A download into an interpreter is `curl-pipe-shell`. A search at the end is a check: it
        // fails without input.
        if reader.is(INTERPRETERS) && piped(script, reader).is_some()
            || reader.is(&["grep", "egrep", "fgrep"])
        {
            return None;
        }
    }

    let is_handled = script.within(last, BlockKind::Substitution)
        || script.within(last, BlockKind::Process)
        || script.within(last, BlockKind::Function)
        || script.failure_is_handled(last)
        || script.option_before(last, ShellOption::PipeFail);
    if is_handled {
        return None;
    }

    let program = feeders
        .iter()
        .filter_map(|command| Invocation::of(command))
        .find(|feeder| !feeder.is(HARMLESS))?
        .program;
    let reader = reader
        .filter(fails_without_input)
        .map(|reader| reader.program);

    Some(UnsafePipe {
        span,
        program,
        reader,
    })
}

/// Whether a command fails where nothing arrives: unpackers, and those that check what they read.
fn fails_without_input(invocation: &Invocation) -> bool {
    const ALWAYS: &[&str] = &[
        "apt-key", "bunzip2", "bzcat", "cpio", "gpg", "gpg2", "gunzip", "rpm2cpio", "unlzma",
        "unxz", "unzstd", "xzcat", "zcat", "zstdcat",
    ];

    match invocation.program {
        "tar" | "bsdtar" => {
            let bundled = invocation.args.first().is_some_and(|word| {
                let text = word.text();
                !text.starts_with('-') && !text.contains('/') && text.contains(['x', 't'])
            });

            bundled
                || has_letter(invocation, &['x', 't'])
                || invocation.flag(&["--extract", "--get", "--list"]).is_some()
        }
        "gzip" | "bzip2" | "xz" | "zstd" | "lzma" => {
            has_letter(invocation, &['d']) || invocation.flag(&["--decompress"]).is_some()
        }
        "md5sum" | "sha1sum" | "sha256sum" | "sha384sum" | "sha512sum" | "shasum" => {
            has_letter(invocation, &['c']) || invocation.flag(&["--check"]).is_some()
        }
        program => ALWAYS.contains(&program),
    }
}

/// Whether a short flag has one of these letters.
fn has_letter(invocation: &Invocation, letters: &[char]) -> bool {
    invocation
        .args
        .iter()
        .map(Word::text)
        .any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains(letters))
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
                script.invocations().first().map(fails_without_input),
                Some(want),
                "{text}"
            );
        }
    }
}
