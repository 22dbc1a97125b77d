//! Tests of [`misplaced_variables`](crate::analysis::misplaced_variables).

use super::analyze;
use crate::analysis::misplaced_variables::{MisplacedReason, locations, of_project};

#[test]
fn variables_for_the_container_have_their_reason() {
    let service = |rest: &str| format!("services:\n  web:\n    image: acme/web:1\n{rest}");

    for (rest, expected) in [
        ("    command: serve ${PORT}\n", &[][..]),
        (
            "    command: [sh, -c, n=1; echo $n]\n",
            &["n by a script at compose.yaml:4:$n"],
        ),
        (
            "    command: node -e 'a(`${b}`)'\n",
            &["b in a literal at compose.yaml:4:${b}"],
        ),
        (
            "    command: serve ${process.env.PORT}\n",
            &["${process.env.PORT} invalid at compose.yaml:4:${process.env.PORT}"],
        ),
        (
            "    command: serve $MODE\n    environment:\n      MODE: fast\n",
            &["MODE set at compose.yaml:6:MODE at compose.yaml:4:$MODE"],
        ),
        (
            "    command: serve ${MODE:-slow}\n    environment:\n      MODE: fast\n",
            &[],
        ),
        (
            "    env_file: web.env\n    environment:\n      MODE: ${MODE}\n      X: ${MODE}\n",
            &[
                "MODE lost at compose.yaml:6:${MODE}",
                "MODE in web.env:1:MODE at compose.yaml:7:${MODE}",
            ],
        ),
        // A shell sets it.
        (
            "    command: serve $HOME\n    environment:\n      HOME: /x\n",
            &[],
        ),
    ] {
        let text = service(rest);
        let files = [("compose.yaml", text.as_str()), ("web.env", "MODE=1\n")];
        analyze(&files, |repo| {
            let project = repo.project("compose.yaml");
            let found: Vec<String> = of_project(&repo.analysis, project)
                .iter()
                .map(|variable| {
                    let reason = match &variable.reason {
                        MisplacedReason::Invalid => "invalid".to_owned(),
                        MisplacedReason::Script => "by a script".to_owned(),
                        MisplacedReason::TemplateLiteral => "in a literal".to_owned(),
                        MisplacedReason::Hash => "in a hash".to_owned(),
                        MisplacedReason::Environment(set) => format!("set at {}", repo.show(*set)),
                        MisplacedReason::EnvFile { is_same: true, .. } => "lost".to_owned(),
                        MisplacedReason::EnvFile { set_at, .. } => {
                            format!("in {}", repo.show(*set_at))
                        }
                    };
                    let [location] = variable.locations[..] else {
                        panic!("one place");
                    };
                    format!("{} {reason} at {}", variable.name, repo.show(location))
                })
                .collect();
            assert_eq!(found, expected, "{rest}");
            assert_eq!(locations(&repo.analysis, project).len(), expected.len());
        });
    }
}
