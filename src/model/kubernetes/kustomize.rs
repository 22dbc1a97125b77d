//! Facts of `kustomization.yaml`: what it gathers, and what it changes in what it gathers.

use super::view::{Scope, SpecReader};
use crate::model::Setting;
use crate::source::{FileId, Located, join, parent};
use crate::syntax::yaml::{Node, Tree};

/// One kustomization.
#[derive(Debug, Default)]
pub struct Kustomization {
    pub file: FileId,
    /// The folder that its paths start from.
    pub folder: String,
    /// A `Component`: its transformations reach what the including kustomization gathered.
    pub component: bool,
    /// Files and folders of this repository, as repository paths: `resources`, `bases`,
    /// `components`.
    pub resources: Vec<Located<String>>,
    /// Files that hold patches.
    pub patch_files: Vec<Located<String>>,
    /// Something is gathered from outside, or made by a plugin or a Helm chart.
    pub partial: bool,
    pub namespace: Setting<String>,
    pub images: Vec<ImageRule>,
    pub replicas: Vec<ReplicaRule>,
    /// ConfigMaps and Secrets it makes: kind and name.
    pub generated: Vec<(&'static str, Located<String>)>,
}

/// An entry of `images`.
#[derive(Debug)]
pub struct ImageRule {
    pub name: Located<String>,
    pub new_name: Option<Located<String>>,
    pub new_tag: Option<Located<String>>,
    pub digest: Option<Located<String>>,
}

/// An entry of `replicas`.
#[derive(Debug)]
pub struct ReplicaRule {
    pub name: Located<String>,
    pub count: Setting<u32>,
}

impl Kustomization {
    /// From the tree of a `kustomization.yaml`.
    pub fn read<'t>(tree: &'t Tree<'t>, scope: Scope<'t>, path: &str) -> Option<Self> {
        let root = SpecReader::new(tree.root()?, scope);
        let folder = parent(path).to_owned();
        let mut partial = [
            "helmCharts",
            "helmChartInflationGenerator",
            "generators",
            "transformers",
            "replacements",
            "vars",
        ]
        .iter()
        .any(|key| root.key(key).is_some());
        let mut local = |keys: &[&str]| {
            let written: Vec<Located<String>> =
                keys.iter().flat_map(|key| root.texts(key)).collect();
            let mut found = Vec::new();

            for at in written {
                match join(&folder, &at.value).filter(|_| !is_remote(&at.value)) {
                    Some(path) => found.push(Located::new(path, at.location)),
                    None => partial = true,
                }
            }

            found
        };

        let resources = local(&["resources", "bases", "components", "crds"]);
        let mut patch_files = local(&["patchesStrategicMerge"]);
        patch_files.retain(|at| !at.value.contains('\n'));
        for item in root
            .list("patches")
            .into_iter()
            .chain(root.list("patchesJson6902"))
        {
            patch_files.extend(
                item.str("path")
                    .known()
                    .and_then(|at| Some(Located::new(join(&folder, &at.value)?, at.location))),
            );
        }

        let text = |item: SpecReader, key: &str| item.str(key).known().cloned();
        let image = |item: SpecReader| {
            Some(ImageRule {
                name: text(item, "name")?,
                new_name: text(item, "newName"),
                new_tag: text(item, "newTag"),
                digest: text(item, "digest"),
            })
        };

        let replica = |item: SpecReader| {
            Some(ReplicaRule {
                name: text(item, "name")?,
                count: item.count("count"),
            })
        };

        let generated = [
            ("configMapGenerator", "ConfigMap"),
            ("secretGenerator", "Secret"),
        ]
        .into_iter()
        .flat_map(|(key, kind)| root.list(key).into_iter().map(move |item| (kind, item)))
        .filter_map(|(kind, item)| Some((kind, text(item, "name")?)));
        Some(Self {
            file: scope.file,
            component: root
                .str("kind")
                .value()
                .is_some_and(|kind| kind == "Component"),
            resources,
            patch_files,
            namespace: root.str("namespace"),
            images: root.list("images").into_iter().filter_map(image).collect(),
            replicas: root
                .list("replicas")
                .into_iter()
                .filter_map(replica)
                .collect(),
            generated: generated.collect(),
            partial,
            folder,
        })
    }

    /// The image rule for an image of this repository name.
    pub fn image(&self, repository: &str) -> Option<&ImageRule> {
        self.images
            .iter()
            .find(|rule| rule.name.value == repository)
    }
}

fn is_remote(path: &str) -> bool {
    path.contains("://")
        || path.starts_with("github.com/")
        || path.contains("?ref=")
        || path.starts_with("git@")
}

