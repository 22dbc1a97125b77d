//! How much a cause weighs: little repositories, and which rules report at which level.

mod common;

use common::Rules;
use deploylint::catalog::Profile;
use deploylint::config::Config;
use deploylint::engine::lint_texts;

/// The rules of these names, as they are by default.
const fn rules(names: &'static [&'static str]) -> Rules<'static> {
    Rules {
        names,
        profile: Profile::Recommended,
    }
}

#[test]
fn a_default_is_guessable_or_a_secret() {
    const RULES: Rules = rules(&[
        "default-credentials",
        "secret-in-env",
        "connection-string",
        "provider-token",
    ]);
    RULES.check(
        r"//- compose.yaml
services:
  a:
    image: acme/a:1
    environment:
      DB_PASSWORD: ${DB_PASSWORD:-postgres}
                                  ^^^^^^^^ warning[default-credentials]
",
    );

    let value = concat!("q8Zt4Lw1Xn", "7Rb2Vk9Dm5");
    let carets = "^".repeat(value.len());

    for (path, level) in [("compose.yaml", "error"), ("compose.dev.yaml", "warning")] {
        RULES.check(&format!(
            r"//- {path}
services:
  a:
    image: acme/a:1
    environment:
      KEY: ${{SIGNING_SECRET:-{value}}}
                             {carets} {level}[secret-in-env]
"
        ));
    }

    // Outside of variables too.
    RULES.check(&format!(
        r"//- compose.yaml
services:
  a:
    image: acme/a:1
    command: serve --key ${{SIGNING_SECRET:-{value}}}
                                           {carets} error[secret-in-env]
"
    ));
}

#[test]
fn a_url_in_a_comment_shows_a_shape() {
    const RULES: Rules = rules(&["connection-string"]);
    let password = "shop";
    RULES.check(&format!(
        r"//- compose.yaml
services:
  a:
    image: acme/a:1
    # - DATABASE_URL=postgresql://shop:{password}@postgres:5432/shop
                                       ^^^^ note[connection-string]
"
    ));

    let password = "Tr0ub4dor-and-3";
    let carets = "^".repeat(password.len());
    RULES.check(&format!(
        r"//- compose.yaml
services:
  a:
    image: acme/a:1
    # - DATABASE_URL=postgresql://shop:{password}@db.acme.io:5432/shop
                                       {carets} error[connection-string]
"
    ));
}

#[test]
fn one_missing_env_file_is_one_finding() {
    const RULES: Rules = rules(&["env-example", "missing-mounted-file"]);
    RULES.check(
        r"//- compose.yaml
services:
  a:
    image: acme/a:1
    env_file: [.env, more.conf]
               ^^^^ warning[env-example]
                     ^^^^^^^^^ warning[missing-mounted-file]
",
    );
    // Where an example elsewhere keeps `env-example` quiet, the file is still missing.
    RULES.check(
        r"//- compose.yaml
services:
  a:
    image: acme/a:1
    env_file: [.env, more.conf]
               ^^^^ warning[missing-mounted-file]: …(and 1 more in this file)
                     ^^^^^^^^^ also[missing-mounted-file]
//- other/.env.example
PORT=1
",
    );
}

