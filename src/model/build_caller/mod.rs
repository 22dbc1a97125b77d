//! Builds of images that neither a compose file nor a workflow describes: bake files, Skaffold,
//! Tilt, Makefiles and scripts. Each says which Dockerfile it builds, up to which stage, from which
//! contexts and under which names.

mod bake;
mod caller;
mod hcl;
mod script;
mod skaffold;

pub use caller::{BuildCaller, CallerTool};

use crate::parallel;
use crate::source::{Repository, SourceFile};

/// Files above this size are not build files.
const MAX_SIZE: usize = 256 * 1024;

/// All builds of a repository, in the order of its files.
pub fn find(repository: Repository<'_>) -> Vec<BuildCaller> {
    let callers = parallel::map(repository.files(), |file| of_file(repository, file));

    callers.into_iter().flatten().collect()
}

fn of_file(repository: Repository<'_>, file: &SourceFile) -> Vec<BuildCaller> {
    if file.text.is_empty() || file.text.len() > MAX_SIZE {
        return Vec::new();
    }

    let name = file.name().to_ascii_lowercase();

    if bake::is_bake(&name) {
        bake::callers(repository, file)
    } else if skaffold::is_skaffold(&name) && file.text.contains("skaffold/v") {
        skaffold::callers(file)
    } else if script::is_tiltfile(&name) {
        script::tilt(repository, file)
    } else if script::is_script(&name) && file.text.contains("build") {
        script::callers(repository, file)
    } else {
        Vec::new()
    }
}
