//! `outdated-action-runtime` and `pinned-tool`: what a pipeline runs, and in which version.

use super::Ctx;
use super::workflow_schema::DATA;
use crate::finding::{Finding, Sink};
use crate::model::Code;
use crate::model::workflow::{ActionRef, Workflow};
use crate::source::{Place, Span};
use crate::syntax::shell::{Invocation, Word};

pub fn outdated(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    if let Some(using) = workflow.using.as_ref().filter(|using| matches!(using.value.as_str(), "node12" | "node16")) {
        sink.report(
            Finding::new(using.place, format!("`{}` is a runtime that runners no longer have", using.value))
                .help("use `node24`"),
        );
    }
    for uses in workflow.jobs.iter().flat_map(|job| &job.steps).filter_map(|step| step.uses.as_ref()) {
        let ActionRef::Remote { name, version: Some(version) } = ActionRef::parse(&uses.value) else { continue };
        let Some(&lowest) = DATA.actions.get(&name.to_ascii_lowercase()) else { continue };
        let major = version
            .strip_prefix('v')
            .unwrap_or(version)
            .split(['.', '-'])
            .next()
            .and_then(|major| major.parse::<u32>().ok());
        let Some(major) = major.filter(|major| *major < lowest && version.len() < 20) else { continue };
        let end = uses.place.span.end;
        let place = Place::new(uses.place.file, Span::new(end.saturating_sub(version.len() as u32), end));
        let (message, help) = if lowest == 99 {
            (
                format!("`{name}` is archived: no version of it has a runtime that runners still have"),
                "use what its page names as its successor, or the tool itself".to_owned(),
            )
        } else {
            (
                format!("`{name}@v{major}` runs on a runtime that runners no longer have"),
                format!("use `v{lowest}` or later"),
            )
        };
        sink.report(Finding::new(place, message).help(help));
    }
}

pub fn tool(_: &Ctx, workflow: &Workflow, sink: &mut Sink) {
    let steps = workflow.jobs.iter().filter(|job| !job.is_disabled()).flat_map(|job| &job.steps);
    for code in steps.filter(|step| !step.is_disabled()).filter_map(|step| step.run.as_ref()) {
        for invocation in code.script().invocations() {
            piped(code, &invocation, sink);
            if let Some((word, what)) = unpinned(&invocation) {
                let place = code.place(word.span);
                sink.report(
                    Finding::new(place, format!("`{}` is installed in whatever version is newest today", word.text()))
                        .label(what)
                        .help("name the version, so that a run next year does what today's does"),
                );
            }
        }
    }
}

/// A script from the network that a shell runs unread.
fn piped(code: &Code, invocation: &Invocation<'_>, sink: &mut Sink) {
    if !invocation.is(&["sh", "bash", "zsh", "dash"]) {
        return;
    }
    let script = code.script();
    let feeders = script.feeders(invocation.command);
    let Some(feeder) = feeders.iter().find(|feeder| matches!(feeder.name(), "curl" | "wget")) else { return };
    let url = feeder.words.iter().find(|word| word.text().contains("://"));
    sink.report(
        Finding::new(
            code.place(feeder.span.cover(invocation.span())),
            "a script from the network is run unread, whatever it is today",
        )
        .label(url.map_or_else(
            || "fetched and run".to_owned(),
            |url| format!("runs what {} gives", url.text().split('/').nth(2).unwrap_or("the server")),
        ))
        .help("download it in a fixed version, check its sum, then run it; or use an action that is pinned"),
    );
}

/// A tool that is fetched without a version.
fn unpinned<'s>(invocation: &Invocation<'s>) -> Option<(&'s Word, &'static str)> {
    let args = invocation.args;
    let texts: Vec<&str> = args.iter().map(Word::text).collect();
    match (invocation.program, texts.as_slice()) {
        ("npx" | "bunx" | "pnpx", _) | ("pnpm" | "yarn", ["dlx", ..]) => {
            Some((args.iter().find(|word| word.text().ends_with("@latest"))?, "follows the newest release"))
        }
        ("go", ["install" | "run", ..]) => {
            Some((args.iter().find(|word| word.text().ends_with("@latest"))?, "follows the newest release"))
        }
        ("cargo", ["install", ..]) => {
            let fixed = invocation.flag(&["--version", "--vers", "--locked", "--path", "--git"]).is_some();
            let names = invocation.positionals(&["--features", "--root", "--target", "--bin", "-F"]);
            names
                .into_iter()
                .skip(1)
                .find(|word| !fixed && is_name(word) && !word.text().contains('@'))
                .map(|word| (word, "no version"))
        }
        ("npm", ["install" | "i" | "add", ..]) if invocation.flag(&["-g", "--global"]).is_some() => {
            let names = invocation.positionals(&["--registry", "--prefix"]);
            let open = |word: &&&Word| {
                let text = word.text();
                is_name(word)
                    && (text.ends_with("@latest") || text.rfind('@').is_none_or(|at| at == 0))
                    && text != "npm"
            };
            names.iter().skip(1).find(open).map(|word| (*word, "no version"))
        }
        ("pip" | "pip3" | "pipx", ["install", ..]) | ("uv", ["tool", "install", ..]) => {
            let constrained =
                invocation.flag(&["-r", "--requirement", "-c", "--constraint", "-e", "--editable"]).is_some();
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
            let tools = ["pip", "setuptools", "wheel", "install", "tool", "virtualenv", "pipx", "uv", "."];
            let open = |word: &&&Word| {
                is_name(word) && !tools.contains(&word.text()) && !word.text().contains(['=', '<', '>', '~', '!'])
            };
            names.iter().find(open).filter(|_| !constrained).map(|word| (*word, "no version"))
        }
        _ => None,
    }
}

/// Whether a word names a package, not a path, an archive, a URL or a variable.
fn is_name(word: &&Word) -> bool {
    let text = word.text();
    word.literal().is_some()
        && !text.starts_with(['.', '/', '-', '~'])
        && !text.contains("://")
        && !text.contains('*')
        && !(text.contains('/') && !text.starts_with('@'))
        && ![".whl", ".tgz", ".gz", ".zip"].iter().any(|ending| text.ends_with(ending))
}
