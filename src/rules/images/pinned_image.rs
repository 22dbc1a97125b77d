//! `pinned-image` and `digest-pinned-image`: whether a reference names one version, or one content.

use std::sync::LazyLock;

use serde::Deserialize;

use super::image_sources::with_sources;
use crate::analysis::Ctx;
use crate::data;
use crate::embedded::table;
use crate::finding::{Finding, Sink};
use crate::model::image::{ImageRole, ImageUse, Reference};

#[derive(Deserialize)]
struct Tags {
    channels: Vec<String>,
    variants: Vec<String>,
    distributions: Vec<String>,
    unversioned: Vec<String>,
    official: Vec<String>,
}

static TAGS: LazyLock<Tags> = LazyLock::new(|| table!("tags"));

/// `pinned-image`
pub fn check(_: &Ctx, image: &ImageUse, sink: &mut Sink) {
    let Some(reference) = &image.reference else {
        return;
    };

    if reference.digest.is_some() || is_windows_base(reference) || is_context(image, reference) {
        return;
    }

    let name = reference.short_name();
    let (message, label) = match reference.tag.as_deref() {
        None => (
            format!("`{}` has no tag, so its content can change", image.written),
            "no tag".to_owned(),
        ),
        Some(tag) if moves(reference, tag) => (
            format!("`{}` uses the moving tag `{tag}`", image.written),
            format!("`{tag}` is not a version"),
        ),
        Some(_) => return,
    };

    let known = if name.contains('?') {
        "the image".to_owned()
    } else {
        format!("`{name}`")
    };

    let finding = Finding::new(image.location, message)
        .label(label)
        .help(format!("pin {known} to an exact version or a digest"))
        .aspect(publisher(reference));
    sink.report(with_sources(finding, image));
}

/// `digest-pinned-image`
pub fn digest(_: &Ctx, image: &ImageUse, sink: &mut Sink) {
    let Some(reference) = &image.reference else {
        return;
    };

    if !reference.is_pinned_by_digest() && !is_context(image, reference) {
        let finding = Finding::new(
            image.location,
            format!("`{}` is not pinned by digest", image.written),
        )
        .help("append the digest: `image:tag@sha256:…`");
        sink.report(with_sources(finding, image));
    }
}

/// Who publishes an image, as far as its name says: images of one publisher are pinned together, and
/// a bare name that is not of Docker Hub's official images is of an image that is built nearby.
fn publisher(reference: &Reference) -> String {
    let repository = reference.repository();
    if let Some((namespace, _)) = repository.rsplit_once('/') {
        return namespace.to_owned();
    }

    let is_official = TAGS.official.contains(&repository) || data::image(&repository).is_some();
    if is_official {
        repository
    } else {
        String::new()
    }
}

/// Whether a tag moves from version to version.
fn moves(reference: &Reference, tag: &str) -> bool {
    let repository = reference.repository();
    let tag = tag.to_ascii_lowercase();
    let is_unversioned = TAGS
        .unversioned
        .iter()
        .any(|prefix| repository.starts_with(prefix.as_str()));
    if is_unversioned && tag != "latest" {
        return false;
    }

    // `release-1.4` and `test-42` name something; `stable-slim` does not.
    let channel = tag.split('-').next().unwrap_or(&tag);
    if TAGS.channels.iter().any(|item| item == channel)
        && !tag.contains(|c: char| c.is_ascii_digit())
    {
        return true;
    }

    TAGS.variants.contains(&tag) && !TAGS.distributions.contains(&repository)
}

/// Whether a bare name is not of a registry, but of `docker build --build-context name=…`.
fn is_context(image: &ImageUse, reference: &Reference) -> bool {
    let name = reference.path.as_str();
    matches!(image.role, ImageRole::CopyFrom | ImageRole::MountFrom)
        && reference.registry.is_none()
        && reference.tag.is_none()
        && !name.contains(['/', '?'])
        && data::image(name).is_none()
        && !TAGS.official.iter().any(|official| official == name)
}

/// Whether an image is a Windows base: those are tagged with build numbers that must match the host;
/// the untagged ones no longer exist.
fn is_windows_base(reference: &Reference) -> bool {
    reference.registry.as_deref() == Some("mcr.microsoft.com")
        && reference.path.starts_with("windows/")
        && reference.tag.is_some()
}
