//! Tests of [`shipped_stages`](crate::analysis::shipped_stages).

use std::collections::BTreeSet;

use super::{analyze, stage};
use crate::analysis::shipped_stages;
use crate::model::dockerfile::StageId;

const DOCKERFILE: &str = "FROM alpine AS base\nFROM base AS builder\nFROM alpine AS dev\n\
                          FROM base AS final\nCOPY --from=builder /x /x\n";

#[test]
fn a_build_ships_its_targets_or_the_last_stage() {
    let target = |target: &str| {
        format!("services:\n  web:\n    build:\n      context: .\n      target: {target}\n")
    };
    let dev = target("dev");
    let builder = target("builder");

    for (compose, layers, built) in [
        (None, &[0, 3][..], &[0, 1, 3][..]),
        (Some(dev.as_str()), &[2], &[2]),
        (Some(builder.as_str()), &[0, 1], &[0, 1]),
    ] {
        let mut files = vec![("Dockerfile", DOCKERFILE)];
        files.extend(compose.map(|text| ("compose.yaml", text)));
        analyze(&files, |repo| {
            let dockerfile = repo.dockerfile("Dockerfile");
            let set = |stages: &[usize]| -> BTreeSet<StageId> {
                stages.iter().copied().map(stage).collect()
            };
            let analysis = &repo.analysis;
            let found = shipped_stages::shipped_layers(analysis, dockerfile);
            assert_eq!(*found, set(layers), "{compose:?}");
            let found = shipped_stages::built(analysis, dockerfile);
            assert_eq!(*found, set(built), "{compose:?}");
        });
    }
}

#[test]
fn stages_for_development_do_not_serve() {
    let text = "FROM alpine AS build\nFROM alpine AS my-dev\n";
    analyze(&[("Dockerfile", text)], |repo| {
        let dockerfile = repo.dockerfile("Dockerfile");
        let is_development =
            |stage| shipped_stages::is_for_development(&repo.analysis, dockerfile, stage);
        assert!(!is_development(stage(0)));
        assert!(is_development(stage(1)));
        assert!(shipped_stages::serving(&repo.analysis, dockerfile).is_empty());
    });

    for (path, expected) in [("Dockerfile", false), ("Dockerfile.dev", true)] {
        analyze(&[(path, "FROM alpine\nRUN a\n")], |repo| {
            let dockerfile = repo.dockerfile(path);
            let found = shipped_stages::is_development(&repo.analysis, dockerfile);
            assert_eq!(found, expected, "{path}");
            let serves = !shipped_stages::serving(&repo.analysis, dockerfile).is_empty();
            assert_eq!(serves, !expected, "{path}");
        });
    }
}

#[test]
fn images_of_actions_are_beside_their_action() {
    let action = "runs:\n  using: docker\n  image: Dockerfile\n";

    for (files, expected) in [
        (
            &[("a/Dockerfile", "FROM alpine\n"), ("a/action.yml", action)][..],
            true,
        ),
        (&[(".github/actions/x/Dockerfile", "FROM alpine\n")], true),
        (
            &[("a/Dockerfile", "FROM alpine\n"), ("action.yml", action)],
            false,
        ),
    ] {
        analyze(files, |repo| {
            let dockerfile = repo.dockerfile(files[0].0);
            assert_eq!(
                shipped_stages::is_action(&repo.analysis, dockerfile),
                expected
            );
        });
    }
}

#[test]
fn one_from_that_nothing_builds_holds_a_name() {
    let compose = ("compose.yaml", "services:\n  a:\n    build: .\n");

    for (files, expected) in [
        (&[("Dockerfile", "FROM alpine:3\n")][..], true),
        (&[("Dockerfile", "FROM alpine:3\nRUN a\n")], false),
        (&[("Dockerfile", "FROM alpine:3 AS a\nFROM a\n")], false),
        (&[("Dockerfile", "FROM alpine:3\n"), compose], false),
    ] {
        analyze(files, |repo| {
            let dockerfile = repo.dockerfile("Dockerfile");
            let found = shipped_stages::is_placeholder(&repo.analysis, dockerfile);
            assert_eq!(found, expected, "{files:?}");
        });
    }
}
