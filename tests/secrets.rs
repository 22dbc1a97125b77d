//! No output prints a secret: a repository full of them is linted in every format, and no piece of
//! one may come out. Nor is one secret reported twice, although several rules could.

#[path = "common/files.rs"]
mod files;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use deploylint::catalog::Profile;
use deploylint::config::Config;
use deploylint::engine::lint_texts;

/// How many bytes of a secret may be seen in a row: the prefix of its format and what is around it.
const PIECE: usize = 12;

/// The planted secrets, put together here so that this file holds none.
struct Secrets {
    groq: String,
    github: String,
    stripe: String,
    password: String,
    url_password: String,
    key_body: [String; 3],
    opaque: String,
}

impl Secrets {
    fn new() -> Self {
        let body = "Ht5Vn8Cz2Kp6Xw1Bd9Rj4Ls7Gm3Qf0YeAu5Io8Tk2Ny6Wc1Eb9Zh";
        let line = |from: &str| {
            format!(
                "{from}{}",
                "Wb3rTn8KzY5GpC1LdVf7MsQhJ2XeUoAiR9yD4lNkPtZx6BgFwSvHmEc0OjTa7Uq"
            )
        };

        Self {
            groq: ["gs", "k_", body].concat(),
            github: ["gh", "p_", &body[..36]].concat(),
            stripe: ["sk_", "live_", &body[20..50]].concat(),
            password: ["Hx4-lantern", "-57-gravel"].concat(),
            url_password: ["Mj0rning", "-by-6-rivers"].concat(),
            key_body: [line("MIIE"), line("vgIB"), line("ADAN")],
            opaque: ["p3Bn7sKd40", "VzCw62HgEu", "91Jt"].concat(),
        }
    }

    fn all(&self) -> Vec<&str> {
        let words = [
            &self.groq,
            &self.github,
            &self.stripe,
            &self.password,
            &self.url_password,
            &self.opaque,
        ];
        words
            .into_iter()
            .chain(&self.key_body)
            .map(String::as_str)
            .collect()
    }

    /// The repository that is full of them.
    fn files(&self) -> Vec<(String, String)> {
        let Self {
            groq,
            github,
            stripe,
            password,
            url_password,
            key_body,
            opaque,
        } = self;
        let key = format!(
            r"{}{}
{}
{}{}
",
            "-----BEGIN RSA PRIVATE ",
            "KEY-----",
            key_body.join("\n"),
            "-----END RSA PRIVATE ",
            "KEY-----"
        );
        let indented_key = key.replace('\n', "\n    ");
        let indented_key = indented_key.trim_end();
        let url = format!("postgres://app:{url_password}@db.internal:5432/app");

        files::files(&format!(
            r##"//- Dockerfile
FROM python:3.12-slim
ARG API_TOKEN={opaque}
ENV DB_PASSWORD="{password}" DATABASE_URL={url}
LABEL token={groq}
RUN curl -u ci:{password} -H "Authorization: Bearer {opaque}" https://acme.io/ && \
    git clone https://ci:{url_password}@git.acme.io/a.git
# {stripe}
CMD ["serve", "--password", "{password}"]
//- compose.yaml
services:
  api:
    image: acme/api:1
    command: serve --token {opaque}
    build:
      context: .
      args:
        NPM_TOKEN: {opaque}
    environment:
      JWT_SECRET: {opaque}
      URL: ${{URL:-{url}}}
      SECRET: ${{SECRET:-{opaque}}}
    labels:
      - secret={github}
//- k8s/all.yaml
apiVersion: v1
kind: Secret
metadata: {{name: s}}
stringData:
  password: {password}
  key: |
    {indented_key}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: c}}
data:
  token: {groq}
  app.ini: |
    password = {password}
    url = {url}
---
apiVersion: v1
kind: Pod
metadata: {{name: p}}
spec:
  containers:
    - name: a
      image: a:1
      env:
        - {{name: API_KEY, value: '{opaque}'}}
//- .github/workflows/ci.yml
on: push
env:
  GITHUB_TOKEN: {github}
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: |
          export STRIPE_KEY={stripe}
          docker run -e API_KEY={opaque} acme/x
      - uses: a/b@v1
        with:
          password: {password}
//- .env
OPENAI=x
DB_PASSWORD='{password}'
TOKEN={github}
DATABASE_URL={url}
//- .env.example
JWT_SECRET={opaque}
GROQ={groq}
//- src/app.py
KEY = "{groq}"; OTHER = "{github}"
DB = "{url}"
PEM = """{key}"""
//- certs/server.key
{key}//- docs/setup.md
export GROQ_API_KEY={groq}  # é
"##
        ))
    }
}

fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("deploylint-secrets-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    folder
}

const CHECK: &[&str] = &[
    "check",
    "--isolated",
    "--profile",
    "strict",
    "--min-level",
    "note",
];

fn run(command: &[&str], arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_deploylint"))
        .args(command)
        .args(arguments)
        .arg(folder)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8(text).unwrap()
}

/// The first piece of a secret that a text holds.
fn leak<'s>(text: &str, secrets: &[&'s str]) -> Option<&'s str> {
    secrets
        .iter()
        .flat_map(|secret| pieces(secret))
        .find(|piece| text.contains(piece))
}

fn pieces(secret: &str) -> impl Iterator<Item = &str> {
    (0..=secret.len().saturating_sub(PIECE)).map(|start| &secret[start..start + PIECE])
}

#[test]
fn one_secret_is_one_finding() {
    const RULES: &[&str] = &[
        "committed-secret",
        "connection-string",
        "default-credentials",
        "generic-credential",
        "live-example-value",
        "private-key",
        "provider-token",
        "secret-in-build-arg",
        "secret-in-command",
        "secret-in-configmap",
        "secret-in-env",
    ];
    let files = Secrets::new().files();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let outcome = lint_texts(
        Config {
            profile: Profile::Strict,
            ..Config::default()
        },
        &files,
    );
    let mut found: Vec<_> = outcome
        .findings
        .iter()
        .filter(|finding| RULES.contains(&finding.rule))
        .collect();
    found.sort_by_key(|finding| finding.location);
    assert!(found.len() > 20, "{}", found.len());

    for pair in found.windows(2) {
        let apart = pair[0].location.file != pair[1].location.file
            || pair[0].location.span.end <= pair[1].location.span.start;
        assert!(
            apart,
            "{} and {} speak of the same place: {}",
            pair[0].rule, pair[1].rule, pair[1].message
        );
    }
}

#[test]
fn no_output_prints_a_secret() {
    let secrets = Secrets::new();
    let folder = folder();

    for (path, text) in secrets.files() {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    let all = secrets.all();

    for format in ["text", "concise", "json", "sarif", "github"] {
        let output = run(CHECK, &["--format", format], &folder);
        for rule in [
            "secret-in-env",
            "secret-in-command",
            "provider-token",
            "private-key",
            "env-file-committed",
        ] {
            // GitHub shows ten annotations of a level.
            assert!(
                format == "github" || output.contains(rule),
                "{format}: {rule} is not reported:\n{output}"
            );
        }

        assert!(output.contains("secret-in-env"), "{format}:\n{output}");
        assert_eq!(
            leak(&output, &all),
            None,
            "{format} prints a piece of a secret"
        );
    }
    // A rule that is not asked for must not take the masks of its secrets with it.
    for select in ["healthcheck", "env-example", "pinned-image"] {
        let output = run(CHECK, &["--select", select], &folder);
        assert_eq!(
            leak(&output, &all),
            None,
            "--select {select} prints a piece of a secret"
        );
    }

    for format in ["text", "json"] {
        let output = run(&["facts", "--isolated"], &["--format", format], &folder);
        assert!(output.contains("serve --token"), "{format}:\n{output}");
        assert_eq!(
            leak(&output, &all),
            None,
            "the facts as {format} print a piece of a secret"
        );
    }

    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_leak_would_be_seen() {
    let secrets = Secrets::new();
    let shown = format!("x {} y", &secrets.groq[3..3 + PIECE]);
    assert!(leak(&shown, &secrets.all()).is_some());
    assert!(leak("gsk_…b9Zh", &secrets.all()).is_none());
}
