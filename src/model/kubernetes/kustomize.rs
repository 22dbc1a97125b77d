//! Facts of `kustomization.yaml`: what it gathers, and what it changes in what it gathers.

use super::image_rule::ImageRule;
use super::kustomization_fault::{KustomizationFault, faults};
use super::labels::{Labels, key_text};
use super::manifest_reader::{ManifestReader, ManifestScope};
use super::object::{Data, DataEntry, Object};
use crate::model::spec_reader::SpecReader;
use crate::model::{Many, Setting};
use crate::source::{FileId, Located, Location, Span, join, parent};
use crate::syntax::yaml::{Node, Tree};

/// Keys under which a kustomization names files and folders that it gathers.
const RESOURCE_KEYS: [&str; 4] = ["resources", "bases", "components", "crds"];

/// Keys with which more is gathered or changed than can be followed.
const OPAQUE_KEYS: [&str; 6] = [
    "helmCharts",
    "helmChartInflationGenerator",
    "generators",
    "transformers",
    "replacements",
    "vars",
];

/// Keys that make objects, and the kind that they make.
const GENERATOR_KEYS: [(&str, &str); 2] = [
    ("configMapGenerator", "ConfigMap"),
    ("secretGenerator", "Secret"),
];

/// Keys whose items have a `target` and a patch, inline or in a file.
const PATCH_KEYS: [&str; 2] = ["patches", "patchesJson6902"];

/// One kustomization.
#[derive(Debug, Default)]
pub struct Kustomization {
    pub file: FileId,
    /// The folder that its paths are relative to.
    pub folder: String,
    /// A `Component`: it changes what the including kustomization gathered.
    pub component: bool,
    /// Files and folders of this repository that it gathers, as repository paths. Open where
    /// something is gathered from elsewhere, or made by a plugin or a Helm chart.
    pub resources: Many<Located<String>>,
    /// The places of those that `components` names.
    component_places: Vec<Location>,
    pub namespace: Setting<String>,
    pub images: Vec<ImageRule>,
    pub replicas: Vec<ReplicaRule>,
    /// `labels` and `commonLabels` that get to pods or selectors.
    pub labels: Vec<LabelRule>,
    /// It changes the names of what it gathers.
    pub renames: bool,
    /// The files that it reaches, in order; after the files are joined. Open where not everything
    /// that it gathers is known.
    pub files: Many<FileId>,
    /// Resources that are neither a file nor a folder with a kustomization.
    pub missing: Vec<Located<String>>,
    /// Patches for which there is no object.
    pub unmatched: Vec<UnmatchedPatch>,
    /// What kustomize refuses in it, apart from the above.
    pub faults: Vec<KustomizationFault>,
    /// Helm releases that it renders.
    pub releases: Vec<Located<String>>,
    /// ConfigMaps and Secrets that it makes.
    pub generated: Vec<GeneratedObject>,
}

/// A ConfigMap or a Secret that a kustomization makes.
#[derive(Debug)]
pub struct GeneratedObject {
    pub kind: &'static str,
    pub name: Located<String>,
    /// The entries of its `literals`.
    pub data: Data,
    /// Its env files, as repository paths.
    pub env_files: Vec<Located<String>>,
}

/// An entry of `replicas`.
#[derive(Debug)]
pub struct ReplicaRule {
    pub name: Located<String>,
    pub count: Setting<u32>,
    /// A workload has this name; known after the files are joined.
    pub matched: bool,
}

/// A patch that found no object.
#[derive(Clone, Debug, PartialEq)]
pub struct UnmatchedPatch {
    /// The name or the file by which the patch is given.
    pub location: Location,
    /// It has a target; without one, kustomize refuses to build.
    pub targeted: bool,
    /// The kind and name that it is for, as far as they are given.
    pub kind: Option<String>,
    pub name: Option<String>,
}

/// Labels that a kustomization adds to all objects.
#[derive(Debug)]
pub struct LabelRule {
    pub pairs: Vec<(Located<String>, Setting<String>)>,
    /// They are added to the labels of pod templates.
    pub templates: bool,
    /// They are added to selectors.
    pub selectors: bool,
}