/// The patches that are written into a kustomization as text, with the target each names.
pub(super) fn inline_patches<'t>(tree: &'t Tree<'t>) -> Vec<(Option<Target>, Node<'t>)> {
    let Some(root) = tree.root() else {
        return Vec::new();
    };

    let mut found = Vec::new();

    for key in ["patches", "patchesJson6902"] {
        for item in root.get(key).into_iter().flat_map(Node::items) {
            let target = item.get("target").map(Target::read);
            found.extend(item.get("patch").map(|patch| (target, patch)));
        }
    }

    let strategic = root
        .get("patchesStrategicMerge")
        .into_iter()
        .flat_map(Node::items);
    found.extend(
        strategic
            .filter(|item| item.str().is_some_and(|text| text.contains('\n')))
            .map(|item| (None, item)),
    );

    found
}

/// The targets that a kustomization gives to patch files.
pub(super) fn file_targets<'t>(tree: &'t Tree<'t>, folder: &str) -> Vec<(Option<Target>, String)> {
    let Some(root) = tree.root() else {
        return Vec::new();
    };

    let mut found = Vec::new();

    for key in ["patches", "patchesJson6902"] {
        for item in root.get(key).into_iter().flat_map(Node::items) {
            let path = item
                .get("path")
                .and_then(Node::str)
                .and_then(|path| join(folder, path));
            found.extend(path.map(|path| (item.get("target").map(Target::read), path)));
        }
    }

    for item in root
        .get("patchesStrategicMerge")
        .into_iter()
        .flat_map(Node::items)
    {
        let path = item
            .str()
            .filter(|text| !text.contains('\n'))
            .and_then(|path| join(folder, path));
        found.extend(path.map(|path| (None, path)));
    }

    found
}

/// Which objects a patch is for.
#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    pub kind: Option<String>,
    pub name: Option<String>,
    /// A label or annotation selector narrows it further, in a way that is not followed.
    pub narrowed: bool,
}

impl Target {
    fn read(node: Node) -> Self {
        let text = |key: &str| node.get(key).and_then(Node::str).map(str::to_owned);
        let narrowed =
            node.get("labelSelector").is_some() || node.get("annotationSelector").is_some();
        Self {
            kind: text("kind"),
            name: text("name"),
            narrowed,
        }
    }

    /// Whether an object may be meant. Names are patterns.
    pub fn admits(&self, kind: &str, name: Option<&str>) -> bool {
        let kind_fits = self
            .kind
            .as_deref()
            .is_none_or(|own| matches_pattern(own, kind));
        let name_fits = match (self.name.as_deref(), name) {
            (Some(own), Some(name)) => matches_pattern(own, name),
            _ => true,
        };

        kind_fits && name_fits
    }
}

/// A pattern that is anchored at both ends. Only `.*`, `|` and brackets around the whole are
/// followed; any other operator is taken to fit.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    let pattern = pattern.trim_start_matches('^').trim_end_matches('$');
    let pattern = pattern
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(pattern);
    pattern.split('|').any(|one| match one.split_once(".*") {
        Some((start, end)) => {
            text.starts_with(start) && (text.ends_with(end) || end.contains(['*', '+', '?']))
        }
        None => one == text || one.contains(['*', '+', '?', '[', '\\']),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn reads_what_it_gathers_and_changes() {
        let text = "namespace: prod\nresources:\n  - ../base\n  - https://example.com/x.yaml\n  - web.yaml\nimages:\n  - name: app\n    newTag: '1.2'\nreplicas:\n  - name: web\n    count: 3\nconfigMapGenerator:\n  - name: settings\npatches:\n  - path: probe.yaml\n    target:\n      kind: Deployment\n";
        let parsed = Tree::parse(FileId(0), text);
        let found = Kustomization::read(
            &parsed.tree,
            Scope::plain(FileId(0), text),
            "deploy/prod/kustomization.yaml",
        )
        .unwrap();
        let paths: Vec<&str> = found.resources.iter().map(|at| at.value.as_str()).collect();
        assert_eq!(paths, ["deploy/base", "deploy/prod/web.yaml"]);
        assert!(found.partial);
        assert_eq!(found.patch_files[0].value, "deploy/prod/probe.yaml");
        assert_eq!(
            found.images[0]
                .new_tag
                .as_ref()
                .map(|tag| tag.location.span.text(text)),
            Some("1.2")
        );
        assert_eq!(found.replicas[0].count.value(), Some(&3));
        assert_eq!(found.generated[0].1.value, "settings");
    }

    #[test]
    fn targets_are_patterns() {
        let target = Target {
            kind: Some("Deployment".into()),
            name: Some("web|api-.*".into()),
            narrowed: false,
        };

        assert!(target.admits("Deployment", Some("api-x")));
        assert!(!target.admits("Deployment", Some("db")));
        assert!(!target.admits("Service", Some("web")));
    }
}
