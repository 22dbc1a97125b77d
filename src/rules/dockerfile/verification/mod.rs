//! `verification-disabled`: signatures and certificates that are not verified.

mod table;

use crate::analysis::Analysis;
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::Dockerfile;
use crate::model::env::{EnvOrigin, EnvVar};
use crate::source::{Location, Span};
use crate::syntax::shell::{Invocation, Script, Word};
use table::{CONFIGURING, FLAGS, Off, PAIR_PROGRAMS, PAIRS, SETTINGS, VARIABLES};

/// The words that switch a check off, and which check.
type SwitchedOff = (Span, Off);

/// The ways in which an invocation switches checks off.
const DETECTORS: &[fn(&Script, &Invocation) -> Vec<SwitchedOff>] = &[
    flags,
    settings,
    pairs,
    trusted_hosts,
    trusted_repositories,
    exports,
];

pub fn check(_: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    for step in dockerfile.steps() {
        let script = step.script();

        for invocation in script.invocations() {
            let hits = DETECTORS
                .iter()
                .flat_map(|detect| detect(script, &invocation));
            for (span, off) in hits {
                let location = step.location(span);
                sink.report(finding(location, &command_text(&invocation, span), off));
            }
        }

        // `export X=0` and `X=0` alone are commands of the script too.
        for assignment in script
            .commands
            .iter()
            .flat_map(|command| &command.assignments)
        {
            if let Some(off) = variable(&assignment.name, assignment.value.text()) {
                let span = assignment.name_span.cover(assignment.value.span);
                sink.report(finding(step.location(span), &assignment.name, off));
            }
        }
    }

    for var in dockerfile.stages.iter().flat_map(|stage| &stage.env) {
        if let Some(off) = switched_off(var) {
            sink.report(finding(var.name.location, &var.name.value, off));
        }
    }
}

/// The check that an ENV or ARG switches off.
fn switched_off(var: &EnvVar) -> Option<Off> {
    if !matches!(var.origin, EnvOrigin::DockerEnv | EnvOrigin::DockerArg) {
        return None;
    }

    let value = var.value.resolved()?;
    if var.name.value == "PIP_TRUSTED_HOST" && !value.is_empty() {
        return Some(Off::Certificates);
    }

    variable(&var.name.value, value)
}

/// The program of an invocation and the word that a span begins in.
fn command_text(invocation: &Invocation, span: Span) -> String {
    let flag = invocation
        .args
        .iter()
        .find(|word| word.span.start <= span.start && span.start < word.span.end);
    format!("{} {}", invocation.program, flag.map_or("", Word::text))
}

fn finding(location: Location, what: &str, off: Off) -> Finding {
    let (message, label, help) = match off {
        Off::Certificates => (
            "skips certificate verification",
            "allows man-in-the-middle attacks",
            "install `ca-certificates`, or add the CA that signed the certificate",
        ),
        Off::Signatures => (
            "skips signature verification",
            "may install tampered packages",
            "import the repository's key, and keep the check enabled",
        ),
    };

    let what = crate::analysis::truncate(what, 60);
    Finding::new(location, format!("`{what}` {message}"))
        .label(label)
        .help(help)
}

/// Flags, unless the invocation talks to its own machine alone.
fn flags(_: &Script, invocation: &Invocation) -> Vec<SwitchedOff> {
    if invocation.args.iter().any(is_local) {
        return Vec::new();
    }

    FLAGS
        .iter()
        .filter(|(programs, ..)| invocation.is(programs))
        .filter_map(|(_, names, off)| Some((flag(invocation, names)?.span, *off)))
        .collect()
}

/// The word of one of these flags, which may be a letter among others: `-fsSLk`.
fn flag<'s>(invocation: &Invocation<'s>, names: &[&str]) -> Option<&'s Word> {
    invocation
        .args
        .iter()
        .find(|word| names.iter().any(|name| is_flag(word.text(), name)))
        .or_else(|| invocation.flag(names))
}

