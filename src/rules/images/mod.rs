//! Base images, pins, build stages, and images that drift apart.

pub(crate) mod base_image;
pub(crate) mod image_drift;
mod image_sources;
pub(crate) mod multi_stage_build;
pub(crate) mod pinned_image;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check {
        rule: "digest-pinned-image",
        run: CheckFn::Image(pinned_image::digest),
    },
    Check {
        rule: "eol-image",
        run: CheckFn::Image(base_image::eol),
    },
    Check {
        rule: "image-drift",
        run: CheckFn::Repository(image_drift::check),
    },
    Check {
        rule: "image-labels",
        run: CheckFn::Dockerfile(base_image::labels),
    },
    Check {
        rule: "multi-stage-build",
        run: CheckFn::Dockerfile(multi_stage_build::check),
    },
    Check {
        rule: "pinned-image",
        run: CheckFn::Image(pinned_image::check),
    },
    Check {
        rule: "python-on-alpine",
        run: CheckFn::Dockerfile(base_image::python_on_alpine),
    },
    Check {
        rule: "slim-image",
        run: CheckFn::Dockerfile(base_image::slim),
    },
];
