//! Answers to what rules ask of all compose files and Dockerfiles again and again.
//!
//! Projects and services are kept by their ids, mounts by their numbers, so that the index borrows
//! nothing.

use std::collections::{BTreeMap, HashMap};

use super::builds::Builds;
use crate::model::compose::{Project, ProjectId, Service, ServiceId};
use crate::model::container::MountSource;
use crate::model::dockerfile::{Base, Dockerfile, Stage};
use crate::model::facts::Facts;
use crate::source::{FileId, file_name, join, parent};
use crate::syntax::dockerfile::Body;

#[derive(Debug, Default)]
pub(super) struct ComposeIndex {
    /// By their first file: projects that are laid over another one.
    over: HashMap<FileId, Vec<ProjectId>>,
    /// By a name that resolves on a project's networks: the projects.
    hosts: HashMap<String, Vec<ProjectId>>,
    /// By the path of what is mounted: the services and the numbers of the mounts.
    mounts: HashMap<String, Vec<(ServiceId, usize)>>,
    /// By the path of a Dockerfile.
    builders: HashMap<String, Vec<ServiceId>>,
    /// Services whose image is built here, from a folder that is known.
    built: Vec<ServiceId>,
    /// By base image: the first USER of each stage that is built on it.
    first_users: HashMap<String, Vec<String>>,
}

impl ComposeIndex {
    pub fn new(facts: &Facts, builds: &Builds) -> Self {
        let mut index = Self::default();

        for project in facts.projects() {
            if let Some(first) = project.files.first()
                && project.base_files > 0
            {
                index.over.entry(*first).or_default().push(project.id);
            }

            for service in &project.services {
                index.add_hosts(project.id, service);
                index.add_mounts(project, service);
                index.add_build(service, builds);
            }
        }

        for dockerfile in facts.dockerfiles() {
            for stage in &dockerfile.stages {
                index.add_first_user(dockerfile, stage);
            }
        }

        index
    }

    fn add_hosts(&mut self, project: ProjectId, service: &Service) {
        let aliases = service.aliases.iter().map(String::as_str);

        for name in std::iter::once(service.name()).chain(aliases) {
            let projects = self.hosts.entry(name.to_owned()).or_default();
            if projects.last() != Some(&project) {
                projects.push(project);
            }
        }
    }

    fn add_mounts(&mut self, project: &Project, service: &Service) {
        for (number, mount) in service.container.mounts.iter().enumerate() {
            let MountSource::Host(source) = &mount.source else {
                continue;
            };

            let folder = project.folder_of(source.location.file);
            if let Some(path) = join(folder, &source.value)
                && mount.target.is_some()
            {
                let mounts = self.mounts.entry(path).or_default();
                mounts.push((service.id, number));
            }
        }
    }

    fn add_build(&mut self, service: &Service, builds: &Builds) {
        let Some(build) = &service.build else {
            return;
        };

        if let Some(dockerfile) = &build.dockerfile {
            self.builders
                .entry(dockerfile.value.clone())
                .or_default()
                .push(service.id);
        }

        if build.context.is_some() && builds.built(&service.container).is_some() {
            self.built.push(service.id);
        }
    }

    fn add_first_user(&mut self, dockerfile: &Dockerfile, stage: &Stage) {
        let Base::Image(base) = &stage.base else {
            return;
        };

        let Some(reference) = &base.reference else {
            return;
        };

        let range = dockerfile.named.all[stage.index.number()]
            .instructions
            .clone();
        let instructions = &dockerfile.tree.instructions[range];
        let user = instructions
            .iter()
            .find_map(|instruction| match &instruction.body {
                Body::User(word) => Some(&word.text),
                _ => None,
            });

        if let Some(user) = user {
            self.first_users
                .entry(reference.repository())
                .or_default()
                .push(user.clone());
        }
    }

    /// The projects that are laid over others and whose first file this is.
    pub fn projects_over(&self, file: FileId) -> &[ProjectId] {
        self.over.get(&file).map_or(&[], Vec::as_slice)
    }

    /// The projects on whose networks a name resolves.
    pub fn projects_resolving(&self, host: &str) -> &[ProjectId] {
        self.hosts.get(host).map_or(&[], Vec::as_slice)
    }

    /// The services that build the Dockerfile at a path.
    pub fn builders(&self, dockerfile: &str) -> &[ServiceId] {
        self.builders.get(dockerfile).map_or(&[], Vec::as_slice)
    }

    /// The first USER of each stage that is built on a base image, where it has one.
    pub fn first_users(&self, base: &str) -> &[String] {
        self.first_users.get(base).map_or(&[], Vec::as_slice)
    }

    /// The services that mount a file, or whose image copies it by name; each with the file's path
    /// in the container, where it is known.
    pub fn consumers(
        &self,
        facts: &Facts,
        builds: &Builds,
        path: &str,
    ) -> BTreeMap<ServiceId, Option<String>> {
        let mut consumers: BTreeMap<ServiceId, Option<String>> = BTreeMap::new();

        for (id, (mount, rest)) in self.mounting(path) {
            let target = &facts[id].container.mounts[mount].target;
            let target = target
                .as_ref()
                .map_or("", |target| target.value.trim_end_matches('/'));
            let path = if rest.is_empty() {
                target.to_owned()
            } else {
                format!("{target}/{rest}")
            };
            consumers.insert(id, Some(path));
        }

        for &id in &self.built {
            if !consumers.contains_key(&id) && copies(facts, builds, &facts[id], path) {
                consumers.insert(id, None);
            }
        }

        consumers
    }

    /// The services that mount a file or a folder around it: the number of the first such mount,
    /// and the path of the file in what is mounted.
    fn mounting<'p>(&self, path: &'p str) -> BTreeMap<ServiceId, (usize, &'p str)> {
        let mut first_mounts: BTreeMap<ServiceId, (usize, &str)> = BTreeMap::new();
        let mut mounted = Some(path);

        while let Some(folder) = mounted {
            let rest = path[folder.len()..].trim_start_matches('/');

            for &(id, mount) in self.mounts.get(folder).into_iter().flatten() {
                let first = first_mounts.entry(id).or_insert((mount, rest));
                if mount < first.0 {
                    *first = (mount, rest);
                }
            }

            mounted = if folder.is_empty() {
                None
            } else {
                Some(parent(folder))
            };
        }

        first_mounts
    }
}

/// Whether the Dockerfile that a service builds copies a file of its context by name.
fn copies(facts: &Facts, builds: &Builds, service: &Service, path: &str) -> bool {
    let Some(build) = &service.build else {
        return false;
    };

    let Some(context) = &build.context else {
        return false;
    };

    let Some(path_in_context) = path.strip_prefix(context.value.as_str()) else {
        return false;
    };

    let Some(built) = builds.built(&service.container) else {
        return false;
    };

    let text = &facts.source(built.dockerfile).text;
    let path_in_context = path_in_context.trim_start_matches('/');

    text.contains(file_name(path))
        && text
            .lines()
            .any(|line| is_copy_of(line, path_in_context, file_name(path)))
}

/// Whether a line copies a file, by its path in the context or by its name.
fn is_copy_of(line: &str, path_in_context: &str, name: &str) -> bool {
    let mut words = line.split_whitespace();
    let instruction = words.next().unwrap_or("");
    if !instruction.eq_ignore_ascii_case("COPY") && !instruction.eq_ignore_ascii_case("ADD") {
        return false;
    }

    words.any(|word| word.trim_start_matches("./") == path_in_context || file_name(word) == name)
}
