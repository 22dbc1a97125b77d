//! A compose project and its services, merged from the files that are loaded together.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use crate::model::Setting;
use crate::model::container::Container;
use crate::model::env::EnvVar;
use crate::model::file_role::Role;
use crate::model::id::Id;
use crate::model::image::NamedContext;
use crate::source::{FileId, Located, Location};

/// The number of a project in the repository.
pub type ProjectId = Id<Project>;

/// Files that `docker compose` would load together, merged.
#[derive(Debug, Default)]
pub struct Project {
    pub id: ProjectId,
    /// The base file first, then its overrides; included and extended files follow.
    pub files: Vec<FileId>,
    /// Folder of the base file: relative paths and builds start here.
    pub folder: String,
    /// Meant for development or tests, such as by its name (`docker-compose.dev.yml`,
    /// `compose.override.yaml`, `*.test.yml` …).
    pub development: bool,
    /// What its own files are for; the strongest of their roles.
    pub role: Role,
    /// Only a fragment that is merged over a file that is not here, or over several: absence is
    /// unknown.
    pub overlay: bool,
    /// How many of `files`, from the first on, are another project's over which this one is laid:
    /// that project reports on them.
    pub base_files: usize,
    /// Files whose relative paths start elsewhere than in `folder`: included and extended ones.
    pub folders: Vec<(FileId, String)>,
    /// The number of services in the projects before.
    pub first_service: usize,
    pub services: Vec<Service>,
    pub volumes: Vec<Definition>,
    pub networks: Vec<Definition>,
    pub secrets: Vec<Definition>,
    pub configs: Vec<Definition>,
    pub memo: Memo,
}

/// Answers that several rules ask for each service of a project, found once.
#[derive(Debug, Default)]
pub struct Memo {
    /// The number of each service by its name.
    pub(super) by_name: OnceLock<HashMap<String, usize>>,
    /// The number of each definition by its name, for each kind.
    pub(super) definitions: [OnceLock<HashMap<String, usize>>; 4],
    pub(super) only_builds: OnceLock<bool>,
    /// The services that others wait for until they have ended.
    pub(super) completed: OnceLock<HashSet<String>>,
}

impl Project {
    /// Whether findings in this file are this project's to report.
    pub fn reports(&self, file: FileId) -> bool {
        !self
            .files
            .iter()
            .take(self.base_files)
            .any(|base| *base == file)
    }

    /// The folder at which relative paths in a file start.
    pub fn folder_of(&self, file: FileId) -> &str {
        self.folders
            .iter()
            .find(|(id, _)| *id == file)
            .map_or(&self.folder, |(_, folder)| folder)
    }

    pub fn service(&self, name: &str) -> Option<&Service> {
        let by_name = self
            .memo
            .by_name
            .get_or_init(|| first_indexes(self.services.iter().map(Service::name)));

        self.services.get(*by_name.get(name)?)
    }

    /// Whether what a service refers to is defined in the project, or need not be.
    pub fn defines(&self, reference: &Reference) -> bool {
        let name = &reference.name.value;

        match reference.kind {
            ReferenceKind::Service => self.service(name).is_some(),
            // Every project has a network of this name.
            ReferenceKind::Network if name == "default" => true,
            kind => name.is_empty() || self.definition(kind, name).is_some(),
        }
    }

    /// The top-level definition of this kind and name.
    pub fn definition(&self, kind: ReferenceKind, name: &str) -> Option<&Definition> {
        let list = match kind {
            ReferenceKind::Volume => &self.volumes,
            ReferenceKind::Network => &self.networks,
            ReferenceKind::Secret => &self.secrets,
            ReferenceKind::Config => &self.configs,
            ReferenceKind::Service => return None,
        };

        let by_name = self.memo.definitions[kind as usize].get_or_init(|| {
            first_indexes(list.iter().map(|definition| definition.name.value.as_str()))
        });

        list.get(*by_name.get(name)?)
    }
}

