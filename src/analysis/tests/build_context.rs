//! Tests of [`build_context`](crate::analysis::build_context).

use super::analyze;
use crate::analysis::build_context::contexts;

#[test]
fn contexts_are_those_that_builds_name_or_the_likely_one() {
    for (files, expected) in [
        // The folder that holds what is copied.
        (
            &[
                ("api/Dockerfile", "FROM alpine\nCOPY go.mod ./\n"),
                ("api/go.mod", "module x\n"),
            ][..],
            &[("api", false)][..],
        ),
        (
            &[
                (
                    "docker/api/Dockerfile",
                    "FROM alpine\nCOPY src/main.go ./\n",
                ),
                ("src/main.go", "package main\n"),
            ],
            &[("", false)],
        ),
        // Without copies, a folder of Dockerfiles alone is not one.
        (&[("docker/Dockerfile", "FROM alpine\n")], &[("", false)]),
        (
            &[("web/Dockerfile", "FROM alpine\n"), ("web/app.js", "1\n")],
            &[("web", false)],
        ),
        // Builds name theirs, each folder once.
        (
            &[
                ("api/Dockerfile", "FROM alpine\nCOPY go.mod ./\n"),
                ("api/go.mod", "module x\n"),
                (
                    "compose.yaml",
                    "services:\n  a:\n    build:\n      context: .\n      \
                     dockerfile: api/Dockerfile\n  b:\n    build: ./api\n  c:\n    build: api/\n",
                ),
            ],
            &[("", true), ("api", true)],
        ),
    ] {
        analyze(files, |repo| {
            let path = files[0].0;
            let found = contexts(&repo.analysis, repo.dockerfile(path));
            let found: Vec<(&str, bool)> = found
                .iter()
                .map(|context| (context.folder.as_str(), context.certain))
                .collect();
            assert_eq!(found, expected, "{files:?}");
        });
    }
}

#[test]
fn the_ignore_file_of_the_dockerfile_wins() {
    let files = [
        ("Dockerfile", "FROM alpine\nCOPY a b /\n"),
        (".dockerignore", "a\n"),
        ("a", "1\n"),
        ("b", "1\n"),
    ];
    let own = [&files[..], &[("Dockerfile.dockerignore", "b\n")]].concat();

    for (files, ignored) in [(&files[..], "a"), (&own[..], "b")] {
        analyze(files, |repo| {
            let [context] = contexts(&repo.analysis, repo.dockerfile("Dockerfile")) else {
                panic!("one context");
            };
            let found: Vec<&str> = ["a", "b"]
                .into_iter()
                .filter(|path| context.ignores(path))
                .collect();
            assert_eq!(found, [ignored]);
        });
    }
}

#[test]
fn paths_are_relative_to_the_context() {
    let files = [("api/Dockerfile", "FROM alpine\n"), ("api/x.go", "1\n")];
    analyze(&files, |repo| {
        let [context] = contexts(&repo.analysis, repo.dockerfile("api/Dockerfile")) else {
            panic!("one context");
        };
        assert_eq!(context.relative("api/x.go"), Some("x.go"));
        assert_eq!(context.relative("apis/x.go"), None);
        assert_eq!(context.relative("x.go"), None);
        assert!(!context.ignores("x.go"));
    });
}