impl Kustomization {
    /// The kustomization of the file at a path; `None` where the file is empty.
    pub fn from_tree<'t>(tree: &'t Tree<'t>, scope: ManifestScope<'t>, path: &str) -> Option<Self> {
        let root = ManifestReader::new(tree.root()?, scope);
        let folder = parent(path).to_owned();
        let is_opaque = OPAQUE_KEYS
            .iter()
            .any(|key| root.key_location(key).is_some());
        let resources: Vec<Option<Located<String>>> = RESOURCE_KEYS
            .iter()
            .flat_map(|key| root.texts(key))
            .map(|path| local_path(&folder, &path))
            .collect();
        let has_remote_patch = root
            .texts("patchesStrategicMerge")
            .iter()
            .any(|path| local_path(&folder, path).is_none());
        let kind = root.str("kind");

        Some(Self {
            file: scope.file,
            component: kind.value().is_some_and(|kind| kind == "Component"),
            component_places: root
                .texts("components")
                .into_iter()
                .map(|path| path.location)
                .collect(),
            resources: resources
                .iter()
                .flatten()
                .cloned()
                .collect::<Many<_>>()
                .open_if(is_opaque || has_remote_patch || resources.iter().any(Option::is_none)),
            namespace: root.str("namespace"),
            images: root
                .list("images")
                .into_iter()
                .filter_map(ImageRule::from_item)
                .collect(),
            replicas: root
                .list("replicas")
                .into_iter()
                .filter_map(ReplicaRule::from_item)
                .collect(),
            labels: label_rules(root),
            renames: ["namePrefix", "nameSuffix"]
                .iter()
                .any(|key| root.key_location(key).is_some()),
            files: Many::default().open_if(true),
            missing: Vec::new(),
            unmatched: Vec::new(),
            faults: faults(root),
            releases: releases(root),
            generated: generated(root, &folder),
            folder,
        })
    }
}

impl Kustomization {
    /// Whether the resource at a place is one of the components.
    pub(super) fn is_component_resource(&self, location: Location) -> bool {
        self.component_places.contains(&location)
    }

    /// Whether a generator makes an object of a kind and name, as far as these are given.
    pub(super) fn makes(&self, kind: Option<&str>, name: Option<&str>) -> bool {
        self.generated.iter().any(|made| {
            kind.is_none_or(|kind| kind.contains(made.kind))
                && name.is_none_or(|name| {
                    name.contains(made.name.value.as_str()) || name.contains('*')
                })
        })
    }
}

impl ReplicaRule {
    fn from_item(item: ManifestReader) -> Option<Self> {
        Some(Self {
            name: item.str("name").known()?.clone(),
            count: item.count("count"),
            matched: false,
        })
    }
}

fn releases(root: ManifestReader) -> Vec<Located<String>> {
    root.list("helmCharts")
        .into_iter()
        .filter_map(|chart| {
            let name = chart.str("releaseName").or(chart.str("name"));
            name.known().cloned()
        })
        .collect()
}

fn label_rules(root: ManifestReader) -> Vec<LabelRule> {
    let mut rules = Vec::new();

    if let Some(common) = root.get("commonLabels").value() {
        rules.push(LabelRule {
            pairs: pairs(*common),
            templates: true,
            selectors: true,
        });
    }

    for item in root.list("labels") {
        let selectors = item.flag("includeSelectors").is(true);

        rules.push(LabelRule {
            pairs: item
                .get("pairs")
                .value()
                .map(|map| pairs(*map))
                .unwrap_or_default(),
            templates: selectors || item.flag("includeTemplates").is(true),
            selectors,
        });
    }

    rules
}

fn pairs(map: ManifestReader) -> Vec<(Located<String>, Setting<String>)> {
    map.entries()
        .filter_map(|(key, value)| Some((key_text(key)?, value.text())))
        .collect()
}

fn generated(root: ManifestReader, folder: &str) -> Vec<GeneratedObject> {
    let mut generated = Vec::new();

    for (key, kind) in GENERATOR_KEYS {
        for item in root.list(key) {
            let Setting::Set(name) = item.str("name") else {
                continue;
            };

            let env = item.str("env").known().cloned();
            let env_files = item.texts("envs").into_iter().chain(env);

            generated.push(GeneratedObject {
                kind,
                name,
                data: Data {
                    kind: item.str("type"),
                    entries: item
                        .list("literals")
                        .into_iter()
                        .filter_map(literal)
                        .collect(),
                    ..Data::default()
                },
                env_files: env_files
                    .filter_map(|path| local_path(folder, &path))
                    .collect(),
            });
        }
    }

    generated
}

