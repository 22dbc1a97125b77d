//! What rules ask of all compose files and Dockerfiles again and again, by what is asked. Made when
//! the first rule asks.
//!
//! Projects, services and mounts are kept by their numbers, so that the index borrows nothing.

use std::collections::{BTreeMap, HashMap};

use super::Graph;
use crate::model::compose::{Build, Project, Service};
use crate::model::container::MountSource;
use crate::model::dockerfile::Base;
use crate::model::facts::Facts;
use crate::model::image::ImageUse;
use crate::source::{FileId, file_name, join, parent};
use crate::syntax::dockerfile::Body;

/// A service's project and its number in it.
type ServiceIndex = (usize, usize);

#[derive(Debug, Default)]
pub(super) struct Index {
    /// By the folder in which they start.
    projects: HashMap<String, Vec<usize>>,
    /// By their first file: those that lie over another one.
    over: HashMap<FileId, Vec<usize>>,
    /// By a name that resolves on a project's networks: the projects.
    hosts: HashMap<String, Vec<usize>>,
    /// By the path of what is mounted: the services and the numbers of the mounts.
    mounts: HashMap<String, Vec<(ServiceIndex, usize)>>,
    /// By the path of a Dockerfile.
    builds: HashMap<String, Vec<ServiceIndex>>,
    /// Services whose image is built here, from a folder that is known.
    built: Vec<ServiceIndex>,
    /// By base image: the first USER of each stage that is built on it.
    first_users: HashMap<String, Vec<String>>,
}

/// A service that gets a file.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    pub project: &'a Project,
    pub service: &'a Service,
    /// Where the file stands in the container, if that is known.
    pub path: Option<String>,
}

impl Index {
    fn new(graph: &Graph) -> Self {
        let mut index = Self::default();

        for (number, project) in graph.facts.projects().iter().enumerate() {
            index
                .projects
                .entry(project.folder.clone())
                .or_default()
                .push(number);
            if let Some(first) = project.files.first().filter(|_| project.base_files > 0) {
                index.over.entry(*first).or_default().push(number);
            }

            for (service, at) in project
                .services
                .iter()
                .zip((0..).map(|service| (number, service)))
            {
                index.add(graph, project, service, at);
            }
        }

        index.add_first_users(graph.facts);

        index
    }

    fn add(&mut self, graph: &Graph, project: &Project, service: &Service, at: ServiceIndex) {
        for name in
            std::iter::once(service.name()).chain(service.aliases.iter().map(String::as_str))
        {
            let known = self.hosts.entry(name.to_owned()).or_default();
            if known.last() != Some(&at.0) {
                known.push(at.0);
            }
        }

        for (mount, number) in service.container.mounts.iter().zip(0..) {
            let MountSource::Host(source) = &mount.source else {
                continue;
            };

            let Some(path) = join(project.folder_of(source.location.file), &source.value) else {
                continue;
            };

            if mount.target.is_some() {
                self.mounts.entry(path).or_default().push((at, number));
            }
        }

        let Some(build) = &service.build else { return };

        if let Some(dockerfile) = &build.dockerfile {
            self.builds
                .entry(dockerfile.value.clone())
                .or_default()
                .push(at);
        }

        if build.context.is_some() && graph.built(&service.container).is_some() {
            self.built.push(at);
        }
    }

    fn add_first_users(&mut self, facts: &Facts) {
        for dockerfile in facts.dockerfiles() {
            for stage in &dockerfile.stages {
                let Base::Image(ImageUse {
                    reference: Some(reference),
                    ..
                }) = &stage.base
                else {
                    continue;
                };

                let range = dockerfile.named.all[stage.index].instructions.clone();
                let mut bodies = dockerfile.tree.instructions[range]
                    .iter()
                    .map(|instruction| &instruction.body);
                if let Some(user) = bodies.find_map(|body| {
                    if let Body::User(word) = body {
                        Some(&word.text)
                    } else {
                        None
                    }
                }) {
                    self.first_users
                        .entry(reference.repository())
                        .or_default()
                        .push(user.clone());
                }
            }
        }
    }
}

