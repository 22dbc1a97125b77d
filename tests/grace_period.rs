//! The stop grace period that `graceful-timeout` compares with the server's own timeout: the one in
//! effect, after patches, merges and interpolation.

use deploylint::config::Config;
use deploylint::engine::lint_texts;

/// `path: text of the span: message` of each finding.
fn findings(files: &[(&str, &str)]) -> Vec<String> {
    let outcome = lint_texts(Config::default(), files);
    let findings = outcome.findings.iter();
    findings
        .filter(|finding| finding.rule == "graceful-timeout")
        .map(|finding| {
            let source = &outcome.sources[finding.location.file.0 as usize];
            let text = finding.location.span.text(&source.text);
            format!("{}: {text}: {}", source.path, finding.message)
        })
        .collect()
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(findings(files), expected, "{files:#?}");
}

const DEPLOYMENT: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      terminationGracePeriodSeconds: 8
      containers:
        - name: shop
          image: acme/shop:2.1.0
          args: [gunicorn, shop:app, --graceful-timeout, '25']
";

const BASE: (&str, &str) = ("base/kustomization.yaml", "resources: [shop.yaml]\n");

#[test]
fn a_manifest_alone_is_taken_as_written() {
    check(
        &[("base/shop.yaml", DEPLOYMENT)],
        &[
            "base/shop.yaml: 8: `shop` is killed after 8 s, but `gunicorn` waits 25 s for its requests",
        ],
    );
}

#[test]
fn a_kustomize_patch_sets_the_period() {
    let overlay = r"
resources: [../base]
patches:
  - path: grace.yaml
";

    for (seconds, expected) in [
        ("40", None),
        (
            "9",
            Some(
                "live/grace.yaml: 9: `shop` is killed after 9 s, but `gunicorn` waits 25 s for its requests",
            ),
        ),
    ] {
        let patch = format!(
            r"
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  template:
    spec:
      terminationGracePeriodSeconds: {seconds}
"
        );
        let files = [
            ("base/shop.yaml", DEPLOYMENT),
            BASE,
            ("live/kustomization.yaml", overlay),
            ("live/grace.yaml", patch.as_str()),
        ];

        check(&files, expected.as_slice());
    }
}

#[test]
fn a_json_patch_sets_the_period() {
    let overlay = r"
resources: [../base]
patches:
  - target: {kind: Deployment, name: shop}
    patch: |-
      - op: replace
        path: /spec/template/spec/terminationGracePeriodSeconds
        value: 50
";
    check(
        &[
            ("base/shop.yaml", DEPLOYMENT),
            BASE,
            ("live/kustomization.yaml", overlay),
        ],
        &[],
    );
}

#[test]
fn a_template_with_a_written_period_is_compared() {
    let chart = (
        "chart/Chart.yaml",
        "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
    );
    let template = DEPLOYMENT.replace(
        "metadata:\n  name: shop",
        "metadata:\n  name: {{ .Release.Name }}",
    );
    check(
        &[chart, ("chart/templates/shop.yaml", &template)],
        &[
            "chart/templates/shop.yaml: 8: `shop` is killed after 8 s, but `gunicorn` waits 25 s for its requests",
        ],
    );

    let open = template.replace("Seconds: 8", "Seconds: {{ .Values.grace }}");
    check(&[chart, ("chart/templates/shop.yaml", &open)], &[]);
}

#[test]
fn extends_passes_the_period_on() {
    let common = r"
services:
  server:
    image: acme/shop:2.1.0
    command: gunicorn shop:app --graceful-timeout 25
    stop_grace_period: 12s
";
    let extending = r"
services:
  shop:
    extends:
      file: common.yaml
      service: server
";
    let longer = format!("{extending}    stop_grace_period: 1m\n");

    check(
        &[("common.yaml", common), ("compose.yaml", extending)],
        &[
            "common.yaml: 12s: `shop` is killed after 12 s, but `gunicorn` waits 25 s for its requests",
        ],
    );
    check(&[("common.yaml", common), ("compose.yaml", &longer)], &[]);
}

#[test]
fn an_overlay_decides() {
    let base = r"
services:
  shop:
    image: acme/shop:2.1.0
    command: gunicorn shop:app --graceful-timeout 25
    stop_grace_period: 45s
";
    let shorter = (
        "compose.prod.yaml",
        "services:\n  shop:\n    stop_grace_period: 6s\n",
    );
    check(&[("compose.yaml", base)], &[]);
    check(
        &[("compose.yaml", base), shorter],
        &[
            "compose.prod.yaml: 6s: `shop` is killed after 6 s, but `gunicorn` waits 25 s for its requests",
        ],
    );
}

#[test]
fn variables_are_filled_in() {
    let compose = |period: &str| {
        format!(
            r"
services:
  shop:
    image: acme/shop:2.1.0
    command: gunicorn shop:app --graceful-timeout 25
    stop_grace_period: {period}
"
        )
    };
    let message = |period: &str, seconds: u32| {
        format!(
            "compose.yaml: {period}: `shop` is killed after {seconds} s, but `gunicorn` waits 25 s \
             for its requests"
        )
    };

    for (period, env, seconds) in [
        ("${PERIOD:-7s}", "", Some(7)),
        ("${PERIOD:-7s}", "PERIOD=11s\n", Some(11)),
        ("${PERIOD:-7s}", "PERIOD=90s\n", None),
        ("${PERIOD}s", "PERIOD=4\n", Some(4)),
        // Nothing here sets it.
        ("${PERIOD}", "", None),
        ("${PERIOD:?set it}", "", None),
        ("${PERIOD:-30s}", "", None),
    ] {
        let compose = compose(period);
        let files = [(".env", env), ("compose.yaml", compose.as_str())];
        let expected: Vec<String> = seconds
            .map(|seconds| message(period, seconds))
            .into_iter()
            .collect();

        assert_eq!(findings(&files), expected, "{period} {env}");
    }
}
