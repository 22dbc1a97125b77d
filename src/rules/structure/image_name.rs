//! `invalid-value`: images of services and pods that no engine can pull.

use crate::analysis::Analysis;
use crate::finding::{Finding, Sink};
use crate::model::image::{ImageRole, ImageUse};

pub fn check(_: &Analysis, image: &ImageUse, sink: &mut Sink) {
    let label = match image.role {
        ImageRole::ComposeService => "the engine refuses the name",
        ImageRole::KubernetesContainer | ImageRole::KubernetesVolume => "no node can pull it",
        _ => return,
    };

    if !image.is_malformed() || is_filled_in(&image.written) {
        return;
    }

    let help = if image.written.contains('@') {
        "copy the whole digest: `sha256:` and 64 digits"
    } else {
        "write `REGISTRY/FOLDER/NAME:TAG` in small letters"
    };

    sink.report(
        Finding::new(
            image.location,
            format!("`{}` is not an image name", image.written),
        )
        .label(label)
        .help(help),
    );
}

/// Whether a tool replaces the name, or a part of it: `IMAGE_NAME`, `PROJECT_ID/api`,
/// `ko://example.com/cmd/api`.
fn is_filled_in(written: &str) -> bool {
    let is_scheme_of_tool = written
        .split_once("://")
        .is_some_and(|(scheme, _)| !matches!(scheme, "http" | "https" | "docker"));

    is_scheme_of_tool || written.split(['/', ':', '@']).any(is_capital_word)
}

fn is_capital_word(part: &str) -> bool {
    part.contains(|letter: char| letter.is_ascii_uppercase())
        && !part.contains(|letter: char| letter.is_ascii_lowercase())
}
