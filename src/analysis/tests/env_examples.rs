//! Tests of [`env_examples`](crate::analysis::env_examples).

use super::analyze;
use crate::analysis::env_examples::{has_example, nearest};

#[test]
fn the_nearest_example_above_belongs_to_a_folder() {
    let files = [
        (".env.example", "A=1\n"),
        ("apps/api/.env.example", "A=1\n"),
        ("apps/web/index.js", "1\n"),
    ];
    analyze(&files, |repo| {
        let examples = &repo.analysis.facts.env_files.examples;

        for (folder, expected) in [
            ("", ".env.example"),
            ("apps/web", ".env.example"),
            ("apps/api", "apps/api/.env.example"),
            ("apps/api/src", "apps/api/.env.example"),
            ("apps/api2", ".env.example"),
        ] {
            let found = nearest(examples, folder).map(|file| file.path.as_str());
            assert_eq!(found, Some(expected), "{folder}");
        }

        assert!(nearest(&[], "apps").is_none());
    });
}

#[test]
fn an_example_beside_an_env_file_is_named_after_it() {
    for (env, other, expected) in [
        (".env", ".env.example", true),
        (".env", ".env.dist", true),
        ("prod.env", "prod.example.env", true),
        ("prod.env", "env.template", true),
        ("prod.env", "dev.env", false),
        (".env", "example.md", false),
        ("settings", "example.env", false),
        // In another folder.
        ("a/.env", ".env.example", false),
    ] {
        analyze(&[(other, "A=1\n")], |repo| {
            assert_eq!(has_example(&repo.analysis, env), expected, "{env} {other}");
        });
    }
}
