//! Tests of [`roles`](crate::analysis::roles).

use super::{analyze, stage};
use crate::analysis::roles;
use crate::model::file_role::Role;

#[test]
fn services_of_development_have_profiles_or_builds_for_it() {
    let compose = "services:\n  plain:\n    image: acme/x:1\n  debug:\n    image: acme/x:1\n    \
                   profiles: [dev]\n  both:\n    image: acme/x:1\n    profiles: [dev, prod]\n  \
                   target:\n    build: {context: ., target: development}\n  shipped:\n    \
                   build: .\n  e2e:\n    image: acme/x:1\n    profiles: [e2e-tests]\n";
    let dockerfile = "FROM alpine AS development\nFROM alpine AS final\n";
    let files = [("compose.yaml", compose), ("Dockerfile", dockerfile)];
    analyze(&files, |repo| {
        for (service, expected, is_build) in [
            ("plain", Role::Production, false),
            ("debug", Role::Development, false),
            // One profile is enough to start it.
            ("both", Role::Production, false),
            ("target", Role::Development, true),
            ("shipped", Role::Production, false),
            ("e2e", Role::Practice, false),
        ] {
            let (_, found) = repo.service("compose.yaml", service);
            let analysis = &repo.analysis;
            assert_eq!(roles::of_service(analysis, found), expected, "{service}");
            let of_build = roles::is_development_build(analysis, found);
            assert_eq!(of_build, is_build, "{service}");
        }
    });
}

#[test]
fn tests_of_helm_install_nothing() {
    for (hook, expected) in [
        ("test", Role::Practice),
        ("test-success, test-failure", Role::Practice),
        ("test, post-install", Role::Production),
        ("pre-install", Role::Production),
    ] {
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  annotations:\n    \
             helm.sh/hook: {hook}\n"
        );
        analyze(&[("x.yaml", &text)], |repo| {
            assert_eq!(roles::of_object(repo.object("x")), expected, "{hook}");
        });
    }
}

#[test]
fn stages_that_nothing_ships_are_for_development_by_their_name() {
    let text = "FROM alpine AS dev\nRUN a\nFROM alpine AS test-base\nRUN b\n\
                FROM test-base AS final\nRUN c\n";
    analyze(&[("Dockerfile", text)], |repo| {
        let dockerfile = repo.dockerfile("Dockerfile");

        for (number, expected) in [
            (0, Role::Development),
            // What is shipped is built from it.
            (1, Role::Production),
            (2, Role::Production),
        ] {
            let location = dockerfile.stages[stage(number)].location;
            let found = roles::of_stage(&repo.analysis, dockerfile, location);
            assert_eq!(found, expected, "{number}");
        }
    });
}

#[test]
fn a_file_for_production_may_take_something_back() {
    let base = (
        "compose.yaml",
        "services:\n  web:\n    image: acme/x:1\n    privileged: true\n",
    );

    for (over, expected) in [
        (
            (
                "compose.prod.yaml",
                "services:\n  web:\n    privileged: false\n",
            ),
            true,
        ),
        (
            ("compose.prod.yaml", "services:\n  web:\n    tty: true\n"),
            false,
        ),
        (
            (
                "compose.dev.yaml",
                "services:\n  web:\n    privileged: false\n",
            ),
            false,
        ),
    ] {
        analyze(&[base, over], |repo| {
            let (project, service) = repo.service("compose.yaml", "web");
            let found = roles::is_changed_over(&repo.analysis, project, service, |_, laid| {
                laid.container.security.privileged.value() != Some(&true)
            });
            assert_eq!(found, expected, "{over:?}");
        });
    }
}
