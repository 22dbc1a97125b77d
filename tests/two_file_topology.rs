//! The two-file topology in `fixtures/`: each of its flaws that files can show is found where a
//! user would fix it.

use std::path::PathBuf;

use deploylint::catalog::Profile;
use deploylint::config::Config;
use deploylint::engine::{Options, lint};

/// Rule, file, and what the line says.
const FLAWS: &[(&str, &str, &str)] = &[
    // Passwords in the files, if only as defaults.
    (
        "default-credentials",
        "backend/docker-compose.yml",
        "      POSTGRES_PASSWORD: ${DB_PASSWORD:-postgres}",
    ),
    (
        "default-credentials",
        "backend/docker-compose.yml",
        "      MINIO_ROOT_PASSWORD: ${S3_SECRET_KEY:-minioadmin}",
    ),
    (
        "default-credentials",
        "backend/docker-compose.yml",
        "      JWT_SECRET: ${JWT_SECRET:-dev-secret}",
    ),
    // Services without health checks. There are no manifests whose probes could be missing.
    ("healthcheck", "backend/docker-compose.yml", "  storage:"),
    ("healthcheck", "backend/Dockerfile", "FROM python:3.11-slim"),
    ("healthcheck", "renderer/Dockerfile", "FROM base AS runner"),
    // No limits.
    ("memory-limit", "backend/docker-compose.yml", "  db:"),
    ("memory-limit", "renderer/docker-compose.yml", "  renderer:"),
    // No pipeline, and so deploys by hand.
    ("ci-pipeline", "backend/Dockerfile", "FROM python:3.11-slim"),
    // Logs that stay where they are printed.
    ("log-aggregation", "backend/docker-compose.yml", "  api:"),
    // Root.
    (
        "non-root-user",
        "backend/Dockerfile",
        "FROM python:3.11-slim",
    ),
    (
        "non-root-user",
        "renderer/Dockerfile",
        "FROM base AS runner",
    ),
    // Everything goes into the build context, and into the image.
    ("dockerignore", "backend/Dockerfile", "COPY . ."),
    // Stores on every address of the host.
    (
        "published-datastore",
        "backend/docker-compose.yml",
        "      - \"5332:5432\"",
    ),
    (
        "published-datastore",
        "backend/docker-compose.yml",
        "      - \"9000:9000\"",
    ),
    (
        "published-datastore",
        "backend/docker-compose.yml",
        "      - \"6379:6379\"",
    ),
    // No backup.
    ("backup", "backend/docker-compose.yml", "  db:"),
    // Nothing in front of the API.
    ("rate-limit", "backend/docker-compose.yml", "  api:"),
    // Two addresses of one service.
    (
        "inconsistent-url",
        "backend/docker-compose.yml",
        "      RENDERER_URL: ${RENDERER_URL:-http://localhost:8001}",
    ),
    // What crashes stays down.
    ("restart-policy", "backend/docker-compose.yml", "  db:"),
    (
        "restart-policy",
        "renderer/docker-compose.yml",
        "  renderer:",
    ),
    // And beside these:
    (
        "pinned-image",
        "backend/docker-compose.yml",
        "    image: minio/minio",
    ),
];

/// The renderer is a name on the network that its own project joins.
const SOUND: &[&str] = &[
    "unknown-host",
    "health-endpoint",
    "undefined-reference",
    "internal-error",
];

#[test]
fn each_flaw_is_found_at_its_line() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/two-file-topology");
    let config = Config {
        profile: Profile::Strict,
        ..Config::default()
    };

    let options = Options {
        root,
        config,
        ..Options::default()
    };

    let outcome = lint(&options).expect("threads can be started");
    let reported: Vec<(&str, &str, &str)> = outcome
        .findings
        .iter()
        .flat_map(|finding| finding.places().map(move |place| (finding, place)))
        .map(|(finding, place)| {
            let source = &outcome.sources[place.file.0 as usize];
            let line = source.lines().line(place.span.start);
            (
                finding.rule,
                source.path.as_str(),
                source.lines().span(line, &source.text).text(&source.text),
            )
        })
        .collect();
    let missed: Vec<_> = FLAWS
        .iter()
        .filter(|flaw| !reported.contains(flaw))
        .collect();
    assert!(
        missed.is_empty(),
        "not found: {missed:#?}\nreported: {reported:#?}"
    );
    let wrong: Vec<_> = reported
        .iter()
        .filter(|(rule, ..)| SOUND.contains(rule))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
