//! Lowering, told as little manifests and what they come to. `text(place)` is what the place says
//! in the file.

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
    let text = format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n{spec}");
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
    let text = "# first\n---\napiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Service\n    metadata: {name: a}\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: b}\n--- # second\nkind: Pod\napiVersion: v1\nmetadata:\n  generateName: c-\n---\nx: 1\n---\napiVersion: v1\nkind: Config\n";
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
        let found = lower(&format!("apiVersion: {api}\nkind: {kind}\n{spec}\n"));
        assert_eq!(workload(&found[0]).pod.containers.len(), 1, "{kind}");
        assert_eq!(workload(&found[0]).guessed, kind == "Machine", "{kind}");
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
    let own = container(
        "  hostNetwork: true\n  securityContext:\n    runAsUser: 0\n    runAsNonRoot: true\n    seccompProfile: {type: RuntimeDefault}\n  containers:\n    - name: a\n      image: b\n      securityContext:\n        runAsUser: 10001\n        capabilities: {add: [cap_net_raw], drop: [ALL]}\n",
    );
    assert_eq!(own.security.user.value().map(String::as_str), Some("10001"));
    assert!(own.security.run_as_non_root.is(true));
    assert!(own.security.privileged.is_absent());
    assert_eq!(own.security.added_capabilities[0].value, "NET_RAW");
    assert_eq!(own.security.dropped_capabilities[0].value, "ALL");
    assert_eq!(own.security.host_namespaces.len(), 1);
    assert_eq!(own.security.profiles[0].value, "seccomp=RuntimeDefault");
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
    let own = container(
        "  resources: {requests: {memory: 1Gi}}\n  containers:\n    - name: a\n      image: b\n      resources: {limits: {cpu: 0, memory: 2Gi}, requests: {cpu: 250m}}\n",
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
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  initContainers:\n    - {name: init, image: i}\n    - {name: side, image: s, restartPolicy: Always}\n  containers:\n    - name: a\n      image: registry:5000/b:1\n      command: [sh, -c]\n      env:\n        - {name: HOST, value: db}\n        - {name: URL, value: 'http://$(HOST)'}\n        - {name: KEY, valueFrom: {secretKeyRef: {name: s, key: k}}}\n      envFrom: [{configMapRef: {name: c, optional: true}}]\n      livenessProbe: {httpGet: {path: /l, port: web, host: h}}\n      volumeMounts: [{name: d, mountPath: /d}, {name: h, mountPath: /h, readOnly: true}]\n  volumes:\n    - {name: d, emptyDir: {}}\n    - {name: h, hostPath: {path: /var/run}}\n    - {name: z, hostPath: {path: /unused}}\n";
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
    let text = "apiVersion: v1\nkind: Secret\ndata:\n  user: YXBw\nstringData:\n  note: |\n    one\n    two\n";
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
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: a}]}}}\n";
    let found = lower(text);
    assert!(found[0].open);
    assert!(workload(&found[0]).pod.containers[0].liveness.is_unknown());
}

#[test]
fn in_a_template_absence_is_unknown_only_where_an_action_may_fill_it() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ include \"x.name\" . }}\nspec:\n  {{- if not .Values.hpa }}\n  replicas: {{ .Values.count }}\n  {{- end }}\n  selector:\n    matchLabels:\n      {{- include \"x.labels\" . | nindent 6 }}\n  template:\n    metadata:\n      labels: {app: web}\n    spec:\n      containers:\n        - name: web\n          image: \"{{ .Values.image }}:1.2\"\n          securityContext: {{- toYaml .Values.security | nindent 12 }}\n          readinessProbe:\n            {{- toYaml .Values.ready | nindent 12 }}\n          resources: {}\n        - name: side\n          image: side:1\n          {{- with .Values.extra }}\n          {{- toYaml . | nindent 10 }}\n          {{- end }}\n";
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
        "apiVersion: x.io/v1\nkind: X\nspec: {}1{}\n",
        "{a: ".repeat(200),
        "}".repeat(200)
    );
    for text in [
        "apiVersion: v1\nkind: Pod\nspec:\n  - containers\n",
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
