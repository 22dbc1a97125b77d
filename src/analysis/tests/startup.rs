//! Tests of [`startup`](crate::analysis::startup).

use super::{Repo, analyze, stage};
use crate::analysis::Owner;
use crate::analysis::startup::{
    self, Started, container, effective, folders, folders_of, stop_grace_period,
};

fn show(repo: &Repo, started: &[Started]) -> Vec<String> {
    started
        .iter()
        .map(|started| {
            let place = repo.show(started.location);
            format!("{} at {place}", started.found.server.name)
        })
        .collect()
}

#[test]
fn servers_are_found_in_commands_and_in_their_scripts() {
    for (lines, file, expected) in [
        (
            "CMD [\"gunicorn\", \"app\"]",
            ("x", "1\n"),
            &["gunicorn at Dockerfile:2:\"gunicorn\""][..],
        ),
        ("CMD [\"true\"]", ("x", "1\n"), &[]),
        (
            "CMD [\"./run.sh\"]",
            ("run.sh", "exec gunicorn app\n"),
            &["gunicorn at Dockerfile:2:\"./run.sh\""],
        ),
        // The entry point runs what follows it.
        (
            "ENTRYPOINT [\"tini\", \"--\"]\nCMD [\"uvicorn\", \"app\"]",
            ("x", "1\n"),
            &["uvicorn at Dockerfile:3:\"uvicorn\""],
        ),
        (
            "ENTRYPOINT [\"/entry\"]\nCMD [\"uvicorn\", \"app\"]",
            ("x", "1\n"),
            &["uvicorn at Dockerfile:3:\"uvicorn\""],
        ),
    ] {
        let text = format!("FROM python:3.13\n{lines}\n");
        analyze(&[("Dockerfile", &text), file], |repo| {
            let found = startup::stage(&repo.analysis, repo.dockerfile("Dockerfile"), stage(0));
            assert_eq!(show(repo, found), expected, "{lines}");
        });
    }
}

const COMPOSE: &str = "services:\n  plain:\n    build: ./api\n  own:\n    build: ./api\n    \
                       command: uvicorn app\n    stop_grace_period: 1m30s\n  image:\n    \
                       image: acme/x:1\n    stop_grace_period: soon\n";

#[test]
fn a_container_runs_its_own_command_or_that_of_its_image() {
    let files = [
        (
            "api/Dockerfile",
            "FROM python:3.13\nCMD [\"gunicorn\", \"app\"]\n",
        ),
        ("compose.yaml", COMPOSE),
    ];
    analyze(&files, |repo| {
        for (name, own, all) in [
            (
                "plain",
                &[][..],
                &["gunicorn at api/Dockerfile:2:\"gunicorn\""][..],
            ),
            (
                "own",
                &["uvicorn at compose.yaml:6:uvicorn"],
                &["uvicorn at compose.yaml:6:uvicorn"],
            ),
            ("image", &[], &[]),
        ] {
            let (project, service) = repo.service("compose.yaml", name);
            let owner = Owner::Compose(project, service);
            let found = container(&repo.analysis, owner, &service.container);
            assert_eq!(show(repo, found), own, "{name}");
            let found = effective(&repo.analysis, owner, &service.container);
            assert_eq!(show(repo, found), all, "{name}");
        }
    });
}

#[test]
fn scripts_come_from_the_context_and_from_beside_the_dockerfile() {
    let files = [
        ("docker/Dockerfile", "FROM alpine\nCOPY app.py /\n"),
        ("app.py", "1\n"),
        (
            "compose.yaml",
            "services:\n  web:\n    build: {context: ., dockerfile: docker/Dockerfile}\n  \
             image:\n    image: acme/x:1\n",
        ),
    ];
    analyze(&files, |repo| {
        let dockerfile = repo.dockerfile("docker/Dockerfile");
        assert_eq!(folders(&repo.analysis, dockerfile), ["", "docker"]);

        for (name, expected) in [("web", &["", "docker"][..]), ("image", &[""])] {
            let (project, service) = repo.service("compose.yaml", name);
            let owner = Owner::Compose(project, service);
            assert_eq!(
                folders_of(&repo.analysis, owner, &service.container),
                expected
            );
        }
    });
}

#[test]
fn the_grace_period_is_in_seconds() {
    analyze(&[("compose.yaml", COMPOSE)], |repo| {
        for (name, expected) in [("plain", None), ("own", Some(90)), ("image", None)] {
            let (_, service) = repo.service("compose.yaml", name);
            let found = stop_grace_period(service).map(|period| period.value);
            assert_eq!(found, expected, "{name}");
        }
    });
}
