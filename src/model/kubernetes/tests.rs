//! Lowering of small manifests.

use super::*;
use crate::model::container::{Container, ContainerRole, MountSource, ProbeAction};
use crate::model::env::EnvValue;
use crate::source::{FileId, Location};
use crate::syntax::yaml::{Tree, mask_templates};

fn lower(text: &str) -> Vec<Object> {
    let tree = Tree::parse(FileId(0), text).tree;
    objects(&tree, ManifestScope::plain(FileId(0)))
}

fn helm(text: &str) -> Vec<Object> {
    let mask = mask_templates(text);
    let tree = Tree::parse_template(FileId(0), &mask).tree;
    objects(&tree, ManifestScope::helm(FileId(0), &mask))
}

fn workload(object: &Object) -> &Workload {
    object.workload().expect("a workload")
}

/// The first container of a pod with this text as its spec, indented by two.
fn container(spec: &str) -> Container {
    let text = format!(
        r"
apiVersion: v1
kind: Pod
metadata: {{name: p}}
spec:
{spec}"
    );
    let mut objects = lower(&text);
    let Body::Workload(workload) = objects.remove(0).body else {
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
    let text = r"
# first
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
    let objects = lower(text);
    let titles: Vec<String> = objects.iter().map(Object::title).collect();
    assert_eq!(titles, ["Service/a", "ConfigMap/b", "this Pod"]);
    assert_eq!(objects[1].anchor.span.text(text), "apiVersion");
    assert_eq!(objects[1].location().span.text(text), "b");
    assert_eq!(objects[2].location().span.text(text), "Pod");
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
        let objects = lower(&format!("apiVersion: {api}\nkind: {kind}\n{spec}\n"));
        assert_eq!(workload(&objects[0]).pod.containers.len(), 1, "{kind}");
        assert_eq!(workload(&objects[0]).guessed, kind == "Machine", "{kind}");
    }

    let rollout =
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: {workloadRef: {name: a}}\n";
    assert!(lower(rollout)[0].workload().is_none());
    let crd = format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {{template: {{spec: {pod}}}}}\n"
    );
    assert!(lower(&crd)[0].workload().is_none());
}

#[test]
fn a_container_has_what_its_pod_says() {
    let main = container(
        r"
  hostNetwork: true
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
    assert_eq!(
        main.security.user.value().map(String::as_str),
        Some("10001")
    );
    assert!(main.security.run_as_non_root.is(true));
    assert!(main.security.privileged.is_absent());
    assert_eq!(main.security.added_capabilities[0].value, "NET_RAW");
    assert_eq!(main.security.dropped_capabilities[0].value, "ALL");
    assert_eq!(main.security.host_namespaces.len(), 1);
    assert_eq!(main.security.profiles[0].value, "seccomp=RuntimeDefault");
    let apart = container(
        "  hostUsers: false\n  containers: [{name: a, image: b, securityContext: {runAsUser: 0}}]\n",
    );
    assert!(apart.security.user.is_unknown());
    let windows = container("  os: {name: windows}\n  containers: [{name: a, image: b}]\n");
    assert!(
        windows.security.read_only_root.is_unknown() && windows.resources.memory_limit.is_absent()
    );
}

#[test]
fn resources_fall_back_to_the_pod_and_zero_is_none() {
    let main = container(
        r"
  resources: {requests: {memory: 1Gi}}
  containers:
    - name: a
      image: b
      resources: {limits: {cpu: 0, memory: 2Gi}, requests: {cpu: 250m}}
",
    );
    assert_eq!(
        main.resources.cpu_request.value().and_then(|q| q.amount),
        Some(0.25)
    );
    assert_eq!(
        main.resources.memory_request.value().and_then(|q| q.amount),
        Some(1024f64.powi(3))
    );
    assert!(main.resources.cpu_limit.is_absent());
    assert_eq!(main.resources.zero.len(), 1);
}

#[test]
fn roles_mounts_probes_and_variables() {
    let text = r"
apiVersion: v1
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
    let objects = lower(text);
    let pod = &workload(&objects[0]).pod;
    let roles: Vec<ContainerRole> = pod
        .containers
        .iter()
        .map(|container| container.role)
        .collect();
    assert_eq!(
        roles,
        [
            ContainerRole::Init,
            ContainerRole::Sidecar,
            ContainerRole::Main
        ]
    );
    let main = &pod.containers[2];
    assert_eq!(
        main.image
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
        matches!(&main.env[1].value, EnvValue::Template { resolved: Some(url), .. } if url == "http://db")
    );
    assert!(matches!(main.env[2].value, EnvValue::Reference(_)));
    assert!(main.env_from[0].optional);
    let probe = main.liveness.known().unwrap();
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
    assert_eq!(main.mounts[0].source, MountSource::Scratch);
    assert!(
        matches!(&main.mounts[1].source, MountSource::Host(path) if path.location.span.text(text) == "/var/run")
    );
    // A path of the host that no container mounts is given to the first one.
    assert!(
        matches!(&pod.containers[0].mounts[0].source, MountSource::Host(path) if path.value == "/unused")
    );
    let named: Vec<(ReferenceKind, &str)> = pod
        .references
        .iter()
        .map(|reference| (reference.kind, reference.name.value.as_str()))
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
    let text = r"
apiVersion: v1
kind: Secret
data:
  user: YXBw
stringData:
  note: |
    one
    two
";
    let objects = lower(text);
    let Body::Secret(data) = &objects[0].body else {
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
    let text = r"
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec: {template: {spec: {containers: [{name: a}]}}}
";
    let objects = lower(text);
    assert!(objects[0].open);
    assert!(
        workload(&objects[0]).pod.containers[0]
            .liveness
            .is_unknown()
    );
}

#[test]
fn in_a_template_absence_is_unknown_only_where_an_action_may_fill_it() {
    let text = r#"
apiVersion: apps/v1
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
    let objects = helm(text);
    let object = &objects[0];
    assert!(object.helm && object.name.is_none());
    let facts = workload(object);
    assert!(facts.replicas.is_unknown());
    assert!(facts.selector.as_ref().unwrap().labels.entries.is_open());
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
        "apiVersion: x.io/v1\nkind: X\nspec: {}1{}\n",
        "{a: ".repeat(200),
        "}".repeat(200)
    );
    for text in [
        r"
apiVersion: v1
kind: Pod
spec:
  - containers
",
        "apiVersion: v1\nkind: Pod\nspec: {containers: {a: 1}, volumes: x}\n",
        "apiVersion: v1\nkind: List\nitems: [1, [], {apiVersion: v1, kind: List, items: []}]\n",
        "apiVersion: [v1]\nkind: {a: b}\n",
        "kind: Secret\napiVersion: v1\ndata: {a: 1, b: [x], c: '=', d: '////'}\n",
        "apiVersion: v1\nkind: Pod\nspec: {containers: [null, 3, {name: {a: b}, env: [{name: A, value: $(A)}]}]}\n",
        &deep,
    ] {
        let _ = lower(text);
        let _ = helm(text);
    }

    let locations: Vec<Location> = lower("apiVersion: v1\nkind: Pod\nspec: {}\n")
        .iter()
        .map(Object::location)
        .collect();
    assert_eq!(locations.len(), 1);
}
