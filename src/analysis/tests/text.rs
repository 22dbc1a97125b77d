//! Tests of [`truncate`](crate::analysis::truncate) and [`Owner`](crate::analysis::Owner).

use super::analyze;
use crate::analysis::{Owner, truncate};

#[test]
fn long_text_is_cut_and_secrets_are_masked_first() {
    for (text, most, expected) in [
        ("short", 5, "short"),
        ("shorter", 5, "shor…"),
        ("äöüäöü", 3, "äö…"),
    ] {
        assert_eq!(truncate(text, most), expected);
    }

    let token = concat!("gh", "p_", "Zq8Lw2Xn5Kd3Hf1JsTb7Vm4Rc6Pg9Ya0UeIo");
    assert!(!truncate(token, 12).contains("Zq8Lw2Xn"));
}

#[test]
fn projects_for_development_own_their_containers() {
    for (path, expected) in [("compose.yaml", false), ("compose.dev.yaml", true)] {
        let text = "services:\n  web:\n    image: acme/x:1\n";
        analyze(&[(path, text)], |repo| {
            let (project, service) = repo.service(path, "web");
            let found = Owner::Compose(project, service).is_development();
            assert_eq!(found, expected, "{path}");
        });
    }
}
