//! What files are for: by their paths, by what they say, and by what uses them. A container in
//! privileged mode is an error in production and a note elsewhere.

mod common;

use common::Rules;
use deploylint::catalog::Profile;
use deploylint::config::Config;
use deploylint::engine::lint_texts;
use deploylint::finding::Level;

const RULES: Rules = Rules {
    names: &["privileged-container"],
    profile: Profile::Recommended,
};

#[test]
fn a_header_says_what_a_file_is_for() {
    for (header, level) in [
        ("# The shop, as it runs in production.", "error"),
        ("# Generated. Do not edit.", "error"),
        ("# For local\n# development only.", "note"),
        ("# Do not use in production!", "note"),
        ("---\n\n# This is an example of a shop.", "note"),
    ] {
        RULES.check(&format!(
            r"//- compose.yaml
{header}
services:
  shop:
    image: acme/shop:1
    privileged: true
                ^^^^ {level}[privileged-container]
"
        ));
    }
}

#[test]
fn a_comment_below_is_not_a_header() {
    RULES.check(
        r"//- compose.yaml
services:
  # For development only.
  shop:
    image: acme/shop:1
    privileged: true
                ^^^^ error[privileged-container]
",
    );
}

#[test]
fn what_production_uses_is_production() {
    for (path, level) in [("test/pod.yaml", "error"), ("test/other.yaml", "note")] {
        RULES.check(&format!(
            r"//- kustomization.yaml
resources: [test/pod.yaml]
//- {path}
apiVersion: v1
kind: Pod
metadata:
  name: a
spec:
  containers:
    - name: a
      image: acme/a:1.0.0
      securityContext:
        privileged: true
                    ^^^^ {level}[privileged-container]
"
        ));
    }
}

#[test]
fn what_a_deploy_applies_is_production() {
    for (job, level) in [("rollout", "error"), ("smoke-test", "note")] {
        RULES.check(&format!(
            r"//- .github/workflows/main.yml
on: push
jobs:
  {job}:
    runs-on: ubuntu-24.04
    steps:
      - run: kubectl apply -f manifests/sandbox
//- manifests/sandbox/pod.yaml
apiVersion: v1
kind: Pod
metadata:
  name: a
spec:
  containers:
    - name: a
      image: acme/a:1.0.0
      securityContext:
        privileged: true
                    ^^^^ {level}[privileged-container]
"
        ));
    }
}

#[test]
fn a_compose_file_tries_what_another_one_deploys() {
    RULES.check(
        r"//- compose.yaml
services:
  cart:
    build: ./cart
//- cart/Dockerfile
FROM scratch
//- cart/compose.yaml
services:
  cart:
    build: .
    privileged: true
                ^^^^ note[privileged-container]
",
    );
    RULES.check(
        r"//- compose.yaml
services:
  cart:
    image: acme/cart:1
    privileged: true
                ^^^^ note[privileged-container]
//- compose.prod.yaml
services:
  shop:
    image: acme/shop:1
    privileged: true
                ^^^^ error[privileged-container]
",
    );
}

#[test]
fn a_service_is_for_development_by_its_profile_or_its_build() {
    RULES.check(
        r"//- compose.yaml
services:
  shop:
    image: acme/shop:1
    privileged: true
                ^^^^ error[privileged-container]
  mail:
    image: acme/mail:1
    profiles: [dev, test]
    privileged: true
                ^^^^ note[privileged-container]
  trace:
    image: acme/trace:1
    profiles: [dev, ops]
    privileged: true
                ^^^^ error[privileged-container]
  assets:
    build: {dockerfile: Dockerfile.dev}
    privileged: true
                ^^^^ note[privileged-container]
//- Dockerfile.dev
FROM scratch
",
    );
}

#[test]
fn a_helm_test_installs_nothing() {
    for (hook, level) in [("test", "note"), ("pre-install", "error")] {
        RULES.check(&format!(
            r"//- chart/Chart.yaml
name: chart
//- chart/templates/job.yaml
apiVersion: v1
kind: Pod
metadata:
  name: a
  annotations:
    helm.sh/hook: {hook}
spec:
  containers:
    - name: a
      image: acme/a:1.0.0
      securityContext:
        privileged: true
                    ^^^^ {level}[privileged-container]
"
        ));
    }
}

#[test]
fn a_stage_for_development_is_production_where_it_is_shipped() {
    const RULES: Rules = Rules {
        names: &["verification-disabled"],
        profile: Profile::Recommended,
    };

    for (last, level) in [("base", "note"), ("dev", "error")] {
        RULES.check(&format!(
            r"//- Dockerfile
FROM debian:12.5 AS base
FROM base AS dev
RUN curl -k https://example.com/tool -o /usr/bin/tool
         ^^ {level}[verification-disabled]
FROM {last}
"
        ));
    }
}