/// The first index of each name.
fn first_indexes<'p>(names: impl Iterator<Item = &'p str>) -> HashMap<String, usize> {
    let mut indexes = HashMap::new();

    for (index, name) in names.enumerate() {
        indexes.entry(name.to_owned()).or_insert(index);
    }

    indexes
}

/// A top-level volume, network, secret or config.
#[derive(Clone, Debug)]
pub struct Definition {
    pub name: Located<String>,
    /// `external: true`: it is made elsewhere.
    pub external: bool,
    /// It has a `name:` of its own, under which other projects find it too.
    pub shared: bool,
    /// A `file:` it is read from.
    pub source: Option<Located<String>>,
    /// The keys that say what it is and where it comes from, without extensions (`x-…`).
    pub keys: Vec<Located<String>>,
}

/// The number of a service among those of all projects.
pub type ServiceId = Id<Service>;

/// A service, merged from all files of the project.
#[derive(Debug)]
pub struct Service {
    pub id: ServiceId,
    pub container: Container,
    pub build: Option<Build>,
    pub depends_on: Vec<Dependency>,
    /// `restart`, or `deploy.restart_policy.condition` where that is written.
    pub restart: Setting<String>,
    pub profiles: Vec<Located<String>>,
    /// `deploy.replicas` or `scale`.
    pub replicas: Setting<u32>,
    pub scale: Setting<u32>,
    pub platform: Setting<String>,
    pub labels: Vec<EnvVar>,
    /// References to top-level definitions (volumes, networks, secrets, configs) and to other
    /// services.
    pub references: Vec<Reference>,
    pub container_name: Setting<String>,
    pub network_mode: Setting<String>,
    pub pull_policy: Setting<String>,
    /// Whether `logging` rotates the logs or sends them elsewhere.
    pub bounded_logs: Setting<bool>,
    /// Names besides its own by which other services may reach it: network aliases, `hostname`,
    /// `container_name`.
    pub aliases: Vec<String>,
    /// Names that `links` and `extra_hosts` make known inside it.
    pub hosts: Vec<String>,
    /// `expose`.
    pub exposes: Vec<Located<String>>,
    pub stop_grace_period: Setting<String>,
    pub tty: Setting<bool>,
    pub stdin_open: Setting<bool>,
    /// `use_api_socket`: it gets the socket of the engine and the user's registry credentials.
    pub api_socket: Setting<bool>,
    /// What it lacks may be what it extends.
    pub extends: bool,
    /// A `provider:` makes it; there is no container.
    pub provided: bool,
    /// Whether it is meant to end, found once: see [`Project::is_one_shot`].
    pub(super) one_shot: OnceLock<bool>,
}

impl Service {
    pub fn name(&self) -> &str {
        &self.container.name.value
    }
}

/// `build:` of a service.
#[derive(Clone, Debug)]
pub struct Build {
    pub location: Location,
    /// Folder in the repository; `None` for a URL or a variable that cannot be resolved.
    pub context: Option<Located<String>>,
    /// Path of the Dockerfile in the repository, default applied; `None` if it cannot be known or is
    /// inline.
    pub dockerfile: Option<Located<String>>,
    pub inline: bool,
    pub target: Setting<String>,
    pub args: Vec<EnvVar>,
    pub platforms: Vec<Located<String>>,
    /// Names that FROM and `--from` may mean instead of images.
    pub additional_contexts: Vec<NamedContext>,
}

/// An entry of `depends_on`.
#[derive(Clone, Debug)]
pub struct Dependency {
    pub service: Located<String>,
    pub condition: Condition,
    /// The `condition:` value, where the long form is written.
    pub condition_place: Option<Location>,
    pub required: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Started,
    Healthy,
    Completed,
    /// A variable or a word that is none of the three.
    Unknown,
}

/// A name that must be defined at the top level.
#[derive(Clone, Debug)]
pub struct Reference {
    pub kind: ReferenceKind,
    pub need: ReferenceNeed,
    pub name: Located<String>,
}

/// What a service needs of what it refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceNeed {
    /// To be there when it starts.
    Start,
    /// To be written: the base that it extends, the build that its own copies from.
    Definition,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    Volume,
    Network,
    Secret,
    Config,
    Service,
}
