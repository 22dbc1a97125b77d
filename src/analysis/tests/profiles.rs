//! Tests of [`profiles`](crate::analysis::profiles).

use super::analyze;
use crate::analysis::profiles;

const COMPOSE: &str = "services:\n  web:\n    image: acme/web:1\n";

#[test]
fn profiles_are_chosen_in_the_files_of_the_project_or_beside_them() {
    for (path, text, expected) in [
        (".env", "COMPOSE_PROFILES=debug\n", true),
        ("start.sh", "docker compose --profile debug up\n", true),
        ("start.sh", "docker compose up\n", false),
        (
            "other/start.sh",
            "docker compose --profile debug up\n",
            false,
        ),
    ] {
        analyze(&[("compose.yaml", COMPOSE), (path, text)], |repo| {
            let project = repo.project("compose.yaml");
            assert_eq!(
                profiles::are_chosen(&repo.analysis, project),
                expected,
                "{path}"
            );
        });
    }

    let commented = format!("# docker compose --profile debug up\n{COMPOSE}");
    analyze(&[("compose.yaml", &commented)], |repo| {
        let project = repo.project("compose.yaml");
        assert!(profiles::are_chosen(&repo.analysis, project));
    });
}
