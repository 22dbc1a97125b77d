//! Tests of [`required_variables`](crate::analysis::required_variables).

use super::analyze;
use crate::analysis::required_variables::{first, of_project};

const COMPOSE: &str = "services:
  web:
    image: registry.example.com/web:1
    environment:
      TOKEN: ${API_TOKEN:?}
      HOST: ${PUBLIC_HOST}
      MODE: ${MODE:-fast}
      NAME: ${HOME}
";

#[test]
fn variables_without_a_default_are_required() {
    analyze(&[("compose.yaml", COMPOSE)], |repo| {
        let required = of_project(&repo.analysis, repo.project("compose.yaml"));
        let names: Vec<&str> = required.keys().map(String::as_str).collect();
        assert_eq!(names, ["API_TOKEN", "PUBLIC_HOST"]);
        assert_eq!(required["PUBLIC_HOST"].locations.len(), 1);

        let (location, names) = first(&repo.analysis).expect("an example is needed");
        assert_eq!(repo.analysis.facts.text(*location), "${API_TOKEN:?}");
        assert_eq!(names.len(), 2);
    });
}

#[test]
fn an_example_or_an_env_file_answers() {
    for other in [".env.example", ".env"] {
        let files = [
            ("compose.yaml", COMPOSE),
            (other, "API_TOKEN=\nPUBLIC_HOST=\n"),
        ];
        analyze(&files, |repo| {
            assert!(first(&repo.analysis).is_none(), "{other}");
        });
    }
}
