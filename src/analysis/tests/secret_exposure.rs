//! Tests of [`secret_exposure`](crate::analysis::secret_exposure).

use super::analyze;
use crate::analysis::secret_exposure::{
    Strength, covered_spans, exposed, holds_credential, is_random, listed, user_of, written,
};
use crate::model::env::EnvVar;
use crate::source::Location;

/// A token in the form of a provider, which never was one.
const TOKEN: &str = concat!("gh", "p_", "Zq8Lw2Xn5Kd3Hf1JsTb7Vm4Rc6Pg9Ya0UeIo");

#[test]
fn literals_are_as_strong_as_what_they_open() {
    let url = |password: &str, host: &str| format!("postgres://app:{password}@{host}/x");
    let (local, remote) = (
        url("postgres", "localhost"),
        url("Xk29vQ81mZ", "db.acme.io"),
    );
    let text = format!(
        "A_PASSWORD=Xk29vQ81mZ\nB_PASSWORD=postgres\nC_PASSWORD=<change-me>\nD=hello\n\
         E_TOKEN={TOKEN}\nF_URL={local}\n\
         G_URL={remote}\nH_PASSWORD=$X\n"
    );
    analyze(&[("x.env", &text)], |repo| {
        let file = repo.file("x.env");
        let variables = &repo.analysis.facts.file(file.id).env;
        let found: Vec<String> = variables
            .iter()
            .filter_map(|var| {
                let (value, _) = written(&var.value)?;
                let exposed = exposed(&repo.analysis, &var.name.value, value, None)?;
                let strength = match exposed.strength {
                    Strength::Live => "live",
                    Strength::Chosen => "chosen",
                    Strength::Guessable(_) => "guessable",
                    Strength::Local => "local",
                };
                Some(format!("{} {strength} {}", var.name.value, exposed.what))
            })
            .collect();
        assert_eq!(
            found,
            [
                "A_PASSWORD chosen a credential",
                "B_PASSWORD guessable a guessable credential",
                "E_TOKEN live a GitHub personal access token",
                "F_URL local a URL with a password",
                "G_URL chosen a URL with a password",
            ]
        );
    });
}

#[test]
fn a_password_belongs_to_the_user_of_its_name() {
    let text = "DB_USER=shop\nDB_PASSWORD=1\nROOT_PASSWORD=1\nAWS_ACCESS_KEY_ID=key\n\
                AWS_SECRET_ACCESS_KEY=1\nMYSQL_USER=app\nMYSQL_ROOT_PASSWORD=app\nCACHE_LOGIN=me\n";
    analyze(&[("x.env", text)], |repo| {
        let variables: &[EnvVar] = &repo.analysis.facts.file(repo.file("x.env").id).env;

        for (name, value, expected) in [
            ("DB_PASSWORD", "1", Some("shop")),
            ("db_pass", "1", Some("shop")),
            ("ROOT_PASSWORD", "1", None),
            ("AWS_SECRET_ACCESS_KEY", "1", Some("key")),
            ("MYSQL_ROOT_PASSWORD", "app", Some("app")),
            ("MYSQL_ROOT_PASSWORD", "other", None),
            ("CACHE_PWD", "1", Some("me")),
            ("DB_TOKEN", "1", None),
        ] {
            assert_eq!(user_of(name, value, variables), expected, "{name}");
        }
    });
}

#[test]
fn lists_show_three_names() {
    for (names, expected) in [
        (&["a"][..], "`a`"),
        (&["a", "b", "c"], "`a`, `b`, `c`"),
        (&["a", "b", "c", "d", "e"], "`a`, `b`, `c` and 2 more"),
    ] {
        assert_eq!(listed(names), expected);
    }
}

#[test]
fn generated_text_is_long_and_mixed() {
    for (text, expected) in [
        ("Zx81kQ93mLp27vB4", true),
        ("Zx81kQ93mLp", false),
        ("aaaaaaaaaaaaaaaaaaaa11", false),
        ("thisisaplainsentence", false),
    ] {
        assert_eq!(is_random(text), expected, "{text}");
    }
}

#[test]
fn places_with_a_meaning_belong_to_the_rules_of_their_format() {
    let compose = "services:\n  web:\n    image: acme/x:1\n    command: run --key a\n    \
                   environment:\n      A: one\n    x-note: two\n    build:\n      context: .\n      \
                   args:\n        B: three\n        B_PASSWORD: four\n";
    let workflow = "on: push\nenv:\n  A: one\njobs:\n  a:\n    runs-on: x\n    steps:\n      \
                    - run: do it\n";
    let manifest = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  A: one\n";

    for (path, text, expected) in [
        ("compose.yaml", compose, &["four", "one", "run --key a"][..]),
        (
            "Dockerfile",
            "FROM alpine\nENV A=one\nRUN do it\n# two\n",
            &["do it", "one"],
        ),
        (".github/workflows/w.yml", workflow, &["do it", "one"]),
        ("s.yaml", manifest, &["one"]),
        (".env.example", "A=one\n", &["one"]),
        ("x.env", "A=one\n", &[]),
    ] {
        analyze(&[(path, text)], |repo| {
            let file = repo.file(path);
            let facts = repo.analysis.facts.file(file.id);
            let mut found: Vec<&str> = covered_spans(&repo.analysis, file.id, facts)
                .into_iter()
                .map(|span| repo.analysis.facts.text(Location::new(file.id, span)))
                .collect();
            found.sort_unstable();
            assert_eq!(found, expected, "{path}");
        });
    }
}

#[test]
fn env_files_hold_a_credential_by_name_or_by_form() {
    let token = format!("A={TOKEN}\n");

    for (text, expected) in [
        ("DB_PASSWORD=x\n", true),
        ("DB_PASSWORD=\n", false),
        ("PORT=80\n", false),
        (token.as_str(), true),
    ] {
        analyze(&[(".env", text)], |repo| {
            let found = holds_credential(&repo.analysis, repo.file(".env"));
            assert_eq!(found, expected, "{text}");
        });
    }
}
