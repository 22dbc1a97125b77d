//! Tests of [`lock_files`](crate::analysis::lock_files).

use super::analyze;
use crate::analysis::lock_files::{WhenMissing, copied, exists};

#[test]
fn lock_files_are_in_or_below_the_context() {
    for (lock, expected) in [
        ("api/go.sum", true),
        ("api/x/go.sum", true),
        ("go.sum", false),
    ] {
        let files = [
            ("api/Dockerfile", "FROM alpine\nCOPY go.mod ./\n"),
            ("api/go.mod", "module x\n"),
            (lock, "1\n"),
        ];
        analyze(&files, |repo| {
            let dockerfile = repo.dockerfile("api/Dockerfile");
            assert_eq!(
                exists(&repo.analysis, dockerfile, "go.sum"),
                expected,
                "{lock}"
            );
        });
    }
}

#[test]
fn a_copy_before_the_step_brings_the_lock_file() {
    use WhenMissing::{No, Yes};

    for (copy, there, hope, expected) in [
        ("COPY package-lock.json ./", false, No, true),
        ("COPY package*.json ./", true, No, true),
        ("COPY package*.json ./", false, No, false),
        ("COPY package*.json ./", false, Yes, true),
        ("COPY . .", true, No, true),
        ("COPY . .", false, Yes, false),
        ("COPY src src", true, No, true),
        ("COPY package.json ./", true, Yes, false),
        ("COPY $FILES ./", false, No, true),
        ("COPY --from=other /app .", false, No, true),
        ("RUN true", true, Yes, false),
    ] {
        let text = format!("FROM node:22\n{copy}\nRUN npm ci\nCOPY package-lock.json ./\n");
        let mut files = vec![
            ("Dockerfile", text.as_str()),
            ("package.json", "{}\n"),
            ("src/x.js", "1\n"),
        ];
        if there {
            files.push(("package-lock.json", "{}\n"));
        }

        analyze(&files, |repo| {
            let dockerfile = repo.dockerfile("Dockerfile");
            let step = dockerfile
                .steps()
                .find(|step| step.script().invocations()[0].program == "npm")
                .expect("a step");
            let found = copied(&repo.analysis, dockerfile, &step, "package-lock.json", hope);
            assert_eq!(found, expected, "{copy} {there}");
        });
    }
}

#[test]
fn a_mount_brings_the_lock_file() {
    let text = "FROM node:22\nRUN --mount=type=bind,source=package-lock.json,target=/a npm ci\n";
    analyze(&[("Dockerfile", text)], |repo| {
        let dockerfile = repo.dockerfile("Dockerfile");
        let step = dockerfile.steps().next().expect("a step");
        let has = |name| copied(&repo.analysis, dockerfile, &step, name, WhenMissing::No);
        assert!(has("package-lock.json"));
        assert!(!has("yarn.lock"));
    });
}
