//! Images that a kustomization, or an object that deploys a folder, replaces.

use super::manifest_reader::ManifestReader;
use crate::model::spec_reader::SpecReader;
use crate::source::Located;

/// An entry of `images`.
#[derive(Clone, Debug)]
pub struct ImageRule {
    pub name: Located<String>,
    pub new_name: Option<Located<String>>,
    pub new_tag: Option<Located<String>>,
    pub digest: Option<Located<String>>,
}

impl ImageRule {
    pub(super) fn from_item(item: ManifestReader) -> Option<Self> {
        Some(Self {
            name: item.str("name").known()?.clone(),
            new_name: item.str("newName").known().cloned(),
            new_tag: item.str("newTag").known().cloned(),
            digest: item.str("digest").known().cloned(),
        })
    }

    /// Whether the rule names an image and changes nothing of it.
    pub(super) const fn sets_nothing(&self) -> bool {
        self.new_name.is_none() && self.new_tag.is_none() && self.digest.is_none()
    }
}
