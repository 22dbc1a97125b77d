//! Package rules read a command in whatever form a RUN gives it, and leave alone what no POSIX
//! shell runs.

use deploylint::catalog::Profile;
use deploylint::config::Config;
use deploylint::engine::lint_texts;

/// What `apt-get install curl` and `pip install flask` break, and where.
const FLAWS: &[(&str, &str)] = &[
    ("apt-recommends", "apt-get install"),
    ("missing-assume-yes", "apt-get install"),
    ("pinned-os-package", "curl"),
    ("pinned-package", "flask"),
    ("pip-cache", "pip install"),
];

/// The findings of the package rules, with the text that they stand at.
fn found(dockerfile: &str) -> Vec<(&'static str, String)> {
    let config = Config {
        profile: Profile::Strict,
        ..Config::default()
    };

    let outcome = lint_texts(config, &[("Dockerfile", dockerfile)]);
    let rules = FLAWS.iter().map(|(rule, _)| *rule).chain([
        "npm-cache",
        "apt-lists",
        "package-update-alone",
    ]);
    let rules: Vec<&str> = rules.collect();
    let mut found: Vec<(&str, String)> = outcome
        .findings
        .iter()
        .filter(|finding| rules.contains(&finding.rule))
        .map(|finding| {
            (
                finding.rule,
                finding.location.span.text(dockerfile).to_owned(),
            )
        })
        .collect();
    found.sort();

    found
}

#[test]
fn each_form_of_a_run_is_read() {
    let wanted: Vec<(&str, String)> = FLAWS
        .iter()
        .map(|(rule, text)| (*rule, (*text).to_owned()))
        .collect();
    for run in [
        "RUN apt-get install curl && pip install flask",
        "RUN apt-get install curl; \\\n    pip install flask",
        "RUN <<EOF\napt-get install curl\npip install flask\nEOF",
        "RUN <<-'EOF'\n\tset -e\n\tapt-get install curl\n\tpip install flask\nEOF",
        "RUN <<EOF bash\napt-get install curl\npip install flask\nEOF",
        "RUN bash <<EOF\napt-get install curl\npip install flask\nEOF",
        "RUN <<EOF\n#!/usr/bin/env bash\napt-get install curl\npip install flask\nEOF",
        "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN apt-get install curl && pip install flask",
        "RUN bash -c \"apt-get install curl && pip install flask\"",
        "RUN bash -euxc 'apt-get install curl && pip install flask'",
        "RUN [\"bash\", \"-c\", \"apt-get install curl && pip install flask\"]",
        "RUN sudo apt-get install curl && sudo -H pip install flask",
        "RUN sudo -E bash -c 'apt-get install curl && pip install flask'",
        "RUN env DEBIAN_FRONTEND=noninteractive apt-get install curl && env A=b pip install flask",
        "RUN DEBIAN_FRONTEND=noninteractive apt-get install curl && A=b pip install flask",
        "RUN if true; then apt-get install curl; fi && (pip install flask)",
    ] {
        assert_eq!(
            found(&format!("FROM debian:12.11\n{run}\n")),
            wanted,
            "{run}"
        );
    }
}

/// A trigger is read where it stands, though its layer is another image's.
#[test]
fn triggers_are_read() {
    let found = found("FROM debian:12.11\nONBUILD RUN apt-get install curl && pip install flask\n");
    for (rule, text) in [
        ("missing-assume-yes", "apt-get install"),
        ("pinned-package", "flask"),
    ] {
        assert!(
            found.contains(&(rule, text.to_owned())),
            "{rule}: {found:?}"
        );
    }
}

#[test]
fn what_no_posix_shell_runs_is_left_alone() {
    for dockerfile in [
        "FROM mcr.microsoft.com/windows/servercore:ltsc2022\nRUN pip install flask & npm install -g serve\n",
        "FROM mcr.microsoft.com/windows/servercore:ltsc2022\nSHELL [\"powershell\", \"-Command\"]\nRUN pip install flask; npm install -g serve\n",
        "# escape=`\nFROM python:3.12-windowsservercore\nRUN pip install flask `\n  && npm install -g serve\n",
        "FROM debian:12.11\nSHELL [\"pwsh\", \"-c\"]\nRUN apt-get install curl; pip install flask\n",
        "FROM debian:12.11\nRUN <<EOF python3\napt-get install curl\npip install flask\nEOF\n",
        "FROM debian:12.11\nRUN <<EOF\n#!/usr/bin/env python3\napt-get install curl\npip install flask\nEOF\n",
        "FROM debian:12.11\nRUN echo 'apt-get install curl' && printf 'pip install flask'\n",
    ] {
        assert_eq!(found(dockerfile), [], "{dockerfile}");
    }
}
