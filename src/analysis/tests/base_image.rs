//! Tests of [`base_image`](crate::analysis::base_image).

use super::{analyze, stage};
use crate::analysis::base_image::{EffectiveRoot, effective};

#[test]
fn bases_are_followed_through_images_that_are_built_here() {
    for (files, root, user) in [
        (
            &[("Dockerfile", "FROM alpine:3.20\nUSER 7\n")][..],
            "alpine",
            "Dockerfile:2:7",
        ),
        (
            &[("Dockerfile", "FROM alpine:3.20 AS a\nUSER 7\nFROM a\n")],
            "alpine",
            "Dockerfile:2:7",
        ),
        (&[("Dockerfile", "FROM scratch\n")], "scratch", "absent"),
        (&[("Dockerfile", "ARG B\nFROM $B\n")], "unknown", "absent"),
        // The tag of a service that is built here.
        (
            &[
                ("Dockerfile", "FROM acme/base\n"),
                ("base/Dockerfile", "FROM debian:12\nUSER app\n"),
                (
                    "compose.yaml",
                    "services:\n  base:\n    image: acme/base\n    build: ./base\n",
                ),
            ],
            "debian",
            "base/Dockerfile:2:app",
        ),
        // Its own USER counts, and not that of the base.
        (
            &[
                ("Dockerfile", "FROM acme/base\nUSER 9\n"),
                ("base/Dockerfile", "FROM debian:12\nUSER app\n"),
                (
                    "compose.yaml",
                    "services:\n  base:\n    image: acme/base\n    build: ./base\n",
                ),
            ],
            "debian",
            "Dockerfile:2:9",
        ),
        // A named context is another image.
        (
            &[
                ("Dockerfile", "FROM base\n"),
                (
                    "compose.yaml",
                    "services:\n  web:\n    build:\n      context: .\n      \
                     additional_contexts:\n        base: docker-image://busybox:1\n",
                ),
            ],
            "busybox",
            "absent",
        ),
    ] {
        analyze(files, |repo| {
            let dockerfile = repo.dockerfile("Dockerfile");
            let last = dockerfile.last_stage().expect("a stage");
            let base = effective(&repo.analysis, dockerfile, last);
            let found = match &base.root {
                EffectiveRoot::Image(reference) => reference.repository(),
                EffectiveRoot::Scratch => "scratch".to_owned(),
                EffectiveRoot::Unknown => "unknown".to_owned(),
            };
            let set = match base.user.known() {
                Some(user) => repo.show(user.location),
                None => "absent".to_owned(),
            };
            assert_eq!((found.as_str(), set.as_str()), (root, user), "{files:?}");
            assert_eq!(
                base.image().is_some(),
                found != "scratch" && found != "unknown"
            );
        });
    }
}

#[test]
fn a_stage_that_is_not_there_has_an_unknown_base() {
    analyze(&[("Dockerfile", "FROM alpine:3.20\n")], |repo| {
        let base = effective(&repo.analysis, repo.dockerfile("Dockerfile"), stage(4));
        assert_eq!(base.root, EffectiveRoot::Unknown);
    });
}