fn is_flag(text: &str, name: &str) -> bool {
    text.strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

fn is_local(word: &Word) -> bool {
    let text = word.text();
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|host| {
        text.match_indices(host)
            .any(|(offset, _)| offset == 0 || text[..offset].ends_with("//"))
    })
}

/// The first setting with a `=` that switches a check off, as an argument or as text for a file.
fn settings(script: &Script, invocation: &Invocation) -> Vec<SwitchedOff> {
    if !invocation.is(CONFIGURING) {
        return Vec::new();
    }

    // Text that is only printed configures nothing.
    let last = script.pipeline(invocation.command).len == invocation.command.index + 1;
    if invocation.is(&["echo", "printf"]) && invocation.command.redirects.is_empty() && last {
        return Vec::new();
    }

    let mut words = invocation
        .args
        .iter()
        .filter(|word| word.text().contains('='));
    let hit = words.find_map(|word| Some((word.span, setting(invocation, word)?)));

    hit.into_iter().collect()
}

/// The check that a word with a setting switches off.
fn setting(invocation: &Invocation, word: &Word) -> Option<Off> {
    let text = word.text().to_ascii_lowercase().replace(' ', "");
    let is_file_content = invocation.is(&["echo", "printf", "tee"]);
    let (_, off) = SETTINGS.iter().find(|(setting, _)| {
        text == *setting || text.ends_with(setting) || is_file_content && text.contains(setting)
    })?;

    Some(*off)
}

/// Settings in two words: `git config --global http.sslVerify false`, `npm config set strict-ssl
/// false`.
fn pairs(_: &Script, invocation: &Invocation) -> Vec<SwitchedOff> {
    let configures = invocation
        .args
        .iter()
        .any(|word| matches!(word.text(), "config" | "set" | "--set"));
    if !configures || !invocation.is(PAIR_PROGRAMS) {
        return Vec::new();
    }

    let pair = invocation
        .args
        .windows(2)
        .find(|pair| is_pair_off(pair[0].text(), pair[1].text()));

    pair.map(|pair| (pair[0].span.cover(pair[1].span), Off::Certificates))
        .into_iter()
        .collect()
}

fn is_pair_off(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let value = value.to_ascii_lowercase();

    PAIRS.contains(&name.as_str())
        && (name == "global.trusted-host" || matches!(value.as_str(), "false" | "0" | "no" | "off"))
}

/// `pip install --trusted-host …`
fn trusted_hosts(_: &Script, invocation: &Invocation) -> Vec<SwitchedOff> {
    if !invocation.program.starts_with("pip") && !invocation.is(&["uv"]) {
        return Vec::new();
    }

    invocation
        .flag(&["--trusted-host"])
        .map(|word| (word.span, Off::Certificates))
        .into_iter()
        .collect()
}

/// `deb [trusted=yes] …`
fn trusted_repositories(_: &Script, invocation: &Invocation) -> Vec<SwitchedOff> {
    if !invocation.is(&["echo", "printf", "sed", "add-apt-repository"]) {
        return Vec::new();
    }

    invocation
        .args
        .iter()
        .find(|word| word.text().contains("trusted=yes"))
        .map(|word| (word.span, Off::Signatures))
        .into_iter()
        .collect()
}

/// `export NODE_TLS_REJECT_UNAUTHORIZED=0`
fn exports(_: &Script, invocation: &Invocation) -> Vec<SwitchedOff> {
    if !invocation.is(&["export"]) {
        return Vec::new();
    }

    invocation
        .args
        .iter()
        .filter_map(|word| {
            let (name, value) = word.assignment()?;
            Some((word.span, variable(name, value)?))
        })
        .collect()
}

/// The check that a variable switches off by its value.
fn variable(name: &str, value: &str) -> Option<Off> {
    let value = value.trim().to_ascii_lowercase();
    // git only looks whether it is set.
    if name == "GIT_SSL_NO_VERIFY" {
        return Some(Off::Certificates);
    }

    VARIABLES
        .iter()
        .find(|(known, values, _)| *known == name && values.contains(&value.as_str()))
        .map(|&(.., off)| off)
}
