//! Small files that would come to gigabytes or hours: each is linted to its end, what cannot be
//! known is unknown, and what is wrong beside it is found.

use deploylint::catalog::{Profile, rule};
use deploylint::config::Config;
use deploylint::engine::lint_texts;

/// The findings of one rule as `line: message`, with every rule on.
/// The findings of a rule, once for each of their places.
fn findings(name: &str, files: &[(&str, &str)]) -> Vec<String> {
    assert!(rule(name).is_some(), "{name} is not a rule");
    let config = Config {
        profile: Profile::Strict,
        ..Config::default()
    };

    let outcome = lint_texts(config, files);
    let broken = outcome
        .findings
        .iter()
        .filter(|finding| finding.rule == "internal-error");
    assert_eq!(broken.count(), 0);
    let own = outcome
        .findings
        .iter()
        .filter(|finding| finding.rule == name);
    own.flat_map(|finding| finding.places().map(move |place| (finding, place)))
        .map(|(finding, place)| {
            let source = &outcome.sources[place.file.0 as usize];
            let line = source.lines().position(place.span.start, &source.text).line;
            format!("{line}: {}", finding.message)
        })
        .collect()
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

/// Lines that each name the variable before twice: the last value is `2^count` letters long.
fn doubling(count: usize, line: impl Fn(usize, usize) -> String) -> String {
    lines(count, |number| line(number + 1, number))
}

#[test]
fn arguments_that_double_become_unknown() {
    let arguments = doubling(64, |own, before| {
        format!("ARG V{own}=$V{before}$V{before}\n")
    });

    let text = format!(
        r"ARG V0=a
{arguments}FROM $V64
FROM $V2
FROM redis
"
    );
    let found = findings("pinned-image", &[("Dockerfile", &text)]);
    let locations: Vec<&str> = found
        .iter()
        .filter_map(|found| found.split(':').next())
        .collect();
    // Errors come first; no official image is called `aaaa`.
    assert_eq!(locations, ["68", "67"], "{found:?}");
}

#[test]
fn environment_that_doubles_becomes_unknown() {
    let variables = doubling(64, |own, before| {
        format!("ENV V{own}=$V{before}$V{before}\n")
    });

    let text = format!(
        r"FROM alpine:3.22
ENV V0=0
{variables}WORKDIR $V64
WORKDIR here
USER $V3
"
    );
    assert_eq!(
        findings("absolute-workdir", &[("Dockerfile", &text)]).len(),
        1
    );
    assert_eq!(
        findings("undefined-variable", &[("Dockerfile", &text)]),
        [""; 0]
    );
}

#[test]
fn a_long_value_is_not_repeated_without_end() {
    let long = "x".repeat(4_000);
    let labels = lines(20_000, |number| format!("LABEL l{number}=$LONG\n"));
    let text = format!(
        r"FROM alpine:3.22
ENV LONG={long}
{labels}WORKDIR here
"
    );
    assert_eq!(
        findings("absolute-workdir", &[("Dockerfile", &text)]).len(),
        1
    );
}

#[test]
fn env_files_that_double_become_unknown() {
    let variables = doubling(64, |own, before| {
        format!("V{own}=${{V{before}}}${{V{before}}}\n")
    });

    let env = format!("V0=a\n{variables}");
    let compose = r"services:
  long:
    image: ${V64}
  short:
    image: ${V2}
  plain:
    image: redis
";
    let found = findings("pinned-image", &[(".env", &env), ("compose.yaml", compose)]);
    let locations: Vec<&str> = found
        .iter()
        .filter_map(|found| found.split(':').next())
        .collect();
    assert_eq!(locations, ["7", "5"], "{found:?}");
}

fn chain(count: usize, run: impl Fn(usize) -> &'static str) -> String {
    let job = |number: usize| {
        let needs = if number > 0 {
            format!("    needs: [step{}]\n", number - 1)
        } else {
            String::new()
        };

        format!(
            r"  step{number}:
    runs-on: ubuntu-24.04
{needs}    steps:
      - run: {}
",
            run(number)
        )
    };

    format!(
        r"on: push
jobs:
{}",
        lines(count, job)
    )
}

#[test]
fn tests_are_found_at_both_ends_of_a_long_chain_of_jobs() {
    const COUNT: usize = 1_500;
    const PUSH: &str = "docker push acme/app:1.2.3";
    let none = chain(COUNT, |_| PUSH);
    let first = chain(COUNT, |number| if number == 0 { "npm test" } else { PUSH });
    let last = chain(COUNT, |number| {
        if number == COUNT - 1 {
            "npm test"
        } else {
            PUSH
        }
    });

    let found =
        |text: &str| findings("deploy-needs-tests", &[(".github/workflows/ci.yml", text)]).len();
    // The missing gate is one cause, however many jobs lack it.
    assert_eq!((found(&none), found(&first), found(&last)), (1, 0, 0));
}

#[test]
fn a_long_chain_of_jobs_has_a_circle_only_where_it_closes() {
    const COUNT: usize = 1_500;
    let open = chain(COUNT, |_| "make");
    let closed = open.replacen("  step0:\n", "  step0:\n    needs: [step1]\n", 1);
    let found = |text: &str| findings("cyclic-needs", &[(".github/workflows/ci.yml", text)]).len();
    assert_eq!((found(&open), found(&closed)), (0, 1));
}

#[test]
fn the_last_of_many_stages_knows_what_the_first_one_set() {
    let stages = lines(3_000, |number| {
        format!("FROM s{number} AS s{}\nENV V{number}=1\n", number + 1)
    });

    let text = format!(
        r"FROM alpine:3.22 AS s0
ENV FIRST=1
{stages}LABEL a=$FIRST b=$V17 c=$NOWHERE
"
    );
    let found = findings("undefined-variable", &[("Dockerfile", &text)]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("NOWHERE"), "{found:?}");
}

#[test]
fn the_shell_of_an_early_stage_counts_in_a_late_one() {
    let stages = lines(500, |number| format!("FROM s{number} AS s{}\n", number + 1));
    let run = "RUN curl -fsS https://example.org/a | tar -x\n";
    let with = |shell: &str| format!("FROM debian:12 AS s0\n{shell}{stages}{run}");
    let found = |text: &str| findings("pipefail", &[("Dockerfile", text)]).len();
    let shell = "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\n";
    assert_eq!((found(&with("")), found(&with(shell))), (1, 0));
}

fn deployment(name: &str, app: &str) -> String {
    format!(
        r"apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  selector: {{matchLabels: {{run: {app}}}}}
  template:
    metadata: {{labels: {{run: {app}}}}}
    spec:
      containers: [{{name: main, image: 'acme/app:1.2'}}]
"
    )
}

#[test]
fn policies_for_every_pod_do_not_hide_a_service_for_none() {
    let policy = |number: usize| {
        let deployment = deployment(&format!("app{number}"), "all");
        format!(
            r"{deployment}---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: deny{number}}}
spec: {{podSelector: {{}}, policyTypes: [Ingress]}}
---
"
        )
    };

    let service = r"apiVersion: v1
kind: Service
metadata: {name: lost}
spec: {selector: {run: al}, ports: [{port: 80}]}
";
    let text = format!("{}{service}", lines(1_000, policy));
    let found = findings("dangling-service", &[("all.yaml", &text)]);
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn places_in_one_long_line_are_counted() {
    let pod = |number: usize| {
        let comma = if number > 0 { "," } else { "" };
        format!(
            "{comma}{{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{{\"name\":\"p{number}\"}},\
             \"spec\":{{\"containers\":[{{\"name\":\"é\",\"image\":\"acme/app:latest\"}}]}}}}"
        )
    };

    let text = format!(
        "{{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{}]}}",
        lines(1_000, pod)
    );
    assert_eq!(
        findings("pinned-image", &[("all.json", &text)]).len(),
        1_000
    );
}

#[test]
fn a_long_command_keeps_the_places_of_its_words() {
    let command = lines(5_000, |number| {
        format!("      echo $GREETING word{number}\n")
    });

    let text = format!(
        r"services:
  web:
    command: |
{command}    image: redis
"
    );
    let found = findings(
        "pinned-image",
        &[(".env", "GREETING=hello\n"), ("compose.yaml", &text)],
    );
    assert!(
        found.len() == 1 && found[0].starts_with("5004:"),
        "{found:?}"
    );
}

#[test]
fn one_unknown_name_among_thousands_is_told() {
    let known = "pinned-image,".repeat(20_000);
    let text = format!(
        r"FROM redis # x
# deploylint: ignore[{known}pined-image] they are many
RUN ls
"
    );
    let found = findings("unknown-rule", &[("Dockerfile", &text)]);
    assert_eq!(found, ["2: unknown rule `pined-image`"]);
}

#[test]
fn runs_of_braces_are_read_once() {
    let chart = r"apiVersion: v2
name: a
version: 1.0.0
";
    let actions = format!(
        r"apiVersion: v1
kind: Pod
{}
",
        "{{ end }}".repeat(20_000)
    );
    let open = format!("a: b\n{}\n", "{{ é".repeat(50_000));
    let json = format!(
        "{{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"a\":\"{}",
        "\"{{".repeat(50_000)
    );
    let files = [
        ("Chart.yaml", chart),
        ("Dockerfile", "FROM redis\n"),
        ("a.json", &json),
        ("other/templates/open.yaml", &open),
        ("templates/actions.yaml", &actions),
    ];
    assert_eq!(findings("pinned-image", &files).len(), 1);
}
