//! One build, as its file describes it.

use crate::model::Setting;
use crate::model::image::NamedContext;
use crate::source::{Location, Repository, SourceFile, join};

/// What builds an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerTool {
    Bake,
    Skaffold,
    Tilt,
    Script,
}

impl CallerTool {
    /// Whether it writes the tags of what it builds into the manifests that it deploys.
    pub const fn tags_manifests(self) -> bool {
        matches!(self, CallerTool::Skaffold | CallerTool::Tilt)
    }
}

/// One build of an image.
#[derive(Clone, Debug)]
pub struct BuildCaller {
    pub tool: CallerTool,
    /// The name of the build among those of its file, where it has one.
    pub name: String,
    pub location: Location,
    /// The folder in the repository; `None` for a URL or what cannot be known.
    pub context: Option<String>,
    /// The path of the Dockerfile in the repository.
    pub dockerfile: Option<String>,
    pub target: Setting<String>,
    /// The references that the image gets.
    pub images: Vec<String>,
    pub named_contexts: Vec<NamedContext>,
    /// Whether what it builds is for use, and not a check or files for the next step.
    pub ships: bool,
}

/// The folder and the Dockerfile of a build whose paths are relative to the folder of the file, or
/// to the root, where tools are called. Known if the Dockerfile is there.
pub(super) fn locate(
    repository: Repository<'_>,
    file: &SourceFile,
    context: &str,
    dockerfile: &DockerfilePath<'_>,
) -> Option<(String, String)> {
    if is_unknown(context) {
        return None;
    }

    [file.folder(), ""].into_iter().find_map(|base| {
        let folder = join(base, context)?;
        let path = match dockerfile {
            DockerfilePath::InContext(path) => join(&folder, path)?,
            DockerfilePath::FromHere(path) => join(base, path)?,
        };

        repository.find(&path).map(|_| (folder, path))
    })
}

/// The path of a Dockerfile, and what it is relative to.
#[derive(Debug)]
pub(super) enum DockerfilePath<'t> {
    /// Relative to the context, as in a bake file.
    InContext(&'t str),
    /// Relative to the folder that the tool is called in, as for `docker build -f`.
    FromHere(&'t str),
}

/// Whether a path depends on a variable, or is not one of the repository.
pub(super) fn is_unknown(path: &str) -> bool {
    path.contains(['$', '{']) || path.contains("://") || path == "-" || path.starts_with("git@")
}
