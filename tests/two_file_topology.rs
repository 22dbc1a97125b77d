//! The two-file topology in `fixtures/`: each of its flaws that files can show is found where a user would mend it.

use std::path::PathBuf;

use deploylint::catalog::Profile;
use deploylint::config::Config;
use deploylint::engine::{Options, lint};

/// Rule, file, and what the line says.
const FLAWS: &[(&str, &str, &str)] = &[
    ("healthcheck", "backend/docker-compose.yml", "  storage:"),
    ("healthcheck", "backend/Dockerfile", "FROM python:3.11-slim"),
    ("healthcheck", "renderer/Dockerfile", "FROM base AS runner"),
    ("memory-limit", "backend/docker-compose.yml", "  db:"),
    ("ci-pipeline", "backend/Dockerfile", "FROM python:3.11-slim"),
    ("non-root-user", "backend/Dockerfile", "FROM python:3.11-slim"),
    ("non-root-user", "renderer/Dockerfile", "FROM base AS runner"),
    ("pinned-image", "backend/docker-compose.yml", "    image: minio/minio"),
    ("published-datastore", "backend/docker-compose.yml", "      - \"5332:5432\""),
    ("published-datastore", "backend/docker-compose.yml", "      - \"9000:9000\""),
    ("published-datastore", "backend/docker-compose.yml", "      - \"6379:6379\""),
    ("backup", "backend/docker-compose.yml", "  db:"),
    ("inconsistent-url", "backend/docker-compose.yml", "      RENDERER_URL: ${RENDERER_URL:-http://localhost:8001}"),
    ("restart-policy", "backend/docker-compose.yml", "  db:"),
    ("restart-policy", "renderer/docker-compose.yml", "  renderer:"),
];

/// The renderer is a name on the network that its own project joins.
const SOUND: &[&str] = &["unknown-host", "health-endpoint", "undefined-reference", "internal-error"];

#[test]
fn each_flaw_is_found_at_its_line() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/two-file-topology");
    let config = Config { profile: Profile::Strict, ..Config::default() };
    let outcome = lint(&Options { root, config, ..Options::default() });
    let found: Vec<(&str, &str, &str)> = outcome
        .findings
        .iter()
        .map(|finding| {
            let source = &outcome.sources[finding.place.file.0 as usize];
            let line = source.lines().line(finding.place.span.start);
            (finding.rule, source.path.as_str(), source.lines().span(line, &source.text).text(&source.text))
        })
        .collect();
    let missed: Vec<_> = FLAWS.iter().filter(|flaw| !found.contains(flaw)).collect();
    assert!(missed.is_empty(), "not found: {missed:#?}\nfound: {found:#?}");
    let wrong: Vec<_> = found.iter().filter(|(rule, ..)| SOUND.contains(rule)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