/// The entry of a literal, `key=value` with or without quotes around the value.
fn literal(item: ManifestReader) -> Option<DataEntry> {
    let text = item.raw_text()?;
    let (key, quoted) = text.value.split_once('=')?;
    let value = ['"', '\'']
        .iter()
        .find_map(|&quote| quoted.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(quoted);
    let skipped = key.len() + 1 + usize::from(value.len() < quoted.len());
    let span = Span::of(skipped, skipped + value.len());

    Some(DataEntry {
        key: Located::new(
            key.to_owned(),
            item.node.content_span(Span::of(0, key.len())),
        ),
        value: Located::new(value.to_owned(), item.node.content_span(span)),
        decoded: None,
        offsets: item.node.offsets().skip(skipped as u32),
    })
}

/// The repository path of a path in a kustomization; `None` where it leads elsewhere.
fn local_path(folder: &str, path: &Located<String>) -> Option<Located<String>> {
    if is_remote(&path.value) {
        return None;
    }

    Some(Located::new(join(folder, &path.value)?, path.location))
}

fn is_remote(path: &str) -> bool {
    path.contains("://")
        || path.starts_with("github.com/")
        || path.contains("?ref=")
        || path.starts_with("git@")
}

/// A patch of a kustomization.
pub(super) struct PatchUse<T> {
    pub target: Option<PatchTarget>,
    /// The name of the target, or what gives the patch.
    pub location: Location,
    /// The patch itself, or the path of its file.
    pub patch: T,
}

/// The patches that are written into a kustomization, or an object that holds some.
pub(super) fn inline_patches<'t>(root: Node<'t>) -> Vec<PatchUse<Node<'t>>> {
    let mut patches = Vec::new();

    for item in items(root, &PATCH_KEYS) {
        if let Some(patch) = item.entry("patch") {
            patches.push(PatchUse {
                target: PatchTarget::of_item(item),
                location: target_location(item).unwrap_or(patch.key.content()),
                patch: patch.value,
            });
        }
    }

    for item in items(root, &["patchesStrategicMerge"]) {
        if item.str().is_some_and(is_inline) {
            patches.push(PatchUse {
                target: None,
                location: item.location(),
                patch: item,
            });
        }
    }

    patches
}

/// The location of what a target names: its name, or its kind.
fn target_location(item: Node) -> Option<Location> {
    let target = item.get("target")?;
    let value = target.get("name").or_else(|| target.get("kind"))?;

    Some(value.content())
}

/// A field that a replacement of a kustomization writes.
pub(super) struct ReplacedField<'t> {
    pub target: PatchTarget,
    /// The parts of its path.
    pub path: Vec<&'t str>,
    pub location: Location,
}

/// The fields that the replacements of a kustomization write.
pub(super) fn replaced_fields<'t>(tree: &'t Tree<'t>) -> Vec<ReplacedField<'t>> {
    let mut fields = Vec::new();

    for item in tree
        .root()
        .into_iter()
        .flat_map(|root| items(root, &["replacements"]))
    {
        for target in item.get("targets").into_iter().flat_map(Node::items) {
            let Some(select) = target.get("select") else {
                continue;
            };

            for field in target.get("fieldPaths").into_iter().flat_map(Node::items) {
                if let Some(path) = field.str() {
                    fields.push(ReplacedField {
                        target: PatchTarget::of_selector(select),
                        path: path_parts(path),
                        location: field.content(),
                    });
                }
            }
        }
    }

    fields
}

/// The parts of the path of a field, which may have a bracket with dots in it.
fn path_parts(path: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut depth = 0;

    for (offset, letter) in path.char_indices() {
        match letter {
            '[' => depth += 1,
            ']' => depth -= 1,
            '.' if depth == 0 => {
                parts.push(&path[start..offset]);
                start = offset + 1;
            }
            _ => {}
        }
    }

    parts.push(&path[start..]);
    parts
}