#[test]
fn help_knows_what_is_there() {
    let text = "services:
  api:
    image: acme/api:1.4.2
    depends_on: [db]
  db:
    image: postgres:17.2
    ports: [\"${DB_PORT:-5432}:5432\"]
    healthcheck: {test: [CMD, pg_isready]}
";
    let outcome = lint_texts(Config::default(), &[("compose.yaml", text)]);
    let help = |rule: &str| {
        outcome
            .findings
            .iter()
            .find(|finding| finding.rule == rule)?
            .help
            .as_deref()
    };

    let wait =
        "wait for the health check of `db`: `depends_on: { db: { condition: service_healthy } }`";
    assert_eq!(help("depends-on-health"), Some(wait));
    assert!(
        help("published-datastore")
            .is_some_and(|help| help.ends_with("`127.0.0.1:${DB_PORT:-5432}:5432`"))
    );
}

#[test]
fn what_ends_may_be_root() {
    rules(&["non-root-user"]).check(
        r"//- compose.yaml
services:
  init-data:
    image: busybox:1.37
    user: root
          ^^^^ note[non-root-user]
    command: chown -R 10001 /data
  api:
    image: acme/api:1.4.2
    user: root
          ^^^^ error[non-root-user]
    depends_on:
      init-data: {condition: service_completed_successfully}
",
    );
}

#[test]
fn a_developers_machine_is_its_own() {
    const RULES: Rules = rules(&["security-profile-disabled", "dangerous-capability"]);

    for (path, level) in [("compose.yaml", "error"), ("compose.dev.yaml", "note")] {
        RULES.check(&format!(
            r"//- {path}
services:
  a:
    image: acme/a:1
    security_opt: [seccomp:unconfined]
                   ^^^^^^^^^^^^^^^^^^ {level}[security-profile-disabled]
    cap_add: [SYS_PTRACE]
              ^^^^^^^^^^ {level}[dangerous-capability]
"
        ));
    }
}

#[test]
fn what_shows_something_is_noted_once_a_folder() {
    const RULES: Rules = rules(&["privileged-container", "selector-mismatch"]);
    RULES.check(
        r"//- examples/a.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: a
spec:
  selector:
  ^^^^^^^^ error[selector-mismatch]
    matchLabels:
      app: a
  template:
    metadata:
      labels:
        app: b
    spec:
      containers:
        - name: a
          image: acme/a:1.0.0
          securityContext:
            privileged: true
                        ^^^^ note[privileged-container]: `a` runs in privileged mode (and 1 more in 2 files)
//- examples/b.yaml
apiVersion: v1
kind: Pod
metadata:
  name: b
spec:
  containers:
    - name: b
      image: acme/b:1.0.0
      securityContext:
        privileged: true
                    ^^^^ also[privileged-container]
",
    );
}

#[test]
fn nothing_can_be_asked_of_a_bare_image() {
    const RULES: Rules = rules(&["healthcheck", "healthcheck-tool"]);
    RULES.check(
        r"//- compose.yaml
services:
  a:
    image: portainer/portainer-ce:2.21.0
",
    );
    RULES.check(
        r"//- compose.yaml
services:
  a:
  ^ note[healthcheck]
    image: portainer/portainer-ce:2.21.0-alpine
",
    );
    RULES.check(
        r#"//- compose.yaml
services:
  a:
    image: portainer/portainer-ce:2.21.0
    healthcheck: {test: [CMD, wget, "http://localhost:9000"]}
                              ^^^^ error[healthcheck-tool]
"#,
    );
    RULES.check(
        r#"//- compose.yaml
services:
  a:
    image: portainer/portainer-ce:2.21.0-alpine
    healthcheck: {test: [CMD, wget, "http://localhost:9000"]}
"#,
    );
}

#[test]
fn a_tag_from_an_env_file_is_shown_there() {
    let text = "services:\n  db:\n    image: postgres:${PG_TAG:-17.2}\n";
    let outcome = lint_texts(
        Config::default(),
        &[("compose.yaml", text), (".env", "PORT=1\nPG_TAG=latest\n")],
    );
    let finding = outcome
        .findings
        .iter()
        .find(|finding| finding.rule == "pinned-image")
        .unwrap();
    let related: Vec<(&str, &str)> = finding
        .related
        .iter()
        .map(|label| {
            let source = &outcome.sources[label.location.file.0 as usize];
            (source.path.as_str(), label.text.as_str())
        })
        .collect();
    let source = &outcome.sources[finding.location.file.0 as usize];

    assert_eq!(finding.location.span.text(&source.text), "latest");
    assert_eq!(related, [("compose.yaml", "used here")]);
}

#[test]
fn a_workflow_that_does_not_run_is_a_note() {
    for (path, level) in [
        (".github/workflows/a.yml", "warning"),
        (".github/workflows/disabled/a.yml", "note"),
        ("templates/a.yml", "note"),
    ] {
        rules(&["pinned-action"]).check(&format!(
            r"//- .github/workflows/ci.yml
on: push
permissions: {{}}
jobs: {{}}
//- {path}
on: push
jobs:
  a:
    runs-on: ubuntu-24.04
    steps:
      - uses: acme/tool@main
                        ^^^^ {level}[pinned-action]
"
        ));
    }
}
