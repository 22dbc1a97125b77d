//! `pinned-image` and `digest-pinned-image`: whether a reference names one version, or one content.

use std::sync::LazyLock;

use serde::Deserialize;

use super::image_sources::with_sources;
use crate::analysis::{Analysis, Owner};
use crate::data;
use crate::embedded::table;
use crate::finding::{Finding, Sink};
use crate::model::chart;
use crate::model::container::Container;
use crate::model::image::{HOLE, ImageRole, ImageSourceKind, ImageUse, Reference};
use crate::source::Location;

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
pub fn check(ctx: &Analysis, image: &ImageUse, sink: &mut Sink) {
    let Some(reference) = &image.reference else {
        return;
    };

    if reference.digest.is_some()
        || is_windows_base(reference)
        || is_context(ctx, image, reference)
        || is_tagged_later(ctx, image, reference)
        || is_local(ctx, image, reference)
        || is_placeholder(reference)
    {
        return;
    }

    let name = reference.short_name();
    let source = tag_source(image, reference.tag.as_deref());
    let written = match source {
        Some(_) => whole_name(image, reference),
        None => image.written.clone(),
    };
    let (message, label) = match reference.tag.as_deref() {
        None => (
            format!("`{written}` has no tag, so its content can change"),
            "no tag".to_owned(),
        ),
        Some(tag) if moves(reference, tag) => (
            format!("`{written}` uses the moving tag `{tag}`"),
            format!("`{tag}` is not a version"),
        ),
        Some(_) => return,
    };

    let known = if name.contains('?') {
        "the image".to_owned()
    } else {
        format!("`{name}`")
    };

    let help = format!("pin {known} to an exact version or a digest");
    let finding = match source {
        Some(source) => Finding::new(source, message)
            .related(image.location, "used here")
            .anchor(image.location),
        None => with_sources(Finding::new(image.location, message), image),
    };
    let finding = finding
        .label(label)
        .help(help)
        .case_if(is_of_pipeline(ctx, image), "pipeline")
        .case_if(is_bare_name(reference), "bare-name");

    // A project that publishes the image decides itself what the tag means.
    sink.report(if ctx.graph.is_own_image(reference) {
        finding.case("own-image").aspect("own image")
    } else {
        finding.aspect(publisher(reference))
    });
}

/// Whether a name is a placeholder for an image that something else sets: `replaced-by-kustomize`.
fn is_placeholder(reference: &Reference) -> bool {
    let name = reference.short_name().to_ascii_lowercase();

    ["replace", "placeholder"]
        .iter()
        .any(|word| name.contains(word))
}

/// Whether a name is neither of a registry nor of an official image: it is built nearby, by a step
/// that cannot be seen.
fn is_bare_name(reference: &Reference) -> bool {
    publisher(reference).is_empty()
}

/// Whether a pipeline runs an image: what it ships may be another one.
fn is_of_pipeline(ctx: &Analysis, image: &ImageUse) -> bool {
    let file = image.location.file;
    ctx.facts.file(file).kind.is_pipeline()
        || ctx
            .facts
            .path(file)
            .split('/')
            .any(|folder| folder == ".tekton")
}

/// `pinned-image`, for images of templates whose tag is a value of the chart.
pub fn chart(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let (Owner::Kubernetes(object, _), Some(image)) = (owner, &container.image) else {
        return;
    };

    let Some(values) = ctx.facts.of_chart(object.file, "values.yaml") else {
        return;
    };

    if !object.helm {
        return;
    }

    let Some(filled) = chart::fill_in(ctx.facts.text(image.location), values) else {
        return;
    };

    let reference = Reference::parse(filled.value.trim());
    let Some(tag) = &reference.tag else {
        return;
    };

    if reference.digest.is_none() && moves(&reference, tag) {
        let name = reference.short_name();
        let finding = Finding::new(
            filled.location,
            format!("`{}` uses the moving tag `{tag}`", filled.value.trim()),
        )
        .label(format!("`{tag}` is not a version"))
        .related(image.location, "the template uses it here")
        .help(format!("pin `{name}` to an exact version or a digest"));

        sink.report(if ctx.graph.is_own_image(&reference) {
            finding.case("own-image").aspect("own image")
        } else {
            finding
        });
    }
}

/// `digest-pinned-image`
pub fn digest(ctx: &Analysis, image: &ImageUse, sink: &mut Sink) {
    let Some(reference) = &image.reference else {
        return;
    };

    if !reference.is_pinned_by_digest() && !is_context(ctx, image, reference) {
        let finding = Finding::new(
            image.location,
            format!("`{}` is not pinned by digest", image.written),
        )
        .help("append the digest: `image:tag@sha256:…`");
        sink.report(with_sources(finding, image));
    }
}

/// The image as it is pulled, or as it is written where a part of it is not known.
fn whole_name(image: &ImageUse, reference: &Reference) -> String {
    let repository = reference.repository();

    match &reference.tag {
        Some(tag) if !repository.contains([HOLE, '?']) => format!("{repository}:{tag}"),
        _ => image.written.clone(),
    }
}

/// The line of an env file or of a kustomization that sets the tag.
fn tag_source(image: &ImageUse, tag: Option<&str>) -> Option<Location> {
    let tag = tag?;
    let source = image
        .sources
        .iter()
        .rev()
        .find(|source| match &source.kind {
            ImageSourceKind::EnvFile { value, .. } => value.ends_with(tag),
            ImageSourceKind::Kustomization { tag: set } => set.as_deref() == Some(tag),
            _ => false,
        });

    source.map(|source| source.location)
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
pub fn moves(reference: &Reference, tag: &str) -> bool {
    let repository = reference.repository();
    let tag = tag.to_ascii_lowercase();
    let is_unversioned = TAGS
        .unversioned
        .iter()
        .any(|prefix| repository.starts_with(prefix.as_str()));
    // Some publishers write the version into the name, and call each image `latest`.
    if repository.split(['/', '-']).any(is_version) {
        return false;
    }

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

/// Whether a part of a name is a whole version: `1.21.3`.
fn is_version(part: &str) -> bool {
    let numbers = part.split('.');

    numbers.clone().count() >= 3
        && numbers
            .into_iter()
            .all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether the image is one that is built on the machine that uses it.
pub fn is_local(ctx: &Analysis, image: &ImageUse, reference: &Reference) -> bool {
    let is_on_machine = !matches!(
        image.role,
        ImageRole::KubernetesContainer | ImageRole::KubernetesVolume
    );

    is_on_machine && ctx.graph.is_local_image(reference)
}

/// Whether a tool writes the tag when it deploys the manifest: Skaffold, Tilt, ko.
pub fn is_tagged_later(ctx: &Analysis, image: &ImageUse, reference: &Reference) -> bool {
    image.role == ImageRole::KubernetesContainer
        && (image.written.starts_with("ko://") || ctx.graph.is_tagged_at_deploy(reference))
}

/// Whether a bare name is not of a registry, but of `docker build --build-context name=…`.
pub fn is_context(ctx: &Analysis, image: &ImageUse, reference: &Reference) -> bool {
    let file = image.location.file;
    let is_in_build = matches!(
        image.role,
        ImageRole::From | ImageRole::CopyFrom | ImageRole::MountFrom
    );
    if is_in_build
        && [image.written.as_str(), &reference.repository()]
            .iter()
            .any(|name| ctx.graph.is_named_context(file, name))
    {
        return true;
    }

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
pub fn is_windows_base(reference: &Reference) -> bool {
    reference.registry.as_deref() == Some("mcr.microsoft.com")
        && reference.path.starts_with("windows/")
        && reference.tag.is_some()
}
