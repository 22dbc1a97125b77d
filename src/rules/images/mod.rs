//! Base images, pins, build stages, and images that drift apart.

pub(crate) mod base_image;
pub(crate) mod image_drift;
mod image_sources;
pub(crate) mod multi_stage_build;
pub(crate) mod pinned_image;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check::new("digest-pinned-image", CheckFn::Image(pinned_image::digest)),
    Check::new("eol-image", CheckFn::Image(base_image::eol)),
    Check::new("image-drift", CheckFn::Repository(image_drift::check)),
    Check::new("image-labels", CheckFn::Dockerfile(base_image::labels)),
    Check::new(
        "multi-stage-build",
        CheckFn::Dockerfile(multi_stage_build::check),
    ),
    Check::new("pinned-image", CheckFn::Container(pinned_image::chart)),
    Check::new("pinned-image", CheckFn::Image(pinned_image::check)),
    Check::new(
        "python-on-alpine",
        CheckFn::Dockerfile(base_image::python_on_alpine),
    ),
    Check::new("slim-image", CheckFn::Dockerfile(base_image::slim)),
];
