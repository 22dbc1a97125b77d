//! What several files say of one object: the patches, images, counts and namespaces of
//! kustomizations, and the defaults of a LimitRange. Runs once, after every file is lowered.

mod closure;
mod limit_range;
mod patch;
mod transform;
mod variant;

use crate::fence::{Panicked, attempt, isolate_or_default};
use crate::model::facts::FileFacts;
use crate::source::{FileId, Repository};
use closure::{Closure, closures, state_reach};
use patch::Patched;

/// Joins what the files of a repository say. Objects change in place; patches that found their
/// object are gone afterwards, the others stay as open objects. Returns what panicked: a
/// kustomization then changes nothing.
pub fn join_objects(files: &mut [FileFacts], repository: Repository) -> Vec<Panicked> {
    let mut broken = Vec::new();
    let first = files
        .iter()
        .position(|file| file.kustomization.is_some())
        .unwrap_or(0);
    let first = FileId(first as u32);
    let closures = isolate_or_default("the search for kustomizations", first, &mut broken, || {
        closures(files, repository)
    });

    isolate_or_default("the reach of kustomizations", first, &mut broken, || {
        state_reach(files, repository, &closures)
    });

    let variants = patched(files, repository, &closures, &mut broken).apply(files);

    for closure in &closures {
        isolate_or_default(
            "the kustomization",
            closure.kustomization,
            &mut broken,
            || transform::transform(files, closure),
        );
    }

    for variant in variants {
        let builder = variant.builders.first().copied().unwrap_or(first);
        isolate_or_default("the variant", builder, &mut broken, || {
            transform::keep_variant(files, &closures, variant)
        });
    }

    isolate_or_default(
        "the objects that deploy a folder",
        first,
        &mut broken,
        || transform::deliver(files, &closures),
    );

    isolate_or_default("the defaults of a LimitRange", first, &mut broken, || {
        limit_range::fill_defaults(files, repository)
    });

    broken
}

/// The patches of all kustomizations; where they panic, those of each that does not panic alone.
fn patched(
    files: &[FileFacts],
    repository: Repository,
    closures: &[Closure],
    broken: &mut Vec<Panicked>,
) -> Patched {
    const WHAT: &str = "the patches of the kustomization";

    let Some(first) = closures.first() else {
        return Patched::default();
    };

    let all = attempt(WHAT, first.kustomization, || {
        patch::patched(files, repository, closures)
    });
    if let Ok(patched) = all {
        return patched;
    }

    let mut patched = Patched::default();

    for closure in closures {
        let closure_alone = std::slice::from_ref(closure);
        patched.extend(isolate_or_default(
            WHAT,
            closure.kustomization,
            broken,
            || patch::patched(files, repository, closure_alone),
        ));
    }

    patched
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::file_kind::ChartFolders;
    use crate::model::{Setting, lower};
    use crate::source::SourceFile;

    const DEPLOY: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: shop/web:latest
";

    /// Lowers and joins a repository of `(path, text)` pairs, which are sorted by path, and passes
    /// its facts to `check`.
    fn joined(files: &[(&str, &str)], check: impl FnOnce(&[SourceFile], &[FileFacts])) {
        let sources: Vec<SourceFile> = files
            .iter()
            .enumerate()
            .map(|(index, (path, text))| SourceFile::new(FileId(index as u32), *path, *text))
            .collect();
        let listing = ChartFolders::new(files.iter().map(|(path, _)| *path));
        let mut facts: Vec<FileFacts> = sources
            .iter()
            .map(|source| lower::lower_file(source, &listing))
            .collect();
        join_objects(&mut facts, Repository::new(&sources));
        check(&sources, &facts);
    }

    #[test]
    fn an_overlay_changes_its_base_and_keeps_its_places() {
        let overlay = r"
namespace: prod
resources: [../base]
images:
  - name: shop/web
    newTag: 1.4.2
patches:
  - path: probe.yaml
  - target: {kind: Deployment, name: web}
    patch: |-
      - op: replace
        path: /spec/replicas
        value: 3
";
        let probe = r"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
        - name: web
          livenessProbe: {tcpSocket: {port: 80}}
";
        let files = [
            ("base/deploy.yaml", DEPLOY),
            ("base/kustomization.yaml", "resources: [deploy.yaml]\n"),
            ("prod/kustomization.yaml", overlay),
            ("prod/probe.yaml", probe),
        ];
        joined(&files, |sources, facts| {
            let object = &facts[0].objects[0];
            let workload = object.workload().expect("a workload");
            let container = &workload.pod.containers[0];
            let count = workload.replicas.known().expect("a count");
            assert_eq!((count.value, count.location.file), (3, FileId(2)));
            assert_eq!(count.location.span.text(&sources[2].text), "3");
            assert_eq!(
                container.liveness.location().map(|location| location.file),
                Some(FileId(3))
            );
            assert_eq!(container.readiness, Setting::Absent);
            let reference = container
                .image
                .as_ref()
                .and_then(|image| image.reference.as_ref());
            assert_eq!(
                reference.and_then(|reference| reference.tag.as_deref()),
                Some("1.4.2")
            );
            assert_eq!(object.namespace.value().map(String::as_str), Some("prod"));
            assert!(
                facts[3].objects.is_empty(),
                "the patch has found its object"
            );
        });
    }

    #[test]
    fn a_patch_without_its_object_stays_open() {
        let files = [
            (
                "kustomization.yaml",
                "resources: [https://example.com/x.yaml]\npatches: [{path: web.yaml}]\n",
            ),
            ("web.yaml", DEPLOY),
        ];
        joined(&files, |_, facts| {
            assert!(facts[1].objects[0].open);
            assert!(
                facts[1].objects[0]
                    .workload()
                    .expect("a workload")
                    .pod
                    .containers[0]
                    .liveness
                    .is_unknown()
            );
        });
    }

    /// Each patch is read in place: the time grows with the text, not with its square.
    #[test]
    fn thousands_of_inline_patches() {
        let patch = "  - target: {kind: Deployment}\n    patch: |-\n      - {op: replace, path: /spec/replicas, value: 3}\n";
        let overlay = format!(
            "resources: [deploy.yaml]\npatches:\n{}",
            patch.repeat(5_000)
        );
        let quoted = r"
resources: [deploy.yaml]
patches:
  - target: {kind: Deployment}
    patch: '[{op: replace, path: /spec/replicas, value: 3}]'
";

        for overlay in [overlay.as_str(), quoted] {
            joined(
                &[("deploy.yaml", DEPLOY), ("kustomization.yaml", overlay)],
                |sources, facts| {
                    let workload = facts[0].objects[0].workload().expect("a workload");
                    let count = workload.replicas.known().expect("a count");
                    assert_eq!(
                        (count.value, count.location.span.text(&sources[1].text)),
                        (3, "3")
                    );
                },
            );
        }
    }

    #[test]
    fn cycles_of_kustomizations_end() {
        let files = [
            ("a/kustomization.yaml", "resources: [../b]\n"),
            ("b/kustomization.yaml", "resources: [../a]\n"),
        ];
        joined(&files, |_, facts| assert_eq!(facts.len(), 2));
    }
}
