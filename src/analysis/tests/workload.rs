//! Tests of [`workload`](crate::analysis::workload).

use super::analyze;
use crate::analysis::workload::{
    container_title, has_operator, is_long_running, is_name, is_scalable, replicas,
};

fn manifest(kind: &str, group: &str, rest: &str, pod: &str) -> String {
    format!(
        "apiVersion: {group}/v1\nkind: {kind}\nmetadata:\n  name: x\nspec:\n  {rest}\n  \
         template:\n    spec: {{{pod}containers: [{{name: a, image: acme/a:1}}]}}\n"
    )
}

#[test]
fn jobs_and_pods_that_end_do_not_run_long() {
    for (kind, group, pod, long, scalable) in [
        ("Deployment", "apps", "", true, true),
        ("StatefulSet", "apps", "", true, true),
        ("DaemonSet", "apps", "", true, false),
        ("Job", "batch", "restartPolicy: Never, ", false, false),
        ("Deployment", "apps", "restartPolicy: Never, ", false, true),
        ("ScaledJob", "keda.sh", "", false, false),
    ] {
        let text = manifest(kind, group, "paused: false", pod);
        analyze(&[("x.yaml", &text)], |repo| {
            let (object, workload) = repo.workload("x");
            assert_eq!(is_long_running(object, workload), long, "{kind} {pod}");
            assert_eq!(is_scalable(object), scalable, "{kind}");
        });
    }
}

#[test]
fn replicas_are_those_of_the_autoscaler_or_the_workload() {
    let scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: s}\n\
                  spec:\n  MIN\n  maxReplicas: 9\n  scaleTargetRef: {apiVersion: apps/v1, \
                  kind: Deployment, name: x}\n";
    let three = scaler.replace("MIN", "minReplicas: 3");
    let default = scaler.replace("MIN", "behavior: {}");

    for (count, scaler, expected) in [
        ("paused: false", "", Some(1)),
        ("replicas: 2", "", Some(2)),
        ("replicas: 2", three.as_str(), Some(3)),
        ("replicas: 2", default.as_str(), Some(1)),
    ] {
        let text = manifest("Deployment", "apps", count, "");
        let mut files = vec![("x.yaml", text.as_str())];
        if !scaler.is_empty() {
            files.push(("s.yaml", scaler));
        }

        analyze(&files, |repo| {
            let (object, workload) = repo.workload("x");
            let found = replicas(&repo.analysis, object, workload);
            assert_eq!(found, expected, "{count} {scaler}");
        });
    }
}

#[test]
fn titles_name_the_container_if_it_has_a_name() {
    let text = manifest("Deployment", "apps", "paused: false", "");
    let nameless = text.replace("name: a, ", "");

    for (text, expected) in [
        (&text, "`a` in Deployment/x"),
        (&nameless, "a container in Deployment/x"),
    ] {
        analyze(&[("x.yaml", text)], |repo| {
            let (object, workload) = repo.workload("x");
            assert_eq!(
                container_title(object, &workload.pod.containers[0]),
                expected
            );
        });
    }
}

#[test]
fn names_of_objects_are_lower_case() {
    for (text, expected) in [("web-1.x", true), ("V_NAME", false), ("a b", false)] {
        assert_eq!(is_name(text), expected, "{text}");
    }
}

#[test]
fn custom_objects_may_make_pods() {
    for (group, kind, expected) in [
        ("acme.io/v1", "Database", true),
        ("cert-manager.io/v1", "Certificate", false),
        ("monitoring.coreos.com/v1", "ServiceMonitor", false),
        ("networking.k8s.io/v1", "Ingress", false),
    ] {
        let text = format!("apiVersion: {group}\nkind: {kind}\nmetadata: {{name: x}}\n");
        analyze(&[("k/x.yaml", &text), ("other/y.yaml", "a: 1\n")], |repo| {
            assert_eq!(has_operator(&repo.analysis, "k"), expected, "{kind}");
            assert!(!has_operator(&repo.analysis, "other"));
        });
    }
}
