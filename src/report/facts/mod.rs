//! What was understood of a repository, for `deploylint facts`: the role of each file, what each
//! service, container and stage builds, starts and listens on, and what stays unknown.
//!
//! `gather` reads the facts of a run while they are there; what it returns is plain data. Text
//! from linted files is kept as places, so that the reports can mask it like any source line.

pub mod gather;
pub mod json;
pub mod text;

use std::collections::BTreeMap;

use crate::model::file_kind::FileKind;
use crate::model::file_role::FileRole;
use crate::source::{FileId, Location};

/// All that is shown of a repository.
#[derive(Debug, Default)]
pub struct Understanding {
    /// In the order of their paths: the files that deploy something, and those that the user names.
    pub files: Vec<FileRecord>,
    /// How many files of each kind there are, those that are not listed too.
    pub kinds: BTreeMap<FileKind, usize>,
}

/// One file.
#[derive(Debug)]
pub struct FileRecord {
    pub file: FileId,
    pub kind: FileKind,
    pub role: FileRole,
    pub project: Option<ProjectRecord>,
    /// The first file of the compose project that this file is a part of.
    pub part_of: Option<FileId>,
    pub units: Vec<Unit>,
    /// Kubernetes objects without pods: kind, name, and what they select.
    pub objects: Vec<ObjectRecord>,
    /// The files and folders that a kustomization gathers, as repository paths.
    pub gathers: Vec<String>,
    /// The jobs of a workflow.
    pub jobs: Vec<String>,
    /// The images that a workflow builds.
    pub builds: Vec<BuildRecord>,
    /// Variables that an env file sets.
    pub variables: usize,
    pub syntax_errors: usize,
    pub unknowns: Vec<Unknown>,
}

/// A compose project, at the file that it is about.
#[derive(Debug)]
pub struct ProjectRecord {
    /// All files, in the order in which they are merged.
    pub files: Vec<FileId>,
    pub development: bool,
    /// It is merged over files that are not known.
    pub overlay: bool,
}

/// What runs or is built: a compose service, a container of a workload, a stage of a Dockerfile.
#[derive(Debug)]
pub struct Unit {
    pub kind: UnitKind,
    /// Empty for a stage without a name.
    pub name: String,
    pub location: Location,
    /// `Deployment/shop` of a container.
    pub object: Option<String>,
    /// Of a stage: it ends in an image that is run.
    pub shipped: bool,
    pub source: UnitSource,
    pub build: Option<BuildRecord>,
    /// ENTRYPOINT and CMD, or what replaces them.
    pub commands: Vec<Location>,
    pub servers: Vec<ServerRecord>,
    pub ports: Vec<PortRecord>,
    pub health: Vec<HealthRecord>,
    pub volumes: Vec<VolumeRecord>,
    /// Other services that it waits for.
    pub depends_on: Vec<String>,
    /// Who builds or runs it, of a stage; which Services select it, of a container.
    pub used_by: Vec<UserRecord>,
    /// Parts of it are elsewhere: what is not set may be set there.
    pub open: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitKind {
    Service,
    Container,
    InitContainer,
    Sidecar,
    EphemeralContainer,
    Stage,
}

impl UnitKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            UnitKind::Service => "service",
            UnitKind::Container => "container",
            UnitKind::InitContainer => "init container",
            UnitKind::Sidecar => "sidecar",
            UnitKind::EphemeralContainer => "ephemeral container",
            UnitKind::Stage => "stage",
        }
    }
}

/// Where the files of a unit come from.
#[derive(Debug)]
pub enum UnitSource {
    Image(ImageRecord),
    /// An earlier stage of the same Dockerfile.
    Stage(String),
    /// `FROM scratch`.
    Scratch,
    /// Nothing is written here: the image is built, or it is not known.
    Unwritten,
}

/// An image, where it is written.
#[derive(Debug)]
pub struct ImageRecord {
    pub location: Location,
    /// What it comes to, with variables and what kustomizations change; `None` if that cannot be
    /// known.
    pub reference: Option<String>,
    /// The reference is not what is written.
    pub changed: bool,
}

