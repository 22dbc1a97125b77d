//! `outdated-action-runtime` and `pinned-tool`: what a pipeline runs, and in which version.

use crate::analysis::Ctx;
use crate::finding::{Finding, Sink, Subject};
use crate::model::Code;
use crate::model::workflow::{ActionRef, Workflow};
use crate::rules::pipelines::workflow_schema::DATA;
use crate::source::{Located, Location, Span};
use crate::syntax::shell::{Invocation, Word};

/// In the table: no version of the action will do.
const ARCHIVED: u32 = 99;

pub fn outdated(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    if let Some(using) = workflow
        .using
        .as_ref()
        .filter(|using| matches!(using.value.as_str(), "node12" | "node16"))
    {
        sink.report(
            Finding::new(
                using.location,
                format!("runners no longer support the `{}` runtime", using.value),
            )
            .help("use `node24`"),
        );
    }

    let mut seen: Vec<(&Located<String>, u32)> = Vec::new();
    for uses in workflow
        .jobs
        .iter()
        .flat_map(|job| &job.steps)
        .filter_map(|step| step.uses.as_ref())
    {
        match seen.iter_mut().find(|(first, _)| first.value == uses.value) {
            Some((_, others)) => *others += 1,
            None => seen.push((uses, 0)),
        }
    }

    for (uses, others) in seen {
        if let Some(mut finding) = old_version(uses) {
            finding.others = others;
            sink.report(finding);
        }
    }
}

/// An action in a version whose runtime is gone.
fn old_version(uses: &Located<String>) -> Option<Finding> {
    let ActionRef::Remote {
        name,
        version: Some(version),
    } = ActionRef::parse(&uses.value)
    else {
        return None;
    };

    let &lowest = DATA.actions.get(&name.to_ascii_lowercase())?;
    let major: u32 = version
        .strip_prefix('v')
        .unwrap_or(version)
        .split(['.', '-'])
        .next()?
        .parse()
        .ok()?;
    if major >= lowest || version.len() >= 20 {
        return None;
    }

    let end = uses.location.span.end;
    let location = Location::new(
        uses.location.file,
        Span::new(end.saturating_sub(version.len() as u32), end),
    );
    let (message, help) = if lowest == ARCHIVED {
        let message = format!("`{name}` is archived and has no version with a supported runtime");
        (
            message,
            "use the successor named on its page, or the tool itself".to_owned(),
        )
    } else {
        (
            format!("`{name}@v{major}` uses a runtime that runners no longer support"),
            format!("use `v{lowest}` or later"),
        )
    };

    let finding = Finding::new(location, message).cause(Subject::File, help.clone());

    Some(finding.help(help))
}

pub fn tool(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    let mut found: Vec<Finding> = Vec::new();
    let steps = workflow
        .jobs
        .iter()
        .filter(|job| !job.is_disabled())
        .flat_map(|job| &job.steps);
    for code in steps
        .filter(|step| !step.is_disabled())
        .filter_map(|step| step.run.as_ref())
    {
        for invocation in code.script().invocations() {
            for finding in piped(code, &invocation)
                .into_iter()
                .chain(newest(code, &invocation))
            {
                // Said once a file for each tool.
                match found
                    .iter_mut()
                    .find(|known| known.message == finding.message && known.label == finding.label)
                {
                    Some(known) => known.others += 1,
                    None => found.push(finding),
                }
            }
        }
    }

    found.into_iter().for_each(|finding| sink.report(finding));
}

fn newest(code: &Code, invocation: &Invocation<'_>) -> Option<Finding> {
    let (word, what) = unpinned(invocation)?;
    let message = format!("`{}` is not pinned to a version", word.text());
    let help = "pin the version, so that later runs install the same one";
    Some(
        Finding::new(code.location(word.span), message)
            .label(what)
            .help(help),
    )
}

