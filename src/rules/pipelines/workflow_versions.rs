//! `outdated-action-runtime` and `pinned-tool`: versions of actions and tools in a pipeline.

use crate::analysis::Analysis;
use crate::analysis::action_versions::ActionVersion;
use crate::data::workflow::DATA;
use crate::finding::{Finding, Sink};
use crate::model::Code;
use crate::model::workflow::{ActionRef, Workflow};
use crate::rules::pipelines::pinned_action::version_location;
use crate::source::Located;
use crate::syntax::shell::{Invocation, Word};

/// The version in the table of an action that has no version with a supported runtime.
const ARCHIVED: u32 = 99;

pub fn outdated(_: &Analysis, workflow: &Workflow, sink: &mut Sink) {
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

    let steps = workflow.jobs.iter().flat_map(|job| &job.steps);
    let uses = steps.filter_map(|step| step.uses.as_ref());

    for finding in uses.filter_map(outdated_version) {
        sink.report(finding);
    }
}

/// The finding for an action in a version whose runtime is no longer supported.
fn outdated_version(uses: &Located<String>) -> Option<Finding> {
    let ActionRef::Remote {
        name,
        version: Some(version),
    } = ActionRef::parse(&uses.value)
    else {
        return None;
    };

    let &lowest = DATA.actions.get(&name.to_ascii_lowercase())?;
    let ActionVersion { major, .. } = ActionVersion::parse(version)?;
    // Some old versions have a tag for their port to a newer runtime: `v3-node20`.
    if major >= lowest || version.len() >= 20 || version.contains("node2") {
        return None;
    }

    let (message, help, aspect) = if lowest == ARCHIVED {
        (
            format!("`{name}` is archived and has no version with a supported runtime"),
            "use the successor named on its page, or the tool itself".to_owned(),
            "archived",
        )
    } else {
        (
            format!("`{name}@v{major}` uses a runtime that runners no longer support"),
            format!("use `v{lowest}` or later"),
            "old",
        )
    };

    Some(
        Finding::new(version_location(uses, version), message)
            .aspect(aspect)
            .help(help),
    )
}

pub fn tool(_: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    let jobs = workflow.jobs.iter().filter(|job| !job.is_disabled());
    let steps = jobs.flat_map(|job| &job.steps);

    for code in steps
        .filter(|step| !step.is_disabled())
        .filter_map(|step| step.run.as_ref())
    {
        for invocation in code.script().invocations() {
            let piped = piped_script(code, &invocation);
            for finding in piped.into_iter().chain(unpinned_tool(code, &invocation)) {
                sink.report(finding);
            }
        }
    }
}

/// The finding for a tool that is installed without a version.
fn unpinned_tool(code: &Code, invocation: &Invocation<'_>) -> Option<Finding> {
    let (word, label) = unpinned(invocation)?;

    Some(
        Finding::new(
            code.location(word.span),
            format!("`{}` is not pinned to a version", word.text()),
        )
        .label(label)
        .help("pin the version, so that later runs install the same one"),
    )
}

/// The finding for a script from the network that a shell runs unverified.
fn piped_script(code: &Code, invocation: &Invocation<'_>) -> Option<Finding> {
    if !invocation.is(&["sh", "bash", "zsh", "dash"]) {
        return None;
    }

    let feeders = code.script().feeders(invocation.command);
    let feeder = feeders
        .into_iter()
        .find(|feeder| matches!(feeder.name(), "curl" | "wget"))?;
    let url = feeder.words.iter().find(|word| word.text().contains("://"));
    if url.is_some_and(|url| names_version(url.text())) {
        return None;
    }

    let host = url
        .and_then(|url| url.text().split('/').nth(2))
        .unwrap_or("the server");

    Some(
        Finding::new(
            code.location(feeder.span.cover(invocation.span())),
            "a downloaded script runs without verification",
        )
        .aspect("script")
        .label(format!("runs whatever {host} returns"))
        .help("download a fixed version, verify its checksum, then run it; or use a pinned action"),
    )
}

