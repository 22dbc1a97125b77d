//! Objects that deploy a folder of the repository: Argo CD's Applications and Flux's Kustomizations.

use super::image_rule::ImageRule;
use super::manifest_reader::ManifestReader;
use crate::model::Setting;
use crate::model::spec_reader::SpecReader;
use crate::source::{Located, Location};
use crate::syntax::yaml::Node;

/// A folder that is deployed, and what is changed in it.
#[derive(Debug)]
pub struct Delivery {
    /// As written, relative to the root of a repository.
    pub path: Located<String>,
    /// Folders of components, relative to the path.
    pub components: Vec<Located<String>>,
    pub images: Vec<ImageRule>,
    /// Flux puts all objects into this namespace.
    pub namespace: Setting<String>,
}

/// The keys that lead to what an object deploys, and to the patches that it applies.
const PATCH_PATHS: [&[&str]; 4] = [
    &["spec"],
    &["spec", "source", "kustomize"],
    &["spec", "template", "spec", "source", "kustomize"],
    &["spec", "sources"],
];

/// The mappings of an object that deploys a folder whose `patches` are applied to it.
pub(super) fn patch_holders(object: Node<'_>) -> Vec<Node<'_>> {
    let mut holders = Vec::new();

    for path in PATCH_PATHS {
        let Some(holder) = object.path(path) else {
            continue;
        };

        let of_sources = holder.items().filter_map(|source| source.get("kustomize"));
        holders.extend(std::iter::once(holder).chain(of_sources));
    }

    holders.retain(|holder| holder.get("patches").is_some());
    holders
}

impl Delivery {
    /// `kind: Application`; `None` where it deploys a chart alone.
    pub(super) fn from_application(spec: ManifestReader) -> Option<Self> {
        let source = spec.get("source").value().copied().or_else(|| {
            spec.list("sources")
                .into_iter()
                .find(|source| source.key_location("path").is_some())
        })?;
        let kustomize = source.get("kustomize");
        let texts = |key: &str| {
            kustomize
                .value()
                .map(|kustomize| kustomize.texts(key))
                .unwrap_or_default()
        };

        Some(Self {
            path: source.str("path").known()?.clone(),
            components: texts("components"),
            images: texts("images").iter().map(image_override).collect(),
            namespace: kustomize
                .clone()
                .and_then(|kustomize| kustomize.str("namespace")),
        })
    }

    /// Flux's `kind: Kustomization`.
    pub(super) fn from_flux(spec: ManifestReader) -> Option<Self> {
        Some(Self {
            path: spec.str("path").known()?.clone(),
            components: spec.texts("components"),
            images: spec
                .list("images")
                .into_iter()
                .filter_map(ImageRule::from_item)
                .collect(),
            namespace: spec.str("targetNamespace"),
        })
    }
}

/// An override in Argo CD's notation: `name=new:tag`, `new:tag` or `new@digest`.
fn image_override(text: &Located<String>) -> ImageRule {
    let (name, image) = match text.value.split_once('=') {
        Some((name, image)) => (Some(name), image),
        None => (None, text.value.as_str()),
    };
    let (image, digest) = match image.split_once('@') {
        Some((image, digest)) => (image, Some(digest)),
        None => (image, None),
    };
    let (image, tag) = match image.rsplit_once(':') {
        Some((image, tag)) if !tag.contains('/') => (image, Some(tag)),
        _ => (image, None),
    };
    let part = |part: &str| located(part, text.location);

    ImageRule {
        name: part(name.unwrap_or(image)),
        new_name: name.map(|_| part(image)),
        new_tag: tag.map(part),
        digest: digest.map(part),
    }
}

fn located(text: &str, location: Location) -> Located<String> {
    Located::new(text.to_owned(), location)
}