/// The repository paths of a kustomization's patch files.
pub(super) fn patch_files(root: Node, folder: &str) -> Vec<PatchUse<String>> {
    let mut files = Vec::new();

    for item in items(root, &PATCH_KEYS) {
        if let Some(written) = item.get("path")
            && let Some(path) = written.str().and_then(|path| join(folder, path))
        {
            files.push(PatchUse {
                target: PatchTarget::of_item(item),
                location: target_location(item).unwrap_or(written.content()),
                patch: path,
            });
        }
    }

    for item in items(root, &["patchesStrategicMerge"]) {
        if let Some(path) = item.str()
            && !is_inline(path)
            && let Some(path) = join(folder, path)
        {
            files.push(PatchUse {
                target: None,
                location: item.content(),
                patch: path,
            });
        }
    }

    files
}

/// Whether an item of `patchesStrategicMerge` is a patch and not a path.
fn is_inline(item: &str) -> bool {
    item.contains('\n')
}

/// The items of the lists under these keys.
fn items<'t>(root: Node<'t>, keys: &[&str]) -> Vec<Node<'t>> {
    keys.iter()
        .filter_map(|key| root.get(key))
        .flat_map(Node::items)
        .collect()
}

/// The objects that a patch is for.
#[derive(Clone, Debug, Default)]
pub(super) struct PatchTarget {
    pub kind: Option<Pattern>,
    pub name: Option<Pattern>,
    group: Option<Pattern>,
    version: Option<Pattern>,
    label_selector: Option<String>,
    annotation_selector: Option<String>,
    /// A selector narrows it further, in a way that is not followed.
    pub narrowed: bool,
}

impl PatchTarget {
    /// The target of an item of a list of patches.
    fn of_item(item: Node) -> Option<Self> {
        Some(Self::of_selector(item.get("target")?))
    }

    fn of_selector(target: Node) -> Self {
        let text = |key: &str| target.get(key).and_then(Node::str).map(str::to_owned);
        let (label_selector, annotation_selector) =
            (text("labelSelector"), text("annotationSelector"));
        let narrowed = [&label_selector, &annotation_selector]
            .into_iter()
            .flatten()
            .any(|selector| requirements(selector).is_none());
        let pattern = |key: &str| text(key).map(Pattern::new);

        Self {
            kind: pattern("kind"),
            name: pattern("name"),
            group: pattern("group"),
            version: pattern("version"),
            narrowed,
            label_selector,
            annotation_selector,
        }
    }

    /// Whether an object may be meant. Kinds and names are patterns.
    pub fn is_for(&self, object: &Object) -> bool {
        let name = object.name.as_ref().map(|name| name.value.as_str());
        let (group, version) = object
            .api_version
            .value
            .split_once('/')
            .unwrap_or(("", &object.api_version.value));
        let fits = |pattern: &Option<Pattern>, text: &str| {
            pattern.as_ref().is_none_or(|pattern| pattern.matches(text))
        };

        fits(&self.kind, &object.kind.value)
            && name.is_none_or(|name| fits(&self.name, name))
            && fits(&self.group, group)
            && fits(&self.version, version)
            && may_be_selected(self.label_selector.as_deref(), &object.labels)
            && may_be_selected(self.annotation_selector.as_deref(), &object.annotations)
    }
}

/// A requirement of a selector: a key, and whether it must be there and have a value.
enum Requirement<'s> {
    Equal(&'s str, &'s str),
    Unequal(&'s str, &'s str),
    Exists(&'s str),
    Missing(&'s str),
}

/// The requirements of a selector; `None` where it has sets of values.
fn requirements(selector: &str) -> Option<Vec<Requirement<'_>>> {
    if selector.contains('(') {
        return None;
    }

    let parts = selector.split(',').map(str::trim);
    let requirement = |part| {
        if let Some((key, value)) = str::split_once(part, "!=") {
            return Requirement::Unequal(key.trim(), value.trim());
        }

        match part.split_once('=') {
            Some((key, value)) => {
                Requirement::Equal(key.trim(), value.trim_start_matches('=').trim())
            }
            None => match part.strip_prefix('!') {
                Some(key) => Requirement::Missing(key.trim()),
                None => Requirement::Exists(part),
            },
        }
    };

    Some(
        parts
            .filter(|part| !part.is_empty())
            .map(requirement)
            .collect(),
    )
}

