//! What one cause is called, and how much it weighs: little repositories, and which rules speak at
//! which level.

use deploylint::config::Config;
use deploylint::engine::lint_texts;

/// `rule level text`, one a line, of the rules that are asked for.
fn found(rules: &[&str], files: &[(&str, &str)]) -> Vec<String> {
    let outcome = lint_texts(Config::default(), files);
    let findings = outcome
        .findings
        .iter()
        .filter(|finding| rules.contains(&finding.rule));
    findings
        .map(|finding| {
            let text = &outcome.sources[finding.location.file.0 as usize].text;
            format!(
                "{} {} {}",
                finding.rule,
                finding.level.as_str(),
                finding.location.span.text(text)
            )
        })
        .collect()
}

#[track_caller]
fn check(rules: &[&str], path: &str, text: &str, expected: &[&str]) {
    assert_eq!(found(rules, &[(path, text)]), expected, "{text}");
}

#[test]
fn a_default_is_guessable_or_a_secret() {
    const RULES: &[&str] = &[
        "default-credentials",
        "secret-in-env",
        "connection-string",
        "provider-token",
    ];
    let service = |line: &str| format!("services:\n  a:\n    image: acme/a:1\n{line}\n");
    let weak = service("    environment:\n      DB_PASSWORD: ${DB_PASSWORD:-postgres}");
    check(
        RULES,
        "compose.yaml",
        &weak,
        &["default-credentials warning postgres"],
    );
    let value = concat!("q8Zt4Lw1Xn", "7Rb2Vk9Dm5");
    let secret = service(&format!(
        "    environment:\n      KEY: ${{SIGNING_SECRET:-{value}}}"
    ));
    check(
        RULES,
        "compose.yaml",
        &secret,
        &[&format!("secret-in-env error {value}")],
    );
    check(
        RULES,
        "compose.dev.yaml",
        &secret,
        &[&format!("secret-in-env warning {value}")],
    );
    // Outside of variables too.
    let command = service(&format!(
        "    command: serve --key ${{SIGNING_SECRET:-{value}}}"
    ));
    check(
        RULES,
        "compose.yaml",
        &command,
        &[&format!("secret-in-env error {value}")],
    );
}

#[test]
fn a_url_in_a_comment_shows_a_shape() {
    const RULES: &[&str] = &["connection-string"];
    let text =
        |url: &str| format!("services:\n  a:\n    image: acme/a:1\n    # - DATABASE_URL={url}\n");
    let weak = text(&["postgresql://shop:", "shop@postgres:5432/shop"].concat());
    check(
        RULES,
        "compose.yaml",
        &weak,
        &["connection-string note shop"],
    );
    let chosen = text(&["postgresql://shop:", "Tr0ub4dor-and-3@db.acme.io:5432/shop"].concat());
    check(
        RULES,
        "compose.yaml",
        &chosen,
        &["connection-string error Tr0ub4dor-and-3"],
    );
}

#[test]
fn one_missing_env_file_is_one_finding() {
    const RULES: &[&str] = &["env-example", "missing-mounted-file"];
    let text = "services:\n  a:\n    image: acme/a:1\n    env_file: [.env, more.conf]\n";
    check(
        RULES,
        "compose.yaml",
        text,
        &[
            "env-example warning .env",
            "missing-mounted-file warning more.conf",
        ],
    );
    // Where an example elsewhere keeps `env-example` quiet, the file is still missing.
    let files = [("compose.yaml", text), ("other/.env.example", "PORT=1\n")];
    let expected = [
        "missing-mounted-file warning .env",
        "missing-mounted-file warning more.conf",
    ];
    assert_eq!(found(RULES, &files), expected);
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
    let text = "services:
  init-data:
    image: busybox:1.37
    user: root
    command: chown -R 10001 /data
  api:
    image: acme/api:1.4.2
    user: root
    depends_on:
      init-data: {condition: service_completed_successfully}
";
    check(
        &["non-root-user"],
        "compose.yaml",
        text,
        &["non-root-user error root", "non-root-user note root"],
    );
}

#[test]
fn a_developers_machine_is_its_own() {
    let text = "services:\n  a:\n    image: acme/a:1\n    security_opt: [seccomp:unconfined]\n    cap_add: [SYS_PTRACE]\n";
    let rules = ["security-profile-disabled", "dangerous-capability"];
    let at = |level: &str| {
        [
            format!("security-profile-disabled {level} seccomp:unconfined"),
            format!("dangerous-capability {level} SYS_PTRACE"),
        ]
    };

    assert_eq!(found(&rules, &[("compose.yaml", text)]), at("error"));
    assert_eq!(found(&rules, &[("compose.dev.yaml", text)]), at("warning"));
}

#[test]
fn nothing_can_be_asked_of_a_bare_image() {
    let rules = ["healthcheck", "healthcheck-tool"];
    let text = |tag: &str, rest: &str| {
        format!("services:\n  a:\n    image: portainer/portainer-ce:{tag}\n{rest}")
    };

    check(&rules, "compose.yaml", &text("2.21.0", ""), &[]);
    check(
        &rules,
        "compose.yaml",
        &text("2.21.0-alpine", ""),
        &["healthcheck warning a"],
    );
    let asks = "    healthcheck: {test: [CMD, wget, \"http://localhost:9000\"]}\n";
    check(
        &rules,
        "compose.yaml",
        &text("2.21.0", asks),
        &["healthcheck-tool error wget"],
    );
    check(&rules, "compose.yaml", &text("2.21.0-alpine", asks), &[]);
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
    assert_eq!(related, [(".env", "`PG_TAG` is `latest`")]);
}

#[test]
fn a_workflow_that_does_not_run_is_a_note() {
    let text = "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: acme/tool@main\n";
    let live = (
        ".github/workflows/ci.yml",
        "on: push\npermissions: {}\njobs: {}\n",
    );
    for (path, level) in [
        (".github/workflows/a.yml", "warning"),
        (".github/workflows/disabled/a.yml", "note"),
        ("templates/a.yml", "note"),
    ] {
        let expected = format!("pinned-action {level} main");
        assert_eq!(
            found(&["pinned-action"], &[live, (path, text)]),
            [expected],
            "{path}"
        );
    }
}