/// A script from the network that a shell runs unread.
fn piped(code: &Code, invocation: &Invocation<'_>) -> Option<Finding> {
    if !invocation.is(&["sh", "bash", "zsh", "dash"]) {
        return None;
    }

    let script = code.script();
    let feeder = script
        .feeders(invocation.command)
        .into_iter()
        .find(|feeder| matches!(feeder.name(), "curl" | "wget"))?;
    let url = feeder.words.iter().find(|word| word.text().contains("://"));
    if url.is_some_and(|url| names_version(url.text())) {
        return None;
    }

    let host = url
        .and_then(|url| url.text().split('/').nth(2))
        .unwrap_or("the server");
    let location = code.location(feeder.span.cover(invocation.span()));
    let finding = Finding::new(location, "a downloaded script runs without verification");
    Some(
        finding.label(format!("runs whatever {host} returns")).help(
            "download a fixed version, verify its checksum, then run it; or use a pinned action",
        ),
    )
}

/// Whether a URL leads to one version: `/v1.2.3/`, or a variable that holds one.
fn names_version(url: &str) -> bool {
    url.split('/').skip(3).any(|part| {
        let number = part.trim_start_matches('v');
        let digits =
            number.starts_with(|letter: char| letter.is_ascii_digit()) && number.contains('.');
        digits || (part.contains('$') && part.to_ascii_lowercase().contains("version"))
    })
}

/// A tool that is fetched without a version.
fn unpinned<'s>(invocation: &Invocation<'s>) -> Option<(&'s Word, &'static str)> {
    let args = invocation.args;
    let texts: Vec<&str> = args.iter().map(Word::text).collect();

    match (invocation.program, texts.as_slice()) {
        ("npx" | "bunx" | "pnpx", _) | ("pnpm" | "yarn", ["dlx", ..]) => Some((
            args.iter().find(|word| word.text().ends_with("@latest"))?,
            "follows the latest release",
        )),
        ("go", ["install" | "run", ..]) => Some((
            args.iter().find(|word| word.text().ends_with("@latest"))?,
            "follows the latest release",
        )),
        ("cargo", ["install", ..]) => {
            let fixed = invocation
                .flag(&["--version", "--vers", "--locked", "--path", "--git"])
                .is_some();
            let names =
                invocation.positionals(&["--features", "--root", "--target", "--bin", "-F"]);
            names
                .into_iter()
                .skip(1)
                .find(|word| !fixed && is_name(word) && !word.text().contains('@'))
                .map(|word| (word, "no version"))
        }

        ("npm", ["install" | "i" | "add", ..])
            if invocation.flag(&["-g", "--global"]).is_some() =>
        {
            let names = invocation.positionals(&["--registry", "--prefix"]);
            let open = |word: &&&Word| {
                let text = word.text();
                is_name(word)
                    && (text.ends_with("@latest") || text.rfind('@').is_none_or(|at| at == 0))
                    && text != "npm"
            };

            names
                .iter()
                .skip(1)
                .find(open)
                .map(|word| (*word, "no version"))
        }
        ("pip" | "pip3" | "pipx", ["install", ..]) | ("uv", ["tool", "install", ..]) => {
            let constrained = invocation
                .flag(&[
                    "-r",
                    "--requirement",
                    "-c",
                    "--constraint",
                    "-e",
                    "--editable",
                ])
                .is_some();
            let names = invocation.positionals(&[
                "-r",
                "-c",
                "-e",
                "-i",
                "--index-url",
                "--extra-index-url",
                "-f",
                "--find-links",
                "-t",
                "--target",
                "--python",
                "--with",
                "--suffix",
                "--timeout",
                "--retries",
                "--upgrade-strategy",
            ]);
            let tools = [
                "pip",
                "setuptools",
                "wheel",
                "install",
                "tool",
                "virtualenv",
                "pipx",
                "uv",
                ".",
            ];
            let open = |word: &&&Word| {
                is_name(word)
                    && !tools.contains(&word.text())
                    && !word.text().contains(['=', '<', '>', '~', '!'])
            };

            names
                .iter()
                .find(open)
                .filter(|_| !constrained)
                .map(|word| (*word, "no version"))
        }
        _ => None,
    }
}

/// Whether a word names a package, not a path, an archive, a URL or a variable.
fn is_name(word: &&Word) -> bool {
    let text = word.text();
    let is_path =
        text.starts_with(['.', '/', '-', '~']) || text.contains("://") || text.contains('*');
    let is_folder = text.contains('/') && !text.starts_with('@');
    let is_archive = [".whl", ".tgz", ".gz", ".zip"]
        .iter()
        .any(|ending| text.ends_with(ending));
    word.literal().is_some() && !is_path && !is_folder && !is_archive
}