impl<'a> Graph<'a> {
    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::new(self))
    }

    fn service_at(&self, (project, service): ServiceIndex) -> (&'a Project, &'a Service) {
        let project = &self.facts.projects()[project];
        (project, &project.services[service])
    }

    /// The projects that start in a folder.
    pub fn projects_in(&self, folder: &str) -> impl Iterator<Item = &'a Project> {
        let found = self
            .index()
            .projects
            .get(folder)
            .map_or(&[][..], Vec::as_slice);
        found.iter().map(|&at| &self.facts.projects()[at])
    }

    /// The projects that lie over others and whose first file this is.
    pub fn projects_over(&self, file: FileId) -> impl Iterator<Item = &'a Project> {
        let found = self.index().over.get(&file).map_or(&[][..], Vec::as_slice);
        found.iter().map(|&at| &self.facts.projects()[at])
    }

    /// Whether a project that starts in a folder is meant for production, going by `is_serious`,
    /// which is the same for each call.
    pub fn has_serious_project(&self, folder: &str, is_serious: impl Fn(&Project) -> bool) -> bool {
        let folders = self.serious_folders.get_or_init(|| {
            let serious = self
                .facts
                .projects()
                .iter()
                .filter(|project| is_serious(project));
            serious.map(|project| project.folder.clone()).collect()
        });

        folders.contains(folder)
    }

    /// The projects on whose networks a name resolves: a service's own, or an alias.
    pub fn projects_resolving(&self, host: &str) -> impl Iterator<Item = &'a Project> {
        let found = self.index().hosts.get(host).map_or(&[][..], Vec::as_slice);
        found.iter().map(|&at| &self.facts.projects()[at])
    }

    /// The services that build the Dockerfile at a path, and how.
    pub fn builders(&self, dockerfile: &str) -> impl Iterator<Item = (&'a Service, &'a Build)> {
        let found = self
            .index()
            .builds
            .get(dockerfile)
            .map_or(&[][..], Vec::as_slice);
        let services = found.iter().map(|&at| self.service_at(at).1);
        services.filter_map(|service| Some((service, service.build.as_ref()?)))
    }

    /// The first USER of each stage that is built on a base image, where it has one.
    pub fn first_users(&self, base: &str) -> &[String] {
        self.index()
            .first_users
            .get(base)
            .map_or(&[], Vec::as_slice)
    }

    /// The services that mount a file, or whose image copies it by name.
    pub fn readers(&self, path: &str) -> Vec<Reader<'a>> {
        let index = self.index();
        // Of the mounts of one service the first that holds the file.
        let mut mounted: BTreeMap<ServiceIndex, (usize, &str)> = BTreeMap::new();
        let folders =
            std::iter::successors(Some(path), |path| (!path.is_empty()).then(|| parent(path)));
        for folder in folders {
            for &(at, mount) in index.mounts.get(folder).into_iter().flatten() {
                let rest = path[folder.len()..].trim_start_matches('/');
                let first = mounted.entry(at).or_insert((mount, rest));
                if mount < first.0 {
                    *first = (mount, rest);
                }
            }
        }

        let mut found: BTreeMap<ServiceIndex, Option<String>> = BTreeMap::new();

        for (at, (mount, rest)) in mounted {
            let target = self.service_at(at).1.container.mounts[mount]
                .target
                .as_ref();
            let target = target.map_or("", |target| target.value.trim_end_matches('/'));
            found.insert(
                at,
                Some(if rest.is_empty() {
                    target.to_owned()
                } else {
                    format!("{target}/{rest}")
                }),
            );
        }

        for &at in &index.built {
            if !found.contains_key(&at) && self.copies(self.service_at(at).1, path) {
                found.insert(at, None);
            }
        }

        let reader = |(at, path)| {
            let (project, service) = self.service_at(at);
            Reader {
                project,
                service,
                path,
            }
        };

        found.into_iter().map(reader).collect()
    }

    /// Whether the Dockerfile that a service builds names the file, which stands in its context.
    fn copies(&self, service: &Service, path: &str) -> bool {
        let context = service
            .build
            .as_ref()
            .and_then(|build| build.context.as_ref());
        let Some(inside) = context.and_then(|context| path.strip_prefix(context.value.as_str()))
        else {
            return false;
        };

        let Some((dockerfile, _)) = self.build_of(&service.container) else {
            return false;
        };

        let text = &self.facts.source(dockerfile.file).text;
        let copied = |line: &str| {
            let mut words = line.split_whitespace();
            let instruction = words.next().unwrap_or("");
            (instruction.eq_ignore_ascii_case("COPY") || instruction.eq_ignore_ascii_case("ADD"))
                && words.any(|word| {
                    word.trim_start_matches("./") == inside.trim_start_matches('/')
                        || file_name(word) == file_name(path)
                })
        };

        text.contains(file_name(path)) && text.lines().any(|line| copied(line.trim_start()))
    }
}
