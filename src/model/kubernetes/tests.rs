//! Lowering, told as little manifests and what they come to. `text(place)` is what the place says
//! in the file.

use super::*;
use crate::model::container::{Container, ContainerRole, MountSource, ProbeAction};
use crate::model::env::EnvValue;
use crate::source::{FileId, Location};
use crate::syntax::yaml::{Tree, mask_templates};

fn lower(text: &str) -> Vec<Object> {
    let tree = Tree::parse(FileId(0), text).tree;
    objects(&tree, Scope::plain(FileId(0), text))
}

fn helm(text: &str) -> Vec<Object> {
    let mask = mask_templates(text);
    let tree = Tree::parse_template(FileId(0), &mask).tree;
    objects(&tree, Scope::helm(FileId(0), text, &mask))
}

fn workload(object: &Object) -> &Workload {
    object.workload().expect("a workload")
}

/// The first container of a pod with this text as its spec, indented by two.
fn container(spec: &str) -> Container {
    let text = format!(
        r"apiVersion: v1
kind: Pod
metadata: {{name: p}}
spec:
{spec}"
    );
    let mut found = lower(&text);
    let Body::Workload(workload) = found.remove(0).body else {
        panic!("no workload in {text}")
    };

    workload
        .pod
        .containers
        .into_iter()
        .next()
        .expect("a container")
}

#[test]
fn finds_objects_in_documents_and_lists() {
    let text = r"# first
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Service
    metadata: {name: a}
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: b}
--- # second
kind: Pod
apiVersion: v1
metadata:
  generateName: c-
---
x: 1
---
apiVersion: v1
kind: Config
";
    let found = lower(text);
    let titles: Vec<String> = found.iter().map(Object::title).collect();
    assert_eq!(titles, ["Service/a", "ConfigMap/b", "this Pod"]);
    assert_eq!(found[1].anchor.span.text(text), "apiVersion");
    assert_eq!(found[1].location().span.text(text), "b");
    assert_eq!(found[2].location().span.text(text), "Pod");
}

#[test]
fn finds_the_pod_of_every_kind() {
    let pod = "{containers: [{name: a, image: b}]}";
    for (api, kind, spec) in [
        (
            "apps/v1",
            "Deployment",
            format!("spec: {{template: {{spec: {pod}}}}}"),
        ),
        (
            "batch/v1",
            "CronJob",
            format!("spec: {{jobTemplate: {{spec: {{template: {{spec: {pod}}}}}}}}}"),
        ),
        ("v1", "Pod", format!("spec: {pod}")),
        ("v1", "PodTemplate", format!("template: {{spec: {pod}}}")),
        (
            "argoproj.io/v1alpha1",
            "Rollout",
            format!("spec: {{template: {{spec: {pod}}}}}"),
        ),
        (
            "serving.knative.dev/v1",
            "Service",
            format!("spec: {{template: {{spec: {pod}}}}}"),
        ),
        (
            "keda.sh/v1alpha1",
            "ScaledJob",
            format!("spec: {{jobTargetRef: {{template: {{spec: {pod}}}}}}}"),
        ),
        (
            "example.com/v1",
            "Machine",
            format!("spec: {{parts: {{template: {{spec: {pod}}}}}}}"),
        ),
    ] {
        let found = lower(&format!(
            r"apiVersion: {api}
kind: {kind}
{spec}
"
        ));
        assert_eq!(workload(&found[0]).pod.containers.len(), 1, "{kind}");
        assert_eq!(workload(&found[0]).guessed, kind == "Machine", "{kind}");
    }

    let rollout = r"apiVersion: argoproj.io/v1alpha1
kind: Rollout
spec: {workloadRef: {name: a}}
";
    assert!(lower(rollout)[0].workload().is_none());
    let crd = format!(
        r"apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
spec: {{template: {{spec: {pod}}}}}
"
    );
    assert!(lower(&crd)[0].workload().is_none());
}

