//! A health check with what is around it, and the table of `rules/data/health.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::analysis::Analysis;
use crate::analysis::base_image::{self, EffectiveRoot};
use crate::data;
use crate::embedded::table;
use crate::model::Command;
use crate::model::dockerfile::{Dockerfile, StageId};
use crate::model::image::Reference;
use crate::rules::lifecycle::healthcheck_tool;
use crate::source::Location;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HealthTable {
    pub strict: Vec<String>,
    pub idle: Vec<String>,
    pub constant: Vec<String>,
    pub filters: Vec<String>,
    pub builtins: Vec<String>,
    pub dash: Vec<String>,
    pub workers: Vec<WorkerProgram>,
}

/// A program that serves nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkerProgram {
    pub programs: Vec<String>,
    #[serde(default)]
    pub words: Vec<String>,
}

pub(super) static TABLE: LazyLock<HealthTable> = LazyLock::new(|| table!("health"));

/// Whether a list of the table names a program.
pub(super) fn is_one_of(list: &[String], program: &str) -> bool {
    list.iter().any(|name| name == program)
}

/// A check that something runs, with what is around it.
pub(super) struct HealthTest<'a> {
    pub test: &'a Command,
    /// The items after the string of `CMD-SHELL`.
    pub stray: &'a [Location],
    pub format: TestFormat,
    pub shell: ImageShell,
    /// What has the check, for messages.
    pub title: String,
}

/// The kind of file that defines a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TestFormat {
    Dockerfile,
    Compose,
    Kubernetes,
}

/// The `/bin/sh` of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ImageShell {
    None,
    Dash,
    Unknown,
}

impl ImageShell {
    pub fn of(reference: &Reference) -> Self {
        let name = reference.repository();
        let tag = reference.tag.as_deref();
        if reference.path.contains('?') {
            return ImageShell::Unknown;
        }

        let is_bare = data::image(&name).is_some_and(|known| known.is_bare(tag));
        let is_distroless =
            name.starts_with("gcr.io/distroless/") && !tag.is_some_and(|tag| tag.contains("debug"));

        if is_bare || is_distroless {
            ImageShell::None
        } else if is_one_of(&TABLE.dash, &name) && !tag.is_some_and(names_other_system) {
            ImageShell::Dash
        } else {
            ImageShell::Unknown
        }
    }

    pub fn of_stage(ctx: &Analysis, dockerfile: &Dockerfile, stage: StageId) -> Self {
        if dockerfile.shell_at(stage, usize::MAX).is_some() {
            return ImageShell::Unknown;
        }

        let shell = match &base_image::effective(ctx, dockerfile, stage).root {
            EffectiveRoot::Image(reference) => ImageShell::of(reference),
            EffectiveRoot::Scratch => ImageShell::None,
            EffectiveRoot::Unknown => ImageShell::Unknown,
        };
        let may_differ = match shell {
            ImageShell::None => healthcheck_tool::may_add(dockerfile, stage, "sh"),
            ImageShell::Dash => may_change_shell(dockerfile, stage),
            ImageShell::Unknown => true,
        };

        if may_differ {
            ImageShell::Unknown
        } else {
            shell
        }
    }
}

/// Whether a tag is one of a variant upon another distribution.
fn names_other_system(tag: &str) -> bool {
    [
        "alpine",
        "ubi",
        "oracle",
        "rhel",
        "fedora",
        "windows",
        "nanoserver",
        "azurelinux",
    ]
    .iter()
    .any(|word| tag.contains(word))
}

/// Whether a layer of the stage may change which shell `/bin/sh` is.
fn may_change_shell(dockerfile: &Dockerfile, stage: StageId) -> bool {
    dockerfile.steps_in_image(stage).any(|step| {
        step.script().invocations().iter().any(|invocation| {
            let links = invocation.is(&["ln", "dpkg-reconfigure", "update-alternatives"]);
            links
                && invocation
                    .args
                    .iter()
                    .any(|word| word.text().ends_with("/sh") || word.text() == "dash")
        })
    })
}
