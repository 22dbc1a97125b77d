//! Tests of [`pipelines`](crate::analysis::pipelines).

use super::analyze;
use crate::analysis::pipelines::{is_live, is_named, is_pipeline, is_shelved, says_deploy};
use crate::model::workflow::JobId;

#[test]
fn pipelines_of_other_systems_are_known_by_their_paths() {
    for (path, expected) in [
        (".gitlab-ci.yml", false),
        ("sub/.gitlab-ci.yml", false),
        ("my.gitlab-ci.yml", false),
        ("sub/.drone.yml", true),
        ("my.drone.yml", false),
        (".circleci/config.yml", true),
        ("Jenkinsfile", true),
        ("ci/Jenkinsfile.release", true),
        (".buildkite/pipeline.yml", true),
        ("sub/.buildkite/pipeline.yml", false),
        (".github/workflows/ci.yml", false),
    ] {
        assert_eq!(is_pipeline(path), expected, "{path}");
    }
}

const EMPTY: &str = "on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: 'true'}]\n";

#[test]
fn workflows_run_in_their_folder_alone() {
    let action = "runs:\n  using: composite\n  steps: []\n";

    for (files, live, shelved) in [
        (&[(".github/workflows/a.yml", EMPTY)][..], true, false),
        (&[(".github/workflows/off/a.yml", EMPTY)], false, true),
        (&[("action.yml", action)], true, false),
    ] {
        analyze(files, |repo| {
            let workflow = repo.workflow(files[0].0);
            assert_eq!(is_live(&repo.analysis, workflow), live, "{files:?}");
            assert_eq!(is_shelved(&repo.analysis, workflow), shelved, "{files:?}");
        });
    }
}

#[test]
fn a_workflow_without_a_name_is_called_by_its_path() {
    let named = format!("name: Build It\n{EMPTY}");
    let files = [
        (".github/workflows/a.yml", EMPTY),
        (".github/workflows/b.yml", named.as_str()),
    ];
    analyze(&files, |repo| {
        for (path, name, expected) in [
            (".github/workflows/a.yml", ".github/workflows/a.yml", true),
            (".github/workflows/a.yml", "a", false),
            (".github/workflows/b.yml", "build it", true),
            (".github/workflows/b.yml", ".github/workflows/b.yml", false),
        ] {
            let workflow = repo.workflow(path);
            assert_eq!(
                is_named(&repo.analysis, workflow, name),
                expected,
                "{path} {name}"
            );
        }
    });
}

#[test]
fn names_and_runners_announce_a_deploy() {
    for (job, expected) in [
        ("deploy: {runs-on: x, steps: [{run: a}]}", true),
        (
            "a: {name: Redeploy it, runs-on: x, steps: [{run: a}]}",
            true,
        ),
        ("a: {runs-on: x, steps: [{name: Deploy, run: a}]}", true),
        ("a: {runs-on: [self-hosted], steps: [{run: a}]}", true),
        ("a: {runs-on: x, steps: [{run: deploy}]}", false),
    ] {
        let text = format!("on: push\njobs:\n  {job}\n");
        analyze(&[(".github/workflows/a.yml", &text)], |repo| {
            let workflow = repo.workflow(".github/workflows/a.yml");
            assert_eq!(
                says_deploy(&workflow.jobs[JobId::new(0)]),
                expected,
                "{job}"
            );
        });
    }
}