/// Whether labels may meet a selector.
fn may_be_selected(selector: Option<&str>, labels: &Labels) -> bool {
    let Some(requirements) = selector.and_then(requirements) else {
        return true;
    };

    let value = |key: &str| {
        let entry = labels.entries.iter().find(|(name, _)| name.value == key);
        entry.map(|(_, value)| value)
    };
    let is_open = labels.has_unknown();

    requirements.iter().all(|requirement| match requirement {
        Requirement::Equal(key, expected) => match value(key) {
            Some(value) => value.value().is_none_or(|value| value == expected),
            None => is_open,
        },
        Requirement::Unequal(key, unwanted) => {
            value(key).is_none_or(|value| value.value().is_none_or(|value| value != unwanted))
        }
        Requirement::Exists(key) => value(key).is_some() || is_open,
        Requirement::Missing(key) => value(key).is_none(),
    })
}

/// A pattern of a target: a regular expression that kustomize anchors at both ends.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub text: String,
    /// `None` for a plain name, and for what is no expression.
    expression: Option<regex::Regex>,
    /// It is a name and not an expression.
    is_plain: bool,
}

/// The largest expression of a pattern, in bytes of its compiled form.
const MAX_EXPRESSION: usize = 1 << 16;

impl Pattern {
    fn new(text: String) -> Self {
        let is_plain = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/'));
        let expression = if is_plain {
            None
        } else {
            regex::RegexBuilder::new(&format!("^(?:{text})$"))
                .size_limit(MAX_EXPRESSION)
                .build()
                .ok()
        };

        Self {
            text,
            expression,
            is_plain,
        }
    }

    /// Whether a text matches; anything matches what is no expression.
    fn matches(&self, text: &str) -> bool {
        match &self.expression {
            Some(expression) => expression.is_match(text),
            None => !self.is_plain || self.text == text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_gathers_and_changes() {
        let text = r"
namespace: prod
resources:
  - ../base
  - https://example.com/x.yaml
  - web.yaml
images:
  - name: app
    newTag: '1.2'
replicas:
  - name: web
    count: 3
configMapGenerator:
  - name: settings
patches:
  - path: probe.yaml
    target:
      kind: Deployment
";
        let parsed = Tree::parse(FileId(0), text);
        let kustomization = Kustomization::from_tree(
            &parsed.tree,
            ManifestScope::plain(FileId(0)),
            "deploy/prod/kustomization.yaml",
        )
        .unwrap();
        let paths: Vec<&str> = kustomization
            .resources
            .iter()
            .map(|path| path.value.as_str())
            .collect();
        let patches = patch_files(parsed.tree.root().unwrap(), &kustomization.folder);
        assert_eq!(paths, ["deploy/base", "deploy/prod/web.yaml"]);
        assert!(kustomization.resources.is_open());
        assert_eq!(patches[0].patch, "deploy/prod/probe.yaml");
        assert_eq!(
            kustomization.images[0]
                .new_tag
                .as_ref()
                .map(|tag| tag.location.span.text(text)),
            Some("1.2")
        );
        assert_eq!(kustomization.replicas[0].count.value(), Some(&3));
        assert_eq!(kustomization.generated[0].name.value, "settings");
    }

    #[test]
    fn a_pattern_is_anchored() {
        for (pattern, text, matches) in [
            ("web", "web", true),
            ("web", "web-api", false),
            ("web.*", "web-api", true),
            ("^(web|api)$", "api", true),
            ("web|api", "api-x", false),
            ("[a-z]+-[0-9]", "web-1", true),
            (".", "web", false),
            ("(", "web", true),
        ] {
            let pattern = Pattern::new(pattern.to_owned());
            assert_eq!(pattern.matches(text), matches, "{} {text}", pattern.text);
        }
    }

    #[test]
    fn a_selector_is_read() {
        let text = "kind: A\nmetadata:\n  labels: {app: web, tier: front}\n";
        let tree = Tree::parse(FileId(0), text).tree;
        let root = ManifestReader::new(tree.root().unwrap(), ManifestScope::plain(FileId(0)));
        let labels = Labels::under_key(root.get("metadata"), "labels");

        for (selector, selects) in [
            ("app=web", true),
            ("app==web,tier=front", true),
            ("app=api", false),
            ("app!=web", false),
            ("role!=x", true),
            ("app", true),
            ("!app", false),
            ("role", false),
            ("app in (api)", true),
        ] {
            assert_eq!(
                may_be_selected(Some(selector), &labels),
                selects,
                "{selector}"
            );
        }
    }
}