#[test]
fn a_container_has_what_its_pod_says() {
    let own = container(
        r"  hostNetwork: true
  securityContext:
    runAsUser: 0
    runAsNonRoot: true
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: a
      image: b
      securityContext:
        runAsUser: 10001
        capabilities: {add: [cap_net_raw], drop: [ALL]}
",
    );
    assert_eq!(own.security.user.value().map(String::as_str), Some("10001"));
    assert!(own.security.run_as_non_root.is(true));
    assert!(own.security.privileged.is_absent());
    assert_eq!(own.security.added_capabilities[0].value, "NET_RAW");
    assert_eq!(own.security.dropped_capabilities[0].value, "ALL");
    assert_eq!(own.security.host_namespaces.len(), 1);
    assert_eq!(own.security.profiles[0].value, "seccomp=RuntimeDefault");
    let apart = container(
        r"  hostUsers: false
  containers: [{name: a, image: b, securityContext: {runAsUser: 0}}]
",
    );
    assert!(apart.security.user.is_unknown());
    let windows = container("  os: {name: windows}\n  containers: [{name: a, image: b}]\n");
    assert!(
        windows.security.read_only_root.is_unknown() && windows.resources.memory_limit.is_absent()
    );
}

#[test]
fn resources_fall_back_to_the_pod_and_zero_is_none() {
    let own = container(
        r"  resources: {requests: {memory: 1Gi}}
  containers:
    - name: a
      image: b
      resources: {limits: {cpu: 0, memory: 2Gi}, requests: {cpu: 250m}}
",
    );
    assert_eq!(
        own.resources.cpu_request.value().and_then(|q| q.amount),
        Some(0.25)
    );
    assert_eq!(
        own.resources.memory_request.value().and_then(|q| q.amount),
        Some(1024f64.powi(3))
    );
    assert!(own.resources.cpu_limit.is_absent());
    assert_eq!(own.resources.zero.len(), 1);
}

#[test]
fn roles_mounts_probes_and_variables() {
    let text = r"apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  initContainers:
    - {name: init, image: i}
    - {name: side, image: s, restartPolicy: Always}
  containers:
    - name: a
      image: registry:5000/b:1
      command: [sh, -c]
      env:
        - {name: HOST, value: db}
        - {name: URL, value: 'http://$(HOST)'}
        - {name: KEY, valueFrom: {secretKeyRef: {name: s, key: k}}}
      envFrom: [{configMapRef: {name: c, optional: true}}]
      livenessProbe: {httpGet: {path: /l, port: web, host: h}}
      volumeMounts: [{name: d, mountPath: /d}, {name: h, mountPath: /h, readOnly: true}]
  volumes:
    - {name: d, emptyDir: {}}
    - {name: h, hostPath: {path: /var/run}}
    - {name: z, hostPath: {path: /unused}}
";
    let found = lower(text);
    let pod = &workload(&found[0]).pod;
    let roles: Vec<ContainerRole> = pod.containers.iter().map(|one| one.role).collect();
    assert_eq!(
        roles,
        [
            ContainerRole::Init,
            ContainerRole::Sidecar,
            ContainerRole::Main
        ]
    );
    let own = &pod.containers[2];
    assert_eq!(
        own.image
            .as_ref()
            .unwrap()
            .reference
            .as_ref()
            .unwrap()
            .tag
            .as_deref(),
        Some("1")
    );
    assert!(
        matches!(&own.env[1].value, EnvValue::Template { resolved: Some(url), .. } if url == "http://db")
    );
    assert!(matches!(own.env[2].value, EnvValue::Reference(_)));
    assert!(own.env_from[0].optional);
    let probe = own.liveness.known().unwrap();
    assert_eq!(probe.location.span.text(text), "livenessProbe");
    assert_eq!(
        probe
            .value
            .host
            .as_ref()
            .map(|host| host.location.span.text(text)),
        Some("h")
    );
    assert!(
        matches!(&probe.value.action, ProbeAction::Http { port, .. } if port.value().is_some_and(|port| port == "web"))
    );
    assert_eq!(own.mounts[0].source, MountSource::Scratch);
    assert!(
        matches!(&own.mounts[1].source, MountSource::Host(path) if path.location.span.text(text) == "/var/run")
    );
    // A path of the host that nobody mounts is told of the first container.
    assert!(
        matches!(&pod.containers[0].mounts[0].source, MountSource::Host(path) if path.value == "/unused")
    );
    let named: Vec<(ReferenceKind, &str)> = pod
        .references
        .iter()
        .map(|one| (one.kind, one.name.value.as_str()))
        .collect();
    assert_eq!(
        named,
        [
            (ReferenceKind::Secret, "s"),
            (ReferenceKind::ConfigMap, "c")
        ]
    );
}

