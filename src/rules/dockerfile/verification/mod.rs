//! `verification-disabled`: signatures and certificates that are not looked at.

mod table;

use crate::analysis::Ctx;
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::Dockerfile;
use crate::model::env::EnvOrigin;
use crate::source::{Location, Span};
use crate::syntax::shell::{Invocation, Word};
use table::{FLAGS, Off, SETTINGS, VARIABLES};

pub fn check(_: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    for step in dockerfile.steps() {
        let script = step.script();

        for one in script.invocations() {
            for (span, off) in disabled(
                &one,
                script.pipeline(one.command).len == one.command.index + 1,
            ) {
                sink.report(finding(step.location(span), &written(&one, span), off));
            }
        }
        // `export X=0` and `X=0` alone are commands of the script too.
        for command in &script.commands {
            for assignment in &command.assignments {
                if let Some(off) = variable(&assignment.name, assignment.value.text()) {
                    let span = assignment.name_span.cover(assignment.value.span);
                    sink.report(finding(step.location(span), &assignment.name, off));
                }
            }
        }
    }

    for stage in &dockerfile.stages {
        for var in stage
            .env
            .iter()
            .filter(|var| matches!(var.origin, EnvOrigin::DockerEnv | EnvOrigin::DockerArg))
        {
            let Some(value) = var.value.resolved() else {
                continue;
            };

            if let Some(off) = variable(&var.name.value, value) {
                sink.report(finding(var.name.location, &var.name.value, off));
            } else if var.name.value == "PIP_TRUSTED_HOST" && !value.is_empty() {
                sink.report(finding(
                    var.name.location,
                    "PIP_TRUSTED_HOST",
                    Off::Certificates,
                ));
            }
        }
    }
}

fn written(one: &Invocation, span: Span) -> String {
    let flag = one
        .args
        .iter()
        .find(|word| word.span.start <= span.start && span.start < word.span.end);
    format!("{} {}", one.program, flag.map_or("", Word::text))
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

/// The words of an invocation that switch checks off.
fn disabled(one: &Invocation, last: bool) -> Vec<(Span, Off)> {
    let mut found = Vec::new();
    let is_local = |word: &Word| {
        let text = word.text();
        ["localhost", "127.0.0.1", "[::1]"].iter().any(|host| {
            text.match_indices(host)
                .any(|(at, _)| at == 0 || text[..at].ends_with("//"))
        })
    };

    let flags = FLAGS.iter().filter(|(programs, ..)| one.is(programs));

    for (_, names, off) in flags {
        let is_long = |text: &str, name: &str| {
            text.strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        };

        let long = |word: &&Word| names.iter().any(|name| is_long(word.text(), name));
        // `-k` may stand among other letters.
        let word = one.args.iter().find(long).or_else(|| one.flag(names));
        let word = word.filter(|_| !one.args.iter().any(is_local));
        found.extend(word.map(|word| (word.span, *off)));
    }

    if one.is(&[
        "curl",
        "wget",
        "git",
        "npm",
        "yarn",
        "pnpm",
        "pip",
        "pip3",
        "apt-get",
        "apt",
        "yum",
        "dnf",
        "tdnf",
        "microdnf",
        "echo",
        "printf",
        "sed",
        "ssh",
        "scp",
        "rsync",
        "gem",
        "conda",
        "yum-config-manager",
        "tee",
    ]) {
        // What is only printed configures nothing.
        let printed = one.is(&["echo", "printf"]) && one.command.redirects.is_empty() && last;
        let settings = one
            .args
            .iter()
            .filter(|word| !printed && word.text().contains('='));
        let words = settings.filter_map(|word| {
            let text = word.text().to_ascii_lowercase().replace(' ', "");
            let (_, off) = SETTINGS.iter().find(|(setting, _)| {
                let whole = one.is(&["echo", "printf", "sed", "tee"]);
                text == *setting
                    || text.ends_with(setting)
                    || (whole && text.contains(setting) && !one.is(&["sed"]))
            })?;

            Some((word.span, *off))
        });

        found.extend(words.take(1));
    }

    found.extend(pairs(one));
    if pip(one)
        && let Some(word) = one.flag(&["--trusted-host"])
    {
        found.push((word.span, Off::Certificates));
    }

    if one.is(&["echo", "printf", "sed", "add-apt-repository"])
        && let Some(word) = one
            .args
            .iter()
            .find(|word| word.text().contains("trusted=yes"))
    {
        found.push((word.span, Off::Signatures));
    }

    if one.is(&["export"]) {
        let words = one.args.iter().filter_map(|word| {
            let (name, value) = word.assignment()?;
            Some((word.span, variable(name, value)?))
        });

        found.extend(words);
    }

    found
}

/// Settings in two words: `git config --global http.sslVerify false`, `npm config set strict-ssl
/// false`.
fn pairs(one: &Invocation) -> Option<(Span, Off)> {
    if !one.is(&[
        "git", "npm", "yarn", "pnpm", "conda", "pip", "pip3", "composer", "bundle",
    ]) {
        return None;
    }

    if !one
        .args
        .iter()
        .any(|word| matches!(word.text(), "config" | "set" | "--set"))
    {
        return None;
    }

    one.args.windows(2).find_map(|pair| {
        let (name, value) = (
            pair[0].text().to_ascii_lowercase(),
            pair[1].text().to_ascii_lowercase(),
        );
        let known = [
            "http.sslverify",
            "https.sslverify",
            "strict-ssl",
            "ssl_verify",
            "secure-http",
            "enablestrictssl",
            "ssl_verify_mode",
            "global.trusted-host",
        ];
        let off = matches!(value.as_str(), "false" | "0" | "no" | "off")
            || name == "ssl_verify_mode" && value == "0"
            || name == "global.trusted-host";
        (known.contains(&name.as_str()) && off)
            .then(|| (pair[0].span.cover(pair[1].span), Off::Certificates))
    })
}

fn pip(one: &Invocation) -> bool {
    one.program.starts_with("pip") || one.is(&["uv"])
}

fn variable(name: &str, value: &str) -> Option<Off> {
    let value = value.trim().to_ascii_lowercase();
    // git asks only whether it is set.
    if name == "GIT_SSL_NO_VERIFY" {
        return Some(Off::Certificates);
    }

    let found = VARIABLES
        .iter()
        .find(|(known, values, _)| *known == name && values.contains(&value.as_str()));
    found.map(|&(.., off)| off)
}
