//! The places that set a part of an image reference, as findings show them.

use crate::finding::Finding;
use crate::model::image::{ImageSourceKind, ImageUse};

/// A finding about an image, with the places that set parts of its reference.
pub(super) fn with_sources(finding: Finding, image: &ImageUse) -> Finding {
    image.sources.iter().fold(finding, |finding, source| {
        finding.related(source.location, label(&source.kind))
    })
}

fn label(kind: &ImageSourceKind) -> String {
    match kind {
        ImageSourceKind::DockerVariable { name } => format!("`{name}` is set here"),
        ImageSourceKind::EnvFile { name, value } => format!("`{name}` is `{value}`"),
        ImageSourceKind::Default { name, value } => format!("`{name}` is `{value}` by default"),
        ImageSourceKind::Kustomization { .. } => "kustomize replaces the image here".to_owned(),
        ImageSourceKind::Matrix => "sets the image here".to_owned(),
    }
}
