//! Tests of [`effective_env`](crate::analysis::effective_env).

use super::{Repo, analyze, stage};
use crate::analysis::Owner;
use crate::analysis::effective_env::{Variable, effective, given, image};

fn show(repo: &Repo, variables: &[Variable]) -> Vec<String> {
    let mut shown: Vec<String> = variables
        .iter()
        .map(|variable| {
            let place = repo.show(variable.location);
            format!("{}={} at {place}", variable.name, variable.value)
        })
        .collect();
    shown.sort();
    shown
}

const DOCKERFILE: (&str, &str) = (
    "Dockerfile",
    "FROM alpine AS base\nENV A=1 B=1\nFROM base\nENV B=2\nARG C=1\n",
);

#[test]
fn the_last_variable_of_an_image_counts() {
    analyze(&[DOCKERFILE], |repo| {
        let dockerfile = repo.dockerfile("Dockerfile");
        let values = |of_stage| {
            let mut values: Vec<String> = image(dockerfile, of_stage)
                .into_iter()
                .map(|var| format!("{}={}", var.name.value, var.value.resolved().unwrap_or("?")))
                .collect();
            values.sort();
            values
        };

        assert_eq!(values(stage(0)), ["A=1", "B=1"]);
        assert_eq!(values(stage(1)), ["A=1", "B=2"]);
    });
}

#[test]
fn a_service_gets_its_own_variables_then_its_files_then_its_image() {
    let compose = "services:\n  web:\n    build: .\n    environment:\n      A: mine\n      \
                   D: ${HOME_PAGE:-x}\n    env_file: [a.env, b.env]\n";
    let files = [
        DOCKERFILE,
        ("compose.yaml", compose),
        ("a.env", "A=file\nE=1\n"),
        ("b.env", "E=2\n"),
    ];

    analyze(&files, |repo| {
        let (project, service) = repo.service("compose.yaml", "web");
        let owner = Owner::Compose(project, service);
        let own = [
            "A=mine at compose.yaml:5:mine",
            "D=x at compose.yaml:6:x",
            "E=2 at b.env:1:2",
        ];
        let found = given(&repo.analysis, owner, &service.container);
        assert_eq!(show(repo, &found), own);

        let found = effective(&repo.analysis, owner, &service.container);
        let all = [own[0], "B=2 at Dockerfile:4:2", own[1], own[2]];
        assert_eq!(show(repo, &found), all);
    });
}

#[test]
fn what_an_unknown_source_may_set_is_unknown() {
    let compose = "services:\n  web:\n    build: .\n    env_file: [gone.env]\n";
    analyze(&[DOCKERFILE, ("compose.yaml", compose)], |repo| {
        let (project, service) = repo.service("compose.yaml", "web");
        let owner = Owner::Compose(project, service);
        let found = effective(&repo.analysis, owner, &service.container);
        assert_eq!(show(repo, &found), Vec::<String>::new());
    });
}

#[test]
fn a_pod_gets_what_its_config_maps_hold() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    \
                - name: a\n      image: acme/a:1\n      env:\n        - {name: A, value: own}\n        \
                - name: B\n          valueFrom: {configMapKeyRef: {name: c, key: two}}\n      \
                envFrom:\n        - configMapRef: {name: c}\n---\napiVersion: v1\nkind: ConfigMap\n\
                metadata: {name: c}\ndata:\n  A: map\n  two: '2'\n";
    analyze(&[("p.yaml", text)], |repo| {
        let (object, workload) = repo.workload("p");
        let owner = Owner::Kubernetes(object, workload);
        let found = given(&repo.analysis, owner, &workload.pod.containers[0]);
        assert_eq!(
            show(repo, &found),
            [
                "A=own at p.yaml:9:own",
                "B=2 at p.yaml:20:2",
                "two=2 at p.yaml:20:2"
            ]
        );
    });
}
