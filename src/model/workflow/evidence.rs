//! Purposes of steps and jobs, with what shows them.

use serde::Deserialize;

use crate::source::Location;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    Lint,
    Typecheck,
    Test,
    Build,
    /// Builds a container image.
    Image,
    /// Pushes an image to a registry.
    Push,
    /// Publishes a package.
    Publish,
    /// Makes a release with its notes and files.
    Release,
    /// Puts up documentation or another static site.
    Pages,
    Deploy,
    /// Looks for vulnerabilities in code, dependencies or images.
    Scan,
    ImageScan,
    Sbom,
    /// Evaluates an LLM application.
    Evaluate,
    SecretScan,
    /// Waits for checks that run elsewhere, or asks for their results.
    AwaitChecks,
}

/// Why something has a purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub purpose: Purpose,
    /// The command, the action or the name that says so.
    pub location: Location,
    /// Only a name says so: of a job, a step, a script or a called workflow.
    pub named: bool,
    /// It happens on the runner itself and ends with the job: `docker compose up` without a remote
    /// host.
    pub on_runner: bool,
}