/// Whether a part of a URL's path is a version: `/v1.2.3/`, or a variable that holds one.
fn names_version(url: &str) -> bool {
    url.split('/').skip(3).any(|part| {
        let number = part.trim_start_matches('v');
        let is_version =
            number.starts_with(|letter: char| letter.is_ascii_digit()) && number.contains('.');

        is_version || part.contains('$') && part.to_ascii_lowercase().contains("version")
    })
}

/// The label of a tool that is named without a version.
const NO_VERSION: &str = "no version";

/// The label of a tool that is named with the version `latest`.
const LATEST: &str = "follows the latest release";

/// The word that names a tool without a version, and the label for it.
fn unpinned<'s>(invocation: &Invocation<'s>) -> Option<(&'s Word, &'static str)> {
    let words: Vec<&str> = invocation.args.iter().map(Word::text).collect();

    match (invocation.program, words.as_slice()) {
        ("npx" | "bunx" | "pnpx", _)
        | ("pnpm" | "yarn", ["dlx", ..])
        | ("go", ["install" | "run", ..]) => {
            let mut args = invocation.args.iter();
            Some((args.find(|word| word.text().ends_with("@latest"))?, LATEST))
        }
        ("cargo", ["install", ..]) => Some((unpinned_crate(invocation)?, NO_VERSION)),
        ("npm", ["install" | "i" | "add", ..])
            if invocation.flag(&["-g", "--global"]).is_some() =>
        {
            Some((unpinned_npm_package(invocation)?, NO_VERSION))
        }
        ("pip" | "pip3" | "pipx", ["install", ..]) | ("uv", ["tool", "install", ..]) => {
            Some((unpinned_python_package(invocation)?, NO_VERSION))
        }
        _ => None,
    }
}

fn unpinned_crate<'s>(invocation: &Invocation<'s>) -> Option<&'s Word> {
    let fixing = ["--version", "--vers", "--locked", "--path", "--git"];
    if invocation.flag(&fixing).is_some() {
        return None;
    }

    invocation
        .positionals(&["--features", "--root", "--target", "--bin", "-F"])
        .into_iter()
        .skip(1)
        .find(|word| is_package_name(word) && !word.text().contains('@'))
}

fn unpinned_npm_package<'s>(invocation: &Invocation<'s>) -> Option<&'s Word> {
    invocation
        .positionals(&["--registry", "--prefix"])
        .into_iter()
        .skip(1)
        .find(|word| {
            let name = word.text();
            // The `@` at the beginning of `@scope/package` is not one before a version.
            let has_version = name.rfind('@').is_some_and(|offset| offset > 0);

            is_package_name(word) && name != "npm" && (!has_version || name.ends_with("@latest"))
        })
}

/// Options of Python installers whose packages have their versions elsewhere.
const CONSTRAINING: &[&str] = &[
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "-e",
    "--editable",
];

/// Options of Python installers that take a value.
const PYTHON_OPTIONS: &[&str] = &[
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
];

/// Subcommands, and installers that are upgraded on purpose.
const PYTHON_INSTALLERS: &[&str] = &[
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

fn unpinned_python_package<'s>(invocation: &Invocation<'s>) -> Option<&'s Word> {
    if invocation.flag(CONSTRAINING).is_some() {
        return None;
    }

    invocation
        .positionals(PYTHON_OPTIONS)
        .into_iter()
        .find(|word| {
            is_package_name(word)
                && !PYTHON_INSTALLERS.contains(&word.text())
                && !word.text().contains(['=', '<', '>', '~', '!'])
        })
}

/// Whether a word names a package, not a path, an archive, a URL or a variable.
fn is_package_name(word: &Word) -> bool {
    let text = word.text();
    let is_path =
        text.starts_with(['.', '/', '-', '~']) || text.contains("://") || text.contains('*');
    let is_folder = text.contains('/') && !text.starts_with('@');
    let is_archive = [".whl", ".tgz", ".gz", ".zip"]
        .iter()
        .any(|ending| text.ends_with(ending));

    word.literal().is_some() && !is_path && !is_folder && !is_archive
}
