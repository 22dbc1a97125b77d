//! Tests of [`job_work`](crate::analysis::job_work).

use super::{Repo, analyze};
use crate::analysis::job_work::{called_workflow, job_work, step_work};
use crate::model::workflow::{JobId, Purpose};

/// A workflow with one job of these lines.
fn workflow(job: &str) -> String {
    format!("on: push\njobs:\n  a:\n    runs-on: x\n{job}")
}

/// The places where the job tests, names left out.
fn tests_of(repo: &Repo) -> Vec<String> {
    let workflow = repo.workflow(".github/workflows/w.yml");
    let work = job_work(&repo.analysis, workflow, &workflow.jobs[JobId::new(0)]);
    let tests = work
        .evidence
        .iter()
        .filter(|evidence| evidence.purpose == Purpose::Test && !evidence.named);

    let mut places: Vec<String> = tests.map(|evidence| repo.show(evidence.location)).collect();
    places.dedup();
    places
}

#[test]
fn tasks_and_scripts_are_followed_from_the_place_in_the_job() {
    let run = |command: &str| workflow(&format!("    steps:\n      - run: {command}\n"));

    for (command, file, expected) in [
        ("pytest", ("x", "1\n"), Some("pytest")),
        (
            "make check",
            ("Makefile", "check:\n\tpytest\n"),
            Some("make check"),
        ),
        (
            "make all",
            ("Makefile", "all: check\ncheck:\n\tpytest\n"),
            Some("make all"),
        ),
        ("make", ("Makefile", "first:\n\tpytest\n"), Some("make")),
        (
            "make -C api t",
            ("api/Makefile", "t:\n\tpytest\n"),
            Some("make -C api t"),
        ),
        ("make lint", ("Makefile", "lint:\n\truff .\n"), None),
        ("just t", ("justfile", "t:\n  pytest\n"), Some("just t")),
        (
            "task t",
            (
                "Taskfile.yml",
                "version: '3'\ntasks:\n  t:\n    cmds: [pytest]\n",
            ),
            Some("task t"),
        ),
        (
            "npm run ci",
            ("package.json", "{\"scripts\": {\"ci\": \"jest\"}}\n"),
            Some("npm run ci"),
        ),
        (
            "npm run ci",
            (
                "package.json",
                "{\"scripts\": {\"ci\": \"true\", \"preci\": \"jest\"}}\n",
            ),
            Some("npm run ci"),
        ),
        ("./ci.sh", ("ci.sh", "#!/bin/sh\npytest\n"), Some("./ci.sh")),
        ("bash ci", ("ci", "#!/bin/bash\npytest\n"), Some("bash ci")),
        (
            "cd api && ./ci.sh",
            ("api/ci.sh", "pytest\n"),
            Some("./ci.sh"),
        ),
        ("./ci.sh", ("api/ci.sh", "pytest\n"), None),
        (
            "docker compose run api pytest",
            ("x", "1\n"),
            Some("docker compose run api pytest"),
        ),
    ] {
        let text = run(command);
        analyze(&[(".github/workflows/w.yml", &text), file], |repo| {
            let expected: Vec<String> = expected
                .map(|text| format!(".github/workflows/w.yml:6:{text}"))
                .into_iter()
                .collect();
            assert_eq!(tests_of(repo), expected, "{command} {file:?}");
        });
    }
}

#[test]
fn actions_and_workflows_of_the_repository_are_followed() {
    let action = "runs:\n  using: composite\n  steps:\n    - run: pytest\n      shell: bash\n";
    let text = workflow("    steps:\n      - uses: ./.github/actions/t\n");
    let files = [
        (".github/workflows/w.yml", text.as_str()),
        (".github/actions/t/action.yml", action),
    ];
    analyze(&files, |repo| {
        assert_eq!(
            tests_of(repo),
            [".github/workflows/w.yml:6:./.github/actions/t"]
        );
    });

    let caller = "on: push\njobs:\n  a:\n    uses: ./.github/workflows/t.yml\n";
    let called = "on: workflow_call\njobs:\n  t:\n    runs-on: x\n    steps:\n      \
                  - run: pytest\n";
    let files = [
        (".github/workflows/w.yml", caller),
        (".github/workflows/t.yml", called),
    ];
    analyze(&files, |repo| {
        assert_eq!(
            tests_of(repo),
            [".github/workflows/w.yml:4:./.github/workflows/t.yml"]
        );
        let workflow = repo.workflow(".github/workflows/w.yml");
        let found = called_workflow(&repo.analysis, workflow, &workflow.jobs[JobId::new(0)]);
        assert_eq!(
            found.map(|found| found.file),
            Some(repo.file(".github/workflows/t.yml").id)
        );
    });
}

#[test]
fn what_cannot_be_followed_leaves_the_work_open() {
    for (job, expected) in [
        ("    steps:\n      - run: pytest\n", false),
        ("    steps:\n      - run: tox\n", true),
        ("    steps:\n      - run: cargo xtask ci\n", true),
        ("    steps:\n      - run: make gone\n", true),
        ("    steps:\n      - run: npx turbo run gone\n", false),
        ("    steps:\n      - uses: ./gone\n", true),
        ("    steps:\n      - uses: actions/checkout@v4\n", false),
        ("    uses: acme/x/.github/workflows/t.yml@v1\n", true),
        ("    steps:\n      - run: tox\n        if: false\n", false),
    ] {
        analyze(&[(".github/workflows/w.yml", &workflow(job))], |repo| {
            let workflow = repo.workflow(".github/workflows/w.yml");
            let work = job_work(&repo.analysis, workflow, &workflow.jobs[JobId::new(0)]);
            assert_eq!(work.is_open, expected, "{job}");
        });
    }
}

#[test]
fn a_matrix_names_several_tasks_and_circles_end() {
    let text = workflow(
        "    strategy:\n      matrix:\n        t: [lint, unit]\n    steps:\n      \
         - run: make ${{ matrix.t }}\n",
    );
    let makefile = "lint: unit\n\truff .\nunit: lint\n\tpytest\n";
    let files = [
        (".github/workflows/w.yml", text.as_str()),
        ("Makefile", makefile),
    ];
    analyze(&files, |repo| {
        assert_eq!(
            tests_of(repo),
            [".github/workflows/w.yml:9:make ${{ matrix.t }}"]
        );
    });
}

#[test]
fn a_step_is_asked_alone() {
    let text = workflow("    steps:\n      - run: pytest\n      - run: ruff .\n");
    analyze(&[(".github/workflows/w.yml", &text)], |repo| {
        let workflow = repo.workflow(".github/workflows/w.yml");
        let does_test = |step: usize| {
            let step = &workflow.jobs[JobId::new(0)].steps[step];
            let evidence = step_work(&repo.analysis, workflow, step).evidence;
            evidence
                .iter()
                .any(|evidence| evidence.purpose == Purpose::Test)
        };
        assert!(does_test(0));
        assert!(!does_test(1));
    });
}
