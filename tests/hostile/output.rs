//! Names, keys and texts that steer a terminal or command a runner: in no format does one of them
//! reach its aim.

use crate::reports::{all, lint};

/// Characters that no output holds.
fn steers(char: char) -> bool {
    (char.is_control() && char != '\n')
        || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What is put into every place that a repository gives a name to.
const NAMES: &[&str] = &[
    "a\n::warning file=b::c",
    "a\r\n \t::set-env name=B::c\n",
    "::stop-commands::x",
    "##[set-env name=b]c",
    "a##vso[task.setvariable variable=b]c",
    "\u{1b}]0;b\u{7}\u{1b}[2J",
    "\u{9b}31m\u{85}::debug::b",
    "\u{202e}b\u{2066}c\u{200f}d\u{200e}e\u{61c}f",
    "a\u{2028}::b::c\u{2029}\u{0}d",
    "`\n::notice::b`",
];

#[track_caller]
fn check(files: &[(&str, &str)]) {
    let outcome = lint(files);
    assert!(
        !outcome.findings.is_empty(),
        "nothing is shown of {files:?}"
    );

    for (format, text) in all(&outcome) {
        let steering = text.chars().find(|char| steers(*char));
        assert_eq!(steering, None, "{format} of {files:?}\n{text:?}");

        for line in text.lines() {
            let own = format == "github"
                && ["::error ", "::warning ", "::notice "]
                    .iter()
                    .any(|command| line.starts_with(command));
            assert!(
                own || !line.trim_start().starts_with("::"),
                "{format}: {line}"
            );
            let after_signs = line.split("##").skip(1);
            let mut names = after_signs
                .map(|rest| rest.trim_start_matches(|char: char| char.is_ascii_alphanumeric()));
            assert!(!names.any(|rest| rest.starts_with('[')), "{format}: {line}");
        }
    }
}

/// The name as a string of YAML and of TOML.
fn quoted(name: &str) -> String {
    let mut out = String::from("\"");

    for char in name.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            ' '..='~' => out.push(char),
            char => out.push_str(&format!("\\u{:04x}", u32::from(char))),
        }
    }

    out + "\""
}

#[test]
fn paths_are_names_too() {
    for name in NAMES {
        check(&[(&format!("{name}/Dockerfile"), "FROM node\n")]);
        check(&[(&format!("Dockerfile.{name}"), "FROM node\n")]);
    }
}

#[test]
fn names_of_a_compose_file() {
    for name in NAMES.iter().map(|name| quoted(name)) {
        for text in [
            format!(
                r"services:
  {name}:
    image: node
    depends_on: [{name}, b]
"
            ),
            format!(
                r"services:
  a:
    image: {name}
    networks: [{name}]
    {name}: 1
"
            ),
            format!(
                r"services:
  a:
    build: {name}
    user: {name}
    restart: {name}
"
            ),
            format!(
                r"services:
  a:
    image: node
    environment: {{{name}: x, A_URL: {name}}}
    ports: [{name}]
"
            ),
            format!(
                r"services:
  a: {{extends: {{service: {name}}}, volumes: [{name}], secrets: [{name}]}}
"
            ),
        ] {
            check(&[("compose.yaml", &text)]);
        }
    }
}

#[test]
fn names_of_manifests_and_workflows() {
    for name in NAMES.iter().map(|name| quoted(name)) {
        let workflow = format!(
            r"on: push
jobs:
  {name}:
    runs-on: {name}
    needs: [{name}, x]
    steps:
      - uses: {name}
      - name: {name}
        run: {name}
        with: {{{name}: {name}}}
      - run: echo ${{{{ github.event.issue.title }}}}
"
        );
        let pod = format!(
            r"apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{a: {name}}}}}
spec:
  serviceAccountName: {name}
  containers:
    - name: {name}
      image: {name}
      env: [{{name: {name}, valueFrom: {{configMapKeyRef: {{name: {name}, key: {name}}}}}}}]
"
        );
        check(&[(".github/workflows/a.yml", &workflow)]);
        check(&[("k8s/pod.yaml", &pod)]);
    }
}

#[test]
fn lines_of_any_file() {
    for name in NAMES {
        let dockerfile = format!(
            r"FROM node
RUN sudo x '{name}'
FOO {name}
# deploylint: ignore[{name}] {name}
"
        );
        check(&[
            ("Dockerfile", &dockerfile),
            (".env", &format!("A={name}\n{name}\n")),
        ]);
        let raw = format!(
            r"services:
  a:
    image: node # {name}
    {name}
"
        );
        check(&[("compose.yaml", &raw)]);
    }
}

#[test]
fn what_is_said_of_the_run_itself() {
    use deploylint::config::Config;
    use deploylint::report::human::{broken_config, failure};
    use deploylint::report::style::RenderOptions;

    for name in NAMES {
        let message = failure(
            &format!("cannot read `{name}`"),
            Some(name),
            RenderOptions::PLAIN,
        );
        let text = format!("{} = 1\nselect = [{}]\n", quoted(name), quoted(name));
        let broken = Config::parse("deploylint.toml", &text).expect_err("it is wrong");

        for shown in [message, broken_config(broken, RenderOptions::PLAIN)] {
            assert!(!shown.chars().any(steers), "{shown:?}");
            assert!(
                !shown
                    .lines()
                    .any(|line| line.trim_start().starts_with("::")),
                "{shown}"
            );
            assert!(!shown.contains("##["), "{shown}");
        }
    }
}

/// Where `--verbose` names the root, and a refusal the argument.
#[cfg(unix)]
#[test]
fn what_the_program_itself_prints() {
    use std::fs;
    use std::process::Command;

    let token = ["glp", "at-", "t7Rk2Vw9Lq4Xz8Nc3Hd6"].concat();
    let folder = std::env::temp_dir().join(format!("deploylint-hostile-{}", std::process::id()));
    let root = folder.join(format!("a\n::error::b\u{1b}[1m##[c]{token}"));
    fs::create_dir_all(root.join(".git")).expect("a folder");
    fs::write(root.join("Dockerfile"), "FROM node\n").expect("a file");

    let missing = format!("x\n::error::{token}\u{9b}");
    let flag = format!("--flag\n::error::{token}\u{9b}");
    for arguments in [
        &["--verbose"][..],
        &["--format", "json"],
        &[&missing],
        &[&flag],
        &["explain", &missing],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deploylint"));
        let run = command
            .args(arguments)
            .current_dir(&root)
            .output()
            .expect("it runs");
        for stream in [run.stdout, run.stderr] {
            let text = String::from_utf8(stream).expect("it is text");
            assert!(!text.chars().any(steers), "{arguments:?}: {text:?}");
            assert!(
                !text.lines().any(|line| line.trim_start().starts_with("::")),
                "{arguments:?}: {text}"
            );
            assert!(
                !text.contains("##[") && !text.contains(&token),
                "{arguments:?}: {text}"
            );
        }
    }

    fs::remove_dir_all(folder).expect("it is there");
}
