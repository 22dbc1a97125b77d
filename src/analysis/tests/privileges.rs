//! Tests of [`privileges`](crate::analysis::privileges).

use super::{analyze, stage};
use crate::analysis::privileges::{RootUse, root_use};

fn drops(program: &str) -> RootUse {
    RootUse::Drops(program.to_owned())
}

fn needs(program: &str) -> RootUse {
    RootUse::Needs(program.to_owned())
}

#[test]
fn what_an_image_starts_decides_about_root() {
    for (lines, file, expected) in [
        ("CMD [\"node\", \"x.js\"]", ("x", "1\n"), RootUse::Keeps),
        (
            "CMD [\"gosu\", \"app\", \"node\"]",
            ("x", "1\n"),
            drops("gosu"),
        ),
        (
            "CMD [\"su-exec\", \"app\", \"node\"]",
            ("x", "1\n"),
            drops("su-exec"),
        ),
        (
            "CMD [\"sudo\", \"-u\", \"app\", \"node\"]",
            ("x", "1\n"),
            drops("sudo"),
        ),
        ("CMD [\"sudo\", \"node\"]", ("x", "1\n"), RootUse::Keeps),
        (
            "CMD [\"chroot\", \"--userspec=app\", \"/\", \"node\"]",
            ("x", "1\n"),
            drops("chroot"),
        ),
        (
            "CMD [\"setuser\", \"app\", \"node\"]",
            ("x", "1\n"),
            drops("setuser"),
        ),
        ("CMD [\"cron\", \"-f\"]", ("x", "1\n"), needs("cron")),
        (
            "RUN apt-get install -y cron\nCMD [\"x\"]",
            ("x", "1\n"),
            needs("cron"),
        ),
        (
            "COPY --from=d /usr/bin/docker /x\nCMD [\"x\"]",
            ("x", "1\n"),
            needs("docker"),
        ),
        (
            "CMD [\"./start.sh\"]",
            ("start.sh", "exec gosu app node\n"),
            drops("gosu"),
        ),
        (
            "CMD [\"./start.sh\"]",
            ("start.sh", "exec node\n"),
            RootUse::Keeps,
        ),
        ("CMD [\"./start.sh\"]", ("x", "1\n"), RootUse::Unknown),
        ("CMD [\"supervisord\"]", ("x", "1\n"), RootUse::Unknown),
        (
            "CMD [\"supervisord\"]",
            (
                "supervisord.conf",
                "[supervisord]\nuser=root\n[program:web]\nuser=app\n",
            ),
            drops("supervisord"),
        ),
        (
            "CMD [\"supervisord\"]",
            (
                "supervisord.conf",
                "[supervisord]\nuser=app\n[program:web]\nuser=root\n",
            ),
            RootUse::Unknown,
        ),
        (
            "ENTRYPOINT [\"/init\"]",
            ("s6-rc.d/web/run", "#!/bin/sh\nexec s6-setuidgid app web\n"),
            drops("s6-setuidgid"),
        ),
    ] {
        let text = format!("FROM debian:12\n{lines}\n");
        analyze(&[("Dockerfile", &text), file], |repo| {
            let dockerfile = repo.dockerfile("Dockerfile");
            assert_eq!(
                *root_use(&repo.analysis, dockerfile, stage(0)),
                expected,
                "{lines} {file:?}"
            );
        });
    }
}

#[test]
fn the_socket_of_the_engine_needs_root() {
    let compose = "services:\n  web:\n    build: .\n    volumes: \
                   ['/var/run/docker.sock:/var/run/docker.sock']\n";
    let files = [
        ("Dockerfile", "FROM debian:12\nCMD [\"x\"]\n"),
        ("compose.yaml", compose),
    ];
    analyze(&files, |repo| {
        let dockerfile = repo.dockerfile("Dockerfile");
        assert_eq!(
            *root_use(&repo.analysis, dockerfile, stage(0)),
            needs("the container engine's socket")
        );
        assert_eq!(
            *root_use(&repo.analysis, dockerfile, stage(3)),
            RootUse::Unknown
        );
    });
}