/// A Dockerfile and the stage of it that becomes the image.
#[derive(Debug)]
pub struct BuildRecord {
    pub location: Location,
    /// As a repository path; `None` if it cannot be known.
    pub dockerfile: Option<String>,
    /// The name of the stage, or its number; `None` if the file or the stage is not known.
    pub stage: Option<String>,
}

/// A server that a unit starts.
#[derive(Debug)]
pub struct ServerRecord {
    pub name: &'static str,
    pub development: bool,
    pub host: Option<String>,
    pub port: ServerPort,
    pub workers: Option<String>,
    /// Where it is started: in the command, or in the script that the command runs.
    pub location: Location,
}

#[derive(Debug, PartialEq, Eq)]
pub enum ServerPort {
    Written(String),
    /// Nothing is written; the server's own.
    Default(u16),
    Unknown,
}

/// A port that is exposed or published.
#[derive(Debug)]
pub struct PortRecord {
    pub written: String,
    /// First and last inside the container.
    pub target: Option<(u16, u16)>,
    pub published: PublishedPort,
    pub host_ip: Option<String>,
    pub protocol: String,
    pub known: bool,
    pub location: Location,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishedPort {
    No,
    Random,
    /// First and last on the host.
    At(u16, u16),
}

/// A health check or a probe.
#[derive(Debug)]
pub struct HealthRecord {
    pub kind: HealthKind,
    pub state: HealthState,
    /// The Dockerfile of the unit's image sets it.
    pub from_image: bool,
    /// The test, where it is a command or a probe that is known.
    pub check: Option<HealthTest>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthKind {
    Check,
    Liveness,
    Readiness,
    Startup,
}

impl HealthKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            HealthKind::Check => "healthcheck",
            HealthKind::Liveness => "liveness",
            HealthKind::Readiness => "readiness",
            HealthKind::Startup => "startup",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthState {
    Set,
    Unset,
    Disabled,
    Unknown,
}

impl HealthState {
    pub const fn as_str(self) -> &'static str {
        match self {
            HealthState::Set => "set",
            HealthState::Unset => "unset",
            HealthState::Disabled => "disabled",
            HealthState::Unknown => "unknown",
        }
    }
}

/// What a health check does.
#[derive(Debug)]
pub enum HealthTest {
    /// As a whole, or word by word.
    Command(Vec<Location>),
    /// `GET /health on port http`.
    Request(String),
}

/// Something mounted.
#[derive(Debug)]
pub struct VolumeRecord {
    pub kind: &'static str,
    /// A name or a path of the host.
    pub source: Option<String>,
    pub target: Option<String>,
    pub read_only: bool,
    pub location: Location,
}

/// Who uses an image, or sends requests to a workload.
#[derive(Debug)]
pub struct UserRecord {
    pub kind: &'static str,
    pub name: String,
    pub location: Location,
}

/// A Kubernetes object without pods.
#[derive(Debug)]
pub struct ObjectRecord {
    pub kind: String,
    pub name: Option<String>,
    pub location: Location,
    /// The workloads that it selects.
    pub selects: Vec<String>,
}

/// Something that cannot be known from the repository.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unknown {
    pub kind: UnknownKind,
    /// The variable, the setting or the object.
    pub subject: String,
    pub location: Location,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnknownKind {
    /// A variable that has neither a value nor a default.
    Variable,
    /// A value that depends on something else that is not here.
    Value,
    /// An object with parts elsewhere: a patch, an overlay, an extended file.
    Open,
    /// A template that is read without being rendered.
    Template,
    /// Something from outside of the repository.
    Remote,
}

impl UnknownKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            UnknownKind::Variable => "variable",
            UnknownKind::Value => "value",
            UnknownKind::Open => "open",
            UnknownKind::Template => "template",
            UnknownKind::Remote => "remote",
        }
    }
}
