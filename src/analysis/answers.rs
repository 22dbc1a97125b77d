//! What the answers look like that [`Analysis`](super::Analysis) keeps. Their modules pass them on.

use crate::model::Setting;
use crate::model::dockerignore::Dockerignore;
use crate::model::image::Reference;
use crate::model::server::CommandServer;
use crate::model::workflow::Evidence;
use crate::source::{FileId, Location};

/// One build context.
#[derive(Debug)]
pub struct BuildContext {
    /// Folder in the repository, `""` for its root.
    pub folder: String,
    /// The ignore file in effect.
    pub ignore: Option<(FileId, Dockerignore)>,
    /// A compose file or a pipeline builds it there; else the folder is a guess.
    pub certain: bool,
}

impl BuildContext {
    /// The path of a file of the repository inside the context.
    pub fn relative<'p>(&self, path: &'p str) -> Option<&'p str> {
        if self.folder.is_empty() {
            return Some(path);
        }
        path.strip_prefix(self.folder.as_str())?.strip_prefix('/')
    }

    /// Whether a path inside the context is kept from the builder.
    pub fn ignores(&self, path: &str) -> bool {
        self.ignore
            .as_ref()
            .is_some_and(|(_, ignore)| ignore.ignores(path))
    }
}

/// A server, with its place in the command that starts it.
#[derive(Debug)]
pub struct Started {
    pub found: CommandServer,
    pub location: Location,
}

/// What an image does with the root user that it starts as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootUse {
    /// A program that it starts switches to another user.
    Drops(String),
    /// The program that has to be root: a scheduler, an init system, a client of the container
    /// engine.
    Needs(String),
    /// It starts a script that is not here.
    Unknown,
    Keeps,
}

/// A variable of a service that Compose replaces by mistake.
#[derive(Clone, Debug)]
pub struct MisplacedVariable {
    pub service: String,
    pub name: String,
    pub reason: MisplacedReason,
    /// The uses in one value, in order.
    pub locations: Vec<Location>,
}

/// Why a variable is meant for the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MisplacedReason {
    /// The text is no variable that Compose knows: it refuses to load the file.
    Invalid,
    /// The script sets it.
    Script,
    /// JavaScript fills it into a string.
    TemplateLiteral,
    /// It is a variable of nginx, in a configuration.
    Nginx,
    /// It is a part of a password hash.
    Hash,
    /// `environment` of the service sets it, at this place, and nothing that Compose reads does.
    Environment(Location),
    /// An env file of the service sets it, at this place, and nothing that Compose reads does. In
    /// the line of `environment` that sets the same variable, the value of the file is lost.
    EnvFile { set_at: Location, is_same: bool },
}

/// What a stage comes to with all that it is built upon.
#[derive(Debug)]
pub struct EffectiveBase {
    /// The USER in effect, in this Dockerfile or in that of its base.
    pub user: Setting<String>,
    pub root: EffectiveRoot,
}

/// The image that is built nowhere in the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EffectiveRoot {
    Image(Reference),
    Scratch,
    Unknown,
}

impl EffectiveBase {
    pub const fn image(&self) -> Option<&Reference> {
        match &self.root {
            EffectiveRoot::Image(reference) => Some(reference),
            EffectiveRoot::Scratch | EffectiveRoot::Unknown => None,
        }
    }
}

/// Everything that a job does.
#[derive(Debug, Default)]
pub struct JobWork {
    /// What it does, each at the place of the job that leads there.
    pub evidence: Vec<Evidence>,
    /// Whether a part of it could not be followed: a called workflow of another repository, a task
    /// that is defined elsewhere.
    pub is_open: bool,
}
