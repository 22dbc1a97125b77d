//! Tests of [`cluster_program`](crate::analysis::cluster_program).

use super::analyze;
use crate::analysis::Owner;
use crate::analysis::cluster_program::{
    ClusterProgram, is_helper, is_node_agent, program, works_alone,
};

/// A workload `x` of a kind, with its pod's spec.
fn manifest(kind: &str, pod: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata:\n  name: x\nspec:\n  template:\n    \
         spec: {pod}\n"
    )
}

#[test]
fn programs_are_known_by_their_image_or_else_their_name() {
    for (container, expected) in [
        (
            "{name: a, image: registry.k8s.io/pause:3.9}",
            Some(ClusterProgram::Idle),
        ),
        (
            "{name: a, image: quay.io/brancz/kube-rbac-proxy:v1}",
            Some(ClusterProgram::Sidecar),
        ),
        (
            "{name: a, image: fluent/fluent-bit:3}",
            Some(ClusterProgram::Agent),
        ),
        (
            "{name: kube-rbac-proxy, image: acme/x:1}",
            Some(ClusterProgram::Sidecar),
        ),
        ("{name: a, image: acme/shop:1}", None),
    ] {
        let text = manifest("Deployment", &format!("{{containers: [{container}]}}"));
        analyze(&[("x.yaml", &text)], |repo| {
            let (_, workload) = repo.workload("x");
            assert_eq!(
                program(&workload.pod.containers[0]),
                expected,
                "{container}"
            );
        });
    }
}

#[test]
fn helpers_work_for_another_container() {
    for (containers, expected) in [
        // The first is the application itself, whatever its ports.
        ("[{name: a, image: acme/a:1}]", &[false][..]),
        (
            "[{name: a, image: acme/a:1, ports: [{containerPort: 80}]}, \
             {name: b, image: acme/b:1}]",
            &[false, true],
        ),
        (
            "[{name: a, image: acme/a:1}, {name: b, image: acme/b:1}]",
            &[false, false],
        ),
        (
            "[{name: p, image: x/kube-rbac-proxy:1}, {name: a, image: acme/a:1}]",
            &[true, false],
        ),
        // Alone, it has nothing to help.
        ("[{name: p, image: x/kube-rbac-proxy:1}]", &[false]),
        ("[{name: p, image: registry.k8s.io/pause:3.9}]", &[true]),
    ] {
        let text = manifest("Deployment", &format!("{{containers: {containers}}}"));
        analyze(&[("x.yaml", &text)], |repo| {
            let (_, workload) = repo.workload("x");
            let found: Vec<bool> = workload
                .pod
                .containers
                .iter()
                .map(|container| is_helper(workload, container))
                .collect();
            assert_eq!(found, expected, "{containers}");
        });
    }
}

#[test]
fn agents_of_nodes_are_known_or_a_part_of_the_cluster() {
    let plain = "{containers: [{name: a, image: acme/a:1}]}";
    let known = "{containers: [{name: a, image: fluent/fluent-bit:3}]}";
    let critical =
        "{priorityClassName: system-node-critical, containers: [{name: a, image: acme/a:1}]}";

    for (kind, pod, expected) in [
        ("DaemonSet", plain, false),
        ("DaemonSet", known, true),
        ("Deployment", known, false),
        ("DaemonSet", critical, true),
    ] {
        analyze(&[("x.yaml", &manifest(kind, pod))], |repo| {
            let (object, workload) = repo.workload("x");
            let owner = Owner::Kubernetes(object, workload);
            assert_eq!(is_node_agent(owner), expected, "{kind} {pod}");
        });
    }

    let system =
        manifest("DaemonSet", plain).replace("name: x", "name: x\n  namespace: kube-system");
    analyze(&[("x.yaml", &system)], |repo| {
        let (object, workload) = repo.workload("x");
        assert!(is_node_agent(Owner::Kubernetes(object, workload)));
    });
}

#[test]
fn one_replica_of_a_controller_works() {
    for (container, expected) in [
        ("{name: a, image: acme/a:1}", false),
        ("{name: a, image: acme/a:1, args: [--leader-elect]}", true),
        (
            "{name: a, image: acme/a:1, command: [sh, -c, 'run --leader-elect=true']}",
            true,
        ),
        ("{name: a, image: acme/a:1, args: [--leader]}", false),
        (
            "{name: a, image: registry.k8s.io/kube-state-metrics:2}",
            true,
        ),
    ] {
        let text = manifest("Deployment", &format!("{{containers: [{container}]}}"));
        analyze(&[("x.yaml", &text)], |repo| {
            let (object, workload) = repo.workload("x");
            assert_eq!(works_alone(object, workload), expected, "{container}");
        });
    }
}