#[test]
fn secrets_are_decoded_and_keep_their_places() {
    let text = r"apiVersion: v1
kind: Secret
data:
  user: YXBw
stringData:
  note: |
    one
    two
";
    let found = lower(text);
    let Body::Secret(data) = &found[0].body else {
        panic!("no secret")
    };

    assert_eq!(data.entries[0].text(), "app");
    assert_eq!(
        data.entries[0]
            .place_of(crate::source::Span::new(0, 1))
            .span
            .text(text),
        "YXBw"
    );
    assert_eq!(
        data.entries[1]
            .place_of(crate::source::Span::new(4, 7))
            .span
            .text(text),
        "two"
    );
}

#[test]
fn what_lacks_its_images_is_a_patch() {
    let text = r"apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec: {template: {spec: {containers: [{name: a}]}}}
";
    let found = lower(text);
    assert!(found[0].open);
    assert!(workload(&found[0]).pod.containers[0].liveness.is_unknown());
}

#[test]
fn in_a_template_absence_is_unknown_only_where_an_action_may_fill_it() {
    let text = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "x.name" . }}
spec:
  {{- if not .Values.hpa }}
  replicas: {{ .Values.count }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "x.labels" . | nindent 6 }}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: "{{ .Values.image }}:1.2"
          securityContext: {{- toYaml .Values.security | nindent 12 }}
          readinessProbe:
            {{- toYaml .Values.ready | nindent 12 }}
          resources: {}
        - name: side
          image: side:1
          {{- with .Values.extra }}
          {{- toYaml . | nindent 10 }}
          {{- end }}
"#;
    let found = helm(text);
    let object = &found[0];
    assert!(object.helm && object.name.is_none());
    let facts = workload(object);
    assert!(facts.replicas.is_unknown());
    assert!(facts.selector.as_ref().unwrap().labels.open);
    let (web, side) = (&facts.pod.containers[0], &facts.pod.containers[1]);
    assert_eq!(web.image.as_ref().unwrap().reference, None);
    assert!(web.security.privileged.is_unknown());
    assert!(web.readiness.is_unknown());
    assert!(web.liveness.is_absent(), "nothing fills this container in");
    assert!(web.resources.cpu_limit.is_absent());
    assert!(side.liveness.is_unknown() && side.open);
}

#[test]
fn hostile_shapes_are_survived() {
    let deep = format!(
        r"apiVersion: x.io/v1
kind: X
spec: {}1{}
",
        "{a: ".repeat(200),
        "}".repeat(200)
    );
    for text in [
        r"apiVersion: v1
kind: Pod
spec:
  - containers
",
        r"apiVersion: v1
kind: Pod
spec: {containers: {a: 1}, volumes: x}
",
        r"apiVersion: v1
kind: List
items: [1, [], {apiVersion: v1, kind: List, items: []}]
",
        "apiVersion: [v1]\nkind: {a: b}\n",
        r"kind: Secret
apiVersion: v1
data: {a: 1, b: [x], c: '=', d: '////'}
",
        r"apiVersion: v1
kind: Pod
spec: {containers: [null, 3, {name: {a: b}, env: [{name: A, value: $(A)}]}]}
",
        &deep,
    ] {
        let _ = lower(text);
        let _ = helm(text);
    }

    let locations: Vec<Location> = lower(
        r"apiVersion: v1
kind: Pod
spec: {}
",
    )
    .iter()
    .map(Object::location)
    .collect();
    assert_eq!(locations.len(), 1);
}
