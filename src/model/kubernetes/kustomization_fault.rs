//! What kustomize refuses in a kustomization.

use super::labels::key_text;
use super::manifest_reader::ManifestReader;
use crate::model::spec_reader::SpecReader;
use crate::source::{Located, Location, join};
use crate::suggest;
use crate::syntax::yaml::{Kind, Node, Tree};

/// A reason for which kustomize does not build.
#[derive(Clone, Debug, PartialEq)]
pub struct KustomizationFault {
    pub location: Location,
    pub problem: BuildProblem,
}

#[derive(Clone, Debug, PartialEq)]
pub enum BuildProblem {
    /// A field that a kustomization does not have, and the nearest one.
    UnknownField {
        key: String,
        nearest: Option<&'static str>,
    },
    /// A patch with a path and a text, or without both.
    PatchForm,
    /// A file that is not there.
    MissingFile {
        path: String,
        /// It is the source of a Secret, which may be there only where it is built.
        secret: bool,
    },
    /// A component among the resources.
    ComponentAsResource,
    /// Something else among the components.
    ResourceAsComponent,
    /// An object that is gathered twice.
    TwiceGathered(String),
    /// It gathers itself.
    Cycle,
    /// A JSON patch operation on a path that the object does not have.
    MissingPath { operation: String, path: String },
}

/// Fields of a kustomization, from its specification, deprecated ones included.
const FIELDS: [&str; 36] = [
    "apiVersion",
    "bases",
    "buildMetadata",
    "commonAnnotations",
    "commonLabels",
    "components",
    "configMapGenerator",
    "configurations",
    "crds",
    "generatorOptions",
    "generators",
    "helmChartInflationGenerator",
    "helmCharts",
    "helmGlobals",
    "images",
    "imageTags",
    "inventory",
    "kind",
    "labels",
    "metadata",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "openapi",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
    "replacements",
    "replicas",
    "resources",
    "secretGenerator",
    "sortOptions",
    "transformers",
    "validators",
    "vars",
    "$schema",
];

/// What kustomize refuses in the text of a kustomization.
pub(super) fn faults(root: ManifestReader) -> Vec<KustomizationFault> {
    let mut faults = Vec::new();

    for (key, _) in root.entries() {
        let Some(key) = key_text(key) else {
            continue;
        };

        if !FIELDS.contains(&key.value.as_str()) && !key.value.starts_with("x-") {
            faults.push(KustomizationFault {
                location: key.location,
                problem: BuildProblem::UnknownField {
                    nearest: suggest::nearest(&key.value, FIELDS),
                    key: key.value,
                },
            });
        }
    }

    for item in root.list("patches") {
        let has = |key: &str| item.node.get(key).is_some_and(|value| !value.is_null());

        if item.node.kind() == Kind::Mapping && has("path") == has("patch") {
            faults.push(KustomizationFault {
                location: item.node.location(),
                problem: BuildProblem::PatchForm,
            });
        }
    }

    faults
}

/// A file that a kustomization names beside its resources.
pub(super) struct NamedFile {
    /// Its repository path.
    pub path: Located<String>,
    pub secret: bool,
}

/// The files of patches, generators and replacements of a kustomization.
pub(super) fn named_files(tree: &Tree, folder: &str) -> Vec<NamedFile> {
    let mut files = Vec::new();
    let Some(root) = tree.root() else {
        return files;
    };

    let mut add = |node: Node, path: &str, secret: bool| {
        // Paths elsewhere are not followed, and neither are addresses.
        if !path.contains("://")
            && let Some(path) = join(folder, path)
        {
            files.push(NamedFile {
                path: Located::new(path, node.content()),
                secret,
            });
        }
    };

    for key in ["patches", "patchesJson6902", "replacements"] {
        for item in root.get(key).into_iter().flat_map(Node::items) {
            if let Some(node) = item.get("path")
                && let Some(path) = node.str()
            {
                add(node, path, false);
            }
        }
    }

    for item in items_of(root, "patchesStrategicMerge") {
        if let Some(path) = item.str().filter(|path| !path.contains('\n')) {
            add(item, path, false);
        }
    }

    for (key, secret) in [("configMapGenerator", false), ("secretGenerator", true)] {
        for generator in items_of(root, key) {
            for list in ["files", "envs"] {
                for item in items_of(generator, list) {
                    if let Some(path) = item.str() {
                        let path = path.split_once('=').map_or(path, |(_, path)| path);
                        add(item, path, secret);
                    }
                }
            }

            if let Some(node) = generator.get("env")
                && let Some(path) = node.str()
            {
                add(node, path, secret);
            }
        }
    }

    files
}

fn items_of<'t>(node: Node<'t>, key: &str) -> impl Iterator<Item = Node<'t>> {
    node.get(key).into_iter().flat_map(Node::items)
}