#[test]
fn the_configuration_sets_roles() {
    let files = [
        ("deploy/base/compose.yaml", POD),
        ("deploy/try/compose.yaml", OTHER_POD),
    ];
    let config = "[[role]]\nglobs = 'deploy/**'\nrole = 'development'\n\
                  [[role]]\nglobs = 'deploy/base'\nrole = 'production'\n";
    let config = Config::parse("deploylint.toml", config).expect("a valid configuration");
    let outcome = lint_texts(config, &files);

    let levels: Vec<(&str, Level)> = outcome
        .findings
        .iter()
        .filter(|finding| finding.rule == "privileged-container")
        .map(|finding| {
            let source = &outcome.sources[finding.location.file.0 as usize];
            (source.path.as_str(), finding.level)
        })
        .collect();
    assert_eq!(
        levels,
        [
            ("deploy/base/compose.yaml", Level::Error),
            ("deploy/try/compose.yaml", Level::Note),
        ]
    );
}

const POD: &str = "services: {a: {image: 'acme/a:1', privileged: true}}\n";

#[test]
fn what_is_shown_is_no_evidence_for_what_is_deployed() {
    const RULES: Rules = Rules {
        names: &["disruption-budget", "dangling-service", "autoscaler-target"],
        profile: Profile::Recommended,
    };

    for (folder, is_evidence) in [("deploy", true), ("testdata", false)] {
        let mark = if is_evidence {
            ""
        } else {
            "        ^^^ warning[disruption-budget]\n"
        };
        RULES.check(&format!(
            r"//- deploy/api.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
{mark}spec:
  replicas: 3
  selector:
    matchLabels: {{app: api}}
  template:
    metadata:
      labels: {{app: api}}
    spec:
      containers:
        - name: api
          image: acme/api:1.0.0
//- {folder}/budget.yaml
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: api
spec:
  minAvailable: 1
  selector:
    matchLabels: {{app: api}}
---
apiVersion: v1
kind: Service
metadata:
  name: api
spec:
  selector: {{app: api}}
"
        ));
    }
}

#[test]
fn the_user_in_an_example_is_no_evidence_for_an_image() {
    const RULES: Rules = Rules {
        names: &["non-root-user"],
        profile: Profile::Recommended,
    };

    RULES.check(
        r"//- Dockerfile
FROM debian:12.5
     ^^^^^^^^^^^ error[non-root-user]
COPY server /usr/bin/server
CMD ['server']
//- examples/compose.yaml
services:
  server:
    build: ..
    user: '10001'
",
    );
}

#[test]
fn a_dockerfile_that_holds_a_version_does_not_run() {
    const RULES: Rules = Rules {
        names: &["non-root-user", "pinned-image"],
        profile: Profile::Recommended,
    };

    RULES.check(
        r"//- plugins/logs/Dockerfile
# A bot updates the version.
FROM debian:latest
     ^^^^^^^^^^^^^ error[pinned-image]
//- plugins/logs/install.sh
grep FROM Dockerfile
",
    );
    RULES.check(
        r"//- services/logs/Dockerfile
FROM debian:12.5
     ^^^^^^^^^^^ error[non-root-user]
//- compose.yaml
services:
  logs:
    build: services/logs
",
    );
}
const OTHER_POD: &str = "services: {b: {image: 'acme/b:1', privileged: true}}\n";

/// Pages of READMEs and folders, each with the level of what is privileged in `a/compose.yaml`.
#[test]
fn a_readme_presents_samples() {
    const SERVICE: &str = "services:\n  a:\n    image: acme/a:1\n";
    let folders = format!("//- b/compose.yaml\n{SERVICE}//- c/d/compose.yaml\n{SERVICE}");
    let two = format!("//- b/compose.yaml\n{SERVICE}");
    let own = format!("{folders}//- compose.yaml\n{SERVICE}");
    let deploy = format!(
        "{folders}//- .github/workflows/main.yml\non: push\njobs:\n  rollout:\n    runs-on: \
         ubuntu-24.04\n    steps:\n      - run: docker compose -f a/compose.yaml up -d\n"
    );

    for (readme, title, others, level) in [
        ("README.md", "Compose examples", &folders, "note"),
        ("README.md", "Compose", &folders, "error"),
        // Two folders are a product with two parts.
        ("README.md", "Compose examples", &two, "error"),
        // The root deploys something of its own.
        ("README.md", "Compose examples", &own, "error"),
        ("README.md", "Compose examples", &deploy, "error"),
        // A README in a folder is about that folder.
        ("a/README.md", "Compose examples", &own, "note"),
        ("b/README.md", "Compose examples", &own, "error"),
    ] {
        RULES.check(&format!(
            r"//- {readme}
# {title}
{others}//- a/compose.yaml
services:
  a:
    image: acme/a:1
    privileged: true
                ^^^^ {level}[privileged-container]
"
        ));
    }
}

#[test]
fn what_is_archived_runs_nowhere() {
    let rules = Rules {
        names: &["unknown-field", "committed-secret"],
        ..RULES
    };

    rules.check(
        r"//- _archived/shop/pod.yaml
apiVersion: v1
kind: Pod
metadata:
  name: a
spec:
  containers:
    - name: a
      image: acme/a:1.0.0
      imagee: acme/a:1.0.0
      ^^^^^^ note[unknown-field]
",
    );
}
