//! Tests of [`repository`](crate::analysis::repository).

use super::analyze;

#[test]
fn indexes_answer_about_folders() {
    let files = [
        ("a/b/x.lock", "1\n"),
        ("a/main.go", "1\n"),
        ("docker/Dockerfile", "FROM alpine\n"),
        ("docker/run.sh", "true\n"),
        (".gitignore", "dist/\n"),
        (".gitmodules", "[submodule \"x\"]\n\tpath = vendor/x\n"),
        (
            ".github/workflows/w.yml",
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      \
             - run: git clone https://example.com/acme/tools.git\n",
        ),
    ];
    analyze(&files, |repo| {
        let analysis = &repo.analysis;

        for (folder, name, expected) in [
            ("", "x.lock", true),
            ("a", "x.lock", true),
            ("a/b", "x.lock", true),
            ("docker", "x.lock", false),
            ("gone", "x.lock", false),
            ("a", "y.lock", false),
        ] {
            assert_eq!(
                analysis.holds_name(folder, name),
                expected,
                "{folder} {name}"
            );
        }

        for (folder, extension, expected) in [
            ("a", "go", true),
            ("", "go", false),
            ("a/b", "lock", true),
            ("a", "lock", false),
        ] {
            let found = analysis.has_extension(folder, extension);
            assert_eq!(found, expected, "{folder} {extension}");
        }

        for (folder, expected) in [("", true), ("a", true), ("docker", false), ("gone", false)] {
            assert_eq!(analysis.is_project_folder(folder), expected, "{folder}");
        }

        assert!(analysis.is_ignored("dist/app.js"));
        assert!(!analysis.is_ignored("src/app.js"));
        assert!(analysis.is_submodule("vendor/x"));
        assert!(!analysis.is_submodule("vendor"));
        assert!(analysis.is_cloned("tools"));
        assert!(!analysis.is_cloned("shop"));
    });
}

#[test]
fn secret_files_are_found_below_a_folder() {
    let files = [
        ("a/.env", "A=1\n"),
        ("a/b/id_rsa", "1\n"),
        ("a/main.go", "1\n"),
        ("b/.env", "A=1\n"),
    ];
    analyze(&files, |repo| {
        for (folder, expected) in [
            ("", &["a/.env", "a/b/id_rsa", "b/.env"][..]),
            ("a", &["a/.env", "a/b/id_rsa"]),
            ("a/b", &["a/b/id_rsa"]),
            ("c", &[]),
        ] {
            let found: Vec<&str> = repo
                .analysis
                .secret_files(folder)
                .iter()
                .map(|(file, _)| repo.analysis.facts.path(*file))
                .collect();
            assert_eq!(found, expected, "{folder}");
        }
    });
}
