//! Hand-made outcomes for the tests of reporters.

use std::path::PathBuf;
use std::time::Duration;

use crate::edit::{Applicability, Edit, Fix};
use crate::engine::{Outcome, Summary};
use crate::finding::{Confidence, Finding, Level};
use crate::source::{FileId, Location, SourceFile, Span};

/// An outcome over these files. Paths must be given sorted.
pub fn outcome(files: &[(&str, &str)], findings: Vec<Finding>) -> Outcome {
    let sources = files.iter().enumerate().map(|(id, (path, text))| {
        SourceFile::new(FileId(u32::try_from(id).unwrap()), *path, *text)
    });

    Outcome {
        root: PathBuf::from("/repository"),
        sources: sources.collect(),
        findings,
        summary: Summary {
            elapsed: Duration::from_millis(18),
            ..Summary::default()
        },
        ..Outcome::default()
    }
}

/// The place of the `nth` (from 0) occurrence of a text in a file.
pub fn location(files: &[(&str, &str)], path: &str, text: &str, nth: usize) -> Location {
    let file = files.iter().position(|file| file.0 == path).unwrap();
    let start = files[file].1.match_indices(text).nth(nth).unwrap().0;
    Location::new(
        FileId(u32::try_from(file).unwrap()),
        Span::of(start, start + text.len()),
    )
}

pub const FILES: &[(&str, &str)] = &[
    (
        "Dockerfile",
        "# syntax=docker/dockerfile:1\n\nFROM python:3.12-slim AS builder\nUSER builder\n\
         RUN pip wheel .\n\nFROM python:3.12-slim\nCOPY --from=builder /w /w\n\
         CMD [\"python\", \"-m\", \"api\"]\n",
    ),
    (
        "deploy/api service.yaml",
        "kind: Deployment\nspec:\n  containers:\n    - name: api\n      image: acme/api:1.4.2\n",
    ),
    (
        "docker-compose.yml",
        "services:\n  api:\n    environment:\n      RENDERER_URL: http://renderer:3001\n  \
         worker:\n    environment:\n      RENDERER_URL: http://localhost:8001\n      \
         API_TOKEN: not-a-real-token-0123456789\n",
    ),
];

/// A small repository with three files, one finding of each level, a secret and a fix. The rules
/// are those of the catalogue that are always there.
pub fn repository() -> Outcome {
    let at = |path, text, nth| location(FILES, path, text, nth);
    let root = Finding {
        rule: "internal-error",
        ..Finding::new(
            at("Dockerfile", "FROM python:3.12-slim", 1),
            "`api` runs as root in \
            production",
        )
        .label("the shipped stage starts here and never sets a user")
        .related(
            at("Dockerfile", "USER builder", 0),
            "this USER ends with the build stage",
        )
        .related(
            at("deploy/api service.yaml", "acme/api:1.4.2", 0),
            "run here, without \
                runAsNonRoot",
        )
        .help(
            "create a user in this stage and switch to it, after the last RUN that needs \
                 root:\n  RUN useradd --system --uid 10001 app\n  USER 10001",
        )
    };

    let end = u32::try_from(FILES[0].1.len()).unwrap();
    let fix = Fix::new(
        Applicability::Unsafe,
        "run as user 10001",
        vec![Edit::insert(FileId(0), end, "USER 10001\n")],
    );
    let url = Finding {
        rule: "unused-suppression",
        level: Level::Warning,
        confidence: Confidence::Medium,
        ..Finding::new(
            at("docker-compose.yml", "http://localhost:8001", 0),
            "`worker` and `api` disagree on where the renderer is",
        )
        .label("localhost is this container; nothing listens on 8001 in it")
        .related(
            at("docker-compose.yml", "http://renderer:3001", 0),
            "`api` uses the service name",
        )
    };

    let note = Finding {
        rule: "unexplained-suppression",
        level: Level::Note,
        ..Finding::new(
            at("docker-compose.yml", "API_TOKEN", 0),
            "`worker` reads not-a-real-token-0123456789 from its environment",
        )
        .help("move it to a secret, 100% of it: `secrets`")
    };

    let mut outcome = outcome(FILES, vec![root.fix(fix), url, note]);
    let secret = at("docker-compose.yml", "not-a-real-token-0123456789", 0);
    outcome.secrets = vec![(secret.file, vec![secret.span])];
    outcome.summary = Summary {
        dockerfiles: 1,
        compose_files: 1,
        kubernetes_objects: 1,
        services: 2,
        files: 3,
        suppressed: 1,
        ..outcome.summary
    };

    outcome
}
